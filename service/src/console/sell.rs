//! A sale in three steps: who, how much, confirm. The id of the request is made with the second step and stays in the address of the
//! third, so that a page that is sent twice, or opened again, sells once.

use super::account::blocked_words;
use super::deed_views::next_count;
use super::form::encoded;
use super::frame::Frame;
use super::html::{Html, Node, State, digits, moment, phone, when, yuan};
use super::meters::{self, Chosen, Which};
use super::money::amount;
use super::paying::{Way, asked, ways};
use super::slip::of_request;
use super::visit::{Answer, Told, Visit, of_customer, rendered};
use super::words::Language;
use askama::Template;
use parties::{Result, Trouble};
use scheme::money::Fen;
use server::{Credited, FoundMeter, Registration};

/// Customers that a search shows.
const SHOWN: u32 = 20;

/// A customer who was found.
struct FoundLine {
    customer: String,
    name: String,
    number: Html,
    meter: Html,
    phone: Html,
    balance: String,
    state: Option<State>,
    open: Html,
    /// What the addresses of his pages have behind their paths.
    which: String,
    sells: bool,
}

#[derive(Template)]
#[template(path = "sell-find.html")]
struct FindPage {
    f: Frame,
    step: u8,
    sells: bool,
    q: String,
    said: Html,
    found: Vec<FoundLine>,
}

/// What a meter can take.
struct Room {
    ceiling: String,
    balance: String,
    balance_at: String,
    outstanding: String,
    left: String,
    /// Of 299 parts.
    used: String,
}

#[derive(Template)]
#[template(path = "sell-amount.html")]
struct AmountPage {
    f: Frame,
    step: u8,
    head: Html,
    error: Option<Html>,
    blocked: Option<Html>,
    customer: String,
    which: String,
    named: String,
    name: String,
    number: Html,
    meter: Html,
    last: Html,
    request: String,
    amount: String,
    hint: Html,
    ways: Vec<Way>,
    way: Way,
    room: Option<Room>,
}

#[derive(Template)]
#[template(path = "sell-confirm.html")]
struct ConfirmPage {
    f: Frame,
    step: u8,
    told: Option<Told>,
    tight: Option<Html>,
    customer: String,
    which: String,
    named: String,
    name: String,
    meter: Html,
    sim: Html,
    phone: Html,
    kind: Html,
    after: Html,
    amount: String,
    amount_typed: String,
    way: Way,
    account: String,
    request: String,
    go: Html,
    next: Vec<Html>,
}

#[derive(Template)]
#[template(path = "sell-unknown.html")]
struct UnknownPage {
    f: Frame,
    customer: String,
    which: String,
    name: String,
    amount: Html,
    amount_typed: String,
    way: Way,
    account: String,
    request: String,
    reference: Html,
    told: Told,
}

/// The first step: who buys.
///
/// # Errors
/// The books cannot be read.
pub fn find(visit: &mut Visit<'_>) -> Result<Answer> {
    find_in(visit, "sell")
}

/// The same, to look at somebody.
///
/// # Errors
/// The books cannot be read.
pub fn search(visit: &mut Visit<'_>) -> Result<Answer> {
    find_in(visit, "customers")
}

