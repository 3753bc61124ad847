//! The audit log: every change, removal and reordering is found; a crash is told apart; the clock.

use gridcard_office::audit::{
    Audit, AuditError, AuditFinding, Ending, Hash, LogEvent, Report, head_path, verify,
};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

const LINES: usize = 12;

struct Log {
    _folder: TempDir,
    path: PathBuf,
}

impl Log {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        Log { _folder: folder, path }
    }

    fn of(lines: usize) -> Self {
        let log = Log::empty();
        let mut audit = log.open();
        for line in 0..lines {
            add(&mut audit, line);
        }
        log
    }

    fn open(&self) -> Audit {
        Audit::open(&self.path, "li ming", true).unwrap()
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.path).unwrap().lines().map(str::to_owned).collect()
    }

    fn write(&self, lines: &[String]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&self.path, text).unwrap();
    }

    fn verify(&self, head: Option<Hash>) -> Report {
        verify(&self.path, head, |_| {}).unwrap()
    }

    /// Without the head file, which an intruder would take along.
    fn findings_without_head(&self) -> Vec<AuditFinding> {
        let head = head_path(&self.path);
        let kept = fs::read(&head).unwrap();
        fs::remove_file(&head).unwrap();
        let findings = self.verify(None).findings;
        fs::write(&head, kept).unwrap();
        findings
    }
}

fn at(line: usize) -> String {
    format!("2026-11-24 08:{:02}:{:02}", line / 60, line % 60)
}

fn add(audit: &mut Audit, line: usize) {
    audit.add(&at(line), LogEvent::Export, None, &[], Ending::Done, &[("line", line.to_string())]).unwrap();
}

#[test]
fn an_untouched_log_is_sound() {
    let log = Log::of(LINES);
    let report = log.verify(None);
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.head.lines, report.behind_head_file), (LINES as u64, Some(0)));
    // Any head that was written down on the way is found again.
    let hashes: Vec<Hash> = log.lines().iter().map(|line| hash_of(line)).collect();
    for (i, hash) in hashes.iter().enumerate() {
        let report = log.verify(Some(*hash));
        assert!(report.is_sound());
        assert_eq!(report.behind_head, Some((LINES - 1 - i) as u64));
    }
}

fn hash_of(line: &str) -> Hash {
    line[line.len() - 66..line.len() - 2].parse().unwrap()
}

/// Any byte of any line, changed in any of three ways.
#[test]
fn every_changed_byte_is_found() {
    let log = Log::of(4);
    let good = fs::read(&log.path).unwrap();
    for place in 0..good.len() {
        for change in [0x01, 0x02, 0x20] {
            let mut bytes = good.clone();
            bytes[place] ^= change;
            fs::write(&log.path, &bytes).unwrap();
            let findings = log.findings_without_head();
            // A torn last line is what a crash leaves; the head file tells it apart.
            let sound = findings.is_empty() && log.verify(None).is_sound();
            assert!(!sound, "byte {place} by {change:02X}");
        }
    }
}

#[test]
fn every_removal_and_reordering_is_found() {
    let log = Log::of(LINES);
    let good = log.lines();
    for i in 0..LINES {
        let mut lines = good.clone();
        lines.remove(i);
        log.write(&lines);
        assert!(!log.verify(None).is_sound(), "line {} removed", i + 1);
        // All but the last line are missed by the chain itself.
        assert_eq!(log.findings_without_head().is_empty(), i == LINES - 1, "line {} removed", i + 1);
        for j in i + 1..LINES {
            let mut lines = good.clone();
            lines.swap(i, j);
            log.write(&lines);
            assert!(!log.findings_without_head().is_empty(), "lines {} and {} exchanged", i + 1, j + 1);
        }
        let mut lines = good.clone();
        lines.insert(i, good[i].clone());
        log.write(&lines);
        assert!(!log.findings_without_head().is_empty(), "line {} doubled", i + 1);
    }
}

