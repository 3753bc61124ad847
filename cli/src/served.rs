//! A card that others use: its slot, its lock, and the trace.

use crate::files::{self, Appended};
use crate::global::Global;
use disk::Lock;
use parties::session::Course;
use parties::trouble::Result;
use reader::trace::{TraceChannel, TraceSink};
use scheme::cards::CardsError;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use vcard::slot::Keep;
use vcard::vpcd::Contacts;
use vcard::{CardFiles, rack};
use vcard::{Image, Slot};
use wire::{Channel, ChannelError};

/// One trace file for all cards served.
#[derive(Clone)]
pub struct SharedTrace(Arc<Mutex<Written>>);

struct Written {
    file: Appended,
    /// The card of the last line.
    last: String,
}

impl SharedTrace {
    /// Opens the file that the user asks for.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(SharedTrace(Arc::new(Mutex::new(Written { file: files::trace(path)?, last: String::new() }))))
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

/// Opens cards to serve: held, counted, traced when the user asks.
pub struct Opener {
    global: Global,
    trace: Option<SharedTrace>,
    keep: Keep,
}

impl Opener {
    /// Cards of a run; `keep` says when their changes reach their files.
    pub fn new(global: &Global, keep: Keep) -> Result<Self> {
        let trace = global.trace.as_deref().map(SharedTrace::open).transpose()?;
        Ok(Opener { global: global.clone(), trace, keep })
    }
}

impl rack::Opener for Opener {
    type Card = Served;

    fn open(&self, file: &Path, name: &str) -> Result<Served, CardsError> {
        // Whoever holds a card is told at once, not waited for.
        let files = CardFiles::new(self.global.chances.clone(), Duration::ZERO, "card serve");
        let lock = files.lock(file)?;
        let image = Image::load(file).map_err(CardsError::new)?;
        let source = files.chance(image.formal, &file.display().to_string())?;
        let slot = Slot::with_image(image, file, source, self.keep).map_err(CardsError::new)?;
        let slot = match &self.trace {
            None => Traced::No(Box::new(slot)),
            Some(trace) => {
                let sink = CardTrace { shared: trace.clone(), card: name.to_owned(), waiting: String::new() };
                Traced::Yes(Box::new(TraceChannel::new(slot, sink)))
            }
        };
        Ok(Served { slot, course: self.global.course.clone(), lock })
    }
}

/// A card that is served: its lock is held.
pub struct Served {
    slot: Traced,
    course: Arc<Course>,
    lock: Lock,
}

enum Traced {
    No(Box<Slot>),
    Yes(Box<TraceChannel<Slot, CardTrace>>),
}

impl Served {
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
}

impl rack::Served for Served {
    fn kind(&self) -> &'static str {
        self.slot().kind().name()
    }

    fn serial(&self) -> [u8; 8] {
        self.slot().serial()
    }

    fn close(self) -> Result<(), CardsError> {
        let mut slot = match self.slot {
            Traced::No(slot) => *slot,
            Traced::Yes(traced) => traced.into_parts().0,
        };
        slot.close().map_err(CardsError::new)?;
        drop(self.lock);
        Ok(())
    }
}

impl Channel for Served {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.channel().transmit(command);
        let bytes = command.len() + answer.as_ref().map_or(0, Vec::len);
        self.course.traffic.apdus.fetch_add(1, Ordering::Relaxed);
        self.course.traffic.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
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
