//! Change of a meter: the customer gets another one, and what is his in the old one goes to it.

use super::desk::Desk;
use super::orders::{Destination, OrderReport, begun_before, hand_out};
use super::selling::{Sale, selling, terms, two_people};
use super::text;
use crate::session::Session;
use crate::trouble::Result;
use crate::{log, people, revoked};
use scheme::chance::random;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::names;
use scheme::numbers::{CustomerNumber, DeviceNumber, MeterNumber};
use scheme::order::OrderId;
use scheme::profile::CardKind;
use serde::{Deserialize, Serialize};
use server::{Basis, Change, ChangeRefusal, ChangeRequest, FinalRequest, OrderError, Word};
use std::borrow::Cow;

/// A meter that is to be changed.
#[derive(Debug, Clone)]
pub struct ChangeMeterRequest {
    /// The new meter. Which of his meters goes says the destination's.
    pub meter: MeterNumber,
    /// What is known of the old one's purse.
    pub basis: Basis,
    /// What was read in it; of an estimate, all that is to go to the new meter.
    pub balance: Fen,
    /// The purchase count that the old ESAM shows.
    pub count: Option<u32>,
    /// What there is to say about it.
    pub note: String,
    /// Whose it is, and where the order goes that carries it.
    pub to: Destination,
}

/// A provisional change that is to be corrected.
#[derive(Debug, Clone)]
pub struct FinishChangeRequest {
    /// Its number.
    pub change: i64,
    /// What the workshop read; of a burnt ESAM, all that should have gone to the new meter.
    pub balance: Fen,
    /// The purchase count that the old ESAM shows.
    pub count: Option<u32>,
    /// What there is to say about it.
    pub note: String,
    /// Where the order of what is missing goes; its customer is the change's.
    pub to: Destination,
}

/// A change of a meter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeReport {
    /// As it stands.
    #[serde(flatten)]
    pub change: ChangeLine,
    /// The order that was sealed now; none where nothing had to be carried.
    pub sealed: Option<OrderReport>,
}

/// A change of a meter, as it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeLine {
    /// Its number.
    pub change: i64,
    /// Whose meter.
    pub customer: CustomerNumber,
    /// The meter before.
    pub old_meter: MeterNumber,
    /// The meter since.
    pub new_meter: MeterNumber,
    /// `read`, `workshop` or `burnt`.
    pub basis: Cow<'static, str>,
    /// What was read or estimated.
    #[serde(with = "names::fen")]
    pub balance_fen: Fen,
    /// The order that ended with the old meter.
    #[serde(with = "text::maybe")]
    pub ended: Option<OrderId>,
    /// What was paid for that.
    pub outstanding_fen: i64,
    /// What went to the new meter.
    pub carried_fen: i64,
    /// The order that takes it there.
    #[serde(with = "text::maybe")]
    pub order: Option<OrderId>,
    /// When.
    #[serde(with = "names::text")]
    pub at: Moment,
    /// Who said so.
    pub by: String,
    /// The second person.
    pub second: Option<String>,
    /// What there was to say.
    pub note: String,
    /// Nobody has confirmed or corrected the estimate yet.
    pub provisional: bool,
    /// How it was corrected.
    pub corrected: Option<CorrectedLine>,
}

/// How a provisional change was corrected.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CorrectedLine {
    /// What should have gone to the new meter.
    pub due_fen: i64,
    /// What was missing there; below zero: it got too much, which is the house's loss.
    pub missing_fen: i64,
    /// The order of what was missing.
    #[serde(with = "text::maybe")]
    pub order: Option<OrderId>,
    /// When.
    #[serde(with = "names::text")]
    pub at: Moment,
    /// Who said so.
    pub by: String,
    /// The second person.
    pub second: Option<String>,
    /// What there was to say.
    pub note: String,
}

impl ChangeLine {
    fn of(change: Change) -> Self {
        let provisional = change.is_provisional();
        let carried = change.carried_fen;
        let corrected = change.last.map(|(due_fen, word, order)| CorrectedLine {
            due_fen,
            missing_fen: due_fen - carried,
            order,
            at: word.at,
            by: word.by,
            second: word.second,
            note: word.note,
        });
        ChangeLine {
            change: change.id,
            customer: change.customer,
            old_meter: change.old,
            new_meter: change.new,
            basis: change.basis.name().into(),
            balance_fen: change.balance,
            ended: change.ended,
            outstanding_fen: change.outstanding_fen,
            carried_fen: carried,
            order: change.order,
            at: change.word.at,
            by: change.word.by,
            second: change.word.second,
            note: change.word.note,
            provisional,
            corrected,
        }
    }
}

/// Changes of meters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangesReport {
    /// Each, oldest first.
    pub changes: Vec<ChangeLine>,
}

