//! The ceremony's acts at the terminal: components drawn and typed in.

use super::suite;
use crate::args::Global;
use crate::clock::entropy;
use crate::output::{answer, say};
use crate::secret;
use ::kdc::Roots;
use ::kdc::ceremony::{Ceremony, CeremonyRecord, Component};
use anyhow::{Context, Result};
use clap::Args;
use keys::{Suite, Zeroizing};
use serde_json::json;

/// Options of `kdc component`.
#[derive(Debug, Args)]
pub struct Draw {
    /// Cipher suite of the ceremony.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
}

/// Custodians type their components, one after another.
pub fn hold(suite: Suite, total: u8, at: &str) -> Result<(Roots, CeremonyRecord)> {
    let mut ceremony = Ceremony::new(suite, total)?;
    for number in 1..=total {
        let typed = secret::ask(&format!("component {number} of {total}, 32 hexadecimal digits"))?;
        let check = secret::ask_openly(&format!("check value of component {number}"))?;
        let found = ceremony.add_component(number, &typed, &check)?;
        say(format!("component {number}: check value {found} confirmed"));
    }
    let held = ceremony.finish(at)?;
    Ok((held.roots, held.record))
}

/// Draws a component for a custodian.
pub fn component(global: &Global, options: &Draw) -> Result<()> {
    let mut bytes = Zeroizing::new([0; 16]);
    entropy(global, "component").fill(&mut *bytes);
    let component =
        Component::from_entropy(options.suite, bytes).context("the random source gave zeros only")?;
    let text = format!("{}\n{}", component.paper().as_str(), component.check_value());
    answer(
        global,
        &text,
        json!({ "component": component.paper().as_str(), "check_value": component.check_value().to_string() }),
    );
    say("the first line is secret: on paper, into the custodian's envelope, nowhere else");
    Ok(())
}
