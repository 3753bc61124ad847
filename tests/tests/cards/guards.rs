//! The last try of a card's own master: whoever acts on the card one level down keeps it, before anything is sent that could
//! spend it [docs/specs/cards.md 9, 10, 12].

use crate::office::Office;
use crate::world::{Province, number, open, user_area};
use issue::life::{self, Leave, LifeChange, LifeError, Passage};
use issue::source::KeySource;
use keys::Suite;
use reader::driver::fmcos::Fmcos;
use scheme::pin::Pin;
use scheme::profile::{CardKind, OPERATOR_PIN};
use scheme::psam::Limits;
use vcard::Slot;
use wire::Channel;

/// Tries left of 39/00.
fn left(card: &mut Slot) -> u8 {
    card.reset().unwrap();
    let mut fmcos = Fmcos::new(card);
    fmcos.select_mf().unwrap();
    fmcos.tries_left(0x39, 0x00).unwrap().unwrap()
}

/// Wrong cryptograms, until so many tries are left.
fn spend(card: &mut Slot, tries: u8) {
    while left(card) > tries {
        let mut fmcos = Fmcos::new(card);
        fmcos.challenge8().unwrap();
        fmcos.external_authenticate(0x00, &[0; 8]).unwrap_err();
    }
    assert_eq!(left(card), tries);
}

fn new_pin() -> Pin {
    Pin::from_digits("112233").unwrap()
}

#[test]
fn the_last_try_of_a_psams_master_is_kept() {
    let mut province = Province::new(Suite::TripleDes);
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    let psam = &mut province.psam;
    spend(psam, 1);
    let before = user_area(psam);
    for error in [
        life::raise(psam, &mut city, Limits::PSAM, [1; 8]).map(drop).unwrap_err(),
        life::set_pin(psam, &mut city, &OPERATOR_PIN, &new_pin()).unwrap_err(),
        life::retire(psam, &mut city).map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, LifeError::LastTry { .. }), "{error}");
    }
    assert!(user_area(psam) == before && left(psam) == 1);

    // With two left each does its work, and the right MAC gives all three back.
    let mut province = Province::new(Suite::TripleDes);
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    let psam = &mut province.psam;
    spend(psam, 2);
    life::raise(psam, &mut city, Limits::PSAM, [1; 8]).unwrap();
    assert_eq!(left(psam), 3);
    spend(psam, 2);
    life::set_pin(psam, &mut city, &OPERATOR_PIN, &new_pin()).unwrap();
    assert_eq!(left(psam), 3);
    spend(psam, 2);
    life::retire(psam, &mut city).unwrap();
}

#[test]
fn the_last_try_of_an_esams_master_is_spent_by_name_alone() {
    let mut office = Office::new(Suite::TripleDes);
    let mut esam = office.esam(number(42));
    for (tries, spend_last_try, passes) in [(2, false, true), (1, false, false), (1, true, true)] {
        spend(&mut esam, tries);
        let seen = life::look(&mut esam).unwrap();
        let leave = Leave { forfeit: false, spend_last_try };
        let planned = Passage::plan(LifeChange::Formal, &seen, &office.source(Some(1)).about(), leave);
        match planned {
            Ok(_) => assert!(passes, "{tries} tries, by name: {spend_last_try}"),
            Err(error) => assert!(!passes && matches!(error, LifeError::LastTry { .. }), "{error}"),
        }
        assert_eq!(left(&mut esam), tries);
    }
}
