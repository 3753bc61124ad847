//! Taking over the journal of an older version: `journal.jsonl`, one JSON line an event.
//!
//! Every line goes into the store in one transaction, then the file is renamed, so that no older program goes on
//! with it. Lines that a crash tore (at the end, or where a later line says so) count for nothing, as they did.

use super::items::{self, Stage};
use super::{Store, StoreError, claims};
use crate::ids::Serial;
use crate::journal::{KeyRecord, Outcome, Subject};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Name of the old journal.
const OLD: &str = "journal.jsonl";
/// What it is called once it was taken over.
const TAKEN_OVER: &str = "journal.jsonl.taken-over";

/// What an old line tells.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event {
    Intent {
        #[serde(flatten)]
        subject: Subject,
    },
    OwnMaster {
        serial: Serial,
    },
    Issued {
        #[serde(flatten)]
        subject: Subject,
        keys: Vec<KeyRecord>,
        apdus: u64,
    },
    Found {
        #[serde(flatten)]
        subject: Subject,
    },
    Failed {
        #[serde(flatten)]
        subject: Subject,
        why: String,
        #[serde(default)]
        tries_left: Option<u8>,
    },
    Torn {
        from: u64,
        to: u64,
    },
}

#[derive(Debug, Deserialize)]
struct Line {
    at: String,
    #[serde(flatten)]
    event: Event,
}

fn old(path: &Path) -> PathBuf {
    path.with_file_name(OLD)
}

/// Whether an old journal stands beside the store.
pub(super) fn waits(path: &Path) -> bool {
    old(path).exists()
}

/// Takes over the old journal, if there is one.
pub(super) fn old_journal(store: &mut Store) -> Result<(), StoreError> {
    let path = store.path().to_owned();
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
fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<Line>, StoreError> {
    let mut lines = Vec::new();
    let mut bad: Option<(u64, u64, serde_json::Error)> = None;
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if bytes.is_empty() {
        return Ok(lines);
    }
    for (number, text) in (1..).zip(body.split(|byte| *byte == b'\n')) {
        match (serde_json::from_slice::<Line>(text), bad.take()) {
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

fn take(conn: &Connection, lines: &[Line], hash: &str) -> rusqlite::Result<()> {
    let key = format!("journal {hash}");
    let known: Option<i64> =
        conn.query_row("SELECT 1 FROM setting WHERE name = ?1", [&key], |row| row.get(0)).optional()?;
    // A crash came between the transaction and the renaming.
    if known.is_some() {
        return Ok(());
    }
    for line in lines {
        one(conn, line)?;
    }
    conn.execute("INSERT INTO setting (name, value) VALUES (?1, ?2)", params![key, lines.len().to_string()])?;
    Ok(())
}

fn one(conn: &Connection, line: &Line) -> rusqlite::Result<()> {
    let at = line.at.as_str();
    let claim = |subject: &Subject, stage: Option<Stage>| {
        let chip = items::by_serial(conn, subject.serial)?;
        let id = claims::row(conn, chip, subject, at)?;
        if let Some(stage) = stage {
            claims::set(conn, id, subject, stage, None, at)?;
            items::note(conn, id, at, "intent", Some(&subject.number.to_string()), "")?;
        }
        Ok::<_, rusqlite::Error>(id)
    };
    let end = |subject: &Subject, outcome: Outcome<'_>| {
        let id = claim(subject, None)?;
        claims::conclude(conn, id, subject, &outcome, at)
    };
    match &line.event {
        Event::Torn { .. } => Ok(()),
        Event::Intent { subject } => claim(subject, Some(Stage::Begun)).map(drop),
        Event::OwnMaster { serial } => {
            let Some(chip) = items::by_serial(conn, *serial)? else { return Ok(()) };
            conn.execute("UPDATE item SET own_master = 1, tries = NULL WHERE id = ?1", [chip.id])?;
            items::note(conn, chip.id, at, "own-master", chip.number.as_deref(), "")
        }
        Event::Issued { subject, keys, apdus } => {
            let keys: Vec<_> = keys.iter().map(crate::issue::KeyCheck::from).collect();
            end(subject, Outcome::Issued { keys: &keys, apdus: *apdus })
        }
        Event::Found { subject } => end(subject, Outcome::Found),
        Event::Failed { subject, why, tries_left } => {
            end(subject, Outcome::Failed { why: why.clone(), tries_left: *tries_left })
        }
    }
}
