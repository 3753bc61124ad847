//! The UICC dialect on a small file tree of its own: selecting, short identifiers, searching, PINs, and class A0 beside it.

use super::{Random, entropy};
use gridcard_cos::journal::{Journal, Memory};
use gridcard_cos::keyfile::kind;
use gridcard_cos::sim::mask::{self, SimDir, SimFile, SimSecret, SimShape};
use gridcard_cos::table::Program;
use gridcard_cos::{Card, Chip, Nvm, Protocol, RamNvm, uicc};
use keys::Suite;
use scheme::profile::{CardKind, Fid};

pub static UICC: Program = Program {
    name: "small UICC",
    dialect: &uicc::DIALECT,
    commands: &[],
    fill: 0xFF,
    atr: |_| vec![0x3B, 0x00],
};

const fn file(fid: u16, shape: SimShape, access: u8, content: &'static [u8]) -> SimFile {
    SimFile::new(fid, "", shape, access, content)
}

static MASTER: &[SimFile] = &[
    file(0x2F05, SimShape::Transparent(2), 0x01, b"en").sfi(0x05),
    file(0x2F06, SimShape::Rules, 0x0F, &[]).sfi(0x06),
];
static TELECOM: &[SimFile] = &[
    file(0x6F3C, SimShape::LinearFixed(5, 4), 0x11, &[0x00]),
    file(0x6F39, SimShape::Cyclic(3, 3), 0x00, &[0, 0, 0]).increase(0x1).sfi(0x11),
    file(0x6F3A, SimShape::LinearFixed(6, 4), 0x00, &[]).administer(0x21).sfi(0x0A),
];
static FIRST: &[SimFile] = &[
    file(0x6F07, SimShape::Transparent(9), 0x1A, &[0x07]).sfi(0x07),
    file(0x6F3C, SimShape::LinkTo(Fid(0x7F10)), 0x11, &[]).sfi(0x0C),
];
static SECOND: &[SimFile] = &[file(0x6F07, SimShape::Transparent(300), 0x2F, &[0x09]).sfi(0x07)];

static DIRS: &[SimDir] = &[
    SimDir { fid: Fid::MF, within: Fid::MF, aid: &[], files: MASTER },
    SimDir { fid: Fid(0x7F10), within: Fid::MF, aid: &[], files: TELECOM },
    SimDir { fid: Fid(0x7FF0), within: Fid::MF, aid: b"\xA0\x00\x00\x00\x87\x10\x02first", files: FIRST },
    SimDir { fid: Fid(0x7FF1), within: Fid::MF, aid: b"\xA0\x00\x00\x00\x87\x10\x04two", files: SECOND },
];
const _: () = mask::check(DIRS);

/// The memory of a UICC with PIN1 switched on.
pub fn image() -> Vec<u8> {
    let secret = |kind, id, tries, value| SimSecret { kind, id, enabled: true, tries, value };
    let secrets = [
        secret(kind::CHV, 1, 3, &[b'1'; 8][..]),
        secret(kind::CHV, 2, 3, &[b'2'; 8]),
        secret(kind::CHV, 10, 3, &[b'A'; 8]),
        secret(kind::PUK, 1, 10, &[b'P'; 8]),
        secret(kind::KI, 1, 0, &[0x2B; 16]),
    ];
    let chip = Chip { kind: CardKind::Uicc, suite: Suite::TripleDes, protocol: Protocol::T0, serial: [0; 8] };
    let mut nvm = RamNvm::erased(Chip::eeprom_size(mask::user_bytes(DIRS, 0) + 256));
    chip.manufacture(&mut nvm).unwrap();
    mask::burn(&mut Memory::new(&mut nvm, &mut Journal::default()), DIRS, &secrets, 0).unwrap();
    nvm.bytes().to_vec()
}

/// A UICC with this memory, under power.
pub fn on(image: Vec<u8>) -> Card<RamNvm> {
    let mut card =
        Card::new(RamNvm::from_bytes(image), entropy(&Random::default()), |_| Some(&UICC)).unwrap();
    card.power_on().unwrap();
    card
}

/// The answer to a command, both in hexadecimal.
pub fn answer(card: &mut Card<RamNvm>, command: &str) -> String {
    hex::encode_upper(card.transmit(&hex::decode(command).unwrap()))
}

/// Answers to commands in turn; 61xx and 9Fxx are followed, as a reader does.
fn session(card: &mut Card<RamNvm>, lines: &[(&str, &str)]) {
    for (n, (command, wanted)) in lines.iter().enumerate() {
        let mut found = answer(card, command);
        if let (Some(length), 4) = (found.strip_prefix("61").or(found.strip_prefix("9F")), found.len()) {
            found =
                answer(card, &format!("{}C00000{length}", &if &command[..2] == "A0" { "A0" } else { "00" }));
        }
        assert_eq!(found, *wanted, "line {n}: {command}");
    }
}

