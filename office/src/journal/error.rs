//! Words of the journal.

use crate::store::error::StoreError;
use crate::store::items::Item;
use scheme::fault::{Fault, Hint, Kind};
use scheme::numbers::Serial;
use scheme::profile::CardKind;
use std::fmt;

/// Who has a chip or number already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The chip; `None` for what is no chip.
    pub serial: Option<Serial>,
    /// Name of its kind.
    pub kind: &'static str,
    /// The number it has or is to get.
    pub number: Option<String>,
    /// When it got there.
    pub since: String,
}

impl Claim {
    pub(crate) fn of(item: &Item) -> Self {
        Claim {
            serial: item.serial,
            kind: item.kind.name(),
            number: item.number.clone(),
            since: item.since.clone(),
        }
    }

    fn chip(&self) -> String {
        self.serial.map_or_else(|| "(none)".to_owned(), |serial| serial.to_string())
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.number {
            Some(number) => write!(f, "{} {number}", self.kind),
            None => f.write_str(self.kind),
        }
    }
}

/// Why the journal could not be kept, or what it forbids.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chip was issued before.
    #[error("the card {} was issued as {other} (on {})", other.chip(), other.since)]
    ChipIssued {
        /// What it was issued as.
        other: Box<Claim>,
    },
    /// The number was issued on another chip.
    #[error("{other} was issued on card {} (on {})", other.chip(), other.since)]
    NumberIssued {
        /// The card that has it.
        other: Box<Claim>,
    },
    /// The number was on another chip under this key version or a higher one.
    #[error(
        "number {number} was on another chip under key version {had}, and this one would have version {version}"
    )]
    NumberOfVersion {
        /// The number.
        number: String,
        /// The highest version it was issued under; 255 when the store does not know.
        had: u8,
        /// The version it would have.
        version: u8,
    },
    /// The chip is half way to another card.
    #[error("the card {} is on its way to {other} (since {})", other.chip(), other.since)]
    ChipUnderWay {
        /// What it is to become.
        other: Box<Claim>,
    },
    /// The number is under way on another chip.
    #[error("{other} is under way on card {} (since {})", other.chip(), other.since)]
    NumberUnderWay {
        /// The card that is to get it.
        other: Box<Claim>,
    },
    /// The chip was scrapped.
    #[error("the card {} was scrapped (on {})", other.chip(), other.since)]
    ChipScrapped {
        /// The chip.
        other: Box<Claim>,
    },
    /// The stock knows the chip as a blank of another kind.
    #[error("the stock has the chip {} as a blank of kind {}, not {}", other.chip(), other.kind, wanted.name())]
    ChipOfKind {
        /// The chip.
        other: Box<Claim>,
        /// The kind asked for.
        wanted: CardKind,
    },
    /// The audit log takes no line, so the outcome stays open.
    #[error(transparent)]
    Audit(#[from] crate::audit::error::AuditError),
    /// An outcome without an intent.
    #[error("no issue of card {serial} is under way")]
    NoIntent {
        /// Serial of the chip.
        serial: Serial,
    },
}

impl Fault for JournalError {
    fn kind(&self) -> Kind {
        match self {
            JournalError::Store(error) => error.kind(),
            JournalError::Audit(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(
            match self {
                JournalError::Audit(error) => return error.hint(),
                JournalError::Store(error) => return error.hint(),
                JournalError::ChipIssued { .. } | JournalError::ChipScrapped { .. } => "use a blank card",
                JournalError::NumberIssued { .. } => "give the card another number",
                JournalError::NumberOfVersion { .. } => {
                    "take an issuing card of a higher key version, or give the card another number"
                }
                JournalError::ChipUnderWay { .. } => {
                    "finish that card first, or give it up with `gridcard stock scrap`"
                }
                JournalError::NumberUnderWay { .. } => {
                    "finish the other card first, or give it up with `gridcard stock scrap`"
                }
                JournalError::ChipOfKind { .. } => "use a blank of the kind",
                JournalError::NoIntent { .. } => return None,
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            JournalError::Store(error) => error.code(),
            JournalError::ChipIssued { .. } => "journal-chip-issued",
            JournalError::NumberIssued { .. } => "journal-number-issued",
            JournalError::NumberOfVersion { .. } => "journal-number-of-version",
            JournalError::ChipUnderWay { .. } => "journal-chip-under-way",
            JournalError::NumberUnderWay { .. } => "journal-number-under-way",
            JournalError::ChipScrapped { .. } => "journal-chip-scrapped",
            JournalError::ChipOfKind { .. } => "journal-chip-of-kind",
            JournalError::Audit(error) => error.code(),
            JournalError::NoIntent { .. } => "journal-no-intent",
        }
    }
}
