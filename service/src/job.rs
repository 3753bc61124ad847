//! A request, read and on its way.

use crate::asked::Asked;
use crate::key::{SentKey, Shown};
use crate::peer::Peer;
use crate::reply::Reply;
use crate::routes::Route;
use scheme::order::OrderId;
use tokio::sync::oneshot;

/// What somebody asks.
pub struct Wanted {
    /// Which act.
    pub route: &'static Route,
    /// In detail.
    pub asked: Asked,
    /// The id of the request, of one that changes something.
    pub id: Option<String>,
    /// SHA-256 of what is asked.
    pub body: [u8; 32],
    /// The id of an order that is made for it, where it was drawn before the request is claimed.
    pub order: Option<OrderId>,
}

/// A request on its way to the counter.
pub struct Job {
    /// What is asked.
    pub what: Wanted,
    /// Who asks.
    pub shown: Shown,
    /// From where.
    pub peer: Peer,
    /// The second person.
    pub second: Option<SentKey>,
    /// Who waits for the answer.
    pub reply: oneshot::Sender<Reply>,
}
