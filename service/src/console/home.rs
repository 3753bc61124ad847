//! What waits: the page of the day, and the list of what is sold and not settled, by its age.

use super::change::{self, ChangeLine};
use super::frame::Frame;
use super::html::{Html, State, day, digits, when, yuan};
use super::meters::state_of;
use super::right::HOUSE;
use super::visit::{Answer, Visit};
use askama::Template;
use parties::Result;
use scheme::moment::Moment;
use server::{ApprovalState, OrderState, PlacedOrder, Reason};

/// Sales that the page of the day shows.
const SHOWN: u32 = 50;
/// Oldest orders that it shows.
const OLDEST: u32 = 8;
/// The same on the list's own page.
const ALL_OLDEST: u32 = 200;
/// Seconds of a day.
const DAY_S: i64 = 86_400;
/// Days after which somebody should be called.
const LATE_DAYS: i64 = 3;

/// One sale.
struct Sale {
    at: String,
    customer: String,
    name: String,
    meter: Html,
    fen: i64,
    amount: String,
    state: State,
}

/// How much of one age there is.
struct Bucket {
    key: &'static str,
    orders: usize,
    fen: i64,
    yuan: String,
}

/// One order that is waited for.
struct Waiting {
    customer: String,
    name: String,
    sold: String,
    until: String,
    expired: bool,
    amount: String,
    next: &'static str,
}

/// What is sold and not settled.
struct Ages {
    is_home: bool,
    buckets: Vec<Bucket>,
    total: Bucket,
    oldest: Vec<Waiting>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    f: Frame,
    today: String,
    sells: bool,
    unfinished: Vec<Sale>,
    findings: usize,
    approvals: usize,
    waits: Html,
    sales: Vec<Sale>,
    sales_said: Html,
    ages: Ages,
}

#[derive(Template)]
#[template(path = "ageing.html")]
struct AgeingPage {
    f: Frame,
    ages: Ages,
    provisional: Vec<ChangeLine>,
}

/// Days that have passed since a moment.
pub fn days_since(at: Moment, now: Moment) -> i64 {
    (now.seconds() - at.seconds()).div_euclid(DAY_S)
}

/// Whether somebody should be called about an order that was made then.
pub fn is_late(at: Moment, now: Moment) -> bool {
    days_since(at, now) >= LATE_DAYS
}

fn sale(visit: &Visit<'_>, placed: &PlacedOrder) -> Result<Sale> {
    let order = &placed.order;
    let known = visit.books().customer(placed.customer)?;
    Ok(Sale {
        at: when(order.issued, false),
        customer: placed.customer.to_string(),
        name: known.map_or_else(|| placed.customer.to_string(), |known| visit.name_of(&known)),
        meter: digits(&order.meter.to_string(), false),
        fen: order.amount.0.into(),
        amount: yuan(order.amount.0.into()),
        state: state_of(placed),
    })
}

/// The page of the day.
///
/// # Errors
/// The books cannot be read.
pub fn home(visit: &mut Visit<'_>) -> Result<Answer> {
    let now = visit.now()?;
    let today = day(now);
    let of_today: Vec<PlacedOrder> = visit
        .books()
        .last_orders(SHOWN)?
        .into_iter()
        .filter(|placed| placed.reason == Reason::Sale && day(placed.order.issued) == today)
        .collect();
    let mut sales = Vec::new();
    for placed in &of_today {
        let mut sale = sale(visit, placed)?;
        sale.at = sale.at.get(6..).unwrap_or_default().to_owned();
        sales.push(sale);
    }
    let mut unfinished = Vec::new();
    for placed in visit.books().interrupted()? {
        unfinished.push(sale(visit, &placed)?);
    }
    let open = visit.books().open_approvals()?;
    let mine = |by: &String| *by == visit.who.name;
    let approvals = open
        .iter()
        .filter(|one| one.state == ApprovalState::Waiting && (visit.may(HOUSE) || mine(&one.what.by)))
        .count();
    let findings = visit.books().findings(false)?.len();
    let lang = visit.lang;
    let waits = lang.say("home.wait.h", &[Html::text(approvals), Html::text(findings)]);
    let count = sales.len();
    visit.page(&HomePage {
        f: visit.frame("home")?,
        today,
        sells: visit.can("sell"),
        unfinished,
        findings,
        approvals,
        waits,
        sales,
        sales_said: lang.say("home.sales.n", &[Html::text(count)]),
        ages: ages(visit, now, OLDEST, true)?,
    })
}

/// What is sold and not settled.
///
/// # Errors
/// The books cannot be read.
pub fn ageing(visit: &mut Visit<'_>) -> Result<Answer> {
    let now = visit.now()?;
    let provisional = change::provisional(visit)?;
    visit.page(&AgeingPage {
        f: visit.frame("ageing")?,
        ages: ages(visit, now, ALL_OLDEST, false)?,
        provisional,
    })
}

fn ages(visit: &Visit<'_>, now: Moment, most: u32, is_home: bool) -> Result<Ages> {
    let keys = [("age.d1", 1), ("age.d3", 3), ("age.d7", 7), ("age.d30", 30), ("age.more", i64::MAX)];
    let bucket = |key| Bucket { key, orders: 0, fen: 0, yuan: String::new() };
    let mut buckets: Vec<Bucket> = keys.iter().map(|(key, _)| bucket(*key)).collect();
    let mut total = bucket("col.all");
    let today = now.seconds().div_euclid(DAY_S);
    for day in visit.books().awaited()? {
        let age = today - of_day(&day.day).unwrap_or(today);
        let at = keys.iter().position(|(_, most)| age < *most).unwrap_or(keys.len() - 1);
        for bucket in [&mut buckets[at], &mut total] {
            bucket.orders += day.orders as usize;
            bucket.fen += day.fen;
        }
    }
    for bucket in buckets.iter_mut().chain([&mut total]) {
        bucket.yuan = yuan(bucket.fen);
    }
    let mut oldest = Vec::new();
    for placed in visit.books().oldest_awaited(most)? {
        let order = &placed.order;
        let sale = sale(visit, &placed)?;
        let expired = now > order.valid_until;
        let ends_soon = days_since(now, order.valid_until) < 2;
        let next = match (placed.state, expired, ends_soon, is_late(order.issued, now)) {
            (OrderState::Prepared, ..) => "age.n.seal",
            (_, true, ..) => "age.n1",
            (_, _, true, _) => "age.n2",
            (_, _, _, true) => "age.n3",
            _ => "age.n4",
        };
        oldest.push(Waiting {
            customer: sale.customer,
            name: sale.name,
            sold: when(order.issued, false).get(..5).unwrap_or_default().to_owned(),
            until: when(order.valid_until, false).get(..5).unwrap_or_default().to_owned(),
            expired,
            amount: sale.amount,
            next,
        });
    }
    Ok(Ages { is_home, buckets, total, oldest })
}

/// Days since 1970 of YYYYMMDD.
fn of_day(text: &str) -> Option<i64> {
    let number = |range| text.get::<std::ops::Range<usize>>(range)?.parse::<u16>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let at = Moment::from_parts(year, month.try_into().ok()?, day.try_into().ok()?, 0, 0, 0).ok()?;
    Some(at.seconds().div_euclid(DAY_S))
}
