//! `kdc keystore`: the roots at rest, opened by several custodians together.

use crate::global::Global;
use crate::output::answer;
use crate::screen::facts;
use clap::{Args, Subcommand};
use parties::province::keystore::{self, SealedReport};
use parties::{Deed, Result};

/// Verbs of the key store.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show who opens it, as its head says; no passphrase is asked for.
    Show,
    /// Open it, and compare its roots with the record of the ceremony.
    Check,
    /// Give a custodian a new passphrase; those who open it answer for that.
    Passphrase(NewPassphrase),
    /// Give it to other custodians, under a new store key: each sets a passphrase.
    Reshare(Reshare),
}

/// Options of `kdc keystore passphrase`.
#[derive(Debug, Args)]
pub struct NewPassphrase {
    /// The custodian.
    #[arg(long, value_name = "NAME")]
    pub custodian: String,
}

/// Options of `kdc keystore reshare`.
#[derive(Debug, Args)]
pub struct Reshare {
    /// The custodians from now on, all of them; once for each.
    #[arg(long = "custodian", value_name = "NAME", required = true)]
    pub custodians: Vec<String>,
    /// How many of them open it.
    #[arg(long, value_name = "M")]
    pub threshold: u8,
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Passphrase(_) => Deed::One("kdc keystore passphrase"),
            Verb::Reshare(_) => Deed::One("kdc keystore reshare"),
            // The custodians open it: their line says so.
            Verb::Check => Deed::One("kdc keystore check"),
            Verb::Show => Deed::Look,
        }
    }
}

/// Runs a verb of the key store.
pub fn run(global: &Global, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Show => show(global),
        Verb::Check => check(global),
        Verb::Passphrase(options) => {
            tell(global, &keystore::new_passphrase(global, &options.custodian)?);
            Ok(())
        }
        Verb::Reshare(options) => {
            tell(global, &keystore::reshare(global, &options.custodians, options.threshold)?);
            Ok(())
        }
    }
}

fn show(global: &Global) -> Result<()> {
    let report = keystore::show(global)?;
    let text = facts(&[
        ("root", format!("{} ({})", report.state, report.suite)),
        ("custodians", format!("{} of {}", report.threshold, report.custodians.join(", "))),
        ("set", report.set.clone()),
        ("generation", report.generation.to_string()),
        ("cost of a passphrase", report.cost.clone()),
    ]);
    answer(global, &text, &report);
    Ok(())
}

fn check(global: &Global) -> Result<()> {
    let report = keystore::check(global)?;
    let text = format!("the roots are those of the ceremony\n\n{}", report.check_values.table());
    answer(global, &text, &report);
    Ok(())
}

fn tell(global: &Global, report: &SealedReport) {
    let text = format!("the key store is sealed anew, generation {}", report.generation);
    answer(global, &text, report);
}
