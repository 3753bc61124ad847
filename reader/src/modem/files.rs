//! A classic SIM's commands over +CRSM, which knows files and no session: where a session is, is kept here.

use super::access::crsm_of;
use super::error::ModemError;
use super::line::{Modem, Wanted};
use scheme::profile::Fid;
use scheme::sim::EF_ICCID;
use wire::at::sim::{Restricted, crsm};
use wire::at::{Cme, parameters};
use wire::{CommandRef, Sw};
use zeroize::Zeroizing;

/// The only class there is.
const CLA: u8 = 0xA0;
/// Mode of the record commands: the number in P1.
const ABSOLUTE: u8 = 0x04;
/// Bytes that describe a file, and a directory as far as its codes.
const OF_FILE: u8 = 15;
const OF_DIR: u8 = 22;
/// Tag of what a UICC describes its files with.
const FCP: u8 = 0x62;

const NO_FILE: Sw = Sw(0x9404);
const NO_EF: Sw = Sw(0x9400);
const NOT_FOUND: Sw = Sw(0x9404);
const DENIED: Sw = Sw(0x9804);
const BLOCKED: Sw = Sw(0x9840);
const PARAMETERS: Sw = Sw(0x6B00);

/// A session over +CRSM.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Directories below the master file.
    path: Vec<u16>,
    file: Option<Chosen>,
    /// What GET RESPONSE fetches.
    waiting: Vec<u8>,
    /// The record found last by SEEK.
    record: u8,
}

/// The file that is selected.
#[derive(Debug, Clone, Copy)]
struct Chosen {
    fid: u16,
    /// Bytes of a record; 0: it has none.
    record_len: u8,
    records: u8,
}

/// An answer: data and status word.
type Answer = (Vec<u8>, Sw);

impl Files {
    /// One command, and its answer with the status word; whether the SIM's PIN was taken by it. While the SIM is locked, no file is asked for
    /// but the one that everybody may read.
    pub(super) fn transmit(
        &mut self,
        modem: &mut Modem,
        command: &[u8],
        locked: bool,
    ) -> Result<(Vec<u8>, bool), ModemError> {
        let mut is_open = false;
        let (data, sw) = match CommandRef::parse(command) {
            Err(_) => (Vec::new(), Sw::WRONG_LENGTH),
            Ok(command) if command.cla != CLA => (Vec::new(), Sw::CLA_UNKNOWN),
            Ok(command) => match command.ins {
                0xA4 => self.select(modem, &command, locked)?,
                0xC0 => self.fetch(&command),
                0xF2 => self.status(modem, locked)?,
                0x20 if command.p2 == 1 => {
                    let answer = verify(modem, command.data)?;
                    is_open = locked && answer.1.is_ok();
                    answer
                }
                _ => self.on_file(modem, &command, locked)?,
            },
        };
        Ok(([data, sw.bytes().to_vec()].concat(), is_open))
    }

    fn on_file(
        &mut self,
        modem: &mut Modem,
        command: &CommandRef<'_>,
        locked: bool,
    ) -> Result<Answer, ModemError> {
        let Some(file) = self.file else { return Ok((Vec::new(), NO_EF)) };
        if locked && file.fid != EF_ICCID.0 {
            return Ok((Vec::new(), DENIED));
        }
        let le = command.le.map_or(0, |le| le as u8); // 256 is 00
        let (restricted, parameters) = match (command.ins, command.p2) {
            (0xB0, p2) => (Restricted::ReadBinary, [command.p1, p2, le]),
            (0xD6, p2) => (Restricted::UpdateBinary, [command.p1, p2, length(command.data)]),
            (0xB2, ABSOLUTE) => (Restricted::ReadRecord, [command.p1, ABSOLUTE, le]),
            (0xDC, ABSOLUTE) => (Restricted::UpdateRecord, [command.p1, ABSOLUTE, length(command.data)]),
            (0xB2 | 0xDC, _) => return Ok((Vec::new(), PARAMETERS)),
            (0xA2, mode) => return self.seek(modem, file, command.data, mode),
            _ => return Ok((Vec::new(), Sw::INS_UNKNOWN)),
        };
        match self.ask(modem, restricted, file.fid, parameters, command.data) {
            // QUIRK(locked): a modem that speaks of no file before the PIN. Who the SIM is, is not known then.
            Err(error) if locked && error.cme() == Some(Cme::PIN) => {
                Ok((vec![0xFF; usize::from(le)], Sw::OK))
            }
            answer => answer,
        }
    }

