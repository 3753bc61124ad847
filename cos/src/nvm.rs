//! The non-volatile memory of a chip: pages that are programmed whole.

/// Bytes of a page.
pub const PAGE: usize = 64;

/// The supply failed while a page was programmed; the page may hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerLoss;

/// An EEPROM: memory-mapped for reading, written a page at a time.
///
/// Nothing else of a card persists. Who implements it decides where the bytes live (RAM, a file) and may
/// fail a write to play a torn card.
pub trait Nvm {
    /// The whole image; its length is a multiple of [`PAGE`].
    fn bytes(&self) -> &[u8];

    /// Programs one page. On `Err` the page may hold the old bytes, the new ones or anything else, and the
    /// card is without power.
    fn program(&mut self, page: usize, data: &[u8; PAGE]) -> Result<(), PowerLoss>;

    /// Waits until all pages programmed so far are down for good. Of those programmed since the last wait any may be down or not,
    /// in any order. A chip has nothing to wait for: what it programmed is down.
    ///
    /// # Errors
    /// The supply failed meanwhile.
    fn sync(&mut self) -> Result<(), PowerLoss> {
        Ok(())
    }
}

/// An EEPROM in RAM that never fails.
#[derive(Clone)]
pub struct RamNvm(alloc::vec::Vec<u8>);

impl RamNvm {
    /// An erased EEPROM (FF) of at least `size` bytes.
    pub fn erased(size: usize) -> Self {
        RamNvm(alloc::vec![0xFF; size.next_multiple_of(PAGE)])
    }

    /// An EEPROM with this content, filled up with FF to whole pages.
    pub fn from_bytes(mut bytes: alloc::vec::Vec<u8>) -> Self {
        bytes.resize(bytes.len().next_multiple_of(PAGE), 0xFF);
        RamNvm(bytes)
    }

    /// Its content.
    pub fn into_bytes(self) -> alloc::vec::Vec<u8> {
        self.0
    }
}

impl Nvm for RamNvm {
    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn program(&mut self, page: usize, data: &[u8; PAGE]) -> Result<(), PowerLoss> {
        // A page beyond the chip cannot be programmed; the kernel never asks for one.
        if let Some(home) = self.0.get_mut(page * PAGE..(page + 1) * PAGE) {
            home.copy_from_slice(data);
        }
        Ok(())
    }
}
