//! The image file: what is written comes back, and what is not an image is named with its file and its fault
//! [docs/specs/image.md].

use crate::images::images;
use crate::{READ, READS, chip, in_memory, open, written};
use cos::PAGE;
use gridcard_vcard::slot::Keep;
use gridcard_vcard::{Image, ImageError};
use scheme::profile::CardKind;
use std::fs;
use std::path::{Path, PathBuf};
use wire::Channel;

const HEADER: usize = 64;

fn mask() -> applets::sim::Mask {
    applets::sim::Mask {
        profile: applets::sim::Profile::Sim,
        messages: 10,
        chv1: ([0x31; 8], false),
        chv2: [0x32; 8],
        puk: [[0x33; 8]; 2],
        adm: [0x34; 8],
        ki: [0x2B; 16],
        milenage: None,
    }
}

#[test]
fn every_kind_survives_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut images: Vec<Image> =
        [CardKind::MainControl, CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::Psam, CardKind::Esam]
            .map(chip)
            .to_vec();
    images.push(Image::manufacture_sim([5; 8], &mask()).unwrap());
    images.push(Image { formal: true, ..chip(CardKind::Psam) });
    images.push(written().image());
    for (n, image) in images.into_iter().enumerate() {
        for durable in [false, true] {
            let path = folder.path().join(format!("{n}-{durable}.card"));
            image.save(&path, durable).unwrap();
            assert_eq!(Image::load(&path).unwrap(), image);
            assert_eq!(Image::load_kind(&path, image.kind).unwrap(), image);
            image.save(&path, durable).unwrap();
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2 * n + usize::from(durable) + 1);
        }
    }
}

#[cfg(unix)]
#[test]
fn an_image_is_its_owners_alone_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.card");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    let image = written().image();
    image.save_new(&path, false).unwrap();
    assert_eq!(mode(), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    image.save(&path, false).unwrap();
    assert_eq!(mode(), 0o600, "an image of an older version is closed at its next save");
    assert!(!format!("{image:?}").contains("71, 67, 79, 83"), "Debug shows the EEPROM");
}

#[test]
fn the_header_is_as_specified() {
    let image = Image { formal: true, ..written().image() };
    let bytes = image.to_bytes();
    assert_eq!(bytes.len(), HEADER + image.eeprom.len());
    assert_eq!(bytes[..12], *b"GRIDCARD\x03\x04\x01\x00");
    assert_eq!(bytes[12..16], (image.eeprom.len() as u32).to_be_bytes());
    assert_eq!(bytes[16..24], [0; 8], "no checksum of the memory, which is written page by page");
    assert_eq!(bytes[24..56], *b"virtual card, KEYS IN CLEAR     ");
    assert_eq!(bytes[56..60], [0; 4]);
    assert_eq!(bytes[60..64], crc32(&bytes[..60]).to_be_bytes());
    assert_eq!(bytes[HEADER..], image.eeprom);
    assert_eq!(image.eeprom[..16], *b"GCOS\x02\x04\x02\x00\x01\x02\x03\x04\x05\x06\x07\x08");
    assert_eq!(image.eeprom.len() % PAGE, 0);
}

/// CRC-32 (IEEE), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

/// The error of loading these bytes, which must name the file; and its words after the name.
fn fault(folder: &Path, bytes: &[u8]) -> (ImageError, String) {
    let path = folder.join("broken.card");
    fs::write(&path, bytes).unwrap();
    let error = Image::load(&path).unwrap_err();
    let words = error.to_string();
    let name = path.display().to_string();
    assert!(words.starts_with(&name), "{words}");
    assert_eq!(fs::read(&path).unwrap(), bytes, "a file that is no image is never touched");
    (error, words[name.len()..].to_owned())
}

/// Puts the right checksum under a changed header.
fn reseal(bytes: &mut [u8]) {
    let code = crc32(&bytes[..60]).to_be_bytes();
    bytes[60..64].copy_from_slice(&code);
}

/// An image of a PSAM as an earlier version wrote it, as version 1 or 2.
fn elder(version: u8) -> Vec<u8> {
    let path = images().into_iter().find(|path| path.ends_with("psam.card")).unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[8] = version;
    reseal(&mut bytes);
    bytes
}

