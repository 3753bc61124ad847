//! Cards of the FMCOS family: the commands our cards answer, one method each
//! [docs/specs/fmcos.md, docs/specs/cards.md].

use super::activation::Activation;
use super::{Link, exactly};
use crate::error::CardError;
use scheme::profile::{CardInfo, EF_CARD_INFO, Fid, FileRow};
use scheme::psam::{Limits, SET_LIMIT};
use wire::channel::Channel;
use wire::status::Dialect;
use wire::{Command, Response, Sw};

/// Bytes moved by one READ or UPDATE BINARY. Every FMCOS chip takes as much, and a MAC still fits behind it.
const CHUNK: usize = 200;

/// What KEY INFORMATION answers: a key without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInformation {
    /// Type byte with its protection bits.
    pub kind: u8,
    /// Byte 4 of the key's header: its version, or what stands there for its type.
    pub version: u8,
    /// Byte 5 of the key's header: its algorithm, or what stands there for its type.
    pub algorithm: u8,
    /// Check value.
    pub kcv: [u8; 3],
}

impl KeyInformation {
    /// Whether byte 4 is a version. Of an external authentication key it is the follow-up state, and line protection and PIN keys
    /// have nothing there [docs/specs/cards.md 5].
    pub const fn has_version(&self) -> bool {
        !matches!(self.kind & 0x3F, 0x36..=0x3A)
    }
}

/// What TRIES LEFT answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// Tries left.
    pub tries: u8,
    /// Type byte with its protection bits; `None` from a card of an older make.
    pub kind: Option<u8>,
}

impl Guard {
    /// Whether the key was written with protection bits, as every own master is and no transport key.
    pub fn is_protected(&self) -> Option<bool> {
        self.kind.map(|kind| kind & 0xC0 != 0)
    }
}

/// An FMCOS card.
pub struct Fmcos<'c> {
    link: Link<'c>,
}

impl<'c> Fmcos<'c> {
    /// Speaks over a channel; sends nothing yet.
    pub fn new(channel: &'c mut dyn Channel) -> Self {
        Fmcos { link: Link::new(channel, Dialect::Fmcos) }
    }

    /// The channel underneath, for commands that have no method.
    pub fn channel(&mut self) -> &mut dyn Channel {
        self.link.channel()
    }

    /// Resets the card and returns its ATR; the MF is selected then.
    pub fn reset(&mut self) -> Result<Vec<u8>, CardError> {
        self.link.reset()
    }

    /// Sends any command, follows it to its whole answer, and wants 9000.
    pub fn send(&mut self, step: &'static str, command: &Command) -> Result<Vec<u8>, CardError> {
        self.link.send(step, command)
    }

    /// Sends any command and takes any status word.
    pub fn ask(&mut self, step: &'static str, command: &Command) -> Result<Response, CardError> {
        self.link.ask(step, command)
    }

    /// SELECT the master file; returns its FCI.
    pub fn select_mf(&mut self) -> Result<Vec<u8>, CardError> {
        self.select(&Command::new(0x00, 0xA4, 0x00, 0x00).data(&Fid::MF.bytes()), "SELECT MF")
    }

    /// SELECT by file identifier in the current directory; a directory answers its FCI, a file nothing.
    pub fn select_fid(&mut self, fid: Fid) -> Result<Vec<u8>, CardError> {
        self.select(&Command::new(0x00, 0xA4, 0x00, 0x00).data(&fid.bytes()), "SELECT")
    }

    /// SELECT a directory by name, 1 to 16 bytes; returns its FCI.
    pub fn select_name(&mut self, name: &[u8]) -> Result<Vec<u8>, CardError> {
        let step = "SELECT by name";
        sized(step, "a directory name", name, 1..=16)?;
        self.select(&Command::new(0x00, 0xA4, 0x04, 0x00).data(name), step)
    }

    fn select(&mut self, command: &Command, step: &'static str) -> Result<Vec<u8>, CardError> {
        self.link.send(step, command)
    }

    /// GET CHALLENGE, 8 bytes.
    pub fn challenge8(&mut self) -> Result<[u8; 8], CardError> {
        self.link.send_for("GET CHALLENGE", &Command::new(0x00, 0x84, 0x00, 0x00).le(8))
    }

    /// GET CHALLENGE, 4 bytes.
    pub fn challenge4(&mut self) -> Result<[u8; 4], CardError> {
        self.link.send_for("GET CHALLENGE", &Command::new(0x00, 0x84, 0x00, 0x00).le(4))
    }

