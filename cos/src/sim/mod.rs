//! What a SIM is, whichever class it is spoken to: one file tree, its access conditions, its codes. [`crate::gsm`] and
//! [`crate::uicc`] are two views of it that differ in commands and in words (`docs/specs/sim.md`).

pub mod access;
pub mod algorithm;
pub mod codes;
pub mod data;
pub mod mask;
pub mod records;
pub mod walk;

use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use crate::table::WrongLe;
use wire::Sw;

/// How a view words what the files refuse.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// No EF is selected.
    pub no_ef: Sw,
    /// The file is of another structure than the command works on.
    pub wrong_file: Sw,
    /// The address lies outside the file.
    pub outside: Sw,
    /// No such record.
    pub no_record: Sw,
    /// No such file.
    pub no_file: Sw,
    /// The access condition is not met.
    pub access: Sw,
    /// The file is invalidated, or is not and should be.
    pub invalidated: Sw,
    /// Parameters that mean nothing.
    pub params: Sw,
    /// INCREASE beyond the greatest value.
    pub at_maximum: Sw,
    /// A wrong length.
    pub wrong_le: WrongLe,
}

impl Words {
    /// A data field of another length than the record.
    fn wrong_lc(&self, right: usize) -> Sw {
        match self.wrong_le {
            WrongLe::Corrected => Sw::WRONG_LENGTH,
            WrongLe::Told => self.wrong_le.word(right as u8), // a record has at most 255 bytes
        }
    }
}

/// What a command does to a file, by the condition it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessMode {
    /// READ.
    Read,
    /// SEEK and SEARCH: READ's condition, but never on an invalidated file.
    Search,
    /// UPDATE.
    Update,
    /// INCREASE.
    Increase,
    /// INVALIDATE, DEACTIVATE.
    Invalidate,
    /// REHABILITATE, ACTIVATE.
    Rehabilitate,
}

/// Flag of an EF's header byte 9: invalidated.
const INVALIDATED: u8 = 0x02;
/// Flag of an EF's header byte 9: READ and UPDATE work even when it is invalidated.
const READABLE: u8 = 0x04;
/// The upper five bits of header byte 9 are the short file identifier, 00 when there is none.
const SFI_SHIFT: u8 = 3;

/// The nibble that guards an act.
///
/// Header bytes 6 and 7 hold INCREASE and REHABILITATE/INVALIDATE inverted: files of earlier masks have 00 there, which is
/// "never".
pub const fn condition(file: &Node, act: AccessMode) -> u8 {
    let [access, increase, administer] = [file.header[5], !file.header[6], !file.header[7]];
    match act {
        AccessMode::Read | AccessMode::Search => access >> 4,
        AccessMode::Update => access & 0x0F,
        AccessMode::Increase => increase >> 4,
        AccessMode::Rehabilitate => administer >> 4,
        AccessMode::Invalidate => administer & 0x0F,
    }
}

/// Bytes 10 and 11 of a SELECT answer: INCREASE, and REHABILITATE with INVALIDATE.
pub const fn administration(file: &Node) -> [u8; 2] {
    [!file.header[6], !file.header[7]]
}

/// Whether the EF is invalidated.
pub const fn is_invalidated(file: &Node) -> bool {
    file.header[9] & INVALIDATED != 0
}

/// Whether READ and UPDATE work on the EF when it is invalidated.
pub const fn is_readable_when_invalidated(file: &Node) -> bool {
    file.header[9] & READABLE != 0
}

/// Short file identifier of an EF, 1 to 30.
pub const fn sfi(file: &Node) -> Option<u8> {
    match file.header[9] >> SFI_SHIFT {
        0 => None,
        sfi => Some(sfi),
    }
}

/// Bytes of an EF's content: record marks do not count.
pub const fn content_size(file: &Node) -> usize {
    match file.kind() {
        FileKind::Fixed | FileKind::Cyclic => file.record_len() * file.record_count(),
        _ => file.size(),
    }
}

/// The current EF.
pub fn current_ef(context: &Context<'_>, words: &Words) -> Result<Node, Halt> {
    let at = context.volatile.selection.ef.ok_or(words.no_ef)?;
    Node::at(&context.memory, at).ok_or(words.no_ef.into())
}

/// Whether an access condition nibble is met. CHV1 switched off counts as verified.
fn met(context: &Context<'_>, nibble: u8) -> bool {
    match nibble {
        access::ALW => true,
        access::CHV1 => codes::passed(context, 1),
        access::CHV2 => codes::passed(context, 2),
        // Every administrative level is opened by ADM1 on this card.
        0x4..=0xE => codes::passed(context, access::ADM),
        _ => false,
    }
}

/// Refuses an act whose condition is not met, or that the file's validity bars.
pub fn require(context: &Context<'_>, file: &Node, act: AccessMode, words: &Words) -> Result<(), Halt> {
    if !met(context, condition(file, act)) {
        return Err(words.access.into());
    }
    let barred = match act {
        AccessMode::Rehabilitate => !is_invalidated(file),
        AccessMode::Read | AccessMode::Update => is_invalidated(file) && !is_readable_when_invalidated(file),
        AccessMode::Search | AccessMode::Increase | AccessMode::Invalidate => is_invalidated(file),
    };
    if barred { Err(words.invalidated.into()) } else { Ok(()) }
}

/// Stages the validity of an EF: INVALIDATE and REHABILITATE, or DEACTIVATE and ACTIVATE.
pub fn set_validity(
    context: &mut Context<'_>,
    mut file: Node,
    act: AccessMode,
    words: &Words,
) -> Result<Sw, Halt> {
    require(context, &file, act, words)?;
    file.set(&mut context.memory, 9, file.header[9] ^ INVALIDATED)?;
    Ok(Sw::OK)
}
