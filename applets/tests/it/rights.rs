//! Every command of every kind of finished card, in every state the card can be brought to, and what it answers: the walk of
//! docs/specs/cards.md 5 and 6 and fmcos.md. A row that is missing here fails, and so does a check that was taken away.

use super::counting;
use cos::table::{Class, CommandRow};
use cos::{Card, Chip, Nvm, Protocol, RamNvm};
use gridcard_applets::program_of;
use keys::{Key, Suite, seal};
use scheme::profile::{
    CardInfo, CardKind, DF_PURCHASE, Directory, EF_CARD_INFO, FACTORY_KEYS, Fid, KeyRow, Make, State,
    directories,
};
use std::collections::BTreeSet;
use wire::Command;

pub const SUITE: Suite = Suite::TripleDes;
pub const NUMBER: [u8; 6] = [0x33, 0x02, 0x00, 0x00, 0x00, 0x01];
const PINS: [[u8; 3]; 2] = [[0x12, 0x34, 0x56], [0x65, 0x43, 0x21]];

/// How far a card was opened. The columns of the walk, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    /// Just reset.
    Nothing,
    /// The operator's PIN.
    Pin,
    /// Both PINs; of a card with one, nothing more than that.
    Second,
    /// The meter's MCU: 39/03 of an ESAM.
    Meter,
    /// The own master: 39/00.
    Master,
}

const COLUMNS: [Opened; 5] = [Opened::Nothing, Opened::Pin, Opened::Second, Opened::Meter, Opened::Master];

/// A key of a card, as good as any.
pub fn key(row: &KeyRow) -> Key {
    Key::from_16(SUITE, [row.kind ^ row.id.wrapping_mul(0x11); 16])
}

fn send(card: &mut Card<RamNvm>, command: &Command) -> u16 {
    let answer = card.transmit(&command.to_bytes());
    u16::from_be_bytes(*answer.last_chunk().unwrap())
}

fn must(card: &mut Card<RamNvm>, command: &Command) {
    let sw = send(card, command);
    assert!(sw == 0x9000 || sw >> 8 == 0x61, "{}: {sw:04X}", hex::encode_upper(command.to_bytes()));
}

fn select(card: &mut Card<RamNvm>, fid: Fid) {
    must(card, &Command::new(0x00, 0xA4, 0x00, 0x00).data(&fid.bytes()));
}

/// The directory that holds the commands of a kind.
fn home(kind: CardKind) -> Fid {
    if matches!(kind, CardKind::Psam | CardKind::TestCard) { DF_PURCHASE } else { Fid::MF }
}

fn fill(card: &mut Card<RamNvm>, directory: &Directory) {
    if directory.fid == Fid::MF {
        must(card, &FACTORY_KEYS.create());
    } else {
        select(card, directory.fid);
    }
    // What stands in a directory of its own is filled in its turn.
    for file in directory.files {
        must(card, &file.create());
    }
    for row in directory.keys.iter().filter(|row| row.role != scheme::profile::PREVIOUS_MASTER) {
        let data = [&row.header(1)[..], key(row).expose()].concat();
        must(card, &Command::new(0x80, 0xD4, 0x01, row.id).data(&data));
    }
    for (pin, value) in directory.pins.iter().zip(PINS) {
        let data = [&pin.header[..], &value].concat();
        must(card, &Command::new(0x80, 0xD4, 0x01, pin.id).data(&data));
    }
}

/// A finished card of a kind, made by the tables.
pub fn finished(kind: CardKind) -> Card<RamNvm> {
    let protocol = if kind == CardKind::Esam { Protocol::T0 } else { Protocol::Direct };
    let chip = Chip { kind, suite: SUITE, protocol, serial: [7; 8] };
    let mut nvm = RamNvm::erased(Chip::eeprom_size(0x2000));
    chip.manufacture(&mut nvm).unwrap();
    let mut card = Card::new(nvm, counting(), program_of).unwrap();
    card.power_on().unwrap();
    must(&mut card, &scheme::profile::FACTORY_MF.create());
    let directories = directories(kind);
    for directory in directories {
        fill(&mut card, directory);
    }
    select(&mut card, Fid::MF);
    authenticate(&mut card, kind, 0);
    if kind == CardKind::Esam {
        let data = [&[0][..], &NUMBER, &[0; 25]].concat();
        select(&mut card, scheme::profile::EF_PARAMETERS);
        must(&mut card, &Command::new(0x00, 0xD6, 0x00, 0x00).data(&data));
    }
    let info = CardInfo {
        make: Make::Current,
        region: if kind == CardKind::MainControl { [0; 4] } else { [0x33, 0x02, 0x00, 0x00] },
        kind,
        number: NUMBER,
        valid_from: [0x20, 0x26, 0x01, 0x01],
        valid_to: [0x20, 0x36, 0x01, 0x01],
        state: State::Test,
        suite: SUITE.code(),
    };
    let short = 0x80 | EF_CARD_INFO.bytes()[1];
    must(&mut card, &Command::new(0x00, 0xD6, short, 0x00).data(&info.to_bytes()));
    card.power_on().unwrap();
    card
}

