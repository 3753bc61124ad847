//! What can be opened and sent: one table.

use super::visit::{ALL, Answer, HOUSE, OFFICE, Page, Visit};
use super::{approvals, audit, customer, deeds, findings, home, operators, register, sell, slip, statistics};
use parties::Result;
use parties::people::operators::Role;

const fn look(
    path: &'static str,
    roles: &'static [Role],
    work: fn(&mut Visit<'_>) -> Result<Answer>,
) -> Page {
    Page { posts: false, path, roles, shows_again: false, work }
}

const fn send(
    path: &'static str,
    roles: &'static [Role],
    work: fn(&mut Visit<'_>) -> Result<Answer>,
) -> Page {
    Page { posts: true, path, roles, shows_again: false, work }
}

/// All of it.
#[rustfmt::skip]
pub static PAGES: &[Page] = &[
    look("/console", ALL, home::home),
    look("/console/sell", OFFICE, sell::find),
    look("/console/sell/{customer}", OFFICE, sell::how_much),
    send("/console/sell/{customer}", OFFICE, sell::sell),
    look("/console/sell/{customer}/confirm", OFFICE, sell::confirm),
    look("/console/orders/{order}", ALL, slip::slip),
    look("/console/orders/{order}/sms", OFFICE, slip::record),
    look("/console/customers", ALL, sell::search),
    look("/console/customers/{customer}", ALL, customer::customer),
    send("/console/customers/{customer}/do", OFFICE, deeds::act),
    send("/console/customers/{customer}/ask", OFFICE, deeds::ask),
    look("/console/customers/{customer}/statement", ALL, register::statement_page),
    look("/console/customers/{customer}/agreement", ALL, register::agreement),
    look("/console/register", OFFICE, register::form),
    send("/console/register", OFFICE, register::register),
    look("/console/receipt", OFFICE, register::receipt_form),
    send("/console/receipt", OFFICE, register::receipt),
    look("/console/ageing", ALL, home::ageing),
    look("/console/approvals", ALL, approvals::approvals),
    Page { posts: true, path: "/console/approvals/{approval}", roles: OFFICE, shows_again: true, work: approvals::decide },
    look("/console/findings", HOUSE, findings::all),
    send("/console/findings/{finding}", OFFICE, findings::clear),
    look("/console/statistics", HOUSE, statistics::statistics),
    look("/console/statistics/csv", HOUSE, statistics::csv),
    look("/console/audit", HOUSE, audit::audit),
    look("/console/operators", HOUSE, operators::operators_page),
];