/// The end: the head file finds it cut off; somebody who sets the head file too is found by a head written down.
#[test]
fn an_end_cut_off_is_found_as_far_as_it_can_be() {
    let log = Log::of(LINES);
    let good = log.lines();
    let written_down = hash_of(&good[LINES - 1]);
    log.write(&good[..LINES - 3]);
    let findings = log.verify(None).findings;
    assert_eq!(findings, [AuditFinding::HeadFile { kept: LINES as u64, found: LINES as u64 - 3 }]);
    let refused = Audit::open(&log.path, "li ming", true).unwrap_err();
    assert!(matches!(refused, AuditError::Head { kept: 12, found: 9, .. }), "{refused}");
    // Without its head file the lines of a log are sound, as those of a copy are; but nothing is added to it.
    fs::remove_file(head_path(&log.path)).unwrap();
    assert!(log.verify(None).is_sound());
    let refused = Audit::open(&log.path, "li ming", true).unwrap_err();
    assert!(matches!(refused, AuditError::HeadGone { .. }), "{refused}");
    // With one that was made to fit nothing in the folder tells; the head on paper does.
    fs::copy(head_path(&Log::of(LINES - 3).path), head_path(&log.path)).unwrap();
    assert!(log.verify(None).is_sound());
    assert_eq!(log.verify(Some(written_down)).findings, [AuditFinding::Head { found: LINES as u64 - 3 }]);
    // And so it is when the end is written anew, with a chain that holds.
    let mut audit = log.open();
    (LINES..LINES + 6).for_each(|line| add(&mut audit, line));
    drop(audit);
    assert!(log.verify(None).is_sound());
    assert!(!log.verify(Some(written_down)).is_sound());
}

/// A crash may stop a write at any byte: the log opens, goes on, and explains itself.
#[test]
fn a_torn_line_is_a_crash_and_no_intrusion() {
    let log = Log::of(3);
    let good = fs::read(&log.path).unwrap();
    let last = log.lines()[2].len() + 1;
    let begin = good.len() - last;
    let two = Log::of(2);
    for keep in 1..last {
        fs::write(&log.path, &good[..begin + keep]).unwrap();
        // The head file is set after the line: it still names the second.
        fs::copy(head_path(&two.path), head_path(&log.path)).unwrap();
        let report = log.verify(None);
        assert!(report.is_sound(), "{keep}: {report:?}");
        let mut audit = log.open();
        // A line that lacks its line end alone is whole.
        let whole = keep == last - 1;
        assert_eq!(audit.torn().map(|torn| torn.bytes), (!whole).then_some(keep as u64));
        add(&mut audit, 5);
        drop(audit);
        let report = log.verify(None);
        assert!(report.is_sound(), "{keep}: {report:?}");
        assert_eq!((report.head.lines, report.torn), (4, u64::from(!whole)));
        // What was torn is kept as it was: changing it now is found.
        let mut bytes = fs::read(&log.path).unwrap();
        bytes[begin] ^= 0x01;
        fs::write(&log.path, &bytes).unwrap();
        assert!(!log.verify(None).is_sound(), "{keep}");
    }
}

/// A last line that was kept and then spoiled is no crash: the head file names it.
#[test]
fn a_spoiled_last_line_is_no_crash() {
    let log = Log::of(3);
    let mut bytes = fs::read(&log.path).unwrap();
    let place = bytes.len() - 100;
    bytes[place] ^= 0x01;
    fs::write(&log.path, &bytes).unwrap();
    assert!(!log.verify(None).is_sound());
    assert!(Audit::open(&log.path, "li ming", true).is_err());
}

#[test]
fn a_clock_that_went_back_is_logged_with_both_times_and_refused() {
    let log = Log::of(10);
    let mut audit = log.open();
    let refused = audit.clock(&at(3), false).unwrap_err();
    assert!(
        matches!(&refused, AuditError::ClockBack { last, now } if *last == at(9) && *now == at(3)),
        "{refused}"
    );
    drop(audit);
    // Refused again: what was refused set no time.
    let mut audit = log.open();
    assert!(audit.clock(&at(4), false).is_err());
    audit.clock(&at(5), true).unwrap();
    add(&mut audit, 5);
    drop(audit);
    let mut audit = log.open();
    audit.clock(&at(6), false).unwrap();
    add(&mut audit, 6);
    drop(audit);
    let report = log.verify(None);
    assert!(report.is_sound(), "{report:?}");
    let lines = log.lines();
    assert!(lines[10].contains(&at(3)) && lines[10].contains(&format!("\"behind\":\"{}\"", at(9))));
    assert!(lines[12].contains(&at(5)) && lines[12].contains(&format!("\"behind\":\"{}\"", at(9))));
    assert!(!lines[13].contains("behind"));
}

#[test]
fn one_process_at_a_time() {
    let log = Log::of(1);
    let _held = log.open();
    let busy = Audit::open(&log.path, "wang fang", true).unwrap_err();
    assert!(matches!(busy, AuditError::Busy { .. }), "{busy}");
}

/// A batch's lines are all there, and the head with them, once it is closed.
#[test]
fn a_batch_keeps_its_head_at_the_end() {
    let log = Log::empty();
    let mut audit = Audit::open(&log.path, "li ming", false).unwrap();
    (0..50).for_each(|line| add(&mut audit, line));
    assert_eq!(log.verify(None).behind_head_file, None, "only the first head, of no line, is there yet");
    assert!(log.verify(None).is_sound());
    drop(audit);
    assert_eq!(log.verify(None).behind_head_file, Some(0));
}
