//! What can be asked of payments through a bank.

use crate::asked::{Asked, Means};
use crate::denied::Denied;
use crate::fields::{Field, FieldKind, may, must};
use parties::bank::{self, ClearRequest, Desk, EndSuspenseRequest, payment};
use parties::{Result, Session, Trouble};
use scheme::moment::Day;
use serde_json::Value;
use server::{BankAccount, Way};

/// How a purchase is paid.
pub const PAY: &[Field] =
    &[must("bank_account", FieldKind::Text, "the bank's token of the account that is debited")];

/// What is paid where an outstanding order is brought and not sold again.
pub const AMOUNT: Field = may(
    "amount_fen",
    FieldKind::Fen,
    "what is paid; what is outstanding, else the first purchase of the registration, when it is missing",
);

/// By which way it is paid.
pub const HOW: Field = may("pay", FieldKind::Of(PAY), "how it is paid; in cash when it is missing");

fn malformed(words: impl Into<String>) -> Trouble {
    Trouble::new(Denied::Malformed(words.into()))
}

/// The account that a sale is paid from; `None`: in cash.
pub fn account(asked: &Asked, means: &Means) -> Result<Option<BankAccount>> {
    let Some(pay) = asked.fields.get("pay") else { return Ok(None) };
    if !means.bank {
        return Err(Trouble::new(Denied::NoBank));
    }
    let token = pay["bank_account"].as_str().unwrap_or_default();
    let account = token.parse().map_err(|error| malformed(format!("pay: {error}")))?;
    Ok(Some(account))
}

/// Payments that wait for something.
pub fn list(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    let all = asked.maybe_place::<bool>("all")?.unwrap_or(false);
    Ok(serde_json::to_value(payment::list(session, desk, all)?)?)
}

/// One payment.
pub fn show(session: &Session, desk: &Desk, asked: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(payment::show(session, desk, asked.place("payment")?)?)?)
}

/// The customer leaves.
pub fn leave(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    Ok(serde_json::to_value(payment::leave(session, desk, asked.place("payment")?)?)?)
}

/// Compares a file of the bank.
pub fn reconcile(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let day: Day = asked.place("day")?;
    Ok(serde_json::to_value(bank::reconcile(session, desk, day, &asked.text)?)?)
}

/// Clears a difference.
pub fn clear(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let book = match asked.words("entry") {
        Some("book") => true,
        Some("none") => false,
        _ => return Err(malformed("entry is book or none")),
    };
    let note = asked.words("note").unwrap_or_default().to_owned();
    let request = ClearRequest { finding: asked.place("finding")?, note };
    Ok(serde_json::to_value(bank::clear_difference(session, desk, &request, book)?)?)
}

/// What stands in suspense.
pub fn suspense(session: &Session, desk: &Desk, _: &Asked) -> Result<Value> {
    Ok(serde_json::to_value(bank::suspense(session, desk)?)?)
}

/// Ends what stands in suspense.
pub fn end_suspense(session: &Session, desk: &mut Desk, asked: &Asked, _: &Means) -> Result<Value> {
    let to = asked.words("to").unwrap_or_default();
    let request = EndSuspenseRequest {
        rest: asked.place("rest")?,
        way: Way::from_name(to).ok_or_else(|| malformed("to is refund, bank, income or difference"))?,
        note: asked.words("note").unwrap_or_default().to_owned(),
    };
    Ok(serde_json::to_value(bank::end_suspense(session, desk, &request)?)?)
}
