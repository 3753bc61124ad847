//! Purchases of meters that are online: begun, asked for by the meter, on their way, settled, refused.

use super::frame::Frame;
use super::html::{Html, State, digits, when, yuan};
use super::visit::{Answer, Visit};
use super::words::Language;
use askama::Template;
use parties::Result;
use scheme::numbers::CustomerNumber;
use server::{OnlinePurchase, OnlineState};

/// Purchases that the page shows, and a customer's.
const MOST: u32 = 200;
const OF_A_CUSTOMER: usize = 10;

/// One of them.
pub struct OnlineLine {
    /// Whose.
    pub customer: String,
    /// When it was begun.
    pub at: String,
    /// The meter.
    pub meter: Html,
    /// The word for the way it goes.
    pub way: &'static str,
    /// The order it brings.
    pub order: String,
    /// What is bought.
    pub amount: String,
    /// Where it stands.
    pub state: Html,
}

#[derive(Template)]
#[template(path = "online.html")]
struct OnlinePage {
    f: Frame,
    purchases: Vec<OnlineLine>,
}

fn line(lang: Language, one: &OnlinePurchase) -> OnlineLine {
    let state = match one.state {
        OnlineState::Begun => Html::text(lang.t("on.begun")),
        OnlineState::Asked => Html::text(lang.t("on.asked")),
        OnlineState::Sealed => lang.state(State::Transit),
        OnlineState::Settled => lang.state(State::Settled),
        OnlineState::Refused => lang.say("on.refused", &[Html::text(one.refusal.unwrap_or_default())]),
    };
    OnlineLine {
        customer: one.customer.to_string(),
        at: when(one.begun, true),
        meter: digits(&one.meter.to_string(), false),
        way: if one.is_recharge() { "on.recharge" } else { "on.session" },
        // One that was not asked for has no order yet.
        order: if matches!(one.state, OnlineState::Begun) { String::new() } else { one.order.to_string() },
        amount: yuan(i64::from(one.amount.0)),
        state,
    }
}

/// The last ones there were, newest first.
///
/// # Errors
/// The books cannot be read.
pub fn online(visit: &mut Visit<'_>) -> Result<Answer> {
    let lang = visit.lang;
    let purchases = visit.books().online_latest(MOST)?.iter().map(|one| line(lang, one)).collect();
    visit.page(&OnlinePage { f: visit.frame("online")?, purchases })
}

/// The last ones of a customer, newest first.
///
/// # Errors
/// The books cannot be read.
pub fn of_customer(visit: &Visit<'_>, customer: CustomerNumber) -> Result<Vec<OnlineLine>> {
    let all = visit.books().online_of(customer)?;
    Ok(all.iter().rev().take(OF_A_CUSTOMER).map(|one| line(visit.lang, one)).collect())
}
