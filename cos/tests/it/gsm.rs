//! The SIM dialect on a small file tree of its own: what the mask of our SIM has not, above all cyclic files and
//! every access condition.

use super::{Random, entropy};
use gridcard_cos::journal::{Journal, Memory};
use gridcard_cos::keyfile::kind;
use gridcard_cos::sim::mask::{self, SimDir, SimFile, SimSecret, SimShape};
use gridcard_cos::table::Program;
use gridcard_cos::{Card, Chip, Nvm, Protocol, RamNvm, gsm};
use keys::Suite;
use scheme::profile::{CardKind, Fid};

static SIM: Program = Program {
    name: "small SIM",
    dialect: &gsm::DIALECT,
    commands: &[],
    fill: 0xFF,
    atr: |_| vec![0x3B, 0x00],
};

const fn file(fid: u16, shape: SimShape, access: u8, content: &'static [u8]) -> SimFile {
    SimFile::new(fid, "", shape, access, content)
}

static MASTER: &[SimFile] = &[file(0x2F00, SimShape::Transparent(300), 0x00, &[])];

static RECORDS: &[SimFile] = &[
    file(0x6F01, SimShape::LinearFixed(5, 3), 0x00, &[]),
    file(0x6F02, SimShape::Cyclic(3, 2), 0x00, &[]),
    // counters: INCREASE after CHV1, of three bytes and of four
    file(0x6F03, SimShape::Cyclic(3, 3), 0x00, &[0, 0, 0]).increase(0x1),
    file(0x6F04, SimShape::Cyclic(2, 4), 0x00, &[0, 0, 0, 0]).increase(0x0),
    // INVALIDATE after CHV1, REHABILITATE after CHV2; the second stays readable
    file(0x6F05, SimShape::LinearFixed(2, 3), 0x00, &[]).administer(0x21),
    file(0x6F06, SimShape::LinearFixed(2, 3), 0x00, &[]).administer(0x21).readable(),
    file(0x6F07, SimShape::Cyclic(3, 3), 0x00, &[0, 0, 0]).increase(0x0).administer(0x00).readable(),
];

/// One transparent byte under every nibble; the low nibble of the identifier is the condition of READ, and UPDATE
/// never.
static GUARDED: &[SimFile] = &[
    file(0x6F10, SimShape::Transparent(1), 0x0F, &[0x00]),
    file(0x6F11, SimShape::Transparent(1), 0x1F, &[0x11]),
    file(0x6F12, SimShape::Transparent(1), 0x2F, &[0x22]),
    file(0x6F13, SimShape::Transparent(1), 0x3F, &[0x33]),
    file(0x6F14, SimShape::Transparent(1), 0x4F, &[0x44]),
    file(0x6F1A, SimShape::Transparent(1), 0xAF, &[0xAA]),
    file(0x6F1E, SimShape::Transparent(1), 0xEF, &[0xEE]),
    file(0x6F1F, SimShape::Transparent(1), 0xFF, &[0xFF]),
];

static DIRS: &[SimDir] = &[
    SimDir { fid: Fid::MF, within: Fid::MF, aid: &[], files: MASTER },
    SimDir { fid: Fid(0x7F01), within: Fid::MF, aid: &[], files: RECORDS },
    SimDir { fid: Fid(0x7F02), within: Fid::MF, aid: &[], files: GUARDED },
    SimDir { fid: Fid(0x7F20), within: Fid::MF, aid: &[], files: &[] },
];

/// Ki: the key of the published examples of AES-CMAC [RFC 4493].
const KI: [u8; 16] =
    [0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F, 0x3C];

/// The memory of a SIM with CHV1 switched on.
pub fn image() -> Vec<u8> {
    card(true).nvm().bytes().to_vec()
}

/// A SIM with this memory, under power.
pub fn on(image: Vec<u8>) -> Card<RamNvm> {
    let random = entropy(&Random::default());
    let mut card = Card::new(RamNvm::from_bytes(image), random, |_| Some(&SIM)).unwrap();
    card.power_on().unwrap();
    card
}

