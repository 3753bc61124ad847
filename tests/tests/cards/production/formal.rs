//! What a stolen key card gives: sealed keys of chips that somebody else has. And what an ESAM in test state takes as formal keys: a set of
//! its own city alone, whole, and nothing mixed in by those who have its published keys.

use super::{Made, Works};
use crate::office::shown;
use crate::world::{copy, number, region, user_area};
use issue::production::key_set;
use keys::{Key, Role, Suite, hierarchy};
use reader::driver::esam::Esam;
use reader::driver::field::FieldEsam;
use reader::driver::fmcos::Fmcos;
use reader::driver::production_card::ProductionCard;
use scheme::field::{FACTORY_FACTOR, KeyBlock, KeyHolder, download};
use scheme::numbers::MeterNumber;
use scheme::production::{KeySet, load_formal};
use scheme::profile::{ESAM_KEYS, State};
use vcard::Slot;
use wire::{Channel, Command, Sw};

fn set(works: &mut Works, made: &mut Made) -> KeySet {
    key_set(&mut works.office.source(Some(1)), made.serial(), made.number(), region()).unwrap()
}

/// LOAD FORMAL KEY, key by key; the first word that is not 9000.
fn load(esam: &mut Slot, keys: &[[u8; 32]]) -> Sw {
    esam.reset().unwrap();
    let mut esam = Esam::new(esam);
    esam.reset().unwrap();
    for (n, key) in keys.iter().enumerate() {
        if let Err(error) = FieldEsam::new(&mut esam).load_formal(n, key) {
            return error.sw().unwrap();
        }
    }
    Sw::OK
}

fn send(card: &mut Slot, header: [u8; 5], data: &[u8]) -> Sw {
    let [cla, ins, p1, p2, _] = header;
    Fmcos::new(card).ask("a command", &Command::new(cla, ins, p1, p2).data(data)).unwrap().sw
}

#[test]
fn what_is_on_a_key_card_opens_in_its_own_chip_alone() {
    for suite in Suite::ALL {
        let mut works = Works::new(suite);
        let (mut made, mut other) = (works.meter(number(42), false), works.meter(number(43), false));
        let mut card = works.key_card(&mut [&mut made], 1, 1);
        let holder = KeyHolder { number: number(42).0, serial: made.serial().0 };
        // A thief has all that is published, other chips, and the card, from which anybody reads.
        let transport = hierarchy::test_root(suite, Role::Transport);
        let born = |serial| hierarchy::transport_key(&transport, serial);
        let published = |role| hierarchy::test_meter_key(suite, role, region().0, 1, number(42).0);
        let mut known: Vec<Key> = Role::ALL.into_iter().map(published).collect();
        known.extend(Role::ALL.into_iter().map(|role| hierarchy::test_root(suite, role)));
        known.push(scheme::production::shared_key(suite).key().clone());
        known.push(born(other.serial().0));
        let image = user_area(&card);
        let keys = set(&mut works, &mut made).keys;
        for key in &keys {
            assert!(image.windows(32).any(|window| window == key), "the card has another set");
            assert!(known.iter().all(|known| KeyBlock::open(known, &holder, key).is_none()));
        }
        // The chip's own key opens the first, and that one the others: no key of the city stands on the card in any form.
        let first = KeyBlock::open(&born(holder.serial), &holder, &keys[0]).unwrap();
        let wanted = works.office.roots.city(region());
        let mut secrets = vec![first.key.clone()];
        for (row, key) in ESAM_KEYS.iter().zip(&keys).skip(1) {
            let opened = KeyBlock::open(&first.key, &holder, key).unwrap();
            assert_eq!(opened.key, wanted.meter(Role::from_code(row.role).unwrap(), number(42)));
            secrets.push(opened.key);
        }
        secrets.extend(Role::ALL.into_iter().map(|role| wanted.get(role).clone()));
        for secret in &secrets {
            assert!(
                !image.windows(16).any(|window| window == secret.expose()),
                "a key stands on the card in clear"
            );
        }
        // Put into another chip the keys are nothing, each of them.
        for (n, key) in keys.iter().enumerate() {
            let mut esam = copy(&other.esam);
            esam.reset().unwrap();
            assert_ne!(send(&mut esam, load_formal(n), key), Sw::OK);
        }
        assert_eq!(load(&mut other.esam, &keys), Sw::SM_WRONG);
        // The card gives them for the chip they are for, and for no other serial number, whoever asks.
        let mut production = ProductionCard::new(&mut card);
        production.open().unwrap();
        production.select().unwrap();
        let refused = production.take_key(scheme::order::Serial8(holder.serial), 0).unwrap_err();
        assert_eq!(refused.sw(), Some(Sw::NOT_ALLOWED), "no meter proved itself");
    }
}