fn authenticate(card: &mut Card<RamNvm>, kind: CardKind, id: u8) {
    let row = directories(kind)[0].keys.iter().find(|row| (row.kind & 0x3F, row.id) == (0x39, id)).unwrap();
    let challenge = card.transmit(&[0x00, 0x84, 0x00, 0x00, 0x08]);
    let cryptogram = seal::cryptogram(&key(row), &challenge[..8]);
    must(card, &Command::new(0x00, 0x82, 0x00, id).data(&cryptogram));
}

/// Opens a card that was just reset as far as a column says.
fn open(card: &mut Card<RamNvm>, kind: CardKind, opened: Opened) {
    card.power_on().unwrap();
    if opened == Opened::Master {
        authenticate(card, kind, 0);
    }
    select(card, home(kind));
    let pins = directories(kind).iter().flat_map(|directory| directory.pins).count();
    let wanted = match opened {
        Opened::Pin => 1,
        Opened::Second => 2,
        _ => 0,
    };
    for (id, value) in PINS.iter().enumerate().take(wanted.min(pins)) {
        must(card, &Command::new(0x00, 0x20, 0x00, id as u8).data(value));
    }
    if opened == Opened::Meter && kind == CardKind::Esam {
        authenticate(card, kind, 3);
    }
}

/// A line of a walk: the name of the command's row, the bytes, and the answers in the order of [`COLUMNS`].
struct Line<'t> {
    name: &'t str,
    /// One command, or more with `>` between; the last one is the row's, and its answer counts.
    commands: Vec<Vec<u8>>,
    answers: Vec<u16>,
}

impl Line<'_> {
    fn last(&self) -> &[u8] {
        self.commands.last().unwrap()
    }
}

fn lines(walk: &str) -> Vec<Line<'_>> {
    let rows = walk.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, bytes, answers] = parts[..] else { panic!("not a line of a walk: {line}") };
        Line {
            name,
            commands: bytes.split('>').map(|bytes| hex::decode(bytes.replace(' ', "")).unwrap()).collect(),
            answers: answers.split(' ').map(|word| u16::from_str_radix(word, 16).unwrap()).collect(),
        }
    })
    .collect()
}

fn class_of(row: &CommandRow) -> u8 {
    let (Class::Only(class) | Class::Securable(class)) = row.class;
    class
}

