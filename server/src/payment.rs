//! Payments through a customer's bank: what each is, and where it stands.

use crate::bank::{Advice, BankAccount, BankCall, Debit};
use crate::engine::{About, Question, Row, params};
use crate::error::StoreError;
use crate::rows::{bytes, column, parsed, time, time_text};
use crate::store::View;
use scheme::moment::{Day, Moment};
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentState {
    /// It is about to be asked for, or was, and no answer is kept.
    Asked,
    /// The bank was asked and said nothing: it is asked again.
    Unknown,
    /// The bank took the money; nothing is sealed yet.
    Paid,
    /// The money became a sale.
    Spent,
    /// The bank did not take it. Its order is void.
    Refused,
    /// It is not wanted any more; the bank is told until it confirms. Its order is void.
    Leaving,
    /// The bank confirmed that.
    Reversed,
}

impl PaymentState {
    const ALL: [PaymentState; 7] = [
        PaymentState::Asked,
        PaymentState::Unknown,
        PaymentState::Paid,
        PaymentState::Spent,
        PaymentState::Refused,
        PaymentState::Leaving,
        PaymentState::Reversed,
    ];

    /// The name in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            PaymentState::Asked => "asked",
            PaymentState::Unknown => "unknown",
            PaymentState::Paid => "paid",
            PaymentState::Spent => "spent",
            PaymentState::Refused => "refused",
            PaymentState::Leaving => "leaving",
            PaymentState::Reversed => "reversed",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        PaymentState::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether the bank's word is awaited for the debit.
    pub const fn is_open(self) -> bool {
        matches!(self, PaymentState::Asked | PaymentState::Unknown)
    }
}

/// What the bank said it moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// How much, in fen.
    pub fen: i64,
    /// The bank's own number of it.
    pub entry: String,
    /// The day it counts for.
    pub day: Day,
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The order it pays for first, and our reference at the bank.
    pub order: OrderId,
    /// Who buys.
    pub customer: CustomerNumber,
    /// His meter.
    pub meter: MeterNumber,
    pub(crate) life: i64,
    pub(crate) count: u32,
    /// The account, by the bank's token.
    pub account: BankAccount,
    /// How much was asked for.
    pub amount: Fen,
    /// When.
    pub asked: Moment,
    /// Where it stands.
    pub state: PaymentState,
    /// Since when.
    pub changed: Moment,
    /// Answers that said nothing since then.
    pub tries: u32,
    /// When the bank is asked again.
    pub next: Option<Moment>,
    /// The bank's last words that were no yes.
    pub reason: Option<String>,
    /// What it took.
    pub debited: Option<Moved>,
    /// What it gave back.
    pub returned: Option<Moved>,
    /// Advices that were given.
    pub advice: u8,
    /// What stood in suspense for it and two people ended, in fen.
    pub ended: i64,
    pub(crate) transfer: i64,
}

/// One step of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Moment,
    /// Where it stood then.
    pub state: String,
    /// What happened, in words.
    pub what: String,
}

/// Which payments are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those the bank is to be asked about by now.
    Due(Moment),
    /// Those the bank's word is awaited for, whether for a debit or for an advice; and paid ones that nothing was sealed for.
    Open,
    /// Those of a customer.
    Of(CustomerNumber),
    /// All.
    All,
}

impl Payment {
    /// Our reference at the bank: 16 capital hexadecimal digits.
    pub fn reference(&self) -> String {
        self.order.to_string()
    }

    /// The debit that is asked for.
    pub fn debit(&self) -> Debit {
        Debit { reference: self.order, account: self.account.clone(), amount: self.amount }
    }

    /// What the bank is to be asked next, if anything.
    pub fn call(&self) -> Option<BankCall> {
        match self.state {
            // An interruption may have come between the asking and its answer.
            PaymentState::Asked | PaymentState::Unknown => Some(BankCall::Again(self.debit())),
            PaymentState::Leaving => {
                Some(BankCall::Reverse(Advice { reference: self.order, number: self.advice }))
            }
            PaymentState::Paid | PaymentState::Spent | PaymentState::Refused | PaymentState::Reversed => None,
        }
    }
}

const SELECT: &str = "SELECT y.order_id AS order_id, coalesce(o.given_up_by, p.customer) AS customer, l.meter AS meter, y.life AS life, y.count AS count, \
     y.account AS account, y.amount AS amount, y.asked AS asked, y.state AS state, y.changed AS changed, y.tries AS tries, \
     y.next AS next, y.reason AS reason, y.debited AS debited, y.debit_entry AS debit_entry, y.debit_day AS debit_day, \
     y.returned AS returned, y.return_entry AS return_entry, y.return_day AS return_day, y.advice AS advice, \
     y.transfer AS transfer, (SELECT coalesce(sum(e.fen), 0) FROM suspense_end e WHERE e.order_id = y.order_id) AS ended \
     FROM payment y JOIN purchase_order o ON o.id = y.order_id \
     JOIN purchase p ON p.life = y.life AND p.count = y.count JOIN life l ON l.id = y.life";

