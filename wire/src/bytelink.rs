//! A line of bytes: a serial port, a socket, an infrared head.

use alloc::string::String;
use core::time::Duration;

/// A line that carries bytes both ways and keeps no boundaries: what was sent as one may come as several, and the other way round.
pub trait ByteLink {
    /// Sends bytes, all of them.
    ///
    /// # Errors
    /// [`LinkError`].
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError>;

    /// Waits for bytes, at most so long, and puts what came into `buffer`. Gives how many; 0: the line was silent.
    ///
    /// # Errors
    /// [`LinkError`].
    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError>;
}

/// Why a line carries nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The other side has gone.
    #[error("the line was closed")]
    Closed,
    /// It cannot be had.
    #[error("{line} cannot be opened: {why}")]
    Absent {
        /// Which.
        line: String,
        /// Why.
        why: String,
    },
    /// The machine's own error.
    #[error("the line failed: {0}")]
    Failed(String),
}

impl<L: ByteLink + ?Sized> ByteLink for &mut L {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        (**self).send(bytes)
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        (**self).receive(buffer, wait)
    }
}

impl<L: ByteLink + ?Sized> ByteLink for alloc::boxed::Box<L> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        (**self).send(bytes)
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        (**self).receive(buffer, wait)
    }
}
