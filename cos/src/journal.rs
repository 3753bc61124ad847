//! The journal: every command is one transaction, whatever happens to the supply.
//!
//! Writes of a command are staged in RAM as whole pages. Commit programs them into the journal first, then
//! a header that closes with a CRC over header and pages, then the home pages. At power-on a valid header is
//! replayed: home pages that differ are programmed again. A torn journal page leaves no valid header, so the
//! card is as before the command; a torn home page is mended, so it is as after it. The header is never
//! cleared: replaying an already finished transaction changes nothing, because every later change of a
//! live page goes through the journal and replaces the header.
//!
//! Layout of the image, in pages of 64 bytes: 0 superblock, 1 journal header, 2 to 15 journal pages,
//! 16 and on the user area.
//!
//! Journal header: `count 1 | page number 2 x count | .. | CRC-32 4` (big-endian); the CRC covers the first 60
//! bytes and the journal pages in use.

use crate::halt::Halt;
use crate::nvm::{Nvm, PAGE, PowerLoss};
use alloc::vec::Vec;
use crc32fast::Hasher;
use wire::Sw;

/// Page of the journal header.
const HEADER_PAGE: usize = 1;
/// First journal page.
const FIRST_PAGE: usize = 2;
/// Pages one command may change.
pub const MAX_PAGES: usize = 14;
/// First page of the user area.
pub const USER_PAGE: usize = FIRST_PAGE + MAX_PAGES;

/// A page as the running command wants it.
#[derive(Clone)]
pub struct Staged {
    page: usize,
    data: [u8; PAGE],
}

/// The user area, as the running command sees it: the EEPROM below, its own staged writes above.
///
/// Addresses count from the start of the user area. Reading beyond it gives zeros and writing beyond it is
/// a memory failure (6581): only a corrupt image leads there.
pub struct Memory<'a> {
    nvm: &'a mut dyn Nvm,
    staged: &'a mut Vec<Staged>,
}

impl<'a> Memory<'a> {
    /// A view with no staged writes.
    pub fn new(nvm: &'a mut dyn Nvm, staged: &'a mut Vec<Staged>) -> Self {
        staged.clear();
        Memory { nvm, staged }
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
        for staged in self.staged.iter() {
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
    /// torn one does no harm. Pages shared with live bytes are staged.
    pub fn fill_unowned(&mut self, at: usize, len: usize, content: &dyn Fn(usize) -> u8) -> Result<(), Halt> {
        let (from, to) = (USER_PAGE * PAGE + at, USER_PAGE * PAGE + at + len);
        if to > self.nvm.bytes().len() {
            return Err(Sw::MEMORY_FAILURE.into());
        }
        let mut pos = from;
        while pos < to {
            let page = pos / PAGE;
            let end = to.min((page + 1) * PAGE);
            if end - pos < PAGE || self.staged.iter().any(|staged| staged.page == page) {
                for at in pos..end {
                    self.stage(page)?[at % PAGE] = content(at - from);
                }
            } else {
                self.nvm.program(page, &core::array::from_fn(|i| content(pos + i - from)))?;
            }
            pos = end;
        }
        Ok(())
    }

    /// Makes the staged writes durable, all or none.
    pub fn commit(&mut self) -> Result<(), PowerLoss> {
        if self.staged.is_empty() {
            return Ok(());
        }
        let mut header = [0; PAGE];
        header[0] = self.staged.len() as u8; // at most MAX_PAGES
        for (i, staged) in self.staged.iter().enumerate() {
            header[1 + 2 * i..3 + 2 * i].copy_from_slice(&(staged.page as u16).to_be_bytes());
        }
        let mut crc = Hasher::new();
        crc.update(&header[..60]);
        for (i, staged) in self.staged.iter().enumerate() {
            crc.update(&staged.data);
            self.nvm.program(FIRST_PAGE + i, &staged.data)?;
        }
        header[60..].copy_from_slice(&crc.finalize().to_be_bytes());
        self.nvm.program(HEADER_PAGE, &header)?;
        for staged in self.staged.iter() {
            self.nvm.program(staged.page, &staged.data)?;
        }
        self.staged.clear();
        Ok(())
    }

    /// Drops the staged writes.
    pub fn abort(&mut self) {
        self.staged.clear();
    }

    fn stage(&mut self, page: usize) -> Result<&mut [u8; PAGE], Halt> {
        let index = match self.staged.iter().position(|staged| staged.page == page) {
            Some(index) => index,
            None => {
                let home = self.nvm.bytes().get(page * PAGE..(page + 1) * PAGE);
                let data = home.and_then(|home| home.try_into().ok()).ok_or(Sw::MEMORY_FAILURE)?;
                if self.staged.len() == MAX_PAGES {
                    return Err(Sw::MEMORY_FAILURE.into());
                }
                self.staged.push(Staged { page, data });
                self.staged.len() - 1
            }
        };
        Ok(&mut self.staged[index].data)
    }
}

/// Finishes the transaction that the supply cut short, if its journal is whole. Called at every power-on,
/// before anything is read.
pub fn recover(nvm: &mut dyn Nvm) -> Result<(), PowerLoss> {
    let Some(pages) = valid_pages(nvm.bytes()) else { return Ok(()) };
    for (i, page) in pages.into_iter().enumerate() {
        let Some(data) = page_of(nvm.bytes(), FIRST_PAGE + i) else { continue };
        if page_of(nvm.bytes(), page) != Some(data) {
            nvm.program(page, &data)?;
        }
    }
    Ok(())
}

/// Home pages of the journal, when its header is whole.
fn valid_pages(image: &[u8]) -> Option<Vec<usize>> {
    let header = page_of(image, HEADER_PAGE)?;
    let count = usize::from(header[0]);
    if count == 0 || count > MAX_PAGES {
        return None;
    }
    let mut crc = Hasher::new();
    crc.update(&header[..60]);
    crc.update(image.get(FIRST_PAGE * PAGE..(FIRST_PAGE + count) * PAGE)?);
    if crc.finalize().to_be_bytes() != header[60..] {
        return None;
    }
    let page = |i: usize| usize::from(u16::from_be_bytes([header[1 + 2 * i], header[2 + 2 * i]]));
    Some((0..count).map(page).collect())
}

fn page_of(image: &[u8], page: usize) -> Option<[u8; PAGE]> {
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
