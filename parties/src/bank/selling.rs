//! A PSAM about to seal: which one, and what has to be so before it may.

use super::asking::Besides;
use super::desk::Desk;
use super::pins::{PinChoice, Pins};
use crate::in_force;
use crate::people::{self, Two};
use crate::session::Session;
use crate::trouble::Result;
use scheme::numbers::MeterNumber;
use scheme::profile::{CardInfo, State};
use server::{Books, Keys, OrderError, OrderSealer, Terms};
use std::path::Path;

/// A PSAM that seals, and what for.
pub(super) struct Sale<'a> {
    pub pin: &'a PinChoice,
    /// The meter, and what its chip has by the register.
    pub meter: MeterNumber,
    pub keys: Keys,
    /// Modules that were asked for the order before.
    pub asked: &'a [String],
    /// What it is sealed for as well.
    pub online: Option<Besides>,
}

impl<'a> Sale<'a> {
    /// Of an order that is about to be made for a meter.
    pub fn new(books: &dyn Books, pin: &'a PinChoice, meter: MeterNumber) -> Result<Self> {
        let keys = books.keys_of(meter)?;
        Ok(Sale { pin, meter, keys, asked: &[], online: None })
    }
}

/// Works with the PSAM that has the keys of a meter to seal orders: only when the clock did not go back, and what the PSAM
/// has sealed is what the books say.
pub(super) fn selling<T>(
    session: &Session,
    folder: &Path,
    desk: &mut Desk,
    sale: &Sale<'_>,
    work: impl FnOnce(&mut dyn Books, &mut dyn OrderSealer) -> Result<T>,
) -> Result<T> {
    if desk.books().is_older_make()? {
        return Err(OrderError::OlderMake.into());
    }
    let at = session.now()?;
    desk.books_mut().guard_clock(at, session.allow_clock_back)?;
    let pool = desk.pool(session)?;
    let (books, seats) = desk.parts();
    let member = pool.sealing(sale.pin.psam, sale.keys, sale.meter, sale.asked, &|psam| seats.fit(psam))?;
    let work = |info: &CardInfo, psam: &mut dyn OrderSealer| {
        in_force::must_seal(session, folder, info)?;
        if let Some(chain) = OrderSealer::chain(psam)? {
            let number = OrderSealer::number(psam);
            let found = books.reconcile(&number, &chain, at)?;
            if let Some(finding) = &found.finding {
                session.say(format!("finding {} ({}): {}", finding.id, finding.kind, finding.detail));
            }
        }
        let done = work(books, psam)?;
        if let Some(left) = psam.left() {
            session.say(format!("the PSAM can seal {left} more order(s)"));
        }
        Ok(done)
    };
    match sale.online {
        Some(_) => seats.apart()?.with(member, sale.online, work),
        None => seats.with(session, member, &mut Pins::new(session, sale.pin), work),
    }
}

/// Whether a PSAM here could seal, as far as can be known without one: before a customer's bank is asked for money, or his meter.
pub(super) fn could_seal(session: &Session, desk: &mut Desk, sale: &Sale<'_>) -> Result<()> {
    let at = session.now()?;
    desk.books_mut().guard_clock(at, session.allow_clock_back)?;
    let pool = desk.pool(session)?;
    let (_, seats) = desk.parts();
    pool.sealing(sale.pin.psam, sale.keys, sale.meter, sale.asked, &|psam| seats.fit(psam)).map(|_| ())
}

/// The bank's terms; without them nothing is sold. Books of the older make have none and need none: they sell nothing more.
pub(super) fn terms(books: &dyn Books) -> Result<Terms> {
    if books.is_older_make()? {
        return Err(OrderError::OlderMake.into());
    }
    Ok(books.terms()?.ok_or(OrderError::NoTerms)?)
}

/// The two people of an act that wants two; `None` when it was written down as a request.
pub(super) fn two_people(
    session: &Session,
    folder: &Path,
    books: &dyn Books,
    act: &str,
) -> Result<Option<Two>> {
    let state = if books.sells_formal()? { State::Formal } else { State::Test };
    people::two(session, folder, act, state)
}
