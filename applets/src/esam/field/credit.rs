//! Money that comes by a command with a MAC, whoever made that: the same purse and count as by ENVELOPE, and the same receipt.

use super::super::account::{Parameters, Purse};
use super::super::receipts::{self, Credit, RunInfo, packet_keys, refuse};
use cos::{Context, Halt};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::order::{OrderDigest, OrderId, SimBinding};
use scheme::refusal::Refusal;
use scheme::signing::Mode;
use wire::Sw;

/// UNSPECIFIED: the time in the receipt of a meter that told its ESAM none. A time settles nothing.
const NO_TIME: Moment = Moment([0x20, 0x00, 0x01, 0x01, 0, 0, 0]);

pub fn number(bytes: &[u8]) -> Result<u32, Halt> {
    bytes.try_into().map(u32::from_be_bytes).map_err(|_| Sw::WRONG_LENGTH.into())
}

/// A card that takes signed orders alone takes no money without one.
pub fn takes_unsigned(parameters: &Parameters) -> Result<(), Halt> {
    if parameters.mode == Mode::Signed { Err(refuse(Refusal::Unsigned)) } else { Ok(()) }
}

/// Puts the next purchase into the purse, whoever brought it, and keeps its receipt; `named`: what that has where an order's id and digest
/// stand.
pub fn credit(
    context: &mut Context<'_>,
    parameters: &Parameters,
    (Fen(amount), count): (Fen, u32),
    named: (OrderId, OrderDigest),
) -> Result<(), Halt> {
    let purse = Purse::read(context)?;
    if count <= purse.count {
        return Err(refuse(Refusal::CountOlder));
    }
    if purse.count.checked_add(1) != Some(count) {
        return Err(refuse(Refusal::CountSkipped));
    }
    let balance = purse.balance.checked_add(amount);
    // Of nothing, it takes its count and nothing else, and must do so at a full purse too.
    let balance = balance.filter(|balance| amount == 0 || *balance <= parameters.ceiling);
    let balance = balance.ok_or_else(|| refuse(Refusal::OverCeiling))?;
    let total = purse.total.checked_add(amount).ok_or(Sw::COUNTER_END)?;
    Purse { balance, total, count }.write(context)?;
    let run =
        RunInfo::read(context).unwrap_or(RunInfo { register: 0, time: NO_TIME, binding: SimBinding([0; 8]) });
    let (order, digest) = named;
    let credit = Credit {
        meter: parameters.meter,
        amount: Fen(amount),
        count,
        order,
        digest,
        balance: Fen(balance),
        signed: false,
    };
    let keys = packet_keys(context)?;
    receipts::store(context, &credit, &run, &keys).map(drop)
}
