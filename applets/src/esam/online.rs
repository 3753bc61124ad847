//! The paper's online purchase: ONLINE REQUEST and ONLINE ORDER [docs/specs/online.md].
//!
//! The session is this program's own and shares nothing with the field's identity authentication: beginning one ends the other.
//! An error of any command ends it too, in the kernel.

use super::account::{Parameters, Purse};
use super::orders::{Given, Verdict, credit, judge, stored};
use super::receipts::{RunInfo, packet_keys, refuse, role_key, signed};
use crate::info::current_info;
use alloc::vec::Vec;
use cos::keyfile::kind;
use cos::steps::Field;
use cos::{Context, Halt};
use keys::Role;
use scheme::certificate::Label;
use scheme::money::Fen;
use scheme::online::{HELLO_LEN, Head, Hello, REFUSED, REQUEST, Request, Session};
use scheme::order::Serial8;
use scheme::profile::{CardInfo, EF_RUN_INFO, State};
use scheme::refusal::Refusal;
use scheme::signing::Mode;
use wire::packet::{self, ResponsePacket, Spi};
use wire::{CommandRef, Sw};

/// Place of EF_IMSI's content in the run information.
const IMSI: usize = 11;

/// Card information of an ESAM that still credits; 6985 otherwise.
fn alive(context: &Context<'_>) -> Result<CardInfo, Halt> {
    let info = current_info(context)?;
    if info.state == State::Retired { Err(Sw::CONDITIONS.into()) } else { Ok(info) }
}

/// ONLINE REQUEST `80 4E 00 00 3E`: S0, then amount4, IMEI8 and MSISDN10 as the phone says them. Answers S1,
/// whose request is signed unless the card takes symmetric orders alone. 6A80 what is no S0 of this
/// suite, 9E11 one of another meter.
pub fn request(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let info = alive(context)?;
    let (hello, rest) = command.data.split_first_chunk::<HELLO_LEN>().ok_or(Sw::WRONG_LENGTH)?;
    let (amount, rest) = rest.split_first_chunk().ok_or(Sw::WRONG_LENGTH)?;
    let (imei, msisdn) = rest.split_first_chunk().ok_or(Sw::WRONG_LENGTH)?;
    let asked = Hello::parse(hello).filter(|hello| hello.suite == context.chip.suite);
    let asked = asked.ok_or(Sw::WRONG_DATA)?;
    let parameters = Parameters::read(context)?;
    if asked.meter != parameters.meter {
        return Err(refuse(Refusal::MeterNumber));
    }
    let run = RunInfo::read(context)?;
    let mut nonce = [0; 16];
    context.entropy.fill(&mut nonce);
    let head = Head {
        suite: asked.suite,
        meter: asked.meter,
        sid: asked.sid,
        nonce,
        serial: Serial8(context.chip.serial),
        count: Purse::read(context)?.count,
        state: info.state,
        key_version: context.key_record(kind::APPLET, Role::Kid.code())?.byte4(),
    };
    let request = Request {
        meter: parameters.meter,
        customer: parameters.customer.0,
        amount: Fen(u32::from_be_bytes(*amount)),
        time: run.time,
        imsi: context.read_ef(EF_RUN_INFO, IMSI)?,
        imei: *imei,
        msisdn: msisdn.try_into().map_err(|_| Sw::WRONG_LENGTH)?,
    };
    let mut request = request.to_bytes();
    if parameters.mode != Mode::Symmetric {
        request = signed(context, &request, REQUEST, Label::Request)?;
    }
    let kid = role_key(context, Role::Kid)?;
    let mut session = Session::begin(&kid, hello, &head.to_bytes()).ok_or(Sw::WRONG_DATA)?;
    let message = session.seal_request(&request);
    context.volatile.field = Field::new();
    context.volatile.online = Some(session);
    context.answer.extend_from_slice(&message);
    Ok(Sw::OK)
}

/// ONLINE ORDER `80 4E 01 00`: S2. Answers S3 and ends the session: a receipt, or the field error of a refusal, which changes nothing.
/// 6985 without a session, 6988 whatever is wrong with the message.
pub fn order(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    alive(context)?;
    let mut session = context.volatile.online.take().ok_or(Sw::CONDITIONS)?;
    let bytes = session.open_order(command.data).ok_or(Sw::SM_WRONG)?;
    let answer = match answer(context, &bytes)? {
        Ok(receipt) => receipt,
        Err(refusal) => [REFUSED, refusal.field_error()].to_vec(),
    };
    let message = session.seal_answer(&answer);
    context.answer.extend_from_slice(&message);
    Ok(Sw::OK)
}

/// An encoded receipt, or why there is none.
fn answer(context: &mut Context<'_>, order: &[u8]) -> Result<Result<Vec<u8>, Refusal>, Halt> {
    let Some(given) = Given::parse(order) else { return Ok(Err(Refusal::Format)) };
    match judge(context, &given)? {
        Verdict::Credit(terms) => {
            let keys = packet_keys(context)?;
            Ok(Ok(credit(context, &given, terms, &keys)?.receipt))
        }
        Verdict::Again => again(context),
        Verdict::Refused(refusal) => Ok(Err(refusal)),
    }
}

/// The last receipt once more. It is kept as the message it went out in: after a change of keys that message, and the TAC in it, are
/// of the keys before, and the way to it is ENVELOPE.
fn again(context: &Context<'_>) -> Result<Result<Vec<u8>, Refusal>, Halt> {
    let Some(user_data) = stored(context)? else { return Ok(Err(Refusal::CountOlder)) };
    let security = Spi::parse(packet::SPI).map_err(|_| Sw::UNKNOWN)?.response;
    let packet = ResponsePacket::parse(&user_data, security).map_err(|_| Sw::FILE_INVALID)?;
    Ok(packet.open(&packet_keys(context)?).map(|(_, receipt)| receipt).map_err(|_| Refusal::CountOlder))
}
