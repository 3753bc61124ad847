//! Cards of production, with real cards: three meters numbered, preset and keyed [docs/specs/production-cards.md].

mod formal;
mod pulled;
mod refused;

use crate::office::{Office, shown};
use crate::world::{blank, chance, copy, issue, number, open, paired, plan, plan_of, region};
use issue::pairing;
use issue::production::{Files, key_files, key_set, number_files, preset_files, write};
use keys::{Role, Suite, hierarchy};
use meter::production::Conditions;
use meter::{FormalKeys, InsertionReport, Meter, Outcome, Produced};
use reader::driver::esam::Esam;
use reader::driver::production_card::{Keyed, Numbered, ProductionCard};
use scheme::Chance;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, MeterNumber, Serial};
use scheme::production::{KeysAre, NumberRange, Preset};
use scheme::profile::{CardKind, State};
use scheme::refusal::Refusal;
use vcard::Slot;
use wire::Channel;

/// What a purse begins with here.
pub const BEGINS: Fen = Fen(5_00);
/// The first works number, and the first of a meter's own.
const WORKS: u32 = 9000;
const FIRST: u32 = 500;

pub fn meter_number(n: u32) -> MeterNumber {
    MeterNumber(number(FIRST + n).0)
}

pub fn range(count: u32) -> NumberRange {
    NumberRange { first: meter_number(0), last: meter_number(count - 1) }
}

pub fn preset() -> Preset {
    Preset { alarms: [Fen(10_00), Fen(5_00)], ratios: [30, 1] }
}

/// A meter as its maker has it, with its ESAM.
pub struct Made {
    pub meter: Meter,
    pub esam: Slot,
}

impl Made {
    /// The same, without power.
    pub fn copy(&self) -> Self {
        let flash = self.meter.to_flash(FormalKeys::Allow).unwrap();
        Made { meter: Meter::from_flash(&flash).unwrap(), esam: copy(&self.esam) }
    }

    pub fn serial(&mut self) -> Serial {
        Serial(wire::atr::serial_of(&self.esam.reset().unwrap()).unwrap())
    }

    pub fn insert(&mut self, card: &mut dyn Channel) -> InsertionReport {
        let Made { meter, esam } = self;
        insert(meter, esam, card)
    }

    pub fn number(&self) -> MeterNumber {
        self.meter.state().config.number
    }

    pub fn balance(&mut self) -> u32 {
        let mut esam = Esam::new(&mut self.esam);
        esam.reset().unwrap();
        esam.purse().unwrap().balance.0
    }
}

pub fn insert(meter: &mut Meter, esam: &mut dyn Channel, card: &mut dyn Channel) -> InsertionReport {
    let root = hierarchy::test_root(meter.state().config.suite, Role::Transport);
    let conditions = Conditions { supply: 100, transport: Some(&root) };
    let mut random = chance("production");
    let now: Moment = "2026-11-28 10:00:00".parse().unwrap();
    meter.insert_production(esam, card, conditions, now, &mut |bytes| random.fill(bytes))
}

pub fn refusal(report: &InsertionReport) -> Option<Refusal> {
    match report.outcome {
        Outcome::Refused { refusal, .. } => Some(refusal),
        _ => None,
    }
}

/// What a card did; `None` when it was refused.
pub fn produced(report: &InsertionReport) -> Option<(Produced, bool)> {
    match report.outcome {
        Outcome::Produced { produced, again, .. } => Some((produced, again)),
        _ => None,
    }
}

/// A formal city, and a maker of meters with test keys.
pub struct Works {
    pub office: Office,
}

impl Works {
    pub fn new(suite: Suite) -> Self {
        Works { office: Office::new(suite) }
    }

    /// A meter; one that waits for its number has a works number.
    pub fn meter(&mut self, number: DeviceNumber, unnumbered: bool) -> Made {
        let suite = self.office.suite;
        let mut esam = blank(CardKind::Esam, suite, &format!("works {number}"));
        let plan =
            plan_of(CardKind::Esam, suite, number, |request| issue::plan::Request { unnumbered, ..request });
        let mut source = open(&mut self.office.test, CardKind::EsamIssuing);
        let issued = issue(&plan, &mut esam, &mut source);
        let file = pairing::make(&mut source, number, region(), &issued.keys).unwrap();
        Made { meter: paired(&file.to_json().unwrap()), esam: copy(&esam) }
    }

    /// A meter that waits for its number.
    pub fn fresh(&mut self, n: u32) -> Made {
        self.meter(number(WORKS + n), true)
    }

    /// An empty card of the city; its own keys are formal, and decide nothing in a meter.
    pub fn card(&mut self, n: u32) -> Slot {
        let suite = self.office.suite;
        let mut card = blank(CardKind::ProductionCard, suite, &format!("production card {n}"));
        let plan = plan_of(CardKind::ProductionCard, suite, number(n), |request| issue::plan::Request {
            state: State::Formal,
            ..request
        });
        issue(&plan, &mut card, &mut self.office.source(Some(1)));
        copy(&card)
    }

