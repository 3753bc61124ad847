//! Words of the key store.

use super::cost::Cost;
use scheme::fault::{Fault, Hint};

/// Why a key store was not made, read or opened. Nothing here carries a passphrase or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyStoreError {
    /// No such custodians.
    #[error(
        "{threshold} of {total} custodians cannot be: 2 to 15 custodians, of whom 2 to all open the store"
    )]
    Shape {
        /// Custodians that open it.
        threshold: u8,
        /// Custodians.
        total: u8,
    },
    /// A name that cannot stand in the file.
    /// It is not quoted: somebody may have typed a passphrase there.
    #[error("that is no name of a custodian: 1 to 32 bytes, no blanks around it")]
    Name,
    /// Two custodians of one name.
    #[error("there are two custodians {name}")]
    NameTwice {
        /// The name.
        name: String,
    },
    /// Not a custodian of this store.
    /// It is not quoted: somebody may have typed a passphrase there.
    #[error("this key store has no custodian of the name that was given")]
    NoCustodian,
    /// The custodian is here already.
    #[error("{name} has opened already: another custodian is needed")]
    Already {
        /// The name.
        name: String,
    },
    /// A passphrase that is too short.
    #[error("a passphrase has at least {least} characters, this has {found}")]
    PassphraseShort {
        /// Least.
        least: usize,
        /// Found.
        found: usize,
    },
    /// The passphrase does not open the slot.
    #[error("the passphrase of {name} is wrong")]
    Passphrase {
        /// The custodian.
        name: String,
    },
    /// The two typings of a new passphrase differ.
    #[error("the two passphrases of {name} are not the same")]
    PassphraseDiffers {
        /// The custodian.
        name: String,
    },
    /// Not enough custodians.
    #[error("{have} of the {threshold} custodians that are needed have opened")]
    TooFew {
        /// Custodians so far.
        have: u8,
        /// Needed.
        threshold: u8,
    },
    /// The passphrases are right, the content is not what was sealed.
    #[error("the key store was changed: its seal is broken")]
    Changed,
    /// Not a key store.
    #[error("this is no key store")]
    NoStore,
    /// Another format.
    #[error("the key store is of format {found}, this program knows format 1")]
    Version {
        /// Its format.
        found: u8,
    },
    /// It ends too early.
    #[error("the key store is cut off")]
    Truncated,
    /// It goes on after its end.
    #[error("{bytes} byte(s) follow the end of the key store")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// Something in it that no program of ours writes.
    #[error("the key store holds what no program of ours writes")]
    Content,
    /// A cost out of bounds.
    #[error("the passphrase cost is out of bounds: {cost}")]
    Cost {
        /// The cost.
        cost: Cost,
    },
}

impl Fault for KeyStoreError {
    fn hint(&self) -> Hint {
        Some(
            match self {
                KeyStoreError::Passphrase { .. } => {
                    "nothing was opened; a slot that somebody changed looks the same as a wrong passphrase"
                }
                KeyStoreError::NoCustodian => "`gridcard kdc keystore show` names the custodians",
                KeyStoreError::PassphraseShort { .. } => {
                    "several words are longer and easier to keep in mind than signs"
                }
                KeyStoreError::Changed | KeyStoreError::Truncated | KeyStoreError::Trailing { .. } => {
                    "put back the copy you keep of it"
                }
                KeyStoreError::Cost { .. } => "8 MiB to 2 GiB, 1 to 64 passes, 1 to 16 lanes",
                _ => return None,
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            KeyStoreError::Shape { .. } => "keystore-shape",
            KeyStoreError::Name => "keystore-name",
            KeyStoreError::NameTwice { .. } => "keystore-name-twice",
            KeyStoreError::NoCustodian => "keystore-no-custodian",
            KeyStoreError::Already { .. } => "keystore-already",
            KeyStoreError::PassphraseShort { .. } => "keystore-passphrase-short",
            KeyStoreError::Passphrase { .. } => "keystore-passphrase",
            KeyStoreError::PassphraseDiffers { .. } => "keystore-passphrase-differs",
            KeyStoreError::TooFew { .. } => "keystore-too-few",
            KeyStoreError::Changed => "keystore-changed",
            KeyStoreError::NoStore => "keystore-none",
            KeyStoreError::Version { .. } => "keystore-version",
            KeyStoreError::Truncated => "keystore-truncated",
            KeyStoreError::Trailing { .. } => "keystore-trailing",
            KeyStoreError::Content => "keystore-content",
            KeyStoreError::Cost { .. } => "keystore-cost",
        }
    }
}
