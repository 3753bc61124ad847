//! `gridcard server settings`, `meters`, `register`, `replace-sim`: what has to be there before anything is sold.

use super::pool::Pool;
use super::{bank, store};
use crate::args::Global;
use crate::clock::now;
use crate::fail::refused;
use crate::nouns::revoked;
use crate::output::{answer, say};
use crate::{audit, vouch};
use ::server::{OrderError, Roster, Sim, Terms, read_list};
use clap::Args;
use lens::facts::facts;
use parties::trouble::{Context, Result};
use scheme::numbers::CustomerNumber;
use scheme::profile::CardKind;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::path::PathBuf;

/// Options of `server settings`.
#[derive(Debug, Args)]
pub struct Settings {
    /// Telephone number that orders come from and receipts go to, in international form.
    #[arg(long, value_name = "NUMBER")]
    pub server_number: Option<String>,
    /// Number of the service centre that its messages go over, in international form.
    #[arg(long, value_name = "NUMBER")]
    pub service_centre: Option<String>,
    /// Days an order is valid.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub validity_days: Option<u16>,
    /// Seconds a meter's clock may stand before the issue of an order without being a finding.
    #[arg(long, value_name = "SECONDS")]
    pub clock_tolerance: Option<u32>,
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
    /// CSV: customer, meter, msisdn, imsi, imei, iccid, and if you like name and first_purchase.
    pub csv: PathBuf,
}

/// Options of `server replace-sim`.
#[derive(Debug, Args)]
pub struct ReplaceSim {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
    /// New telephone number.
    #[arg(long)]
    pub msisdn: String,
    /// New IMSI.
    #[arg(long)]
    pub imsi: String,
    /// New ICCID.
    #[arg(long)]
    pub iccid: String,
}

/// Options of `server revoked`.
#[derive(Debug, Args)]
pub struct RevokedList {
    /// The city's list (`revocation.json`).
    pub list: PathBuf,
}

/// Runs `server revoked`.
pub fn revoked(global: &Global, options: &RevokedList) -> Result<()> {
    let folder = bank(global)?;
    let pool = Pool::open(global, &folder)?;
    let city = pool.first()?.city;
    let cards: Vec<_> = pool.members.into_iter().map(|member| (CardKind::Psam, member.card)).collect();
    revoked::take(global, &folder, city, &options.list, &cards)
}

/// Runs `server register`.
pub fn register(global: &Global, options: &Register) -> Result<()> {
    let mut store = store(&bank(global)?)?;
    let file = File::open(&options.csv).with_context(|| format!("cannot read {}", options.csv.display()))?;
    let roster = Roster::read(file).with_context(|| format!("{}", options.csv.display()))?;
    let report = store.batch(|act| act.register(&roster))?;
    audit::fact(global, "registered", report.registered);
    let rejected: Vec<String> = report.rejected.iter().map(ToString::to_string).collect();
    let text = facts(&[
        ("registered", report.registered.to_string()),
        ("unchanged", report.unchanged.to_string()),
        ("rejected", rejected.len().to_string()),
    ]);
    answer(
        global,
        &text,
        json!({
            "registered": report.registered, "unchanged": report.unchanged, "rejected": rejected,
            "unknown_columns": report.unknown_columns,
        }),
    );
    report
        .unknown_columns
        .iter()
        .for_each(|name| say(format!("column {name:?} is not known and was left out")));
    rejected.iter().for_each(|line| say(format!("rejected: {line}")));
    if rejected.is_empty() {
        Ok(())
    } else {
        Err(refused(format!("{} line(s) were rejected", rejected.len())).into())
    }
}

/// Runs `server replace-sim`.
pub fn replace_sim(global: &Global, options: &ReplaceSim) -> Result<()> {
    let mut store = store(&bank(global)?)?;
    let sim = Sim {
        msisdn: options.msisdn.parse().context("--msisdn")?,
        imsi: options.imsi.parse().context("--imsi")?,
        iccid: options.iccid.parse().context("--iccid")?,
    };
    let replaced = store.batch(|act| act.replace_sim(options.customer, &sim))?;
    let outstanding = replaced.outstanding.map(|id| id.to_string());
    audit::fact(global, "customer", options.customer);
    audit::fact(global, "iccid", &options.iccid);
    let text = format!("customer {} has SIM {} now", options.customer, options.iccid);
    answer(
        global,
        &text,
        json!({ "customer": options.customer.to_string(), "iccid": options.iccid, "outstanding": outstanding }),
    );
    if let Some(id) = outstanding {
        say(format!(
            "order {id} was made for the old SIM: `gridcard server reissue --customer {}` makes it anew",
            options.customer
        ));
    }
    Ok(())
}

/// Runs `server settings`: changes what is named, and shows all.
pub fn settings(global: &Global, options: &Settings) -> Result<()> {
    let mut store = store(&bank(global)?)?;
    let known = store.read(|view| view.terms())?;
    let named = |given: &Option<String>, known: Option<&String>| given.clone().or_else(|| known.cloned());
    let server_number = named(&options.server_number, known.as_ref().map(|terms| &terms.server_number));
    let service_centre = named(&options.service_centre, known.as_ref().map(|terms| &terms.service_centre));
    let (Some(server_number), Some(service_centre)) = (server_number, service_centre) else {
        return Err(OrderError::NoTerms.into());
    };
    let mut terms = Terms::new(&server_number, &service_centre)?;
    let usual = (terms.validity_days, terms.clock_tolerance_s);
    let (days, tolerance) = known.map_or(usual, |known| (known.validity_days, known.clock_tolerance_s));
    terms.validity_days = options.validity_days.unwrap_or(days);
    terms.clock_tolerance_s = options.clock_tolerance.unwrap_or(tolerance);
    store.batch(|act| act.set_terms(&terms))?;
    let text = facts(&[
        ("server's number", format!("+{}", terms.server_number)),
        ("service centre", format!("+{}", terms.service_centre)),
        ("orders are valid for", format!("{} days", terms.validity_days)),
        ("clock tolerance", format!("{} s", terms.clock_tolerance_s)),
    ]);
    answer(
        global,
        &text,
        json!({
            "server_number": terms.server_number, "service_centre": terms.service_centre,
            "validity_days": terms.validity_days, "clock_tolerance_s": terms.clock_tolerance_s,
        }),
    );
    Ok(())
}

/// Runs `server meters`.
pub fn meters(global: &Global, options: &Meters) -> Result<()> {
    let mut store = store(&bank(global)?)?;
    let text =
        std::fs::read(&options.list).with_context(|| format!("cannot read {}", options.list.display()))?;
    let (esams, log) = read_list(&text).with_context(|| options.list.display().to_string())?;
    let at = now(global)?;
    let taken = store.batch(|act| act.take_meters(&esams, at))?;
    let hash = hex::encode(Sha256::digest(&text));
    audit::fact(global, "sha256", &hash);
    if let Some(log) = &log {
        vouch::received(global, log);
    }
    let text = facts(&[
        ("new", taken.new.to_string()),
        ("changed", taken.changed.to_string()),
        ("unchanged", taken.unchanged.to_string()),
        ("SHA-256 of the list", hash.clone()),
    ]);
    answer(
        global,
        &text,
        json!({ "new": taken.new, "changed": taken.changed, "unchanged": taken.unchanged, "sha256": hash }),
    );
    Ok(())
}
