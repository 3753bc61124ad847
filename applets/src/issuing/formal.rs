//! Formal keys that wait on a key card for an ESAM in test state [docs/specs/production-cards.md 6].

use super::target::Target;
use crate::info::current_info;
use cos::{Context, Halt};
use keys::Key;
use scheme::field::{KEY_BLOCK, KeyBlock, KeyHolder};
use scheme::production::load_formal;
use scheme::profile::{ESAM_KEYS, KeyRow, State};
use wire::Sw;

/// Whether a header is of LOAD FORMAL KEY.
pub fn is_set(header: &[u8]) -> bool {
    [load_formal(0), load_formal(1)].iter().any(|known| known == header)
}

/// What EXPORT KEY asks for LOAD FORMAL KEY: the own master leaves under the key the chip was born with, each other under that own master.
/// 6A80 another header, or no ESAM; 6985 a card of test keys.
pub fn must_be_one(
    context: &Context<'_>,
    (target, row, header): (&Target, &KeyRow, &[u8]),
) -> Result<(), Halt> {
    if current_info(context)?.state != State::Formal {
        return Err(Sw::CONDITIONS.into());
    }
    let wanted = load_formal(if row.role == 0 { 0 } else { 1 });
    let may = target.is_esam() && !target.wants_test && target.leaves_test() == (row.role == 0);
    if may && header == wanted { Ok(()) } else { Err(Sw::WRONG_DATA.into()) }
}

/// 32 bytes that prove themselves, for no challenge.
pub fn sealed(target: &Target, row: &KeyRow, master: &Key, (key, version): (Key, u8)) -> [u8; KEY_BLOCK] {
    let sum = ESAM_KEYS.len() as u8; // eight rows
    let block = KeyBlock { kind: row.kind & 0x3F, id: row.id, version, sum, key };
    block.seal(master, &KeyHolder { number: target.number(), serial: target.serial() })
}
