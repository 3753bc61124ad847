//! The client and the server's side of it, from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail by panicking"
)]

mod attackers;
mod known_answers;
mod lossy;
mod memory;
mod parts;
mod scene;
