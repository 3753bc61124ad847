//! Files of a SIM that we read and write [TS 51.011 10, docs/specs/sim.md].

use crate::profile::{Fid, State};
use alloc::string::String;
use alloc::vec::Vec;
use wire::bcd;

/// EF_ICCID, in the MF.
pub const EF_ICCID: Fid = Fid(0x2FE2);
/// EF_DIR, in the MF of a UICC: its applications.
pub const EF_DIR: Fid = Fid(0x2F00);
/// EF_ARR, in the MF of a UICC: access rules.
pub const EF_ARR: Fid = Fid(0x2F06);
/// EF_ARR, in ADF_USIM.
pub const EF_ARR_OF_USIM: Fid = Fid(0x6F06);
/// DF_GSM.
pub const DF_GSM: Fid = Fid(0x7F20);
/// DF_TELECOM.
pub const DF_TELECOM: Fid = Fid(0x7F10);
/// ADF of the USIM application on our UICC; terminals know it by its AID.
pub const ADF_USIM: Fid = Fid(0x7FF0);
/// DF_GSM-ACCESS, in ADF_USIM: what a phone keeps of a GSM network [docs/specs/sim.md, files of a UICC].
pub const DF_GSM_ACCESS: Fid = Fid(0x5F3B);
/// EF_IMSI, in DF_GSM.
pub const EF_IMSI: Fid = Fid(0x6F07);
/// EF_SMS, in DF_TELECOM.
pub const EF_SMS: Fid = Fid(0x6F3C);
/// EF_MSISDN, in DF_TELECOM.
pub const EF_MSISDN: Fid = Fid(0x6F40);
/// EF_SMSP, in DF_TELECOM.
pub const EF_SMSP: Fid = Fid(0x6F42);
/// EF_SMSS, in DF_TELECOM.
pub const EF_SMSS: Fid = Fid(0x6F43);
/// EF_GRID, ours, in DF_TELECOM [docs/specs/cards.md 8].
pub const EF_GRID: Fid = Fid(0x6FE0);

/// Why digits are no IMSI or ICCID, or bytes no such file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImsiError {
    /// A character that is no digit.
    #[error("{what}: {found:?} at place {place} is no digit")]
    Digit {
        /// IMSI, ICCID or MSISDN.
        what: &'static str,
        /// 1-based place.
        place: usize,
        /// The character.
        found: char,
    },
    /// Too few or too many digits.
    #[error("{what} has {least} to {most} digits, this has {found}")]
    Length {
        /// IMSI, ICCID or MSISDN.
        what: &'static str,
        /// Fewest digits.
        least: usize,
        /// Most digits.
        most: usize,
        /// Digits given.
        found: usize,
    },
    /// The file's bytes are not of this form.
    #[error("the file is no {0}")]
    File(&'static str),
}

/// ADM1 of the SIMs we make. TEST KEY: whoever reads this may write their files.
pub const TEST_ADM: [u8; 8] = *b"00000000";

/// Text that is no CHV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a CHV has 4 to 8 digits")]
pub struct NoChv;

impl crate::Fault for NoChv {
    fn code(&self) -> &str {
        "no-chv"
    }
}

