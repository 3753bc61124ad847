//! Plans and their dry runs.

use crate::{KINDS, plan, request};
use gridcard_kdc::messages::PlanError;
use gridcard_kdc::plan::{CEILING_MAX, Content, Plan, Request, Step};
use keys::Suite;
use wire::money::Fen;
use wire::profile::{CardInfo, CardKind};

#[test]
fn dry_runs_read_as_they_should() {
    for kind in KINDS {
        insta::assert_snapshot!(format!("dry-run-{}", kind.name()), plan(kind, Suite::TripleDes).dry_run());
    }
    insta::assert_snapshot!("dry-run-esam-sm4", plan(CardKind::Esam, Suite::Sm4).dry_run());
}

#[test]
fn every_key_is_written_once_and_looked_at() {
    for kind in KINDS {
        let plan = plan(kind, Suite::TripleDes);
        let roles =
            |pick: fn(&Step) -> Option<u8>| -> Vec<u8> { plan.steps().iter().filter_map(pick).collect() };
        let written = roles(|step| if let Step::WriteKey(row) = step { Some(row.role) } else { None });
        let seen = roles(|step| if let Step::CheckKey(row) = step { Some(row.role) } else { None });
        let table: Vec<u8> = wire::profile::Recipient::Card(kind).keys().iter().map(|row| row.role).collect();
        assert_eq!(written, table, "{}", kind.name());
        assert_eq!(seen, table[1..], "all but the own master, which proves itself");
        assert_eq!(plan.needs_pin(), kind != CardKind::Esam);
        assert_eq!(plan.steps().contains(&Step::VerifyPin), plan.needs_pin());
    }
}

#[test]
fn card_information_is_finished_by_the_last_write() {
    for kind in KINDS {
        let plan = plan(kind, Suite::Aes128);
        let is_write = |step: &&Step| {
            matches!(step, Step::Create(_) | Step::WriteKey(_) | Step::WritePin | Step::Update { .. })
        };
        let Some(Step::Update { sfi: 0x15, bytes, what: Content::CardInformation }) =
            plan.steps().iter().rfind(is_write)
        else {
            panic!("{}: another write comes last", kind.name());
        };
        assert_eq!(&CardInfo::parse(bytes).unwrap(), plan.card_info());
        let making = plan.steps().iter().find_map(|step| match step {
            Step::Update { bytes, what: Content::InTheMaking, .. } => Some(bytes),
            _ => None,
        });
        assert!(CardInfo::parse(making.unwrap()).is_err(), "nobody takes an unfinished card for a card");
    }
}

#[test]
fn parameters_of_an_esam() {
    let parameters = |ceiling| {
        let plan = Plan::new(&Request { ceiling, ..request(CardKind::Esam, Suite::TripleDes) }).unwrap();
        plan.steps()
            .iter()
            .find_map(|step| match step {
                Step::Update { sfi: 0x02, bytes, what: Content::Parameters } => {
                    Some(hex::encode_upper(bytes))
                }
                _ => None,
            })
            .unwrap()
    };
    let head = "00000000000042000000000000";
    assert_eq!(parameters(None), format!("{head}00000000000000000000000000000000000000"));
    assert_eq!(parameters(Some(Fen(50_000))), format!("{head}00000000000000000000C35000000000000000"));
}

#[test]
fn requests_that_make_no_card() {
    let esam = request(CardKind::Esam, Suite::TripleDes);
    let refused = |request: Request| Plan::new(&request).unwrap_err();
    for kind in [CardKind::Sim, CardKind::TestCard] {
        assert_eq!(refused(Request { kind, ..esam }), PlanError::Kind { kind });
    }
    for ceiling in [Fen(0), Fen(CEILING_MAX.0 + 1), Fen(u32::MAX)] {
        assert_eq!(refused(Request { ceiling: Some(ceiling), ..esam }), PlanError::Ceiling { ceiling });
    }
    let psam = request(CardKind::Psam, Suite::TripleDes);
    let kind = CardKind::Psam;
    assert_eq!(refused(Request { ceiling: Some(Fen(1)), ..psam }), PlanError::CeilingOf { kind });
    let main = request(CardKind::MainControl, Suite::TripleDes);
    for (kind, region) in [(CardKind::Esam, main.region), (CardKind::MainControl, esam.region)] {
        assert_eq!(refused(Request { kind, region, ..esam }), PlanError::Region { kind, region });
    }
}
