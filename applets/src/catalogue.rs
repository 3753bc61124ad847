//! Which program runs on which kind of card.

use crate::{esam, issuing, psam, sim};
use cos::files::{FileKind, Node};
use cos::table::{Case, Class, CommandRow, Needs, Params, Program};
use cos::{Chip, Context, Halt, Protocol, fmcos};
use scheme::profile::{CardInfo, CardKind, EF_CARD_INFO};
use wire::Sw;

/// The program of a card kind; `None` for a kind that has none yet.
pub fn program_of(kind: CardKind) -> Option<&'static Program> {
    match kind {
        CardKind::MainControl | CardKind::PsamIssuing | CardKind::EsamIssuing | CardKind::TestIssuing => {
            Some(&issuing::PROGRAM)
        }
        CardKind::Psam => Some(&psam::PROGRAM),
        CardKind::Esam => Some(&esam::PROGRAM),
        CardKind::Sim => Some(&sim::PROGRAM),
        CardKind::Uicc => Some(&sim::UICC_PROGRAM),
        CardKind::Fmcos => Some(&PLAIN),
        CardKind::TestCard => Some(&psam::TEST_CARD),
    }
}

/// A plain FMCOS card; it can be personalised as a purchase SAM too.
static PLAIN: Program = Program {
    name: "FMCOS card",
    dialect: &fmcos::DIALECT,
    commands: fmcos::SAM_COMMANDS,
    fill: 0xFF,
    atr: |chip: &Chip| match chip.protocol {
        Protocol::Direct => wire::atr::fmcos_contactless(chip.serial),
        // UNSPECIFIED: no document gives a contact ATR of the COS; ours shows the serial where an ESAM's stands.
        Protocol::T0 => wire::atr::esam(chip.serial),
    },
};

/// Card information in the MF of a card that is finished and of the present make; 6985 otherwise. The older make makes, seals and
/// credits nothing [docs/specs/cards.md 4].
pub fn current_info(context: &Context<'_>) -> Result<CardInfo, Halt> {
    let wanted = |node: &Node| node.fid() == EF_CARD_INFO && node.kind() == FileKind::Binary;
    let node = context.mf()?.child(&context.memory, wanted).filter(|node| node.size() == CardInfo::LEN);
    let bytes: [u8; CardInfo::LEN] = context.memory.array(node.ok_or(Sw::CONDITIONS)?.body());
    let info = CardInfo::parse(&bytes).ok().filter(|info| !info.is_older_make());
    info.ok_or(Sw::CONDITIONS.into())
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

/// SET PIN, which every finished card of ours with a PIN answers.
pub const SET_PIN: CommandRow = CommandRow {
    name: "SET PIN",
    class: Class::Only(0x84),
    ins: 0x24,
    params: Params::P1(0x00),
    case: Case::Three(12, 20),
    needs: Needs::Nothing,
    when_blocked: false,
    spec: "docs/specs/cards.md 12",
    handler: cos::fmcos::set_pin,
};

/// TRIES LEFT, which every FMCOS card of ours answers.
pub const TRIES_LEFT: CommandRow = CommandRow {
    name: "TRIES LEFT",
    class: Class::Only(0x80),
    ins: 0x3C,
    params: Params::Any,
    case: Case::Two,
    needs: Needs::Nothing,
    when_blocked: false,
    spec: "docs/specs/cards.md 6",
    handler: cos::fmcos::tries_left,
};
