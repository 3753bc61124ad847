//! Purchases of a meter that is online: begun, asked for by the meter, finished [docs/specs/online.md 8]. Each message is an act of its
//! own; between them the purchase lives in the session of the PSAM that began it, so this is for a desk that is kept.

use super::asking::{Besides, Busy, OnlineFault, OnlineSaid, Question, Unfit};
use super::bring::{PurchaseReport, brought};
use super::desk::Desk;
use super::pins::PinChoice;
use super::pool::Member;
use super::recharge;
use super::registration;
use super::selling::{Sale, could_seal, terms};
use super::settle::{self, ReceiptLine};
use crate::session::Session;
use crate::trouble::{Result, Trouble, refused};
use crate::{log, revoked};
use reader::driver::psam::Answer;
use scheme::chance::random;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, DeviceNumber, MeterNumber};
use scheme::online::{AT_ONCE, HELLO_LEN, SessionId};
use scheme::order::OrderId;
use scheme::profile::CardKind;
use scheme::refusal::Refusal;
use serde::{Deserialize, Serialize};
use server::{BankAccount, OnlineBegin, OnlineError, OnlinePurchase, OnlineState, Settlement};
use sha2::{Digest, Sha256};
use std::path::Path;

/// A purchase that is to begin.
#[derive(Debug, Clone)]
pub struct BeginRequest {
    /// Who buys.
    pub customer: CustomerNumber,
    /// For which of his meters; may be missing where he has one alone.
    pub meter: Option<MeterNumber>,
    /// How much. Default: what is outstanding, which is brought; or the first purchase of the registration.
    pub amount: Option<Fen>,
    /// The account that is debited, by the bank's token; `None`: it is paid in cash.
    pub pay: Option<BankAccount>,
    /// The PSAM and its PIN.
    pub pin: PinChoice,
    /// The id of the purchase, where somebody chose it before the act. Default: one is drawn.
    pub id: Option<OrderId>,
}

/// A purchase with the message that goes to the meter now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MessageReport {
    /// The purchase.
    pub purchase: PurchaseReport,
    /// S0 or S2, in hexadecimal.
    pub message: String,
}

impl MessageReport {
    fn of(known: &OnlinePurchase, message: &[u8]) -> Self {
        MessageReport { purchase: PurchaseReport::of(known), message: hex::encode_upper(message) }
    }
}

/// How a purchase ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResultReport {
    /// The purchase.
    pub purchase: PurchaseReport,
    /// What became of its receipt: as of one that came by another way. `refused`: the meter took no money, and the order is
    /// outstanding.
    pub receipt: ReceiptLine,
}

fn purchase(desk: &Desk, sid: SessionId) -> Result<OnlinePurchase> {
    Ok(desk.books().online(sid)?.ok_or(OnlineError::Unknown(sid))?)
}

/// The PSAM that began a purchase.
fn member(session: &Session, desk: &Desk, known: &OnlinePurchase) -> Result<Member> {
    let number: DeviceNumber = known.psam.parse()?;
    desk.pool(session)?.member(number).cloned()
}

fn ask(desk: &mut Desk, member: &Member, question: Question) -> Result<OnlineSaid> {
    let (_, seats) = desk.parts();
    seats.apart()?.online(member, question)?.map_err(Trouble::new)
}

/// Another answer than to what was asked.
fn confused() -> Trouble {
    Trouble::new(OnlineFault::Refused("it answered another question".to_owned()))
}

/// Begins a purchase: its id, and S0 for the meter. Where an order of the meter is outstanding, that one is brought.
///
/// # Errors
/// Nobody could seal for the meter; another amount is outstanding; the PSAM.
pub fn begin(session: &Session, desk: &mut Desk, request: &BeginRequest) -> Result<MessageReport> {
    let folder = desk.folder(session)?;
    desk.take_cash(session)?;
    let registration = registration(desk.books(), request.customer, request.meter)?;
    let (meter, at) = (registration.meter, session.now()?);
    revoked::must_not_be(&folder, CardKind::Esam, DeviceNumber(meter.0))?;
    let label = || format!("online purchase {meter} {at}");
    let sid = SessionId(request.id.map_or_else(|| random(&mut *session.chance(&label())), |id| id.0));
    let known = match desk.books().online(sid)? {
        Some(known) => known,
        None => {
            terms(desk.books())?;
            let psam = sealer(session, desk, meter, &request.pin)?.number.to_string();
            let begin = OnlineBegin {
                sid,
                customer: registration.customer,
                meter,
                amount: request.amount,
                account: request.pay.clone(),
                psam,
                at,
            };
            desk.books_mut().begin_online(&begin)?
        }
    };
    let hello = match known.hello {
        Some(hello) => hello,
        None => greeted(session, desk, &known)?,
    };
    for (name, value) in [
        ("purchase", sid.to_string()),
        ("customer", known.customer.to_string()),
        ("meter", meter.to_string()),
        ("amount_fen", known.amount.0.to_string()),
    ] {
        log::fact(session, name, value);
    }
    Ok(MessageReport::of(&known, &hello))
}

/// The PSAM that is to seal for a meter: what is outstanding, or what comes next.
fn sealer(session: &Session, desk: &mut Desk, meter: MeterNumber, pin: &PinChoice) -> Result<Member> {
    let outstanding = desk.books().outstanding(meter)?;
    let (keys, asked) = match &outstanding {
        Some(placed) => desk.books().asked_of(placed)?,
        None => (desk.books().keys_of(meter)?, Vec::new()),
    };
    could_seal(session, desk, &Sale { pin, meter, keys, asked: &asked, online: None })?;
    let (pool, now) = (desk.pool(session)?, session.now()?);
    let (books, seats) = desk.parts();
    // A PSAM that has begun for as many meters as it keeps would forget one of them; of one meter a later purchase takes the place of the
    // one before, so whoever begins again and again keeps nobody else out.
    let fit = |psam: DeviceNumber| match books.online_open(&psam.to_string(), meter, now) {
        Ok(open) if open >= AT_ONCE => Err(Unfit::of(&Trouble::new(Busy(psam)))),
        Ok(_) => seats.fit(psam),
        Err(error) => Err(Unfit::of(&error.into())),
    };
    pool.sealing(pin.psam, keys, meter, &asked, &fit).cloned()
}

