//! What has to be there before anything is sold: the bank's own numbers, meters, customers, lists of revoked cards.

use super::desk::Desk;
use super::offices::must_be_office;
use super::pool::Pool;
use super::server_signing::must_be_certified;
use super::{folder, office};
use crate::revoked::TakeReport;
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use crate::{log, revoked as lists, vouch};
use scheme::profile::CardKind;
use scheme::subscription::PhoneNumber;
use serde::{Deserialize, Serialize};
use server::{OrderError, Roster, Terms, read_list};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What is to change of the bank's numbers and times.
#[derive(Debug, Clone, Default)]
pub struct SettingsRequest {
    /// Telephone number that orders come from and receipts go to, as a person writes it.
    pub server_number: Option<String>,
    /// Number of the service centre that its messages go over, likewise.
    pub service_centre: Option<String>,
    /// Days an order is valid.
    pub validity_days: Option<u16>,
    /// Seconds a meter's clock may stand before the issue of an order without being a finding.
    pub clock_tolerance_s: Option<u32>,
    /// The office that this bank's folder stands in.
    pub office: Option<String>,
    /// The books are to learn with, from now on and for good.
    pub training: bool,
}

/// The bank's numbers and times.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SettingsReport {
    /// Telephone number that orders come from, without the plus sign.
    pub server_number: String,
    /// Number of the service centre, without the plus sign.
    pub service_centre: String,
    /// Days an order is valid.
    pub validity_days: u16,
    /// Seconds a meter's clock may stand before the issue of an order without being a finding.
    pub clock_tolerance_s: u32,
    /// The books are to learn with.
    #[serde(default)]
    pub training: bool,
}

impl SettingsReport {
    fn of(terms: Terms, training: bool) -> Self {
        let Terms { server_number, service_centre, validity_days, clock_tolerance_s } = terms;
        let digits = |number: PhoneNumber| number.digits().to_owned();
        let (server_number, service_centre) = (digits(server_number), digits(service_centre));
        SettingsReport { server_number, service_centre, validity_days, clock_tolerance_s, training }
    }
}

/// What a delivery list changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MetersReport {
    /// Chips not known before.
    pub new: usize,
    /// Chips of which something else was known.
    pub changed: usize,
    /// Chips of which nothing changed.
    pub unchanged: usize,
    /// SHA-256 of the list.
    pub sha256: String,
}

/// What became of a registration file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RegisterReport {
    /// Lines newly registered.
    pub registered: usize,
    /// Of these, further meters of customers who were known before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub added: usize,
    /// Lines that were registered before, word for word.
    pub unchanged: usize,
    /// Lines that were not taken, in words.
    pub rejected: Vec<String>,
    /// Good lines against whose ICCID something speaks, in words.
    pub doubtful: Vec<String>,
    /// Columns that were skipped because nobody knows them.
    pub unknown_columns: Vec<String>,
}

/// Whether there is nothing to say of a count.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl RegisterReport {
    /// Whether the one registration that was asked for was taken.
    ///
    /// # Errors
    /// Why it was not.
    pub fn must_be_taken(&self) -> Result<()> {
        match self.rejected.first() {
            Some(why) => Err(refused(why.clone()).code("registration-rejected").into()),
            None => Ok(()),
        }
    }

    /// Whether every line was taken.
    ///
    /// # Errors
    /// How many were not.
    pub fn verdict(&self) -> Result<()> {
        if self.rejected.is_empty() {
            Ok(())
        } else {
            Err(refused(format!("{} line(s) were rejected", self.rejected.len())).into())
        }
    }
}

/// The most days an order may be valid for.
const VALIDITY_MAX: u16 = 3650;

