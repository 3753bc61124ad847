//! Our client before modems of all habits.

use super::hostile::{Habits, Hostile, Locked, Seen};
use crate::world::{imsi, serial, sim_card, slot};
use reader::cards::ask;
use reader::driver::sim::{Sim, SimError};
use reader::modem::{Modem, ModemCard, ModemError, WayIn};
use scheme::Fault;
use scheme::cards::NewSim;
use scheme::fault::Kind;
use scheme::profile::CardKind;
use std::sync::{Arc, Mutex};
use vcard::{Slot, factory};
use wire::sms::content::Content;
use wire::sms::record::{RecordStatus, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, Timestamp, Tpdu};
use wire::{Channel, ChannelError};

/// A message as a network delivers it for the SIM; another `n` is another message.
pub fn message(n: u8) -> [u8; 176] {
    let originator = Address::international("8613912345678").unwrap();
    let timestamp = Timestamp::china([0x20, 0x26, 0x11, 0x22, 0x08, 0x00, n]).unwrap();
    let deliver = Deliver::secured(originator, timestamp, &[0x02, 0x70, 0x00, n, 0xAB]).unwrap();
    let service_centre = Some(Address::international("8613800250500").unwrap());
    let tpdu = Tpdu::Deliver(deliver);
    SmsRecord { status: RecordStatus::Unread, service_centre, tpdu }.to_bytes().unwrap()
}

/// The card through the modem, the SIM behind it, and what went over the line.
type Bench = (Result<ModemCard, ModemError>, Arc<Mutex<Slot>>, Arc<Mutex<Seen>>);

fn modem(sim: Slot, habits: Habits) -> Bench {
    let sim = Arc::new(Mutex::new(sim));
    let (modem, seen) = Hostile::new(sim.clone(), habits);
    (Modem::wake(Box::new(modem), "test").and_then(ModemCard::new), sim, seen)
}

fn habits() -> Vec<(&'static str, Habits)> {
    let plain = Habits::default;
    vec![
        ("plain", plain()),
        ("small letters", Habits { small: true, ..plain() }),
        ("blanks", Habits { blank: true, ..plain() }),
        ("no prefix", Habits { no_prefix: true, ..plain() }),
        ("no quotes", Habits { no_quotes: true, ..plain() }),
        ("wrong length", Habits { wrong_length: true, ..plain() }),
        ("no test forms", Habits { no_test_forms: true, ..plain() }),
        ("follows", Habits { follows: true, ..plain() }),
        ("talks", Habits { talks: true, ..plain() }),
        ("a message in the midst", Habits { message: true, ..plain() }),
        ("a message in the midst, no prefix", Habits { message: true, no_prefix: true, ..plain() }),
        ("OK glued", Habits { glued: true, ..plain() }),
        ("line ends", Habits { storm: true, ..plain() }),
        ("slow", Habits { slow: true, ..plain() }),
        ("busy", Habits { busy: true, ..plain() }),
        ("echoes", Habits { echoes: true, ..plain() }),
        ("drips", Habits { drips: true, ..plain() }),
        ("drips and echoes and talks", Habits { drips: true, echoes: true, talks: true, ..plain() }),
        ("eats", Habits { eats: true, ..plain() }),
        ("meddles", Habits { meddles: true, ..plain() }),
        ("meddles and follows", Habits { meddles: true, follows: true, ..plain() }),
        ("no +CSIM: ERROR", Habits { no_csim: Some("ERROR"), ..plain() }),
        ("no +CSIM: 4", Habits { no_csim: Some("+CME ERROR: 4"), ..plain() }),
        ("no +CSIM: words", Habits { no_csim: Some("COMMAND NOT SUPPORT"), ..plain() }),
        ("no +CSIM, no path", Habits { no_csim: Some("ERROR"), no_path: true, ..plain() }),
        (
            "no +CSIM, small, blanks, talks",
            Habits { no_csim: Some("ERROR"), small: true, blank: true, talks: true, ..plain() },
        ),
        ("no +CSIM, plain errors", Habits { no_csim: Some("ERROR"), plain_errors: true, ..plain() }),
    ]
}

