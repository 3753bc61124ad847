//! The mask: the file tree and the secrets a SIM's maker burns into the chip before it is a card.

use super::{READABLE, SFI_SHIFT, access};
use crate::files::{FileKind, HEADER, Node, create_mf};
use crate::halt::Halt;
use crate::journal::Memory;
use crate::keyfile;
use crate::uicc::rules;
use alloc::vec::Vec;
use scheme::profile::Fid;
use wire::Sw;

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
    /// Linear fixed: access rules, one a record (EF_ARR of a UICC): those of the files in its directory and below, as far as
    /// no other EF_ARR stands nearer to them.
    Rules,
    /// The file of the same identifier in this directory, which the mask lists before.
    LinkTo(Fid),
}

/// One row of a SIM's file table.
#[derive(Debug, Clone, Copy)]
pub struct SimFile {
    /// Identifier.
    pub fid: Fid,
    /// Name in the specification.
    pub name: &'static str,
    /// Short file identifier, 1 to 30; 0: none.
    pub sfi: u8,
    /// Shape.
    pub shape: SimShape,
    /// READ and UPDATE conditions, one nibble each, READ high.
    pub access: u8,
    /// INCREASE condition, one nibble.
    pub increase: u8,
    /// REHABILITATE and INVALIDATE conditions, one nibble each, REHABILITATE high.
    pub administer: u8,
    /// Whether READ and UPDATE work when the file is invalidated.
    pub readable: bool,
    /// First content, cut to the file (of every record); empty: all FF.
    pub content: &'static [u8],
}

impl SimFile {
    /// A file that is never increased nor invalidated.
    pub const fn new(
        fid: u16,
        name: &'static str,
        shape: SimShape,
        access: u8,
        content: &'static [u8],
    ) -> Self {
        SimFile {
            fid: Fid(fid),
            name,
            sfi: 0,
            shape,
            access,
            increase: access::NEV,
            administer: access::NEV << 4 | access::NEV,
            readable: false,
            content,
        }
    }

    /// With a short identifier.
    pub const fn sfi(self, sfi: u8) -> Self {
        SimFile { sfi, ..self }
    }

    /// With a condition for INCREASE.
    pub const fn increase(self, increase: u8) -> Self {
        SimFile { increase, ..self }
    }

    /// With conditions for REHABILITATE and INVALIDATE.
    pub const fn administer(self, administer: u8) -> Self {
        SimFile { administer, ..self }
    }

    /// Read and updated even when it is invalidated.
    pub const fn readable(self) -> Self {
        SimFile { readable: true, ..self }
    }

    /// The header of its node; `size` is that of the body.
    fn header(&self, size: u16) -> [u8; HEADER] {
        let [hi, lo] = self.fid.bytes();
        let [s1, s0] = size.to_be_bytes();
        let (kind, length) = match self.shape {
            SimShape::Transparent(_) => (0x28, 0),
            SimShape::LinearFixed(_, length) | SimShape::Messages(length) => (0x2A, length),
            SimShape::Rules => (0x2A, rules::RECORD),
            SimShape::Cyclic(_, length) => (0x2E, length),
            SimShape::LinkTo(_) => (0x21, 0),
        };
        let flags = self.sfi << SFI_SHIFT | if self.readable { READABLE } else { 0 };
        let increase = self.increase << 4 | 0x0F;
        [kind, hi, lo, s1, s0, self.access, !increase, !self.administer, length, flags, 0]
    }
}

/// One directory of a SIM's file table.
#[derive(Debug, Clone, Copy)]
pub struct SimDir {
    /// Identifier; the MF comes first.
    pub fid: Fid,
    /// The directory it stands in, which the mask lists before; of the MF itself.
    pub within: Fid,
    /// Application identifier of an ADF; empty for MF and DF.
    pub aid: &'static [u8],
    /// Its files.
    pub files: &'static [SimFile],
}

/// A CHV, PUK or administrative key as a SIM's maker sets it, or the subscriber's key.
#[derive(Clone, Copy)]
pub struct SimSecret<'a> {
    /// [`keyfile::kind::CHV`], [`keyfile::kind::PUK`] or [`keyfile::kind::KI`].
    pub kind: u8,
    /// 1, 2, or A for ADM1.
    pub id: u8,
    /// 1 when the CHV is asked for.
    pub enabled: bool,
    /// Number of tries.
    pub tries: u8,
    /// Value; codes are 8 bytes, FF-filled.
    pub value: &'a [u8],
}

