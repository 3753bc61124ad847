//! The production test of a meter in test state.

use super::place::{MeterPlace, folder};
use crate::cards::CardHandle;
use crate::secret::{self, SecretFrom};
use crate::session::Session;
use crate::sims::{Identity, SimSecrets, personalised};
use crate::trouble::{Failure, Result, Trouble, refused, security};
use meter::Display;
use meter::bench::{Bench, BenchError, TestReport};
use reader::driver::psam::Psam;
use scheme::CardRef;
use scheme::cards::OpenCard;
use scheme::numbers::MeterNumber;
use scheme::profile::{CardKind, State};
use serde::Serialize;
use wire::Channel;

/// The SIM of a test that names none; made for the test and thrown away.
fn test_sim() -> Result<Identity> {
    Ok(Identity {
        iccid: "8986000000000000001".parse()?,
        imsi: "460000000000001".parse()?,
        msisdn: None,
        state: State::Test,
        kind: CardKind::Sim,
    })
}
/// Records for messages of that SIM.
const TEST_SIM_RECORDS: u8 = 10;

/// A test of a meter.
#[derive(Debug, Clone)]
pub struct TestRequest {
    /// Number of the meter.
    pub number: MeterNumber,
    /// The production test card.
    pub card: CardRef,
    /// Its PIN.
    pub pin: SecretFrom,
    /// Try the PIN although it has 1 try left: a wrong one blocks the test card.
    pub spend_last_try: bool,
    /// A SIM without orders of ours; `None`: a virtual one made for the test.
    pub sim: Option<CardRef>,
}

/// What a test found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeterTestReport {
    /// Whether every check passed.
    pub passed: bool,
    /// The checks.
    pub report: TestReport,
    /// What the display shows afterwards.
    #[serde(skip)]
    pub display: Display,
}

impl MeterTestReport {
    /// What a meter is that did not pass: a failure.
    ///
    /// # Errors
    /// That one.
    pub fn must_have_passed(&self) -> Result<()> {
        if self.passed {
            return Ok(());
        }
        let failed = self.report.checks.iter().filter(|check| !check.passed).count();
        Err(refused(format!("meter {}: {failed} check(s) failed", self.report.meter)).into())
    }
}

/// Tests a meter. Checks that failed are in the report.
///
/// # Errors
/// Anything formal, before anything is sent that could change it; cards that do not belong together or fail.
pub fn test(session: &Session, request: &TestRequest) -> Result<MeterTestReport> {
    let place = MeterPlace::new(&folder(session)?, request.number);
    place.must_exist()?;
    // Before a PIN is asked for or a card looked at.
    let state = place.load()?.state().config.state;
    if state != State::Test {
        return Err(formal(request.number, &format!("the meter is in {} state", state.name())).into());
    }
    let pin = secret::pin(session, &request.pin, "the test card")?;
    let mut test_card = CardHandle::open(session, &request.card, CardKind::TestCard)?;
    let mut card = Psam::open_test_card(&mut test_card)?;
    card.verify(pin.expose(), request.spend_last_try.into())?;
    let mut esam = CardHandle::open(session, &place.esam(), CardKind::Esam)?;
    let mut meter = place.load_to_act(session)?;
    let mut chance = session.chance("meter test");
    let mut random = |bytes: &mut [u8]| chance.fill(bytes);
    let mut sim = TestSim::open(session, request.sim.as_ref())?;
    let tested = Bench {
        meter: &mut meter,
        esam: &mut esam,
        sim: sim.channel(),
        card: &mut card,
        now: session.now()?,
        random: &mut random,
    }
    .run();
    place.save(&meter)?;
    esam.close()?;
    test_card.close()?;
    sim.close()?;
    let report = tested.map_err(|error| with_hint(request.number, error))?;
    Ok(MeterTestReport { passed: report.passed(), report, display: meter.display() })
}

/// The SIM of a test.
enum TestSim {
    Given(CardHandle),
    Throwaway(Box<dyn OpenCard>),
}

impl TestSim {
    fn open(session: &Session, card: Option<&CardRef>) -> Result<Self> {
        match card {
            Some(card) => Ok(TestSim::Given(CardHandle::open(session, card, CardKind::Sim)?)),
            None => {
                let (_, sim) = personalised(session, &test_sim()?, TEST_SIM_RECORDS, SimSecrets::default())?;
                Ok(TestSim::Throwaway(sim))
            }
        }
    }

    fn channel(&mut self) -> &mut dyn Channel {
        match self {
            TestSim::Given(handle) => handle,
            TestSim::Throwaway(card) => card,
        }
    }

    fn close(self) -> Result<()> {
        match self {
            TestSim::Given(handle) => handle.close(),
            TestSim::Throwaway(_) => Ok(()),
        }
    }
}

fn formal(meter: MeterNumber, why: &str) -> Failure {
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
