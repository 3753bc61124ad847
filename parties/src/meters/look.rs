//! A look at meters: what they show, and what happened to them.

use super::place::{MeterPlace, folder, shown};
use super::supplied::Supplied;
use crate::cards::CardHandle;
use crate::session::Session;
use crate::trouble::{Context, Result};
use meter::events::Event;
use meter::{Lock, Pipe};
use reader::driver::esam::Esam;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::profile::CardKind;
use serde::{Serialize, Serializer};
use std::path::{Path, PathBuf};

/// A meter: display, register, relay, purse, events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShowReport {
    /// Its number.
    pub meter: MeterNumber,
    /// What its ESAM's purse holds.
    #[serde(serialize_with = "scheme::names::fen::serialize")]
    pub balance_fen: Fen,
    /// All that was ever credited.
    #[serde(serialize_with = "scheme::names::fen::serialize")]
    pub total_credited_fen: Fen,
    /// The purchase count.
    pub count: u32,
    /// What it is for.
    pub profile: &'static str,
    /// Register and supply.
    #[serde(flatten)]
    pub supplied: Supplied,
    /// What the next unit costs, in 0.01 fen.
    pub price_hundredths_fen: u64,
    /// Why relay or valve did not come to where they were told, by its name.
    pub stuck: Option<&'static str>,
    /// The alarm is on.
    pub alarm: bool,
    /// Of a meter on a pipe.
    #[serde(flatten)]
    pub pipe: Option<PipeLook>,
    /// Consumed beyond the purse.
    pub owed_fen: u64,
    /// The display: two lines and a hint.
    pub display: [String; 3],
    /// The last events.
    pub events: Vec<Event>,
    /// Test or formal.
    #[serde(skip)]
    pub state: &'static str,
}

/// Battery, locks and proofs of a meter on a pipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipeLook {
    /// The battery's voltage.
    pub battery_mv: u16,
    /// It is to be changed.
    pub battery_weak: bool,
    /// What holds the valve closed beside the purse, by its name.
    pub locked: Option<&'static str>,
    /// Commands to the valve that came without a proof, and were refused.
    pub clear_commands: u32,
}

impl From<&Pipe> for PipeLook {
    fn from(pipe: &Pipe) -> Self {
        PipeLook {
            battery_mv: pipe.battery_mv,
            battery_weak: pipe.is_weak(),
            locked: pipe.locked.map(Lock::name),
            clear_commands: pipe.clear_commands,
        }
    }
}

/// Shows a meter.
///
/// # Errors
/// There is no such meter; its ESAM is not there or refuses.
pub fn show(session: &Session, number: MeterNumber) -> Result<ShowReport> {
    let place = MeterPlace::new(&folder(session)?, number);
    let meter = place.load()?;
    let mut esam = CardHandle::open(session, &place.esam(), CardKind::Esam)?;
    let mut driver = Esam::new(&mut esam);
    driver.reset()?;
    let purse = driver.purse()?;
    esam.close()?;
    let state = meter.state();
    Ok(ShowReport {
        meter: number,
        balance_fen: purse.balance,
        total_credited_fen: purse.total_credited,
        count: purse.count,
        profile: state.profile().name(),
        supplied: Supplied::of(state),
        price_hundredths_fen: state.price(session.now()?).0,
        stuck: state.actuator.stuck().map(|stuck| stuck.cause.name()),
        alarm: state.is_alarmed(),
        pipe: state.pipe.as_ref().map(PipeLook::from),
        owed_fen: meter.debt(),
        display: shown(&meter.display()),
        events: state.events.iter().cloned().collect(),
        state: state.config.state.name(),
    })
}

/// A meter of a list; a program gets its number alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterLine {
    /// Its number.
    pub number: MeterNumber,
    /// What the display shows of its purse.
    pub display: String,
    /// Register and supply.
    pub supplied: Supplied,
}

impl Serialize for MeterLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number.serialize(serializer)
    }
}

/// The meters of a home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListReport {
    /// In the order of their numbers.
    pub meters: Vec<MeterLine>,
}

/// The card files of the meters' ESAMs, in the order of the meters' numbers; of one meter when it is named. None where the home has no
/// meters, or is another party's.
///
/// # Errors
/// The meter that is named is not there.
pub fn esams(session: &Session, only: Option<MeterNumber>) -> Result<Vec<(MeterNumber, PathBuf)>> {
    if let Some(number) = only {
        let place = MeterPlace::new(&folder(session)?, number);
        place.must_exist()?;
        return Ok(vec![(number, place.esam())]);
    }
    let Ok(folder) = folder(session) else { return Ok(Vec::new()) };
    let mut numbers = numbers(&folder)?;
    numbers.sort();
    Ok(numbers.into_iter().map(|number| (number, MeterPlace::new(&folder, number).esam())).collect())
}

/// The meters that have a folder.
fn numbers(folder: &Path) -> Result<Vec<MeterNumber>> {
    let named = || format!("cannot read {}", folder.display());
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(named)? {
        let name = entry.with_context(named)?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.parse::<MeterNumber>().ok()));
    }
    Ok(numbers)
}

/// Lists the meters; says of those that were not finished that they were not.
///
/// # Errors
/// A flash is damaged.
pub fn list(session: &Session) -> Result<ListReport> {
    let folder = folder(session)?;
    let mut meters = Vec::new();
    for number in numbers(&folder)? {
        let place = MeterPlace::new(&folder, number);
        if !place.is_whole(session) {
            session.say(format!("meter {number} was not finished: repeat its `gridcard meter new`"));
            continue;
        }
        let meter = place.load()?;
        let state = meter.state();
        meters.push(MeterLine { number, display: meter.display().line2, supplied: Supplied::of(state) });
    }
    meters.sort_by_key(|meter| meter.number);
    Ok(ListReport { meters })
}
