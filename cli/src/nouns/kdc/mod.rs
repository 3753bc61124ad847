//! `gridcard kdc`: the province.

mod ceremony;
mod check;
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

use crate::global::Global;
use crate::output::answer;
use crate::screen::facts;
use crate::{audit, pin};
use clap::Subcommand;
use parties::home::{Home, Party};
use parties::{Deed, Result, province};
use scheme::profile::CardKind;

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
            audit::run(global, &verb, || Home::new(global).party(Party::Province, "reading the audit log"))
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
    let report = province::status(global)?;
    let text = format!(
        "{}\n\n{}",
        facts(&[
            ("root", format!("{} ({})", report.state, report.suite)),
            ("ceremony", report.ceremony.clone()),
            ("cards issued", report.cards_issued.to_string()),
            ("cards revoked", report.revoked.len().to_string()),
        ]),
        report.check_values.table(),
    );
    answer(global, &text, &report);
    Ok(())
}
