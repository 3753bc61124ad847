//! The machine's PC/SC service, through the `pcsc` crate.

use super::fault::Fault;
use super::service::{Connection, Presence, ReaderState, Service, Stop};
use ::pcsc::{
    Card, Context, Disposition, Error, PNP_NOTIFICATION, Protocol, Protocols, ReaderState as Asked, Scope,
    ShareMode, State,
};
use std::ffi::{CStr, CString};
use std::time::Duration;

/// Longest answer: an extended APDU with its status word, and room for what a driver adds.
const ANSWER: usize = ::pcsc::MAX_BUFFER_SIZE_EXTENDED;

/// How often a refusal is asked again before it is believed, and the time between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// A context of the service.
pub struct System {
    context: Context,
}

impl System {
    /// Connects to the service.
    pub fn establish() -> Result<Self, Fault> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Context::establish(Scope::User).map_err(fault) {
                Ok(context) => return Ok(System { context }),
                // A service that ends closes what waits for it, and that reads like a refusal: only one that
                // lasts is one.
                Err(Fault::Forbidden) if tries < TRIES => std::thread::sleep(PAUSE),
                // Before anything was said nothing can have stopped.
                Err(Fault::Stopped) => return Err(Fault::NoService),
                Err(other) => return Err(other),
            }
        }
    }

    fn names(&self) -> Result<Vec<CString>, Fault> {
        match self.context.list_readers_owned() {
            Ok(names) => Ok(names),
            Err(Error::NoReadersAvailable) => Ok(Vec::new()),
            Err(error) => Err(later(error)),
        }
    }
}

impl Service for System {
    fn readers(&self) -> Result<Vec<ReaderState>, Fault> {
        let names = self.names()?;
        let mut asked: Vec<Asked> = names.into_iter().map(|name| Asked::new(name, State::UNAWARE)).collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        match self.context.get_status_change(Duration::ZERO, &mut asked) {
            Ok(()) | Err(Error::Timeout) => {}
            // One went between the two questions; the next look sees the rest.
            Err(Error::UnknownReader | Error::ReaderUnavailable) => return Ok(Vec::new()),
            Err(error) => return Err(later(error)),
        }
        Ok(asked.iter().map(seen).collect())
    }

    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<(), Fault> {
        let mut asked = Vec::with_capacity(known.len() + 1);
        for reader in known {
            let name = CString::new(reader.name.as_str()).map_err(|_| Fault::ReaderGone)?;
            let bits = u32::try_from(reader.mark).unwrap_or(0);
            asked.push(Asked::new(name, State::from_bits_retain(bits.into())));
        }
        // The pseudo reader of new readers: its state counts those there are, in the upper half.
        let readers = u32::try_from(known.len()).unwrap_or(0) << 16;
        asked.push(Asked::new(PNP_NOTIFICATION(), State::from_bits_retain(readers.into())));
        match self.context.get_status_change(timeout, &mut asked) {
            Ok(()) | Err(Error::UnknownReader | Error::ReaderUnavailable) => Ok(()),
            Err(error) => Err(later(error)),
        }
    }

    fn stop(&self) -> Stop {
        let context = self.context.clone();
        Box::new(move || {
            let _ = context.cancel(); // nobody waits then, or the service is gone and the wait ends by itself
        })
    }

    fn connect(&self, reader: &str) -> Result<Box<dyn Connection>, Fault> {
        let name = CString::new(reader).map_err(|_| Fault::ReaderGone)?;
        let card = self.context.connect(&name, ShareMode::Exclusive, Protocols::ANY).map_err(fault)?;
        let mut held = Held { card: Some(card), answer: vec![0; ANSWER] };
        held.begin()?;
        Ok(Box::new(held))
    }
}

/// A reader's state as PC/SC tells it.
fn seen(asked: &Asked) -> ReaderState {
    let state = asked.event_state();
    let presence = match () {
        () if !state.contains(State::PRESENT) => Presence::Empty,
        () if state.contains(State::MUTE) || asked.atr().is_empty() => Presence::Mute,
        () => Presence::Card,
    };
    let atr = if presence == Presence::Card { asked.atr().to_vec() } else { Vec::new() };
    // What the service said is what it is told again, without the mark that something changed.
    let mark = u64::from(asked.event_count()) << 16
        | u64::from(u16::try_from((state - State::CHANGED).bits() & 0xFFFF).unwrap_or(0));
    ReaderState {
        name: text(asked.name()),
        presence,
        exclusive: state.contains(State::EXCLUSIVE),
        in_use: state.contains(State::INUSE),
        atr,
        events: asked.event_count(),
        mark,
    }
}

