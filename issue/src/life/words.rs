//! Words of an ESAM's life.

use super::{LifeChange, Passage};
use crate::words::role;
use scheme::money::Fen;
use scheme::profile::KeyRow;

pub(super) const RESET: &str = "reset the ESAM; it must be the one that was looked at";
pub(super) const AUTHENTICATE: &str = "authenticate with the master key it has";
pub(super) const EXAMINE: &str = "reset, read state and keys back, authenticate with the new master key";

/// Staging a key.
pub(super) fn stage(row: &KeyRow) -> String {
    format!("stage key {:02X}/{:02X}, {}", row.kind & 0x3F, row.id, role(row.role))
}

/// The one command that counts.
pub(super) fn activate(passage: &Passage) -> String {
    let to = passage.activation();
    let money = if to.forfeit > Fen(0) { format!(", {} given up", to.forfeit) } else { String::new() };
    match passage.act() {
        LifeChange::Retire => format!("destroy all keys: state retired{money}"),
        _ => {
            format!("switch all keys at once: {} keys of version {:02X}{money}", to.state.name(), to.version)
        }
    }
}

/// What a passage does, in one line.
pub(super) fn title(passage: &Passage) -> String {
    let seen = passage.seen();
    format!(
        "ESAM {} ({} keys of version {:02X}) {}",
        hex::encode(seen.info.number),
        seen.info.state.name(),
        seen.version,
        passage.act().words()
    )
}