fn card(chv1: bool) -> Card<RamNvm> {
    let secret = |kind, id, enabled, tries, value| SimSecret { kind, id, enabled, tries, value };
    let secrets = [
        secret(kind::CHV, 1, chv1, 3, &[b'1'; 8][..]),
        secret(kind::CHV, 2, true, 3, &[b'2'; 8]),
        secret(kind::CHV, 10, true, 3, &[b':'; 8]),
        secret(kind::PUK, 1, true, 10, &[b'1'; 8]),
        secret(kind::KI, 1, true, 0, &KI),
    ];
    let chip = Chip { kind: CardKind::Sim, suite: Suite::TripleDes, protocol: Protocol::T0, serial: [0; 8] };
    let mut nvm = RamNvm::erased(Chip::eeprom_size(2048));
    chip.manufacture(&mut nvm).unwrap();
    mask::burn(&mut Memory::new(&mut nvm, &mut Journal::default()), DIRS, &secrets, 0).unwrap();
    let mut card = Card::new(nvm, entropy(&Random::default()), |_| Some(&SIM)).unwrap();
    card.power_on().unwrap();
    card
}

fn answer(card: &mut Card<RamNvm>, command: &str) -> String {
    hex::encode_upper(card.transmit(&hex::decode(command).unwrap()))
}

fn select(card: &mut Card<RamNvm>, path: &[&str]) {
    for fid in path {
        assert!(answer(card, &format!("A0A4000002{fid}")).starts_with("9F"), "{fid}");
    }
}

/// Answers to commands in turn, written as pairs.
fn session(card: &mut Card<RamNvm>, lines: &[(&str, &str)]) {
    for (n, (command, wanted)) in lines.iter().enumerate() {
        assert_eq!(answer(card, command), *wanted, "line {n}: {command}");
    }
}

/// SEEK in every type and mode over records A1, B1, A2, B2, A3.
#[test]
fn seek_goes_where_it_is_told() {
    let mut card = card(false);
    select(&mut card, &["7F01", "6F01"]);
    for (number, content) in ["A1A101", "B1B102", "A1A203", "B1B204", "A1A305"].into_iter().enumerate() {
        assert_eq!(answer(&mut card, &format!("A0DC{:02X}0403{content}", number + 1)), "9000");
    }
    // (type 2 and mode, pattern, number found) one after another; each moves the pointer.
    for (mode, pattern, found) in [
        ("10", "A1", Some(1)),
        ("12", "A1", Some(3)),
        ("12", "B1", Some(4)),
        ("12", "B1", None),
        ("13", "B1", Some(2)),
        ("13", "B1", None),
        ("11", "A1", Some(5)),
        ("13", "A1", Some(3)),
        ("11", "B1B1", Some(2)),
        ("10", "A1A305", Some(5)),
        ("12", "A1", None),
        ("10", "C1", None),
    ] {
        let what = format!("SEEK {mode} {pattern}");
        let command = format!("A0A200{mode}{:02X}{pattern}", pattern.len() / 2);
        match found {
            Some(number) => {
                assert_eq!(answer(&mut card, &command), "9F01", "{what}");
                assert_eq!(answer(&mut card, "A0C0000001"), format!("{number:02X}9000"), "{what}");
                // Type 1 of the same mode from the same place would find the same; here the pointer stands on it.
                assert!(answer(&mut card, "A0B2000403").ends_with(&format!("{number:02X}9000")), "{what}");
            }
            None => assert_eq!(answer(&mut card, &command), "9404", "{what}"),
        }
    }
    // Type 1: no answer, the pointer alone. Without a pointer, next begins at the first and previous at the last.
    for (mode, pattern, number) in [("00", "B1", 2), ("01", "B1", 4), ("02", "A1", 1), ("03", "A1", 5)] {
        select(&mut card, &["6F01"]);
        let command = format!("A0A200{mode}01{pattern}");
        assert_eq!(answer(&mut card, &command), "9000", "SEEK {mode}");
        assert!(answer(&mut card, "A0B2000403").ends_with(&format!("{number:02X}9000")), "SEEK {mode}");
    }
    // A pattern longer than a record, a mode and a type there are not, a cyclic file.
    session(
        &mut card,
        &[
            ("A0A2000004A1A10101", "6700"),
            ("A0A2000401A1", "6B00"),
            ("A0A2002001A1", "6B00"),
            ("A0A2010001A1", "6B00"),
        ],
    );
    select(&mut card, &["6F02"]);
    assert_eq!(answer(&mut card, "A0A2000001A1"), "9408");
}

