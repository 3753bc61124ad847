//! What an issuing card may make, and a PSAM seal: counters that end, and who may raise them [docs/specs/cards.md 4, 9].

use crate::bench::Attempt;
use crate::world::{
    Province, blank, copy, equip, issue, number, open, pin, plan, plan_of, region, sealer, serial, user_area,
};
use issue::keyset::Roots;
use issue::plan::Request;
use issue::source::{CardSource, Current, KeySource, SoftSource, SourceError, Target};
use issue::{headers, life};
use keys::Suite;
use reader::driver::issuing::IssuingCard;
use reader::driver::psam::Psam;
use scheme::order::OrderKind;
use scheme::profile::{CardKind, EF_ISSUED, EF_LIMIT, Recipient};
use scheme::psam::Limits;
use vcard::{Slot, SupplyCut, Torn};
use wire::Sw;

/// An ESAM issuing card that makes so many.
fn issuing(suite: Suite, limit: u32) -> Slot {
    let mut card = blank(CardKind::EsamIssuing, suite, "counting");
    let special = |request| Request { limit: Some(limit), ..request };
    let plan = plan_of(CardKind::EsamIssuing, suite, number(3), special);
    issue(&plan, &mut card, &mut SoftSource::province(Roots::test(suite)));
    card
}

/// The own master of the device of a number, as a blank gets it.
fn own_master(source: &mut CardSource<'_>, suite: Suite, n: u32) -> Result<Vec<u8>, SourceError> {
    let target = Target {
        recipient: Recipient::Card(CardKind::Esam),
        master: Current::Transport,
        test_keys: false,
        version: None,
        serial: serial(&format!("counted {n}")).0,
        number: number(100 + n).0,
        region: region().0,
    };
    let header = headers::change(&scheme::profile::ESAM_KEYS[0], suite);
    source.export_key(&target, 0, [n as u8; 8], header)
}

fn made(card: &mut Slot) -> (Option<u32>, u32) {
    let mut issuing = IssuingCard::new(card);
    issuing.fmcos().reset().unwrap();
    let counter = issuing.counter().unwrap().unwrap();
    (counter.left(), counter.made)
}

#[test]
fn a_counter_ends_and_counts_each_target_once() {
    for suite in Suite::ALL {
        let mut card = issuing(suite, 3);
        assert_eq!(made(&mut card), (Some(3), 0));
        let mut source = open(&mut card, CardKind::EsamIssuing);
        for n in [1, 1, 2, 2, 2, 3, 3] {
            own_master(&mut source, suite, n).unwrap();
        }
        assert_eq!(made(&mut card), (Some(0), 3));
        let mut source = open(&mut card, CardKind::EsamIssuing);
        let spent = own_master(&mut source, suite, 4).unwrap_err();
        assert_eq!(spent, SourceError::Spent);
        assert!(spent.to_string().contains("counter is spent"));
        // The last one may still be asked for, so that its card can be finished; an earlier one is a new card.
        own_master(&mut source, suite, 3).unwrap();
        assert_eq!(own_master(&mut source, suite, 2).unwrap_err(), SourceError::Spent);
        assert_eq!(made(&mut card), (Some(0), 3));
    }
}

/// What is counted is a card that gets its own master; the other keys of one, whoever it is, cost nothing.
#[test]
fn other_keys_than_the_own_master_are_not_counted() {
    let suite = Suite::TripleDes;
    let mut card = issuing(suite, 3);
    let mut source = open(&mut card, CardKind::EsamIssuing);
    own_master(&mut source, suite, 1).unwrap();
    for n in [1, 2, 3, 4, 5] {
        let target = Target {
            recipient: Recipient::Card(CardKind::Esam),
            master: Current::Own,
            test_keys: false,
            version: None,
            serial: serial(&format!("counted {n}")).0,
            number: number(100 + n).0,
            region: region().0,
        };
        for row in scheme::profile::ESAM_KEYS.iter().filter(|row| row.role != 0) {
            source.export_key(&target, row.role, [n as u8; 8], headers::add(row, suite)).unwrap();
        }
    }
    assert_eq!(made(&mut card), (Some(2), 1));
}

/// The count is written with the answer: a supply that fails at any page write gives no own master uncounted.
#[test]
fn a_supply_cut_gives_no_master_uncounted() {
    let suite = Suite::TripleDes;
    let fresh = issuing(suite, 3);
    for torn in [Torn::Old, Torn::Prefix(20), Torn::Erased, Torn::Noise(4)] {
        for after in 0.. {
            let mut card = copy(&fresh);
            card.cut(SupplyCut { after, torn });
            // The first cuts meet the PINs: then nothing is asked for.
            let given = crate::world::with_pins(CardKind::EsamIssuing, |pins| {
                let mut source = CardSource::open(IssuingCard::new(&mut card), pins).ok()?;
                own_master(&mut source, suite, 1).ok()
            });
            let given = given.is_some();
            let mut card = copy(&card);
            let (_, count) = made(&mut card);
            assert!(count == 1 || !given, "write {after}, {torn:?}: given and not counted");
            if given {
                break;
            }
        }
    }
}

