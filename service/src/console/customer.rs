//! A customer: purchases and where each one is, his money, what can be done.

use super::account::Account;
use super::change::ChangeLine;
use super::deed_views::{DeedView, deeds};
use super::frame::Frame;
use super::home::is_late;
use super::html::{Html, Node, State, date, digits, moment, phone, when, yuan};
use super::matters::{self, matter};
use super::meters::{self, Which, state_of};
use super::online::{self, OnlineLine};
use super::payments::{PaymentView, open_of};
use super::visit::{Answer, Told, Visit, rendered};
use super::words::Language;
use askama::Template;
use parties::Result;
use parties::bank::{BookedLine, statement};
use scheme::moment::Moment;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderKind;
use server::{ApprovalState, Bought, Credited, Finding, OrderState, PlacedOrder, Reason};

/// Decisions that the page shows.
const DECISIONS: u32 = 10;

struct OrderView {
    id: Html,
    reason: &'static str,
    at: String,
    amount: String,
    state: State,
}

struct PurchaseView {
    head: Html,
    amount: Html,
    kind: &'static str,
    state: State,
    slip: String,
    rail: Vec<Html>,
    orders: Vec<OrderView>,
    orders_said: &'static str,
}

struct MoneyRow {
    key: &'static str,
    yuan: String,
}

struct LastView {
    balance: Html,
    at: Html,
    register: String,
}

struct Notice {
    class: &'static str,
    icon: &'static str,
    head: Html,
    say: Html,
}

struct OtherMeter {
    number: Html,
    href: String,
}

struct ApprovalLine {
    title: &'static str,
    reason: String,
    asked: String,
    decided: String,
    end: Html,
}

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    f: Frame,
    customer: String,
    which: String,
    others: Vec<OtherMeter>,
    name: String,
    sub: Html,
    sells: bool,
    changes_meter: bool,
    hands_over: bool,
    outstanding: Option<State>,
    frozen: Option<i64>,
    said: Option<Html>,
    told: Option<Told>,
    notice: Option<Notice>,
    payments: Vec<PaymentView>,
    account: Account,
    changes: Vec<ChangeLine>,
    online: Vec<OnlineLine>,
    purchases: Vec<PurchaseView>,
    purchases_said: Html,
    money: Vec<MoneyRow>,
    paid: String,
    last: Option<LastView>,
    ceiling: Html,
    chip: Html,
    sim: Html,
    phone: Html,
    imei: Html,
    deeds: Vec<DeedView>,
    approvals: Vec<ApprovalLine>,
}

/// The page of a customer. The log keeps who looked.
///
/// # Errors
/// Nobody has this number; the books cannot be read.
pub fn customer(visit: &mut Visit<'_>) -> Result<Answer> {
    page(visit, None)
}

