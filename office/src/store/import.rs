//! Taking over the journal of an older version: `journal.jsonl`, one JSON line an event.
//!
//! Every line goes into the store in one transaction, then the file is renamed, so that no older program goes on
//! with it. Lines that a crash tore (at the end, or where a later line says so) count for nothing, as they did.

use super::base::Store;
use super::claims;
use super::error::StoreError;
use crate::journal::entry::{Entry, Event};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Name of the old journal.
const OLD: &str = "journal.jsonl";
/// What it is called once it was taken over.
const TAKEN_OVER: &str = "journal.jsonl.taken-over";

fn old(path: &Path) -> PathBuf {
    path.with_file_name(OLD)
}

/// A store is not its own predecessor, whatever somebody called it.
fn is_old_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == OLD)
}

/// Whether an old journal stands beside the store.
pub(super) fn waits(path: &Path) -> bool {
    !is_old_name(path) && old(path).exists()
}

/// Takes over the old journal, if there is one.
pub(super) fn old_journal(store: &mut Store) -> Result<(), StoreError> {
    let path = store.path().to_owned();
    if is_old_name(&path) {
        return Ok(());
    }
    let journal = old(&path);
    let io = |doing: &'static str| {
        let journal = journal.clone();
        move |source| StoreError::Io { path: journal, doing, source }
    };
    let bytes = match std::fs::read(&journal) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io("read the old journal beside")(error)),
    };
    let lines = parse(&journal, &bytes)?;
    let hash = hex::encode(Sha256::digest(&bytes));
    store.act(|tx| take(tx, &lines, &hash).map_err(|error| StoreError::of(&path, error)))?;
    std::fs::rename(&journal, path.with_file_name(TAKEN_OVER)).map_err(io("rename the old journal beside"))
}

/// Reads all lines. A run of unreadable lines is torn when it stands at the end, or when the next readable line says
/// so; anywhere else it is an error, because somebody changed the file.
fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<Entry>, StoreError> {
    let mut lines = Vec::new();
    let mut bad: Option<(u64, u64, serde_json::Error)> = None;
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if bytes.is_empty() {
        return Ok(lines);
    }
    for (number, text) in (1..).zip(body.split(|byte| *byte == b'\n')) {
        match (serde_json::from_slice::<Entry>(text), bad.take()) {
            (Err(error), None) => bad = Some((number, number, error)),
            (Err(_), Some((from, _, first))) => bad = Some((from, number, first)),
            (Ok(line), None) => lines.push(line),
            (Ok(line), Some((from, to, source))) => match line.event {
                Event::Torn { from: a, to: b } if (a, b) == (from, to) => {}
                _ => return Err(StoreError::OldLine { path: path.to_owned(), line: from, source }),
            },
        }
    }
    Ok(lines)
}

fn take(conn: &Connection, lines: &[Entry], hash: &str) -> rusqlite::Result<()> {
    let key = format!("journal {hash}");
    let known: Option<i64> =
        conn.query_row("SELECT 1 FROM setting WHERE name = ?1", [&key], |row| row.get(0)).optional()?;
    // A crash came between the transaction and the renaming.
    if known.is_some() {
        return Ok(());
    }
    for entry in lines {
        // An outcome without its intent has no row yet.
        if let Event::Issued { subject, .. } | Event::Found { subject } | Event::Failed { subject, .. } =
            &entry.event
        {
            claims::row(conn, subject, &entry.at)?;
        }
        claims::apply(conn, &entry.at, &entry.event)?;
    }
    conn.execute("INSERT INTO setting (name, value) VALUES (?1, ?2)", params![key, lines.len().to_string()])?;
    Ok(())
}
