//! Files of a SIM that we read and write [TS 51.011 10, docs/specs/sim.md].

use crate::fault::{Fault, Kind};
use crate::profile::{Fid, State};
use crate::subscription::PhoneNumber;
use alloc::string::String;
use keys::Zeroizing;
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

/// ADM1 of the SIMs we make. TEST KEY: whoever reads this may write their files.
pub const TEST_ADM: [u8; 8] = *b"00000000";

/// Text that is no CHV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a CHV has 4 to 8 digits")]
pub struct NoChv;

impl Fault for NoChv {
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

/// The digits of an EF_IMSI; `None` when it holds none: not written yet, or not of this form [TS 51.011 10.3.2].
///
/// Who reads is not strict: neither a parity nibble that fits the digits badly nor a filler before the end hides the number.
pub fn imsi_digits(file: &[u8]) -> Option<String> {
    let (len, rest) = file.split_first()?;
    let body =
        rest.get(..usize::from(*len)).filter(|body| !body.is_empty() && body.len() <= MOST_IMSI_BYTES)?;
    let (parity, digits) = body.split_first()?;
    let first = char::from_digit(u32::from(parity >> 4), 10)?;
    let mut text = String::from(first);
    text.push_str(&bcd::unswapped(digits)?);
    Some(text)
}

/// The characters of an EF_ICCID in their order, letters A to E included, fillers at the end left out
/// [docs/specs/sim.md, numbers]; `None` when nothing is written. That it is an [`Iccid`](crate::subscription::Iccid) is not
/// said: a card shows what it has.
pub fn iccid_digits(file: &[u8]) -> Option<String> {
    Some(bcd::unswapped_hex(file)).filter(|text| !text.is_empty())
}

/// EF_MSISDN record of `LEN` bytes, at least 14, without alpha identifier [TS 51.011 10.5.5].
pub fn msisdn_record<const LEN: usize>(number: &PhoneNumber) -> [u8; LEN] {
    const { assert!(LEN >= DIALLING, "a record has 14 bytes behind its name") };
    let mut record = [0xFF; LEN];
    let packed = bcd::swapped(number.digits()); // at most 8 bytes
    let tail = &mut record[LEN - DIALLING..];
    tail[0] = packed.len() as u8 + 1;
    tail[1] = INTERNATIONAL;
    tail[2..2 + packed.len()].copy_from_slice(&packed);
    record
}

/// The number of an EF_MSISDN record, with its plus sign; `None` when the record is empty or malformed.
pub fn msisdn_digits(record: &[u8]) -> Option<String> {
    let tail = record.last_chunk::<DIALLING>()?;
    let len = usize::from(tail[0]).checked_sub(1).filter(|len| *len <= 10)?;
    let digits = bcd::unswapped(&tail[2..2 + len])?;
    let plus = if tail[1] & 0x70 == 0x10 { "+" } else { "" };
    Some(alloc::format!("{plus}{digits}"))
}

/// Bytes of an EF_MSISDN record behind its name.
const DIALLING: usize = 14;
/// Type of an international telephone number.
const INTERNATIONAL: u8 = 0x91;
/// Most bytes of an EF_IMSI behind its length: 15 digits and the parity nibble.
const MOST_IMSI_BYTES: usize = 8;

/// K and OPc of Milenage of a test SIM: the first of the published test sets [docs/specs/sim.md, authentication]. TEST KEYS.
pub const TEST_MILENAGE: [[u8; 16]; 2] = [
    [0x46, 0x5B, 0x5C, 0xE8, 0xB1, 0x99, 0xB4, 0x9F, 0xAA, 0x5F, 0x0A, 0x2E, 0xE2, 0x38, 0xA6, 0xBC],
    [0xCD, 0x63, 0xCB, 0x71, 0x95, 0x4A, 0x9F, 0x4E, 0x48, 0xA5, 0x99, 0x4E, 0x37, 0xA0, 0x2B, 0xAF],
];

/// A text that is no pair of Milenage's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("K and OPc are two times 32 hexadecimal digits, with a blank between them")]
pub struct NoMilenage;

impl Fault for NoMilenage {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn code(&self) -> &str {
        "milenage-keys"
    }
}

/// K and OPc as they are typed or stand in a file.
///
/// # Errors
/// They are none.
pub fn milenage(text: &str) -> Result<Zeroizing<[[u8; 16]; 2]>, NoMilenage> {
    let mut keys = Zeroizing::new([[0; 16]; 2]);
    let mut words = text.split_whitespace();
    for key in keys.iter_mut() {
        hex::decode_to_slice(words.next().ok_or(NoMilenage)?, key).map_err(|_| NoMilenage)?;
    }
    if words.next().is_some() { Err(NoMilenage) } else { Ok(keys) }
}

/// Start of the AID of every USIM application: registered provider 3GPP, code of the USIM.
pub const USIM_AID: [u8; 7] = [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02];
/// Short identifier of EF_IMSI in a USIM application.
pub const SFI_IMSI: u8 = 0x07;

/// EF_GRID content.
pub const fn grid_file(state: State) -> [u8; 2] {
    [state.code(), 0x01]
}