/// The same, with what was not done.
///
/// # Errors
/// As [`customer`].
pub fn page(visit: &mut Visit<'_>, told: Option<Told>) -> Result<Answer> {
    let chosen = match meters::which(visit)? {
        Which::One(chosen) => chosen,
        Which::Open(found) => return meters::ask(visit, &found, "customers", ""),
    };
    let number = chosen.known.customer;
    visit.note_look("console customer", &number.to_string())?;
    let now = visit.now()?;
    let lang = visit.lang;
    let books = visit.books();
    let known = &chosen.known;
    let mut bought = books.purchases_of(number)?;
    // Of several meters each has a page of its own; what he had before stands on all of them.
    bought.retain(|one| one.meter == known.meter || !chosen.all.contains(&one.meter));
    let findings: Vec<Finding> =
        books.findings(false)?.into_iter().filter(|finding| finding.meter == Some(known.meter)).collect();
    let frozen = findings.iter().find(|finding| finding.freezes).map(|finding| finding.id);
    let outstanding = books.outstanding(known.meter)?;
    let last = books.last_credit(known.meter)?;
    let chip = books.chip_in(known.meter)?;
    let lines = statement(&visit.session, visit.desk(), number)?.lines;
    let money = Money::of(&lines);
    let payments = super::payments::of_customer(visit, number)?;
    let purchases: Vec<PurchaseView> =
        bought.iter().rev().map(|one| purchase(lang, one, &findings, &payments, now)).collect();
    let paying = outstanding.as_ref().and_then(|placed| open_of(&payments, placed.order.id)).is_some();
    let account = Account::of(visit, known, now)?;
    let status = told.as_ref().map_or(200, |told| told.status);
    let deeds = if visit.can("resume") {
        // What waits for the bank goes on, or is given up, at the payment.
        deeds(visit, known, outstanding.as_ref().filter(|_| !paying), money.due, now)?
    } else {
        Vec::new()
    };
    let said = match visit.query.get("said") {
        "done" => Some(Html::text(lang.t("cust.said.done"))),
        "asked" => Some(Html::text(lang.t("cust.said.asked"))),
        "registered" => Some(Html::text(lang.t("cust.said.registered"))),
        _ => None,
    };
    let text = digits(&number.to_string(), false);
    rendered(
        status,
        &CustomerPage {
            f: visit.frame("customers")?,
            customer: number.to_string(),
            which: chosen.query(),
            others: others(number, &chosen),
            name: visit.name_of(known),
            sub: lang.say("cust.no", &[text, digits(&known.meter.to_string(), false)]),
            sells: visit.can("sell") && account.blocked.is_none(),
            changes_meter: visit.can("change-meter"),
            hands_over: visit.can("hand-over"),
            outstanding: outstanding.as_ref().map(state_of),
            frozen,
            said,
            told,
            notice: notice(lang, outstanding.as_ref(), frozen, paying, now),
            payments,
            account,
            changes: super::change::of_customer(visit, number)?,
            online: online::of_customer(visit, number)?,
            purchases_said: lang.say("cust.newest", &[Html::text(purchases.len())]),
            purchases,
            money: money.rows(),
            paid: yuan(money.paid),
            last: last.map(|said| last_view(lang, &said)),
            ceiling: chip
                .as_ref()
                .and_then(|chip| chip.ceiling)
                .map_or_else(Html::default, |ceiling| lang.money(ceiling.0.into())),
            chip: chip.map_or_else(Html::default, |chip| digits(&chip.serial.to_string(), true)),
            sim: digits(known.sim.iccid.as_str(), true),
            phone: phone(known.sim.msisdn.as_str()),
            imei: digits(known.imei.as_str(), true),
            deeds,
            approvals: decided(visit, number)?,
        },
    )
}

fn others(number: CustomerNumber, chosen: &meters::Chosen) -> Vec<OtherMeter> {
    let others = chosen.all.iter().filter(|meter| **meter != chosen.known.meter);
    let line = |meter: &MeterNumber| OtherMeter {
        number: digits(&meter.to_string(), false),
        href: format!("/console/customers/{number}?meter={meter}"),
    };
    others.map(line).collect()
}

fn last_view(lang: Language, said: &Credited) -> LastView {
    LastView {
        balance: lang.money(said.balance.0.into()),
        at: lang.say("cust.asof", &[moment(said.at_meter, true)]),
        register: yuan(said.register.into()),
    }
}

/// What is most to be known: nothing is sold, or something waits for too long.
fn notice(
    lang: Language,
    outstanding: Option<&PlacedOrder>,
    frozen: Option<i64>,
    paying: bool,
    now: Moment,
) -> Option<Notice> {
    if let Some(finding) = frozen {
        let (head, say) =
            (lang.say("cust.frozen.h", &[Html::text(finding)]), Html::text(lang.t("cust.frozen.p")));
        return Some(Notice { class: "notice-bad", icon: "stop", head, say });
    }
    let placed = outstanding?;
    let order = &placed.order;
    let (money, on_card) = (lang.money(order.amount.0.into()), placed.sim.card().is_some());
    if paying {
        let (head, say) = (lang.say("pay.unknown.h", &[money]), Html::text(lang.t("pay.unknown.p")));
        return Some(Notice { class: "notice-bad", icon: "ask", head, say });
    }
    if placed.state == OrderState::Prepared {
        let (head, say) = (lang.say("cust.unsealed.h", &[money]), Html::text(lang.t("cust.unsealed.p")));
        return Some(Notice { class: "notice-bad", icon: "ask", head, say });
    }
    if now > order.valid_until {
        let head = lang.say("cust.expired.h", &[money, date(order.valid_until)]);
        return Some(Notice {
            class: "notice-warn",
            icon: "warn",
            head,
            say: Html::text(lang.t(if on_card { "cust.expired.card" } else { "cust.expired.p" })),
        });
    }
    let days = super::home::days_since(order.issued, now);
    is_late(order.issued, now).then(|| Notice {
        class: "notice-warn",
        icon: "clock",
        head: lang.say("cust.n.h", &[money, Html::text(days)]),
        say: Html::text(lang.t(if on_card { "cust.n.card" } else { "cust.n.p" })),
    })
}

