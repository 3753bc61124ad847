//! The life of an ESAM [docs/specs/cards.md 10]: whole, broken off at every command and every page write, and refused.

use crate::office::{Office, shown};
use crate::world::{chance, copy, number, user_area};
use issue::headers;
use issue::life::{self, Leave, LifeChange, LifeError, Passage, Planned};
use issue::source::{Activation, Current, KeySource, SoftSource, Target};
use keys::Suite;
use reader::driver::esam::Esam;
use reader::driver::fmcos::Fmcos;
use scheme::Chance;
use scheme::money::Fen;
use scheme::profile::{CardKind, Recipient, State};
use vcard::{Pull, Slot, SupplyCut, Torn};
use wire::{Command, Sw};

const NO_LEAVE: Leave = Leave { forfeit: false, spend_last_try: false };

/// Every step from the maker to the scrap, with the issuing card it needs.
const LIFE: [(LifeChange, Option<u8>, State, u8); 7] = [
    (LifeChange::Formal, Some(1), State::Formal, 1),
    (LifeChange::ChangeKeys, Some(2), State::Formal, 2),
    (LifeChange::Test, Some(2), State::Test, 1),
    (LifeChange::Formal, Some(3), State::Formal, 3),
    (LifeChange::Test, Some(3), State::Test, 1),
    (LifeChange::Retire, None, State::Retired, 0),
    (LifeChange::Retire, None, State::Retired, 0),
];

#[test]
fn a_whole_life_shows_the_right_keys_at_every_step() {
    for suite in Suite::ALL {
        let mut office = Office::new(suite);
        let mut esam = office.esam(number(42));
        assert_eq!(shown(&mut esam).1, office.check_values(State::Test, 1, number(42)));
        for (i, (act, with, state, version)) in LIFE.into_iter().enumerate() {
            let what = format!("{} step {i}: {act:?}", suite.name());
            let mut source = office.source(with);
            let seen = life::look(&mut esam).unwrap();
            match Passage::plan(act, &seen, &source.about(), NO_LEAVE).unwrap() {
                Planned::Due(passage) => {
                    passage.run(&mut esam, &mut source).unwrap_or_else(|error| panic!("{what}: {error}"));
                }
                Planned::Done => assert_eq!(i, LIFE.len() - 1, "{what}: nothing to do"),
            }
            let (seen, keys) = shown(&mut esam);
            assert_eq!((seen.info.state, seen.version), (state, version), "{what}");
            let wanted = if version == 0 { vec![] } else { office.check_values(state, version, number(42)) };
            assert_eq!(keys, wanted, "{what}");
        }
        let life = shown(&mut esam).0.life.unwrap();
        assert_eq!((life.formal, life.changes, life.forfeited), (3, 6, Fen(0)));
        let mut fmcos = Fmcos::new(&mut esam);
        fmcos.challenge8().unwrap();
        let dead = fmcos.external_authenticate(0, &vec![0; suite.block()]).unwrap_err();
        assert_eq!(dead.sw(), Some(Sw::KEY_NOT_FOUND), "a retired card proves nothing");
        let envelope = Command::new(0x80, 0xC2, 0, 0).data(&[0xD1; 20]);
        assert_eq!(fmcos.ask("ENVELOPE", &envelope).unwrap().sw, Sw::NOT_ALLOWED);
    }
}

