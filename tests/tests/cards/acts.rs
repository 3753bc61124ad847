//! Acts of a province and a city with their cards in memory: what they found, make and end, and what their reports say.

use kdc::ceremony::Founding;
use keys::Suite;
use parties::city::issue::{MakeReport, MakeRequest, Making};
use parties::city::{self, Access, PSAMS, TEST_CARDS};
use parties::issuing::Allowed;
use parties::log::reading::{self, VerifyRequest, Which};
use parties::province::component::{self, ComponentRequest};
use parties::province::founding::{self, Beginning, FoundRequest};
use parties::province::issue_card::{self, CardReport, CardRequest};
use parties::province::{Holder, Officers};
use parties::transport::Transport;
use parties::{Deed, Session};
use scheme::clock::ClockError;
use scheme::pin::Pin;
use scheme::profile::CardKind;
use scheme::{CardRef, Chances, Clock, Kind, Moment};
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;
use vcard::{CardsInMemory, OsChance, SeededChances};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Result<Moment, ClockError> {
        Ok("2026-11-22T12:00:00".parse().expect("a moment"))
    }
}

/// A home of files, with cards in memory.
fn session(home: &TempDir, chances: Arc<dyn Chances + Send + Sync>) -> Session {
    let cards = Arc::new(CardsInMemory::new(chances.clone()));
    Session::new(home.path(), Arc::new(Noon), chances, cards)
}

fn seeded(home: &TempDir) -> Session {
    session(home, Arc::new(SeededChances(7)))
}

fn founded(session: &Session) {
    let pins = [Pin::from_digits("111111").unwrap(), Pin::from_digits("222222").unwrap()];
    let request = FoundRequest {
        founding: Founding::test(Suite::TripleDes),
        custodians: None,
        pins: Some(pins),
        number: "000000000010".parse().unwrap(),
        blank: None,
    };
    let report =
        session.anew(Deed::One("kdc init")).act(|session| founding::found(session, &request)).unwrap();
    let told = serde_json::to_value(&report).unwrap();
    assert_eq!(told["state"], "test");
    assert_eq!(told["keystore"], Value::Null);
    assert_eq!(told["check_values"].as_object().unwrap().len(), keys::Role::ALL.len());
}

fn issuing_card(session: &Session, kind: CardKind, number: &str) {
    let request = CardRequest {
        kind,
        city: "33020000".parse().unwrap(),
        number: number.parse().unwrap(),
        count: 100,
        value: None,
        key_version: 1,
        previous: None,
        card: None,
        holder: Holder::MainCard(Officers {
            pin: "111111".into(),
            second: "222222".into(),
            spend_last_try: false,
        }),
        pin: "333333".into(),
        supervisor_pin: "444444".into(),
        dry_run: false,
        allowed: Allowed::default(),
        transport: Transport::default(),
    };
    let session = session.anew(Deed::One("kdc issue-card"));
    let CardReport::Issued(issued) =
        session.act(|session| issue_card::issue_card(session, &request)).unwrap()
    else {
        panic!("planned only");
    };
    let cards = [issued.card.parse().unwrap()];
    let session = session.anew(Deed::One("city open"));
    session.act(|session| city::open::open(session, &cards)).unwrap();
}

fn access() -> Access {
    Access { pin: "333333".into(), ..Access::default() }
}

fn make(session: &Session, making: &Making, number: &str) -> MakeReport {
    let request = MakeRequest {
        number: number.parse().unwrap(),
        access: access(),
        card: None,
        pin: "555555".into(),
        limits: None,
        allowed: Allowed::default(),
        transport: Transport::default(),
    };
    session.anew(Deed::One("issue")).act(|session| making.issue(session, &request)).unwrap()
}

#[test]
fn a_city_makes_and_ends_cards_that_stand_in_memory() {
    let home = TempDir::new().unwrap();
    let session = seeded(&home);
    founded(&session);
    issuing_card(&session, CardKind::PsamIssuing, "330200000011");
    issuing_card(&session, CardKind::TestIssuing, "330200000013");
    let psam = make(&session, &PSAMS, "330200000001");
    let test_card = make(&session, &TEST_CARDS, "330200000002");
    // A PSAM has a server, a test card none; no card has become a file.
    assert!(home.path().join("city-33020000/out/psam-330200000001.server").exists());
    assert_eq!(serde_json::to_value(&test_card).unwrap().get("server_key"), None);
    assert!(!std::path::Path::new(&psam.card).exists());
    let card: CardRef = psam.card.parse().unwrap();
    let shown = city::psam::show(&session, &card).unwrap();
    assert_eq!((shown.sealed, shown.limit, shown.tries), (0, Some(10_000), Some(3)));

    let card: CardRef = test_card.card.parse().unwrap();
    let ended = |before: bool| {
        let session = session.anew(Deed::One("test-card retire"));
        let report = session.act(|session| TEST_CARDS.retire(session, &card, &access())).unwrap().unwrap();
        let told = serde_json::to_value(&report).unwrap();
        assert_eq!(
            told,
            json!({
                "kind": "test-card", "number": "330200000002", "serial": test_card.serial, "city": "33020000",
                "state": "retired", "before": before,
            })
        );
    };
    ended(false);
    // Run again it finds what is done.
    ended(true);

    let folder = home.path().join("city-33020000");
    let request = VerifyRequest { which: Which::Own(folder), head: None, against: Vec::new() };
    let report = reading::check(&session.anew(Deed::Look), &request).unwrap();
    assert_eq!((report.findings, report.absent), (vec![], Vec::<String>::new()));
}

#[test]
fn a_wrong_pin_costs_the_issuing_card_a_try_and_makes_nothing() {
    let home = TempDir::new().unwrap();
    let session = seeded(&home);
    founded(&session);
    issuing_card(&session, CardKind::TestIssuing, "330200000013");
    let request = MakeRequest {
        number: "330200000002".parse().unwrap(),
        access: Access { pin: "999999".into(), ..Access::default() },
        card: None,
        pin: "555555".into(),
        limits: None,
        allowed: Allowed::default(),
        transport: Transport::default(),
    };
    let error = session
        .anew(Deed::One("test-card issue"))
        .act(|session| TEST_CARDS.issue(session, &request))
        .unwrap_err();
    assert!(error.to_string().contains("tries left"), "{error}");
    assert!(!home.path().join("city-33020000/out").exists());
}

#[test]
fn a_founding_that_is_given_up_leaves_nothing() {
    let home = TempDir::new().unwrap();
    let session = seeded(&home).anew(Deed::One("kdc init"));
    let place = founding::place(&session).unwrap();
    let beginning = Beginning::begin(&session, &place).unwrap();
    // Nobody else founds one meanwhile.
    let other = Beginning::begin(&session, &place).map(drop).unwrap_err();
    assert_eq!(other.kind(), Kind::Absent);
    assert!(other.to_string().contains("a ceremony is being held"), "{other}");
    drop(beginning);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_component_is_drawn_from_no_seed_and_is_not_printed_by_debug() {
    let home = TempDir::new().unwrap();
    let request = ComponentRequest { suite: Suite::TripleDes, out: None };
    let error = component::draw(&seeded(&home), &request).unwrap_err();
    assert_eq!(error.kind(), Kind::Security);
    let report = component::draw(&session(&home, Arc::new(OsChance)), &request).unwrap();
    let secret = report.component.as_ref().unwrap().0.to_string();
    assert_eq!(serde_json::to_value(&report).unwrap()["component"], secret.as_str());
    assert!(!format!("{report:?}").contains(&secret));
}