/// Walks a kind, and tells every difference at once.
fn walk(kind: CardKind, text: &str) {
    let program = program_of(kind).unwrap();
    let lines = lines(text);
    let made = finished(kind);
    let mut wrong = Vec::new();
    for line in &lines {
        let rows = program.commands.iter().chain(program.dialect.main.commands);
        let mut named = rows.filter(|row| row.name == line.name && row.ins == line.last()[1]);
        assert!(named.any(|row| row.class.fits(line.last()[0])), "{}: no row {}", kind.name(), line.name);
        let mut found = Vec::new();
        for opened in COLUMNS {
            let nvm = RamNvm::from_bytes(made.nvm().bytes().to_vec());
            let mut card = Card::new(nvm, counting(), program_of).unwrap();
            open(&mut card, kind, opened);
            let answers: Vec<_> = line.commands.iter().map(|command| card.transmit(command)).collect();
            let sw = u16::from_be_bytes(*answers.last().unwrap().last_chunk().unwrap());
            // T=0 announces what the other protocol gives at once.
            found.push(if sw >> 8 == 0x61 { 0x9000 } else { sw });
        }
        if found != line.answers {
            let words: Vec<String> = found.iter().map(|sw| format!("{sw:04X}")).collect();
            let bytes: Vec<String> = line.commands.iter().map(hex::encode_upper).collect();
            let bytes = bytes.join(" > ");
            wrong.push(format!("{} | {bytes} | {}", line.name, words.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{} answers otherwise:\n{}", kind.name(), wrong.join("\n"));
    let walked: BTreeSet<(u8, u8)> =
        lines.iter().map(|line| (line.last()[0] & !0x04, line.last()[1])).collect();
    let rows = program.commands.iter().chain(program.dialect.main.commands);
    let missing: BTreeSet<_> =
        rows.filter(|row| !walked.contains(&(class_of(row) & !0x04, row.ins))).map(|row| row.name).collect();
    assert!(missing.is_empty(), "{}: not walked: {missing:?}", kind.name());
}

/// What every finished card of ours answers, whoever asks: it takes no new file, no new key and no block, has no purse of the
/// manual's, and tells key information and tries freely [docs/specs/cards.md 4, 6].
const EVERY: &str = "
GET CHALLENGE | 0084000008 | 9000 9000 9000 9000 9000
SELECT | 00A4000002 3F00 | 9000 9000 9000 9000 9000
ERASE DF | 800E0000 | 6985 6985 6985 6985 6985
WRITE KEY | 80D4010A08 3AF0EFAA33123456 | 6985 6985 6985 6985 6985
WRITE KEY | 84D4390008 0000000000000000 | 6985 6985 6985 6985 6985
CREATE FILE | 80E0000B07 280004F0F0FFFF | 6985 6985 6985 6985 6985
CARD BLOCK | 8416000004 00000000 | 6985 6985 6985 6985 6985
APPLICATION UNBLOCK | 8418000004 00000000 | 6985 6985 6985 6985 6985
APPLICATION BLOCK | 841E000004 00000000 | 6985 6985 6985 6985 6985
PIN UNBLOCK | 842401000C 000000000000000000000000 | 6985 6985 6985 6985 6985
RELOAD PIN | 805E000007 12345600000000 | 6985 6985 6985 6985 6985
CREDIT FOR LOAD | 805200000B 0000000000000000000000 | 6901 6901 6901 6901 6901
DEBIT | 805401000F 000000000000000000000000000000 | 6901 6901 6901 6901 6901
UPDATE CAPP DATA CACHE | 80DC010C04 00000000 | 6901 6901 6901 6901 6901
UPDATE OVERDRAW LIMIT | 805800000E 0000000000000000000000000000 | 6901 6901 6901 6901 6901
GET TRANSACTION PROVE | 805A000602 0001 | 6A82 6A82 6A82 6A82 6A82
GET BALANCE | 805C000204 | 6A82 6A82 6A82 6A82 6A82
KEY INFORMATION | 8048F50406 | 9000 9000 9000 9000 9000
TRIES LEFT | 803CF50401 | 6981 6981 6981 6981 6981
INITIALIZE | 805000020B 0000000000000000000000 | 6A82 6A82 6A82 6A82 6A82
";

/// The main control card: each act needs both officers.
const MAIN_CONTROL: &str = "
SEAL LIMIT | 803A000026 0000000000000000000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
SET LIMIT | 844C000010 00000000000000000000000000000000 | 6985 6985 6985 6985 6985
ACTIVATE KEYS | 844A00000A 00000000000000000000 | 6982 6982 6982 6982 6985
SEAL PIN | 8056000022 00000000000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
VERIFY | 0020000003 111111 | 63C2 63C2 63C2 63C2 63C2
VERIFY | 0020000103 111111 | 6982 63C2 63C2 6982 63C2
EXTERNAL AUTHENTICATE | 0082000008 0000000000000000 | 6985 6985 6985 6985 6985
INTERNAL AUTHENTICATE | 0088000208 0000000000000000 | 6A88 6A88 6A88 6A88 6A88
READ BINARY | 00B0950004 | 9000 9000 9000 9000 9000
READ BINARY | 00B0970004 | 6A82 6A82 6A82 6A82 6A82
READ RECORD | 00B2010C04 | 6A82 6A82 6A82 6A82 6A82
UPDATE BINARY | 00D6950001 00 | 6982 6982 6982 6982 6985
UPDATE BINARY | 00D6970004 00000010 | 6A82 6A82 6A82 6A82 6A82
UPDATE BINARY | 00D6980001 00 | 6A82 6A82 6A82 6A82 6A82
UPDATE BINARY | 00D0950001 00 | 6982 6982 6982 6982 6985
UPDATE RECORD | 00DC010C04 00000000 | 6A82 6A82 6A82 6A82 6A82
UPDATE RECORD | 00D2010C04 00000000 | 6A82 6A82 6A82 6A82 6A82
APPEND RECORD | 00E2000C04 00000000 | 6A82 6A82 6A82 6A82 6A82
CHANGE PIN | 805E010007 111111FF222222 | 63C2 63C2 63C2 63C2 63C2
CHANGE PIN | 805E010107 111111FF222222 | 6982 63C2 63C2 6982 63C2
KEY INFORMATION | 8048390006 | 6985 6985 6985 6985 6985
KEY INFORMATION | 80483A0006 | 6985 6985 6985 6985 6985
TRIES LEFT | 803C390001 | 9000 9000 9000 9000 9000
TRIES LEFT | 803C3A0001 | 9000 9000 9000 9000 9000
EXPORT KEY | 804400001F 00000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
AUTHENTICATE TARGET | 804600001A 0000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
SEAL ACTIVATION | 804C000020 0000000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
CHECK VALUE | 804E000305 3302000001 | 6982 6982 9000 6982 9000
SET PIN | 842400000C 000000000000000000000000 | 6985 6985 6985 6985 6985
";

/// The issuing cards of PSAMs and ESAMs: the operator alone, the supervisor for what section 10 says.
const SUPERVISED: &str = "
SEAL LIMIT | 803A000026 0000000000000000000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
SET LIMIT | 844C000010 00000000000000000000000000000000 | 6985 6985 6985 6985 6985
ACTIVATE KEYS | 844A00000A 00000000000000000000 | 6982 6982 6982 6982 6985
SEAL PIN | 8056000022 00000000000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
VERIFY | 0020000003 111111 | 63C2 63C2 63C2 63C2 63C2
VERIFY | 0020000103 111111 | 6982 63C2 63C2 6982 63C2
EXTERNAL AUTHENTICATE | 0082000008 0000000000000000 | 6985 6985 6985 6985 6985
INTERNAL AUTHENTICATE | 0088000208 0000000000000000 | 6A88 6A88 6A88 6A88 6A88
READ BINARY | 00B0950004 | 9000 9000 9000 9000 9000
READ BINARY | 00B0970004 | 6281 6281 6281 6281 6281
READ RECORD | 00B2010C04 | 6A82 6A82 6A82 6A82 6A82
UPDATE BINARY | 00D6950001 00 | 6982 6982 6982 6982 6985
UPDATE BINARY | 00D6970004 00000010 | 6982 6982 6982 6982 6985
UPDATE BINARY | 00D6980001 00 | 6982 6982 6982 6982 6982
UPDATE BINARY | 00D0950001 00 | 6982 6982 6982 6982 6985
UPDATE RECORD | 00DC010C04 00000000 | 6A82 6A82 6A82 6A82 6A82
UPDATE RECORD | 00D2010C04 00000000 | 6A82 6A82 6A82 6A82 6A82
APPEND RECORD | 00E2000C04 00000000 | 6A82 6A82 6A82 6A82 6A82
CHANGE PIN | 805E010007 111111FF222222 | 63C2 63C2 63C2 63C2 63C2
CHANGE PIN | 805E010107 111111FF222222 | 6982 63C2 63C2 6982 63C2
KEY INFORMATION | 8048390006 | 6985 6985 6985 6985 6985
KEY INFORMATION | 80483A0006 | 6985 6985 6985 6985 6985
TRIES LEFT | 803C390001 | 9000 9000 9000 9000 9000
TRIES LEFT | 803C3A0001 | 9000 9000 9000 9000 9000
EXPORT KEY | 804400001F 00000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
AUTHENTICATE TARGET | 804600001A 0000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
SEAL ACTIVATION | 804C000020 0000000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
CHECK VALUE | 804E000305 3302000001 | 6982 6A86 6A86 6982 6A86
SET PIN | 842400000C 000000000000000000000000 | 6985 6985 6985 6985 6985
";

/// The end of what these two make, a well-formed question for one PSAM and for one ESAM.
const PSAM_END: &str = "
SEAL ACTIVATION | 804C410020 0000000000000000 1111111111111111 000000000009 33020000 020000000000 | 6982 6982 9000 6982 9000
";
const ESAM_END: &str = "
SEAL ACTIVATION | 804C510020 0000000000000000 1111111111111111 000000000009 33020000 020000000000 | 6982 6982 9000 6982 9000
";

/// The test issuing card: one PIN.
const TEST_ISSUING: &str = "
SEAL LIMIT | 803A000026 0000000000000000000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
SET LIMIT | 844C000010 00000000000000000000000000000000 | 6985 6985 6985 6985 6985
ACTIVATE KEYS | 844A00000A 00000000000000000000 | 6982 6982 6982 6982 6985
SEAL PIN | 8056000022 00000000000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
VERIFY | 0020000003 111111 | 63C2 63C2 63C2 63C2 63C2
VERIFY | 0020000103 111111 | 6981 6981 6981 6981 6981
EXTERNAL AUTHENTICATE | 0082000008 0000000000000000 | 6985 6985 6985 6985 6985
INTERNAL AUTHENTICATE | 0088000208 0000000000000000 | 6A88 6A88 6A88 6A88 6A88
READ BINARY | 00B0950004 | 9000 9000 9000 9000 9000
READ BINARY | 00B0970004 | 6281 6281 6281 6281 6281
READ RECORD | 00B2010C04 | 6A82 6A82 6A82 6A82 6A82
UPDATE BINARY | 00D6950001 00 | 6982 6982 6982 6982 6985
UPDATE BINARY | 00D6970004 00000010 | 6982 6982 6982 6982 6985
UPDATE BINARY | 00D6980001 00 | 6982 6982 6982 6982 6982
UPDATE BINARY | 00D0950001 00 | 6982 6982 6982 6982 6985
UPDATE RECORD | 00DC010C04 00000000 | 6A82 6A82 6A82 6A82 6A82
UPDATE RECORD | 00D2010C04 00000000 | 6A82 6A82 6A82 6A82 6A82
APPEND RECORD | 00E2000C04 00000000 | 6A82 6A82 6A82 6A82 6A82
CHANGE PIN | 805E010007 111111FF222222 | 63C2 63C2 63C2 63C2 63C2
CHANGE PIN | 805E010107 111111FF222222 | 9403 9403 9403 9403 9403
KEY INFORMATION | 8048390006 | 6985 6985 6985 6985 6985
KEY INFORMATION | 80483A0006 | 6985 6985 6985 6985 6985
TRIES LEFT | 803C390001 | 9000 9000 9000 9000 9000
TRIES LEFT | 803C3A0001 | 9000 9000 9000 9000 9000
EXPORT KEY | 804400001F 00000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
AUTHENTICATE TARGET | 804600001A 0000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
SEAL ACTIVATION | 804C000020 0000000000000000000000000000000000000000000000000000000000000000 | 6982 6A86 6A86 6982 6A86
CHECK VALUE | 804E000305 3302000001 | 6982 6A86 6A86 6982 6A86
SET PIN | 842400000C 000000000000000000000000 | 6985 6985 6985 6985 6985
";

/// PSAM and test card, in the purchase application; the master of the MF reaches no key of it.
const PSAM: &str = "
STATEMENT | 8058000008 0000000000000000 | 9000 9000 9000 9000 9000
PAIR SERVER | 803E000010 | 6982 6982 6982 6982 6982
SET LIMIT | 844C000010 00000000000000000000000000000000 | 6985 6985 6985 6985 6985
ACTIVATE KEYS | 844A00000A 00000000000000000000 | 6982 6982 6982 6982 6982
ACTIVATE KEYS | 00A40000023F00 > 844A00000A00000000000000000000 | 6982 6982 6982 6982 6985
VERIFY | 0020000003 111111 | 63C2 63C2 63C2 63C2 63C2
VERIFY | 0020000103 111111 | 9403 9403 9403 9403 9403
EXTERNAL AUTHENTICATE | 0082000008 0000000000000000 | 6A88 6A88 6A88 6A88 6A88
INTERNAL AUTHENTICATE | 0088000208 0000000000000000 | 6A88 6A88 6A88 6A88 6A88
READ BINARY | 00B0950004 | 6A82 6A82 6A82 6A82 6A82
READ BINARY | 00B0970004 | 6281 6281 6281 6281 6281
READ RECORD | 00B2010C04 | 6A82 6A82 6A82 6A82 6A82
UPDATE BINARY | 00D6950001 00 | 6A82 6A82 6A82 6A82 6A82
UPDATE BINARY | 00D6970004 00000010 | 6982 6982 6982 6982 6982
UPDATE BINARY | 00D6980001 00 | 6982 6982 6982 6982 6982
UPDATE BINARY | 00D0950001 00 | 6A82 6A82 6A82 6A82 6A82
UPDATE RECORD | 00DC010C04 00000000 | 6A82 6A82 6A82 6A82 6A82
UPDATE RECORD | 00D2010C04 00000000 | 6A82 6A82 6A82 6A82 6A82
APPEND RECORD | 00E2000C04 00000000 | 6A82 6A82 6A82 6A82 6A82
CHANGE PIN | 805E010007 111111FF222222 | 63C2 63C2 63C2 63C2 63C2
CHANGE PIN | 805E010107 111111FF222222 | 9403 9403 9403 9403 9403
KEY INFORMATION | 8048390006 | 6A88 6A88 6A88 6A88 6A88
KEY INFORMATION | 80483A0006 | 6985 6985 6985 6985 6985
TRIES LEFT | 803C390001 | 6A88 6A88 6A88 6A88 6A88
TRIES LEFT | 803C3A0001 | 9000 9000 9000 9000 9000
OPEN RECEIPT | 8042000013 00000000000000000000000000000000000000 | 6982 6A80 6A80 6982 6982
SET PIN | 842400000C 000000000000000000000000 | 6985 6985 6985 6985 6985
";

/// A PSAM seals nothing without a proof, and is paired with its PIN and its city's presence.
const PSAM_ALONE: &str = "
SEAL ORDER | 8040000002 E100 | 6982 6982 6982 6982 6982
SEAL ORDER | 804000000C E1009C080000000000000000 | 6982 6A88 6A88 6982 6982
PAIR SERVER | 0020000003123456 > 803E000010 | 6982 6982 6982 6982 9000
";

/// A test card asks no proof, and is paired with nobody.
const TEST_CARD: &str = "
SEAL ORDER | 8040000002 E100 | 6982 6A80 6A80 6982 6982
PAIR SERVER | 0020000003123456 > 803E000010 | 6982 6982 6982 6982 6985
";

/// The ESAM: the meter for purse, receipt and run information, the city for keys and ceiling.
const ESAM: &str = "
VERIFY | 0020000003 111111 | 6981 6981 6981 6981 6981
VERIFY | 0020000103 111111 | 9403 9403 9403 9403 9403
EXTERNAL AUTHENTICATE | 0082000008 0000000000000000 | 6985 6985 6985 6985 6985
INTERNAL AUTHENTICATE | 0088000208 0000000000000000 | 9000 9000 9000 9000 9000
READ BINARY | 00B0950004 | 9000 9000 9000 9000 9000
READ BINARY | 00B0970004 | 9000 9000 9000 9000 9000
READ RECORD | 00B2010C04 | 9000 9000 9000 9000 9000
UPDATE BINARY | 00D6950001 00 | 6982 6982 6982 6982 6985
UPDATE BINARY | 00D6970004 00000010 | 6982 6982 6982 6982 6982
UPDATE BINARY | 00D6980001 00 | 6A82 6A82 6A82 6A82 6A82
# The field's: the meter's own reports are free, all else asks for a MAC.
UPDATE BINARY | 00D6850004 00000001 | 9000 9000 9000 9000 9000
UPDATE BINARY | 00D6872A05 2611271200 | 9000 9000 9000 9000 9000
UPDATE BINARY | 00D6822406 330200001234 | 6982 6982 6982 6982 6982
UPDATE BINARY | 00D6990101 00 | 6982 6982 6982 6982 6982
UPDATE BINARY | 04D682240A 00000000000000000000 | 6985 6985 6985 6985 6985
UPDATE BINARY | 0084000004 > 04D682240A 00000000000000000000 | 6988 6988 6988 6988 6988
UPDATE BINARY | 0084000004 > 04D6990105 0000000000 | 6982 6982 6982 6982 6982
INFRARED AUTHENTICATE | 0082000808 0000000000000000 | 6985 6985 6985 6300 6300
INFRARED AUTHENTICATE | 0084000008 > 0082000808 0000000000000000 | 6300 6300 6300 6300 6300
DERIVE IDENTITY | 80FA000308 0000330200000001 | 9000 9000 9000 9000 9000
ENCIPHER | 80FA000008 0000000000000000 | 6985 6985 6985 6985 6985
INCREASE | 0084000004 > 8432010C0C 000000010000000100000000 | 6988 6988 6988 6988 6988
REFUND | 0084000004 > 8430020C08 0000000100000000 | 6988 6988 6988 6988 6988
SET PURSE | 0084000004 > 04DC010C08 0000000100000000 | 6988 6988 6988 6988 6988
DEBIT | 8030000404 00000001 | 9401 9401 9401 9401 9401
DEBIT | 8030010C05 00000001C3 | 9401 9401 9401 9401 9401
DOWNLOAD KEY | 84D4010020 0000000000000000000000000000000000000000000000000000000000000000 | 6988 6988 6988 6988 6988
UPDATE BINARY | 00D0950001 00 | 6982 6982 6982 6982 6985
UPDATE RECORD | 00DC010C04 00000000 | 6982 6982 6982 6982 6982
UPDATE RECORD | 00D2010C04 00000000 | 6982 6982 6982 6982 6982
APPEND RECORD | 00E2000C04 00000000 | 6982 6982 6982 6982 6982
CHANGE PIN | 805E010007 111111FF222222 | 9403 9403 9403 9403 9403
CHANGE PIN | 805E010107 111111FF222222 | 9403 9403 9403 9403 9403
KEY INFORMATION | 8048390006 | 6985 6985 6985 6985 6985
KEY INFORMATION | 80483A0006 | 6A88 6A88 6A88 6A88 6A88
# Of the keys 39 and of the ids 00 the own master alone is not shown, and the key the chip was born with.
KEY INFORMATION | 8048390306 | 9000 9000 9000 9000 9000
KEY INFORMATION | 8048340006 | 9000 9000 9000 9000 9000
KEY INFORMATION | 8048F50F06 | 6985 6985 6985 6985 6985
TRIES LEFT | 803C390001 | 9000 9000 9000 9000 9000
TRIES LEFT | 803C3A0001 | 6A88 6A88 6A88 6A88 6A88
ENVELOPE | 80C200000A 00000000000000000000 | 6982 6982 6982 6A80 6A80
DEBIT | 8030000C04 00000001 | 6982 6982 6982 9401 9401
STAGE KEY | 84D402001C 00000000000000000000000000000000000000000000000000000000 | 6982 6982 6982 6982 6985
STAGE KEY | 84D403041C 00000000000000000000000000000000000000000000000000000000 | 6982 6982 6982 6982 6A88
ACTIVATE KEYS | 844A00000A 00000000000000000000 | 6982 6982 6982 6982 6A88
# The ESAM's own files, by identifier.
READ BINARY | 00A40000025007 > 00B0000014 | 6982 6982 6982 9000 9000
UPDATE BINARY | 00A40000025007 > 00D6000001 00 | 6982 6982 6982 9000 9000
READ BINARY | 00A40000025008 > 00B0000001 | 6982 6982 6982 9000 9000
UPDATE BINARY | 00A40000025008 > 00D6000001 00 | 6982 6982 6982 6982 6982
READ BINARY | 00A40000025002 > 00B0000020 | 9000 9000 9000 9000 9000
UPDATE BINARY | 00A40000025002 > 00D6001504 00000000 | 6982 6982 6982 6982 9000
UPDATE BINARY | 00A40000025002 > 00D6000001 01 | 6982 6982 6982 6982 6985
UPDATE BINARY | 00A40000025009 > 00D6000001 00 | 6982 6982 6982 6982 6982
";

#[test]
fn every_command_asks_what_the_documents_say() {
    // STATEMENT stands where the manual has UPDATE OVERDRAW LIMIT.
    let overdraw =
        "UPDATE OVERDRAW LIMIT | 805800000E 0000000000000000000000000000 | 6901 6901 6901 6901 6901\n";
    assert!(EVERY.contains(overdraw));
    let psam = [&EVERY.replace(overdraw, ""), PSAM].concat();
    walk(CardKind::Psam, &[&psam, PSAM_ALONE].concat());
    walk(CardKind::TestCard, &[&psam, TEST_CARD].concat());
    walk(CardKind::PsamIssuing, &[EVERY, SUPERVISED, PSAM_END].concat());
    walk(CardKind::EsamIssuing, &[EVERY, SUPERVISED, ESAM_END].concat());
    for (kind, own) in
        [(CardKind::MainControl, MAIN_CONTROL), (CardKind::TestIssuing, TEST_ISSUING), (CardKind::Esam, ESAM)]
    {
        walk(kind, &[EVERY, own].concat());
    }
}
