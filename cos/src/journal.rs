//! The journal: every command is one transaction, whatever happens to the supply.
//!
//! Writes of a command are staged in RAM as whole pages. Commit programs them into a journal area first, with a header that
//! closes with a CRC over header and pages; waits until the area is on the medium ([`Nvm::sync`]); then programs the home
//! pages, for which nobody waits. At power-on a valid area is replayed: home pages that differ are programmed again. A torn
//! area has no valid header, so the card is as before the command; a torn home page is mended, so it is as after it. An area is
//! never cleared: replaying an already finished transaction changes nothing, because every later change of a live page goes
//! through the journal.
//!
//! Two areas are used in turn, which is why one wait a transaction is enough. The wait of a transaction also ends the one for
//! the home pages of the transaction before it, so the area that the next one overwrites is needed no more. Until that wait ends
//! the medium may hold the new area whole and yet lack the home pages of the one before, whatever was programmed first: then
//! both areas are replayed, and of a page in both the newer one counts.
//!
//! Pages that get their first owner are programmed in their places ([`Memory::fill_unowned`]) and waited for before the journal:
//! an owner must not come before its content. After that wait the older area is needed no more, and the new one is marked to be
//! replayed alone, lest the older one writes over that content.
//!
//! Layout of the image, in pages of 64 bytes: 0 superblock; 1 header of the first journal area, 2 to 15 its pages; 16 header of
//! the second, 17 to 30 its pages; 31 and on the user area.
//!
//! Header of an area: `count 1 | page number 2 x count | .. | number of the transaction 8, at 48 | 01: replay it alone, 1 |
//! .. | CRC-32 4, at 60` (big-endian); the CRC covers the first 60 bytes and the journal pages in use.

use crate::halt::Halt;
use crate::nvm::{Nvm, PAGE, PowerLoss, RamNvm};
use alloc::vec::Vec;
use crc32fast::Hasher;
use wire::Sw;

/// Pages one command may change.
pub const MAX_PAGES: usize = 14;
/// Pages of a journal area: its header and what it holds.
const AREA: usize = 1 + MAX_PAGES;
/// Header page of the first area; that of the second stands behind the first area.
pub(crate) const FIRST_AREA: usize = 1;
/// First page of the user area.
pub const USER_PAGE: usize = FIRST_AREA + 2 * AREA;
/// Where a header has the number of its transaction.
const NUMBER: core::ops::Range<usize> = 48..56;
/// Where it says that it is to be replayed alone.
const ALONE: usize = 56;
/// Where its checksum stands.
const CRC: usize = 60;

/// A page as the running command wants it.
#[derive(Clone)]
pub struct Staged {
    page: usize,
    data: [u8; PAGE],
}

/// What a card knows of its journal while it has power.
#[derive(Clone, Default)]
pub struct Journal {
    staged: Vec<Staged>,
    /// Number of the newest transaction; 0: none yet.
    number: u64,
    /// The area of the next one, 0 or 1.
    next: usize,
    /// Pages were programmed outside the journal, and nobody waited for them yet.
    filled: bool,
    /// A transaction began to reach the medium and did not end.
    interrupted: bool,
}

impl Journal {
    /// Finishes the transactions that the supply cut short, as far as their areas are whole. Called at every power-on, before
    /// anything is read.
    ///
    /// # Errors
    /// The supply fails; at the next power-on it is tried again.
    pub fn recover(&mut self, nvm: &mut dyn Nvm) -> Result<(), PowerLoss> {
        let mut found: Vec<_> =
            (0..2).filter_map(|n| Area::read(nvm.bytes(), FIRST_AREA + n * AREA)).collect();
        found.sort_by_key(|area| area.number);
        // The area before the newest may lack home pages too, unless the newest says that they are down.
        if let [older, newest] = found.as_slice()
            && (newest.alone || older.number.checked_add(1) != Some(newest.number))
        {
            found.remove(0);
        }
        let mut pages: Vec<_> = found.iter().rev().flat_map(|area| area.pages(nvm.bytes())).collect();
        // Where both have a page, the newest has it as it is now. The sort keeps their order.
        pages.sort_by_key(|(page, _)| *page);
        pages.dedup_by_key(|(page, _)| *page);
        let mut pending = core::mem::replace(&mut self.interrupted, true);
        for (page, data) in pages {
            // Only a corrupt image has homes before the user area.
            if page >= USER_PAGE && page_of(nvm.bytes(), page).is_some_and(|home| home != data) {
                nvm.program(page, &data)?;
                pending = true;
            }
        }
        if pending {
            // The next transaction overwrites one of the areas.
            nvm.sync()?;
        }
        let newest = found.last();
        *self = Journal {
            staged: core::mem::take(&mut self.staged),
            number: newest.map_or(0, |area| area.number),
            next: newest.map_or(0, |area| usize::from(area.header == FIRST_AREA)),
            filled: false,
            interrupted: false,
        };
        self.staged.clear();
        Ok(())
    }
}

