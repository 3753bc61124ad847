//! Finished cards looked at as a stranger would: good ones pass, and a card that takes what it must refuse is named.

use crate::world::{blank, issue, number, plan, region, serial};
use issue::card::Issued;
use issue::inspect::{self, InspectError, Refusal, inspect};
use issue::keyset::Roots;
use issue::plan::Plan;
use issue::source::{CardSource, KeySource, SoftSource};
use keys::Suite;
use reader::count::Counter;
use reader::driver::issuing::IssuingCard;
use scheme::profile::CardKind;
use vcard::Slot;
use wire::{Channel, ChannelError};

fn made(kind: CardKind, suite: Suite) -> (Plan, Slot, SoftSource, Issued) {
    let mut source = SoftSource::city(Roots::test(suite).city(region()));
    let mut card = blank(kind, suite, "inspected");
    let plan = plan(kind, suite, number(42), None);
    let issued = issue(&plan, &mut card, &mut source);
    (plan, card, source, issued)
}

#[test]
fn good_cards_of_every_suite_pass_and_keep_their_tries() {
    for suite in Suite::ALL {
        for kind in [CardKind::Esam, CardKind::Psam] {
            let (plan, mut card, mut source, issued) = made(kind, suite);
            for _ in 0..4 {
                inspect(&plan, serial("inspected"), &issued.keys, &mut card, &mut source)
                    .unwrap_or_else(|error| panic!("{} {}: {error}", kind.name(), suite.name()));
            }
        }
    }
}

/// A card that answers one command otherwise than it should.
struct Liar<'c> {
    card: &'c mut Slot,
    to: &'static [u8],
    answer: Vec<u8>,
}

impl Channel for Liar<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        if command.starts_with(self.to) { Ok(self.answer.clone()) } else { self.card.transmit(command) }
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.card.reset()
    }
}

#[test]
fn a_card_that_takes_what_it_must_refuse_is_named() {
    let cases = [
        (&[0x80, 0x0E][..], Refusal::Erasure),
        (&[0x80, 0xD4, 0x39], Refusal::PlainKey),
        (&[0x80, 0xD4, 0x01], Refusal::NewPin),
        (&[0x00, 0xD6, 0x95], Refusal::CardInformation),
        (&[0x00, 0xD6, 0x00], Refusal::Account),
        (&[0x80, 0xE0], Refusal::NewFile),
        (&[0x00, 0xDC], Refusal::Purse),
        (&[0x00, 0x82], Refusal::Cryptogram),
        (&[0x84, 0xD4], Refusal::SealedKey),
    ];
    for (to, expected) in cases {
        let (plan, mut card, mut source, issued) = made(CardKind::Esam, Suite::TripleDes);
        let mut liar = Liar { card: &mut card, to, answer: vec![0x90, 0x00] };
        let error = inspect(&plan, serial("inspected"), &issued.keys, &mut liar, &mut source).unwrap_err();
        assert!(matches!(&error, InspectError::Took { what } if *what == expected), "{expected:?}: {error}");
    }
}

#[test]
fn a_locked_card_a_changed_key_and_another_card_are_named() {
    let (plan, mut card, mut source, issued) = made(CardKind::Esam, Suite::TripleDes);
    let mut locked = Liar { card: &mut card, to: &[0x00, 0x82], answer: vec![0x69, 0x83] };
    let error = inspect(&plan, serial("inspected"), &issued.keys, &mut locked, &mut source).unwrap_err();
    assert!(matches!(error, InspectError::Locked), "{error}");
    let information = vec![0xF0, 0x01, 0x00, 0xDE, 0xAD, 0x00, 0x90, 0x00];
    let mut changed = Liar { card: &mut card, to: &[0x80, 0x48], answer: information };
    let error = inspect(&plan, serial("inspected"), &issued.keys, &mut changed, &mut source).unwrap_err();
    assert!(matches!(error, InspectError::Changed { .. }), "{error}");
    let error = inspect(&plan, serial("another"), &issued.keys, &mut card, &mut source).unwrap_err();
    assert!(matches!(error, InspectError::OtherCard { .. }), "{error}");
    let other = crate::world::plan(CardKind::Esam, Suite::TripleDes, number(43), None);
    let error = inspect(&other, serial("inspected"), &issued.keys, &mut card, &mut source).unwrap_err();
    assert!(matches!(error, InspectError::NotThisCard { .. }), "{error}");
}

/// What the forecast of a batch says of a card's time on the line is what it takes, but for the FCI of SELECT.
#[test]
fn the_cost_of_an_esam_is_what_was_forecast_and_near_the_least() {
    for suite in Suite::ALL {
        let mut source = SoftSource::city(Roots::test(suite).city(region()));
        let mut card = blank(CardKind::Esam, suite, "inspected");
        let plan = plan(CardKind::Esam, suite, number(42), None);
        let mut counter = Counter::new(&mut card);
        let issued = issue(&plan, &mut counter, &mut source);
        inspect(&plan, serial("inspected"), &issued.keys, &mut counter, &mut source).unwrap();
        let (seen, mut cost) = (counter.tally(), plan.line());
        cost.check += inspect::cost(&plan);
        let forecast = cost.sum();
        let off = |a: u64, b: u64| a.abs_diff(b) * 100 / b;
        let (bytes, line) = (seen.sent + seen.received, seen.line.0);
        assert!(off(forecast.bytes, bytes) <= 15, "{}: {forecast:?}, {seen:?}", suite.name());
        assert!(off(forecast.line.0, line) <= 15, "{}: {forecast:?}, {seen:?}", suite.name());
        // What is written is near the least any issuing could write.
        assert!(cost.safety.bytes * 100 <= cost.least.bytes * 25, "{cost:?}");
    }
}

/// The issuing card of the bench does as well as the software store.
#[test]
fn a_source_that_is_a_card_is_asked_for_the_same_cryptograms() {
    let mut province = crate::world::Province::new(Suite::TripleDes);
    let (esam, _) = province.meter(number(42), None);
    let plan = plan(CardKind::Esam, Suite::TripleDes, number(42), None);
    let mut card = crate::world::copy(&esam);
    let pin = crate::world::pin();
    let mut source = CardSource::open(IssuingCard::new(&mut province.esam_issuing), &pin).unwrap();
    let found = card.serial();
    assert_eq!(source.about().suite, Suite::TripleDes);
    inspect(&plan, scheme::numbers::Serial(found), &[], &mut card, &mut source).unwrap();
}
