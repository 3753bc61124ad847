//! Why a user card was not loaded.

use reader::CardError;
use scheme::fault::{Fault, Hint, Kind};
use scheme::numbers::{MeterNumber, RegionCode};
use scheme::order::OrderId;
use server::SealError;
use wire::Sw;

/// Why a card was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum CardSaleError {
    /// The card is of another city than the meter.
    #[error("the card is of city {card}, and meter {meter} of city {city}")]
    City {
        /// City of the card.
        card: RegionCode,
        /// The meter.
        meter: MeterNumber,
        /// Its city.
        city: RegionCode,
    },
    /// Test against formal.
    #[error("the card is in {card} state, and the keys of meter {meter} are {keys}")]
    State {
        /// State of the card.
        card: &'static str,
        /// The meter.
        meter: MeterNumber,
        /// State of its keys.
        keys: &'static str,
    },
    /// The card has the bank's key of another version.
    #[error("the card has keys of version {card}, and meter {meter} of version {keys}: no PSAM has both")]
    Version {
        /// Version on the card.
        card: u8,
        /// The meter.
        meter: MeterNumber,
        /// Version of its keys.
        keys: u8,
    },
    /// The PSAM made nothing for the card.
    #[error("order {order} is kept, and nothing was made for the card: {cause}")]
    NotSealed {
        /// The order.
        order: OrderId,
        /// Why.
        cause: SealError,
    },
    /// The card did not take it.
    #[error("order {order} is kept, and the card did not take it: {cause}")]
    NotLoaded {
        /// The order.
        order: OrderId,
        /// What it said.
        cause: CardError,
    },
}

impl Fault for CardSaleError {
    fn code(&self) -> &str {
        match self {
            CardSaleError::City { .. } => "card-sale-city",
            CardSaleError::State { .. } => "card-sale-state",
            CardSaleError::Version { .. } => "card-sale-version",
            CardSaleError::NotSealed { .. } => "card-sale-not-sealed",
            CardSaleError::NotLoaded { .. } => "card-sale-not-loaded",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            CardSaleError::State { .. } => Kind::Security,
            CardSaleError::NotLoaded { cause: CardError::Channel { .. }, .. } => Kind::Absent,
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            CardSaleError::City { .. } => "take a card that the meter's city issued".into(),
            CardSaleError::State { .. } => "take a card of the meter's state: test cards are for test meters".into(),
            CardSaleError::Version { .. } => "have the city issue another card with the keys of that version".into(),
            CardSaleError::NotSealed { .. } => "repeat the command with a PSAM that loads user cards".into(),
            CardSaleError::NotLoaded { cause, .. } if cause.sw() == Some(Sw::SM_WRONG) => {
                "the card is not of the city whose PSAM this is, or is a copy of another: take another card and repeat the command".into()
            }
            CardSaleError::NotLoaded { .. } => {
                "put the card in again and repeat the command without an amount: the same purchase is loaded, and nothing is sold"
                    .into()
            }
        })
    }
}