/// The user area, as the running command sees it: the EEPROM below, its own staged writes above.
///
/// Addresses count from the start of the user area. Reading beyond it gives zeros and writing beyond it is
/// a memory failure (6581): only a corrupt image leads there.
pub struct Memory<'a> {
    nvm: &'a mut dyn Nvm,
    journal: &'a mut Journal,
}

impl<'a> Memory<'a> {
    /// A view with no staged writes.
    pub fn new(nvm: &'a mut dyn Nvm, journal: &'a mut Journal) -> Self {
        journal.staged.clear();
        journal.filled = false;
        Memory { nvm, journal }
    }

    /// Bytes of the user area.
    pub fn size(&self) -> usize {
        self.nvm.bytes().len().saturating_sub(USER_PAGE * PAGE)
    }

    /// Reads `out.len()` bytes at `at`.
    pub fn read(&self, at: usize, out: &mut [u8]) {
        let from = USER_PAGE * PAGE + at;
        match self.nvm.bytes().get(from..from + out.len()) {
            Some(bytes) => out.copy_from_slice(bytes),
            None => out.fill(0),
        }
        for staged in self.journal.staged.iter() {
            overlay(staged.page * PAGE, &staged.data, from, out);
        }
    }

    /// The byte at `at`.
    pub fn byte(&self, at: usize) -> u8 {
        let [byte] = self.array(at);
        byte
    }

    /// `N` bytes at `at`.
    pub fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut out = [0; N];
        self.read(at, &mut out);
        out
    }

    /// Appends `len` bytes at `at` to `out`.
    pub fn append_to(&self, at: usize, len: usize, out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + len, 0);
        self.read(at, &mut out[start..]);
    }

    /// Stages a write.
    pub fn write(&mut self, at: usize, data: &[u8]) -> Result<(), Halt> {
        let mut at = USER_PAGE * PAGE + at;
        let mut rest = data;
        while !rest.is_empty() {
            let offset = at % PAGE;
            let n = rest.len().min(PAGE - offset);
            self.stage(at / PAGE)?[offset..offset + n].copy_from_slice(&rest[..n]);
            rest = &rest[n..];
            at += n;
        }
        Ok(())
    }

    /// Fills a range that no file owns yet, byte `i` of it with `content(i)`. Whole pages are programmed at
    /// once, without the journal: before the commit that gives them an owner nobody reads them, so a
    /// torn one does no harm, and that commit waits for them first. Pages shared with live bytes are staged.
    pub fn fill_unowned(&mut self, at: usize, len: usize, content: &dyn Fn(usize) -> u8) -> Result<(), Halt> {
        let (from, to) = (USER_PAGE * PAGE + at, USER_PAGE * PAGE + at + len);
        if to > self.nvm.bytes().len() {
            return Err(Sw::MEMORY_FAILURE.into());
        }
        let mut pos = from;
        while pos < to {
            let page = pos / PAGE;
            let end = to.min((page + 1) * PAGE);
            if end - pos < PAGE || self.journal.staged.iter().any(|staged| staged.page == page) {
                for at in pos..end {
                    self.stage(page)?[at % PAGE] = content(at - from);
                }
            } else {
                self.journal.filled = true;
                self.nvm.program(page, &core::array::from_fn(|i| content(pos + i - from)))?;
            }
            pos = end;
        }
        Ok(())
    }

    /// Makes the staged writes durable, all or none.
    pub fn commit(&mut self) -> Result<(), PowerLoss> {
        let Journal { staged, number, next, filled, interrupted } = &mut *self.journal;
        if *filled {
            self.nvm.sync()?;
        }
        let alone = core::mem::take(filled);
        if staged.is_empty() {
            return Ok(());
        }
        *interrupted = true;
        let mut header = [0; PAGE];
        header[0] = staged.len() as u8; // at most MAX_PAGES
        for (i, staged) in staged.iter().enumerate() {
            header[1 + 2 * i..3 + 2 * i].copy_from_slice(&(staged.page as u16).to_be_bytes());
        }
        let this = number.wrapping_add(1); // it never comes round: no chip stands so many writes
        header[NUMBER].copy_from_slice(&this.to_be_bytes());
        header[ALONE] = u8::from(alone);
        let mut crc = Hasher::new();
        crc.update(&header[..CRC]);
        let area = FIRST_AREA + *next * AREA;
        for (i, staged) in staged.iter().enumerate() {
            crc.update(&staged.data);
            self.nvm.program(area + 1 + i, &staged.data)?;
        }
        header[CRC..].copy_from_slice(&crc.finalize().to_be_bytes());
        self.nvm.program(area, &header)?;
        self.nvm.sync()?;
        for staged in staged.iter() {
            self.nvm.program(staged.page, &staged.data)?;
        }
        staged.clear();
        (*number, *next, *interrupted) = (this, 1 - *next, false);
        Ok(())
    }

    /// Drops the staged writes.
    pub fn abort(&mut self) {
        self.journal.staged.clear();
    }

    fn stage(&mut self, page: usize) -> Result<&mut [u8; PAGE], Halt> {
        let index = match self.journal.staged.iter().position(|staged| staged.page == page) {
            Some(index) => index,
            None => {
                let home = self.nvm.bytes().get(page * PAGE..(page + 1) * PAGE);
                let data = home.and_then(|home| home.try_into().ok()).ok_or(Sw::MEMORY_FAILURE)?;
                if self.journal.staged.len() == MAX_PAGES {
                    return Err(Sw::MEMORY_FAILURE.into());
                }
                self.journal.staged.push(Staged { page, data });
                self.journal.staged.len() - 1
            }
        };
        Ok(&mut self.journal.staged[index].data)
    }
}

