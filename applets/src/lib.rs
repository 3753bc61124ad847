#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod catalogue;
mod common;
pub mod esam;
mod info;
pub mod issuing;
mod limits;
mod lists;
pub mod packets;
pub mod production_card;
pub mod psam;
mod retire;
mod signing;
pub mod sim;
pub mod user_card;

/// Its types stand in signatures here, for whoever uses this crate alone.
pub use ::scheme;
pub use catalogue::program_of;