const MF: &str = "62298202782183023F00A5098001718304000001008A01058B032F0601C60C9001E083010183018183010A";

/// What each way of SELECT finds, and its parameters byte for byte.
#[test]
fn files_are_selected_in_every_way() {
    let mut card = on(image());
    let mf = format!("{MF}9000");
    let first = "62318202782183027FF0840CA0000000871002666972737 4A5038001718A01058B032F0601C60C9001E083010183018183010A9000";
    let first = first.replace(' ', "");
    let imsi = "621782024121 83026F07 8A0105 8B032F0607 80020009 880138 9000".replace(' ', "");
    let link = "62198205422100040583026F3C 8A0105 8B032F0604 80020014 8800 9000".replace(' ', "");
    session(
        &mut card,
        &[
            ("00A40004023F00", &mf),
            ("00A4000C023F00", "9000"),
            ("00A4040405A000000087", &first),
            ("00A404040CA00000008710026669727374", &first),
            ("00A40004026F07", &imsi),
            ("00A40004026F3C", &link),
            ("00A4040C07A0000000871004", "9000"),
            ("00B000001F", "6986"),
            // the application that runs, from anywhere, and by path
            ("00A4000C023F00", "9000"),
            ("00A4000C027FFF", "9000"),
            ("80F2000113", "6C0C"),
            ("80F200010C", "840AA000000087100474776F9000"),
            ("00A4080C047FFF6F07", "9000"),
            ("00A4080C047FF06F07", "9000"),
            ("00A4080C047F106F3A", "9000"),
            ("00A4000C023F00", "9000"),
            ("00A4090C047F106F39", "9000"),
            ("00A4090C026F3A", "9000"),
            // what is not there
            ("00A4040405A000000001", "6A82"),
            ("00A4040404A0000000", "6A82"),
            ("00A40004027F20", "6A82"),
            ("00A4000402000C", "6A82"),
            ("00A4080C067F106F3A6F07", "6A82"),
            ("00A4080C037F106F", "6700"),
            ("00A40004036F0700", "6700"),
            ("00A4020C023F00", "6A86"),
            ("00A40008023F00", "6A86"),
            ("00A40014023F00", "6A86"),
            ("00A40084023F00", "6A86"),
            ("00A40024023F00", "6A86"),
            // occurrence and end speak of applications alone
            ("00A40005023F00", "6A86"),
            ("00A40044023F00", "6A86"),
            // a SELECT that fails leaves everything where it is
            ("00B2010402", "6C04"),
        ],
    );
}

/// Short identifiers of both command families; the file becomes current.
#[test]
fn short_identifiers_reach_files() {
    let mut card = on(image());
    session(
        &mut card,
        &[
            ("00B0850002", "656E9000"),
            ("00B0000002", "656E9000"),
            ("00B0000000", "6C02"),
            ("00B0000201", "6B00"),
            ("00B0870001", "6A82"),
            ("00B0C50001", "6A86"),
            ("00D6850001AA", "6982"),
            ("00200001083131313131313131", "9000"),
            ("00D6850001AA", "9000"),
            ("00B0000102", "6C01"),
            ("00B2013437", &format!("80017F9700{}9000", "FF".repeat(50))),
            ("00A4000C027F10", "9000"),
            ("00DC015404AABBCCDD", "9000"),
            ("00B2015404", "AABBCCDD9000"),
            ("00B2000204", "AABBCCDD9000"),
            ("00B2000204", "FFFFFFFF9000"),
            ("00B2070404", "6A83"),
            ("00B2010604", "6A86"),
            ("00DC015403AABBCC", "6700"),
            ("00DC000404AABBCCDD", "9000"),
            ("00B2000404", "AABBCCDD9000"),
            ("00B0000001", "6981"),
            // INCREASE by a short identifier, and of the current file
            ("8032910003000102", "0001020001029000"),
            ("8032000003000001", "0001030000019000"),
            ("803200000400000001", "6981"),
            ("8032000003FFFFFF", "9850"),
            ("00B2010403", "0001039000"),
            // the application's file is DF_TELECOM's: written there, read here, class A0 too
            ("00A4040C05A000000087", "9000"),
            ("00DC026404030A0B0C", "9000"),
            ("00A4080C047F106F3C", "9000"),
            ("00B2020404", "030A0B0C9000"),
            ("A0B2020404", "030A0B0C9000"),
        ],
    );
}