#[test]
fn a_set_is_whole_or_nothing() {
    let mut works = Works::new(Suite::Sm4);
    let mut made = works.meter(number(42), false);
    let keys = set(&mut works, &mut made).keys;
    let before = shown(&mut made.esam);
    // Every byte of the first and of another key, every length of a set.
    for (at, n) in (0..32).flat_map(|at| [(at, 0), (at, 3)]) {
        let mut bent = keys;
        bent[n][at] ^= 0x40;
        assert_eq!(load(&mut copy(&made.esam), &bent[..=n]), Sw::SM_WRONG, "byte {at} of key {n}");
    }
    for len in 0..keys.len() {
        let mut esam = copy(&made.esam);
        assert_eq!(load(&mut esam, &keys[..len]), Sw::OK);
        assert_eq!(shown(&mut esam), before, "{len} keys");
        // Behind a reset the rest is no set.
        esam.reset().unwrap();
        if len > 0 {
            assert_eq!(send(&mut esam, load_formal(len), &keys[len]), Sw::CONDITIONS);
        }
        assert_eq!(load(&mut esam, &keys), Sw::OK);
        assert_eq!(shown(&mut esam).0.info.state, State::Formal);
    }
    let mut twice = copy(&made.esam);
    assert_eq!(load(&mut twice, &keys), Sw::OK);
    assert_eq!(load(&mut twice, &keys), Sw::CONDITIONS);
}

/// The own master of an ESAM in test state is published, and with it anybody seals a key for the field's download. Neither form of a formal
/// set takes one in.
#[test]
fn no_published_key_gets_into_a_formal_set() {
    let suite = Suite::TripleDes;
    let mut works = Works::new(suite);
    let mut made = works.meter(number(42), false);
    let keys = set(&mut works, &mut made).keys;
    let holder = KeyHolder { number: number(42).0, serial: made.serial().0 };
    let master = hierarchy::test_meter_key(suite, Role::Master, region().0, 1, number(42).0);
    let forged = |row: usize, version| {
        let row = &ESAM_KEYS[row];
        let key = Key::from_16(suite, [0x42; 16]);
        KeyBlock { kind: row.kind & 0x3F, id: row.id, version, sum: 8, key }.seal(&master, &holder)
    };
    // A download begun before, and one begun while the set comes.
    for early in [true, false] {
        let mut esam = copy(&made.esam);
        esam.reset().unwrap();
        if early {
            // Version 1 is not higher than the one it has; 2 is.
            assert_eq!(send(&mut esam, download(0), &forged(0, 2)), Sw::OK);
        }
        assert_eq!(send(&mut esam, load_formal(0), &keys[0]), Sw::OK);
        for version in [1, 2] {
            assert_ne!(send(&mut esam, download(1), &forged(4, version)), Sw::OK);
        }
        assert_eq!(send(&mut esam, load_formal(1), &forged(4, 1)), Sw::SM_WRONG);
        for (n, key) in keys.iter().enumerate().skip(1) {
            assert_eq!(send(&mut esam, load_formal(n), key), Sw::OK);
        }
        let wanted = works.office.check_values(State::Formal, 1, number(42));
        assert_eq!(shown(&mut esam).1, wanted);
    }
}