/// Changes what is named of the bank's numbers and times, and shows all.
///
/// # Errors
/// Numbers that are none, or that were never said.
pub fn settings(session: &Session, desk: &mut Desk, request: &SettingsRequest) -> Result<SettingsReport> {
    let folder = desk.folder(session)?;
    if let Some(office) = &request.office {
        office::name(&folder, office)?;
        log::fact(session, "office", office);
    }
    let books = desk.books_mut();
    let known_before = books.terms()?;
    let known = known_before.clone();
    let named = |given: &Option<String>, known: Option<&PhoneNumber>| {
        given.clone().or_else(|| known.map(|known| known.as_str().to_owned()))
    };
    let server_number = named(&request.server_number, known.as_ref().map(|terms| &terms.server_number));
    let service_centre = named(&request.service_centre, known.as_ref().map(|terms| &terms.service_centre));
    let (Some(server_number), Some(service_centre)) = (server_number, service_centre) else {
        return Err(OrderError::NoTerms.into());
    };
    if request.validity_days.is_some_and(|days| !(1..=VALIDITY_MAX).contains(&days)) {
        return Err(refused(format!("an order is valid for 1 to {VALIDITY_MAX} days")).into());
    }
    let mut terms = Terms::new(&server_number, &service_centre)?;
    let usual = (terms.validity_days, terms.clock_tolerance_s);
    let (days, tolerance) = known.map_or(usual, |known| (known.validity_days, known.clock_tolerance_s));
    terms.validity_days = request.validity_days.unwrap_or(days);
    terms.clock_tolerance_s = request.clock_tolerance_s.unwrap_or(tolerance);
    if request.training {
        log::fact(session, "training", true);
        books.begin_training()?;
    }
    // Who names nothing only looks.
    if known_before.as_ref() != Some(&terms) {
        books.set_terms(&terms)?;
    }
    Ok(SettingsReport::of(terms, books.is_training()?))
}

/// The bank's numbers and times as they are.
///
/// # Errors
/// They were never said.
pub fn settings_now(session: &Session, desk: &Desk) -> Result<SettingsReport> {
    desk.folder(session)?;
    let terms = desk.books().terms()?.ok_or(OrderError::NoTerms)?;
    Ok(SettingsReport::of(terms, desk.books().is_training()?))
}

/// Takes a city's delivery list: which ESAM is in which meter, its keys, its ceiling.
///
/// # Errors
/// It cannot be read, or is none; nothing of it is taken then.
pub fn meters(session: &Session, desk: &mut Desk, list: &Path) -> Result<MetersReport> {
    desk.folder(session)?;
    let text = std::fs::read(list).with_context(|| format!("cannot read {}", list.display()))?;
    take_list(session, desk, &text).with_context(|| list.display().to_string())
}

/// As [`meters`], of a list that is no file.
///
/// # Errors
/// As [`meters`].
pub fn take_list(session: &Session, desk: &mut Desk, list: &[u8]) -> Result<MetersReport> {
    let folder = desk.folder(session)?;
    let (esams, log) = read_list(list)?;
    must_be_certified(&folder, &esams)?;
    let at = session.now()?;
    let taken = desk.books_mut().take_meters(&esams, at)?;
    let sha256 = hex::encode(Sha256::digest(list));
    log::fact(session, "sha256", &sha256);
    if let Some(log) = &log {
        vouch::received(session, log);
    }
    Ok(MetersReport { new: taken.new, changed: taken.changed, unchanged: taken.unchanged, sha256 })
}

/// Registers the customers of a CSV, as those of an office; `""` is the head office.
///
/// # Errors
/// It cannot be read, or has not the columns. Lines that are not taken are told in the report ([`RegisterReport::verdict`]).
pub fn register(session: &Session, desk: &mut Desk, csv: &Path, office: &str) -> Result<RegisterReport> {
    desk.folder(session)?;
    must_be_office(office)?;
    let file = File::open(csv).with_context(|| format!("cannot read {}", csv.display()))?;
    register_from(session, desk, file, office).with_context(|| format!("{}", csv.display()))
}

/// As [`register`], of a table that is no file. An office is told nothing of the customers of another; the head office sees all.
///
/// # Errors
/// As [`register`].
pub fn register_from(
    session: &Session,
    desk: &mut Desk,
    table: impl Read,
    office: &str,
) -> Result<RegisterReport> {
    desk.folder(session)?;
    let at = session.now()?;
    let mut roster = Roster::read(table)?.dated(at);
    office.clone_into(&mut roster.office);
    let report = desk.books_mut().register(roster)?;
    log::fact(session, "registered", report.registered);
    Ok(RegisterReport {
        registered: report.registered,
        added: report.added,
        unchanged: report.unchanged,
        rejected: report.rejected.iter().map(ToString::to_string).collect(),
        doubtful: report.doubtful.iter().map(ToString::to_string).collect(),
        unknown_columns: report.unknown_columns,
    })
}

/// Takes the city's list of revoked cards; the bank's PSAMs check it.
///
/// # Errors
/// Another issuer's list, an older one, or one that no PSAM here believes.
pub fn revoked(session: &Session, list: &Path) -> Result<TakeReport> {
    let folder = folder(session)?;
    let pool = Pool::open(session, &folder)?;
    let city = pool.first()?.city;
    let cards: Vec<_> = pool.members.into_iter().map(|member| (CardKind::Psam, member.card)).collect();
    lists::take(session, &folder, city, list, &cards)
}
