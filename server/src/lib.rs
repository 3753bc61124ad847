#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod error;
pub mod ledger;
mod log_end;
mod message;
pub mod numbers;
pub mod order;
mod place;
pub mod receipt;
pub mod register;
pub mod report;
pub mod roster;
mod rows;
mod seal;
pub mod sealer;
pub mod settle;
pub mod store;
pub mod terms;

pub use error::StoreError;
pub use message::MessageError;
pub use order::{OrderError, OrderRequest, OrderState, PlacedOrder, SealedOrder};
pub use receipt::{Incoming, Opened, Opening, Origin, Refusal, SettleError};
pub use register::{Registration, Replaced, Report, Sim, SimKey};
pub use report::{Day, Finding, StatementLine, Totals};
pub use roster::Roster;
pub use sealer::{OrderSealer, SealError};
pub use settle::{Settled, Settlement};
pub use store::{Act, Options, Store, Synchronous, View};
pub use terms::Terms;
