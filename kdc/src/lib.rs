#![doc = include_str!("../README.md")]

pub mod audit;
pub mod batch;
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
pub mod operators;
pub mod pairing;
pub mod plan;
pub mod revocation;
pub mod source;
pub mod stock;
pub mod store;
#[cfg(feature = "hsm")]
pub mod token;

pub use keyset::{CityKeys, RoleCheck, Roots};
pub use messages::Hint;
