//! Cards in the hands of people, who pull them too early.

use scheme::cards::{CardsError, Hold, Keeping, NewChip, NewSim, OpenCard};
use scheme::numbers::Serial;
use scheme::profile::{CardKind, State};
use scheme::{CardRef, Cards};
use std::sync::{Arc, Mutex, PoisonError};
use wire::{Channel, ChannelError};

/// Cards of somebody else, one of which may be pulled in the midst of its next use.
pub struct Hands {
    cards: Arc<dyn Cards>,
    pull: Mutex<Option<(CardRef, u32)>>,
}

impl Hands {
    /// These cards; nobody pulls any yet.
    pub fn new(cards: Arc<dyn Cards>) -> Self {
        Hands { cards, pull: Mutex::default() }
    }

    /// When this card is opened next, it answers so many commands and is gone before the one after them.
    pub fn pull(&self, card: CardRef, after: u32) {
        *self.pull.lock().unwrap_or_else(PoisonError::into_inner) = Some((card, after));
    }

    fn pulled(&self, card: &CardRef) -> Option<u32> {
        let mut pull = self.pull.lock().unwrap_or_else(PoisonError::into_inner);
        pull.take_if(|(of, _)| of == card).map(|(_, after)| after)
    }
}

impl Cards for Hands {
    fn open(
        &self,
        card: &CardRef,
        wanted: Option<CardKind>,
        keeping: Keeping,
    ) -> Result<Box<dyn OpenCard>, CardsError> {
        let open = self.cards.open(card, wanted, keeping)?;
        Ok(match self.pulled(card) {
            Some(left) => Box::new(Loose { open, left: Some(left) }),
            None => open,
        })
    }

    fn hold(&self, place: &CardRef) -> Result<Hold, CardsError> {
        self.cards.hold(place)
    }

    fn make(&self, place: &CardRef, chip: &NewChip<'_>) -> Result<(), CardsError> {
        self.cards.make(place, chip)
    }

    fn new_chip(&self, chip: &NewChip<'_>, name: &str, label: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        self.cards.new_chip(chip, name, label)
    }

    fn new_sim(&self, sim: &NewSim<'_>, name: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        self.cards.new_sim(sim, name)
    }

    fn unpack(&self, image: &[u8], place: &CardRef) -> Result<(), CardsError> {
        self.cards.unpack(image, place)
    }

    fn is_taken(&self, place: &CardRef) -> bool {
        self.cards.is_taken(place)
    }

    fn places(&self, folder: &str) -> Result<Vec<CardRef>, CardsError> {
        self.cards.places(folder)
    }

    fn resolve(&self, card: &CardRef) -> Result<CardRef, CardsError> {
        self.cards.resolve(card)
    }

    fn shown(&self, place: &CardRef) -> String {
        self.cards.shown(place)
    }

    fn hand_over(&self, card: &CardRef, place: &CardRef) -> Result<(), CardsError> {
        self.cards.hand_over(card, place)
    }

    fn remember(&self, card: &CardRef, serial: Serial, place: &CardRef) -> Result<(), CardsError> {
        self.cards.remember(card, serial, place)
    }

    fn forget(&self, card: &CardRef, to: &CardRef) -> Result<(), CardsError> {
        self.cards.forget(card, to)
    }

    fn relocate(&self, from: &CardRef, to: &CardRef) -> Result<(), CardsError> {
        self.cards.relocate(from, to)
    }
}

/// A card somebody pulls.
struct Loose {
    open: Box<dyn OpenCard>,
    /// Commands it still answers; `None`: it is out.
    left: Option<u32>,
}

impl Channel for Loose {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.left = match self.left {
            Some(left @ 1..) => Some(left - 1),
            Some(0) => {
                self.left = None;
                return Err(ChannelError::Removed);
            }
            None => return Err(ChannelError::Absent),
        };
        self.open.transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        if self.left.is_none() {
            return Err(ChannelError::Absent);
        }
        self.open.reset()
    }
}

impl OpenCard for Loose {
    fn label(&self) -> &str {
        self.open.label()
    }

    fn kind(&self) -> CardKind {
        self.open.kind()
    }

    fn holds_formal(&self) -> bool {
        self.open.holds_formal()
    }

    fn must_take(&self, state: State) -> Result<(), CardsError> {
        self.open.must_take(state)
    }

    fn image(&self) -> Result<Vec<u8>, CardsError> {
        self.open.image()
    }

    fn keep_now(&mut self) -> Result<(), CardsError> {
        self.open.keep_now()
    }

    fn close(self: Box<Self>) -> Result<(), CardsError> {
        self.open.close()
    }
}
