//! A virtual card that an act opened, and why there is none.

use crate::slot::Keep;
use crate::{Image, ImageError, Slot, factory};
use disk::{Holder, Lock};
use scheme::cards::{CardRef, CardsError, NewChip, NewSim, OpenCard};
use scheme::fault::{Hint, Kind};
use scheme::profile::{CardKind, State};
use scheme::{Chance, Chances, Fault};
use std::path::{Path, PathBuf};
use wire::{Channel, ChannelError};

/// The commands that keep their cards until somebody ends them.
const KEEPERS: [&str; 2] = ["card serve", "card line"];

/// Why a place has no card for us, or takes none.
#[derive(Debug, thiserror::Error)]
pub enum CardFileError {
    /// The image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The factory.
    #[error(transparent)]
    Factory(#[from] factory::FactoryError),
    /// Another command has it.
    #[error("{} stands in the slot of another command{}", path.display(), who(holder))]
    Held {
        /// The card file.
        path: PathBuf,
        /// Who has it.
        holder: Holder,
    },
    /// Something is in the way.
    #[error("{} is there already", path.display())]
    Taken {
        /// The place.
        path: PathBuf,
    },
    /// A file cannot be read, moved or locked.
    #[error("cannot {act} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The name is a card in a reader, or in no memory.
    #[error("{card} is no card file")]
    NoFile {
        /// The name.
        card: CardRef,
    },
    /// Formal keys in an image that was not made for them.
    #[error("{path} was not made for keys of a formal root: its image holds them in clear")]
    NotForFormal {
        /// The card.
        path: String,
    },
    /// Random numbers of a card that may hold formal keys would repeat.
    #[error(
        "--seed is for test keys: whoever knows it repeats the random numbers of a card that may hold formal keys"
    )]
    Seeded,
}

fn who(holder: &Holder) -> String {
    holder.name().map(|(pid, name)| format!(": process {pid}, gridcard {name}")).unwrap_or_default()
}

pub(super) fn keeps(holder: &Holder) -> bool {
    holder.name().is_some_and(|(_, name)| KEEPERS.contains(&name))
}

impl Fault for CardFileError {
    fn kind(&self) -> Kind {
        match self {
            CardFileError::Image(error) => error.kind(),
            CardFileError::Held { .. } => Kind::Absent,
            CardFileError::NotForFormal { .. } | CardFileError::Seeded => Kind::Security,
            CardFileError::Factory(_)
            | CardFileError::Taken { .. }
            | CardFileError::Io { .. }
            | CardFileError::NoFile { .. } => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(
            match self {
                CardFileError::Image(error) => return error.hint(),
                CardFileError::Held { holder, .. } if keeps(holder) => {
                    "take the card out with `gridcard slot remove`, or end that command"
                }
                CardFileError::Held { .. } => {
                    "wait until that command has ended, or wait longer with --wait SECONDS"
                }
                CardFileError::Taken { .. } => "a card is never overwritten; move the old one away first",
                CardFileError::NotForFormal { .. } => {
                    "take a blank made with `gridcard card new --formal-on-virtual` if you know what you do"
                }
                CardFileError::Seeded => "leave --seed out; with --test-root, or in a rehearsal, it may stay",
                _ => return None,
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            CardFileError::Image(error) => error.code(),
            CardFileError::Factory(error) => error.code(),
            CardFileError::Held { .. } => "card-file-held",
            CardFileError::Taken { .. } => "card-file-taken",
            CardFileError::Io { .. } => "card-file-io",
            CardFileError::NoFile { .. } => "card-file-missing",
            CardFileError::NotForFormal { .. } => "card-file-not-for-formal",
            CardFileError::Seeded => "card-file-seeded",
        }
    }
}

impl From<CardFileError> for CardsError {
    fn from(error: CardFileError) -> Self {
        CardsError::new(error)
    }
}

pub(super) fn io(act: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> CardFileError {
    let path = path.to_path_buf();
    move |source| CardFileError::Io { act, path, source }
}

/// A virtual card that an act opened.
pub struct OpenSlot {
    pub(super) slot: Slot,
    label: String,
    /// Held until the card is closed or dropped, after the slot.
    lock: Lock,
}

impl OpenSlot {
    /// A slot with its lock.
    pub fn new(slot: Slot, lock: Lock) -> Self {
        let label = slot.path().display().to_string();
        OpenSlot { slot, label, lock }
    }

    /// The slot.
    pub const fn slot(&mut self) -> &mut Slot {
        &mut self.slot
    }
}

impl Channel for OpenSlot {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.slot.transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.slot.reset()
    }
}

impl OpenCard for OpenSlot {
    fn label(&self) -> &str {
        &self.label
    }

    fn kind(&self) -> CardKind {
        self.slot.kind()
    }

    fn must_take(&self, state: State) -> Result<(), CardsError> {
        if state == State::Test || self.slot.may_hold_formal() {
            return Ok(());
        }
        Err(CardFileError::NotForFormal { path: self.label.clone() }.into())
    }

    fn image(&self) -> Result<Vec<u8>, CardsError> {
        Ok(self.slot.image().at_rest().to_bytes())
    }

    fn keep_now(&mut self) -> Result<(), CardsError> {
        Ok(self.slot.keep_now().map_err(CardFileError::from)?)
    }

    fn close(self: Box<Self>) -> Result<(), CardsError> {
        let OpenSlot { mut slot, lock, .. } = *self;
        slot.close().map_err(CardFileError::from)?;
        drop(lock);
        Ok(())
    }
}

/// Random numbers of a virtual card; a security stop when they would come from a seed and the card may hold formal keys.
pub(super) fn chance(
    chances: &dyn Chances,
    formal: bool,
    label: &str,
) -> Result<Box<dyn Chance + Send>, CardFileError> {
    if formal && chances.is_seeded() {
        return Err(CardFileError::Seeded);
    }
    Ok(chances.stream(label))
}

/// A bare chip from the factory that stands in no place.
pub(super) fn new_chip(
    chances: &dyn Chances,
    chip: &NewChip<'_>,
    name: &str,
    label: &str,
) -> Result<Box<dyn OpenCard>, CardFileError> {
    let image = blank(chances, chip, label)?;
    nowhere(image, name, chance(chances, chip.formal, &in_its_slot(label))?)
}

/// A SIM from the factory that stands in no place.
pub(super) fn new_sim(
    chances: &dyn Chances,
    sim: &NewSim<'_>,
    name: &str,
) -> Result<Box<dyn OpenCard>, CardFileError> {
    nowhere(factory::sim(sim)?, name, chance(chances, false, name)?)
}

/// The image of a bare chip.
pub(super) fn blank(chances: &dyn Chances, chip: &NewChip<'_>, label: &str) -> Result<Image, CardFileError> {
    Ok(factory::blank(chip.root, chip.kind, chip.serial, chip.formal, chance(chances, chip.formal, label)?)?)
}

/// A card that stands in no place.
fn nowhere(
    image: Image,
    name: &str,
    chance: Box<dyn Chance + Send>,
) -> Result<Box<dyn OpenCard>, CardFileError> {
    let slot = Slot::with_image(image, Path::new(name), chance, Keep::InMemory)?;
    Ok(Box::new(OpenSlot::new(slot, Lock::none())))
}

/// Random numbers of a chip once it stands in a slot.
fn in_its_slot(label: &str) -> String {
    format!("{label} in its slot")
}
