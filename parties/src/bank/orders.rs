//! Orders on their way to a SIM: sold, corrected, taken back, made anew, given up.

use super::asking::Besides;
use super::desk::Desk;
use super::payment::{AskBank, must_be_paid};
use super::pins::PinChoice;
use super::registration;
use super::selling::{Sale, could_seal, selling, terms, two_people};
use crate::session::{Session, out};
use crate::trouble::{Result, Trouble, refused};
use crate::{log, revoked};
use scheme::chance::random;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::names;
use scheme::numbers::{CustomerNumber, DeviceNumber, MeterNumber};
use scheme::order::{Order, OrderId, Serial8, SimBinding};
use scheme::profile::CardKind;
use scheme::record_file::{Message, SimNote};
use serde::{Deserialize, Serialize};
use server::{Anew, BankAccount, BankCall, Books, MadeFor, OrderError, OrderRequest, SealedOrder};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use wire::sms::record::Records;

/// Whose order, where it goes, and who seals it.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The customer.
    pub customer: CustomerNumber,
    /// Which of his meters; may be missing where he has one alone.
    pub meter: Option<MeterNumber>,
    /// Record file for the SIM. Default: CUSTOMER-COUNT.sms in the bank's out, of a customer with several meters
    /// CUSTOMER-METER-COUNT.sms.
    pub out: Option<PathBuf>,
    /// The PSAM and its PIN.
    pub pin: PinChoice,
    /// The id of the order, where somebody chose it before the act: an order that has it already is finished, and no other made.
    /// Default: one is drawn.
    pub id: Option<OrderId>,
}

/// A purchase.
#[derive(Debug, Clone)]
pub struct SellRequest {
    /// What is paid. Default: the first purchase of the registration.
    pub amount: Option<Fen>,
    /// The account that is debited, by the bank's token; `None`: it is paid in cash.
    pub pay: Option<BankAccount>,
    /// Whose order it is.
    pub to: Destination,
}

/// Another amount for an outstanding order.
#[derive(Debug, Clone)]
pub struct CorrectRequest {
    /// The right amount.
    pub amount: Fen,
    /// Whose order it is.
    pub to: Destination,
}

/// Why an order is made anew, when it is not the SIM or the validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReissueReason {
    /// The ESAM got other keys.
    KeyChange,
    /// Another ESAM is in the meter; two people know that the old one credits nothing any more.
    ChipReplaced,
}

/// An outstanding order that is to be made anew.
#[derive(Debug, Clone)]
pub struct ReissueRequest {
    /// Why, when it is not the SIM or the validity.
    pub reason: Option<ReissueReason>,
    /// Whose order it is.
    pub to: Destination,
}

/// An order that was sealed, with its record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderReport {
    /// Its id.
    #[serde(with = "names::text")]
    pub order: OrderId,
    /// Who bought.
    pub customer: CustomerNumber,
    /// The meter it is for.
    pub meter: MeterNumber,
    /// The chip it is for.
    #[serde(with = "names::text")]
    pub serial: Serial8,
    /// Its amount.
    #[serde(with = "names::fen")]
    pub amount_fen: Fen,
    /// Its purchase count.
    pub count: u32,
    /// What it does to the account of the meter.
    pub kind: Cow<'static, str>,
    /// Until when meters take it.
    #[serde(with = "names::text")]
    pub valid_until: Moment,
    /// The SIM it is for.
    pub iccid: String,
    /// The file with its record.
    pub record: String,
    /// What the clerk is to hear, though it was sold.
    pub warning: Option<String>,
}

/// An order that was given up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VoidReport {
    /// Its id.
    #[serde(with = "names::text")]
    pub order: OrderId,
    /// Its amount.
    #[serde(with = "names::fen")]
    pub amount_fen: Fen,
    /// Its purchase count.
    pub count: u32,
}

/// Sells: makes an order, has it sealed, and writes its record for the customer's SIM.
///
/// # Errors
/// What may not be sold to this customer now, no PSAM with the keys of the meter, a PSAM or a clock that does not fit the books.
/// Where it is paid through a bank: [`AskBank`], and when the bank was asked the same request goes on; what the bank says.
pub fn sell(session: &Session, desk: &mut Desk, request: &SellRequest) -> Result<OrderReport> {
    let folder = desk.folder(session)?;
    let sealed = sold(session, desk, &folder, request, None)?;
    hand_out(session, desk.books(), &folder, &request.to, &sealed)
}

