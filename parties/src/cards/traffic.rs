//! What passes between cards and their terminals.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// APDUs and bytes between cards and their terminals.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Commands.
    pub apdus: AtomicU64,
    /// Bytes of commands and answers, ATRs among them.
    pub bytes: AtomicU64,
    /// Resets.
    pub resets: AtomicU64,
    /// Least time on the cards' lines, in etu.
    pub etu: AtomicU64,
    /// The first command whose answer got lost with its card.
    lost: Mutex<Option<Lost>>,
}

impl Traffic {
    /// Keeps a command whose answer got lost; the first stays.
    pub fn lose(&self, lost: Lost) {
        if let Ok(mut first) = self.lost.lock() {
            first.get_or_insert(lost);
        }
    }

    /// Adds what another act exchanged.
    pub fn add(&self, other: &Traffic) {
        let sums = [
            (&self.apdus, &other.apdus),
            (&self.bytes, &other.bytes),
            (&self.resets, &other.resets),
            (&self.etu, &other.etu),
        ];
        for (sum, more) in sums {
            sum.fetch_add(more.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// The command whose answer got lost.
    pub fn lost(&self) -> Option<Lost> {
        self.lost.lock().ok()?.clone()
    }
}

/// A command under way when its card was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Which card, in words.
    pub card: String,
    /// CLA INS P1 P2, without any data.
    pub header: Vec<u8>,
}

impl Lost {
    /// A command to a card.
    pub fn of(card: &str, command: &[u8]) -> Self {
        Lost { card: card.to_owned(), header: command[..command.len().min(4)].to_vec() }
    }
}
