//! `kdc check`: check values of a city's keys, from the roots, beside what its issuing cards show.

use super::issue_card::Officers;
use super::main_card;
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::fail::{Failure, Kind};
use crate::home::{Home, Party};
use crate::output::{answer, table};
use ::issue::keyset::Roots;
use ::issue::source::{CardSource, KeySource};
use ::scheme::numbers::CheckValue;
use ::scheme::pin::Pins;
use clap::Args;
use keys::Role;
use parties::trouble::{Context, Result};
use reader::driver::issuing::IssuingCard;
use scheme::numbers::RegionCode;
use scheme::profile::CardKind;
use serde_json::{Map, Value, json};

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
    let folder = Home::new(global)?.party(Party::Province, "checking a city's keys")?;
    let [pin, second] = options.officers.ask()?;
    let mut main = Bay::open(global, &main_card(&folder), CardKind::MainControl)?;
    let pins = Pins { spend_last_try: options.spend_last_try, ..Pins::both(&pin, &second) };
    let mut source = CardSource::open(IssuingCard::new(&mut main), pins)?;
    let mut wanted = Vec::new();
    for role in Role::ALL {
        wanted.push((role, source.city_check_value(role, options.city, options.key_version)?));
    }
    let suite = source.about().suite;
    main.close()?;
    let mut faults = Vec::new();
    // A test issuing card has the published keys, whatever the province's are.
    let published = Roots::test(suite).city_of_version(options.city, options.key_version).check_values();
    let published: Vec<_> = published.into_iter().map(|check| (check.role, check.check_value)).collect();
    for card in &options.cards {
        compare(global, options, card, [&wanted, &published], &mut faults)?;
    }
    let rows = wanted.iter().map(|(role, value)| vec![role.name().to_owned(), value.to_string()]);
    let values: Map<String, Value> =
        wanted.iter().map(|(role, value)| (role.name().to_owned(), value.to_string().into())).collect();
    let text = table(&["key", "check value"], rows.collect());
    let object = json!({
        "city": options.city.to_string(), "key_version": options.key_version, "check_values": values,
        "compared": options.cards.len(), "differ": faults,
    });
    answer(global, &text, object);
    if faults.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(Kind::Refused, faults.join("; "));
    Err(failure.hint("a card of another province, city, version or state; do not work with it").into())
}

fn compare(
    global: &Global,
    options: &Check,
    card: &CardRef,
    [wanted, published]: [&[(Role, CheckValue)]; 2],
    faults: &mut Vec<String>,
) -> Result<()> {
    let (mut bay, kind) = Bay::open_any(global, card)?;
    if !kind.is_city_issuing() {
        faults.push(format!("{card} is a {}, no issuing card", kind.name()));
        return Ok(());
    }
    let mut issuing = IssuingCard::new(&mut bay);
    issuing.fmcos().reset()?;
    issuing.fmcos().select_mf()?;
    let info = issuing.card_info().with_context(|| card.to_string())?;
    if info.region != options.city.0 {
        faults.push(format!("{card} is of city {}", RegionCode(info.region)));
        return Ok(());
    }
    for (role, value) in if kind.is_always_test() { published } else { wanted } {
        let seen = issuing.key_information(0xF5, role.code()).with_context(|| card.to_string())?;
        if (seen.version, CheckValue(seen.kcv)) != (options.key_version, *value) {
            faults.push(format!(
                "{card}: {} is {} of version {:02X}, not {value} of version {:02X}",
                role.name(),
                CheckValue(seen.kcv),
                seen.version,
                options.key_version
            ));
        }
    }
    bay.close()
}
