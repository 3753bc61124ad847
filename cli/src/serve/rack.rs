//! The slots of one `card serve`, each with the card that belongs there, in it or out of it.

use super::card::{Served, SharedTrace};
use crate::args::Global;
use crate::fail::{Failure, Kind, refused};
use crate::output::say;
use parties::trouble::{Context, Result};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use vcard::slot::Keep;
use vcard::vpcd::{ABSENCE, Bridge, Contacts, Event, Settings, State};
use wire::Channel;

/// How long `slot insert` waits for the reader to see the card: a daemon looks every half second, but not on a machine that has
/// other work. Shorter than whoever asked waits for the answer.
const SEEN: Duration = Duration::from_secs(8);

/// A slot and its card.
struct Place {
    /// Number of the slot, from 0.
    slot: usize,
    /// Card file.
    file: PathBuf,
    /// Where its reader listens.
    address: SocketAddr,
    /// The card that is in it, or was in it last.
    about: About,
    /// `None`: the card is out, and its file free for other commands.
    bridge: Option<Bridge<Served>>,
    /// When a card was taken out of it last.
    emptied: Option<Instant>,
}

struct About {
    kind: &'static str,
    serial: String,
    atr: String,
}

impl About {
    fn of(card: &Served) -> Self {
        About {
            kind: card.kind().name(),
            serial: hex::encode_upper(card.serial()),
            atr: hex::encode_upper(card.atr()),
        }
    }
}

/// All slots.
pub struct Rack {
    global: Global,
    trace: Option<SharedTrace>,
    keep: Keep,
    places: Vec<Mutex<Place>>,
}

impl Rack {
    /// Opens all cards, then puts them in: where one cannot be opened, none is served. `keep` says when their changes
    /// reach their files.
    pub fn open(global: &Global, cards: &[(PathBuf, SocketAddr)], keep: Keep) -> Result<Self> {
        let trace = global.trace.as_deref().map(SharedTrace::open).transpose()?;
        let mut opened = Vec::new();
        for (file, _) in cards {
            opened.push(Served::open(global, file, keep, &name(file), trace.as_ref())?);
        }
        let mut places = Vec::new();
        for (slot, (card, (file, address))) in opened.into_iter().zip(cards).enumerate() {
            let about = About::of(&card);
            let mut place =
                Place { slot, file: file.clone(), address: *address, about, bridge: None, emptied: None };
            place.put_in(card)?;
            places.push(Mutex::new(place));
        }
        Ok(Rack { global: global.clone(), trace, keep, places })
    }

    /// Takes all cards out, in order; the first error is told after all are saved.
    pub fn close(&self) -> Result<()> {
        let mut done = Ok(());
        for place in &self.places {
            let closed = lock(place).take_out().map(drop);
            done = done.and(closed);
        }
        done
    }

    /// Every slot as an object.
    pub fn list(&self) -> Vec<Value> {
        self.places.iter().map(|place| lock(place).object()).collect()
    }

