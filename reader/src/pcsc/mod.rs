//! Cards in readers, over PC/SC [docs/specs/pcsc.md].
//!
//! [`Service`] and [`Connection`] are all this crate asks of PC/SC. [`system`] gives the real one; a test brings its own.
//! On top of them stand names ([`find`]), the channel ([`PcscCard`]), events ([`Watch`]) and the [`doctor`].

mod card;
pub mod doctor;
mod error;
mod fault;
mod find;
mod service;
#[cfg(feature = "pcsc")]
mod system;
mod vigil;
mod watch;

pub use card::PcscCard;
pub use error::PcscError;
pub use fault::Fault;
pub use find::{FindError, find};
pub use service::{Connection, Presence, ReaderState, Service, Stop};
pub use vigil::{Witness, watch};
pub use watch::{Event, Watch};

/// The PC/SC service of this machine.
///
/// # Errors
/// [`Fault::NotBuilt`] without the feature `pcsc`; [`Fault::NoService`] where no daemon answers, and what else the
/// system says.
pub fn system() -> Result<Box<dyn Service>, Fault> {
    #[cfg(feature = "pcsc")]
    return Ok(Box::new(system::System::establish()?));
    #[cfg(not(feature = "pcsc"))]
    return Err(Fault::NotBuilt);
}

/// Connects to the card of a name and holds it.
///
/// # Errors
/// [`PcscError`], with what was looked for.
pub fn open(service: &dyn Service, name: &str) -> Result<PcscCard, PcscError> {
    let readers = service.readers().map_err(PcscError::Service)?;
    let reader = find(&readers, name)?.name.clone();
    match service.connect(&reader) {
        Ok(connection) => Ok(PcscCard::new(reader, connection)),
        Err(fault) => Err(PcscError::Connect { reader, fault }),
    }
}
