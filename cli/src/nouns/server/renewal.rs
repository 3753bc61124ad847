//! `gridcard server psam-statement` and `psam-limit`: other limits for the bank's PSAM by files that cross between bank and city
//! [docs/specs/renewal.md].

use crate::call::Call;
use crate::output::answer;
use crate::screen::facts;
use clap::Args;
use parties::bank::{self, PsamStatementRequest};
use parties::issuing::counter_words;
use parties::trouble::Result;
use parties::words::yuan;
use std::path::PathBuf;

/// Options of `server psam-statement`.
#[derive(Debug, Args)]
pub struct PsamStatement {
    /// The city's request, as `gridcard psam statement-request` wrote it.
    #[arg(value_name = "REQUEST")]
    pub asked: PathBuf,
    /// File for the statement and the orders; the city takes it with `gridcard psam limit --statement`.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Options of `server psam-limit`.
#[derive(Debug, Args)]
pub struct PsamLimit {
    /// The sealed limit, as `gridcard psam limit --statement` wrote it.
    pub limit: PathBuf,
}

/// Runs `server psam-statement`.
pub fn statement(call: &Call, options: &PsamStatement) -> Result<()> {
    let request = PsamStatementRequest { asked: options.asked.clone(), out: options.out.clone() };
    let report = bank::psam_statement(call, &request)?;
    let text = facts(&[
        ("PSAM", report.number.clone()),
        ("orders sealed", report.sealed.to_string()),
        ("of them listed", report.listed.to_string()),
        ("chain", hex::encode_upper(report.chain)),
        ("statement", report.file.clone()),
    ]);
    answer(call, &text, &report);
    Ok(())
}

/// Runs `server psam-limit`.
pub fn limit(call: &Call, options: &PsamLimit) -> Result<()> {
    let Some(report) = bank::psam_limit(call, &options.limit)? else { return Ok(()) };
    let text = facts(&[
        ("PSAM", report.number.to_string()),
        ("orders", counter_words(&report.counter)),
        ("value it may seal", yuan(i64::try_from(report.value_limit_fen).unwrap_or(i64::MAX))),
    ]);
    answer(call, &text, &report);
    Ok(())
}
