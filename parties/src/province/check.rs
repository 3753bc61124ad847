//! Check values of a city's keys, from the roots, beside what its issuing cards show.

use super::folder::main_card;
use super::holder::Officers;
use crate::cards::CardHandle;
use crate::home::{Home, Party};
use crate::issuing::CheckValues;
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use issue::keyset::Roots;
use issue::source::{CardSource, KeySource};
use keys::Role;
use reader::driver::issuing::IssuingCard;
use scheme::CardRef;
use scheme::numbers::{CheckValue, RegionCode};
use scheme::pin::Pins;
use scheme::profile::CardKind;
use serde::Serialize;

/// A city whose keys are to be compared.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    /// Its issuing cards.
    pub cards: Vec<CardRef>,
    /// The city.
    pub city: RegionCode,
    /// Version of its keys.
    pub key_version: u8,
    /// Who opens the main control card.
    pub officers: Officers,
}

/// What the roots say of a city's keys, and which cards show something else.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// The city.
    pub city: RegionCode,
    /// Version of its keys.
    pub key_version: u8,
    /// Check values of its keys.
    pub check_values: CheckValues,
    /// Cards compared.
    pub compared: usize,
    /// What is not the same, in words.
    pub differ: Vec<String>,
}

impl CheckReport {
    /// An error when a card is not the city's.
    ///
    /// # Errors
    /// That one.
    pub fn must_agree(&self) -> Result<()> {
        if self.differ.is_empty() {
            return Ok(());
        }
        Err(refused(self.differ.join("; "))
            .hint("a card of another province, city, version or state; do not work with it")
            .into())
    }
}

/// Asks the main control card, then every issuing card, and compares.
///
/// # Errors
/// A card does not open or answer; what differs is no error yet.
pub fn check(session: &Session, request: &CheckRequest) -> Result<CheckReport> {
    let folder = Home::new(session).party(Party::Province, "checking a city's keys")?;
    let [pin, second] = request.officers.ask(session)?;
    let mut main = CardHandle::open(session, &main_card(&folder), CardKind::MainControl)?;
    let pins = Pins { spend_last_try: request.officers.spend_last_try, ..Pins::both(&pin, &second) };
    let mut source = CardSource::open(IssuingCard::new(&mut main), pins)?;
    let mut wanted = Vec::new();
    for role in Role::ALL {
        wanted.push((role, source.city_check_value(role, request.city, request.key_version)?));
    }
    let suite = source.about().suite;
    main.close()?;
    let mut differ = Vec::new();
    // A test issuing card has the published keys, whatever the province's are.
    let published = Roots::test(suite).city_of_version(request.city, request.key_version).check_values();
    let published: Vec<_> = published.into_iter().map(|check| (check.role, check.check_value)).collect();
    for card in &request.cards {
        compare(session, request, card, [&wanted, &published], &mut differ)?;
    }
    Ok(CheckReport {
        city: request.city,
        key_version: request.key_version,
        check_values: wanted.into_iter().collect(),
        compared: request.cards.len(),
        differ,
    })
}

fn compare(
    session: &Session,
    request: &CheckRequest,
    card: &CardRef,
    [wanted, published]: [&[(Role, CheckValue)]; 2],
    differ: &mut Vec<String>,
) -> Result<()> {
    let (mut handle, kind) = CardHandle::open_any(session, card)?;
    if !kind.is_city_issuing() {
        differ.push(format!("{card} is a {}, no issuing card", kind.name()));
        return Ok(());
    }
    let mut issuing = IssuingCard::new(&mut handle);
    issuing.fmcos().reset()?;
    issuing.fmcos().select_mf()?;
    let info = issuing.card_info().with_context(|| card.to_string())?;
    if info.region != request.city.0 {
        differ.push(format!("{card} is of city {}", RegionCode(info.region)));
        return Ok(());
    }
    for (role, value) in if kind.is_always_test() { published } else { wanted } {
        let seen = issuing.key_information(0xF5, role.code()).with_context(|| card.to_string())?;
        if (seen.version, CheckValue(seen.kcv)) != (request.key_version, *value) {
            differ.push(format!(
                "{card}: {} is {} of version {:02X}, not {value} of version {:02X}",
                role.name(),
                CheckValue(seen.kcv),
                seen.version,
                request.key_version
            ));
        }
    }
    handle.close()
}
