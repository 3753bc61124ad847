#![doc = include_str!("../README.md")]

pub mod audit;
pub mod ceremony;
pub mod devices;
pub mod headers;
pub mod ids;
pub mod issue;
pub mod journal;
pub mod keyset;
pub mod keystore;
pub mod life;
pub mod messages;
pub mod names;
pub mod pairing;
pub mod plan;
pub mod source;
#[cfg(feature = "hsm")]
pub mod token;

pub use keyset::{CityKeys, RoleCheck, Roots};
pub use messages::Hint;