/// Sells, and hands nothing out. `online`: what the order is sealed for as well.
pub(super) fn sold(
    session: &Session,
    desk: &mut Desk,
    folder: &Path,
    request: &SellRequest,
    online: Option<Besides>,
) -> Result<SealedOrder> {
    desk.take_cash(session)?;
    let to = &request.to;
    if let Some(sealed) = begun(session, desk, folder, to, online)? {
        return Ok(sealed);
    }
    let registration = registration(desk.books(), to.customer, to.meter)?;
    // An ESAM that was revoked gets no more money; what it has is credited and settled.
    revoked::must_not_be(folder, CardKind::Esam, DeviceNumber(registration.meter.0))?;
    let amount = request.amount.or(registration.first_purchase);
    let amount = amount.ok_or_else(|| refused("no amount").hint("say how much with --amount YUAN"))?;
    let (meter, now, id) = (registration.meter, session.now()?, draw(session, "order", to)?);
    let terms = terms(desk.books())?;
    let wanted = OrderRequest { meter, amount, now, id };
    let sale = Sale { online, ..Sale::new(desk.books(), &to.pin, meter)? };
    if let Some(account) = &request.pay {
        could_seal(session, desk, &sale)?;
        let payment = desk.books_mut().begin_payment(&wanted, account, &terms)?;
        for (name, value) in
            [("order", id.to_string()), ("payment", format!("{id} {}", payment.state.name()))]
        {
            log::fact(session, name, value);
        }
        return Err(Trouble::new(AskBank(BankCall::Debit(payment.debit()))));
    }
    selling(session, folder, desk, &sale, |books, psam| Ok(books.purchase(psam, &wanted, &terms)?))
}

/// Makes the outstanding order of a customer of another amount: a second order of the same purchase. `None`: a request for the
/// second person was written in its place.
///
/// # Errors
/// An amount of nothing, no outstanding order, and those of [`sell`].
pub fn correct(session: &Session, desk: &mut Desk, request: &CorrectRequest) -> Result<Option<OrderReport>> {
    if request.amount.0 == 0 {
        return Err(refused("a correction has an amount")
            .hint("an order that should not have been is taken back with `gridcard server reverse`")
            .into());
    }
    second_order(session, desk, &request.to, request.amount, "correcting an order")
}

/// Takes the outstanding order of a customer back, by a second order of the same purchase and of nothing. `None`: a request for the
/// second person was written in its place.
///
/// # Errors
/// No outstanding order, and those of [`sell`].
pub fn reverse(session: &Session, desk: &mut Desk, to: &Destination) -> Result<Option<OrderReport>> {
    second_order(session, desk, to, Fen(0), "taking an order back")
}

fn second_order(
    session: &Session,
    desk: &mut Desk,
    to: &Destination,
    amount: Fen,
    act: &str,
) -> Result<Option<OrderReport>> {
    let folder = desk.folder(session)?;
    if let Some(report) = begun_before(session, desk, &folder, to)? {
        return Ok(Some(report));
    }
    let Some(two) = two_people(session, &folder, desk.books(), act)? else { return Ok(None) };
    log::second(session, two.second());
    desk.take_cash(session)?;
    let meter = registration(desk.books(), to.customer, to.meter)?.meter;
    let (now, id) = (session.now()?, draw(session, "correct", to)?);
    let terms = terms(desk.books())?;
    let wanted = OrderRequest { meter, amount, now, id };
    let sale = Sale::new(desk.books(), &to.pin, meter)?;
    let sealed =
        selling(session, &folder, desk, &sale, |books, psam| Ok(books.correct(psam, &wanted, &terms)?))?;
    let report = hand_out(session, desk.books(), &folder, to, &sealed)?;
    session.say(
        "the meter takes this order or the one before, whichever it sees first; its receipt tells which, and what is due then",
    );
    Ok(Some(report))
}

/// Makes the outstanding order of a customer anew. `None`: a request for the second person was written in its place.
///
/// # Errors
/// No outstanding order, no reason to make it anew, and those of [`sell`].
pub fn reissue(session: &Session, desk: &mut Desk, request: &ReissueRequest) -> Result<Option<OrderReport>> {
    let folder = desk.folder(session)?;
    let to = &request.to;
    if let Some(report) = begun_before(session, desk, &folder, to)? {
        return Ok(Some(report));
    }
    let meter = registration(desk.books(), to.customer, to.meter)?.meter;
    let anew = match request.reason {
        None => Anew::Needed,
        Some(ReissueReason::KeyChange) => Anew::KeyChange,
        Some(ReissueReason::ChipReplaced) => {
            let act = "moving what was paid to another chip";
            let Some(two) = two_people(session, &folder, desk.books(), act)? else { return Ok(None) };
            log::second(session, two.second());
            Anew::ChipReplaced
        }
    };
    let (at, id) = (session.now()?, draw(session, "reissue", to)?);
    let terms = terms(desk.books())?;
    let sale = Sale::new(desk.books(), &to.pin, meter)?;
    let sealed = selling(session, &folder, desk, &sale, |books, psam| {
        Ok(books.reissue(psam, meter, at, id, anew, &terms)?)
    })?;
    hand_out(session, desk.books(), &folder, to, &sealed).map(Some)
}

/// The id of a new order.
pub(super) fn draw(session: &Session, what: &str, to: &Destination) -> Result<OrderId> {
    to.id.map_or_else(|| draw_for(session, what, &to.whose()), Ok)
}

/// A fresh id of an order for somebody.
pub(super) fn draw_for(session: &Session, what: &str, whose: &str) -> Result<OrderId> {
    let at = session.now()?;
    Ok(OrderId(random(&mut *session.chance(&format!("{what} {whose} {at}")))))
}

