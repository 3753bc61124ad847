//! Virtual cards behind [`Cards`]: in files, or in memory.

use crate::slot::Keep;
use crate::{Image, ImageError, Slot, factory};
use disk::{Durability, Holder, Lock, LockError};
use scheme::cards::{CardRef, Cards, CardsError, Hold, Keeping, NewChip, NewSim, OpenCard};
use scheme::fault::{Hint, Kind};
use scheme::profile::{CardKind, State};
use scheme::{Chance, Chances, Fault};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wire::{Channel, ChannelError};

/// The commands that keep their cards until somebody ends them.
const KEEPERS: [&str; 2] = ["card serve", "card line"];

/// Why a place has no card for us, or takes none.
#[derive(Debug, thiserror::Error)]
pub enum CardFileError {
    /// The image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The factory.
    #[error(transparent)]
    Factory(#[from] factory::FactoryError),
    /// Another command has it.
    #[error("{} stands in the slot of another command{}", path.display(), who(holder))]
    Held {
        /// The card file.
        path: PathBuf,
        /// Who has it.
        holder: Holder,
    },
    /// Something is in the way.
    #[error("{} is there already", path.display())]
    Taken {
        /// The place.
        path: PathBuf,
    },
    /// A file cannot be read, moved or locked.
    #[error("cannot {act} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The name is a card in a reader, or in no memory.
    #[error("{card} is no card file")]
    NoFile {
        /// The name.
        card: CardRef,
    },
    /// Formal keys in an image that was not made for them.
    #[error("{path} was not made for keys of a formal root: its image holds them in clear")]
    NotForFormal {
        /// The card.
        path: String,
    },
    /// Random numbers of a card that may hold formal keys would repeat.
    #[error("--seed is for test keys: whoever knows it repeats the random numbers of a card that may hold formal keys")]
    Seeded,
}

fn who(holder: &Holder) -> String {
    holder.name().map(|(pid, name)| format!(": process {pid}, gridcard {name}")).unwrap_or_default()
}

fn keeps(holder: &Holder) -> bool {
    holder.name().is_some_and(|(_, name)| KEEPERS.contains(&name))
}

impl Fault for CardFileError {
    fn kind(&self) -> Kind {
        match self {
            CardFileError::Image(error) => error.kind(),
            CardFileError::Held { .. } => Kind::Absent,
            CardFileError::NotForFormal { .. } | CardFileError::Seeded => Kind::Security,
            CardFileError::Factory(_)
            | CardFileError::Taken { .. }
            | CardFileError::Io { .. }
            | CardFileError::NoFile { .. } => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            CardFileError::Image(error) => return error.hint(),
            CardFileError::Held { holder, .. } if keeps(holder) => {
                "take the card out with `gridcard slot remove`, or end that command"
            }
            CardFileError::Held { .. } => {
                "wait until that command has ended, or wait longer with --wait SECONDS"
            }
            CardFileError::Taken { .. } => "a card is never overwritten; move the old one away first",
            CardFileError::NotForFormal { .. } => {
                "take a blank made with `gridcard card new --formal-on-virtual` if you know what you do"
            }
            CardFileError::Seeded => "leave --seed out; with --test-root, or in a rehearsal, it may stay",
            _ => return None,
        }
        .into())
    }
}

impl From<CardFileError> for CardsError {
    fn from(error: CardFileError) -> Self {
        CardsError::new(error)
    }
}

fn io(act: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> CardFileError {
    let path = path.to_path_buf();
    move |source| CardFileError::Io { act, path, source }
}

/// A virtual card that an act opened.
pub struct OpenSlot {
    slot: Slot,
    label: String,
    /// Held until the card is closed or dropped, after the slot.
    lock: Lock,
}

impl OpenSlot {
    /// A slot with its lock.
    pub fn new(slot: Slot, lock: Lock) -> Self {
        let label = slot.path().display().to_string();
        OpenSlot { slot, label, lock }
    }

    /// The slot.
    pub const fn slot(&mut self) -> &mut Slot {
        &mut self.slot
    }
}

impl Channel for OpenSlot {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.slot.transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.slot.reset()
    }
}

impl OpenCard for OpenSlot {
    fn label(&self) -> &str {
        &self.label
    }

    fn kind(&self) -> CardKind {
        self.slot.kind()
    }

