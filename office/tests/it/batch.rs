//! Batches without cards: request files, what is kept when, and what adds up.

use crate::requests::REGION;
use gridcard_office::batch::request::{self, Row};
use gridcard_office::batch::{
    Attempt, BatchError, Control, Counts, Done, Ended, Good, Job, LineEnd, Maker, NewBatch, RequestFault,
    Summary, Watch, hash_of, run_packed,
};
use gridcard_office::store::pack::{expand, squeeze};
use gridcard_office::store::{Durability, ItemKind, Store};
use scheme::numbers::Serial;
use scheme::profile::CardKind;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const AT: &str = "2026-01-05 09:00:00";
const KIND: ItemKind = ItemKind::Card(CardKind::Esam);

/// A line, and what it asks for.
type Line = (u64, Result<Row, RequestFault>);

fn rows(kind: CardKind, text: &[u8]) -> Result<Vec<Line>, BatchError> {
    let mut rows = Vec::new();
    request::read(kind, text, |line, row| {
        rows.push((line, row));
        Ok(())
    })?;
    Ok(rows)
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let text = "\u{FEFF}Number , ceiling\r\n\r\n000000000012,\r000000000002,12.50\n\n\n\"000000000003\",\n";
    let rows = rows(CardKind::Esam, text.as_bytes()).unwrap();
    let found: Vec<(u64, String, Option<u32>)> = rows
        .into_iter()
        .map(|(line, row)| row.map(|row| (line, row.number, row.details.ceiling_fen)).unwrap())
        .collect();
    let number = |n: u32| format!("{n:012}");
    assert_eq!(found, [(3, number(12), None), (4, number(2), Some(1250)), (7, number(3), None)]);
}

#[test]
fn every_fault_of_a_line_is_named() {
    let text = b"number,serial,ceiling\n12345,,\n00000000000x,,\n000000000012,zz,\n000000000002,,0\n000000000003,,1.234\n000000000004\n,0102030405060708,\n\xFF\n,,\n";
    let words: Vec<String> = rows(CardKind::Esam, text)
        .unwrap()
        .into_iter()
        .map(|(_, row)| row.unwrap_err().to_string())
        .collect();
    let expected = [
        "number: a device number has 12 digits, this has 5",
        "number: a device number: 'x' at place 12 is no digit",
        "serial: a card serial: 'z' at place 1 is no digit",
        "ceiling: 0.00 yuan is not between 0.01 and 999999.99 yuan",
        "ceiling: ",
        "has 1 fields, the first line names 3",
        "no number",
        "is not UTF-8 text at its byte 1",
    ];
    assert_eq!(words.len(), expected.len(), "{words:?}");
    for (word, expected) in words.iter().zip(expected) {
        assert!(word.starts_with(expected), "{word:?} is not {expected:?}");
    }
    let sims = b"iccid,imsi,msisdn\n8986,460000207447767,\n89860021047987991756,,\n89860021047987991756,460000207447767,+86x\n";
    assert!(rows(CardKind::Sim, sims).unwrap().iter().all(|(_, row)| row.is_err()));
}

#[test]
fn a_header_that_fits_no_kind_is_refused() {
    for (kind, header) in [
        (CardKind::Esam, "serial,ceiling"),
        (CardKind::Esam, "number,colour"),
        (CardKind::Esam, "number,meter"),
        (CardKind::Psam, "number,ceiling"),
        (CardKind::Sim, "iccid,msisdn"),
    ] {
        let error = rows(kind, format!("{header}\n").as_bytes()).unwrap_err();
        assert!(matches!(error, BatchError::Header { .. }), "{header}: {error}");
    }
    assert!(matches!(rows(CardKind::Esam, b"").unwrap_err(), BatchError::Empty));
}

/// A store and a request file beside it.
struct Office {
    folder: tempfile::TempDir,
    store: Store,
}

