#![doc = include_str!("../README.md")]

pub mod batch;
pub mod ceremony;
pub mod devices;
pub mod headers;
pub mod ids;
pub mod issue;
pub mod journal;
pub mod keyset;
pub mod life;
pub mod messages;
pub mod names;
pub mod pairing;
pub mod plan;
pub mod source;
pub mod stock;
pub mod store;

pub use keyset::{CityKeys, RoleCheck, Roots};
pub use messages::Hint;
