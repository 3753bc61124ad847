//! Batches in the store: what was asked for.

use super::base::{Store, tick};
use super::error::StoreError;
use super::items::{self, ItemKind, Stage};
use super::query;
use crate::batch::request::{self, Row};
use crate::batch::{BatchError, Counts, LineFault, RequestFault, Summary};
use rusqlite::{Connection, params};
use scheme::profile::CardKind;
use sha2::{Digest, Sha256};
use std::io::{BufRead, Read};
use std::path::Path;

/// Faults that are named one by one; of more only the number is told.
const NAMED: usize = 100;

/// What a batch is, for beginning it.
#[derive(Debug, Clone, Copy)]
pub struct NewBatch<'a> {
    /// Kind of the cards.
    pub kind: CardKind,
    /// Their city; zeros for what has none.
    pub region: &'a str,
    /// Name of the request file.
    pub file: &'a str,
    /// Its SHA-256, in hexadecimal.
    pub sha256: &'a str,
    /// The time.
    pub at: &'a str,
}

impl Store {
    /// Reads a whole request into the store and begins its batch: all lines or, when one has a fault, none.
    ///
    /// # Errors
    /// A request that was begun or done before; lines that are malformed, stand there twice, or ask for what was
    /// issued or is under way; a file that changed since it was hashed.
    pub fn begin_batch(&mut self, new: &NewBatch<'_>, request: &Path) -> Result<i64, BatchError> {
        self.must_be_new(new)?;
        let path = self.path().to_owned();
        self.act(|tx| begin(tx, &path, new, request))
    }

    /// The batch a request would begin, as [`Store::begin_batch`] would; nothing is kept, whatever becomes of the program.
    ///
    /// # Errors
    /// Those of [`Store::begin_batch`].
    pub fn try_batch(&mut self, new: &NewBatch<'_>, request: &Path) -> Result<Summary, BatchError> {
        self.must_be_new(new)?;
        let path = self.path().to_owned();
        self.look_ahead(|tx| {
            let id = begin(tx, &path, new, request)?;
            let found = summaries(tx, "WHERE id = ?1", params![id]);
            let mut found = found.map_err(|error| StoreError::of(&path, error))?;
            Ok(found.remove(0))
        })
    }

    fn must_be_new(&self, new: &NewBatch<'_>) -> Result<(), BatchError> {
        self.check_clock(new.at)?;
        match self.batch_of(new.sha256)? {
            None => Ok(()),
            Some(known) => Err(match known.counts.open {
                0 => BatchError::Done { id: known.id, at: known.begun_at },
                open => BatchError::Begun { id: known.id, at: known.begun_at, open },
            }),
        }
    }

    /// The batch of a request file, by the file's hash.
    pub fn batch_of(&self, sha256: &str) -> Result<Option<Summary>, StoreError> {
        self.summaries("WHERE sha256 = ?1", params![sha256]).map(|mut found| found.pop())
    }

    /// A batch.
    pub fn batch(&self, id: i64) -> Result<Option<Summary>, StoreError> {
        self.summaries("WHERE id = ?1", params![id]).map(|mut found| found.pop())
    }

    /// All batches, in order.
    pub fn batches(&self) -> Result<Vec<Summary>, StoreError> {
        self.summaries("", params![])
    }

    fn summaries(&self, filter: &str, params: impl rusqlite::Params) -> Result<Vec<Summary>, StoreError> {
        summaries(self.conn(), filter, params).map_err(self.named())
    }

    /// Whether a line of a batch is open still.
    pub(crate) fn has_open(&self, batch: i64) -> Result<bool, StoreError> {
        self.conn()
            .prepare_cached("SELECT 1 FROM request INDEXED BY request_open WHERE batch = ?1 AND state = 0")
            .and_then(|mut statement| statement.exists([batch]))
            .map_err(self.named())
    }

    /// Figures of a batch.
    pub fn counts(&self, batch: i64) -> Result<Counts, StoreError> {
        let asked = self.value("SELECT asked FROM batch WHERE id = ?1", [batch])?;
        let mut counts = Counts { asked, ..Counts::default() };
        count(self.conn(), batch, &mut counts).map_err(self.named())?;
        Ok(counts)
    }
}

