//! `gridcard server apply`, `customer`, `code`, `limits`: contracts, and what may be sold.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{facts, say, table};
use clap::{Args, Subcommand, ValueEnum};
use keys::Zeroizing;
use parties::Deed;
use parties::bank::look::{CustomerReport, Whose};
use parties::bank::{
    self, ApplyReport, ApplyRequest, CodeReport, CodeUsed, ContractReport, Desk, LimitsReport, Person,
};
use parties::secret::SecretFrom;
use parties::trouble::{Context, Result};
use parties::words::yuan;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use std::path::PathBuf;

/// Options of `server apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// Customer number, 12 digits.
    #[arg(long)]
    pub customer: String,
    /// Meter number, 12 digits. Default: he has none yet.
    #[arg(long, default_value = server::roster::NO_METER, hide_default_value = true)]
    pub meter: String,
    /// Telephone number, as +8613900000001.
    #[arg(long)]
    pub msisdn: String,
    /// Identity of the subscriber, 15 digits.
    #[arg(long)]
    pub imsi: String,
    /// Identity of the telephone, 15 digits.
    #[arg(long)]
    pub imei: String,
    /// Number of the SIM, 19 or 20 characters.
    #[arg(long)]
    pub iccid: String,
    /// Name of the customer.
    #[arg(long)]
    pub name: Option<String>,
    /// What is paid at registration, in yuan.
    #[arg(long)]
    pub first_purchase: Option<Fen>,
    /// The kind of paper he showed.
    #[arg(long)]
    pub paper: Option<String>,
    /// Its number; the books keep it enciphered.
    #[arg(long)]
    pub paper_number: Option<String>,
    /// His address; the books keep it enciphered.
    #[arg(long)]
    pub address: Option<String>,
    /// The number on the power company's bills.
    #[arg(long)]
    pub bill: Option<String>,
    /// A token of his bank's for his account; never the account's number.
    #[arg(long)]
    pub bank: Option<String>,
    /// SHA-256 of the signed paper, scanned.
    #[arg(long, value_name = "SHA-256")]
    pub scan: Option<String>,
}

/// Options of `server customer`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Customer {
    /// By his number.
    #[arg(long)]
    pub customer: Option<CustomerNumber>,
    /// By his meter.
    #[arg(long)]
    pub meter: Option<MeterNumber>,
    /// By his telephone number.
    #[arg(long)]
    pub msisdn: Option<String>,
    /// By the number on his bills.
    #[arg(long)]
    pub bill: Option<String>,
}

/// Verbs of authorisation codes.
#[derive(Debug, Subcommand)]
pub enum Code {
    /// Give a customer a code for his telephone, shown this once; the one he had ends. So is unlocked who tried one too often.
    New(NewCode),
    /// Use a code up.
    Use(UseCode),
}

/// Options of `code new`.
#[derive(Debug, Args)]
pub struct NewCode {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
    /// Why; the books keep it.
    #[arg(long, default_value = "registration")]
    pub reason: String,
}

/// Options of `code use`.
#[derive(Debug, Args)]
pub struct UseCode {
    /// Number of the slip, 8 hexadecimal digits.
    #[arg(long)]
    pub slip: String,
    /// File with the code; otherwise it is asked for.
    #[arg(long, value_name = "FILE")]
    pub code_file: Option<PathBuf>,
}

impl Code {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Code::New(_) => Deed::One("server code new"),
            Code::Use(_) => Deed::One("server code use"),
        }
    }
}

/// Verbs of limits.
#[derive(Debug, Subcommand)]
pub enum Limits {
    /// The limits that hold.
    Show,
    /// Set a limit, or take it away; two people do.
    Set(SetLimit),
}

/// Options of `limits set`.
#[derive(Debug, Args)]
pub struct SetLimit {
    /// Of what.
    #[arg(long, value_enum)]
    pub of: Scope,
    /// The office it holds for. Default: every office that has none of its own.
    #[arg(long, default_value = "")]
    pub office: String,
    /// How much, in yuan.
    #[arg(long, required_unless_present = "none")]
    pub amount: Option<Fen>,
    /// No limit any more.
    #[arg(long, conflicts_with = "amount")]
    pub none: bool,
}

/// What a limit is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// One order.
    Order,
    /// All that one customer buys in a day.
    CustomerDay,
    /// All that one office sells in a day.
    OfficeDay,
}

impl From<Scope> for server::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Order => server::Scope::Order,
            Scope::CustomerDay => server::Scope::CustomerDay,
            Scope::OfficeDay => server::Scope::OfficeDay,
        }
    }
}

impl Limits {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Limits::Show => Deed::Look,
            Limits::Set(_) => Deed::Two("server limits set"),
        }
    }
}

impl Apply {
    /// The columns of the registration.
    pub fn registration(&self) -> Vec<(&'static str, String)> {
        let mut columns = vec![
            ("customer", self.customer.clone()),
            ("meter", self.meter.clone()),
            ("msisdn", self.msisdn.clone()),
            ("imsi", self.imsi.clone()),
            ("imei", self.imei.clone()),
            ("iccid", self.iccid.clone()),
        ];
        columns.extend(self.name.clone().map(|name| ("name", name)));
        columns
    }
}

/// Runs `server apply`.
pub fn apply(call: &Call, options: &Apply) -> Result<()> {
    let request = ApplyRequest {
        registration: options.registration(),
        first_purchase: options.first_purchase,
        person: Person {
            paper: options.paper.clone(),
            paper_number: options.paper_number.clone(),
            address: options.address.clone(),
        },
        bill: options.bill.clone(),
        bank: options.bank.clone(),
        scan: options.scan.clone(),
    };
    tell_applied(call, &Desk::open(call)?.together(|desk| bank::apply(call, desk, &request))?);
    Ok(())
}

