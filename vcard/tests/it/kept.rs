//! The image file while the card works: pages in their places, older images put there anew, and media that take nothing
//! [docs/specs/image.md].

use crate::images::images;
use crate::{OK, READ, READS, SCRIPT, UPDATE, chip, open, written};
use cos::PAGE;
use gridcard_vcard::medium::Medium;
use gridcard_vcard::slot::Keep;
use gridcard_vcard::{Image, SeededChance, Slot, SupplyCut, Torn};
use scheme::profile::CardKind;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use wire::{Channel, ChannelError};

const HEADER: usize = 64;
const NEW: [u8; 4] = [0x51, 0x52, 0x53, 0x54];

fn update() -> Vec<u8> {
    [&UPDATE[..5], &NEW].concat()
}

fn reads() -> Vec<u8> {
    [&NEW[..], OK].concat()
}

/// A card file with the file 0005 in it.
fn file(folder: &Path) -> PathBuf {
    let path = folder.join("a.card");
    written().image().save_new(&path, true).unwrap();
    path
}

fn elder(name: &str) -> Vec<u8> {
    fs::read(images().into_iter().find(|path| path.ends_with(name)).unwrap()).unwrap()
}

fn crc32(bytes: &[u8]) -> [u8; 4] {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    (!bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc))))
        .to_be_bytes()
}

#[test]
fn pages_are_written_in_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let inode = || fs::metadata(&path).unwrap().ino();
    let (first, before) = (inode(), fs::read(&path).unwrap());
    let mut slot = open(Image::load(&path).unwrap(), &path, Keep::Synced);
    assert_eq!(slot.transmit(&update()).unwrap(), OK);
    let after = fs::read(&path).unwrap();
    assert_eq!((inode(), after.len()), (first, before.len()));
    // The page, its journal page and the header of that area.
    let changed = before.chunks(PAGE).zip(after.chunks(PAGE)).filter(|(old, new)| old != new).count();
    assert_eq!(changed, 3);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing lies beside it");
    slot.close().unwrap();
    assert_eq!(fs::read(&path).unwrap(), after);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_is_closed_at_its_first_write() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut slot = open(Image::load(&path).unwrap(), &path, Keep::Synced);
    assert_eq!(slot.transmit(READ).unwrap(), READS);
    assert_eq!(mode(), 0o644, "reading changes nothing");
    assert_eq!(slot.transmit(&update()).unwrap(), OK);
    assert_eq!(mode(), 0o600);
}

/// Read, an older image stays byte for byte; at its first write it is put there anew as a whole, and from then on written in place.
#[test]
fn an_older_image_is_rewritten_at_its_first_write() {
    let folder = tempfile::tempdir().unwrap();
    for version in [1, 2] {
        let path = folder.path().join(format!("{version}.card"));
        let mut old = elder("fmcos.card");
        old[8] = version;
        let code = crc32(&old[..60]);
        old[60..64].copy_from_slice(&code);
        fs::write(&path, &old).unwrap();
        let inode = || fs::metadata(&path).unwrap().ino();
        let first = inode();
        let mut slot = open(Image::load(&path).unwrap(), &path, Keep::Synced);
        slot.on_contacts();
        slot.reset().unwrap();
        assert_eq!(slot.transmit(READ).unwrap(), READS);
        assert_eq!((fs::read(&path).unwrap(), inode()), (old, first));
        assert_eq!(slot.transmit(&update()).unwrap(), OK);
        let (second, now) = (inode(), fs::read(&path).unwrap());
        assert_ne!(second, first, "a new file took its name");
        assert_eq!((now[8], now.len()), (3, HEADER + slot.image().eeprom.len()));
        assert_eq!(slot.transmit(&[&UPDATE[..5], &[9; 4]].concat()).unwrap(), OK);
        assert_eq!(inode(), second);
        drop(slot);
        let mut again = crate::in_memory(Image::load(&path).unwrap());
        assert_eq!(again.transmit(READ).unwrap(), [9, 9, 9, 9, 0x90, 0x00]);
    }
}

/// A card of the old layout that lost its supply in the midst of its home pages: the journal it had is finished.
#[test]
fn an_older_journal_is_finished() {
    const OLD_USER: usize = 16;
    let mut bytes = elder("fmcos.card");
    let at = bytes.windows(4).rposition(|window| window == &READS[..4]).unwrap();
    let home = (at - HEADER) / PAGE;
    assert!(home >= OLD_USER);
    let mut page = bytes[HEADER + home * PAGE..][..PAGE].to_vec();
    let place = (at - HEADER) % PAGE;
    page[place..place + 4].copy_from_slice(&NEW);
    let mut header = [0; PAGE];
    header[0] = 1;
    header[1..3].copy_from_slice(&(home as u16).to_be_bytes());
    let code = crc32(&[&header[..60], &page].concat());
    header[60..].copy_from_slice(&code);
    bytes[HEADER + PAGE..][..PAGE].copy_from_slice(&header);
    bytes[HEADER + 2 * PAGE..][..PAGE].copy_from_slice(&page);
    // The torn home page.
    bytes[HEADER + home * PAGE..][..PAGE].fill(0xFF);
    let code = crc32(&bytes[HEADER..]);
    bytes[16..20].copy_from_slice(&code);
    let code = crc32(&bytes[..60]);
    bytes[60..64].copy_from_slice(&code);
    let mut slot = crate::in_memory(Image::from_bytes(&bytes, "torn.card".as_ref()).unwrap());
    assert_eq!(slot.transmit(READ).unwrap(), reads());
}

/// A medium in memory that fails from one of its acts on.
#[derive(Clone)]
struct Faulty(Arc<Mutex<State>>);

