//! A bundle for whoever helps: how the bank stands, without a secret and without anybody's data.
//!
//! What goes in is listed here by name; nothing is copied and then cleaned. Words of errors and of the log name people and
//! customers, so codes stand for them.

use super::desk::Desk;
use super::psams;
use crate::log;
use crate::log::reading::{self, Which};
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use disk::Durability;
use office::audit::{Ending, Entry, LOG};
use scheme::Fault as _;
use serde::Serialize;
use serde_json::{Map, Value, json};
use server::schema::SCHEMA_VERSION;
use server::{Copies, Totals};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

/// Lines of the log that go in.
const LINES: usize = 200;
/// Facts of a line that say nothing of anybody.
const FACTS: [&str; 9] =
    ["psam", "state", "key_version", "role", "day", "head", "route", log::LEDGER, log::RESTORED];

/// What goes into a bundle beside what the bank's folder has.
#[derive(Debug, Clone, Default)]
pub struct SupportRequest {
    /// The configuration, without what is secret in it; `None`: none was named.
    pub config: Option<Value>,
}

/// A bundle that was written.
#[derive(Debug, Clone, Serialize)]
pub struct SupportReport {
    /// It.
    pub file: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
    /// What is in it.
    pub files: Vec<&'static str>,
}

/// Writes a bundle for whoever helps.
///
/// # Errors
/// The file is there already or cannot be written; the books cannot be opened. What is wrong in them is told in the bundle.
pub fn support(
    session: &Session,
    desk: &Desk,
    request: &SupportRequest,
    out: &Path,
) -> Result<SupportReport> {
    let folder = desk.folder(session)?;
    if std::fs::symlink_metadata(out).is_ok() {
        return Err(refused(format!("{} is there already", out.display()))
            .hint("a bundle never overwrites another file")
            .into());
    }
    let members = [
        ("about.json", about(session)?),
        ("configuration.json", configuration(desk, request)?),
        ("books.json", books(desk)?),
        ("findings.json", findings(desk)?),
        ("psams.json", modules(session)?),
        ("log.json", lines(&folder)?),
    ];
    disk::replace_with(out, Durability::Synced, |file| -> std::io::Result<()> {
        let mut archive = Builder::new(file);
        for (name, value) in &members {
            let text = format!("{value:#}\n");
            let mut header = Header::new_ustar();
            header.set_entry_type(EntryType::Regular);
            header.set_mode(0o600);
            header.set_size(text.len() as u64);
            archive.append_data(&mut header, name, text.as_bytes())?;
        }
        archive.finish()
    })
    .with_context(|| format!("cannot write {}", out.display()))?;
    let written = std::fs::read(out).with_context(|| format!("cannot read {}", out.display()))?;
    let sha256 = hex::encode(Sha256::digest(&written));
    log::fact(session, "sha256", &sha256);
    Ok(SupportReport { file: out.to_owned(), sha256, files: members.map(|(name, _)| name).to_vec() })
}

fn about(session: &Session) -> Result<Value> {
    let set: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("GRIDCARD_"))
        .collect();
    Ok(json!({
        "format": "gridcard support 1",
        "made": session.now()?.to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "schema": SCHEMA_VERSION,
        "system": std::env::consts::OS,
        "machine": std::env::consts::ARCH,
        "processors": std::thread::available_parallelism().map_or(0, usize::from),
        "set_in_the_environment": set,
    }))
}

fn configuration(desk: &Desk, request: &SupportRequest) -> Result<Value> {
    let terms = desk.books().terms()?;
    Ok(json!({
        "file": request.config,
        "terms": terms.map(|terms| json!({
            "validity_days": terms.validity_days,
            "clock_tolerance_s": terms.clock_tolerance_s,
        })),
        "limits": desk.books().limits()?.len(),
        "programs": desk.books().principals()?.len(),
    }))
}

