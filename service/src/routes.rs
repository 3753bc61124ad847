//! What can be asked: one table, of which the router, the roles, the checks of bodies and the OpenAPI document are made.

use crate::asked::{Asked, Means};
use crate::fields::FieldKind::{Fen, Flag, Number, Text};
use crate::fields::{Field, may, must};
use crate::{acts, company_acts};
use parties::bank::Desk;
use parties::{Deed, Result, Session};
use serde_json::Value;
use server::Role::{self, Auditor, Bank, Clerk, Company, Supervisor};

/// One thing that can be asked.
pub struct Route {
    /// Its name, as the document and the figures have it.
    pub name: &'static str,
    /// The method.
    pub method: Method,
    /// The path, with the places of what is named in it.
    pub path: &'static str,
    /// What may be named in the query, and what it means.
    pub query: &'static [(&'static str, &'static str)],
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Who may ask.
    pub roles: &'static [Role],
    /// What it carries.
    pub body: Body,
    /// What is done.
    pub work: Work,
}

/// The methods of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Look.
    Get,
    /// Do something.
    Post,
    /// Set something.
    Put,
}

/// What a request carries.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// Nothing.
    None,
    /// An object with these fields.
    Fields(&'static [Field]),
    /// A list that another party wrote, as it is.
    List,
}

type LookFn = fn(&Session, &Desk, &Asked) -> Result<Value>;
type TextFn = fn(&Session, &Desk, &Asked) -> Result<String>;
type DoFn = fn(&Session, &mut Desk, &Asked, &Means) -> Result<Value>;

/// What is done for a request.
pub enum Work {
    /// The books are looked into.
    Look(LookFn),
    /// The same, and the answer is plain text.
    Text(TextFn),
    /// The books are changed, and the change and the answer are kept together.
    Book(Deed, DoFn),
    /// PSAMs are asked, with what is intended kept before and what came of it after.
    Cards(Deed, DoFn),
}

impl Route {
    /// Whether it changes something, and so wants an id.
    pub const fn changes(&self) -> bool {
        !matches!(self.work, Work::Look(_) | Work::Text(_))
    }
}

const SELLERS: &[Role] = &[Clerk, Supervisor, Bank];
const OFFICE: &[Role] = &[Clerk, Supervisor];
const HEAD: &[Role] = &[Supervisor];
const READERS: &[Role] = &[Clerk, Supervisor, Auditor, Bank];
const FIGURES: &[Role] = &[Supervisor, Auditor, Company];
const KNOWING: &[Role] = &[Clerk, Supervisor, Auditor, Bank, Company];
const HEAR: &[Role] = &[Supervisor, Auditor, Company];
const SAY: &[Role] = &[Supervisor, Company];
const SOURCE: Field = must("source", Text, "who says it, 1 to 32 characters");
const MESSAGE: Field = must("id", Text, "the id he gave it, 1 to 64 characters");
const CUSTOMER: Field = must("customer", Text, "customer number, 12 digits");

const fn look(
    name: &'static str,
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    roles: &'static [Role],
    about: &'static str,
    work: Work,
) -> Route {
    Route { name, method: Method::Get, path, query, about, roles, body: Body::None, work }
}

const fn post(
    name: &'static str,
    path: &'static str,
    roles: &'static [Role],
    about: &'static str,
    body: Body,
    work: Work,
) -> Route {
    Route { name, method: Method::Post, path, query: &[], about, roles, body, work }
}

