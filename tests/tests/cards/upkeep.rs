//! What still changes on a finished card: a PIN set anew, and its end, sealed by the issuing card one level up
//! [docs/specs/cards.md 10, 12].

use crate::office::formal_roots;
use crate::world::{Province, blank, copy, issue, number, open, pin, plan, plan_of, slot};
use issue::life::{self, LifeError};
use issue::plan::Request;
use issue::source::{Activation, CardSource, Current, KeySource, SoftSource, SourceError, Target};
use keys::Suite;
use reader::driver::fmcos::Fmcos;
use reader::driver::issuing::IssuingCard;
use scheme::money::Fen;
use scheme::pin::Pin;
use scheme::profile::{CardKind, DF_PURCHASE, OFFICER_PIN, OPERATOR_PIN, PinRow, Recipient, State};
use scheme::psam::Limits;
use vcard::{Image, Slot, SupplyCut, Torn};
use wire::{Channel, Command, Sw};

fn new_pin() -> Pin {
    Pin::from_digits("24681357").unwrap()
}

/// A finished PSAM of the city, as its issuing card takes it.
fn psam_of(serial: [u8; 8], n: u32) -> Target {
    Target {
        recipient: Recipient::Card(CardKind::Psam),
        master: Current::Own,
        test_keys: false,
        version: None,
        serial,
        number: number(n).0,
        region: crate::world::region().0,
    }
}

/// A PSAM issuing card of the test hierarchy that an earlier program made: closed, of structure 02, with the operator's PIN alone.
fn made_with_one_pin() -> Slot {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vcard/tests/images/v2/psam-issuing-one-pin.card");
    slot(Image::load(path.as_ref()).unwrap(), "made with one PIN")
}

/// The directory of the card's PINs, selected.
fn at_pins(card: &mut Slot, kind: CardKind) -> Fmcos<'_> {
    let mut fmcos = Fmcos::new(card);
    fmcos.reset().unwrap();
    fmcos.select_mf().unwrap();
    if kind.has_application() {
        fmcos.select_fid(DF_PURCHASE).unwrap();
    }
    fmcos
}

fn verify(card: &mut Slot, kind: CardKind, row: &PinRow, pin: &Pin) -> Result<(), reader::CardError> {
    let mut fmcos = at_pins(card, kind);
    if row.id != OPERATOR_PIN.id {
        fmcos.verify_pin(OPERATOR_PIN.id, crate::world::pin().expose())?;
    }
    fmcos.verify_pin(row.id, pin.expose())
}

/// Spends all tries of a card's operator's PIN.
fn block(card: &mut Slot, kind: CardKind) {
    let mut fmcos = at_pins(card, kind);
    for left in [2, 1, 0] {
        let wrong = fmcos.verify_pin(OPERATOR_PIN.id, &[0x99, 0x99]).unwrap_err();
        assert_eq!(wrong.sw(), Some(Sw(0x63C0 + left)));
    }
    assert_eq!(fmcos.verify_pin(OPERATOR_PIN.id, pin().expose()).unwrap_err().sw(), Some(Sw::BLOCKED));
}

#[test]
fn a_blocked_pin_is_set_anew_by_the_card_one_level_up() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let mut psam = copy(&province.psam);
        block(&mut psam, CardKind::Psam);
        let mut city = CardSource::open(IssuingCard::new(&mut province.psam_issuing), &pin()).unwrap();
        life::set_pin(&mut psam, &mut city, &OPERATOR_PIN, &new_pin()).unwrap();
        verify(&mut psam, CardKind::Psam, &OPERATOR_PIN, &new_pin()).unwrap();
        assert_eq!(
            verify(&mut psam, CardKind::Psam, &OPERATOR_PIN, &pin()).unwrap_err().tries_left(),
            Some(2)
        );
        // An issuing card's PINs are the province's to set, by two persons.
        let mut city = copy(&province.esam_issuing);
        block(&mut city, CardKind::EsamIssuing);
        crate::world::with_pins(CardKind::MainControl, |pins| {
            let mut main = CardSource::open(IssuingCard::new(&mut province.main), pins).unwrap();
            life::set_pin(&mut city, &mut main, &OPERATOR_PIN, &pin()).unwrap();
            life::set_pin(&mut city, &mut main, &OFFICER_PIN, &new_pin()).unwrap();
        });
        verify(&mut city, CardKind::EsamIssuing, &OFFICER_PIN, &new_pin()).unwrap();
    }
}

