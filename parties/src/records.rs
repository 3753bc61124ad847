//! Messages of a SIM as files: those of [`scheme::record_file`], written and read where they lie.

use crate::home::files;
use crate::trouble::Result;
use crate::trouble::refused;
use scheme::record_file::Message;
use std::path::Path;

/// Writes a record file.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, message: &Message) -> Result<()> {
    files::write(path, message.to_text().as_bytes())
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
    Message::from_text(text).map_err(|error| refused(format!("{}: {error}", path.display())).into())
}
