//! Plans and their dry runs.

use crate::requests::{plan, request};
use gridcard_issue::plan::{CEILING_MAX, Content, Plan, PlanError, Request, Step};
use keys::Suite;
use scheme::money::Fen;
use scheme::profile::{CardInfo, CardKind, EF_CARD_INFO, EF_PARAMETERS};

#[test]
fn dry_runs_read_as_they_should() {
    for kind in CardKind::ISSUED {
        insta::assert_snapshot!(format!("dry-run-{}", kind.name()), plan(kind, Suite::TripleDes).dry_run());
    }
    insta::assert_snapshot!("dry-run-esam-sm4", plan(CardKind::Esam, Suite::Sm4).dry_run());
}

#[test]
fn every_key_is_written_once_and_looked_at() {
    for kind in CardKind::ISSUED {
        let plan = plan(kind, Suite::TripleDes);
        let roles =
            |pick: fn(&Step) -> Option<u8>| -> Vec<u8> { plan.steps().iter().filter_map(pick).collect() };
        let written = roles(|step| if let Step::WriteKey(row) = step { Some(row.role) } else { None });
        let seen = roles(|step| if let Step::CheckKey(row) = step { Some(row.role) } else { None });
        let table = scheme::profile::Recipient::Card(kind).keys().iter().map(|row| row.role);
        // Of the first version there is no earlier one.
        let table: Vec<u8> = table.filter(|role| *role != scheme::profile::PREVIOUS_MASTER).collect();
        assert_eq!(written, table, "{}", kind.name());
        assert_eq!(seen, table[1..], "all but the own master, which proves itself");
        assert_eq!(
            plan.needs_pin(),
            !matches!(kind, CardKind::Esam | CardKind::UserCard | CardKind::ProductionCard)
        );
        let verified = plan.steps().iter().filter(|step| matches!(step, Step::VerifyPin(_))).count();
        let two = matches!(kind, CardKind::MainControl | CardKind::PsamIssuing | CardKind::EsamIssuing);
        assert_eq!(verified, usize::from(plan.needs_pin()) + usize::from(two), "{}", kind.name());
    }
}

#[test]
fn card_information_is_finished_by_the_last_write() {
    for kind in CardKind::ISSUED {
        let plan = plan(kind, Suite::Aes128);
        let is_write = |step: &&Step| {
            matches!(step, Step::Create(_) | Step::WriteKey(_) | Step::WritePin(_) | Step::Update { .. })
        };
        let Some(Step::Update { fid: EF_CARD_INFO, bytes, what: Content::CardInformation }) =
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
                Step::Update { fid: EF_PARAMETERS, bytes, what: Content::Parameters } => {
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
    for kind in [CardKind::Sim, CardKind::Fmcos] {
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

/// Versions, earlier versions, limits, and kinds that are always of the test hierarchy.
#[test]
fn what_a_request_cannot_ask_for() {
    let refused = |request: Request| Plan::new(&request).unwrap_err();
    let esam_issuing = request(CardKind::EsamIssuing, Suite::TripleDes);
    let kind = CardKind::EsamIssuing;
    assert_eq!(refused(Request { version: 0, ..esam_issuing }), PlanError::Version { kind, version: 0 });
    for (version, earlier) in [(1, 1), (3, 0), (3, 3), (3, 4)] {
        let wrong = Request { version, previous: Some(earlier), ..esam_issuing };
        assert_eq!(refused(wrong), PlanError::Previous { kind, version, earlier });
    }
    let kind = CardKind::MainControl;
    let main = request(kind, Suite::TripleDes);
    assert_eq!(refused(Request { version: 2, ..main }), PlanError::Version { kind, version: 2 });
    assert_eq!(refused(Request { limit: Some(1), ..main }), PlanError::LimitOf { kind });
    for kind in [CardKind::TestCard, CardKind::TestIssuing] {
        let formal = Request { state: scheme::profile::State::Formal, ..request(kind, Suite::Sm4) };
        assert_eq!(refused(formal), PlanError::AlwaysTest { kind });
    }
}

/// An ESAM issuing card of a higher version gets one key more, of the version it shall reach.
#[test]
fn a_higher_version_reaches_an_earlier_one() {
    let of = |version, previous| {
        Plan::new(&Request { version, previous, ..request(CardKind::EsamIssuing, Suite::TripleDes) }).unwrap()
    };
    let earlier = |plan: &Plan| {
        let writes =
            plan.steps().iter().filter(|step| matches!(step, Step::WriteKey(row) if row.role == 0x0A));
        (writes.count(), plan.previous())
    };
    assert_eq!(earlier(&of(1, None)), (0, None));
    assert_eq!(earlier(&of(2, None)), (1, Some(1)));
    assert_eq!(earlier(&of(5, Some(2))), (1, Some(2)));
    let (plan, serial) = (of(5, Some(2)), scheme::numbers::Serial([7; 8]));
    let version = |role| plan.target_for(serial, gridcard_issue::plan::Master::Own, role).version;
    assert_eq!((version(0x0A), version(1)), (Some(2), Some(5)));
}

/// What a signing key costs on an ESAM's line is what its page says.
#[test]
fn a_signing_key_costs_what_its_page_says() {
    let page = include_str!("../../../docs/specs/signatures.md");
    for suite in Suite::ALL {
        let of = |signs| {
            let plan = Plan::new(&Request { signs, ..request(CardKind::Esam, suite) }).unwrap().line();
            (plan.sum(), plan.total().micros(9600))
        };
        let ((with, time_with), (without, time_without)) = (of(true), of(false));
        let ms = (time_with - time_without) / 1000;
        let row = format!(
            "| `{}` | {} | {} | {ms} |",
            suite.name(),
            with.apdus - without.apdus,
            with.bytes - without.bytes
        );
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn a_plan_with_a_signing_key_reads_as_it_should() {
    for kind in [CardKind::Esam, CardKind::Psam] {
        let plan = Plan::new(&Request { signs: true, ..request(kind, Suite::Sm4) }).unwrap();
        let (text, code) = (plan.dry_run().to_string(), if kind == CardKind::Esam { 3 } else { 4 });
        for apdu in [
            "> 84780000AC [172 bytes: certificate of the root, and MAC for this card]".to_owned(),
            "> 8074000008 [8 bytes: challenge of the key source]".to_owned(),
            "> 80780001A8 [168 bytes: certificate]".to_owned(),
            format!("> 807800{code:02X}A8 [168 bytes: certificate]"),
            format!("> 807601{code:02X}A8"),
        ] {
            assert!(text.contains(&apdu), "{apdu}: {text}");
        }
    }
    // A card that certifies is certified by an act of its own.
    let plan = Plan::new(&Request { signs: true, ..request(CardKind::EsamIssuing, Suite::Sm4) }).unwrap();
    assert!(!plan.steps().iter().any(|step| matches!(step, Step::Certify(_))));
}
