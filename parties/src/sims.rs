//! Customers' SIMs, and the phones that carry orders to them and receipts back.

mod access;
mod carry;
mod codes;
mod erase;
mod export;
mod make;
mod messages;
mod read;

pub use access::{SimAccess, called};
pub use carry::{CarryRequest, CollectReport, WriteReport, collect, take_receipt, write};
pub use codes::{CodeChange, CodeReport, CodeRequest, change_code};
pub use erase::{EraseReport, EraseRequest, erase};
pub use export::{ExportReport, FileReport, IdentityReport, SimFile, export};
pub use make::{
    Identity, MakeSimReport, MakeSimRequest, MilenageFrom, SimSecrets, inspect, make, personalised,
};
pub use messages::{InboxReport, ListedMessage, MessageReport, list};
pub use read::{PacketReport, ReadReport, read};
