//! The commands that reach a SIM: +CSIM carries any APDU, +CRSM reads and writes files [docs/specs/phone.md 2].

use crate::Sw;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Least bytes of a command of +CSIM: what has no P3 of its own gets 00.
const LEAST: usize = 5;

/// `+CSIM=n,"hex"` of a command APDU; n counts hexadecimal digits.
#[must_use]
pub fn csim(command: &[u8]) -> String {
    let mut command = command.to_vec();
    command.resize(command.len().max(LEAST), 0);
    format!("+CSIM={},\"{}\"", 2 * command.len(), hex::encode_upper(&command))
}

/// `+CSIM: n,"hex"` of an answer with its status word. No blank behind the comma: there are programs that know no other form.
#[must_use]
pub fn csim_answer(answer: &[u8]) -> String {
    format!("+CSIM: {},\"{}\"", 2 * answer.len(), hex::encode_upper(answer))
}

/// The answer in a line: with its prefix or without, quoted or not, capital letters or small. What the line says of its length is not
/// believed. None when the line is no such answer.
#[must_use]
pub fn read_csim(line: &str) -> Option<Vec<u8>> {
    let digits = match strip_prefix(line, "+CSIM:") {
        Some(rest) => rest.split_once(',')?.1,
        None => line,
    };
    let digits = digits.trim().trim_matches('"').trim();
    hex::decode(digits).ok().filter(|bytes| bytes.len() >= 2)
}

/// A command of +CRSM, with its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Restricted {
    /// READ BINARY: P1 P2 the offset, P3 the length.
    ReadBinary = 176,
    /// READ RECORD.
    ReadRecord = 178,
    /// GET RESPONSE: what SELECT of the file answers.
    GetResponse = 192,
    /// UPDATE BINARY.
    UpdateBinary = 214,
    /// UPDATE RECORD.
    UpdateRecord = 220,
    /// STATUS.
    Status = 242,
}

impl Restricted {
    /// The command of a number.
    #[must_use]
    pub const fn of(number: u32) -> Option<Self> {
        Some(match number {
            176 => Restricted::ReadBinary,
            178 => Restricted::ReadRecord,
            192 => Restricted::GetResponse,
            214 => Restricted::UpdateBinary,
            220 => Restricted::UpdateRecord,
            242 => Restricted::Status,
            _ => return None,
        })
    }
}

/// `+CRSM=command,file,p1,p2,p3[,"data"[,"path"]]`, numbers decimal; `path`: the identifiers of the directories, in order.
#[must_use]
pub fn crsm(command: Restricted, file: u16, [p1, p2, p3]: [u8; 3], data: &[u8], path: &[u16]) -> String {
    let mut text = format!("+CRSM={},{file},{p1},{p2},{p3}", command as u8);
    if !data.is_empty() || !path.is_empty() {
        text.push_str(&format!(",\"{}\"", hex::encode_upper(data)));
    }
    if !path.is_empty() {
        let path: String = path.iter().map(|fid| format!("{fid:04X}")).collect();
        text.push_str(&format!(",\"{path}\""));
    }
    text
}

/// `+CRSM: sw1,sw2[,"hex"]` of an answer. Without data there is no third field: empty quotes are taken for a mistake.
#[must_use]
pub fn crsm_answer(data: &[u8], sw: Sw) -> String {
    let [sw1, sw2] = sw.bytes();
    match data {
        [] => format!("+CRSM: {sw1},{sw2}"),
        data => format!("+CRSM: {sw1},{sw2},\"{}\"", hex::encode_upper(data)),
    }
}

/// Data and status word in a line; none when it is no such answer.
#[must_use]
pub fn read_crsm(line: &str) -> Option<(Vec<u8>, Sw)> {
    let mut fields = strip_prefix(line, "+CRSM:")?.splitn(3, ',').map(str::trim);
    let sw1: u8 = fields.next()?.parse().ok()?;
    let sw2: u8 = fields.next()?.parse().ok()?;
    let data = match fields.next() {
        Some(field) => hex::decode(field.trim_matches('"').trim()).ok()?,
        None => Vec::new(),
    };
    Some((data, Sw(u16::from_be_bytes([sw1, sw2]))))
}

/// What follows a prefix, whatever its case.
fn strip_prefix<'l>(line: &'l str, prefix: &str) -> Option<&'l str> {
    let found = line.get(..prefix.len())?;
    found.eq_ignore_ascii_case(prefix).then(|| &line[prefix.len()..])
}
