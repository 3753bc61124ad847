//! Money by the field's commands: the same purse and count as by ENVELOPE, and the same receipt.

use super::super::account::{self, OPENED, Parameters, Purse};
use super::super::receipts::{refuse, role_key};
use super::bound::{Again, checked, header, random, recharged};
use super::card;
use super::credit::{credit, number, takes_unsigned};
use super::production;
use crate::info::current_info;
use cos::{Context, Halt};
use keys::hierarchy::{Use, use_key};
use keys::{Key, Role};
use scheme::field::{MAC_LEN, Source, recharge_id, statement_mac};
use scheme::money::Fen;
use scheme::profile::{EF_PARAMETERS, EF_RECEIPT, State};
use scheme::refusal::Refusal;
use wire::{CommandRef, Sw};

/// The purse's own key: no MAC of a parameter is one of money.
fn purse_key(context: &Context<'_>) -> Result<Key, Halt> {
    Ok(use_key(&role_key(context, Role::Kid)?, Use::FieldMac))
}

/// INCREASE `84 32 01 0C 0C amount4 count4 MAC4`: the next purchase. It opens an account whose customer was written before.
///
/// With a user card in the meter's slot it is the card's, and nobody else's.
pub fn increase(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    current_info(context)?;
    if let Some(seen) = context.volatile.field.card {
        return card::increase(context, command, seen);
    }
    let key = purse_key(context)?;
    let kid = role_key(context, Role::Kid)?;
    let body = recharged(context, command, &key, &kid, Again::Never)?;
    let (amount, count) = body.split_at_checked(4).ok_or(Sw::WRONG_LENGTH)?;
    let (amount, count) = (number(amount)?, number(count)?);
    let random = random(context)?;
    let code: [u8; MAC_LEN] = *command.data.last_chunk().ok_or(Sw::WRONG_LENGTH)?;
    let parameters = Parameters::read(context)?;
    takes_unsigned(&parameters)?;
    if parameters.customer.0 == [0; 6] {
        return Err(refuse(Refusal::NotOpened));
    }
    let named = recharge_id(Fen(amount), count, code, random);
    credit(context, &parameters, (Fen(amount), count), named)?;
    if !parameters.opened {
        context.write_ef(EF_PARAMETERS, OPENED, &[1])?;
    }
    Ok(Sw::OK)
}

/// `84 30 02 0C 08 amount4 MAC4`: takes money back. Answers what is left, with a MAC.
///
/// It has no count, so a lost answer cannot be told from a lost command: in one session it is taken once. The payment server takes
/// money back by an order instead.
pub fn refund(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    current_info(context)?;
    let key = purse_key(context)?;
    let amount = number(checked(context, command, &key, Again::Never)?)?;
    if !Parameters::read(context)?.opened {
        return Err(refuse(Refusal::NotOpened));
    }
    account::debit(context, amount)?;
    let rest = Purse::read(context)?.balance.to_be_bytes();
    let key = use_key(&role_key(context, Role::Param)?, Use::FieldState);
    let code = statement_mac(&key, random(context)?, Source::REFUND, &header(command), &rest);
    context.answer.extend_from_slice(&rest);
    context.answer.extend_from_slice(&code);
    Ok(Sw::OK)
}

/// `04 DC 01|03 0C 08 value4 MAC4`: what is in the purse at its beginning, and the count, which must be 0; in test state alone, where
/// money is none. The count ends the account there was.
///
/// With a card of production in the slot it is the card's ([`production::preset`]).
pub fn set_purse(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if production::is_in_slot(context) {
        return production::preset(context, command);
    }
    if current_info(context)?.state != State::Test {
        return Err(Sw::CONDITIONS.into());
    }
    let key = purse_key(context)?;
    let value = number(checked(context, command, &key, Again::Harmless)?)?;
    let purse = Purse::read(context)?;
    match command.p1 {
        1 => {
            if value > Parameters::read(context)?.ceiling {
                return Err(refuse(Refusal::OverCeiling));
            }
            Purse { balance: value, ..purse }.write(context)?;
        }
        3 if value == 0 => {
            account::clear(context)?;
            Purse { balance: purse.balance, total: 0, count: 0 }.write(context)?;
            context.write_ef(EF_RECEIPT, 0, &[0])?;
        }
        3 => return Err(Sw::WRONG_DATA.into()),
        _ => return Err(Sw::RECORD_NOT_FOUND.into()),
    }
    Ok(Sw::OK)
}

/// `80 30 00 04 04`, `80 30 01 0C|14 04` amount4, and with a fifth byte, the sum of header and amount: consumption.
///
/// QUIRK(esam-debit): each family of meters has its own form, and none proves itself first. It takes from the purse, and never gives.
pub fn debit(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    current_info(context)?;
    let (amount, sum) = command.data.split_at_checked(4).ok_or(Sw::WRONG_LENGTH)?;
    let wanted = header(command).iter().chain(amount).fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    if sum.first().is_some_and(|sum| *sum != wanted) {
        return Err(Sw::WRONG_DATA.into());
    }
    account::debit(context, number(amount)?)
}
