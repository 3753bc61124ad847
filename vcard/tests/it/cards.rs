//! Virtual cards behind `Cards`: those in files and those in memory do alike.

use gridcard_vcard::{CardFiles, CardsInMemory, SeededChances};
use keys::{Role, Suite, hierarchy};
use scheme::cards::{CardRef, Cards, Keeping, NewChip, NewSim};
use scheme::numbers::Serial;
use scheme::profile::CardKind;
use scheme::{Fault, Kind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wire::Channel;

/// Both, and what the places of their cards begin with.
fn both(folder: &Path) -> [(Box<dyn Cards>, String); 2] {
    let chances = Arc::new(SeededChances(7));
    let files = CardFiles::new(chances.clone(), Duration::ZERO, "a test");
    let folder = folder.display().to_string();
    [(Box::new(files), format!("{folder}/")), (Box::new(CardsInMemory::new(chances)), String::new())]
}

fn sim(cards: &dyn Cards, serial: u8) -> Vec<u8> {
    let sim = NewSim { kind: CardKind::Sim, serial: [serial; 8], messages: 10, chv1: None, milenage: None };
    cards.new_sim(&sim, "sim.card").unwrap().image().unwrap()
}

fn make(cards: &dyn Cards, place: &CardRef) {
    let root = hierarchy::test_root(Suite::TripleDes, Role::Transport);
    let chip = NewChip { kind: CardKind::Esam, serial: [5; 8], root: &root, formal: false };
    cards.make(place, &chip).unwrap();
}

#[test]
fn a_card_from_a_pack_goes_into_its_place_once_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    for (cards, start) in both(folder.path()) {
        let place = CardRef::file(format!("{start}a.card"));
        let image = sim(&*cards, 1);
        cards.unpack(&image, &place).unwrap();
        cards.unpack(&image, &place).unwrap();
        let error = cards.unpack(&sim(&*cards, 2), &place).unwrap_err();
        assert_eq!(error.to_string(), format!("{place} is there already"));
        let open = cards.open(&place, Some(CardKind::Sim), Keeping::EveryCommand).unwrap();
        assert_eq!(open.image().unwrap(), image);
    }
}

#[test]
fn bytes_that_are_no_card_are_put_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    for (cards, start) in both(folder.path()) {
        let place = CardRef::file(format!("{start}b.card"));
        cards.unpack(b"no card", &place).unwrap_err();
        assert!(!cards.is_taken(&place));
    }
}

#[test]
fn a_place_that_is_held_is_opened_by_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    for (cards, start) in both(folder.path()) {
        let place = CardRef::file(format!("{start}c.card"));
        make(&*cards, &place);
        let open = || cards.open(&place, Some(CardKind::Esam), Keeping::EveryCommand).map(drop);
        let hold = cards.hold(&place).unwrap();
        assert!(open().is_err());
        assert!(cards.hold(&place).is_err());
        drop(hold);
        open().unwrap();
        let open = cards.open(&place, None, Keeping::EveryCommand).unwrap();
        assert!(cards.hold(&place).is_err());
        drop(open);
        drop(cards.hold(&place).unwrap());
    }
}

#[test]
fn a_chip_that_stands_nowhere_is_a_card_as_long_as_it_is_open() {
    let folder = tempfile::tempdir().unwrap();
    for (cards, start) in both(folder.path()) {
        let root = hierarchy::test_root(Suite::TripleDes, Role::Transport);
        let chip = NewChip { kind: CardKind::Psam, serial: [9; 8], root: &root, formal: false };
        let mut open = cards.new_chip(&chip, "psam.card", "chip 1").unwrap();
        assert_eq!(wire::atr::serial_of(&open.reset().unwrap()), Some([9; 8]));
        assert_eq!((open.label(), open.kind()), ("psam.card", CardKind::Psam));
        let image = open.image().unwrap();
        drop(open);
        assert!(!cards.is_taken(&CardRef::file("psam.card")));
        // The same chance makes the same chip.
        assert_eq!(cards.new_chip(&chip, "psam.card", "chip 1").unwrap().image().unwrap(), image);
        let place = CardRef::file(format!("{start}d.card"));
        cards.unpack(&image, &place).unwrap();
        assert!(cards.is_taken(&place));
    }
}

#[test]
fn a_folder_tells_which_of_its_places_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    for (cards, start) in both(folder.path()) {
        let of = start.strip_suffix('/').unwrap_or_default();
        assert_eq!(cards.places(of).unwrap(), []);
        assert_eq!(cards.places(&format!("{start}nowhere")).unwrap(), []);
        let [b, a] = ["b.card", "a.card"].map(|name| CardRef::file(format!("{start}{name}")));
        make(&*cards, &b);
        make(&*cards, &a);
        assert_eq!(cards.places(of).unwrap(), [a, b]);
    }
}

/// The card that moves is the card itself, with all it holds; nothing is left in its old place, and nothing is moved over.
#[test]
fn a_card_moves_to_another_place_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    for (cards, start) in both(folder.path()) {
        let [from, to, third] =
            ["d.card", "e.card", "f.card"].map(|name| CardRef::file(format!("{start}{name}")));
        make(&*cards, &from);
        make(&*cards, &third);
        let image = |place: &CardRef| cards.open(place, None, Keeping::AtClose).unwrap().image().unwrap();
        let before = image(&from);
        cards.relocate(&from, &to).unwrap();
        assert_eq!((cards.is_taken(&from), cards.is_taken(&to)), (false, true));
        assert_eq!(image(&to), before);
        // It is there already.
        cards.hand_over(&to, &to).unwrap();
        let error = cards.relocate(&to, &third).unwrap_err();
        assert_eq!(error.to_string(), format!("{third} is there already"));
        // A card in its place is its own name, and is shown by it.
        assert_eq!((cards.resolve(&to).unwrap(), cards.shown(&to)), (to.clone(), to.to_string()));
        cards.remember(&to, Serial([5; 8]), &from).unwrap();
        cards.forget(&to, &third).unwrap();
        assert_eq!((cards.is_taken(&from), cards.is_taken(&to)), (false, true));
    }
}

/// What belongs to a card and stands beside it may be there before the card is.
#[test]
fn an_empty_place_is_held_and_stays_empty() {
    let folder = tempfile::tempdir().unwrap();
    for (cards, start) in both(folder.path()) {
        let place = CardRef::file(format!("{start}g.card"));
        drop(cards.hold(&place).unwrap());
        assert!(!cards.is_taken(&place));
    }
}

#[test]
fn a_seed_opens_no_card_that_may_hold_formal_keys() {
    let folder = tempfile::tempdir().unwrap();
    for (cards, start) in both(folder.path()) {
        let place = CardRef::file(format!("{start}h.card"));
        let root = hierarchy::test_root(Suite::TripleDes, Role::Transport);
        let chip = NewChip { kind: CardKind::Esam, serial: [5; 8], root: &root, formal: true };
        assert_eq!(cards.make(&place, &chip).unwrap_err().kind(), Kind::Security);
        assert!(cards.new_chip(&chip, "h.card", "h").is_err_and(|error| error.kind() == Kind::Security));
        assert!(!cards.is_taken(&place));
    }
}
