//! Readers that come late, go, and come back.

use super::{ATR, ON, PATIENCE, Reader, card, insert, kept, next, ready, settings};
use crate::{OK, READ, READS, UPDATE};
use gridcard_vcard::Image;
use gridcard_vcard::vpcd::{Backoff, Event, Settings, State};
use std::time::{Duration, Instant};

#[test]
fn pauses_double_up_to_their_limit() {
    let backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(2) };
    let pauses: Vec<u128> = (0..8).map(|n| backoff.pause(n).as_millis()).collect();
    assert_eq!(pauses, [100, 200, 400, 800, 1600, 2000, 2000, 2000]);
    for failures in [31, 32, 33, u32::MAX] {
        assert_eq!(backoff.pause(failures), backoff.most);
    }
}

#[test]
fn a_reader_that_is_not_there_yet_is_waited_for_and_told_once() {
    let address = Reader::new().address();
    let (bridge, told) = insert(card(), settings(address));
    assert_eq!(next(&told), Event::Seeking { reason: "nothing listens there".into() });
    assert_eq!(bridge.state(), State::Seeking);
    std::thread::sleep(Duration::from_millis(120));
    assert!(told.try_recv().is_err(), "told once, though tried many times");
    let reader = Reader::again(address);
    let mut session = reader.card();
    assert_eq!(session.ask(READ), READS);
    assert_eq!(next(&told), Event::Connected);
    assert_eq!(bridge.state(), State::Connected);
}

#[test]
fn tries_keep_their_pauses() {
    let address = Reader::new().address();
    let backoff = Backoff { first: Duration::from_millis(300), most: Duration::from_millis(300) };
    let (_bridge, told) = insert(card(), Settings { backoff, ..settings(address) });
    next(&told);
    let begun = Instant::now();
    let reader = Reader::again(address);
    reader.card();
    assert!(begun.elapsed() > Duration::from_millis(150), "{:?}", begun.elapsed());
}

#[test]
fn a_reader_that_goes_is_found_again_and_the_card_starts_anew() {
    let (reader, mut session, bridge, told) = ready(card());
    let address = reader.address();
    session.send(ON);
    assert_eq!(session.ask(UPDATE), OK);
    assert_eq!(next(&told), Event::Connected);
    for _ in 0..3 {
        drop(session);
        assert_eq!(next(&told), Event::Lost { reason: "it closed the connection".into(), unheard: false });
        session = reader.card();
        assert_eq!(session.ask(&[0x00, 0xB0, 0x00, 0x00, 0x04]), [0x6A, 0x82], "without power in between");
        assert_eq!(session.ask(READ), READS);
        assert_eq!(next(&told), Event::Connected);
    }
    // The daemon itself, too.
    drop((session, reader));
    assert!(matches!(next(&told), Event::Lost { .. }));
    assert_eq!(next(&told), Event::Seeking { reason: "nothing listens there".into() });
    let reader = Reader::again(address);
    assert_eq!(reader.card().ask(READ), READS);
    assert_eq!(next(&told), Event::Connected);
    assert_eq!(bridge.commands(), 8);
}

#[test]
fn an_answer_nobody_took_is_told_and_what_it_answered_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.card");
    let (_reader, mut session, _bridge, told) = ready(kept(&path));
    session.ask(ATR);
    assert_eq!(next(&told), Event::Connected);
    let update = [&UPDATE[..5], &[0x77; 4]].concat();
    session.send(&update);
    // The answer lies unread when the reader is killed.
    let mut answer = [0; 4];
    while session.0.peek(&mut answer).unwrap() < 4 {}
    drop(session);
    assert!(matches!(next(&told), Event::Lost { unheard: true, .. }));
    let mut kept = crate::in_memory(Image::load(&path).unwrap());
    assert_eq!(wire::Channel::transmit(&mut kept, READ).unwrap()[..4], [0x77; 4]);
}

