//! `gridcard meter pair`: the pairing of an ESAM whose keys change.

use super::{Place, meters, open_pairing};
use crate::args::Global;
use crate::fail::security;
use crate::home;
use crate::lock::CardLock;
use crate::output::answer;
use crate::transport::Transport;
use clap::Args;
use parties::trouble::{Context, Result};
use scheme::numbers::MeterNumber;
use scheme::profile::State;
use serde_json::json;
use std::path::PathBuf;
use vcard::slot::Keep;

/// Options of `meter pair`.
#[derive(Debug, Args)]
pub struct Pair {
    /// Number of the meter.
    pub number: MeterNumber,
    /// Pairing file that came with the key change.
    #[arg(long, value_name = "FILE")]
    pub pairing: PathBuf,
    /// Allow formal pairing keys, which the emulated flash then holds in clear.
    #[arg(long)]
    pub formal: bool,
    /// Of the meter's MCU.
    #[command(flatten)]
    pub transport: Transport,
}

/// Gives a meter a pairing beside the one it has.
pub fn run(global: &Global, options: &Pair) -> Result<()> {
    let place = Place::new(&meters(global)?, options.number);
    place.must_exist()?;
    // The ESAM's lock is the meter's.
    let lock = CardLock::take(&place.esam(), global.patience())?;
    let text = home::read_text(&options.pairing)?;
    let (_, pairing) =
        open_pairing(&text, &options.transport).with_context(|| options.pairing.display().to_string())?;
    if pairing.state() == State::Formal && !options.formal {
        return Err(security(
            "a formal pairing does not belong into an emulated meter: its flash holds keys in clear",
        )
        .hint("say --formal if you know what you do")
        .into());
    }
    let mut meter = place.load()?;
    let state = pairing.state();
    meter.expect(pairing).with_context(|| options.pairing.display().to_string())?;
    place.save(&meter, Keep::EveryCommand)?;
    drop(lock);
    let waits = meter.expects().is_some();
    let text = if waits {
        format!(
            "meter {} holds the {} pairing beside the one it has; which of them is right shows when it meets its ESAM",
            options.number,
            state.name()
        )
    } else {
        format!("meter {} has this pairing already", options.number)
    };
    let object = json!({ "meter": options.number.to_string(), "state": state.name(), "waits": waits });
    answer(global, &text, object);
    Ok(())
}
