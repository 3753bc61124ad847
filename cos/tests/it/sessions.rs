//! Whole card sessions as data: `cos/tests/sessions/*.apdu`.

use super::{BARE, CHIP, Random, blank_of};
use gridcard_cos::table::Program;

/// The bare card with 00 in a new file, as some real cards have it.
static ZEROED: Program = Program { fill: 0x00, ..BARE };

#[test]
fn sessions_replay_byte_for_byte() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sessions");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8, "sessions are gone from {folder}");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("Source"), "{} names no source", file.display());
        replay(&file.display().to_string(), &text);
    }
}

fn replay(name: &str, text: &str) {
    let random = Random::default();
    let zeroed = text.lines().any(|line| line == "fill 00");
    let mut card = blank_of(if zeroed { |_| Some(&ZEROED) } else { |_| Some(&BARE) }, CHIP, &random);
    let (mut answer, mut command) = (String::new(), "");
    for (i, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", i + 1);
        match line.split_once(' ').unwrap_or((line, "")) {
            ("" | "#", _) => {}
            (comment, _) if comment.starts_with('#') => {}
            ("fill", "00") => {}
            ("reset", _) => {
                card.power_on().unwrap();
            }
            ("!", bytes) => *random.lock().unwrap() = unhex(bytes),
            (">", bytes) => {
                command = bytes;
                answer = hex::encode_upper(card.transmit(&unhex(bytes)));
            }
            ("<", wanted) => assert_eq!(answer, wanted.replace(' ', ""), "{place}: answer to {command}"),
            _ => panic!("{place}: not a line of a session: {line}"),
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}
