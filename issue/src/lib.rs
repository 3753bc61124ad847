#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod card;
pub mod headers;
pub mod inspect;
pub mod keyset;
pub mod life;
pub mod pairing;
pub mod plan;
pub mod source;
mod words;

pub use keyset::{CityKeys, RoleCheck, Roots};
