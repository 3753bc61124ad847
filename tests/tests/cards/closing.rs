//! Closing: a card becomes a finished one exactly when it holds its profile, and is closed from then on [docs/specs/cards.md 4].

use crate::by_hand::{Design, OWN, Record, SUITE, authenticate, close, honest, make, select, sw, update};
use crate::world::{blank, issue, number, pin, plan, region, slot};
use issue::headers;
use issue::keyset::Roots;
use issue::life::{Leave, LifeChange, LifeError, Passage};
use issue::plan::Master;
use issue::source::{CardSource, KeySource, SoftSource};
use keys::Role;
use reader::driver::fmcos::Fmcos;
use reader::driver::issuing::IssuingCard;
use reader::driver::psam::Psam;
use scheme::profile::{self, CardKind, DF_PURCHASE, EF_CARD_INFO, EF_PARAMETERS, Fid, Recipient, Shape};
use vcard::{Image, Slot};
use wire::{Channel, Command, Sw};

/// The same command with one byte of its data exchanged.
fn with_byte(command: &Command, at: usize, value: u8) -> Command {
    let [cla, ins, p1, p2] = command.header();
    let mut data = command.data_bytes().to_vec();
    data[at] = value;
    Command::new(cla, ins, p1, p2).data(&data)
}

#[test]
fn an_honest_card_closes() {
    for kind in CardKind::ISSUED {
        assert_eq!(close(&honest(kind)), Sw::OK, "{}", kind.name());
    }
}

#[test]
fn no_file_may_be_another_than_the_profiles() {
    for kind in CardKind::ISSUED {
        let honest = honest(kind);
        for at in [3, 4, 5] {
            let design =
                Design { mf: with_byte(&honest.mf, at, honest.mf.data_bytes()[at] ^ 0x01), ..honest.clone() };
            assert_eq!(close(&design), Sw::CONDITIONS, "{}: byte {at} of the MF", kind.name());
        }
        for (d, (directory, files, _)) in honest.directories.iter().enumerate() {
            for (f, file) in files.iter().enumerate() {
                let what = format!("{}: {:04X}, file {f}", kind.name(), directory.0);
                let data = file.data_bytes();
                let is_dir = data[0] == 0x38;
                // Type and protection, size, the two rights; short id of a KEY file, application id, access byte.
                let mut changes = vec![(2, data[2] ^ 0x01), (3, 0xF1), (4, 0xF1)];
                let fid = Fid(u16::from_be_bytes([file.header()[2], file.header()[3]]));
                // The directories of user cards and production cards have no room for 256 bytes more.
                let full = matches!(kind, CardKind::UserCard | CardKind::ProductionCard) && d == 1;
                if !is_dir && data[0] != 0x3F && !full {
                    changes.push((1, data[1] + 1));
                }
                // These two are written in clear while the card is made by hand.
                let written = [EF_CARD_INFO, EF_PARAMETERS].contains(&fid);
                match data[0] {
                    0x38 => changes.extend([(5, data[5] ^ 0x01), (8, data[8] ^ 0x01)]),
                    0x3F => {}
                    _ => changes.extend([(0, data[0] | 0x40), (6, 0x7F)]),
                }
                if !written && !is_dir && data[0] != 0x3F {
                    changes.push((0, data[0] | 0x80));
                }
                for (at, value) in changes {
                    let mut design = honest.clone();
                    design.directories[d].1[f] = with_byte(file, at, value);
                    assert_eq!(close(&design), Sw::CONDITIONS, "{what}: byte {at} is {value:02X}");
                }
                if !written && !is_dir && data[0] != 0x3F {
                    let mut design = honest.clone();
                    design.directories[d].1.remove(f);
                    assert_eq!(close(&design), Sw::CONDITIONS, "{what}: missing");
                }
            }
            for extra in
                ["80E0500107280010F0F0FFFF", "80E0001E072A0304F0F0FFFF", "80E0DF02083800400A0A96FFFF"]
            {
                let mut design = honest.clone();
                let bytes = hex::decode(extra).unwrap();
                let data = &bytes[5..];
                design.directories[d].1.push(Command::new(0x80, 0xE0, bytes[2], bytes[3]).data(data));
                assert_eq!(close(&design), Sw::CONDITIONS, "{}: one file more {extra}", kind.name());
            }
        }
    }
}

