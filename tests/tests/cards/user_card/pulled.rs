//! A card that is pulled at every command of an insertion, and a supply that fails: once more, and it is as if nothing had happened.

use super::{Office, insert, refusal, written};
use crate::world::copy;
use keys::Suite;
use meter::Outcome;
use scheme::money::Fen;
use scheme::refusal::Refusal;
use server::Settlement;
use wire::{Channel, ChannelError};

/// A card that goes away at its n-th act, before or after it did that.
pub struct Pull<'c> {
    pub card: &'c mut dyn Channel,
    pub at: usize,
    pub after: bool,
    pub acts: usize,
}

impl Pull<'_> {
    fn act(
        &mut self,
        act: impl FnOnce(&mut dyn Channel) -> Result<Vec<u8>, ChannelError>,
    ) -> Result<Vec<u8>, ChannelError> {
        let n = self.acts;
        self.acts += 1;
        if n < self.at {
            return act(self.card);
        }
        if n == self.at && self.after {
            act(self.card)?;
        }
        Err(ChannelError::Removed)
    }
}

impl Channel for Pull<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.act(|card| card.transmit(command))
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.act(|card| card.reset())
    }
}

#[test]
fn a_card_pulled_at_any_command_is_cured_by_the_next_insertion() {
    for (suite, opened) in [(Suite::TripleDes, false), (Suite::Sm4, true)] {
        let mut office = Office::new(suite);
        let mut card = office.card(70);
        if opened {
            office.bought(&mut card, Fen(50_00));
        }
        let (balance, count) = office.purse();
        office.load(&mut card, Fen(30_00));
        let mut whole = copy(&card);
        let mut counted = Pull { card: &mut whole, at: usize::MAX, after: false, acts: 0 };
        let site = &mut office.site.copy();
        assert!(matches!(insert(site, &mut counted, &office.bank).outcome, Outcome::Credited { .. }));
        let acts = counted.acts;
        assert!(acts > 15, "{acts} acts");
        for at in 0..acts {
            for after in [false, true] {
                let what = format!("pulled at act {at}, {}", if after { "after" } else { "before" });
                let (mut site, mut card) = (office.site.copy(), copy(&card));
                let mut pulled = Pull { card: &mut card, at, after, acts: 0 };
                let first = insert(&mut site, &mut pulled, &office.bank);
                // The last answer of all may be lost: the meter does not know that the card took it.
                let expected = if at == 0 { Refusal::CardReset } else { Refusal::CardPulled };
                assert_eq!(refusal(&first), Some(expected), "{what}: {first:?}");
                let mut card = copy(&card);
                let then = insert(&mut site, &mut card, &office.bank);
                assert_eq!(refusal(&then), None, "{what}: {then:?}");
                assert_eq!(first.credited.0 + then.credited.0, 30_00, "{what}");
                let purse = site.purse();
                assert_eq!((purse.balance.0, purse.count), (balance + 30_00, count + 1), "{what}");
                let back = written(&mut card).unwrap();
                assert_eq!((back.remaining.0, back.count), (balance + 30_00, count + 1), "{what}");
            }
        }
        // One of them to the bank: it settles once.
        let mut last = copy(&card);
        insert(&mut office.site, &mut last, &office.bank);
        assert!(matches!(office.settle(&mut last), Settlement::Settled(_)));
    }
}

#[test]
fn an_esam_whose_supply_fails_at_any_command_is_cured_by_the_next_insertion() {
    let mut office = Office::new(Suite::Aes128);
    let mut card = office.card(70);
    office.bought(&mut card, Fen(50_00));
    office.load(&mut card, Fen(30_00));
    let run = |site: &mut crate::world::Site, card: &mut dyn Channel, at: usize, after: bool| {
        let mut random = crate::world::chance("user card");
        let mut esam = Pull { card: &mut site.esam, at, after, acts: 0 };
        let report = site.meter.insert_card(&mut esam, card, 100, office.bank.now, &mut |bytes| {
            scheme::Chance::fill(&mut random, bytes);
        });
        (report, esam.acts)
    };
    let (_, acts) = run(&mut office.site.copy(), &mut copy(&card), usize::MAX, false);
    for at in 0..acts {
        for after in [false, true] {
            let what = format!("act {at}, {}", if after { "after" } else { "before" });
            let (mut site, mut card) = (office.site.copy(), copy(&card));
            run(&mut site, &mut card, at, after);
            let mut site = site.copy();
            let mut card = copy(&card);
            let then = insert(&mut site, &mut card, &office.bank);
            assert_eq!(refusal(&then), None, "{what}: {then:?}");
            let purse = site.purse();
            assert_eq!((purse.balance.0, purse.count), (80_00, 2), "{what}");
            assert_eq!(written(&mut card).unwrap().count, 2, "{what}");
        }
    }
}

#[test]
fn a_card_torn_while_it_is_loaded_is_as_before_or_as_after() {
    let mut office = Office::new(Suite::TripleDes);
    let mut card = office.card(70);
    office.bought(&mut card, Fen(50_00));
    for after in [false, true] {
        let (sealed, made) = office.seal(&mut card, Fen(10_00));
        let mut torn = Pull { card: &mut card, at: 0, after, acts: 0 };
        assert!(reader::driver::user_card::UserCard::new(&mut torn).load(&made).is_err());
        // The same once more: the same order, and nothing is sold.
        let again = office.load(&mut card, Fen(10_00));
        assert_eq!(again.order.id, sealed.order.id);
        assert!(matches!(office.insert(&mut card).outcome, Outcome::Credited { amount: Fen(10_00), .. }));
        assert!(matches!(office.settle(&mut card), Settlement::Settled(_)));
    }
    assert_eq!(office.purse(), (70_00, 3));
    assert_eq!(office.bank.store.read(|view| view.audit()).unwrap(), []);
}
