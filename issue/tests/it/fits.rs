//! Plan, source and PINs that do not belong together are refused before a card is asked.

use crate::requests::{REGION, request};
use gridcard_issue::card::{IssueError, fits};
use gridcard_issue::plan::{Plan, Request};
use gridcard_issue::source::{About, Expected, KeySource, Level, SourceError, Target};
use keys::Suite;
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardKind, State};

/// A source that is asked nothing but what it is.
struct Says(About);

impl KeySource for Says {
    fn about(&self) -> About {
        self.0
    }

    fn authenticate_target(&mut self, _: &Target, _: [u8; 8]) -> Result<Vec<u8>, SourceError> {
        panic!("no card is asked")
    }

    fn export_key(&mut self, _: &Target, _: u8, _: [u8; 8], _: [u8; 5]) -> Result<Vec<u8>, SourceError> {
        panic!("no key is asked for")
    }

    fn expected(&mut self, _: &Target, _: u8) -> Result<Expected, SourceError> {
        panic!("no key is asked for")
    }
}

/// A source as the kind wants it: the province's store for its cards, a city's issuing card for others.
fn about(kind: CardKind) -> About {
    let city = Level::City(REGION.parse().unwrap());
    let (level, card) = match kind {
        CardKind::Psam | CardKind::UserCard => (city, Some(CardKind::PsamIssuing)),
        CardKind::Esam | CardKind::ProductionCard => (city, Some(CardKind::EsamIssuing)),
        CardKind::TestCard => (city, Some(CardKind::TestIssuing)),
        _ => (Level::Province, None),
    };
    About {
        level,
        card,
        suite: Suite::TripleDes,
        state: State::Test,
        version: 1,
        previous: None,
        signs: false,
    }
}

fn asked(kind: CardKind, about: About, given: usize, change: fn(&mut Request)) -> Result<(), IssueError> {
    let mut request = request(kind, Suite::TripleDes);
    change(&mut request);
    let (operator, officer) = (pin("123456"), pin("654321"));
    let (operator, officer) = ((given > 0).then_some(&operator), (given > 1).then_some(&officer));
    let pins = Pins { operator, officer, spend_last_try: false };
    fits(&Plan::new(&request).unwrap(), &Says(about), pins)
}

fn pin(digits: &str) -> Pin {
    Pin::from_digits(digits).unwrap()
}

fn as_it_is(_: &mut Request) {}

fn pins_of(kind: CardKind) -> usize {
    match kind {
        CardKind::Esam | CardKind::UserCard | CardKind::ProductionCard => 0,
        CardKind::MainControl | CardKind::PsamIssuing | CardKind::EsamIssuing => 2,
        _ => 1,
    }
}

#[test]
fn what_belongs_together_is_taken() {
    for kind in CardKind::ISSUED {
        asked(kind, about(kind), pins_of(kind), as_it_is)
            .unwrap_or_else(|error| panic!("{}: {error}", kind.name()));
    }
}

#[test]
fn what_does_not_is_named() {
    let (esam, psam) = (CardKind::Esam, CardKind::Psam);
    let with = |change: fn(&mut About)| {
        let mut about = about(esam);
        change(&mut about);
        asked(esam, about, 0, as_it_is).unwrap_err()
    };
    let other = with(|about| about.card = Some(CardKind::PsamIssuing));
    assert!(matches!(other, IssueError::SourceMakesNo { kind: CardKind::Esam, .. }), "{other}");
    let other = with(|about| about.suite = Suite::Sm4);
    assert!(matches!(other, IssueError::SuiteDiffers { source_suite: Suite::Sm4, .. }), "{other}");
    let other = with(|about| about.state = State::Formal);
    assert!(matches!(other, IssueError::StateDiffers { source_state: State::Formal, .. }), "{other}");
    let other = with(|about| about.level = Level::City("11010000".parse().unwrap()));
    assert!(matches!(other, IssueError::RegionDiffers { .. }), "{other}");
    let other = with(|about| about.version = 2);
    assert!(matches!(other, IssueError::VersionDiffers { plan: 1, own: 2 }), "{other}");
    // A card that lives on test keys whatever its city's state is made by a source of any state.
    let mut formal = about(CardKind::TestIssuing);
    formal.state = State::Formal;
    asked(CardKind::TestIssuing, formal, 1, as_it_is).unwrap();
    // The province's versions are the roots'; a city's card asks for one of its own.
    let mut roots = about(CardKind::EsamIssuing);
    roots.version = 7;
    asked(CardKind::EsamIssuing, roots, 2, as_it_is).unwrap();
    let other = asked(psam, about(psam), 1, |request| request.version = 2).unwrap_err();
    assert!(matches!(other, IssueError::VersionDiffers { plan: 2, own: 1 }), "{other}");
}

#[test]
fn each_kind_has_its_pins_no_more_and_no_fewer() {
    for kind in CardKind::ISSUED {
        for given in 0..=2 {
            let answer = asked(kind, about(kind), given, as_it_is);
            let needed = pins_of(kind);
            match answer {
                Ok(()) => assert_eq!(given, needed, "{}", kind.name()),
                Err(IssueError::Pin { needed: told }) => {
                    assert!(given != needed && told == needed, "{}: {given} of {needed}", kind.name());
                }
                Err(other) => panic!("{}: {other}", kind.name()),
            }
        }
    }
    let same = pin("123456");
    let pins = Pins::both(&same, &same);
    let plan = Plan::new(&request(CardKind::EsamIssuing, Suite::TripleDes)).unwrap();
    let error = fits(&plan, &Says(about(CardKind::EsamIssuing)), pins).unwrap_err();
    assert!(matches!(error, IssueError::SamePins), "{error}");
}
