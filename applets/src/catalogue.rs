//! Which program runs on which kind of card.

use crate::{esam, issuing, psam, sim};
use cos::table::{Case, Class, CommandRow, Needs, Params, Program};
use wire::profile::CardKind;

/// The program of a card kind; `None` for a kind that has none yet.
pub fn program_of(kind: CardKind) -> Option<&'static Program> {
    match kind {
        CardKind::MainControl | CardKind::PsamIssuing | CardKind::EsamIssuing => Some(&issuing::PROGRAM),
        CardKind::Psam => Some(&psam::PROGRAM),
        CardKind::Esam => Some(&esam::PROGRAM),
        CardKind::Sim => Some(&sim::PROGRAM),
        CardKind::TestCard => None,
    }
}

/// KEY INFORMATION, which every FMCOS card of ours answers.
pub const KEY_INFORMATION: CommandRow = CommandRow {
    name: "KEY INFORMATION",
    class: Class::Only(0x80),
    ins: 0x48,
    params: Params::Any,
    case: Case::Two,
    needs: Needs::Nothing,
    when_blocked: false,
    spec: "docs/specs/cards.md 6",
    handler: cos::fmcos::key_information,
};
