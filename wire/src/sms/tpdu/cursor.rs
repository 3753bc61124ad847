//! The bytes of a message being read.

use alloc::vec::Vec;

use super::error::TpduError;
use super::field::Field;
use super::note::{Note, Oddity};

/// The bytes being read, how far, and what was odd about them.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) notes: Vec<Note>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, notes: Vec::new() }
    }

    pub(super) fn note(&mut self, field: Field, offset: usize, oddity: Oddity) {
        self.notes.push(Note { field, offset, oddity });
    }

    /// What is left, as much of it as `most`.
    pub(super) fn take_up_to(&mut self, most: usize) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..most).unwrap_or(rest);
        self.at += taken.len();
        taken
    }

    pub(super) fn take(&mut self, field: Field, count: usize) -> Result<&'a [u8], TpduError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or(TpduError::Truncated {
            field,
            offset: self.at,
            needed: count,
            left: rest.len(),
        })?;
        self.at += count;
        Ok(taken)
    }

    pub(super) fn byte(&mut self, field: Field) -> Result<u8, TpduError> {
        Ok(self.array::<1>(field)?[0])
    }

    pub(super) fn array<const N: usize>(&mut self, field: Field) -> Result<[u8; N], TpduError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(field, N)?);
        Ok(out)
    }
}
