//! `gridcard prove`: what is claimed, tried.

mod real;

use crate::prelude::*;
use crate::task;
use crate::way::{LineTime, Timed};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parties::words::yuan;
use serde::Serialize;
use server::Store;
#[cfg(feature = "service")]
use server::store::FIRST_SERVER;
use std::time::Instant;
use world::bare::Seed;
use world::proof::{self, Depth, Row, Scoreboard, Years, YearsReport};

/// The seed of a proof that names none.
const SEED: u64 = 1;
/// Each so-manieth byte of a purchase is one at which a line is cut; the tests take each.
const LINE_STEP: usize = 4;
/// Words of a row that the table shows; `--json` has all.
const SHOWN: usize = 3;
/// Characters of a line below an attack, on a screen of 80.
const WIDE: usize = 70;

/// Options of `prove`.
#[derive(Debug, Args)]
pub struct Options {
    /// What is tried; default: all of it.
    #[command(subcommand)]
    pub what: Option<What>,
    /// Cipher suite: 3des, aes128 or sm4.
    #[arg(long, default_value = "sm4", value_parser = suite, global = true)]
    pub suite: Suite,
}

/// What is tried.
#[derive(Debug, Clone, Subcommand)]
pub enum What {
    /// A world that lives for years: customers, meters, a bank, and everything that goes wrong. The books must balance in the end.
    World(Lived),
    /// The power cut at every write and between every two commands of a purchase, and again in the recovery.
    Cuts {
        /// Try each kind of cut in the recovery after each other kind: minutes in the place of seconds.
        #[arg(long)]
        pairs: bool,
    },
    /// Orders, receipts and cards bent, copied, replayed, forged.
    Tamper,
    /// A purchase over each line with its physics: infrared, IrDA, Bluetooth, BLE, NFC, cut at byte after byte, at its range and past it.
    Lines,
    /// PINs, keys and MACs by force, with the supply cut at each try.
    Guess,
    /// The attacks that the formats were made against: at issuing cards, cards in the making, ports, signatures, orders of one count.
    Protocols,
    /// A card of your own: what it tells and takes without a right. Nothing that could cost it anything, unless it is named.
    Card(real::CardOptions),
    /// A meter of your own at its line: bent frames, commands without keys, recorded ones. Likewise.
    Port(real::PortOptions),
}

/// How long a world lives.
#[derive(Debug, Clone, Args)]
pub struct Lived {
    /// Days.
    #[arg(long, value_name = "D", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub days: u32,
    /// Meters, each with a customer.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub meters: u32,
    /// Without faults.
    #[arg(long)]
    pub calm: bool,
    /// Where the bank's books are, empty: a file, or the URL or connection string of a PostgreSQL database. Default: in memory.
    #[arg(long, value_name = "FILE|URL")]
    pub books: Option<String>,
    /// Write a page with a picture of it.
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
}

/// What was tried and what came of it.
#[derive(Serialize)]
struct Proved<'a> {
    seed: u64,
    suite: &'static str,
    /// Attacks and cuts; none of a world.
    rows: &'a [Row],
    tried: u64,
    /// What happened in the world that was lived.
    events: u64,
    /// What went wrong in it.
    faults: u64,
    /// What must not be and was.
    violations: usize,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    world: Option<&'a YearsReport>,
    /// What the line to a meter took that was tried over one.
    #[serde(skip_serializing_if = "Option::is_none")]
    line_time: Option<LineTime>,
}

/// What the command is, and what does it.
pub fn task(options: Options) -> Task {
    task::look(options, run)
}