/// A version that is not higher, a wrong state, a version out of reach: named before the card is touched.
#[test]
fn what_cannot_follow_is_named_before_a_card_is_touched() {
    let mut office = Office::new(Suite::Aes128);
    let mut esam = office.esam(number(42));
    let refuse = |office: &mut Office, esam: &mut Slot, act, with| {
        let before = user_area(esam);
        let seen = life::look(esam).unwrap();
        let error = Passage::plan(act, &seen, &office.source(with).about(), NO_LEAVE).unwrap_err();
        assert!(user_area(esam) == before);
        error
    };
    assert!(matches!(
        refuse(&mut office, &mut esam, LifeChange::ChangeKeys, Some(1)),
        LifeError::WrongState { .. }
    ));
    office.pass(&mut esam, LifeChange::Formal, Some(2), NO_LEAVE);
    let error = refuse(&mut office, &mut esam, LifeChange::ChangeKeys, Some(1));
    assert!(matches!(error, LifeError::NotHigher { card: 2, own: 1 }), "{error}");
    let error = refuse(&mut office, &mut esam, LifeChange::Test, Some(3));
    assert!(matches!(error, LifeError::AnotherVersion { card: 2, own: 3 }), "{error}");
    let error = refuse(&mut office, &mut esam, LifeChange::Retire, None);
    assert!(matches!(error, LifeError::WrongState { .. }), "{error}");
    office.pass(&mut esam, LifeChange::Test, Some(2), NO_LEAVE);
    let error = refuse(&mut office, &mut esam, LifeChange::Formal, Some(2));
    assert!(matches!(error, LifeError::NotHigher { card: 2, own: 2 }), "{error}");
    let mut first = office.esam(number(43));
    office.pass(&mut first, LifeChange::Formal, Some(1), NO_LEAVE);
    let error = refuse(&mut office, &mut first, LifeChange::ChangeKeys, Some(3));
    assert!(matches!(error, LifeError::OutOfReach { card: 1, reaches: Some(2) }), "{error}");
}

/// The four acts, each on an ESAM ready for it.
fn acts(suite: Suite) -> (Office, [(LifeChange, Option<u8>, Slot); 4]) {
    let mut office = Office::new(suite);
    let test = office.esam(number(42));
    let mut formal = copy(&test);
    office.pass(&mut formal, LifeChange::Formal, Some(1), NO_LEAVE);
    let (changes, retires) = (copy(&formal), copy(&formal));
    let acts = [
        (LifeChange::Formal, Some(1), test),
        (LifeChange::ChangeKeys, Some(2), changes),
        (LifeChange::Test, Some(1), formal),
        (LifeChange::Retire, Some(1), retires),
    ];
    (office, acts)
}

/// Runs an act on a copy with a fault, then heals the card and does the act to its end. True when the fault came to pass.
fn broken(
    office: &mut Office,
    act: LifeChange,
    with: Option<u8>,
    esam: &Slot,
    fault: impl FnOnce(&mut Slot),
    what: &str,
) -> bool {
    let mut card = copy(esam);
    let before = shown(&mut card);
    let mut source = office.source(with);
    let Planned::Due(passage) = Passage::plan(act, &before.0, &source.about(), NO_LEAVE).unwrap() else {
        panic!("{what}: nothing to do");
    };
    fault(&mut card);
    let broke = passage.run(&mut card, &mut source).is_err();
    let mut card = copy(&card);
    let half = shown(&mut card);
    let switched =
        half.0.info.state == passage.activation().state && half.0.version == passage.activation().version;
    if !switched {
        assert_eq!(
            (half.0.info, half.0.version, half.0.purse),
            (before.0.info, before.0.version, before.0.purse),
            "{what}"
        );
        assert_eq!(half.1, before.1, "{what}: keys of two sets");
    }
    match Passage::plan(act, &half.0, &source.about(), NO_LEAVE).unwrap() {
        Planned::Due(again) => {
            assert!(!switched, "{what}");
            again.run(&mut card, &mut source).unwrap_or_else(|error| panic!("{what}: {error}"));
        }
        Planned::Done => assert!(switched, "{what}"),
    }
    let (seen, keys) = shown(&mut card);
    let (state, version) = (passage.activation().state, passage.activation().version);
    assert_eq!((seen.info.state, seen.version), (state, version), "{what}");
    let wanted = if version == 0 { vec![] } else { office.check_values(state, version, number(42)) };
    assert_eq!(keys, wanted, "{what}");
    broke
}

#[test]
fn a_supply_that_fails_at_any_page_write_leaves_one_key_set_or_the_other() {
    let (mut cuts, mut most) = (0, 0);
    for suite in Suite::ALL {
        let (mut office, acts) = acts(suite);
        let torn: &[Torn] = match suite {
            Suite::TripleDes => &[Torn::Old, Torn::Erased, Torn::Prefix(33), Torn::Noise(1)],
            _ => &[Torn::Noise(2)],
        };
        for (act, with, esam) in &acts {
            for torn in torn {
                for after in 0.. {
                    let what = format!("{} {act:?}, write {after}, {torn:?}", suite.name());
                    let cut = |card: &mut Slot| card.cut(SupplyCut { after, torn: *torn });
                    if !broken(&mut office, *act, *with, esam, cut, &what) {
                        most = most.max(after);
                        break;
                    }
                    cuts += 1;
                }
            }
        }
    }
    println!("{cuts} cuts in passages, 0 violations; at most {most} page writes in one");
    assert!(cuts > 500, "{cuts} cuts");
}

