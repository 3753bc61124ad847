//! A card that others use: its slot, its lock, and the trace.

use crate::call::Call;
use crate::files::{self, Appended};
use disk::Lock;
use parties::session::Course;
use parties::trouble::Result;
use reader::trace::{CardTrace, SharedTrace, TraceChannel};
use scheme::cards::CardsError;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use vcard::slot::Keep;
use vcard::vpcd::Contacts;
use vcard::{CardFiles, rack};
use vcard::{Image, Slot};
use wire::{Channel, ChannelError};

/// Opens cards to serve: held, counted, traced when the user asks.
pub struct Opener {
    call: Call,
    trace: Option<SharedTrace<Appended>>,
    keep: Keep,
}

impl Opener {
    /// Cards of a run; `keep` says when their changes reach their files.
    pub fn new(call: &Call, keep: Keep) -> Result<Self> {
        let trace = call.trace.as_deref().map(files::trace).transpose()?.map(SharedTrace::new);
        Ok(Opener { call: call.clone(), trace, keep })
    }
}

impl rack::Opener for Opener {
    type Card = Served;

    fn open(&self, file: &Path, name: &str) -> Result<Served, CardsError> {
        // Whoever holds a card is told at once, not waited for.
        let files = CardFiles::new(self.call.chances.clone(), Duration::ZERO, "card serve");
        let lock = files.lock(file)?;
        let image = Image::load(file).map_err(CardsError::new)?;
        let source = files.chance(image.formal, &file.display().to_string())?;
        let slot = Slot::with_image(image, file, source, self.keep).map_err(CardsError::new)?;
        let sink = self.trace.as_ref().map(|trace| trace.of(name));
        Ok(Served { slot: TraceChannel::new(slot, sink), course: self.call.course.clone(), lock })
    }
}

/// A card that is served: its lock is held.
pub struct Served {
    slot: TraceChannel<Slot, Option<CardTrace<Appended>>>,
    course: Arc<Course>,
    lock: Lock,
}

impl rack::Served for Served {
    fn kind(&self) -> &'static str {
        self.slot.inner().kind().name()
    }

    fn serial(&self) -> [u8; 8] {
        self.slot.inner().serial()
    }

    fn close(self) -> Result<(), CardsError> {
        self.slot.into_parts().0.close().map_err(CardsError::new)?;
        drop(self.lock);
        Ok(())
    }
}

impl Channel for Served {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.slot.transmit(command);
        let bytes = command.len() + answer.as_ref().map_or(0, Vec::len);
        self.course.traffic.apdus.fetch_add(1, Ordering::Relaxed);
        self.course.traffic.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        answer
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.slot.reset()
    }
}

impl Contacts for Served {
    fn atr(&self) -> Vec<u8> {
        self.slot.inner().atr()
    }

    fn power_off(&mut self) {
        self.slot.comment("power off");
        self.slot.inner_mut().power_off();
    }
}
