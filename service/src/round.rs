//! A round of the counter, to which calls come back as `C`: what is asked at once is kept with one commit, and what follows is done when that is on the disk.

use crate::job::Job;
use crate::reply::Reply;
use office::audit::Head;
use parties::bank::asking::{InHand, Question};
use parties::log::Held;
use scheme::numbers::DeviceNumber;
use server::BankCall;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use tokio::sync::oneshot;

/// What an answer stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Nothing: it was said without the books.
    Nothing,
    /// The books, as they are in this round.
    Books,
    /// The same, and a line in the log that was written for it alone.
    Log,
}

/// An answer that waits for the end of the round.
pub struct Due {
    /// Who waits for it.
    pub to: oneshot::Sender<Reply>,
    /// It.
    pub reply: Reply,
    /// The id of the request.
    pub id: Option<String>,
    /// What it stands on.
    pub ground: Ground,
}

/// A request that goes on when something became of what it waits for.
pub struct Waiting<C> {
    /// It; `None`: a person stands at the counter for it.
    pub job: Option<Box<Job>>,
    /// The way back to the counter.
    pub back: SyncSender<C>,
    /// What PSAMs said to it.
    pub hand: InHand,
}

/// A PSAM is to be asked something.
pub struct Ask<C> {
    /// Which.
    pub psam: DeviceNumber,
    /// What.
    pub question: Question,
    /// For whom.
    pub waiting: Waiting<C>,
}

/// What was done in a round, and what follows.
pub struct Round<C> {
    /// The books have a transaction open, which takes all acts of the round.
    pub is_open: bool,
    /// The log, in which the lines of the round wait.
    pub log: Option<Arc<Held>>,
    /// Where the log ended after the round before, which these books are about to keep.
    pub log_end: Option<Head>,
    /// Answers.
    pub replies: Vec<Due>,
    /// What PSAMs are asked.
    pub asks: Vec<Ask<C>>,
    /// What the bank is asked, for which request, and the way back to the counter.
    pub calls: Vec<(BankCall, Option<Box<Job>>, SyncSender<C>)>,
}

impl<C> Default for Round<C> {
    fn default() -> Self {
        let (replies, asks, calls) = (Vec::new(), Vec::new(), Vec::new());
        Round { is_open: false, log: None, log_end: None, replies, asks, calls }
    }
}
