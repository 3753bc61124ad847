#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::ops::Deref;
use std::path::Path;

pub use keys::Suite;
pub use parties::meters::{InsertReport, ShowReport};
pub use parties::trouble::{Result, Trouble};
pub use scheme::{CardRef, Fen, Moment};
pub use server::Registration as Customer;
pub use wire::{Channel, ChannelError};
pub use world::people::{People, made_up};
pub use world::{Town, World};

/// The moment a town begins at.
const BEGIN: &str = "2026-11-22 08:00:00";

/// A town in a temporary home, which goes with it: province, city and bank stand, every customer has his meter and his SIM.
pub struct TestTown {
    town: Town,
    home: tempfile::TempDir,
}

impl TestTown {
    /// So many customers, keys of the published test root in suite 3des, and a seed, from which the town is made again, byte for
    /// byte.
    ///
    /// # Errors
    /// There is no place for its files.
    pub fn new(customers: u32, seed: u64) -> Result<Self> {
        TestTown::of(made_up(customers)?, Suite::TripleDes, seed)
    }

    /// The same of given people, in any suite.
    ///
    /// # Errors
    /// There is no place for its files.
    pub fn of(people: People, suite: Suite, seed: u64) -> Result<Self> {
        let home = tempfile::tempdir().map_err(Trouble::from)?;
        let world = World::kept(home.path().join("home"), BEGIN.parse()?, Some(seed), "gridcard");
        let town = Town::new(world, people, suite)?;
        town.settle_down()?;
        Ok(TestTown { town, home })
    }

    /// The folder of its parties; `gridcard --home FOLDER` works in it too.
    pub fn home(&self) -> &Path {
        self.town.world().home()
    }

    /// Keeps its files when it goes; gives their folder.
    pub fn keep(self) -> std::path::PathBuf {
        self.home.keep().join("home")
    }

    /// A customer; they are counted from 0, and the last follows the first.
    pub fn customer(&self, i: usize) -> &Customer {
        &self.town.people()[i % self.town.people().len()]
    }
}

impl Deref for TestTown {
    type Target = Town;

    fn deref(&self) -> &Town {
        &self.town
    }
}
