//! The image of a virtual card: a file with a checksummed header, then the EEPROM bytes
//! (`docs/specs/image.md`).
//!
//! It holds keys in clear, as a simulator must, and says so in its first line.

use applets::sim;
use cos::journal::at_rest;
use cos::{Chip, Protocol, RamNvm, layout1};
use crc32fast::hash;
use disk::Durability;
use keys::Suite;
use scheme::profile::CardKind;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Bytes of the header.
pub const HEADER: usize = 64;
const MARK: &[u8; 8] = b"GRIDCARD";
/// Version that is written: pages are changed in their places, so no checksum covers the memory, which has two journal areas.
const VERSION: u8 = 3;
/// The last version with a checksum over a memory of one journal area, which was written whole.
const WHOLE: u8 = 2;
/// Oldest version that is read: version 2 has the same bytes, so that a program of version 1, which knows nothing of closed cards,
/// did not run its cards; what is inside tells how it was made.
const OLDEST: u8 = 1;
const WARNING: &[u8; 32] = b"virtual card, KEYS IN CLEAR     ";

/// A card image in memory. `Debug` leaves out the EEPROM, which holds keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// Kind of the card.
    pub kind: CardKind,
    /// Whether the user said that this file may hold keys of a formal root.
    pub formal: bool,
    /// The EEPROM.
    pub eeprom: Vec<u8>,
}

impl core::fmt::Debug for Image {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Image({}, {} bytes)", self.kind.name(), self.eeprom.len())
    }
}

/// Why a file is no usable card image. The file is never touched.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file, or the folder it is in, cannot be written.
    #[error("{path} is read-only", path = path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// It does not begin as an image does.
    #[error("{path} is not a card image: it does not begin with GRIDCARD", path = path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
    },
    /// Another version of the format.
    #[error("{path} is a card image of version {found}; this program reads versions {OLDEST} to {VERSION}", path = path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u8,
    },
    /// Shorter or longer than its header says.
    #[error("{path} is damaged: its header announces {announced} bytes of memory, {found} are there",
        path = path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes the header announces; 0 when the header itself is cut.
        announced: usize,
        /// Bytes in the file after the header.
        found: usize,
    },
    /// A checksum is wrong.
    #[error("{path} is damaged: the checksum of its {part} is wrong", path = path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// "header" or "memory".
        part: &'static str,
    },
    /// Header and memory do not belong together.
    #[error("{path} is damaged: its header does not fit the card inside", path = path.display())]
    Contradiction {
        /// The file.
        path: PathBuf,
    },
    /// The EEPROM inside is no card this program runs.
    #[error("{path} holds no card this program can run: {source}", path = path.display())]
    Card {
        /// The file.
        path: PathBuf,
        /// Why.
        source: cos::card::BootError,
    },
    /// Another kind of card than the command takes.
    #[error("{path} is a card of kind {found}, this command wants kind {wanted}",
        path = path.display(), found = found.name(), wanted = wanted.name())]
    Kind {
        /// The file.
        path: PathBuf,
        /// Its kind.
        found: CardKind,
        /// The kind asked for.
        wanted: CardKind,
    },
    /// A new card must not replace one that is there.
    #[error("{path} exists already; a card image is never overwritten by a new card", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
}

impl ImageError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| ImageError::Io { path, source }
    }

    fn written(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => ImageError::ReadOnly { path },
            _ => ImageError::Io { path, source },
        }
    }
}

impl Image {
    /// A new chip with `user` bytes of files, empty: no MF yet.
    pub fn manufacture(chip: &Chip, user: usize, formal: bool) -> Self {
        let mut nvm = RamNvm::erased(Chip::eeprom_size(user));
        // A RAM EEPROM does not lose its supply.
        let _ = chip.manufacture(&mut nvm);
        Image { kind: chip.kind, formal, eeprom: nvm.into_bytes() }
    }

    /// A new SIM with the file tree of its mask burnt in.
    ///
    /// `None` when the mask asks for a number of messages no SIM has.
    pub fn manufacture_sim(serial: [u8; 8], mask: &sim::Mask) -> Option<Self> {
        if !(sim::LEAST_MESSAGES..=sim::MOST_MESSAGES).contains(&mask.messages) {
            return None;
        }
        let kind = mask.profile.kind();
        let chip = Chip { kind, suite: Suite::TripleDes, protocol: Protocol::T0, serial };
        let mut nvm = RamNvm::erased(Chip::eeprom_size(mask.user_bytes()));
        let _ = chip.manufacture(&mut nvm); // a RAM EEPROM does not lose its supply
        mask.burn(&mut nvm).ok()?;
        Some(Image { kind, formal: false, eeprom: nvm.into_bytes() })
    }

    /// The card as it is put away: its last command is finished, and its journal is empty.
    #[must_use]
    pub fn at_rest(self) -> Self {
        Image { eeprom: at_rest(self.eeprom), ..self }
    }

