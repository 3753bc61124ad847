//! `kdc component` and `kdc ceremony`: what happens around a ceremony, and the ceremony by its script.

use super::init;
use super::options::Options;
use crate::global::Global;
use crate::output::answer;
use crate::screen::say;
use crate::shared::suite;
use clap::{Args, Subcommand};
use keys::Suite;
use parties::province::ceremony;
use parties::province::component::{self, ComponentRequest};
use parties::{Deed, Result};
use std::path::PathBuf;

/// Options of `kdc component`.
#[derive(Debug, Args)]
pub struct Draw {
    /// Cipher suite of the ceremony.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
    /// Write it, with its check value, into a new file for its owner's eyes alone, and show the check value only: a transport
    /// root that a card maker gives.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Verbs of a ceremony.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Print the run-sheet: roles, steps, and blanks for times, envelopes, check values and signatures.
    Plan(Options),
    /// Walk the script of the run-sheet step by step, make the province, and fill in the protocol.
    Run(Options),
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Run(_) => Deed::One("kdc ceremony"),
            Verb::Plan(_) => Deed::Look,
        }
    }
}

/// Runs a verb of a ceremony.
pub fn run(global: &Global, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Plan(options) => sheet(global, options),
        Verb::Run(options) => init::hold(global, options, true),
    }
}

fn sheet(global: &Global, options: &Options) -> Result<()> {
    let report = ceremony::sheet(global, &options.get())?;
    answer(global, report.sheet.trim_end(), &report);
    Ok(())
}

/// Draws a component for a custodian.
pub fn component(global: &Global, options: &Draw) -> Result<()> {
    let request = ComponentRequest { suite: options.suite, out: options.out.clone() };
    let report = component::draw(global, &request)?;
    let check_value = &report.check_value;
    match (&report.component, &report.file) {
        (Some(component), _) => {
            answer(global, &format!("{}\n{check_value}", component.0.as_str()), &report);
            say("the first line is secret: on paper, into the custodian's envelope, nowhere else");
        }
        (None, file) => {
            let file = file.as_deref().unwrap_or_default();
            answer(global, &format!("{file}: check value {check_value}"), &report);
        }
    }
    Ok(())
}
