#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod card;
pub mod chip;
pub mod choices;
pub mod closing;
pub mod context;
pub mod derived;
pub mod files;
pub mod fmcos;
pub mod gsm;
pub mod halt;
pub mod header;
pub mod journal;
pub mod keyfile;
pub mod layout1;
pub mod messaging;
pub mod nvm;
pub mod rights;
pub mod sim;
pub mod state;
pub mod steps;
pub mod table;
pub mod uicc;

pub use card::Card;
pub use chip::{Chip, Protocol};
pub use context::Context;
pub use halt::Halt;
pub use nvm::{Nvm, PAGE, PowerLoss, RamNvm};
pub use table::Flow;