    /// EXTERNAL AUTHENTICATE with key 39/`id`; `cryptogram` is one block under it. A wrong one costs a try
    /// ([`CardError::tries_left`]).
    pub fn external_authenticate(&mut self, id: u8, cryptogram: &[u8]) -> Result<(), CardError> {
        let step = "EXTERNAL AUTHENTICATE";
        sized(step, "the cryptogram", cryptogram, 8..=16)?;
        self.link.send(step, &Command::new(0x00, 0x82, 0x00, id).data(cryptogram)).map(drop)
    }

    /// INTERNAL AUTHENTICATE with key 30/`id`: the card enciphers `data` (whole blocks) block by block.
    pub fn internal_authenticate(&mut self, id: u8, data: &[u8]) -> Result<Vec<u8>, CardError> {
        let step = "INTERNAL AUTHENTICATE";
        sized(step, "the random number", data, 8..=240)?;
        let answer = self.link.send(step, &Command::new(0x00, 0x88, 0x00, id).data(data))?;
        if answer.len() == data.len() {
            return Ok(answer);
        }
        Err(CardError::malformed(step, format!("{} byte(s) sent, {} answered", data.len(), answer.len())))
    }

    /// VERIFY the PIN 3A/`id`, 2 to 8 bytes. A wrong one costs a try ([`CardError::tries_left`]).
    pub fn verify_pin(&mut self, id: u8, pin: &[u8]) -> Result<(), CardError> {
        let step = "VERIFY";
        sized(step, "a PIN", pin, 2..=8)?;
        self.link.send(step, &Command::new(0x00, 0x20, 0x00, id).data(pin)).map(drop)
    }

    /// SET PIN: the PIN 3A/`id` of the current directory anew, with all its tries; `field` is what the issuing card one level up
    /// sealed for the challenge given just before [docs/specs/cards.md 12]. A wrong MAC costs a try of the card's own master.
    pub fn set_pin(&mut self, id: u8, field: &[u8]) -> Result<(), CardError> {
        let step = "SET PIN";
        sized(step, "the sealed field", field, 12..=20)?;
        self.link.send(step, &Command::new(0x84, 0x24, 0x00, id).data(field)).map(drop)
    }

    /// CHANGE PIN of 3A/`id`: the present PIN and the new one, 2 to 8 bytes each, none of them FF. A wrong present PIN costs a
    /// try ([`CardError::tries_left`]).
    pub fn change_pin(&mut self, id: u8, old: &[u8], new: &[u8]) -> Result<(), CardError> {
        let step = "CHANGE PIN";
        sized(step, "a PIN", old, 2..=8)?;
        sized(step, "a PIN", new, 2..=8)?;
        let data = [old, &[0xFF], new].concat();
        self.link.send(step, &Command::new(0x80, 0x5E, 0x01, id).data(&data)).map(drop)
    }

    /// ACTIVATE KEYS: the staged keys, the state and the end of the account in one step, or the end of the card; `mac` is what SEAL
    /// ACTIVATION gave for the challenge before.
    pub fn activate_keys(&mut self, activation: Activation, mac: [u8; 4]) -> Result<(), CardError> {
        let data = [&activation.to_bytes()[..], &mac].concat();
        self.link.send("ACTIVATE KEYS", &Command::new(0x84, 0x4A, 0x00, 0x00).data(&data)).map(drop)
    }

    /// READ BINARY of a file of the current directory, `len` bytes from `offset`; in portions when there are many. The file
    /// is current afterwards.
    pub fn read_binary(&mut self, fid: Fid, offset: u16, len: u16) -> Result<Vec<u8>, CardError> {
        let step = "READ BINARY";
        span(step, offset, usize::from(len))?;
        let mut out = Vec::with_capacity(usize::from(len));
        let mut selected = false;
        while out.len() < usize::from(len) {
            let wanted = (usize::from(len) - out.len()).min(CHUNK);
            let [p1, p2] = self.binary_place(fid, usize::from(offset) + out.len(), &mut selected)?;
            let part = self.link.send(step, &Command::new(0x00, 0xB0, p1, p2).le(wanted as u16))?;
            if part.len() != wanted {
                let what = format!("{wanted} byte(s) asked for, {} answered", part.len());
                return Err(CardError::malformed(step, what));
            }
            out.extend_from_slice(&part);
        }
        Ok(out)
    }

    /// UPDATE BINARY of a file of the current directory from `offset`, in portions of at most 200
    /// bytes. Each portion is whole or not at all; a loss of power between two leaves the first written.
    pub fn update_binary(&mut self, fid: Fid, offset: u16, data: &[u8]) -> Result<(), CardError> {
        let step = "UPDATE BINARY";
        span(step, offset, data.len())?;
        let mut at = usize::from(offset);
        let mut selected = false;
        for part in data.chunks(CHUNK) {
            let [p1, p2] = self.binary_place(fid, at, &mut selected)?;
            self.link.send(step, &Command::new(0x00, 0xD6, p1, p2).data(part))?;
            at += part.len();
        }
        Ok(())
    }