/// SEARCH RECORD forward and backward; the record found is current.
#[test]
fn searching() {
    let mut card = on(image());
    session(&mut card, &[("00A4080C047F106F3A", "9000"), ("00A2000402AABB", "6A83")]);
    for (n, content) in ["AABB0001", "00AABB02", "FFFF0003", "AABB0004", "0000AABB"].into_iter().enumerate() {
        assert_eq!(answer(&mut card, &format!("00DC{:02X}0404{content}", n + 1)), "9000");
    }
    session(
        &mut card,
        &[
            ("00A2010402AABB", "010204059000"),
            ("00B2000404", "AABB00019000"),
            ("00A2030402AABB", "04059000"),
            ("00A2000402AABB", "04059000"),
            ("00A2040502AABB", "0402019000"),
            ("00A2035502AABB", "02019000"),
            ("00A2010404AABB0004", "049000"),
            ("00A2010402CCCC", "6282"),
            ("00A2070402AABB", "6A83"),
            ("00A2010602AABB", "6A86"),
            ("00A2010705AABBCCDDEE", "6A86"),
            ("00A2010405AABBCCDDEE", "6700"),
            ("00A4080C043F002F05", "6A82"),
            ("00A4080C022F05", "9000"),
            ("00A2010402AABB", "6981"),
        ],
    );
}

/// PINs: tries are told, asked for, spent, given back; both classes share them.
#[test]
fn pins() {
    let mut card = on(image());
    session(
        &mut card,
        &[
            ("0020000100", "63C3"),
            ("00200001", "63C3"),
            ("00200001083030303030303030", "63C2"),
            ("0020000100", "63C2"),
            ("A0200001083030303030303030", "9804"),
            ("00200001083030303030303030", "63C0"),
            ("0020000100", "6983"),
            ("00200001083131313131313131", "6983"),
            ("A0200001083131313131313131", "9840"),
            ("002C000100", "63CA"),
            ("002C00011030303030303030303232323232323232", "63C9"),
            ("002C00011050505050505050503434343434343434", "9000"),
            ("0020000100", "63C3"),
            ("002400011034343434343434343131313131313131", "9000"),
            ("00260001083131313131313131", "9000"),
            ("00260001083131313131313131", "6985"),
            ("00200001083131313131313131", "6984"),
            ("00280001083030303030303030", "63C2"),
            ("00280001083131313131313131", "9000"),
            ("00280001083131313131313131", "6985"),
            // PIN2 and ADM1 by their references; PIN2 has no unblocking code here
            ("0020008100", "63C3"),
            ("00200081083232323232323232", "9000"),
            ("002C008100", "6A88"),
            ("0020000A084141414141414141", "9000"),
            ("0024000A1041414141414141414242424242424242", "6985"),
            ("0020000200", "6A88"),
            ("0020010100", "6A86"),
            ("002000010731313131313131", "6700"),
        ],
    );
}

/// DEACTIVATE and ACTIVATE: the life cycle byte of the parameters, and 6985 in between.
#[test]
fn files_are_switched_off_and_on() {
    let mut card = on(image());
    let off = "621A 8205422100040683026F3A 8A0104 8B032F0606 80020018 880150 9000".replace(' ', "");
    let there = off.replace("8A0104", "8A0105");
    session(
        &mut card,
        &[
            ("00A4080C027F10", "9000"),
            ("00A40004026F3A", &there),
            ("0004000000", "6982"),
            ("00200001083131313131313131", "9000"),
            ("00200081083232323232323232", "9000"),
            ("0004000000", "9000"),
            ("0004000000", "6985"),
            ("00B2010404", "6985"),
            ("00A2010401FF", "6985"),
            ("00A40004026F3A", &off),
            ("A0B2010404", "9810"),
            ("00440000026F3A", "9000"),
            ("0044000000", "6985"),
            ("00040000026F99", "6A82"),
            ("00B2010404", "FFFFFFFF9000"),
            ("00A4000C027F10", "9000"),
            ("0004000000", "6986"),
        ],
    );
}