/// Tells of an application, with the agreement.
pub fn tell_applied(call: &Call, report: &ApplyReport) {
    answer(call, report.agreement.trim_end(), report);
    for doubt in &report.doubtful {
        say(format!("registered all the same: {doubt}"));
    }
    say(format!("application {}: print the agreement and let the customer sign it", report.application));
}

/// Runs `server customer`.
pub fn customer(call: &Call, options: &Customer) -> Result<()> {
    tell_customer(call, &bank::contract(call, &Desk::open(call)?, &options.whose()?)?);
    Ok(())
}

impl Customer {
    /// By what he is named.
    pub fn whose(&self) -> Result<Whose> {
        Ok(match self {
            Customer { customer: Some(customer), .. } => Whose::Customer(*customer),
            Customer { meter: Some(meter), .. } => Whose::Meter(*meter),
            Customer { msisdn: Some(msisdn), .. } => Whose::Phone(msisdn.parse().context("--msisdn")?),
            Customer { bill, .. } => Whose::Bill(bill.clone().unwrap_or_default()),
        })
    }
}

fn of_meters(known: &CustomerReport) -> String {
    let all: Vec<String> = known.holds.iter().map(|held| held.meter.to_string()).collect();
    if all.is_empty() { "-".to_owned() } else { all.join(", ") }
}

/// Tells all that is known of a customer.
pub fn tell_customer(call: &Call, report: &ContractReport) {
    let known = &report.registration;
    let person = report.person.clone().unwrap_or_default();
    let dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let mut lines = vec![
        ("customer", known.customer.to_string()),
        ("name", dash(known.name.clone())),
        ("meter", of_meters(known)),
        ("telephone", known.msisdn.to_string()),
        ("SIM", known.iccid.to_string()),
        ("bill number", dash(report.bill.clone())),
        (
            "paper",
            dash(person.paper.zip(person.paper_number).map(|(kind, number)| format!("{kind} {number}"))),
        ),
        ("address", dash(person.address)),
    ];
    for held in report.meters.iter().filter(|held| held.until.is_some()) {
        let until = held.until.map(|until| until.to_string()).unwrap_or_default();
        lines.push(("had meter", format!("{} until {until}", held.meter)));
    }
    for held in &known.holds {
        let Some(order) = &held.outstanding else { continue };
        let which = if known.holds.len() > 1 { format!(" for meter {}", held.meter) } else { String::new() };
        lines.push(("outstanding", format!("{}, order {}{which}", order.amount_fen, order.order)));
    }
    if let Some(code) = &report.authorisation {
        let stands = code
            .ended
            .clone()
            .unwrap_or_else(|| format!("good until {}, {} tries", code.expires, code.tries));
        lines.push(("authorisation code", format!("slip {}: {stands}", code.slip)));
    }
    answer(call, &facts(&lines), report);
}

/// Runs a verb of authorisation codes.
pub fn code(call: &Call, verb: &Code) -> Result<()> {
    let mut desk = Desk::open(call)?;
    match verb {
        Code::New(options) => {
            tell_code(call, &bank::give_code(call, &mut desk, options.customer, &options.reason)?);
        }
        Code::Use(options) => {
            let code = options.code(call)?;
            tell_used(call, &bank::use_code(call, &mut desk, &options.slip, &code)?);
        }
    }
    Ok(())
}

impl UseCode {
    /// The code, from its file or from whoever is asked.
    pub fn code(&self, call: &Call) -> Result<Zeroizing<String>> {
        parties::secret::text(call, SecretFrom::from(self.code_file.clone()), "authorisation code")
    }
}

/// Tells of a code that was given, with the code.
pub fn tell_code(call: &Call, report: &CodeReport) {
    let text = facts(&[
        ("slip", report.slip.clone()),
        ("customer", report.customer.to_string()),
        ("telephone", report.msisdn.clone()),
        ("code", report.authorisation_code.clone()),
        ("good until", format!("{}, {} tries", report.expires, report.tries)),
        ("server's key", report.server_key.clone()),
    ]);
    answer(call, &text, report);
}

/// Tells of a code that was used.
pub fn tell_used(call: &Call, report: &CodeUsed) {
    answer(call, &format!("slip {} of customer {} is used", report.slip, report.customer), report);
}

/// Runs a verb of limits.
pub fn limits(call: &Call, verb: &Limits) -> Result<()> {
    let mut desk = Desk::open(call)?;
    let report = match verb {
        Limits::Show => bank::limits(call, &desk)?,
        Limits::Set(options) => {
            let (scope, office) = (options.of.into(), options.office.as_str());
            let amount = options.amount.filter(|_| !options.none);
            let Some(report) = bank::set_limit(call, &mut desk, scope, office, amount)? else {
                return Ok(());
            };
            report
        }
    };
    tell_limits(call, &report);
    Ok(())
}

/// Tells the limits that hold.
pub fn tell_limits(call: &Call, report: &LimitsReport) {
    if report.limits.is_empty() {
        answer(call, "there are no limits", report);
        return;
    }
    let rows = report.limits.iter().map(|limit| {
        vec![
            limit.scope.to_string(),
            limit.office.clone(),
            yuan(limit.limit_fen.0.into()),
            limit.set.to_string(),
            format!("{} and {}", limit.by, limit.second),
        ]
    });
    answer(call, &table(&["of", "office", "limit", "set", "by"], rows.collect()), report);
}