    fn ask(
        &self,
        modem: &mut Modem,
        command: Restricted,
        fid: u16,
        parameters: [u8; 3],
        data: &[u8],
    ) -> Result<Answer, ModemError> {
        // The path of every file is named, so that a modem with both trees takes that of the classic SIM.
        let path: Vec<u16> =
            if self.path.is_empty() { Vec::new() } else { [&[Fid::MF.0], &self.path[..]].concat() };
        let answer = match crsm_of(modem, &crsm(command, fid, parameters, data, &path)) {
            // QUIRK(no path): modems that know the five parameters of the first edition alone.
            Err(ModemError::Refused { .. }) if !path.is_empty() => {
                crsm_of(modem, &crsm(command, fid, parameters, data, &[]))
            }
            answer => answer,
        };
        answer.map(|(data, sw)| (data, classic(sw)))
    }

    /// SELECT: of directories the modem is told with the file, so they are taken on trust; a file is asked for.
    fn select(
        &mut self,
        modem: &mut Modem,
        command: &CommandRef<'_>,
        locked: bool,
    ) -> Result<Answer, ModemError> {
        let &[hi, lo] = command.data else { return Ok((Vec::new(), Sw::WRONG_LENGTH)) };
        let fid = u16::from_be_bytes([hi, lo]);
        (self.record, self.waiting) = (0, Vec::new());
        match hi {
            0x3F | 0x7F | 0x5F => {
                if hi != 0x5F {
                    self.path.clear();
                }
                if fid != Fid::MF.0 {
                    self.path.push(fid);
                }
                self.file = None;
                Ok((Vec::new(), Sw(0x9F00 | u16::from(OF_DIR))))
            }
            _ if locked => {
                self.file = Some(Chosen { fid, record_len: 0, records: 0 });
                Ok((Vec::new(), Sw(0x9F00 | u16::from(OF_FILE))))
            }
            _ => {
                let (mut data, mut sw) =
                    self.ask(modem, Restricted::GetResponse, fid, [0, 0, OF_FILE], &[])?;
                if data.first() == Some(&FCP) && described(&data, fid).is_none() {
                    // An FCP is longer.
                    (data, sw) = self.ask(modem, Restricted::GetResponse, fid, [0, 0, 255], &[])?;
                }
                let Some(description) = described(&data, fid).filter(|_| sw.is_ok() || sw.sw1() == 0x9F)
                else {
                    return Ok((Vec::new(), if sw.is_ok() { NO_FILE } else { sw }));
                };
                let (size, record_len) =
                    (u16::from_be_bytes([description[2], description[3]]), description[14]);
                let records = size.checked_div(u16::from(record_len)).unwrap_or(0).min(255) as u8;
                self.file = Some(Chosen { fid, record_len, records });
                self.waiting = description.to_vec();
                Ok((Vec::new(), Sw(0x9F00 | u16::from(OF_FILE))))
            }
        }
    }

    fn fetch(&mut self, command: &CommandRef<'_>) -> Answer {
        let wanted = command.le.map_or(0, usize::from);
        let mut waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return (Vec::new(), Sw::UNKNOWN);
        }
        waiting.truncate(if wanted == 0 { 256 } else { wanted });
        (waiting, Sw::OK)
    }

    /// STATUS of a directory: the state of the codes stands in it. Of a locked SIM they are asked from the modem; where it does not tell how
    /// many tries are left, nothing is answered, so that nobody tries what could be the last.
    fn status(&mut self, modem: &mut Modem, locked: bool) -> Result<Answer, ModemError> {
        if locked {
            let Some([pin, puk]) = tries(modem)? else { return Ok((Vec::new(), Sw::UNKNOWN)) };
            let mut data = vec![0; usize::from(OF_DIR)];
            (data[4], data[6], data[12]) = (0x3F, 0x01, 0x09);
            (data[18], data[19], data[20], data[21]) = (0x80 | pin, 0x80 | puk, 0, 0);
            return Ok((data, Sw::OK));
        }
        let fid = self.path.last().copied().unwrap_or(Fid::MF.0);
        match self.ask(modem, Restricted::Status, fid, [0, 0, OF_DIR], &[]) {
            Ok((data, sw)) if data.len() >= usize::from(OF_DIR) => Ok((data, sw)),
            Ok(_) | Err(ModemError::Refused { .. }) => Ok((Vec::new(), Sw::UNKNOWN)),
            Err(error) => Err(error),
        }
    }

    /// SEEK by reading: +CRSM has none.
    fn seek(
        &mut self,
        modem: &mut Modem,
        file: Chosen,
        pattern: &[u8],
        mode: u8,
    ) -> Result<Answer, ModemError> {
        let from = match mode & 0x0F {
            0x00 => 1,
            0x02 => self.record.saturating_add(1),
            _ => return Ok((Vec::new(), PARAMETERS)),
        };
        for number in from..=file.records {
            let parameters = [number, ABSOLUTE, file.record_len];
            let (data, sw) = self.ask(modem, Restricted::ReadRecord, file.fid, parameters, &[])?;
            if !sw.is_ok() {
                return Ok((Vec::new(), sw));
            }
            if data.starts_with(pattern) {
                self.record = number;
                return Ok((vec![number], Sw::OK));
            }
        }
        Ok((Vec::new(), NOT_FOUND))
    }
}

