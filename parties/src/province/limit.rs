//! An issuing card's limits renewed by its province, without making another card [docs/specs/cards.md 9].

use super::holder::Holder;
use crate::cards::CardHandle;
use crate::home::{Home, Party};
use crate::session::Session;
use crate::statement::{self, Stated};
use crate::trouble::{Failure, Result, refused};
use crate::{issuing, log, people, revoked};
use issue::life;
use issue::source::KeySource;
use office::journal::Event;
use reader::driver::issuing::{Counter, IssuingCard};
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::profile::{CardInfo, CardKind};
use scheme::psam::Limits;
use scheme::{CardRef, Kind};
use serde::Serialize;
use std::path::Path;

/// Other limits of an issuing card.
#[derive(Debug, Clone)]
pub struct CardLimitRequest {
    /// The card.
    pub card: CardRef,
    /// How many cards it may make in all; `None`: as it is.
    pub count: Option<u32>,
    /// For how much in all, in fen, it may grant limits to PSAMs; `None`: as it is.
    pub value: Option<u64>,
    /// Who holds the roots.
    pub holder: Holder,
}

/// An issuing card with its limits.
#[derive(Debug, Clone, Serialize)]
pub struct CardLimitReport {
    /// Its kind.
    pub kind: &'static str,
    /// Its number.
    pub number: DeviceNumber,
    /// Its city.
    pub city: RegionCode,
    /// Cards it made.
    pub made: u32,
    /// Cards it may make in all.
    pub limit: Option<u32>,
    /// Cards it can still make.
    pub left: Option<u32>,
    /// Of a PSAM issuing card: value it granted.
    pub granted_fen: Option<u64>,
    /// Of a PSAM issuing card: value it may grant in all.
    pub value_limit_fen: Option<u64>,
    /// Its kind in words.
    #[serde(skip)]
    pub title: &'static str,
}

impl CardLimitReport {
    /// Its counter.
    pub const fn counter(&self) -> Counter {
        Counter { limit: self.limit, made: self.made }
    }
}

/// An issuing card as it states itself: what it is, what it may do and what it did.
struct Seen {
    info: CardInfo,
    limits: Limits,
    counter: Counter,
    /// Of a PSAM issuing card.
    granted: Option<u64>,
}

/// Renews the limits of an issuing card. `None`: a request for the second person was written in its place.
///
/// # Errors
/// It is no issuing card, is revoked, or is not as it was seen last; the roots do not open.
pub fn limit(session: &Session, request: &CardLimitRequest) -> Result<Option<CardLimitReport>> {
    let folder = Home::new(session).party(Party::Province, "raising the limits of issuing cards")?;
    request.holder.with_source(session, &folder, "other limits of an issuing card", |source| {
        raise(session, request, &folder, source)
    })
}

fn raise(
    session: &Session,
    request: &CardLimitRequest,
    folder: &Path,
    source: &mut dyn KeySource,
) -> Result<Option<CardLimitReport>> {
    let (mut handle, kind) = CardHandle::open_any(session, &request.card)?;
    if !kind.is_city_issuing() {
        let words = format!("{} is a {}, no issuing card", request.card, kind.title());
        return Err(refused(words).hint("a city raises the limits of a PSAM: `gridcard psam limit`").into());
    }
    if request.value.is_some() && kind != CardKind::PsamIssuing {
        let words = format!("a {} grants no value: --value is for a PSAM issuing card", kind.title());
        return Err(Failure::new(Kind::Usage, words).into());
    }
    let before = look(&mut handle)?;
    let number = DeviceNumber(before.info.number);
    revoked::must_not_be(folder, kind, number)?;
    statement::must_go_on(folder, &before.stated())?;
    if !people::both(session, folder, &format!("other limits of {}", request.card), source.about().state)? {
        return Ok(None);
    }
    let limits = Limits {
        count: request.count.unwrap_or(before.limits.count),
        value: request.value.unwrap_or(before.limits.value),
    };
    // An issuing card's statement is what it shows, so nothing is asked with a challenge.
    life::raise(&mut handle, source, limits, [0; 8])?;
    let seen = look(&mut handle)?;
    handle.close()?;
    log::fact(session, "card", format!("{} {number}", kind.name()));
    log::fact(session, "count", format!("{} -> {}", before.limits.count, seen.limits.count));
    if seen.granted.is_some() {
        log::fact(session, "value_fen", format!("{} -> {}", before.limits.value, seen.limits.value));
    }
    let event = Event::Limit { kind, number, limit: Some(seen.limits.count) };
    issuing::journal(session, folder)?.note(&session.now()?.to_string(), event)?;
    statement::keep(session, folder, &seen.stated())?;
    Ok(Some(seen.report()))
}

fn look(handle: &mut CardHandle) -> Result<Seen> {
    let mut card = IssuingCard::new(handle);
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

    fn report(&self) -> CardLimitReport {
        CardLimitReport {
            kind: self.info.kind.name(),
            number: DeviceNumber(self.info.number),
            city: RegionCode(self.info.region),
            made: self.counter.made,
            limit: self.counter.limit,
            left: self.counter.left(),
            granted_fen: self.granted,
            value_limit_fen: self.granted.map(|_| self.limits.value),
            title: self.info.kind.title(),
        }
    }
}
