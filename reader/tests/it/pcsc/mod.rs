//! Cards in readers, against a service that does as it is told.

mod card;
mod doctor;
mod find;
mod watch;

use gridcard_reader::pcsc::{Connection, Fault, Presence, ReaderState, Service, Stop};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// ATR of an ESAM of this serial number.
pub fn esam(serial: &[u8; 8]) -> Vec<u8> {
    wire::atr::esam(*serial)
}

/// A reader with a card of this ATR; without one where the ATR is empty.
pub fn reader(name: &str, atr: &[u8]) -> ReaderState {
    ReaderState {
        name: name.to_owned(),
        presence: if atr.is_empty() { Presence::Empty } else { Presence::Card },
        exclusive: false,
        in_use: false,
        atr: atr.to_vec(),
        events: u32::from(!atr.is_empty()),
        mark: 0,
    }
}

/// What a connection answers, in order.
pub type Answers = Arc<Mutex<VecDeque<Result<Vec<u8>, Fault>>>>;

/// A card that answers what the test wrote down. Its state after a failure is `after`.
pub struct Card {
    pub answers: Answers,
    pub after: VecDeque<Fault>,
}

impl Connection for Card {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, Fault> {
        self.answers.lock().unwrap().pop_front().expect("the test has one more answer")
    }

    fn reset(&mut self) -> Result<Vec<u8>, Fault> {
        self.transmit(&[])
    }

    fn status(&mut self) -> Result<(), Fault> {
        self.after.pop_front().map_or(Ok(()), Err)
    }

    fn protocol(&self) -> Option<u8> {
        Some(1)
    }
}

/// A service whose readers are those of the next look.
#[derive(Default)]
pub struct Fake {
    pub looks: RefCell<VecDeque<Result<Vec<ReaderState>, Fault>>>,
    pub connect: RefCell<VecDeque<Fault>>,
    pub asked: RefCell<Vec<String>>,
}

impl Fake {
    pub fn with(looks: &[Vec<ReaderState>]) -> Self {
        let looks = looks.iter().cloned().map(Ok).collect();
        Fake { looks: RefCell::new(looks), ..Fake::default() }
    }
}

impl Service for Fake {
    fn readers(&self) -> Result<Vec<ReaderState>, Fault> {
        self.looks.borrow_mut().pop_front().unwrap_or(Err(Fault::Stopped))
    }

    fn wait(&self, _: &[ReaderState], _: Duration) -> Result<(), Fault> {
        match self.looks.borrow().front() {
            Some(_) => Ok(()),
            None => Err(Fault::Timeout),
        }
    }

    fn stop(&self) -> Stop {
        Box::new(|| {})
    }

    fn connect(&self, reader: &str) -> Result<Box<dyn Connection>, Fault> {
        self.asked.borrow_mut().push(reader.to_owned());
        match self.connect.borrow_mut().pop_front() {
            Some(fault) => Err(fault),
            None => Ok(Box::new(Card { answers: Answers::default(), after: VecDeque::new() })),
        }
    }
}