/// The same work over every modem: who the SIM is, a message stored, found, read, erased; the SIM itself is looked at afterwards.
#[test]
fn a_sim_works_in_every_modem() {
    for (name, habits) in habits() {
        let (card, sim, _) = modem(sim_card(&imsi(7, 0)), habits);
        let mut card = card.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(ask(&mut card).unwrap().kind(), CardKind::Sim, "{name}");
        let work = |card: &mut ModemCard| -> Result<(), SimError> {
            let mut sim = Sim::new(card);
            sim.reset()?;
            assert!(sim.imsi()?.starts_with(&[0x08, 0x49, 0x06, 0x00]), "{name}");
            assert_eq!(sim.deliver(&[message(1)])?, [1], "{name}");
            assert_eq!(sim.deliver(&[message(2)])?, [2], "{name}");
            assert_eq!(sim.deliver(&[message(1)])?, [1], "{name}: once");
            let list = sim.sms_list()?;
            assert_eq!(list.len(), 2, "{name}");
            assert_eq!(list[1].bytes, message(2), "{name}");
            let file = sim.sms_file()?;
            sim.sms_erase(file, 1)
        };
        work(&mut card).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut sim = sim.lock().unwrap();
        let mut sim = Sim::new(&mut *sim);
        sim.reset().unwrap();
        let stored = sim.sms_list().unwrap();
        assert_eq!(stored.len(), 1, "{name}");
        assert_eq!((stored[0].number, &stored[0].bytes[..]), (2, &message(2)[..]), "{name}");
        assert_eq!(Content::of(&sim.read_record(1, 176).unwrap()), Content::Free, "{name}");
    }
}

/// A modem that selects files between two commands never makes a message stand in another file, nor another file be written.
#[test]
fn a_meddling_modem_spoils_no_file() {
    let loci = |card: &mut dyn Channel| {
        let mut sim = Sim::new(card);
        sim.select(&[scheme::profile::Fid::MF, scheme::sim::DF_GSM, scheme::profile::Fid(0x6F7E)]).unwrap();
        sim.read_binary(0, 11).unwrap()
    };
    let mut before = sim_card(&imsi(7, 0));
    let wanted = loci(&mut before);
    let (card, sim, _) = modem(before, Habits { meddles: true, ..Habits::default() });
    Sim::new(&mut card.unwrap()).deliver(&[message(1)]).unwrap();
    assert_eq!(loci(&mut *sim.lock().unwrap()), wanted);
}

#[test]
fn a_line_that_is_too_short_for_a_record_is_told() {
    let (card, sim, _) = modem(sim_card(&imsi(7, 0)), Habits { limit: Some(200), ..Habits::default() });
    let mut card = card.unwrap();
    let mut driver = Sim::new(&mut card);
    assert!(driver.iccid().is_ok());
    let error = driver.deliver(&[message(1)]).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("channel-modem", Kind::Refused), "{error}");
    assert!(Sim::new(&mut *sim.lock().unwrap()).sms_list().unwrap().is_empty());
}

#[test]
fn a_filter_is_told_as_what_it_is() {
    let (card, ..) = modem(sim_card(&imsi(7, 0)), Habits { filters: &[0xDC], ..Habits::default() });
    let error = Sim::new(&mut card.unwrap()).deliver(&[message(1)]).unwrap_err();
    assert!(error.to_string().contains("+CME ERROR: 3 (operation not allowed)"), "{error}");
    assert_eq!(error.code(), "channel-modem");
}

#[test]
fn what_is_not_there_is_absent() {
    let none = |habits: Habits| modem(sim_card(&imsi(7, 0)), habits).0.err().unwrap();
    let error = none(Habits { no_sim: true, ..Habits::default() });
    assert_eq!((error.code(), error.kind()), ("modem-no-sim", Kind::Absent));
    let error = none(Habits { no_csim: Some("ERROR"), no_crsm: true, ..Habits::default() });
    assert_eq!((error.code(), error.kind()), ("modem-no-access", Kind::Refused));
    let error = none(Habits { pulled_after: Some(0), ..Habits::default() });
    assert_eq!((error.code(), error.kind()), ("modem-lost", Kind::Absent));
    let error = none(Habits { babbles: true, ..Habits::default() });
    assert_eq!(error.code(), "modem-babble");
    struct Dumb;
    impl wire::ByteLink for Dumb {
        fn send(&mut self, _: &[u8]) -> Result<(), wire::LinkError> {
            Ok(())
        }
        fn receive(&mut self, _: &mut [u8], _: std::time::Duration) -> Result<usize, wire::LinkError> {
            Ok(0)
        }
    }
    let error = Modem::wake(Box::new(Dumb), "test").err().unwrap();
    assert_eq!((error.code(), error.kind()), ("modem-silent", Kind::Absent));
}

/// A modem that is pulled at any command: the card is gone, and nothing is half written.
#[test]
fn pulled_at_every_command() {
    let mut done = false;
    for count in 5..200 {
        let habits = Habits { pulled_after: Some(count), ..Habits::default() };
        let (card, sim, _) = modem(sim_card(&imsi(7, 0)), habits);
        let delivered = card.map_err(|error| assert_eq!(error.code(), "modem-lost")).and_then(|mut card| {
            Sim::new(&mut card).deliver(&[message(1)]).map_err(|error| assert!(error.is_gone(), "{error}"))
        });
        let stored = Sim::new(&mut *sim.lock().unwrap()).sms_list().unwrap();
        assert!(stored.is_empty() || stored[0].bytes == message(1));
        if delivered.is_ok() {
            done = true;
            break;
        }
    }
    assert!(done, "the work has an end");
}

