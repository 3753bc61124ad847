//! Sessions with a card as data, a SIM's unless they say otherwise: `applets/tests/sessions/*.apdu`, in the line language of `cos/tests/sessions`; `card uicc`
//! takes a UICC of the same codes instead, `card esam` the finished ESAM of the walk of rights.

use super::rights::finished;
use super::{answer, made, sim};
use gridcard_applets::sim::Profile;
use scheme::profile::CardKind;

#[test]
fn sessions_replay_byte_for_byte() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sessions");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8, "sessions are gone from {folder}");
    let mut answers = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("Source:"), "{} names no source", file.display());
        answers += replay(&file.file_name().unwrap().to_string_lossy(), &text);
    }
    assert!(answers > 150, "{answers} answers compared");
}

fn replay(name: &str, text: &str) -> usize {
    let mut card = sim(10);
    let (mut last, mut command, mut answers) = (String::new(), "", 0);
    for (i, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", i + 1);
        match line.split_once(' ').unwrap_or((line, "")) {
            ("", _) => {}
            (comment, _) if comment.starts_with('#') => {}
            ("card", "uicc") => card = made(Profile::Uicc, 10),
            ("card", "esam") => {
                card = finished(CardKind::Esam);
            }
            ("reset", _) => {
                card.power_on().unwrap();
            }
            (">", bytes) => {
                command = bytes;
                last = answer(&mut card, bytes);
            }
            ("<", wanted) => {
                assert_eq!(last, wanted, "{place}: answer to {command}");
                answers += 1;
            }
            _ => panic!("{place}: not a line of a session: {line}"),
        }
    }
    answers
}