/// In a cyclic file record 1 is the newest; only PREVIOUS writes; the pointer runs round.
#[test]
fn a_cyclic_file_turns() {
    let mut card = card(false);
    select(&mut card, &["7F01", "6F02"]);
    assert_eq!(answer(&mut card, "A0A40000026F02"), "9F0F");
    assert_eq!(answer(&mut card, "A0C000000F"), "000000066F02040000FFFF010203029000");
    session(
        &mut card,
        &[
            ("A0DC0104020001", "6B00"),
            ("A0DC0002020001", "6B00"),
            ("A0DC0003010001", "6702"),
            ("A0DC0003020001", "9000"),
            ("A0DC0003020002", "9000"),
            ("A0DC0003020003", "9000"),
            ("A0DC0003020004", "9000"),
            // 4 pushed 1 out
            ("A0B2010402", "00049000"),
            ("A0B2020402", "00039000"),
            ("A0B2030402", "00029000"),
            ("A0B2040402", "9402"),
            // after a write the pointer stands at the newest; next and previous run round
            ("A0B2000402", "00049000"),
            ("A0B2000202", "00039000"),
            ("A0B2000202", "00029000"),
            ("A0B2000202", "00049000"),
            ("A0B2000302", "00029000"),
            // selecting the file brings the pointer back to the newest
            ("A0A40000026F02", "9F0F"),
            ("A0B2000402", "00049000"),
        ],
    );
    assert_eq!(answer(&mut card, "A0A40000026F02"), "9F0F");
    assert_eq!(answer(&mut card, "A0B2000202"), "00039000", "the next of the newest");
}

/// Whether a file opens after the code of this P2.
type Opens = fn(&str) -> bool;

#[test]
fn each_access_nibble_is_opened_by_its_code_alone() {
    let conditions: [(&str, Opens); 8] = [
        ("6F10", |_| true),
        ("6F11", |code| code == "01"),
        ("6F12", |code| code == "02"),
        // RFU in the standard: nobody.
        ("6F13", |_| false),
        ("6F14", |code| code == "0A"),
        ("6F1A", |code| code == "0A"),
        ("6F1E", |code| code == "0A"),
        ("6F1F", |_| false),
    ];
    for (code, value) in [("", ""), ("01", "31"), ("02", "32"), ("0A", "3A")] {
        let mut card = card(true);
        if !code.is_empty() {
            assert_eq!(answer(&mut card, &format!("A02000{code}08{}", value.repeat(8))), "9000");
        }
        select(&mut card, &["7F02"]);
        for (fid, opens) in conditions {
            select(&mut card, &[fid]);
            let read = answer(&mut card, "A0B0000001");
            assert_eq!(read.ends_with("9000"), opens(code), "{fid} after {code:?}: {read}");
            assert_eq!(answer(&mut card, "A0D600000100"), "9804", "UPDATE of {fid} is never");
        }
    }
    let mut off = card(false);
    select(&mut off, &["7F02", "6F11"]);
    assert_eq!(answer(&mut off, "A0B0000001"), "119000", "CHV1 switched off counts as verified");
}

/// A code that does not exist, and a code blocked after it was given.
#[test]
fn codes_that_are_missing_or_blocked_open_nothing() {
    let mut card = card(true);
    session(
        &mut card,
        &[
            // UNBLOCK CHV2: this SIM has no unblocking code for it
            ("A02C00021032323232323232323333333333333333", "9802"),
            ("A020000A083A3A3A3A3A3A3A3A", "9000"),
            ("A0A40000027F02", "9F17"),
            ("A0A40000026F1A", "9F0F"),
            ("A0B0000001", "AA9000"),
            ("A020000A083030303030303030", "9804"),
            ("A0B0000001", "AA9000"),
            ("A020000A083030303030303030", "9804"),
            ("A020000A083030303030303030", "9840"),
            ("A0B0000001", "9804"),
        ],
    );
}

/// Whoever changes, switches on or unblocks CHV1 has shown it; what was shown of other codes stays.
#[test]
fn a_command_about_a_code_shows_that_code_and_forgets_no_other() {
    const OLD: &str = "3131313131313131";
    const CHANGE: &str = "A02400011031313131313131313131313131313131";
    const UNBLOCK: &str = "A02C00001031313131313131313131313131313131";
    let (off, on) = (format!("A026000108{OLD}"), format!("A028000108{OLD}"));
    for commands in [vec![CHANGE], vec![UNBLOCK], vec![&off, &on]] {
        let mut card = card(true);
        select(&mut card, &["7F02"]);
        for code in ["A0200002083232323232323232", "A020000A083A3A3A3A3A3A3A3A"] {
            assert_eq!(answer(&mut card, code), "9000");
        }
        select(&mut card, &["6F11"]);
        assert_eq!(answer(&mut card, "A0B0000001"), "9804", "before {commands:?}");
        for command in &commands {
            assert_eq!(answer(&mut card, command), "9000", "{command}");
        }
        for (file, content) in [("6F11", "119000"), ("6F12", "229000"), ("6F1A", "AA9000")] {
            select(&mut card, &[file]);
            assert_eq!(answer(&mut card, "A0B0000001"), content, "{file} after {commands:?}");
        }
    }
}

