//! The two forms: what they ask, and when they are whole.

use crate::bank::{Pay, Slip};
use crate::form::{Form, Kind, Row};
use crate::seen::Seen;
use crate::words::fen;
use client::Code;
use keys::Zeroizing;
use scheme::numbers::MeterNumber;
use scheme::subscription::Msisdn;

/// The form that takes a slip.
pub fn slip(server: &str) -> Form {
    Form::new(vec![
        Row::new("slip.server", Kind::Text(128)).with(server),
        Row::new("slip.number", Kind::Text(8)),
        Row::new("slip.key", Kind::Text(80)),
        Row::new("slip.code", Kind::Secret(40)),
        Row::new("slip.msisdn", Kind::Text(20)),
        Row::new("slip.user", Kind::Text(64)),
        Row::new("slip.password", Kind::Secret(128)),
        Row::new("slip.go", Kind::Button),
    ])
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_password(text: &str) -> bool {
    (8..=128).contains(&text.len())
}

/// Whether a slip can be handed in; what is wrong stands at its row.
pub fn slip_is_whole(form: &mut Form) -> bool {
    let read = read_slip(form);
    let no = |good: bool, why: &'static str| (!good).then_some(why);
    form.judge(&[
        ("slip.server", no(!read.server.is_empty(), "bad.server")),
        ("slip.number", no(is_hex(&read.number, 8), "bad.number")),
        ("slip.key", no(is_hex(&read.key, 64), "bad.key")),
        ("slip.code", no(Code::read(&read.code).is_ok(), "bad.code")),
        ("slip.msisdn", no(read.msisdn.parse::<Msisdn>().is_ok(), "bad.msisdn")),
        ("slip.user", no((1..=64).contains(&read.user.len()), "bad.user")),
        ("slip.password", no(is_password(&read.password), "bad.password")),
    ])
}

/// A slip as it was typed.
pub fn read_slip(form: &Form) -> Slip {
    let text = |name: &str| form.text(name).to_owned();
    let secret = |name: &str| form.row(name).map_or_else(Zeroizing::default, |row| row.text.clone());
    Slip {
        server: text("slip.server"),
        key: text("slip.key").split_whitespace().collect(),
        number: text("slip.number"),
        code: secret("slip.code"),
        msisdn: text("slip.msisdn").chars().filter(|c| !matches!(c, ' ' | '-')).collect(),
        user: text("slip.user"),
        password: secret("slip.password"),
    }
}

/// The form of a purchase.
pub fn pay(seen: &Seen) -> Form {
    let meters = seen.contracts.iter().map(|contract| contract.meter.to_string()).collect();
    let own = seen.contracts.get(seen.chosen).and_then(|contract| contract.account.clone());
    let mut of_meter = Row::new("pay.meter", Kind::Choice(meters));
    of_meter.chosen = seen.chosen;
    // The contract's account is the first where there is one; the empty name is the other's.
    let accounts = own.into_iter().chain([String::new()]).collect();
    let mut form = Form::new(vec![
        of_meter,
        Row::new("pay.amount", Kind::Text(12)),
        Row::new("pay.account", Kind::Choice(accounts)),
        Row::new("pay.token", Kind::Text(64)),
        Row::new("pay.password", Kind::Secret(128)),
        Row::new("pay.go", Kind::Button),
    ]);
    // What most people type first.
    form.at = 1;
    show_account(&mut form);
    form
}

fn is_other(form: &Form) -> bool {
    form.row("pay.account").is_some_and(|row| match &row.kind {
        Kind::Choice(of) => of.get(row.chosen).is_some_and(String::is_empty),
        _ => false,
    })
}

/// Shows what another account wants, or hides it.
pub fn show_account(form: &mut Form) {
    let other = is_other(form);
    for name in ["pay.token", "pay.password"] {
        if let Some(row) = form.row_mut(name) {
            row.hidden = !other;
        }
    }
}

/// Whether a purchase can be asked for; what is wrong stands at its row.
pub fn pay_is_whole(form: &mut Form) -> bool {
    let other = is_other(form);
    let token = form.text("pay.token");
    let is_token = (1..=64).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    let password = form.row("pay.password").is_some_and(|row| is_password(&row.text));
    let amount = fen(form.text("pay.amount")).is_some();
    form.judge(&[
        ("pay.amount", (!amount).then_some("bad.amount")),
        ("pay.token", (other && !is_token).then_some("bad.token")),
        ("pay.password", (other && !password).then_some("bad.password")),
    ])
}

/// What is wanted; `None`: the form is not whole.
pub fn read_pay(form: &Form, seen: &Seen) -> Option<Pay> {
    let meter: MeterNumber = seen.contracts.get(form.chosen("pay.meter"))?.meter;
    let amount = fen(form.text("pay.amount"))?;
    let account = is_other(form).then(|| {
        let password = form.row("pay.password").map_or_else(Zeroizing::default, |row| row.text.clone());
        (form.text("pay.token").to_owned(), password)
    });
    Some(Pay { meter, amount, account })
}
