//! Every command of every kind of finished card, in every state the card can be brought to, and what it answers: the walk of
//! docs/specs/cards.md 5 and 6 and fmcos.md. A row that is missing here fails, and so does a check that was taken away.

mod walks;

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
use walks::{
    CERTIFYING, ESAM, ESAM_END, EVERY, MAIN_CONTROL, PRODUCTION_CARD, PSAM, PSAM_ALONE, PSAM_END, SIGNING,
    SUPERVISED, TEST_CARD, TEST_ISSUING, UNCERTIFYING, UNSIGNED, USER_CARD,
};
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
    if kind.has_application() { DF_PURCHASE } else { Fid::MF }
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
    let mut nvm =
        RamNvm::erased(Chip::eeprom_size(if kind == CardKind::ProductionCard { 0x7000 } else { 0x2000 }));
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

#[test]
fn every_command_asks_what_the_documents_say() {
    // STATEMENT stands where the manual has UPDATE OVERDRAW LIMIT.
    let overdraw =
        "UPDATE OVERDRAW LIMIT | 805800000E 0000000000000000000000000000 | 6901 6901 6901 6901 6901\n";
    assert!(EVERY.contains(overdraw));
    let psam = [&EVERY.replace(overdraw, ""), PSAM].concat();
    walk(CardKind::Psam, &[&psam, PSAM_ALONE, SIGNING].concat());
    walk(CardKind::TestCard, &[&psam, TEST_CARD, UNSIGNED].concat());
    walk(CardKind::PsamIssuing, &[EVERY, SUPERVISED, PSAM_END, SIGNING, CERTIFYING].concat());
    walk(CardKind::EsamIssuing, &[EVERY, SUPERVISED, ESAM_END, SIGNING, CERTIFYING].concat());
    walk(CardKind::Esam, &[EVERY, ESAM, SIGNING].concat());
    // It has no key 35/04, but its bank's, 35/05.
    let kid = EVERY.replace("8048F50406", "8048F50506").replace("803CF50401", "803CF50501");
    walk(CardKind::UserCard, &[&kid, USER_CARD].concat());
    // Its own master is its only key.
    let keyless =
        kid.replace("8048F50506 | 9000 9000 9000 9000 9000", "8048F50506 | 6A88 6A88 6A88 6A88 6A88");
    let keyless =
        keyless.replace("803CF50501 | 6981 6981 6981 6981 6981", "803CF50501 | 6A88 6A88 6A88 6A88 6A88");
    walk(CardKind::ProductionCard, &[&keyless, PRODUCTION_CARD].concat());
    for (kind, own) in [(CardKind::MainControl, MAIN_CONTROL), (CardKind::TestIssuing, TEST_ISSUING)] {
        walk(kind, &[EVERY, own, UNSIGNED, UNCERTIFYING].concat());
    }
}
