//! Frames of sessions in short messages: data for a port, in parts where one message does not hold them [docs/specs/smpp.md 7].

use crate::phones::{Carrier, Phones, Said};
use scheme::subscription::Msisdn;
use sha2::{Digest, Sha256};
use smpp::{Letter, Number};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use wire::sms::port::{Ports, split};

/// The port of sessions, on both sides. UNSPECIFIED: 16000 to 16999 are for applications of anybody's.
pub const PORT: u16 = 16_400;
/// 8-bit data of no class: it is for an application, and no SIM keeps it.
const DATA: u8 = 0x04;
/// Answers of which it is known where they went.
const KNOWN: usize = 4096;

/// Takes frames out of messages to the server's sessions, and puts answers into messages to registered numbers.
#[derive(Clone)]
pub struct Frames {
    phones: Phones,
    /// Where answers went, by their hash: a repeat of one is told without a number.
    known: Arc<Mutex<VecDeque<([u8; 32], Msisdn)>>>,
    reference: Arc<Mutex<u8>>,
}

impl Frames {
    /// Of these sessions.
    pub fn new(phones: Phones) -> Self {
        Frames { phones, known: Arc::default(), reference: Arc::default() }
    }

    /// Takes a frame that came in a message; gives the messages that answer it, none where there is silence. They go to the number
    /// that is registered, never to the one that the message says it is from.
    pub async fn hear(&self, letter: &Letter, ports: Ports, frame: &[u8]) -> Vec<Letter> {
        let carrier = Carrier::Sms(letter.from.text().parse().ok());
        let Some(Said { bytes, to }) = self.phones.hear(&carrier, frame).await else { return Vec::new() };
        let Some(to) = self.registered(&bytes, to) else { return Vec::new() };
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

    /// Where an answer goes.
    fn registered(&self, answer: &[u8], to: Option<Msisdn>) -> Option<Msisdn> {
        let hash: [u8; 32] = Sha256::digest(answer).into();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match to {
            Some(to) => {
                known.push_back((hash, to.clone()));
                if known.len() > KNOWN {
                    known.pop_front();
                }
                Some(to)
            }
            None => known.iter().rev().find(|(one, _)| *one == hash).map(|(_, to)| to.clone()),
        }
    }

    fn next(&self) -> u8 {
        let mut reference = self.reference.lock().unwrap_or_else(PoisonError::into_inner);
        *reference = reference.wrapping_add(1);
        *reference
    }
}
