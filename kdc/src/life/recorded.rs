//! A passage with the journal around it: intent before the card is touched, outcome after.

use super::{Passage, Planned};
use crate::issue::KeyCheck;
use crate::journal::Journal;
use crate::messages::LifeError;
use crate::source::KeySource;
use wire::channel::Channel;

/// How a passage ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The keys as seen at the end.
    pub keys: Vec<KeyCheck>,
}

/// Does a passage and keeps the journal. When card or reader went away the intent stays open; run again, and the card
/// tells how far it came.
pub fn pass(
    passage: &Passage,
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
    journal: &mut Journal,
    at: &str,
) -> Result<Passed, LifeError> {
    let passing = passage.passing();
    journal.intend_passage(at, &passing)?;
    match passage.run(channel, source) {
        Ok(keys) => {
            journal.conclude_passage(at, &passing, &keys)?;
            Ok(Passed { keys })
        }
        Err(error) if error.is_open() => Err(error),
        Err(error) => {
            // The reason the card was refused matters more than a journal that cannot take it.
            let _ = journal.fail_passage(at, &passing, &error.to_string(), error.tries_left());
            Err(error)
        }
    }
}

impl Planned {
    /// The passage, where something is to be done.
    pub const fn due(&self) -> Option<&Passage> {
        match self {
            Planned::Due(passage) => Some(passage),
            Planned::Done => None,
        }
    }
}
