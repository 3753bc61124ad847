//! `gridcard kdc`: the province.

mod ceremony;
mod check;
pub mod companion;
mod holder;
#[cfg(feature = "hsm")]
mod hsm;
mod init;
mod issue_card;
mod keystore;
mod limit;
mod options;
mod retire;
mod revoke;
mod unblock;
mod walk;

pub use init::{keep_record, main_card, make_main_card};
pub use issue_card::{issue_with, out};

use super::{Deed, audit};
use crate::args::Global;
use crate::home::{self, Home, Party};
use crate::output::{answer, table};
use crate::{issue, pin};
use ::issue::keyset::RoleCheck;
use ::kdc::ceremony::CeremonyRecord;
use clap::Subcommand;
use keys::Suite;
use lens::facts::facts;
use parties::trouble::{Context, Result};
use scheme::profile::CardKind;
use serde_json::json;

/// Verbs of the province.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Hold the ceremony and make the main control card.
    Init(init::Init),
    /// Draw a component for a custodian and print it, with its check value.
    Component(ceremony::Draw),
    /// Make an issuing card for a city with the main control card.
    IssueCard(issue_card::IssueCard),
    /// Ceremonies by their script: print the run-sheet, or walk it.
    #[command(subcommand)]
    Ceremony(ceremony::Verb),
    /// The key store: the roots at rest, opened by several custodians together.
    #[command(subcommand)]
    Keystore(keystore::Verb),
    /// The province's audit log.
    #[command(subcommand)]
    Audit(audit::Verb),
    /// Revoke an issuing card that was lost, stolen or broken.
    Revoke(revoke::Revoke),
    /// End an issuing card with the main control card: its keys and PINs are destroyed for good.
    RetireCard(retire::Retire),
    /// Give an issuing card other limits, with the main control card: how many cards it may make, what value it may grant.
    Limit(limit::Limit),
    /// Show the check values of a city's keys, and compare its issuing cards with them.
    Check(check::Check),
    /// The roots in a PKCS#11 token.
    #[cfg(feature = "hsm")]
    #[command(subcommand)]
    Hsm(hsm::Verb),
    /// The PINs of the main control card.
    #[command(subcommand)]
    Pin(unblock::Verb),
    /// Show what the province holds: check values, cards issued, cards revoked.
    Status,
}

/// Reads a suite's name.
pub fn suite(text: &str) -> Result<Suite, String> {
    Suite::from_name(text)
        .ok_or_else(|| "a suite is 3des, aes128 or sm4 (SM1, the field's cipher, is closed)".into())
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Init(_) => Deed::One("kdc init"),
            Verb::Component(_) => Deed::One("kdc component"),
            Verb::IssueCard(_) => Deed::One("kdc issue-card"),
            Verb::Revoke(_) => Deed::Two("kdc revoke"),
            Verb::RetireCard(_) => Deed::Two("kdc retire-card"),
            Verb::Limit(_) => Deed::Two("kdc limit"),
            Verb::Pin(unblock::Verb::Change(_)) => Deed::One("kdc pin-change"),
            Verb::Pin(unblock::Verb::Unblock(_)) => Deed::One("kdc pin-unblock"),
            Verb::Ceremony(verb) => verb.deed(),
            Verb::Keystore(verb) => verb.deed(),
            #[cfg(feature = "hsm")]
            Verb::Hsm(verb) => verb.deed(),
            Verb::Audit(_) | Verb::Check(_) | Verb::Status => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Init(options) => init::init(global, &options),
        Verb::Component(options) => ceremony::component(global, &options),
        Verb::Pin(unblock::Verb::Change(options)) => pin::change(global, &options, &[CardKind::MainControl]),
        Verb::Pin(unblock::Verb::Unblock(options)) => unblock::unblock(global, &options),
        Verb::IssueCard(options) => issue_card::issue_card(global, &options),
        Verb::Ceremony(verb) => ceremony::run(global, &verb),
        Verb::Keystore(verb) => keystore::run(global, &verb),
        Verb::Audit(verb) => {
            audit::run(global, &verb, || Home::new(global)?.party(Party::Province, "reading the audit log"))
        }
        Verb::Revoke(options) => revoke::revoke(global, &options),
        Verb::RetireCard(options) => retire::retire(global, &options),
        Verb::Limit(options) => limit::limit(global, &options),
        Verb::Check(options) => check::check(global, &options),
        #[cfg(feature = "hsm")]
        Verb::Hsm(verb) => hsm::run(global, &verb),
        Verb::Status => status(global),
    }
}

fn status(global: &Global) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "showing the province's state")?;
    let record: CeremonyRecord = serde_json::from_str(&home::read_text(&init::record_file(&folder))?)
        .with_context(|| format!("{} is damaged", init::record_file(&folder).display()))?;
    let issued = issue::look(&folder)?.issued()?;
    let revoked = super::revoked::own(&folder)?.map_or_else(Vec::new, |list| list.revoked);
    let text = format!(
        "{}\n\n{}",
        facts(&[
            ("root", format!("{} ({})", record.state.name(), record.suite.name())),
            ("ceremony", record.at.clone()),
            ("cards issued", issued.to_string()),
            ("cards revoked", revoked.len().to_string()),
        ]),
        checks_table(&record.roots),
    );
    answer(
        global,
        &text,
        json!({
            "state": record.state.name(), "suite": record.suite.name(), "ceremony": record.at,
            "cards_issued": issued, "revoked": revoked, "check_values": checks_json(&record.roots),
        }),
    );
    Ok(())
}

fn checks_table(checks: &[RoleCheck]) -> String {
    let row = |check: &RoleCheck| vec![check.role.name().to_owned(), check.check_value.to_string()];
    table(&["root", "check value"], checks.iter().map(row).collect())
}

fn checks_json(checks: &[RoleCheck]) -> serde_json::Value {
    let pair = |check: &RoleCheck| (check.role.name().to_owned(), check.check_value.to_string().into());
    serde_json::Value::Object(checks.iter().map(pair).collect())
}
