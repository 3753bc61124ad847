//! The end of a card that issues or seals: ACTIVATE KEYS to state 02, the only act of that command such a card knows
//! [docs/specs/cards.md 10].

use crate::info::current_info;
use crate::signing;
use cos::files::FileKind;
use cos::fmcos::{self, Under};
use cos::table::{Case, Class, CommandRow, Params, row};
use cos::{Context, Halt, keyfile};
use scheme::profile::{self, CardInfo, EF_CARD_INFO, Fid, State};
use wire::{CommandRef, Sw};

/// The row of the command, for issuing cards, PSAMs and test cards.
pub const ACTIVATE_KEYS: CommandRow = row(
    "ACTIVATE KEYS",
    Class::Only(0x84),
    0x4A,
    Params::Exactly(0x00, 0x00),
    Case::Three(10, 10),
    "docs/specs/cards.md 10",
    retire,
)
.right(profile::MASTER);

/// `84 4A 00 00 0A 02 00 00000000 MAC4`, MAC bound to the challenge under the card's own master: all keys and PINs of all
/// directories are overwritten, and card information says retired. Nothing can be proved to such a card any more.
///
/// 6985 unless the MF is current and the card is finished; 6A80 another state than 02, or a version or money with it.
fn retire(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    current_info(context)?;
    let mf = context.mf()?;
    if context.dir()?.fid() != Fid::MF {
        return Err(Sw::CONDITIONS.into());
    }
    let body = fmcos::bound_checked(context, command, Under::Own)?;
    if body != [State::Retired.code(), 0, 0, 0, 0, 0] {
        return Err(Sw::WRONG_DATA.into());
    }
    let children: alloc::vec::Vec<_> = mf.children(&context.memory).collect();
    for node in children {
        let keys = match node.kind() {
            FileKind::Keys => Some(node),
            FileKind::Dir => node.key_file(&context.memory),
            _ => None,
        };
        if let Some(file) = keys {
            keyfile::destroy(&mut context.memory, &file)?;
        }
    }
    signing::forget(context)?;
    context.write_ef(EF_CARD_INFO, CardInfo::STATE, &[State::Retired.code()])?;
    Ok(Sw::OK)
}
