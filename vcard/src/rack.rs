//! Served cards: each in a slot of pcscd's vpcd driver, put in and taken out while it runs; and the socket by which other programs
//! reach the slots ([`control`]).

pub mod control;

use crate::ImageError;
use crate::vpcd::{ABSENCE, Bridge, Contacts, Event, Settings, State};
use scheme::cards::CardsError;
use scheme::fault::{Fault, Hint, Kind};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wire::ChannelError;

/// How long an inserted card waits for its reader to see it: a daemon looks every half second, but not on a machine that has
/// other work. Shorter than whoever asked waits for the answer.
const SEEN: Duration = Duration::from_secs(8);

/// Why a slot did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RackError {
    /// No slot holds it.
    #[error("no slot holds a card {0}")]
    NoSlot(String),
    /// Several do.
    #[error("several slots hold a card {0}")]
    Several(String),
    /// It is out.
    #[error("{0}: the card is out")]
    Out(String),
    /// It cannot be served.
    #[error("{words} cannot be served: {source}")]
    Serve {
        /// Which slot.
        words: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The card did not let itself be reset.
    #[error("{words}: {source}")]
    Reset {
        /// Which slot.
        words: String,
        /// Why not.
        source: ChannelError,
    },
    /// Its place.
    #[error(transparent)]
    Card(#[from] CardsError),
    /// Its image.
    #[error(transparent)]
    Image(#[from] ImageError),
}

impl Fault for RackError {
    fn kind(&self) -> Kind {
        match self {
            RackError::NoSlot(_) | RackError::Out(_) => Kind::Absent,
            RackError::Several(_) | RackError::Serve { .. } => Kind::Refused,
            RackError::Reset { source, .. } => source.kind(),
            RackError::Card(error) => error.kind(),
            RackError::Image(error) => error.kind(),
        }
    }

    fn hint(&self) -> Hint {
        Some(
            match self {
                RackError::NoSlot(_) => "`gridcard slot list` shows slots and cards",
                RackError::Several(_) => "give the number of the slot",
                RackError::Out(_) => "put it in with `gridcard slot insert`",
                RackError::Card(error) => return error.hint(),
                RackError::Image(error) => return error.hint(),
                RackError::Serve { .. } | RackError::Reset { .. } => return None,
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            RackError::NoSlot(_) => "slot-unknown",
            RackError::Several(_) => "slot-several",
            RackError::Out(_) => "slot-out",
            RackError::Serve { .. } => "slot-serve",
            RackError::Reset { source, .. } => source.code(),
            RackError::Card(error) => error.code(),
            RackError::Image(error) => error.code(),
        }
    }
}

/// A card that can be served, and saved when it is taken out.
pub trait Served: Contacts + Send + 'static {
    /// Name of its kind.
    fn kind(&self) -> &'static str;

    /// Serial number of its chip.
    fn serial(&self) -> [u8; 8];

    /// Saves what is not saved, and frees the card for others.
    ///
    /// # Errors
    /// It cannot be written.
    fn close(self) -> Result<(), CardsError>;
}

/// Opens cards to serve, by their files and the names they have for people.
pub trait Opener: Send + Sync {
    /// What it opens.
    type Card: Served;

    /// Opens a card; it is held until it is closed.
    ///
    /// # Errors
    /// It is not there, damaged, or held by another program.
    fn open(&self, file: &Path, name: &str) -> Result<Self::Card, CardsError>;
}

/// Where a card stands, as others are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotReport {
    /// Number of the slot, from 0.
    pub slot: usize,
    /// Card file.
    pub card: String,
    /// Name of its kind.
    pub kind: String,
    /// Serial number, in hexadecimal digits.
    pub serial: String,
    /// ATR, in hexadecimal digits.
    pub atr: String,
    /// Where its reader is.
    pub host: String,
    /// And on which port.
    pub port: u16,
    /// `in`, `out`, `no reader`, `reader silent` or `left`.
    pub state: String,
    /// Commands it has answered since it was put in.
    pub commands: u64,
}

/// What of a card does not change while it is in its slot.
struct About {
    kind: &'static str,
    serial: [u8; 8],
    atr: Vec<u8>,
}

impl About {
    fn of(card: &impl Served) -> Self {
        About { kind: card.kind(), serial: card.serial(), atr: card.atr() }
    }
}

/// A slot and its card.
struct Place<C> {
    slot: usize,
    file: PathBuf,
    address: SocketAddr,
    /// The card that is in it, or was in it last.
    about: About,
    /// `None`: the card is out, and its file free for others.
    bridge: Option<Bridge<C>>,
    /// When a card was taken out of it last.
    emptied: Option<Instant>,
}

type Say = Arc<dyn Fn(String) + Send + Sync>;

/// All slots.
pub struct Rack<O: Opener> {
    opener: O,
    say: Say,
    places: Vec<Mutex<Place<O::Card>>>,
}

impl<O: Opener> Rack<O> {
    /// Opens all cards, then puts them in: where one cannot be opened, none is served. `say` hears what happens.
    ///
    /// # Errors
    /// A card that cannot be opened, or not be served.
    pub fn open(
        opener: O,
        cards: &[(PathBuf, SocketAddr)],
        say: impl Fn(String) + Send + Sync + 'static,
    ) -> Result<Self, RackError> {
        let say: Say = Arc::new(say);
        let mut opened = Vec::new();
        for (file, _) in cards {
            opened.push(opener.open(file, &name(file))?);
        }
        let mut places = Vec::new();
        for (slot, (card, (file, address))) in opened.into_iter().zip(cards).enumerate() {
            let about = About::of(&card);
            let mut place =
                Place { slot, file: file.clone(), address: *address, about, bridge: None, emptied: None };
            place.put_in(card, &say)?;
            places.push(Mutex::new(place));
        }
        Ok(Rack { opener, say, places })
    }

    /// Takes all cards out, in order; the first error is told after all are saved.
    ///
    /// # Errors
    /// A card that cannot be saved.
    pub fn close(&self) -> Result<(), RackError> {
        let mut done = Ok(());
        for place in &self.places {
            let closed = lock(place).take_out().map(drop);
            done = done.and(closed);
        }
        done
    }

    /// Every slot.
    pub fn list(&self) -> Vec<SlotReport> {
        self.places.iter().map(|place| lock(place).report()).collect()
    }

    /// The slot that a number, a card's file name or its path names.
    fn find(&self, name: &str) -> Result<MutexGuard<'_, Place<O::Card>>, RackError> {
        let hits: Vec<_> = self.places.iter().filter(|place| lock(place).is_called(name)).collect();
        match hits[..] {
            [place] => Ok(lock(place)),
            [] => Err(RackError::NoSlot(name.to_owned())),
            _ => Err(RackError::Several(name.to_owned())),
        }
    }

    /// Puts a card in and waits for its reader to see it.
    ///
    /// # Errors
    /// No slot of the name; the card cannot be opened or served.
    pub fn insert(&self, name: &str) -> Result<SlotReport, RackError> {
        let mut place = self.find(name)?;
        // One that left by itself is out, and is loaded as it was kept.
        if place.bridge.as_ref().is_some_and(|bridge| bridge.state() == State::Left) {
            place.take_out()?;
        }
        if place.bridge.is_none() {
            let card = self.opener.open(&place.file, &self::name(&place.file))?;
            // Whatever card the file holds by now.
            place.about = About::of(&card);
            // A card that comes before its reader saw the last one go is taken for that one.
            if let Some(emptied) = place.emptied {
                std::thread::sleep(ABSENCE.saturating_sub(emptied.elapsed()));
            }
            place.put_in(card, &self.say)?;
        }
        if let Some(bridge) = &place.bridge {
            bridge.wait_for(State::Connected, SEEN);
        }
        Ok(place.report())
    }

    /// Takes a card out; its file is saved and free then.
    ///
    /// # Errors
    /// No slot of the name; the card cannot be saved.
    pub fn remove(&self, name: &str) -> Result<SlotReport, RackError> {
        let mut place = self.find(name)?;
        if place.take_out()? {
            (self.say)(format!("{}: taken out", place.words()));
        }
        Ok(place.report())
    }

    /// Out and in again: the reader sees the card go and come.
    ///
    /// # Errors
    /// As [`Rack::remove`] and [`Rack::insert`].
    pub fn cycle(&self, name: &str) -> Result<SlotReport, RackError> {
        self.remove(name)?;
        self.insert(name)
    }

    /// Resets a card under its reader's hands: what dies at reset is gone, and the reader is not told.
    ///
    /// # Errors
    /// No slot of the name, or the card is out.
    pub fn reset(&self, name: &str) -> Result<SlotReport, RackError> {
        let place = self.find(name)?;
        let Some(bridge) = &place.bridge else { return Err(RackError::Out(place.words())) };
        let reset = bridge.with_card(wire::Channel::reset);
        reset.map_err(|source| RackError::Reset { words: place.words(), source })?;
        (self.say)(format!("{}: reset", place.words()));
        Ok(place.report())
    }
}

fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A card as people call it: the name of its file.
fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl<C: Served> Place<C> {
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

    fn put_in(&mut self, card: C, say: &Say) -> Result<(), RackError> {
        let (words, address, say) = (self.words(), self.address, say.clone());
        let observer = move |event| say(format!("{words}: {}", tell(&event, address)));
        let bridge = Bridge::insert(card, Settings::at(address), observer);
        self.bridge = Some(bridge.map_err(|source| RackError::Serve { words: self.words(), source })?);
        Ok(())
    }

    /// True when it was in.
    fn take_out(&mut self) -> Result<bool, RackError> {
        let Some(bridge) = self.bridge.take() else { return Ok(false) };
        self.emptied = Some(Instant::now());
        bridge.remove().close()?;
        Ok(true)
    }

    fn report(&self) -> SlotReport {
        let state = match self.bridge.as_ref().map(Bridge::state) {
            None => "out",
            Some(State::Seeking) => "no reader",
            Some(State::Silent) => "reader silent",
            Some(State::Connected) => "in",
            Some(State::Left) => "left",
        };
        SlotReport {
            slot: self.slot,
            card: self.file.display().to_string(),
            kind: self.about.kind.to_owned(),
            serial: digits(&self.about.serial),
            atr: digits(&self.about.atr),
            host: self.address.ip().to_string(),
            port: self.address.port(),
            state: state.to_owned(),
            commands: self.bridge.as_ref().map_or(0, Bridge::commands),
        }
    }
}

/// Bytes in hexadecimal digits.
fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
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