/// A directory's answer says whether CHV1 is asked for: bit 8 of its characteristics [TS 51.011 9.2.1].
#[test]
fn a_directory_says_whether_chv1_is_asked_for() {
    for (asked, characteristics) in [(true, "13"), (false, "93")] {
        let mut card = card(asked);
        select(&mut card, &["7F01"]);
        assert_eq!(&answer(&mut card, "A0C0000017")[26..28], characteristics);
    }
}

/// Files above 255 bytes are read in pieces; P3 00 stands for 256.
#[test]
fn long_files_are_read_in_pieces() {
    let mut card = card(false);
    select(&mut card, &["2F00"]);
    for piece in [0, 255] {
        let len = if piece == 0 { 255 } else { 45 };
        let data: String = (0..len).map(|n| format!("{:02X}", (piece + n) % 251)).collect();
        assert_eq!(answer(&mut card, &format!("A0D6{piece:04X}{len:02X}{data}")), "9000");
        assert_eq!(answer(&mut card, &format!("A0B0{piece:04X}{len:02X}")), format!("{data}9000"));
    }
    let whole = answer(&mut card, "A0B0000000");
    assert_eq!(whole.len(), 2 * (256 + 2), "P3 00 reads 256 bytes");
    assert!(whole.starts_with("000102") && whole.ends_with("9000"));
    session(&mut card, &[("A0B0002C00", &answer_of_44()), ("A0B0002D00", "67FF"), ("A0B0012C01", "9402")]);
}

/// 256 bytes from offset 44: the last piece that P3 00 can read.
fn answer_of_44() -> String {
    (44..300).map(|n| format!("{:02X}", n % 251)).collect::<String>() + "9000"
}

/// What a T=0 reader may send around SELECT: nothing is lost, nothing comes twice.
#[test]
fn an_answer_waits_for_one_command() {
    let mut card = card(false);
    session(
        &mut card,
        &[
            ("A0C0000001", "6F00"),
            ("A0A40000022F00", "9F0F"),
            ("A0C0000010", "670F"),
            ("A0C000000F", "0000012C2F00040000FFFF010200009000"),
            ("A0C000000F", "6F00"),
            ("A0A40000022F00", "9F0F"),
            ("A0FA000000", "9000"),
            ("A0C000000F", "6F00"),
            // a Le behind the data, as some readers send it
            ("A0A40000022F0000", "9F0F"),
            ("A0C000000F", "0000012C2F00040000FFFF010200009000"),
            ("00A40000022F00", "6E00"),
            ("A1A40000022F00", "6E00"),
            ("A0DE000000", "6D00"),
            ("A0", "6700"),
            ("A0A400", "6700"),
            ("A0A40000052F00", "6700"),
        ],
    );
    // Nothing outlives the supply, and without it there is no answer.
    session(&mut card, &[("A0A40000022F00", "9F0F")]);
    card.power_on().unwrap();
    session(&mut card, &[("A0C000000F", "6F00"), ("A0A40000022F00", "9F0F")]);
    card.power_off();
    assert!(!card.is_powered());
    session(&mut card, &[("A0C000000F", "")]);
}

