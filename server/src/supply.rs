//! The supply of the machine the books are on, and the room on its disk: where a simulation takes them away. A server that is run
//! never does.

use crate::error::StoreError;
use std::cell::Cell;

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// The supply goes before it is on the disk: nothing of it is kept, and the server is off.
    Lost,
    /// The supply goes when it is on the disk: all of it is kept, and nobody hears of it.
    Kept,
    /// The disk has no room: nothing of it is kept, and the server goes on.
    Full,
}

/// When what goes.
#[derive(Debug, Default)]
pub struct Supply {
    /// After so many commits, what becomes of the next.
    planned: Cell<Option<(u32, CommitFault)>>,
    off: Cell<bool>,
}

impl Supply {
    /// After so many commits from now, this becomes of the next.
    pub fn plan(&self, after: u32, fault: CommitFault) {
        self.planned.set(Some((after, fault)));
    }

    /// The machine is on again, and nothing is planned; says whether it was off.
    pub fn restore(&self) -> bool {
        self.planned.set(None);
        self.off.replace(false)
    }

    /// Whether the machine is on.
    ///
    /// # Errors
    /// It is off.
    pub fn on(&self) -> Result<(), StoreError> {
        if self.off.get() { Err(StoreError::Cut) } else { Ok(()) }
    }

    /// A commit as the plan has it; `commit` makes it, `forget` takes the transaction back.
    ///
    /// # Errors
    /// Those of the commit, or the planned one.
    pub fn commit(
        &self,
        commit: impl FnOnce() -> Result<(), StoreError>,
        forget: impl FnOnce(),
    ) -> Result<(), StoreError> {
        let fault = match self.planned.get() {
            Some((0, fault)) => fault,
            planned => {
                self.planned.set(planned.map(|(after, fault)| (after - 1, fault)));
                return commit();
            }
        };
        self.planned.set(None);
        match fault {
            CommitFault::Kept => commit()?,
            CommitFault::Lost | CommitFault::Full => forget(),
        }
        if fault == CommitFault::Full {
            return Err(StoreError::Full);
        }
        self.off.set(true);
        Err(StoreError::Cut)
    }
}
