//! SET PIN, a command of our own making for finished cards [docs/specs/cards.md 12].

use super::keys::{Under, bound_checked, own_use_key};
use super::pin;
use crate::closing;
use crate::context::Context;
use crate::halt::Halt;
use keys::hierarchy::Use;
use keys::seal;
use wire::{CommandRef, Sw};

/// `84 24 00 id Lc ct MAC4`: a PIN the card has, anew and with all its tries. `ct` holds the PIN under U(M, wrap), the MAC is
/// bound to the challenge under U(M, mac), M the card's own master key: who seals it is the issuing card one level up.
///
/// 6985 on a card that is not closed, or without a challenge of 8 bytes; 9403 no such PIN; 6987, 6983, 63Cx as
/// [`bound_checked`]; 6A80 what was sealed is no PIN.
pub fn set_pin(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if !closing::is_closed(context) {
        return Err(Sw::CONDITIONS.into());
    }
    let record = pin::pin(context, command.p2)?;
    let cipher_text = bound_checked(context, command, Under::Own)?;
    let key = own_use_key(context, Use::Wrap)?;
    let new = seal::decipher(&key, cipher_text).map_err(|_| Sw::WRONG_DATA)?;
    pin::set(context, record, &new)
}
