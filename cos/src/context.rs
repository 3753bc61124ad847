//! What a handler works with.

use crate::chip::Chip;
use crate::choices::Choices;
use crate::derived::Derived;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use crate::journal::Memory;
use crate::keyfile::{self, KeyRecord};
use crate::rights::Right;
use crate::state::{Challenge, Volatile};
use crate::steps::Pending;
use alloc::vec::Vec;
use core::cell::RefCell;
use scheme::Chance;
use scheme::profile::{CardKind, Fid};
use wire::Sw;

/// The card as a handler sees it during one command.
///
/// On an error answer the kernel drops the staged writes and puts `volatile` back, so a handler may stop
/// anywhere.
pub struct Context<'a> {
    /// The EEPROM with this command's staged writes.
    pub memory: Memory<'a>,
    /// State that dies at reset.
    pub volatile: &'a mut Volatile,
    /// The challenge given by the command just before; this command is its only use.
    pub challenge: Option<Challenge>,
    /// The transaction the command just before began; this command is its only second step.
    pub pending: Option<Pending>,
    /// The chip.
    pub chip: &'a Chip,
    /// What a new EF holds before its first write [FMCOS UM 7.5.5].
    pub fill: u8,
    /// What the card's dialect chose where its sources disagree.
    pub choices: Choices,
    /// Random bytes.
    pub entropy: &'a mut dyn Chance,
    /// Keys that were derived a moment ago.
    pub derived: &'a RefCell<Derived>,
    /// Answer data, without the status word.
    pub answer: &'a mut Vec<u8>,
}

