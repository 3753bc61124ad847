//! The channel to a card in a reader.

use super::fault::Fault;
use super::service::Connection;
use std::time::Duration;
use wire::channel::{Channel, ChannelError};

/// How often, and after what pause, the service is asked what became of a card whose answer got lost: it notices a
/// removal by looking now and then.
const LOOKS: u32 = 12;
const PAUSE: Duration = Duration::from_millis(50);

/// A card in a reader, held for this program alone until it is dropped.
///
/// It follows no `61xx`, `6Cxx` or `9Fxx`; [`crate::exchange()`] does.
pub struct PcscCard {
    reader: String,
    connection: Box<dyn Connection>,
    atr: Vec<u8>,
}

impl PcscCard {
    /// A connection that was just made.
    pub fn new(reader: String, connection: Box<dyn Connection>) -> Self {
        PcscCard { reader, connection, atr: Vec::new() }
    }

    /// The reader's name.
    pub fn reader(&self) -> &str {
        &self.reader
    }

    /// The ATR of the last reset; empty before the first.
    pub fn atr(&self) -> &[u8] {
        &self.atr
    }

    /// The protocol in force: 0 for T=0, 1 for T=1.
    pub fn protocol(&self) -> Option<u8> {
        self.connection.protocol()
    }

    /// A failed transmission says little; the card's state afterwards says what happened.
    fn cause(&mut self, fault: Fault) -> Fault {
        if !matches!(fault, Fault::Transmission | Fault::Other(_)) {
            return fault;
        }
        for look in 0..LOOKS {
            if look > 0 {
                std::thread::sleep(PAUSE);
            }
            match self.connection.status() {
                Ok(()) | Err(Fault::Transmission | Fault::Other(_)) => {}
                Err(Fault::NoCard) => return Fault::Removed,
                Err(known) => return known,
            }
        }
        fault
    }
}

impl Channel for PcscCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        match self.connection.transmit(command) {
            // QUIRK(vpcd): a card that leaves in mid-command is an empty answer there, not an error.
            Ok(answer) if answer.len() < 2 => Err(match self.cause(Fault::Transmission) {
                Fault::Transmission => ChannelError::Short(answer.len()),
                known => known.channel(),
            }),
            Ok(answer) => Ok(answer),
            Err(fault) => Err(self.cause(fault).channel()),
        }
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        match self.connection.reset() {
            Ok(atr) => {
                self.atr.clone_from(&atr);
                Ok(atr)
            }
            Err(fault) => Err(self.cause(fault).channel()),
        }
    }
}
