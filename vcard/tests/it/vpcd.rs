//! The bridge to pcscd, from the reader's side of the socket: a listener here speaks as the vpcd driver does
//! [docs/specs/vpcd.md].

mod cards;
mod messages;
mod outages;

use crate::{SCRIPT, chip};
use gridcard_vcard::Slot;
use gridcard_vcard::slot::Keep;
use gridcard_vcard::vpcd::{Backoff, Bridge, Event, Settings};
use scheme::profile::CardKind;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use wire::Channel;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// No answer is known by waiting for one so long.
const QUIET: Duration = Duration::from_millis(150);

const OFF: &[u8] = &[0];
const ON: &[u8] = &[1];
const RESET: &[u8] = &[2];
const ATR: &[u8] = &[4];

/// A reader without a card.
struct Reader(TcpListener);

/// A reader with a card in it.
struct Session(TcpStream);

impl Reader {
    fn new() -> Self {
        Reader(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// On a port that was used before, as a daemon that comes back.
    fn again(address: SocketAddr) -> Self {
        Reader(TcpListener::bind(address).unwrap())
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    fn card(&self) -> Session {
        let (stream, _) = self.0.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Session(stream)
    }
}

impl Session {
    /// Length and body apart, as the driver does.
    fn send(&mut self, message: &[u8]) {
        self.0.write_all(&(message.len() as u16).to_be_bytes()).unwrap();
        self.0.write_all(message).unwrap();
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length).unwrap();
        let mut message = vec![0; u16::from_be_bytes(length).into()];
        self.0.read_exact(&mut message).unwrap();
        message
    }

    fn ask(&mut self, message: &[u8]) -> Vec<u8> {
        self.send(message);
        self.receive()
    }

    /// Nothing comes.
    #[track_caller]
    fn hears_nothing(&mut self) {
        self.0.set_read_timeout(Some(QUIET)).unwrap();
        let read = self.0.read(&mut [0]);
        assert!(
            matches!(&read, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)),
            "{read:?}"
        );
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
    }

    /// The card has closed the connection.
    #[track_caller]
    fn is_empty(&mut self) {
        let read = self.0.read(&mut [0]);
        assert!(matches!(&read, Ok(0)), "{read:?}");
    }
}

/// A plain card with a free file 0005 that holds CAFEBABE.
fn card() -> Slot {
    let mut slot = crate::in_memory(chip(CardKind::Psam));
    for command in SCRIPT {
        slot.transmit(command).unwrap();
    }
    slot.power_off();
    slot
}

fn settings(address: SocketAddr) -> Settings {
    let backoff = Backoff { first: Duration::from_millis(5), most: Duration::from_millis(20) };
    Settings { backoff, ..Settings::at(address) }
}

/// A card in a reader, and what the bridge tells.
fn insert(card: Slot, settings: Settings) -> (Bridge<Slot>, Receiver<Event>) {
    let (tell, told) = channel();
    let observer = move |event| {
        let _ = tell.send(event); // a test may not listen
    };
    (Bridge::insert(card, settings, observer).unwrap(), told)
}

/// The next thing told.
#[track_caller]
fn next(told: &Receiver<Event>) -> Event {
    told.recv_timeout(PATIENCE).expect("the bridge tells something")
}

/// A reader with a card in it, both ready.
fn ready(card: Slot) -> (Reader, Session, Bridge<Slot>, Receiver<Event>) {
    let reader = Reader::new();
    let (bridge, told) = insert(card, settings(reader.address()));
    let session = reader.card();
    (reader, session, bridge, told)
}

/// A slot that keeps its card in a file.
fn kept(path: &std::path::Path) -> Slot {
    card().image().save_new(path, true).unwrap();
    crate::open(gridcard_vcard::Image::load(path).unwrap(), path, Keep::Synced)
}