fn find_in(visit: &Visit<'_>, part: &'static str) -> Result<Answer> {
    let lang = visit.lang;
    let q = visit.query.get("q").to_owned();
    let (mut found, mut customers) = (Vec::new(), 0);
    let all = visit.books().find(&q, SHOWN + 1)?;
    for one in all.iter().take(SHOWN as usize) {
        customers += 1;
        // Of several meters those that were asked for by number, or else all.
        let mut lines: Vec<&FoundMeter> = one.meters.iter().collect();
        let digits_of_q: String = q.chars().filter(char::is_ascii_digit).collect();
        let meant = |one: &FoundMeter| digits_of_q.len() >= 3 && one.meter.to_string().contains(&digits_of_q);
        if lines.iter().any(|one| meant(one)) {
            lines.retain(|one| meant(one));
        }
        let several = one.meters.len() > 1;
        let known = &one.customer;
        let line = |meter: Option<&FoundMeter>| {
            let (state, open) = meter.map_or((None, Html::default()), |meter| meters::stands(visit, meter));
            FoundLine {
                customer: known.customer.to_string(),
                name: visit.name_of(known),
                number: digits(&known.customer.to_string(), false),
                meter: meter.map_or_else(Html::default, |one| digits(&one.meter.to_string(), false)),
                phone: phone(known.sim.msisdn.as_str()),
                balance: meter
                    .and_then(|one| one.last)
                    .map_or_else(|| "\u{2013}".to_owned(), |said| yuan(said.balance.0.into())),
                sells: meter.is_some() && state.is_none(),
                state,
                open,
                which: meter
                    .filter(|_| several)
                    .map_or_else(String::new, |one| format!("?meter={}", one.meter)),
            }
        };
        if lines.is_empty() {
            found.push(line(None));
        }
        found.extend(lines.into_iter().map(|one| line(Some(one))));
    }
    let said = if all.len() > SHOWN as usize {
        lang.say("find.many", &[Html::text(SHOWN)])
    } else {
        lang.say("find.found", &[Html::text(customers)])
    };
    let sells = visit.can("sell") && part == "sell";
    visit.page(&FindPage { f: visit.frame(part)?, step: 1, sells, q, said, found })
}

/// What is known before a sale.
struct Before {
    chosen: Chosen,
    ceiling: Option<Fen>,
    last: Option<Credited>,
    outstanding: i64,
    blocked: Option<Html>,
}

fn before(visit: &Visit<'_>, chosen: Chosen) -> Result<Before> {
    let books = visit.books();
    let meter = chosen.known.meter;
    let outstanding = books.outstanding(meter)?;
    let lang = visit.lang;
    let frozen =
        books.findings(false)?.into_iter().find(|finding| finding.freezes && finding.meter == Some(meter));
    let stopped = blocked_words(visit, &chosen.known)?;
    let blocked = match (&frozen, &outstanding) {
        _ if stopped.is_some() => stopped,
        (Some(finding), _) => Some(lang.say("sell2.frozen", &[Html::text(finding.id)])),
        (None, Some(placed)) => {
            Some(lang.say("sell2.outstanding", &[lang.money(placed.order.amount.0.into())]))
        }
        (None, None) => None,
    };
    Ok(Before {
        ceiling: books.chip_in(meter)?.and_then(|chip| chip.ceiling),
        last: books.last_credit(meter)?,
        outstanding: outstanding.map_or(0, |placed| placed.order.amount.0.into()),
        chosen,
        blocked,
    })
}

impl Before {
    /// What the meter can take by what it last said; `None`: it has no ceiling that is known.
    fn left(&self) -> Option<i64> {
        let balance = self.last.map_or(0, |said| i64::from(said.balance.0));
        self.ceiling.map(|ceiling| (i64::from(ceiling.0) - balance - self.outstanding).max(0))
    }

    fn room(&self) -> Option<Room> {
        let (ceiling, left) = (i64::from(self.ceiling?.0), self.left()?);
        let used = if ceiling > 0 { (ceiling - left) as f64 / ceiling as f64 } else { 1.0 };
        Some(Room {
            ceiling: yuan(ceiling),
            balance: yuan(-self.last.map_or(0, |said| i64::from(said.balance.0))),
            balance_at: self.last.map_or_else(String::new, |said| when(said.at_meter, true)),
            outstanding: yuan(-self.outstanding),
            left: yuan(left),
            used: format!("{:.1}", used.clamp(0.0, 1.0) * 299.0),
        })
    }
}

