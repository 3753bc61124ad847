//! What can be opened and sent: one table. Each page says what right it wants.

use super::right::{ALL, HOUSE, Right};
use super::visit::{Answer, Page, Visit};
use super::{
    approvals, audit, bank, change, closing, customer, deeds, drawer, findings, hand_over, home, limits,
    online, operators, register, sell, slip, statistics, suspense,
};
use parties::Result;

const fn look(path: &'static str, right: Right, work: fn(&mut Visit<'_>) -> Result<Answer>) -> Page {
    Page { posts: false, path, right, shows_again: false, takes_file: false, work }
}

const fn send(path: &'static str, right: Right, work: fn(&mut Visit<'_>) -> Result<Answer>) -> Page {
    Page { posts: true, path, right, shows_again: false, takes_file: false, work }
}

/// All of it.
#[rustfmt::skip]
pub static PAGES: &[Page] = &[
    look("/console", Right::To("ageing"), home::home),
    look("/console/sell", Right::To("sell"), sell::find),
    look("/console/sell/{customer}", Right::To("sell"), sell::how_much),
    send("/console/sell/{customer}", Right::To("sell"), sell::sell),
    look("/console/sell/{customer}/confirm", Right::To("sell"), sell::confirm),
    look("/console/orders/{order}", Right::To("order"), slip::slip),
    look("/console/orders/{order}/sms", Right::To("record"), slip::record),
    look("/console/customers", Right::To("find-customer"), sell::search),
    look("/console/customers/{customer}", Right::To("customer"), customer::customer),
    // Which act it is stands in the form; each is looked at once more, by its own right.
    send("/console/customers/{customer}/do", Right::To("resume"), deeds::act),
    send("/console/customers/{customer}/ask", Right::ToAsk, deeds::ask),
    look("/console/customers/{customer}/statement", Right::To("statement"), register::statement_page),
    look("/console/customers/{customer}/agreement", Right::To("customer-contract"), register::agreement),
    look("/console/customers/{customer}/meter", Right::To("change-meter"), change::form),
    send("/console/customers/{customer}/meter", Right::To("change-meter"), change::change),
    look("/console/customers/{customer}/hand-over", Right::To("hand-over"), hand_over::form),
    send("/console/customers/{customer}/hand-over", Right::ToAsk, hand_over::ask),
    look("/console/changes/{change}", Right::To("changes"), change::show),
    send("/console/changes/{change}", Right::ToAsk, change::finish),
    look("/console/register", Right::To("register"), register::form),
    send("/console/register", Right::To("register"), register::register),
    look("/console/receipt", Right::To("settle"), register::receipt_form),
    send("/console/receipt", Right::To("settle"), register::receipt),
    look("/console/ageing", Right::To("ageing"), home::ageing),
    look("/console/approvals", ALL, approvals::approvals),
    Page { posts: true, path: "/console/approvals/{approval}", right: Right::ToAsk, shows_again: true, takes_file: false, work: approvals::decide },
    look("/console/findings", Right::To("findings"), findings::all),
    send("/console/findings/{finding}", Right::ToAsk, findings::clear),
    look("/console/drawer", Right::To("drawers"), drawer::drawers),
    send("/console/drawer/open", Right::To("open-drawer"), drawer::open),
    send("/console/drawer/close", Right::To("close-drawer"), drawer::close),
    look("/console/drawers/{drawer}", Right::To("drawers"), drawer::show),
    look("/console/days", Right::To("closings"), closing::days),
    send("/console/days", Right::To("close-day"), closing::close),
    look("/console/days/{day}", Right::To("closings"), closing::show),
    look("/console/bank", Right::To("payments"), bank::files),
    Page { posts: true, path: "/console/bank", right: Right::To("bank-file"), shows_again: false, takes_file: true, work: bank::take },
    look("/console/bank/{file}", Right::To("payments"), bank::show),
    send("/console/bank/{file}/ask", Right::ToAsk, bank::ask),
    look("/console/suspense", Right::To("suspense"), suspense::suspense),
    send("/console/suspense", Right::ToAsk, suspense::ask),
    look("/console/online", Right::To("online"), online::online),
    look("/console/limits", Right::To("limits"), limits::limits),
    send("/console/limits", Right::ToAsk, limits::ask),
    look("/console/statistics", Right::To("statistics"), statistics::statistics),
    look("/console/statistics/csv", Right::To("statistics-csv"), statistics::csv),
    look("/console/audit", HOUSE, audit::audit),
    look("/console/operators", HOUSE, operators::operators_page),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::deeds::ALONE;
    use super::super::matters::MATTERS;
    use super::super::menu::ENTRIES;
    use super::*;
    use crate::rights;
    use crate::routes::ROUTES;
    use parties::people::operators::Role;
    use std::collections::BTreeSet;

    const PEOPLE: [Role; 3] = [Role::Clerk, Role::Supervisor, Role::Auditor];

    /// Who may, as letters: clerk, supervisor, auditor.
    fn who(may: impl Fn(Role) -> bool) -> String {
        PEOPLE.iter().zip("csa".chars()).filter(|(role, _)| may(**role)).map(|(_, letter)| letter).collect()
    }

    /// What each role may at a page, written down a second time: a right that changes has to be changed here as well.
    const EXPECTED: &[(&str, &str)] = &[
        ("GET /console", "csa"),
        ("GET /console/sell", "cs"),
        ("GET /console/sell/{customer}", "cs"),
        ("POST /console/sell/{customer}", "cs"),
        ("GET /console/sell/{customer}/confirm", "cs"),
        ("GET /console/orders/{order}", "csa"),
        ("GET /console/orders/{order}/sms", "cs"),
        ("GET /console/customers", "csa"),
        ("GET /console/customers/{customer}", "csa"),
        ("POST /console/customers/{customer}/do", "cs"),
        ("POST /console/customers/{customer}/ask", "cs"),
        ("GET /console/customers/{customer}/statement", "csa"),
        ("GET /console/customers/{customer}/agreement", "csa"),
        ("GET /console/customers/{customer}/meter", "cs"),
        ("POST /console/customers/{customer}/meter", "cs"),
        ("GET /console/customers/{customer}/hand-over", "cs"),
        ("POST /console/customers/{customer}/hand-over", "cs"),
        ("GET /console/changes/{change}", "csa"),
        ("POST /console/changes/{change}", "cs"),
        ("GET /console/register", "cs"),
        ("POST /console/register", "cs"),
        ("GET /console/receipt", "cs"),
        ("POST /console/receipt", "cs"),
        ("GET /console/ageing", "csa"),
        ("GET /console/approvals", "csa"),
        ("POST /console/approvals/{approval}", "cs"),
        ("GET /console/findings", "sa"),
        ("POST /console/findings/{finding}", "cs"),
        ("GET /console/drawer", "csa"),
        ("POST /console/drawer/open", "cs"),
        ("POST /console/drawer/close", "cs"),
        ("GET /console/drawers/{drawer}", "csa"),
        ("GET /console/days", "sa"),
        ("POST /console/days", "s"),
        ("GET /console/days/{day}", "sa"),
        ("GET /console/bank", "csa"),
        ("POST /console/bank", "s"),
        ("GET /console/bank/{file}", "csa"),
        ("POST /console/bank/{file}/ask", "cs"),
        ("GET /console/suspense", "csa"),
        ("POST /console/suspense", "cs"),
        ("GET /console/online", "csa"),
        ("GET /console/limits", "csa"),
        ("POST /console/limits", "cs"),
        ("GET /console/statistics", "sa"),
        ("GET /console/statistics/csv", "sa"),
        ("GET /console/audit", "sa"),
        ("GET /console/operators", "sa"),
    ];

    #[test]
    fn each_page_is_there_for_whom_it_is_meant() {
        let is: Vec<(String, String)> = PAGES
            .iter()
            .map(|page| {
                let method = if page.posts { "POST" } else { "GET" };
                (format!("{method} {}", page.path), who(|role| page.right.is_of(role)))
            })
            .collect();
        let expected: Vec<(String, String)> =
            EXPECTED.iter().map(|(page, who)| ((*page).to_owned(), (*who).to_owned())).collect();
        assert_eq!(is, expected);
    }

    #[test]
    fn a_right_to_a_route_is_that_of_the_route() {
        for page in PAGES {
            if let Right::To(name) = page.right {
                let route = rights::route(name).unwrap();
                for role in PEOPLE {
                    let may = route.roles.contains(&rights::of_person(role));
                    assert_eq!(page.right.is_of(role), may, "{} {role:?}", page.path);
                }
                let changes = !page.posts || route.changes();
                assert!(
                    changes,
                    "{}: a form that changes something has the right of such a route",
                    page.path
                );
            }
            assert!(!page.right.roles().is_empty(), "{}: nobody may", page.path);
        }
    }

    #[test]
    fn who_reads_changes_nothing_by_any_route_or_form() {
        for page in PAGES.iter().filter(|page| page.posts) {
            assert!(!page.right.is_of(Role::Auditor), "{}", page.path);
        }
        for route in ROUTES.iter().filter(|route| route.changes()) {
            assert!(!rights::may(route, server::Role::Auditor), "{}", route.name);
        }
    }

    #[test]
    fn what_two_people_do_is_decided_by_one_who_may_do_it() {
        for matter in MATTERS {
            let route = rights::route(matter.route).unwrap();
            assert!(rights::may(route, server::Role::Supervisor), "{}", matter.act);
        }
        // A clerk asks for what he may not do himself: paying back is for a supervisor's key in the API, and his decision here.
        let refund = rights::route("refund").unwrap();
        assert!(!rights::may(refund, server::Role::Clerk) && Right::ToAsk.is_of(Role::Clerk));
        let refused = rights::must(refund, server::Role::Clerk).unwrap_err();
        assert_eq!(scheme::Fault::code(&refused), "role-refused");
        for name in ALONE {
            assert_eq!(who(|role| Right::To(name).is_of(role)), "cs", "{name}");
        }
    }

    #[test]
    fn the_navigation_leads_to_pages_of_the_same_right() {
        for entry in ENTRIES {
            let page = PAGES.iter().find(|page| !page.posts && page.path == entry.path).unwrap();
            assert_eq!(page.right, entry.right, "{}", entry.path);
        }
        let paths: BTreeSet<&str> = ENTRIES.iter().map(|entry| entry.path).collect();
        assert_eq!(paths.len(), ENTRIES.len());
    }
}
