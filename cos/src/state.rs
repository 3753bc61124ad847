//! What a card knows besides its EEPROM. Two lifetimes, two types: [`Volatile`] dies at reset, [`Selection`]
//! inside it dies when another directory is selected. What never dies stands in the EEPROM.

use crate::files::LEVELS;
use crate::steps::{Field, Pending, Purchase, Sam};
use alloc::vec::Vec;
use scheme::online::Session;

/// A random number the card gave, good for the next command only [FMCOS UM 7.2.1].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    bytes: [u8; 8],
    len: u8,
}

impl Challenge {
    /// A challenge of 4 or 8 bytes (the first `len` of `bytes`).
    pub const fn new(bytes: [u8; 8], len: u8) -> Self {
        Challenge { bytes, len }
    }

    /// The bytes given.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len).min(8)]
    }

    /// All 8 bytes; `None` of a challenge of 4.
    pub const fn whole(&self) -> Option<[u8; 8]> {
        if self.len == 8 { Some(self.bytes) } else { None }
    }
}

/// Where the card stands in its file tree, and what was proved to this directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// Addresses of the directories from the MF down to the current one.
    path: [usize; LEVELS],
    depth: usize,
    /// Security register of the current directory, 0 to F.
    pub register: u8,
    /// Address of the current EF.
    pub ef: Option<usize>,
    /// Current record, 1-based; 0 when none was touched yet.
    pub record: usize,
    /// A PIN of this directory was verified; wallets ask for it.
    pub pin: bool,
    /// The directory was empty when it was entered, so its rights do not count until it is left
    /// [FMCOS UM 4.3].
    pub free: bool,
}

impl Selection {
    /// The MF.
    pub const fn mf(register: u8, free: bool) -> Self {
        Selection { path: [0; LEVELS], depth: 0, register, ef: None, record: 0, pin: false, free }
    }

    /// A directory `depth` levels below the MF, reached over this one's parents.
    pub const fn enter(&self, depth: usize, at: usize, register: u8, free: bool) -> Self {
        let mut path = self.path;
        path[depth] = at;
        Selection { path, depth, register, ef: None, record: 0, pin: false, free }
    }

    /// Address of the current directory.
    pub const fn dir(&self) -> usize {
        self.path[self.depth]
    }

    /// Levels below the MF.
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// Address of the directory above the current one; the MF is its own.
    pub const fn parent(&self) -> usize {
        self.path[self.depth.saturating_sub(1)]
    }

    /// Addresses of the directories from the current one up to the MF.
    pub fn upward(self) -> impl Iterator<Item = usize> {
        (0..=self.depth).rev().map(move |depth| self.path[depth])
    }

    /// True when the MF is current.
    pub const fn is_mf(&self) -> bool {
        self.depth == 0
    }

    /// Makes an EF current.
    pub const fn select_ef(&mut self, at: usize) {
        self.ef = Some(at);
        self.record = 0;
    }
}

/// Everything that dies at reset.
#[derive(Clone)]
pub struct Volatile {
    /// Security register of the MF, 0 to F.
    pub mf_register: u8,
    /// The challenge given by the command just before.
    pub challenge: Option<Challenge>,
    /// A transaction between its two steps; any other command forgets it.
    pub pending: Option<Pending>,
    /// The temporary key or the purchase of a SAM.
    pub sam: Option<Sam>,
    /// A session of an ESAM in the field's dialect.
    pub field: Field,
    /// The online purchase of an ESAM; an error of any command ends it.
    pub online: Option<Session>,
    /// The first part of a message that an ESAM gets in two; an error of any command forgets it.
    pub part: Option<Vec<u8>>,
    /// Online purchases of a PSAM, the oldest first.
    pub purchases: Vec<Purchase>,
    /// The current directory and file.
    pub selection: Selection,
    /// CHVs verified in this session of a SIM, bit = CHV number.
    pub chv: u16,
    /// Challenges for cards whose signing keys are to be certified: the card's serial, and the challenge it is to answer.
    pub certifying: Vec<([u8; 8], [u8; 8])>,
    /// Address of the application a UICC runs: the one selected last by its AID.
    pub application: Option<usize>,
}

impl Volatile {
    /// After a reset: the MF is selected, nothing is proved.
    pub const fn after_reset(mf_is_empty: bool) -> Self {
        let selection = Selection::mf(0, mf_is_empty);
        Volatile {
            mf_register: 0,
            challenge: None,
            pending: None,
            sam: None,
            field: Field::new(),
            online: None,
            part: None,
            purchases: Vec::new(),
            selection,
            chv: 0,
            certifying: Vec::new(),
            application: None,
        }
    }
}
