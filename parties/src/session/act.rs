//! An act as a whole, and its lines in the log.

use super::Session;
use crate::bank::asking::AskPsam;
use crate::trouble::Result;
use crate::{home, log, people};

impl Session {
    /// Does an act and keeps its party's log: its line when it was done, and a line of its failure.
    ///
    /// # Errors
    /// Those of the act, and of a log that cannot be kept.
    pub fn act<T>(&self, act: impl FnOnce(&Session) -> Result<T>) -> Result<T> {
        people::must_fit(self)?;
        let done = act(self);
        // An act that stops for a PSAM is neither done nor failed: it is done again with the answer, and has its line then.
        if done.as_ref().is_err_and(|error| error.find::<AskPsam>().is_some()) {
            return done;
        }
        let done = done
            .and_then(|done| self.deed.name().map_or(Ok(()), |name| log::done(self, name)).map(|()| done));
        // An act that came to nothing begins no party; where there is none there is no log of its failure either.
        let away = (done.is_err() || self.rehearsal) && home::begun::take_away(self);
        if let (Err(error), Some(name), false) = (&done, self.deed.name(), away) {
            log::failed(self, name, error);
        }
        done
    }
}
