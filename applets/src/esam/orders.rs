//! What an order does to a meter, whichever way it came: the rules, and the credit.

use super::account::{BINDING, CUSTOMER, OPENED, Parameters, Purse};
use super::receipts::{self, Credit, RunInfo, Stored};
use crate::packets::PacketKeys;
use alloc::vec::Vec;
use cos::{Context, Halt};
use scheme::money::Fen;
use scheme::order::{Order, OrderKind};
use scheme::profile::{EF_PARAMETERS, EF_RECEIPT};
use scheme::refusal::Refusal;
use wire::Sw;

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
pub fn judge(context: &Context<'_>, order: &Order) -> Result<Verdict, Halt> {
    let parameters = Parameters::read(context)?;
    if order.meter != parameters.meter {
        return Ok(Verdict::Refused(Refusal::MeterNumber));
    }
    if order.serial.0 != context.chip.serial {
        return Ok(Verdict::Refused(Refusal::EsamSerial));
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
    order: &Order,
    Terms { purse, balance, run }: Terms,
    keys: &PacketKeys,
) -> Result<Stored, Halt> {
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
