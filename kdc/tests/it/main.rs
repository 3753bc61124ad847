//! The crate from outside. One binary, so that it links once.

#![cfg(test)]

mod ceremony;
mod keystore;
mod shares;
#[cfg(feature = "hsm")]
mod token;

/// Number of every card made in these tests.
#[cfg(feature = "hsm")]
pub const NUMBER: &str = "000000000042";
/// The city of these tests.
#[cfg(feature = "hsm")]
pub const REGION: &str = "33020000";
/// Serial of the chip of these tests.
#[cfg(feature = "hsm")]
pub const SERIAL: &str = "0102030405060708";
