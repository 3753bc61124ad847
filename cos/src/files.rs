//! The file tree in the EEPROM.
//!
//! A directory owns one stretch of the user area; its files stand in it one after another, each a header of
//! 11 bytes (a directory's name follows its header) and a body. A type byte 00 where a header would begin
//! ends the list. So a chip needs no pointers, and what a file costs is what the manual says it costs
//! [FMCOS UM 4.2].
//!
//! | byte | directory (type 38) | EF | KEY file (3F) |
//! |---|---|---|---|
//! | 0 | type | type with protection bits | type |
//! | 1-2 | FID | FID | FID |
//! | 3-4 | size of its stretch | size of the body | size of the body |
//! | 5 | create right | read right | DF short id |
//! | 6 | erase right | write right | add right |
//! | 7 | application file id | access byte | FF |
//! | 8 | block flags | record length; log file of a wallet; bytes used of a variable file, high | wrong MACs under its 39/00 in the card's life |
//! | 9 | length of the name | flags | 00 |
//! | 10 | 00 | newest record of a cyclic file; bytes used of a variable file, low | 00 |

use crate::halt::Halt;
use crate::journal::Memory;
use alloc::vec::Vec;
use scheme::profile::Fid;
use wire::Sw;

/// Bytes of a header.
pub const HEADER: usize = 11;
/// Levels of directories, the MF among them [FMCOS UM 1.1].
pub const LEVELS: usize = 3;

/// Kind of a file: the low six bits of its type byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// 38: directory.
    Dir,
    /// 28: transparent.
    Binary,
    /// 2A: linear fixed.
    Fixed,
    /// 2C: variable records, each a TLV with one-byte tag and length.
    Variable,
    /// 2E: cyclic.
    Cyclic,
    /// 2F: wallet or passbook.
    Wallet,
    /// 3F: KEY file.
    Keys,
    /// 21: another name of an EF that stands elsewhere; the body is the address of its header. Ours: the mask of a
    /// UICC has such files, no command makes one.
    Link,
}

impl FileKind {
    /// The kind of a type byte.
    pub const fn of(type_byte: u8) -> Option<Self> {
        match type_byte & 0x3F {
            0x38 => Some(FileKind::Dir),
            0x28 => Some(FileKind::Binary),
            0x2A => Some(FileKind::Fixed),
            0x2C => Some(FileKind::Variable),
            0x2E => Some(FileKind::Cyclic),
            0x2F => Some(FileKind::Wallet),
            0x3F => Some(FileKind::Keys),
            0x21 => Some(FileKind::Link),
            _ => None,
        }
    }
}

/// A file: where its header stands, and the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Address of the header.
    pub at: usize,
    /// The header bytes.
    pub header: [u8; HEADER],
}

/// Block flag of a directory: blocked until APPLICATION UNBLOCK.
pub const BLOCKED: u8 = 0x01;
/// Block flag of a directory: blocked for good.
pub const DEAD: u8 = 0x02;
/// Block flag of the MF: the whole card answers 6A81 from now on.
pub const CARD_DEAD: u8 = 0x04;

/// Flag of an EF: it was written at least once, so its checksum is good.
pub const WRITTEN: u8 = 0x01;

impl Node {
    /// Reads the header at `at`; `None` where no file begins.
    pub fn at(memory: &Memory<'_>, at: usize) -> Option<Node> {
        let header: [u8; HEADER] = memory.array(at);
        FileKind::of(header[0]).map(|_| Node { at, header })
    }

    /// The master file, when the card has one.
    pub fn mf(memory: &Memory<'_>) -> Option<Node> {
        Node::at(memory, 0).filter(|node| node.fid() == Fid::MF)
    }

    /// Kind of the file.
    pub const fn kind(&self) -> FileKind {
        match FileKind::of(self.header[0]) {
            Some(kind) => kind,
            None => FileKind::Keys, // `at` lets no other byte pass
        }
    }

    /// File identifier.
    pub const fn fid(&self) -> Fid {
        Fid(u16::from_be_bytes([self.header[1], self.header[2]]))
    }