#[test]
fn a_card_pulled_at_any_command_is_led_on_by_another_run() {
    let mut pulls = 0;
    let (mut office, acts) = acts(Suite::Sm4);
    for (act, with, esam) in &acts {
        for pull in [Pull::Before as fn(u32) -> Pull, Pull::AfterAnswering] {
            for n in 0.. {
                let what = format!("{act:?}, {:?}", pull(n));
                if !broken(&mut office, *act, *with, esam, |card| card.pull(pull(n)), &what) {
                    break;
                }
                pulls += 1;
            }
        }
    }
    println!("{pulls} pulls in passages, all led on");
    assert!(pulls > 150, "{pulls} pulls");
}

type Answer = Result<Vec<u8>, issue::source::SourceError>;

/// Every form of a life: the card gives what the software store gives, byte for byte, and refuses what it refuses.
#[test]
fn card_and_software_store_agree_on_every_form() {
    let (mut agreed, mut refused) = (0, 0);
    for suite in Suite::ALL {
        let mut office = Office::new(suite);
        let earlier = office.roots.city(crate::world::region());
        let city = office.roots.city_of_version(crate::world::region(), 2).with_previous(&earlier);
        let mut soft = SoftSource::city(city);
        let mut hard = office.source(Some(2));
        let mut random = chance("forms");
        for recipient in [Recipient::Card(CardKind::Esam), Recipient::Mcu] {
            for master in
                [Current::Transport, Current::Own, Current::Previous, Current::Test(1), Current::Test(9)]
            {
                for test_keys in [false, true] {
                    let mut challenge = [0; 8];
                    random.fill(&mut challenge);
                    let number = number(42);
                    let serial =
                        if recipient == Recipient::Mcu { number.as_mcu_serial().0 } else { challenge };
                    let challenge = if recipient == Recipient::Mcu { serial } else { challenge };
                    let region = crate::world::region().0;
                    let target = Target {
                        recipient,
                        master,
                        test_keys,
                        version: None,
                        serial,
                        number: number.0,
                        region,
                    };
                    let mut compare = |hard: Answer, soft: Answer, what: String| match (hard, soft) {
                        (Ok(hard), Ok(soft)) => {
                            assert_eq!(hard, soft, "{what}");
                            agreed += 1;
                        }
                        (Err(_), Err(_)) => refused += 1,
                        (hard, soft) => panic!("{what}: card {hard:?}, store {soft:?}"),
                    };
                    compare(
                        hard.authenticate_target(&target, challenge),
                        soft.authenticate_target(&target, challenge).and_then(|bytes| match recipient {
                            Recipient::Mcu => Err(issue::source::SourceError::Spent),
                            _ => Ok(bytes),
                        }),
                        format!("AUTHENTICATE TARGET {target:?}"),
                    );
                    for row in recipient.keys() {
                        for header in [
                            headers::add(row, suite),
                            headers::change(row, suite),
                            headers::stage(row, suite),
                            headers::stage_formal(suite),
                        ] {
                            compare(
                                hard.export_key(&target, row.role, challenge, header),
                                soft.export_key(&target, row.role, challenge, header),
                                format!("EXPORT KEY {:02X} {header:02X?} {target:?}", row.role),
                            );
                        }
                    }
                    for (state, version) in
                        [(State::Formal, 2), (State::Formal, 1), (State::Test, 1), (State::Retired, 0)]
                    {
                        let activation = Activation { state, version, forfeit: Fen(7) };
                        compare(
                            hard.seal_activation(&target, challenge, activation).map(Vec::from),
                            soft.seal_activation(&target, challenge, activation).map(Vec::from),
                            format!("SEAL ACTIVATION {activation:?} {target:?}"),
                        );
                    }
                }
            }
        }
    }
    println!("{agreed} answers alike, {refused} refusals alike");
    assert!(agreed > 150 && refused > 500, "{agreed}, {refused}");
}

