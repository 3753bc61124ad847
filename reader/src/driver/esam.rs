//! The meter's ESAM: purse, parameters, and the one command that credits [docs/specs/cards.md 4, 6].

use super::fmcos::Fmcos;
use super::issuing::Activation;
use super::take;
use crate::error::CardError;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::online::{HEAD_LEN, HELLO_LEN};
use scheme::order::SimBinding;
use scheme::profile::{BIRTH_KEY, CEILING, CardInfo, EF_PURSE, EsamFiles, MODE, PRESET, WAITS_FOR_NUMBER};
use scheme::refusal::Refusal;
use scheme::signing::{Mode, SET_MODE, TAKEN};
use wire::channel::Channel;
use wire::status::Dialect;
use wire::{Command, Sw};

/// Key ids of the pairing [docs/specs/cards.md 5].
const INT_AUTH: u8 = 0x02;
const EXT_AUTH: u8 = 0x03;

/// Parameter file 5002.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EsamParameters {
    /// An account was opened.
    pub opened: bool,
    /// Number of the meter the ESAM was issued for.
    pub meter: MeterNumber,
    /// Customer of the account; zeros before it is opened.
    pub customer: CustomerNumber,
    /// The SIM of the account; zeros before it is opened.
    pub binding: SimBinding,
    /// Most the purse may hold; 0 stands for 999999.99 yuan.
    pub ceiling: Fen,
    /// Which orders it takes.
    pub mode: Mode,
    /// Its number is a works number: it waits for the meter's.
    pub waits: bool,
    /// A preset card was taken.
    pub preset: bool,
}

/// Purse file 0001.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purse {
    /// What is left to spend.
    pub balance: Fen,
    /// Sum of all credits, modulo 2^32 fen.
    pub total_credited: Fen,
    /// Purchases credited.
    pub count: u32,
}

/// Life file 5009 [docs/specs/cards.md 10].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EsamLife {
    /// Highest version of formal keys the card had before the ones it has; 0: none.
    pub formal: u8,
    /// Key sets it was given after its first.
    pub changes: u16,
    /// Money given up with its accounts.
    pub forfeited: Fen,
}

/// What is asked for in an online purchase, as the phone says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The amount.
    pub amount: Fen,
    /// IMEI, 15 digits and a filler.
    pub imei: [u8; 8],
    /// MSISDN, digits of an address filled with F.
    pub msisdn: [u8; 10],
}

/// What an ENVELOPE brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enveloped {
    /// User data with the receipt of an order.
    Receipt(Vec<u8>),
    /// The ESAM took a server's certificate.
    Certificate,
}

/// Why an ENVELOPE brought no receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The ESAM checked the order and refused it; nothing changed.
    #[error("the ESAM refused the order: {}", .0.words())]
    Refused(Refusal),
    /// The card or the channel failed.
    #[error(transparent)]
    Card(#[from] CardError),
}

/// An ESAM, its MF selected.
pub struct Esam<'c> {
    fmcos: Fmcos<'c>,
    /// Where its files stand: as on cards made now, until its card information says that it is of the older make.
    files: EsamFiles,
}

impl<'c> Esam<'c> {
    /// Speaks over a channel; sends nothing yet.
    pub fn new(channel: &'c mut dyn Channel) -> Self {
        Esam { fmcos: Fmcos::new(channel), files: EsamFiles::CURRENT }
    }

