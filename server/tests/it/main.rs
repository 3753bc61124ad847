//! The payment server from outside: real SQLite, a toy security module, toy meters.

// Helpers of tests may unwrap like the tests they help.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chains;
mod contract;
mod house;
mod interrupted;
mod kat;
mod ledger;
mod life;
mod older;
mod phones;
mod property;
mod psam;
mod refusals;
mod register;
mod replacement;
#[cfg(feature = "postgres")]
mod schemas;
mod second;
mod storage;
mod toy;