    /// A card with something on it.
    pub fn written(&mut self, n: u32, files: &Files) -> Slot {
        let mut card = self.card(n);
        write(&mut card, &mut self.office.source(Some(1)), files).unwrap();
        copy(&card)
    }

    pub fn number_card(&mut self, count: u32) -> Slot {
        self.written(61, &number_files(&range(count)))
    }

    pub fn preset_card(&mut self) -> Slot {
        self.written(62, &preset_files(&preset(), BEGINS))
    }

    /// A card with the keys of a version for meters that have their numbers.
    pub fn key_card(&mut self, meters: &mut [&mut Made], version: u8, left: u32) -> Slot {
        let mut source = self.office.source(Some(version));
        let sets: Vec<_> = meters
            .iter_mut()
            .map(|made| key_set(&mut source, made.serial(), made.number(), region()).unwrap())
            .collect();
        self.written(63, &key_files(&sets, version, left))
    }
}

/// Lines of a number card.
pub fn numbered(card: &mut Slot) -> Vec<Numbered> {
    let mut card = ProductionCard::new(card);
    card.open().unwrap();
    card.select().unwrap();
    let range = card.range().unwrap();
    card.numbered(&range).unwrap()
}

/// Lines of a key card, and how many ESAMs it may still load.
pub fn keyed(card: &mut Slot) -> (Vec<Keyed>, u32) {
    let mut card = ProductionCard::new(card);
    card.open().unwrap();
    card.select().unwrap();
    (card.keyed().unwrap(), card.left().unwrap())
}

#[test]
fn three_meters_are_numbered_preset_and_keyed() {
    for suite in Suite::ALL {
        let mut works = Works::new(suite);
        let mut meters = [0, 1, 2].map(|n| works.fresh(n));
        let mut numbers = works.number_card(3);
        let mut presets = works.preset_card();
        for (n, made) in (0..).zip(&mut meters) {
            let report = made.insert(&mut numbers);
            assert_eq!(produced(&report), Some((Produced::Number(meter_number(n)), false)), "{report:?}");
            assert_eq!(made.number(), meter_number(n));
            let (seen, values) = shown(&mut made.esam);
            assert_eq!((seen.info.number, seen.info.state), (meter_number(n).0, State::Test));
            assert_eq!(values, works.office.check_values(State::Test, 1, meter_number(n).into()));
            let report = made.insert(&mut presets);
            assert_eq!(produced(&report), Some((Produced::Preset(BEGINS), false)), "{report:?}");
            // It is no credit.
            assert_eq!((report.credited, made.balance(), made.meter.state().balance), (Fen(0), 5_00, BEGINS));
            let purse = life_purse(made);
            assert_eq!((purse.total_credited, purse.count), (Fen(0), 0));
        }
        let given = numbered(&mut numbers);
        let wanted: Vec<_> = meters.iter_mut().map(|made| (made.serial(), made.number())).collect();
        assert_eq!(given.iter().map(|line| (Serial(line.serial.0), line.number)).collect::<Vec<_>>(), wanted);
        let [a, b, c] = &mut meters;
        let mut keys = works.key_card(&mut [a, b, c], 1, 3);
        for (n, made) in (0..).zip(&mut meters) {
            let report = made.insert(&mut keys);
            assert_eq!(produced(&report), Some((Produced::Keys { version: 1 }, false)), "{report:?}");
            let (seen, values) = shown(&mut made.esam);
            assert_eq!((seen.info.state, seen.version), (State::Formal, 1));
            assert_eq!(values, works.office.check_values(State::Formal, 1, meter_number(n).into()));
            // What it began with was test money.
            assert_eq!((made.balance(), made.meter.state().balance), (0, Fen(0)));
            assert_eq!(made.meter.state().config.state, State::Formal);
        }
        let (lines, left) = keyed(&mut keys);
        assert_eq!((left, lines.iter().filter(|line| line.are == KeysAre::Loaded).count()), (0, 3));
        // The MCU goes on with its ESAM: a card that is none of theirs is refused for what it is.
        let mut empty = works.card(64);
        let report = meters[0].insert(&mut empty);
        assert_eq!(refusal(&report), Some(Refusal::KeyState), "{report:?}");
        // Nothing is due for what was tried in test state, and an issuing card finds an ESAM as it makes them itself.
        let plan = plan(CardKind::Esam, suite, meter_number(0).into(), None);
        assert_eq!(shown(&mut meters[0].esam).0.info.number, plan.info().number);
    }
}

fn life_purse(made: &mut Made) -> reader::driver::esam::Purse {
    let mut esam = Esam::new(&mut made.esam);
    esam.reset().unwrap();
    esam.purse().unwrap()
}