    /// Bytes of the body, or of a directory's stretch.
    pub const fn size(&self) -> usize {
        u16::from_be_bytes([self.header[3], self.header[4]]) as usize
    }

    /// True when the file is a directory.
    pub const fn is_dir(&self) -> bool {
        matches!(self.kind(), FileKind::Dir)
    }

    /// Length of a directory's name; 0 for an EF.
    pub const fn name_len(&self) -> usize {
        if self.is_dir() { self.header[9] as usize } else { 0 }
    }

    /// A directory's name.
    pub fn name(&self, memory: &Memory<'_>) -> Vec<u8> {
        let mut name = Vec::new();
        memory.append_to(self.at + HEADER, self.name_len(), &mut name);
        name
    }

    /// Where the body, or the first file of a directory, begins.
    pub const fn body(&self) -> usize {
        self.at + HEADER + self.name_len()
    }

    /// First address after the file.
    pub const fn end(&self) -> usize {
        self.body() + self.size()
    }

    /// Record length of a fixed or cyclic file.
    pub const fn record_len(&self) -> usize {
        self.header[8] as usize
    }

    /// Number of records a fixed or cyclic file has room for: each takes its length and a mark.
    pub const fn record_count(&self) -> usize {
        self.size() / (self.record_len() + 1)
    }

    /// Address of the mark of slot `slot` (0-based place in the body); the record follows it.
    pub const fn slot(&self, slot: usize) -> usize {
        self.body() + slot * (self.record_len() + 1)
    }

    /// Address of the mark of record `number` (1-based; of a cyclic file 1 is the newest).
    pub const fn record(&self, number: usize) -> Option<usize> {
        let count = self.record_count();
        if number == 0 || number > count {
            return None;
        }
        let slot = match self.kind() {
            FileKind::Cyclic => (self.header[10] as usize + number - 1) % count,
            _ => number - 1,
        };
        Some(self.slot(slot))
    }

    /// Block flags of a directory.
    pub const fn blocks(&self) -> u8 {
        if self.is_dir() { self.header[8] } else { 0 }
    }

    /// Bytes used in a variable record file.
    pub const fn used(&self) -> usize {
        u16::from_be_bytes([self.header[8], self.header[10]]) as usize
    }

    /// Stages the number of bytes used in a variable record file.
    pub fn set_used(&mut self, memory: &mut Memory<'_>, used: usize) -> Result<(), Halt> {
        let [hi, lo] = (used as u16).to_be_bytes(); // at most the body's size
        self.set(memory, 8, hi)?;
        self.set(memory, 10, lo)
    }

    /// True when the EF was written since its creation.
    pub const fn is_written(&self) -> bool {
        self.header[9] & WRITTEN != 0
    }

    /// Stages one header byte.
    pub fn set(&mut self, memory: &mut Memory<'_>, byte: usize, value: u8) -> Result<(), Halt> {
        self.header[byte] = value;
        memory.write(self.at + byte, &[value])
    }

    /// Stages the mark that the EF was written, unless it has it.
    pub fn mark_written(&mut self, memory: &mut Memory<'_>) -> Result<(), Halt> {
        if self.is_written() { Ok(()) } else { self.set(memory, 9, self.header[9] | WRITTEN) }
    }

    /// The files of a directory, in the order of their creation.
    pub fn children<'m, 'a>(&self, memory: &'m Memory<'a>) -> Children<'m, 'a> {
        Children { memory, at: self.body(), end: self.end() }
    }

    /// The first file of a directory that satisfies `wanted`.
    pub fn child(&self, memory: &Memory<'_>, wanted: impl FnMut(&Node) -> bool) -> Option<Node> {
        self.children(memory).find(wanted)
    }

    /// The KEY file of a directory.
    pub fn key_file(&self, memory: &Memory<'_>) -> Option<Node> {
        self.child(memory, |node| node.kind() == FileKind::Keys)
    }

    /// True when a directory holds no file at all.
    pub fn is_empty(&self, memory: &Memory<'_>) -> bool {
        self.children(memory).next().is_none()
    }

