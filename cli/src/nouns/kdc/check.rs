//! `kdc check`: check values of a city's keys, from the roots, beside what its issuing cards show.

use super::holder::Officers;
use crate::prelude::*;
use parties::province::check::{self, CheckRequest};

/// Options of `kdc check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Issuing cards of the city to compare with: card files, or cards in readers.
    pub cards: Vec<CardRef>,
    /// Region code of the city, 8 digits.
    #[arg(long)]
    pub city: RegionCode,
    /// Version of the city's keys.
    #[arg(long, value_name = "V", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    pub key_version: u8,
    #[command(flatten)]
    pub officers: Officers,
    /// Try the PINs although one has 1 try left: a wrong one blocks the card.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Asks the main control card, then every issuing card, and compares.
pub fn check(call: &Call, options: &Check) -> Result<()> {
    let request = CheckRequest {
        cards: options.cards.clone(),
        city: options.city,
        key_version: options.key_version,
        officers: options.officers.get(options.spend_last_try),
    };
    let report = check::check(call, &request)?;
    let rows = report.check_values.iter().map(|(role, value)| row![role.name(), value]);
    answer(call, &table(&["key", "check value"], rows.collect()), &report);
    report.must_agree()
}