/// How the books stand: rows, sums, and whether they agree.
fn books(desk: &Desk) -> Result<Value> {
    let books = desk.books();
    let checked = books.check();
    let (rows, heads) = match Copies::sums(books) {
        Ok(sums) => {
            let heads: Vec<String> = sums.heads.iter().map(ToString::to_string).collect();
            (json!(sums.rows), json!(heads))
        }
        Err(error) => (json!({ "error": error.code() }), Value::Null),
    };
    let figures = books.figures()?;
    let accounts: Map<String, Value> =
        figures.balance.all().into_iter().map(|(name, fen)| (name.to_owned(), fen.into())).collect();
    let faults: Vec<&str> = figures.faults.iter().map(scheme::Fault::code).collect();
    Ok(json!({
        "engine_check": checked.as_ref().map_or_else(|error| error.code(), |()| "sound"),
        "rows": rows,
        "heads": heads,
        "accounts_fen": accounts,
        "sum_fen": i64::try_from(figures.balance.sum()).unwrap_or(i64::MAX),
        "unaccounted_fen": i64::try_from(figures.totals.unaccounted()).unwrap_or(i64::MAX),
        "totals": totals(&figures.totals),
        "faults": faults,
        "ledger_agrees": books.check_ledger()?.1.is_none(),
        "sums_agree": books.check_statistics()?.is_none() && books.check_closings()?.is_empty(),
        "closed_days": books.closings(u32::MAX)?.len(),
        "older_make": books.is_older_make()?,
    }))
}

fn totals(totals: &Totals) -> Value {
    json!({
        "customers": totals.customers, "prepared": totals.prepared, "sealed": totals.sealed,
        "superseded": totals.superseded, "settled": totals.settled, "void": totals.void,
        "sold_fen": totals.sold_fen, "settled_fen": totals.settled_fen, "outstanding_fen": totals.outstanding_fen,
        "suspense_fen": totals.suspense_fen, "pending_fen": totals.pending_fen,
    })
}

fn findings(desk: &Desk) -> Result<Value> {
    let open = desk.books().findings(false)?;
    let line = |finding: &server::Finding| {
        json!({
            "finding": finding.id, "kind": finding.kind.name(), "found": finding.at.to_string(),
            "stops_sales": finding.freezes, "psam": finding.psam,
        })
    };
    Ok(open.iter().map(line).collect())
}

fn modules(session: &Session) -> Result<Value> {
    let line = |psam: &psams::ListedPsam| {
        json!({
            "number": psam.number, "city": psam.city, "state": psam.state, "key_version": psam.key_version,
            "at_hand": psam.sealed.is_some(), "sealed": psam.sealed, "not_settled": psam.not_settled,
            "server_key": psam.server_key,
        })
    };
    Ok(psams::list(session)?.psams.iter().map(line).collect())
}

/// The last lines of the log: what was done when, how it ended, and that it was the same person or another one.
fn lines(folder: &Path) -> Result<Value> {
    if !folder.join(LOG).exists() {
        return Ok(Value::Null);
    }
    let found = reading::show(&Which::Own(folder.to_owned()), LINES)?;
    let mut people: BTreeMap<String, String> = BTreeMap::new();
    let mut lines = Vec::new();
    for entry in &found.entries {
        let next = people.len() + 1;
        let kind = if entry.who.starts_with("key:") { "program" } else { "person" };
        let who = people.entry(entry.who.clone()).or_insert_with(|| format!("{kind} {next}")).clone();
        lines.push(line(entry, &who)?);
    }
    Ok(json!({ "lines": found.lines, "sound": found.sound, "last": lines }))
}

fn line(entry: &Entry, who: &str) -> Result<Value> {
    let facts: BTreeMap<&str, &String> =
        FACTS.iter().filter_map(|name| Some((*name, entry.facts.get(*name)?))).collect();
    let outcome = if matches!(entry.outcome, Ending::Done) { "done" } else { "refused" };
    Ok(json!({
        "no": entry.no, "at": entry.at, "who": who, "act": serde_json::to_value(&entry.act)?, "outcome": outcome,
        "facts": facts,
    }))
}
