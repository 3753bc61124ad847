#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod cards;
pub mod certificate;
pub mod chance;
pub mod clock;
pub mod damage;
pub mod fault;
pub mod field;
pub mod moment;
pub mod money;
pub mod names;
pub mod numbers;
pub mod online;
pub mod order;
pub mod pairing;
pub mod pin;
pub mod production;
pub mod profile;
pub mod psam;
pub mod receipt;
pub mod recharge;
pub mod record_file;
pub mod refusal;
pub mod shown;
pub mod signed;
pub mod signing;
pub mod sim;
pub mod subscription;
pub mod tariff;
pub mod user_card;
pub mod zone;

pub use cards::{CardRef, Cards, OpenCard};
pub use chance::{Chance, Chances};
pub use clock::Clock;
pub use fault::{Fault, Kind};
pub use moment::Moment;
pub use money::Fen;