/// A customer's money by what became of it.
struct Money {
    paid: i64,
    credited: i64,
    open: i64,
    due: i64,
    refunded: i64,
    loss: i64,
}

impl Money {
    fn of(lines: &[BookedLine]) -> Self {
        let sum = |kind: &str| -> i64 {
            lines.iter().filter(|line| line.kind == kind).map(|line| line.amount_fen).sum()
        };
        let last = lines.last();
        // What stood in the purse of a meter that was changed was credited once, and waits to be credited by the new one.
        let before = std::iter::once(0).chain(lines.iter().map(|line| line.not_confirmed_fen));
        let moved = lines.iter().zip(before).filter(|(line, _)| line.kind.starts_with("meter-"));
        let carried: i64 = moved.map(|(line, before)| line.not_confirmed_fen - before).sum();
        Money {
            paid: sum("sale") + sum("correction") - sum("cancelled"),
            credited: sum("delivery") - carried,
            open: last.map_or(0, |line| line.not_confirmed_fen),
            due: last.map_or(0, |line| line.due_fen),
            refunded: sum("refund"),
            loss: sum("loss"),
        }
    }

    /// Rows that add up to what was paid.
    fn rows(&self) -> Vec<MoneyRow> {
        let all = [
            ("cust.m1", self.credited, true),
            ("cust.m2", self.open, true),
            ("cust.m5", self.due, self.due != 0),
            ("cust.m3", self.refunded, self.refunded != 0),
            ("cust.m6", -self.loss, self.loss != 0),
        ];
        let shown = all.into_iter().filter(|(.., shown)| *shown);
        shown.map(|(key, fen, _)| MoneyRow { key, yuan: yuan(fen) }).collect()
    }
}

const fn reason_key(reason: Reason) -> &'static str {
    match reason {
        Reason::Sale => "reason.sale",
        Reason::Reissue => "reason.reissue",
        Reason::Correction => "reason.correction",
        Reason::Reversal => "reason.reversal",
    }
}

const fn kind_key(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Open => "kind.open",
        OrderKind::Recharge => "kind.recharge",
        OrderKind::Replacement => "kind.replacement",
    }
}

fn purchase(
    lang: Language,
    bought: &Bought,
    findings: &[Finding],
    payments: &[PaymentView],
    now: Moment,
) -> PurchaseView {
    let orders: Vec<OrderView> = bought
        .orders
        .iter()
        .map(|placed| OrderView {
            id: digits(&placed.order.id.to_string(), false),
            reason: reason_key(placed.reason),
            at: when(placed.order.issued, true),
            amount: yuan(placed.order.amount.0.into()),
            state: state_of(placed),
        })
        .collect();
    let orders_said = if bought.credited.is_some() { lang.t("cust.two") } else { lang.t("cust.two.open") };
    let head = lang.say("cust.purchase", &[Html::text(bought.count)]);
    let Some(placed) = bought.standing() else {
        let (amount, rail) = (Html::default(), Vec::new());
        let (kind, state, slip) = ("reason.sale", State::Off, String::new());
        return PurchaseView { head, amount, kind, state, slip, rail, orders, orders_said };
    };
    let held = findings.iter().any(|finding| {
        finding.receipt.is_some() && bought.orders.iter().any(|one| Some(one.order.id) == finding.order)
    });
    let state = match state_of(placed) {
        State::Transit if held => State::Credited,
        state => state,
    };
    let payment = open_of(payments, placed.order.id);
    let state = if payment.is_some() { State::Unknown } else { state };
    let credited = bought.credited;
    let amount = credited.map_or(placed.order.amount, |said| said.credited);
    let sealed = placed.record.is_some() && state != State::Off;
    PurchaseView {
        head,
        amount: lang.money(amount.0.into()),
        kind: kind_key(placed.order.kind),
        state,
        slip: if sealed { placed.order.id.to_string() } else { String::new() },
        rail: rail(lang, placed, state, credited, payment.map(|payment| payment.state), now),
        orders,
        orders_said,
    }
}

