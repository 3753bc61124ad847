//! A slot with a card in it, traced when the user asks.

use crate::args::{Global, Traffic};
use crate::card_ref::{self, CardRef, NamesCard, ReaderName};
use crate::clock::entropy;
use crate::fail::{Exit, Failure, security};
use crate::home;
use crate::lock::CardLock;
use anyhow::{Context, Result};
use reader::count::{atr_etu, guard_of, wire_etu};
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

impl TraceFile {
    /// The file the user asked for, with a line that names the card.
    pub fn of(global: &Global, card: &Path) -> Result<Option<Self>> {
        let Some(path) = &global.trace else { return Ok(None) };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.with_context(|| format!("cannot write the trace {}", path.display()))?;
        let mut file = TraceFile(file);
        file.line(&format!("# card {}", card.file_name().unwrap_or_default().to_string_lossy()));
        Ok(Some(file))
    }
}

impl TraceSink for TraceFile {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }
}

/// A card in a slot.
pub struct Bay {
    slot: Traced,
    traffic: Arc<Traffic>,
    /// Extra guard time the card's ATR asks for.
    guard: u8,
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
        let slot = match TraceFile::of(global, slot.path())? {
            None => Traced::No(Box::new(slot)),
            Some(file) => Traced::Yes(Box::new(TraceChannel::new(slot, file))),
        };
        Ok(Bay { slot, traffic, guard: 0, lock })
    }

    /// Opens a card of a kind; changes of a virtual one reach its file before each status word.
    pub fn open(global: &Global, card: &(impl NamesCard + ?Sized), kind: CardKind) -> Result<Self> {
        Bay::open_keeping(global, card, kind, Keep::EveryCommand)
    }

    /// Opens a card of a kind; `keep` says when changes of a virtual one reach its file.
    pub fn open_keeping(
        global: &Global,
        card: &(impl NamesCard + ?Sized),
        kind: CardKind,
        keep: Keep,
    ) -> Result<Self> {
        let path = match card.card_ref().resolve()? {
            CardRef::File(path) => path,
            CardRef::Reader(name) => return Err(not_yet(&name).into()),
        };
        let lock = CardLock::take(&path)?;
        let image = Image::load_kind(&path, kind)?;
        let label = path.display().to_string();
        Bay::new(global, Slot::with_image(image, &path, entropy(global, &label), keep)?, lock)
    }

    /// Opens a card of whatever kind it is, and says which.
    pub fn open_any(global: &Global, card: &(impl NamesCard + ?Sized)) -> Result<(Self, CardKind)> {
        let path = match card.card_ref().resolve()? {
            CardRef::File(path) => path,
            CardRef::Reader(name) => return Err(not_yet(&name).into()),
        };
        let kind = Image::load(&path)?.kind;
        Ok((Bay::open(global, &path, kind)?, kind))
    }

    /// A virtual card that lives in memory alone.
    pub fn in_memory(global: &Global, image: Image, name: &str, label: &str) -> Result<Self> {
        let slot = Slot::with_image(image, Path::new(name), entropy(global, label), Keep::InMemory)?;
        Bay::new(global, slot, CardLock::none())
    }

    /// The image of a virtual card as it is now.
    pub fn image(&self) -> Image {
        match &self.slot {
            Traced::No(slot) => slot.image(),
            Traced::Yes(traced) => traced.inner().image(),
        }
    }

    /// Saves a virtual card now, whenever its changes would reach its file otherwise.
    pub fn keep_now(&mut self) -> Result<()> {
        match &mut self.slot {
            Traced::No(slot) => slot.keep_now()?,
            Traced::Yes(traced) => traced.inner_mut().keep_now()?,
        }
        Ok(())
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
        if let Ok(answer) = &answer {
            self.traffic.etu.fetch_add(wire_etu(command, answer, self.guard).0, Ordering::Relaxed);
        }
        answer
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        let atr = self.channel().reset()?;
        self.guard = guard_of(&atr);
        self.traffic.resets.fetch_add(1, Ordering::Relaxed);
        self.traffic.bytes.fetch_add(atr.len() as u64, Ordering::Relaxed);
        self.traffic.etu.fetch_add(atr_etu(atr.len()).0, Ordering::Relaxed);
        Ok(atr)
    }
}

/// The name by which a card in a reader is found again: its serial number, or its ATR.
fn identity(name: &ReaderName) -> Result<ReaderName> {
    Err(not_yet(name).into())
}

fn not_yet(name: &ReaderName) -> Failure {
    Failure::new(Exit::Absent, format!("pcsc:{}: cards in readers are not built yet", name.as_str()))
}

/// Hands a card over to a place in a party's folder. A card file moves, as a card does; of a card in a reader the place
/// gets a link. A card that is in its place already stays there, so that an interrupted act can be repeated.
pub fn hand_over(from: &(impl NamesCard + ?Sized), to: &Path) -> Result<()> {
    let from = from.card_ref();
    match from.resolve()? {
        CardRef::File(path) => move_file(&path, to),
        CardRef::Reader(name) => {
            card_ref::link(to, &identity(&name)?)?;
            // A link that was named moves, as a card file does.
            card_ref::drop_link(&from, to)
        }
    }
}

fn move_file(from: &Path, to: &Path) -> Result<()> {
    let link = card_ref::link_of(to);
    if link.exists() {
        return Err(crate::fail::refused(format!("{} is there already", link.display()))
            .hint("a card is never overwritten; move the old one away first")
            .into());
    }
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