    /// P1 P2 of a binary command. The short-id form reaches files up to 001E and offsets up to 255; beyond, the file is made
    /// current by its identifier, which keeps directory and security state, and the long form is used.
    fn binary_place(&mut self, fid: Fid, offset: usize, selected: &mut bool) -> Result<[u8; 2], CardError> {
        if let (Some(sfi), Ok(low)) = (fid.short(), u8::try_from(offset)) {
            return Ok([0x80 | sfi, low]);
        }
        if !*selected {
            self.select_fid(fid)?;
            *selected = true;
        }
        Ok((offset as u16).to_be_bytes()) // span() keeps it below 8000
    }

    /// READ RECORD `number` (1-based) of the file with short id `sfi` (1 to 30), `len` bytes.
    pub fn read_record(&mut self, sfi: u8, number: u8, len: u8) -> Result<Vec<u8>, CardError> {
        let step = "READ RECORD";
        if !(1..=30).contains(&sfi) {
            return Err(CardError::malformed(step, format!("a short file id is 1 to 30, not {sfi}")));
        }
        let command = Command::new(0x00, 0xB2, number, sfi << 3 | 0x04).le(u16::from(len));
        let data = self.link.send(step, &command)?;
        if data.len() == usize::from(len) {
            return Ok(data);
        }
        Err(CardError::malformed(step, format!("{len} byte(s) asked for, {} answered", data.len())))
    }

    /// CREATE FILE in the current directory.
    pub fn create_file(&mut self, row: &FileRow) -> Result<(), CardError> {
        self.link.send("CREATE FILE", &row.create()).map(drop)
    }

    /// WRITE KEY in clear: `p1` is 01 to add or the present type to change; `header` is type, use right,
    /// change right and two bytes more; `key` the key or PIN. Only the factory and PINs go this way.
    pub fn write_key_plain(&mut self, p1: u8, id: u8, header: [u8; 5], key: &[u8]) -> Result<(), CardError> {
        let step = "WRITE KEY";
        sized(step, "a key or PIN", key, 2..=16)?;
        let data = [&header[..], key].concat();
        self.link.send(step, &Command::new(0x80, 0xD4, p1, id).data(&data)).map(drop)
    }

    /// WRITE KEY or STAGE KEY by cipher text and MAC: `header` is `84 D4 P1 id Lc`, `field` what the card that holds the
    /// key's parent sealed for this one [docs/specs/cards.md 7].
    pub fn write_key_wrapped(&mut self, header: [u8; 5], field: &[u8]) -> Result<(), CardError> {
        let step = "WRITE KEY";
        let [cla, ins, p1, p2, lc] = header;
        if (cla, ins) != (0x84, 0xD4) {
            return Err(CardError::malformed(
                step,
                format!("the header begins {cla:02X}{ins:02X}, not 84D4"),
            ));
        }
        if field.len() != usize::from(lc) {
            let what = format!("the header announces {lc} byte(s), the field has {}", field.len());
            return Err(CardError::malformed(step, what));
        }
        self.link.send(step, &Command::new(cla, ins, p1, p2).data(field)).map(drop)
    }

    /// Tries left of the PIN or external authentication key of this type and id, without spending one; `None` for a card
    /// that does not tell, or has no such key.
    pub fn tries_left(&mut self, kind: u8, id: u8) -> Result<Option<u8>, CardError> {
        Ok(self.asked_tries(kind, id, 1)?.map(|guard| guard.tries))
    }

    /// What the card says of a PIN or an external authentication key, without spending a try; `None` as
    /// [`Fmcos::tries_left`].
    pub fn guard_of(&mut self, kind: u8, id: u8) -> Result<Option<Guard>, CardError> {
        self.asked_tries(kind, id, 2)
    }

    fn asked_tries(&mut self, kind: u8, id: u8, le: u16) -> Result<Option<Guard>, CardError> {
        let step = "TRIES LEFT";
        let answer = self.link.ask(step, &Command::new(0x80, 0x3C, kind, id).le(le))?;
        match (answer.sw, answer.data.as_slice()) {
            (Sw::OK, &[counter]) => Ok(Some(Guard { tries: counter & 0x0F, kind: None })),
            (Sw::OK, &[counter, kind]) => Ok(Some(Guard { tries: counter & 0x0F, kind: Some(kind) })),
            (Sw::OK, data) => Err(CardError::malformed(step, format!("{} byte(s) answered", data.len()))),
            (Sw::KEY_NOT_FOUND | Sw::FILE_NOT_FOUND | Sw::INS_UNKNOWN | Sw::CLA_UNKNOWN, _) => Ok(None),
            (sw, _) => Err(self.link.refused(step, sw)),
        }
    }

