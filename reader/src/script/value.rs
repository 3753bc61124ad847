//! Bytes of a script, each of which may be secret.

use keys::Zeroizing;
use std::fmt;
use std::ops::Range;

/// Bytes that remember which of them may not be shown. Joining and cutting keep the mark; what a cipher made of a
/// secret is none. `Debug` and `Display` show hex with the secret stretch replaced by its length.
#[derive(Clone, Default)]
pub struct Value {
    bytes: Zeroizing<Vec<u8>>,
    hidden: Vec<bool>,
}

impl Value {
    /// Bytes anybody may see.
    pub fn open(bytes: &[u8]) -> Self {
        Value { bytes: Zeroizing::new(bytes.to_vec()), hidden: vec![false; bytes.len()] }
    }

    /// Bytes nobody may see.
    pub fn secret(bytes: &[u8]) -> Self {
        Value { bytes: Zeroizing::new(bytes.to_vec()), hidden: vec![true; bytes.len()] }
    }

    /// The bytes themselves, for cipher and card alone.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True when a byte of it is secret.
    pub fn has_secret(&self) -> bool {
        self.hidden.contains(&true)
    }

    /// Whether the byte at a place is secret.
    pub fn is_hidden(&self, at: usize) -> bool {
        self.hidden.get(at).copied().unwrap_or(false)
    }

    /// Puts `other` behind it.
    pub fn push(&mut self, other: &Value) {
        self.bytes.extend_from_slice(&other.bytes);
        self.hidden.extend_from_slice(&other.hidden);
    }

    /// A stretch of it; `None` when it is not that long.
    pub fn cut(&self, range: Range<usize>) -> Option<Value> {
        let bytes = Zeroizing::new(self.bytes.get(range.clone())?.to_vec());
        Some(Value { bytes, hidden: self.hidden.get(range)?.to_vec() })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.hidden.iter().position(|hidden| *hidden);
        let last = self.hidden.iter().rposition(|hidden| *hidden);
        let (Some(first), Some(last)) = (first, last) else {
            return f.write_str(&hex::encode_upper(&*self.bytes));
        };
        let count = last + 1 - first;
        let before = hex::encode_upper(&self.bytes[..first]);
        let after = hex::encode_upper(&self.bytes[last + 1..]);
        let note = format!("[{count} byte{} hidden]", if count == 1 { "" } else { "s" });
        let parts = [before, note, after];
        let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        f.write_str(&parts.join(" "))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({self})")
    }
}
