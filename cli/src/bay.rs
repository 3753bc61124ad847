//! A card a command works with, in a slot or in a reader, traced when the user asks.

use crate::args::{Global, Lost, Traffic};
use crate::card_ref::{self, CardRef, NamesCard, ReaderName};
use crate::clock::{entropy, must_be_unseeded};
use crate::fail::{refused, security};
use crate::lock::CardLock;
use crate::{home, real};
use parties::trouble::{Context, Result};
use reader::count::{atr_etu, guard_of, wire_etu};
use reader::pcsc::PcscCard;
use reader::trace::{TraceChannel, TraceSink};
use scheme::Chance;
use scheme::profile::{CardKind, State};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use vcard::slot::{Keep, Pull};
use vcard::{Image, Slot};
use wire::{Channel, ChannelError};

/// Trace lines to a file; a trace never stops what it watches.
pub struct TraceFile(File);

impl TraceFile {
    /// The file the user asked for, with a line that names the card.
    pub fn of(global: &Global, card: &Path) -> Result<Option<Self>> {
        TraceFile::named(global, &card.file_name().unwrap_or_default().to_string_lossy())
    }

    fn named(global: &Global, card: &str) -> Result<Option<Self>> {
        let Some(path) = &global.trace else { return Ok(None) };
        let file = disk::open_to_append(path);
        let file = file.with_context(|| format!("cannot write the trace {}", path.display()))?;
        let mut file = TraceFile(file);
        file.line(&format!("# card {card}"));
        Ok(Some(file))
    }
}

impl TraceSink for TraceFile {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }
}

/// Random numbers of a virtual card; a security stop when they would come from a seed and the card may hold formal keys.
pub fn card_entropy(global: &Global, formal: bool, label: &str) -> Result<Box<dyn Chance + Send>> {
    if formal {
        must_be_unseeded(global, "the random numbers of a card that may hold formal keys")?;
    }
    Ok(entropy(global, label))
}

/// A card a command works with: a virtual one in a slot, or one in a reader.
pub struct Bay {
    card: Traced,
    traffic: Arc<Traffic>,
    /// What the card is called in words.
    label: String,
    /// Extra guard time the card's ATR asks for.
    guard: u8,
    /// Of a card file: held until the bay is closed or dropped, after the slot. A card in a reader is held by its
    /// connection.
    lock: Option<CardLock>,
}

/// What answers.
enum Card {
    /// A virtual card.
    Slot(Box<Slot>),
    /// A card in a reader.
    Reader(Box<PcscCard>),
}

enum Traced {
    /// Nobody looks.
    No(Card),
    /// Every APDU is written down.
    Yes(Box<TraceChannel<Card, TraceFile>>),
}

impl Bay {
    /// A slot under the command's options, with the lock of its card.
    pub fn new(global: &Global, slot: Slot, lock: CardLock) -> Result<Self> {
        let label = slot.path().display().to_string();
        let name = slot.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        Bay::with(global, Card::Slot(Box::new(slot)), label, &name, Some(lock))
    }

    /// A card in a reader under the command's options.
    pub fn in_reader(global: &Global, name: &ReaderName) -> Result<Self> {
        let card = real::connect(name, global.patience())?;
        let label = format!("the card in {:?}", card.reader());
        let in_trace = format!("in {:?}", card.reader());
        Bay::with(global, Card::Reader(Box::new(card)), label, &in_trace, None)
    }

    fn with(global: &Global, card: Card, label: String, name: &str, lock: Option<CardLock>) -> Result<Self> {
        let traffic = global.traffic.clone();
        let card = match TraceFile::named(global, name)? {
            None => Traced::No(card),
            Some(file) => Traced::Yes(Box::new(TraceChannel::new(card, file))),
        };
        Ok(Bay { card, traffic, label, guard: 0, lock })
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
        let card = card.card_ref();
        let path = match card.resolve()? {
            CardRef::File(path) => path,
            CardRef::Reader(name) => {
                // What stands beside the link, a meter's flash, is the card's as well.
                let lock = match &card {
                    CardRef::File(place) => Some(CardLock::take(place, global.patience())?),
                    CardRef::Reader(_) => None,
                };
                let mut bay = Bay::in_reader(global, &name)?;
                bay.lock = lock;
                let told = real::ask(&mut bay)?;
                real::must_be(&told, kind, &bay.label)?;
                if told.info.is_some_and(|info| info.state == State::Formal) {
                    must_be_unseeded(global, "what is done with a card of formal keys")?;
                }
                return Ok(bay);
            }
        };
        let lock = CardLock::take(&path, global.patience())?;
        let image = Image::load_kind(&path, kind).map_err(parties::Trouble::new)?;
        let label = path.display().to_string();
        let source = card_entropy(global, image.formal, &label)?;
        let slot = Slot::with_image(image, &path, source, keep).map_err(parties::Trouble::new)?;
        Bay::new(global, slot, lock)
    }

