//! `kdc component` and `kdc ceremony`: what happens around a ceremony, and the ceremony by its script.

use super::options::Options;
use super::{init, suite};
use crate::args::Global;
use crate::audit;
use crate::clock::{entropy, must_be_unseeded};
use crate::home::{self, Party};
use crate::nouns::Deed;
use crate::output::{answer, say};
use ::kdc::ceremony::{Component, script};
use clap::{Args, Subcommand};
use disk::Durability;
use keys::{Suite, Zeroizing};
use parties::trouble::{Context, Result};
use serde_json::json;
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
        Verb::Plan(options) => plan(global, options),
        Verb::Run(options) => init::hold(global, options, true),
    }
}

fn plan(global: &Global, options: &Options) -> Result<()> {
    let shape = options.shape()?;
    let sheet = script::sheet(&shape, options.suite.name(), None);
    let steps: Vec<_> = script::script(&shape)
        .iter()
        .map(|step| json!({ "role": step.role, "title": step.title, "text": step.text }))
        .collect();
    answer(global, sheet.trim_end(), json!({ "people": script::people_of(&shape), "steps": steps }));
    Ok(())
}

/// Draws a component for a custodian.
pub fn component(global: &Global, options: &Draw) -> Result<()> {
    // A component makes formal keys, whatever ceremony it is typed in.
    must_be_unseeded(global, "the component")?;
    home::acts_if_known(global, &[Party::Province])?;
    let mut bytes = Zeroizing::new([0; 16]);
    entropy(global, "component").fill(&mut *bytes);
    let component =
        Component::from_entropy(options.suite, bytes).context("the random source gave zeros only")?;
    let check_value = component.check_value().to_string();
    audit::fact(global, "check_value", &check_value);
    if let Some(path) = &options.out {
        let text = Zeroizing::new(format!("{}\n{check_value}\n", component.paper().as_str()));
        disk::create(path, text.as_bytes(), Durability::Synced)
            .with_context(|| format!("cannot write {}", path.display()))?;
        let object = json!({ "file": path.display().to_string(), "check_value": check_value });
        answer(global, &format!("{}: check value {check_value}", path.display()), object);
        return Ok(());
    }
    let text = format!("{}\n{check_value}", component.paper().as_str());
    answer(global, &text, json!({ "component": component.paper().as_str(), "check_value": check_value }));
    say("the first line is secret: on paper, into the custodian's envelope, nowhere else");
    Ok(())
}
