//! Frames of sessions in short messages: data for a port, in parts where one message does not hold them [docs/specs/smpp.md 7].

use crate::phones::{Carrier, Phones, Said};
use crate::whither::Whither;
pub use parties::phones::PORT;
use smpp::{Letter, Number};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use wire::sms::port::{Ports, split};

/// Frames that are heard at once.
const AT_ONCE: usize = 64;
/// 8-bit data of no class: it is for an application, and no SIM keeps it.
const DATA: u8 = 0x04;

/// Takes frames out of messages to the server's sessions, and puts answers into messages to registered numbers.
#[derive(Clone)]
pub struct Frames {
    phones: Phones,
    whither: Whither,
    reference: Arc<Mutex<u8>>,
    places: Arc<Semaphore>,
}

impl Frames {
    /// Of these sessions.
    pub fn new(phones: Phones, whither: Whither) -> Self {
        Frames { phones, whither, reference: Arc::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Takes a frame that came in a message; gives the messages that answer it, none where there is silence. They go to the number
    /// that is registered, never to the one that the message says it is from.
    pub async fn hear(&self, letter: &Letter, ports: Ports, frame: &[u8]) -> Vec<Letter> {
        // What there is no place for is silence: its phone sends it again.
        let Ok(_place) = self.places.try_acquire() else { return Vec::new() };
        let carrier = Carrier::Sms(letter.from.text().parse().ok());
        let Some(Said { bytes, to }) = self.phones.hear(&carrier, frame).await else { return Vec::new() };
        let Some(to) = self.whither.of(&bytes, to) else { return Vec::new() };
        let Some(to) = Number::international(to.as_str()) else { return Vec::new() };
        let back = Ports { to: ports.from, from: ports.to };
        let parts = split(&bytes, back, self.next()).unwrap_or_default().into_iter();
        let message = |data| Letter {
            from: letter.to.clone(),
            to: to.clone(),
            has_header: true,
            pid: 0,
            dcs: DATA,
            data,
            wants_receipt: false,
        };
        parts.map(message).collect()
    }

    fn next(&self) -> u8 {
        let mut reference = self.reference.lock().unwrap_or_else(PoisonError::into_inner);
        *reference = reference.wrapping_add(1);
        *reference
    }
}
