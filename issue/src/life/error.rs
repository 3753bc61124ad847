//! Why an ESAM did not get further in its life.

use super::LifeChange;
use crate::source::SourceError;
use keys::Suite;
use reader::error::{CardError, tries_words};
use scheme::fault::{Fault, Hint, Kind};
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardKind, State};

/// Why an ESAM did not get further in its life, or a limit was not raised.
#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    /// The PIN of the PSAM was not taken.
    #[error(transparent)]
    Pin(#[from] reader::driver::guard::PinError),
    /// The ATR ends in no serial.
    #[error("the card's ATR carries no serial")]
    NoSerial,
    /// Another kind of card.
    #[error("this card is of kind {}, an ESAM is needed", kind.name())]
    NoEsam {
        /// Its kind.
        kind: CardKind,
    },
    /// The card was retired.
    #[error("this ESAM is retired: its keys are destroyed, and nothing can be done with it")]
    Retired,
    /// The limit is for another PSAM.
    #[error("this is PSAM {found}, the limit is for PSAM {wanted}")]
    AnotherPsam {
        /// The one at hand.
        found: DeviceNumber,
        /// The one the limit is for.
        wanted: DeviceNumber,
    },
    /// The limit was sealed for a challenge the PSAM does not keep.
    #[error(
        "PSAM {number} does not wait for this limit: it has taken one since, or the limit is of an older statement"
    )]
    LimitNotExpected {
        /// The PSAM.
        number: DeviceNumber,
    },
    /// The source makes no ESAMs.
    #[error("this key source leads no ESAM through its life")]
    NoEsamSource,
    /// The source makes no such cards.
    #[error("this key source makes no {}, so it holds no master key of one", kind.name())]
    NotOurs {
        /// Kind of the card.
        kind: CardKind,
    },
    /// The card is of another city.
    #[error("the ESAM is of city {card}, the issuing card of city {own}")]
    AnotherCity {
        /// City of the ESAM.
        card: RegionCode,
        /// City of the source.
        own: RegionCode,
    },
    /// The card is of another suite.
    #[error("the ESAM is of another suite than the issuing card, which is of {}", own.name())]
    AnotherSuite {
        /// Suite of the source.
        own: Suite,
    },
    /// The card, or the source, is in the wrong state for the act.
    #[error("an ESAM in {} state {} by no issuing card in {} state", card.name(), act.words(), source_state.name())]
    WrongState {
        /// The act.
        act: LifeChange,
        /// State of the ESAM.
        card: State,
        /// State of the source.
        source_state: State,
    },
    /// The version would not rise.
    #[error("version {own:02X} is not higher than {card:02X}, which this ESAM has or had")]
    NotHigher {
        /// Version the card has, or the highest formal one it had.
        card: u8,
        /// Version of the source.
        own: u8,
    },
    /// The version the card has is none the source reaches.
    #[error("the ESAM has keys of version {card:02X}, the issuing card {}", earlier(*reaches))]
    OutOfReach {
        /// Version of the card.
        card: u8,
        /// The earlier version the source reaches.
        reaches: Option<u8>,
    },
    /// The card has keys of another version than the source.
    #[error("the ESAM has keys of version {card:02X}, the issuing card is of version {own:02X}")]
    AnotherVersion {
        /// Version of the card.
        card: u8,
        /// Version of the source.
        own: u8,
    },
    /// The card is of the older make, or has no place for staged keys.
    #[error("this ESAM is of an older make: it is read and reported, and keeps its keys")]
    OlderMake,
    /// The card lacks the key a formal own master could come under.
    #[error(
        "this ESAM does not keep the transport key it was born with: no formal key can reach it while its test keys are \
         published"
    )]
    NoBirthKey,
    /// Money would vanish.
    #[error("there are {balance} in the purse, which would vanish")]
    Money {
        /// What is in it.
        balance: Fen,
    },
    /// The last try of the master key would be spent.
    #[error("the master key of card {serial} has 1 try left; a wrong one would block the card for good")]
    LastTry {
        /// Serial of the chip.
        serial: Serial,
    },
    /// The card did not take the master key.
    #[error("the card did not accept its master key; {}", tries_words(*tries))]
    Master {
        /// Tries left.
        tries: u8,
    },
    /// Another chip stands in the slot.
    #[error("the card was swapped: serial {found} instead of {began}")]
    Swapped {
        /// Serial at the beginning.
        began: Serial,
        /// Serial now.
        found: Serial,
    },
    /// The card does not show what was done.
    #[error("the card does not show the {what} it should have now")]
    NotSeen {
        /// What is missing.
        what: &'static str,
    },
    /// The card or its reader went away in the one command that counts, or later.
    #[error("the card went away; whether its keys were switched is unknown: {0}")]
    Open(#[source] CardError),
    /// The card failed or refused.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The source failed or refused.
    #[error("key source: {0}")]
    Source(#[from] SourceError),
}

fn earlier(version: Option<u8>) -> String {
    version.map_or_else(
        || "reaches no earlier ones".to_owned(),
        |version| format!("reaches version {version:02X}"),
    )
}

impl LifeError {
    /// Whether nobody knows how far the card came: its intent stays open.
    pub fn is_open(&self) -> bool {
        matches!(
            self,
            LifeError::Open(_)
                | LifeError::Card(CardError::Channel { .. })
                | LifeError::Source(SourceError::Card(CardError::Channel { .. }))
        )
    }

    /// Tries of the card's master key left, when that is what failed.
    pub const fn tries_left(&self) -> Option<u8> {
        match self {
            LifeError::Master { tries } => Some(*tries),
            _ => None,
        }
    }

    /// The same, once the keys were switched: a card that goes away then leaves its outcome open.
    pub(crate) fn after(self) -> Self {
        match self {
            LifeError::Card(error @ CardError::Channel { .. }) => LifeError::Open(error),
            other => other,
        }
    }
}

impl Fault for LifeError {
    fn kind(&self) -> Kind {
        match self {
            LifeError::OlderMake | LifeError::NoBirthKey | LifeError::LastTry { .. } => Kind::Security,
            LifeError::Pin(error) => error.kind(),
            LifeError::Open(error) | LifeError::Card(error) => error.kind(),
            LifeError::Source(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            LifeError::AnotherCity { .. } => "use the ESAM issuing card of the ESAM's city",
            LifeError::AnotherPsam { .. } => "the file names its PSAM; put that one in",
            LifeError::LimitNotExpected { .. } => "begin anew at the city: `gridcard psam statement-request`",
            LifeError::NoEsamSource => "use the city's ESAM issuing card",
            LifeError::WrongState { .. } => {
                "a formal issuing card makes test ESAMs formal and formal ones test; a test one works on test ESAMs alone"
            }
            LifeError::NotHigher { .. } => "have the province make an issuing card of a higher version",
            LifeError::OutOfReach { .. } => {
                "have the province make an issuing card that reaches that version: --previous"
            }
            LifeError::AnotherVersion { .. } => {
                "change the ESAM's keys first, or use the issuing card of its version"
            }
            LifeError::Money { .. } => {
                "let the customer use it up, or pay it out and say --forfeit; the amount is recorded"
            }
            LifeError::LastTry { .. } => "allow it with --spend-last-try if the reason is understood",
            LifeError::Master { .. } => "the ESAM is of another province or hierarchy than the issuing card",
            LifeError::Open(_) => {
                "put the same card back and run the same command again: the card tells how far it came"
            }
            LifeError::Card(error) if error.is_gone() => {
                "put the same card back and run the same command again"
            }
            LifeError::Source(error) => return error.hint(),
            LifeError::Swapped { .. } => "leave the card in the slot until the run is over",
            LifeError::Retired | LifeError::OlderMake => "the meter needs a new ESAM",
            LifeError::NoBirthKey => "issue a formal ESAM from a blank in its place",
            _ => return None,
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            LifeError::Pin(error) => error.code(),
            LifeError::NoSerial => "life-no-serial",
            LifeError::NoEsam { .. } => "life-no-esam",
            LifeError::Retired => "life-retired",
            LifeError::AnotherPsam { .. } => "life-another-psam",
            LifeError::LimitNotExpected { .. } => "life-limit-not-expected",
            LifeError::NoEsamSource => "life-no-esam-source",
            LifeError::NotOurs { .. } => "life-not-ours",
            LifeError::AnotherCity { .. } => "life-another-city",
            LifeError::AnotherSuite { .. } => "life-another-suite",
            LifeError::WrongState { .. } => "life-wrong-state",
            LifeError::NotHigher { .. } => "life-not-higher",
            LifeError::OutOfReach { .. } => "life-out-of-reach",
            LifeError::AnotherVersion { .. } => "life-another-version",
            LifeError::OlderMake => "life-older-make",
            LifeError::NoBirthKey => "life-no-birth-key",
            LifeError::Money { .. } => "life-money",
            LifeError::LastTry { .. } => "life-last-try",
            LifeError::Master { .. } => "life-master",
            LifeError::Swapped { .. } => "life-swapped",
            LifeError::NotSeen { .. } => "life-not-seen",
            LifeError::Open(error) => error.code(),
            LifeError::Card(error) => error.code(),
            LifeError::Source(error) => error.code(),
        }
    }
}