impl Office {
    fn new() -> Self {
        Office { folder: tempfile::tempdir().unwrap(), store: Store::in_memory().unwrap() }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn begin(&mut self, name: &str, text: &str) -> Result<Summary, BatchError> {
        let path = self.file(name, text);
        let sha256 = hash_of(&path).unwrap();
        let new = NewBatch { kind: CardKind::Esam, region: REGION, file: name, sha256: &sha256, at: AT };
        let id = self.store.begin_batch(&new, &path)?;
        Ok(self.store.batch(id)?.unwrap())
    }

    fn look(&mut self, name: &str, text: &str) -> Result<Summary, BatchError> {
        let path = self.file(name, text);
        let sha256 = hash_of(&path).unwrap();
        let new = NewBatch { kind: CardKind::Esam, region: REGION, file: name, sha256: &sha256, at: AT };
        self.store.try_batch(&new, &path)
    }
}

fn request(count: u32) -> String {
    (2..=count + 1).fold(String::from("number\n"), |text, n| text + &format!("{n:012}\n"))
}

#[test]
fn a_request_with_one_bad_line_begins_nothing() {
    let mut office = Office::new();
    let text =
        "number,serial\n000000000012,0102030405060708\n000000000012,\n000000000002,0102030405060708\n123,\n";
    let error = office.begin("bad.csv", text).unwrap_err();
    let BatchError::Lines { first, total: 3 } = error else { panic!("{error}") };
    let words: Vec<String> = first.iter().map(ToString::to_string).collect();
    assert_eq!(words[0], "line 3: number 000000000012 stands in line 2 already");
    assert_eq!(words[1], "line 4: serial 0102030405060708 stands in line 2 already");
    assert!(words[2].starts_with("line 5: number: "), "{words:?}");
    assert!(office.store.batches().unwrap().is_empty());
    assert!(matches!(office.begin("none.csv", "number\n\n").unwrap_err(), BatchError::Empty));
}

#[test]
fn a_number_of_an_open_batch_is_not_asked_for_twice() {
    let mut office = Office::new();
    office.begin("one.csv", &request(3)).unwrap();
    let again = office.begin("copy.csv", &request(3)).unwrap_err();
    assert!(matches!(again, BatchError::Begun { id: 1, open: 3, .. }), "{again}");
    let error = office.begin("two.csv", "number\n000000000009\n000000000004\n").unwrap_err();
    let BatchError::Lines { first, total: 1 } = error else { panic!("{error}") };
    assert_eq!(
        first[0].to_string(),
        "line 3: number 000000000004 is asked for by line 4 of batch 1, which is not done"
    );
}

/// A card that is fed takes the next open line, whatever number of lines is done: also in a store that version 3 left, which had no
/// index of open lines.
#[test]
fn the_next_open_line_is_found_without_walking_over_those_that_are_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("office.sqlite");
    let mut office = Office { store: Store::open(&path, Durability::Now).unwrap(), folder };
    let named = "000000000004,AB00000000000009\n";
    let batch =
        office.begin("some.csv", &format!("number,serial\n{named}000000000002,\n000000000003,\n")).unwrap();
    let sql = "DROP INDEX request_open; DELETE FROM schema_version WHERE version > 3;";
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    drop(office.store);

    let mut store = Store::open(&path, Durability::Now).unwrap();
    let next = |store: &Store, n| store.line_for(batch.id, chip(n)).unwrap().map(|job| job.line);
    assert_eq!((next(&store, 9), next(&store, 1)), (Some(2), Some(3)));
    let done = |line, n, number: &str| LineEnd {
        line,
        number: number.to_owned(),
        done: match good(chip(n)) {
            Attempt::Good(good) => Done::Good(good),
            _ => panic!("it is good"),
        },
    };
    store.keep(&batch, "pack", &[done(3, 1, "000000000002")], AT).unwrap();
    assert_eq!((next(&store, 9), next(&store, 2)), (Some(2), Some(4)));
    store.keep(&batch, "pack", &[done(4, 2, "000000000003")], AT).unwrap();
    assert_eq!((next(&store, 9), next(&store, 3)), (Some(2), None));
    drop(store);

