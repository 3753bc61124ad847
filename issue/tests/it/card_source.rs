//! Issuing from an issuing card.

use crate::paper_card::PaperCard;
use crate::paper_issuer::PaperIssuer;
use crate::requests::{NUMBER, REGION, SERIAL, plan};
use gridcard_issue::card::Personalisation;
use gridcard_issue::keyset::Roots;
use gridcard_issue::pairing;
use gridcard_issue::plan::Master;
use gridcard_issue::source::{CardSource, KeySource, Level, SoftSource, SourceError};
use keys::{Role, Suite};
use reader::driver::guard::PinError;
use reader::driver::issuing::IssuingCard;
use scheme::Fault;
use scheme::numbers::{RegionCode, Serial};
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardInfo, CardKind, Make, Recipient, State};

fn issuer(kind: CardKind) -> PaperIssuer {
    let suite = Suite::TripleDes;
    let region: RegionCode = REGION.parse().unwrap();
    let roots = Roots::test(suite);
    let provincial = kind == CardKind::MainControl;
    let (store, checks, region) = if provincial {
        (SoftSource::province(roots.clone()), roots.check_values(), [0; 4])
    } else {
        let city = roots.city(region);
        (SoftSource::city(city.clone()), city.check_values(), region.0)
    };
    let info = CardInfo {
        make: Make::Current,
        region,
        kind,
        number: [0; 6],
        valid_from: [0x20, 0x26, 0x01, 0x01],
        valid_to: [0x20, 0x35, 0x12, 0x31],
        state: State::Test,
        suite: suite.code(),
    };
    let checks = checks.into_iter().map(|check| (check.role, check.check_value.0)).collect();
    PaperIssuer::new(info, store, checks)
}

fn pin() -> Pin {
    Pin::from_digits("654321").unwrap()
}

#[test]
fn a_card_issues_what_the_software_store_issues() {
    for (issuing, kind) in [
        (CardKind::MainControl, CardKind::PsamIssuing),
        (CardKind::MainControl, CardKind::EsamIssuing),
        (CardKind::MainControl, CardKind::TestIssuing),
        (CardKind::TestIssuing, CardKind::TestCard),
        (CardKind::PsamIssuing, CardKind::Psam),
        (CardKind::PsamIssuing, CardKind::UserCard),
        (CardKind::EsamIssuing, CardKind::Esam),
        (CardKind::EsamIssuing, CardKind::ProductionCard),
    ] {
        let mut issuer = issuer(issuing);
        let serial: Serial = SERIAL.parse().unwrap();
        let transport = Roots::test(Suite::TripleDes).transport(serial);
        let mut by_card = PaperCard::blank(transport.clone(), serial.0);
        let mut by_soft = PaperCard::blank(transport, serial.0);
        let plan = plan(kind, Suite::TripleDes);
        let (one, other) = (pin(), Pin::from_digits("123456").unwrap());
        let pins = match plan.pins().len() {
            0 => Pins::default(),
            1 => (&one).into(),
            _ => Pins::both(&one, &other),
        };
        // The paper card takes the one PIN from both officers.
        let officers = Pins::both(&one, &one);
        let mut soft = issuer.store.clone();
        let mut card = CardSource::open(IssuingCard::new(&mut issuer), officers).unwrap();
        let issued = Personalisation::probe(&plan, &mut by_card, None)
            .unwrap()
            .run(&mut card, pins, Master::Transport, &mut ())
            .unwrap();
        Personalisation::probe(&plan, &mut by_soft, None)
            .unwrap()
            .run(&mut soft, pins, Master::Transport, &mut ())
            .unwrap();
        assert_eq!(by_card.sent, by_soft.sent, "{}: the same bytes", kind.name());
        // What a card passes on as it is, it can vouch for.
        for key in issued.keys {
            let published = matches!(kind, CardKind::TestIssuing | CardKind::TestCard);
            let as_it_is = published
                || kind == CardKind::Psam
                || (!matches!(kind, CardKind::Esam | CardKind::UserCard) && key.role == Role::Transport);
            assert_eq!(key.confirmed, as_it_is, "{} {}", kind.name(), key.role.name());
        }
    }
}

