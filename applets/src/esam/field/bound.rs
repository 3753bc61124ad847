//! What is bound to the ESAM's random 4 bytes.

use cos::{Context, Halt};
use keys::Key;
use scheme::field::{MAC_LEN, command_mac};
use scheme::order::Serial8;
use scheme::recharge::BankMac;
use scheme::user_card::MeterKey;
use wire::{CommandRef, Sw};

/// MACs that one random serves; then the station asks for another.
const MOST: usize = 64;

/// What the same command sent once more means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The answer was lost: it may be done again, as long as nothing else was done since.
    Harmless,
    /// It would take or give money twice.
    Never,
}

/// Header of a command as it was sent.
pub fn header(command: &CommandRef<'_>) -> [u8; 5] {
    let [cla, ins, p1, p2] = command.header();
    [cla, ins, p1, p2, command.data.len() as u8] // short APDU: at most 255
}

/// The random 4 bytes of the session; 6985 without.
pub fn random(context: &Context<'_>) -> Result<[u8; 4], Halt> {
    context.volatile.field.random.ok_or(Sw::CONDITIONS.into())
}

/// Checks the MAC at the end of a command and gives the data before it. 6985 without a random, or for a MAC that was taken before;
/// 6987 no MAC, 6988 a wrong one.
///
/// The field's commands carry no number, so within one session whoever passes them on could send an earlier one again: switch on
/// after switch off. Hence none is taken twice, but the last one, whose answer may be lost.
pub fn checked<'c>(
    context: &mut Context<'_>,
    command: &CommandRef<'c>,
    key: &Key,
    again: Again,
) -> Result<&'c [u8], Halt> {
    let random = random(context)?;
    taken(context, command, again, |header, body| [command_mac(key, random, header, body)])
}

/// As [`checked`], of a command of a recharge: a station makes its MAC under a key of the field, the bank's PSAM under the meter's
/// `kid`, which takes nothing but these.
pub fn recharged<'c>(
    context: &mut Context<'_>,
    command: &CommandRef<'c>,
    station: &Key,
    kid: &Key,
    again: Again,
) -> Result<&'c [u8], Halt> {
    let random = random(context)?;
    let bank = BankMac::new(kid, random, Serial8(context.chip.serial));
    taken(context, command, again, |header, body| {
        [command_mac(station, random, header, body), bank.of(header, body)]
    })
}

/// As [`checked`], of what a user card gives with the MAC of the key it shares with this ESAM.
pub fn from_card<'c>(
    context: &mut Context<'_>,
    command: &CommandRef<'c>,
    key: &MeterKey,
    again: Again,
) -> Result<&'c [u8], Halt> {
    checked(context, command, &key.to_esam(), again)
}

/// Looks whether one of the MACs that a command may have is at its end, and was not taken before.
fn taken<'c, const N: usize>(
    context: &mut Context<'_>,
    command: &CommandRef<'c>,
    again: Again,
    wanted: impl Fn(&[u8; 5], &[u8]) -> [[u8; 8]; N],
) -> Result<&'c [u8], Halt> {
    let (body, code) = command.data.split_last_chunk::<MAC_LEN>().ok_or(Sw::SM_MISSING)?;
    let wanted = wanted(&header(command), body);
    let whole = wanted.into_iter().find(|whole| keys::equal(&whole[..MAC_LEN], code));
    let whole = whole.ok_or(Sw::SM_WRONG)?;
    let taken = &mut context.volatile.field.taken;
    let is_last = again == Again::Harmless && taken.last() == Some(&whole);
    if !is_last {
        if taken.contains(&whole) || taken.len() >= MOST {
            return Err(Sw::CONDITIONS.into());
        }
        taken.push(whole);
    }
    Ok(body)
}
