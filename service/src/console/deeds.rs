//! What is done on a customer's page: by one person at once, or asked for so that a second decides.

use super::customer;
use super::form::FormError;
use super::matters::matter;
use super::sell::amount;
use super::visit::{Answer, Told, Visit, is_of_a_form, of_customer};
use parties::bank::logins::noted;
use parties::{Result, Trouble};
use scheme::numbers::CustomerNumber;
use serde_json::{Value, json};
use server::AskedFor;

/// What one person does.
const ALONE: [&str; 3] = ["resume", "reissue", "void"];
/// The longest reason.
pub const REASON_MAX: usize = 500;

/// Does what one person may.
///
/// # Errors
/// Nothing is called so; the books cannot be read.
pub fn act(visit: &mut Visit<'_>) -> Result<Answer> {
    let number: CustomerNumber = visit.place("customer")?;
    let wanted = visit.form.get("act").to_owned();
    let route =
        ALONE.into_iter().find(|known| *known == wanted).ok_or_else(|| Trouble::new(FormError::Act))?;
    let request = visit.form.get("request").to_owned();
    match visit.act(route, of_customer(&number.to_string(), &[]), &request)? {
        Ok(done) => Ok(Answer::See(match done["order"].as_str().filter(|_| route == "reissue") {
            Some(order) => format!("/console/orders/{order}?new=1"),
            None => format!("/console/customers/{number}?said=done"),
        })),
        Err(told) => customer::page(visit, Some(told)),
    }
}

/// Asks for what two people do.
///
/// # Errors
/// Nothing is called so; the books or the log cannot be written.
pub fn ask(visit: &mut Visit<'_>) -> Result<Answer> {
    let number: CustomerNumber = visit.place("customer")?;
    let known = matter(visit.form.get("act")).filter(|matter| matter.of_customer);
    let known = known.ok_or_else(|| Trouble::new(FormError::Act))?;
    let mut fields = json!({ "customer": number.to_string() });
    if known.act == "correct" {
        match amount(visit.form.get("amount")) {
            Ok(fen) if fen.0 > 0 => fields["amount_fen"] = fen.0.into(),
            _ => return customer::page(visit, Some(Told::of(&Trouble::new(FormError::Amount)))),
        }
    }
    if known.act == "chip" {
        fields["reason"] = "chip-replaced".into();
    }
    let asked = json!({ "named": {}, "fields": fields });
    match ask_for(visit, known.act, &asked, Some(number.to_string()))? {
        Ok(()) => Ok(Answer::See(format!("/console/customers/{number}?said=asked"))),
        Err(told) => customer::page(visit, Some(told)),
    }
}

/// Writes down what he asks for, with its line in the log.
///
/// # Errors
/// The books or the log cannot be written. The inner one: no reason was given.
pub fn ask_for(
    visit: &mut Visit<'_>,
    act: &'static str,
    asked: &Value,
    customer: Option<String>,
) -> Result<Result<(), Told>> {
    let reason: String = visit.form.get("reason").chars().take(REASON_MAX).collect();
    if reason.is_empty() {
        return Ok(Err(Told::of(&Trouble::new(FormError::Reason))));
    }
    let what = AskedFor {
        request: visit.form.get("request").to_owned(),
        act: act.to_owned(),
        asked: asked.to_string(),
        customer: customer.clone(),
        reason,
        by: visit.who.name.clone(),
        at: visit.now()?,
    };
    if !is_of_a_form(&what.request) {
        return Err(Trouble::new(FormError::Foreign));
    }
    noted(&visit.session, &mut visit.counter.desk, &visit.who, "console request", |session, desk| {
        let id = desk.books_mut().ask_for(&what)?;
        // An id that was used for another matter is no form of this page's.
        let kept = desk.books().approval(id)?.map(|one| one.what);
        if kept.is_none_or(|kept| {
            (kept.act, kept.asked, kept.by) != (what.act.clone(), what.asked.clone(), what.by.clone())
        }) {
            return Err(Trouble::new(FormError::Foreign));
        }
        for (name, value) in [
            ("approval", id.to_string()),
            ("asks", act.to_owned()),
            ("customer", customer.unwrap_or_default()),
        ] {
            parties::log::fact(session, name, value);
        }
        Ok(())
    })?;
    Ok(Ok(()))
}
