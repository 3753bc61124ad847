//! What can go wrong between a driver and its card. All words of the FMCOS drivers stand here.

use scheme::fault::{Fault, Hint, Kind};
use scheme::profile::CardKind;
use wire::Sw;
use wire::channel::ChannelError;
use wire::status::Dialect;

/// Why a step with a card did not do what was asked. Carries no card data, so it can be shown and logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// No answer at all: card gone, mute, reader broken. Whether the command was done is unknown.
    #[error("{step}: {source}")]
    Channel {
        /// The step, by the command's name.
        step: &'static str,
        /// What the channel said.
        #[source]
        source: ChannelError,
    },
    /// The card answered another status word than 9000.
    #[error("{step}: the card answered {sw} ({words})", words = words(*sw, *dialect))]
    Refused {
        /// The step, by the command's name.
        step: &'static str,
        /// The status word.
        sw: Sw,
        /// Whose words explain it.
        dialect: Dialect,
    },
    /// The card said 9000, but what it answered has not the shape it should; or the caller asked for
    /// something no command can carry.
    #[error("{step}: {what}")]
    Malformed {
        /// The step, by the command's name.
        step: &'static str,
        /// What is wrong, with the numbers.
        what: String,
    },
    /// The card in the slot is of another kind.
    #[error("{step}: this card is of kind {found}, {expected} is needed", found = found.name(), expected = expected.name())]
    WrongKind {
        /// The step, by the command's name.
        step: &'static str,
        /// The kind asked for.
        expected: CardKind,
        /// The kind its card information names.
        found: CardKind,
    },
    /// The card is of the older make: it may be read, but neither issues nor sells nor credits.
    #[error("{step}: this {kind} card is of the older make (structure 01), which is read and reported and no more", kind = kind.name())]
    OlderMake {
        /// The step that needs a card as they are made now.
        step: &'static str,
        /// Its kind.
        kind: CardKind,
    },
}

/// Tries left of a PIN or a key, in words.
pub fn tries_words(tries: u8) -> String {
    match tries {
        0 => "no tries left".to_owned(),
        1 => "1 try left".to_owned(),
        tries => format!("{tries} tries left"),
    }
}

/// What a status word means; a count of tries is said as a number.
fn words(sw: Sw, dialect: Dialect) -> String {
    match sw.tries() {
        Some(tries) => format!("wrong PIN or key, {}", tries_words(tries)),
        None => sw.explain(dialect).to_owned(),
    }
}

impl CardError {
    /// The status word, if the card gave one.
    pub fn sw(&self) -> Option<Sw> {
        match self {
            CardError::Refused { sw, .. } => Some(*sw),
            _ => None,
        }
    }

    /// The step that failed.
    pub fn step(&self) -> &'static str {
        match self {
            CardError::Channel { step, .. }
            | CardError::Refused { step, .. }
            | CardError::Malformed { step, .. }
            | CardError::WrongKind { step, .. }
            | CardError::OlderMake { step, .. } => step,
        }
    }

    /// Tries left of a key or PIN, if that is what the card answered (`63Cx`, or 0 for `6983`).
    pub fn tries_left(&self) -> Option<u8> {
        match self.sw()? {
            Sw::BLOCKED => Some(0),
            sw => sw.tries(),
        }
    }

    /// True when the card is not there, or no longer: absent, pulled, without power, reset by another program.
    pub fn is_gone(&self) -> bool {
        matches!(self, CardError::Channel { source, .. } if source.is_gone())
    }

    pub(crate) fn malformed(step: &'static str, what: impl Into<String>) -> Self {
        CardError::Malformed { step, what: what.into() }
    }
}

impl Fault for CardError {
    fn kind(&self) -> Kind {
        match self {
            CardError::Channel { source, .. } => source.kind(),
            CardError::OlderMake { .. } => Kind::Security,
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        let kind = match self {
            CardError::Channel { source, .. } => return source.hint(),
            CardError::OlderMake { kind, .. } => kind,
            _ => return None,
        };
        Some(
            match kind {
                CardKind::Esam => "the meter needs a new ESAM",
                CardKind::MainControl => {
                    "a new ceremony makes a main control card of the present make (gridcard kdc init)"
                }
                _ => "have a new card made by whoever made this one; what this one holds can still be read",
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            CardError::Channel { source, .. } => source.code(),
            CardError::Refused { .. } => "card-refused",
            CardError::Malformed { .. } => "card-malformed",
            CardError::WrongKind { .. } => "card-wrong-kind",
            CardError::OlderMake { .. } => "card-older-make",
        }
    }
}
