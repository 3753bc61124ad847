//! One component: 16 bytes that one custodian knows.

use super::error::CeremonyError;
use keys::{Key, Suite, Zeroizing};
use scheme::numbers::CheckValue;
use std::fmt;
use wire::typed;

/// Bytes of a component.
pub const LEN: usize = 16;

/// A component of the province's secret. Wiped when dropped, never shown by `Debug`.
pub struct Component {
    value: Zeroizing<[u8; LEN]>,
    check_value: CheckValue,
}

impl Component {
    /// A fresh component for a rehearsal or for a custodian's envelope. `entropy` must come from a source fit
    /// for keys; it is used as it is, so the same bytes give the same component.
    ///
    /// Returns `None` for all zeros: the source is dead.
    pub fn from_entropy(suite: Suite, entropy: Zeroizing<[u8; LEN]>) -> Option<Self> {
        if keys::equal(&*entropy, &[0; LEN]) {
            return None;
        }
        let check_value = CheckValue(Key::from_16(suite, *entropy).kcv());
        Some(Component { value: entropy, check_value })
    }

    /// Reads what custodian `number` typed: 32 hexadecimal digits; what [`typed::counted`] leaves out is
    /// ignored. Errors carry the number and the place of the fault, counted in digits.
    pub fn parse(suite: Suite, number: u8, typed: &str) -> Result<Self, CeremonyError> {
        let mut value = Zeroizing::new([0; LEN]);
        let mut count = 0;
        for c in typed::counted(typed) {
            let digit = c.to_digit(16).ok_or(CeremonyError::NotHex { number, digit: count + 1, found: c })?;
            if let Some(byte) = value.get_mut(count / 2) {
                *byte = (*byte << 4) | digit as u8; // below 16
            }
            count += 1;
        }
        if count != 2 * LEN {
            return Err(CeremonyError::Length { number, found: count });
        }
        Component::from_entropy(suite, value).ok_or(CeremonyError::AllZero { number })
    }

    /// The check value under the suite of the ceremony.
    pub const fn check_value(&self) -> CheckValue {
        self.check_value
    }

    /// The text for the custodian's paper: eight groups of four digits. Wiped when dropped; whoever calls
    /// this answers for where it is printed.
    pub fn written(&self) -> Zeroizing<String> {
        grouped(&*self.value)
    }

    /// Constant-time comparison.
    pub(super) fn same_as(&self, other: &Component) -> bool {
        keys::equal(&*self.value, &*other.value)
    }

    pub(super) fn xor_into(&self, secret: &mut [u8; LEN]) {
        for (byte, mine) in secret.iter_mut().zip(self.value.iter()) {
            *byte ^= mine;
        }
    }
}

/// Bytes for a paper: groups of four digits. Wiped when dropped.
pub(super) fn grouped(bytes: &[u8]) -> Zeroizing<String> {
    // Reserved at once: growing would leave copies of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len() + bytes.len() / 2));
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 && i % 2 == 0 {
            text.push(' ');
        }
        for nibble in [byte >> 4, byte & 0x0F] {
            text.push(char::from(b"0123456789ABCDEF"[usize::from(nibble)]));
        }
    }
    text
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Component(check value {})", self.check_value)
    }
}
