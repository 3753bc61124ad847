//! Files read whole.

use super::{FileAnswer, Sim, SimError, Structure};

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileContent {
    /// A transparent file.
    Bytes(Vec<u8>),
    /// Records in order; of a cyclic file the newest first.
    Records(Vec<Vec<u8>>),
}

/// Bytes one READ BINARY asks for at most.
const PIECE: u16 = 255;

impl Sim<'_> {
    /// The whole content of the current file, which `file` describes.
    pub fn read_whole(&mut self, file: &FileAnswer) -> Result<FileContent, SimError> {
        if file.structure != Structure::Transparent {
            let records = (1..=file.records()).map(|number| self.read_record(number, file.record_len));
            return Ok(FileContent::Records(records.collect::<Result<_, _>>()?));
        }
        let mut bytes = Vec::with_capacity(usize::from(file.size));
        for offset in (0..file.size).step_by(usize::from(PIECE)) {
            let len = (file.size - offset).min(PIECE) as u8; // at most 255
            bytes.extend(self.read_binary(offset, len)?);
        }
        Ok(FileContent::Bytes(bytes))
    }
}