    /// The EF a link stands for, or the file itself. `None` where a damaged link leads nowhere.
    pub fn resolved(self, memory: &Memory<'_>) -> Option<Node> {
        if self.kind() != FileKind::Link {
            return Some(self);
        }
        let target = Node::at(memory, usize::from(u16::from_be_bytes(memory.array(self.body()))))?;
        (!matches!(target.kind(), FileKind::Dir | FileKind::Keys | FileKind::Link)).then_some(target)
    }

    /// Bytes of a directory that no file takes.
    pub fn free(&self, memory: &Memory<'_>) -> usize {
        self.end().saturating_sub(self.free_at(memory))
    }

    /// Where the next file of a directory would begin.
    fn free_at(&self, memory: &Memory<'_>) -> usize {
        let mut children = self.children(memory);
        while children.next().is_some() {}
        children.at
    }

    /// Stages a new file in this directory: header, name of a directory, body filled with `fill`, end mark.
    ///
    /// 6A84 when the directory has no room for it.
    pub fn create(
        &self,
        memory: &mut Memory<'_>,
        header: [u8; HEADER],
        name: &[u8],
        fill: u8,
    ) -> Result<Node, Halt> {
        let at = self.free_at(memory);
        let node = Node { at, header };
        if node.end() > self.end() {
            return Err(Sw::NO_SPACE.into());
        }
        place(memory, &node, name, fill)?;
        if node.end() < self.end() {
            memory.write(node.end(), &[0])?;
        }
        Ok(node)
    }

    /// Stages the end of the list at the directory's start: all its files are gone.
    pub fn clear(&self, memory: &mut Memory<'_>) -> Result<(), Halt> {
        end_list(memory, self)
    }
}

/// Stages the master file over the whole user area (size FFFF, or more than there is) or the size asked for.
pub fn create_mf(memory: &mut Memory<'_>, mut header: [u8; HEADER], name: &[u8]) -> Result<Node, Halt> {
    let room = memory.size().saturating_sub(HEADER + name.len()).min(usize::from(u16::MAX));
    let asked = usize::from(u16::from_be_bytes([header[3], header[4]]));
    let [hi, lo] = (asked.min(room) as u16).to_be_bytes();
    header[3] = hi;
    header[4] = lo;
    let node = Node { at: 0, header };
    place(memory, &node, name, 0)?;
    Ok(node)
}

/// Stages the end of a directory's list where its first file would begin. A directory of size 0 has no byte for it: the one
/// behind it is another file's.
fn end_list(memory: &mut Memory<'_>, dir: &Node) -> Result<(), Halt> {
    if dir.size() == 0 { Ok(()) } else { memory.write(dir.body(), &[0]) }
}

fn place(memory: &mut Memory<'_>, node: &Node, name: &[u8], fill: u8) -> Result<(), Halt> {
    match node.kind() {
        FileKind::Dir => end_list(memory, node)?,
        FileKind::Keys | FileKind::Wallet | FileKind::Link => {
            memory.fill_unowned(node.body(), node.size(), &|_| 0)?;
        }
        FileKind::Binary | FileKind::Variable => memory.fill_unowned(node.body(), node.size(), &|_| fill)?,
        FileKind::Fixed | FileKind::Cyclic => {
            let slot = node.record_len() + 1;
            let content = |i: usize| if i.is_multiple_of(slot) { 0 } else { fill };
            memory.fill_unowned(node.body(), node.size(), &content)?;
        }
    }
    memory.write(node.at, &node.header)?;
    memory.write(node.at + HEADER, name)
}

/// Iterator over the files of a directory.
pub struct Children<'m, 'a> {
    memory: &'m Memory<'a>,
    at: usize,
    end: usize,
}

impl Iterator for Children<'_, '_> {
    type Item = Node;

    fn next(&mut self) -> Option<Node> {
        if self.at + HEADER > self.end {
            return None;
        }
        let node = Node::at(self.memory, self.at)?;
        // A corrupt size must not lead the walk out of the directory or in a circle.
        if node.end() > self.end {
            return None;
        }
        self.at = node.end();
        Some(node)
    }
}
