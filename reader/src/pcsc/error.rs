//! Why there is no connection to a card in a reader.

use super::fault::Fault;
use super::find::FindError;

/// Why there is no connection to a card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PcscError {
    /// The service does not work.
    #[error(transparent)]
    Service(Fault),
    /// No card or several have the name.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The card of the name does not let itself be connected to.
    #[error("reader {reader:?}: {fault}")]
    Connect {
        /// The reader's name.
        reader: String,
        /// What it said.
        fault: Fault,
    },
}

impl PcscError {
    /// What a user can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            PcscError::Service(fault) | PcscError::Connect { fault, .. } => fault.hint(),
            PcscError::Find(error) => error.hint(),
        }
    }
}

impl scheme::Fault for PcscError {
    fn kind(&self) -> scheme::Kind {
        match self {
            PcscError::Find(FindError::Several { .. }) => scheme::Kind::Usage,
            _ => scheme::Kind::Absent,
        }
    }

    fn hint(&self) -> scheme::fault::Hint {
        Some(PcscError::hint(self).into())
    }

    fn code(&self) -> &str {
        match self {
            PcscError::Service(error) => error.code(),
            PcscError::Find(error) => error.code(),
            PcscError::Connect { .. } => "reader-connect",
        }
    }
}