    /// The first four bytes of a binary file of the current directory as a big-endian number; `None` without the file, 0
    /// when it was never written.
    pub(crate) fn read_number(&mut self, step: &'static str, fid: Fid) -> Result<Option<u32>, CardError> {
        let answer = self.link.ask(step, &Command::new(0x00, 0xB0, 0x80 | fid.bytes()[1], 0x00).le(4))?;
        match answer.sw {
            Sw::OK => exactly(step, &answer.data).map(|bytes| Some(u32::from_be_bytes(bytes))),
            Sw::DATA_SUSPECT => Ok(Some(0)),
            Sw::FILE_NOT_FOUND => Ok(None),
            sw => Err(self.link.refused(step, sw)),
        }
    }

    /// A binary file that the card keeps itself, by its short identifier; zeros when it was never written (6281 until the card
    /// does so), `None` when it is missing or shorter.
    pub(crate) fn read_kept<const N: usize>(
        &mut self,
        step: &'static str,
        fid: Fid,
    ) -> Result<Option<[u8; N]>, CardError> {
        let answer =
            self.link.ask(step, &Command::new(0x00, 0xB0, 0x80 | fid.bytes()[1], 0x00).le(N as u16))?;
        match answer.sw {
            Sw::OK => Ok(answer.data.try_into().ok()),
            Sw::DATA_SUSPECT => Ok((answer.data.len() == N).then_some([0; N])),
            Sw::FILE_NOT_FOUND | Sw::WRONG_OFFSET => Ok(None),
            sw if sw.0 >> 8 == 0x6C => Ok(None),
            sw => Err(self.link.refused(step, sw)),
        }
    }

    /// Sends a command that the card answers with `N` bytes.
    pub(crate) fn send_for<const N: usize>(
        &mut self,
        step: &'static str,
        command: &Command,
    ) -> Result<[u8; N], CardError> {
        self.link.send_for(step, command)
    }

    /// Card information, file 0015 of the MF, which must be current.
    pub fn card_info(&mut self) -> Result<CardInfo, CardError> {
        let bytes = self.read_binary(EF_CARD_INFO, 0, CardInfo::LEN as u16)?;
        CardInfo::parse(&bytes).map_err(|error| CardError::malformed("card information", error.to_string()))
    }

    /// SET LIMIT in the current directory: `mac` is what SEAL LIMIT gave for the challenge before. A wrong one costs a try of
    /// the card's master key.
    pub fn set_limit(&mut self, limits: Limits, mac: [u8; 4]) -> Result<(), CardError> {
        let [cla, ins, p1, p2, _] = SET_LIMIT;
        let data = [&limits.to_bytes()[..], &mac].concat();
        self.link.send("SET LIMIT", &Command::new(cla, ins, p1, p2).data(&data)).map(drop)
    }

    /// Card information of a card that is to issue, sell, credit or take keys; the older make is refused.
    pub fn current_info(&mut self, step: &'static str) -> Result<CardInfo, CardError> {
        let info = self.card_info()?;
        current(&info, step)?;
        Ok(info)
    }

    /// KEY INFORMATION of the key of this type (any protection bits) and id in the current directory.
    pub fn key_information(&mut self, kind: u8, id: u8) -> Result<KeyInformation, CardError> {
        let step = "KEY INFORMATION";
        let answer = self.link.send(step, &Command::new(0x80, 0x48, kind, id).le(6))?;
        let [kind, version, algorithm, a, b, c] = exactly(step, &answer)?;
        Ok(KeyInformation { kind, version, algorithm, kcv: [a, b, c] })
    }
}

/// Refuses a card of the older make where one as they are made now is needed.
pub(crate) fn current(info: &CardInfo, step: &'static str) -> Result<(), CardError> {
    if info.is_older_make() { Err(CardError::OlderMake { step, kind: info.kind }) } else { Ok(()) }
}

/// Refuses data no card takes before a card sees it.
fn sized(
    step: &'static str,
    what: &str,
    data: &[u8],
    allowed: core::ops::RangeInclusive<usize>,
) -> Result<(), CardError> {
    if allowed.contains(&data.len()) {
        return Ok(());
    }
    let (least, most) = allowed.into_inner();
    Err(CardError::malformed(step, format!("{what} has {least} to {most} bytes, not {}", data.len())))
}

/// Offsets in P1 P2 have 15 bits.
fn span(step: &'static str, offset: u16, len: usize) -> Result<(), CardError> {
    let end = usize::from(offset) + len;
    if end <= 0x8000 {
        return Ok(());
    }
    Err(CardError::malformed(step, format!("a binary file ends at 32768, not at {end}")))
}
