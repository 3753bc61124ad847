//! A slot: power, reset, removal, and a card image that is kept on disk.

use crate::image::{Image, ImageError};
use crate::medium::{ImageFile, Kept, Medium};
use crate::memory::{SlotMemory, SupplyCut};
use cos::{Card, Flow, Nvm};
use scheme::Chance;
use scheme::profile::CardKind;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use wire::{Channel, ChannelError};

/// When a card is pulled from its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// Before the command after so many reaches it.
    Before(u32),
    /// After it did that command, before its answer is heard.
    AfterAnswering(u32),
}

/// When changes reach the image file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Before the status word of the command that made them leaves, and on the medium by then: for cards that others write, who
    /// may build on a status word whatever happens to this machine. Pages are written in their places.
    Synced,
    /// Before the status word leaves, and on the medium when the system comes to it, or at [`Slot::close`]: a machine that stops
    /// may lose the last commands. The file is replaced at each.
    EveryCommand,
    /// At [`Slot::close`], without waiting for the medium: for batches that are repeated as a whole when they
    /// break.
    AtClose,
    /// Never: a card that lives in memory alone.
    InMemory,
}

/// A slot with a virtual card in it.
pub struct Slot {
    card: Card<SlotMemory>,
    formal: bool,
    path: PathBuf,
    keep: Keep,
    inserted: bool,
    pull: Option<Pull>,
    /// Saved, and perhaps not yet on the medium.
    unsynced: bool,
}

impl Slot {
    /// Opens an image file as a card in a slot, without power until the first reset or command.
    pub fn open(path: &Path, entropy: Box<dyn Chance + Send>, keep: Keep) -> Result<Self, ImageError> {
        Slot::with_image(Image::load(path)?, path, entropy, keep)
    }

    /// A card from an image in memory; `path` is where it is kept, and named in errors.
    pub fn with_image(
        image: Image,
        path: &Path,
        entropy: Box<dyn Chance + Send>,
        keep: Keep,
    ) -> Result<Self, ImageError> {
        let kept = (keep == Keep::Synced).then(|| Kept::on(Box::new(ImageFile::at(path)), image.header()));
        Slot::insert_image(image, path, entropy, keep, kept)
    }

    /// A card from an image in memory that a medium keeps, as [`Keep::Synced`] keeps it in a file; `path` is named in errors.
    pub fn on_medium(
        image: Image,
        path: &Path,
        entropy: Box<dyn Chance + Send>,
        medium: Box<dyn Medium>,
    ) -> Result<Self, ImageError> {
        let kept = Kept::on(medium, image.header());
        Slot::insert_image(image, path, entropy, Keep::Synced, Some(kept))
    }

    fn insert_image(
        image: Image,
        path: &Path,
        entropy: Box<dyn Chance + Send>,
        keep: Keep,
        kept: Option<Kept>,
    ) -> Result<Self, ImageError> {
        let formal = image.formal;
        let memory = match kept {
            Some(kept) => SlotMemory::on(kept, image.eeprom),
            None => SlotMemory::new(image.eeprom),
        };
        let card = Card::new(memory, entropy, applets::program_of)
            .map_err(|source| ImageError::Card { path: path.to_path_buf(), source })?;
        Ok(Slot { card, formal, path: path.to_path_buf(), keep, inserted: true, pull: None, unsynced: false })
    }

    /// Kind of the card.
    pub const fn kind(&self) -> CardKind {
        self.card.chip().kind
    }

    /// Serial number of the chip.
    pub const fn serial(&self) -> [u8; 8] {
        self.card.chip().serial
    }

    /// Whether the image may hold keys of a formal root.
    pub const fn may_hold_formal(&self) -> bool {
        self.formal
    }

    /// Which way the data of a command flows on a T=0 line.
    pub fn flow(&self, header: [u8; 4]) -> Flow {
        self.card.flow(header)
    }

    /// Lets the card speak T=0, as it does on its contacts; a contactless card answers as a chip with both
    /// interfaces would.
    pub const fn on_contacts(&mut self) {
        self.card.on_contacts();
    }

    /// Where the image is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Page writes of the EEPROM so far, page by page: a chip stands some 100 000 of each [docs/specs/fmcos.md].
    pub fn page_writes(&self) -> &[u32] {
        self.card.nvm().writes()
    }

    /// The image as it is now.
    pub fn image(&self) -> Image {
        Image { kind: self.kind(), formal: self.formal, eeprom: self.card.nvm().bytes().to_vec() }
    }

