//! Words of key sources and pairing.

use super::{Hint, recipient, role};
use crate::ids::{DeviceNumber, RegionCode};
use crate::source::Level;
use reader::driver::guard::{Holder, PinError};
use reader::error::CardError;
use wire::profile::{CardKind, Recipient};

/// Why a source gave no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The token failed or refused.
    #[error(transparent)]
    Token(#[from] super::TokenError),
    /// The issuing card failed or refused.
    #[error("issuing card: {0}")]
    Card(#[from] CardError),
    /// The card is of a kind that holds no keys for others.
    #[error("kind {} gives no keys to other cards", .0.name())]
    NotIssuing(CardKind),
    /// The issuing card names a suite this program does not know.
    #[error("the issuing card is of an unknown cipher suite {0:02X}")]
    Suite(u8),
    /// Another kind than this source may make.
    #[error("a {} key source makes no {}", level.name(), recipient(*target))]
    MayNotMake {
        /// Level of the source.
        level: Level,
        /// Who was to receive a key.
        target: Recipient,
    },
    /// The target takes no such key.
    #[error("kind {}: it takes no key of {}", recipient(*target), role(*code))]
    Role {
        /// The target.
        target: Recipient,
        /// Role code asked for.
        code: u8,
    },
    /// The header is not one of those the target's key table allows.
    #[error("the header {} does not write the key of {} into the kind {}", hex::encode_upper(header), role(*code), recipient(*target))]
    Header {
        /// The target.
        target: Recipient,
        /// Role code asked for.
        code: u8,
        /// `84 D4 P1 id Lc` as given.
        header: [u8; 5],
    },
    /// Under the transport key, which is no secret, a card gets its own master and nothing else.
    #[error("kind {}: no key of {} leaves under a transport key", recipient(*target), role(*code))]
    UnderTransport {
        /// The target.
        target: Recipient,
        /// Role code asked for.
        code: u8,
    },
    /// The target's master key, or the hierarchy asked for, is none this source may reach.
    #[error("this source does not reach a {} in that state of its keys (P1 {p1:02X})", recipient(*target))]
    Reach {
        /// The target.
        target: Recipient,
        /// P1 of EXPORT KEY.
        p1: u8,
    },
    /// The issuing card has made as many cards as it may.
    #[error("the issuing card has made all the cards it may make: its counter is spent")]
    Spent,
    /// The province allows it no more value.
    #[error("the issuing card has granted all the value its province allows")]
    ValueSpent,
    /// An act of the province without its second officer.
    #[error("the main control card needs two officers: the second PIN is missing")]
    SecondPin,
    /// The card has one PIN: the first PSAM issuing cards were made so.
    #[error("this {} was made with one PIN: it has no supervisor's", kind.title())]
    NoSecondPin {
        /// Its kind.
        kind: CardKind,
    },
    /// A PIN was wrong, blocked, or not tried because it could have been the last time.
    #[error("{0}")]
    Pin(#[source] PinError),
    /// A city's source was asked for another city's device.
    #[error("this source is of region {own}, the target of region {asked}")]
    Region {
        /// The source's region.
        own: RegionCode,
        /// The target's region.
        asked: RegionCode,
    },
    /// A meter's MCU has no challenge and no chip serial: both are made of its number.
    #[error(
        "the challenge and serial of a meter MCU are 0000 and its number {number}, under the transport key"
    )]
    McuForm {
        /// The meter.
        number: DeviceNumber,
    },
}

impl From<PinError> for SourceError {
    /// A card that failed is a card that failed.
    fn from(error: PinError) -> Self {
        match error {
            PinError::Card(error) => SourceError::Card(error),
            error => SourceError::Pin(error),
        }
    }
}

impl Hint for SourceError {
    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            SourceError::Token(error) => return error.hint(),
            SourceError::MayNotMake { level: Level::Province, .. } => {
                "the province makes main control cards and issuing cards; PSAMs, ESAMs and meters are made by a city"
            }
            SourceError::MayNotMake { level: Level::City(_), .. } => {
                "a city's PSAM issuing card makes PSAMs, its ESAM issuing card ESAMs and meter pairings, its test issuing card test cards"
            }
            SourceError::Region { .. } => "use the issuing card of the target's city",
            SourceError::NotIssuing(_) => "put the main control card or an issuing card into the source slot",
            SourceError::Card(error) if error.is_gone() => "put the issuing card back and start again",
            SourceError::Pin(error) => return error.hint(),
            SourceError::SecondPin => {
                "let the second officer type it, or name its file with --second-pin-file"
            }
            SourceError::NoSecondPin { .. } => {
                "have the province make its city another one of the same key version (gridcard kdc issue-card), which ends what this one made; it goes on with everything else"
            }
            SourceError::ValueSpent => {
                "bring the card to the province, which raises what it may grant: `gridcard kdc limit CARD --value YUAN`"
            }
            SourceError::Spent => {
                "bring the card to the province, which raises how many it may make: `gridcard kdc limit CARD --count N`"
            }
            SourceError::Card(error) if error.sw().is_none() => return None,
            SourceError::Card(_) => "has the PIN of the issuing card been verified?",
            _ => return None,
        })
    }
}

impl Hint for PinError {
    fn hint(&self) -> Option<&'static str> {
        let secret = self.secret()?;
        Some(match (self, secret.holder) {
            (PinError::LastTry(_), _) => {
                "be sure of it, then allow its last try with --spend-last-try; whoever stands above the card can give it a new one"
            }
            (_, Holder::Psam) => "the city gives a PSAM a new PIN: gridcard psam pin unblock",
            (_, Holder::TestCard) => "the city gives a test card a new PIN: gridcard test-card pin unblock",
            (_, Holder::Issuing) => "the province gives an issuing card a new PIN: gridcard kdc pin unblock",
            (_, Holder::Province) => {
                "when no tries are left the card is blocked for good, and the key store or the shares make another"
            }
            (_, Holder::Sim) => {
                "the SIM's unblocking code (PUK) gives it a new PIN: gridcard sim pin unblock"
            }
            (_, Holder::Puk) => "when no tries are left the SIM's issuer must give the customer another one",
        })
    }
}

/// Why no pairing file was made or read.
#[derive(Debug, thiserror::Error)]
pub enum PairingError {
    /// The source gave no key.
    #[error("{}: {source}", role(*code))]
    Source {
        /// Role code of the key.
        code: u8,
        /// Why.
        source: SourceError,
    },
    /// Not the JSON of a pairing file.
    #[error("not a pairing file: {0}")]
    Json(#[from] serde_json::Error),
    /// A pairing file of another format.
    #[error("the pairing file is of format {found:?}, this program knows \"gridcard pairing 2\"")]
    Format {
        /// Its first field.
        found: String,
    },
}

impl Hint for PairingError {
    fn hint(&self) -> Option<&'static str> {
        match self {
            PairingError::Source { source, .. } => source.hint(),
            PairingError::Json(_) | PairingError::Format { .. } => {
                Some("a pairing file is made when the meter's ESAM is issued")
            }
        }
    }
}
