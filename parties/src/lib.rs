#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod trouble;

pub use trouble::{Context, Failure, Result, Trouble};
