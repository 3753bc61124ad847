//! Formal keys that wait on a key card for an ESAM in test state [docs/specs/production-cards.md 6].

use super::count;
use super::target::Target;
use crate::info::current_info;
use cos::{Context, Halt};
use keys::Key;
use scheme::field::{KeyBlock, KeyHolder};
use scheme::production::load_formal;
use scheme::profile::{ESAM_KEYS, KeyRow, State};
use wire::Sw;

/// Whether a header is of LOAD FORMAL KEY.
pub fn is_set(header: &[u8]) -> bool {
    [load_formal(0), load_formal(1)].iter().any(|known| known == header)
}

/// EXPORT KEY for LOAD FORMAL KEY: 32 bytes that prove themselves, for no challenge. The own master leaves under the key the chip was born
/// with, and counts like a card that is made; each other leaves under that own master. 6A80 another header, or no ESAM; 6985 a card of
/// test keys.
pub fn seal(
    context: &mut Context<'_>,
    (target, row, header): (&Target, &KeyRow, &[u8]),
    master: &Key,
    (key, version): (&Key, u8),
) -> Result<Sw, Halt> {
    if current_info(context)?.state != State::Formal {
        return Err(Sw::CONDITIONS.into());
    }
    let wanted = load_formal(if row.role == 0 { 0 } else { 1 });
    let may = target.is_esam() && !target.wants_test && target.leaves_test() == (row.role == 0);
    if !may || header != wanted {
        return Err(Sw::WRONG_DATA.into());
    }
    if row.role == 0 {
        count(context, target)?;
    }
    let sum = ESAM_KEYS.len() as u8; // eight rows
    let block = KeyBlock { kind: row.kind & 0x3F, id: row.id, version, sum, key: key.clone() };
    let holder = KeyHolder { number: target.number(), serial: target.serial() };
    context.answer.extend_from_slice(&block.seal(master, &holder));
    Ok(Sw::OK)
}