/// An answer that does not come is doubt; what comes afterwards is never taken for the answer to something else.
#[test]
fn a_late_answer_is_nobodys() {
    for count in 6..40 {
        let habits = Habits { late_after: Some(count), ..Habits::default() };
        let (card, ..) = modem(sim_card(&imsi(7, 0)), habits);
        let Ok(mut card) = card else { continue };
        let mut mute = false;
        for _ in 0..40 {
            match card.transmit(&[0xA0, 0xF2, 0x00, 0x00, 0x16]) {
                Ok(answer) => {
                    assert!(!mute, "an answer after one that was missed");
                    assert_eq!(answer.len(), 24);
                }
                Err(error) => {
                    assert_eq!(error, ChannelError::Mute);
                    mute = true;
                }
            }
        }
        assert!(mute, "{count}");
    }
}

/// A wake finds its feet although the last answer of somebody else is still to come.
#[test]
fn the_first_answer_may_be_somebody_elses() {
    for count in 1..4 {
        let habits = Habits { late_after: Some(count), ..Habits::default() };
        let (card, ..) = modem(sim_card(&imsi(7, 0)), habits);
        match card {
            Ok(mut card) => assert!(Sim::new(&mut card).iccid().is_ok()),
            Err(error) => assert!(matches!(error, ModemError::Late { .. }), "{error}"),
        }
    }
}

fn locked(tries: u8, tells: bool) -> Habits {
    Habits { locked: Some(Locked { pin: "1234", tries, tells }), ..Habits::default() }
}

/// A PIN is given by +CPIN when the modem lets nothing else through; what the driver's guard asks, +CPINR answers.
#[test]
fn a_locked_sim_is_opened_by_its_pin() {
    let (card, _, seen) = modem(sim_card(&imsi(7, 0)), locked(3, true));
    let mut card = card.unwrap();
    assert_eq!(card.way(), WayIn::Locked);
    let mut sim = Sim::new(&mut card);
    sim.reset().unwrap();
    assert!(sim.chv1_enabled().unwrap());
    assert_eq!(sim.status().unwrap().chv1.tries, 3);
    assert!(matches!(sim.imsi(), Err(SimError::ChvNeeded { .. })));
    assert!(sim.verify_chv(reader::driver::sim::Chv::Chv1, b"9999").is_err());
    assert_eq!(sim.status().unwrap().chv1.tries, 2);
    sim.verify_chv(reader::driver::sim::Chv::Chv1, b"1234").unwrap();
    assert!(sim.imsi().is_ok());
    assert_eq!(card.way(), WayIn::Commands);
    let tried = seen.lock().unwrap().lines.iter().filter(|line| line.starts_with("AT+CPIN=")).count();
    assert_eq!(tried, 2, "no PIN but those that were given");
}

/// Where nobody tells how many tries are left, nobody tries.
#[test]
fn tries_that_are_not_told_are_not_spent() {
    let (card, _, seen) = modem(sim_card(&imsi(7, 0)), locked(1, false));
    let mut card = card.unwrap();
    let mut sim = Sim::new(&mut card);
    sim.reset().unwrap();
    assert!(sim.status().is_err());
    let guard = reader::driver::guard::Code::Chv(reader::driver::sim::Chv::Chv1);
    let last = reader::driver::guard::LastTry::from(false);
    let refused =
        sim.guarded("test", guard, last, |sim| sim.verify_chv(reader::driver::sim::Chv::Chv1, b"1234"));
    assert!(refused.is_err());
    assert!(!seen.lock().unwrap().lines.iter().any(|line| line.starts_with("AT+CPIN=")));
}

/// The last try is kept, unless somebody says that it may go.
#[test]
fn the_last_try_is_kept() {
    let chv1 = reader::driver::sim::Chv::Chv1;
    for spend in [false, true] {
        let (card, _, seen) = modem(sim_card(&imsi(7, 0)), locked(1, true));
        let mut card = card.unwrap();
        let mut sim = Sim::new(&mut card);
        sim.reset().unwrap();
        let guard = reader::driver::guard::Code::Chv(chv1);
        let done = sim.guarded("test", guard, spend.into(), |sim| sim.verify_chv(chv1, b"1234"));
        assert_eq!(done.is_ok(), spend);
        let tried = seen.lock().unwrap().lines.iter().any(|line| line.starts_with("AT+CPIN="));
        assert_eq!(tried, spend);
    }
}

/// A UICC in a modem tells what it is, and answers both classes.
#[test]
fn a_uicc_works_too() {
    let blank =
        NewSim { kind: CardKind::Uicc, serial: serial("uicc").0, messages: 10, chv1: None, milenage: None };
    let card = slot(factory::sim(&blank).unwrap(), "uicc");
    let (card, ..) = modem(card, Habits::default());
    let mut card = card.unwrap();
    assert_eq!(ask(&mut card).unwrap().kind(), CardKind::Uicc);
    assert_eq!(Sim::new(&mut card).deliver(&[message(3)]).unwrap(), [1]);
}
