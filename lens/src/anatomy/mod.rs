//! What a card's image holds, read straight from its bytes: no APDU is sent, no right is asked, no key is shown.
//!
//! One tree of items carries it; [`text`] and [`json`] show it, [`compare`] holds two against each other.

pub mod compare;
mod fact;
mod files;
mod item;
pub mod json;
mod keyring;
pub mod sim_names;
pub mod text;
mod view;
mod wallet;

pub use fact::Fact;
pub use files::{esam_file, production_file_name, user_card_file_name};
pub use item::{Content, Facts, Item, Record};

use cos::files::Node;
use cos::journal::{Journal, Memory};
use cos::{Chip, Protocol, RamNvm};
use std::path::Path;
use vcard::{Image, ImageError};
use view::View;

/// A card: the chip, and the tree of its files.
pub struct Anatomy {
    /// What was burnt into the chip.
    pub chip: Facts,
    /// The master file, when there is one.
    pub root: Option<Item>,
}

impl Anatomy {
    /// Reads an image. A command that lost its supply half-way is finished first, as the card does at its next
    /// power-on; the image itself stays as it is.
    ///
    /// # Errors
    /// The image is of no card this program knows; `path` names it.
    pub fn of(image: &Image, path: &Path) -> Result<Self, ImageError> {
        let unreadable = |source| ImageError::Card { path: path.to_owned(), source };
        let chip = Chip::read(&image.eeprom).map_err(unreadable)?;
        let mut nvm = RamNvm::from_bytes(image.eeprom.clone());
        let mut journal = Journal::default();
        // Memory in RAM does not lose its supply.
        let _ = journal.recover(&mut nvm);
        let memory = Memory::new(&mut nvm, &mut journal);
        let view = View { memory: &memory, chip };
        let root = Node::mf(&memory).map(|mf| files::directory(&view, &mf, "", 0));
        Ok(Anatomy { chip: chip_facts(&chip, image.formal, memory.size()), root })
    }
}

fn chip_facts(chip: &Chip, formal: bool, memory: usize) -> Facts {
    let protocol = match chip.protocol {
        Protocol::Direct => "answers at once (T=CL form)",
        Protocol::T0 => "T=0",
    };
    let mut facts = vec![
        ("kind", chip.kind.name().into()),
        ("suite", chip.suite.name().into()),
        ("protocol", protocol.into()),
        ("serial", hex::encode_upper(chip.serial).into()),
        ("memory for files", Fact::Bytes(memory)),
    ];
    if formal {
        facts.push(("formal keys", "allowed in this image".into()));
    }
    facts
}
