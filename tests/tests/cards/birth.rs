//! The transport key an ESAM was born with and keeps: what a formal own master comes under while the card's test keys are published
//! [docs/specs/cards.md 7, 10].

use crate::bent::{Bench, CHALLENGE, NO_LEAVE, send};
use crate::office::Office;
use crate::world::{copy, number, pin, region};
use issue::headers;
use issue::life::{self, LifeChange, LifeError, Passage, Planned};
use issue::source::{Current, KeySource, Target};
use keys::{Key, Role, Suite, seal};
use reader::driver::fmcos::Fmcos;
use reader::driver::issuing::IssuingCard;
use scheme::profile::{CardKind, ESAM_KEYS, Recipient};
use vcard::{Slot, SupplyCut, Torn};
use wire::{Channel, Sw};

/// From test to formal: what leaves the issuing card opens under the key the chip was born with, and under nothing published
/// that the older form used.
#[test]
fn nothing_formal_leaves_under_the_published_test_master() {
    for suite in Suite::ALL {
        let mut office = Office::new(suite);
        let mut esam = office.esam(number(42));
        let serial = life::look(&mut esam).unwrap().serial.0;
        let target = Target {
            recipient: Recipient::Card(CardKind::Esam),
            master: Current::Test(1),
            test_keys: false,
            version: None,
            serial,
            number: number(42).0,
            region: region().0,
        };
        let card = &mut office.formal[0];
        card.reset().unwrap();
        Fmcos::new(card).verify_pin(0, pin().expose()).unwrap();
        let mut issuing = IssuingCard::new(card);
        // The older form is refused by the card that would have to give it.
        let older = issuing.export_key(&target, 0, CHALLENGE, headers::stage(&ESAM_KEYS[0], suite));
        assert_eq!(older.unwrap_err().sw(), Some(Sw::WRONG_DATA));
        let header = headers::stage_formal(suite);
        let field = issuing.export_key(&target, 0, CHALLENGE, header).unwrap();
        let own = office.roots.city(region()).meter(Role::Master, number(42));
        let plain = [&ESAM_KEYS[0].header(1)[..], own.expose()].concat();
        let born = office.roots.transport(scheme::numbers::Serial(serial));
        assert_eq!(field, seal::bound(&born, &CHALLENGE, &header, &plain));
        let test = issue::keyset::Roots::test(suite).city(region()).meter(Role::Master, number(42));
        assert_ne!(field, seal::bound(&test, &CHALLENGE, &header, &plain));
        // The other keys leave under the own master the card is to live with alone.
        let kic = issuing.export_key(&target, 4, CHALLENGE, headers::stage(&ESAM_KEYS[3], suite));
        assert_eq!(kic.unwrap_err().sw(), Some(Sw::CONDITIONS));
    }
}

