//! Acts of a province and a city: what they found, make and end, and what their reports say.

use crate::{Place, world};
use gridcard_world::{PIN, World};
use keys::Suite;
use parties::city::issue::{MakeReport, MakeRequest};
use parties::city::{self, Access, TEST_CARDS};
use parties::issuing::Allowed;
use parties::log::reading::{self, VerifyRequest, Which};
use parties::places::card_at;
use parties::province::component::{self, ComponentRequest};
use parties::province::founding::{self, Beginning};
use parties::secret::SecretFrom;
use parties::transport::Transport;
use parties::{Deed, Party, Result};
use scheme::profile::CardKind;
use scheme::{CardRef, Cards, Kind};
use serde_json::{Value, json};
use tempfile::TempDir;

fn test_card(town: &Place, number: &str, pin: &str) -> Result<MakeReport> {
    let request = MakeRequest {
        number: number.parse().unwrap(),
        access: Access { pin: pin.into(), ..Access::default() },
        card: None,
        pin: SecretFrom::Asked,
        limits: None,
        allowed: Allowed::default(),
        transport: Transport::default(),
    };
    town.world().act(Deed::One("test-card issue"), |session| TEST_CARDS.issue(session, &request))
}

#[test]
fn a_province_tells_what_it_founded() {
    let town = Place::empty(1);
    let told = serde_json::to_value(town.make_keys().unwrap()).unwrap();
    assert_eq!((&told["state"], &told["keystore"]), (&json!("test"), &Value::Null));
    assert_eq!(told["check_values"].as_object().unwrap().len(), keys::Role::ALL.len());
    // The card moved into its place with the folder, though it is no file of it.
    let main = town.folder(Party::Province).join("main-control.card");
    assert!(town.world().cards().is_taken(&card_at(&main)) && !main.exists());
    assert!(town.make_keys().unwrap_err().to_string().contains("this province has its roots"));
}

/// A successor takes the place of the card before it, which steps aside and is a card still.
#[test]
fn an_issuing_card_makes_room_for_its_successor() {
    let town = Place::empty(1);
    town.make_keys().unwrap();
    let kind = CardKind::PsamIssuing;
    let open = |place: &std::path::Path| {
        let cards = town.world().cards();
        cards.open(&card_at(place), Some(kind), scheme::cards::Keeping::AtClose).unwrap().image().unwrap()
    };
    town.make_issuing_card(kind, "330200000011".parse().unwrap()).unwrap();
    let city = town.folder(Party::City(town.region()));
    let place = city.join("psam-issuing.card");
    let first = open(&place);
    town.make_issuing_card(kind, "330200000012".parse().unwrap()).unwrap();
    assert_ne!(open(&place), first);
    assert_eq!(open(&city.join("earlier/psam-issuing-330200000011.card")), first);
}

#[test]
fn a_city_makes_and_ends_cards() {
    let town = Place::empty(1);
    town.found().unwrap();
    town.make_issuing_card(CardKind::TestIssuing, "330200000013".parse().unwrap()).unwrap();
    let psam = town.issue_psam().unwrap();
    let test_card = test_card(&town, "330200000002", PIN).unwrap();
    // A PSAM has a server, a test card none; no card has become a file.
    let out = town.folder(Party::City(town.region())).join("out");
    assert!(out.join("psam-330200000001.server").exists());
    assert_eq!(serde_json::to_value(&test_card).unwrap().get("server_key"), None);
    assert!(!std::path::Path::new(&psam.card).exists());
    let card: CardRef = psam.card.parse().unwrap();
    let shown = town.world().act(Deed::Look, |session| city::psam::show(session, &card)).unwrap();
    // A town's PSAM seals as many orders as it can count: no limit shows.
    assert_eq!((shown.sealed, shown.limit, shown.tries), (0, None, Some(3)));

    let card: CardRef = test_card.card.parse().unwrap();
    let ended = |before: bool| {
        let retire = |session: &_| TEST_CARDS.retire(session, &card, &Access::default());
        let report = town.world().act(Deed::One("test-card retire"), retire).unwrap().unwrap();
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

    let folder = town.folder(Party::City(town.region()));
    let request = VerifyRequest { which: Which::Own(folder), head: None, against: Vec::new() };
    let report = town.world().act(Deed::Look, |session| reading::check(session, &request)).unwrap();
    assert_eq!((report.findings, report.absent), (vec![], Vec::<String>::new()));
}

#[test]
fn a_wrong_pin_costs_the_issuing_card_a_try_and_makes_nothing() {
    let town = Place::empty(1);
    town.make_keys().unwrap();
    town.make_issuing_card(CardKind::TestIssuing, "330200000013".parse().unwrap()).unwrap();
    let error = test_card(&town, "330200000002", "999999").unwrap_err();
    assert!(error.to_string().contains("tries left"), "{error}");
    let out = town.folder(Party::City(town.region())).join("out");
    assert!(!out.exists());
    assert_eq!(town.world().cards().places(&out.to_string_lossy()).unwrap(), []);
}

#[test]
fn a_founding_that_is_given_up_leaves_nothing() {
    let home = TempDir::new().unwrap();
    let begun = world(&home).act(Deed::Look, |session| {
        let place = founding::place(session)?;
        let beginning = Beginning::begin(session, &place)?;
        // Nobody else founds one meanwhile.
        let other = Beginning::begin(session, &place).map(drop).unwrap_err();
        assert_eq!(other.kind(), Kind::Absent);
        assert!(other.to_string().contains("a ceremony is being held"), "{other}");
        drop(beginning);
        Ok(())
    });
    begun.unwrap();
    assert_eq!(std::fs::read_dir(home.path().join("home")).unwrap().count(), 0);
}

#[test]
fn a_component_is_drawn_from_no_seed_and_is_not_printed_by_debug() {
    let home = TempDir::new().unwrap();
    let request = ComponentRequest { suite: Suite::TripleDes, out: None };
    let draw = |world: World| world.act(Deed::Look, |session| component::draw(session, &request));
    assert_eq!(draw(world(&home)).unwrap_err().kind(), Kind::Security);
    let chance = World::new(home.path(), crate::BEGIN.parse().unwrap(), None);
    let report = draw(chance).unwrap();
    let secret = report.component.as_ref().unwrap().0.to_string();
    assert_eq!(serde_json::to_value(&report).unwrap()["component"], secret.as_str());
    assert!(!format!("{report:?}").contains(&secret));
}
