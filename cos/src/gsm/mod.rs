//! The SIM dialect: TS 51.011, class A0 (`docs/specs/sim.md`).

mod chv;
mod data;
mod records;
mod select;

use crate::context::Context;
use crate::files::{FileKind, HEADER, Node, create_mf};
use crate::halt::Halt;
use crate::journal::Memory;
use crate::keyfile;
use crate::table::{
    Case, Check, CheckWords, Choices, Class, CommandRow, Dialect, Handler, Needs, Params, check,
};
use wire::Sw;
use wire::profile::Fid;

/// Status words of TS 51.011 9.4 that FMCOS does not have.
pub mod sw {
    use wire::Sw;

    /// 9400: no EF selected.
    pub const NO_EF: Sw = Sw(0x9400);
    /// 9402: address out of range.
    pub const OUT_OF_RANGE: Sw = Sw(0x9402);
    /// 9404: file or pattern not found.
    pub const NOT_FOUND: Sw = Sw(0x9404);
    /// 9408: file inconsistent with the command.
    pub const WRONG_FILE: Sw = Sw(0x9408);
    /// 9802: no CHV initialised.
    pub const NO_CHV: Sw = Sw(0x9802);
    /// 9804: access condition not fulfilled, or a wrong secret.
    pub const ACCESS: Sw = Sw(0x9804);
    /// 9808: contradiction with the CHV status.
    pub const CHV_STATUS: Sw = Sw(0x9808);
    /// 9810: contradiction with the invalidation status.
    pub const INVALIDATED: Sw = Sw(0x9810);
    /// 9840: blocked, no tries left.
    pub const BLOCKED: Sw = Sw(0x9840);
    /// 6B00: wrong P1 or P2.
    pub const PARAMS: Sw = Sw(0x6B00);
}

/// Access condition nibbles [TS 51.011 9.3].
pub mod access {
    /// Always.
    pub const ALW: u8 = 0x0;
    /// CHV1.
    pub const CHV1: u8 = 0x1;
    /// CHV2.
    pub const CHV2: u8 = 0x2;
    /// The issuer's key (ADM1, VERIFY CHV with P2 = 0A).
    pub const ADM: u8 = 0xA;
    /// Never.
    pub const NEV: u8 = 0xF;
}

const fn row(
    name: &'static str,
    ins: u8,
    params: Params,
    case: Case,
    spec: &'static str,
    handler: Handler,
) -> CommandRow {
    CommandRow {
        name,
        class: Class::Only(0xA0),
        ins,
        params,
        case,
        needs: Needs::Nothing,
        when_blocked: true,
        spec,
        handler,
    }
}

use Case::{Four, One, Three, Two};
use Params::{Any, Exactly, P1};

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    row("SELECT",           0xA4, Exactly(0x00, 0x00), Four(2, 2),    "TS 51.011 9.2.1",  select::select),
    row("STATUS",           0xF2, Exactly(0x00, 0x00), Two,           "TS 51.011 9.2.2",  select::status),
    row("READ BINARY",      0xB0, Any,                 Two,           "TS 51.011 9.2.3",  data::read),
    row("UPDATE BINARY",    0xD6, Any,                 Three(1, 255), "TS 51.011 9.2.4",  data::update),
    row("READ RECORD",      0xB2, Any,                 Two,           "TS 51.011 9.2.5",  records::read),
    row("UPDATE RECORD",    0xDC, Any,                 Three(1, 255), "TS 51.011 9.2.6",  records::update),
    row("SEEK",             0xA2, P1(0x00),            Four(1, 16),   "TS 51.011 9.2.7",  records::seek),
    row("VERIFY CHV",       0x20, P1(0x00),            Three(8, 8),   "TS 51.011 9.2.9",  chv::verify),
    row("CHANGE CHV",       0x24, P1(0x00),            Three(16, 16), "TS 51.011 9.2.10", chv::change),
    row("DISABLE CHV",      0x26, Exactly(0x00, 0x01), Three(8, 8),   "TS 51.011 9.2.11", chv::disable),
    row("ENABLE CHV",       0x28, Exactly(0x00, 0x01), Three(8, 8),   "TS 51.011 9.2.12", chv::enable),
    row("UNBLOCK CHV",      0x2C, P1(0x00),            Three(16, 16), "TS 51.011 9.2.13", chv::unblock),
    row("SLEEP",            0xFA, Exactly(0x00, 0x00), One,           "TS 51.011 9.2.19", select::sleep),
];

const _: () = check(COMMANDS);

/// TS 51.011.
pub static DIALECT: Dialect = Dialect {
    name: "TS 51.011",
    commands: COMMANDS,
    order: &[Check::Params, Check::Length, Check::Needs],
    words: CheckWords {
        class: Sw::CLA_UNKNOWN,
        ins: Sw::INS_UNKNOWN,
        params: sw::PARAMS,
        length: Sw::WRONG_LENGTH,
        needs: sw::ACCESS,
        nothing_waits: Sw::UNKNOWN,
    },
    more: 0x9F,
    get_response_class: 0xA0,
    corrects_le: false,
    choices: Choices { fci_version: false, log_serial_raised: false },
};

/// Shape of an elementary file of a SIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimShape {
    /// Transparent, so many bytes.
    Transparent(u16),
    /// Linear fixed: number of records, record length.
    LinearFixed(u8, u8),
    /// Linear fixed whose number of records the maker chooses (EF_SMS): record length.
    Messages(u8),
    /// Cyclic: number of records, record length.
    Cyclic(u8, u8),
}

