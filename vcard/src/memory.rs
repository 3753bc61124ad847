//! The EEPROM of a virtual card, which can lose its supply on request.

use crate::medium::{Failed, Kept};
use cos::journal::at_rest;
use cos::{Nvm, PAGE, PowerLoss};
use std::io;

/// What a page holds when the supply fails while it is programmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Torn {
    /// The old bytes.
    Old,
    /// The new bytes, though nobody learnt it.
    New,
    /// So many new bytes, then the old ones.
    Prefix(usize),
    /// Erased.
    Erased,
    /// Bytes that nobody wrote, from this seed.
    Noise(u8),
}

/// When the supply fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupplyCut {
    /// Page writes that still succeed.
    pub after: u32,
    /// What the next one leaves.
    pub torn: Torn,
}

/// EEPROM bytes in RAM, with a mark whether they differ from what was saved; or the same on a medium that gets every page at once.
pub struct SlotMemory {
    bytes: Vec<u8>,
    dirty: bool,
    writes: Vec<u32>,
    cut: Option<SupplyCut>,
    kept: Option<Kept>,
}

impl SlotMemory {
    /// An EEPROM with this content.
    pub fn new(bytes: Vec<u8>) -> Self {
        let writes = vec![0; bytes.len().div_ceil(PAGE)];
        SlotMemory { bytes, dirty: false, writes, cut: None, kept: None }
    }

    /// An EEPROM with this content, whose pages are kept there.
    pub(crate) fn on(kept: Kept, bytes: Vec<u8>) -> Self {
        SlotMemory { kept: Some(kept), ..SlotMemory::new(bytes) }
    }

    /// Why its medium refused something since this was asked last. From then on no page is programmed any more.
    pub(crate) fn refused(&mut self) -> Option<&io::Error> {
        self.kept.as_mut().and_then(Kept::refused)
    }

    /// False when the medium failed after it took something: the card may know what it does not hold.
    pub(crate) fn is_sound(&self) -> bool {
        self.kept.as_ref().is_none_or(Kept::is_sound)
    }

    /// Mends in memory alone what a crash tore: for a medium that takes nothing, so that its card can be looked at.
    pub(crate) fn mend(&mut self) {
        self.bytes = at_rest(core::mem::take(&mut self.bytes));
    }

    /// True when a page was programmed since [`SlotMemory::saved`].
    pub const fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Says that the bytes are kept elsewhere now.
    pub const fn saved(&mut self) {
        self.dirty = false;
    }

    /// Writes of each page since the card was put into its slot; an image does not remember them.
    pub fn writes(&self) -> &[u32] {
        &self.writes
    }

    /// Lets the supply fail, once.
    pub const fn cut(&mut self, cut: SupplyCut) {
        self.cut = Some(cut);
    }
}

impl Nvm for SlotMemory {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn program(&mut self, page: usize, data: &[u8; PAGE]) -> Result<(), PowerLoss> {
        let at = page * PAGE;
        let Some(home) = self.bytes.get(at..at + PAGE) else { return Ok(()) };
        let (mut new, mut lost) = (*data, false);
        match &mut self.cut {
            None => {}
            Some(cut) if cut.after > 0 => cut.after -= 1,
            Some(cut) => {
                new.copy_from_slice(home);
                tear(&mut new, data, cut.torn);
                (self.cut, lost) = (None, true);
            }
        }
        if let Some(kept) = &mut self.kept {
            kept.write(&self.bytes, at, &new)?;
        }
        self.bytes[at..at + PAGE].copy_from_slice(&new);
        self.dirty = true;
        self.writes[page] = self.writes[page].saturating_add(1);
        if lost { Err(PowerLoss) } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<(), PowerLoss> {
        Ok(self.kept.as_mut().map_or(Ok(()), Kept::sync)?)
    }
}

impl From<Failed> for PowerLoss {
    fn from(_: Failed) -> Self {
        PowerLoss
    }
}

fn tear(home: &mut [u8], data: &[u8; PAGE], torn: Torn) {
    match torn {
        Torn::Old => {}
        Torn::New => home.copy_from_slice(data),
        Torn::Prefix(n) => {
            let n = n.min(PAGE);
            home[..n].copy_from_slice(&data[..n]);
        }
        Torn::Erased => home.fill(0xFF),
        Torn::Noise(seed) => {
            let mut x = u32::from(seed) | 0x100;
            for byte in home {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (x >> 24) as u8;
            }
        }
    }
}
