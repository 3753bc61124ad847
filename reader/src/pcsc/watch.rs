//! Readers and cards as they come and go.

use super::fault::Fault;
use super::service::{Presence, ReaderState, Service};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::fmt;
use std::time::Duration;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A reader is there.
    Plugged(String),
    /// A reader is gone.
    Unplugged(String),
    /// A card stands in a reader.
    Inserted {
        /// The reader's name.
        reader: String,
        /// The card's ATR; empty when it did not answer.
        atr: Vec<u8>,
    },
    /// A card left a reader.
    Removed {
        /// The reader's name.
        reader: String,
    },
}

impl Event {
    /// Its name for programs, its reader, and the ATR of a card that was put in.
    fn parts(&self) -> (&'static str, &str, Option<&[u8]>) {
        match self {
            Event::Plugged(reader) => ("reader", reader, None),
            Event::Unplugged(reader) => ("gone", reader, None),
            Event::Inserted { reader, atr } => ("inserted", reader, Some(atr)),
            Event::Removed { reader } => ("removed", reader, None),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (event, reader, atr) = self.parts();
        write!(f, "{event:9} {reader:?}")?;
        match atr {
            None => Ok(()),
            Some([]) => f.write_str("  a card that does not answer"),
            Some(atr) => {
                write!(f, "  {}", hex::encode_upper(atr))?;
                let serial = wire::atr::serial_of(atr).map(hex::encode_upper);
                serial.map_or(Ok(()), |serial| write!(f, "  serial number {serial}"))
            }
        }
    }
}

impl Serialize for Event {
    /// An object: `event`, `reader`, and of a card that was put in `atr` and `serial` in hexadecimal digits.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (event, reader, atr) = self.parts();
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("event", event)?;
        object.serialize_entry("reader", reader)?;
        if let Some(atr) = atr {
            object.serialize_entry("atr", &hex::encode_upper(atr))?;
            object.serialize_entry("serial", &wire::atr::serial_of(atr).map(hex::encode_upper))?;
        }
        object.end()
    }
}

/// Tells what changes; first what is there already.
pub struct Watch<'s> {
    service: &'s dyn Service,
    known: Option<Vec<ReaderState>>,
}

impl<'s> Watch<'s> {
    /// Watches a service.
    pub fn new(service: &'s dyn Service) -> Self {
        Watch { service, known: None }
    }

    /// What happened since the last call; waits for it, at most so long. The first call does not wait.
    ///
    /// # Errors
    /// What the service says; a time that passes without anything happening is no error but no event.
    pub fn next(&mut self, timeout: Duration) -> Result<Vec<Event>, Fault> {
        if let Some(known) = &self.known {
            match self.service.wait(known, timeout) {
                Ok(()) => {}
                Err(Fault::Timeout) => return Ok(Vec::new()),
                Err(fault) => return Err(fault),
            }
        }
        let now = self.service.readers()?;
        let events = changes(self.known.as_deref().unwrap_or_default(), &now);
        self.known = Some(now);
        Ok(events)
    }

    /// What it means that the service went away: every reader it had is gone with it.
    pub fn lost(self) -> Vec<Event> {
        changes(self.known.as_deref().unwrap_or_default(), &[])
    }
}

fn changes(before: &[ReaderState], now: &[ReaderState]) -> Vec<Event> {
    let mut events = Vec::new();
    let gone = before.iter().filter(|old| !now.iter().any(|new| new.name == old.name));
    events.extend(gone.map(|old| Event::Unplugged(old.name.clone())));
    for new in now {
        let old = before.iter().find(|old| old.name == new.name);
        if old.is_none() {
            events.push(Event::Plugged(new.name.clone()));
        }
        let had = old.is_some_and(|old| old.presence != Presence::Empty);
        let has = new.presence != Presence::Empty;
        // Between two looks a card may have been changed for another, or for itself.
        let other = old.is_some_and(|old| old.atr != new.atr || old.events != new.events);
        if had && (!has || other) {
            events.push(Event::Removed { reader: new.name.clone() });
        }
        if has && (!had || other) {
            events.push(Event::Inserted { reader: new.name.clone(), atr: new.atr.clone() });
        }
    }
    events
}