/// Changes a customer's meter: what stood in the old one's purse and what was paid and not credited goes to the new one, by its
/// first order, for which nobody pays. `None`: a request for the second person was written in its place.
///
/// # Errors
/// Why it is not changed, no PSAM with the keys of the new meter, a PSAM or a clock that does not fit the books.
pub fn change_meter(
    session: &Session,
    desk: &mut Desk,
    request: &ChangeMeterRequest,
) -> Result<Option<ChangeReport>> {
    let folder = desk.folder(session)?;
    if let Some(known) = known_before(session, desk, &request.to)? {
        return Ok(Some(known));
    }
    revoked::must_not_be(&folder, CardKind::Esam, DeviceNumber(request.meter.0))?;
    let act = "changing a meter by estimate";
    let Some(word) = word(session, desk, request.basis.is_estimate().then_some(act), &request.note)? else {
        return Ok(None);
    };
    let (to, meter) = (&request.to, request.meter);
    let wanted = ChangeRequest {
        customer: to.customer,
        old: to.meter,
        meter,
        basis: request.basis,
        balance: request.balance,
        count: request.count,
        word,
        id: draw(session, to)?,
    };
    let terms = terms(desk.books())?;
    let sealed = if desk.books().plan_change(&wanted)? == 0 {
        desk.books_mut().change_meter(None, &wanted, &terms)?
    } else {
        let sale = Sale::new(desk.books(), &to.pin, meter)?;
        selling(session, &folder, desk, &sale, |books, psam| {
            Ok(books.change_meter(Some(psam), &wanted, &terms)?)
        })?
    };
    let sealed = sealed.map(|sealed| hand_out(session, desk.books(), &folder, to, &sealed)).transpose()?;
    told(session, desk, wanted.id, sealed).map(Some)
}

/// Corrects a provisional change of a meter: what is missing goes there by an order for which nobody pays; what was too much is
/// the house's loss. `None`: a request for the second person was written in its place.
///
/// # Errors
/// Why it is not corrected, and those of [`change_meter`].
pub fn finish_change(
    session: &Session,
    desk: &mut Desk,
    request: &FinishChangeRequest,
) -> Result<Option<ChangeReport>> {
    let folder = desk.folder(session)?;
    let known = desk.books().changes(None, false)?.into_iter().find(|change| change.id == request.change);
    let change = known.ok_or(OrderError::Change(ChangeRefusal::Unknown(request.change)))?;
    let to = Destination { customer: change.customer, ..request.to.clone() };
    if let Some(known) = known_before(session, desk, &to)? {
        return Ok(Some(known));
    }
    let act = "correcting a provisional change of a meter";
    let Some(word) = word(session, desk, Some(act), &request.note)? else { return Ok(None) };
    let wanted = FinalRequest {
        change: request.change,
        balance: request.balance,
        count: request.count,
        word,
        id: draw(session, &to)?,
    };
    let terms = terms(desk.books())?;
    let sealed = if desk.books().plan_final(&wanted)? <= 0 {
        desk.books_mut().finish_change(None, &wanted, &terms)?
    } else {
        let sale = Sale::new(desk.books(), &to.pin, change.new)?;
        selling(session, &folder, desk, &sale, |books, psam| {
            Ok(books.finish_change(Some(psam), &wanted, &terms)?)
        })?
    };
    let sealed = sealed.map(|sealed| hand_out(session, desk.books(), &folder, &to, &sealed)).transpose()?;
    told(session, desk, wanted.id, sealed).map(Some)
}

/// Changes of meters, those that are provisional or all, of a customer or of everybody.
///
/// # Errors
/// The books cannot be read.
pub fn changes(
    session: &Session,
    desk: &Desk,
    customer: Option<CustomerNumber>,
    provisional: bool,
) -> Result<ChangesReport> {
    desk.folder(session)?;
    let changes = desk.books().changes(customer, provisional)?;
    Ok(ChangesReport { changes: changes.into_iter().map(ChangeLine::of).collect() })
}

/// Who says so: two people for the act that wants them; `None` when it was written down as a request.
pub(super) fn word(session: &Session, desk: &Desk, two: Option<&str>, note: &str) -> Result<Option<Word>> {
    let (folder, at) = (desk.folder(session)?, session.now()?);
    let (by, second) = match two {
        Some(act) => {
            let Some(two) = two_people(session, &folder, desk.books(), act)? else { return Ok(None) };
            log::second(session, two.second());
            (two.first.to_string(), Some(two.second()))
        }
        None => (people::one(session, &folder)?.to_string(), None),
    };
    Ok(Some(Word { at, by, second, note: note.to_owned() }))
}

fn draw(session: &Session, to: &Destination) -> Result<OrderId> {
    let at = session.now()?;
    Ok(to.id.unwrap_or_else(|| OrderId(random(&mut *session.chance(&format!("change {} {at}", to.whose()))))))
}

/// The change that an act before this one made under the id it was given, its order sealed now if it is not yet.
fn known_before(session: &Session, desk: &mut Desk, to: &Destination) -> Result<Option<ChangeReport>> {
    let Some(id) = to.id else { return Ok(None) };
    if desk.books().change_of(id)?.is_none() {
        return Ok(None);
    }
    let folder = desk.folder(session)?;
    let sealed = begun_before(session, desk, &folder, to)?;
    told(session, desk, id, sealed).map(Some)
}

fn told(session: &Session, desk: &Desk, id: OrderId, sealed: Option<OrderReport>) -> Result<ChangeReport> {
    let change = desk.books().change_of(id)?.ok_or(OrderError::UnknownOrder(id))?;
    for (name, value) in [
        ("change", change.id.to_string()),
        ("old_meter", change.old.to_string()),
        ("new_meter", change.new.to_string()),
        ("basis", change.basis.name().to_owned()),
        ("carried_fen", change.carried_fen.to_string()),
    ] {
        log::fact(session, name, value);
    }
    if sealed.is_none() {
        log::fact(session, "customer", change.customer);
    }
    Ok(ChangeReport { change: ChangeLine::of(change), sealed })
}
