//! What comes to the counter.

use crate::asked::Asked;
use crate::key::SentKey;
use crate::reply::Reply;
use crate::routes::Route;
use scheme::order::OrderId;
use server::BankAnswer;
use std::sync::mpsc::SyncSender;
use tokio::sync::oneshot;

/// A request on its way to the counter.
pub struct Job {
    /// What is asked.
    pub route: &'static Route,
    /// In detail.
    pub asked: Asked,
    /// Who asks.
    pub key: SentKey,
    /// The second person.
    pub second: Option<SentKey>,
    /// The id of the request, of one that changes something.
    pub id: Option<String>,
    /// SHA-256 of what is asked.
    pub body: [u8; 32],
    /// Who waits for the answer.
    pub reply: oneshot::Sender<Reply>,
    /// The way back to the counter, for what comes of it later.
    pub back: SyncSender<Call>,
}

/// What comes to the counter.
pub enum Call {
    /// Somebody asks.
    Ask(Box<Job>),
    /// Somebody wants to know whether the books can be read.
    Ready(oneshot::Sender<bool>),
    /// It may be time to ask the bank again; what it answers comes back this way.
    Due(SyncSender<Call>),
    /// The bank was asked.
    Answered(Box<Answered>),
}

/// What the bank was asked and said.
pub struct Answered {
    /// The payment.
    pub payment: OrderId,
    /// What it said.
    pub answer: BankAnswer,
    /// The request that goes on now.
    pub job: Option<Box<Job>>,
}
