//! What the line asks the counter, and brings to it.

use crate::counter::{Call, Counter};
use crate::visiting::at_counter;
use parties::Result;
use scheme::moment::Moment;
use scheme::order::OrderId;
use server::{DueLetter, Posted};
use std::sync::mpsc::SyncSender;

/// What a centre answered to a message of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The order.
    pub order: OrderId,
    /// Which of its messages.
    pub part: u8,
    /// 0, or why it is never taken.
    pub status: u32,
    /// What the centre calls it.
    pub name: Option<String>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What the centre may have called it.
    pub names: Vec<String>,
    /// What became of it.
    pub fate: &'static str,
}

/// What is brought at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Answers.
    pub answered: Vec<Answered>,
    /// Fates.
    pub told: Vec<Told>,
}

/// What is heard at the counter.
pub struct Heard {
    /// Orders that are to be sent.
    pub due: Vec<DueLetter>,
    /// Fates of messages that are none of an order, as far as the books know by now.
    pub unknown: Vec<Told>,
}

/// Most orders that are fetched at once.
const MOST: u32 = 64;

/// Brings what is new, in the order in which it must be kept, and hears what is to be sent.
///
/// # Errors
/// The books cannot be reached; nothing was kept then, or all answers before the one that failed.
pub async fn visit(calls: &SyncSender<Call>, news: News) -> Result<Heard> {
    at_counter(calls, move |counter| {
        let now = counter.session.now()?;
        let books = counter.desk.books_mut();
        for Answered { order, part, status, name } in news.answered {
            books.note_letter(&Posted { order, part, at: now, status, name })?;
        }
        let mut unknown = Vec::new();
        for told in news.told {
            if !books.note_fate(&told.names, told.fate, now)? {
                unknown.push(told);
            }
        }
        Ok(Heard { due: books.letters_due(MOST)?, unknown })
    })
    .await
}

/// The name under which requests of the line are kept.
///
/// # Errors
/// The books cannot be reached.
pub async fn principal(calls: &SyncSender<Call>) -> Result<String> {
    at_counter(calls, |counter: &mut Counter| {
        let now: Moment = counter.session.now()?;
        let drawn: [u8; 4] = scheme::chance::random(&mut *counter.session.chance("message line"));
        let name = parties::people::Person::service().to_string();
        let role = parties::people::operators::Role::Clerk.name();
        Ok(counter.desk.books_mut().person(&hex::encode(drawn), &name, role, now)?)
    })
    .await
}
