#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod card;
pub mod headers;
pub mod inspect;
pub mod keyset;
pub mod life;
pub mod pairing;
pub mod plan;
pub mod production;
pub mod signing;
pub mod source;
pub mod station;
mod words;

/// The crates whose types stand in signatures here, for whoever uses this one alone.
pub use ::{keys, scheme};
pub use keyset::{CityKeys, RoleCheck, Roots};