/// The value grows in the newest record; the answer is the new value and what was added.
#[test]
fn increase_counts() {
    let mut card = card(true);
    select(&mut card, &["7F01", "6F03"]);
    session(
        &mut card,
        &[
            ("A032000003000001", "9804"),
            ("A0200001083131313131313131", "9000"),
            ("A032000003000001", "9F06"),
            ("A0C0000006", "0000010000019000"),
            ("A0320000030000FF", "9F06"),
            ("A0C0000006", "0001000000FF9000"),
            ("A0B2010403", "0001009000"),
            ("A0B2020403", "0000019000"),
            ("A0B2030403", "0000009000"),
            // the sum does not fit: nothing moves
            ("A032000003FFFF00", "9850"),
            ("A0B2010403", "0001009000"),
            ("A032000003FFFEFF", "9F06"),
            ("A0C0000006", "FFFFFFFFFEFF9000"),
            ("A032000003000001", "9850"),
            ("A032000003000000", "9F06"),
            ("A032000002FFFF", "6700"),
            ("A032000103000001", "6B00"),
            // INCREASE shows in the answer to SELECT: byte 8, and its condition in byte 10
            ("A0A40000026F03", "9F0F"),
            ("A0C000000F", "000000096F030440001FFF010203039000"),
            // a record longer than the data field
            ("A0A40000026F04", "9F0F"),
            ("A032000003FFFFFF", "9F07"),
            ("A0C0000007", "00FFFFFFFFFFFF9000"),
            ("A032000003000001", "9F07"),
            ("A0C0000007", "010000000000019000"),
            // a cyclic file that may never be increased, one of another kind, and none
            ("A0A40000026F02", "9F0F"),
            ("A032000003000001", "9408"),
            ("A0A40000026F01", "9F0F"),
            ("A032000003000001", "9408"),
            ("A0A40000023F00", "9F17"),
            ("A032000003000001", "9400"),
        ],
    );
}

/// An invalidated file is selected and rehabilitated, and that is all; unless it says that it may be read and written.
#[test]
fn invalidated_files_are_closed() {
    let mut card = card(true);
    select(&mut card, &["7F01", "6F05"]);
    session(
        &mut card,
        &[
            ("A004000000", "9804"),
            ("A044000000", "9804"),
            ("A0200001083131313131313131", "9000"),
            ("A0200002083232323232323232", "9000"),
            ("A044000000", "9810"),
            ("A004000000", "9000"),
            ("A004000000", "9810"),
            ("A0B2010403", "9810"),
            ("A0DC010403010203", "9810"),
            ("A0A2000001FF", "9810"),
            ("A0A40000026F05", "9F0F"),
            ("A0C000000F", "000000066F05040000FF21000201039000"),
            ("A0B2010403", "9810"),
            ("A044000000", "9000"),
            ("A0B2010403", "FFFFFF9000"),
            ("A0A40000026F05", "9F0F"),
            ("A0C000000F", "000000066F05040000FF21010201039000"),
            // readable when invalidated: READ and UPDATE go on, SEEK does not
            ("A0A40000026F06", "9F0F"),
            ("A0C000000F", "000000066F06040000FF21050201039000"),
            ("A004000000", "9000"),
            ("A0DC010403010203", "9000"),
            ("A0B2010403", "0102039000"),
            ("A0A200000101", "9810"),
            ("A0A40000026F06", "9F0F"),
            ("A0C000000F", "000000066F06040000FF21040201039000"),
            ("A0A40000026F07", "9F0F"),
            ("A004000000", "9000"),
            ("A032000003000001", "9810"),
            ("A044000000", "9000"),
            ("A032000003000001", "9F06"),
            ("A0A40000027F01", "9F17"),
            ("A004000000", "9400"),
            ("A044000000", "9400"),
        ],
    );
    // it lasts
    let mut later = on(card.nvm().bytes().to_vec());
    select(&mut later, &["7F01", "6F06"]);
    assert_eq!(answer(&mut later, "A0C000000F"), "000000066F06040000FF21040201039000");
}

/// The answer is AES-CMAC under Ki, so the published example of a message of one block is one of ours [RFC 4493].
#[test]
fn the_algorithm_is_the_published_one() {
    let rand = "6BC1BEE22E409F96E93D7E117393172A";
    let mut card = card(true);
    let run = format!("A088000010{rand}");
    session(
        &mut card,
        &[
            (&run, "9408"),
            ("A0A40000027F20", "9F17"),
            (&run, "9804"),
            ("A0200001083131313131313131", "9000"),
            (&run, "9F0C"),
            ("A0C000000C", "070A16B46B4D4144F79BDD9D9000"),
            ("A08800000F00112233445566778899AABBCCDDEE", "6700"),
            (&format!("A088000110{rand}"), "6B00"),
        ],
    );
}

/// A SIM without a toolkit: it hears what the terminal can, and has nothing to say.
#[test]
fn there_is_no_toolkit() {
    let mut card = card(false);
    session(
        &mut card,
        &[
            ("A010000003FFFFFF", "9000"),
            ("A012000010", "6F00"),
            ("A014000003010203", "6F00"),
            ("A0C2000003D10101", "6F00"),
            ("A0A40000022F00", "9F0F"),
            ("A010000001FF", "9000"),
            ("A0C000000F", "6F00"),
        ],
    );
}
