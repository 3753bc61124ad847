//! Images that earlier versions wrote must load and run for ever: `vcard/tests/images/v1`.

use cos::{Chip, Protocol};
use gridcard_vcard::slot::Keep;
use gridcard_vcard::{Image, SeededChance, Slot};
use keys::Suite;
use scheme::profile::CardKind;
use std::path::{Path, PathBuf};
use wire::Channel;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/images/v1");

pub fn images() -> Vec<PathBuf> {
    let files = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut images: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "card")).collect();
    images.sort();
    images
}

/// A card in a slot, in memory alone: the files of the folder are never written.
pub fn slot(path: &Path) -> Slot {
    let image = Image::load(path).unwrap();
    Slot::with_image(image, path, Box::new(SeededChance::new(1, "images")), Keep::InMemory).unwrap()
}

#[test]
fn every_kind_has_an_image_that_loads_and_runs() {
    // User cards and production cards are younger than these images.
    let younger = [CardKind::UserCard, CardKind::ProductionCard];
    let mut missing: Vec<_> = CardKind::ALL.into_iter().filter(|kind| !younger.contains(kind)).collect();
    for path in images() {
        let image = Image::load(&path).unwrap();
        missing.retain(|kind| *kind != image.kind);
        let (written, read) = (image.to_bytes(), std::fs::read(&path).unwrap());
        assert_eq!((read[8], written[8]), (1, 3), "{}: it becomes an image of now", path.display());
        assert!(written[9..12] == read[9..12] && written[24..56] == read[24..56], "{}", path.display());
        // The card behind another journal: its chip, and all its files.
        let (super_block, user) = (64 + 5..64 + 60, [64 + 16 * 64, 64 + 31 * 64]);
        assert!(written[super_block.clone()] == read[super_block], "{}", path.display());
        assert!(written[user[1]..] == read[user[0]..], "{}", path.display());
        let mut slot = slot(&path);
        assert!(matches!(slot.reset().unwrap()[0], 0x3B | 0x3F), "{}", path.display());
        let sim = slot.kind().is_sim();
        let select = [if sim { 0xA0 } else { 0x00 }, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00];
        let answer = slot.transmit(&select).unwrap();
        match answer.as_slice() {
            [0x6F, .., 0x90, 0x00] => {}
            [0x61, _] if !sim => {}
            [0x9F, _] if sim => {}
            other => panic!("{}: SELECT MF is answered {other:02X?}", path.display()),
        }
    }
    assert!(missing.is_empty(), "no image of {missing:?}");
}

/// What the cards said when they were made.
#[test]
fn they_answer_what_they_answered() {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("answers.apdu")).unwrap();
    let (mut open, mut answer, mut seen) = (None, Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        let place = format!("answers.apdu:{}", number + 1);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" => {}
            _ if line.starts_with('#') => {}
            "card" => {
                let path = Path::new(FOLDER).join(rest);
                seen.push(path.clone());
                open = Some(slot(&path));
            }
            "atr" => assert_eq!(hex(&open.as_mut().unwrap().reset().unwrap()), rest, "{place}"),
            ">" => answer = open.as_mut().unwrap().transmit(&unhex(rest)).unwrap(),
            "<" => assert_eq!(hex(&answer), rest, "{place}"),
            _ => panic!("{place}: {line}"),
        }
    }
    seen.sort();
    assert_eq!(seen, images(), "answers.apdu has every card");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Made `fmcos.card` when the folder was begun. It refuses to write over it.
#[test]
#[ignore = "writes a new image"]
fn write_the_plain_card() {
    let chip = Chip {
        kind: CardKind::Fmcos,
        suite: Suite::Sm4,
        protocol: Protocol::T0,
        serial: [0x46, 0x4D, 0x12, 0x08, 0x00, 0x00, 0x00, 0x01],
    };
    let path = Path::new(FOLDER).join("fmcos.card");
    let image = Image::manufacture(&chip, 8 * 1024, false);
    let mut slot =
        Slot::with_image(image, &path, Box::new(SeededChance::new(5, "plain")), Keep::InMemory).unwrap();
    for command in [
        "80E03F000D38FFFFF0F001FFFFFFFFFFFFFFFF",
        "80E00000073F020001F0FFFF",
        "80D40100083AF0EF1133123456",
        "80D401001539F0F0AA33000102030405060708090A0B0C0D0E0F",
        "80D401001536F0F0FF33101112131415161718191A1B1C1D1E1F",
        "80E0000507280020F0F0FFFF",
        "80E00008072A0204F0F0FFFF",
        "80E0000A072E0204F0F0FFFF",
        "80E0000B072C0020F0F0FFFF",
        "80E00002072F0208F000FF18",
        "80E00018072E0517F0EFFFFF",
        "80E02F010D380100F0F095FFFF4150503031",
        "00D6850004CAFEBABE",
        "00DC014404AABBCCDD",
        "00E200540401020304",
        "00E2005804AA020102",
    ] {
        assert_eq!(slot.transmit(&unhex(command)).unwrap(), [0x90, 0x00], "{command}");
    }
    slot.image().save_new(&path, false).unwrap();
}

/// Made `uicc.card` when its kind was begun. It refuses to write over it.
#[test]
#[ignore = "writes a new image"]
fn write_the_uicc() {
    let path = Path::new(FOLDER).join("uicc.card");
    let mask = applets::sim::Mask {
        profile: applets::sim::Profile::Uicc,
        messages: 20,
        chv1: (*b"0000\xFF\xFF\xFF\xFF", false),
        chv2: *b"0000\xFF\xFF\xFF\xFF",
        puk: [*b"00000000"; 2],
        adm: *b"00000000",
        ki: *b"gridcard test Ki",
        milenage: None,
    };
    let image = Image::manufacture_sim([0x55; 8], &mask).unwrap();
    let mut slot =
        Slot::with_image(image, &path, Box::new(SeededChance::new(6, "uicc")), Keep::InMemory).unwrap();
    for (command, wanted) in [
        ("0020000A083030303030303030", "9000"),
        ("00A4080C022FE2", "9000"),
        ("00D600000A98681200000000000010", "9000"),
        ("00A4080C047F206F07", "9000"),
        ("00D6000009082964001000000010", "9000"),
        ("8032000003000001", "6981"),
        ("00A4080C047F206F39", "9000"),
        ("8032000003000005", "6106"),
        ("00A4040C07A0000000871002", "9000"),
        ("00D6870009082964001000000020", "9000"),
        ("00A4000C026F3C", "9000"),
        ("00A4080C047F106F3A", "9000"),
        ("00DC01041CFFFFFFFFFFFFFFFFFFFFFFFFFFFF07918131080255F6FFFFFFFFFFFF", "9000"),
        ("0020008108 30303030FFFFFFFF", "9000"),
        ("0004000000", "9000"),
    ] {
        let command = command.replace(' ', "");
        assert_eq!(hex(&slot.transmit(&unhex(&command)).unwrap()), wanted, "{command}");
    }
    slot.image().save_new(&path, false).unwrap();
}
