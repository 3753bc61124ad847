//! A city office and its issuing cards: what it takes into use, and what it makes with them.

pub mod access;
pub mod delivery;
pub mod esam;
pub mod issue;
pub mod life;
pub mod limit;
pub mod open;
pub mod production;
pub mod psam;
pub mod revocation;
pub mod signing;

pub(crate) use access::issuing_card_in_use;
pub use access::{Access, info_of, issuing_card};
pub use issue::{PRODUCTION_CARDS, PSAMS, TEST_CARDS, USER_CARDS};
pub use revocation::{revoke, take_revoked};