/// A CHV, or an unblocking code, as a SIM takes it: ASCII digits, filled up with FF [TS 51.011 9.3].
pub fn chv(digits: &str) -> Result<[u8; 8], NoChv> {
    let fits = (4..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !fits {
        return Err(NoChv);
    }
    let mut chv = [0xFF; 8];
    chv[..digits.len()].copy_from_slice(digits.as_bytes());
    Ok(chv)
}

fn digits(what: &'static str, text: &str, least: usize, most: usize) -> Result<(), ImsiError> {
    if let Some((i, found)) = text.chars().enumerate().find(|(_, c)| !c.is_ascii_digit()) {
        return Err(ImsiError::Digit { what, place: i + 1, found });
    }
    if text.len() < least || text.len() > most {
        return Err(ImsiError::Length { what, least, most, found: text.len() });
    }
    Ok(())
}

/// EF_IMSI content: length, then the digits with a parity nibble (9 odd, 1 even) in front [TS 51.011 10.3.2].
pub fn imsi_file(imsi: &str) -> Result<[u8; 9], ImsiError> {
    digits("an IMSI", imsi, 6, 15)?;
    let odd = imsi.len() % 2 == 1;
    let mut nibbles = String::from(if odd { "9" } else { "1" });
    nibbles.push_str(imsi);
    let packed = bcd::swapped(&nibbles);
    let mut file = [0xFF; 9];
    file[0] = packed.len() as u8; // at most 8
    file[1..=packed.len()].copy_from_slice(&packed);
    Ok(file)
}

/// The digits of an EF_IMSI.
pub fn imsi_digits(file: &[u8]) -> Result<String, ImsiError> {
    let (len, rest) = file.split_first().ok_or(ImsiError::File("EF_IMSI"))?;
    let body = rest.get(..usize::from(*len)).ok_or(ImsiError::File("EF_IMSI"))?;
    let mut text = bcd::unswapped(body).ok_or(ImsiError::File("EF_IMSI"))?;
    if text.is_empty() {
        return Err(ImsiError::File("EF_IMSI"));
    }
    let parity = text.remove(0);
    let fits = matches!((parity, text.len() % 2), ('9', 1) | ('1', 0)) && !text.is_empty();
    if fits { Ok(text) } else { Err(ImsiError::File("EF_IMSI")) }
}

/// EF_ICCID content: 10 bytes of swapped digits, F-filled [TS 51.011 10.1.1].
pub fn iccid_file(iccid: &str) -> Result<[u8; 10], ImsiError> {
    digits("an ICCID", iccid, 18, 20)?;
    let mut file = [0xFF; 10];
    let packed = bcd::swapped(iccid);
    file[..packed.len()].copy_from_slice(&packed);
    Ok(file)
}

/// The digits of an EF_ICCID.
pub fn iccid_digits(file: &[u8]) -> Result<String, ImsiError> {
    let text = bcd::unswapped(file).ok_or(ImsiError::File("EF_ICCID"))?;
    if text.is_empty() { Err(ImsiError::File("EF_ICCID")) } else { Ok(text) }
}

/// EF_MSISDN record of `len` bytes for an international number of 1 to 20 digits, no alpha identifier
/// [TS 51.011 10.5.5].
pub fn msisdn_record(number: &str, len: usize) -> Result<Vec<u8>, ImsiError> {
    let number = number.trim_start_matches('+');
    digits("an MSISDN", number, 1, 20)?;
    if len < 14 {
        return Err(ImsiError::File("EF_MSISDN"));
    }
    let mut record = alloc::vec![0xFF; len];
    let packed = bcd::swapped(number);
    let at = len - 14;
    record[at] = packed.len() as u8 + 1; // at most 11
    record[at + 1] = 0x91;
    record[at + 2..at + 2 + packed.len()].copy_from_slice(&packed);
    Ok(record)
}

/// The number of an EF_MSISDN record, with its plus sign; `None` when the record is empty or malformed.
pub fn msisdn_digits(record: &[u8]) -> Option<String> {
    let tail = record.last_chunk::<14>()?;
    let len = usize::from(tail[0]).checked_sub(1).filter(|len| *len <= 10)?;
    let digits = bcd::unswapped(&tail[2..2 + len])?;
    let plus = if tail[1] & 0x70 == 0x10 { "+" } else { "" };
    Some(alloc::format!("{plus}{digits}"))
}

/// Start of the AID of every USIM application: registered provider 3GPP, code of the USIM.
pub const USIM_AID: [u8; 7] = [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02];
/// Short identifier of EF_IMSI in a USIM application.
pub const SFI_IMSI: u8 = 0x07;

/// EF_GRID content.
pub const fn grid_file(state: State) -> [u8; 2] {
    [state.code(), 0x01]
}

impl crate::Fault for ImsiError {
    fn code(&self) -> &str {
        match self {
            ImsiError::Digit { .. } => "imsi-digit",
            ImsiError::Length { .. } => "imsi-length",
            ImsiError::File(_) => "imsi-file",
        }
    }
}
