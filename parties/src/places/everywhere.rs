//! Cards in files and cards in readers behind one [`Cards`]: of a card in a reader a place has a link file beside where its card file
//! would be [docs/specs/pcsc.md 1].

use crate::home::files;
use crate::trouble::{Context, Result, refused};
use scheme::Kind;
use scheme::cards::{CardRef, Cards, CardsError, Gated, Hold, Keeping, NewChip, NewSim, OpenCard};
use scheme::fault::Fault;
use scheme::numbers::Serial;
use scheme::profile::CardKind;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What a link file's name ends with.
const LINK: &str = "link";

/// The link file beside the place of a card file.
fn link_of(place: &Path) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(LINK);
    place.with_file_name(name)
}

/// The path of a place; a reader is none.
fn path_of(place: &CardRef) -> Result<&Path> {
    match place.path() {
        Some(path) => Ok(Path::new(path)),
        None => Err(refused(format!("{place} is no place for a card")).into()),
    }
}

/// Cards in files and cards in readers, told apart by their names; links are followed.
pub struct Everywhere<F> {
    files: F,
    readers: Box<dyn Cards>,
}

/// An error of a place, as those behind [`Cards`] see it.
fn of_places(error: crate::Trouble) -> CardsError {
    CardsError::new(Said {
        kind: error.kind(),
        hint: error.hint(),
        code: error.code().to_owned(),
        words: error.to_string(),
    })
}

#[derive(Debug, thiserror::Error)]
#[error("{words}")]
struct Said {
    kind: Kind,
    hint: scheme::fault::Hint,
    code: String,
    words: String,
}

impl Fault for Said {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn hint(&self) -> scheme::fault::Hint {
        self.hint.clone()
    }

    fn code(&self) -> &str {
        &self.code
    }
}

impl<F: Cards> Everywhere<F> {
    /// Both.
    pub fn new(files: F, readers: impl Cards + 'static) -> Self {
        Everywhere { files, readers: Box::new(readers) }
    }

    /// Those among which a card or a place of this name is.
    fn of(&self, name: &CardRef) -> &dyn Cards {
        match name.path() {
            Some(_) => &self.files,
            None => &*self.readers,
        }
    }

    /// The link by which a card is named: the file itself, or where a card file is missing the one beside it.
    fn link_behind(&self, card: &CardRef) -> Option<PathBuf> {
        let path = card.path().map(Path::new)?;
        let link = match path.extension() {
            Some(end) if end == OsStr::new(LINK) => path.to_path_buf(),
            _ if self.files.is_taken(card) => return None,
            _ => link_of(path),
        };
        link.exists().then_some(link)
    }

    fn found(&self, card: &CardRef) -> Result<CardRef> {
        let Some(link) = self.link_behind(card) else { return Ok(card.clone()) };
        let named: CardRef = files::read_text(&link)?.trim().parse()?;
        if named.path().is_none() {
            return Ok(named);
        }
        Err(refused(format!("{} names no card in a reader", link.display()))
            .hint("such a file holds pcsc: and a card's serial number or ATR")
            .into())
    }

    /// Makes the link of a place to a card in a reader; one that says so already stays.
    fn link(&self, place: &CardRef, card: &CardRef) -> Result<()> {
        let (link, text) = (link_of(path_of(place)?), format!("{card}\n"));
        if self.is_taken(place) {
            if !self.files.is_taken(place) && files::read_text(&link).is_ok_and(|found| found == text) {
                return Ok(());
            }
            return Err(is_there(&self.shown(place)));
        }
        files::write(&link, text.as_bytes()).with_context(|| format!("cannot remember the card {card}"))
    }

    fn drop_link(&self, from: &CardRef, to: &CardRef) -> Result<()> {
        let Some(path) = from.path().map(Path::new) else { return Ok(()) };
        let old = if path.extension() == Some(OsStr::new(LINK)) { path.to_path_buf() } else { link_of(path) };
        let new = link_of(path_of(to)?);
        let same = matches!((old.canonicalize(), new.canonicalize()), (Ok(old), Ok(new)) if old == new);
        if same || !old.exists() {
            return Ok(());
        }
        std::fs::remove_file(&old).with_context(|| format!("cannot take {} away", old.display()))
    }

