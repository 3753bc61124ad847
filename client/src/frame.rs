//! Frames: what carriers bring [docs/specs/client.md 1].

use alloc::vec::Vec;

/// The longest frame: that of a carrier which joins parts.
pub const FRAME_MAX: usize = 4096;
/// Type and id.
const HEAD: usize = 5;

/// What a frame is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Type {
    /// The first message of an enrolment.
    EnrolFirst = 0x11,
    /// Its answer.
    EnrolSecond = 0x12,
    /// The first message of a session.
    First = 0x21,
    /// Its answer.
    Second = 0x22,
    /// Sealed by the phone.
    FromPhone = 0x31,
    /// Sealed by the server.
    FromServer = 0x32,
    /// The first message of an enrolment in the paper's variant.
    PaperEnrolFirst = 0x41,
    /// Its answer.
    PaperEnrolSecond = 0x42,
    /// The first message of a session in the paper's variant.
    PaperFirst = 0x51,
    /// Its answer.
    PaperSecond = 0x52,
}

impl Type {
    const ALL: [Type; 10] = [
        Type::EnrolFirst,
        Type::EnrolSecond,
        Type::First,
        Type::Second,
        Type::FromPhone,
        Type::FromServer,
        Type::PaperEnrolFirst,
        Type::PaperEnrolSecond,
        Type::PaperFirst,
        Type::PaperSecond,
    ];

    /// The type of a first byte.
    pub fn of(byte: u8) -> Option<Self> {
        Type::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A frame, apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is.
    pub kind: Type,
    /// Whose.
    pub id: [u8; 4],
    /// The rest.
    pub body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads one; `None`: it is none, or longer than a frame can be.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let ([kind, id @ ..], body) = bytes.split_first_chunk::<HEAD>()?;
        let kind = Type::of(*kind).filter(|_| bytes.len() <= FRAME_MAX)?;
        Some(Frame { kind, id: *id, body })
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.body.len());
        bytes.push(self.kind as u8);
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(self.body);
        bytes
    }
}
