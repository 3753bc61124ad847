//! The screens as a person at a keyboard meets them, on terminals of several sizes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

mod desk;
mod screens;
mod table;
