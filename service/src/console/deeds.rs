//! What is done on a customer's page: by one person at once, or asked for so that a second decides.

use super::asking::ask_for;
use super::customer;
use super::form::FormError;
use super::matters::matter;
use super::meters;
use super::money::amount;
use super::slip;
use super::visit::{Answer, Told, Visit, of_customer};
use crate::asked::Asked;
use crate::denied::Denied;
use parties::{Result, Trouble};
use scheme::numbers::CustomerNumber;
use scheme::order::OrderId;
use serde_json::json;

/// What one person does.
pub const ALONE: [&str; 4] = ["resume", "reissue", "void", "leave"];

/// Does what one person may.
///
/// # Errors
/// Nothing is called so; the books cannot be read.
pub fn act(visit: &mut Visit<'_>) -> Result<Answer> {
    let chosen = meters::must_be_one(visit)?;
    let number = chosen.known.customer;
    let wanted = visit.form.get("act").to_owned();
    let route =
        ALONE.into_iter().find(|known| *known == wanted).ok_or_else(|| Trouble::new(FormError::Act))?;
    let request = visit.form.get("request").to_owned();
    let asked = if route == "leave" {
        of_payment(visit, number)?
    } else {
        let which: Vec<_> = chosen.field("meter").into_iter().collect();
        of_customer(&number.to_string(), &which)
    };
    match visit.act(route, asked, &request)? {
        Ok(done) => Ok(Answer::See(match done["order"].as_str().filter(|_| route == "reissue") {
            Some(order) => slip::of_request(order, &request),
            None => chosen.page("done"),
        })),
        Err(told) => customer::page(visit, Some(told)),
    }
}

/// The payment that a form names, which must be this customer's.
fn of_payment(visit: &Visit<'_>, customer: CustomerNumber) -> Result<Asked> {
    let none = || Trouble::new(Denied::NoRoute);
    let id: OrderId = visit.form.get("payment").parse().map_err(|_| none())?;
    let payment = visit.books().payment(id)?.filter(|payment| payment.customer == customer);
    let payment = payment.ok_or_else(none)?;
    let named = [("payment".to_owned(), payment.reference())];
    Ok(Asked { named: named.into_iter().collect(), ..Asked::default() })
}

/// Asks for what two people do.
///
/// # Errors
/// Nothing is called so; the books or the log cannot be written.
pub fn ask(visit: &mut Visit<'_>) -> Result<Answer> {
    let chosen = meters::must_be_one(visit)?;
    let number = chosen.known.customer;
    let known = matter(visit.form.get("act")).filter(|matter| matter.of_customer);
    let known = known.ok_or_else(|| Trouble::new(FormError::Act))?;
    let mut fields = json!({ "customer": number.to_string() });
    if known.act == "correct" {
        match amount(visit.form.get("amount")) {
            Ok(fen) if fen.0 > 0 => fields["amount_fen"] = fen.0.into(),
            _ => return customer::page(visit, Some(Told::of(&Trouble::new(FormError::Amount)))),
        }
    }
    if let Some((name, meter)) = chosen.field("meter").filter(|_| known.act != "refund") {
        fields[name] = meter;
    }
    if known.act == "chip" {
        fields["reason"] = "chip-replaced".into();
    }
    let asked = json!({ "named": {}, "fields": fields });
    match ask_for(visit, known.act, &asked, Some(number.to_string()))? {
        Ok(()) => Ok(Answer::See(chosen.page("asked"))),
        Err(told) => customer::page(visit, Some(told)),
    }
}
