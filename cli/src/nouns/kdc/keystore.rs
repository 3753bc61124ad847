//! `kdc keystore`: the roots at rest, opened by several custodians together.

use crate::prelude::*;
use parties::province::keystore::{self, SealedReport};

/// Verbs of the key store.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show who opens it, as its head says; no passphrase is asked for.
    Show,
    /// Open it, and compare its roots with the record of the ceremony.
    Check,
    /// Give a custodian a new passphrase; those who open it answer for that.
    Passphrase {
        /// The custodian.
        #[arg(long, value_name = "NAME")]
        custodian: String,
    },
    /// Give it to other custodians, under a new store key: each sets a passphrase.
    Reshare {
        /// The custodians from now on, all of them; once for each.
        #[arg(long = "custodian", value_name = "NAME", required = true)]
        custodians: Vec<String>,
        /// How many of them open it.
        #[arg(long, value_name = "M")]
        threshold: u8,
    },
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Show => look((), show),
            // The custodians open it: their line says so.
            Verb::Check => one("kdc keystore check", (), check),
            Verb::Passphrase { custodian } => one("kdc keystore passphrase", custodian, |call, custodian| {
                tell(call, keystore::new_passphrase(call, custodian))
            }),
            Verb::Reshare { custodians, threshold } => {
                one("kdc keystore reshare", custodians, move |call, custodians| {
                    tell(call, keystore::reshare(call, custodians, threshold))
                })
            }
        }
    }
}

fn show(call: &Call, (): &()) -> Result<()> {
    reply(call, keystore::show(call), |report| {
        facts(&[
            ("root", format!("{} ({})", report.state, report.suite)),
            ("custodians", format!("{} of {}", report.threshold, report.custodians.join(", "))),
            ("set", report.set.clone()),
            ("generation", report.generation.to_string()),
            ("cost of a passphrase", report.cost.clone()),
        ])
    })
}

fn check(call: &Call, (): &()) -> Result<()> {
    reply(call, keystore::check(call), |report| {
        format!("the roots are those of the ceremony\n\n{}", report.check_values.table())
    })
}

fn tell(call: &Call, report: Result<SealedReport>) -> Result<()> {
    reply(call, report, |report| format!("the key store is sealed anew, generation {}", report.generation))
}