struct State {
    content: Vec<u8>,
    /// Acts that still succeed.
    left: usize,
    error: ErrorKind,
}

impl Faulty {
    fn new(content: Vec<u8>, left: usize, error: ErrorKind) -> Self {
        Faulty(Arc::new(Mutex::new(State { content, left, error })))
    }

    fn act<T>(&self, act: impl FnOnce(&mut Vec<u8>) -> T) -> io::Result<T> {
        let mut state = self.0.lock().unwrap();
        if state.left == 0 {
            return Err(state.error.into());
        }
        state.left -= 1;
        Ok(act(&mut state.content))
    }

    fn slot(&self) -> Slot {
        let image = Image::from_bytes(&self.0.lock().unwrap().content, "faulty.card".as_ref()).unwrap();
        let entropy = Box::new(SeededChance::new(1, "faulty"));
        Slot::on_medium(image, "faulty.card".as_ref(), entropy, Box::new(self.clone())).unwrap()
    }

    /// What its card reads when the medium works again.
    fn reads(&self) -> Vec<u8> {
        self.0.lock().unwrap().left = usize::MAX;
        self.slot().transmit(READ).unwrap()
    }
}

impl Medium for Faulty {
    fn content(&mut self) -> io::Result<Vec<u8>> {
        self.act(|content| content.clone())
    }

    fn replace(&mut self, new: &[u8]) -> io::Result<()> {
        self.act(|content| *content = new.to_vec())
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let at = usize::try_from(at).unwrap();
        self.act(|content| content[at..at + bytes.len()].copy_from_slice(bytes))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.act(|_| ())
    }
}

/// The disk is full, or breaks, at any act of a write: no status word, the card is out and stays out, and the image is whole.
#[test]
fn a_medium_that_fails_at_any_act_keeps_the_card_whole() {
    let (mut before, mut after) = (0, 0);
    for left in 0.. {
        let medium = Faulty::new(written().image().to_bytes(), left, ErrorKind::StorageFull);
        let mut slot = medium.slot();
        assert_eq!(slot.transmit(READ).unwrap(), READS);
        match slot.transmit(&update()) {
            Ok(answer) => {
                assert_eq!(answer, OK);
                assert!(left >= 6, "look, wait, journal page, header, wait, home page");
                assert_eq!(medium.reads(), reads());
                break;
            }
            Err(error) => assert!(
                matches!(&error, ChannelError::Storage(words) if words.starts_with("faulty.card: ")),
                "{error}"
            ),
        }
        assert_eq!(slot.transmit(READ), Err(ChannelError::Absent));
        let sound = left < 2;
        slot.insert();
        assert_eq!(slot.transmit(READ).is_ok(), sound, "{left}: it may know what its image does not");
        assert!(slot.transmit(&update()).is_err());
        let found = medium.reads();
        before += usize::from(found == READS);
        after += usize::from(found == reads());
    }
    assert_eq!((before, after), (4, 2), "its header brings the journal into force");
}

/// Where nothing can be written a card can be looked at, whatever a crash left of it; and a write says why not.
#[test]
fn a_read_only_medium_shows_its_card() {
    let mut torn = written();
    torn.reset().unwrap();
    torn.cut(SupplyCut { after: 2, torn: Torn::Erased });
    torn.transmit(&update()).unwrap_err();
    let pending = torn.image().to_bytes();
    for (content, wanted) in [(written().image().to_bytes(), READS.to_vec()), (pending, reads())] {
        let medium = Faulty::new(content.clone(), 0, ErrorKind::ReadOnlyFilesystem);
        let mut slot = medium.slot();
        slot.reset().unwrap();
        assert_eq!(slot.transmit(READ).unwrap(), wanted);
        let error = slot.transmit(&[&UPDATE[..5], &[7; 4]].concat()).unwrap_err();
        assert!(matches!(&error, ChannelError::Storage(words) if words.contains("read-only")), "{error}");
        slot.insert();
        assert_eq!(slot.transmit(READ).unwrap(), wanted, "it can be looked at still");
        assert_eq!(medium.0.lock().unwrap().content, content);
    }
}

#[test]
fn a_file_that_is_taken_away_keeps_no_card() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let mut slot = open(Image::load(&path).unwrap(), &path, Keep::Synced);
    assert_eq!(slot.transmit(&update()).unwrap(), OK);
    fs::remove_file(&path).unwrap();
    let error = slot.transmit(&update()).unwrap_err();
    assert!(matches!(&error, ChannelError::Storage(words) if words.contains("taken away")), "{error}");
    assert!(!path.exists());
}

/// What is put away holds the card and nothing of its journal, whatever moment it was taken at.
#[test]
fn an_image_at_rest_has_an_empty_journal() {
    for after in 0..6 {
        let mut card = written();
        card.reset().unwrap();
        card.cut(SupplyCut { after, torn: Torn::Prefix(9) });
        let wanted = if card.transmit(&update()).is_ok() || after > 1 { reads() } else { READS.to_vec() };
        let rest = card.image().at_rest();
        assert!(rest.eeprom[PAGE..cos::journal::USER_PAGE * PAGE].iter().all(|byte| *byte == 0));
        assert_eq!(rest.eeprom[..PAGE], card.image().eeprom[..PAGE]);
        assert_eq!(crate::in_memory(rest).transmit(READ).unwrap(), wanted, "{after}");
    }
}

/// One who has no file yet gets one.
#[test]
fn a_card_without_a_file_is_put_there_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.card");
    let mut slot = open(chip(CardKind::Psam), &path, Keep::Synced);
    for command in SCRIPT {
        assert_eq!(slot.transmit(command).unwrap(), OK);
        assert_eq!(Image::load(&path).unwrap(), slot.image(), "{command:02X?}");
    }
}
