//! What SELECT and STATUS of class A0 answer [docs/specs/sim.md].

use crate::error::CardError;
use scheme::profile::Fid;

/// What was selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selected {
    /// A directory, with the state of the codes.
    Dir(DirAnswer),
    /// A file.
    File(FileAnswer),
}

/// State of one code: CHV or its unblock code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeState {
    /// The code exists on this SIM.
    pub initialised: bool,
    /// Tries left; 0 is blocked.
    pub tries: u8,
}

impl CodeState {
    const fn of(byte: u8) -> Self {
        CodeState { initialised: byte & 0x80 != 0, tries: byte & 0x0F }
    }
}

/// Answer for the MF or a DF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirAnswer {
    /// The directory.
    pub fid: Fid,
    /// CHV1 must be given before files that ask for it.
    pub chv1_enabled: bool,
    /// State of CHV1.
    pub chv1: CodeState,
    /// State of the unblock code of CHV1.
    pub unblock1: CodeState,
    /// State of CHV2.
    pub chv2: CodeState,
    /// State of the unblock code of CHV2.
    pub unblock2: CodeState,
}

/// Structure of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// One run of bytes.
    Transparent,
    /// Records of one length.
    LinearFixed,
    /// Records of one length, the newest first.
    Cyclic,
}

/// Answer for an EF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileAnswer {
    /// The file.
    pub fid: Fid,
    /// Body in bytes.
    pub size: u16,
    /// Structure.
    pub structure: Structure,
    /// Length of a record in bytes, 0 for a transparent file.
    pub record_len: u8,
    /// Access condition of READ: 0 always, 1 CHV1, 2 CHV2, 4 to E administrative, F never.
    pub read: u8,
    /// Access condition of UPDATE, likewise.
    pub update: u8,
    /// The file is not invalidated.
    pub valid: bool,
}

impl FileAnswer {
    /// Records in the file, 0 for a transparent one.
    pub fn records(&self) -> u8 {
        match self.record_len {
            0 => 0,
            len => u8::try_from(self.size / u16::from(len)).unwrap_or(u8::MAX),
        }
    }
}

impl Selected {
    /// Reads the data of the answer; `step` is named in errors. Bytes behind those the standard defines are the operator's
    /// and ignored.
    pub fn parse(step: &'static str, data: &[u8]) -> Result<Self, CardError> {
        let short =
            || CardError::malformed(step, format!("an answer of {} byte(s) is too short", data.len()));
        let byte = |at: usize| data.get(at).copied().ok_or_else(short);
        let word = |at: usize| Ok::<u16, CardError>(u16::from_be_bytes([byte(at)?, byte(at + 1)?]));
        let fid = Fid(word(4)?);
        match byte(6)? {
            0x01 | 0x02 => Ok(Selected::Dir(DirAnswer {
                fid,
                chv1_enabled: byte(13)? & 0x80 == 0,
                chv1: CodeState::of(byte(18)?),
                unblock1: CodeState::of(byte(19)?),
                chv2: CodeState::of(byte(20)?),
                unblock2: CodeState::of(byte(21)?),
            })),
            0x04 => {
                let structure = match byte(13)? {
                    0x00 => Structure::Transparent,
                    0x01 => Structure::LinearFixed,
                    0x03 => Structure::Cyclic,
                    other => {
                        return Err(CardError::malformed(
                            step,
                            format!("unknown file structure {other:02X}"),
                        ));
                    }
                };
                // QUIRK(short answers): some SIMs leave the record length of a transparent file out.
                let record_len = if structure == Structure::Transparent { 0 } else { byte(14)? };
                Ok(Selected::File(FileAnswer {
                    fid,
                    size: word(2)?,
                    structure,
                    record_len,
                    read: byte(8)? >> 4,
                    update: byte(8)? & 0x0F,
                    valid: byte(11)? & 0x01 != 0,
                }))
            }
            other => Err(CardError::malformed(step, format!("unknown file type {other:02X}"))),
        }
    }
}