/// One row of a SIM's file table.
#[derive(Debug, Clone, Copy)]
pub struct SimFile {
    /// Identifier.
    pub fid: Fid,
    /// Name in the specification.
    pub name: &'static str,
    /// Shape.
    pub shape: SimShape,
    /// READ and UPDATE conditions, one nibble each, READ high.
    pub access: u8,
    /// First content, repeated or cut to the file; empty: all FF.
    pub content: &'static [u8],
}

/// One directory of a SIM's file table.
#[derive(Debug, Clone, Copy)]
pub struct SimDir {
    /// Identifier; the MF comes first.
    pub fid: Fid,
    /// Its files.
    pub files: &'static [SimFile],
}

/// A CHV, PUK or administrative key as a SIM's maker sets it.
#[derive(Clone, Copy)]
pub struct SimSecret {
    /// [`keyfile::kind::CHV`] or [`keyfile::kind::PUK`].
    pub kind: u8,
    /// 1, 2, or A for ADM1.
    pub id: u8,
    /// 1 when the CHV is asked for.
    pub enabled: bool,
    /// Number of tries.
    pub tries: u8,
    /// Value, FF-filled.
    pub value: [u8; 8],
}

/// Writes a SIM's file tree and secrets, as the mask of a chip does, before it is a card.
///
/// `messages` is the number of EF_SMS records. 6A84 when the chip is too small.
pub fn burn(
    memory: &mut Memory<'_>,
    dirs: &[SimDir],
    secrets: &[SimSecret],
    messages: u8,
) -> Result<(), Halt> {
    let mf = create_mf(memory, dir_header(Fid::MF, u16::MAX), &[])?;
    memory.commit()?;
    let keys = mf.create(memory, [0x3F, 0, 0, 0, 0x80, 0, 0, 0xFF, 0, 0, 0], &[], 0)?;
    for secret in secrets {
        let head = [secret.kind, 0, 0, u8::from(secret.enabled), secret.tries << 4 | secret.tries];
        keyfile::add(memory, &keys, secret.id, head, &secret.value)?;
    }
    memory.commit()?;
    for dir in dirs {
        let home = if dir.fid == Fid::MF {
            mf
        } else {
            let size: usize = dir.files.iter().map(|file| HEADER + body_size(file.shape, messages)).sum();
            let size = u16::try_from(size).map_err(|_| Sw::NO_SPACE)?;
            mf.create(memory, dir_header(dir.fid, size), &[], 0xFF)?
        };
        for file in dir.files {
            burn_file(memory, &home, file, messages)?;
            memory.commit()?;
        }
    }
    Ok(())
}

fn burn_file(memory: &mut Memory<'_>, home: &Node, file: &SimFile, messages: u8) -> Result<(), Halt> {
    let [hi, lo] = file.fid.bytes();
    let [s1, s0] = u16::try_from(body_size(file.shape, messages)).map_err(|_| Sw::NO_SPACE)?.to_be_bytes();
    let (kind, length) = match file.shape {
        SimShape::Transparent(_) => (0x28, 0),
        SimShape::LinearFixed(_, length) | SimShape::Messages(length) => (0x2A, length),
        SimShape::Cyclic(_, length) => (0x2E, length),
    };
    let node = home.create(memory, [kind, hi, lo, s1, s0, file.access, 0, 0, length, 0, 0], &[], 0xFF)?;
    if node.kind() == FileKind::Binary {
        return memory.write(node.body(), &file.content[..file.content.len().min(node.size())]);
    }
    for number in 1..=node.record_count() {
        if let Some(at) = node.record(number) {
            // Every record of a SIM exists from the start.
            memory.write(at, &[1])?;
            memory.write(at + 1, &file.content[..file.content.len().min(node.record_len())])?;
            memory.commit()?;
        }
    }
    Ok(())
}

const fn dir_header(fid: Fid, size: u16) -> [u8; HEADER] {
    let [hi, lo] = fid.bytes();
    let [s1, s0] = size.to_be_bytes();
    [0x38, hi, lo, s1, s0, 0, 0, 0, 0, 0, 0]
}

/// Bytes of a file's body, record marks included.
pub fn body_size(shape: SimShape, messages: u8) -> usize {
    match shape {
        SimShape::Transparent(size) => usize::from(size),
        SimShape::LinearFixed(count, length) | SimShape::Cyclic(count, length) => {
            usize::from(count) * (usize::from(length) + 1)
        }
        SimShape::Messages(length) => usize::from(messages) * (usize::from(length) + 1),
    }
}

/// The current EF: 9400 when none is selected.
fn current_ef(context: &Context<'_>) -> Result<Node, Halt> {
    let at = context.volatile.selection.ef.ok_or(sw::NO_EF)?;
    Node::at(&context.memory, at).ok_or(sw::NO_EF.into())
}

/// 9804 unless an access condition nibble is met. CHV1 switched off counts as verified.
fn require(context: &Context<'_>, nibble: u8) -> Result<(), Halt> {
    let met = match nibble {
        access::ALW => true,
        access::NEV => false,
        access::CHV1 => chv::passed(context, 1),
        access::CHV2 => chv::passed(context, 2),
        // Every administrative level is opened by ADM1 on this card.
        0x4..=0xE => chv::passed(context, access::ADM),
        _ => false,
    };
    if met { Ok(()) } else { Err(sw::ACCESS.into()) }
}