/// The payment that stands for a purchase.
pub(crate) fn payment_for(life: i64, count: u32) -> Question {
    let sql = format!(
        "{SELECT} WHERE y.life = ?1 AND y.count = ?2 AND y.state IN ('asked', 'unknown', 'paid', 'spent')"
    );
    Question::new(sql, params![life, count]).about(About::Life(life))
}

/// The payment that an order is of.
pub(crate) fn payment_by(order: OrderId) -> Question {
    Question::new(format!("{SELECT} WHERE y.order_id = ?1"), params![order.0])
}

fn moved(row: &Row<'_>, names: [&'static str; 3]) -> Result<Option<Moved>, StoreError> {
    let fen: Option<i64> = column(row, names[0])?;
    let Some(fen) = fen else { return Ok(None) };
    Ok(Some(Moved { fen, entry: column(row, names[1])?, day: parsed(row, names[2])? }))
}

fn payment(row: &Row<'_>) -> Result<Payment, StoreError> {
    let state: String = column(row, "state")?;
    let next: Option<String> = column(row, "next")?;
    Ok(Payment {
        order: OrderId(bytes(row, "order_id")?),
        customer: parsed(row, "customer")?,
        meter: parsed(row, "meter")?,
        life: column(row, "life")?,
        count: column(row, "count")?,
        account: parsed(row, "account")?,
        amount: Fen(column(row, "amount")?),
        asked: time(row, "asked")?,
        state: PaymentState::from_name(&state)
            .ok_or(StoreError::Value { place: "payment.state", detail: state })?,
        changed: time(row, "changed")?,
        tries: column(row, "tries")?,
        next: next.map(|_| time(row, "next")).transpose()?,
        reason: column(row, "reason")?,
        debited: moved(row, ["debited", "debit_entry", "debit_day"])?,
        returned: moved(row, ["returned", "return_entry", "return_day"])?,
        advice: column(row, "advice")?,
        ended: column(row, "ended")?,
        transfer: column(row, "transfer")?,
    })
}

impl View<'_> {
    /// The payment of an order.
    pub fn payment(&self, order: OrderId) -> Result<Option<Payment>, StoreError> {
        self.conn.answer(&payment_by(order), payment)
    }

    /// Payments, in the order of their asking.
    pub fn payments(&self, which: Which) -> Result<Vec<Payment>, StoreError> {
        let order = "ORDER BY y.asked, y.order_id";
        match which {
            Which::Due(now) => self.conn.all(
                &format!("{SELECT} WHERE y.next <= ?1 ORDER BY y.next, y.order_id LIMIT 100"),
                params![time_text(now)],
                payment,
            ),
            Which::Open => self.conn.all(
                &format!("{SELECT} WHERE y.state IN ('asked', 'unknown', 'paid', 'leaving') {order}"),
                params![],
                payment,
            ),
            Which::Of(customer) => self.conn.all(
                &format!("{SELECT} WHERE coalesce(o.given_up_by, p.customer) = ?1 {order}"),
                params![customer.to_string()],
                payment,
            ),
            Which::All => self.conn.all(&format!("{SELECT} {order}"), params![], payment),
        }
    }

    /// What a payment went through, oldest first.
    pub fn payment_steps(&self, order: OrderId) -> Result<Vec<Step>, StoreError> {
        self.conn.all(
            "SELECT at, state, what FROM payment_step WHERE order_id = ?1 ORDER BY id",
            params![order.0],
            |row| Ok(Step { at: time(row, "at")?, state: column(row, "state")?, what: column(row, "what")? }),
        )
    }

    /// The payment that a purchase stands on, if it is paid through a bank: one at most that was not refused or taken back.
    pub(crate) fn payment_of(&self, life: i64, count: u32) -> Result<Option<Payment>, StoreError> {
        self.conn.answer(&payment_for(life, count), payment)
    }

    /// Payments of which the bank moved something for a day: `debit`s, or `return`s.
    pub(crate) fn payments_of_day(&self, what: &str, day: Day) -> Result<Vec<Payment>, StoreError> {
        let day: String = hex::encode(day.bytes());
        let sql = format!("{SELECT} WHERE y.{what}_day = ?1 ORDER BY y.order_id");
        self.conn.all(&sql, params![day], payment)
    }
}
