//! Words of the inspection of finished cards.

use crate::source::SourceError;
use keys::Role;
use reader::error::{CardError, tries_words};
use scheme::fault::{Fault, Hint};
use scheme::numbers::{DeviceNumber, Serial};

/// What a card must refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// ERASE DF.
    Erasure,
    /// WRITE KEY in clear over the card's own master.
    PlainKey,
    /// WRITE KEY in clear of a PIN beside its own.
    NewPin,
    /// UPDATE BINARY of card information.
    CardInformation,
    /// UPDATE BINARY of the account in an ESAM's parameters.
    Account,
    /// CREATE FILE.
    NewFile,
    /// UPDATE RECORD of the purse.
    Purse,
    /// EXTERNAL AUTHENTICATE with a wrong cryptogram.
    Cryptogram,
    /// A sealed WRITE KEY.
    SealedKey,
}

impl Refusal {
    /// The command's name.
    pub const fn step(self) -> &'static str {
        match self {
            Refusal::Erasure => "ERASE DF",
            Refusal::PlainKey | Refusal::NewPin | Refusal::SealedKey => "WRITE KEY",
            Refusal::CardInformation | Refusal::Account => "UPDATE BINARY",
            Refusal::NewFile => "CREATE FILE",
            Refusal::Purse => "UPDATE RECORD",
            Refusal::Cryptogram => "EXTERNAL AUTHENTICATE",
        }
    }

    /// What it is, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Refusal::Erasure => "the end of all its files",
            Refusal::PlainKey => "a key in clear",
            Refusal::NewPin => "a PIN beside its own",
            Refusal::CardInformation => "other card information",
            Refusal::Account => "an account that no order opened",
            Refusal::NewFile => "a new file",
            Refusal::Purse => "a balance written into its purse",
            Refusal::Cryptogram => "a wrong cryptogram",
            Refusal::SealedKey => "a sealed key",
        }
    }
}

/// Why a finished card is not good.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The card failed or refused.
    #[error("inspection: {0}")]
    Card(#[from] CardError),
    /// The key source failed or refused.
    #[error("inspection: key source: {0}")]
    Source(#[from] SourceError),
    /// Another chip.
    #[error("inspection: another chip than {wanted} stands in the slot")]
    OtherCard {
        /// The chip that was issued.
        wanted: Serial,
    },
    /// Card information is not that of the card that was issued.
    #[error("inspection: the card does not say that it is {number}")]
    NotThisCard {
        /// The number that was issued.
        number: DeviceNumber,
    },
    /// It took what it must refuse.
    #[error("inspection: the card took {}", what.words())]
    Took {
        /// What it took.
        what: Refusal,
    },
    /// A wrong cryptogram locked it.
    #[error("inspection: one wrong cryptogram locked the card")]
    Locked,
    /// It does not take its own master key.
    #[error("inspection: the card did not accept its own master key; {}", tries_words(*tries))]
    Authentication {
        /// Tries left.
        tries: u8,
    },
    /// A key changed although every attempt was refused.
    #[error("inspection: the key {} changed under commands the card refused", role.name())]
    Changed {
        /// The key.
        role: Role,
    },
}

impl InspectError {
    /// Whether card, reader or source went away, rather than the card being bad.
    pub const fn is_interruption(&self) -> bool {
        matches!(self, InspectError::Card(CardError::Channel { .. }) | InspectError::Source(_))
    }
}

impl Fault for InspectError {
    fn hint(&self) -> Hint {
        Some(match self {
            InspectError::Card(CardError::Channel { .. }) => {
                "put the same card back and run the same command again"
            }
            InspectError::Source(error) => return error.hint(),
            _ => {
                "the card is scrap: destroy it; when several say the same, the chips or their keys are not what they should be"
            }
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            InspectError::Card(_) => "inspect-card",
            InspectError::Source(error) => error.code(),
            InspectError::OtherCard { .. } => "inspect-other-card",
            InspectError::NotThisCard { .. } => "inspect-not-this-card",
            InspectError::Took { .. } => "inspect-took",
            InspectError::Locked => "inspect-locked",
            InspectError::Authentication { .. } => "inspect-authentication",
            InspectError::Changed { .. } => "inspect-changed",
        }
    }
}