#[test]
fn no_key_or_pin_may_be_another_than_the_profiles() {
    for kind in CardKind::ISSUED {
        let honest = honest(kind);
        for (d, (directory, _, records)) in honest.directories.iter().enumerate() {
            for (r, record) in records.iter().enumerate() {
                // The key a chip was born with is the card's own doing: nobody writes it.
                if kind == CardKind::Esam && record.id == scheme::profile::BIRTH_KEY.id {
                    continue;
                }
                let what = format!("{}: {:04X}, record {r}", kind.name(), directory.0);
                let data = &record.data;
                // By the own master of a card with two directories the maker comes back to the MF.
                let needed = d == 0 && honest.directories.len() > 1;
                let mut changes = vec![(2, data[2] ^ 0x01)];
                if !needed {
                    changes.extend([(0, data[0] ^ 0x40), (1, data[1] ^ 0x02)]);
                    // The only key of a directory is of whatever version it is.
                    if kind != CardKind::UserCard {
                        changes.push((3, data[3] ^ 0x04));
                    }
                    changes.push((4, if data[4] == 0 { 0x01 } else { 0x22 }));
                }
                for (at, value) in changes {
                    let mut design = honest.clone();
                    design.directories[d].2[r].data[at] = value;
                    assert_eq!(close(&design), Sw::CONDITIONS, "{what}: byte {at} is {value:02X}");
                }
                if !needed {
                    let mut design = honest.clone();
                    design.directories[d].2[r].id ^= 0x10;
                    assert_eq!(close(&design), Sw::CONDITIONS, "{what}: another id");
                    let mut design = honest.clone();
                    design.directories[d].2.remove(r);
                    assert_eq!(close(&design), Sw::CONDITIONS, "{what}: missing");
                }
            }
            let key = |head: &str, id| Record { id, data: [&hex::decode(head).unwrap()[..], &OWN].concat() };
            let pin = Record { id: 5, data: hex::decode("3AF0EFAA33123456").unwrap() };
            for extra in [pin, key("F5F0FA0100", 0x0B), key("F0F0FA0100", 0x1F), key("37F0FAFF33", 0)] {
                let mut design = honest.clone();
                design.directories[d].2.push(extra.clone());
                let what = hex::encode_upper(&extra.data[..5]);
                assert_eq!(close(&design), Sw::CONDITIONS, "{}: one key more {what}", kind.name());
            }
        }
    }
}

/// What a card alone writes (its limits, counts and chain) its maker could write in free mode; then it is never a finished one. Of
/// an ESAM the closing itself sets them to zero (below).
#[test]
fn a_limit_or_a_count_preset_before_closing_is_refused_at_closing() {
    let mut presets = 0;
    for kind in CardKind::ISSUED.into_iter().filter(|kind| *kind != CardKind::Esam) {
        let honest = honest(kind);
        for directory in profile::directories(kind) {
            for row in directory.files.iter().filter(|row| row.write == profile::NEVER) {
                let Shape::Binary(size) = row.shape else {
                    panic!("{:04X} is kept and no binary file", row.fid.0)
                };
                let what = format!("{}: {:04X}/{:04X}", kind.name(), directory.fid.0, row.fid.0);
                // What one command carries is enough.
                let size = usize::from(size).min(0xE0);
                for content in [vec![0xFF; size], vec![0; size], vec![0x01]] {
                    let preset = vec![(directory.fid, row.fid, content)];
                    assert_eq!(close(&Design { preset, ..honest.clone() }), Sw::CONDITIONS, "{what}");
                }
                presets += 1;
            }
        }
    }
    // 0018 of three issuing cards, 0019 of one, DF01/0017, 0018 and 0019 of PSAM and test card; 5010 and 5011 of two issuing cards
    // and a PSAM; DF01/0001 to 0005 of a user card; DF01/0003 of a production card.
    assert_eq!(presets, 3 + 1 + 3 + 3 + 6 + 5 + 1);
}

