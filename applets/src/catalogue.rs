//! Which program runs on which kind of card.

use crate::{esam, issuing, production_card, psam, sim, user_card};
use cos::table::Program;
use cos::{Chip, Protocol, fmcos};
use scheme::profile::CardKind;

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
        CardKind::UserCard => Some(&user_card::PROGRAM),
        CardKind::ProductionCard => Some(&production_card::PROGRAM),
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