/// A field for another id, another card or another challenge, or one bit off, sets nothing and costs a try.
#[test]
fn a_sealed_pin_fits_one_card_one_id_and_one_challenge() {
    let suite = Suite::TripleDes;
    let mut province = Province::new(suite);
    let mut psam = copy(&province.psam);
    let mut city = CardSource::open(IssuingCard::new(&mut province.psam_issuing), &pin()).unwrap();
    let target = psam_of(psam.serial(), 4);
    let before = verify(&mut psam, CardKind::Psam, &OPERATOR_PIN, &pin());
    assert!(before.is_ok());
    let mut tries = 3;
    let mut refuse = |psam: &mut Slot, what: &str, field: &mut dyn FnMut([u8; 8]) -> Vec<u8>| {
        let mut fmcos = at_pins(psam, CardKind::Psam);
        let challenge = fmcos.challenge8().unwrap();
        let field = field(challenge);
        let refused = fmcos.set_pin(OPERATOR_PIN.id, &field).unwrap_err();
        tries -= 1;
        assert_eq!(refused.tries_left(), Some(tries), "{what}");
        if tries == 1 {
            // A right MAC gives the tries back.
            let challenge = fmcos.challenge8().unwrap();
            let field = city.seal_pin(&target, challenge, 0, &pin()).unwrap();
            fmcos.set_pin(OPERATOR_PIN.id, &field).unwrap();
            tries = 3;
        }
    };
    let sealed = |challenge: [u8; 8]| {
        let roots = issue::keyset::Roots::test(suite);
        let mut soft = issue::source::SoftSource::city(roots.city(crate::world::region()));
        soft.seal_pin(&target, challenge, 0, &new_pin()).unwrap()
    };
    refuse(&mut psam, "another challenge", &mut |_| sealed([1; 8]));
    for bit in [0, 63, 64, 95, 120, 159] {
        refuse(&mut psam, "a bit", &mut |challenge| {
            let mut field = sealed(challenge);
            let at = bit / 8 % field.len();
            field[at] ^= 1 << (bit % 8);
            field
        });
    }
    let mut other = Target { number: number(8).0, ..target };
    other.serial[0] ^= 1;
    refuse(&mut psam, "another card's", &mut |challenge| {
        let roots = issue::keyset::Roots::test(suite);
        let mut soft = issue::source::SoftSource::city(roots.city(crate::world::region()));
        soft.seal_pin(&other, challenge, 0, &new_pin()).unwrap()
    });
    assert!(verify(&mut psam, CardKind::Psam, &OPERATOR_PIN, &pin()).is_ok(), "the PIN is as it was");
    let mut fmcos = at_pins(&mut psam, CardKind::Psam);
    assert_eq!(fmcos.set_pin(0, &[0; 12]).unwrap_err().sw(), Some(Sw::CONDITIONS), "no challenge");
    fmcos.challenge8().unwrap();
    assert_eq!(
        fmcos.set_pin(5, &[0; 12]).unwrap_err().sw(),
        Some(Sw::KEY_INDEX),
        "no such PIN: none is added"
    );
}

