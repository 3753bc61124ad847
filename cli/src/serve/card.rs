//! A card that others use: its slot, its lock, and the trace.

use crate::args::{Global, Traffic};
use crate::bay::card_entropy;
use crate::lock::CardLock;
use parties::trouble::{Context, Result};
use reader::trace::{TraceChannel, TraceSink};
use scheme::profile::CardKind;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use vcard::slot::Keep;
use vcard::vpcd::Contacts;
use vcard::{Image, Slot};
use wire::{Channel, ChannelError};

/// One trace file for all cards served.
#[derive(Clone)]
pub struct SharedTrace(Arc<Mutex<Written>>);

struct Written {
    file: File,
    /// The card of the last line.
    last: String,
}

impl SharedTrace {
    /// Opens the file that the user asks for.
    pub fn open(path: &Path) -> Result<Self> {
        let file = disk::open_to_append(path);
        let file = file.with_context(|| format!("cannot write the trace {}", path.display()))?;
        Ok(SharedTrace(Arc::new(Mutex::new(Written { file, last: String::new() }))))
    }
}

/// The trace of one card. A command waits for its answer, so that the exchanges of two cards never mix.
struct CardTrace {
    shared: SharedTrace,
    card: String,
    waiting: String,
}

impl TraceSink for CardTrace {
    fn line(&mut self, line: &str) {
        self.waiting.push_str(line);
        self.waiting.push('\n');
        if line.starts_with('>') {
            return;
        }
        let mut written = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        if written.last != self.card {
            text = format!("# card {}\n", self.card);
            written.last.clone_from(&self.card);
        }
        text.push_str(&std::mem::take(&mut self.waiting));
        // A trace never stops what it watches.
        let _ = written.file.write_all(text.as_bytes());
    }
}

/// A card that is served: its lock is held.
pub struct Served {
    slot: Traced,
    traffic: Arc<Traffic>,
    lock: CardLock,
}

enum Traced {
    No(Box<Slot>),
    Yes(Box<TraceChannel<Slot, CardTrace>>),
}

impl Served {
    /// Takes the lock of a card file and loads it. `name` stands in the trace.
    pub fn open(
        global: &Global,
        path: &Path,
        keep: Keep,
        name: &str,
        trace: Option<&SharedTrace>,
    ) -> Result<Self> {
        let lock = CardLock::take(path, Duration::ZERO)?;
        let image = Image::load(path).map_err(parties::Trouble::new)?;
        let source = card_entropy(global, image.formal, &path.display().to_string())?;
        let slot = Slot::with_image(image, path, source, keep).map_err(parties::Trouble::new)?;
        let slot = match trace {
            None => Traced::No(Box::new(slot)),
            Some(trace) => {
                let sink = CardTrace { shared: trace.clone(), card: name.to_owned(), waiting: String::new() };
                Traced::Yes(Box::new(TraceChannel::new(slot, sink)))
            }
        };
        Ok(Served { slot, traffic: global.traffic.clone(), lock })
    }

    fn slot(&self) -> &Slot {
        match &self.slot {
            Traced::No(slot) => slot,
            Traced::Yes(traced) => traced.inner(),
        }
    }

    fn channel(&mut self) -> &mut dyn Channel {
        match &mut self.slot {
            Traced::No(slot) => slot,
            Traced::Yes(traced) => traced,
        }
    }

    /// Kind of the card.
    pub fn kind(&self) -> CardKind {
        self.slot().kind()
    }

    /// Serial number of its chip.
    pub fn serial(&self) -> [u8; 8] {
        self.slot().serial()
    }

    /// Saves what is not saved, and frees the card file for other commands.
    pub fn close(self) -> Result<()> {
        let mut slot = match self.slot {
            Traced::No(slot) => *slot,
            Traced::Yes(traced) => traced.into_parts().0,
        };
        slot.close().map_err(parties::Trouble::new)?;
        drop(self.lock);
        Ok(())
    }
}

impl Channel for Served {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.channel().transmit(command);
        let bytes = command.len() + answer.as_ref().map_or(0, Vec::len);
        self.traffic.apdus.fetch_add(1, Ordering::Relaxed);
        self.traffic.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        answer
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.channel().reset()
    }
}

impl Contacts for Served {
    fn atr(&self) -> Vec<u8> {
        self.slot().atr()
    }

    fn power_off(&mut self) {
        match &mut self.slot {
            Traced::No(slot) => slot.power_off(),
            Traced::Yes(traced) => {
                traced.comment("power off");
                traced.inner_mut().power_off();
            }
        }
    }
}
