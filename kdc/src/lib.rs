#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod ceremony;
pub mod keystore;
pub mod revocation;
#[cfg(feature = "hsm")]
pub mod token;

/// Its types stand in signatures here, for whoever uses this crate alone.
pub use ::keys;
