//! What may be tried with somebody's own card, and at somebody's own meter: nothing that could cost it anything, unless that is named.

mod card;
mod orders;
mod port;

pub use card::{CardTrial, card};
pub use orders::{OrderTrial, orders};
pub use port::{PortTrial, port};

/// Of the tries of a secret so many are left alone, whatever was asked for.
const LEFT_ALONE: u8 = 1;
