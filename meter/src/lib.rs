#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod bench;
pub mod display;
pub mod events;
mod fault;
pub mod flash;
pub mod insertion;
pub mod mcu;
mod message;
mod messages;
pub mod pairing;
pub mod register;
mod search;
pub mod settle;
pub mod step;
pub mod time;

pub use display::Display;
pub use flash::FormalKeys;
pub use insertion::{InsertionReport, OrderOutcome, OrderResult, Outcome};
pub use mcu::{Keeper, Meter, MeterConfig, MeterError, MeterState};
pub use pairing::{Pairing, PairingError};
pub use register::Consumption;
pub use settle::ConsumptionReport;
pub use step::Step;
pub use time::{Side, StepTime};
