//! Asking another person to decide: what is asked is written down, with its line in the log.

use super::form::FormError;
use super::visit::{Told, Visit, is_of_a_form};
use parties::bank::logins::noted;
use parties::{Result, Trouble};
use serde_json::Value;
use server::AskedFor;

/// The longest reason.
pub const REASON_MAX: usize = 500;

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