/// The second step: how much.
///
/// # Errors
/// Nobody has this number; the books cannot be read.
pub fn how_much(visit: &mut Visit<'_>) -> Result<Answer> {
    let before = match meters::which(visit)? {
        Which::One(chosen) => before(visit, chosen)?,
        Which::Open(found) => return meters::ask(visit, &found, "sell", ""),
    };
    how_much_page(visit, &before, None)
}

fn how_much_page(visit: &Visit<'_>, before: &Before, error: Option<Html>) -> Result<Answer> {
    let lang = visit.lang;
    let known = &before.chosen.known;
    let name = visit.name_of(known);
    let mut bought = visit.books().purchases_of(known.customer)?;
    bought.retain(|one| one.meter == known.meter || before.chosen.all.len() == 1);
    let last = match bought.last().and_then(|last| Some((last, last.standing()?))) {
        Some((_, placed)) => lang.say(
            "sell2.last",
            &[
                lang.money(placed.order.amount.0.into()),
                moment(placed.order.issued, true),
                lang.state(meters::state_of(placed)),
            ],
        ),
        None => Html::text(lang.t("sell2.first")),
    };
    let typed = visit.query.get("amount").to_owned();
    let first = known.first_purchase.filter(|_| bought.is_empty() && typed.is_empty());
    let hint = match before.left() {
        Some(left) => lang.say("sell2.amount.h", &[Html::text(yuan(left))]),
        None => Html::text(lang.t("sell2.amount.free")),
    };
    let request = match visit.query.get("request") {
        "" => visit.new_request(),
        kept => kept.to_owned(),
    };
    let status = if error.is_some() { 422 } else { 200 };
    rendered(
        status,
        &AmountPage {
            f: visit.frame("sell")?,
            step: 2,
            head: lang.say("sell2.h", &[Html::text(&name)]),
            error,
            blocked: before.blocked.clone(),
            customer: known.customer.to_string(),
            which: before.chosen.query(),
            named: before.chosen.named().map_or_else(String::new, |meter| meter.to_string()),
            name,
            number: digits(&known.customer.to_string(), false),
            meter: digits(&known.meter.to_string(), false),
            last,
            request,
            amount: first.map_or(typed, |fen| yuan(fen.0.into())),
            hint,
            ways: ways(visit, known.customer)?,
            way: Way::of(visit.query.get("pay")),
            room: before.room(),
        },
    )
}

/// The third step: confirm.
///
/// # Errors
/// As [`how_much`].
pub fn confirm(visit: &mut Visit<'_>) -> Result<Answer> {
    let before = before(visit, meters::must_be_one(visit)?)?;
    let typed = visit.query.get("amount").to_owned();
    let request = visit.query.get("request").to_owned();
    let lang = visit.lang;
    let fen = match amount(&typed) {
        Ok(Fen(0)) | Err(_) => {
            return how_much_page(visit, &before, Some(Html::text(lang.t("sell2.err.form"))));
        }
        Ok(fen) => fen,
    };
    if let Some(ceiling) = before.ceiling.filter(|ceiling| fen > *ceiling) {
        let error = lang.say("sell2.err.ceiling", &[lang.money(ceiling.0.into())]);
        return how_much_page(visit, &before, Some(error));
    }
    // Who bought already under this id sees what came of it, and no second sale.
    if request.is_empty() || before.blocked.is_some() {
        return how_much_page(visit, &before, None);
    }
    let way = Way::of(visit.query.get("pay"));
    confirm_page(visit, &before, fen, way, request, None)
}

