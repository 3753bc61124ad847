//! Formal keys for an ESAM that is still in test state, to wait on a key card until its meter meets it
//! [docs/specs/production-cards.md 6].
//!
//! Each key is sealed for one chip and one number, under the key that chip was born with or under the own master that leaves so: whoever
//! holds the card holds nothing that another chip opens.

use crate::headers;
use crate::pairing;
use crate::source::{Current, KeySource, SourceError, Target};
use crate::words::role;
use scheme::fault::{Fault, Hint};
use scheme::field::KEY_BLOCK;
use scheme::numbers::{MeterNumber, RegionCode, Serial};
use scheme::order::Serial8;
use scheme::production::{KeySet, KeysAre};
use scheme::profile::{CardKind, ESAM_KEYS, Recipient};

/// Why there are no keys for an ESAM.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// The source gave no key.
    #[error("{}: {source}", role(*code))]
    Key {
        /// Role code of the key.
        code: u8,
        /// Why.
        source: SourceError,
    },
    /// The source gave another form than was asked for.
    #[error("{}: the issuing card gave {found} byte(s), a sealed key has {KEY_BLOCK}", role(*code))]
    Form {
        /// Role code of the key.
        code: u8,
        /// Bytes there were.
        found: usize,
    },
    /// Nor for its meter's MCU.
    #[error(transparent)]
    Pairing(#[from] pairing::PairingError),
}

impl Fault for KeySetError {
    fn hint(&self) -> Hint {
        match self {
            KeySetError::Key { source, .. } => source.hint(),
            KeySetError::Form { .. } => {
                Some("its program is of an older make: use a newer issuing card".into())
            }
            KeySetError::Pairing(error) => error.hint(),
        }
    }

    fn code(&self) -> &str {
        match self {
            KeySetError::Key { source, .. } => source.code(),
            KeySetError::Form { .. } => "key-set-form",
            KeySetError::Pairing(error) => error.code(),
        }
    }
}

/// The keys of an ESAM in test state, sealed, with the pairing of its meter's MCU. It counts like a card that is made.
///
/// # Errors
/// The source gives none: it is of test keys, spent, or lost.
pub fn key_set(
    source: &mut dyn KeySource,
    serial: Serial,
    number: MeterNumber,
    region: RegionCode,
) -> Result<KeySet, KeySetError> {
    let mut keys = [[0; KEY_BLOCK]; KeySet::KEYS];
    for (row, key) in ESAM_KEYS.iter().zip(&mut keys) {
        let code = row.role;
        // Of which version its test keys are does not matter: nothing leaves under them.
        let master = if code == 0 { Current::Test(1) } else { Current::Own };
        let target = Target {
            recipient: Recipient::Card(CardKind::Esam),
            master,
            test_keys: false,
            version: None,
            serial: serial.0,
            number: number.0,
            region: region.0,
        };
        // What is sealed so is bound to the chip, and to no challenge of it.
        let sealed = source.export_key(&target, code, [0; 8], headers::load_formal(row));
        let sealed = sealed.map_err(|source| KeySetError::Key { code, source })?;
        *key = sealed[..].try_into().map_err(|_| KeySetError::Form { code, found: sealed.len() })?;
    }
    let file = pairing::make(source, number.into(), region, &[])?;
    let mut fields = file.keys.into_iter().map(|key| key.field);
    let pairing = [fields.next().unwrap_or_default(), fields.next().unwrap_or_default()];
    Ok(KeySet { serial: Serial8(serial.0), number, are: KeysAre::Waiting, keys, pairing })
}
