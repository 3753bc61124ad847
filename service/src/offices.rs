//! Offices are apart: what a request names, and whether that is there for whoever asks.
//!
//! A name means the same in every route. A test goes through the document of all routes, so that none comes in whose names it does
//! not know (`tests/tests/cli/service/offices.rs`).

use crate::asked::Asked;
use crate::routes::Route;
use parties::bank::offices::not_there;
use parties::{Result, Trouble};
use server::{Books, Named, Principal, RestId, Role, SimKey};
use std::str::FromStr;
use wire::typed;

/// Routes, and which of their names are of something that comes to be: that it is there already at another office is told, and nothing
/// of whose it is.
const MAKING: &[(&str, &[&str])] = &[
    ("register", &["customer", "meter", "msisdn", "imsi", "iccid"]),
    ("apply", &["customer", "meter", "msisdn", "imsi", "iccid", "bill"]),
    ("change-meter", &["meter"]),
    ("replace-sim", &["msisdn", "imsi", "iccid"]),
];
/// Routes about the whole house; a key of an office that is no head office may not ask for them.
const HOUSE: &[&str] = &[
    "all-orders",
    "bank-file",
    "changes",
    "clear-difference",
    "close-day",
    "closings",
    "contract-said",
    "end-suspense",
    "events",
    "give-to-office",
    "hand-overs",
    "meters",
    "netmeters",
    "payments",
    "psams",
    "recompute",
    "report",
    "set-limit",
    "set-terms",
    "statistics",
    "statistics-csv",
    "suspense",
    "tariff-said",
    "verify",
];
/// Routes that show many customers at once.
const LISTS: &[&str] = &["ageing", "all-orders", "changes", "findings", "hand-overs", "payments", "suspense"];

/// The one office whose customers are there for a principal; `None`: all are, as far as its role goes.
pub fn apart(principal: &Principal) -> Option<&str> {
    let bound = matches!(principal.role, Role::Clerk | Role::Supervisor) && !principal.office.is_empty();
    bound.then_some(principal.office.as_str())
}

/// Whether a route is about the whole house.
pub fn is_of_the_house(route: &Route) -> bool {
    HOUSE.contains(&route.name)
}

/// Whether a look at what a route shows is noted in the log.
pub fn shows_people(route: &Route, named: &[Named]) -> bool {
    LISTS.contains(&route.name) || !named.is_empty()
}

/// What a name stands for, with the text that was sent; `None`: nothing that belongs to a customer, or not of its form, which the
/// act will say.
fn stands_for(name: &str, text: &str) -> Option<Named> {
    fn read<T: FromStr>(text: &str) -> Option<T> {
        text.parse().ok()
    }
    match name {
        "customer" => read(text).map(Named::Customer),
        "meter" | "old_meter" | "loaded_meter" => read(text).map(Named::Meter),
        "msisdn" => read(text).map(|phone| Named::Sim(SimKey::Msisdn(phone))),
        "imsi" => read(text).map(|imsi| Named::Sim(SimKey::Imsi(imsi))),
        "iccid" => read(text).map(|iccid| Named::Sim(SimKey::Iccid(iccid))),
        "order" => read(text).map(Named::Order),
        "finding" => read(text).map(Named::Finding),
        "contract" => Some(Named::Contract(text.to_owned())),
        "payment" => read(text).map(Named::Payment),
        "rest" => match read(text) {
            Some(RestId::Payment(order)) => Some(Named::Payment(order)),
            Some(RestId::Finding(finding)) => Some(Named::Finding(finding)),
            None => None,
        },
        "purchase" => read(text).map(Named::Online),
        "change" => read(text).map(Named::Change),
        "slip" => typed::bytes(text).ok().and_then(|bytes| bytes.try_into().ok()).map(Named::Slip),
        "phone" => typed::bytes(text).ok().and_then(|bytes| bytes.try_into().ok()).map(Named::Phone),
        "bill" => Some(Named::Bill(text.to_owned())),
        "record" => typed::bytes(text).ok().map(Named::Receipt),
        "receipt" => typed::bytes(text).ok().map(Named::Packet),
        _ => None,
    }
}

/// What a request names of customers.
pub fn named(route: &Route, asked: &Asked) -> Vec<Named> {
    let making = MAKING.iter().find(|(making, _)| *making == route.name).map_or(&[][..], |(_, names)| names);
    let places = asked.named.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let fields = asked.fields.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    let theirs = places.chain(fields).filter(|(name, _)| !making.contains(name));
    theirs.filter_map(|(name, text)| stands_for(name, text)).collect()
}

/// What another office's customer has is not there: the answer is that of something that nobody has, to the byte.
///
/// # Errors
/// That; the books cannot be read.
pub fn must_be_theirs(books: &dyn Books, office: Option<&str>, named: &[Named]) -> Result<()> {
    let Some(office) = office else { return Ok(()) };
    for one in named {
        let theirs = match books.office_of(one).map_err(Trouble::from)? {
            Some(found) => found == office,
            // A receipt that nobody has seen yet is its SIM's or its meter's, which is named beside it.
            None => matches!(one, Named::Receipt(_) | Named::Packet(_)),
        };
        if !theirs {
            return Err(not_there(one));
        }
    }
    Ok(())
}
