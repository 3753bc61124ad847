//! Other parties' machines to try the payment server against, each in its own process, with faults on demand: a bank with accounts,
//! balances and its own journal on the disk (docs/specs/bank.md 6), and a message centre (docs/specs/smpp.md 5).

mod books;
mod centre;
mod faults;
mod host;
mod journal;
mod post;
mod slips;
mod when;

pub use books::Opening;
pub use centre::{CentreConfig, CentreReport, simulate_centre};
pub use faults::{Faults, NoFaults, NoOpening};
pub use host::{BankConfig, simulate_bank};
pub use slips::{NoSlips, Slips};
