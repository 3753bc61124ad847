//! The chip: what is burnt into it at its making, in the first page of its EEPROM.

use crate::journal::USER_PAGE;
use crate::nvm::{Nvm, PAGE, PowerLoss};
use crc32fast::Hasher;
use keys::Suite;
use scheme::profile::CardKind;

/// How the card talks to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Protocol {
    /// Answers at once, as over ISO 14443-4 or T=1.
    Direct = 0,
    /// T=0: answers to commands with data wait for GET RESPONSE [ISO 7816-3].
    T0 = 1,
}

/// What is burnt into a chip at its making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chip {
    /// Which program it runs.
    pub kind: CardKind,
    /// Cipher of its engine.
    pub suite: Suite,
    /// Protocol.
    pub protocol: Protocol,
    /// Serial number, shown in the ATR.
    pub serial: [u8; 8],
}

/// Why an EEPROM image is no card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootError {
    /// Too short for a superblock and a journal.
    TooSmall,
    /// The superblock does not begin with its mark.
    NotACard,
    /// Laid out otherwise than the reader knows.
    Version {
        /// The layout.
        found: u8,
        /// What the reader knows.
        known: u8,
    },
    /// The superblock's checksum is wrong.
    Checksum,
    /// A kind, suite or protocol byte this program does not know.
    Unknown,
}

impl core::fmt::Display for BootError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            BootError::TooSmall => write!(f, "the EEPROM is too small for a card"),
            BootError::NotACard => write!(f, "the EEPROM holds no card"),
            BootError::Version { found, known } => {
                write!(f, "the EEPROM is laid out in version {found}, this program knows version {known}")
            }
            BootError::Checksum => write!(f, "the checksum of the EEPROM's first page is wrong"),
            BootError::Unknown => {
                write!(f, "the EEPROM names a card kind, suite or protocol this program does not know")
            }
        }
    }
}

impl core::error::Error for BootError {}

const MARK: &[u8; 4] = b"GCOS";
/// Version of the layout: where the journal and the user area stand.
pub(crate) const LAYOUT: u8 = 2;

impl Chip {
    /// Bytes an EEPROM needs for `user` bytes of files: superblock and journal come on top.
    pub const fn eeprom_size(user: usize) -> usize {
        USER_PAGE * PAGE + user.next_multiple_of(PAGE)
    }

    /// Makes a chip: superblock, empty journal, empty user area (no MF).
    pub fn manufacture(&self, nvm: &mut dyn Nvm) -> Result<(), PowerLoss> {
        let pages = nvm.bytes().len() / PAGE;
        for page in 1..pages {
            nvm.program(page, &[0; PAGE])?;
        }
        nvm.program(0, &self.superblock())
    }

    /// The first page of the EEPROM.
    pub(crate) fn superblock(&self) -> [u8; PAGE] {
        let mut block = [0; PAGE];
        block[..4].copy_from_slice(MARK);
        block[4..8].copy_from_slice(&[LAYOUT, self.kind.code(), self.suite.code(), self.protocol as u8]);
        block[8..16].copy_from_slice(&self.serial);
        let code = checksum(&block);
        block[60..].copy_from_slice(&code);
        block
    }

    /// Reads the superblock.
    pub fn read(image: &[u8]) -> Result<Self, BootError> {
        Chip::read_laid_out(image, LAYOUT, USER_PAGE)
    }

    /// As [`Chip::read`], of a layout whose user area begins with this page.
    pub(crate) fn read_laid_out(image: &[u8], layout: u8, user_page: usize) -> Result<Self, BootError> {
        if image.len() <= user_page * PAGE {
            return Err(BootError::TooSmall);
        }
        let block = &image[..PAGE];
        if &block[..4] != MARK {
            return Err(BootError::NotACard);
        }
        if block[4] != layout {
            return Err(BootError::Version { found: block[4], known: layout });
        }
        if block[60..] != checksum(block) {
            return Err(BootError::Checksum);
        }
        let protocol = match block[7] {
            0 => Protocol::Direct,
            1 => Protocol::T0,
            _ => return Err(BootError::Unknown),
        };
        let mut serial = [0; 8];
        serial.copy_from_slice(&block[8..16]);
        Ok(Chip {
            kind: CardKind::from_code(block[5]).ok_or(BootError::Unknown)?,
            suite: Suite::from_code(block[6]).ok_or(BootError::Unknown)?,
            protocol,
            serial,
        })
    }
}

fn checksum(block: &[u8]) -> [u8; 4] {
    let mut crc = Hasher::new();
    crc.update(&block[..60]);
    crc.finalize().to_be_bytes()
}
