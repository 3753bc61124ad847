//! The server's end of the paper's online purchase [docs/specs/online.md 5].
//!
//! Several purchases stand side by side, each by its number; what else the card does between their messages touches none.

use super::orders::{authorise, check_receipt, meter_key, proved};
use crate::info::current_info;
use core::cmp::Reverse;
use cos::steps::{Heard, Purchase, Sealed};
use cos::{Context, Halt};
use keys::Role;
use scheme::moment::Moment;
use scheme::numbers::MeterNumber;
use scheme::online::{AT_ONCE, HEAD_LEN, Hello, REFUSED, Request, Session, SessionId};
use scheme::order;
use scheme::profile::State;
use scheme::receipt::Receipt;
use scheme::signed::Signed;
use wire::{CommandRef, Sw};

/// Place of a purchase's number in S1, and in S3.
const SID_IN_REQUEST: usize = 9;
const SID_IN_ANSWER: usize = 1;

/// 6985 on a card that is not finished, of the older make or retired.
pub fn alive(context: &Context<'_>) -> Result<(), Halt> {
    let retired = current_info(context)?.state == State::Retired;
    if retired { Err(Sw::CONDITIONS.into()) } else { Ok(()) }
}

/// Where the purchase stands whose number begins here; 6A88 of none that is known, or not any more.
fn place(context: &Context<'_>, data: &[u8], at: usize) -> Result<usize, Halt> {
    let sid = data.get(at..).and_then(|rest| rest.first_chunk()).map(|sid| SessionId(*sid));
    let sid = sid.ok_or(Sw::WRONG_LENGTH)?;
    let found = context.volatile.purchases.iter().position(|purchase| purchase.sid == sid);
    found.ok_or(Sw::KEY_NOT_FOUND.into())
}

/// The meter a purchase is for.
fn meter(purchase: &Purchase) -> Result<MeterNumber, Halt> {
    Hello::parse(&purchase.hello).map(|hello| hello.meter).ok_or(Sw::UNKNOWN.into())
}

/// Which purchase goes where there is room for no more: the oldest of this meter, else the oldest of the meter that has most. So whoever
/// begins for one meter again and again pushes out nobody else's.
fn gives_way(purchases: &[Purchase], meter: MeterNumber) -> usize {
    let of = |purchase: &Purchase| Hello::parse(&purchase.hello).map(|hello| hello.meter);
    let many = |whose: Option<MeterNumber>| {
        let all = purchases.iter().filter(|purchase| of(purchase) == whose).count();
        if whose == Some(meter) { usize::MAX } else { all }
    };
    let places = purchases.iter().enumerate();
    places.max_by_key(|(at, purchase)| (many(of(purchase)), Reverse(*at))).map_or(0, |(at, _)| at)
}

/// BEGIN PURCHASE `80 4E 00 00 15`: meter6, sid8 and the server's time7. Answers S0. 6985 a number that is there; where none is free a
/// purchase goes: the oldest of this meter, else the oldest of the meter that has most.
pub fn begin(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    alive(context)?;
    let (number, rest) = command.data.split_first_chunk().ok_or(Sw::WRONG_LENGTH)?;
    let (sid, time) = rest.split_first_chunk().ok_or(Sw::WRONG_LENGTH)?;
    let sid = SessionId(*sid);
    let mut nonce = [0; 16];
    context.entropy.fill(&mut nonce);
    let hello = Hello {
        suite: context.chip.suite,
        meter: MeterNumber::new(*number).map_err(|_| Sw::WRONG_DATA)?,
        sid,
        nonce,
        time: Moment::new(time.try_into().map_err(|_| Sw::WRONG_LENGTH)?).map_err(|_| Sw::WRONG_DATA)?,
    };
    let purchases = &mut context.volatile.purchases;
    if purchases.iter().any(|purchase| purchase.sid == sid) {
        return Err(Sw::CONDITIONS.into());
    }
    if purchases.len() >= AT_ONCE {
        purchases.remove(gives_way(purchases, hello.meter));
    }
    let hello = hello.to_bytes();
    purchases.push(Purchase { sid, hello, heard: None });
    context.answer.extend_from_slice(&hello);
    Ok(Sw::OK)
}