    let sql = "EXPLAIN QUERY PLAN SELECT line FROM request INDEXED BY request_open \
               WHERE batch = 1 AND state = 0 AND serial IS NULL ORDER BY line LIMIT 1";
    let conn = rusqlite::Connection::open(&path).unwrap();
    let mut plan = conn.prepare(sql).unwrap();
    let plan: Vec<String> =
        plan.query_map([], |row| row.get("detail")).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(plan, ["SEARCH request USING COVERING INDEX request_open (batch=? AND serial=?)"]);
}

/// Makes good cards, but for what a rule says of the chip and the attempt.
struct Toy<'t> {
    rule: &'t (dyn Fn(&Job) -> Option<Attempt> + Sync),
    made: &'t AtomicU32,
}

impl Maker for Toy<'_> {
    fn work(&mut self, next: &mut dyn FnMut() -> Option<Job>, done: &mut dyn FnMut(Job, Attempt) -> bool) {
        while let Some(job) = next() {
            let n = self.made.fetch_add(1, Ordering::Relaxed);
            let made = (self.rule)(&job).unwrap_or_else(|| good(job.serial.unwrap_or(chip(n))));
            if !done(job, made) {
                return;
            }
        }
    }
}

fn chip(n: u32) -> Serial {
    Serial((u64::from(n) | 0xAB00_0000_0000_0000).to_be_bytes())
}

fn good(serial: Serial) -> Attempt {
    let image = Some(squeeze(&serial.0.repeat(100)));
    Attempt::Good(Box::new(Good {
        serial,
        card: None,
        keys: vec![],
        apdus: 1,
        millis: 0,
        image,
        pairing: None,
    }))
}

#[derive(Default)]
struct Seen {
    good: Vec<String>,
    said: Vec<String>,
}

impl Watch for Seen {
    fn kept(&mut self, outcomes: &[LineEnd]) {
        for outcome in outcomes {
            if matches!(outcome.done, gridcard_office::batch::Done::Good(_)) {
                self.good.push(outcome.number.clone());
            }
        }
    }

    fn say(&mut self, words: &str) {
        self.said.push(words.to_owned());
    }
}

fn run(
    store: &mut Store,
    batch: i64,
    stop: &(dyn Fn() -> bool + Sync),
    rule: &(dyn Fn(&Job) -> Option<Attempt> + Sync),
    made: &AtomicU32,
) -> (Result<Ended, BatchError>, Seen) {
    let mut seen = Seen::default();
    let batch = store.batch(batch).unwrap().unwrap();
    let mut workers = [Toy { rule, made }, Toy { rule, made }];
    let now = || AT.to_owned();
    let mut control = Control {
        stop,
        stop_after: 3,
        now: &now,
        group: 7,
        every: Duration::from_millis(20),
        place: "pack",
        before_commit: &mut || Ok(()),
        watch: &mut seen,
    };
    let ended = run_packed(store, &batch, &mut workers, &mut control);
    (ended, seen)
}

#[test]
fn a_batch_is_done_once_and_adds_up() {
    let mut office = Office::new();
    let batch = office.begin("request.csv", &request(100)).unwrap();
    let made = AtomicU32::new(0);
    let (ended, seen) = run(&mut office.store, batch.id, &|| false, &|_| None, &made);
    assert_eq!(ended.unwrap(), Ended::Done);
    assert_eq!(seen.good.iter().collect::<BTreeSet<_>>().len(), 100);
    let counts = office.store.counts(batch.id).unwrap();
    assert_eq!(counts, Counts { asked: 100, good: 100, ..Counts::default() });
    let packed = office.store.packed(KIND, "000000000077").unwrap().unwrap();
    let chip = office.store.numbered(KIND, "000000000077").unwrap().unwrap();
    assert_eq!(packed.image.unwrap(), chip.serial.unwrap().0.repeat(100));
    let again = office.begin("request.csv", &request(100)).unwrap_err();
    assert!(matches!(again, BatchError::Done { .. }), "{again}");
    let other = office.begin("other.csv", "number\n000000000100\n").unwrap_err();
    assert!(matches!(other, BatchError::Lines { total: 1, .. }), "{other}");
}