    /// The FMCOS card underneath.
    pub fn fmcos(&mut self) -> &mut Fmcos<'c> {
        &mut self.fmcos
    }

    /// Resets the card and returns its ATR.
    pub fn reset(&mut self) -> Result<Vec<u8>, CardError> {
        self.fmcos.reset()
    }

    /// Card information. Ask for it first where the card may be of the older make: its files stand elsewhere.
    pub fn card_info(&mut self) -> Result<CardInfo, CardError> {
        let info = self.fmcos.card_info()?;
        self.files = EsamFiles::of(info.make);
        Ok(info)
    }

    /// Card information of an ESAM that is to credit; the older make is refused.
    pub fn current_info(&mut self, step: &'static str) -> Result<CardInfo, CardError> {
        let info = self.card_info()?;
        super::fmcos::current(&info, step)?;
        Ok(info)
    }

    /// The parameters; free to read.
    pub fn parameters(&mut self) -> Result<EsamParameters, CardError> {
        let step = "read the parameters";
        let file: [u8; 32] = super::exactly(step, &self.fmcos.read_binary(self.files.parameters, 0, 32)?)?;
        let opened = match file[0] {
            0 => false,
            1 => true,
            other => return Err(CardError::malformed(step, format!("opened is 00 or 01, not {other:02X}"))),
        };
        Ok(EsamParameters {
            opened,
            meter: MeterNumber::new(take(&file, 1))
                .map_err(|error| CardError::malformed(step, error.to_string()))?,
            customer: CustomerNumber::new(take(&file, 7))
                .map_err(|error| CardError::malformed(step, error.to_string()))?,
            binding: SimBinding(take(&file, 13)),
            waits: file[WAITS_FOR_NUMBER] == 1,
            preset: file[PRESET] == 1,
            ceiling: Fen(u32::from_be_bytes(take(&file, CEILING.start))),
            mode: Mode::from_code(file[MODE]).ok_or_else(|| {
                CardError::malformed(step, format!("the mode is 00, 01 or 02, not {:02X}", file[MODE]))
            })?,
        })
    }

    /// The purse; free to read.
    pub fn purse(&mut self) -> Result<Purse, CardError> {
        let [balance, total, count] = [self.purse_record(1)?, self.purse_record(2)?, self.purse_record(3)?];
        Ok(Purse { balance: Fen(balance), total_credited: Fen(total), count })
    }

    /// Record 1 of the purse alone.
    pub fn balance(&mut self) -> Result<Fen, CardError> {
        self.purse_record(1).map(Fen)
    }

    fn purse_record(&mut self, number: u8) -> Result<u32, CardError> {
        let record = self.fmcos.read_record(EF_PURSE.bytes()[1], number, 4)?;
        Ok(u32::from_be_bytes(super::exactly("read the purse", &record)?))
    }

    /// The card's life; `None` for an ESAM of an older make, which keeps its keys for ever.
    pub fn life(&mut self) -> Result<Option<EsamLife>, CardError> {
        let step = "read the life file";
        match self.fmcos.select_fid(self.files.life) {
            Err(error) if error.sw() == Some(Sw::FILE_NOT_FOUND) => return Ok(None),
            selected => selected?,
        };
        let answer = self.fmcos.ask(step, &Command::new(0x00, 0xB0, 0x00, 0x00).le(8))?;
        // 6281: never written, for nothing has happened yet.
        if !answer.sw.is_ok() && answer.sw != Sw::DATA_SUSPECT {
            return Err(CardError::Refused { step, sw: answer.sw, dialect: Dialect::Fmcos });
        }
        let [formal, a, b, f3, f2, f1, f0, _] = super::exactly(step, &answer.data)?;
        let changes = u16::from_be_bytes([a, b]);
        Ok(Some(EsamLife { formal, changes, forfeited: Fen(u32::from_be_bytes([f3, f2, f1, f0])) }))
    }

    /// Whether the card keeps the transport key it was born with, 35/0F: it does not tell of it (6985), or knows none (6A88).
    pub fn has_birth_key(&mut self) -> Result<bool, CardError> {
        match self.fmcos.key_information(BIRTH_KEY.kind, BIRTH_KEY.id) {
            Err(error) if error.sw() == Some(Sw::CONDITIONS) => Ok(true),
            Err(error) if error.sw() == Some(Sw::KEY_NOT_FOUND) => Ok(false),
            Err(error) => Err(error),
            Ok(_) => Err(CardError::malformed("KEY INFORMATION", "the key the chip was born with is shown")),
        }
    }

    /// Version of the card's keys: byte 4 of `kic`, 35/04.
    pub fn key_version(&mut self) -> Result<u8, CardError> {
        Ok(self.fmcos.key_information(0x35, 0x04)?.version)
    }

    /// ACTIVATE KEYS: the staged keys, the state and the end of the account in one step; `mac` is what SEAL ACTIVATION gave
    /// for the challenge before.
    pub fn activate(&mut self, activation: Activation, mac: [u8; 4]) -> Result<(), CardError> {
        self.fmcos.activate_keys(activation, mac)
    }

    /// INTERNAL AUTHENTICATE with the pairing key 30/02: the card enciphers one block of the MCU's choice.
    pub fn internal_authenticate(&mut self, block: &[u8]) -> Result<Vec<u8>, CardError> {
        self.fmcos.internal_authenticate(INT_AUTH, block)
    }

    /// GET CHALLENGE, 8 bytes.
    pub fn challenge(&mut self) -> Result<[u8; 8], CardError> {
        self.fmcos.challenge8()
    }

    /// EXTERNAL AUTHENTICATE with the pairing key 39/03: grants the meter's rights until the next reset.
    pub fn external_authenticate(&mut self, cryptogram: &[u8]) -> Result<(), CardError> {
        self.fmcos.external_authenticate(EXT_AUTH, cryptogram)
    }

    /// Writes the run information the next receipt will carry: register in 0.01 kWh, the meter's time, the
    /// EF_IMSI content of the SIM in the meter. Needs the meter's rights.
    pub fn write_run_info(&mut self, register: u32, time: Moment, imsi: &[u8; 9]) -> Result<(), CardError> {
        let file = [&register.to_be_bytes()[..], &time.0, imsi].concat();
        self.fmcos.update_binary(self.files.run_info, 0, &file)
    }

    /// ENVELOPE (SMS-PP download), once a part: the TPDUs of an order in, user data with the receipt out; or those of a server's certificate
    /// in. Needs the meter's rights.
    ///
    /// # Errors
    /// [`EnvelopeError::Refused`] for a status word by which the ESAM names the check that failed.
    pub fn envelope(&mut self, parts: &[impl AsRef<[u8]>]) -> Result<Enveloped, EnvelopeError> {
        let mut answer = Vec::new();
        for (n, tpdu) in (1..).zip(parts) {
            answer = self.envelope_part(tpdu.as_ref())?;
            if n < parts.len() && !answer.is_empty() {
                return Err(not_the_answer(&answer, "nothing, before the last part of an order").into());
            }
        }
        if answer.starts_with(&[0x02, 0x71, 0x00]) {
            return Ok(Enveloped::Receipt(answer));
        }
        if answer == TAKEN {
            return Ok(Enveloped::Certificate);
        }
        Err(not_the_answer(&answer, "user data with a response").into())
    }

    fn envelope_part(&mut self, tpdu: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        let data = sms_pp_download(tpdu).ok_or_else(|| {
            let what = format!("a TPDU in an envelope has 1 to {MAX_TPDU} bytes, not {}", tpdu.len());
            CardError::malformed(ENVELOPE, what)
        })?;
        let sent = self.fmcos.send(ENVELOPE, &Command::new(0x80, 0xC2, 0x00, 0x00).data(&data));
        sent.map_err(|error| match error.sw().and_then(Refusal::from_sw) {
            Some(refusal) => EnvelopeError::Refused(refusal),
            None => EnvelopeError::Card(error),
        })
    }

    /// The receipt of the last purchase as user data of its message; empty before the first. Needs the meter's rights.
    pub fn last_receipt(&mut self) -> Result<Vec<u8>, CardError> {
        let step = "read the last receipt";
        self.fmcos.select_fid(self.files.receipt)?;
        let read = |offset: u8, len: u8| Command::new(0x00, 0xB0, 0x00, offset).le(len.into());
        let [length] = super::exactly(step, &self.fmcos.send(step, &read(0, 1))?)?;
        if length == 0 {
            return Ok(Vec::new());
        }
        let receipt = self.fmcos.send(step, &read(1, length))?;
        if receipt.len() == usize::from(length) {
            Ok(receipt)
        } else {
            Err(CardError::malformed(step, format!("{length} bytes were asked for, {} came", receipt.len())))
        }
    }

    /// SET MODE: which orders the card takes from now on [docs/specs/signatures.md 6]. Needs the right of its own master. 6985 a lower mode
    /// than it has, 6A88 without a certificate of its own and a server's.
    pub fn set_mode(&mut self, mode: Mode) -> Result<(), CardError> {
        let [cla, ins, p1] = SET_MODE;
        self.fmcos.send("SET MODE", &Command::new(cla, ins, p1, mode.code())).map(drop)
    }

    /// ONLINE REQUEST: S0 and what the customer asks for in, S1 out [docs/specs/online.md 4]. Needs the meter's rights, and its run
    /// information to be there. 9E11 when S0 is for another meter.
    pub fn online_request(&mut self, hello: &[u8; HELLO_LEN], wish: &Wish) -> Result<Vec<u8>, CardError> {
        let step = "ONLINE REQUEST";
        let data = [&hello[..], &wish.amount.0.to_be_bytes(), &wish.imei, &wish.msisdn].concat();
        let answer = self.fmcos.send(step, &Command::new(0x80, 0x4E, 0x00, 0x00).data(&data))?;
        if answer.first() == Some(&0xA1) && answer.len() > HEAD_LEN {
            return Ok(answer);
        }
        let what = format!("the card's answer of {} byte(s) is not a request's message", answer.len());
        Err(CardError::malformed(step, what))
    }

    /// ONLINE ORDER: S2 in, S3 out, whether it was credited or not: that is for the server to read. 6988 when S2 is not the server's; then
    /// the purchase is over, and so it is after any error of any command.
    pub fn online_order(&mut self, message: &[u8]) -> Result<Vec<u8>, CardError> {
        let step = "ONLINE ORDER";
        if !(1..=255).contains(&message.len()) {
            let what = format!("a command carries 1 to 255 bytes, not {}", message.len());
            return Err(CardError::malformed(step, what));
        }
        let answer = self.fmcos.send(step, &Command::new(0x80, 0x4E, 0x01, 0x00).data(message))?;
        if answer.first() == Some(&0xA3) {
            return Ok(answer);
        }
        let what = format!("the card's answer of {} byte(s) is not an answer's message", answer.len());
        Err(CardError::malformed(step, what))
    }

    /// DEBIT: takes consumption off the purse. 9401 when it holds less. Needs the meter's rights.
    pub fn debit(&mut self, amount: Fen) -> Result<(), CardError> {
        let command = Command::new(0x80, 0x30, 0x00, 0x0C).data(&amount.0.to_be_bytes());
        self.fmcos.send("DEBIT", &command).map(drop)
    }
}

