#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod actuator;
pub mod bench;
pub mod board;
pub mod card;
mod card_slot;
pub mod cjt188;
pub mod control;
mod crediting;
pub mod display;
pub mod events;
mod fault;
pub mod flash;
pub mod insertion;
pub mod mcu;
mod message;
mod messages;
pub mod online;
pub mod outcome;
pub mod pairing;
pub mod pipe;
pub mod port;
pub mod production;
pub mod profile;
pub mod register;
mod search;
mod session;
pub mod settle;
mod slot;
mod source;
pub mod step;
pub mod storage;
mod supply;
mod tables;
pub mod tariff;
pub mod time;

/// The crates whose types stand in signatures here, for whoever uses this one alone.
pub use ::{keys, scheme};
pub use actuator::{Actuator, Stuck};
pub use display::Display;
pub use fault::BrokenOff;
pub use flash::FormalKeys;
pub use insertion::{CreditReport, InsertionReport, StorageReport};
pub use mcu::{Keeper, Meter, MeterConfig, MeterError, MeterState};
pub use online::{OnlineAsked, OnlineReport};
pub use outcome::{OrderOutcome, OrderResult, Outcome, Produced};
pub use pairing::{Pairing, PairingError};
pub use pipe::{Lock, Pipe, Sensed};
pub use profile::Profile;
pub use register::Consumption;
pub use settle::ConsumptionReport;
pub use source::{Caller, CarriedOrder, Course, Source};
pub use step::Step;
pub use storage::{Medium, MediumError, StoredFile};
pub use time::{BAUD, LineTime, Side, StepLine, StepTime, WireTime};
