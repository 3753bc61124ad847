//! Cards that are taken out, torn, or many; and what is on disk meanwhile.

use super::{ATR, ON, PATIENCE, Reader, card, insert, kept, next, ready, settings};
use crate::{OK, READ, READS, UPDATE};
use gridcard_vcard::vpcd::{Event, State};
use gridcard_vcard::{Image, Pull, SupplyCut, Torn};
use std::time::{Duration, Instant};
use wire::{Channel, ChannelError};

#[test]
fn a_card_taken_out_closes_the_connection_and_comes_back_without_power() {
    let (reader, mut session, bridge, told) = ready(card());
    session.send(ON);
    assert_eq!(session.ask(READ), READS);
    assert_eq!(next(&told), Event::Connected);
    let begun = Instant::now();
    let mut slot = bridge.remove();
    assert!(begun.elapsed() < Duration::from_secs(2));
    session.is_empty();
    assert_eq!(slot.transmit(&[0x00, 0xB0, 0x00, 0x00, 0x04]).unwrap(), [0x6A, 0x82], "no file is current");
    assert_eq!(slot.transmit(READ).unwrap(), READS);
    assert!(told.recv().is_err(), "who takes a card out need not be told");
    // In again, into the same reader.
    let (_bridge, _told) = insert(slot, settings(reader.address()));
    assert_eq!(reader.card().ask(READ), READS);
}

#[test]
fn a_card_can_be_taken_out_while_no_reader_is_there() {
    let address = Reader::new().address();
    let mut settings = settings(address);
    settings.backoff.first = PATIENCE;
    settings.backoff.most = PATIENCE;
    let (bridge, told) = insert(card(), settings);
    next(&told);
    let begun = Instant::now();
    bridge.remove();
    assert!(begun.elapsed() < PATIENCE / 4, "the pause does not hold it");
}

#[test]
fn a_card_that_leaves_in_a_command_closes_the_connection_for_good() {
    for pull in [Pull::Before(1), Pull::AfterAnswering(1)] {
        let mut slot = card();
        slot.pull(pull);
        let (reader, mut session, bridge, told) = ready(slot);
        assert_eq!(session.ask(READ), READS);
        session.send(READ);
        session.is_empty();
        assert_eq!(next(&told), Event::Connected);
        assert_eq!(next(&told), Event::Left { error: ChannelError::Removed });
        assert_eq!(bridge.state(), State::Left);
        reader.0.set_nonblocking(true).unwrap();
        std::thread::sleep(Duration::from_millis(60));
        assert!(reader.0.accept().is_err(), "it does not come back by itself");
        let mut slot = bridge.remove();
        slot.insert();
        assert_eq!(slot.transmit(READ).unwrap(), READS);
    }
}

#[test]
fn a_card_whose_supply_fails_closes_the_connection_and_recovers() {
    for after in 0..3 {
        let mut slot = card();
        slot.cut(SupplyCut { after, torn: Torn::Prefix(7) });
        let (_reader, mut session, bridge, told) = ready(slot);
        session.send(&[&UPDATE[..5], &[0x11; 4]].concat());
        session.is_empty();
        assert_eq!(next(&told), Event::Connected);
        assert_eq!(next(&told), Event::Left { error: ChannelError::Removed });
        let content = bridge.remove().transmit(READ).unwrap();
        assert!(content == READS || content == [0x11, 0x11, 0x11, 0x11, 0x90, 0x00], "{content:02X?}");
    }
}

#[test]
fn what_a_client_wrote_is_on_disk_when_it_hears_so_and_reads_touch_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.card");
    let (_reader, mut session, bridge, _told) = ready(kept(&path));
    session.send(ON);
    for value in 0..40 {
        let bytes = [value; 4];
        assert_eq!(session.ask(&[&UPDATE[..5], &bytes].concat()), OK);
        let mut kept = crate::in_memory(Image::load(&path).unwrap());
        assert_eq!(kept.transmit(READ).unwrap()[..4], bytes);
    }
    let before = identity(&path);
    for _ in 0..40 {
        assert_eq!(session.ask(READ)[4..], [0x90, 0x00]);
        assert_eq!(session.ask(ATR).first(), Some(&0x3B));
        assert_eq!(session.ask(&[0x00, 0x84, 0x00, 0x00, 0x08]).len(), 10);
        assert_eq!(session.ask(&[0x00, 0xA4, 0x00, 0x00]).last_chunk(), Some(&[0x90, 0x00]));
        session.send(ON);
    }
    assert_eq!(identity(&path), before);
    bridge.remove().close().unwrap();
    assert_eq!(identity(&path), before, "nor does the end, when all is kept");
}

/// What a replaced or rewritten file changes.
fn identity(path: &std::path::Path) -> (std::time::SystemTime, u64) {
    let data = std::fs::metadata(path).unwrap();
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&data);
    #[cfg(not(unix))]
    let inode = 0;
    (data.modified().unwrap(), inode)
}

#[test]
fn a_card_whose_file_cannot_be_kept_leaves_instead_of_answering() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("there/a.card");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let (_reader, mut session, bridge, told) = ready(kept(&path));
    assert_eq!(session.ask(READ), READS);
    assert_eq!(next(&told), Event::Connected);
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    session.send(&[&UPDATE[..5], &[0x11; 4]].concat());
    session.is_empty();
    assert!(matches!(next(&told), Event::Left { error: ChannelError::Storage(_) }));
    assert_eq!(bridge.state(), State::Left);
}

#[test]
fn an_act_from_elsewhere_falls_between_two_commands() {
    let (_reader, mut session, bridge, _told) = ready(card());
    assert_eq!(session.ask(READ), READS);
    let current: &[u8] = &[0x00, 0xB0, 0x00, 0x00, 0x04];
    assert_eq!(session.ask(current), READS);
    let atr = bridge.with_card(Channel::reset).unwrap();
    assert_eq!(session.ask(current), [0x6A, 0x82]);
    assert_eq!(session.ask(ATR), atr);
}

#[test]
fn many_cards_answer_their_own_readers() {
    let cards: Vec<_> = (0..4_u8).map(|_| ready(card())).collect();
    let clients = cards.into_iter().enumerate().map(|(number, (reader, mut session, bridge, _told))| {
        std::thread::spawn(move || {
            let own = [number as u8 + 1; 4];
            assert_eq!(session.ask(&[&UPDATE[..5], &own].concat()), OK);
            for _ in 0..500 {
                assert_eq!(session.ask(READ)[..4], own);
            }
            assert_eq!(bridge.commands(), 501);
            drop(reader);
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.join().unwrap();
    }
}
