//! What was sold and is not settled, by its age, with what is to be done about it.

use super::change::{ChangeLine, changes};
use super::desk::Desk;
use crate::session::Session;
use crate::trouble::Result;
use scheme::moment::Moment;
use scheme::names;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use serde::{Deserialize, Serialize};
use server::{Age, Waiting};
use std::borrow::Cow;

/// What waits, by its age.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgeingReport {
    /// When it was looked.
    #[serde(with = "names::text")]
    pub at: Moment,
    /// How much of each age, the youngest first.
    pub ages: Vec<AgeLine>,
    /// Each purchase, the oldest first.
    pub waiting: Vec<WaitingLine>,
    /// Changes of meters that carried an estimate which nobody has confirmed; of all offices.
    pub provisional: Vec<ChangeLine>,
}

/// All that is of one age.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgeLine {
    /// The age: from so many days.
    pub age: Cow<'static, str>,
    /// Purchases.
    pub purchases: usize,
    /// What was paid for them.
    pub paid_fen: i64,
}

/// A purchase that was paid and is not settled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WaitingLine {
    /// The order that stands for it.
    #[serde(with = "names::text")]
    pub order: OrderId,
    /// Who bought.
    pub customer: CustomerNumber,
    /// The meter.
    pub meter: MeterNumber,
    /// The purchase count.
    pub count: u32,
    /// `prepared` or `sealed`.
    pub state: Cow<'static, str>,
    /// What was paid.
    pub paid_fen: i64,
    /// When it was sold.
    #[serde(with = "names::text")]
    pub since: Moment,
    /// Whole days since then.
    pub days: i64,
    /// Its age.
    pub age: Cow<'static, str>,
    /// Until when meters take the order that stands.
    #[serde(with = "names::text")]
    pub valid_until: Moment,
    /// Where it was sold; empty: not known.
    pub office: String,
    /// What is to be done, by a stable name.
    pub next: Cow<'static, str>,
    /// The same in words.
    pub what: Cow<'static, str>,
}

impl WaitingLine {
    fn of(one: &Waiting) -> Self {
        WaitingLine {
            order: one.order,
            customer: one.customer,
            meter: one.meter,
            count: one.count,
            state: one.state.name().into(),
            paid_fen: one.paid_fen,
            since: one.since,
            days: one.days,
            age: Age::of_days(one.days).name().into(),
            valid_until: one.valid_until,
            office: one.office.clone(),
            next: one.next.name().into(),
            what: one.next.words().into(),
        }
    }
}

/// What waits for its receipt, of an office or of all; and what is provisional.
///
/// # Errors
/// The books cannot be read.
pub fn ageing(session: &Session, desk: &Desk, office: Option<&str>) -> Result<AgeingReport> {
    desk.folder(session)?;
    let at = session.now()?;
    let waiting = desk.books().waiting(at, office)?;
    let of_age = |age: Age| {
        let mut line = AgeLine { age: age.name().into(), purchases: 0, paid_fen: 0 };
        for one in waiting.iter().filter(|one| Age::of_days(one.days) == age) {
            line.purchases += 1;
            line.paid_fen += one.paid_fen;
        }
        line
    };
    Ok(AgeingReport {
        at,
        ages: Age::ALL.into_iter().map(of_age).collect(),
        waiting: waiting.iter().map(WaitingLine::of).collect(),
        provisional: changes(session, desk, None, true)?.changes,
    })
}
