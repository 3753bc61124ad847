//! `gridcard meter test`: the production test of a meter in test state.

use super::{Place, meters};
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::clock::{entropy, now};
use crate::fail::{refused, security};
use crate::nouns::sim;
use crate::output::{answer, table};
use crate::secret;
use ::meter::Meter;
use ::meter::bench::{Bench, BenchError, TestReport};
use applets::sim::Profile;
use clap::Args;
use lens::facts::facts;
use parties::trouble::{Result, Trouble};
use reader::driver::psam::Psam;
use scheme::numbers::MeterNumber;
use scheme::profile::{CardKind, State};
use serde_json::json;
use std::path::{Path, PathBuf};
use vcard::Slot;
use vcard::slot::Keep;
use wire::Channel;

/// The SIM of a test that names none; made for the test and thrown away.
const TEST_SIM: sim::Person<'_> = sim::Person {
    iccid: "8986000000000000001",
    imsi: "460000000000001",
    msisdn: None,
    profile: Profile::Sim,
    state: State::Test,
};

/// Options of `meter test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Number of the meter.
    pub number: MeterNumber,
    /// The production test card.
    #[arg(long, value_name = "CARD")]
    pub card: CardRef,
    /// File with the PIN of the test card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// Try the PIN although it has 1 try left: a wrong one blocks the test card.
    #[arg(long)]
    pub spend_last_try: bool,
    /// A SIM without orders of ours. Default: a virtual one made for the test.
    #[arg(long, value_name = "CARD")]
    pub sim: Option<CardRef>,
}

/// Tests a meter, and reports.
pub fn run(global: &Global, options: &Test) -> Result<()> {
    let place = Place::new(&meters(global)?, options.number);
    place.must_exist()?;
    // Before a PIN is asked for or a card looked at.
    let state = place.load()?.state().config.state;
    if state != State::Test {
        return Err(formal(options.number, &format!("the meter is in {} state", state.name())).into());
    }
    let pin = secret::pin(options.pin_file.as_deref(), "the test card")?;
    let mut card_bay = Bay::open(global, &options.card, CardKind::TestCard)?;
    let mut card = Psam::open_test_card(&mut card_bay)?;
    card.verify(pin.expose(), options.spend_last_try.into())?;
    let mut esam = Bay::open(global, &place.esam(), CardKind::Esam)?;
    let mut meter = place.load_to_act(global)?;
    let mut chance = entropy(global, "meter test");
    let mut random = |bytes: &mut [u8]| chance.fill(bytes);
    let mut sim = TestSim::open(global, options.sim.as_ref())?;
    let tested = Bench {
        meter: &mut meter,
        esam: &mut esam,
        sim: sim.channel(),
        card: &mut card,
        now: now(global)?,
        random: &mut random,
    }
    .run();
    place.save(&meter, Keep::EveryCommand)?;
    esam.close()?;
    card_bay.close()?;
    sim.close()?;
    let report = tested.map_err(|error| with_hint(options.number, error))?;
    tell(global, &report, &meter);
    if report.passed() {
        return Ok(());
    }
    let failed = report.checks.iter().filter(|check| !check.passed).count();
    Err(refused(format!("meter {}: {failed} check(s) failed", options.number)).into())
}

/// The SIM of a test.
enum TestSim {
    Given(Bay),
    Made(Box<Slot>),
}

impl TestSim {
    fn open(global: &Global, card: Option<&CardRef>) -> Result<Self> {
        if let Some(card) = card {
            return Ok(TestSim::Given(Bay::open(global, card, CardKind::Sim)?));
        }
        let image = sim::personalised(global, &TEST_SIM, 10, None)?;
        let slot =
            Slot::with_image(image, Path::new("test SIM"), entropy(global, "test SIM"), Keep::InMemory)
                .map_err(parties::Trouble::new)?;
        Ok(TestSim::Made(Box::new(slot)))
    }

    fn channel(&mut self) -> &mut dyn Channel {
        match self {
            TestSim::Given(bay) => bay,
            TestSim::Made(slot) => &mut **slot,
        }
    }

    fn close(self) -> Result<()> {
        match self {
            TestSim::Given(bay) => bay.close(),
            TestSim::Made(_) => Ok(()),
        }
    }
}

fn formal(meter: MeterNumber, why: &str) -> crate::fail::Failure {
    security(format!("meter {meter} is not tested: {why}")).hint(
        "a test card never meets a formal meter; bring its ESAM back to test with `gridcard esam test` first",
    )
}

fn with_hint(meter: MeterNumber, error: BenchError) -> Trouble {
    match &error {
        BenchError::State { .. } => formal(meter, &error.to_string()).into(),
        BenchError::UsedSim => {
            refused(error.to_string()).hint("leave --sim out, or take an empty SIM").into()
        }
        BenchError::Card { what: "key version" } => {
            refused(error.to_string()).hint("take a test card of the ESAM's key version").into()
        }
        _ => error.into(),
    }
}

fn tell(global: &Global, report: &TestReport, meter: &Meter) {
    let display = meter.display();
    let verdict = if report.passed() { "passed" } else { "FAILED" };
    let [before, after] = report.balance_fen.map(|fen| scheme::money::Fen(fen).to_string());
    let head = facts(&[
        ("meter", report.meter.clone()),
        ("tested", report.at.clone()),
        ("test card", format!("{}, key version {}", report.test_card, report.key_version)),
        ("purse before and after", format!("{before}, {after}")),
        ("display", format!("{} {}", display.line1, display.line2).trim().to_owned()),
        ("verdict", verdict.to_owned()),
    ]);
    let rows = report.checks.iter().map(|check| {
        vec![check.name.to_owned(), if check.passed { "pass" } else { "FAIL" }.to_owned(), check.seen.clone()]
    });
    let text = format!("{head}\n\n{}", table(&["check", "", "seen"], rows.collect()));
    answer(global, &text, json!({ "passed": report.passed(), "report": report }));
}
