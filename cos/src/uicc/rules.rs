//! Access rules in expanded form, as records of EF_ARR hold them [docs/specs/sim.md, access rules].
//!
//! A rule is made from the conditions in the file's header, so the rule told is always the one that is asked for.

use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::sim::{AccessMode, access, condition};
use alloc::vec::Vec;
use scheme::profile::Fid;
use scheme::sim::{EF_ARR, EF_ARR_OF_USIM};

/// Record length of EF_ARR: the longest rule, that of a counter.
pub const RECORD: u8 = 55;

/// Access mode: what a rule is about, one bit an act.
const AM: u8 = 0x80;
/// Access mode: an instruction.
const AM_INS: u8 = 0x84;
/// Acts on an EF by their access mode bits.
const MODES: [(u8, AccessMode); 4] = [
    (0x01, AccessMode::Read),
    (0x02, AccessMode::Update),
    (0x08, AccessMode::Invalidate),
    (0x10, AccessMode::Rehabilitate),
];

/// The rule of an EF: READ, UPDATE, DEACTIVATE, ACTIVATE, and INCREASE of a counter.
pub fn of_file(file: &Node) -> Vec<u8> {
    let mut rule = Vec::with_capacity(usize::from(RECORD));
    for (mode, act) in MODES {
        rule.extend_from_slice(&[AM, 1, mode]);
        condition_object(condition(file, act), &mut rule);
    }
    let increase = condition(file, AccessMode::Increase);
    if file.kind() == FileKind::Cyclic && increase != access::NEV {
        rule.extend_from_slice(&[AM_INS, 1, 0x32]);
        condition_object(increase, &mut rule);
    }
    rule
}

/// The rule of every directory: nothing may be created, deleted or switched off.
pub fn of_dir() -> Vec<u8> {
    let mut rule = alloc::vec![AM, 1, 0x7F];
    condition_object(access::NEV, &mut rule);
    rule
}

/// Security condition: always, never, or user authentication with a key reference.
fn condition_object(nibble: u8, out: &mut Vec<u8>) {
    let reference = match nibble {
        access::ALW => return out.extend_from_slice(&[0x90, 0]),
        access::CHV1 => 0x01,
        access::CHV2 => 0x81,
        0x4..=0xE => 0x0A,
        _ => return out.extend_from_slice(&[0x97, 0]),
    };
    out.extend_from_slice(&[0xA4, 6, 0x83, 1, reference, 0x95, 1, 0x08]);
}

/// EF_ARR and the number of its record that holds a rule of a file of the current directory: the EF_ARR of that directory is
/// asked first, then those above it [docs/specs/sim.md, access rules]. `None` when none holds it.
pub fn reference(context: &Context<'_>, rule: &[u8]) -> Option<(Fid, u8)> {
    let selection = context.volatile.selection;
    selection.upward().find_map(|at| within(context, &Node::at(&context.memory, at)?, rule))
}

/// As [`reference()`], in the EF_ARR of the MF alone: the rule of a directory.
pub fn reference_of_dir(context: &Context<'_>, rule: &[u8]) -> Option<(Fid, u8)> {
    within(context, &context.mf().ok()?, rule)
}

fn within(context: &Context<'_>, dir: &Node, rule: &[u8]) -> Option<(Fid, u8)> {
    let is_arr =
        |node: &Node| matches!(node.fid(), EF_ARR | EF_ARR_OF_USIM) && node.kind() == FileKind::Fixed;
    let file = dir.child(&context.memory, is_arr)?;
    let mut record = Vec::with_capacity(file.record_len());
    for number in 1..=file.record_count().min(0xFF) {
        record.clear();
        context.memory.append_to(file.record(number)? + 1, file.record_len(), &mut record);
        let rest = record.strip_prefix(rule);
        if rest.is_some_and(|rest| rest.iter().all(|byte| *byte == 0xFF)) {
            return Some((file.fid(), number as u8)); // at most 255
        }
    }
    None
}