/// The four stations of a purchase.
fn rail(
    lang: Language,
    placed: &PlacedOrder,
    state: State,
    credited: Option<Credited>,
    payment: Option<&'static str>,
    now: Moment,
) -> Vec<Html> {
    let none = Html::default();
    let text = |key| Html::text(lang.t(key));
    let order = &placed.order;
    let issued = when(order.issued, false);
    let after = |said: &Credited| lang.say("cust.r4", &[lang.money(said.balance.0.into())]);
    match (state, credited) {
        (State::Unknown, _) => vec![
            lang.node(Node::Bad, "state.unknown", &issued, &payment.map_or(none.clone(), text)),
            lang.node(Node::Todo, "state.transit", "", &none),
            lang.node(Node::Todo, "state.credited", "", &none),
            lang.node(Node::Todo, "state.settled", "", &none),
        ],
        (State::Sold, _) => vec![
            lang.node(Node::Bad, "state.sold", &issued, &text("cust.r1.open")),
            lang.node(Node::Todo, "state.transit", "", &none),
            lang.node(Node::Todo, "state.credited", "", &none),
            lang.node(Node::Todo, "state.settled", "", &none),
        ],
        (State::Transit, _) => {
            let expired = now > order.valid_until;
            let late = expired || is_late(order.issued, now);
            let until = date(order.valid_until);
            let say = match (expired, placed.sim.card()) {
                (true, _) => "cust.r2.expired",
                (false, Some(_)) => "cust.r2.card",
                (false, None) => "cust.r2",
            };
            let say = lang.say(say, &[until]);
            vec![
                lang.node(Node::Done, "state.sold", &issued, &none),
                lang.node(if late { Node::Late } else { Node::Here }, "state.transit", &issued, &say),
                lang.node(Node::Todo, "state.credited", "", &text("cust.r3")),
                lang.node(Node::Todo, "state.settled", "", &none),
            ]
        }
        (State::Credited, _) => vec![
            lang.node(Node::Done, "state.sold", &issued, &none),
            lang.node(Node::Done, "state.transit", &issued, &none),
            lang.node(Node::Bad, "state.credited", "", &text("cust.r3.held")),
            lang.node(Node::Todo, "state.settled", "", &none),
        ],
        (_, Some(said)) => vec![
            lang.node(Node::Done, "state.sold", &issued, &none),
            lang.node(Node::Done, "state.transit", &issued, &none),
            lang.node(Node::Done, "state.credited", &when(said.at_meter, false), &after(&said)),
            lang.node(Node::Done, "state.settled", &when(said.settled, false), &text("cust.r5")),
        ],
        _ => Vec::new(),
    }
}

fn decided(visit: &Visit<'_>, number: CustomerNumber) -> Result<Vec<ApprovalLine>> {
    let all = visit.books().last_approvals(Some(&number.to_string()), DECISIONS)?;
    let line = |one: &server::Approval| ApprovalLine {
        title: matter(&one.what.act).map_or("sup.app", |matter| matter.title),
        reason: one.what.reason.clone(),
        asked: format!("{} {}", one.what.by, when(one.what.at, false)),
        decided: one.decided.as_ref().map_or_else(String::new, |decided| {
            let by_himself = one.state == ApprovalState::Withdrawn;
            if by_himself { String::new() } else { format!("{} {}", decided.by, when(decided.at, false)) }
        }),
        end: matters::end(visit.lang, one),
    };
    Ok(all.iter().map(line).collect())
}
