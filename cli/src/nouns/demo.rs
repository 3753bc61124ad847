//! `gridcard demo`: the whole offline life on virtual cards, one story of [`world`].

#[cfg(feature = "service")]
mod phones;
#[cfg(feature = "service")]
mod running;

use crate::prelude::*;
use meter::Profile;
use parties::home::read_text;
use parties::words::yuan_of;
use serde::Serialize;
use std::sync::atomic::Ordering;
use world::life::{Life, Lived};
use world::people::{self, People};
use world::ways::{self, Way, Ways};
use world::{Town, World};

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct Options {
    /// Make up so many customers and meters; default: the twenty of examples/ningbo.csv.
    #[arg(long, value_name = "N", conflicts_with = "csv", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub meters: Option<u32>,
    /// Take the customers of this file.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Cipher suite: 3des, aes128 or sm4.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
    /// Keep every order and receipt as a file in the home's `records`.
    #[arg(long)]
    pub keep_records: bool,
    /// Instead of the whole life: one meter, credited by every way there is within one day, and a neighbour's gas meter by some.
    #[arg(long, conflicts_with_all = ["meters", "keep_records"])]
    pub ways: bool,
    /// Instead of it: four customers buy by telephone, over a line, by short and by multimedia messages, and into a meter that is online.
    /// Bank, message centre, server, telephones and meter are processes of their own, by the machine's clock.
    #[cfg(feature = "service")]
    #[arg(long, conflicts_with_all = ["meters", "csv", "keep_records", "ways", "training"])]
    pub phones: bool,
    /// Make the bank's books ones to learn with: `gridcard --home DIR server run` goes on with the town.
    #[arg(long, requires = "home")]
    pub training: bool,
}

/// The seed of a demo that names none.
const SEED: u64 = 1;
/// The day of a demo that names none.
const DAY: &str = "2026-11-22 08:00:00";
/// The twenty customers of a demo that names none.
const NINGBO: &str = include_str!("../../../examples/ningbo.csv");

/// What a demo reports.
#[derive(Serialize)]
struct DemoReport<'a> {
    suite: &'static str,
    seed: u64,
    apdus: u64,
    wire_bytes: u64,
    #[serde(flatten)]
    figures: &'a world::figures::Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    ways: Option<&'a [Way]>,
}

/// Lives the story and reports.
pub fn run(call: &Call, options: &Options) -> Result<()> {
    let seed = call.options.seed.unwrap_or(SEED);
    let at = match call.options.at {
        Some(at) => at,
        None => DAY.parse()?,
    };
    #[cfg(feature = "service")]
    if options.phones {
        return by_telephone(call, options, seed);
    }
    let people = customers(options)?;
    let named = &call.options.home;
    let world = match named {
        Some(home) => World::kept(home, at, Some(seed), "demo"),
        None => {
            let home = std::env::temp_dir().join(format!("gridcard-demo-{}", std::process::id()));
            World::new(home, at, Some(seed))
        }
    };
    let town = Town::new(world.traced(call.trace.clone()), people, options.suite)?;
    let town = if options.training { town.to_learn_with() } else { town };
    let neighbour = town.people().get(1).filter(|_| options.ways).map(|person| person.meter);
    let town = match neighbour {
        Some(meter) => town.with_profile(meter, Profile::Gas),
        None => town,
    };
    let lived = if options.ways {
        ways::live(&town).map(|Ways { ways, report, timeline }| (Lived { report, timeline }, Some(ways)))
    } else {
        Life::new(&town, options.keep_records).and_then(Life::live).map(|lived| (lived, None))
    };
    let traffic = &call.course.traffic;
    traffic.add(town.world().traffic());
    if named.is_none() {
        // A demo nobody named a place for leaves nothing behind.
        let _ = town.remove();
    }
    let (Lived { report, timeline }, ways) = lived?;
    let told = DemoReport {
        suite: options.suite.name(),
        seed,
        apdus: traffic.apdus.load(Ordering::Relaxed),
        wire_bytes: traffic.bytes.load(Ordering::Relaxed),
        figures: &report,
        ways: ways.as_deref(),
    };
    answer(call, &words(&told, &timeline), &told);
    if let Some(home) = named {
        say(format!("every card, file and database of this life is in {}", home.display()));
    }
    if report.is_sound() {
        Ok(())
    } else {
        Err(refused("money was lost or created, or an order was not settled").into())
    }
}

