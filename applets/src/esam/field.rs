//! What meters of the field send to their ESAM: identity, files and purse with MACs bound to the ESAM's random, keys on their way
//! [docs/specs/esam.md]. Purse, count and account are those of ENVELOPE; what proves a command is its MAC, so no right is asked.
//!
//! A wrong MAC costs nothing here: whoever reaches a meter's port could kill it with a few frames. The MCU counts them.

mod bound;
mod card;
mod credit;
mod download;
mod files;
mod identity;
mod money;
mod production;

pub use card::{prove_card, prove_meter};
pub use download::download;
pub use files::{is_write, read_binary, read_record, write};
pub use identity::{challenge, derive, encipher, infrared};
pub use money::{debit, increase, refund, set_purse};
pub use production::load_formal;
