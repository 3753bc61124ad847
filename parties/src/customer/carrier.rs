//! What carries a phone's frames.

use crate::trouble::Result;
use std::time::Duration;

/// A way of frames to a server and back: it may lose, double and delay them.
pub trait Frames {
    /// Sends one.
    ///
    /// # Errors
    /// Nobody is there.
    fn send(&mut self, frame: &[u8]) -> Result<()>;

    /// Waits for one that came; `None`: none did in that time.
    ///
    /// # Errors
    /// The way is broken.
    fn receive(&mut self, patience: Duration) -> Result<Option<Vec<u8>>>;

    /// How long an answer may take before the same is sent again.
    fn patience(&self) -> Duration;
}
