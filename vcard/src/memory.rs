//! The EEPROM of a virtual card, which can lose its supply on request.

use cos::{Nvm, PAGE, PowerLoss};

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

/// EEPROM bytes in RAM, with a mark whether they differ from what was saved.
#[derive(Clone)]
pub struct SlotMemory {
    bytes: Vec<u8>,
    dirty: bool,
    writes: Vec<u32>,
    cut: Option<SupplyCut>,
}

impl SlotMemory {
    /// An EEPROM with this content.
    pub fn new(bytes: Vec<u8>) -> Self {
        let writes = vec![0; bytes.len().div_ceil(PAGE)];
        SlotMemory { bytes, dirty: false, writes, cut: None }
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
        let Some(home) = self.bytes.get_mut(page * PAGE..(page + 1) * PAGE) else { return Ok(()) };
        self.dirty = true;
        self.writes[page] = self.writes[page].saturating_add(1);
        match &mut self.cut {
            None => home.copy_from_slice(data),
            Some(cut) if cut.after > 0 => {
                cut.after -= 1;
                home.copy_from_slice(data);
            }
            Some(cut) => {
                tear(home, data, cut.torn);
                self.cut = None;
                return Err(PowerLoss);
            }
        }
        Ok(())
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
