//! The province: its roots, what holds them, and what is made with them.

pub mod ceremony;
pub mod check;
pub mod component;
pub mod ends;
pub mod folder;
pub mod founding;
pub mod holder;
pub mod issue_card;
pub mod keystore;
pub mod limit;
pub mod shares;
pub mod signing;
pub mod state;
#[cfg(feature = "hsm")]
pub mod token;

pub use ends::{retire_card, revoke, unblock};
pub use folder::{MADE, main_card, must_be_new, record, record_file};
pub use holder::{Holder, Officers};
pub use state::{StatusReport, status};
