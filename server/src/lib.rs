#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod chain;
pub mod error;
pub mod finding;
pub mod ledger;
mod log_end;
mod message;
pub mod meters;
pub mod modules;
pub mod order;
pub mod order_error;
mod place;
pub mod pool;
pub mod proof;
pub mod receipt;
pub mod register;
pub mod renewal;
pub mod report;
pub mod roster;
mod rows;
pub mod rules;
mod seal;
pub mod sealer;
pub mod settle;
pub mod store;
pub mod terms;

pub use chain::Chain;
pub use error::StoreError;
pub use finding::{ClearError, Cleared, Finding, FindingKind};
pub use message::MessageError;
pub use meters::{DeliveryError, DeliveryLine, DeliveryList, Esam, KeyState, read_list};
pub use modules::Session;
pub use order::{OrderRequest, OrderState, PlacedOrder, Reason, SealedOrder};
pub use order_error::OrderError;
pub use place::Anew;
pub use pool::{Keys, Opener};
pub use proof::{ServerKey, ServerKeyError};
pub use receipt::{Incoming, Opened, Opening, Origin, Refusal, SettleError};
pub use register::{Registration, Replaced, Report, Sim, SimKey};
pub use report::{Day, Fault, StatementLine, Totals};
pub use roster::Roster;
pub use sealer::{OrderSealer, SealError};
pub use settle::{Settled, Settlement};
pub use store::{Act, Options, Store, Synchronous, View};
pub use terms::Terms;