    /// The image as a file holds it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.header();
        out.extend_from_slice(&self.eeprom);
        out
    }

    /// What stands before the EEPROM.
    pub(crate) fn header(&self) -> Vec<u8> {
        let mut out = vec![0; HEADER];
        out[..8].copy_from_slice(MARK);
        out[8] = VERSION;
        out[9] = self.kind.code();
        out[10] = u8::from(self.formal);
        out[12..16].copy_from_slice(&(self.eeprom.len() as u32).to_be_bytes());
        out[24..56].copy_from_slice(WARNING);
        let code = hash(&out[..60]).to_be_bytes();
        out[60..].copy_from_slice(&code);
        out
    }

    /// Reads an image's bytes; `path` is for the words of errors. What a crash tore the card mends when it gets power. A memory of
    /// an older layout is laid out anew here; the file, if there is one, stays as it is.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, ImageError> {
        let path = path.to_path_buf();
        if bytes.len() < 8 || &bytes[..8] != MARK {
            return Err(ImageError::NotAnImage { path });
        }
        let Some((header, eeprom)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(ImageError::Length { path, announced: 0, found: 0 });
        };
        let version = header[8];
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(ImageError::Version { path, found: version });
        }
        if header[60..] != hash(&header[..60]).to_be_bytes() {
            return Err(ImageError::Checksum { path, part: "header" });
        }
        let announced = u32::from_be_bytes([header[12], header[13], header[14], header[15]]) as usize;
        if announced != eeprom.len() {
            return Err(ImageError::Length { path, announced, found: eeprom.len() });
        }
        if version <= WHOLE && header[16..20] != hash(eeprom).to_be_bytes() {
            return Err(ImageError::Checksum { path, part: "memory" });
        }
        let card = |source| ImageError::Card { path: path.clone(), source };
        let eeprom =
            if version <= WHOLE { layout1::laid_out_anew(eeprom).map_err(card)? } else { eeprom.to_vec() };
        let chip = Chip::read(&eeprom).map_err(card)?;
        if header[9] != chip.kind.code() || header[10] > 1 {
            return Err(ImageError::Contradiction { path });
        }
        Ok(Image { kind: chip.kind, formal: header[10] != 0, eeprom })
    }

    /// Loads an image file.
    pub fn load(path: &Path) -> Result<Self, ImageError> {
        Image::from_bytes(&fs::read(path).map_err(ImageError::io(path))?, path)
    }

    /// Loads an image file that must be of a kind, or serve as one: a UICC is a SIM too.
    pub fn load_kind(path: &Path, wanted: CardKind) -> Result<Self, ImageError> {
        let image = Image::load(path)?;
        if image.kind.serves_as(wanted) {
            Ok(image)
        } else {
            Err(ImageError::Kind { path: path.to_path_buf(), found: image.kind, wanted })
        }
    }

    /// Saves over the file: a new file beside it, then a rename, so that the old image survives a full disk or a
    /// crash. It is its owner's alone to read. `durable`: also waits until the bytes are on the medium.
    pub fn save(&self, path: &Path, durable: bool) -> Result<(), ImageError> {
        disk::replace(path, &self.to_bytes(), keep(durable)).map_err(ImageError::written(path))
    }

    /// Saves a new card; refuses to replace a file. `durable` as in [`Image::save`].
    pub fn save_new(&self, path: &Path, durable: bool) -> Result<(), ImageError> {
        disk::create(path, &self.to_bytes(), keep(durable)).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => ImageError::Exists { path: path.to_path_buf() },
            _ => ImageError::written(path)(error),
        })
    }
}

const fn keep(durable: bool) -> Durability {
    if durable { Durability::Synced } else { Durability::Soon }
}

impl scheme::Fault for ImageError {
    fn kind(&self) -> scheme::Kind {
        match self {
            // An empty slot, for a virtual card.
            ImageError::Io { source, .. } if source.kind() == ErrorKind::NotFound => scheme::Kind::Absent,
            _ => scheme::Kind::Refused,
        }
    }

    fn hint(&self) -> scheme::fault::Hint {
        matches!(self, ImageError::ReadOnly { .. })
            .then_some("put the card's file where it can be written, or make its folder writable".into())
    }

    fn code(&self) -> &str {
        match self {
            ImageError::Io { .. } => "image-io",
            ImageError::ReadOnly { .. } => "image-read-only",
            ImageError::NotAnImage { .. } => "image-not-an-image",
            ImageError::Version { .. } => "image-version",
            ImageError::Length { .. } => "image-length",
            ImageError::Checksum { .. } => "image-checksum",
            ImageError::Contradiction { .. } => "image-contradiction",
            ImageError::Card { .. } => "image-card",
            ImageError::Kind { .. } => "image-kind",
            ImageError::Exists { .. } => "image-exists",
        }
    }
}
