//! What is written onto a card of production [docs/specs/production-cards.md 2], formal keys for ESAMs in test state among it, which wait
//! there until their meters meet the card.
//!
//! Each key is sealed for one chip and one number, under the key that chip was born with or under the own master that leaves so: whoever
//! holds the card holds nothing that another chip opens.

use crate::headers;
use crate::pairing;
use crate::source::{Current, KeySource, SourceError, Target};
use crate::words::role;
use reader::driver::production_card::ProductionCard;
use reader::error::CardError;
use scheme::fault::{Fault, Hint};
use scheme::field::KEY_BLOCK;
use scheme::money::Fen;
use scheme::numbers::{MeterNumber, RegionCode, Serial};
use scheme::order::Serial8;
use scheme::production::{KeyInformation, KeySet, KeysAre, NumberRange, Preset};
use scheme::profile::{CardKind, ESAM_KEYS, Fid, Recipient, State, production_file};
use wire::channel::Channel;

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
    fn kind(&self) -> scheme::Kind {
        match self {
            KeySetError::Key { source, .. } => source.kind(),
            KeySetError::Form { .. } => scheme::Kind::Refused,
            KeySetError::Pairing(error) => error.kind(),
        }
    }

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

/// Files of a production card, and what is to stand in them, in the order in which they are written. The information comes last.
pub type Files = Vec<(Fid, Vec<u8>)>;

/// Bytes of the files 01 and 02.
const SMALL: usize = 0x20;

/// Of a number card that has given none.
pub fn number_files(range: &NumberRange) -> Files {
    let mut next = vec![0; SMALL];
    next[NumberRange::RESERVED..].copy_from_slice(&range.first.0);
    // No line of a range that was on the card before.
    let lines = vec![0; NumberRange::MOST as usize * NumberRange::LINE];
    vec![
        (production_file::RECORDS, lines),
        (production_file::RETURN, next),
        (production_file::INFORMATION, range.to_bytes().to_vec()),
    ]
}

/// Of a preset card.
pub fn preset_files(preset: &Preset, amount: Fen) -> Files {
    let purse = [amount.0.to_be_bytes(), [0; 4]].concat();
    vec![(production_file::PURSE, purse), (production_file::INFORMATION, preset.to_bytes().to_vec())]
}

/// Of a key card that may load so many ESAMs.
pub fn key_files(sets: &[KeySet], version: u8, left: u32) -> Files {
    let mut records: Vec<u8> = sets.iter().flat_map(KeySet::to_bytes).collect();
    // Behind the last set none of an earlier writing.
    records.resize(KeySet::MOST * KeySet::LEN, 0);
    let mut counter = vec![0; SMALL];
    counter[..4].copy_from_slice(&left.to_be_bytes());
    let information = KeyInformation { state: State::Formal, count: KeySet::KEYS as u8, version };
    vec![
        (production_file::RECORDS, records),
        (production_file::RETURN, counter),
        (production_file::INFORMATION, information.to_bytes().to_vec()),
    ]
}

/// Why a card was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The card, or its channel.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The source did not prove the card's own master.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl Fault for WriteError {
    fn kind(&self) -> scheme::Kind {
        match self {
            WriteError::Card(error) => error.kind(),
            WriteError::Source(error) => error.kind(),
        }
    }

    fn hint(&self) -> Hint {
        match self {
            WriteError::Card(error) => error.hint(),
            WriteError::Source(error) => error.hint(),
        }
    }

    fn code(&self) -> &str {
        match self {
            WriteError::Card(error) => error.code(),
            WriteError::Source(error) => error.code(),
        }
    }
}

/// Proves the card's own master and writes. While it is written the card brings nothing, so one that was torn brings nothing either.
///
/// # Errors
/// It is no finished production card; the source is not its city's; the channel.
pub fn write(
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
    files: &[(Fid, Vec<u8>)],
) -> Result<(), WriteError> {
    let mut card = ProductionCard::new(channel);
    let (info, serial) = card.open()?;
    let challenge = card.basics().challenge8()?;
    let cryptogram = source.authenticate_target(&Target::finished(serial.0, &info), challenge)?;
    card.prove_master(&cryptogram)?;
    card.select()?;
    card.write(production_file::INFORMATION, &[0; SMALL])?;
    for (fid, bytes) in files {
        card.write(*fid, bytes)?;
    }
    Ok(())
}
