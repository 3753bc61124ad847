#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod bank;
pub mod batches;
pub mod cards;
pub mod carrier;
pub mod certificates;
pub mod city;
pub mod companion;
pub mod customer;
mod held;
pub mod home;
pub mod in_force;
pub mod issuing;
pub mod keeping;
pub mod log;
pub mod meters;
pub mod people;
#[cfg(unix)]
pub mod phones;
pub mod pin;
pub mod pipe;
pub mod places;
pub mod province;
pub mod receipts;
pub mod records;
pub mod retire;
pub mod revoked;
pub mod secret;
pub mod session;
pub mod sims;
pub mod statement;
pub mod stock;
pub mod transport;
pub mod trouble;
pub mod vouch;
pub mod words;

/// Its types stand in signatures here, for whoever uses this crate alone.
pub use ::scheme;
pub use home::{Home, Party};
pub use session::{Deed, Notes, Secrets, Session};
pub use trouble::{Context, Failure, Result, Trouble};