/// Bytes of the KEY file in the MF: codes, and the subscriber's keys of two algorithms.
const KEYS: u8 = 0xB0;

/// Bytes of user memory a mask takes; `messages` is the number of EF_SMS records.
pub fn user_bytes(dirs: &[SimDir], messages: u8) -> usize {
    let top: usize = dirs.iter().filter(|dir| dir.fid == Fid::MF).map(|mf| taken(dirs, mf, messages)).sum();
    top + HEADER + usize::from(KEYS)
}

/// Bytes of a directory with its header.
fn taken(dirs: &[SimDir], dir: &SimDir, messages: u8) -> usize {
    HEADER + dir.aid.len() + dir_size(dirs, dir, messages)
}

/// Bytes of a directory's stretch: its files, and the directories in it.
fn dir_size(dirs: &[SimDir], dir: &SimDir, messages: u8) -> usize {
    let files: usize = dir.files.iter().map(|file| HEADER + body_size(dirs, dir, file, messages)).sum();
    let inner = dirs.iter().filter(|inner| inner.fid != Fid::MF && inner.within == dir.fid);
    files + inner.map(|inner| taken(dirs, inner, messages)).sum::<usize>()
}

/// Bytes of a file's body, record marks included.
fn body_size(dirs: &[SimDir], dir: &SimDir, file: &SimFile, messages: u8) -> usize {
    let records = |count: usize, length: u8| count * (usize::from(length) + 1);
    match file.shape {
        SimShape::Transparent(size) => usize::from(size),
        SimShape::LinearFixed(count, length) | SimShape::Cyclic(count, length) => {
            records(usize::from(count), length)
        }
        SimShape::Messages(length) => records(usize::from(messages), length),
        SimShape::Rules => records(rules_of(dirs, dir).len(), rules::RECORD),
        SimShape::LinkTo(_) => 2,
    }
}

/// The directory whose EF_ARR holds the rules of a directory's files: itself, or the next above it that has one.
fn keeper(dirs: &[SimDir], dir: &SimDir) -> Fid {
    let has_rules = dir.files.iter().any(|file| file.shape == SimShape::Rules);
    match dirs.iter().find(|above| above.fid == dir.within) {
        Some(above) if !has_rules && dir.fid != Fid::MF => keeper(dirs, above),
        _ => dir.fid,
    }
}

/// The access rules that the EF_ARR of a directory holds, each once: in the MF that of directories first, then those of the
/// files in the table's order.
fn rules_of(dirs: &[SimDir], home: &SimDir) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    if home.fid == Fid::MF {
        all.push(rules::of_dir());
    }
    for file in dirs.iter().filter(|dir| keeper(dirs, dir) == home.fid).flat_map(|dir| dir.files) {
        let rule = rules::of_file(&Node { at: 0, header: file.header(0) });
        if !all.contains(&rule) {
            all.push(rule);
        }
    }
    all
}

