#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod account;
mod backoff;
pub mod centre;
pub mod esme;
mod frame;
mod letter;
mod link;
pub mod pdu;
mod receipt;
pub mod status;
mod tpdu;

pub use account::{Account, NoAccount};
pub use backoff::Backoff;
pub use centre::Centre;
pub use esme::Esme;
pub use frame::MOST;
pub use letter::{Letter, LetterError, Number};
pub use link::{LinkError, Times};
pub use receipt::{Fate, Receipt};
