//! The host's drivers against scripted cards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

mod cjt188;
mod count;
mod dlt645;
mod esam;
mod exchange;
mod fmcos;
mod guard;
mod issuing;
mod language;
mod pcsc;
mod psam;
mod script;
mod security;
mod sim;
mod sms;
mod trace;
