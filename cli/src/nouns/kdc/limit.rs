//! `kdc limit`: an issuing card's limits renewed by its province, without making another card [docs/specs/cards.md 9].

use super::holder::Holder;
use super::issue_card::Officers;
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::clock::now;
use crate::fail::{Failure, Kind, refused};
use crate::home::{Home, Party};
use crate::nouns::revoked;
use crate::output::answer;
use crate::statement::{self, Stated};
use crate::{audit, issue, people};
use ::issue::life;
use ::issue::source::KeySource;
use ::office::journal::Event;
use ::scheme::numbers::{DeviceNumber, RegionCode};
use clap::Args;
use lens::facts::facts;
use parties::trouble::Result;
use reader::driver::issuing::{Counter, IssuingCard};
use scheme::profile::{CardInfo, CardKind};
use scheme::psam::Limits;
use serde_json::json;
use std::path::Path;

/// Options of `kdc limit`.
#[derive(Debug, Args)]
#[command(after_help = "Example: gridcard kdc limit psam-issuing.card --count 2000 --value 200000000")]
#[group(id = "limits", required = true, multiple = true, args = ["count", "value"])]
pub struct Limit {
    /// The issuing card: a card file, or a card in a reader.
    pub card: CardRef,
    /// How many cards it may make in all, those it has made included. Default: as it is.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4_000_000_000))]
    pub count: Option<u32>,
    /// psam-issuing: for how much in all, in whole yuan, it may grant limits to PSAMs, what it has granted included. Default: as
    /// it is.
    #[arg(long, value_name = "YUAN", value_parser = clap::value_parser!(u64).range(1..=100_000_000_000_000))]
    pub value: Option<u64>,
    /// Who holds the roots.
    #[command(flatten)]
    pub holder: Holder,
    /// The PINs of the main control card.
    #[command(flatten)]
    pub officers: Officers,
    /// Try the PINs of the main control card although one has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// An issuing card as it states itself: what it is, what it may do and what it did.
struct Seen {
    info: CardInfo,
    limits: Limits,
    counter: Counter,
    /// Of a PSAM issuing card.
    granted: Option<u64>,
}

/// Renews the limits of an issuing card.
pub fn limit(global: &Global, options: &Limit) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "raising the limits of issuing cards")?;
    let officers = (&options.officers, options.spend_last_try);
    options.holder.with_source(global, &folder, officers, "other limits of an issuing card", |source| {
        raise(global, options, &folder, source)
    })
}

fn raise(global: &Global, options: &Limit, folder: &Path, source: &mut dyn KeySource) -> Result<()> {
    let (mut bay, kind) = Bay::open_any(global, &options.card)?;
    if !kind.is_city_issuing() {
        let words = format!("{} is a {}, no issuing card", options.card, kind.title());
        return Err(refused(words).hint("a city raises the limits of a PSAM: `gridcard psam limit`").into());
    }
    if options.value.is_some() && kind != CardKind::PsamIssuing {
        let words = format!("a {} grants no value: --value is for a PSAM issuing card", kind.title());
        return Err(Failure::new(Kind::Usage, words).into());
    }
    let before = look(&mut bay)?;
    let number = DeviceNumber(before.info.number);
    revoked::must_not_be(folder, kind, number)?;
    statement::must_go_on(folder, &before.stated())?;
    if !people::both(global, folder, &format!("other limits of {}", options.card), source.about().state)? {
        return Ok(());
    }
    let limits = Limits {
        count: options.count.unwrap_or(before.limits.count),
        // The option's range keeps the product far below the end.
        value: options.value.map_or(before.limits.value, |yuan| yuan * 100),
    };
    // An issuing card's statement is what it shows, so nothing is asked with a challenge.
    life::raise(&mut bay, source, limits, [0; 8])?;
    let seen = look(&mut bay)?;
    bay.close()?;
    audit::fact(global, "card", format!("{} {number}", kind.name()));
    audit::fact(global, "count", format!("{} -> {}", before.limits.count, seen.limits.count));
    if seen.granted.is_some() {
        audit::fact(global, "value_fen", format!("{} -> {}", before.limits.value, seen.limits.value));
    }
    let event = Event::Limit { kind, number, limit: Some(seen.limits.count) };
    issue::journal(global, folder)?.note(&now(global)?.to_string(), event)?;
    statement::keep(global, folder, &seen.stated())?;
    tell(global, &seen);
    Ok(())
}

fn look(bay: &mut Bay) -> Result<Seen> {
    let mut card = IssuingCard::new(bay);
    card.fmcos().reset()?;
    card.fmcos().select_mf()?;
    let info = card.fmcos().current_info("set the limit")?;
    let (Some(limits), Some(counter)) = (card.limits()?, card.counter()?) else {
        return Err(refused(format!("this {} counts nothing, so it has no limits", info.kind.title())).into());
    };
    let granted = if info.kind == CardKind::PsamIssuing { card.granted()? } else { None };
    Ok(Seen { info, limits, counter, granted })
}

impl Seen {
    fn stated(&self) -> Stated {
        Stated {
            kind: self.info.kind,
            number: DeviceNumber(self.info.number),
            count: self.counter.made,
            value: self.granted.unwrap_or(0),
            chain: None,
        }
    }
}

fn tell(global: &Global, seen: &Seen) {
    let (kind, number) = (seen.info.kind, DeviceNumber(seen.info.number));
    let city = RegionCode(seen.info.region);
    let mut lines = vec![
        (kind.title(), format!("{number} of city {city}")),
        ("cards", issue::counter_words(&seen.counter)),
    ];
    if let Some(granted) = seen.granted {
        lines.push(("value", statement::value_words("granted", granted, seen.limits.value)));
    }
    let object = json!({
        "kind": kind.name(), "number": number.to_string(), "city": city.to_string(),
        "made": seen.counter.made, "limit": seen.counter.limit, "left": seen.counter.left(),
        "granted_fen": seen.granted, "value_limit_fen": seen.granted.map(|_| seen.limits.value),
    });
    answer(global, &facts(&lines), object);
}
