//! What stands in suspense, and what two people make of it.

use super::desk::Desk;
use super::selling::two_people;
use crate::log;
use crate::session::Session;
use crate::trouble::Result;
use scheme::moment::Moment;
use scheme::names;
use scheme::numbers::CustomerNumber;
use serde::{Deserialize, Serialize};
use server::{Cleared, Rest, RestId, Way};
use std::borrow::Cow;

/// What stands in suspense for one payment, or for a difference that was booked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RestLine {
    /// The payment, or `finding:NUMBER`.
    pub rest: String,
    /// How much; below zero: the bank gave back more than it took.
    pub fen: i64,
    /// Since when.
    #[serde(with = "names::text")]
    pub since: Moment,
    /// Why: its stable name.
    pub why: Cow<'static, str>,
    /// What that means, and what is to be done.
    pub advice: Cow<'static, str>,
    /// Whether it stands there until two people end it.
    pub at_rest: bool,
    /// The customer whose payment it is of.
    pub customer: Option<CustomerNumber>,
}

impl RestLine {
    fn of(rest: &Rest) -> Self {
        RestLine {
            rest: rest.id.to_string(),
            fen: rest.fen,
            since: rest.since,
            why: rest.why.name().into(),
            advice: rest.why.advice().into(),
            at_rest: rest.why.is_at_rest(),
            customer: rest.customer,
        }
    }
}

/// What stands in suspense.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SuspenseReport {
    /// Each, the oldest first.
    pub rests: Vec<RestLine>,
    /// All of them together.
    pub suspense_fen: i64,
}

/// What is to leave suspense.
#[derive(Debug, Clone)]
pub struct EndSuspenseRequest {
    /// What it belongs to.
    pub rest: RestId,
    /// Where it goes.
    pub way: Way,
    /// What was found out about it.
    pub note: String,
}

/// What left suspense.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndSuspenseReport {
    /// The payment, or `finding:NUMBER`.
    pub rest: String,
    /// How much.
    pub fen: i64,
    /// Where it went.
    pub to: Cow<'static, str>,
    /// The customer whose payment it was of.
    pub customer: Option<CustomerNumber>,
    /// Findings that were cleared with it.
    pub cleared: Vec<i64>,
    /// Who said so.
    pub by: String,
    /// The second person.
    pub second: String,
}

/// What stands in suspense, the oldest first.
///
/// # Errors
/// The books cannot be read.
pub fn suspense(session: &Session, desk: &Desk) -> Result<SuspenseReport> {
    desk.folder(session)?;
    let rests: Vec<RestLine> = desk.books().suspense()?.iter().map(RestLine::of).collect();
    let suspense_fen = rests.iter().map(|rest| rest.fen).sum();
    Ok(SuspenseReport { rests, suspense_fen })
}

/// Ends what stands in suspense, which two people do. `None`: a request for the second was written in its place.
///
/// # Errors
/// Nothing stands there, it is on its way, that way is none for it.
pub fn end_suspense(
    session: &Session,
    desk: &mut Desk,
    request: &EndSuspenseRequest,
) -> Result<Option<EndSuspenseReport>> {
    let folder = desk.folder(session)?;
    let act = "ending what stands in suspense";
    let Some(two) = two_people(session, &folder, desk.books(), act)? else { return Ok(None) };
    let (by, second) = (two.first.to_string(), two.second());
    if request.way == Way::Refund {
        desk.take_cash(session)?;
    }
    let cleared =
        Cleared { at: session.now()?, by, second: Some(second.clone()), note: request.note.clone() };
    let ended = desk.books_mut().end_suspense(request.rest, request.way, &cleared)?;
    log::fact(session, "rest", request.rest);
    log::fact(session, "to", request.way.name());
    log::fact(session, "ended_fen", ended.rest.fen);
    if let Some(customer) = ended.rest.customer {
        log::fact(session, "customer", customer);
    }
    log::second(session, &second);
    Ok(Some(EndSuspenseReport {
        rest: ended.rest.id.to_string(),
        fen: ended.rest.fen,
        to: request.way.name().into(),
        customer: ended.rest.customer,
        cleared: ended.cleared,
        by: cleared.by,
        second,
    }))
}