/// Class A0 on the same card: its own words, its own answers, its own GET RESPONSE.
#[test]
fn both_classes_are_spoken() {
    let mut card = on(image());
    for (command, wanted) in [
        ("A0A40000023F00", "9F17"),
        // an answer of one class is none of the other's
        ("00C0000017", "6985"),
        ("A0C0000017", "6F00"),
        ("00A40004023F00", "612B"),
        ("A0C000002B", "6F00"),
        ("00C000002B", "6985"),
        ("A0A40000023F00", "9F17"),
        ("A0C0000017", "000001003F000100000000000A1301020400838A8300009000"),
        // applications are none of class A0's business
        ("A0A40000027FF0", "9404"),
        ("A0A40000027F10", "9F17"),
        ("A0A40000026F3C", "9F0F"),
        ("A0B2010404", "9804"),
        ("00B2010404", "6982"),
        ("A0B2010400", "9804"),
        ("A0DE000000", "6D00"),
        ("00DE000000", "6D00"),
        // a logical channel, secure messaging, a class of nobody's
        ("01A40004023F00", "6881"),
        ("03B0000001", "6881"),
        ("81F2000000", "6881"),
        ("42A40004023F00", "6881"),
        ("6FB0000001", "6881"),
        ("C1F2000000", "6881"),
        ("04A40004023F00", "6882"),
        ("0CB0000001", "6882"),
        ("84F2000000", "6882"),
        ("10A40004023F00", "6E00"),
        ("20A40004023F00", "6E00"),
        ("90F2000000", "6E00"),
        ("B0F2000000", "6E00"),
        ("FFCA000000", "6E00"),
        // MANAGE CHANNEL knows no other channel; the terminal's capabilities and a rest are not asked for
        ("0070000001", "6881"),
        ("0070000101", "6881"),
        ("00708001", "6881"),
        ("0070800100", "6881"),
        ("80AA000005A903810100", "6D00"),
        ("8076000004003C013C", "6D00"),
        ("8076000004003C013C", "6D00"),
        ("8070000001", "6D00"),
        ("00AA000000", "6D00"),
        ("80A40004023F00", "6D00"),
        ("A0A40004023F00", "6B00"),
        ("0010000001FF", "6D00"),
        ("8010000001FF", "9000"),
        ("8012000010", "6985"),
        ("8014000001FF", "6985"),
        ("80C2000001FF", "6985"),
        ("80F2000C00", "9000"),
        ("80F2030000", "6A86"),
        ("80F2000100", "6A82"),
    ] {
        assert_eq!(answer(&mut card, command), wanted.replace(' ', ""), "{command}");
    }
}

/// 00 in bits 4 and 3 of P2, as tools of the field send it, is 04; no data is the MF; children and parents.
#[test]
fn select_as_the_field_sends_it() {
    let mut card = on(image());
    let mf = &*format!("{MF}9000");
    let adf = "62318202782183027FF0840CA00000008710026669727374A5038001718A01058B032F0601C60C9001E083010183018183010A9000";
    let telecom = "62238202782183027F10A5038001718A01058B032F0601C60C9001E083010183018183010A9000";
    let imsi = "62178202412183026F078A01058B032F0607800200098801389000";
    session(
        &mut card,
        &[
            ("00A40000023F00", mf),
            ("00A40000027F10", telecom),
            ("00A40000", mf),
            ("00A4000000", mf),
            ("00A40004", mf),
            ("00A4000C", "9000"),
            ("00A4040005A000000087", adf),
            ("00A40000026F07", imsi),
            ("00A40800047FFF6F07", imsi),
            ("00A40900026F07", imsi),
            ("00A4000C00", "9000"),
            // P1 01: a directory of the current one, P1 03: the one above it
            ("00A4010C027F10", "9000"),
            ("00A4010C026F3C", "6A82"),
            ("00A40100023F00", "6A82"),
            ("00A40304023F00", "6700"),
            ("00A40304", mf),
            ("00A4030C", "6A82"),
            ("00A4010402", "6700"),
        ],
    );
}

/// Partial AIDs, and which of several: A0 00 00 00 87 begins both.
#[test]
fn applications_by_occurrence() {
    let partial = "05A000000087";
    let running = |card: &mut Card<RamNvm>| {
        let told = answer(card, "80F2000100");
        let len = told.strip_prefix("6C").map(str::to_owned);
        len.map_or(told, |len| answer(card, &format!("80F20001{len}")))
    };
    let first = "840CA000000087100266697273749000";
    let second = "840AA000000087100474776F9000";
    let mut card = on(image());
    for (p2, wanted, runs) in [
        // nothing runs: next is the first, previous the last
        ("0E", "9000", first),
        ("0E", "9000", second),
        ("0E", "6A82", second),
        ("0F", "9000", first),
        ("0F", "6A82", first),
        ("0D", "9000", second),
        ("0C", "9000", first),
    ] {
        assert_eq!(answer(&mut card, &format!("00A404{p2}{partial}")), wanted, "{p2}");
        assert_eq!(running(&mut card), runs, "{p2}");
    }
    let mut card = on(image());
    assert_eq!(answer(&mut card, &format!("00A4040F{partial}")), "9000");
    assert_eq!(running(&mut card), second);
    // of a longer part only one is there
    assert_eq!(answer(&mut card, "00A4040D07A0000000871002"), "9000");
    assert_eq!(running(&mut card), first);
    assert_eq!(answer(&mut card, "00A4040E07A0000000871002"), "6A82");
}

