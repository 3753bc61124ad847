//! The journal: what it forbids, and what a crash can do to it.

use crate::{NUMBER, REGION, SERIAL};
use gridcard_kdc::ids::Serial;
use gridcard_kdc::issue::KeyCheck;
use gridcard_kdc::journal::{self, Event, Journal, JournalError, Outcome, Subject, Torn};
use keys::{Role, Suite};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use tempfile::TempDir;
use wire::profile::{CardKind, State};

const AT: &str = "2026-01-05 09:00:00";
const ISSUED: Outcome<'static> = Outcome::Issued { keys: &[], apdus: 7 };

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
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

fn failed(tries_left: Option<u8>) -> Outcome<'static> {
    Outcome::Failed { why: "refused".to_owned(), tries_left }
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
        assert!(journal.awaits(&subject));
        journal.note_own_master(AT, subject.serial).unwrap();
        journal.conclude(AT, &subject, Outcome::Issued { keys: &[key], apdus: 61 }).unwrap();
    }
    let journal = Journal::open(&path).unwrap();
    assert_eq!((journal.issued(), journal.torn()), (1, None));
    assert!(journal.has_own_master(subject.serial));
    assert!(!journal.awaits(&subject));
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let intent = r#"{"at":"2026-01-05 09:00:00","event":"intent","serial":"0102030405060708","kind":"esam","number":"000000000042","region":"33020000","suite":"3des","state":"test"}"#;
    assert_eq!(lines[0], intent);
    assert_eq!(lines[1], r#"{"at":"2026-01-05 09:00:00","event":"own-master","serial":"0102030405060708"}"#);
    let outcome = r#""keys":[{"role":"kic","check_value":"A1B2C3","confirmed":true}],"apdus":61}"#;
    assert!(lines[2].ends_with(outcome), "{}", lines[2]);
    let entries = journal::read(&path).unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[1].1.event, Event::OwnMaster { serial: subject.serial });
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
    assert!(matches!(journal.intend(AT, &done), Err(JournalError::ChipIssued { line: 2, .. })));
    let same_chip = esam(SERIAL, OTHER_NUMBER);
    assert!(matches!(journal.intend(AT, &same_chip), Err(JournalError::ChipIssued { line: 2, .. })));
    let same_number = esam(OTHER_SERIAL, NUMBER);
    let refused = journal.intend(AT, &same_number).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "esam 000000000042 was issued on card 0102030405060708 (line 2 of the journal)"
    );
    // Meters and SAMs are numbered apart.
    let psam = Subject { kind: CardKind::Psam, ..same_number };
    journal.intend(AT, &psam).unwrap();
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
    assert!(matches!(journal.check(&other_number), Err(JournalError::ChipUnderWay { line: 1, .. })));
    assert!(matches!(journal.check(&other_chip), Err(JournalError::NumberUnderWay { line: 1, .. })));
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
    assert_eq!(journal.tries_left(subject.serial), Some(2));
    journal.intend(AT, &subject).unwrap();
    journal.conclude(AT, &subject, failed(None)).unwrap();
    drop(journal);
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(journal.tries_left(subject.serial), Some(2), "another failure does not give tries back");
    journal.intend(AT, &subject).unwrap();
    journal.conclude(AT, &subject, ISSUED).unwrap();
    assert_eq!(journal.tries_left(subject.serial), None);
}

#[test]
fn one_process_at_a_time() {
    let (_folder, path) = folder();
    let journal = Journal::open(&path).unwrap();
    assert!(matches!(Journal::open(&path), Err(JournalError::Busy { .. })));
    drop(journal);
    Journal::open(&path).unwrap();
}

/// Every length a crash can leave: whole lines count, the torn rest is named, and the journal goes on.
#[test]
fn a_torn_end_is_tolerated_at_every_byte() {
    let (_folder, path) = folder();
    let (first, second) = (esam(SERIAL, NUMBER), esam(OTHER_SERIAL, OTHER_NUMBER));
    let mut journal = Journal::open(&path).unwrap();
    journal.intend(AT, &first).unwrap();
    journal.conclude(AT, &first, ISSUED).unwrap();
    journal.intend(AT, &second).unwrap();
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
    for cut in 0..=whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        let line_ends = ends.iter().filter(|end| **end < cut).count() as u64;
        // A line is whole without its line end too.
        let torn = cut != 0 && whole[cut - 1] != b'\n' && !ends.contains(&cut);
        let expected = torn.then_some(Torn { from: line_ends + 1, to: line_ends + 1 });
        assert_eq!(journal.torn(), expected.as_ref(), "cut at {cut}");
        let third = esam("AABBCCDDEEFF0011", "000000000099");
        journal.intend(AT, &third).unwrap();
        assert_eq!(journal.torn(), None);
        drop(journal);
        let again = Journal::open(&path).unwrap();
        assert!(again.awaits(&third), "cut at {cut}");
        assert_eq!(again.torn(), None);
        let events = journal::read(&path).unwrap();
        let notes = events.iter().filter(|(_, entry)| matches!(entry.event, Event::Torn { .. })).count();
        assert_eq!(notes, usize::from(torn), "cut at {cut}");
    }
}

#[test]
fn a_crash_while_mending_is_mended_too() {
    let (_folder, path) = folder();
    let subject = esam(SERIAL, NUMBER);
    std::fs::write(&path, b"{\"at\":\"2026\n{\"at\":\"2026-01-05\",\"event\":\"to").unwrap();
    let mut journal = Journal::open(&path).unwrap();
    assert_eq!(journal.torn(), Some(&Torn { from: 1, to: 2 }));
    journal.intend(AT, &subject).unwrap();
    drop(journal);
    let lines: Vec<u64> = journal::read(&path).unwrap().iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 4]);
    assert!(Journal::open(&path).unwrap().awaits(&subject));
}

#[test]
fn a_changed_line_in_the_middle_is_an_error() {
    let (_folder, path) = folder();
    let mut journal = Journal::open(&path).unwrap();
    journal.intend(AT, &esam(SERIAL, NUMBER)).unwrap();
    journal.intend(AT, &esam(OTHER_SERIAL, OTHER_NUMBER)).unwrap();
    drop(journal);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"esam\"", "\"easm\"", 1)).unwrap();
    let refused = Journal::open(&path).unwrap_err();
    assert!(matches!(refused, JournalError::Line { line: 1, .. }), "{refused}");
    assert!(refused.to_string().contains("unknown card kind \"easm\""), "{refused}");
}

#[test]
fn bytes_that_are_no_text_count_as_torn() {
    let (_folder, path) = folder();
    let subject = esam(SERIAL, NUMBER);
    Journal::open(&path).unwrap().intend(AT, &subject).unwrap();
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&[0x00, 0xFF, 0xFE]).unwrap();
    let journal = Journal::open(&path).unwrap();
    assert_eq!(journal.torn(), Some(&Torn { from: 2, to: 2 }));
    assert!(journal.awaits(&subject));
    assert_eq!(journal.tries_left(Serial([0; 8])), None);
}
