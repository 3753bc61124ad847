//! Batches in the store: the lines asked for, and what became of each.

use super::items::{self, ItemKind, NewItem, Stage};
use super::{Store, StoreError, claims, delivery, note_log_end, tick};
use crate::batch::request::{self, Details, Row};
use crate::batch::{
    BatchError, Counts, Done, Good, Job, LineFault, LineResult, Outcome, RequestFault, Summary,
};
use crate::journal::KeyRecord;
use rusqlite::{Connection, OptionalExtension, params};
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
    /// Reads a whole request into the store and begins its batch: all lines, or, when one has a fault, none.
    ///
    /// # Errors
    /// A request that was begun or done before; lines that are malformed, stand there twice, or ask for what was
    /// issued or is under way; a file that changed since it was hashed.
    pub fn begin_batch(&mut self, new: &NewBatch<'_>, request: &Path) -> Result<i64, BatchError> {
        self.check_clock(new.at)?;
        if let Some(known) = self.batch_of(new.sha256)? {
            return Err(match known.counts.open {
                0 => BatchError::Done { id: known.id, at: known.begun_at },
                open => BatchError::Begun { id: known.id, at: known.begun_at, open },
            });
        }
        let io = |source| BatchError::Read { path: request.to_owned(), source };
        let file = std::fs::File::open(request).map_err(io)?;
        let mut input = std::io::BufReader::new(Hashing { file, hasher: Sha256::new() });
        let path = self.path().to_owned();
        self.act(|tx| {
            let sql = |error: rusqlite::Error| BatchError::from(StoreError::of(&path, error));
            let id = tx
                .prepare_cached(
                    "INSERT INTO batch (kind, region, file, sha256, asked, begun_at) VALUES (?1, ?2, ?3, ?4, 0, ?5)",
                )
                .and_then(|mut statement| {
                    statement.insert(params![
                        ItemKind::Card(new.kind),
                        new.region,
                        new.file,
                        new.sha256,
                        new.at
                    ])
                })
                .map_err(sql)?;
            let before = Before::of(tx, id).map_err(sql)?;
            let mut first = Vec::new();
            let (mut total, mut asked) = (0, 0);
            request::read(new.kind, &mut input, |line, row| {
                let fault = match row {
                    Ok(row) => add(tx, id, new.kind, before, &row).map_err(sql)?,
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
            tx.execute("UPDATE batch SET asked = ?2 WHERE id = ?1", params![id, asked])
                .and_then(|_| tick(tx, new.at))
                .map_err(sql)?;
            Ok(id)
        })
    }

    /// Forgets a batch of which nothing was made, as if it had never begun; false when something was.
    pub fn drop_batch(&mut self, id: i64) -> Result<bool, StoreError> {
        let path = self.path().to_owned();
        self.act(|tx| {
            let run = || {
                let mut counts = Counts::default();
                count(tx, id, &mut counts)?;
                if counts.good + counts.failed + counts.refused + counts.scrapped > 0 {
                    return Ok(false);
                }
                tx.execute("DELETE FROM request WHERE batch = ?1", [id])?;
                tx.execute("DELETE FROM batch WHERE id = ?1", [id])?;
                Ok(true)
            };
            run().map_err(|error| StoreError::of(&path, error))
        })
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
        let run = || {
            let mut statement = self.conn().prepare(&format!(
                "SELECT id, kind, region, file, sha256, begun_at, ended_at, asked, \
                 (SELECT min(number) FROM request WHERE batch = batch.id), \
                 (SELECT max(number) FROM request WHERE batch = batch.id) FROM batch {filter} ORDER BY id"
            ))?;
            let rows = statement.query_map(params, |row| {
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
            let mut found = rows.collect::<rusqlite::Result<Vec<Summary>>>()?;
            for summary in &mut found {
                count(self.conn(), summary.id, &mut summary.counts)?;
            }
            Ok(found)
        };
        run().map_err(self.named())
    }

    /// Open lines of a batch behind a line, in order; but those whose number is under way on a chip, which wait for it.
    pub fn open_lines(&self, batch: i64, after: i64, most: usize) -> Result<Vec<Job>, StoreError> {
        self.jobs(
            "batch = ?1 AND line > ?2 AND state = 0 AND NOT EXISTS (SELECT 1 FROM item JOIN batch AS b \
             ON b.id = ?1 WHERE item.kind = b.kind AND item.number = request.number) ORDER BY line LIMIT ?3",
            params![batch, after, most as i64],
        )
    }

    /// The open line that a chip is for: the one that names it, the one it was begun for, or the next that takes any.
    pub fn line_for(&self, batch: i64, chip: scheme::numbers::Serial) -> Result<Option<Job>, StoreError> {
        let chip = chip.to_string();
        let named = self.jobs("batch = ?1 AND serial = ?2 AND state = 0", params![batch, chip])?;
        if let Some(job) = named.into_iter().next() {
            return Ok(Some(job));
        }
        let begun = self.jobs(
            "batch = ?1 AND state = 0 AND number = (SELECT number FROM item WHERE item.serial = ?2)",
            params![batch, chip],
        )?;
        if let Some(job) = begun.into_iter().next() {
            return Ok(Some(job));
        }
        // A number that is under way on another chip waits for that chip.
        let any = self.jobs(
            "batch = ?1 AND state = 0 AND serial IS NULL AND NOT EXISTS (SELECT 1 FROM item JOIN batch AS b \
             ON b.id = ?1 WHERE item.kind = b.kind AND item.number = request.number) ORDER BY line LIMIT 1",
            params![batch],
        )?;
        Ok(any.into_iter().next())
    }

    fn jobs(&self, filter: &str, params: impl rusqlite::Params) -> Result<Vec<Job>, StoreError> {
        let run = || {
            let mut statement = self
                .conn()
                .prepare_cached(&format!("SELECT line, number, serial, more FROM request WHERE {filter}"))?;
            let rows = statement.query_map(params, |row| {
                let serial: Option<String> = row.get(2)?;
                let more: String = row.get(3)?;
                Ok(Job {
                    line: row.get(0)?,
                    number: row.get(1)?,
                    serial: serial.and_then(|text| text.parse().ok()),
                    details: Details::from_text(&more),
                    attempt: 0,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<Job>>>()
        };
        run().map_err(self.named())
    }

    /// How many chips were spoiled for a line before, so that the next one differs.
    pub fn attempts(&self, batch: i64, line: i64) -> Result<u32, StoreError> {
        self.conn()
            .prepare_cached("SELECT count(*) FROM spoiled WHERE batch = ?1 AND line = ?2")
            .and_then(|mut statement| statement.query_row(params![batch, line], |row| row.get(0)))
            .map_err(self.named())
    }

    /// Lines that are open although their card was issued: a program was killed between the two. They are done.
    pub fn reconcile(&mut self, batch: i64) -> Result<usize, StoreError> {
        let path = self.path().to_owned();
        self.act(|tx| {
            tx.execute(
                "UPDATE request SET state = 1, \
                 item = (SELECT item.id FROM item WHERE item.kind = batch_kind.kind AND item.number = request.number), \
                 at = (SELECT item.since FROM item WHERE item.kind = batch_kind.kind AND item.number = request.number) \
                 FROM (SELECT kind FROM batch WHERE id = ?1) AS batch_kind \
                 WHERE batch = ?1 AND state = 0 AND EXISTS (SELECT 1 FROM item \
                 WHERE item.kind = batch_kind.kind AND item.number = request.number AND item.stage BETWEEN 4 AND 7)",
                [batch],
            )
            .map_err(|error| StoreError::of(&path, error))
        })
    }

    /// Keeps what became of some cards: all of it, in one transaction.
    ///
    /// A good card whose serial or number is taken (two chips of one serial, say) is not kept; its line stays open
    /// and the answer names it.
    pub fn keep(
        &mut self,
        batch: &Summary,
        place: &str,
        outcomes: &[Outcome],
        at: &str,
    ) -> Result<Vec<(i64, String)>, StoreError> {
        let path = self.path().to_owned();
        let mut audit = self.audit.take();
        let kept = self.act(|tx| {
            let run = || {
                let mut clashes = Vec::new();
                for outcome in outcomes {
                    if let Some(clash) = keep(tx, batch, place, outcome, at)? {
                        clashes.push((outcome.line, clash));
                    }
                }
                tick(tx, at)?;
                Ok(clashes)
            };
            let clashes: Vec<(i64, String)> = run().map_err(|error| StoreError::of(&path, error))?;
            if let Some(audit) = &mut audit {
                let clashed = |outcome: &&Outcome| !clashes.iter().any(|(line, _)| *line == outcome.line);
                for outcome in outcomes.iter().filter(clashed) {
                    audit.witness_line(at, batch, outcome)?;
                }
                // On the disk before the cards are kept.
                audit.sync()?;
                note_log_end(tx, audit.head()).map_err(|error| StoreError::of(&path, error))?;
            }
            Ok(clashes)
        });
        self.audit = audit;
        kept
    }

    /// Marks a line done whose card went through the journal.
    pub fn line_done(&mut self, batch: &Summary, outcome: &Outcome, at: &str) -> Result<(), StoreError> {
        let Done::Good(good) = &outcome.done else {
            return self.keep(batch, "", std::slice::from_ref(outcome), at).map(drop);
        };
        let path = self.path().to_owned();
        self.act(|tx| {
            let run = || {
                let Some(chip) = items::by_serial(tx, good.serial)? else { return Ok(()) };
                close(tx, batch.id, outcome, chip.id, good, at)
            };
            run().map_err(|error| StoreError::of(&path, error))
        })
    }

    /// Notes the end of a batch of which no line is open.
    pub fn end_batch(&mut self, batch: i64, at: &str) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        self.act(|tx| {
            tx.execute(
                "UPDATE batch SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL \
                 AND NOT EXISTS (SELECT 1 FROM request WHERE batch = ?1 AND state = 0)",
                params![batch, at],
            )
            .map(drop)
            .map_err(|error| StoreError::of(&path, error))
        })
    }

    /// Figures of a batch.
    pub fn counts(&self, batch: i64) -> Result<Counts, StoreError> {
        let mut counts = Counts::default();
        let run = |counts: &mut Counts| {
            counts.asked =
                self.conn().query_row("SELECT asked FROM batch WHERE id = ?1", [batch], |row| row.get(0))?;
            count(self.conn(), batch, counts)
        };
        run(&mut counts).map_err(self.named())?;
        Ok(counts)
    }

    /// Hands out what became of each line and of each spoiled chip, by line; spoiled chips before the line's end.
    pub fn results<E: From<StoreError>>(
        &self,
        batch: i64,
        mut each: impl FnMut(&LineResult) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = |error: rusqlite::Error| E::from(StoreError::of(self.path(), error));
        // Two cursors side by side, both in the order of an index: a sorted join would hold all lines at once.
        let mut spoiled = self.conn().prepare(SPOILED).map_err(sql)?;
        let mut spoiled = spoiled.query_map([batch], spoiled_row).map_err(sql)?;
        let mut waiting = spoiled.next().transpose().map_err(sql)?;
        let mut lines = self.conn().prepare(LINES).map_err(sql)?;
        let mut lines = lines.query([batch]).map_err(sql)?;
        while let Some(row) = lines.next().map_err(sql)? {
            let line = line_row(row).map_err(sql)?;
            while let Some(chip) = waiting.take_if(|chip| chip.line <= line.line) {
                each(&LineResult { number: line.number.clone(), ..chip })?;
                waiting = spoiled.next().transpose().map_err(sql)?;
            }
            each(&line)?;
        }
        Ok(())
    }
}

const SPOILED: &str = "SELECT line, serial, outcome, why, at FROM spoiled WHERE batch = ?1 ORDER BY line, id";
const LINES: &str = "SELECT r.line, r.number, item.serial, r.state, r.why, r.at, r.millis, item.checks \
    FROM request AS r LEFT JOIN item ON item.id = r.item WHERE r.batch = ?1 ORDER BY r.line";

fn spoiled_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<LineResult> {
    let outcome: i64 = row.get(2)?;
    Ok(LineResult {
        line: row.get(0)?,
        number: String::new(),
        serial: row.get(1)?,
        outcome: if outcome == 1 { "refused" } else { "scrapped" },
        why: row.get(3)?,
        at: row.get(4)?,
        millis: None,
        checks: Vec::new(),
    })
}

fn line_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<LineResult> {
    let (state, checks): (i64, Option<String>) = (row.get(3)?, row.get(7)?);
    Ok(LineResult {
        line: row.get(0)?,
        number: row.get(1)?,
        serial: row.get(2)?,
        outcome: match state {
            0 => "left",
            1 => "done",
            _ => "failed",
        },
        why: row.get(4)?,
        at: row.get(5)?,
        millis: row.get(6)?,
        checks: checks
            .and_then(|text| serde_json::from_str::<Vec<KeyRecord>>(&text).ok())
            .unwrap_or_default(),
    })
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
             (SELECT 1 FROM request WHERE request.batch = batch.id AND request.state = 0))",
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
        conn.prepare_cached(
            "SELECT request.batch, request.line FROM request JOIN batch ON batch.id = request.batch \
             WHERE request.number = ?1 AND request.state = 0 AND batch.kind = ?2 AND request.batch <> ?3",
        )?
        .query_row(params![row.number, kind, batch], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
    };
    let other = if before.open_lines { other(conn)? } else { None };
    if let Some((other, line)) = other {
        let why = format!(
            "{column} {} is asked for by line {line} of batch {other}, which is not done",
            row.number
        );
        return Ok(Some(RequestFault::Taken { why }));
    }
    let added = conn
        .prepare_cached(
            "INSERT INTO request (batch, line, number, serial, more) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            batch,
            row.line as i64, // lines of a file that fits on a disk
            row.number,
            row.serial.map(|serial| serial.to_string()),
            row.details.to_text()
        ])?;
    if added == 1 {
        return Ok(None);
    }
    let first_with = |column: &str, value: &str| {
        conn.prepare_cached(&format!("SELECT line FROM request WHERE batch = ?1 AND {column} = ?2"))?
            .query_row(params![batch, value], |row| row.get::<_, i64>(0))
            .optional()
    };
    if let Some(first) = first_with("number", &row.number)? {
        return Ok(Some(RequestFault::Twice { column, value: row.number.clone(), first }));
    }
    let serial = row.serial.map(|serial| serial.to_string()).unwrap_or_default();
    let first = first_with("serial", &serial)?.unwrap_or_default();
    Ok(Some(RequestFault::Twice { column: "serial", value: serial, first }))
}

fn count(conn: &Connection, batch: i64, counts: &mut Counts) -> rusqlite::Result<()> {
    let mut statement =
        conn.prepare_cached("SELECT state, count(*) FROM request WHERE batch = ?1 GROUP BY state")?;
    let mut rows = statement.query([batch])?;
    while let Some(row) = rows.next()? {
        let place = match row.get::<_, i64>(0)? {
            0 => &mut counts.open,
            1 => &mut counts.good,
            _ => &mut counts.failed,
        };
        *place = row.get(1)?;
    }
    let mut statement =
        conn.prepare_cached("SELECT outcome, count(*) FROM spoiled WHERE batch = ?1 GROUP BY outcome")?;
    let mut rows = statement.query([batch])?;
    while let Some(row) = rows.next()? {
        let place = if row.get::<_, i64>(0)? == 1 { &mut counts.refused } else { &mut counts.scrapped };
        *place = row.get(1)?;
    }
    Ok(())
}

/// Keeps one outcome; gives the reason when it clashes with what is there.
fn keep(
    conn: &Connection,
    batch: &Summary,
    place: &str,
    outcome: &Outcome,
    at: &str,
) -> rusqlite::Result<Option<String>> {
    match &outcome.done {
        Done::Good(good) => keep_good(conn, batch, place, outcome, good, at),
        Done::Spoiled { serial, begun, why, for_good } => {
            let chip = items::by_serial(conn, *serial)?;
            let stage = if *begun { Stage::Scrapped } else { Stage::Refused };
            let id = match &chip {
                Some(chip) => chip.id,
                None => items::insert(
                    conn,
                    &NewItem {
                        kind: batch.kind,
                        serial: Some(*serial),
                        number: None,
                        stage: Stage::Blank,
                        place,
                        box_: "",
                        at,
                    },
                )?,
            };
            // A chip that is somebody's card was refused here and stays what it is.
            if !chip.is_some_and(|chip| chip.stage.was_issued() || chip.stage == Stage::Scrapped) {
                claims::release(conn, id, stage, None, at)?;
            }
            items::note(conn, id, at, stage.name(), Some(&outcome.number), why)?;
            conn.prepare_cached(
                "INSERT INTO spoiled (batch, line, serial, outcome, at, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                batch.id,
                outcome.line,
                serial.to_string(),
                if *begun { 2 } else { 1 },
                at,
                why
            ])?;
            if *for_good {
                conn.prepare_cached(
                    "UPDATE request SET state = 2, why = ?3, at = ?4 WHERE batch = ?1 AND line = ?2",
                )?
                .execute(params![batch.id, outcome.line, why, at])?;
            }
            Ok(None)
        }
    }
}

fn keep_good(
    conn: &Connection,
    batch: &Summary,
    place: &str,
    outcome: &Outcome,
    good: &Good,
    at: &str,
) -> rusqlite::Result<Option<String>> {
    let chip = items::by_serial(conn, good.serial)?;
    if let Some(chip) = chip.as_ref().filter(|chip| !matches!(chip.stage, Stage::Blank | Stage::Refused)) {
        return Ok(Some(format!("the serial {} is of {} ({})", good.serial, chip.name(), chip.stage.name())));
    }
    if let Some(other) = items::by_number(conn, batch.kind, &outcome.number)? {
        return Ok(Some(format!("{} has the number", other.name())));
    }
    let checks = claims::checks(&good.keys);
    let id = match chip {
        Some(chip) => {
            conn.prepare_cached(
                "UPDATE item SET number = ?2, stage = ?3, since = ?4, checks = ?5 WHERE id = ?1",
            )?
            .execute(params![chip.id, outcome.number, Stage::Issued, at, checks])?;
            chip.id
        }
        None => conn
            .prepare_cached(
                "INSERT INTO item (kind, serial, number, stage, place, since, checks) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .insert(params![
                batch.kind,
                good.serial.to_string(),
                outcome.number,
                Stage::Issued,
                place,
                at,
                checks
            ])?,
    };
    if let Some(card) = &good.card {
        conn.prepare_cached(
            "UPDATE item SET region = ?2, suite = ?3, key_state = ?4, own_master = 1, tries = NULL WHERE id = ?1",
        )?
        .execute(params![id, card.region.to_string(), card.suite.code(), card.state.code()])?;
        delivery::note_plan(conn, good.serial, card.particulars)?;
    }
    conn.prepare_cached(
        "INSERT INTO event (item, at, what, number, detail) VALUES (?1, ?2, 'issued', ?3, ?4)",
    )?
    .execute(params![
        id,
        at,
        outcome.number,
        format!("batch {} line {}, {} commands", batch.id, outcome.line, good.apdus)
    ])?;
    close(conn, batch.id, outcome, id, good, at)?;
    Ok(None)
}

/// Closes a line with its good card, and puts image and paper into the pack.
fn close(
    conn: &Connection,
    batch: i64,
    outcome: &Outcome,
    id: i64,
    good: &Good,
    at: &str,
) -> rusqlite::Result<()> {
    if good.image.is_some() || good.pairing.is_some() {
        conn.prepare_cached("INSERT OR REPLACE INTO pack (item, image, paper) VALUES (?1, ?2, ?3)")?
            .execute(params![id, good.image, good.pairing])?;
    }
    conn.prepare_cached(
        "UPDATE request SET state = 1, item = ?3, at = ?4, millis = ?5 WHERE batch = ?1 AND line = ?2",
    )?
    .execute(params![batch, outcome.line, id, at, good.millis as i64])
    .map(drop)
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
