//! What an act comes to on an ESAM, decided before the card is touched [docs/specs/cards.md 10]: one row a rule, each with
//! what makes the difference.

use crate::requests::{NUMBER, REGION, SERIAL};
use gridcard_issue::life::{Leave, LifeChange, LifeError, Passage, Planned, Seen};
use gridcard_issue::source::{About, Level};
use keys::Suite;
use reader::driver::esam::{EsamLife, Purse};
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardInfo, CardKind, Make, State};

const ANOTHER_CITY: &str = "11010000";

/// What a plan comes to, in one word.
#[derive(Debug, PartialEq, Eq)]
enum Comes {
    /// To this state and version, giving up so many fen.
    Due(State, u8, u32),
    /// Nothing is to be done.
    Done,
    /// To a refusal, by the beginning of its words.
    Refused(&'static str),
}

use Comes::{Done, Due, Refused};

/// A card, the source that would lead it on, and what the person gives up.
#[derive(Clone)]
struct Scene {
    seen: Seen,
    about: About,
    leave: Leave,
}

/// A formal ESAM of version 2 and an empty purse before the formal issuing card of its city, of version 3.
fn scene() -> Scene {
    let number: DeviceNumber = NUMBER.parse().unwrap();
    let region: RegionCode = REGION.parse().unwrap();
    let serial: Serial = SERIAL.parse().unwrap();
    let info = CardInfo {
        make: Make::Current,
        region: region.0,
        kind: CardKind::Esam,
        number: number.0,
        valid_from: [0x20, 0x26, 0x01, 0x01],
        valid_to: [0x20, 0x35, 0x12, 0x31],
        state: State::Formal,
        suite: Suite::TripleDes.code(),
    };
    Scene {
        seen: Seen {
            serial,
            info,
            version: 2,
            purse: Purse { balance: Fen(0), total_credited: Fen(0), count: 0 },
            opened: false,
            life: Some(EsamLife { formal: 1, changes: 1, forfeited: Fen(0) }),
            tries: Some(3),
            birth_key: true,
        },
        about: About {
            level: Level::City(region),
            card: Some(CardKind::EsamIssuing),
            suite: Suite::TripleDes,
            state: State::Formal,
            version: 3,
            previous: Some(2),
            signs: false,
        },
        leave: Leave::default(),
    }
}

fn comes_to(act: LifeChange, Scene { seen, about, leave }: &Scene) -> Comes {
    match Passage::plan(act, seen, about, *leave) {
        Ok(Planned::Done) => Done,
        Ok(planned) => {
            let passage = planned.due().expect("it is due where it is not done");
            assert_eq!((passage.act(), passage.seen()), (act, seen));
            let after = passage.activation();
            Due(after.state, after.version, after.forfeit.0)
        }
        Err(error) => Refused(match error {
            LifeError::Retired => "retired",
            LifeError::AnotherCity { .. } => "another city",
            LifeError::NoEsamSource => "no source of ESAMs",
            LifeError::AnotherSuite { .. } => "another suite",
            LifeError::WrongState { .. } => "wrong state",
            LifeError::NotHigher { .. } => "not higher",
            LifeError::OutOfReach { .. } => "out of reach",
            LifeError::AnotherVersion { .. } => "another version",
            LifeError::NoBirthKey => "no birth key",
            LifeError::OlderMake => "older make",
            LifeError::Money { .. } => "money",
            LifeError::LastTry { .. } => "last try",
            other => panic!("{other}"),
        }),
    }
}

/// What makes the difference in a scene.
type Change = fn(&mut Scene);

/// Asserts what an act comes to in [`scene`], changed.
fn row(act: LifeChange, what: &str, change: impl FnOnce(&mut Scene), wanted: Comes) {
    let mut scene = scene();
    change(&mut scene);
    assert_eq!(comes_to(act, &scene), wanted, "{act:?}, {what}");
}

fn nothing(_: &mut Scene) {}

/// In test state, of test keys of version 1, as it leaves the maker.
fn in_test(scene: &mut Scene) {
    scene.seen.info.state = State::Test;
    scene.seen.version = 1;
    scene.seen.life = Some(EsamLife { formal: 0, changes: 0, forfeited: Fen(0) });
}

/// Of the version of its source.
fn up_to_date(scene: &mut Scene) {
    scene.seen.version = 3;
}

#[test]
fn new_keys() {
    let act = LifeChange::ChangeKeys;
    row(act, "the next version", nothing, Due(State::Formal, 3, 0));
    row(act, "the version it has", up_to_date, Done);
    row(act, "a source that is behind", |s| s.seen.version = 4, Refused("not higher"));
    row(act, "from a version the source does not reach", |s| s.seen.version = 1, Refused("out of reach"));
    row(act, "a source that reaches no earlier one", |s| s.about.previous = None, Refused("out of reach"));
    row(act, "a test card before a formal source", in_test, Refused("wrong state"));
    row(act, "a formal card before a test source", |s| s.about.state = State::Test, Refused("wrong state"));
    let both_test = |s: &mut Scene| {
        in_test(s);
        (s.about.state, s.about.version, s.about.previous) = (State::Test, 2, Some(1));
    };
    row(act, "in test state", both_test, Due(State::Test, 2, 0));
    row(act, "money stays where it is", |s| s.seen.purse.balance = Fen(500), Due(State::Formal, 3, 0));
}

#[test]
fn into_formal_state() {
    let act = LifeChange::Formal;
    row(act, "from test", in_test, Due(State::Formal, 3, 0));
    row(act, "it is formal, of this version", up_to_date, Done);
    row(act, "it is formal, of another version", nothing, Refused("wrong state"));
    let test_source = |s: &mut Scene| {
        in_test(s);
        s.about.state = State::Test;
    };
    row(act, "before a test source", test_source, Refused("wrong state"));
    let was_formal = |highest| {
        move |s: &mut Scene| {
            in_test(s);
            s.seen.life = Some(EsamLife { formal: highest, changes: 2, forfeited: Fen(0) });
        }
    };
    row(act, "it was formal of a lower version", was_formal(2), Due(State::Formal, 3, 0));
    row(act, "it was formal of this version", was_formal(3), Refused("not higher"));
    row(act, "it was formal of a higher version", was_formal(4), Refused("not higher"));
    let no_birth_key = |s: &mut Scene| {
        in_test(s);
        s.seen.birth_key = false;
    };
    row(act, "without the key it was born with", no_birth_key, Refused("no birth key"));
}

#[test]
fn back_to_test() {
    let act = LifeChange::Test;
    row(act, "from formal", up_to_date, Due(State::Test, 1, 0));
    row(act, "it is there", in_test, Done);
    row(act, "before a test source", |s| s.about.state = State::Test, Refused("wrong state"));
    row(act, "of another version than the source", nothing, Refused("another version"));
}

#[test]
fn the_end() {
    let act = LifeChange::Retire;
    row(act, "formal", up_to_date, Due(State::Retired, 0, 0));
    row(act, "of another version than the source", nothing, Refused("another version"));
    row(act, "a test card before a formal source", in_test, Refused("wrong state"));
    row(act, "a formal card before a test source", |s| s.about.state = State::Test, Refused("wrong state"));
    let both_test = |s: &mut Scene| {
        in_test(s);
        (s.about.state, s.about.version) = (State::Test, 1);
    };
    row(act, "in test state", both_test, Due(State::Retired, 0, 0));
    let retired = |s: &mut Scene| {
        (s.seen.info.state, s.seen.version) = (State::Retired, 0);
    };
    row(act, "it is retired", retired, Done);
    for other in [LifeChange::ChangeKeys, LifeChange::Formal, LifeChange::Test] {
        row(other, "it is retired", retired, Refused("retired"));
    }
}

/// Formal money goes with its account only when somebody gives it up by name; test money is none.
#[test]
fn money() {
    for (act, state, version) in [(LifeChange::Test, State::Test, 1), (LifeChange::Retire, State::Retired, 0)]
    {
        let with = |fen, forfeit| {
            move |s: &mut Scene| {
                up_to_date(s);
                s.seen.purse.balance = Fen(fen);
                s.leave.forfeit = forfeit;
            }
        };
        row(act, "with money", with(1, false), Refused("money"));
        row(act, "money given up", with(1, true), Due(state, version, 1));
        row(act, "nothing to give up", with(0, true), Due(state, version, 0));
    }
    let test_money = |s: &mut Scene| {
        in_test(s);
        (s.about.state, s.about.version) = (State::Test, 1);
        s.seen.purse.balance = Fen(700);
    };
    row(LifeChange::Retire, "test money", test_money, Due(State::Retired, 0, 0));
    let formal_with_money = |s: &mut Scene| {
        in_test(s);
        s.seen.purse.balance = Fen(700);
    };
    row(LifeChange::Formal, "test money goes", formal_with_money, Due(State::Formal, 3, 0));
}

/// Whatever the act: card and source are of one city, suite and make, and the source leads ESAMs.
#[test]
fn card_and_source_belong_together() {
    let acts: [(LifeChange, Change); 4] = [
        (LifeChange::ChangeKeys, nothing),
        (LifeChange::Formal, in_test),
        (LifeChange::Test, up_to_date),
        (LifeChange::Retire, up_to_date),
    ];
    for (act, ready) in acts {
        let changed = |change: Change| {
            move |s: &mut Scene| {
                ready(s);
                change(s);
            }
        };
        let refused = |what: &str, change: Change, words| row(act, what, changed(change), Refused(words));
        refused(
            "a source of another city",
            |s| s.about.level = Level::City(ANOTHER_CITY.parse().unwrap()),
            "another city",
        );
        refused("a provincial source", |s| s.about.level = Level::Province, "no source of ESAMs");
        refused(
            "a card that makes PSAMs",
            |s| s.about.card = Some(CardKind::PsamIssuing),
            "no source of ESAMs",
        );
        refused("another suite", |s| s.about.suite = Suite::Aes128, "another suite");
        refused("an older make", |s| s.seen.info.make = Make::Older, "older make");
        refused("no place for staged keys", |s| s.seen.life = None, "older make");
        refused("one try left", |s| s.seen.tries = Some(1), "last try");
        refused("no try left", |s| s.seen.tries = Some(0), "last try");
        let goes_on = |change: Change| {
            let mut scene = scene();
            changed(change)(&mut scene);
            assert!(matches!(comes_to(act, &scene), Due(..)), "{act:?}");
        };
        goes_on(|s| s.about.card = None);
        goes_on(|s| s.seen.tries = Some(2));
        goes_on(|s| s.seen.tries = None);
        goes_on(|s| (s.seen.tries, s.leave.spend_last_try) = (Some(1), true));
    }
}

#[test]
fn each_act_names_the_state_it_leads_to() {
    let states = [LifeChange::ChangeKeys, LifeChange::Formal, LifeChange::Test, LifeChange::Retire]
        .map(LifeChange::state);
    assert_eq!(states, [None, Some(State::Formal), Some(State::Test), Some(State::Retired)]);
}