/// The same where an issuing card leads an ESAM into formal state: between its first key and the last a line's man in the middle has the
/// published keys, and puts none of his own in.
#[test]
fn no_published_key_gets_into_what_an_issuing_card_stages() {
    use issue::headers;
    use issue::source::{Current, KeySource, Target};
    use scheme::profile::{CardKind, Recipient};
    let suite = Suite::Aes128;
    let mut works = Works::new(suite);
    let mut made = works.meter(number(42), false);
    let holder = KeyHolder { number: number(42).0, serial: made.serial().0 };
    let master = hierarchy::test_meter_key(suite, Role::Master, region().0, 1, number(42).0);
    let forged = |row: usize| {
        let row = &ESAM_KEYS[row];
        let key = Key::from_16(suite, [0x42; 16]);
        KeyBlock { kind: row.kind & 0x3F, id: row.id, version: 2, sum: 8, key }.seal(&master, &holder)
    };
    let target = |master| Target {
        recipient: Recipient::Card(CardKind::Esam),
        master,
        test_keys: false,
        version: None,
        serial: holder.serial,
        number: holder.number,
        region: region().0,
    };
    let esam = &mut made.esam;
    esam.reset().unwrap();
    assert_eq!(send(esam, download(0), &forged(0)), Sw::OK);
    let mut source = works.office.source(Some(2));
    let mut fmcos = Fmcos::new(esam);
    let challenge = fmcos.challenge8().unwrap();
    let proof = source.authenticate_target(&target(Current::Test(1)), challenge).unwrap();
    fmcos.external_authenticate(0, &proof).unwrap();
    for (row, current) in [(0, Current::Test(1)), (4, Current::Own)] {
        let row = &ESAM_KEYS[row];
        let header = if row.role == 0 { headers::stage_formal(suite) } else { headers::stage(row, suite) };
        let mut fmcos = Fmcos::new(esam);
        let challenge = fmcos.challenge8().unwrap();
        let field = source.export_key(&target(current), row.role, challenge, header).unwrap();
        fmcos.write_key_wrapped(header, &field).unwrap();
    }
    assert_eq!(send(esam, download(1), &forged(4)), Sw::CONDITIONS);
}

/// What every ESAM in test state shares with cards of production is published: it moves no money but what a purse begins with, names no
/// customer, and a formal ESAM does not know it.
#[test]
fn the_shared_key_does_nothing_else() {
    let mut works = Works::new(Suite::Sm4);
    let mut made = works.meter(number(42), false);
    let factor = [0x80, 0xFA, 0x00, 0x01, 0x08];
    let esam = &mut made.esam;
    esam.reset().unwrap();
    assert_eq!(send(esam, factor, &FACTORY_FACTOR), Sw::OK);
    let random = Fmcos::new(esam).challenge4().unwrap();
    let key = scheme::production::shared_key(Suite::Sm4).to_esam();
    let with_mac = |header: [u8; 5], data: &[u8]| {
        let code = scheme::field::command_mac(&key, random, &header, data);
        [data, &code[..4]].concat()
    };
    let customer = [0x11; 6];
    for (header, data) in [
        (scheme::field::INCREASE, [0, 0, 1, 0, 0, 0, 0, 1].to_vec()),
        (scheme::user_card::TELL, [&customer[..], &[1]].concat()),
        (scheme::field::Span::CUSTOMER.write(), customer.to_vec()),
        (scheme::field::SET_PURSE[1], vec![0; 4]),
        // The number of an ESAM that waits for none.
        (scheme::production::NUMBER, number(77).0.to_vec()),
    ] {
        assert_eq!(send(esam, header, &with_mac(header, &data)), Sw::CONDITIONS, "{header:02X?}");
    }
    let purse = scheme::production::PURSE;
    assert_eq!(send(esam, purse, &with_mac(purse, &[0, 0, 1, 0])), Sw::OK);
    assert_eq!(send(esam, purse, &with_mac(purse, &[0, 0, 2, 0])), Sw::CONDITIONS);
    assert_eq!(made.number(), MeterNumber(number(42).0));
    let keys = set(&mut works, &mut made).keys;
    assert_eq!(load(&mut made.esam, &keys), Sw::OK);
    made.esam.reset().unwrap();
    assert_eq!(send(&mut made.esam, factor, &FACTORY_FACTOR), Sw::CONDITIONS);
}
