//! BER-TLV, read strictly: one-byte tags, minimal definite lengths, nothing left over.

use alloc::vec::Vec;

/// A data object with its tag and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Tag byte.
    pub tag: u8,
    /// Value; of a constructed object its content as encoded.
    pub value: Vec<u8>,
}

/// Why bytes are not a sequence of data objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// The object at this offset is cut, or its length is not the shortest form.
    #[error("no well-formed data object at offset {0}")]
    Malformed(usize),
    /// A tag of more than one byte.
    #[error("the tag at offset {0} has more than one byte; ours have one")]
    LongTag(usize),
    /// Bytes after the only object there should be.
    #[error("{0} byte(s) follow the data object")]
    Trailing(usize),
    /// Another tag than the one that should stand here.
    #[error("the data object has tag {found:02X}, it should be {wanted:02X}")]
    Tag {
        /// The tag wanted.
        wanted: u8,
        /// The tag found.
        found: u8,
    },
}

/// Reads data objects to the end of the bytes. The content of a constructed object is not looked into: the
/// depth of nesting, which the sender chooses, costs no stack.
pub fn objects(bytes: &[u8]) -> Result<Vec<Object>, TlvError> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (object, after) = first(rest, bytes.len() - rest.len())?;
        out.push(object);
        rest = after;
    }
    Ok(out)
}

/// The first data object of `bytes`, which begin at `offset` of the whole, and what follows it.
fn first(bytes: &[u8], offset: usize) -> Result<(Object, &[u8]), TlvError> {
    let malformed = TlvError::Malformed(offset);
    let (&tag, rest) = bytes.split_first().ok_or(malformed)?;
    if tag & 0x1F == 0x1F {
        return Err(TlvError::LongTag(offset));
    }
    let (len, rest) = match *rest {
        [len @ 0..=0x7F, ref rest @ ..] => (usize::from(len), rest),
        [0x81, len @ 0x80..=0xFF, ref rest @ ..] => (usize::from(len), rest),
        [0x82, hi @ 1..=0xFF, lo, ref rest @ ..] => (usize::from(u16::from_be_bytes([hi, lo])), rest),
        _ => return Err(malformed),
    };
    let (value, after) = rest.split_at_checked(len).filter(|_| tag != 0).ok_or(malformed)?;
    Ok((Object { tag, value: value.to_vec() }, after))
}

/// The content of the one object of this tag that the bytes must be.
pub fn only(bytes: &[u8], wanted: u8) -> Result<Vec<u8>, TlvError> {
    let found = *bytes.first().ok_or(TlvError::Malformed(0))?;
    if found != wanted {
        return Err(TlvError::Tag { wanted, found });
    }
    match first(bytes, 0)? {
        (object, []) => Ok(object.value),
        (_, more) => Err(TlvError::Trailing(more.len())),
    }
}

/// Appends a primitive or constructed object whose content is already encoded. Content beyond 65535 bytes
/// cannot be encoded and leaves `out` as it was; nothing of ours comes near.
pub fn push(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    match content.len() {
        len @ 0..=0x7F => out.extend_from_slice(&[tag, len as u8]),
        len @ 0x80..=0xFF => out.extend_from_slice(&[tag, 0x81, len as u8]),
        len @ 0x100..=0xFFFF => out.extend_from_slice(&[tag, 0x82, (len >> 8) as u8, len as u8]),
        _ => return,
    }
    out.extend_from_slice(content);
}
