//! `gridcard server netmeter`: meters that called a running server and are on their lines.

use crate::far::Far;
use crate::output::answer;
use crate::screen::{facts, row, table};
use crate::shared::By;
use clap::{Args, Subcommand};
use parties::bank::ReceiptLine;
use parties::bank::bring::PurchaseReport;
use parties::pipe::verdict_of;
use parties::trouble::Result;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use server::BankAccount;
use service::client::Request;

/// Verbs of meters that called.
#[derive(Debug, Subcommand)]
pub enum NetMeter {
    /// Who is on which line.
    List,
    /// Read a meter over its line.
    Read(Read),
    /// Buy for a meter over its line: nobody stands there, no telephone is between.
    Buy(Buy),
}

/// Options of `netmeter read`.
#[derive(Debug, Args)]
pub struct Read {
    /// Number of the meter.
    pub meter: MeterNumber,
    /// Items by name, as in balance. Default: what a customer would look for.
    pub items: Vec<String>,
}

/// Options of `netmeter buy`.
#[derive(Debug, Args)]
pub struct Buy {
    /// Number of the meter.
    pub meter: MeterNumber,
    /// Who buys.
    #[arg(long, value_name = "NUMBER")]
    pub customer: CustomerNumber,
    /// Amount in yuan. Default: what is outstanding for the meter, which is brought and not sold again; else the first purchase of the
    /// registration.
    #[arg(long, value_name = "YUAN")]
    pub amount: Option<Fen>,
    /// The account that is debited, by the bank's token. Default: it is paid in cash.
    #[arg(long, value_name = "TOKEN")]
    pub bank_account: Option<BankAccount>,
    /// What goes between meter and server. A recharge by the field's frames opens no account.
    #[arg(long, value_enum, default_value = "session")]
    pub by: By,
}

#[derive(Serialize, Deserialize)]
struct Bought {
    purchase: PurchaseReport,
    /// None: it was settled before.
    receipt: Option<ReceiptLine>,
}

/// Runs a verb at a running server.
pub fn run(far: &Far<'_>, verb: &NetMeter) -> Result<()> {
    match verb {
        NetMeter::List => list(far),
        NetMeter::Read(options) => read(far, options),
        NetMeter::Buy(options) => buy(far, options),
    }
}

fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn list(far: &Far<'_>) -> Result<()> {
    let report: Value = far.look(&Request::to("netmeters")?)?;
    let lines = report["lines"].as_array().into_iter().flatten();
    let rows = lines.map(|line| {
        let proved = if line["proved"] == true { "yes" } else { "not yet" };
        let [meter, from, since, silent] =
            ["meter", "from", "since_s", "silent_s"].map(|name| text(line, name));
        row![meter, from, format!("{since} s"), format!("{silent} s"), text(line, "frames"), proved]
    });
    let text = table(&["meter", "from", "since", "silent for", "frames", "proved"], rows.collect());
    answer(far.call, &text, report.clone());
    Ok(())
}

fn read(far: &Far<'_>, options: &Read) -> Result<()> {
    let items = (!options.items.is_empty()).then(|| options.items.join(","));
    let report: Value =
        far.look(&Request::to("netmeter-values")?.place("meter", options.meter).query("items", items))?;
    let items = report["items"].as_array().into_iter().flatten();
    let rows = items.map(|item| {
        let value = if item["value"].is_null() { text(item, "refused") } else { text(item, "value") };
        row![text(item, "name"), value]
    });
    let mut words = table(&["item", "value"], rows.collect());
    if report["proved"] == false {
        words.push_str("\n\nno receipt came over this line yet: what it says proves nothing");
    }
    answer(far.call, &words, report.clone());
    Ok(())
}

fn buy(far: &Far<'_>, options: &Buy) -> Result<()> {
    let pay = options.bank_account.as_ref().map(|account| json!({ "bank_account": account.as_str() }));
    let request = Request::to("netmeter-buy")?.place("meter", options.meter).fields(json!({
        "customer": options.customer,
        "amount_fen": options.amount.map(|fen| fen.0),
        "pay": pay,
        "by": options.by.name(),
    }));
    let report: Bought = far.change(&request)?;
    let purchase = &report.purchase;
    let receipt = report.receipt.as_ref().map_or_else(
        || "settled before".to_owned(),
        |receipt| format!("{}: {}", receipt.result, receipt.detail),
    );
    let words = facts(&[
        ("purchase", purchase.purchase.to_string()),
        ("customer", purchase.customer.to_string()),
        ("meter", purchase.meter.to_string()),
        ("order", format!("{} of {}", purchase.order, purchase.amount_fen)),
        ("receipt", receipt),
    ]);
    answer(far.call, &words, serde_json::to_value(&report)?);
    report.receipt.as_ref().map_or(Ok(()), verdict_of)
}