#[test]
fn the_limit_is_written_under_the_cards_own_master_alone() {
    let suite = Suite::Aes128;
    let mut province = Province::new(suite);
    let mut card = issuing(suite, 1);
    let mut fmcos = reader::driver::fmcos::Fmcos::new(&mut card);
    fmcos.reset().unwrap();
    for fid in [EF_LIMIT, EF_ISSUED] {
        assert_eq!(fmcos.update_binary(fid, 0, &[0xFF; 4]).unwrap_err().sw(), Some(Sw::NOT_ALLOWED));
    }
    fmcos.verify_pin(0, pin().expose()).unwrap();
    for fid in [EF_LIMIT, EF_ISSUED] {
        assert_eq!(fmcos.update_binary(fid, 0, &[0xFF; 4]).unwrap_err().sw(), Some(Sw::NOT_ALLOWED));
    }
    let mut main = open(&mut province.main, CardKind::MainControl);
    life::raise(&mut card, &mut main, Limits { count: 9, value: 0 }, [1; 8]).unwrap();
    assert_eq!(made(&mut card), (Some(9), 0));
    // A city's card holds no master of an issuing card.
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    assert!(matches!(
        life::raise(&mut card, &mut city, Limits::PSAM, [1; 8]),
        Err(issue::life::LifeError::NotOurs { .. })
    ));
}

#[test]
fn a_psam_seals_up_to_its_limit_and_the_city_raises_it() {
    let suite = Suite::Sm4;
    let mut province = Province::new(suite);
    let mut card = blank(CardKind::Psam, suite, "limited");
    let plan = plan(CardKind::Psam, suite, number(7), None);
    issue(&plan, &mut card, &mut open(&mut province.psam_issuing, CardKind::PsamIssuing));
    let limits = |count| Limits { count, value: 1_000_000 };
    let key = equip(&mut card, &mut province.psam_issuing, suite, limits(2));
    let order = |count| Attempt::new(suite, number(42), OrderKind::Open, count).order.to_bytes();
    let seal = |card: &mut Slot, count| {
        sealer(card, &key).seal_order(&order(count)).map_err(|error| error.sw().unwrap())
    };
    assert!(seal(&mut card, 1).is_ok() && seal(&mut card, 2).is_ok());
    let before = user_area(&card);
    assert_eq!(seal(&mut card, 3), Err(Sw::COUNTER_END));
    assert!(user_area(&card) == before, "a refused order changed the PSAM");
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    life::raise(&mut card, &mut city, limits(3), [1; 8]).unwrap();
    assert!(seal(&mut card, 3).is_ok());
    assert_eq!(seal(&mut card, 4), Err(Sw::COUNTER_END));
    let counter = Psam::open(&mut card).unwrap().counter().unwrap();
    assert_eq!((counter.limit, counter.made, counter.left()), (Some(3), 3, Some(0)));
}

/// A main control card of one officer does nothing; and a PSAM of an unlimited plan never ends.
#[test]
fn one_officer_gets_nothing_from_the_province() {
    let suite = Suite::TripleDes;
    let mut province = Province::new(suite);
    let refused = CardSource::open(IssuingCard::new(&mut province.main), &pin()).err().unwrap();
    assert_eq!(refused, SourceError::SecondPin);
    let main = &mut province.main;
    let mut fmcos = reader::driver::fmcos::Fmcos::new(main);
    fmcos.reset().unwrap();
    fmcos.verify_pin(0, pin().expose()).unwrap();
    let row = Recipient::Card(CardKind::PsamIssuing).key(0).unwrap();
    let header = headers::change(row, suite);
    let data = [&[1; 8][..], &header, &[2; 8], &number(9).0, &region().0].concat();
    for (ins, p1, p2, data) in [
        (0x44, 0x20, 0x00, data.clone()),
        (0x44, 0xA0, 0x00, data.clone()),
        (0x46, 0x20, 0x00, [&data[..8], &data[13..]].concat()),
        (0x4E, 0x00, 0x01, [&region().0[..], &[1]].concat()),
    ] {
        let command = wire::Command::new(0x80, ins, p1, p2).data(&data);
        assert_eq!(fmcos.ask("one officer", &command).unwrap().sw, Sw::NOT_ALLOWED, "{ins:02X} {p1:02X}");
    }
}