/// The second officer's and the supervisor's PIN want two persons at the sealing card, and nobody seals for a kind he does not make.
#[test]
fn the_sealing_card_asks_what_it_should() {
    let mut province = Province::new(Suite::Aes128);
    let identity = [&[7; 8][..], &number(7).0, &crate::world::region().0].concat();
    let data = [&[1; 8][..], &[0x12, 0x34, 0x56, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], &identity].concat();
    let seal = |p1, id, data: &[u8]| Command::new(0x80, 0x56, p1, id).data(data).le(0);
    let ask = |card: &mut Slot, command: &Command| Fmcos::new(card).ask("SEAL PIN", command).unwrap().sw;
    let card = &mut province.psam_issuing;
    card.reset().unwrap();
    assert_eq!(ask(card, &seal(0x41, 0, &data)), Sw::NOT_ALLOWED, "no PIN");
    Fmcos::new(card).verify_pin(0, pin().expose()).unwrap();
    assert_eq!(ask(card, &seal(0x41, 0, &data)), Sw::OK);
    assert_eq!(ask(card, &seal(0x41, 1, &data)), Sw::KEY_NOT_FOUND, "a PSAM has one PIN");
    for p1 in [0x40, 0x51, 0x71, 0x21, 0xF1, 0xF0] {
        assert_eq!(ask(card, &seal(p1, 0, &data)), Sw::WRONG_P1P2, "P1 {p1:02X}");
    }
    assert_eq!(
        ask(card, &seal(0x41, 0, &[&data[..], &[1]].concat())),
        Sw::WRONG_LENGTH,
        "versions are the province's"
    );
    let mut short = data.clone();
    short[8..16].copy_from_slice(&[0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(ask(card, &seal(0x41, 0, &short)), Sw::WRONG_DATA);
    short[9] = 0x34;
    assert_eq!(ask(card, &seal(0x41, 0, &short)), Sw::OK, "four digits are a PIN");
    // The end is sealed under the target's own master alone; a blank has none, and is not retired.
    Fmcos::new(card).verify_pin(OFFICER_PIN.id, crate::world::officer().expose()).unwrap();
    let body = Activation { state: State::Retired, version: 0, forfeit: Fen(0) }.to_bytes();
    for (p1, wanted) in
        [(0x41, Sw::OK), (0x40, Sw::WRONG_P1P2), (0x21, Sw::WRONG_P1P2), (0xF0, Sw::WRONG_P1P2)]
    {
        let data = [&[1; 8][..], &identity, &body].concat();
        let command = Command::new(0x80, 0x4C, p1, 0).data(&data).le(0);
        assert_eq!(ask(card, &command), wanted, "SEAL ACTIVATION, P1 {p1:02X}");
    }
    let main = &mut province.main;
    main.reset().unwrap();
    Fmcos::new(main).verify_pin(0, pin().expose()).unwrap();
    assert_eq!(ask(main, &seal(0x31, 1, &data)), Sw::NOT_ALLOWED, "one officer");
}

#[test]
fn a_retired_card_keeps_nothing_and_says_so() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let mut psam = copy(&province.psam);
        let mut city = copy(&province.esam_issuing);
        crate::world::with_pins(CardKind::MainControl, |pins| {
            let mut main = CardSource::open(IssuingCard::new(&mut province.main), pins).unwrap();
            let refused = life::retire(&mut psam, &mut main).unwrap_err();
            assert!(matches!(refused, LifeError::NotOurs { kind: CardKind::Psam }), "{refused}");
            for before in [false, true] {
                let retired = life::retire(&mut city, &mut main).unwrap();
                assert_eq!((retired.before, retired.info.state), (before, State::Retired));
            }
        });
        let mut fmcos = at_pins(&mut city, CardKind::EsamIssuing);
        assert_eq!(fmcos.verify_pin(0, pin().expose()).unwrap_err().sw(), Some(Sw::KEY_INDEX));
        fmcos.challenge8().unwrap();
        let dead = fmcos.external_authenticate(0, &vec![0; suite.block()]).unwrap_err();
        assert_eq!(dead.sw(), Some(Sw::KEY_NOT_FOUND));
        for apdu in ["800E0000", "80D401050D3AF0EFAA331234560000000000", "80E0500107280010F0F0FFFF"] {
            let answer = city.transmit(&hex::decode(apdu).unwrap()).unwrap();
            assert_eq!(hex::encode_upper(answer), "6985", "a spent chip is no blank: {apdu}");
        }
        let Err(error) = CardSource::open(IssuingCard::new(&mut city), &pin()) else { panic!("it issues") };
        assert!(error.to_string().contains("KEY INFORMATION"), "{error}");
    }
}

/// A PSAM ends by the operator and the supervisor at the issuing card; with one of them it lives on, whole.
#[test]
fn a_psam_is_retired_by_two_persons_at_the_card() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let (mut psam, one) = (copy(&province.psam), pin());
        let mut alone = CardSource::open(IssuingCard::new(&mut province.psam_issuing), &one).unwrap();
        let refused = life::retire(&mut psam, &mut alone).unwrap_err();
        let LifeError::Source(SourceError::Card(refused)) = refused else { panic!("{refused}") };
        assert_eq!(refused.sw(), Some(Sw::NOT_ALLOWED));
        verify(&mut psam, CardKind::Psam, &OPERATOR_PIN, &one).unwrap();
        // All else the operator does alone: limits, a PIN set anew, another PSAM.
        let mut alone = CardSource::open(IssuingCard::new(&mut province.psam_issuing), &one).unwrap();
        life::raise(&mut psam, &mut alone, Limits { count: 9, value: 900 }, [4; 8]).unwrap();
        life::set_pin(&mut psam, &mut alone, &OPERATOR_PIN, &one).unwrap();
        let mut other = blank(CardKind::Psam, suite, "another");
        issue(&plan(CardKind::Psam, suite, number(8), None), &mut other, &mut alone);
        let mut both = open(&mut province.psam_issuing, CardKind::PsamIssuing);
        let retired = life::retire(&mut psam, &mut both).unwrap();
        assert_eq!((retired.before, retired.info.state), (false, State::Retired));
    }
}

