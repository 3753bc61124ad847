//! Everything that the bare parties are made from by chance or by number.

use keys::{Role, Suite, hierarchy};
use parties::trouble::{Result, refused};
use scheme::Chance;
use scheme::moment::Moment;
use scheme::profile::CardKind;
use vcard::slot::Keep;
use vcard::{Image, SeededChance, Slot, factory};

/// Number of the first meter; the n-th is n above it.
pub(super) const FIRST_METER: u32 = 1000;
/// Number of the first customer, likewise.
pub(super) const FIRST_CUSTOMER: u32 = 5000;
/// The first moment.
pub const BEGIN: Moment = Moment([0x20, 0x26, 0x11, 0x22, 0x08, 0x00, 0x00]);

/// Everything random of a run.
#[derive(Debug, Clone, Copy)]
pub struct Seed(pub u64);

impl Seed {
    /// A random source of its own for each label.
    pub fn chance(self, label: &str) -> SeededChance {
        SeededChance::new(self.0, label)
    }

    pub(crate) fn bytes<const N: usize>(self, label: &str) -> [u8; N] {
        let mut bytes = [0; N];
        self.chance(label).fill(&mut bytes);
        bytes
    }

    /// A card of an image, kept in memory alone.
    ///
    /// # Errors
    /// The image is none.
    pub fn slot(self, image: Image, label: &str) -> Result<Slot> {
        let slot = Slot::with_image(image, label.as_ref(), Box::new(self.chance(label)), Keep::InMemory);
        Ok(slot.map_err(|error| refused(error.to_string()))?)
    }

    /// The card as it is, in another slot: without power, without faults planned.
    ///
    /// # Errors
    /// As [`Seed::slot`].
    pub fn copy(self, of: &Slot) -> Result<Slot> {
        self.slot(of.image(), &of.path().display().to_string())
    }

    /// A blank as the factory ships it.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn blank(self, kind: CardKind, suite: Suite, label: &str) -> Result<Slot> {
        let root = hierarchy::test_root(suite, Role::Transport);
        let serial = self.bytes(&format!("serial {label}"));
        let image = factory::blank(&root, kind, serial, false, Box::new(self.chance(label)))
            .map_err(|error| refused(error.to_string()))?;
        self.slot(image, label)
    }
}
