//! Payments through a customer's bank: begun, answered, given up, looked at. The bank itself is asked by whoever does the act, between
//! two acts of the books ([`AskBank`]).

use super::desk::Desk;
use crate::log;
use crate::session::Session;
use crate::trouble::Result;
use scheme::fault::{Fault, Hint, Kind};
use scheme::moment::{Day, Moment};
use scheme::money::Fen;
use scheme::names;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use serde::{Deserialize, Serialize};
use server::payment::Moved;
use server::{BankAnswer, BankCall, OrderError, Payment, PaymentState, Step, Which};
use std::borrow::Cow;

/// An act has written down what it intends, and goes on when the bank was asked: the answer is kept by [`answered`], and then the
/// same act is done again.
#[derive(Debug, thiserror::Error)]
#[error("the bank has to be asked about payment {}", .0.reference())]
pub struct AskBank(pub BankCall);

impl Fault for AskBank {
    fn kind(&self) -> Kind {
        Kind::Absent
    }

    fn hint(&self) -> Hint {
        Some("`gridcard bank ask` asks it".into())
    }

    fn code(&self) -> &str {
        "bank-to-ask"
    }
}

/// A payment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PaymentLine {
    /// Its id: that of the order it pays for, and our reference at the bank.
    #[serde(with = "names::text")]
    pub payment: OrderId,
    /// Who buys.
    pub customer: CustomerNumber,
    /// His meter.
    pub meter: MeterNumber,
    /// How much was asked for.
    #[serde(with = "names::fen")]
    pub amount_fen: Fen,
    /// Where it stands.
    pub state: Cow<'static, str>,
    /// What that means for whoever sells.
    pub advice: Cow<'static, str>,
    /// When it was asked for.
    #[serde(with = "names::text")]
    pub asked: Moment,
    /// Since when it stands where it stands.
    #[serde(with = "names::text")]
    pub since: Moment,
    /// Answers that said nothing since then.
    pub tries: u32,
    /// When the bank is asked again.
    #[serde(with = "super::text::maybe")]
    pub next: Option<Moment>,
    /// The bank's last words that were no yes.
    pub reason: Option<String>,
    /// What the bank took.
    pub debited: Option<MovedLine>,
    /// What it gave back.
    pub returned: Option<MovedLine>,
    /// Money that came for it and belongs to no purchase now.
    pub suspense_fen: i64,
}

/// What the bank moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MovedLine {
    /// How much.
    pub fen: i64,
    /// The bank's own number of it.
    pub entry: String,
    /// The day it counts for.
    #[serde(with = "names::text")]
    pub day: Day,
}

impl MovedLine {
    fn of(moved: Moved) -> Self {
        MovedLine { fen: moved.fen, entry: moved.entry, day: moved.day }
    }
}

/// What is to be done about a payment.
const fn advice(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Asked | PaymentState::Unknown => {
            "outcome unknown: do not sell again; ask again with the same request, or let the customer leave"
        }
        PaymentState::Paid => "the bank has paid: finish the order with the same request",
        PaymentState::Spent => "sold",
        PaymentState::Refused => "the bank refused: nothing was sold",
        PaymentState::Leaving => "given up: the bank is told until it confirms; another sale may be made",
        PaymentState::Reversed => "given up, and the bank has confirmed it",
    }
}

impl PaymentLine {
    pub(super) fn of(payment: Payment) -> Self {
        let fen = |moved: &Option<Moved>| moved.as_ref().map_or(0, |moved| moved.fen);
        let sold = if payment.state == PaymentState::Spent { i64::from(payment.amount.0) } else { 0 };
        PaymentLine {
            payment: payment.order,
            customer: payment.customer,
            meter: payment.meter,
            amount_fen: payment.amount,
            state: payment.state.name().into(),
            advice: advice(payment.state).into(),
            asked: payment.asked,
            since: payment.changed,
            tries: payment.tries,
            next: payment.next,
            suspense_fen: fen(&payment.debited) - fen(&payment.returned) - sold - payment.ended,
            reason: payment.reason,
            debited: payment.debited.map(MovedLine::of),
            returned: payment.returned.map(MovedLine::of),
        }
    }
}

/// One step of a payment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StepLine {
    /// When.
    #[serde(with = "names::text")]
    pub at: Moment,
    /// Where it stood then.
    pub state: String,
    /// What happened.
    pub what: String,
}

