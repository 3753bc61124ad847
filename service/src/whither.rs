//! Where answers by message go: to the number that is registered. A repeat is told without one, and goes where the first went.

use scheme::subscription::Msisdn;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers of which it is known where they went.
const KNOWN: usize = 4096;

/// Where an answer went, by its SHA-256.
type Went = ([u8; 32], Msisdn);

/// Numbers of answers. Clones are of the same.
#[derive(Clone, Default)]
pub struct Whither(Arc<Mutex<VecDeque<Went>>>);

impl Whither {
    /// Where an answer goes; `None`: nowhere that is known.
    pub fn of(&self, answer: &[u8], registered: Option<Msisdn>) -> Option<Msisdn> {
        let hash: [u8; 32] = Sha256::digest(answer).into();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(to) = registered else {
            return known.iter().rev().find(|(one, _)| *one == hash).map(|(_, to)| to.clone());
        };
        known.push_back((hash, to.clone()));
        if known.len() > KNOWN {
            known.pop_front();
        }
        Some(to)
    }
}
