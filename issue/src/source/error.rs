//! Words of key sources and pairing.

use crate::source::Level;
use crate::words::{recipient, role};
use reader::driver::guard::PinError;
use reader::error::CardError;
use scheme::fault::{Fault, Hint, Kind};
use scheme::moment::Day;
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::profile::{CardKind, Recipient};

/// Why a source gave no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// A source that stands in another crate, in its own words.
    #[error("{words}")]
    Elsewhere {
        /// What it said.
        words: String,
        /// Of what kind that is.
        kind: Kind,
        /// What to do about it.
        hint: Hint,
        /// Its stable name.
        code: String,
    },
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
    /// It was asked to certify a key, and nobody certified its own.
    #[error("this source has no certificate of its own, so it certifies no keys")]
    NotCertified,
    /// What it certifies ends before it begins.
    #[error("the certificate of this source ended on {last}")]
    CertificateOver {
        /// Its last day.
        last: Day,
    },
    /// The card whose key was to be certified failed.
    #[error("the card that was to draw a key: {0}")]
    Proof(#[source] CardError),
    /// The MAC of a public key is not that of the card it is said to be of.
    #[error("the key is not that of the card it was asked of: its proof is wrong")]
    NotItsKey,
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

impl Fault for SourceError {
    fn kind(&self) -> Kind {
        match self {
            SourceError::Elsewhere { kind, .. } => *kind,
            SourceError::NoSecondPin { .. } | SourceError::NotItsKey => Kind::Security,
            SourceError::Proof(error) => error.kind(),
            SourceError::Card(error) => error.kind(),
            SourceError::Pin(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            SourceError::Elsewhere { hint, .. } => return hint.clone(),
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
            SourceError::NotCertified | SourceError::CertificateOver { .. } => {
                "bring the card to the province, which certifies it: `gridcard kdc signing certify CARD`"
            }
            SourceError::NotItsKey => "ask the card itself for its key, and nobody else",
            SourceError::Card(error) if error.sw().is_none() => return None,
            SourceError::Card(_) => "has the PIN of the issuing card been verified?",
            _ => return None,
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            SourceError::Elsewhere { code, .. } => code,
            SourceError::Card(error) => error.code(),
            SourceError::NotIssuing(_) => "source-not-issuing",
            SourceError::Suite(_) => "source-suite",
            SourceError::MayNotMake { .. } => "source-may-not-make",
            SourceError::Role { .. } => "source-role",
            SourceError::Header { .. } => "source-header",
            SourceError::UnderTransport { .. } => "source-under-transport",
            SourceError::Reach { .. } => "source-reach",
            SourceError::Spent => "source-spent",
            SourceError::ValueSpent => "source-value-spent",
            SourceError::SecondPin => "source-second-pin",
            SourceError::NoSecondPin { .. } => "source-no-second-pin",
            SourceError::Pin(error) => error.code(),
            SourceError::Region { .. } => "source-region",
            SourceError::McuForm { .. } => "source-mcu-form",
            SourceError::NotCertified => "source-not-certified",
            SourceError::CertificateOver { .. } => "source-certificate-over",
            SourceError::Proof(error) => error.code(),
            SourceError::NotItsKey => "source-not-its-key",
        }
    }
}
