//! The acts of the parties in a world, from outside: cards, messages and time are the world's. One binary, so that it links once.

#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::inconsistent_digit_grouping, reason = "money in fen: yuan, then two digits")]

mod carrier;
mod ceremony;
mod far;
mod frames;
mod keeping;
mod online;
mod pipes;
mod proof;
mod province;
mod purchase;

use gridcard_world::{Profile, Suite, Town, World, people};
use std::ops::Deref;
use tempfile::TempDir;

/// The moment every world here begins at.
pub const BEGIN: &str = "2026-11-22 08:00:00";
/// The seed of every world here: a failure repeats.
pub const SEED: u64 = 7;

/// A world with nothing in it, its cards in memory.
pub fn world(home: &TempDir) -> World {
    World::new(home.path().join("home"), BEGIN.parse().unwrap(), Some(SEED))
}

/// A town whose logs and books go with it.
pub struct Place {
    town: Town,
    _home: TempDir,
}

impl Place {
    /// Nothing is made yet.
    pub fn empty(customers: u32) -> Self {
        let home = TempDir::new().unwrap();
        let town = Town::new(world(&home), people::made_up(customers).unwrap(), Suite::TripleDes).unwrap();
        Place { town, _home: home }
    }

    /// Ready for the first purchase of one customer, whose meter is of gas or water.
    pub fn piped(profile: Profile) -> Self {
        let Place { town, _home } = Place::empty(1);
        let meter = town.people()[0].meter;
        let place = Place { town: town.with_profile(meter, profile), _home };
        place.settle_down().unwrap();
        place
    }

    /// Ready for the first purchase.
    pub fn settled(customers: u32) -> Self {
        let place = Place::empty(customers);
        place.settle_down().unwrap();
        place
    }
}

impl Deref for Place {
    type Target = Town;

    fn deref(&self) -> &Town {
        &self.town
    }
}
