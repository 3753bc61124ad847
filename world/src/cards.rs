//! Cards in the hands of people, who pull them too early.

use scheme::cards::{CardsError, Gate, Gated, Hold, Keeping, NewChip, NewSim, OpenCard};
use scheme::numbers::Serial;
use scheme::profile::CardKind;
use scheme::{CardRef, Cards};
use std::sync::{Arc, Mutex, PoisonError};
use wire::ChannelError;

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
            Some(left) => Box::new(Gated::new(open, Pulled(Some(left)))),
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

/// Somebody who pulls a card: commands it still answers; `None`: it is out.
struct Pulled(Option<u32>);

impl Gate for Pulled {
    fn command(&mut self) -> Result<(), ChannelError> {
        match self.0 {
            Some(left @ 1..) => self.0 = Some(left - 1),
            Some(0) => {
                self.0 = None;
                return Err(ChannelError::Removed);
            }
            None => return Err(ChannelError::Absent),
        }
        Ok(())
    }

    fn reset(&mut self) -> Result<(), ChannelError> {
        self.0.map(drop).ok_or(ChannelError::Absent)
    }
}
