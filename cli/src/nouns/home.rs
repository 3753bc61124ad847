//! `gridcard home`: a home can be kept: looked over, copied away, put back, brought up to date.

use crate::prelude::*;
use parties::keeping::{self, CheckReport};

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
    Backup {
        /// The file to write, which must not be there yet.
        file: PathBuf,
    },
    /// Put a whole home back where none is, from a backup.
    ///
    /// Example: gridcard home restore /media/safe/gridcard-2026-11-27.tar --home /srv/gridcard
    Restore {
        /// The backup.
        file: PathBuf,
    },
    /// Bring the databases of every party up to this program's schemas; one of a newer program stops it before.
    ///
    /// Example: gridcard home backup before.tar && gridcard home upgrade
    Upgrade,
}

impl Verb {
    /// What each verb is, and what does it; each party's log has a line of its own, which the act writes.
    pub fn task(self) -> Task {
        match self {
            Verb::Check => look((), |call, ()| check(call)),
            Verb::Backup { file } => one("home backup", file, |call, file| backup(call, file)),
            Verb::Restore { file } => one("home restore", file, |call, file| restore(call, file)),
            Verb::Upgrade => one("home upgrade", (), |call, ()| upgrade(call)),
        }
    }
}

fn check(call: &Call) -> Result<()> {
    let report = keeping::check(call)?;
    answer(call, &check_words(&report), &report);
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
        let schema = if stores.is_empty() { "-".to_owned() } else { stores.join(", ") };
        row![party.party, party.log_lines, schema, party.cards, party.older.len(), party.findings.len()]
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

fn backup(call: &Call, file: &Path) -> Result<()> {
    reply(call, keeping::backup(call, file), |report| {
        let parties: Vec<&str> = report.parties.keys().map(String::as_str).collect();
        facts(&[
            ("backup", report.file.clone()),
            ("parties", parties.join(", ")),
            ("files", report.files.to_string()),
            ("bytes", report.bytes.to_string()),
            ("SHA-256", report.sha256.clone()),
        ])
    })
}

fn restore(call: &Call, file: &Path) -> Result<()> {
    reply(call, keeping::restore(call, file), |report| {
        let parties: Vec<&str> = report.parties.keys().map(String::as_str).collect();
        facts(&[
            ("home", report.home.clone()),
            ("made", report.at.clone()),
            ("parties", parties.join(", ")),
            ("files", report.files.to_string()),
        ])
    })?;
    say(
        "cards and books are as of that moment: what was sealed, credited or issued since is known by the other side alone, \
         and is found when the two meet",
    );
    Ok(())
}

fn upgrade(call: &Call) -> Result<()> {
    reply(call, keeping::upgrade(call), |report| {
        let rows = report.stores.iter().map(|store| row![store.file, store.from, store.to]);
        let mut text = table(&["store", "schema before", "now"], rows.collect());
        for card in &report.older {
            text.push_str(&format!("\n{card} is of the older make, and stays so"));
        }
        text
    })
}