/// OPEN REQUEST `80 4E 01 00`: S1. Answers the request; the same message again, the same. 6985 another message of a purchase that has
/// heard one, 6988 whatever is wrong with it.
pub fn request(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    alive(context)?;
    let at = place(context, command.data, SID_IN_REQUEST)?;
    let purchase = &context.volatile.purchases[at];
    let heard = purchase.heard.as_ref().map(|heard| heard.message.as_slice());
    if heard.is_some_and(|message| message != command.data) {
        return Err(Sw::CONDITIONS.into());
    }
    let is_first = heard.is_none();
    let meter = meter(purchase)?;
    let head = command.data.first_chunk::<HEAD_LEN>().ok_or(Sw::WRONG_LENGTH)?;
    let kid = meter_key(context, Role::Kid, meter)?;
    let mut session = Session::begin(&kid, &purchase.hello, head).ok_or(Sw::SM_WRONG)?;
    let bytes = session.open_request(command.data).ok_or(Sw::SM_WRONG)?;
    let request = Request::parse(&bytes).map_err(|_| Sw::WRONG_DATA)?;
    if request.meter != meter {
        return Err(Sw::WRONG_DATA.into());
    }
    if is_first {
        let heard = Heard { message: command.data.to_vec(), session, sealed: None };
        context.volatile.purchases[at].heard = Some(heard);
    }
    context.answer.extend_from_slice(&bytes);
    Ok(Sw::OK)
}

/// SEAL FOR PURCHASE `80 4E 02 00`: sid8, then order and proof as SEAL ORDER takes them, by the same rules. Answers S2; the same order
/// again, the same bytes. 6985 before the request was heard, and for another order: a purchase's key seals one. 6A80 an order for
/// another meter.
pub fn seal(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    alive(context)?;
    let at = place(context, command.data, 0)?;
    let data = &command.data[size_of::<SessionId>()..];
    let bytes = proved(context, data)?;
    let purchase = &context.volatile.purchases[at];
    let heard = purchase.heard.as_ref().ok_or(Sw::CONDITIONS)?;
    // What an order says: signed anew, after an answer that was lost, it is the same one, and its message is that of before.
    let plain = Signed::parse(bytes, order::TAG).map_err(|_| Sw::WRONG_DATA)?.plain;
    if let Some(sealed) = &heard.sealed {
        if sealed.order != plain {
            return Err(Sw::CONDITIONS.into());
        }
        context.answer.extend_from_slice(&sealed.message);
        return Ok(Sw::OK);
    }
    let authorised = authorise(context, bytes)?;
    if authorised.order.meter != meter(purchase)? {
        return Err(Sw::WRONG_DATA.into());
    }
    let mut session = heard.session.clone();
    let message = session.seal_order(authorised.bytes);
    authorised.count(context)?;
    context.answer.extend_from_slice(&message);
    if let Some(heard) = &mut context.volatile.purchases[at].heard {
        heard.session = session;
        heard.sealed = Some(Sealed { order: plain, message });
    }
    Ok(Sw::OK)
}

/// OPEN ANSWER `80 4E 03 00`: S3. Answers the receipt, or `EF` and the field error of the refusal; the same message again, the same.
/// 6985 before an order was sealed, 6988 whatever is wrong with the message or the TAC, 6A80 what is neither.
pub fn answer(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    alive(context)?;
    let at = place(context, command.data, SID_IN_ANSWER)?;
    let purchase = &context.volatile.purchases[at];
    let heard = purchase.heard.as_ref().filter(|heard| heard.sealed.is_some()).ok_or(Sw::CONDITIONS)?;
    // A copy: what was said stays as it was, for the same message once more.
    let bytes = heard.session.clone().open_answer(command.data).ok_or(Sw::SM_WRONG)?;
    if !matches!(bytes[..], [REFUSED, _]) {
        let receipt = Receipt::parse(&bytes).map_err(|_| Sw::WRONG_DATA)?;
        check_receipt(context, meter(purchase)?, &receipt)?;
    }
    context.answer.extend_from_slice(&bytes);
    Ok(Sw::OK)
}