    /// A card file moves, as a card does; of a card in a reader the place gets a link.
    fn hand(&self, card: &CardRef, place: &CardRef) -> Result<()> {
        let found = self.found(card)?;
        let to = link_of(path_of(place)?);
        match (found.path(), found.reader()) {
            (Some(_), _) if to.exists() => Err(is_there(&to.display().to_string())),
            (Some(_), _) => Ok(self.files.hand_over(&found, place)?),
            (None, Some(name)) => {
                self.link(place, &reader::cards::identity(name)?)?;
                // A link that was named moves, as a card file does.
                self.drop_link(card, place)
            }
            // No reader knows a SIM in a modem by a name that stays.
            (None, None) => Ok(self.readers.hand_over(&found, place)?),
        }
    }
}

fn is_there(what: &str) -> crate::Trouble {
    refused(format!("{what} is there already"))
        .hint("a card is never overwritten; move the old one away first")
        .into()
}

impl<F: Cards> Cards for Everywhere<F> {
    fn open(
        &self,
        card: &CardRef,
        wanted: Option<CardKind>,
        keeping: Keeping,
    ) -> Result<Box<dyn OpenCard>, CardsError> {
        let found = self.resolve(card)?;
        match found.path() {
            None => {
                // What stands beside the link, a meter's flash, is the card's as well.
                let hold = card.path().map(|_| self.files.hold(card)).transpose()?;
                let card = self.readers.open(&found, wanted, keeping)?;
                Ok(Box::new(Gated::new(card, hold)))
            }
            Some(_) => self.files.open(&found, wanted, keeping),
        }
    }

    fn hold(&self, place: &CardRef) -> Result<Hold, CardsError> {
        self.of(place).hold(place)
    }

    fn make(&self, place: &CardRef, chip: &NewChip<'_>) -> Result<(), CardsError> {
        self.of(place).make(place, chip)
    }

    fn new_chip(&self, chip: &NewChip<'_>, name: &str, label: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        self.files.new_chip(chip, name, label)
    }

    fn new_sim(&self, sim: &NewSim<'_>, name: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        self.files.new_sim(sim, name)
    }

    fn unpack(&self, image: &[u8], place: &CardRef) -> Result<(), CardsError> {
        self.of(place).unpack(image, place)
    }

    fn is_taken(&self, place: &CardRef) -> bool {
        self.of(place).is_taken(place) || place.path().is_some_and(|path| link_of(Path::new(path)).exists())
    }

    fn places(&self, folder: &str) -> Result<Vec<CardRef>, CardsError> {
        let mut found = self.files.places(folder)?;
        let Ok(entries) = std::fs::read_dir(folder) else { return Ok(found) };
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {folder}")).map_err(of_places)?;
            let path = entry.path();
            if path.extension() == Some(OsStr::new(LINK)) {
                found.push(CardRef::file(path.with_extension("").to_string_lossy()));
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    fn resolve(&self, card: &CardRef) -> Result<CardRef, CardsError> {
        self.found(card).map_err(of_places)
    }

    fn shown(&self, place: &CardRef) -> String {
        self.link_behind(place).map_or_else(|| place.to_string(), |link| link.display().to_string())
    }

    fn hand_over(&self, card: &CardRef, place: &CardRef) -> Result<(), CardsError> {
        self.hand(card, place).map_err(of_places)
    }

    fn remember(&self, card: &CardRef, serial: Serial, place: &CardRef) -> Result<(), CardsError> {
        if self.resolve(card)?.path().is_some() {
            return Ok(());
        }
        self.link(place, &CardRef::in_reader(&hex::encode_upper(serial.0))).map_err(of_places)?;
        self.forget(card, place)
    }

    fn forget(&self, card: &CardRef, to: &CardRef) -> Result<(), CardsError> {
        self.drop_link(card, to).map_err(of_places)
    }

    fn relocate(&self, from: &CardRef, to: &CardRef) -> Result<(), CardsError> {
        let Some(link) = self.link_behind(from) else { return self.files.relocate(from, to) };
        let to = link_of(path_of(to).map_err(of_places)?);
        std::fs::rename(&link, &to)
            .with_context(|| format!("cannot move {} to {}", link.display(), to.display()))
            .map_err(of_places)
    }
}
