//! A verb of the command as its noun's table has it: its name in its party's log, and what does it.

use crate::call::Call;
use parties::{Deed, Result};

/// What does a verb, once its options are known.
type Run = Box<dyn FnOnce(&Call) -> Result<()>>;

/// A verb with its options, ready to be done.
pub struct Task {
    /// What it is to its party's log.
    pub deed: Deed,
    /// What does it.
    pub run: Run,
}

impl Task {
    /// `run` does what the options say.
    pub fn new<O: 'static>(
        deed: Deed,
        options: O,
        run: impl FnOnce(&Call, &O) -> Result<()> + 'static,
    ) -> Self {
        Task { deed, run: Box::new(move |call| run(call, &options)) }
    }
}

/// A verb that looks, or makes nothing that belongs to a party.
pub fn look<O: 'static>(options: O, run: impl FnOnce(&Call, &O) -> Result<()> + 'static) -> Task {
    Task::new(Deed::Look, options, run)
}

/// A verb of one person, by its name in the log.
pub fn one<O: 'static>(
    name: &'static str,
    options: O,
    run: impl FnOnce(&Call, &O) -> Result<()> + 'static,
) -> Task {
    Task::new(Deed::One(name), options, run)
}

/// A verb that wants two people, by its name in the log.
pub fn two<O: 'static>(
    name: &'static str,
    options: O,
    run: impl FnOnce(&Call, &O) -> Result<()> + 'static,
) -> Task {
    Task::new(Deed::Two(name), options, run)
}
