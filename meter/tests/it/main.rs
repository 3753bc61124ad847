//! The meter against an ESAM and a SIM that play their part of the protocol and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

mod actuator;
mod agreement;
mod consumption;
mod esam;
mod flash;
mod insertion;
mod pairing;
mod pipe;
mod port;
mod pull;
mod register;
mod sim;
mod source;
mod storage;
mod tariff;
mod tariff_months;
mod world;