/// Bytes of a data field, at most 255.
fn length(data: &[u8]) -> u8 {
    data.len().min(255) as u8
}

/// CHV1 by +CPIN: 8 bytes, FF behind the digits.
fn verify(modem: &mut Modem, chv: &[u8]) -> Result<Answer, ModemError> {
    let digits = chv.iter().take_while(|byte| **byte != 0xFF).map(|byte| char::from(*byte));
    let digits = Zeroizing::new(digits.collect::<String>());
    if !digits.chars().all(|c| c.is_ascii_digit()) {
        return Ok((Vec::new(), DENIED));
    }
    let command = Zeroizing::new(format!("+CPIN=\"{}\"", *digits));
    match modem.ask_sim(&command, Wanted::Nothing) {
        Ok(_) => Ok((Vec::new(), Sw::OK)),
        Err(error) => match error.cme() {
            Some(Cme::PASSWORD) => Ok((Vec::new(), DENIED)),
            Some(Cme::PUK) => Ok((Vec::new(), BLOCKED)),
            _ => Err(error),
        },
    }
}

/// Tries left of PIN and unblock code, as far as a modem tells: the standard's +CPINR.
pub(super) fn tries(modem: &mut Modem) -> Result<Option<[u8; 2]>, ModemError> {
    let lines = match modem.ask("+CPINR", Wanted::Prefixed("+CPINR:")) {
        Ok(lines) => lines,
        Err(ModemError::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let of = |name: &str| {
        lines.iter().find_map(|line| {
            let fields = parameters(line.split_once(':')?.1);
            let is_it = fields.first()?.text()?.trim().eq_ignore_ascii_case(name);
            let tries: u8 = fields.get(1)?.text()?.trim().parse().ok()?;
            (is_it && tries < 16).then_some(tries)
        })
    };
    Ok(of("SIM PIN").zip(of("SIM PUK")).map(|(pin, puk)| [pin, puk]))
}

/// The words of a UICC in those of a classic SIM.
fn classic(sw: Sw) -> Sw {
    match sw {
        Sw::FILE_NOT_FOUND => NO_FILE,
        Sw::NOT_ALLOWED => DENIED,
        Sw::BLOCKED => BLOCKED,
        Sw(0x6A83) => Sw(0x9402),
        Sw(0x6981) => Sw(0x9408),
        sw => sw,
    }
}

/// What describes a file, in the form of a classic SIM: 15 bytes, made of an FCP where the card answers as a UICC. None when the bytes are
/// neither, or of another file.
fn described(data: &[u8], fid: u16) -> Option<[u8; 15]> {
    if data.first() != Some(&FCP) {
        let mut out = [0; 15];
        let known = data.len().min(15);
        out[..known].copy_from_slice(&data[..known]);
        return (data.len() >= 14 && out[4..6] == fid.to_be_bytes()).then_some(out);
    }
    let inner = object(data, FCP)?;
    let descriptor = object(&inner, 0x82)?;
    let (structure, record_len) = match *descriptor {
        [kind, _, _, length, ..] if kind & 0x07 == 0x02 => (0x01, length),
        [kind, _, _, length, ..] if kind & 0x07 == 0x06 => (0x03, length),
        [kind, ..] if kind & 0x07 == 0x01 => (0x00, 0),
        _ => return None,
    };
    let size = object(&inner, 0x80)?.first_chunk::<2>().copied()?;
    let [hi, lo] = fid.to_be_bytes();
    // Who may read and write it stands elsewhere on a UICC; the card says so when it is asked to.
    Some([0, 0, size[0], size[1], hi, lo, 0x04, 0, 0, 0, 0, 0x01, 2, structure, record_len])
}

/// The content of the first object of a tag.
fn object(bytes: &[u8], tag: u8) -> Option<Vec<u8>> {
    wire::tlv::objects(bytes).ok()?.into_iter().find(|object| object.tag == tag).map(|object| object.value)
}