    /// The ATR that a reset would answer; the card does not notice.
    pub fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    /// Takes the power away; the card stays in the slot, and the next reset or command gives it power again.
    pub fn power_off(&mut self) {
        self.card.power_off();
    }

    /// Takes the card out: power is gone.
    pub fn remove(&mut self) {
        self.card.power_off();
        self.inserted = false;
    }

    /// Puts the card back. One whose memory could not be kept stays out: it knows what its image does not.
    pub fn insert(&mut self) {
        self.inserted = self.card.nvm().is_sound();
        self.pull = None;
    }

    /// Pulls the card at a later command.
    pub const fn pull(&mut self, pull: Pull) {
        self.pull = Some(pull);
    }

    /// Lets the card's supply fail at a later page write.
    pub const fn cut(&mut self, cut: SupplyCut) {
        self.card.nvm_mut().cut(cut);
    }

    /// Saves what is not saved yet. What [`Keep::EveryCommand`] saved is on the medium when this returns.
    pub fn close(&mut self) -> Result<(), ImageError> {
        match self.keep {
            Keep::AtClose if self.card.nvm().is_dirty() => self.save(false)?,
            Keep::EveryCommand if self.unsynced => self.save(true)?,
            Keep::AtClose | Keep::EveryCommand | Keep::Synced | Keep::InMemory => {}
        }
        Ok(())
    }

    /// Saves what changed since the last time, and waits until it is on the medium: for a card that must be kept before others
    /// are.
    pub fn keep_now(&mut self) -> Result<(), ImageError> {
        match self.keep {
            Keep::AtClose | Keep::EveryCommand if self.unsynced || self.card.nvm().is_dirty() => {
                self.save(true)
            }
            _ => Ok(()),
        }
    }

    fn save(&mut self, durable: bool) -> Result<(), ImageError> {
        self.image().save(&self.path, durable)?;
        self.card.nvm_mut().saved();
        self.unsynced = !durable;
        Ok(())
    }

    /// After a command: what it changed must outlive us before its status word is heard.
    fn kept(&mut self) -> Result<(), ChannelError> {
        // The system's error cannot be told twice; its words can.
        let refused = self.card.nvm_mut().refused().map(|error| match error.kind() {
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => " is read-only".to_owned(),
            _ => format!(": {error}"),
        });
        let failed = match refused {
            Some(words) => Some(format!("{}{words}", self.path.display())),
            None if self.keep == Keep::EveryCommand && self.card.nvm().is_dirty() => {
                self.save(false).err().map(|error| error.to_string())
            }
            None => None,
        };
        match failed {
            None => Ok(()),
            Some(words) => {
                // The card knows more than its image now; a user may not build on that.
                self.remove();
                Err(ChannelError::Storage(words))
            }
        }
    }

    fn power(&mut self) -> Result<Vec<u8>, ChannelError> {
        if !self.inserted {
            return Err(ChannelError::Absent);
        }
        let mut atr = self.card.power_on();
        if atr.is_none() && self.card.nvm().is_sound() && self.card.nvm_mut().refused().is_some() {
            // It cannot be mended where it lies, as on a medium that is read-only: it can be looked at all the same.
            self.card.nvm_mut().mend();
            atr = self.card.power_on();
        }
        self.kept()?;
        atr.ok_or(ChannelError::Removed)
    }

    /// Counts a command against the planned pull; true when the card leaves now.
    fn leaves(&mut self, answered: bool) -> bool {
        let (left, rest) = match (self.pull, answered) {
            (Some(Pull::Before(n)), false) => (n, Pull::Before(n.saturating_sub(1))),
            (Some(Pull::AfterAnswering(n)), true) => (n, Pull::AfterAnswering(n.saturating_sub(1))),
            _ => return false,
        };
        self.pull = Some(rest);
        if left == 0 {
            self.pull = None;
            self.remove();
        }
        left == 0
    }
}

impl Channel for Slot {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        if !self.inserted {
            return Err(ChannelError::Absent);
        }
        if self.leaves(false) {
            return Err(ChannelError::Removed);
        }
        if !self.card.is_powered() {
            self.power()?;
        }
        let answer = self.card.transmit(command);
        self.kept()?;
        // A card whose supply failed says nothing.
        if self.leaves(true) || answer.is_empty() {
            return Err(ChannelError::Removed);
        }
        Ok(answer)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.power()
    }
}
