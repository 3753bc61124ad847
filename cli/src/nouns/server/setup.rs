//! `gridcard server settings`, `meters`, `register`, `replace-sim`, `revoked`: what has to be there before anything is sold.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{facts, say};
use crate::shared::Pin;
use clap::Args;
use parties::bank::{
    self, Desk, MetersReport, RegisterReport, ReplaceSimReport, ReplaceSimRequest, SettingsReport,
    SettingsRequest,
};
use parties::trouble::{Context, Result};
use scheme::numbers::CustomerNumber;
use server::Sim;
use std::path::PathBuf;

/// Options of `server settings`.
#[derive(Debug, Args)]
pub struct Settings {
    /// Telephone number that orders come from and receipts go to, as +8657495598.
    #[arg(long, value_name = "NUMBER")]
    pub server_number: Option<String>,
    /// Number of the service centre that its messages go over, as +8613800574500.
    #[arg(long, value_name = "NUMBER")]
    pub service_centre: Option<String>,
    /// Days an order is valid.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub validity_days: Option<u16>,
    /// Seconds a meter's clock may stand before the issue of an order without being a finding.
    #[arg(long, value_name = "SECONDS")]
    pub clock_tolerance: Option<u32>,
    /// The office that this bank's folder stands in, in words: what is sold with it counts for it.
    #[arg(long)]
    pub office: Option<String>,
    /// Make new books ones to learn with, for good: test meters alone, no account of a bank, every page says so.
    #[arg(long)]
    pub training: bool,
}

impl Settings {
    /// Whether nothing is set, and what is set already is shown.
    pub const fn shows(&self) -> bool {
        self.server_number.is_none()
            && self.service_centre.is_none()
            && self.validity_days.is_none()
            && self.clock_tolerance.is_none()
            && self.office.is_none()
            && !self.training
    }
}

/// Options of `server meters`.
#[derive(Debug, Args)]
pub struct Meters {
    /// The list, as `gridcard city delivery` writes it.
    pub list: PathBuf,
}

/// Options of `server register`.
#[derive(Debug, Args)]
pub struct Register {
    /// CSV: customer, meter (`-`: none yet), msisdn, imsi, imei, iccid, and if you like name and first_purchase. Commas, semicolons or tabs, UTF-8
    /// or UTF-16. A customer who is known and another meter: he has that one as well.
    pub csv: PathBuf,
    /// The office whose customers they are, as its keys have it. Default: the head office.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub office: String,
}

/// Options of `server replace-sim`.
#[derive(Debug, Args)]
pub struct ReplaceSim {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
    /// New telephone number, as +8613900000001; +86 is put before a Chinese mobile number.
    #[arg(long)]
    pub msisdn: String,
    /// New IMSI, 15 digits.
    #[arg(long)]
    pub imsi: String,
    /// New ICCID: 19 or 20 characters, 0 to 9 and A to F.
    #[arg(long)]
    pub iccid: String,
    /// Record file with the receipt of the last purchase, collected from the old SIM: then one person does it.
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// The PSAM's PIN, for a receipt that is not settled yet.
    #[command(flatten)]
    pub pin: Pin,
}

/// Options of `server revoked`.
#[derive(Debug, Args)]
pub struct RevokedList {
    /// The city's list (`revocation.json`).
    pub list: PathBuf,
}

/// Runs `server revoked`.
pub fn revoked(call: &Call, options: &RevokedList) -> Result<()> {
    let report = bank::revoked(call, &options.list)?;
    let text = format!(
        "list {} of {}: {} card(s) revoked; {} card(s) here believe it",
        report.list_number,
        report.date,
        report.revoked.len(),
        report.believed
    );
    answer(call, &text, &report);
    Ok(())
}

/// Most doubts that are told one by one.
const DOUBTS: usize = 10;

/// Runs `server register`.
pub fn register(call: &Call, options: &Register) -> Result<()> {
    tell_registered(call, &bank::register(call, &mut Desk::open(call)?, &options.csv, &options.office)?)
}

