//! A slot with a card in it, traced when the user asks.

use crate::args::{Global, Traffic};
use crate::clock::entropy;
use crate::fail::security;
use crate::home;
use crate::lock::CardLock;
use anyhow::{Context, Result};
use reader::trace::{TraceChannel, TraceSink};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use vcard::slot::{Keep, Pull};
use vcard::{Image, Slot};
use wire::profile::{CardKind, State};
use wire::{Channel, ChannelError};

/// Trace lines to a file; a trace never stops what it watches.
pub struct TraceFile(File);

impl TraceSink for TraceFile {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }
}

/// A card in a slot.
pub struct Bay {
    slot: Traced,
    traffic: Arc<Traffic>,
    /// Held until the bay is closed or dropped, after the slot.
    lock: CardLock,
}

enum Traced {
    /// Nobody looks.
    No(Box<Slot>),
    /// Every APDU is written down.
    Yes(Box<TraceChannel<Slot, TraceFile>>),
}

impl Bay {
    /// A slot under the command's options, with the lock of its card.
    pub fn new(global: &Global, slot: Slot, lock: CardLock) -> Result<Self> {
        let traffic = global.traffic.clone();
        let Some(path) = &global.trace else {
            return Ok(Bay { slot: Traced::No(Box::new(slot)), traffic, lock });
        };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.with_context(|| format!("cannot write the trace {}", path.display()))?;
        let name = slot.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut traced = TraceChannel::new(slot, TraceFile(file));
        traced.comment(&format!("card {name}"));
        Ok(Bay { slot: Traced::Yes(Box::new(traced)), traffic, lock })
    }

    /// Opens a card file of a kind; its changes reach the file before each status word.
    pub fn open(global: &Global, path: &Path, kind: CardKind) -> Result<Self> {
        Bay::open_keeping(global, path, kind, Keep::EveryCommand)
    }

    /// Opens a card file of a kind.
    pub fn open_keeping(global: &Global, path: &Path, kind: CardKind, keep: Keep) -> Result<Self> {
        let lock = CardLock::take(path)?;
        let image = Image::load_kind(path, kind)?;
        let label = path.display().to_string();
        Bay::new(global, Slot::with_image(image, path, entropy(global, &label), keep)?, lock)
    }

    /// Saves what changed.
    pub fn close(self) -> Result<()> {
        let Bay { slot, lock, .. } = self;
        let mut slot = match slot {
            Traced::No(slot) => *slot,
            Traced::Yes(traced) => traced.into_parts().0,
        };
        slot.close()?;
        drop(lock);
        Ok(())
    }

    /// Lets the card be pulled at a later command.
    pub fn pull(&mut self, pull: Pull) {
        match &mut self.slot {
            Traced::No(slot) => slot.pull(pull),
            Traced::Yes(traced) => traced.inner_mut().pull(pull),
        }
    }

    /// A security stop when keys of this state do not belong into the card's image.
    pub fn must_take(&self, state: State) -> Result<()> {
        let slot = match &self.slot {
            Traced::No(slot) => slot,
            Traced::Yes(traced) => traced.inner(),
        };
        if state == State::Test || slot.may_hold_formal() {
            return Ok(());
        }
        let words = format!(
            "{} was not made for keys of a formal root: its image holds them in clear",
            slot.path().display()
        );
        Err(security(words)
            .hint("take a blank made with `gridcard card new --formal-on-virtual` if you know what you do")
            .into())
    }

    fn channel(&mut self) -> &mut dyn Channel {
        match &mut self.slot {
            Traced::No(slot) => slot,
            Traced::Yes(traced) => traced,
        }
    }
}

impl Channel for Bay {
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

/// Hands a card over: the file moves, as a card does. A card that is in its place already stays there, so that an
/// interrupted act can be repeated.
pub fn hand_over(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        if matches!((from.canonicalize(), to.canonicalize()), (Ok(from), Ok(to)) if from == to) {
            return Ok(());
        }
        return Err(crate::fail::refused(format!("{} is there already", to.display()))
            .hint("a card is never overwritten; move the old one away first")
            .into());
    }
    // The card itself, where a link was named. In one act where both lie on one disk: then there is never a second
    // card, nor none.
    if from.canonicalize().and_then(|card| std::fs::rename(card, to)).is_ok() {
        return Ok(());
    }
    let bytes = std::fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    home::write(to, &bytes)?;
    if let Err(error) = std::fs::remove_file(from) {
        let _ = std::fs::remove_file(to); // two cards must not be; the error that matters is the first
        return Err(error).with_context(|| format!("cannot take {} away", from.display()));
    }
    Ok(())
}
