//! Messages of a SIM as files: what crosses between bank, phone and bank. The first line is the EF_SMS record, 352
//! hexadecimal digits, or the two of a signed order or receipt, 704; lines of `name value` after it say which SIM an order is for, or a receipt came from.

use crate::home::files;
use crate::trouble::Result;
use crate::trouble::refused;
use scheme::order::SimBinding;
use std::path::Path;
use wire::sms::record::{RECORD_LEN, Records};
use wire::typed;

/// What a file says of a SIM. It is not secret and proves nothing; it saves work and mistakes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SimNote {
    /// The SIM's ICCID.
    pub iccid: Option<String>,
    /// The SIM binding of an order [docs/specs/purchase.md 1].
    pub binding: Option<SimBinding>,
    /// Which copy of an order's record it is: none of what was handed out first.
    pub copy: Option<u32>,
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The record, or both.
    pub record: Records,
    /// The SIM it is for or from.
    pub sim: SimNote,
}

/// Writes a record file.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, message: &Message) -> Result<()> {
    files::write(path, text(message).as_bytes())
}

/// What stands in a record file.
pub fn text(message: &Message) -> String {
    let Message { record, sim } = message;
    let mut text = line(record);
    if let Some(iccid) = &sim.iccid {
        text.push_str(&format!("iccid {iccid}\n"));
    }
    if let Some(binding) = &sim.binding {
        text.push_str(&format!("binding {}\n", hex::encode_upper(binding.0)));
    }
    if let Some(copy) = sim.copy {
        text.push_str(&format!("copy {copy}\n"));
    }
    text
}

/// What stands in the first line of a record file.
pub fn line(record: &Records) -> String {
    format!("{}\n", hex::encode_upper(record))
}

/// Reads a record file; lines of other names are passed over.
///
/// # Errors
/// It is not there, or is no such file.
pub fn read(path: &Path) -> Result<Message> {
    parse(&files::read_text(path)?, path)
}

/// As [`read`], of what stands in such a file; `path` names it in errors.
///
/// # Errors
/// It is no such text.
pub fn parse(text: &str, path: &Path) -> Result<Message> {
    let mut lines = typed::unmarked(text).trim().lines();
    let first = lines.next().unwrap_or_default();
    let bytes = typed::bytes(first).map_err(|error| {
        refused(format!("{} is not a line of hexadecimal digits: {error}", path.display()))
    })?;
    let found = bytes.len();
    let record = Records::parse(&bytes).ok_or_else(|| {
        refused(format!("{} holds {found} bytes; a message record of a SIM has {RECORD_LEN}", path.display()))
    })?;
    let mut sim = SimNote::default();
    for (name, value) in lines.filter_map(|line| line.trim().split_once(' ')) {
        match name {
            "iccid" => sim.iccid = Some(value.to_owned()),
            "binding" => {
                let wrong = |why| refused(format!("{}: {value:?} is no SIM binding: {why}", path.display()));
                let bytes = typed::bytes(value).map_err(|error| wrong(error.to_string()))?;
                let eight = <[u8; 8]>::try_from(bytes);
                let eight = eight.map_err(|other| wrong(format!("{} bytes instead of 8", other.len())))?;
                sim.binding = Some(SimBinding(eight));
            }
            _ => {}
        }
    }
    Ok(Message { record, sim })
}