/// Tells what became of a registration file.
pub fn tell_registered(call: &Call, report: &RegisterReport) -> Result<()> {
    let text = facts(&[
        ("registered", report.registered.to_string()),
        ("unchanged", report.unchanged.to_string()),
        ("rejected", report.rejected.len().to_string()),
    ]);
    answer(call, &text, report);
    if report.added > 0 {
        say(format!("{} further meter(s) of customers who were known before", report.added));
    }
    for name in &report.unknown_columns {
        say(format!("column {name:?} is not known and was left out"));
    }
    for line in &report.rejected {
        say(format!("rejected: {line}"));
    }
    for line in report.doubtful.iter().take(DOUBTS) {
        say(format!("registered all the same: {line}"));
    }
    if let Some(more @ 1..) = report.doubtful.len().checked_sub(DOUBTS) {
        say(format!("and {more} more such line(s)"));
    }
    report.verdict()
}

/// Runs `server replace-sim`.
pub fn replace_sim(call: &Call, options: &ReplaceSim) -> Result<()> {
    let (customer, sim) = (options.customer, options.sim()?);
    let request =
        ReplaceSimRequest { customer, sim, receipt: options.receipt.clone(), pin: options.pin.get() };
    if let Some(report) = bank::replace_sim(call, &mut Desk::open(call)?, &request)? {
        tell_replaced(call, &report);
    }
    Ok(())
}

impl ReplaceSim {
    /// The new SIM.
    pub fn sim(&self) -> Result<Sim> {
        Ok(Sim {
            msisdn: self.msisdn.parse().context("--msisdn")?,
            imsi: self.imsi.parse().context("--imsi")?,
            iccid: self.iccid.parse().context("--iccid")?,
        })
    }
}

/// Tells of a SIM that was replaced.
pub fn tell_replaced(call: &Call, report: &ReplaceSimReport) {
    let customer = report.customer;
    answer(call, &format!("customer {customer} has SIM {} now", report.iccid), report);
    if let Some(doubt) = &report.doubt {
        say(format!("ICCID {} {doubt}", report.iccid));
    }
    if let Some(id) = report.outstanding {
        say(format!(
            "order {id} was made for the old SIM: `gridcard server reissue --customer {customer}` makes it anew"
        ));
    }
    for id in &report.also_outstanding {
        say(format!("so was order {id}, for another meter of his: each is made anew with --meter"));
    }
}

/// Runs `server settings`: changes what is named, and shows all.
pub fn settings(call: &Call, options: &Settings) -> Result<()> {
    let request = SettingsRequest {
        server_number: options.server_number.clone(),
        service_centre: options.service_centre.clone(),
        validity_days: options.validity_days,
        clock_tolerance_s: options.clock_tolerance,
        office: options.office.clone(),
        training: options.training,
    };
    tell_settings(call, &bank::settings(call, &mut Desk::open(call)?, &request)?);
    Ok(())
}

/// Tells the bank's numbers and times.
pub fn tell_settings(call: &Call, report: &SettingsReport) {
    let mut rows = vec![
        ("server's number", format!("+{}", report.server_number)),
        ("service centre", format!("+{}", report.service_centre)),
        ("orders are valid for", format!("{} days", report.validity_days)),
        ("clock tolerance", format!("{} s", report.clock_tolerance_s)),
    ];
    if report.training {
        rows.push(("books", "for training: nothing in them is money".into()));
    }
    let text = facts(&rows);
    answer(call, &text, report);
}

/// Runs `server meters`.
pub fn meters(call: &Call, options: &Meters) -> Result<()> {
    tell_meters(call, &bank::meters(call, &mut Desk::open(call)?, &options.list)?);
    Ok(())
}

/// Tells what a delivery list changed.
pub fn tell_meters(call: &Call, report: &MetersReport) {
    let text = facts(&[
        ("new", report.new.to_string()),
        ("changed", report.changed.to_string()),
        ("unchanged", report.unchanged.to_string()),
        ("SHA-256 of the list", report.sha256.clone()),
    ]);
    answer(call, &text, report);
}