impl Destination {
    /// Whose order it is, as what is drawn for it is told apart.
    pub(super) fn whose(&self) -> String {
        match self.meter {
            Some(meter) => format!("{} {meter}", self.customer),
            None => self.customer.to_string(),
        }
    }
}

/// The order that an act before this one began under the id it was given: sealed now if it is not yet, and handed out again.
pub(super) fn begun_before(
    session: &Session,
    desk: &mut Desk,
    folder: &Path,
    to: &Destination,
) -> Result<Option<OrderReport>> {
    let Some(sealed) = begun(session, desk, folder, to, None)? else { return Ok(None) };
    hand_out(session, desk.books(), folder, to, &sealed).map(Some)
}

/// The same, handed out to nobody. `online`: what it is sealed for as well, where it is sealed now.
pub(super) fn begun(
    session: &Session,
    desk: &mut Desk,
    folder: &Path,
    to: &Destination,
    online: Option<Besides>,
) -> Result<Option<SealedOrder>> {
    let Some(id) = to.id else { return Ok(None) };
    let Some(placed) = desk.books().order(id)? else { return Ok(None) };
    must_be_paid(desk, id)?;
    let sealed = if let Some(sealed) = desk.books().sealed(id)? {
        sealed
    } else {
        let (terms, at) = (terms(desk.books())?, session.now()?);
        let (keys, asked) = desk.books().asked_of(&placed)?;
        let sale = Sale { pin: &to.pin, meter: placed.order.meter, keys, asked: &asked, online };
        selling(session, folder, desk, &sale, |books, psam| Ok(books.seal(psam, id, at, &terms)?))?
    };
    Ok(Some(sealed))
}

/// Gives up the outstanding order of a customer, while no PSAM can have sealed it.
///
/// # Errors
/// No outstanding order, or one that may be sealed.
pub fn void(
    session: &Session,
    desk: &mut Desk,
    customer: CustomerNumber,
    meter: Option<MeterNumber>,
) -> Result<VoidReport> {
    desk.folder(session)?;
    desk.take_cash(session)?;
    let meter = registration(desk.books(), customer, meter)?.meter;
    let placed = desk.books().outstanding(meter)?;
    let placed = placed.ok_or(OrderError::NothingOutstanding(meter))?;
    let (id, at) = (placed.order.id, session.now()?);
    desk.books_mut().void_order(id, at)?;
    log::fact(session, "order", id);
    Ok(VoidReport { order: id, amount_fen: placed.order.amount, count: placed.order.count })
}

/// The message with an order's record, for its SIM.
pub(super) fn message(record: &Records, order: &Order, made_for: &MadeFor) -> Message {
    // Corrected since, or of somebody who is forgotten: no meter would find the order bound to it.
    let imsi = made_for.imsi.clone().filter(|imsi| SimBinding::of(&imsi.file()) == order.binding);
    let iccid = Some(made_for.iccid.clone());
    Message { record: record.clone(), sim: SimNote { iccid, binding: Some(order.binding), imsi, copy: None } }
}

/// Where the record of an order goes, unless somebody says otherwise. Each meter has counts of its own.
pub(super) fn record_place(
    books: &dyn Books,
    folder: &Path,
    customer: CustomerNumber,
    order: &Order,
) -> Result<PathBuf> {
    let several = books.customer(customer)?.is_some_and(|known| known.meters.len() > 1);
    let (meter, count) = (order.meter, order.count);
    let name =
        if several { format!("{customer}-{meter}-{count}.sms") } else { format!("{customer}-{count}.sms") };
    Ok(out(folder)?.join(name))
}

pub(super) fn hand_out(
    session: &Session,
    books: &dyn Books,
    folder: &Path,
    to: &Destination,
    sealed: &SealedOrder,
) -> Result<OrderReport> {
    let (order, customer) = (&sealed.order, to.customer);
    let path = match &to.out {
        Some(path) => path.clone(),
        None => record_place(books, folder, customer, order)?,
    };
    let message = message(&sealed.record, order, &sealed.sim);
    session.carrier.send(&path, &message).map_err(|error| {
        let which = to.meter.map(|meter| format!(" --meter {meter}")).unwrap_or_default();
        refused(error.to_string()).hint(format!(
            "the order is kept: `gridcard server resume --customer {customer}{which}` writes its record"
        ))
    })?;
    for (name, value) in [
        ("order", order.id.to_string()),
        ("customer", customer.to_string()),
        ("meter", order.meter.to_string()),
        ("amount_fen", order.amount.0.to_string()),
        ("count", order.count.to_string()),
    ] {
        log::fact(session, name, value);
    }
    if let Some(warning) = &sealed.warning {
        session.say(format!("note: {warning}"));
    }
    Ok(OrderReport {
        order: order.id,
        customer,
        meter: order.meter,
        serial: order.serial,
        amount_fen: order.amount,
        count: order.count,
        kind: order.kind.name().into(),
        valid_until: order.valid_until,
        iccid: sealed.sim.iccid.clone(),
        record: path.display().to_string(),
        warning: sealed.warning.clone(),
    })
}
