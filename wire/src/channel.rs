//! The channel to a card: bytes in, bytes out.

use alloc::string::String;
use alloc::vec::Vec;

/// A powered card that answers command APDUs.
///
/// Everything the host knows of a card came over this trait; a virtual card in a slot and a chip in a
/// reader are told apart only by what answers.
pub trait Channel {
    /// Sends one command APDU (short form, ISO 7816-4 case 1 to 4) and returns the response data followed
    /// by SW1 SW2, so at least two bytes.
    ///
    /// A channel does not follow `61xx`, `6Cxx` or `9Fxx`: the drivers above it do.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError>;

    /// Resets the card (everything that dies at reset dies) and returns its ATR.
    fn reset(&mut self) -> Result<Vec<u8>, ChannelError>;
}

impl<C: Channel + ?Sized> Channel for &mut C {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        (**self).transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        (**self).reset()
    }
}

impl<C: Channel + ?Sized> Channel for alloc::boxed::Box<C> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        (**self).transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        (**self).reset()
    }
}

/// Why a card gave no answer at all. A status word is an answer, never one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// No card stands in the slot.
    #[error("no card in the slot")]
    Absent,
    /// The card left the slot, or lost power, during or before the command; whether the command was done
    /// is unknown.
    #[error("the card was removed before it answered")]
    Removed,
    /// Another program reset the card before or during the command: what was selected and verified is gone, and
    /// whether the command was done is unknown.
    #[error("another program reset the card")]
    Reset,
    /// The card lost its power before or during the command; whether the command was done is unknown.
    #[error("the card lost its power")]
    Unpowered,
    /// The reader is gone, and the card with it; whether the command was done is unknown.
    #[error("the reader was unplugged")]
    Unplugged,
    /// The program between us and the reader ended; whether the command was done is unknown.
    #[error("the smart card service (pcscd) stopped")]
    ServiceStopped,
    /// Another program holds the card; nothing was sent.
    #[error("another program holds the card")]
    Busy,
    /// The card is there and does not answer.
    #[error("the card does not answer")]
    Mute,
    /// The card's answer is not a response APDU (fewer than two bytes).
    #[error("the card's answer has {0} byte(s); a response ends with a two-byte status word")]
    Short(usize),
    /// The card announces more data for ever; what came before was thrown away, and whether the command was done is unknown.
    #[error(
        "the card announces more data again and again: {fetched} bytes were fetched in {rounds} rounds, and there is no end"
    )]
    Endless {
        /// GET RESPONSEs sent.
        rounds: usize,
        /// Bytes they gave.
        fetched: usize,
    },
    /// The medium that keeps the card's memory failed (disk full, no permission).
    #[error("the card's memory could not be kept: {0}")]
    Storage(String),
    /// The reader or its driver failed.
    #[error("the reader failed: {0}")]
    Reader(String),
    /// The modem in which the card stands let the command not pass; nothing was sent to the card.
    #[error("{0}")]
    Modem(String),
}

impl ChannelError {
    /// True when nobody can tell whether the card did the command that ended so.
    pub const fn leaves_doubt(&self) -> bool {
        match self {
            ChannelError::Removed
            | ChannelError::Reset
            | ChannelError::Unpowered
            | ChannelError::Unplugged
            | ChannelError::ServiceStopped
            | ChannelError::Mute
            | ChannelError::Short(_)
            | ChannelError::Endless { .. }
            | ChannelError::Reader(_) => true,
            ChannelError::Absent | ChannelError::Busy | ChannelError::Storage(_) | ChannelError::Modem(_) => {
                false
            }
        }
    }

    /// True when the card is not there, or no longer, or not as it was: the session with it is over.
    pub const fn is_gone(&self) -> bool {
        matches!(
            self,
            ChannelError::Absent
                | ChannelError::Removed
                | ChannelError::Reset
                | ChannelError::Unpowered
                | ChannelError::Unplugged
                | ChannelError::ServiceStopped
        )
    }
}