/// Every bit of the header, and one in every byte of the memory.
fn bits(whole: &[u8]) -> impl Iterator<Item = usize> {
    (0..HEADER * 8).chain((HEADER..whole.len()).map(|byte| byte * 8 + byte % 8))
}

#[test]
fn every_flipped_bit_of_an_older_image_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for version in [1, 2] {
        let whole = elder(version);
        for bit in bits(&whole) {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 0x80 >> (bit % 8);
            let error = Image::from_bytes(&bytes, "x.card".as_ref()).unwrap_err();
            let named = match bit / 8 {
                0..8 => matches!(error, ImageError::NotAnImage { .. }),
                8 if matches!(bytes[8], 1..=3) => {
                    matches!(error, ImageError::Checksum { part: "header", .. })
                }
                8 => matches!(error, ImageError::Version { .. }),
                9..HEADER => matches!(error, ImageError::Checksum { part: "header", .. }),
                _ => matches!(error, ImageError::Checksum { part: "memory", .. }),
            };
            assert!(named, "bit {bit}: {error}");
        }
        let mut bytes = whole.clone();
        bytes[40] ^= 1;
        assert_eq!(fault(folder.path(), &bytes).1, " is damaged: the checksum of its header is wrong");
        let mut bytes = whole;
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(fault(folder.path(), &bytes).1, " is damaged: the checksum of its memory is wrong");
    }
}

/// Of an image of now the header and the first page of the memory have checksums; the pages behind are the card's own business.
#[test]
fn every_flipped_bit_of_what_is_never_written_is_found() {
    let whole = chip(CardKind::Esam).to_bytes();
    for bit in bits(&whole) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 0x80 >> (bit % 8);
        let read = Image::from_bytes(&bytes, "x.card".as_ref());
        let named = match (bit / 8, &read) {
            (0..8, Err(ImageError::NotAnImage { .. })) => true,
            (8, Err(ImageError::Version { .. })) => !matches!(bytes[8], 1..=3),
            (8..HEADER, Err(ImageError::Checksum { part: "header", .. })) => true,
            (at, Err(ImageError::Card { .. })) => (HEADER..HEADER + PAGE).contains(&at),
            (at, Ok(image)) => at >= HEADER + PAGE && image.to_bytes() == bytes,
            _ => false,
        };
        assert!(named, "bit {bit}: {read:?}");
    }
}

#[test]
fn every_cut_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let whole = chip(CardKind::Psam).to_bytes();
    for len in 0..whole.len() {
        let error = Image::from_bytes(&whole[..len], "x.card".as_ref()).unwrap_err();
        let named = match len {
            0..8 => matches!(error, ImageError::NotAnImage { .. }),
            _ => matches!(error, ImageError::Length { .. }),
        };
        assert!(named, "cut to {len}: {error}");
    }
    let (memory, cut) = (whole.len() - HEADER, whole.len() - 1);
    let words =
        format!(" is damaged: its header announces {memory} bytes of memory, {} are there", memory - 1);
    assert_eq!(fault(folder.path(), &whole[..cut]).1, words);
    let longer = [&whole[..], &[0]].concat();
    let (error, _) = fault(folder.path(), &longer);
    assert!(matches!(error, ImageError::Length { found, .. } if found == memory + 1), "{error}");
}

#[test]
fn other_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    for bytes in [&b""[..], b"GRID", b"# Grid cards\n\nNotes of the clerk.\n", &[0; 4096]] {
        let (error, words) = fault(folder.path(), bytes);
        assert!(matches!(error, ImageError::NotAnImage { .. }), "{error}");
        assert_eq!(words, " is not a card image: it does not begin with GRIDCARD");
    }
    let whole = chip(CardKind::Psam).to_bytes();
    let mut newer = whole.clone();
    newer[8] = 4;
    reseal(&mut newer);
    assert_eq!(
        fault(folder.path(), &newer).1,
        " is a card image of version 4; this program reads versions 1 to 3"
    );
    // Memory of now under an older header, and the other way round.
    let mut mixed = whole;
    mixed[8] = 2;
    let code = crc32(&mixed[HEADER..]).to_be_bytes();
    mixed[16..20].copy_from_slice(&code);
    reseal(&mut mixed);
    let knows = " holds no card this program can run: the EEPROM is laid out in version";
    assert_eq!(fault(folder.path(), &mixed).1, format!("{knows} 2, this program knows version 1"));
    assert_eq!(fault(folder.path(), &elder(3)).1, format!("{knows} 1, this program knows version 2"));

    // A whole image whose memory is no card of this program.
    for (at, value, what) in [
        (0, b'X', "the EEPROM holds no card"),
        (4, 9, "the EEPROM is laid out in version 9, this program knows version 2"),
        (60, 0, "the checksum of the EEPROM's first page is wrong"),
    ] {
        let mut image = chip(CardKind::Psam);
        image.eeprom[at] = if at == 60 { image.eeprom[60] ^ 0xFF } else { value };
        let (error, words) = fault(folder.path(), &image.to_bytes());
        assert!(matches!(error, ImageError::Card { .. }), "{error}");
        assert_eq!(words, format!(" holds no card this program can run: {what}"));
    }
    let tiny = Image { eeprom: vec![0; 64], ..chip(CardKind::Psam) };
    let (_, words) = fault(folder.path(), &tiny.to_bytes());
    assert!(words.ends_with("the EEPROM is too small for a card"), "{words}");
}