    /// Opens a card of whatever kind it is, and says which: a blank in a reader is a plain FMCOS card as far as it tells.
    pub fn open_any(global: &Global, card: &(impl NamesCard + ?Sized)) -> Result<(Self, CardKind)> {
        let path = match card.card_ref().resolve()? {
            CardRef::File(path) => path,
            CardRef::Reader(name) => {
                let mut bay = Bay::in_reader(global, &name)?;
                let kind = real::ask(&mut bay)?.kind();
                return Ok((bay, kind));
            }
        };
        let kind = Image::load(&path).map_err(parties::Trouble::new)?.kind;
        Ok((Bay::open(global, &path, kind)?, kind))
    }

    /// A virtual card that lives in memory alone.
    pub fn in_memory(global: &Global, image: Image, name: &str, label: &str) -> Result<Self> {
        let source = card_entropy(global, image.formal, label)?;
        let slot = Slot::with_image(image, Path::new(name), source, Keep::InMemory)
            .map_err(parties::Trouble::new)?;
        Bay::new(global, slot, CardLock::none())
    }

    /// The image of a virtual card as it is now; a card in a reader has none.
    pub fn image(&self) -> Result<Image> {
        match self.card() {
            Card::Slot(slot) => Ok(slot.image()),
            Card::Reader(_) => Err(refused(format!("{} has no image", self.label)).into()),
        }
    }

    /// Saves a virtual card now, whenever its changes would reach its file otherwise; a card in a reader keeps them
    /// itself.
    pub fn keep_now(&mut self) -> Result<()> {
        if let Card::Slot(slot) = self.card_mut() {
            slot.keep_now().map_err(parties::Trouble::new)?;
        }
        Ok(())
    }

    fn card(&self) -> &Card {
        match &self.card {
            Traced::No(card) => card,
            Traced::Yes(traced) => traced.inner(),
        }
    }

    fn card_mut(&mut self) -> &mut Card {
        match &mut self.card {
            Traced::No(card) => card,
            Traced::Yes(traced) => traced.inner_mut(),
        }
    }

    /// Lets the card go; of a virtual one saves what changed.
    pub fn close(self) -> Result<()> {
        let Bay { card, lock, .. } = self;
        let card = match card {
            Traced::No(card) => card,
            Traced::Yes(traced) => traced.into_parts().0,
        };
        if let Card::Slot(mut slot) = card {
            slot.close().map_err(parties::Trouble::new)?;
        }
        drop(lock);
        Ok(())
    }

    /// Lets a virtual card be pulled at a later command.
    pub fn pull(&mut self, pull: Pull) {
        if let Card::Slot(slot) = self.card_mut() {
            slot.pull(pull);
        }
    }

    /// A security stop when keys of this state do not belong into the card's image. A card in a reader has none.
    pub fn must_take(&self, state: State) -> Result<()> {
        let Card::Slot(slot) = self.card() else { return Ok(()) };
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
        match &mut self.card {
            Traced::No(card) => card,
            Traced::Yes(traced) => traced,
        }
    }
}

impl Channel for Card {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        match self {
            Card::Slot(slot) => slot.transmit(command),
            Card::Reader(card) => card.transmit(command),
        }
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        match self {
            Card::Slot(slot) => slot.reset(),
            Card::Reader(card) => card.reset(),
        }
    }
}

impl Channel for Bay {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.channel().transmit(command);
        let bytes = command.len() + answer.as_ref().map_or(0, Vec::len);
        self.traffic.apdus.fetch_add(1, Ordering::Relaxed);
        self.traffic.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        match &answer {
            Ok(answer) => {
                self.traffic.etu.fetch_add(wire_etu(command, answer, self.guard).0, Ordering::Relaxed);
            }
            Err(error) if error.leaves_doubt() => self.traffic.lose(Lost::of(&self.label, command)),
            Err(_) => {}
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

/// Hands a card over to a place in a party's folder. A card file moves, as a card does; of a card in a reader the place
/// gets a link. A card that is in its place already stays there, so that an interrupted act can be repeated.
pub fn hand_over(from: &(impl NamesCard + ?Sized), to: &Path) -> Result<()> {
    let from = from.card_ref();
    match from.resolve()? {
        CardRef::File(path) => move_file(&path, to),
        CardRef::Reader(name) => {
            card_ref::link(to, &real::identity(&name)?)?;
            // A link that was named moves, as a card file does.
            card_ref::drop_link(&from, to)
        }
    }
}

fn move_file(from: &Path, to: &Path) -> Result<()> {
    let link = card_ref::link_of(to);
    if link.exists() {
        return Err(refused(format!("{} is there already", link.display()))
            .hint("a card is never overwritten; move the old one away first")
            .into());
    }
    if to.exists() {
        if matches!((from.canonicalize(), to.canonicalize()), (Ok(from), Ok(to)) if from == to) {
            return Ok(());
        }
        return Err(refused(format!("{} is there already", to.display()))
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