#[test]
fn a_reader_that_never_asks_is_told_once_and_may_still_ask() {
    let reader = Reader::new();
    let silence = Duration::from_millis(30);
    let (bridge, told) = insert(card(), Settings { silence, ..settings(reader.address()) });
    assert_eq!(next(&told), Event::Silent);
    assert_eq!(bridge.state(), State::Silent);
    let mut session = reader.card();
    std::thread::sleep(silence * 4);
    assert!(told.try_recv().is_err(), "told once");
    assert_eq!(session.ask(READ), READS);
    assert_eq!(next(&told), Event::Connected);
    // Once it has spoken, its silence is its own affair.
    std::thread::sleep(silence * 4);
    assert!(told.try_recv().is_err());
    assert_eq!(session.ask(READ), READS);
}

#[test]
fn a_port_that_hangs_up_at_once_is_not_hammered() {
    let reader = Reader::new();
    let backoff = Backoff { first: Duration::from_millis(20), most: Duration::from_secs(10) };
    let (_bridge, told) = insert(card(), Settings { backoff, ..settings(reader.address()) });
    let begun = Instant::now();
    for _ in 0..5 {
        drop(reader.card());
    }
    assert!(begun.elapsed() > Duration::from_millis(20 + 40 + 80 + 160 - 50), "{:?}", begun.elapsed());
    assert_eq!(next(&told), Event::Seeking { reason: "it closed the connection".into() });
    assert!(told.try_recv().is_err(), "told once");
}

#[test]
fn a_reader_that_gives_no_power_sees_the_card_go_and_come_once() {
    let reader = Reader::new();
    let (unpowered, absence) = (Duration::from_millis(80), Duration::from_millis(120));
    let (bridge, told) = insert(card(), Settings { unpowered, absence, ..settings(reader.address()) });
    let mut session = reader.card();
    session.ask(ATR);
    assert_eq!(next(&told), Event::Connected);
    std::thread::sleep(unpowered * 2);
    session.send(ATR);
    session.is_empty();
    let begun = Instant::now();
    assert_eq!(next(&told), Event::Unpowered);
    let mut session = reader.card();
    assert!(begun.elapsed() > absence / 2, "{:?}", begun.elapsed());
    session.ask(ATR);
    assert_eq!(next(&told), Event::Connected);
    // Once: perhaps this reader gives power when somebody wants the card.
    std::thread::sleep(unpowered * 2);
    session.ask(ATR);
    assert_eq!(session.ask(READ), READS);
    assert_eq!(bridge.state(), State::Connected);
    assert!(told.try_recv().is_err());
    // With power, or a command in its place, a reader may look as long as it likes.
    for message in [ON, READ] {
        let (bridge, told) = insert(card(), Settings { unpowered, absence, ..settings(reader.address()) });
        let mut session = reader.card();
        session.send(message);
        std::thread::sleep(unpowered * 2);
        session.send(ATR);
        assert_eq!(next(&told), Event::Connected);
        std::thread::sleep(unpowered);
        assert_eq!(bridge.state(), State::Connected);
    }
}

#[test]
fn waiting_for_a_state_ends_with_patience() {
    let address = Reader::new().address();
    let (bridge, _told) = insert(card(), settings(address));
    let begun = Instant::now();
    assert_eq!(bridge.wait_for(State::Connected, Duration::from_millis(50)), State::Seeking);
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let reader = Reader::again(address);
    let mut session = reader.card();
    session.send(ATR);
    assert_eq!(bridge.wait_for(State::Connected, PATIENCE), State::Connected);
}

/// Reaches what the system may do on loopback when source and goal get the same port.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_to_itself_is_no_reader() {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    // That a stream may reach itself at all: bound to its own goal.
    let own = Reader::new().address();
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &own).unwrap();
    connect(&socket, &own).unwrap();
    let stream = std::net::TcpStream::from(socket);
    assert_eq!(stream.local_addr().unwrap(), stream.peer_addr().unwrap());
    assert!(gridcard_vcard::vpcd::Line::new(stream, true).is_err());
}
