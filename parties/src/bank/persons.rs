//! What is known of one customer: written out for him, and taken out of the books.

use super::desk::Desk;
use super::look::{self, Whose};
use super::online::PurchaseReport;
use super::payment::PaymentLine;
use super::phones;
use super::selling::two_people;
use crate::home;
use crate::log;
use crate::log::reading::{self, Which as Log};
use crate::session::Session;
use crate::trouble::Result;
use office::audit::{Ending, LOG};
use scheme::moment::Moment;
use scheme::names;
use scheme::numbers::CustomerNumber;
use serde::Serialize;
use serde_json::{Value, json};
use server::{Cleared, KeptSim, Named, Which};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// What was written out.
#[derive(Debug, Clone, Serialize)]
pub struct ExportReport {
    /// Whose it is.
    pub customer: CustomerNumber,
    /// The file.
    pub file: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
}

/// What was taken out.
#[derive(Debug, Clone, Serialize)]
pub struct EraseReport {
    /// Whose it was.
    pub customer: CustomerNumber,
    /// When.
    #[serde(with = "names::text")]
    pub at: Moment,
    /// By whom.
    pub by: String,
    /// The second person.
    pub second: String,
}

/// Writes everything that is known of a customer into a file.
///
/// # Errors
/// Nobody has this number; what is kept of him was changed; the file cannot be written.
pub fn export(session: &Session, desk: &Desk, customer: CustomerNumber, out: &Path) -> Result<ExportReport> {
    let folder = desk.folder(session)?;
    let books = desk.books();
    let known = super::contract(session, desk, &Whose::Customer(customer))?;
    let bank = books.contract_of(customer)?.bank;
    let payments: Vec<Value> = books
        .payments(Which::Of(customer))?
        .into_iter()
        .map(|payment| {
            let account = masked(payment.account.as_str());
            json!({ "account": account, "payment": PaymentLine::of(payment) })
        })
        .collect();
    let online: Vec<Value> = books
        .online_of(customer)?
        .iter()
        .map(|purchase| {
            let account = purchase.account.as_ref().map(|account| masked(account.as_str()));
            json!({ "account": account, "purchase": PurchaseReport::of(purchase) })
        })
        .collect();
    let applications = books.applications_of(customer)?.into_iter().map(|one| {
        json!({ "application": one.id, "at": one.at.to_string(), "office": one.office, "form": one.form })
    });
    let meters = super::known(books, customer)?.meters.into_iter().map(|held| Some(held.meter));
    let mut about = Vec::new();
    for meter in meters.chain([None]) {
        for one in books.contracts_about(customer, meter)? {
            if !about.contains(&one) {
                about.push(one);
            }
        }
    }
    let told = about.into_iter().map(|one| {
        json!({
            "contract": one.contract, "meter": one.meter, "tariff": one.tariff, "begins": one.begins.to_string(),
            "ends": one.ends.map(|ends| ends.to_string()),
        })
    });
    let erased = books.erasure_of(customer)?.map(|erasure| erasure.at.to_string());
    let value = json!({
        "format": "gridcard person 1",
        "made": session.now()?.to_string(),
        "erased": erased,
        "known": known,
        "office": books.office_of(&Named::Customer(customer))?,
        "bank": bank.as_deref().map(masked),
        "sims": books.sims_of(customer)?.iter().map(sim).collect::<Vec<_>>(),
        "applications": applications.collect::<Vec<_>>(),
        "contracts": told.collect::<Vec<_>>(),
        "orders": look::orders_of(session, desk, customer)?,
        "payments": payments,
        "online_purchases": online,
        "phones": phones::list(session, desk, customer)?.phones,
        "statement": super::statement(session, desk, customer)?,
        "acts": acts(&folder, customer)?,
    });
    let text = format!("{value:#}\n");
    home::write(out, text.as_bytes())?;
    let sha256 = hex::encode(Sha256::digest(&text));
    log::fact(session, "customer", customer);
    log::fact(session, "sha256", &sha256);
    Ok(ExportReport { customer, file: out.to_owned(), sha256 })
}

fn sim(kept: &KeptSim) -> Value {
    json!({
        "msisdn": kept.sim.msisdn.to_string(), "imsi": kept.sim.imsi.to_string(), "iccid": kept.sim.iccid.to_string(),
        "current": kept.current, "since": kept.since.map(|since| since.to_string()),
    })
}

/// A bank's token of an account: enough to tell one from another, not to debit it.
fn masked(token: &str) -> String {
    let shown = if token.len() > 8 { token.get(token.len() - 2..).unwrap_or_default() } else { "" };
    format!("****{shown}")
}

/// The lines of the log that name him.
fn acts(folder: &Path, customer: CustomerNumber) -> Result<Vec<Value>> {
    if !folder.join(LOG).exists() {
        return Ok(Vec::new());
    }
    let number = customer.to_string();
    let about = |value: &String| value.split([' ', ',']).any(|word| word == number);
    let found = reading::show(&Log::Own(folder.to_owned()), usize::MAX)?;
    let theirs = found.entries.iter().filter(|entry| entry.facts.values().any(about));
    theirs
        .map(|entry| {
            let outcome = if matches!(entry.outcome, Ending::Done) { "done" } else { "refused" };
            let act = serde_json::to_value(&entry.act)?;
            Ok(json!({ "no": entry.no, "at": entry.at, "who": entry.who, "act": act, "outcome": outcome }))
        })
        .collect()
}

/// Takes out what is known of a customer, which two people do: his number, his orders and the ledger stay. `None`: a request for
/// the second person was written in its place.
///
/// # Errors
/// Something is outstanding or waits, a contract runs, one person alone.
pub fn erase(
    session: &Session,
    desk: &mut Desk,
    customer: CustomerNumber,
    note: &str,
) -> Result<Option<EraseReport>> {
    let folder = desk.folder(session)?;
    super::known(desk.books(), customer)?;
    let act = "taking out what is known of a customer";
    let Some(two) = two_people(session, &folder, desk.books(), act)? else { return Ok(None) };
    let (by, second) = (two.first.to_string(), Some(two.second()));
    let erased = Cleared { at: session.now()?, by, second, note: note.to_owned() };
    let done = desk.books_mut().erase(customer, &erased)?;
    log::fact(session, "customer", customer);
    log::second(session, &done.second);
    Ok(Some(EraseReport { customer, at: done.at, by: done.by, second: done.second }))
}