    fn must_take(&self, state: State) -> Result<(), CardsError> {
        if state == State::Test || self.slot.may_hold_formal() {
            return Ok(());
        }
        Err(CardFileError::NotForFormal { path: self.label.clone() }.into())
    }

    fn image(&self) -> Result<Vec<u8>, CardsError> {
        Ok(self.slot.image().to_bytes())
    }

    fn keep_now(&mut self) -> Result<(), CardsError> {
        Ok(self.slot.keep_now().map_err(CardFileError::from)?)
    }

    fn close(self: Box<Self>) -> Result<(), CardsError> {
        let OpenSlot { mut slot, lock, .. } = *self;
        slot.close().map_err(CardFileError::from)?;
        drop(lock);
        Ok(())
    }
}

/// Cards in files.
#[derive(Clone)]
pub struct CardFiles {
    chances: Arc<dyn Chances + Send + Sync>,
    patience: Duration,
    name: String,
}

impl CardFiles {
    /// Card files that draw their random numbers from `chances`. A card that another program holds is waited for at most so
    /// long; `name` is what others then read of us.
    pub fn new(
        chances: Arc<dyn Chances + Send + Sync>,
        patience: Duration,
        name: impl Into<String>,
    ) -> Self {
        CardFiles { chances, patience, name: name.into() }
    }

    fn path(card: &CardRef) -> Result<&Path, CardFileError> {
        card.path().map(Path::new).ok_or_else(|| CardFileError::NoFile { card: card.clone() })
    }

    /// Takes the lock of a card file.
    ///
    /// # Errors
    /// Another command holds it, and did not let it go in time.
    pub fn lock(&self, path: &Path) -> Result<Lock, CardFileError> {
        Lock::take(path, self.patience, &self.name, keeps).map_err(|error| match error {
            LockError::Held(holder) => CardFileError::Held { path: path.to_path_buf(), holder },
            LockError::Io(source) => io("lock", path)(source),
        })
    }

    /// Random numbers of a virtual card; a security stop when they would come from a seed and the card may hold formal keys.
    ///
    /// # Errors
    /// [`CardFileError::Seeded`].
    pub fn chance(&self, formal: bool, label: &str) -> Result<Box<dyn Chance + Send>, CardFileError> {
        if formal && self.chances.is_seeded() {
            return Err(CardFileError::Seeded);
        }
        Ok(self.chances.stream(label))
    }
}

impl Cards for CardFiles {
    fn open(
        &self,
        card: &CardRef,
        wanted: Option<CardKind>,
        keeping: Keeping,
    ) -> Result<Box<dyn OpenCard>, CardsError> {
        let path = Self::path(card)?;
        let lock = self.lock(path)?;
        let image = match wanted {
            Some(kind) => Image::load_kind(path, kind),
            None => Image::load(path),
        };
        let image = image.map_err(CardFileError::from)?;
        let chance = self.chance(image.formal, &path.display().to_string())?;
        let keep = match keeping {
            Keeping::EveryCommand => Keep::EveryCommand,
            Keeping::AtClose => Keep::AtClose,
        };
        let slot = Slot::with_image(image, path, chance, keep).map_err(CardFileError::from)?;
        Ok(Box::new(OpenSlot::new(slot, lock)))
    }

    fn hold(&self, place: &CardRef) -> Result<Hold, CardsError> {
        Ok(Hold::new(self.lock(Self::path(place)?)?))
    }

    fn make(&self, place: &CardRef, chip: &NewChip<'_>) -> Result<(), CardsError> {
        let path = Self::path(place)?;
        let chance = self.chance(chip.formal, &path.display().to_string())?;
        let image = factory::blank(chip.root, chip.kind, chip.serial, chip.formal, chance)
            .map_err(CardFileError::from)?;
        Ok(image.save_new(path, true).map_err(CardFileError::from)?)
    }

    fn new_chip(
        &self,
        chip: &NewChip<'_>,
        name: &str,
        label: &str,
    ) -> Result<Box<dyn OpenCard>, CardsError> {
        let chance = self.chance(chip.formal, label)?;
        let image = factory::blank(chip.root, chip.kind, chip.serial, chip.formal, chance)
            .map_err(CardFileError::from)?;
        Ok(nowhere(image, name, self.chance(chip.formal, &in_its_slot(label))?)?)
    }

