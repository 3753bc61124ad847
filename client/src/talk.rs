//! What is said inside a session: requests of the phone, answers of the server [docs/specs/client.md 5].

mod answer;
mod objects;
mod request;
mod said;
mod secret;

pub use request::{Account, Claims, Named, Op, Request, Wanted, Way};
pub use said::{
    Answer, Contract, Enrolled, MadeFor, Offer, Purchase, PurchaseState, Reported, Said, Sold, Status,
};
pub use secret::{Password, Psk};

/// Bytes that are no request or answer of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was said is not understood: {0}")]
pub struct TalkError(pub &'static str);
