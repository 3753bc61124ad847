//! Why a handler stopped.

use crate::nvm::PowerLoss;
use wire::Sw;

/// A command ends early with a status word, or the card lost its supply and answers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// Answer this status word; nothing staged is kept.
    Status(Sw),
    /// No power, no answer.
    PowerLoss,
}

impl From<Sw> for Halt {
    fn from(sw: Sw) -> Self {
        Halt::Status(sw)
    }
}

impl From<PowerLoss> for Halt {
    fn from(_: PowerLoss) -> Self {
        Halt::PowerLoss
    }
}