    fn new_sim(&self, sim: &NewSim<'_>, name: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        let image = factory::sim(sim).map_err(CardFileError::from)?;
        Ok(nowhere(image, name, self.chance(false, name)?)?)
    }

    fn unpack(&self, image: &[u8], place: &CardRef) -> Result<(), CardsError> {
        let path = Self::path(place)?;
        let image = Image::from_bytes(image, path).map_err(CardFileError::from)?;
        if path.exists() && Image::load(path).is_ok_and(|found| found == image) {
            return Ok(());
        }
        if path.exists() {
            return Err(CardFileError::Taken { path: path.to_path_buf() }.into());
        }
        Ok(image.save_new(path, true).map_err(CardFileError::from)?)
    }

    fn is_taken(&self, place: &CardRef) -> bool {
        Self::path(place).is_ok_and(Path::exists)
    }

    fn hand_over(&self, card: &CardRef, place: &CardRef) -> Result<(), CardsError> {
        Ok(move_file(Self::path(card)?, Self::path(place)?)?)
    }
}

/// A card that stands in no place.
fn nowhere(
    image: Image,
    name: &str,
    chance: Box<dyn Chance + Send>,
) -> Result<Box<dyn OpenCard>, CardFileError> {
    let slot = Slot::with_image(image, Path::new(name), chance, Keep::InMemory)?;
    Ok(Box::new(OpenSlot::new(slot, Lock::none())))
}

/// Random numbers of a chip once it stands in a slot.
fn in_its_slot(label: &str) -> String {
    format!("{label} in its slot")
}

fn move_file(from: &Path, to: &Path) -> Result<(), CardFileError> {
    if to.exists() {
        if matches!((from.canonicalize(), to.canonicalize()), (Ok(from), Ok(to)) if from == to) {
            return Ok(());
        }
        return Err(CardFileError::Taken { path: to.to_path_buf() });
    }
    // The card itself, where a link was named. In one act where both lie on one disk: then there is never a second
    // card, nor none.
    if from.canonicalize().and_then(|card| std::fs::rename(card, to)).is_ok() {
        return Ok(());
    }
    let bytes = std::fs::read(from).map_err(io("read", from))?;
    disk::replace(to, &bytes, Durability::Synced).map_err(io("write", to))?;
    if let Err(error) = std::fs::remove_file(from) {
        let _ = std::fs::remove_file(to); // two cards must not be; the error that matters is the first
        return Err(io("take away", from)(error));
    }
    Ok(())
}

/// Cards in memory, for tests and worlds: they live as long as this value and its clones.
#[derive(Clone)]
pub struct CardsInMemory {
    chances: Arc<dyn Chances + Send + Sync>,
    cards: Arc<Mutex<BTreeMap<CardRef, Option<Image>>>>,
}

impl CardsInMemory {
    /// No cards yet.
    pub fn new(chances: Arc<dyn Chances + Send + Sync>) -> Self {
        CardsInMemory { chances, cards: Arc::default() }
    }

    /// Puts a card there; one that was there is gone.
    pub fn put(&self, place: CardRef, image: Image) {
        self.lock().insert(place, Some(image));
    }