#[test]
fn card_information_that_means_nothing_closes_no_card() {
    for kind in CardKind::ISSUED {
        let honest = honest(kind);
        let other = if kind == CardKind::Psam { CardKind::TestCard } else { CardKind::Psam };
        let mut changes: Vec<(usize, u8)> = [0, 3, 10, 13].map(|at| (at, 0x01)).to_vec();
        changes.extend([4, 14, 19, 20, 27].map(|at| (at, 0x0A)));
        changes.extend([(8, other.code()), (8, 0x0E), (9, 0x01), (9, 0x03), (9, 0xFF), (28, 2), (28, 3)]);
        changes.extend([(29, 1), (29, 3), (24, 0x19)]);
        changes.push(if kind == CardKind::MainControl { (4, 0x33) } else { (28, 9) });
        if kind.is_always_test() {
            changes.push((28, 1));
        }
        for (at, value) in changes {
            let mut design = honest.clone();
            design.info[at] = value;
            assert_eq!(close(&design), Sw::CONDITIONS, "{}: byte {at} is {value:02X}", kind.name());
        }
        let mut design = honest;
        design.info[14..20].fill(0);
        if kind != CardKind::MainControl {
            design.info[4..8].fill(0);
        }
        assert_eq!(close(&design), Sw::CONDITIONS, "{}: no number", kind.name());
    }
}

/// What stood in an ESAM's own files before does not outlive the closing.
#[test]
fn an_esam_begins_its_life_with_nothing() {
    let mut card = make(&honest(CardKind::Esam));
    for record in 1..=3 {
        let write = Command::new(0x00, 0xDC, record, 0x0C).data(&[0x05, 0x4C, 0x56, 0x38]);
        assert_eq!(sw(&mut card, &write), Sw::OK, "in free mode the purse is anybody's");
    }
    let mut parameters = [0x11; 0x20];
    parameters[0] = 1;
    parameters[1..7].copy_from_slice(&number(42).0);
    for (fid, data) in [
        (EF_PARAMETERS, &parameters[..]),
        (profile::EF_RECEIPT, &[0x40; 0x40]),
        (profile::EF_LIFE, &[0xFF; 8]),
    ] {
        assert!(update(fid, data).iter().all(|command| sw(&mut card, command).is_ok()));
    }
    let info = honest(CardKind::Esam).info;
    assert!(update(EF_CARD_INFO, &info).iter().all(|command| sw(&mut card, command).is_ok()));
    let image = card.image();
    let mut esam = reader::driver::esam::Esam::new(&mut card);
    esam.reset().unwrap();
    let purse = esam.purse().unwrap();
    assert_eq!((purse.balance.0, purse.total_credited.0, purse.count), (0, 0, 0));
    let parameters = esam.parameters().unwrap();
    assert!(!parameters.opened && parameters.customer.0 == [0; 6] && parameters.binding.0 == [0; 8]);
    assert_eq!(parameters.ceiling.0, 0x1111_1111, "the ceiling is the issuer's to set");
    let life = esam.life().unwrap().unwrap();
    assert_eq!((life.formal, life.changes, life.forfeited.0), (0, 0, 0));
    assert!(!image.eeprom.windows(0x20).any(|window| window == [0x40; 0x20]), "the receipt is gone");

    // Another meter's parameters in this card close nothing.
    let mut card = make(&honest(CardKind::Esam));
    assert!(update(EF_PARAMETERS, &[0; 0x20]).iter().all(|command| sw(&mut card, command).is_ok()));
    let [select, write] = update(EF_CARD_INFO, &info);
    assert_eq!((sw(&mut card, &select), sw(&mut card, &write)), (Sw::OK, Sw::CONDITIONS));
}

/// Closing ends the free mode in which the card was made.
#[test]
fn the_free_mode_ends_with_the_closing() {
    let mut card = make(&honest(CardKind::Esam));
    let info = honest(CardKind::Esam).info;
    assert!(update(EF_CARD_INFO, &info).iter().all(|command| sw(&mut card, command).is_ok()));
    let purse = Command::new(0x00, 0xDC, 0x01, 0x0C).data(&[0; 4]);
    assert_eq!(sw(&mut card, &purse), Sw::NOT_ALLOWED);
}

/// A finished card of a kind, made by the plan, and its own master key.
fn finished(kind: CardKind) -> (Slot, SoftSource, issue::plan::Plan, keys::Key) {
    let roots = Roots::test(SUITE);
    let (mut source, own) = match kind {
        CardKind::Psam
        | CardKind::TestCard
        | CardKind::Esam
        | CardKind::UserCard
        | CardKind::ProductionCard => {
            let city = roots.city(region());
            let own = city.device(Recipient::Card(kind), Role::Master, number(42));
            (SoftSource::city(city), own)
        }
        _ => {
            let own = roots.own_master(kind, number(42));
            (SoftSource::province(roots), own)
        }
    };
    let plan = plan(kind, SUITE, number(42), None);
    let mut card = blank(kind, SUITE, "finished");
    issue(&plan, &mut card, &mut source);
    (card, source, plan, own)
}

