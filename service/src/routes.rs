//! What can be asked: one table, of which the router, the roles, the checks of bodies and the OpenAPI document are made.

use crate::asked::{Asked, Means};
use crate::fields::FieldKind::{Fen, Flag, Number, Text};
use crate::fields::{Field, may, must};
use crate::lines::LineAct;
use crate::netmeter_acts::{BUY, listed};
use crate::{acts, card_acts, company_acts, functions, online_acts, payments};
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
    /// The same, a table.
    Csv,
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
    /// A meter on its line is asked; what of it is the counter's is asked there in steps.
    Line(LineAct),
    /// PSAMs are asked, with what is intended kept before and what came of it after.
    Cards(Deed, DoFn),
}

impl Route {
    /// Whether it changes something, and so wants an id.
    pub const fn changes(&self) -> bool {
        !matches!(self.work, Work::Look(_) | Work::Text(_) | Work::Line(LineAct::Read))
    }
}

/// Who may sell.
pub const SELLERS: &[Role] = &[Clerk, Supervisor, Bank];
const OFFICE: &[Role] = &[Clerk, Supervisor];
const HEAD: &[Role] = &[Supervisor];
/// Who may look at customers.
pub const READERS: &[Role] = &[Clerk, Supervisor, Auditor, Bank];
const FIGURES: &[Role] = &[Supervisor, Auditor, Company];
const STATISTICS: &[(&str, &str)] = &[
    ("from", "the first day, YYYY-MM-DD; the first of this month when it is missing"),
    ("to", "the last day; today when it is missing"),
    ("period", "day, month, year or whole"),
    ("by_office", "true: a line for each office"),
    ("by_channel", "true: a line for each channel"),
    ("by_tariff", "true: a line for each tariff that held for the meters"),
];
const KNOWING: &[Role] = &[Clerk, Supervisor, Auditor, Bank, Company];
const HEAR: &[Role] = &[Supervisor, Auditor, Company];
const SAY: &[Role] = &[Supervisor, Company];
const SOURCE: Field = must("source", Text, "who says it, 1 to 32 characters");
const MESSAGE: Field = must("id", Text, "the id he gave it, 1 to 64 characters");
const CUSTOMER: Field = must("customer", Text, "customer number, 12 digits");
const METER: Field = may("meter", Text, "which of his meters; may be missing where he has one alone");
const CARD: Field = must("card", Text, "number of the card, 12 digits");
const CHIP: Field = must("chip", Text, "serial number of its chip, 16 hexadecimal digits");
const LOADED: Field = may("loaded_meter", Text, "the meter that stands on the card, where a receipt does");
const RECEIPT: Field =
    may("receipt", Text, "the receipt on the card, 2 to 398 hexadecimal digits; missing: there is none");