impl Context<'_> {
    /// The current directory; 6A81 when the card has no MF.
    pub fn dir(&self) -> Result<Node, Halt> {
        Node::at(&self.memory, self.volatile.selection.dir()).ok_or(Sw::FUNCTION_BLOCKED.into())
    }

    /// The master file; 6A81 when the card has none.
    pub fn mf(&self) -> Result<Node, Halt> {
        Node::mf(&self.memory).ok_or(Sw::FUNCTION_BLOCKED.into())
    }

    /// Whether the registers (or the free mode of a new directory) satisfy a right.
    pub fn allowed(&self, right: Right) -> bool {
        let selection = &self.volatile.selection;
        selection.free || right.allows(self.volatile.mf_register, selection.register)
    }

    /// The child of a key by a factor, as [`Key::diversify`](keys::Key::diversify) gives it.
    pub fn child(&self, parent: &keys::Key, factor: &[u8; 8]) -> keys::Key {
        self.derived.borrow_mut().child(parent, factor)
    }

    /// 6982 unless the right is satisfied.
    pub fn require(&self, right: Right) -> Result<(), Halt> {
        if self.allowed(right) { Ok(()) } else { Err(Sw::NOT_ALLOWED.into()) }
    }

    /// The KEY file of the current directory; 6A82 when it has none.
    pub fn key_file(&self) -> Result<Node, Halt> {
        self.dir()?.key_file(&self.memory).ok_or(Sw::FILE_NOT_FOUND.into())
    }

    /// A key of the current directory: 6A82 without KEY file, 6A88 without the key.
    pub fn key_record(&self, kind: u8, id: u8) -> Result<KeyRecord, Halt> {
        keyfile::find(&self.memory, &self.key_file()?, kind, id).ok_or(Sw::KEY_NOT_FOUND.into())
    }

    /// A key of the current directory whose use right is satisfied, as a key of the chip's suite.
    pub fn usable_key(&self, kind: u8, id: u8) -> Result<keys::Key, Halt> {
        let record = self.key_record(kind, id)?;
        self.require(record.use_right())?;
        record.key(&self.memory, self.chip.suite)
    }

    /// The challenge given just before, for a cryptogram or a MAC that opens something; 6985 without one. A device of ours takes
    /// all 8 bytes alone: whoever has heard enough proofs for challenges of 4 could wait for one to come again. A plain FMCOS
    /// card takes both, as its manual says [docs/specs/fmcos.md].
    pub fn proof_challenge(&self) -> Result<Challenge, Halt> {
        let challenge = self.challenge.ok_or(Sw::CONDITIONS)?;
        let fits = self.chip.kind == CardKind::Fmcos || challenge.whole().is_some();
        if fits { Ok(challenge) } else { Err(Sw::CONDITIONS.into()) }
    }

    /// The current EF; 6A82 when none is selected.
    pub fn current_ef(&self) -> Result<Node, Halt> {
        let at = self.volatile.selection.ef.ok_or(Sw::FILE_NOT_FOUND)?;
        Node::at(&self.memory, at).ok_or(Sw::FILE_NOT_FOUND.into())
    }

    /// The EF a command works on: by short identifier, which also makes it current, or the current one.
    pub fn target_ef(&mut self, sfi: Option<u8>) -> Result<Node, Halt> {
        let Some(sfi) = sfi else { return self.current_ef() };
        let node = self.ef(Fid(u16::from(sfi)))?;
        if self.volatile.selection.ef != Some(node.at) {
            self.volatile.selection.select_ef(node.at);
        }
        Ok(node)
    }

    /// An EF of the current directory; 6A82 when there is none.
    pub fn ef(&self, fid: Fid) -> Result<Node, Halt> {
        let wanted =
            |node: &Node| node.fid() == fid && !matches!(node.kind(), FileKind::Dir | FileKind::Keys);
        self.dir()?.child(&self.memory, wanted).ok_or(Sw::FILE_NOT_FOUND.into())
    }

    /// `N` bytes of a transparent EF of the current directory, for an applet's own use: no right is asked. 6B00
    /// when the file is shorter.
    pub fn read_ef<const N: usize>(&self, fid: Fid, offset: usize) -> Result<[u8; N], Halt> {
        let node = self.ef(fid)?;
        if offset + N > node.size() {
            return Err(Sw::WRONG_OFFSET.into());
        }
        Ok(self.memory.array(node.body() + offset))
    }

    /// As [`Context::read_ef`]; zeros where the file was never written, or is missing.
    pub fn read_ef_or_zeros<const N: usize>(&self, fid: Fid, offset: usize) -> Result<[u8; N], Halt> {
        match self.ef(fid) {
            Ok(node) if node.is_written() => self.read_ef(fid, offset),
            Ok(_) => Ok([0; N]),
            Err(Halt::Status(Sw::FILE_NOT_FOUND)) => Ok([0; N]),
            Err(halt) => Err(halt),
        }
    }

    /// Stages bytes of a transparent EF of the current directory, for an applet's own use: no right is asked.
    pub fn write_ef(&mut self, fid: Fid, offset: usize, data: &[u8]) -> Result<(), Halt> {
        let mut node = self.ef(fid)?;
        if offset + data.len() > node.size() {
            return Err(Sw::WRONG_OFFSET.into());
        }
        node.mark_written(&mut self.memory)?;
        self.memory.write(node.body() + offset, data)
    }

    /// Record `number` of a fixed EF of the current directory as a big-endian number, for an applet's own use.
    pub fn read_counter(&self, fid: Fid, number: usize) -> Result<u32, Halt> {
        let at = self.counter(fid, number)?;
        Ok(u32::from_be_bytes(self.memory.array(at + 1)))
    }

    /// Stages record `number` of a fixed EF of the current directory as a big-endian number.
    pub fn write_counter(&mut self, fid: Fid, number: usize, value: u32) -> Result<(), Halt> {
        let at = self.counter(fid, number)?;
        self.ef(fid)?.mark_written(&mut self.memory)?;
        self.memory.write(at, &[1])?;
        self.memory.write(at + 1, &value.to_be_bytes())
    }

    fn counter(&self, fid: Fid, number: usize) -> Result<usize, Halt> {
        let node = self.ef(fid)?;
        if node.kind() != FileKind::Fixed || node.record_len() != 4 {
            return Err(Sw::WRONG_KIND.into());
        }
        node.record(number).ok_or(Sw::RECORD_NOT_FOUND.into())
    }
}
