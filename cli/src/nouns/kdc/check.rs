//! `kdc check`: check values of a city's keys, from the roots, beside what its issuing cards show.

use super::holder::Officers;
use crate::global::Global;
use crate::output::answer;
use crate::screen::table;
use clap::Args;
use parties::Result;
use parties::province::check::{self, CheckRequest};
use scheme::CardRef;
use scheme::numbers::RegionCode;

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
    /// The PINs of the main control card.
    #[command(flatten)]
    pub officers: Officers,
    /// Try the PINs although one has 1 try left: a wrong one blocks the card.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Asks the main control card, then every issuing card, and compares.
pub fn check(global: &Global, options: &Check) -> Result<()> {
    let request = CheckRequest {
        cards: options.cards.clone(),
        city: options.city,
        key_version: options.key_version,
        officers: options.officers.get(options.spend_last_try),
    };
    let report = check::check(global, &request)?;
    let rows =
        report.check_values.iter().map(|(role, value)| vec![role.name().to_owned(), value.to_string()]);
    answer(global, &table(&["key", "check value"], rows.collect()), &report);
    report.must_agree()
}
