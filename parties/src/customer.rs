//! A customer's own program: it enrols his phone, keeps its file, and buys [docs/specs/client.md]. What carries its frames is given to it.

mod carrier;
mod conversation;
mod error;
mod file;
mod order;

pub use carrier::Frames;
pub use conversation::{Conversation, EnrolRequest, enrol};
pub use error::CustomerError;
pub use file::{OpenPurchase, PhoneFile};
pub use order::{PayRequest, ended, named_before};