impl StepLine {
    fn of(Step { at, state, what }: Step) -> Self {
        StepLine { at, state, what }
    }
}

/// A payment, and what it went through.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PaymentReport {
    /// It.
    #[serde(flatten)]
    pub line: PaymentLine,
    /// Oldest first.
    pub steps: Vec<StepLine>,
}

/// Payments.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PaymentsReport {
    /// Each, oldest first.
    pub payments: Vec<PaymentLine>,
}

/// Where an order stands that is paid through a bank, before anybody has it sealed: nothing where it may be.
///
/// # Errors
/// The bank has to be asked first; it refused; the payment was given up.
pub(super) fn must_be_paid(desk: &Desk, id: OrderId) -> Result<()> {
    let Some(payment) = desk.books().payment(id)? else { return Ok(()) };
    match payment.state {
        PaymentState::Asked | PaymentState::Unknown => match payment.call() {
            Some(call) => Err(crate::Trouble::new(AskBank(call))),
            None => Ok(()),
        },
        PaymentState::Refused => {
            let reason = payment.reason.unwrap_or_default();
            Err(OrderError::PaymentRefused { order: id, reason }.into())
        }
        PaymentState::Leaving | PaymentState::Reversed => {
            let reason = payment.reason.unwrap_or_else(|| "the customer left".to_owned());
            Err(OrderError::PaymentLeft { order: id, reason }.into())
        }
        PaymentState::Paid | PaymentState::Spent => Ok(()),
    }
}

/// Keeps what the bank answered.
///
/// # Errors
/// The books cannot keep it: whoever asked asks again, by the same reference.
pub fn answered(session: &Session, desk: &mut Desk, id: OrderId, answer: &BankAnswer) -> Result<PaymentLine> {
    desk.folder(session)?;
    let at = session.now()?;
    let payment = desk.books_mut().bank_answered(id, answer, at)?;
    log::fact(session, "payment", format!("{id} {}", payment.state.name()));
    Ok(PaymentLine::of(payment))
}

/// What is not known of a payment that the bank said nothing to; `None` where it said something.
pub fn unknown(line: &PaymentLine) -> Option<OrderError> {
    let open = [PaymentState::Asked.name(), PaymentState::Unknown.name()].contains(&&*line.state);
    let reason = line.reason.clone().unwrap_or_else(|| "no answer came yet".to_owned());
    open.then_some(OrderError::NotPaid { order: line.payment, reason })
}

/// The customer leaves, or wants it no more: the order is given up, and the bank is told until it confirms.
///
/// # Errors
/// There is no such payment; a PSAM was asked to seal for it; it was refused.
pub fn leave(session: &Session, desk: &mut Desk, id: OrderId) -> Result<PaymentLine> {
    desk.folder(session)?;
    desk.take_cash(session)?;
    let at = session.now()?;
    let payment = desk.books_mut().leave_payment(id, at)?;
    log::fact(session, "payment", format!("{id} {}", payment.state.name()));
    Ok(PaymentLine::of(payment))
}

/// What the bank is to be asked by now; with `at_once`, whatever it has not answered yet.
///
/// # Errors
/// The books cannot be read.
pub fn due(session: &Session, desk: &Desk, at_once: bool) -> Result<Vec<BankCall>> {
    desk.folder(session)?;
    let which = if at_once { Which::Open } else { Which::Due(session.now()?) };
    Ok(desk.books().payments(which)?.iter().filter_map(Payment::call).collect())
}

/// One payment.
///
/// # Errors
/// There is none of this id.
pub fn show(session: &Session, desk: &Desk, id: OrderId) -> Result<PaymentReport> {
    desk.folder(session)?;
    let payment = desk.books().payment(id)?.ok_or(OrderError::UnknownPayment(id))?;
    let steps = desk.books().payment_steps(id)?.into_iter().map(StepLine::of).collect();
    Ok(PaymentReport { line: PaymentLine::of(payment), steps })
}

/// Payments that wait for something, or `all`.
///
/// # Errors
/// The books cannot be read.
pub fn list(session: &Session, desk: &Desk, all: bool) -> Result<PaymentsReport> {
    desk.folder(session)?;
    let which = if all { Which::All } else { Which::Open };
    let payments = desk.books().payments(which)?.into_iter().map(PaymentLine::of).collect();
    Ok(PaymentsReport { payments })
}
