//! The last try of a card's own master. A wrong MAC or cryptogram spends one, and a card without any is lost: whoever acts on the
//! card one level down keeps the last.

use super::LifeError;
use reader::driver::fmcos::Fmcos;
use reader::driver::guard::LastTry;
use scheme::numbers::Serial;

/// Asks the card before anything is sent that could spend a try.
///
/// # Errors
/// One try is left, or none; the card does not answer.
pub(super) fn keep_last_try(card: &mut Fmcos<'_>, serial: Serial) -> Result<(), LifeError> {
    let tries = card.tries_left(0x39, 0x00)?;
    if LastTry::Keep.is_at_stake(tries) { Err(LifeError::LastTry { serial }) } else { Ok(()) }
}
