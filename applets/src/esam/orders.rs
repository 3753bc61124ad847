//! What an order does to a meter, whichever way it came: the rules, and the credit.

use super::account::{BINDING, CUSTOMER, OPENED, Parameters, Purse};
use super::receipts::{self, Credit, RunInfo, Stored};
use crate::packets::PacketKeys;
use crate::signing::Signing;
use alloc::vec::Vec;
use cos::{Context, Halt};
use scheme::certificate::{KeyUse, Label};
use scheme::money::Fen;
use scheme::order::{self, Order, OrderKind};
use scheme::profile::{EF_PARAMETERS, EF_RECEIPT};
use scheme::refusal::Refusal;
use scheme::signed::Signed;
use scheme::signing::Mode;
use wire::Sw;

/// An order as it came out of its message.
pub struct Given {
    pub order: Order,
    signed: Signed,
}

impl Given {
    /// `None` of bytes that are no order.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let signed = Signed::parse(bytes, order::TAG).ok()?;
        Some(Given { order: Order::parse(&signed.plain).ok()?, signed })
    }

    /// Whether its receipt is to be signed: as it is itself.
    const fn is_signed(&self) -> bool {
        self.signed.proof.is_some()
    }
}

/// Whether an order is signed as this card wants it. A card that takes signed orders alone takes no other, whoever has its keys.
fn vouched(context: &Context<'_>, given: &Given, mode: Mode) -> Result<(), Refusal> {
    match (mode, given.is_signed()) {
        (Mode::Signed, false) => Err(Refusal::Unsigned),
        (_, false) => Ok(()),
        // It could not sign the receipt either.
        (Mode::Symmetric, true) => Err(Refusal::Signature),
        (Mode::Both | Mode::Signed, true) => {
            let server =
                Signing::of(context).and_then(|signing| signing.certificate(context, KeyUse::Server));
            let server = server.map_err(|_| Refusal::Signature)?;
            given.signed.verify(Label::Order, &server).map_err(|_| Refusal::Signature)
        }
    }
}

/// What the rules say to an order. Nothing was written.
pub enum Verdict {
    /// It is the next one.
    Credit(Terms),
    /// Its count was taken before: the receipt as it was, no money.
    Again,
    /// It is none for this meter, account, SIM or time.
    Refused(Refusal),
}

/// What was looked at for an order that is credited.
pub struct Terms {
    purse: Purse,
    balance: u32,
    run: RunInfo,
}

/// An order that is proved by its message.
pub fn judge(context: &Context<'_>, given: &Given) -> Result<Verdict, Halt> {
    let order = &given.order;
    let parameters = Parameters::read(context)?;
    if order.meter != parameters.meter {
        return Ok(Verdict::Refused(Refusal::MeterNumber));
    }
    if order.serial.0 != context.chip.serial {
        return Ok(Verdict::Refused(Refusal::EsamSerial));
    }
    if let Err(refusal) = vouched(context, given, parameters.mode) {
        return Ok(Verdict::Refused(refusal));
    }
    let purse = Purse::read(context)?;
    // The same order again, after a SIM that was pulled or an answer that was lost.
    if order.count == purse.count {
        return Ok(Verdict::Again);
    }
    let run = RunInfo::read(context)?;
    Ok(match admit(order, &parameters, &purse, &run) {
        Ok(balance) => Verdict::Credit(Terms { purse, balance, run }),
        Err(refusal) => Verdict::Refused(refusal),
    })
}

/// The rules of the meter, in the order of docs/specs/purchase.md 5; gives the balance after the credit.
fn admit(order: &Order, parameters: &Parameters, purse: &Purse, run: &RunInfo) -> Result<u32, Refusal> {
    if parameters.opened && order.customer != parameters.customer {
        return Err(Refusal::CustomerNumber);
    }
    if order.binding != run.binding {
        return Err(Refusal::SimBinding);
    }
    match (order.kind, parameters.opened) {
        (OrderKind::Recharge, true) if order.binding != parameters.binding => {
            return Err(Refusal::SimChanged);
        }
        (OrderKind::Recharge, false) => return Err(Refusal::NotOpened),
        (OrderKind::Replacement, false) => return Err(Refusal::ReplacementNotOpened),
        (OrderKind::Open, true) => return Err(Refusal::AlreadyOpened),
        _ => {}
    }
    if order.count < purse.count {
        return Err(Refusal::CountOlder);
    }
    if purse.count.checked_add(1) != Some(order.count) {
        return Err(Refusal::CountSkipped);
    }
    if run.time > order.valid_until {
        return Err(Refusal::Expired);
    }
    // A reversal takes its count and nothing else, and must do so at a full purse too.
    if order.amount == Fen(0) {
        return Ok(purse.balance);
    }
    let balance = purse.balance.checked_add(order.amount.0).filter(|balance| *balance <= parameters.ceiling);
    balance.ok_or(Refusal::OverCeiling)
}

/// One transaction: purse, count, customer and SIM of an opening or replacement, receipt.
pub fn credit(
    context: &mut Context<'_>,
    given: &Given,
    Terms { purse, balance, run }: Terms,
    keys: &PacketKeys,
) -> Result<Stored, Halt> {
    let order = &given.order;
    let total = purse.total.checked_add(order.amount.0).ok_or(Sw::COUNTER_END)?;
    Purse { balance, total, count: order.count }.write(context)?;
    if order.kind == OrderKind::Open {
        context.write_ef(EF_PARAMETERS, OPENED, &[1])?;
        context.write_ef(EF_PARAMETERS, CUSTOMER, &order.customer.0)?;
    }
    if order.kind != OrderKind::Recharge {
        context.write_ef(EF_PARAMETERS, BINDING, &order.binding.0)?;
    }
    let credit = Credit {
        meter: order.meter,
        amount: order.amount,
        count: order.count,
        order: order.id,
        digest: order.digest(),
        balance: Fen(balance),
        signed: given.is_signed(),
    };
    receipts::store(context, &credit, &run, keys)
}

/// The user data of the last receipt; `None` on a fresh purse, whose count of 0 has none.
pub fn stored(context: &Context<'_>) -> Result<Option<Vec<u8>>, Halt> {
    let [length]: [u8; 1] = context.read_ef(EF_RECEIPT, 0)?;
    if length == 0 {
        return Ok(None);
    }
    let file = context.ef(EF_RECEIPT)?;
    if usize::from(length) + 1 > file.size() {
        return Err(Sw::FILE_INVALID.into());
    }
    let mut user_data = Vec::new();
    context.memory.append_to(file.body() + 1, usize::from(length), &mut user_data);
    Ok(Some(user_data))
}
