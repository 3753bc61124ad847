//! A customer's payments through his bank, and what each went through.

use super::html::{Html, State, digits, when};
use super::visit::Visit;
use super::words::Language;
use parties::Result;
use scheme::numbers::CustomerNumber;
use scheme::order::OrderId;
use server::{Payment, PaymentState, Which};

/// One thing that happened to a payment.
pub struct StepLine {
    /// When.
    pub at: String,
    /// The word for where it stood then; the server's own where there is none.
    pub state: &'static str,
    /// What happened, in the server's words.
    pub what: String,
}

/// A payment.
pub struct PaymentView {
    id: OrderId,
    /// Its reference at the bank.
    pub reference: Html,
    /// The same, for a form.
    pub number: String,
    /// How much was asked for.
    pub amount: Html,
    /// When.
    pub at: String,
    /// The word for where it stands.
    pub state: &'static str,
    /// The word for what is to be done.
    pub advice: &'static str,
    /// The same as a badge.
    pub badge: Html,
    /// What the button says that goes on with it.
    pub go: &'static str,
    /// What the bank last said that was no yes.
    pub reason: String,
    /// When the bank is asked again.
    pub next: String,
    /// The bank's word is awaited, or its money was taken and nothing is sealed for it.
    pub open: bool,
    /// Whoever looks may go on with it, or let the customer leave.
    pub acts: bool,
    /// The id of the request that goes on.
    pub request: String,
    /// The id of the request that gives it up.
    pub leaving: String,
    /// What it went through, oldest first.
    pub steps: Vec<StepLine>,
}

/// The words for where a payment stands and for what to do.
pub const fn state_keys(state: PaymentState) -> (&'static str, &'static str) {
    match state {
        PaymentState::Asked => ("pay.s.asked", "pay.a.unknown"),
        PaymentState::Unknown => ("pay.s.unknown", "pay.a.unknown"),
        PaymentState::Paid => ("pay.s.paid", "pay.a.paid"),
        PaymentState::Spent => ("pay.s.spent", "pay.a.spent"),
        PaymentState::Refused => ("pay.s.refused", "pay.a.refused"),
        PaymentState::Leaving => ("pay.s.leaving", "pay.a.leaving"),
        PaymentState::Reversed => ("pay.s.reversed", "pay.a.reversed"),
    }
}

/// The badge of where a payment stands.
pub fn badge(lang: Language, state: PaymentState) -> Html {
    match state {
        PaymentState::Asked | PaymentState::Unknown => lang.state(State::Unknown),
        PaymentState::Paid => lang.mark("transit", "clock", "pay.b.paid"),
        PaymentState::Spent => lang.mark("settled", "done", "pay.b.spent"),
        PaymentState::Leaving => lang.mark("transit", "clock", "pay.b.leaving"),
        PaymentState::Refused => lang.mark("off", "stop", "pay.b.refused"),
        PaymentState::Reversed => lang.mark("off", "stop", "pay.b.reversed"),
    }
}

/// The payments of a customer, the newest first.
///
/// # Errors
/// The books cannot be read.
pub fn of_customer(visit: &Visit<'_>, customer: CustomerNumber) -> Result<Vec<PaymentView>> {
    let payments = visit.books().payments(Which::Of(customer))?;
    payments.into_iter().rev().map(|payment| view(visit, payment)).collect()
}

/// The payment of an order that the bank's word is awaited for, or for which nothing is sealed though it was taken.
pub fn open_of(payments: &[PaymentView], order: OrderId) -> Option<&PaymentView> {
    payments.iter().find(|payment| payment.id == order && payment.open)
}

fn view(visit: &Visit<'_>, payment: Payment) -> Result<PaymentView> {
    let open = payment.state.is_open() || payment.state == PaymentState::Paid;
    let steps = visit.books().payment_steps(payment.order)?.into_iter().map(|step| {
        let known = PaymentState::from_name(&step.state);
        StepLine {
            at: when(step.at, true),
            state: known.map_or("state.unknown", |state| state_keys(state).0),
            what: step.what,
        }
    });
    let (state, advice) = state_keys(payment.state);
    Ok(PaymentView {
        id: payment.order,
        reference: digits(&payment.reference(), false),
        number: payment.reference(),
        amount: visit.lang.money(payment.amount.0.into()),
        at: when(payment.asked, true),
        state,
        advice,
        badge: badge(visit.lang, payment.state),
        go: if payment.state == PaymentState::Paid { "deed.resume" } else { "pay.go" },
        next: payment.next.map_or_else(String::new, |next| when(next, false)),
        reason: payment.reason.unwrap_or_default(),
        open,
        acts: open && visit.can("resume") && visit.can("leave"),
        request: visit.new_request(),
        leaving: visit.new_request(),
        steps: steps.collect(),
    })
}
