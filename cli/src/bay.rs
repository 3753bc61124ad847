//! A slot with a card in it, traced when the user asks.

use crate::args::Global;
use crate::clock::entropy;
use crate::home;
use anyhow::{Context, Result};
use reader::trace::{TraceChannel, TraceSink};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use vcard::slot::Keep;
use vcard::{Image, Slot};
use wire::profile::CardKind;
use wire::{Channel, ChannelError};

/// Trace lines to a file; a trace never stops what it watches.
pub struct TraceFile(File);

impl TraceSink for TraceFile {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }
}

/// A card in a slot.
pub enum Bay {
    /// Nobody looks.
    Plain(Slot),
    /// Every APDU is written down.
    Traced(Box<TraceChannel<Slot, TraceFile>>),
}

impl Bay {
    /// A slot under the command's options.
    pub fn new(global: &Global, slot: Slot) -> Result<Self> {
        let Some(path) = &global.trace else { return Ok(Bay::Plain(slot)) };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.with_context(|| format!("cannot write the trace {}", path.display()))?;
        let name = slot.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut traced = TraceChannel::new(slot, TraceFile(file));
        traced.comment(&format!("card {name}"));
        Ok(Bay::Traced(Box::new(traced)))
    }

    /// Opens a card file of a kind; its changes reach the file before each status word.
    pub fn open(global: &Global, path: &Path, kind: CardKind) -> Result<Self> {
        Bay::open_keeping(global, path, kind, Keep::EveryCommand)
    }

    /// Opens a card file of a kind.
    pub fn open_keeping(global: &Global, path: &Path, kind: CardKind, keep: Keep) -> Result<Self> {
        let image = Image::load_kind(path, kind)?;
        let label = path.display().to_string();
        Bay::new(global, Slot::with_image(image, path, entropy(global, &label), keep)?)
    }

    /// Saves what changed.
    pub fn close(self) -> Result<()> {
        let mut slot = match self {
            Bay::Plain(slot) => slot,
            Bay::Traced(traced) => traced.into_parts().0,
        };
        Ok(slot.close()?)
    }
}

impl Channel for Bay {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        match self {
            Bay::Plain(slot) => slot.transmit(command),
            Bay::Traced(traced) => traced.transmit(command),
        }
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        match self {
            Bay::Plain(slot) => slot.reset(),
            Bay::Traced(traced) => traced.reset(),
        }
    }
}

/// Hands a card over: the file moves, as a card does.
pub fn hand_over(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(crate::fail::refused(format!("{} is there already", to.display()))
            .hint("a card is never overwritten; move the old one away first")
            .into());
    }
    let bytes = std::fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    home::write(to, &bytes)?;
    std::fs::remove_file(from).with_context(|| format!("cannot take {} away", from.display()))
}