fn greeted(session: &Session, desk: &mut Desk, known: &OnlinePurchase) -> Result<[u8; HELLO_LEN]> {
    let member = member(session, desk, known)?;
    let question = Question::Begin { meter: known.meter, sid: known.sid, time: known.begun };
    let OnlineSaid::Hello(hello) = ask(desk, &member, question)? else { return Err(confused()) };
    desk.books_mut().keep_hello(known.sid, &hello)?;
    Ok(hello)
}

/// Takes what the meter asks for, has it paid, and gives S2 for it. The order is one like any other: its record is kept, and it
/// can go on by a SIM where the line breaks.
///
/// # Errors
/// It is not what was agreed, or came too late; the bank has to be asked first, or refused; what may not be sold now.
pub fn request(
    session: &Session,
    desk: &mut Desk,
    sid: SessionId,
    message: &[u8],
    pin: &PinChoice,
) -> Result<MessageReport> {
    let folder = desk.folder(session)?;
    let known = purchase(desk, sid)?;
    log::fact(session, "purchase", sid);
    let heard = known.request == Some(Sha256::digest(message).into());
    if let (Some(sealed), true) = (&known.sealed, heard) {
        return Ok(MessageReport::of(&known, sealed));
    }
    let member = member(session, desk, &known)?;
    let OnlineSaid::Request(asked) = ask(desk, &member, Question::Hear(message.to_vec()))? else {
        return Err(confused());
    };
    let known = taken(session, desk, &known, message, &asked)?;
    let pin = PinChoice { psam: Some(member.number), ..pin.clone() };
    let (_, sealed) = brought(session, desk, &folder, &known, &pin, Besides::Online(sid))?;
    desk.books_mut().keep_online_order(sid, &sealed)?;
    log::fact(session, "order", known.order);
    Ok(MessageReport::of(&purchase(desk, sid)?, &sealed))
}

fn taken(
    session: &Session,
    desk: &mut Desk,
    known: &OnlinePurchase,
    message: &[u8],
    asked: &[u8],
) -> Result<OnlinePurchase> {
    let now = session.now()?;
    Ok(desk.books_mut().hear_online(known.sid, message, asked, now)?)
}

/// Takes what the meter said at the end: its receipt settles as any receipt does; its refusal is kept, and the order stays.
///
/// # Errors
/// It is not the meter's, or not of this purchase; the PSAM.
pub fn result(session: &Session, desk: &mut Desk, sid: SessionId, message: &[u8]) -> Result<ResultReport> {
    desk.folder(session)?;
    let known = purchase(desk, sid)?;
    log::fact(session, "purchase", sid);
    if known.is_recharge() {
        let receipt = recharge::receipt(session, desk, &known, message)?;
        return Ok(ResultReport { purchase: PurchaseReport::of(&purchase(desk, sid)?), receipt });
    }
    let receipt = match known.state {
        OnlineState::Begun | OnlineState::Asked => {
            return Err(OnlineError::Turn { sid, state: known.state.name() }.into());
        }
        OnlineState::Settled => {
            settle::line(session, Path::new(""), &Settlement::AlreadySettled(Some(known.order)))
        }
        OnlineState::Sealed | OnlineState::Refused => finished(session, desk, &known, message)?,
    };
    Ok(ResultReport { purchase: PurchaseReport::of(&purchase(desk, sid)?), receipt })
}

fn finished(
    session: &Session,
    desk: &mut Desk,
    known: &OnlinePurchase,
    message: &[u8],
) -> Result<ReceiptLine> {
    let member = member(session, desk, known)?;
    let OnlineSaid::Answer(answer) = ask(desk, &member, Question::Finish(message.to_vec()))? else {
        return Err(confused());
    };
    let at = session.now()?;
    match answer {
        Answer::Receipt(receipt) => {
            let settlement = desk.books_mut().settle_online(known.sid, message, &receipt, at)?;
            let line = settle::line(session, Path::new(""), &settlement);
            log::fact(session, settle::result(&settlement), line.order.as_deref().unwrap_or_default());
            Ok(line)
        }
        Answer::Refused(number) => {
            desk.books_mut().refuse_online(known.sid, number)?;
            log::fact(session, "refused", number);
            let refusal = Refusal::all().find(|refusal| refusal.field_error() == number);
            let words = refusal.map_or("an error that is not known here", Refusal::words);
            let failure = meter_refused(format!("the meter took no money (error {number}): {words}"));
            let line = ReceiptLine::refused(Path::new(""), &failure);
            Ok(ReceiptLine { order: Some(known.order.to_string()), ..line })
        }
    }
}

/// A meter that took no money, in words.
pub fn meter_refused(words: String) -> Trouble {
    let hint = "the order is outstanding: mend what the meter names, and begin anew";
    refused(words).hint(hint).code("online-meter-refused").into()
}

/// A purchase as it stands.
///
/// # Errors
/// Nobody began it here.
pub fn show(session: &Session, desk: &Desk, sid: SessionId) -> Result<PurchaseReport> {
    desk.folder(session)?;
    Ok(PurchaseReport::of(&purchase(desk, sid)?))
}
