//! A SIM in somebody's modem [docs/specs/phone.md]: what a computer asks of a modem ([`Modem`]), and the SIM in it as a card
//! ([`ModemCard`]), over +CSIM, or over +CRSM where a modem has no other.

mod access;
mod card;
mod error;
mod files;
#[cfg(unix)]
mod find;
mod line;
mod path;

pub use card::{ModemCard, WayIn};
pub use error::ModemError;
#[cfg(unix)]
pub use find::{Facts, Port, facts, open, ports, wake};
pub use line::{Modem, Wanted};
pub use path::Path;

/// The SIM in the modem of a name.
///
/// # Errors
/// This program knows no lines of this system.
#[cfg(not(unix))]
pub fn open(name: &str, _: std::time::Duration) -> Result<ModemCard, ModemError> {
    Err(ModemError::Absent { modem: name.to_owned(), why: "lines of this system are not known".to_owned() })
}
