//! Cards that somebody makes by hand, as their profile says or otherwise [docs/specs/cards.md 3, 4].

use crate::world::{number, slot};
use cos::{Chip, Protocol};
use keys::{Suite, seal};
use reader::driver::fmcos::Fmcos;
use scheme::profile::{
    self, CardInfo, CardKind, EF_CARD_INFO, EF_PARAMETERS, FACTORY_KEYS, FACTORY_MF, Fid, PREVIOUS_MASTER,
    State,
};
use vcard::{Image, Slot};
use wire::{Channel, Command, Sw};

pub const SUITE: Suite = Suite::TripleDes;
/// The card's own master key, for who makes the card by hand.
pub const OWN: [u8; 16] = *b"own master 16 by";

/// A key or PIN as WRITE KEY in clear takes it.
#[derive(Clone)]
pub struct Record {
    pub id: u8,
    pub data: Vec<u8>,
}

/// Everything about a card that somebody made by hand, so that each part can be another than it should.
#[derive(Clone)]
pub struct Design {
    pub kind: CardKind,
    pub mf: Command,
    /// Directory, its files, its keys.
    pub directories: Vec<(Fid, Vec<Command>, Vec<Record>)>,
    /// Written in the free mode of the new directory: directory, file, content.
    pub preset: Vec<(Fid, Fid, Vec<u8>)>,
    /// What is written last.
    pub info: [u8; CardInfo::LEN],
}

/// The card as it should be.
pub fn honest(kind: CardKind) -> Design {
    let directories = profile::directories(kind).iter().map(|directory| {
        let factory = (directory.fid == Fid::MF).then_some(&FACTORY_KEYS);
        let files = factory.into_iter().chain(directory.files).map(|row| row.create()).collect();
        // Of the first version there is no earlier master.
        let keys = directory.keys.iter().filter(|row| row.role != PREVIOUS_MASTER);
        let keys = keys.map(|row| Record { id: row.id, data: [&row.header(1)[..], &OWN].concat() });
        let pins = directory.pins.iter();
        let pins = pins.map(|row| Record { id: row.id, data: [&row.header[..], b"123456\xFF\xFF"].concat() });
        (directory.fid, files, keys.chain(pins).collect())
    });
    let province = kind == CardKind::MainControl;
    let info = CardInfo {
        make: profile::Make::Current,
        region: if province { [0; 4] } else { [0x33, 0x02, 0, 0] },
        kind,
        number: number(42).0,
        valid_from: [0x20, 0x26, 0x01, 0x01],
        valid_to: [0x20, 0x35, 0x12, 0x31],
        state: State::Test,
        suite: SUITE.code(),
    };
    let (mf, directories) = (FACTORY_MF.create(), directories.collect());
    Design { kind, mf, directories, preset: Vec::new(), info: info.to_bytes() }
}

pub fn sw(card: &mut Slot, command: &Command) -> Sw {
    let bytes = card.transmit(&command.to_bytes()).unwrap();
    let [a, b] = *bytes.last_chunk::<2>().unwrap();
    // T=0 announces what it has to tell; that is a success.
    if a == 0x61 { Sw::OK } else { Sw(u16::from_be_bytes([a, b])) }
}

pub fn select(fid: Fid) -> Command {
    Command::new(0x00, 0xA4, 0x00, 0x00).data(&fid.bytes())
}

pub fn update(fid: Fid, data: &[u8]) -> [Command; 2] {
    [select(fid), Command::new(0x00, 0xD6, 0x00, 0x00).data(data)]
}

/// Makes the card in the free mode of a new directory, up to the last write.
pub fn make(design: &Design) -> Slot {
    let protocol = if design.kind == CardKind::Esam { Protocol::T0 } else { Protocol::Direct };
    let chip = Chip { kind: design.kind, suite: SUITE, protocol, serial: [7; 8] };
    let mut card = slot(Image::manufacture(&chip, vcard::factory::memory_of(design.kind), false), "by hand");
    card.reset().unwrap();
    let done = |card: &mut Slot, command: &Command| {
        assert_eq!(sw(card, command), Sw::OK, "{}", hex::encode_upper(command.to_bytes()));
    };
    done(&mut card, &design.mf);
    for (fid, files, records) in &design.directories {
        if *fid != Fid::MF {
            done(&mut card, &select(*fid));
        }
        files.iter().for_each(|command| done(&mut card, command));
        for record in records {
            done(&mut card, &Command::new(0x80, 0xD4, 0x01, record.id).data(&record.data));
        }
        for (_, file, content) in design.preset.iter().filter(|(directory, ..)| directory == fid) {
            update(*file, content).iter().for_each(|command| done(&mut card, command));
        }
        if design.kind == CardKind::Esam {
            let mut parameters = [0; 0x20];
            parameters[1..7].copy_from_slice(&number(42).0);
            update(EF_PARAMETERS, &parameters).iter().for_each(|command| done(&mut card, command));
        }
    }
    if design.directories.len() > 1 {
        done(&mut card, &select(Fid::MF));
        authenticate(&mut card, &keys::Key::new(SUITE, &OWN).unwrap());
    }
    card
}

pub fn authenticate(card: &mut Slot, key: &keys::Key) {
    let mut fmcos = Fmcos::new(card);
    let challenge = fmcos.challenge8().unwrap();
    fmcos.external_authenticate(0, &seal::cryptogram(key, &challenge)).unwrap();
}

/// What the card answers to the write that would close it.
pub fn close(design: &Design) -> Sw {
    let mut card = make(design);
    let [select, write] = update(EF_CARD_INFO, &design.info);
    assert_eq!(sw(&mut card, &select), Sw::OK);
    let answer = sw(&mut card, &write);
    card.reset().unwrap();
    // Refused or done, whole: a card that is not closed shows no finished card information.
    let shown = Fmcos::new(&mut card).card_info();
    assert_eq!(shown.is_ok(), answer.is_ok());
    answer
}
