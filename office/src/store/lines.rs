//! Lines of a batch in the store: which are open, and what became of their chips.

use super::base::{Store, note_log_end, tick};
use super::error::StoreError;
use super::items::{self, NewItem, Stage};
use super::query;
use super::{claims, delivery};
use crate::batch::request::Details;
use crate::batch::{Done, Good, Job, LineEnd, Summary};
use rusqlite::{Connection, params};

impl Store {
    /// Open lines of a batch behind a line, in order; but those whose number is under way on a chip, which wait for it.
    pub fn open_lines(&self, batch: i64, after: i64, most: usize) -> Result<Vec<Job>, StoreError> {
        self.jobs(
            "WHERE batch = ?1 AND line > ?2 AND state = 0 AND NOT EXISTS (SELECT 1 FROM item JOIN batch AS b \
             ON b.id = ?1 WHERE item.kind = b.kind AND item.number = request.number) ORDER BY line LIMIT ?3",
            params![batch, after, most as i64],
        )
    }

    /// The open line that a chip is for: the one that names it, the one it was begun for, or the next that takes any.
    pub fn line_for(&self, batch: i64, chip: scheme::numbers::Serial) -> Result<Option<Job>, StoreError> {
        let chip = chip.to_string();
        let named = self.jobs("WHERE batch = ?1 AND serial = ?2 AND state = 0", params![batch, chip])?;
        if let Some(job) = named.into_iter().next() {
            return Ok(Some(job));
        }
        let begun = self.jobs(
            "WHERE batch = ?1 AND state = 0 AND number = (SELECT number FROM item WHERE item.serial = ?2)",
            params![batch, chip],
        )?;
        if let Some(job) = begun.into_iter().next() {
            return Ok(Some(job));
        }
        // A number that is under way on another chip waits for that chip. The index is named, since without it every line
        // that is done would be walked over for each card.
        let any = self.jobs(
            "INDEXED BY request_open WHERE batch = ?1 AND state = 0 AND serial IS NULL AND NOT EXISTS (SELECT 1 FROM item JOIN batch AS b \
             ON b.id = ?1 WHERE item.kind = b.kind AND item.number = request.number) ORDER BY line LIMIT 1",
            params![batch],
        )?;
        Ok(any.into_iter().next())
    }

    fn jobs(&self, filter: &str, params: impl rusqlite::Params) -> Result<Vec<Job>, StoreError> {
        let sql = format!("SELECT line, number, serial, more FROM request {filter}");
        self.rows(&sql, params, |row| {
            let serial: Option<String> = row.get(2)?;
            let more: String = row.get(3)?;
            Ok(Job {
                line: row.get(0)?,
                number: row.get(1)?,
                serial: serial.and_then(|text| text.parse().ok()),
                details: Details::from_text(&more),
                attempt: 0,
            })
        })
    }

    /// How many chips were spoiled for a line before, so that the next one differs.
    pub fn attempts(&self, batch: i64, line: i64) -> Result<u32, StoreError> {
        self.value("SELECT count(*) FROM spoiled WHERE batch = ?1 AND line = ?2", params![batch, line])
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
        outcomes: &[LineEnd],
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
                let clashed = |outcome: &&LineEnd| !clashes.iter().any(|(line, _)| *line == outcome.line);
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
    pub fn line_done(&mut self, batch: &Summary, outcome: &LineEnd, at: &str) -> Result<(), StoreError> {
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
                 AND NOT EXISTS (SELECT 1 FROM request INDEXED BY request_open WHERE batch = ?1 AND state = 0)",
                params![batch, at],
            )
            .map(drop)
            .map_err(|error| StoreError::of(&path, error))
        })
    }
}

/// Keeps one outcome; gives the reason when it clashes with what is there.
fn keep(
    conn: &Connection,
    batch: &Summary,
    place: &str,
    outcome: &LineEnd,
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
            query::change(
                conn,
                "INSERT INTO spoiled (batch, line, serial, outcome, at, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![batch.id, outcome.line, serial.to_string(), if *begun { 2 } else { 1 }, at, why],
            )?;
            if *for_good {
                query::change(
                    conn,
                    "UPDATE request SET state = 2, why = ?3, at = ?4 WHERE batch = ?1 AND line = ?2",
                    params![batch.id, outcome.line, why, at],
                )?;
            }
            Ok(None)
        }
    }
}

fn keep_good(
    conn: &Connection,
    batch: &Summary,
    place: &str,
    outcome: &LineEnd,
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
            query::change(
                conn,
                "UPDATE item SET number = ?2, stage = ?3, since = ?4, checks = ?5 WHERE id = ?1",
                params![chip.id, outcome.number, Stage::Issued, at, checks],
            )?;
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
        query::change(
            conn,
            "UPDATE item SET region = ?2, suite = ?3, key_state = ?4, own_master = 1, tries = NULL WHERE id = ?1",
            params![id, card.region.to_string(), card.suite.code(), card.state.code()],
        )?;
        delivery::note_plan(conn, good.serial, card.particulars)?;
    }
    query::change(
        conn,
        "INSERT INTO event (item, at, what, number, detail) VALUES (?1, ?2, 'issued', ?3, ?4)",
        params![
            id,
            at,
            outcome.number,
            format!("batch {} line {}, {} commands", batch.id, outcome.line, good.apdus)
        ],
    )?;
    close(conn, batch.id, outcome, id, good, at)?;
    Ok(None)
}

/// Closes a line with its good card, and puts image and paper into the pack.
fn close(
    conn: &Connection,
    batch: i64,
    outcome: &LineEnd,
    id: i64,
    good: &Good,
    at: &str,
) -> rusqlite::Result<()> {
    if good.image.is_some() || good.pairing.is_some() {
        query::change(
            conn,
            "INSERT OR REPLACE INTO pack (item, image, paper) VALUES (?1, ?2, ?3)",
            params![id, good.image, good.pairing],
        )?;
    }
    query::change(
        conn,
        "UPDATE request SET state = 1, item = ?3, at = ?4, millis = ?5 WHERE batch = ?1 AND line = ?2",
        params![batch, outcome.line, id, at, good.millis as i64],
    )
    .map(drop)
}