const ENVELOPE: &str = "ENVELOPE";

fn not_the_answer(answer: &[u8], wanted: &str) -> CardError {
    CardError::malformed(ENVELOPE, format!("the card's answer of {} byte(s) is not {wanted}", answer.len()))
}

/// Longest TPDU whose envelope fits one APDU with both lengths in two bytes: 255 - 3 - 4 - 3.
const MAX_TPDU: usize = 245;

/// `D1 L 82 02 83 81 8B L TPDU`: from the network to the card, the TPDU [docs/specs/cards.md 6].
fn sms_pp_download(tpdu: &[u8]) -> Option<Vec<u8>> {
    if tpdu.is_empty() || tpdu.len() > MAX_TPDU {
        return None;
    }
    let mut body = vec![0x82, 0x02, 0x83, 0x81, 0x8B];
    push_length(&mut body, tpdu.len());
    body.extend_from_slice(tpdu);
    let mut out = vec![0xD1];
    push_length(&mut out, body.len());
    out.extend_from_slice(&body);
    Some(out)
}

/// BER length of at most 255.
fn push_length(out: &mut Vec<u8>, len: usize) {
    if len >= 0x80 {
        out.push(0x81);
    }
    out.push(len as u8);
}

impl scheme::Fault for EnvelopeError {
    fn code(&self) -> &str {
        match self {
            EnvelopeError::Refused(_) => "envelope-refused",
            EnvelopeError::Card(error) => error.code(),
        }
    }
}
