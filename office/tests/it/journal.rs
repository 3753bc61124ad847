//! The journal: what it forbids, and how it takes over the journal of an older version.

use crate::requests::{NUMBER, REGION, SERIAL};
use gridcard_office::journal::{self, IntentEnd, Journal, JournalError, Subject};
use gridcard_office::store::{Durability, FILE, Stage, Store, StoreError};
use issue::card::KeyCheck;
use keys::{Role, Suite};
use scheme::profile::{CardKind, State};
use std::path::PathBuf;
use tempfile::TempDir;

const AT: &str = "2026-01-05 09:00:00";
const ISSUED: IntentEnd<'static> = IntentEnd::Issued { keys: &[], apdus: 7 };

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    (folder, path)
}

fn esam(serial: &str, number: &str) -> Subject {
    Subject {
        serial: serial.parse().unwrap(),
        kind: CardKind::Esam,
        number: number.parse().unwrap(),
        region: REGION.parse().unwrap(),
        suite: Suite::TripleDes,
        state: State::Test,
    }
}

fn failed(tries_left: Option<u8>) -> IntentEnd<'static> {
    IntentEnd::Failed { why: "refused".to_owned(), tries_left }
}

const OTHER_SERIAL: &str = "0102030405060709";
const OTHER_NUMBER: &str = "000000000043";

#[test]
fn what_was_written_is_there_after_opening_again() {
    let (_folder, path) = folder();
    let subject = esam(SERIAL, NUMBER);
    let key = KeyCheck { role: Role::Kic, check_value: "A1B2C3".parse().unwrap(), confirmed: true };
    {
        let mut journal = Journal::open(&path).unwrap();
        journal.intend(AT, &subject).unwrap();
        assert!(journal.awaits(&subject).unwrap());
        journal.note_own_master(AT, subject.serial).unwrap();
        journal.conclude(AT, &subject, IntentEnd::Issued { keys: &[key], apdus: 61 }).unwrap();
    }
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(journal.issued().unwrap(), 1);
    assert!(journal.has_own_master(subject.serial).unwrap());
    assert!(!journal.awaits(&subject).unwrap());
    let chip = journal.store().chip(subject.serial).unwrap().unwrap();
    assert_eq!((chip.stage, chip.number.as_deref()), (Stage::Issued, Some(NUMBER)));
    assert_eq!(chip.checks.unwrap(), r#"[{"role":"kic","check_value":"A1B2C3","confirmed":true}]"#);
    drop(journal);
    let entries = journal::read(&path).unwrap();
    let words: Vec<&str> = entries.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(words, ["intent", "own-master", "issued"]);
    assert_eq!(entries[2].detail, "61 commands");
}

#[test]
fn a_chip_and_a_number_are_issued_once() {
    let (_folder, path) = folder();
    let done = esam(SERIAL, NUMBER);
    let mut journal = Journal::open(&path).unwrap();
    journal.intend(AT, &done).unwrap();
    journal.conclude(AT, &done, ISSUED).unwrap();
    drop(journal);
    let mut journal = Journal::open(&path).unwrap();
    assert!(matches!(journal.intend(AT, &done), Err(JournalError::ChipIssued { .. })));
    let same_chip = esam(SERIAL, OTHER_NUMBER);
    assert!(matches!(journal.intend(AT, &same_chip), Err(JournalError::ChipIssued { .. })));
    let same_number = esam(OTHER_SERIAL, NUMBER);
    let refused = journal.intend(AT, &same_number).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "esam 000000000042 was issued on card 0102030405060708 (on 2026-01-05 09:00:00)"
    );
    // Meters and SAMs are numbered apart.
    let psam = Subject { kind: CardKind::Psam, ..same_number };
    journal.intend(AT, &psam).unwrap();
    drop(journal);
    assert_eq!(journal::read(&path).unwrap().len(), 3, "refusals write nothing");
}

#[test]
fn a_card_under_way_keeps_its_chip_and_number() {
    let (_folder, path) = folder();
    let begun = esam(SERIAL, NUMBER);
    let mut journal = Journal::open(&path).unwrap();
    journal.intend(AT, &begun).unwrap();
    let other_number = esam(SERIAL, OTHER_NUMBER);
    let other_chip = esam(OTHER_SERIAL, NUMBER);
    assert!(matches!(journal.check(&other_number), Err(JournalError::ChipUnderWay { .. })));
    assert!(matches!(journal.check(&other_chip), Err(JournalError::NumberUnderWay { .. })));
    journal.intend(AT, &begun).unwrap();
    journal.conclude(AT, &begun, failed(None)).unwrap();
    journal.check(&other_number).unwrap();
    journal.intend(AT, &other_chip).unwrap();
    assert!(matches!(journal.check(&begun), Err(JournalError::NumberUnderWay { .. })));
}

#[test]
fn an_outcome_needs_its_intent() {
    let (_folder, path) = folder();
    let subject = esam(SERIAL, NUMBER);
    let mut journal = Journal::open(&path).unwrap();
    let nothing = journal.conclude(AT, &subject, ISSUED);
    assert!(matches!(nothing, Err(JournalError::NoIntent { .. })));
    journal.intend(AT, &subject).unwrap();
    let other = journal.conclude(AT, &esam(SERIAL, OTHER_NUMBER), ISSUED);
    assert!(matches!(other, Err(JournalError::NoIntent { .. })));
}