#[test]
fn an_issuing_card_makes_its_own_kind_only() {
    let all = [
        CardKind::MainControl,
        CardKind::PsamIssuing,
        CardKind::EsamIssuing,
        CardKind::Psam,
        CardKind::Esam,
        CardKind::TestIssuing,
        CardKind::TestCard,
        CardKind::UserCard,
        CardKind::ProductionCard,
    ];
    let recipients: Vec<Recipient> = all.into_iter().map(Recipient::Card).chain([Recipient::Mcu]).collect();
    for (kind, makes) in [
        (CardKind::MainControl, vec![recipients[1], recipients[2], recipients[5]]),
        (CardKind::PsamIssuing, vec![recipients[3], recipients[7]]),
        (CardKind::EsamIssuing, vec![recipients[4], recipients[8], recipients[9]]),
        (CardKind::TestIssuing, vec![recipients[6]]),
    ] {
        let mut issuer = issuer(kind);
        let pin = pin();
        let about = CardSource::open(IssuingCard::new(&mut issuer), Pins::both(&pin, &pin)).unwrap().about();
        let made: Vec<Recipient> = recipients.iter().copied().filter(|one| about.makes(*one)).collect();
        assert_eq!(made, makes, "{}", kind.name());
        let level = match kind {
            CardKind::MainControl => Level::Province,
            _ => Level::City(REGION.parse().unwrap()),
        };
        assert_eq!((about.level, about.suite, about.state), (level, Suite::TripleDes, State::Test));
    }
}

#[test]
fn a_card_that_is_no_source_costs_no_try() {
    let mut psam = issuer(CardKind::PsamIssuing);
    psam.info.kind = CardKind::Psam;
    let refused = CardSource::open(IssuingCard::new(&mut psam), &pin()).err().unwrap();
    assert_eq!(refused, SourceError::NotIssuing(CardKind::Psam));
    assert_eq!(refused.to_string(), "kind psam gives no keys to other cards");
    assert!(refused.hint().is_some());
    let mut unknown = issuer(CardKind::PsamIssuing);
    unknown.info.suite = 9;
    let refused = CardSource::open(IssuingCard::new(&mut unknown), &pin()).err().unwrap();
    assert_eq!(refused, SourceError::Suite(9));
    assert!(!psam.count.contains_key(&0x20) && !unknown.count.contains_key(&0x20), "no VERIFY was sent");
}

#[test]
fn a_wrong_pin_says_how_many_tries_are_left() {
    let mut issuer = issuer(CardKind::EsamIssuing);
    let wrong = Pin::from_digits("111111").unwrap();
    let refused = CardSource::open(IssuingCard::new(&mut issuer), &wrong).err().unwrap();
    assert_eq!(
        refused.to_string(),
        "ESAM issuing card 000000000000: the operator's PIN was wrong; 2 tries left"
    );
    assert_eq!(issuer.count[&0x20], 1);
    // The last try is not spent unasked, not even for the right PIN.
    issuer.tries = 1;
    let refused = CardSource::open(IssuingCard::new(&mut issuer), &pin()).err().unwrap();
    assert!(matches!(refused, SourceError::Pin(PinError::LastTry(_))), "{refused}");
    assert_eq!(
        refused.to_string(),
        "ESAM issuing card 000000000000: the operator's PIN has 1 try left; a wrong one would block it"
    );
    assert_eq!(issuer.count[&0x20], 1);
    let right = pin();
    let allowed = Pins { spend_last_try: true, ..(&right).into() };
    assert!(CardSource::open(IssuingCard::new(&mut issuer), allowed).is_ok());
}

#[test]
fn an_act_of_the_province_needs_two_officers() {
    let mut main = issuer(CardKind::MainControl);
    let refused = CardSource::open(IssuingCard::new(&mut main), &pin()).err().unwrap();
    assert_eq!(refused, SourceError::SecondPin);
    assert!(!main.count.contains_key(&0x20), "no VERIFY was sent");
    let (one, wrong) = (pin(), Pin::from_digits("111111").unwrap());
    let refused = CardSource::open(IssuingCard::new(&mut main), Pins::both(&one, &wrong)).err().unwrap();
    assert_eq!(
        refused.to_string(),
        "main control card 000000000000: the second officer's PIN was wrong; 2 tries left"
    );
}

/// A batch asks the issuing card for each check value once, and the pairing file takes those the ESAM shows.
#[test]
fn a_batch_asks_once_and_pairs_with_what_the_esam_shows() {
    let mut issuer = issuer(CardKind::EsamIssuing);
    let number = NUMBER.parse().unwrap();
    let region = REGION.parse().unwrap();
    let plan = plan(CardKind::Esam, Suite::TripleDes);
    let mut soft = issuer.store.clone();
    let file = {
        let mut source = CardSource::open(IssuingCard::new(&mut issuer), &pin()).unwrap();
        let mut seen = Vec::new();
        for last in 0..3 {
            let serial = Serial([1, 2, 3, 4, 5, 6, 7, last]);
            let transport = Roots::test(Suite::TripleDes).transport(serial);
            let mut card = PaperCard::blank(transport, serial.0);
            let session = Personalisation::probe(&plan, &mut card, Some(serial)).unwrap();
            seen = session.run(&mut source, None, Master::Transport, &mut ()).unwrap().keys;
        }
        pairing::make(&mut source, number, region, &seen).unwrap()
    };
    assert_eq!(issuer.count[&0x48], 1, "the version, once");
    assert_eq!(file, pairing::make(&mut soft, number, region, &[]).unwrap());
}
