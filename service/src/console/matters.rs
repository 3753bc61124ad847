//! Acts that two people do: the first asks, the second decides.

use super::html::{Html, digits};
use super::words::Language;
use scheme::money::Fen;
use serde_json::Value;
use server::{Approval, ApprovalState, Basis, Scope, Way};

/// An act that two people do.
pub struct Matter {
    /// Its name in forms and in the books.
    pub act: &'static str,
    /// The act of the server.
    pub route: &'static str,
    /// Its word.
    pub title: &'static str,
    /// What follows from it, for whoever decides.
    pub then: &'static [(&'static str, &'static str)],
    /// It is about what a customer has outstanding or is due, and asked for on his page.
    pub of_customer: bool,
}

/// All of them.
pub static MATTERS: &[Matter] = &[
    Matter {
        act: "correct",
        route: "correct",
        title: "deed.corr",
        then: &[("meter", "deed.corr.1"), ("money", "deed.corr.3")],
        of_customer: true,
    },
    Matter {
        act: "reverse",
        route: "reverse",
        title: "deed.rev",
        then: &[("meter", "sup.rev.1"), ("money", "sup.rev.2")],
        of_customer: true,
    },
    Matter {
        act: "chip",
        route: "reissue",
        title: "deed.chip",
        then: &[("meter", "deed.chip.1"), ("money", "deed.chip.2")],
        of_customer: true,
    },
    Matter {
        act: "refund",
        route: "refund",
        title: "deed.refund",
        then: &[("money", "deed.refund.1")],
        of_customer: true,
    },
    Matter {
        act: "clear",
        route: "clear",
        title: "find.clear",
        then: &[("done", "find.clear.1")],
        of_customer: false,
    },
    Matter {
        act: "change-meter",
        route: "change-meter",
        title: "chg.title",
        then: &[("meter", "chg.then.1"), ("money", "chg.then.2"), ("warn", "chg.then.3")],
        of_customer: false,
    },
    Matter {
        act: "hand-over",
        route: "hand-over",
        title: "ho.title",
        then: &[("meter", "ho.1"), ("money", "ho.2"), ("sim", "ho.3")],
        of_customer: false,
    },
    Matter {
        act: "finish-change",
        route: "finish-change",
        title: "chg.finish",
        then: &[("money", "chg.fin.1"), ("warn", "chg.fin.2")],
        of_customer: false,
    },
    Matter {
        act: "clear-difference",
        route: "clear-difference",
        title: "bank.clear",
        then: &[("money", "bank.then.1"), ("done", "bank.then.2")],
        of_customer: false,
    },
    Matter {
        act: "end-suspense",
        route: "end-suspense",
        title: "susp.end",
        then: &[("money", "susp.then.1"), ("done", "susp.then.2")],
        of_customer: false,
    },
    Matter {
        act: "limit",
        route: "set-limit",
        title: "lim.set",
        then: &[("money", "lim.then.1")],
        of_customer: false,
    },
];

/// The matter of a name.
pub fn matter(act: &str) -> Option<&'static Matter> {
    MATTERS.iter().find(|known| known.act == act)
}

/// What is asked, as the books keep it: places and fields.
pub fn asked(approval: &Approval) -> Value {
    serde_json::from_str(&approval.what.asked).unwrap_or_default()
}

/// The amount that is asked for.
pub fn amount(asked: &Value) -> Option<Fen> {
    asked["fields"]["amount_fen"].as_u64().and_then(|fen| u32::try_from(fen).ok()).map(Fen)
}

/// What is asked in detail, for whoever decides: each with its word.
pub fn facts(lang: Language, asked: &Value) -> Vec<(&'static str, Html)> {
    let fields = &asked["fields"];
    let words = |name: &str| fields[name].as_str();
    let number = |name: &str| fields[name].as_i64();
    let mut out = Vec::new();
    if let Some(finding) = asked["named"]["finding"].as_str() {
        out.push(("bank.finding", Html::text(format!("F-{finding}"))));
    }
    if let Some(change) = asked["named"]["change"].as_str() {
        out.push(("chg.no", Html::text(change)));
    }
    if let Some(meter) = words("old_meter") {
        out.push(("chg.old", digits(meter, false)));
    }
    // Of an order the meter stands beside the customer.
    if let Some(meter) = words("meter").filter(|_| words("basis").is_some()) {
        out.push(("chg.new", digits(meter, false)));
    }
    // Of a hand-over the customer is whoever gets the meter.
    if let (Some(to), Some(_), None) = (words("customer"), words("note"), words("basis")) {
        out.push(("ho.to", digits(to, false)));
    }
    if let Some(basis) = words("basis").and_then(Basis::from_name) {
        out.push(("chg.basis", Html::text(lang.t(basis_key(basis)))));
    }
    if let Some(fen) = number("balance_fen") {
        out.push(("chg.said", lang.money(fen)));
    }
    if let Some(count) = number("count") {
        out.push(("chg.count", Html::text(count)));
    }
    if let Some(entry) = words("entry") {
        out.push(("bank.entry", Html::text(lang.t(if entry == "book" { "bank.book" } else { "bank.none" }))));
    }
    if let Some(rest) = asked["named"]["rest"].as_str() {
        out.push(("susp.rest", digits(rest, true)));
    }
    if let Some(way) = words("to").and_then(Way::from_name) {
        out.push(("susp.to", Html::text(lang.t(way_key(way)))));
    }
    if let Some(scope) = words("scope").and_then(Scope::from_name) {
        out.push(("lim.scope", Html::text(lang.t(scope_key(scope)))));
        let limit = number("limit_fen");
        out.push(("lim.limit", limit.map_or_else(|| Html::text(lang.t("lim.away")), |fen| lang.money(fen))));
    }
    out
}

/// The word for what is known of an old meter.
pub const fn basis_key(basis: Basis) -> &'static str {
    match basis {
        Basis::Read => "chg.b.read",
        Basis::Workshop => "chg.b.workshop",
        Basis::Burnt => "chg.b.burnt",
    }
}

/// The word for where what stood in suspense goes.
pub const fn way_key(way: Way) -> &'static str {
    match way {
        Way::Refund => "susp.w.refund",
        Way::Bank => "susp.w.bank",
        Way::Income => "susp.w.income",
        Way::Difference => "susp.w.difference",
    }
}

/// The word for what a limit is of.
pub const fn scope_key(scope: Scope) -> &'static str {
    match scope {
        Scope::Order => "lim.s.order",
        Scope::CustomerDay => "lim.s.customer",
        Scope::OfficeDay => "lim.s.office",
    }
}

/// How one ended, or where it stands.
pub fn end(lang: Language, approval: &Approval) -> Html {
    let why = approval.decided.as_ref().and_then(|decided| decided.why.as_deref()).unwrap_or_default();
    match (approval.state, &approval.end) {
        (ApprovalState::Waiting, _) => Html::text(lang.t("sup.end.wait")),
        (ApprovalState::Refused, _) => lang.say("sup.end.no", &[Html::text(why)]),
        (ApprovalState::Withdrawn, _) => Html::text(lang.t("sup.end.back")),
        (ApprovalState::Approved, None) => Html::text(lang.t("sup.end.open")),
        (ApprovalState::Approved, Some((status, _))) if *status < 400 => Html::text(lang.t("sup.end.done")),
        (ApprovalState::Approved, Some((_, said))) => lang.say("sup.end.failed", &[Html::text(said)]),
    }
}
