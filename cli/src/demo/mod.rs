//! `gridcard demo`: the whole offline life on virtual cards.
//!
//! Every step is the same code, over the same card channels, that the single commands use. What the report
//! says of money is counted at both ends: what the server sold and settled comes from its ledger, what was
//! credited from the purses of the ESAMs.

mod figures;
mod life;
mod people;
mod timeline;

use crate::args::Global;
use crate::fail::refused;
use crate::nouns::kdc::suite;
use crate::output::{answer, say};
use figures::Report;
use keys::Suite;
use life::Life;
use parties::trouble::{Context, Result};
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Options of `demo`.
#[derive(Debug, clap::Args)]
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
}

/// The seed of a demo that names none.
const SEED: u64 = 1;
/// The day of a demo that names none.
const DAY: &str = "2026-11-22 08:00:00";

/// Runs the life and reports.
pub fn run(global: &Global, options: Options) -> Result<()> {
    let mut global = global.clone();
    global.seed = Some(global.seed.unwrap_or(SEED));
    global.at = Some(match global.at {
        Some(at) => at,
        None => DAY.parse()?,
    });
    let people = people::read(&options)?;
    let named = global.home.is_some();
    let home = match &global.home {
        Some(home) => home.clone(),
        None => std::env::temp_dir().join(format!("gridcard-demo-{}", std::process::id())),
    };
    if home.join("province").exists() {
        return Err(refused(format!("{} holds a life already", home.display()))
            .hint("name another folder with --home DIR, or remove this one")
            .into());
    }
    disk::create_folder(&home).with_context(|| format!("cannot make {}", home.display()))?;
    global.home = Some(home.clone());
    let lived = Life::new(&global, &options, &home, people)?.live();
    if !named {
        // A demo nobody named a place for leaves nothing behind.
        let _ = std::fs::remove_dir_all(&home);
    }
    let (report, timeline) = lived?;
    show(&global, &options, &report, &timeline);
    if named {
        say(format!("every card, file and database of this life is in {}", home.display()));
    }
    if report.is_sound() {
        Ok(())
    } else {
        Err(refused("money was lost or created, or an order was not settled").into())
    }
}

fn show(global: &Global, options: &Options, report: &Report, timeline: &str) {
    let (apdus, bytes) =
        (global.traffic.apdus.load(Ordering::Relaxed), global.traffic.bytes.load(Ordering::Relaxed));
    let yuan = |fen: u64| format!("{}.{:02}", fen / 100, fen % 100);
    let text = format!(
        "{timeline}\n{} meters, {} orders: {} credited, {} settled; {} insertions refused; {apdus} APDUs, {bytes} bytes on the wire\n\
         sold {} yuan, credited {} yuan, settled {} yuan; lost {} yuan, created {} yuan",
        report.meters,
        report.orders,
        report.credited,
        report.settled,
        report.refused,
        yuan(report.sold_fen),
        yuan(report.credited_fen),
        yuan(report.settled_fen),
        yuan(report.lost_fen),
        yuan(report.created_fen),
    );
    answer(
        global,
        &text,
        json!({
            "suite": options.suite.name(), "seed": global.seed, "meters": report.meters,
            "orders": report.orders, "credited": report.credited, "settled": report.settled, "refused": report.refused,
            "apdus": apdus, "wire_bytes": bytes,
            "sold_fen": report.sold_fen, "credited_fen": report.credited_fen, "settled_fen": report.settled_fen,
            "lost_fen": report.lost_fen, "created_fen": report.created_fen,
        }),
    );
}
