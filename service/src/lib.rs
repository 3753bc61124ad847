#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod acts;
mod asked;
mod bucket;
mod console;
mod counter;
mod denied;
mod fields;
mod figures;
mod functions;
mod http;
mod key;
mod listen;
mod mailbox;
mod openapi;
mod payments;
mod reply;
mod routes;
mod simulator;
mod teller;

// whose types stand in what is given away
pub use ::parties;
pub use listen::{BankLine, Config, Ended, serve};
pub use simulator::{BankConfig, Faults, NoFaults, NoOpening, Opening, simulate_bank};
