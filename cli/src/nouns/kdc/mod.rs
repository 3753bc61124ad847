//! `gridcard kdc`: the province.

mod ceremony;
mod check;
mod ends;
mod holder;
#[cfg(feature = "hsm")]
mod hsm;
mod issue_card;
mod keystore;
mod limit;
mod options;
mod signing;

use crate::prelude::*;
use crate::{audit, pin};
use parties::province;

/// Verbs of the province.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Hold the ceremony and make the main control card.
    Init(ceremony::Init),
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
    /// The signing root: what makes signatures of cards and server worth something to others.
    #[command(subcommand)]
    Signing(signing::Verb),
    /// The province's audit log.
    #[command(subcommand)]
    Audit(audit::Verb),
    /// Revoke an issuing card that was lost, stolen or broken.
    Revoke(ends::Revoke),
    /// End an issuing card with the main control card: its keys and PINs are destroyed for good.
    RetireCard(ends::Retire),
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
    Pin(ends::PinVerb),
    /// Show what the province holds: check values, cards issued, cards revoked.
    Status,
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Init(options) => one("kdc init", options, ceremony::init),
            Verb::Component(options) => one("kdc component", options, ceremony::component),
            Verb::IssueCard(options) => one("kdc issue-card", options, issue_card::issue_card),
            Verb::Ceremony(ceremony::Verb::Plan(options)) => look(options, ceremony::sheet),
            Verb::Ceremony(ceremony::Verb::Run(options)) => {
                one("kdc ceremony", options, |call, options| ceremony::hold(call, options, true))
            }
            Verb::Keystore(verb) => verb.task(),
            Verb::Signing(verb) => verb.task(),
            Verb::Audit(verb) => look(verb, |call, verb| {
                audit::run(call, verb, || Home::new(call).party(Party::Province, "reading the audit log"))
            }),
            Verb::Revoke(options) => two("kdc revoke", options, ends::revoke),
            Verb::RetireCard(options) => two("kdc retire-card", options, ends::retire),
            Verb::Limit(options) => two("kdc limit", options, limit::limit),
            Verb::Check(options) => look(options, check::check),
            #[cfg(feature = "hsm")]
            Verb::Hsm(verb) => verb.task(),
            Verb::Pin(ends::PinVerb::Change(options)) => one("kdc pin-change", options, |call, options| {
                pin::change(call, options, &[CardKind::MainControl])
            }),
            Verb::Pin(ends::PinVerb::Unblock(options)) => one("kdc pin-unblock", options, ends::unblock),
            Verb::Status => look((), status),
        }
    }
}

fn status(call: &Call, (): &()) -> Result<()> {
    reply(call, province::status(call), |report| {
        let text = facts(&[
            ("root", format!("{} ({})", report.state, report.suite)),
            ("ceremony", report.ceremony.clone()),
            ("cards issued", report.cards_issued.to_string()),
            ("cards revoked", report.revoked.len().to_string()),
        ]);
        format!("{text}\n\n{}", report.check_values.table())
    })
}