fn text(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

/// A card of ours. Dropped, it is reset: what was verified does not outlive the session.
struct Held {
    /// There until it is dropped.
    card: Option<Card>,
    answer: Vec<u8>,
}

impl Held {
    fn card(&mut self) -> Result<&mut Card, Fault> {
        self.card.as_mut().ok_or(Fault::Stopped)
    }

    /// Begins the transaction that lasts until the card is let go: whoever shares it waits so long.
    fn begin(&mut self) -> Result<(), Fault> {
        let transaction = self.card()?.transaction().map_err(fault)?;
        // The disconnect ends it; the guard would end it at once.
        std::mem::forget(transaction);
        Ok(())
    }
}

impl Connection for Held {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Fault> {
        let card = self.card.as_ref().ok_or(Fault::Stopped)?;
        let answer = card.transmit(command, &mut self.answer).map_err(later)?;
        Ok(answer.to_vec())
    }

    fn reset(&mut self) -> Result<Vec<u8>, Fault> {
        let card = self.card()?;
        card.reconnect(ShareMode::Exclusive, Protocols::ANY, Disposition::ResetCard).map_err(later)?;
        let atr = card.status2_owned().map_err(later)?.atr().to_vec();
        self.begin()?;
        Ok(atr)
    }

    fn status(&mut self) -> Result<(), Fault> {
        self.card()?.status2_owned().map(|_| ()).map_err(later)
    }

    fn protocol(&self) -> Option<u8> {
        match self.card.as_ref()?.status2_owned().ok()?.protocol2()? {
            Protocol::T0 => Some(0),
            Protocol::T1 => Some(1),
            Protocol::RAW => None,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(card) = self.card.take() {
            // A card or a service that is gone needs no good-bye.
            let _ = card.disconnect(Disposition::ResetCard);
        }
    }
}

/// As [`fault`], of a session that works already. pcsc-lite says "security violation" of a connection that was closed:
/// at the beginning the service turned the user away, later it has ended.
fn later(error: Error) -> Fault {
    match fault(error) {
        Fault::Forbidden => Fault::Stopped,
        other => other,
    }
}

/// PC/SC's errors, by what a user can do about them.
fn fault(error: Error) -> Fault {
    match error {
        Error::NoService => Fault::NoService,
        // A handle of a service that was started anew is invalid; a socket that broke is a comm error.
        Error::ServiceStopped | Error::InvalidHandle | Error::CommError | Error::Shutdown => Fault::Stopped,
        Error::NoAccess | Error::SecurityViolation => Fault::Forbidden,
        Error::UnknownReader | Error::ReaderUnavailable | Error::NoReadersAvailable => Fault::ReaderGone,
        Error::NoSmartcard => Fault::NoCard,
        Error::RemovedCard => Fault::Removed,
        Error::ResetCard => Fault::Reset,
        Error::UnpoweredCard => Fault::Unpowered,
        Error::UnresponsiveCard | Error::UnsupportedCard | Error::InvalidAtr => Fault::Mute,
        Error::SharingViolation => Fault::Busy,
        Error::ProtoMismatch | Error::CardUnsupported => Fault::Protocol,
        Error::NotTransacted | Error::CommDataLost => Fault::Transmission,
        Error::Timeout => Fault::Timeout,
        Error::Cancelled | Error::SystemCancelled | Error::CancelledByUser => Fault::Cancelled,
        other => Fault::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pcsc_says_is_told_apart() {
        let table = [
            (Error::NoService, Fault::NoService),
            (Error::ServiceStopped, Fault::Stopped),
            (Error::InvalidHandle, Fault::Stopped),
            (Error::CommError, Fault::Stopped),
            (Error::NoAccess, Fault::Forbidden),
            (Error::SecurityViolation, Fault::Forbidden),
            (Error::UnknownReader, Fault::ReaderGone),
            (Error::ReaderUnavailable, Fault::ReaderGone),
            (Error::NoSmartcard, Fault::NoCard),
            (Error::RemovedCard, Fault::Removed),
            (Error::ResetCard, Fault::Reset),
            (Error::UnpoweredCard, Fault::Unpowered),
            (Error::UnresponsiveCard, Fault::Mute),
            (Error::SharingViolation, Fault::Busy),
            (Error::ProtoMismatch, Fault::Protocol),
            (Error::NotTransacted, Fault::Transmission),
            (Error::CommDataLost, Fault::Transmission),
            (Error::Timeout, Fault::Timeout),
            (Error::Cancelled, Fault::Cancelled),
        ];
        for (error, wanted) in table {
            assert_eq!(fault(error), wanted, "{error:?}");
        }
        assert_eq!(later(Error::SecurityViolation), Fault::Stopped);
        assert_eq!(later(Error::RemovedCard), Fault::Removed);
        assert!(matches!(fault(Error::NoMemory), Fault::Other(words) if !words.is_empty()));
    }
}
