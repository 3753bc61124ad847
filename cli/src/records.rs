//! EF_SMS records as files: what crosses between bank, phone and bank. One line of 352 hexadecimal digits.

use crate::fail::refused;
use crate::home;
use anyhow::Result;
use std::path::Path;
use wire::sms::record::RECORD_LEN;

/// Writes a record file.
pub fn write(path: &Path, record: &[u8; RECORD_LEN]) -> Result<()> {
    home::write(path, line(record).as_bytes())
}

/// What stands in a record file.
pub fn line(record: &[u8; RECORD_LEN]) -> String {
    format!("{}\n", hex::encode_upper(record))
}

/// Reads a record file.
pub fn read(path: &Path) -> Result<[u8; RECORD_LEN]> {
    let text = home::read_text(path)?;
    let bytes = hex::decode(text.trim()).map_err(|error| {
        refused(format!("{} is not a line of hexadecimal digits: {error}", path.display()))
    })?;
    let found = bytes.len();
    bytes.try_into().map_err(|_| {
        refused(format!("{} holds {found} bytes; a message record of a SIM has {RECORD_LEN}", path.display()))
            .into()
    })
}