#[test]
fn a_look_at_a_request_begins_no_batch() {
    let mut office = Office::new();
    let looked = office.look("request.csv", &request(7)).unwrap();
    assert_eq!((looked.counts.asked, looked.counts.open), (7, 7));
    assert_eq!(looked.first.as_deref(), Some("000000000002"));
    assert!(office.store.batches().unwrap().is_empty());
    assert!(office.store.knows_nothing().unwrap());
    let twice = office.look("twice.csv", "number\n000000000005\n000000000005\n").unwrap_err();
    assert!(matches!(twice, BatchError::Lines { total: 1, .. }), "{twice}");
    assert_eq!(office.begin("request.csv", &request(7)).unwrap().id, looked.id);
    let again = office.look("request.csv", &request(7)).unwrap_err();
    assert!(matches!(again, BatchError::Begun { open: 7, .. }), "{again}");
}

#[test]
fn a_spoiled_chip_gives_its_number_to_another() {
    let mut office = Office::new();
    let batch = office.begin("request.csv", &request(20)).unwrap();
    let made = AtomicU32::new(0);
    let rule = |job: &Job| {
        let begun = job.number.ends_with('7');
        let serial = chip(10_000 + job.line as u32);
        let why = "worn out".to_owned();
        (begun && job.attempt == 0).then_some(Attempt::Spoiled { serial, begun, why })
    };
    let (ended, _) = run(&mut office.store, batch.id, &|| false, &rule, &made);
    assert_eq!(ended.unwrap(), Ended::Done);
    let counts = office.store.counts(batch.id).unwrap();
    assert_eq!((counts.good, counts.scrapped, counts.failed), (20, 2, 0));
    let mut lines = Vec::new();
    office
        .store
        .results(batch.id, |line| {
            lines.push((line.line, line.outcome));
            Ok::<(), BatchError>(())
        })
        .unwrap();
    assert_eq!(lines.len(), 22);
    assert_eq!(lines[5..7], [(7, "scrapped"), (7, "done")]);
}

#[test]
fn a_line_that_names_a_spoiled_chip_has_failed() {
    let mut office = Office::new();
    let text = "number,serial\n000000000012,0102030405060708\n000000000002,\n";
    let batch = office.begin("request.csv", text).unwrap();
    let rule = |job: &Job| {
        let why = "not blank".to_owned();
        job.serial.map(|serial| Attempt::Spoiled { serial, begun: false, why })
    };
    let (ended, _) = run(&mut office.store, batch.id, &|| false, &rule, &AtomicU32::new(0));
    assert_eq!(ended.unwrap(), Ended::Done);
    let counts = office.store.counts(batch.id).unwrap();
    assert_eq!((counts.good, counts.failed, counts.refused, counts.open), (1, 1, 1, 0));
    assert!(counts.reconciled());
}

#[test]
fn failures_one_after_another_and_a_lost_source_end_the_run_and_it_goes_on_later() {
    let mut office = Office::new();
    let batch = office.begin("request.csv", &request(50)).unwrap();
    let made = AtomicU32::new(0);
    let bad = AtomicU32::new(0);
    let rule = |_: &Job| {
        let n = bad.fetch_add(1, Ordering::Relaxed);
        (n >= 10).then(|| Attempt::Spoiled { serial: chip(50_000 + n), begun: true, why: "torn".into() })
    };
    let (ended, _) = run(&mut office.store, batch.id, &|| false, &rule, &made);
    assert!(matches!(ended.unwrap(), Ended::Failures { count: 3, .. }));
    let lost = |_: &Job| Some(Attempt::Lost { why: "spent".into(), gone: false });
    let (ended, _) = run(&mut office.store, batch.id, &|| false, &lost, &made);
    assert_eq!(ended.unwrap(), Ended::Lost { why: "spent".into(), gone: false });
    let counts = office.store.counts(batch.id).unwrap();
    assert!(counts.good == 10 && counts.scrapped >= 3 && counts.reconciled(), "{counts:?}");
    let (ended, _) = run(&mut office.store, batch.id, &|| false, &|_| None, &made);
    assert_eq!(ended.unwrap(), Ended::Done);
    assert_eq!(office.store.counts(batch.id).unwrap().good, 50);
}