/// Writes a SIM's file tree and secrets, as the mask of a chip does, before it is a card.
///
/// `messages` is the number of EF_SMS records. 6A84 when the chip is too small.
pub fn burn(
    memory: &mut Memory<'_>,
    dirs: &[SimDir],
    secrets: &[SimSecret<'_>],
    messages: u8,
) -> Result<(), Halt> {
    let mf = create_mf(memory, dir_header(Fid::MF, u16::MAX, &[]), &[])?;
    memory.commit()?;
    let keys = mf.create(memory, [0x3F, 0, 0, 0, KEYS, 0, 0, 0xFF, 0, 0, 0], &[], 0)?;
    for secret in secrets {
        let head = [secret.kind, 0, 0, u8::from(secret.enabled), secret.tries << 4 | secret.tries];
        keyfile::add(memory, &keys, secret.id, head, secret.value)?;
    }
    memory.commit()?;
    for dir in dirs {
        let home = if dir.fid == Fid::MF {
            mf
        } else {
            let size = u16::try_from(dir_size(dirs, dir, messages)).map_err(|_| Sw::NO_SPACE)?;
            let above = |node: &Node| node.is_dir() && node.fid() == dir.within;
            let above = if dir.within == Fid::MF { Some(mf) } else { mf.child(memory, above) };
            let above = above.ok_or(Sw::FILE_NOT_FOUND)?;
            above.create(memory, dir_header(dir.fid, size, dir.aid), dir.aid, 0xFF)?
        };
        for file in dir.files {
            let size = u16::try_from(body_size(dirs, dir, file, messages)).map_err(|_| Sw::NO_SPACE)?;
            let node = home.create(memory, file.header(size), &[], 0xFF)?;
            fill(memory, &mf, &node, file, &rules_of(dirs, dir))?;
            memory.commit()?;
        }
        memory.commit()?; // a directory without files
    }
    Ok(())
}

/// Stages the first content of a file.
fn fill(
    memory: &mut Memory<'_>,
    mf: &Node,
    node: &Node,
    file: &SimFile,
    rules: &[Vec<u8>],
) -> Result<(), Halt> {
    match (node.kind(), file.shape) {
        (FileKind::Binary, _) => {
            memory.write(node.body(), &file.content[..file.content.len().min(node.size())])
        }
        (_, SimShape::LinkTo(dir)) => {
            let home =
                mf.child(memory, |node| node.is_dir() && node.fid() == dir).ok_or(Sw::FILE_NOT_FOUND)?;
            let target = home.child(memory, |node| node.fid() == file.fid).ok_or(Sw::FILE_NOT_FOUND)?;
            let at = u16::try_from(target.at).map_err(|_| Sw::NO_SPACE)?;
            memory.write(node.body(), &at.to_be_bytes())
        }
        (_, SimShape::Rules) => {
            for (number, rule) in rules.iter().enumerate() {
                record(memory, node, number + 1, rule)?;
            }
            Ok(())
        }
        _ => {
            for number in 1..=node.record_count() {
                record(memory, node, number, file.content)?;
            }
            Ok(())
        }
    }
}

/// Every record of a SIM exists from the start.
fn record(memory: &mut Memory<'_>, node: &Node, number: usize, content: &[u8]) -> Result<(), Halt> {
    let Some(at) = node.record(number) else { return Ok(()) };
    memory.write(at, &[1])?;
    memory.write(at + 1, &content[..content.len().min(node.record_len())])?;
    Ok(memory.commit()?)
}

fn dir_header(fid: Fid, size: u16, aid: &[u8]) -> [u8; HEADER] {
    let [hi, lo] = fid.bytes();
    let [s1, s0] = size.to_be_bytes();
    [0x38, hi, lo, s1, s0, 0, 0, 0, 0, aid.len().min(16) as u8, 0]
}

/// Compile-time check of a mask: directories after those they stand in, no identifier twice in a directory, no short one either, short ones of five bits, records
/// that hold what they begin with, INCREASE for cyclic files alone.
pub const fn check(dirs: &[SimDir]) {
    let mut d = 0;
    while d < dirs.len() {
        let files = dirs[d].files;
        assert!(dirs[d].aid.len() <= 16, "an AID has at most 16 bytes");
        assert!((d == 0) == (dirs[d].fid.0 == Fid::MF.0), "the MF comes first, and once");
        let mut above = 0;
        while above < d && dirs[above].fid.0 != dirs[d].within.0 {
            above += 1;
        }
        assert!(d == 0 || above < d, "a directory comes after the one it stands in");
        let mut i = 0;
        while i < files.len() {
            let file = &files[i];
            assert!(file.sfi <= 30, "a short identifier is 1 to 30");
            assert!(fits(file), "the content does not fit the file");
            let cyclic = matches!(file.shape, SimShape::Cyclic(..));
            assert!(cyclic || file.increase == access::NEV, "only cyclic files are increased");
            let mut j = i + 1;
            while j < files.len() {
                assert!(files[j].fid.0 != file.fid.0, "one identifier for two files");
                assert!(file.sfi == 0 || files[j].sfi != file.sfi, "one short identifier for two files");
                j += 1;
            }
            i += 1;
        }
        d += 1;
    }
}

const fn fits(file: &SimFile) -> bool {
    match file.shape {
        SimShape::Transparent(size) => file.content.len() <= size as usize,
        SimShape::LinearFixed(count, length) | SimShape::Cyclic(count, length) => {
            count > 0 && length > 0 && file.content.len() <= length as usize
        }
        SimShape::Messages(length) => file.content.len() <= length as usize,
        SimShape::Rules | SimShape::LinkTo(_) => file.content.is_empty(),
    }
}
