//! The guard of PINs and codes against scripted cards: what may be the last try is not spent unless it is asked for by name, and
//! the card is asked first, for nothing.

use crate::script::Script;
use gridcard_reader::driver::fmcos::Fmcos;
use gridcard_reader::driver::guard::{Code, Holder, LastTry, PinError};
use gridcard_reader::driver::sim::{Chv, Sim, SimError};
use scheme::Fault;
use scheme::fault::Kind;
use scheme::profile::{CardInfo, CardKind, Make, State};
use wire::channel::{Channel, ChannelError};

fn info(kind: CardKind) -> CardInfo {
    CardInfo {
        make: Make::Current,
        region: [0x33, 0x02, 0, 0],
        kind,
        number: [0x33, 0x02, 0, 0, 0, 1],
        valid_from: [0x20, 0x26, 0x01, 0x01],
        valid_to: [0x20, 0x36, 0x12, 0x31],
        state: State::Test,
        suite: 0,
    }
}

/// TRIES LEFT of the operator's PIN, and what the card answers.
fn asked(answer: &str) -> String {
    format!("> 803C3A0001\n< {answer}\n")
}

fn verify(script: &str, last: LastTry) -> Result<(), PinError> {
    let mut card = Script::new(script);
    Fmcos::new(&mut card).verify_guarded(&info(CardKind::Psam), 0, &[0x12, 0x34, 0x56], last)
}

fn change(script: &str, last: LastTry) -> Result<(), PinError> {
    let mut card = Script::new(script);
    let pins: (&[u8], &[u8]) = (&[0x12, 0x34, 0x56], &[0x65, 0x43]);
    Fmcos::new(&mut card).change_guarded(&info(CardKind::Psam), 0, pins, last)
}

/// A guarded act, and the command by which it tries the PIN.
type Act = (fn(&str, LastTry) -> Result<(), PinError>, &'static str);
const ACTS: [Act; 2] = [(verify, "> 0020000003123456\n"), (change, "> 805E010006123456FF6543\n")];

#[test]
fn the_last_try_is_spent_by_name_alone() {
    for (act, command) in ACTS {
        for (counter, last) in [("33", LastTry::Keep), ("32", LastTry::Keep), ("31", LastTry::Spend)] {
            act(&format!("{}{command}< 9000", asked(&format!("{counter} 9000"))), last).unwrap();
        }
        // A card that does not tell: nothing stops the try.
        act(&format!("{}{command}< 9000", asked("6D00")), LastTry::Keep).unwrap();
        // A script fails the test when it gets a command that it does not hold.
        let kept = act(&asked("31 9000"), LastTry::Keep).unwrap_err();
        assert!(matches!(kept, PinError::LastTry(_)), "{kept}");
        for last in [LastTry::Keep, LastTry::Spend] {
            let blocked = act(&asked("30 9000"), last).unwrap_err();
            assert!(matches!(blocked, PinError::Blocked(_)), "{blocked}");
        }
    }
}

#[test]
fn a_wrong_pin_says_whose_it_is_and_what_is_left() {
    let psam = "PSAM 330200000001: the operator's PIN";
    for (act, command) in ACTS {
        let wrong = act(&format!("{}{command}< 63C2", asked("33 9000")), LastTry::Keep).unwrap_err();
        assert_eq!(wrong.to_string(), format!("{psam} was wrong; 2 tries left"));
        let lost = act(&format!("{}{command}< 63C0", asked("31 9000")), LastTry::Spend).unwrap_err();
        assert_eq!(lost.to_string(), format!("{psam} was wrong; no tries left, it is blocked now"));
        for error in [&wrong, &lost] {
            assert_eq!(error.secret().unwrap().holder, Holder::Psam);
        }
        let other = act(&format!("{}{command}< 6982", asked("33 9000")), LastTry::Keep).unwrap_err();
        assert!(matches!(other, PinError::Card(_)) && other.secret().is_none(), "{other}");
    }
    let kept = verify(&asked("31 9000"), LastTry::Keep).unwrap_err();
    assert_eq!(kept.to_string(), format!("{psam} has 1 try left; a wrong one would block it"));
    assert_eq!(kept.secret().unwrap().card, "PSAM 330200000001");
}

/// No card in the reader.
struct Empty;

impl Channel for Empty {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Removed)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Removed)
    }
}