/// In formal state too, and asked for by hand: the answer to one person is 6982 and nothing else, whichever of the two he is.
#[test]
fn the_end_of_a_formal_psam_is_sealed_for_two_persons() {
    let suite = Suite::TripleDes;
    let mut issuing = blank(CardKind::PsamIssuing, suite, "formal city");
    let formal = |request| Request { state: State::Formal, ..request };
    let plan = plan_of(CardKind::PsamIssuing, suite, number(2), formal);
    issue(&plan, &mut issuing, &mut SoftSource::province(formal_roots(suite)));
    let target = psam_of([7; 8], 9);
    let end = Activation { state: State::Retired, version: 0, forfeit: Fen(0) };
    let ask = |card: &mut Slot, pins: &[(u8, &Pin)]| {
        card.reset().unwrap();
        let mut fmcos = Fmcos::new(card);
        fmcos.select_mf().unwrap();
        for (id, pin) in pins {
            let _ = fmcos.verify_pin(*id, pin.expose()); // the supervisor's alone is refused, and costs no try
        }
        IssuingCard::new(card).seal_activation(&target, [5; 8], end).map_err(|error| error.sw().unwrap())
    };
    let (operator, supervisor) = (pin(), crate::world::officer());
    for pins in [&[][..], &[(0, &operator)], &[(1, &supervisor)]] {
        assert_eq!(ask(&mut issuing, pins), Err(Sw::NOT_ALLOWED));
    }
    assert!(ask(&mut issuing, &[(0, &operator), (1, &supervisor)]).is_ok());
}

/// The first PSAM issuing cards were made with one PIN. They do what they did, and end nothing: the refusal comes before a try is
/// spent, and names the way out.
#[test]
fn an_issuing_card_made_with_one_pin_does_all_but_the_end() {
    let mut card = made_with_one_pin();
    let suite = Suite::TripleDes;
    let mut province = Province::new(suite);
    let (operator, supervisor) = (pin(), crate::world::officer());
    let pins = || scheme::pin::Pins::both(&operator, &supervisor);
    let refused = CardSource::open(IssuingCard::new(&mut card), pins()).err().unwrap();
    assert_eq!(refused, SourceError::NoSecondPin { kind: CardKind::PsamIssuing });
    assert_eq!(Fmcos::new(&mut card).tries_left(0x3A, 0).unwrap(), Some(3));
    let mut source = CardSource::open(IssuingCard::new(&mut card), &operator).unwrap();
    let mut psam = blank(CardKind::Psam, suite, "of the first card");
    issue(&plan(CardKind::Psam, suite, number(8), None), &mut psam, &mut source);
    life::raise(&mut psam, &mut source, Limits { count: 9, value: 900 }, [4; 8]).unwrap();
    assert!(matches!(life::retire(&mut psam, &mut source), Err(LifeError::Source(SourceError::Card(_)))));
    // A finished card gets no PIN it was not made with.
    let mut main = open(&mut province.main, CardKind::MainControl);
    let refused = life::set_pin(&mut card, &mut main, &OFFICER_PIN, &new_pin()).unwrap_err();
    let LifeError::Card(refused) = refused else { panic!("{refused}") };
    assert_eq!(refused.sw(), Some(Sw::KEY_INDEX));
    // Another card of the same city and key version ends what the first made.
    let mut both = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    assert!(!life::retire(&mut psam, &mut both).unwrap().before);
}

/// Whatever the supply does, the card is as it was or retired.
#[test]
fn the_end_is_whole_or_not_at_all() {
    let suite = Suite::Sm4;
    let mut province = Province::new(suite);
    let whole = copy(&province.esam_issuing);
    let mut page = 0;
    loop {
        let mut city = copy(&whole);
        city.cut(SupplyCut { after: page, torn: Torn::Erased });
        let done = crate::world::with_pins(CardKind::MainControl, |pins| {
            let mut main = CardSource::open(IssuingCard::new(&mut province.main), pins).unwrap();
            life::retire(&mut city, &mut main).is_ok()
        });
        let mut city = copy(&city);
        let mut fmcos = at_pins(&mut city, CardKind::EsamIssuing);
        let retired = fmcos.card_info().unwrap().state == State::Retired;
        assert_eq!(fmcos.verify_pin(0, pin().expose()).is_ok(), !retired, "page {page}");
        if done {
            assert!(retired);
            break;
        }
        page += 1;
        assert!(page < 1000, "no run without a cut retires the card");
    }
    assert!(page > 3, "{page} pages");
}
