//! Virtual cards in memory.

use super::open::{self, CardFileError, OpenSlot};
use crate::slot::Keep;
use crate::{Image, ImageError, Slot};
use disk::Lock;
use scheme::Chances;
use scheme::cards::{CardRef, Cards, CardsError, Hold, Keeping, NewChip, NewSim, OpenCard};
use scheme::profile::{CardKind, State};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use wire::{Channel, ChannelError};

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
        ImageError::Io { path: place.as_str().into(), source: std::io::ErrorKind::NotFound.into() }.into()
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
        let chance = open::chance(&*self.chances, image.formal, card.as_str())?;
        let slot = Slot::with_image(image, &path, chance, Keep::InMemory).map_err(CardFileError::from)?;
        *place = None;
        let open = OpenSlot::new(slot, Lock::none());
        Ok(Box::new(Remembered { open: Some(open), place: card.clone(), cards: self.clone() }))
    }

    fn hold(&self, place: &CardRef) -> Result<Hold, CardsError> {
        let image = match self.lock().get_mut(place) {
            Some(card) => Some(card.take().ok_or(CardsError::new(ChannelError::Busy))?),
            // Whoever holds an empty place holds what belongs there.
            None => None,
        };
        Ok(Hold::new(HeldInMemory { image, place: place.clone(), cards: self.clone() }))
    }

    fn make(&self, place: &CardRef, chip: &NewChip<'_>) -> Result<(), CardsError> {
        if self.is_taken(place) {
            return Err(CardFileError::Taken { path: place.as_str().into() }.into());
        }
        let image = open::blank(&*self.chances, chip, place.as_str())?;
        self.put(place.clone(), image);
        Ok(())
    }

    fn new_chip(&self, chip: &NewChip<'_>, name: &str, label: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        Ok(open::new_chip(&*self.chances, chip, name, label)?)
    }

    fn new_sim(&self, sim: &NewSim<'_>, name: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        Ok(open::new_sim(&*self.chances, sim, name)?)
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

    fn places(&self, folder: &str) -> Result<Vec<CardRef>, CardsError> {
        let folder = Path::new(folder);
        let is_here = |card: &&CardRef| Path::new(card.as_str()).parent() == Some(folder);
        Ok(self.lock().keys().filter(is_here).cloned().collect())
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
