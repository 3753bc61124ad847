//! What a meter does not take from a card of production, and what it says: nothing is taken off the card, and nothing changes in the meter.

use super::{Made, Works, keyed, numbered, preset, produced, range, refusal};
use crate::office::shown;
use crate::world::{blank, copy, issue as make, number, plan_of, user_area};
use issue::keyset::Roots;
use issue::life::{Leave, LifeChange};
use issue::production::{number_files, preset_files, write};
use issue::source::SoftSource;
use keys::Suite;
use meter::Produced;
use scheme::money::Fen;
use scheme::numbers::RegionCode;
use scheme::profile::{CardKind, State};
use scheme::refusal::Refusal;
use vcard::Slot;

/// The card is refused so, and neither it nor the ESAM is another afterwards.
fn refused(made: &mut Made, card: &mut Slot, wanted: Refusal) {
    let before = (user_area(&made.esam), user_area(card));
    let report = made.insert(card);
    assert_eq!(refusal(&report), Some(wanted), "{report:?}");
    assert!((user_area(&made.esam), user_area(card)) == before, "{wanted:?}: something changed");
}

#[test]
fn what_does_not_fit_is_refused_by_its_number() {
    let mut works = Works::new(Suite::TripleDes);
    let mut made = works.fresh(0);
    let mut numbers = works.number_card(1);
    let mut presets = works.preset_card();
    let mut empty = works.card(65);
    refused(&mut made, &mut empty, Refusal::CardUnissued);
    // Keys before the number.
    let mut keys = works.key_card(&mut [&mut made], 1, 1);
    refused(&mut made, &mut keys, Refusal::NoNumber);
    assert!(produced(&made.insert(&mut numbers)).is_some());
    refused(&mut made, &mut numbers, Refusal::HasNumber);
    // The keys of its works number are nobody's: the MCU finds it first, and none leaves the card.
    refused(&mut made, &mut keys, Refusal::CardPairing);
    // No number is left for another.
    let mut next = works.fresh(1);
    refused(&mut next, &mut numbers, Refusal::CardSpent);
    assert_eq!(numbered(&mut numbers).len(), 1);
    // No keys for this meter, and none for any more.
    let mut keys = works.key_card(&mut [&mut made], 1, 0);
    refused(&mut made, &mut keys, Refusal::CardSpent);
    let mut other = works.meter(number(43), false);
    refused(&mut other, &mut keys, Refusal::CardKeys);
    assert_eq!(keyed(&mut keys).1, 0);
    // A formal meter takes none of them.
    let mut keys = works.key_card(&mut [&mut made], 1, 1);
    assert_eq!(produced(&made.insert(&mut keys)), Some((Produced::Keys { version: 1 }, false)));
    for card in [&mut numbers, &mut presets, &mut keys] {
        let report = made.insert(card);
        assert_eq!((refusal(&report), Refusal::KeyState.field_error()), (Some(Refusal::KeyState), 9));
    }
}

#[test]
fn the_card_of_another_city_is_none() {
    let suite = Suite::Sm4;
    let mut works = Works::new(suite);
    let other = RegionCode([0x33, 0x03, 0, 0]);
    let mut source = SoftSource::city(Roots::test(suite).city(other));
    let mut card = blank(CardKind::ProductionCard, suite, "another city's");
    let plan = plan_of(CardKind::ProductionCard, suite, number(66), |request| issue::plan::Request {
        region: other,
        ..request
    });
    make(&plan, &mut card, &mut source);
    write(&mut card, &mut source, &number_files(&range(9))).unwrap();
    refused(&mut works.fresh(0), &mut card, Refusal::CardCity);
    assert_eq!(Refusal::CardCity.field_error(), 9);
    // Nor does its own city's issuing card write it for another.
    let mut own = works.card(67);
    assert!(write(&mut own, &mut source, &number_files(&range(9))).is_err());
}

#[test]
fn a_meter_that_a_customer_has_keeps_what_it_has() {
    let mut works = Works::new(Suite::Aes128);
    let mut made = works.meter(number(42), false);
    let mut presets = works.preset_card();
    // One ESAM is preset once, whatever stands on the second card.
    assert_eq!(produced(&made.insert(&mut presets)), Some((Produced::Preset(Fen(5_00)), false)));
    let mut more = works.written(68, &preset_files(&preset(), Fen(900_00)));
    assert_eq!(produced(&made.insert(&mut more)), Some((Produced::Preset(Fen(5_00)), true)));
    assert_eq!(made.balance(), 5_00);
    // More than the purse holds.
    let mut other = works.meter(number(43), false);
    let mut much = works.written(69, &preset_files(&preset(), Fen(100_000_000)));
    let report = other.insert(&mut much);
    assert_eq!(refusal(&report), Some(Refusal::CardCeiling), "{report:?}");
    assert_eq!(other.balance(), 0);
}

/// An image is copied at will: the copy's keys are the same chips', and a chip takes them once. Numbers of a copied card go to two chips; the
/// city, which has both lists before it, gives keys to one.
#[test]
fn a_copied_card_loads_nobody_else() {
    let mut works = Works::new(Suite::TripleDes);
    let mut made = works.meter(number(42), false);
    let mut stranger = works.meter(number(43), false);
    let card = works.key_card(&mut [&mut made], 1, 1);
    let mut copies = [copy(&card), copy(&card)];
    assert!(produced(&made.insert(&mut copies[0])).is_some());
    refused(&mut stranger, &mut copies[1], Refusal::CardKeys);
    let report = made.insert(&mut copies[1]);
    assert_eq!(refusal(&report), Some(Refusal::KeyState));
    // Back in test state it takes no keys of the version it had.
    let leave = Leave { forfeit: false, spend_last_try: false };
    works.office.pass(&mut made.esam, LifeChange::Test, Some(1), leave);
    let mut again = works.meter(number(42), false);
    again.esam = copy(&made.esam);
    let report = again.insert(&mut copies[1]);
    assert_eq!(refusal(&report), Some(Refusal::KeysOlder), "{report:?}");
    assert_eq!(shown(&mut again.esam).0.info.state, State::Test);
    let mut newer = works.key_card(&mut [&mut again], 2, 1);
    assert_eq!(produced(&again.insert(&mut newer)), Some((Produced::Keys { version: 2 }, false)));
}