    /// The image of a card that nobody has open.
    pub fn image(&self, place: &CardRef) -> Option<Image> {
        self.lock().get(place).cloned().flatten()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<CardRef, Option<Image>>> {
        self.cards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn absent(place: &CardRef) -> CardFileError {
        ImageError::Io {
            path: place.as_str().into(),
            source: std::io::ErrorKind::NotFound.into(),
        }
        .into()
    }
}

impl Cards for CardsInMemory {
    fn open(
        &self,
        card: &CardRef,
        wanted: Option<CardKind>,
        _: Keeping,
    ) -> Result<Box<dyn OpenCard>, CardsError> {
        let path = PathBuf::from(card.as_str());
        let mut cards = self.lock();
        let place = cards.get_mut(card).ok_or_else(|| Self::absent(card))?;
        let Some(image) = place.clone() else {
            return Err(CardsError::new(ChannelError::Busy));
        };
        if let Some(wanted) = wanted.filter(|wanted| !image.kind.serves_as(*wanted)) {
            return Err(CardFileError::from(ImageError::Kind { path, found: image.kind, wanted }).into());
        }
        let chance = self.chances.stream(card.as_str());
        let slot = Slot::with_image(image, &path, chance, Keep::InMemory).map_err(CardFileError::from)?;
        *place = None;
        let open = OpenSlot::new(slot, Lock::none());
        Ok(Box::new(Remembered { open: Some(open), place: card.clone(), cards: self.clone() }))
    }

    fn hold(&self, place: &CardRef) -> Result<Hold, CardsError> {
        let mut cards = self.lock();
        let card = cards.get_mut(place).ok_or_else(|| Self::absent(place))?;
        let image = card.take().ok_or(CardsError::new(ChannelError::Busy))?;
        Ok(Hold::new(HeldInMemory { image: Some(image), place: place.clone(), cards: self.clone() }))
    }

    fn make(&self, place: &CardRef, chip: &NewChip<'_>) -> Result<(), CardsError> {
        if self.is_taken(place) {
            return Err(CardFileError::Taken { path: place.as_str().into() }.into());
        }
        let chance = self.chances.stream(place.as_str());
        let image = factory::blank(chip.root, chip.kind, chip.serial, chip.formal, chance)
            .map_err(CardFileError::from)?;
        self.put(place.clone(), image);
        Ok(())
    }

    fn new_chip(
        &self,
        chip: &NewChip<'_>,
        name: &str,
        label: &str,
    ) -> Result<Box<dyn OpenCard>, CardsError> {
        let chance = self.chances.stream(label);
        let image = factory::blank(chip.root, chip.kind, chip.serial, chip.formal, chance)
            .map_err(CardFileError::from)?;
        Ok(nowhere(image, name, self.chances.stream(&in_its_slot(label)))?)
    }

    fn new_sim(&self, sim: &NewSim<'_>, name: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        let image = factory::sim(sim).map_err(CardFileError::from)?;
        Ok(nowhere(image, name, self.chances.stream(name))?)
    }

    fn unpack(&self, image: &[u8], place: &CardRef) -> Result<(), CardsError> {
        let image = Image::from_bytes(image, Path::new(place.as_str())).map_err(CardFileError::from)?;
        if self.image(place).is_some_and(|found| found == image) {
            return Ok(());
        }
        if self.is_taken(place) {
            return Err(CardFileError::Taken { path: place.as_str().into() }.into());
        }
        self.put(place.clone(), image);
        Ok(())
    }

    fn is_taken(&self, place: &CardRef) -> bool {
        self.lock().contains_key(place)
    }

    fn hand_over(&self, card: &CardRef, place: &CardRef) -> Result<(), CardsError> {
        if card == place {
            return Ok(());
        }
        let mut cards = self.lock();
        if cards.contains_key(place) {
            return Err(CardFileError::Taken { path: place.as_str().into() }.into());
        }
        let found = cards.remove(card).ok_or_else(|| Self::absent(card))?;
        cards.insert(place.clone(), found);
        Ok(())
    }
}

/// A card in memory that somebody holds.
struct HeldInMemory {
    image: Option<Image>,
    place: CardRef,
    cards: CardsInMemory,
}

impl Drop for HeldInMemory {
    fn drop(&mut self) {
        if let Some(image) = self.image.take() {
            self.cards.put(self.place.clone(), image);
        }
    }
}

/// A card from memory: whatever becomes of the act, the card is in its place again afterwards, as it is then.
struct Remembered {
    open: Option<OpenSlot>,
    place: CardRef,
    cards: CardsInMemory,
}

impl Remembered {
    fn slot(&mut self) -> Result<&mut OpenSlot, ChannelError> {
        self.open.as_mut().ok_or(ChannelError::Absent)
    }
}

impl Drop for Remembered {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            self.cards.put(self.place.clone(), open.slot.image());
        }
    }
}

impl Channel for Remembered {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.slot()?.transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.slot()?.reset()
    }
}

impl OpenCard for Remembered {
    fn label(&self) -> &str {
        self.place.as_str()
    }

    fn kind(&self) -> CardKind {
        self.open.as_ref().map_or(CardKind::Fmcos, OpenCard::kind)
    }

    fn must_take(&self, state: State) -> Result<(), CardsError> {
        self.open.as_ref().map_or(Ok(()), |open| open.must_take(state))
    }

    fn image(&self) -> Result<Vec<u8>, CardsError> {
        let open = self.open.as_ref().ok_or(CardsError::new(ChannelError::Absent))?;
        open.image()
    }

    fn keep_now(&mut self) -> Result<(), CardsError> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<(), CardsError> {
        Ok(())
    }
}
