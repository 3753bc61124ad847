//! Whole card sessions as data: `cos/tests/sessions/*.apdu`.

use super::desk::Desk;
use super::{BARE, CHIP, Random, blank_of};
use gridcard_cos::table::Program;
use gridcard_cos::{Card, Nvm, PAGE, RamNvm};

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

/// ERASE DF leaves no byte of what stood in the directory, down to its last one.
#[test]
fn what_was_erased_stands_nowhere() {
    let mut card = blank_of(|_| Some(&BARE), CHIP, &Random::default());
    let file = "A5".repeat(0x20);
    for (command, wanted) in [
        ("80E03F000D38FFFFF0F001FFFFFFFFFFFFFFFF", "9000"),
        // DF01 of 43 bytes, which a file of 32 and its header of 11 fill; DF02 behind it stays as it is
        ("80E0DF010838002BF0F095FFFF", "9000"),
        ("80E0DF020838002BF0F095FFFF", "9000"),
        ("00A4000002DF02", "6F009000"),
        ("80E0000507280020F0F0FFFF", "9000"),
        (&format!("00D6850020{}", "5A".repeat(0x20)), "9000"),
        ("00A4000002DF01", "6F009000"),
        ("80E0000507280020F0F0FFFF", "9000"),
        (&format!("00D6850020{file}"), "9000"),
    ] {
        assert_eq!(hex::encode_upper(card.transmit(&unhex(command))), wanted, "{command}");
    }
    let bytes = |card: &Card<RamNvm>, value: u8| {
        let user = &card.nvm().bytes()[31 * PAGE..];
        user.iter().filter(|byte| **byte == value).count()
    };
    assert_eq!(bytes(&card, 0xA5), 0x20);
    assert_eq!(card.transmit(&unhex("800E0000")), [0x90, 0x00]);
    assert_eq!((bytes(&card, 0xA5), bytes(&card, 0x5A)), (0, 0x20));
}

/// A wallet that names another file than a cyclic one of 23 bytes a record keeps no log: it pays all the same, and the file stays
/// as it was [docs/specs/fmcos.md, wallet].
#[test]
fn a_log_of_another_shape_is_none() {
    for (shape, logs) in [("2E0517", true), ("2A0517", false), ("2E0516", false), ("2E0518", false)] {
        let mut desk = Desk::new(CHIP.suite);
        for command in [
            "80E03F000D38FFFFF0F001FFFFFFFFFFFFFFFF",
            "80E00000073F010001F0FFFF",
            "80D40100083AF0EF1133123456",
            &format!("80E0001807{shape}F0EFFFFF"),
            "80E00002072F0208F000FF18",
        ] {
            desk.hex(command, 0x9000);
        }
        desk.add_key([0x3F, 0xF0, 0xF0, 0x01, 0x00], 1);
        desk.add_key([0x34, 0xF0, 0xF0, 0x01, 0x00], 0);
        desk.verify(0, "123456", 0x9000);
        desk.load(2, 0x1388, 0x9000);
        assert_eq!(desk.hex("805C000204", 0x9000), [0x00, 0x00, 0x13, 0x88], "{shape}");
        let length = u8::from_str_radix(&shape[4..], 16).unwrap();
        let (first, sw) =
            (format!("00B201C4{length:02X}"), if logs || shape.starts_with("2A") { 0x9000 } else { 0x6A83 });
        let record = desk.hex(&first, sw);
        assert_eq!(record.iter().any(|byte| *byte != 0xFF), logs, "{shape}: {record:02X?}");
    }
}
