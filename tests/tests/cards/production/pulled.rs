//! A card that is pulled, and a supply that fails, at every command: once more, and it is as if nothing had happened. No number goes to two
//! meters, none is lost, and no ESAM more is loaded than the city allowed.

use super::{BEGINS, Made, Works, insert, keyed, meter_number, numbered, produced, refusal};
use crate::office::shown;
use crate::user_card::Pull;
use crate::world::copy;
use keys::Suite;
use meter::Produced;
use scheme::profile::State;
use scheme::refusal::Refusal;
use vcard::Slot;

/// Puts the card in with the card, or else the ESAM, going away at an act.
fn broken(made: &mut Made, card: &mut Slot, of_card: bool, (at, after): (usize, bool)) -> usize {
    if of_card {
        let mut pulled = Pull { card, at, after, acts: 0 };
        made.insert(&mut pulled);
        return pulled.acts;
    }
    let Made { meter, esam } = made;
    let mut pulled = Pull { card: esam, at, after, acts: 0 };
    insert(meter, &mut pulled, card);
    pulled.acts
}

/// Walks every act of both sides, before and after it was done. `done` looks at what is there after the next insertion.
fn each(made: &Made, card: &Slot, least: usize, mut done: impl FnMut(&mut Made, &mut Slot, &str)) {
    for of_card in [true, false] {
        let acts = broken(&mut made.copy(), &mut copy(card), of_card, (usize::MAX, false));
        assert!(acts >= least, "{acts} acts");
        for at in 0..acts {
            for after in [false, true] {
                let what = format!("{} gone at {at}, after {after}", if of_card { "card" } else { "ESAM" });
                let (mut made, mut card) = (made.copy(), copy(card));
                broken(&mut made, &mut card, of_card, (at, after));
                // Both without power in between.
                let (mut made, mut card) = (made.copy(), copy(&card));
                done(&mut made, &mut card, &what);
            }
        }
    }
}

#[test]
fn a_number_goes_to_one_meter_and_none_is_lost() {
    let mut works = Works::new(Suite::TripleDes);
    let (made, mut other) = (works.fresh(0), works.fresh(1));
    let other = &mut other;
    let card = works.number_card(2);
    each(&made, &card, 9, |made, card, what| {
        // How far the first insertion came: only its last answer may have been lost, or what the MCU made of it.
        let of_esam = shown(&mut made.esam).0.info.number == meter_number(0).0;
        let of_meter = made.number() == meter_number(0);
        let report = made.insert(card);
        let told = (produced(&report), refusal(&report));
        let wanted = match (of_esam, of_meter) {
            (true, true) => (None, Some(Refusal::HasNumber)),
            (followed, _) => (Some((Produced::Number(meter_number(0)), followed)), None),
        };
        assert_eq!(told, wanted, "{what}: {report:?}");
        let (seen, _) = shown(&mut made.esam);
        assert_eq!((seen.info.number, made.number()), (meter_number(0).0, meter_number(0)), "{what}");
        assert_eq!(numbered(card).len(), 1, "{what}");
        let mut next = other.copy();
        let report = next.insert(card);
        assert_eq!(produced(&report), Some((Produced::Number(meter_number(1)), false)), "{what}: {report:?}");
    });
}

#[test]
fn a_purse_begins_once() {
    let mut works = Works::new(Suite::Sm4);
    let made = works.meter(crate::world::number(42), false);
    let card = works.preset_card();
    each(&made, &card, 9, |made, card, what| {
        let report = made.insert(card);
        let (done, _) = produced(&report).unwrap_or_else(|| panic!("{what}: {report:?}"));
        assert_eq!(done, Produced::Preset(BEGINS), "{what}");
        assert_eq!((made.balance(), made.meter.state().balance), (BEGINS.0, BEGINS), "{what}");
    });
}

#[test]
fn no_esam_more_is_loaded_than_the_city_allowed() {
    let mut works = Works::new(Suite::Aes128);
    let mut made = works.meter(crate::world::number(42), false);
    let mut other = works.meter(crate::world::number(43), false);
    let card = works.key_card(&mut [&mut made, &mut other], 1, 1);
    each(&made, &card, 17, |made, card, what| {
        let report = made.insert(card);
        let formal = refusal(&report) == Some(Refusal::KeyState);
        assert!(
            produced(&report) == Some((Produced::Keys { version: 1 }, false)) || formal,
            "{what}: {report:?}"
        );
        let (seen, _) = shown(&mut made.esam);
        assert_eq!(seen.info.state, State::Formal, "{what}");
        assert_eq!(made.meter.state().config.state, State::Formal, "{what}");
        // One ESAM, one of the count.
        assert_eq!(keyed(card).1, 0, "{what}");
        let mut other = other.copy();
        let report = other.insert(card);
        assert_eq!(refusal(&report), Some(Refusal::CardSpent), "{what}: {report:?}");
        assert_eq!(shown(&mut other.esam).0.info.state, State::Test, "{what}");
    });
}