/// The key an ESAM was born with: nothing shows, changes or replaces it, and on a formal card it opens nothing.
#[test]
fn the_key_a_chip_was_born_with_stays_and_is_never_shown() {
    let suite = Suite::Sm4;
    let mut bench = Bench::new(suite);
    let mut esam = bench.proved();
    assert!(life::look(&mut copy(&esam)).unwrap().birth_key);
    assert_eq!(Fmcos::new(&mut esam).key_information(0x35, 0x0F).unwrap_err().sw(), Some(Sw::CONDITIONS));
    // STAGE KEY for it: there is no right to change it.
    let own = bench.master.clone();
    let born = bench.office.roots.transport(life::look(&mut copy(&esam)).unwrap().serial);
    let seal_and_send = |esam: &mut Slot, header: [u8; 5], under: &Key, plain: &[u8]| {
        let challenge = Fmcos::new(esam).challenge8().unwrap();
        send(esam, header, &seal::bound(under, &challenge, &header, plain))
    };
    let master = [&ESAM_KEYS[0].header(1)[..], own.expose()].concat();
    assert_eq!(seal_and_send(&mut esam, headers::stage(&ESAM_KEYS[0], suite), &own, &master), Sw::OK);
    let lc = headers::wrapped_lc(suite);
    let another = [&[0xF5, 0xF0, 0xFA, 0, 0][..], &[7; 16]].concat();
    assert_eq!(seal_and_send(&mut esam, [0x84, 0xD4, 3, 0x0F, lc], &own, &another), Sw::NOT_ALLOWED);
    // A master under it, in formal state: whoever knows a published transport root would own the meter.
    assert_eq!(seal_and_send(&mut esam, headers::stage_formal(suite), &born, &master), Sw::CONDITIONS);
    // Nor does the own master change by WRITE KEY on a finished card, plain or sealed under the master in use.
    let change = headers::change(&ESAM_KEYS[0], suite);
    let challenge = Fmcos::new(&mut esam).challenge8().unwrap();
    let field = seal::wrap(&own, &challenge, &change, ESAM_KEYS[0].header(1), &own);
    assert_eq!(send(&mut esam, change, &field), Sw::CONDITIONS);
    assert_eq!(send(&mut esam, [0x80, 0xD4, 0x39, 0x00, 0], &master), Sw::CONDITIONS);
    // It outlives a key change and the way back to test; retirement destroys it with the rest.
    let mut life_of = copy(&bench.esam);
    bench.office.pass(&mut life_of, LifeChange::ChangeKeys, Some(2), NO_LEAVE);
    bench.office.pass(&mut life_of, LifeChange::Test, Some(2), NO_LEAVE);
    assert!(life::look(&mut life_of).unwrap().birth_key);
    bench.office.pass(&mut life_of, LifeChange::Formal, Some(3), NO_LEAVE);
    bench.office.pass(&mut life_of, LifeChange::Retire, Some(3), NO_LEAVE);
    let gone = Fmcos::new(&mut life_of).key_information(0x35, 0x0F).unwrap_err();
    assert_eq!(gone.sw(), Some(Sw::KEY_NOT_FOUND));
    // A chip without it stays in test state, and the plan says so before it is touched.
    let mut office = Office::new(suite);
    let mut test = office.esam(number(43));
    let seen = life::Seen { birth_key: false, ..life::look(&mut test).unwrap() };
    let about = office.source(Some(1)).about();
    let error = Passage::plan(LifeChange::Formal, &seen, &about, NO_LEAVE).unwrap_err();
    assert!(matches!(error, LifeError::NoBirthKey), "{error}");
    let seen = life::Seen { birth_key: true, ..seen };
    assert!(matches!(Passage::plan(LifeChange::Formal, &seen, &about, NO_LEAVE), Ok(Planned::Due(_))));
}

/// A supply that fails while the first own master is written leaves the transport key alone, or own master and kept transport
/// key both.
#[test]
fn the_own_master_and_the_key_of_birth_come_together() {
    let suite = Suite::TripleDes;
    let mut office = Office::new(suite);
    let blank = crate::world::blank(CardKind::Esam, suite, "born");
    let master = issue::keyset::Roots::test(suite).city(region()).meter(Role::Master, number(44));
    let target = Target {
        recipient: Recipient::Card(CardKind::Esam),
        master: Current::Transport,
        test_keys: false,
        version: None,
        serial: crate::world::serial("born").0,
        number: number(44).0,
        region: region().0,
    };
    let header = headers::change(&ESAM_KEYS[0], suite);
    for torn in [Torn::Old, Torn::Prefix(20), Torn::Erased, Torn::Noise(3)] {
        let mut outcomes = [0, 0];
        for after in 0.. {
            let mut card = copy(&blank);
            card.reset().unwrap();
            let challenge = Fmcos::new(&mut card).challenge8().unwrap();
            let cryptogram = office.source(None).authenticate_target(&target, challenge).unwrap();
            Fmcos::new(&mut card).external_authenticate(0, &cryptogram).unwrap();
            let challenge = Fmcos::new(&mut card).challenge8().unwrap();
            let field = office.source(None).export_key(&target, 0, challenge, header).unwrap();
            card.cut(SupplyCut { after, torn });
            let done = Fmcos::new(&mut card).write_key_wrapped(header, &field).is_ok();
            let mut card = copy(&card);
            card.reset().unwrap();
            let kept = Fmcos::new(&mut card).key_information(0x35, 0x0F).unwrap_err().sw();
            let challenge = Fmcos::new(&mut card).challenge8().unwrap();
            let proof = seal::cryptogram(&master, &challenge);
            let own = Fmcos::new(&mut card).external_authenticate(0, &proof).is_ok();
            let wanted = if own { Sw::CONDITIONS } else { Sw::KEY_NOT_FOUND };
            assert_eq!(kept, Some(wanted), "write {after}, {torn:?}");
            outcomes[usize::from(own)] += 1;
            if done {
                break;
            }
        }
        assert!(outcomes[0] > 0 && outcomes[1] > 0, "{torn:?}: {outcomes:?}");
    }
}
