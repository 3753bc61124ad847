//! Virtual cards in files.

use super::open::{self, CardFileError, OpenSlot, io, keeps};
use crate::slot::Keep;
use crate::{Image, Slot};
use disk::{Durability, Lock, LockError};
use scheme::cards::{CardRef, Cards, CardsError, Hold, Keeping, NewChip, NewSim, OpenCard};
use scheme::profile::CardKind;
use scheme::{Chance, Chances};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What the name of a card file ends with in the folder of a party.
const CARD: &str = "card";

/// Cards in files.
#[derive(Clone)]
pub struct CardFiles {
    chances: Arc<dyn Chances + Send + Sync>,
    patience: Duration,
    name: String,
}

impl CardFiles {
    /// Card files that draw their random numbers from `chances`. A card that another program holds is waited for at most so
    /// long; `name` is what others then read of us.
    pub fn new(chances: Arc<dyn Chances + Send + Sync>, patience: Duration, name: impl Into<String>) -> Self {
        CardFiles { chances, patience, name: name.into() }
    }

    fn path(card: &CardRef) -> Result<&Path, CardFileError> {
        card.path().map(Path::new).ok_or_else(|| CardFileError::NoFile { card: card.clone() })
    }

    /// Takes the lock of a card file.
    ///
    /// # Errors
    /// Another command holds it, and did not let it go in time.
    pub fn lock(&self, path: &Path) -> Result<Lock, CardFileError> {
        Lock::take(path, self.patience, &self.name, keeps).map_err(|error| match error {
            LockError::Held(holder) => CardFileError::Held { path: path.to_path_buf(), holder },
            LockError::Io(source) => io("lock", path)(source),
        })
    }

    /// Random numbers of a virtual card; a security stop when they would come from a seed and the card may hold formal keys.
    ///
    /// # Errors
    /// [`CardFileError::Seeded`].
    pub fn chance(&self, formal: bool, label: &str) -> Result<Box<dyn Chance + Send>, CardFileError> {
        open::chance(&*self.chances, formal, label)
    }
}

impl Cards for CardFiles {
    fn open(
        &self,
        card: &CardRef,
        wanted: Option<CardKind>,
        keeping: Keeping,
    ) -> Result<Box<dyn OpenCard>, CardsError> {
        let path = Self::path(card)?;
        let lock = self.lock(path)?;
        let image = match wanted {
            Some(kind) => Image::load_kind(path, kind),
            None => Image::load(path),
        };
        let image = image.map_err(CardFileError::from)?;
        let chance = self.chance(image.formal, &path.display().to_string())?;
        let keep = match keeping {
            Keeping::EveryCommand => Keep::Synced,
            Keeping::AtClose => Keep::AtClose,
        };
        let slot = Slot::with_image(image, path, chance, keep).map_err(CardFileError::from)?;
        Ok(Box::new(OpenSlot::new(slot, lock)))
    }

    fn hold(&self, place: &CardRef) -> Result<Hold, CardsError> {
        Ok(Hold::new(self.lock(Self::path(place)?)?))
    }

    fn make(&self, place: &CardRef, chip: &NewChip<'_>) -> Result<(), CardsError> {
        let path = Self::path(place)?;
        let image = open::blank(&*self.chances, chip, &path.display().to_string())?;
        Ok(image.save_new(path, true).map_err(CardFileError::from)?)
    }

    fn new_chip(&self, chip: &NewChip<'_>, name: &str, label: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        Ok(open::new_chip(&*self.chances, chip, name, label)?)
    }

    fn new_sim(&self, sim: &NewSim<'_>, name: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        Ok(open::new_sim(&*self.chances, sim, name)?)
    }

    fn unpack(&self, image: &[u8], place: &CardRef) -> Result<(), CardsError> {
        let path = Self::path(place)?;
        let image = Image::from_bytes(image, path).map_err(CardFileError::from)?;
        if path.exists() && Image::load(path).is_ok_and(|found| found == image) {
            return Ok(());
        }
        if path.exists() {
            return Err(CardFileError::Taken { path: path.to_path_buf() }.into());
        }
        Ok(image.save_new(path, true).map_err(CardFileError::from)?)
    }

    fn is_taken(&self, place: &CardRef) -> bool {
        Self::path(place).is_ok_and(Path::exists)
    }

    fn places(&self, folder: &str) -> Result<Vec<CardRef>, CardsError> {
        let folder = Path::new(folder);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(io("read", folder))? {
            let name = entry.map_err(io("read", folder))?.file_name();
            if Path::new(&name).extension() == Some(CARD.as_ref()) {
                found.push(CardRef::file(folder.join(name).to_string_lossy()));
            }
        }
        found.sort();
        Ok(found)
    }

    fn hand_over(&self, card: &CardRef, place: &CardRef) -> Result<(), CardsError> {
        Ok(move_file(Self::path(card)?, Self::path(place)?)?)
    }
}

fn move_file(from: &Path, to: &Path) -> Result<(), CardFileError> {
    if to.exists() {
        if matches!((from.canonicalize(), to.canonicalize()), (Ok(from), Ok(to)) if from == to) {
            return Ok(());
        }
        return Err(CardFileError::Taken { path: to.to_path_buf() });
    }
    // The card itself, where a link was named. In one act where both lie on one disk: then there is never a second
    // card, nor none.
    if from.canonicalize().and_then(|card| std::fs::rename(card, to)).is_ok() {
        return Ok(());
    }
    let bytes = std::fs::read(from).map_err(io("read", from))?;
    disk::replace(to, &bytes, Durability::Synced).map_err(io("write", to))?;
    if let Err(error) = std::fs::remove_file(from) {
        let _ = std::fs::remove_file(to); // two cards must not be; the error that matters is the first
        return Err(io("take away", from)(error));
    }
    Ok(())
}
