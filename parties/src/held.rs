//! A log whose lines are held back: acts that are kept together with one commit have their lines written with one wait for the disk,
//! after the commit and before anybody hears of them.

use crate::trouble::Result;
use issue::keyset::RoleCheck;
use office::audit::{Audit, AuditError, Card, Ending, Head, LogEvent};
use scheme::numbers::CheckValue;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A line that waits.
pub(crate) struct Line {
    /// Who acts.
    pub who: String,
    /// When.
    pub at: String,
    /// What.
    pub act: LogEvent,
    /// The card it was about.
    pub card: Option<Card>,
    /// Check values.
    pub keys: Vec<(String, CheckValue)>,
    /// How it ended.
    pub outcome: Ending,
    /// What else is to be known.
    pub facts: Vec<(String, String)>,
}

impl Line {
    /// Check values, by the names of their roles.
    pub fn keys(keys: &[RoleCheck]) -> Vec<(String, CheckValue)> {
        keys.iter().map(|key| (key.role.name().to_owned(), key.check_value)).collect()
    }
}

/// A log that is open for acts which are kept together. No other program writes into it until it is dropped.
pub struct Held {
    folder: PathBuf,
    state: Mutex<State>,
}

struct State {
    audit: Audit,
    lines: VecDeque<Line>,
    /// Lines were written whose way to the disk nobody has waited for.
    unsynced: bool,
    /// Time of the last act, one whose line waits among them.
    last: Option<String>,
}

impl Held {
    /// The log of a folder, open, and its end compared with what others keep of it.
    pub(crate) fn new(folder: &Path, audit: Audit) -> Self {
        let last = audit.last().map(str::to_owned);
        Held {
            folder: folder.to_owned(),
            state: Mutex::new(State { audit, lines: VecDeque::new(), unsynced: false, last }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_of(&self, folder: &Path) -> bool {
        self.folder == folder
    }

    /// Looks at the clock before an act: one that went back is noted, and refused unless `allowed`.
    pub(crate) fn clock(&self, who: &str, at: &str, allowed: bool) -> Result<()> {
        let mut state = self.state();
        let Some(last) = state.last.clone().filter(|last| at < last.as_str()) else { return Ok(()) };
        if allowed {
            return Ok(());
        }
        let outcome = Ending::Refused { why: "the clock went back".to_owned() };
        let (who, at) = (who.to_owned(), at.to_owned());
        let now = at.clone();
        let act = LogEvent::Clock;
        state.lines.push_back(Line {
            who,
            at,
            act,
            card: None,
            keys: Vec::new(),
            outcome,
            facts: Vec::new(),
        });
        Err(AuditError::ClockBack { last, now }.into())
    }

    /// Takes the line of an act.
    pub(crate) fn add(&self, line: Line) {
        let mut state = self.state();
        state.last = state.last.take().max(Some(line.at.clone()));
        state.lines.push_back(line);
    }

    /// Forgets the lines of acts that were not kept.
    pub fn forget(&self) {
        let mut state = self.state();
        state.lines.clear();
        state.last = state.audit.last().map(str::to_owned);
    }

    /// Writes every line and waits until they are on the disk. Where the log ends now; `None` where there was no line. Lines that could
    /// not be written wait on, and are written the next time.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn write(&self) -> Result<Option<Head>> {
        let state = &mut *self.state();
        if state.lines.is_empty() && !state.unsynced {
            return Ok(None);
        }
        while let Some(line) = state.lines.front() {
            let facts: Vec<(&str, String)> =
                line.facts.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            state.audit.acts(&line.who);
            // Whether it might go back was asked when the act began; the line says when it did.
            state.audit.clock(&line.at, true)?;
            let outcome = line.outcome.clone();
            state.audit.add(&line.at, line.act.clone(), line.card.clone(), &line.keys, outcome, &facts)?;
            state.unsynced = true;
            state.lines.pop_front();
        }
        state.audit.sync()?;
        state.unsynced = false;
        Ok(Some(state.audit.head()))
    }
}