/// A last try that is kept is a security stop, a card that is gone is absent, and what a card refuses is refused: the exit code
/// goes with it.
#[test]
fn each_end_is_of_its_kind() {
    for (act, command) in ACTS {
        let of = |script: &str, last| act(script, last).unwrap_err().kind();
        assert_eq!(of(&asked("31 9000"), LastTry::Keep), Kind::Security);
        assert_eq!(of(&asked("30 9000"), LastTry::Spend), Kind::Refused);
        assert_eq!(of(&format!("{}{command}< 63C2", asked("33 9000")), LastTry::Keep), Kind::Refused);
        assert_eq!(of(&format!("{}{command}< 6982", asked("33 9000")), LastTry::Keep), Kind::Refused);
    }
    let gone = Fmcos::new(&mut Empty).verify_guarded(&info(CardKind::Psam), 0, &[0x12, 0x34], LastTry::Keep);
    assert_eq!(gone.unwrap_err().kind(), Kind::Absent);
}

/// STATUS of a SIM: tries of CHV1, its unblocking code, CHV2, its unblocking code.
fn status(tries: [u8; 4]) -> String {
    let bytes: Vec<String> = tries.iter().map(|tries| format!("{:02X}", 0x80 | tries)).collect();
    format!("> A0F2000016\n< 0000 1234 7F20 02 0000000000 09 11 00 17 04 00 {} 9000\n", bytes.join(" "))
}

const CODES: [(Code, usize); 4] = [
    (Code::Chv(Chv::Chv1), 0),
    (Code::Unblock(Chv::Chv1), 1),
    (Code::Chv(Chv::Chv2), 2),
    (Code::Unblock(Chv::Chv2), 3),
];

#[test]
fn a_sim_tells_the_tries_of_each_code() {
    for (which, at) in CODES {
        let mut tries = [3, 10, 3, 10];
        tries[at] = 2;
        let mut card = Script::new(&status(tries));
        assert_eq!(Sim::new(&mut card).code_tries(which).unwrap(), Some(2), "{which:?}");
        // Of a code that was never set the SIM tells nothing.
        let uninitialised = status([0; 4]).replace("80 80 80 80", "00 00 00 00");
        let mut card = Script::new(&uninitialised);
        assert_eq!(Sim::new(&mut card).code_tries(which).unwrap(), None, "{which:?}");
    }
    let mut card = Script::new(&status([1; 4]));
    assert_eq!(Sim::new(&mut card).code_tries(Code::Chv(Chv::Adm)).unwrap(), None);
}

#[test]
fn the_last_try_of_a_sims_code_is_kept() {
    for (which, at) in CODES {
        let with = |left: u8, last: LastTry, answer: Result<(), SimError>| {
            let mut tries = [3, 10, 3, 10];
            tries[at] = left;
            let mut card = Script::new(&status(tries));
            let mut tried = false;
            let found = Sim::new(&mut card).guarded("89860012345678901234", which, last, |_| {
                tried = true;
                answer
            });
            (found, tried)
        };
        assert_eq!(with(2, LastTry::Keep, Ok(())), (Ok(()), true));
        assert_eq!(with(1, LastTry::Spend, Ok(())), (Ok(()), true));
        let (kept, tried) = with(1, LastTry::Keep, Ok(()));
        assert!(!tried && matches!(kept, Err(PinError::LastTry(_))), "{which:?}: {kept:?}");
        let (blocked, tried) = with(0, LastTry::Spend, Ok(()));
        assert!(!tried && matches!(blocked, Err(PinError::Blocked(_))), "{which:?}: {blocked:?}");
        let holder = if matches!(which, Code::Unblock(_)) { Holder::Puk } else { Holder::Sim };
        let (wrong, _) = with(3, LastTry::Keep, Err(SimError::ChvWrong { step: "VERIFY CHV", tries: 2 }));
        let Err(PinError::Wrong { secret, tries: 2 }) = wrong else { panic!("{which:?}: {wrong:?}") };
        assert_eq!((secret.holder, secret.card.as_str()), (holder, "SIM 89860012345678901234"));
        let (lost, _) = with(3, LastTry::Keep, Err(SimError::ChvBlocked { step: "VERIFY CHV" }));
        assert!(matches!(lost, Err(PinError::Lost(_))), "{which:?}: {lost:?}");
        let (other, _) = with(3, LastTry::Keep, Err(SimError::ChvNeeded { step: "VERIFY CHV" }));
        assert!(matches!(other, Err(PinError::Sim(_))), "{which:?}: {other:?}");
    }
}
