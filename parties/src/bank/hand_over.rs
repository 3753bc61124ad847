//! A meter changes hands: another customer has it from now on, with what stands in its purse.

use super::change::word;
use super::desk::Desk;
use crate::log;
use crate::session::Session;
use crate::trouble::Result;
use scheme::moment::Moment;
use scheme::names;
use scheme::numbers::{CustomerNumber, MeterNumber};
use serde::{Deserialize, Serialize};
use server::{HandOver, HandOverRequest};

/// A meter that was handed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HandOverReport {
    /// The number of the hand-over.
    pub hand_over: i64,
    /// The meter.
    pub meter: MeterNumber,
    /// Who had it.
    pub former_customer: CustomerNumber,
    /// Who has it now.
    pub customer: CustomerNumber,
    /// What stood in its purse when it last said so, and stays there; none: it never did.
    pub balance_fen: Option<u32>,
    /// When.
    #[serde(with = "names::text")]
    pub at: Moment,
    /// Who said so.
    pub by: String,
    /// The second person.
    pub second: Option<String>,
    /// What there was to say.
    pub note: String,
}

impl HandOverReport {
    fn of(done: HandOver) -> Self {
        HandOverReport {
            hand_over: done.id,
            meter: done.meter,
            former_customer: done.former,
            customer: done.customer,
            balance_fen: done.balance.map(|fen| fen.0),
            at: done.word.at,
            by: done.word.by,
            second: done.word.second,
            note: done.word.note,
        }
    }
}

/// Meters that changed hands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HandOversReport {
    /// Each, the oldest first.
    pub hand_overs: Vec<HandOverReport>,
}

/// Meters that changed hands, of a customer or of everybody.
///
/// # Errors
/// The books cannot be read.
pub fn hand_overs(
    session: &Session,
    desk: &Desk,
    customer: Option<CustomerNumber>,
) -> Result<HandOversReport> {
    desk.folder(session)?;
    let hand_overs = desk.books().hand_overs(customer)?;
    Ok(HandOversReport { hand_overs: hand_overs.into_iter().map(HandOverReport::of).collect() })
}

/// Gives a meter to another customer; two people do. `None`: a request for the second person was written in its place.
///
/// # Errors
/// Nobody has the meter, or no such customer is registered; something of the one who has it is on its way.
pub fn hand_over(
    session: &Session,
    desk: &mut Desk,
    meter: MeterNumber,
    to: CustomerNumber,
    note: &str,
) -> Result<Option<HandOverReport>> {
    desk.folder(session)?;
    let Some(word) = word(session, desk, Some("handing a meter over"), note)? else { return Ok(None) };
    let done = desk.books_mut().hand_over(&HandOverRequest { meter, to, word })?;
    for (name, value) in [
        ("hand_over", done.id.to_string()),
        ("meter", meter.to_string()),
        ("former_customer", done.former.to_string()),
        ("customer", to.to_string()),
    ] {
        log::fact(session, name, value);
    }
    if let Some(balance) = done.balance {
        log::fact(session, "balance_fen", balance.0);
    }
    Ok(Some(HandOverReport::of(done)))
}
