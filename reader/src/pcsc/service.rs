//! What is asked of PC/SC, as a trait: the border at which tests put their own.

use super::fault::Fault;
use std::time::Duration;

/// Whether a card stands in a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// No card.
    Empty,
    /// A card that answered its reset.
    Card,
    /// A card that did not answer its reset: put in the wrong way round, dirty, or dead.
    Mute,
}

/// A reader as it was when somebody looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderState {
    /// Its name.
    pub name: String,
    /// What stands in it.
    pub presence: Presence,
    /// A program holds the card for itself alone.
    pub exclusive: bool,
    /// A program works with the card.
    pub in_use: bool,
    /// ATR of the card; empty without one.
    pub atr: Vec<u8>,
    /// Insertions and removals so far, as far as the service counts them.
    pub events: u32,
    /// The service's own mark of this state, for [`Service::wait`].
    pub mark: u64,
}

impl ReaderState {
    /// Serial number, when the card's ATR carries one.
    pub fn serial(&self) -> Option<[u8; 8]> {
        wire::atr::serial_of(&self.atr)
    }

    /// True when a card stands in it that answered.
    pub fn has_card(&self) -> bool {
        self.presence == Presence::Card
    }
}

/// Ends a [`Service::wait`] from another thread.
pub type Stop = Box<dyn Fn() + Send + Sync>;

/// A PC/SC service.
pub trait Service {
    /// All readers as they are now.
    fn readers(&self) -> Result<Vec<ReaderState>, Fault>;

    /// Waits until a reader or a card differs from `known`, at most so long. Which one is for [`Service::readers`] to
    /// say.
    ///
    /// # Errors
    /// [`Fault::Timeout`] when nothing changed, [`Fault::Cancelled`] after a [`Stop`].
    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<(), Fault>;

    /// What ends a wait from another thread.
    fn stop(&self) -> Stop;

    /// Connects to the card in a reader for this program alone, T=0 or T=1 as card and reader agree, and begins a
    /// transaction that lasts until the connection is dropped.
    fn connect(&self, reader: &str) -> Result<Box<dyn Connection>, Fault>;
}

/// A card held by this program. Dropped, it is reset and free for others.
pub trait Connection: Send {
    /// Sends one APDU, gives the answer with its status word.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault>;

    /// Resets the card, gives its ATR.
    fn reset(&mut self) -> Result<Vec<u8>, Fault>;

    /// Whether the card is still there, untouched by others.
    fn status(&mut self) -> Result<(), Fault>;

    /// The protocol in force: 0 for T=0, 1 for T=1.
    fn protocol(&self) -> Option<u8>;
}