#[test]
fn a_stopped_run_keeps_what_was_made_and_repeats_none() {
    let mut office = Office::new();
    let batch = office.begin("request.csv", &request(400)).unwrap();
    let made = AtomicU32::new(0);
    let mut kept = Vec::new();
    for stop_at in [40, 150, u32::MAX] {
        let stop = || made.load(Ordering::Relaxed) >= stop_at;
        let (ended, seen) = run(&mut office.store, batch.id, &stop, &|_| None, &made);
        let expected = if stop_at == u32::MAX { Ended::Done } else { Ended::Stopped };
        assert_eq!(ended.unwrap(), expected);
        kept.extend(seen.good);
        assert_eq!(office.store.counts(batch.id).unwrap().good, kept.len() as i64);
    }
    // Every card that was made was kept: none was made for nothing.
    assert_eq!(made.load(Ordering::Relaxed), 400);
    assert_eq!(kept.iter().collect::<BTreeSet<_>>().len(), 400);
}

#[test]
fn two_chips_of_one_serial_are_not_both_kept() {
    let mut office = Office::new();
    let batch = office.begin("request.csv", &request(5)).unwrap();
    let rule = |job: &Job| (job.attempt == 0 && job.line < 4).then(|| good(chip(77_777)));
    let (ended, seen) = run(&mut office.store, batch.id, &|| false, &rule, &AtomicU32::new(0));
    assert_eq!(ended.unwrap(), Ended::Done);
    assert_eq!(seen.said.len(), 1, "{:?}", seen.said);
    assert_eq!(office.store.counts(batch.id).unwrap().good, 5);
}

#[test]
fn what_cannot_be_kept_before_the_cards_stops_the_run_and_no_card_is_kept() {
    let mut office = Office::new();
    let batch = office.begin("request.csv", &request(30)).unwrap();
    let mut seen = Seen::default();
    let (made, now) = (AtomicU32::new(0), || AT.to_owned());
    let mut control = Control {
        stop: &|| false,
        stop_after: 3,
        now: &now,
        group: 7,
        every: Duration::from_millis(20),
        place: "pack",
        before_commit: &mut || Err("the issuing card's file is gone".to_owned()),
        watch: &mut seen,
    };
    let error =
        run_packed(&mut office.store, &batch, &mut [Toy { rule: &|_| None, made: &made }], &mut control);
    assert!(matches!(error, Err(BatchError::BeforeCommit { .. })));
    assert!(seen.good.is_empty());
    assert_eq!(office.store.counts(batch.id).unwrap().good, 0);
}

#[test]
fn packed_bytes_come_out_as_they_went_in_and_damage_is_no_panic() {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for len in (0..300).chain([4096, 9280, 70_000]) {
        let bytes: Vec<u8> = (0..len).map(|i| if (i / 100) % 3 == 0 { 0 } else { next() as u8 }).collect();
        let packed = squeeze(&bytes);
        assert_eq!(expand(&packed).as_deref(), Some(&bytes[..]), "{len}");
        for _ in 0..20 {
            let mut damaged = packed.clone();
            let at = next() as usize % damaged.len();
            damaged[at] ^= 1 << (next() % 8);
            damaged.truncate(damaged.len() - (next() as usize % 3).min(damaged.len()));
            let _ = expand(&damaged);
        }
    }
    assert!(squeeze(&[0; 9280]).len() < 20);
}
