//! What can be done for a customer, each act with its consequences.

use super::html::{Html, moment};
use super::matters::matter;
use super::visit::Visit;
use parties::Result;
use scheme::moment::Moment;
use server::{Bought, OrderState, PlacedOrder, Registration};

/// An act with its consequences.
pub struct DeedView {
    /// Its name in forms.
    pub act: &'static str,
    /// Its word.
    pub title: &'static str,
    /// When it is done, in words.
    pub when: &'static str,
    /// What the button says.
    pub go: &'static str,
    /// Two people do it.
    pub two: bool,
    /// Its button is red.
    pub is_bad: bool,
    /// It wants an amount.
    pub amount: bool,
    /// It stands open.
    pub open: bool,
    /// What follows from it, each with a sign.
    pub then: Vec<(&'static str, Html)>,
    /// The id of its request.
    pub request: String,
    /// Why it cannot be done now.
    pub off: Option<Html>,
    /// It waits for a second person.
    pub asked: Option<Html>,
}

/// What can be done with what is outstanding, or due.
///
/// # Errors
/// The books cannot be read.
pub fn deeds(
    visit: &Visit<'_>,
    known: &Registration,
    outstanding: Option<&PlacedOrder>,
    due: i64,
    now: Moment,
) -> Result<Vec<DeedView>> {
    let lang = visit.lang;
    let open = visit.books().open_approvals()?;
    let number = known.customer.to_string();
    let waits = |act: &str| {
        let of =
            |one: &&server::Approval| one.what.act == act && one.what.customer.as_deref() == Some(&*number);
        open.iter()
            .find(of)
            .map(|one| lang.say("sup.by", &[Html::text(&one.what.by), moment(one.what.at, true)]))
    };
    let text = |key| Html::text(lang.t(key));
    let deed = |act: &'static str, [title, when, go]: [&'static str; 3]| DeedView {
        act,
        title,
        when,
        go,
        two: matter(act).is_some(),
        is_bad: false,
        amount: false,
        open: false,
        then: Vec::new(),
        request: visit.new_request(),
        off: None,
        asked: waits(act),
    };
    let mut out = Vec::new();
    if let Some(placed) = outstanding {
        let amount = lang.money(placed.order.amount.0.into());
        if placed.state == OrderState::Prepared {
            out.push(DeedView {
                open: true,
                then: vec![("money", text("deed.resume.1"))],
                ..deed("resume", ["deed.resume", "deed.resume.w", "deed.resume.go"])
            });
            let off = placed.may_be_sealed().then(|| text("deed.void.off"));
            let then = vec![("money", lang.say("deed.void.1", &[amount]))];
            out.push(DeedView { then, off, ..deed("void", ["deed.void", "deed.void.w", "deed.void.go"]) });
        } else {
            let sim = placed.sim.iccid != known.sim.iccid.to_string();
            let needed = sim || now > placed.order.valid_until;
            let off = (!needed).then(|| text("deed.again.off"));
            let then = vec![("money", lang.say("deed.again.1", &[Html::text(placed.order.count)]))];
            out.push(DeedView {
                then,
                off,
                ..deed("reissue", ["deed.again", "deed.again.w", "deed.again.go"])
            });
            out.push(DeedView {
                amount: true,
                then: vec![
                    ("meter", text("deed.corr.1")),
                    ("money", lang.say("deed.corr.2", std::slice::from_ref(&amount))),
                    ("done", text("deed.corr.3")),
                    ("two", text("deed.corr.4")),
                ],
                ..deed("correct", ["deed.corr", "deed.corr.w", "deed.corr.go"])
            });
            out.push(DeedView {
                is_bad: true,
                then: vec![
                    ("meter", lang.say("deed.rev.1", &[lang.money(0), amount.clone()])),
                    ("sim", text("deed.rev.2")),
                    ("money", lang.say("deed.rev.3", &[amount])),
                    ("warn", text("deed.rev.4")),
                ],
                ..deed("reverse", ["deed.rev", "deed.rev.w", "deed.rev.go"])
            });
            out.push(DeedView {
                then: vec![("meter", text("deed.chip.1")), ("money", text("deed.chip.2"))],
                ..deed("chip", ["deed.chip", "deed.chip.w", "deed.chip.go"])
            });
        }
    }
    if due > 0 {
        out.push(DeedView {
            open: outstanding.is_none(),
            then: vec![
                ("money", text("deed.refund.1")),
                ("done", lang.say("deed.refund.2", &[lang.money(due)])),
            ],
            ..deed("refund", ["deed.refund", "deed.refund.w", "deed.refund.go"])
        });
    }
    Ok(out)
}

/// The count of a customer's next purchase for a meter.
///
/// # Errors
/// The books cannot be read.
pub fn next_count(visit: &Visit<'_>, known: &Registration) -> Result<u32> {
    let books = visit.books();
    let bought = books.purchases_of(known.customer)?;
    let stands = |one: &&Bought| {
        one.meter == known.meter && one.standing().is_some_and(|placed| placed.state != OrderState::Void)
    };
    if let Some(last) = bought.iter().rev().find(stands) {
        return Ok(last.count + 1);
    }
    // A meter that came from another customer counts on.
    let last = books.last_credit(known.meter)?.and_then(|said| said.order);
    let last = last.map(|order| books.order(order)).transpose()?.flatten();
    Ok(last.map_or(1, |placed| placed.order.count + 1))
}
