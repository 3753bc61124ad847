//! What PC/SC says when it does not do what was asked, and what a user can do about it.

use wire::channel::ChannelError;

/// What PC/SC said instead of doing what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The program was built without the feature `pcsc`.
    #[error("this program was built without readers (feature pcsc)")]
    NotBuilt,
    /// No service answers.
    #[error("the smart card service (pcscd) is not running")]
    NoService,
    /// The service ended while we spoke to it.
    #[error("the smart card service (pcscd) stopped")]
    Stopped,
    /// The service refuses this user.
    #[error("the smart card service (pcscd) refuses this user")]
    Forbidden,
    /// The reader is not there, or no longer.
    #[error("the reader was unplugged")]
    ReaderGone,
    /// No card stands in the reader.
    #[error("no card in the reader")]
    NoCard,
    /// The card left the reader.
    #[error("the card was removed")]
    Removed,
    /// Another program reset the card.
    #[error("another program reset the card")]
    Reset,
    /// The card lost its power.
    #[error("the card lost its power")]
    Unpowered,
    /// The card does not answer.
    #[error("the card does not answer")]
    Mute,
    /// Another program holds the card.
    #[error("another program holds the card")]
    Busy,
    /// Card and reader agree on no protocol of ours.
    #[error("card and reader agree neither on T=0 nor on T=1")]
    Protocol,
    /// A command or its answer got lost between reader and card.
    #[error("the transmission between reader and card failed")]
    Transmission,
    /// Nothing happened in the time given.
    #[error("nothing happened in the time given")]
    Timeout,
    /// Somebody ended the wait.
    #[error("the wait was ended")]
    Cancelled,
    /// Anything else, in the system's words.
    #[error("{0}")]
    Other(String),
}

impl Fault {
    /// The same for users of a channel.
    pub fn channel(self) -> ChannelError {
        match self {
            Fault::NoCard => ChannelError::Absent,
            Fault::Removed => ChannelError::Removed,
            Fault::Reset => ChannelError::Reset,
            Fault::Unpowered => ChannelError::Unpowered,
            Fault::ReaderGone => ChannelError::Unplugged,
            Fault::NoService | Fault::Stopped => ChannelError::ServiceStopped,
            Fault::Busy => ChannelError::Busy,
            Fault::Mute => ChannelError::Mute,
            other => ChannelError::Reader(other.to_string()),
        }
    }

    /// What a user can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Fault::NotBuilt => "build it with the feature pcsc, which needs libpcsclite",
            Fault::NoService | Fault::Forbidden => "`gridcard reader doctor` says what is missing",
            Fault::Stopped => "wait until the service runs again, `gridcard reader doctor` tells",
            Fault::ReaderGone => {
                "plug the reader in again; `gridcard reader list` shows the readers there are"
            }
            Fault::NoCard | Fault::Removed | Fault::Unpowered => "put the card into the reader",
            Fault::Reset | Fault::Busy => "end the other program that uses the card",
            Fault::Mute => "put the card in with its contacts towards the reader's; try another reader",
            Fault::Protocol | Fault::Transmission | Fault::Other(_) => {
                "take the card out and put it in again; `gridcard reader doctor` looks at the reader"
            }
            Fault::Timeout | Fault::Cancelled => "wait longer",
        }
    }
}

impl scheme::Fault for Fault {
    fn code(&self) -> &str {
        match self {
            Fault::NotBuilt => "pcsc-not-built",
            Fault::NoService => "pcsc-no-service",
            Fault::Stopped => "pcsc-stopped",
            Fault::Forbidden => "pcsc-forbidden",
            Fault::ReaderGone => "pcsc-reader-gone",
            Fault::NoCard => "pcsc-no-card",
            Fault::Removed => "pcsc-removed",
            Fault::Reset => "pcsc-reset",
            Fault::Unpowered => "pcsc-unpowered",
            Fault::Mute => "pcsc-mute",
            Fault::Busy => "pcsc-busy",
            Fault::Protocol => "pcsc-protocol",
            Fault::Transmission => "pcsc-transmission",
            Fault::Timeout => "pcsc-timeout",
            Fault::Cancelled => "pcsc-cancelled",
            Fault::Other(_) => "pcsc-other",
        }
    }
}
