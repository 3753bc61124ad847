//! The navigation: what a role may open, in the order of a day's work.

use super::frame::Menu;
use super::right::{ALL, HOUSE, Right};
use parties::people::operators::Role;

/// An entry: the part of the console, its first page, its word, and what that page wants.
pub struct Entry {
    /// The part.
    pub part: &'static str,
    /// Its first page.
    pub path: &'static str,
    /// Its word.
    pub key: &'static str,
    /// What the page wants.
    pub right: Right,
}

const fn entry(part: &'static str, path: &'static str, key: &'static str, right: Right) -> Entry {
    Entry { part, path, key, right }
}

/// All of them.
pub static ENTRIES: &[Entry] = &[
    entry("home", "/console", "nav.home", Right::To("ageing")),
    entry("sell", "/console/sell", "nav.sell", Right::To("sell")),
    entry("customers", "/console/customers", "nav.customers", Right::To("find-customer")),
    entry("online", "/console/online", "nav.online", Right::To("online")),
    entry("ageing", "/console/ageing", "nav.ageing", Right::To("ageing")),
    entry("approvals", "/console/approvals", "nav.approvals", ALL),
    entry("drawer", "/console/drawer", "nav.drawer", Right::To("drawers")),
    entry("days", "/console/days", "nav.days", Right::To("closings")),
    entry("bank", "/console/bank", "nav.bank", Right::To("payments")),
    entry("statistics", "/console/statistics", "nav.statistics", Right::To("statistics")),
    entry("audit", "/console/audit", "nav.audit", HOUSE),
    entry("operators", "/console/operators", "nav.operators", HOUSE),
];

/// The navigation of a role, in a part of the console; `waiting`: what waits among the approvals.
pub fn of(part: &str, role: Role, waiting: usize) -> Vec<Menu> {
    let mine = ENTRIES.iter().filter(|entry| entry.right.is_of(role));
    let menu = |entry: &Entry| Menu {
        here: entry.part == part,
        path: entry.path,
        key: entry.key,
        count: if entry.part == "approvals" { waiting } else { 0 },
    };
    mine.map(menu).collect()
}