/// An application is ended by its AID; then none runs and the MF is current.
#[test]
fn an_application_is_ended() {
    let mut card = on(image());
    for (command, wanted) in [
        ("00A4044C05A000000087", "6A82"),
        ("00A4040C07A0000000871002", "9000"),
        ("00A4000C026F07", "9000"),
        ("00A4044C07A0000000871004", "6985"),
        ("00B000001F", "6982"),
        ("00A4042C07A0000000871002", "6A86"),
        ("00A4046C07A0000000871002", "6A86"),
        ("00A4044C07A0000000871002", "9000"),
        ("80F2000100", "6A82"),
        ("00A4000C027FFF", "6A82"),
        ("00B0000001", "6986"),
        ("00B0850002", "656E9000"),
        // with its parameters, once more
        ("00A4040C07A0000000871002", "9000"),
        ("00A4044407A0000000871002", "6133"),
        ("00A4000C027FFF", "6A82"),
    ] {
        assert_eq!(answer(&mut card, command), wanted, "{command}");
    }
}

/// What waits for class 00 may be fetched under class 80 too: hosts repeat the class of the command.
#[test]
fn answers_are_fetched_under_the_class_of_the_command() {
    let mut card = on(image());
    for (command, wanted) in [
        ("00A4080C047F106F39", "9000"),
        ("00200001083131313131313131", "9000"),
        ("8032000003000102", "6106"),
        ("80C0000006", "0001020001029000"),
        ("80C0000006", "6985"),
        ("8032000003000001", "6106"),
        ("00C0000006", "0001030000019000"),
        ("8032000003000001", "6106"),
        ("80C0000004", "000104006102"),
        ("00C0000003", "6C02"),
        ("80C0000002", "00019000"),
        ("00A40004023F00", "612B"),
        ("80C0000003", "6229826128"),
        ("A0C0000028", "6F00"),
        ("81C0000028", "6881"),
    ] {
        assert_eq!(answer(&mut card, command), wanted, "{command}");
    }
}

/// AUTHENTICATE in the GSM context is RUN GSM ALGORITHM under another name.
#[test]
fn authenticate_is_the_same_algorithm() {
    let mut card = on(image());
    let rand = "6BC1BEE22E409F96E93D7E117393172A";
    let command = format!("008800801110{rand}");
    session(
        &mut card,
        &[
            (&command, "6985"),
            ("00A4040C05A000000087", "9000"),
            (&command, "6982"),
            ("00200001083131313131313131", "9000"),
            (&format!("00880080110F{rand}"), "6A80"),
            (&format!("008800811110{rand}"), "6700"),
            (&format!("008800821110{rand}"), "6A86"),
        ],
    );
    let result = {
        assert_eq!(answer(&mut card, &command), "610E");
        answer(&mut card, "00C000000E")
    };
    let key = keys::Key::new(Suite::Aes128, &[0x2B; 16]).unwrap();
    let code = keys::mac::cmac(&key, &[&hex::decode(rand).unwrap()]);
    let (sres, kc) = (hex::encode_upper(&code[..4]), hex::encode_upper(&code[4..12]));
    assert_eq!(result, format!("04{sres}08{kc}9000"));
}

/// Every file's rule stands in EF_ARR, under the number its parameters give; a file whose rule is nowhere tells it itself.
#[test]
fn rules_are_told() {
    let mut card = on(image());
    let pin1 = "A406830101950108";
    let pin2 = "A406830181950108";
    for (number, rule) in [
        "80017F9700".to_owned(),
        format!("80010190008001 02{pin1}8001089700800110 9700"),
        "8001019000800102970080010897008001109700".to_owned(),
        format!("800101{pin1}800102{pin1}80010897008001109700"),
        format!("8001019000800102900080010897008001109700840132{pin1}"),
        format!("80010190008001029000800108{pin1}800110{pin2}"),
        format!("800101{pin1}800102A40683010A95010880010897008001109700"),
        format!("800101{pin2}800102970080010897008001109700"),
    ]
    .iter()
    .enumerate()
    {
        let rule = rule.replace(' ', "");
        let record = format!("{rule}{}9000", "FF".repeat(55 - rule.len() / 2));
        assert_eq!(answer(&mut card, &format!("00B2{:02X}3437", number + 1)), record);
    }
    assert_eq!(answer(&mut card, "00B2093437"), "6A83");
}
