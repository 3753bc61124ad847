//! What a PSAM asks of an order before it seals it, and of a receipt before it says what is in it, whichever way they go; the keys for
//! both.

use crate::info::current_info;
use crate::limits::limits;
use crate::packets::PacketKeys;
use crate::signing::Signing;
use cos::keyfile::kind;
use cos::{Context, Halt};
use keys::{Key, Role, hierarchy, mac};
use scheme::certificate::{KeyUse, Label};
use scheme::numbers::MeterNumber;
use scheme::order::{self, Order};
use scheme::profile::{CardKind, EF_SEALED, SERVER_KEY, State};
use scheme::psam::{self, PsamChain};
use scheme::receipt::Receipt;
use scheme::signed::Signed;
use wire::Sw;

/// This card's city key of a role. A test card uses it only while it is the published one: formal keys, however they came
/// there, seal nothing (6985).
pub fn city_key(context: &Context<'_>, role: Role) -> Result<Key, Halt> {
    let key = context.usable_key(kind::APPLET, role.code())?;
    if context.chip.kind != CardKind::TestCard {
        return Ok(key);
    }
    let version = context.key_record(kind::APPLET, role.code())?.byte4();
    let info = current_info(context)?;
    let published =
        hierarchy::city_key(&hierarchy::test_root(context.chip.suite, role), info.region, version);
    if info.state == State::Test && key == published { Ok(key) } else { Err(Sw::CONDITIONS.into()) }
}

/// The chain as it stands.
pub fn chain(context: &Context<'_>) -> Result<PsamChain, Halt> {
    Ok(PsamChain::parse(&context.read_ef_or_zeros(EF_SEALED, 0)?))
}

/// The order of a SEAL ORDER, once its proof is right; 6982 without one, 6A88 of a PSAM that was never paired, or that knows no server's
/// certificate where the order is signed by one: that signature is the proof.
pub fn proved<'c>(context: &Context<'_>, data: &'c [u8]) -> Result<&'c [u8], Halt> {
    let number = current_info(context)?.number;
    if context.chip.kind == CardKind::TestCard {
        return Ok(data);
    }
    if let Ok(signed) = Signed::parse(data, order::TAG)
        && signed.proof.is_some()
    {
        let server = Signing::of(context)?.certificate(context, KeyUse::Server)?;
        signed.verify(Label::Order, &server).map_err(|_| Sw::NOT_ALLOWED)?;
        return Ok(data);
    }
    let (order, proof) = psam::split_proof(data).ok_or(Sw::NOT_ALLOWED)?;
    let key = context.usable_key(kind::APPLET, SERVER_KEY.id)?;
    if keys::equal(&mac::cmac8(&key, &psam::proved(&number, order)), proof) {
        Ok(order)
    } else {
        Err(Sw::NOT_ALLOWED.into())
    }
}

/// The chain after one more order, if the limits allow it.
fn counted(context: &Context<'_>, before: &PsamChain, data: &[u8], order: &Order) -> Result<PsamChain, Halt> {
    let after = before.after(data, order.amount).ok_or(Sw::COUNTER_END)?;
    if context.chip.kind == CardKind::TestCard {
        return Ok(after);
    }
    let limits = limits(context)?;
    if after.count <= limits.count && after.value <= limits.value {
        Ok(after)
    } else {
        Err(Sw::COUNTER_END.into())
    }
}

/// A meter's key of a role, from this card's city key.
pub fn meter_key(context: &Context<'_>, role: Role, meter: MeterNumber) -> Result<Key, Halt> {
    Ok(hierarchy::meter_key(&city_key(context, role)?, meter.0))
}

pub fn packet_keys(context: &Context<'_>, meter: MeterNumber) -> Result<PacketKeys, Halt> {
    Ok(PacketKeys { kic: meter_key(context, Role::Kic, meter)?, kid: meter_key(context, Role::Kid, meter)? })
}

/// An order that may be sealed.
pub struct Authorised<'c> {
    /// The order.
    pub order: Order,
    /// As it was encoded.
    pub bytes: &'c [u8],
    /// The chain after it; `None` for the last one again.
    after: Option<PsamChain>,
}

impl Authorised<'_> {
    /// Counts it, with whatever carries it.
    pub fn count(&self, context: &mut Context<'_>) -> Result<(), Halt> {
        match &self.after {
            Some(after) => context.write_ef(EF_SEALED, 0, &after.to_bytes()),
            None => Ok(()),
        }
    }
}

/// An order that is [`proved`]: 6A80 when it is not complete, 9402 beyond a limit.
pub fn authorise<'c>(context: &Context<'_>, bytes: &'c [u8]) -> Result<Authorised<'c>, Halt> {
    // The chain is over what an order says: signed anew, it is the same one.
    let plain = Signed::parse(bytes, order::TAG).map_err(|_| Sw::WRONG_DATA)?.plain;
    let order = Order::parse(&plain).map_err(|_| Sw::WRONG_DATA)?;
    let before = chain(context)?;
    // Asked again for the last one, after an answer that was lost: nothing is counted twice.
    let after = if before.is_last(&plain) { None } else { Some(counted(context, &before, &plain, &order)?) };
    Ok(Authorised { order, bytes, after })
}

/// Whether a receipt is this meter's: 6A80 when it names another, 6988 when the TAC is wrong.
pub fn check_receipt(context: &Context<'_>, meter: MeterNumber, receipt: &Receipt) -> Result<(), Halt> {
    if receipt.meter != meter {
        return Err(Sw::WRONG_DATA.into());
    }
    let tac = mac::tac(&meter_key(context, Role::Tac, meter)?, &receipt.signed_part());
    if keys::equal(&tac, &receipt.tac) { Ok(()) } else { Err(Sw::SM_WRONG.into()) }
}
