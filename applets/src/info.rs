//! What a finished card of ours says of itself.

use cos::files::{FileKind, Node};
use cos::{Context, Halt};
use scheme::profile::{CardInfo, EF_CARD_INFO};
use wire::Sw;

/// Card information in the MF of a card that is finished and of the present make; 6985 otherwise. The older make makes, seals and
/// credits nothing [docs/specs/cards.md 4].
pub fn current_info(context: &Context<'_>) -> Result<CardInfo, Halt> {
    let wanted = |node: &Node| node.fid() == EF_CARD_INFO && node.kind() == FileKind::Binary;
    let node = context.mf()?.child(&context.memory, wanted).filter(|node| node.size() == CardInfo::LEN);
    let bytes: [u8; CardInfo::LEN] = context.memory.array(node.ok_or(Sw::CONDITIONS)?.body());
    let info = CardInfo::parse(&bytes).ok().filter(|info| !info.is_older_make());
    info.ok_or(Sw::CONDITIONS.into())
}