fn confirm_page(
    visit: &Visit<'_>,
    before: &Before,
    fen: Fen,
    way: Way,
    request: String,
    told: Option<Told>,
) -> Result<Answer> {
    let lang = visit.lang;
    let known = &before.chosen.known;
    let amount = i64::from(fen.0);
    let tight = before.left().filter(|left| amount > *left);
    let after = before.last.map_or(0, |said| i64::from(said.balance.0)) + amount;
    let status = told.as_ref().map_or(200, |told| told.status);
    rendered(
        status,
        &ConfirmPage {
            f: visit.frame("sell")?,
            step: 3,
            told,
            tight: tight.map(|left| lang.say("sell3.tight.p", &[lang.money(left)])),
            customer: known.customer.to_string(),
            which: before.chosen.query(),
            named: before.chosen.named().map_or_else(String::new, |meter| meter.to_string()),
            name: visit.name_of(known),
            meter: digits(&known.meter.to_string(), false),
            sim: digits(known.sim.iccid.as_str(), true),
            phone: phone(known.sim.msisdn.as_str()),
            kind: kind(visit, known)?,
            after: before.last.map_or_else(Html::default, |_| lang.say("sell3.after2", &[lang.money(after)])),
            amount: yuan(amount),
            amount_typed: encoded(&yuan(amount)),
            way,
            account: visit.form.get("account").to_owned(),
            request,
            go: lang.say(if way == Way::Cash { "sell3.go" } else { "sell3.go.bank" }, &[lang.money(amount)]),
            next: next(lang, way),
        },
    )
}

fn kind(visit: &Visit<'_>, known: &Registration) -> Result<Html> {
    let count = Html::text(next_count(visit, known)?);
    let opens = visit.books().last_credit(known.meter)?.is_none();
    Ok(if opens { visit.lang.say("sell3.kind1", &[count]) } else { visit.lang.say("sell3.kind2", &[count]) })
}

fn next(lang: Language, way: Way) -> Vec<Html> {
    [
        ("state.sold", if way == Way::Cash { "sell3.n1" } else { "sell3.n1.bank" }),
        ("state.transit", "sell3.n2"),
        ("state.credited", "sell3.n3"),
        ("state.settled", "sell3.n4"),
    ]
    .into_iter()
    .map(|(state, say)| lang.node(Node::Todo, state, "", &Html::text(lang.t(say))))
    .collect()
}

/// Sells.
///
/// # Errors
/// As [`how_much`].
pub fn sell(visit: &mut Visit<'_>) -> Result<Answer> {
    let fen = amount(visit.form.get("amount")).map_err(Trouble::new)?;
    let request = visit.form.get("request").to_owned();
    let chosen = meters::must_be_one(visit)?;
    let (customer, named) = (chosen.known.customer, chosen.field("meter"));
    let way = Way::of(visit.form.get("pay"));
    let pay = match asked(visit, customer, way)? {
        Ok(pay) => pay,
        Err(error) => {
            let (before, told) = (before(visit, chosen)?, Told::of(&Trouble::new(error)));
            return confirm_page(visit, &before, fen, way, request, Some(told));
        }
    };
    let mut fields = vec![("amount_fen", fen.0.into())];
    fields.extend(pay.map(|pay| ("pay", pay)));
    fields.extend(named);
    let asked = of_customer(&customer.to_string(), &fields);
    match visit.act("sell", asked, &request)? {
        Ok(done) => {
            let order = done["order"].as_str().unwrap_or_default();
            Ok(Answer::See(of_request(order, &request)))
        }
        Err(told) if told.unknown => {
            let before = before(visit, chosen)?;
            rendered(
                told.status,
                &UnknownPage {
                    f: visit.frame("sell")?,
                    customer: customer.to_string(),
                    which: before.chosen.query(),
                    name: visit.name_of(&before.chosen.known),
                    amount: visit.lang.money(fen.0.into()),
                    amount_typed: yuan(fen.0.into()),
                    way,
                    account: if way == Way::Token {
                        visit.form.get("account").to_owned()
                    } else {
                        String::new()
                    },
                    reference: digits(&request, true),
                    request,
                    told,
                },
            )
        }
        Err(told) => {
            let before = before(visit, chosen)?;
            // What was refused stays refused under its id; whoever tries again asks anew.
            let anew = visit.new_request();
            confirm_page(visit, &before, fen, way, anew, Some(told))
        }
    }
}
