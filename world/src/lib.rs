#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod bare;
pub mod cards;
pub mod carrier;
pub mod clock;
pub mod far;
pub mod figures;
pub mod life;
pub mod online;
pub mod people;
mod place;
pub mod proof;
pub mod queue;
mod signed;
mod stick;
pub mod timeline;
pub mod town;
pub mod ways;

pub use cards::Hands;
pub use carrier::Post;
pub use clock::WorldClock;
pub use keys::Suite;
pub use meter::Profile;
pub use parties::trouble::Result;
pub use place::{PIN, SECOND_PIN, World};
pub use queue::Queue;
pub use town::Town;
