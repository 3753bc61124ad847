//! The parties without their homes: cards, meters and books in memory, no folder, no log. What a proof runs a hundred thousand times.
//!
//! Everything random comes from one seed. Keys are those of the published test root.

mod bank;
mod cards;
mod carry;
mod city;
mod entry;
mod eye;
mod formal;
mod handset;
mod house;
mod online;
mod paying;
mod pool;
mod seed;
mod site;
mod versions;

pub use self::bank::Bank;
pub use self::cards::root;
pub(crate) use self::cards::{issue, number, open, plan, region, serial, target};
pub use self::city::City;
pub use self::entry::{Came, Entry, Paper, Wants};
pub use self::eye::{Eye, LineFault};
pub use self::formal::Formal;
pub use self::handset::{Handset, Slipped};
pub use self::house::{House, Whim};
pub use self::online::{Brought, Ended};
pub use self::seed::{BEGIN, Seed};
pub use self::site::{Flash, Holder, Site};