const SAID: Field = must("message", Text, "what the meter said, as it came: 2 to 510 hexadecimal digits");
const WHICH: &[(&str, &str)] = &[("meter", "which of his meters; may be missing where he has one alone")];

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
    post("register", "/v1/customers", OFFICE, "Register a customer, or a further meter of one who is known; the same registration again changes nothing.",
        Body::Fields(&[
            CUSTOMER,
            may("meter", Text, "meter number, 12 digits; missing: he has none yet"),
            must("msisdn", Text, "telephone number, +86 and 11 digits"),
            must("imsi", Text, "identity of the subscriber, 15 digits"),
            must("imei", Text, "identity of the telephone, 15 digits"),
            must("iccid", Text, "number of the SIM, 19 or 20 digits"),
            may("name", Text, "name of the customer"),
            may("first_purchase_fen", Fen, "what is paid at registration"),
        ]),
        Work::Book(Deed::One("server register"), acts::register)),
    look("find-customer", "/v1/customers", &[("meter", "meter number"), ("msisdn", "telephone number"), ("bill", "number on his bills")], READERS,
        "The customer of a meter, of a telephone number or of a bill number.", Work::Look(acts::find_customer)),
    look("customer", "/v1/customers/{customer}", WHICH, READERS,
        "A customer, and what he has outstanding for each of his meters.", Work::Look(acts::customer)),
    look("statement", "/v1/customers/{customer}/statement", &[], READERS,
        "What a customer paid, what was confirmed, what was paid back.", Work::Look(acts::statement)),
    post("meters", "/v1/meters", &[Supervisor, Company],
        "Take a city's delivery list: which ESAM is in which meter, its keys, its ceiling.",
        Body::List, Work::Book(Deed::One("server meters"), acts::meters)),
    post("sell", "/v1/orders", SELLERS, "Sell: make an order and have it sealed.",
        Body::Fields(&[
            CUSTOMER,
            METER,
            may("amount_fen", Fen, "what is paid; the first purchase of the registration when it is missing"),
            payments::HOW,
        ]),
        Work::Cards(Deed::One("server order"), acts::sell)),
    post("begin-online", "/v1/online-purchases", SELLERS,
        "Begin the purchase of a meter that is online: the message that goes to it. What is outstanding for the meter is brought, and not sold again.",
        Body::Fields(&[
            CUSTOMER,
            METER,
            payments::AMOUNT,
            payments::HOW,
        ]),
        Work::Cards(Deed::One("online begin"), online_acts::begin)),
    post("online-request", "/v1/online-purchases/{purchase}/request", SELLERS,
        "Take what the meter asks for, have it paid, and give the sealed order for it.",
        Body::Fields(&[SAID]), Work::Cards(Deed::One("online request"), online_acts::request)),
    post("online-result", "/v1/online-purchases/{purchase}/result", SELLERS,
        "Take what the meter said at the end: its receipt is settled, its refusal is kept.",
        Body::Fields(&[SAID]), Work::Cards(Deed::One("online result"), online_acts::result)),
    post("recharge", "/v1/recharges", SELLERS,
        "Make a recharge by frames of DL/T 645 for the random that the meter's ESAM drew, and have it paid. What is outstanding for the meter is brought, and not sold again; its receipt comes as the result of the purchase.",
        Body::Fields(&[
            CUSTOMER,
            METER,
            payments::AMOUNT,
            payments::HOW,
            must("esam", Text, "number of the meter's ESAM, 16 hexadecimal digits"),
            must("random", Text, "the random it drew, 8 hexadecimal digits"),
            must("count", Number, "purchases it has taken"),
        ]),
        Work::Cards(Deed::One("recharge"), online_acts::recharge)),
    post("settle-card", "/v1/card-receipts", SELLERS,
        "Settle the receipt that is on a customer's purchase card.",
        Body::Fields(&[CARD, CHIP, LOADED, RECEIPT]), Work::Cards(Deed::One("server card read"), card_acts::settle)),
    post("sell-on-card", "/v1/card-purchases", SELLERS,
        "Settle the receipt that is on a customer's purchase card, sell for cash, and make what is loaded onto the card for the challenge it drew. What is outstanding for the meter is loaded again, or made anew for this card, and not sold again.",
        Body::Fields(&[
            CUSTOMER,
            METER,
            payments::AMOUNT,
            CARD,
            CHIP,
            must("city", Text, "the city of its card information, 8 digits"),
            must("card_state", Text, "the state of its card information: test or formal"),
            must("key_version", Number, "version of the bank's key on it"),
            must("challenge", Text, "the challenge it drew, 16 hexadecimal digits"),
            LOADED,
            RECEIPT,
        ]),
        Work::Cards(Deed::One("server card write"), card_acts::sell)),
    look("online", "/v1/online-purchases/{purchase}", &[], READERS, "The purchase of a meter that is online, as it stands.",
        Work::Look(online_acts::show)),
    look("netmeters", "/v1/netmeters", &[], &[Supervisor, Auditor], "Meters that called and are on their lines.", Work::Look(listed)),
    look("netmeter-values", "/v1/netmeters/{meter}/values", &[("items", "names of items, with commas; the usual ones when it is missing")], READERS,
        "Read a meter over its line. What an unproved line says proves nothing.", Work::Line(LineAct::Read)),
    post("netmeter-buy", "/v1/netmeters/{meter}/purchases", SELLERS,
        "Buy for a meter over its line, to the end: what is outstanding for it is brought, and not sold again.",
        Body::Fields(BUY), Work::Line(LineAct::Buy)),
    look("payments", "/v1/payments", &[("all", "true: those that wait for nothing as well")], READERS,
        "Payments through a bank that wait for something.", Work::Look(payments::list)),
    look("payment", "/v1/payments/{payment}", &[], READERS, "A payment through a bank, and what it went through.", Work::Look(payments::show)),
    post("leave", "/v1/payments/{payment}/leave", SELLERS,
        "The customer leaves: give the order up, and tell the bank until it confirms.",
        Body::Fields(&[]), Work::Book(Deed::One("bank leave"), payments::leave)),
    Route {
        name: "bank-file", method: Method::Post, path: "/v1/bank/files", roles: &[Supervisor, Bank],
        query: &[("day", "the day it is of, YYYY-MM-DD")],
        about: "Compare the bank's file of a day with the books; each difference is a finding.",
        body: Body::Csv, work: Work::Book(Deed::One("bank reconcile"), payments::reconcile),
    },
    post("clear-difference", "/v1/bank/differences/{finding}/clear", OFFICE,
        "Two people clear a difference with the bank.",
        Body::Fields(&[
            must("note", Text, "what was found out"),
            must("entry", Text, "book: the books are made to say what the bank has; none: nothing is booked"),
        ]),
        Work::Book(Deed::Two("bank clear"), payments::clear)),
    look("suspense", "/v1/suspense", &[], &[Clerk, Supervisor, Auditor],
        "What stands in suspense: for which payment or difference, how much, since when, why.", Work::Look(payments::suspense)),
    post("end-suspense", "/v1/suspense/{rest}/end", HEAD, "End what stands in suspense; two people do.",
        Body::Fields(&[
            must("to", Text, "refund: over the counter, to the customer; bank: it took it back; income: nobody's; difference: of what it gave back too much"),
            must("note", Text, "what was found out"),
        ]),
        Work::Book(Deed::Two("bank suspense-end"), payments::end_suspense)),
    look("orders", "/v1/orders", &[("customer", "customer number")], READERS,
        "The orders of a customer, oldest first.", Work::Look(acts::orders)),
    look("all-orders", "/v1/all-orders", &[("order", "the last order that is known; from the first on when it is missing")], READERS,
        "The orders of all customers, oldest first, at most 1000 at a time.", Work::Look(acts::all_orders)),
    look("order", "/v1/orders/{order}", &[], READERS, "One order.", Work::Look(acts::order)),
    look("record", "/v1/orders/{order}/sms", &[], SELLERS, "The record of an order as a record file, for its SIM.", Work::Text(acts::record)),
    post("correct", "/v1/corrections", OFFICE, "Make a customer's outstanding order of another amount, by a second order of the same purchase; two people do.",
        Body::Fields(&[CUSTOMER, METER, must("amount_fen", Fen, "the right amount")]),
        Work::Cards(Deed::Two("server correct"), acts::correct)),
    post("reverse", "/v1/reversals", OFFICE, "Take a customer's outstanding order back, by a second order of the same purchase and of nothing; two people do.",
        Body::Fields(&[CUSTOMER, METER]), Work::Cards(Deed::Two("server reverse"), acts::reverse)),
    post("reissue", "/v1/reissues", OFFICE, "Make a customer's outstanding order anew; for a replaced chip two people do.",
        Body::Fields(&[CUSTOMER, METER, may("reason", Text, "key-change or chip-replaced, when it is not the SIM or the validity")]),
        Work::Cards(Deed::Two("server reissue"), acts::reissue)),
    post("resume", "/v1/resumes", OFFICE, "Finish a customer's outstanding order whose sealing was interrupted.",
        Body::Fields(&[CUSTOMER, METER]), Work::Cards(Deed::One("server resume"), acts::resume)),
    post("void", "/v1/voids", OFFICE, "Give up a customer's outstanding order, while no PSAM can have sealed it.",
        Body::Fields(&[CUSTOMER, METER]), Work::Book(Deed::One("server void"), acts::void)),
    post("settle", "/v1/receipts", SELLERS, "Settle a receipt that came back.",
        Body::Fields(&[
            must("record", Text, "the EF_SMS record, 352 hexadecimal digits"),
            may("msisdn", Text, "the telephone number it came from"),
            may("iccid", Text, "or the number of the SIM it was on"),
            may("meter", Text, "or the number of the meter it is of"),
        ]),
        Work::Cards(Deed::One("server settle"), acts::settle)),
    post("refund", "/v1/refunds", HEAD, "Pay back what a customer paid and no meter will credit; two people do.",
        Body::Fields(&[CUSTOMER]), Work::Book(Deed::Two("server refund"), acts::refund)),
    look("findings", "/v1/findings", &[("all", "true: those that were cleared as well")], &[Supervisor, Auditor],
        "What is not as it should be and waits for somebody.", Work::Look(acts::findings)),
    post("clear", "/v1/findings/{finding}/clear", OFFICE, "Clear a finding; two people do.",
        Body::Fields(&[must("note", Text, "what was found out")]),
        Work::Book(Deed::Two("server clear"), acts::clear)),
    look("report", "/v1/report", &[], FIGURES, "Totals, trial balance, and whether the sums agree.", Work::Look(acts::report)),
    post("verify", "/v1/verify", HEAD, "Recompute the chains from the books and compare them with the PSAMs.",
        Body::Fields(&[]), Work::Cards(Deed::One("server verify"), acts::verify)),
    post("change-meter", "/v1/meter-changes", OFFICE, "Give a customer another meter; what is his in the old one goes to it. An estimate wants two people.",
        Body::Fields(&[
            CUSTOMER,
            may("old_meter", Text, "the meter before; may be missing where he has one alone"),
            must("meter", Text, "the new meter, 12 digits"),
            may("basis", Text, "read, workshop or burnt; read when it is missing"),
            must("balance_fen", Fen, "what was read in the old purse; of an estimate all that is to go to the new meter"),
            may("count", Number, "the purchase count that the old ESAM shows"),
            must("note", Text, "what there is to say about it"),
        ]),
        Work::Cards(Deed::Two("server change-meter"), functions::change_meter)),
    post("finish-change", "/v1/meter-changes/{change}/finish", OFFICE, "Correct a provisional change of a meter; two people do.",
        Body::Fields(&[
            must("balance_fen", Fen, "what the workshop read; of a burnt ESAM all that should have gone to the new meter"),
            may("count", Number, "the purchase count that the old ESAM shows"),
            must("note", Text, "what there is to say about it"),
        ]),
        Work::Cards(Deed::Two("server change-meter"), functions::finish_change)),
    post("hand-over", "/v1/hand-overs", OFFICE, "Give a meter to another customer, with what stands in its purse; two people do.",
        Body::Fields(&[
            must("meter", Text, "the meter, 12 digits"),
            must("customer", Text, "who gets it, 12 digits"),
            must("note", Text, "what there is to say about it"),
        ]),
        Work::Book(Deed::Two("server hand-over"), functions::hand_over)),
    look("hand-overs", "/v1/hand-overs", &[("customer", "customer number")], READERS,
        "Meters that changed hands, oldest first.", Work::Look(functions::hand_overs)),
    look("changes", "/v1/meter-changes", &[("customer", "customer number"), ("provisional", "true: those that nobody has confirmed")], READERS,
        "Changes of meters, oldest first.", Work::Look(functions::changes)),
    look("ageing", "/v1/ageing", &[("office", "what this office sold")], &[Clerk, Supervisor, Auditor],
        "What was sold and is not settled, by its age, with what to do about it.", Work::Look(functions::ageing)),
    post("reprint", "/v1/orders/{order}/reprints", SELLERS, "Hand out an order's record once more; copies are counted.",
        Body::Fields(&[]), Work::Book(Deed::One("server resume"), functions::reprint)),
    post("replace-sim", "/v1/sims", OFFICE, "Give a customer another SIM: two people do, or one with the receipt from the old SIM.",
        Body::Fields(&[
            CUSTOMER,
            must("msisdn", Text, "telephone number, +86 and 11 digits"),
            must("imsi", Text, "identity of the subscriber, 15 digits"),
            must("iccid", Text, "number of the SIM, 19 or 20 digits"),
            may("old_sim_record", Text, "the receipt of the last purchase, collected from the old SIM: 352 hexadecimal digits"),
        ]),
        Work::Cards(Deed::Two("server replace-sim"), functions::replace_sim)),
    post("open-drawer", "/v1/drawers", OFFICE, "Open your drawer, with what you counted in it.",
        Body::Fields(&[must("counted_fen", Fen, "what was counted")]),
        Work::Book(Deed::One("server drawer open"), functions::open_drawer)),
    post("close-drawer", "/v1/drawers/close", OFFICE, "Close your drawer: what you counted goes to the bank's cash, what it differs by is booked.",
        Body::Fields(&[must("counted_fen", Fen, "what was counted"), may("note", Text, "what there is to say about it")]),
        Work::Book(Deed::One("server drawer close"), functions::close_drawer)),
    look("psams", "/v1/psams", &[], &[Supervisor, Auditor],
        "The bank's PSAMs: which are open, what waits for each, and what is left of its limits.", Work::Look(functions::psams)),
    look("drawers", "/v1/drawers", &[("all", "true: those that are closed as well")], &[Clerk, Supervisor, Auditor],
        "Drawers that are open.", Work::Look(functions::drawers)),
    post("close-day", "/v1/closings", HEAD, "Close a day and the open ones before it: its figures are frozen.",
        Body::Fields(&[may("day", Text, "YYYY-MM-DD; today when it is missing")]),
        Work::Book(Deed::One("server close"), functions::close_day)),
    look("closings", "/v1/closings", &[], FIGURES, "Closed days, the newest first.", Work::Look(functions::closings)),
    look("recompute", "/v1/closings/verify", &[], FIGURES, "Recompute sums and closings from the ledger.", Work::Look(functions::recompute)),
    look("statistics", "/v1/statistics", STATISTICS, FIGURES, "What was done in which period, office, channel and tariff.",
        Work::Look(functions::statistics)),
    look("statistics-csv", "/v1/statistics.csv", STATISTICS, FIGURES, "The same as CSV, whose last line has its SHA-256.",
        Work::Text(functions::statistics_csv)),
    post("apply", "/v1/applications", OFFICE, "Register a customer by his application; the answer has the agreement, this once.",
        Body::Fields(&[
            CUSTOMER,
            may("meter", Text, "meter number, 12 digits; missing: he has none yet"),
            must("msisdn", Text, "telephone number, +86 and 11 digits"),
            must("imsi", Text, "identity of the subscriber, 15 digits"),
            must("imei", Text, "identity of the telephone, 15 digits"),
            must("iccid", Text, "number of the SIM, 19 or 20 digits"),
            may("name", Text, "name of the customer"),
            may("first_purchase_fen", Fen, "what is paid at registration"),
            may("paper", Text, "the kind of paper he showed"),
            may("paper_number", Text, "its number; kept enciphered"),
            may("address", Text, "his address; kept enciphered"),
            may("bill", Text, "the number on the power company's bills"),
            may("bank", Text, "a token of his bank's for his account"),
            may("scan_sha256", Text, "SHA-256 of the signed paper, 64 hexadecimal digits"),
        ]),
        Work::Book(Deed::One("server apply"), functions::apply)),
    look("customer-contract", "/v1/customers/{customer}/contract", &[], &[Clerk, Supervisor, Auditor], "All that is known of a customer, who he is among it.",
        Work::Look(functions::contract)),
    post("give-code", "/v1/codes", OFFICE, "Give a customer an authorisation code for his telephone, shown this once; the one he had ends.",
        Body::Fields(&[CUSTOMER, may("reason", Text, "why")]),
        Work::Book(Deed::One("server code new"), functions::give_code)),
    post("use-code", "/v1/codes/use", OFFICE, "Use an authorisation code up; a wrong one spends a try.",
        Body::Fields(&[
            must("slip", Text, "number of the slip, 8 hexadecimal digits"),
            must("authorisation_code", Text, "the code, 16 characters"),
        ]),
        Work::Cards(Deed::One("server code use"), functions::use_code)),
    look("phones", "/v1/customers/{customer}/phones", &[], &[Clerk, Supervisor, Auditor],
        "A customer's phones that are known, or were.", Work::Look(functions::phones)),
    post("freeze-phone", "/v1/phones/{phone}/freeze", OFFICE, "Freeze a customer's phone: it may do nothing until it is let again.",
        Body::Fields(&[must("reason", Text, "why")]), Work::Book(Deed::One("server phone freeze"), functions::freeze_phone)),
    post("thaw-phone", "/v1/phones/{phone}/thaw", OFFICE, "Let a customer's phone buy again.",
        Body::Fields(&[must("reason", Text, "why")]), Work::Book(Deed::One("server phone thaw"), functions::thaw_phone)),
    post("forget-phone", "/v1/phones/{phone}/forget", OFFICE, "Forget a customer's phone: its keys go at once, and it enrols anew or never.",
        Body::Fields(&[must("reason", Text, "why")]), Work::Book(Deed::One("server phone forget"), functions::forget_phone)),
    look("limits", "/v1/limits", &[], READERS, "The limits that hold.", Work::Look(functions::limits)),
    Route {
        name: "set-limit", method: Method::Put, path: "/v1/limits", query: &[], roles: OFFICE,
        about: "Set a limit, or take it away where no amount is named; two people do.",
        body: Body::Fields(&[
            must("scope", Text, "order, customer-day or office-day"),
            may("office", Text, "the office it holds for; every one that has none of its own when it is missing"),
            may("limit_fen", Fen, "how much"),
        ]),
        work: Work::Book(Deed::Two("server limits set"), functions::set_limit),
    },
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
