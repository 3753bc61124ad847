//! A bank to try the payment server against: a small bank in its own process, with accounts, balances, its own journal on the disk and
//! faults on demand (docs/specs/bank.md 6).

mod books;
mod faults;
mod host;
mod journal;

pub use books::Opening;
pub use faults::{Faults, NoFaults, NoOpening};
pub use host::{BankConfig, simulate_bank};
