//! BER-TLV, read strictly: one-byte tags, minimal definite lengths, nothing left over.

use alloc::vec::Vec;
use iso7816_tlv::ber::{Tlv, Value};

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

/// Reads data objects to the end of the bytes.
pub fn objects(bytes: &[u8]) -> Result<Vec<Object>, TlvError> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(tag) = rest.first() {
        let offset = bytes.len() - rest.len();
        if tag & 0x1F == 0x1F {
            return Err(TlvError::LongTag(offset));
        }
        let (parsed, after) = Tlv::parse(rest);
        let object = parsed.map_err(|_| TlvError::Malformed(offset))?;
        // The library takes longer forms of a length; encoding again shows them.
        let taken = &rest[..rest.len() - after.len()];
        if object.to_vec() != taken {
            return Err(TlvError::Malformed(offset));
        }
        let head = taken.len() - content_len(&object);
        out.push(Object { tag: *tag, value: taken[head..].to_vec() });
        rest = after;
    }
    Ok(out)
}

fn content_len(object: &Tlv) -> usize {
    match object.value() {
        Value::Primitive(bytes) => bytes.len(),
        Value::Constructed(inner) => inner.iter().map(|tlv| tlv.to_vec().len()).sum(),
    }
}

/// The content of the one object of this tag that the bytes must be.
pub fn only(bytes: &[u8], wanted: u8) -> Result<Vec<u8>, TlvError> {
    let found = *bytes.first().ok_or(TlvError::Malformed(0))?;
    if found != wanted {
        return Err(TlvError::Tag { wanted, found });
    }
    let mut all = objects(bytes)?.into_iter();
    match (all.next(), all.next()) {
        (Some(object), None) => Ok(object.value),
        (Some(object), Some(_)) => Err(TlvError::Trailing(bytes.len() - object.value.len() - 2)),
        (None, _) => Err(TlvError::Malformed(0)),
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
