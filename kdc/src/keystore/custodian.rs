//! Custodians: how many, their names, their passphrases.

use super::error::KeyStoreError;
use keys::Zeroizing;
use std::fmt;

/// Fewest and most custodians.
pub const CUSTODIANS: std::ops::RangeInclusive<u8> = 2..=15;
/// Fewest characters of a passphrase.
pub const PASSPHRASE_MIN: usize = 10;
/// Most bytes of a custodian's name.
pub const NAME_MAX: usize = 32;

/// A passphrase as its custodian typed it. Wiped when dropped, never shown.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// A passphrase for a new slot.
    ///
    /// # Errors
    /// Fewer than ten characters.
    pub fn new(typed: Zeroizing<String>) -> Result<Self, KeyStoreError> {
        let found = typed.chars().count();
        if found < PASSPHRASE_MIN {
            return Err(KeyStoreError::PassphraseShort { least: PASSPHRASE_MIN, found });
        }
        Ok(Passphrase(typed))
    }

    /// A passphrase to try; any text may be tried.
    pub const fn attempt(typed: Zeroizing<String>) -> Self {
        Passphrase(typed)
    }

    /// Constant-time comparison, for the second typing of a new passphrase.
    pub fn same_as(&self, other: &Passphrase) -> bool {
        keys::equal(self.0.as_bytes(), other.0.as_bytes())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// Whether it is a name for the prompts.
pub(super) fn check_name(name: &str) -> Result<(), KeyStoreError> {
    let printable = name.chars().all(|c| !c.is_control());
    if name.is_empty() || name.len() > NAME_MAX || name.trim() != name || !printable {
        return Err(KeyStoreError::Name);
    }
    Ok(())
}
