#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod entropy;
pub mod image;
pub mod line;
pub mod memory;
pub mod slot;
pub mod vpcd;

pub use entropy::{OsChance, SeededChance};
pub use image::{Image, ImageError};
pub use memory::{SupplyCut, Torn};
pub use slot::{Pull, Slot};
