//! `gridcard server backup`, `restore`, `move`: copies of the books.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{facts, say};
use clap::Args;
use parties::bank::{self, CopyReport, Desk};
use parties::trouble::Result;
use parties::words::yuan;
use std::path::PathBuf;

/// Options of `server backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The new file.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Options of `server restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The copy, as `server backup` wrote it.
    pub file: PathBuf,
}

/// Options of `server move`.
#[cfg(feature = "service")]
#[derive(Debug, Args)]
pub struct Move {
    /// The SQLite file, as sqlite:/var/lib/bank/server.sqlite.
    #[arg(long, value_name = "SQLITE:FILE", value_parser = sqlite_file)]
    pub from: PathBuf,
    /// The connection string of PostgreSQL, as libpq takes it: postgres://..
    #[arg(long, value_name = "URL", env = "GRIDCARD_DATABASE", hide_env_values = true)]
    pub to: String,
}

#[cfg(feature = "service")]
fn sqlite_file(text: &str) -> std::result::Result<PathBuf, String> {
    text.strip_prefix("sqlite:").map(PathBuf::from).ok_or_else(|| "books in a file are sqlite:FILE".into())
}

/// Runs `server backup`.
pub fn backup(call: &Call, options: &Backup) -> Result<()> {
    tell(call, &bank::back_up(call, &Desk::open(call)?, &options.out)?);
    Ok(())
}

/// Runs `server restore`.
pub fn restore(call: &Call, options: &Restore) -> Result<()> {
    let Some(report) = bank::restore(call, &options.file)? else { return Ok(()) };
    tell(call, &report);
    if let Some(before) = &report.before {
        say(format!("the books that were there before are {}", before.display()));
    }
    say("`gridcard server verify` tells what the PSAMs and the log know beyond the copy");
    Ok(())
}

/// Runs `server move`.
#[cfg(feature = "service")]
pub fn move_books(call: &Call, options: &Move) -> Result<()> {
    let mut to = server::Store::connect(&options.to, server::store::FIRST_SERVER)?;
    tell(call, &bank::move_books(call, &options.from, &mut to)?);
    Ok(())
}

fn tell(call: &Call, report: &CopyReport) {
    let text = facts(&[
        ("books", report.file.display().to_string()),
        ("rows", format!("{} in {} tables", report.rows, report.tables)),
        ("transfers", report.transfers.to_string()),
        ("sold", yuan(report.sold_fen)),
        ("sum of all accounts", yuan(report.sum_fen)),
        ("ledger", report.heads.clone()),
    ]);
    answer(call, &text, report);
}