/// Batches of a filter, with their figures.
fn summaries(
    conn: &Connection,
    filter: &str,
    params: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Summary>> {
    let sql = format!(
        "SELECT id, kind, region, file, sha256, begun_at, ended_at, asked, \
         (SELECT min(number) FROM request WHERE batch = batch.id), \
         (SELECT max(number) FROM request WHERE batch = batch.id) FROM batch {filter} ORDER BY id"
    );
    let mut found = query::rows(conn, &sql, params, |row| {
        Ok(Summary {
            id: row.get(0)?,
            kind: row.get(1)?,
            region: row.get(2)?,
            file: row.get(3)?,
            sha256: row.get(4)?,
            begun_at: row.get(5)?,
            ended_at: row.get(6)?,
            counts: Counts { asked: row.get(7)?, ..Counts::default() },
            first: row.get(8)?,
            last: row.get(9)?,
        })
    })?;
    for summary in &mut found {
        count(conn, summary.id, &mut summary.counts)?;
    }
    Ok(found)
}

/// Reads a request and begins its batch in a transaction; `store` names the store in errors.
fn begin(conn: &Connection, store: &Path, new: &NewBatch<'_>, request: &Path) -> Result<i64, BatchError> {
    let sql = |error: rusqlite::Error| BatchError::from(StoreError::of(store, error));
    let io = |source| BatchError::Read { path: request.to_owned(), source };
    let file = std::fs::File::open(request).map_err(io)?;
    let mut input = std::io::BufReader::new(Hashing { file, hasher: Sha256::new() });
    let id = conn
        .prepare_cached(
            "INSERT INTO batch (kind, region, file, sha256, asked, begun_at) VALUES (?1, ?2, ?3, ?4, 0, ?5)",
        )
        .and_then(|mut statement| {
            let kind = ItemKind::Card(new.kind);
            statement.insert(params![kind, new.region, new.file, new.sha256, new.at])
        })
        .map_err(sql)?;
    let before = Before::of(conn, id).map_err(sql)?;
    let mut first = Vec::new();
    let (mut total, mut asked) = (0, 0);
    request::read(new.kind, &mut input, |line, row| {
        let fault = match row {
            Ok(row) => add(conn, id, new.kind, before, &row).map_err(sql)?,
            Err(fault) => Some(fault),
        };
        asked += 1;
        if let Some(fault) = fault {
            total += 1;
            if first.len() < NAMED {
                first.push(LineFault { line, fault });
            }
        }
        Ok(())
    })?;
    if hex::encode(input.get_ref().hasher.clone().finalize()) != new.sha256 {
        return Err(BatchError::Changed);
    }
    if total > 0 {
        return Err(BatchError::Lines { first, total });
    }
    if asked == 0 {
        return Err(BatchError::Empty);
    }
    conn.execute("UPDATE batch SET asked = ?2 WHERE id = ?1", params![id, asked])
        .and_then(|_| tick(conn, new.at))
        .map_err(sql)?;
    Ok(id)
}

/// What was there before a batch: of nothing nothing need be asked, line by line.
#[derive(Clone, Copy)]
struct Before {
    items: bool,
    open_lines: bool,
}

impl Before {
    fn of(conn: &Connection, batch: i64) -> rusqlite::Result<Self> {
        conn.query_row(
            "SELECT EXISTS (SELECT 1 FROM item), EXISTS (SELECT 1 FROM batch WHERE id <> ?1 AND EXISTS \
             (SELECT 1 FROM request INDEXED BY request_open WHERE request.batch = batch.id AND request.state = 0))",
            [batch],
            |row| Ok(Before { items: row.get(0)?, open_lines: row.get(1)? }),
        )
    }
}

/// Adds a line to a batch; gives the fault that forbids it.
fn add(
    conn: &Connection,
    batch: i64,
    kind: CardKind,
    before: Before,
    row: &Row,
) -> rusqlite::Result<Option<RequestFault>> {
    let column = if kind == CardKind::Sim { "iccid" } else { "number" };
    let kind = ItemKind::Card(kind);
    if before.items
        && let Some(item) = items::by_number(conn, kind, &row.number)?
    {
        let word = if item.stage == Stage::Begun { "is under way" } else { "was issued" };
        let why = format!("{} {word} (since {})", item.name(), item.since);
        return Ok(Some(RequestFault::Taken { why }));
    }
    if before.items
        && let Some(serial) = row.serial
        && let Some(item) = items::by_serial(conn, serial)?
        && (item.kind != kind || !matches!(item.stage, Stage::Blank | Stage::Refused))
    {
        let why = format!(
            "serial {serial}: the chip is {} {} (since {})",
            item.stage.name(),
            item.name(),
            item.since
        );
        return Ok(Some(RequestFault::Taken { why }));
    }
    let other = |conn: &Connection| -> rusqlite::Result<Option<(i64, i64)>> {
        query::first(
            conn,
            "SELECT request.batch, request.line FROM request JOIN batch ON batch.id = request.batch \
             WHERE request.number = ?1 AND request.state = 0 AND batch.kind = ?2 AND request.batch <> ?3",
            params![row.number, kind, batch],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    };
    let other = if before.open_lines { other(conn)? } else { None };
    if let Some((other, line)) = other {
        let why = format!(
            "{column} {} is asked for by line {line} of batch {other}, which is not done",
            row.number
        );
        return Ok(Some(RequestFault::Taken { why }));
    }
    let added = query::change(
        conn,
        "INSERT INTO request (batch, line, number, serial, more) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO NOTHING",
        params![
            batch,
            row.line as i64, // lines of a file that fits on a disk
            row.number,
            row.serial.map(|serial| serial.to_string()),
            row.details.to_text()
        ],
    )?;
    if added == 1 {
        return Ok(None);
    }
    let first_with = |column: &str, value: &str| {
        query::first(
            conn,
            &format!("SELECT line FROM request WHERE batch = ?1 AND {column} = ?2"),
            params![batch, value],
            |row| row.get::<_, i64>(0),
        )
    };
    if let Some(first) = first_with("number", &row.number)? {
        return Ok(Some(RequestFault::Twice { column, value: row.number.clone(), first }));
    }
    let serial = row.serial.map(|serial| serial.to_string()).unwrap_or_default();
    let first = first_with("serial", &serial)?.unwrap_or_default();
    Ok(Some(RequestFault::Twice { column: "serial", value: serial, first }))
}

fn count(conn: &Connection, batch: i64, counts: &mut Counts) -> rusqlite::Result<()> {
    let groups = |sql| query::rows(conn, sql, [batch], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)));
    for (state, number) in groups("SELECT state, count(*) FROM request WHERE batch = ?1 GROUP BY state")? {
        match state {
            0 => counts.open = number,
            1 => counts.good = number,
            _ => counts.failed = number,
        }
    }
    for (outcome, number) in
        groups("SELECT outcome, count(*) FROM spoiled WHERE batch = ?1 GROUP BY outcome")?
    {
        let place = if outcome == 1 { &mut counts.refused } else { &mut counts.scrapped };
        *place = number;
    }
    Ok(())
}

/// Hashes what is read.
struct Hashing {
    file: std::fs::File,
    hasher: Sha256,
}

impl Read for Hashing {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(buf)?;
        self.hasher.update(&buf[..n]);
        Ok(n)
    }
}

/// The SHA-256 of a file, in hexadecimal, read piece by piece.
pub fn hash_of(path: &Path) -> Result<String, BatchError> {
    let io = |source| BatchError::Read { path: path.to_owned(), source };
    let mut file = std::io::BufReader::new(std::fs::File::open(path).map_err(io)?);
    let mut hasher = Sha256::new();
    loop {
        let bytes = file.fill_buf().map_err(io)?;
        if bytes.is_empty() {
            return Ok(hex::encode(hasher.finalize()));
        }
        hasher.update(bytes);
        let used = bytes.len();
        file.consume(used);
    }
}
