//! `gridcard home`: a home can be kept: looked over, copied away, put back, brought up to date.

use crate::fail::refused;
use crate::global::Global;
use crate::output::answer;
use crate::screen::{facts, table};
use clap::{Args, Subcommand};
use parties::keeping::{self, CheckReport};
use parties::{Deed, Result};
use std::path::PathBuf;

/// Verbs of a home.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Look every party's folder over: modes, databases, logs, virtual cards. Nothing is changed.
    ///
    /// Example: gridcard home check --home /srv/gridcard
    Check,
    /// Copy every party's folder into one file, which holds what they hold: the keys of virtual cards among it.
    ///
    /// Example: gridcard home backup /media/safe/gridcard-2026-11-27.tar
    Backup(Backup),
    /// Put a whole home back where none is, from a backup.
    ///
    /// Example: gridcard home restore /media/safe/gridcard-2026-11-27.tar --home /srv/gridcard
    Restore(Restore),
    /// Bring the databases of every party up to this program's schemas; one of a newer program stops it before.
    ///
    /// Example: gridcard home backup before.tar && gridcard home upgrade
    Upgrade,
}

/// Options of `home backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write, which must not be there yet.
    pub file: PathBuf,
}

/// Options of `home restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    pub file: PathBuf,
}

impl Verb {
    /// What it is; each party's log has a line of its own, which the act writes.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Check => Deed::Look,
            Verb::Backup(_) => Deed::One("home backup"),
            Verb::Restore(_) => Deed::One("home restore"),
            Verb::Upgrade => Deed::One("home upgrade"),
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Check => check(global),
        Verb::Backup(options) => backup(global, &options),
        Verb::Restore(options) => restore(global, &options),
        Verb::Upgrade => upgrade(global),
    }
}

fn check(global: &Global) -> Result<()> {
    let report = keeping::check(global)?;
    answer(global, &check_words(&report), &report);
    match report.findings {
        0 => Ok(()),
        n => Err(refused(format!("{n} finding(s) in {}", report.home))
            .hint("`gridcard home restore` puts a backup back in another place; look at both")
            .into()),
    }
}

fn check_words(report: &CheckReport) -> String {
    let rows = report.parties.iter().map(|party| {
        let stores: Vec<String> =
            party.stores.iter().map(|store| format!("{} of {}", store.schema, store.known)).collect();
        vec![
            party.party.clone(),
            party.log_lines.to_string(),
            if stores.is_empty() { "-".to_owned() } else { stores.join(", ") },
            party.cards.to_string(),
            party.older.len().to_string(),
            party.findings.len().to_string(),
        ]
    });
    let mut text =
        table(&["party", "log lines", "schema", "cards", "older make", "findings"], rows.collect());
    for party in &report.parties {
        for finding in &party.findings {
            text.push_str(&format!("\n{}: {}", party.party, finding.what));
        }
        for card in &party.older {
            text.push_str(&format!("\n{}: {card} is of the older make", party.party));
        }
    }
    text
}

fn backup(global: &Global, options: &Backup) -> Result<()> {
    let report = keeping::backup(global, &options.file)?;
    let parties: Vec<&str> = report.parties.keys().map(String::as_str).collect();
    let text = facts(&[
        ("backup", report.file.clone()),
        ("parties", parties.join(", ")),
        ("files", report.files.to_string()),
        ("bytes", report.bytes.to_string()),
        ("SHA-256", report.sha256.clone()),
    ]);
    answer(global, &text, &report);
    Ok(())
}

fn restore(global: &Global, options: &Restore) -> Result<()> {
    let report = keeping::restore(global, &options.file)?;
    let parties: Vec<&str> = report.parties.keys().map(String::as_str).collect();
    let text = facts(&[
        ("home", report.home.clone()),
        ("made", report.at.clone()),
        ("parties", parties.join(", ")),
        ("files", report.files.to_string()),
    ]);
    answer(global, &text, &report);
    global.say(
        "cards and books are as of that moment: what was sealed, credited or issued since is known by the other side alone, \
         and is found when the two meet",
    );
    Ok(())
}

fn upgrade(global: &Global) -> Result<()> {
    let report = keeping::upgrade(global)?;
    let rows = report
        .stores
        .iter()
        .map(|store| vec![store.file.clone(), store.from.to_string(), store.to.to_string()]);
    let mut text = table(&["store", "schema before", "now"], rows.collect());
    for card in &report.older {
        text.push_str(&format!("\n{card} is of the older make, and stays so"));
    }
    answer(global, &text, &report);
    Ok(())
}