    /// The slot that a number, a card's file name or its path names.
    fn find(&self, name: &str) -> Result<MutexGuard<'_, Place>> {
        let hits: Vec<_> = self.places.iter().filter(|place| lock(place).is_called(name)).collect();
        match hits[..] {
            [place] => Ok(lock(place)),
            [] => Err(Failure::new(Kind::Absent, format!("no slot holds a card {name}"))
                .hint("`gridcard slot list` shows slots and cards")
                .into()),
            _ => Err(refused(format!("several slots hold a card {name}"))
                .hint("give the number of the slot")
                .into()),
        }
    }

    /// Puts a card in and waits for its reader to see it.
    pub fn insert(&self, name: &str) -> Result<Value> {
        let mut place = self.find(name)?;
        // One that left by itself is out, and is loaded as it was kept.
        if place.bridge.as_ref().is_some_and(|bridge| bridge.state() == State::Left) {
            place.take_out()?;
        }
        if place.bridge.is_none() {
            let name = self::name(&place.file);
            let card = Served::open(&self.global, &place.file, self.keep, &name, self.trace.as_ref())?;
            // Whatever card the file holds by now.
            place.about = About::of(&card);
            // A card that comes before its reader saw the last one go is taken for that one.
            if let Some(emptied) = place.emptied {
                std::thread::sleep(ABSENCE.saturating_sub(emptied.elapsed()));
            }
            place.put_in(card)?;
        }
        if let Some(bridge) = &place.bridge {
            bridge.wait_for(State::Connected, SEEN);
        }
        Ok(place.object())
    }

    /// Takes a card out; its file is saved and free then.
    pub fn remove(&self, name: &str) -> Result<Value> {
        let mut place = self.find(name)?;
        if place.take_out()? {
            say(format!("{}: taken out", place.words()));
        }
        Ok(place.object())
    }

    /// Out and in again: the reader sees the card go and come.
    pub fn cycle(&self, name: &str) -> Result<Value> {
        self.remove(name)?;
        self.insert(name)
    }

    /// Resets a card under its reader's hands: what dies at reset is gone, and the reader is not told.
    pub fn reset(&self, name: &str) -> Result<Value> {
        let place = self.find(name)?;
        let Some(bridge) = &place.bridge else {
            return Err(Failure::new(Kind::Absent, format!("{}: the card is out", place.words()))
                .hint("put it in with `gridcard slot insert`")
                .into());
        };
        bridge.with_card(Channel::reset).with_context(|| place.words())?;
        say(format!("{}: reset", place.words()));
        Ok(place.object())
    }
}

fn lock(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A card as people call it: the name of its file.
fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Place {
    fn words(&self) -> String {
        format!("slot {} ({})", self.slot, name(&self.file))
    }

    fn is_called(&self, wanted: &str) -> bool {
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        wanted.parse() == Ok(self.slot)
            || wanted == name(&self.file)
            || wanted == stem
            || Path::new(wanted) == self.file
    }

    fn put_in(&mut self, card: Served) -> Result<()> {
        let (words, address) = (self.words(), self.address);
        let observer = move |event| say(format!("{words}: {}", tell(&event, address)));
        let bridge = Bridge::insert(card, Settings::at(address), observer);
        self.bridge = Some(bridge.with_context(|| format!("{} cannot be served", self.words()))?);
        Ok(())
    }

    /// True when it was in.
    fn take_out(&mut self) -> Result<bool> {
        let Some(bridge) = self.bridge.take() else { return Ok(false) };
        self.emptied = Some(Instant::now());
        bridge.remove().close()?;
        Ok(true)
    }

    fn object(&self) -> Value {
        let state = match self.bridge.as_ref().map(Bridge::state) {
            None => "out",
            Some(State::Seeking) => "no reader",
            Some(State::Silent) => "reader silent",
            Some(State::Connected) => "in",
            Some(State::Left) => "left",
        };
        json!({
            "slot": self.slot,
            "card": self.file.display().to_string(),
            "kind": self.about.kind,
            "serial": self.about.serial,
            "atr": self.about.atr,
            "host": self.address.ip().to_string(),
            "port": self.address.port(),
            "state": state,
            "commands": self.bridge.as_ref().map_or(0, Bridge::commands),
        })
    }
}

/// What happened to a card, for whoever watches.
fn tell(event: &Event, address: SocketAddr) -> String {
    match event {
        Event::Seeking { reason } => format!(
            "no reader at {address} ({reason}); waiting for one. Is pcscd running, with the vpcd driver and a slot on \
             that port?"
        ),
        Event::Silent => format!(
            "connected to {address}, but no reader asks for the card; another card may stand in that slot"
        ),
        Event::Connected => format!("in its reader at {address}"),
        Event::Lost { reason, unheard } => {
            let last =
                if *unheard { "; the last command was carried out, its answer was not heard" } else { "" };
            format!("reader lost: {reason}{last}. All the card wrote is kept; connecting again")
        }
        Event::Unpowered => {
            "its reader gives it no power, for it did not see the last card go; out and in again".into()
        }
        Event::Left { error } => {
            format!("the card left its reader: {error}. Put it back with `gridcard slot insert`")
        }
    }
}