#[test]
fn tries_are_remembered_until_a_success() {
    let (_folder, path) = folder();
    let subject = esam(SERIAL, NUMBER);
    let mut journal = Journal::open(&path).unwrap();
    journal.intend(AT, &subject).unwrap();
    journal.conclude(AT, &subject, failed(Some(2))).unwrap();
    assert_eq!(journal.tries_left(subject.serial).unwrap(), Some(2));
    journal.intend(AT, &subject).unwrap();
    journal.conclude(AT, &subject, failed(None)).unwrap();
    drop(journal);
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(
        journal.tries_left(subject.serial).unwrap(),
        Some(2),
        "another failure does not give tries back"
    );
    journal.intend(AT, &subject).unwrap();
    journal.conclude(AT, &subject, ISSUED).unwrap();
    assert_eq!(journal.tries_left(subject.serial).unwrap(), None);
}

#[test]
fn one_process_at_a_time() {
    let (_folder, path) = folder();
    let journal = Journal::open(&path).unwrap();
    assert!(matches!(Journal::open(&path), Err(JournalError::Store(StoreError::Issuing { .. }))));
    drop(journal);
    Journal::open(&path).unwrap();
}

/// A line of the journal of an older version.
fn line(event: &str, subject: &Subject, more: &str) -> String {
    format!(
        r#"{{"at":"{AT}","event":"{event}","serial":"{}","kind":"esam","number":"{}","region":"{REGION}","suite":"3des","state":"test"{more}}}"#,
        subject.serial, subject.number
    )
}

/// Every length a crash can leave of an old journal: whole lines count, the torn rest counts for nothing, and the
/// file is renamed.
#[test]
fn an_old_journal_is_taken_over_at_every_length() {
    let (first, second) = (esam(SERIAL, NUMBER), esam(OTHER_SERIAL, OTHER_NUMBER));
    let lines = [
        line("intent", &first, ""),
        line("issued", &first, r#","keys":[],"apdus":7"#),
        line("intent", &second, ""),
        format!(r#"{{"at":"{AT}","event":"own-master","serial":"{OTHER_SERIAL}"}}"#),
        line("failed", &second, r#","why":"refused","tries_left":2"#),
    ];
    let whole = lines.join("\n") + "\n";
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole.as_bytes()[*at] == b'\n').collect();
    for cut in (0..=whole.len()).step_by(13).chain(ends.iter().flat_map(|end| [*end, end + 1])) {
        let (folder, path) = folder();
        let old = folder.path().join("journal.jsonl");
        std::fs::write(&old, &whole[..cut]).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        // A line is whole without its line end too.
        let done = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(journal.store().happenings().unwrap().len(), done, "cut at {cut}");
        assert_eq!(journal.awaits(&first).unwrap(), done == 1, "cut at {cut}");
        assert_eq!(journal.issued().unwrap(), i64::from(done >= 2), "cut at {cut}");
        assert_eq!(journal.awaits(&second).unwrap(), done == 3 || done == 4, "cut at {cut}");
        assert_eq!(journal.has_own_master(second.serial).unwrap(), done >= 4, "cut at {cut}");
        assert_eq!(journal.tries_left(second.serial).unwrap(), (done == 5).then_some(2), "cut at {cut}");
        assert!(!old.exists());
        drop(journal);
        // Killed before the renaming: the same file again changes nothing.
        std::fs::write(&old, &whole[..cut]).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.store().happenings().unwrap().len(), done, "cut at {cut}, twice");
    }
}

#[test]
fn torn_lines_that_an_old_journal_explains_count_for_nothing() {
    let (folder, path) = folder();
    let subject = esam(SERIAL, NUMBER);
    let torn = format!(r#"{{"at":"{AT}","event":"torn","from":1,"to":1}}"#);
    let text = ["{\"at\":\"20", &torn, &line("intent", &subject, "")].join("\n");
    std::fs::write(folder.path().join("journal.jsonl"), text).unwrap();
    assert!(Journal::open(&path).unwrap().awaits(&subject).unwrap());
}

#[test]
fn a_changed_line_of_an_old_journal_is_an_error_and_nothing_is_taken_over() {
    let (folder, path) = folder();
    let old = folder.path().join("journal.jsonl");
    let lines =
        [line("intent", &esam(SERIAL, NUMBER), ""), line("intent", &esam(OTHER_SERIAL, OTHER_NUMBER), "")];
    std::fs::write(&old, lines.join("\n").replacen("\"esam\"", "\"easm\"", 1)).unwrap();
    let refused = Journal::open(&path).unwrap_err();
    assert!(matches!(refused, JournalError::Store(StoreError::OldLine { line: 1, .. })), "{refused}");
    assert!(refused.to_string().contains("unknown card kind \"easm\""), "{refused}");
    assert!(old.exists());
}

#[test]
fn a_clock_that_went_back_a_day_is_named() {
    let (_folder, path) = folder();
    let mut journal = Journal::open(&path).unwrap();
    journal.intend(AT, &esam(SERIAL, NUMBER)).unwrap();
    let other = esam(OTHER_SERIAL, OTHER_NUMBER);
    // A clock that is put right by minutes is no clock that went back.
    let error = journal.intend("2026-01-04 23:59:59", &other).unwrap_err();
    assert!(error.to_string().contains("the clock went back"), "{error}");
    journal.intend("2026-01-05 08:59:00", &other).unwrap();
}

#[test]
fn a_foreign_file_and_a_newer_store_are_refused() {
    let (folder, path) = folder();
    std::fs::write(&path, "this is no database, and long enough to look like one").unwrap();
    let error = Store::open(&path, Durability::Now).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    let other = folder.path().join("other.sqlite");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let error = Store::open(&other, Durability::Now).unwrap_err();
    assert!(matches!(error, StoreError::NotOurs { .. }), "{error}");
    let newer = folder.path().join("newer.sqlite");
    drop(Store::open(&newer, Durability::Now).unwrap());
    let sql = "INSERT INTO schema_version (version) VALUES (99)";
    rusqlite::Connection::open(&newer).unwrap().execute_batch(sql).unwrap();
    let error = Store::open(&newer, Durability::Now).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
}