/// All of it.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    post("register", "/v1/customers", OFFICE, "Register a customer; the same registration again changes nothing.",
        Body::Fields(&[
            CUSTOMER,
            must("meter", Text, "meter number, 12 digits"),
            must("msisdn", Text, "telephone number, +86 and 11 digits"),
            must("imsi", Text, "identity of the subscriber, 15 digits"),
            must("imei", Text, "identity of the telephone, 15 digits"),
            must("iccid", Text, "number of the SIM, 19 or 20 digits"),
            may("name", Text, "name of the customer"),
            may("first_purchase_fen", Fen, "what is paid at registration"),
        ]),
        Work::Book(Deed::One("server register"), acts::register)),
    look("find-customer", "/v1/customers", &[("meter", "meter number"), ("msisdn", "telephone number")], READERS,
        "The customer of a meter or of a telephone number.", Work::Look(acts::find_customer)),
    look("customer", "/v1/customers/{customer}", &[], READERS,
        "A customer, and the order he has outstanding.", Work::Look(acts::customer)),
    look("statement", "/v1/customers/{customer}/statement", &[], READERS,
        "What a customer paid, what was confirmed, what was paid back.", Work::Look(acts::statement)),
    post("meters", "/v1/meters", &[Supervisor, Company],
        "Take a city's delivery list: which ESAM is in which meter, its keys, its ceiling.",
        Body::List, Work::Book(Deed::One("server meters"), acts::meters)),
    post("sell", "/v1/orders", SELLERS, "Sell: make an order and have it sealed.",
        Body::Fields(&[CUSTOMER, may("amount_fen", Fen, "what is paid; the first purchase of the registration when it is missing")]),
        Work::Cards(Deed::One("server order"), acts::sell)),
    look("orders", "/v1/orders", &[("customer", "customer number")], READERS,
        "The orders of a customer, oldest first.", Work::Look(acts::orders)),
    look("order", "/v1/orders/{order}", &[], READERS, "One order.", Work::Look(acts::order)),
    look("record", "/v1/orders/{order}/sms", &[], SELLERS, "The record of an order as a record file, for its SIM.", Work::Text(acts::record)),
    post("correct", "/v1/corrections", OFFICE, "Make a customer's outstanding order of another amount, by a second order of the same purchase.",
        Body::Fields(&[CUSTOMER, must("amount_fen", Fen, "the right amount")]),
        Work::Cards(Deed::One("server correct"), acts::correct)),
    post("reverse", "/v1/reversals", OFFICE, "Take a customer's outstanding order back, by a second order of the same purchase and of nothing.",
        Body::Fields(&[CUSTOMER]), Work::Cards(Deed::One("server reverse"), acts::reverse)),
    post("reissue", "/v1/reissues", OFFICE, "Make a customer's outstanding order anew; for a replaced chip two people do.",
        Body::Fields(&[CUSTOMER, may("reason", Text, "key-change or chip-replaced, when it is not the SIM or the validity")]),
        Work::Cards(Deed::Two("server reissue"), acts::reissue)),
    post("void", "/v1/voids", OFFICE, "Give up a customer's outstanding order, while no PSAM can have sealed it.",
        Body::Fields(&[CUSTOMER]), Work::Book(Deed::One("server void"), acts::void)),
    post("settle", "/v1/receipts", SELLERS, "Settle a receipt that came back.",
        Body::Fields(&[
            must("record", Text, "the EF_SMS record, 352 hexadecimal digits"),
            may("msisdn", Text, "the telephone number it came from"),
            may("iccid", Text, "or the number of the SIM it was on"),
        ]),
        Work::Cards(Deed::One("server settle"), acts::settle)),
    post("refund", "/v1/refunds", HEAD, "Pay back what a customer paid and no meter will credit.",
        Body::Fields(&[CUSTOMER]), Work::Book(Deed::One("server refund"), acts::refund)),
    look("findings", "/v1/findings", &[("all", "true: those that were cleared as well")], &[Supervisor, Auditor],
        "What is not as it should be and waits for somebody.", Work::Look(acts::findings)),
    post("clear", "/v1/findings/{finding}/clear", OFFICE, "Clear a finding; one that stops sales wants two people.",
        Body::Fields(&[must("note", Text, "what was found out")]),
        Work::Book(Deed::Two("server clear"), acts::clear)),
    look("report", "/v1/report", &[], FIGURES, "Totals, trial balance, and whether the sums agree.", Work::Look(acts::report)),
    post("verify", "/v1/verify", HEAD, "Recompute the chains from the books and compare them with the PSAMs.",
        Body::Fields(&[]), Work::Cards(Deed::One("server verify"), acts::verify)),
    look("terms", "/v1/terms", &[], READERS, "The bank's own numbers and times.", Work::Look(acts::show_terms)),
    Route {
        name: "set-terms", method: Method::Put, path: "/v1/terms", query: &[], roles: HEAD,
        about: "Change what is named of the bank's numbers and times.",
        body: Body::Fields(&[
            may("server_number", Text, "telephone number that orders come from"),
            may("service_centre", Text, "number of the service centre"),
            may("validity_days", Number, "days an order is valid"),
            may("clock_tolerance_s", Number, "seconds a meter's clock may stand before an order's issue"),
        ]),
        work: Work::Book(Deed::One("server settings"), acts::terms),
    },
    post("contract-said", "/v1/contracts", SAY, "Take in what a contract is from now on; each message once.",
        Body::Fields(&[
            SOURCE, MESSAGE,
            must("contract", Text, "number of the contract, 1 to 32 characters"),
            must("meter", Text, "meter number, 12 digits"),
            may("customer", Text, "customer number, 12 digits"),
            may("tariff", Text, "name of the tariff, 1 to 32 characters"),
            must("begins", Text, "its first moment, as 2026-12-01T00:00:00+08:00"),
            may("ends", Text, "its last moment"),
        ]),
        Work::Book(Deed::One("company contract"), company_acts::contract)),
    look("contract", "/v1/contracts/{contract}", &[], KNOWING, "A contract as the last message about it says.",
        Work::Look(company_acts::show_contract)),
    post("tariff-said", "/v1/tariffs", SAY, "Take in what energy costs from a moment on; two people do, and each message once.",
        Body::Fields(&[
            SOURCE, MESSAGE,
            must("tariff", Text, "name of the tariff, 1 to 32 characters"),
            must("price_e4", Number, "ten-thousandths of a yuan for a kilowatt-hour"),
            must("begins", Text, "its first moment, as 2026-12-01T00:00:00+08:00"),
        ]),
        Work::Book(Deed::Two("company tariff"), company_acts::tariff)),
    look("tariffs", "/v1/tariffs", &[], KNOWING, "What energy costs, and from when on.", Work::Look(company_acts::tariffs)),
    post("block-said", "/v1/blocks", SAY, "Take in that nothing is sold to a customer, or that something is again; each message once.",
        Body::Fields(&[
            SOURCE, MESSAGE,
            may("customer", Text, "customer number, 12 digits"),
            may("meter", Text, "or the number of his meter"),
            must("blocked", Flag, "true: nothing is sold"),
            may("reason", Text, "why, at most 200 characters; the clerk is told"),
        ]),
        Work::Book(Deed::One("company block"), company_acts::block)),
    look("events", "/v1/events", &[("after", "the number of the last event that is known"), ("limit", "so many at most, 1 to 1000")], HEAR,
        "What was sold, settled, read and changed, with numbers that rise by one.", Work::Look(company_acts::events)),
    Route {
        name: "give-to-office", method: Method::Put, path: "/v1/customers/{customer}/office", query: &[], roles: HEAD,
        about: "Give a customer to another office.",
        body: Body::Fields(&[must("office", Text, "name of the office; empty: the head office")]),
        work: Work::Book(Deed::One("server office"), company_acts::give_to_office),
    },
];
