//! The slot: power, reset, removal, and when changes reach the disk.

use crate::{OK, READ, READS, SCRIPT, UPDATE, chip, open, written};
use gridcard_vcard::slot::Keep;
use gridcard_vcard::{Image, Pull, Slot};
use scheme::profile::CardKind;
use wire::{Channel, ChannelError};

#[test]
fn a_card_is_powered_by_the_first_command_or_a_reset() {
    let mut slot = written();
    assert_eq!((slot.kind(), slot.serial()), (CardKind::Psam, [1, 2, 3, 4, 5, 6, 7, 8]));
    assert!(!slot.may_hold_formal());
    let atr = slot.reset().unwrap();
    assert_eq!(wire::atr::serial_of(&atr), Some(slot.serial()));
    assert_eq!(slot.reset().unwrap(), atr);
    let mut again = crate::in_memory(slot.image());
    assert_eq!(again.transmit(READ).unwrap(), READS, "without a reset before");
}

#[test]
fn a_reset_forgets_and_a_removal_too() {
    let challenge = &[0x00, 0x84, 0x00, 0x00, 0x08];
    let mut slot = written();
    let current = &[0x00, 0xB0, 0x00, 0x00, 0x04];
    slot.transmit(READ).unwrap();
    assert_eq!(slot.transmit(current).unwrap(), READS, "EF 0005 is current");
    slot.reset().unwrap();
    assert_eq!(slot.transmit(current).unwrap(), [0x6A, 0x82], "no file is current after a reset");
    slot.transmit(READ).unwrap();
    slot.remove();
    assert_eq!(slot.transmit(READ), Err(ChannelError::Absent));
    assert_eq!(slot.reset(), Err(ChannelError::Absent));
    slot.insert();
    assert_eq!(slot.transmit(current).unwrap(), [0x6A, 0x82]);
    assert_ne!(slot.transmit(challenge).unwrap(), slot.transmit(challenge).unwrap());
}

#[test]
fn two_cards_of_one_seed_give_the_same_challenges() {
    let challenges = || {
        let mut slot = written();
        (0..20).map(|_| slot.transmit(&[0x00, 0x84, 0x00, 0x00, 0x08]).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(challenges(), challenges());
}

#[test]
fn every_change_is_on_disk_before_its_status_word() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.card");
    chip(CardKind::Psam).save_new(&path, true).unwrap();
    let mut slot = open(Image::load(&path).unwrap(), &path, Keep::EveryCommand);
    assert_eq!(slot.path(), path);
    for command in SCRIPT {
        let before = Image::load(&path).unwrap();
        assert_eq!(slot.transmit(command).unwrap(), OK);
        let kept = Image::load(&path).unwrap();
        assert_eq!(kept, slot.image(), "{command:02X?}");
        assert_ne!(kept, before, "{command:02X?}");
    }
    // A command that changes nothing does not touch the file.
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    let writes = slot.page_writes().to_vec();
    slot.transmit(READ).unwrap();
    slot.transmit(&[0x00, 0xD6, 0x85, 0x00]).unwrap();
    assert_eq!(slot.page_writes(), writes);
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), written);
    slot.close().unwrap();
    assert_eq!(Image::load(&path).unwrap(), slot.image());
}

#[test]
fn at_close_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.card");
    let blank = chip(CardKind::Psam);
    blank.save_new(&path, true).unwrap();
    let mut slot = open(Image::load(&path).unwrap(), &path, Keep::AtClose);
    for command in SCRIPT {
        slot.transmit(command).unwrap();
        assert_eq!(Image::load(&path).unwrap(), blank);
    }
    slot.close().unwrap();
    assert_eq!(Image::load(&path).unwrap(), slot.image());
    assert_eq!(crate::in_memory(Image::load(&path).unwrap()).transmit(READ).unwrap(), READS);
}

#[test]
fn a_card_in_memory_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.card");
    let mut slot = open(chip(CardKind::Psam), &path, Keep::InMemory);
    for command in SCRIPT {
        slot.transmit(command).unwrap();
    }
    slot.close().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_card_opened_from_its_file_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.card");
    written().image().save_new(&path, true).unwrap();
    let entropy = || Box::new(gridcard_vcard::SeededChance::new(2, "opened"));
    let mut slot = Slot::open(&path, entropy(), Keep::EveryCommand).unwrap();
    assert_eq!(slot.transmit(READ).unwrap(), READS);
    slot.transmit(&[0x00, 0xD6, 0x85, 0x00, 0x01, 0x00]).unwrap();
    drop(slot);
    let mut slot = Slot::open(&path, entropy(), Keep::EveryCommand).unwrap();
    assert_eq!(slot.transmit(READ).unwrap()[..4], [0x00, 0xFE, 0xBA, 0xBE]);
}

#[test]
fn pulled_before_a_command_it_was_not_done_after_it_it_was() {
    for n in 0..4 {
        for (pull, done) in [(Pull::Before(n), false), (Pull::AfterAnswering(n), true)] {
            let mut slot = written();
            for _ in 0..3 {
                slot.transmit(READ).unwrap();
            }
            slot.pull(pull);
            for _ in 0..n {
                assert_eq!(slot.transmit(READ).unwrap(), READS, "{pull:?}");
            }
            let before = slot.image();
            let update = [&UPDATE[..5], &[0x11; 4]].concat();
            assert_eq!(slot.transmit(&update), Err(ChannelError::Removed), "{pull:?}");
            assert_eq!(slot.transmit(READ), Err(ChannelError::Absent), "{pull:?}");
            assert_eq!(slot.reset(), Err(ChannelError::Absent), "{pull:?}");
            assert_eq!(slot.image() != before, done, "{pull:?}");
            slot.insert();
            let wanted = if done { &[0x11, 0x11, 0x11, 0x11, 0x90, 0x00] } else { READS };
            assert_eq!(slot.transmit(READ).unwrap(), wanted, "{pull:?}");
            // One pull only.
            for _ in 0..10 {
                slot.transmit(READ).unwrap();
            }
        }
    }
}

#[test]
fn a_pull_that_was_planned_is_forgotten_when_the_card_is_put_back() {
    let mut slot = written();
    slot.pull(Pull::Before(0));
    slot.insert();
    assert_eq!(slot.transmit(READ).unwrap(), READS);
}