/// An EEPROM at rest: what its journal holds is done, and the journal holds nothing, no remains of earlier secrets either. For an
/// image that is put away.
pub fn at_rest(image: Vec<u8>) -> Vec<u8> {
    let mut nvm = RamNvm::from_bytes(image);
    // A RAM EEPROM does not lose its supply.
    let _ = Journal::default().recover(&mut nvm);
    let mut image = nvm.into_bytes();
    if let Some(areas) = image.get_mut(FIRST_AREA * PAGE..USER_PAGE * PAGE) {
        areas.fill(0);
    }
    image
}

/// A journal area that is whole.
pub(crate) struct Area {
    /// Page of its header.
    header: usize,
    number: u64,
    alone: bool,
    homes: Vec<usize>,
}

impl Area {
    /// The area with its header in this page, when its checksum is right.
    pub(crate) fn read(image: &[u8], at: usize) -> Option<Self> {
        let header = page_of(image, at)?;
        let count = usize::from(header[0]);
        if count == 0 || count > MAX_PAGES {
            return None;
        }
        let mut crc = Hasher::new();
        crc.update(&header[..CRC]);
        crc.update(image.get((at + 1) * PAGE..(at + 1 + count) * PAGE)?);
        if crc.finalize().to_be_bytes() != header[CRC..] {
            return None;
        }
        let page = |i: usize| usize::from(u16::from_be_bytes([header[1 + 2 * i], header[2 + 2 * i]]));
        let mut number = [0; 8];
        number.copy_from_slice(&header[NUMBER]);
        let (number, alone) = (u64::from_be_bytes(number), header[ALONE] != 0);
        Some(Area { header: at, number, alone, homes: (0..count).map(page).collect() })
    }

    /// The pages it holds: number of the home page, and what belongs there.
    pub(crate) fn pages(&self, image: &[u8]) -> Vec<(usize, [u8; PAGE])> {
        let page = |(i, home): (usize, &usize)| Some((*home, page_of(image, self.header + 1 + i)?));
        self.homes.iter().enumerate().filter_map(page).collect()
    }
}

pub(crate) fn page_of(image: &[u8], page: usize) -> Option<[u8; PAGE]> {
    image.get(page * PAGE..(page + 1) * PAGE)?.try_into().ok()
}

/// Copies the part of `data` (which stands at `base`) that falls into the window `out` at `from`.
fn overlay(base: usize, data: &[u8; PAGE], from: usize, out: &mut [u8]) {
    let start = base.max(from);
    let end = (base + PAGE).min(from + out.len());
    if start < end {
        out[start - from..end - from].copy_from_slice(&data[start - base..end - base]);
    }
}