#[test]
fn another_kind_and_a_missing_file_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bank.card");
    chip(CardKind::Psam).save(&path, false).unwrap();
    let error = Image::load_kind(&path, CardKind::Esam).unwrap_err();
    assert!(matches!(error, ImageError::Kind { found: CardKind::Psam, wanted: CardKind::Esam, .. }));
    let words = error.to_string();
    assert!(words.starts_with(&path.display().to_string()), "{words}");
    assert!(words.contains("psam") && words.contains("wants") && words.contains("esam"), "{words}");
    let nowhere = folder.path().join("nowhere.card");
    let error = Image::load(&nowhere).unwrap_err();
    assert!(matches!(&error, ImageError::Io { path, .. } if *path == nowhere), "{error}");
}

#[test]
fn a_new_card_never_replaces_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.card");
    chip(CardKind::Psam).save_new(&path, true).unwrap();
    let before = fs::read(&path).unwrap();
    let error = chip(CardKind::Esam).save_new(&path, true).unwrap_err();
    let words = "exists already; a card image is never overwritten by a new card";
    assert_eq!(error.to_string(), format!("{} {words}", path.display()));
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// Ways in which a save fails whoever runs it: the name is a link, which is not followed, or the file beside cannot be made.
fn unwritable(folder: &Path) -> [PathBuf; 2] {
    let blocked = folder.join("blocked.card");
    std::os::unix::fs::symlink(folder.join("elsewhere.card"), &blocked).unwrap();
    [blocked, folder.join("no").join("such").join("folder.card")]
}

#[test]
fn the_old_image_survives_a_save_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (chip(CardKind::Psam), written().image());
    assert_ne!(old, new);
    for path in unwritable(folder.path()) {
        let there = path.parent().unwrap().is_dir();
        if there {
            fs::write(&path, old.to_bytes()).unwrap();
        }
        let error = new.save(&path, true).unwrap_err();
        assert!(matches!(&error, ImageError::Io { path: named, .. } if *named == path), "{error}");
        if there {
            assert_eq!(Image::load(&path).unwrap(), old);
        }
    }
    // A name that a folder has.
    let taken = folder.path().join("taken.card");
    fs::create_dir(&taken).unwrap();
    new.save(&taken, false).unwrap_err();
    assert!(taken.is_dir());
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().ends_with(".new")));
}

/// A slot whose image cannot be kept withholds the status word and gives the card up; the image is as before.
#[test]
fn a_card_that_cannot_be_kept_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [path, _] = unwritable(folder.path());
    let old = written().image();
    fs::write(&path, old.to_bytes()).unwrap();
    let mut slot = open(Image::load(&path).unwrap(), &path, Keep::EveryCommand);
    assert_eq!(slot.transmit(READ).unwrap(), READS, "reading changes nothing and needs no file");
    let error = slot.transmit(&[0x00, 0xD6, 0x85, 0x00, 0x01, 0x00]).unwrap_err();
    assert!(
        matches!(&error, wire::ChannelError::Storage(words) if words.contains("blocked.card")),
        "{error}"
    );
    assert_eq!(slot.transmit(READ), Err(wire::ChannelError::Absent));
    assert_eq!(Image::load(&path).unwrap(), old);
    let mut again = in_memory(Image::load(&path).unwrap());
    assert_eq!(again.transmit(READ).unwrap(), READS);
}
