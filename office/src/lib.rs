#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod audit;
pub mod batch;
pub mod database;
pub mod devices;
pub mod journal;
pub mod passage;
pub mod recorded;
pub mod stock;
pub mod store;