/// With all that AUTHENTICATE TARGET and EXTERNAL AUTHENTICATE give: nothing is wiped, nothing put in, no key taken.
#[test]
fn a_finished_card_is_closed_to_whoever_holds_its_master() {
    for kind in CardKind::ISSUED {
        let (mut card, mut source, plan, own) = finished(kind);
        card.reset().unwrap();
        let before = crate::world::user_area(&card);
        let psam = kind.has_application();
        for directory in [None, psam.then_some(DF_PURCHASE)] {
            for proved in [false, true] {
                card.reset().unwrap();
                assert_eq!(sw(&mut card, &select(Fid::MF)), Sw::OK);
                if proved {
                    authenticate(&mut card, &own);
                }
                if let Some(fid) = directory {
                    assert_eq!(sw(&mut card, &select(fid)), Sw::OK);
                }
                let what = format!("{}, proved {proved}, {directory:?}", kind.name());
                for apdu in [
                    "800E0000",
                    "80D401050D3AF0EFAA331234560000000000",
                    "80D401000D3AF0EF11331234560000000000",
                    "80D4390015F9F0FAAA33000102030405060708090A0B0C0D0E0F",
                    "80D4350415F5F3FA0100000102030405060708090A0B0C0D0E0F",
                    "80E0500107280010F0F0FFFF",
                    "80E0001E072A0304F0F0FFFF",
                    &format!("84D401051C{}", "00".repeat(28)),
                    "841600000400000000",
                    "841E00000400000000",
                    "841800000400000000",
                    "805E00000A31323334353600000000",
                    "84240100 0C 000000000000000000000000",
                ] {
                    let bytes = hex::decode(apdu.replace(' ', "")).unwrap();
                    let answer = card.transmit(&bytes).unwrap();
                    assert_eq!(hex::encode_upper(answer), "6985", "{what}: {apdu}");
                }
            }
        }
        // A key rightly sealed for this very card: it came too late.
        card.reset().unwrap();
        let mut fmcos = Fmcos::new(&mut card);
        fmcos.select_mf().unwrap();
        let challenge = fmcos.challenge8().unwrap();
        let row = Recipient::Card(kind).key(0).unwrap();
        let header = headers::change(row, SUITE);
        let target = plan.target(scheme::numbers::Serial(crate::world::serial("finished").0), Master::Own);
        let field = source.export_key(&target, 0, challenge, header).unwrap();
        assert_eq!(fmcos.write_key_wrapped(header, &field).unwrap_err().sw(), Some(Sw::CONDITIONS));
        // Card information, and what of an ESAM's parameters is the card's own.
        card.reset().unwrap();
        authenticate(&mut card, &own);
        for fid in [EF_CARD_INFO, profile::EF_TERMINAL] {
            let [select, write] = update(fid, &[0; 6]);
            if sw(&mut card, &select).is_ok() {
                assert_eq!(sw(&mut card, &write), Sw::CONDITIONS, "{}: {:04X}", kind.name(), fid.0);
            }
        }
        assert!(crate::world::user_area(&card) == before, "{}: something changed", kind.name());
    }
}

#[test]
fn of_an_esams_parameters_its_master_writes_the_ceiling_alone() {
    let (mut card, .., own) = finished(CardKind::Esam);
    card.reset().unwrap();
    authenticate(&mut card, &own);
    assert_eq!(sw(&mut card, &select(EF_PARAMETERS)), Sw::OK);
    for (offset, len) in [(0, 1), (1, 6), (7, 6), (13, 8), (20, 1), (20, 5), (21, 5), (25, 7), (0, 32)] {
        let write = Command::new(0x00, 0xD6, 0x00, offset).data(&vec![0x01; len]);
        assert_eq!(sw(&mut card, &write), Sw::CONDITIONS, "{len} byte(s) from {offset}");
    }
    let ceiling = Command::new(0x00, 0xD6, 0x00, 21).data(&[0, 0, 0x27, 0x10]);
    assert_eq!(sw(&mut card, &ceiling), Sw::OK);
    card.reset().unwrap();
    assert_eq!(sw(&mut card, &select(EF_PARAMETERS)), Sw::OK);
    assert_eq!(sw(&mut card, &ceiling), Sw::NOT_ALLOWED, "without the card's master");
}

