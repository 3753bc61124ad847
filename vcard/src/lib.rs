#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod cards;
pub mod entropy;
pub mod factory;
pub mod image;
pub mod line;
pub mod medium;
pub mod memory;
#[cfg(unix)]
pub mod rack;
pub mod slot;
pub mod vpcd;

/// The crates whose types stand in signatures here, for whoever uses this one alone.
pub use ::{cos, keys, scheme, wire};
pub use cards::{CardFiles, CardsInMemory};
pub use entropy::{OsChance, SeededChance, SeededChances};
pub use image::{Image, ImageError};
pub use memory::{SupplyCut, Torn};
pub use slot::{Pull, Slot};