/// Formal money does not vanish unsaid.
#[test]
fn money_is_given_up_by_name_and_to_the_fen() {
    let mut office = Office::new(Suite::Sm4);
    let mut esam = office.esam(number(42));
    office.pass(&mut esam, LifeChange::Formal, Some(1), NO_LEAVE);
    let amount = crate::bench::credit_formal(&mut esam, &office.roots, number(42));
    let seen = life::look(&mut esam).unwrap();
    assert_eq!(seen.purse.balance, amount);
    let about = office.source(Some(1)).about();
    for act in [LifeChange::Test, LifeChange::Retire] {
        let error = Passage::plan(act, &seen, &about, NO_LEAVE).unwrap_err();
        assert!(matches!(error, LifeError::Money { balance } if balance == amount), "{error}");
    }
    // A key change keeps it.
    let mut changed = copy(&esam);
    office.pass(&mut changed, LifeChange::ChangeKeys, Some(2), NO_LEAVE);
    let after = life::look(&mut changed).unwrap();
    assert_eq!((after.purse, after.opened), (seen.purse, true));
    let leave = Leave { forfeit: true, ..NO_LEAVE };
    office.pass(&mut esam, LifeChange::Test, Some(1), leave);
    let after = life::look(&mut esam).unwrap();
    assert_eq!((after.purse.balance, after.purse.count, after.opened), (Fen(0), 0, false));
    assert_eq!(after.life.unwrap().forfeited, amount);
    // The software store's own MAC over another amount is refused by the card.
    let mut formal = copy(&changed);
    let target_master =
        office.roots.city_of_version(crate::world::region(), 2).meter(keys::Role::Master, number(42));
    let mut esam = Esam::new(&mut formal);
    esam.reset().unwrap();
    let challenge = esam.challenge().unwrap();
    let cryptogram = keys::seal::cryptogram(&target_master, &challenge);
    esam.fmcos().external_authenticate(0, &cryptogram).unwrap();
    for forfeit in [Fen(0), Fen(amount.0 - 1), Fen(amount.0 + 1)] {
        let activation = Activation { state: State::Retired, version: 0, forfeit };
        let challenge = esam.challenge().unwrap();
        let body = activation.to_bytes();
        let mac = keys::seal::bound_mac(&target_master, &challenge, &[0x84, 0x4A, 0, 0, 0x0A], &body);
        assert_eq!(esam.activate(activation, mac).unwrap_err().sw(), Some(Sw::PURSE_NOT_EMPTY));
    }
}

/// What a tap on the ESAM and on its issuing card hears of a whole life holds no key of either hierarchy, of any version.
#[test]
fn no_key_passes_in_clear_in_a_whole_life() {
    for suite in Suite::ALL {
        let mut office = Office::new(suite);
        let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let card = office.esam(number(42));
        let mut esam = crate::secrets::Tapped { card, heard: heard.clone() };
        for (act, with, ..) in LIFE.into_iter().take(6) {
            let slot = match with {
                Some(version) => &office.formal[usize::from(version) - 1],
                None => &office.test,
            };
            let mut issuing = crate::secrets::Tapped { card: copy(slot), heard: heard.clone() };
            let mut source = crate::world::open(&mut issuing, CardKind::EsamIssuing);
            let seen = life::look(&mut esam).unwrap();
            let Planned::Due(passage) = Passage::plan(act, &seen, &source.about(), NO_LEAVE).unwrap() else {
                panic!("{act:?}");
            };
            passage.run(&mut esam, &mut source).unwrap();
        }
        let heard = heard.lock().unwrap();
        assert!(heard.len() > 400, "{} messages", heard.len());
        let mut looked_for = 0;
        for (roots, versions) in
            [(office.roots.clone(), 1..=3_u8), (issue::keyset::Roots::test(suite), 1..=1)]
        {
            for version in versions {
                let city = roots.city_of_version(crate::world::region(), version);
                for role in keys::Role::ALL {
                    for key in [roots.get(role).clone(), city.get(role).clone(), city.meter(role, number(42))]
                    {
                        for half in key.expose().chunks(8) {
                            let seen =
                                heard.iter().any(|bytes| bytes.windows(8).any(|window| window == half));
                            assert!(
                                !seen,
                                "{} {} version {version} passed in clear",
                                suite.name(),
                                role.name()
                            );
                            looked_for += 1;
                        }
                    }
                }
            }
        }
        assert!(looked_for >= 4 * 9 * 3 * 2);
    }
}