/// Three wrong MACs on the line of a meter do not kill its ESAM.
#[test]
fn wrong_frames_do_not_kill_an_esam() {
    let (mut card, ..) = finished(CardKind::Esam);
    for _ in 0..9 {
        card.reset().unwrap();
        let mut fmcos = Fmcos::new(&mut card);
        fmcos.challenge8().unwrap();
        let frame = Command::new(0x04, 0xB0, 0x95, 0x00).data(&[0; 4]);
        assert_eq!(sw(&mut card, &frame), Sw::SM_WRONG);
    }
    card.reset().unwrap();
    assert!(Fmcos::new(&mut card).card_info().is_ok());
}

/// Cards of the older make, as programs before made them: read and reported, closed too, and neither issue nor seal nor credit.
#[test]
fn the_older_make_is_read_and_does_nothing_more() {
    let older = |name: &str| {
        let path = format!("{}/../vcard/tests/images/v1/{name}.card", env!("CARGO_MANIFEST_DIR"));
        slot(Image::load(path.as_ref()).unwrap(), name)
    };
    for (name, kind) in [
        ("main-control", CardKind::MainControl),
        ("main-control-officers", CardKind::MainControl),
        ("psam-issuing", CardKind::PsamIssuing),
        ("esam-issuing-counting", CardKind::EsamIssuing),
        ("test-issuing", CardKind::TestIssuing),
        ("psam", CardKind::Psam),
        ("test-card", CardKind::TestCard),
        ("esam", CardKind::Esam),
        ("esam-life", CardKind::Esam),
    ] {
        let mut card = older(name);
        card.reset().unwrap();
        let mut fmcos = Fmcos::new(&mut card);
        let info = fmcos.card_info().unwrap();
        assert!(info.is_older_make() && info.kind == kind, "{name}");
        let error = fmcos.current_info("open").unwrap_err();
        assert!(error.to_string().contains("of the older make (structure 01)"), "{error}");
        for apdu in ["800E0000", "80D401050D3AF0EFAA331234560000000000", "80E0500107280010F0F0FFFF"] {
            let answer = card.transmit(&hex::decode(apdu).unwrap()).unwrap();
            assert_eq!(hex::encode_upper(answer), "6985", "{name}: {apdu}");
        }
    }
    for name in ["main-control-officers", "psam-issuing", "esam-issuing-counting", "test-issuing"] {
        let mut card = older(name);
        card.reset().unwrap();
        let Err(error) = CardSource::open(IssuingCard::new(&mut card), &pin()) else { panic!("{name}") };
        assert!(error.to_string().contains("of the older make"), "{name}: {error}");
        let mut fmcos = Fmcos::new(&mut card);
        fmcos.verify_pin(0, pin().expose()).unwrap();
        let target = if name == "main-control-officers" { 0x30 } else { 0x50 };
        let export = Command::new(0x80, 0x44, target, 0x00).data(&[0; 31]).le(0);
        assert_eq!(sw(&mut card, &export), Sw::CONDITIONS, "{name}");
    }
    // Its own files stand where they stood.
    let mut card = older("esam");
    let seen = issue::life::look(&mut card).unwrap();
    assert_eq!((seen.purse.balance.0, seen.purse.count, seen.opened), (0xBB0, 2, true));
    let source = SoftSource::city(Roots::test(SUITE).city(region()));
    let refused = Passage::plan(LifeChange::Retire, &seen, &source.about(), Leave::default()).unwrap_err();
    assert!(matches!(refused, LifeError::OlderMake), "{refused}");

    let mut card = older("psam");
    card.reset().unwrap();
    let mut psam = Psam::open(&mut card).unwrap();
    assert_eq!(psam.counter().unwrap().limit, None);
    psam.verify_pin(pin().expose()).unwrap();
    let error = psam.seal_order(&[0xE1, 0x00]).unwrap_err();
    assert!(error.to_string().contains("of the older make"), "{error}");
    let seal = Command::new(0x80, 0x40, 0x00, 0x00).data(&[0xE1, 0x00]).le(0);
    assert_eq!(sw(&mut card, &seal), Sw::CONDITIONS);
}