/// What the demo by telephone reports.
#[cfg(feature = "service")]
#[derive(Serialize)]
struct PhonesReport<'a> {
    suite: &'static str,
    phones: &'a [phones::Bought],
    sold_fen: &'a serde_json::Value,
    settled_fen: &'a serde_json::Value,
}

/// Lives the story of the telephones, and reports.
#[cfg(feature = "service")]
fn by_telephone(call: &Call, options: &Options, seed: u64) -> Result<()> {
    if call.options.at.is_some() {
        return Err(refused("servers and telephones in processes of their own live by the machine's clock")
            .hint("leave --at away")
            .into());
    }
    let named = &call.options.home;
    let home = named
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("gridcard-demo-{}", std::process::id())));
    // Each of them finds it from wherever it stands.
    let home = std::path::absolute(home).context("the home's place")?;
    let world = World::kept(home, call.now()?, Some(seed), "demo");
    let town = Town::new(world.traced(call.trace.clone()), people::made_up(phones::PEOPLE)?, options.suite)?;
    let lived = town.settle_down().and_then(|()| phones::live(call, &town));
    if named.is_none() {
        // A demo nobody named a place for leaves nothing behind.
        let _ = town.remove();
    }
    let phones::Lived { bought, books, timeline } = lived?;
    let rows = bought.iter().map(|one| {
        let balance = yuan_of(one.balance_fen);
        row![
            one.carrier,
            one.amount_fen,
            one.order,
            balance,
            if one.settled { "settled" } else { "NOT settled" }
        ]
    });
    let bought_by = table(&["carrier", "amount", "order", "purse", "receipt"], rows.collect());
    let told = PhonesReport {
        suite: options.suite.name(),
        phones: &bought,
        sold_fen: &books["sold_fen"],
        settled_fen: &books["settled_fen"],
    };
    answer(call, &format!("{timeline}\n{bought_by}"), &told);
    if let Some(home) = named {
        say(format!("every card, file and database of this story is in {}", home.display()));
    }
    if bought.iter().all(|one| one.settled) && told.sold_fen == told.settled_fen {
        Ok(())
    } else {
        Err(refused("a purchase was not settled").into())
    }
}

fn customers(options: &Options) -> Result<People> {
    match (&options.csv, options.meters) {
        (Some(path), _) => People::read(&read_text(path)?, &path.display().to_string()),
        (None, Some(n)) => people::made_up(n),
        (None, None) => People::read(NINGBO, "examples/ningbo.csv"),
    }
}

fn words(told: &DemoReport<'_>, timeline: &str) -> String {
    let report = told.figures;
    let rows = told.ways.unwrap_or_default().iter().map(|way| {
        let settled = if way.settled { "settled" } else { "NOT settled" };
        let least = way.least_ms.map_or_else(String::new, |ms| ms.to_string());
        row![
            way.way,
            way.meter.supply(),
            way.amount_fen,
            way.bits_per_s,
            way.line_ms,
            least,
            way.line_ms_9600,
            settled
        ]
    });
    let ways = if told.ways.is_some() {
        let heads = ["way", "supply", "amount", "bit/s", "line ms", "least", "at 9600", "receipt"];
        format!("{}\n\n", table(&heads, rows.collect()))
    } else {
        String::new()
    };
    let meters = if report.meters == 1 { "1 meter".into() } else { format!("{} meters", report.meters) };
    format!(
        "{timeline}\n{ways}{meters}, {} orders: {} credited, {} settled; {} insertions refused\n\
         {} APDUs, {} bytes on the wire\n\
         sold {}, credited {}, settled {}\n\
         lost {}, created {}",
        report.orders,
        report.credited,
        report.settled,
        report.refused,
        told.apdus,
        told.wire_bytes,
        yuan_of(report.sold_fen),
        yuan_of(report.credited_fen),
        yuan_of(report.settled_fen),
        yuan_of(report.lost_fen),
        yuan_of(report.created_fen),
    )
}
