//! Lists of revoked cards: MAC LIST of the card one level up, CHECK LIST of the card that is to believe
//! [docs/specs/revocation.md 2].
//!
//! Both know nothing of the list but its digest. The MAC is bound to the header of CHECK LIST, which no other command has, and to a
//! challenge of zeros, which no card gives: it is no MAC of anything else, and the number in the list keeps an old one out.

use cos::fmcos::own_use_key;
use cos::table::{Case, Class, CommandRow, Params, row};
use cos::{Context, Halt};
use keys::hierarchy::Use;
use keys::{Key, mac};
use wire::{CommandRef, Sw};

/// Bytes of a list's digest.
pub const DIGEST: usize = 32;
/// CLA INS P1 P2 Lc of CHECK LIST.
const CHECK: [u8; 5] = [0x80, 0x5C, 0x00, 0x00, 0x28];

/// CHECK LIST `80 5C 00 00 28`, `digest32 || MAC8`: 9000, or 6988 when the MAC is another one. Free: who has eight right bytes has
/// them from the card one level up.
pub const CHECK_LIST: CommandRow = row(
    "CHECK LIST",
    Class::Only(0x80),
    CHECK[1],
    Params::Exactly(0x00, 0x00),
    Case::Three(0x28, 0x28),
    "docs/specs/revocation.md 2",
    check_list,
);

/// The MAC over a list's digest under a card's master key.
pub fn list_mac(mac_key: &Key, digest: &[u8]) -> [u8; 8] {
    mac::bound(mac_key, &[0; 8], &CHECK, digest)
}

fn check_list(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (digest, code) = command.data.split_at_checked(DIGEST).ok_or(Sw::WRONG_LENGTH)?;
    let key = own_use_key(context, Use::Mac)?;
    if keys::equal(&list_mac(&key, digest), code) { Ok(Sw::OK) } else { Err(Sw::SM_WRONG.into()) }
}