fn run(call: &Call, options: &Options) -> Result<()> {
    let begun = Instant::now();
    let seed = Seed(call.options.seed.unwrap_or(SEED));
    let suite = options.suite;
    let bar = bar();
    let mut told = |what: &str| {
        bar.set_message(what.to_owned());
        bar.tick();
    };
    let mut board = Scoreboard::default();
    let mut lived = None;
    let all = options.what.is_none();
    if all || matches!(options.what, Some(What::Tamper)) {
        board.rows.extend(proof::tamper(suite, seed, &mut told)?);
    }
    if all || matches!(options.what, Some(What::Protocols)) {
        board.rows.extend(proof::protocols(suite, seed, &mut told)?);
    }
    if all || matches!(options.what, Some(What::Lines)) {
        board.rows.extend(proof::lines(suite, seed, LINE_STEP, &mut told)?);
    }
    let rows = match &options.what {
        Some(What::Card(options)) => {
            let rows = real::card(call, options, seed, &mut told)?;
            Some(rows.map(|report| Timed { report, line_time: None }))
        }
        Some(What::Port(options)) => Some(real::port(call, options, &mut told)?),
        _ => None,
    };
    let mut line_time = None;
    match rows {
        Some(Some(rows)) => {
            board.rows.extend(rows.report);
            line_time = rows.line_time;
        }
        // It was only said what would be done.
        Some(None) => return Ok(()),
        None => {}
    }
    if all || matches!(options.what, Some(What::Guess)) {
        board.rows.extend(proof::guess(suite, seed, &mut told)?);
    }
    if all || matches!(options.what, Some(What::Cuts { .. })) {
        let pairs = matches!(options.what, Some(What::Cuts { pairs: true }));
        let depth = if pairs { Depth::Crossed } else { Depth::Pairs };
        board.rows.extend(proof::cuts(suite, seed, depth, &mut told)?);
    }
    let world = match &options.what {
        Some(What::World(lived)) => Some(lived.clone()),
        None => Some(Lived { days: 365, meters: 100, calm: false, books: None, report: None }),
        Some(_) => None,
    };
    if let Some(Lived { days, meters, calm, books, report }) = &world {
        let what = Years { suite, seed, days: *days, meters: *meters, calm: *calm };
        let years = proof::years_with(books_at(books.as_deref())?, &what, &mut told)?;
        if let Some(path) = report {
            parties::home::write(path, proof::picture(&years).as_bytes())?;
        }
        lived = Some(years);
    }
    bar.finish_and_clear();
    let seconds = (begun.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let violations = board.violations() + lived.as_ref().map_or(0, |lived| lived.violations.len());
    let proved = Proved {
        seed: seed.0,
        suite: suite.name(),
        rows: &board.rows,
        tried: board.tried(),
        events: lived.as_ref().map_or(0, |lived| lived.events),
        faults: lived.as_ref().map_or(0, YearsReport::faults_in_all),
        violations,
        seconds,
        world: lived.as_ref(),
        line_time,
    };
    answer(call, &words(&proved), &proved);
    if violations == 0 {
        return Ok(());
    }
    Err(Failure::new(Kind::Security, format!("{violations} violation(s)"))
        .hint("the same seed shows them again")
        .code("proof-violated")
        .into())
}

/// The books of a proof.
fn books_at(place: Option<&str>) -> Result<Store> {
    let Some(place) = place else { return Ok(Store::in_memory()?) };
    if place.contains("://") || place.contains("host=") {
        #[cfg(feature = "service")]
        return Ok(Store::connect(place, FIRST_SERVER)?);
        #[cfg(not(feature = "service"))]
        return Err(refused("this program was built without PostgreSQL").into());
    }
    Ok(Store::open(Path::new(place), server::Options::default())?)
}

/// Says what is being tried, where somebody waits before a terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
    bar.with_style(
        ProgressStyle::with_template("{spinner} {elapsed} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    )
}

fn words(proved: &Proved<'_>) -> String {
    let mut parts = Vec::new();
    if !proved.rows.is_empty() {
        let rows = proved.rows.iter().flat_map(|row| {
            let below = stopped(row).into_iter().map(|line| row!["", format!("  {line}")]);
            std::iter::once(row![row.tried, row.attack]).chain(below)
        });
        parts.push(table(&["tried", "attack, and what stopped it"], rows.collect()));
        for row in proved.rows.iter().filter(|row| !row.holds()) {
            parts.push(format!("VIOLATED: {}\n  {}", row.attack, row.violations.join("\n  ")));
        }
    }
    if let Some(world) = proved.world {
        parts.push(lived(world));
    }
    let tried = if proved.tried > 0 { format!("{} attempts, ", proved.tried) } else { String::new() };
    parts.push(format!(
        "{tried}{} events, {} faults, {} violations, {} s; seed {}",
        proved.events, proved.faults, proved.violations, proved.seconds, proved.seed
    ));
    parts.extend(proved.line_time.map(|time| time.words()));
    parts.join("\n\n")
}

/// What stopped an attack, the most frequent first, in lines below its name.
fn stopped(row: &Row) -> Vec<String> {
    let mut by: Vec<(&String, &u64)> = row.stopped_by.iter().collect();
    by.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let more = by.len().saturating_sub(SHOWN);
    let mut words: Vec<String> = by.into_iter().take(SHOWN).map(|(by, n)| format!("{by} {n}")).collect();
    if more > 0 {
        words.push(format!("{more} more"));
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut().filter(|line| line.len() + 2 + word.len() <= WIDE) {
            Some(line) => line.push_str(&format!("; {word}")),
            None => lines.push(word),
        }
    }
    lines
}

fn lived(world: &YearsReport) -> String {
    let lines = [
        ("lived", format!("{} meters, {} days", world.meters, world.days)),
        ("sold", format!("{} in {} orders", yuan(world.sold_fen), world.orders)),
        ("credited", yuan(world.credited_fen)),
        ("settled", yuan(world.settled_fen)),
        ("due to customers", yuan(world.refunded_fen)),
        ("consumed", yuan(world.consumed_fen)),
    ];
    let mut text = facts(&lines);
    if !world.faults.is_empty() {
        let rows = world.faults.iter().map(|(kind, n)| row![n, kind]);
        text.push_str("\n\n");
        text.push_str(&table(&["times", "what went wrong on purpose"], rows.collect()));
    }
    for violation in &world.violations {
        text.push_str(&format!("\nVIOLATED: {violation}"));
    }
    text
}
