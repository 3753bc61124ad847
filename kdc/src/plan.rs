//! An issuing plan is data: what will be done to a card, step by step, before anything is done.
//!
//! The order of the steps is the scheme that makes an interrupted run curable (see [`crate::issue`]):
//!
//! 1. under the transport key: create the files of the MF, and write card information *in the making*: the
//!    30 bytes with structure version 00, so that every reader of card information refuses the card;
//! 2. put the card's own master key in the place of the transport key;
//! 3. under the own master: the other keys, contents, the operator's PIN;
//! 4. reset, look at everything again from outside, prove PIN and own master;
//! 5. last, write card information with structure version 01: only now is it a card of ours;
//! 6. reset and read it back, which also leaves the card without any right.

mod build;
pub mod cost;
pub mod render;

pub use crate::messages::PlanError;

use crate::ids::{DeviceNumber, RegionCode, Serial, Validity};
use crate::source::Target;
use keys::Suite;
use wire::money::Fen;
use wire::profile::{CardInfo, CardKind, Fid, FileRow, KeyRow, Recipient, State};

/// Short id of the card information file.
pub(crate) const CARD_INFO_SFI: u8 = 0x15;
/// Place of the structure version in card information.
const STRUCTURE_VERSION: usize = 9;
/// Id of the operator's PIN, 3A/00.
pub(crate) const PIN_ID: u8 = 0x00;
/// Header of the operator's PIN: type, use right, change right, follow-up state 1, 3 tries
/// [docs/specs/cards.md 5].
pub(crate) const PIN_HEADER: [u8; 5] = [0x3A, 0xF0, 0xEF, 0x11, 0x33];
/// Highest ceiling of an ESAM's purse; what a stored 0 stands for [docs/specs/cards.md 4].
pub const CEILING_MAX: Fen = Fen(99_999_999);

/// What is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// Kind of the card.
    pub kind: CardKind,
    /// Its device number.
    pub number: DeviceNumber,
    /// Its city; [`PROVINCE`](crate::ids::PROVINCE) for a main control card and for nothing else.
    pub region: RegionCode,
    /// Suite of the chip and of the keys.
    pub suite: Suite,
    /// Test or formal.
    pub state: State,
    /// When it is valid.
    pub validity: Validity,
    /// Ceiling of the purse, ESAM only; `None` for [`CEILING_MAX`].
    pub ceiling: Option<Fen>,
}

/// Which master key of the card is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Master {
    /// The factory's transport key, derived from the chip's serial.
    Transport,
    /// The card's own, derived from its number.
    Own,
}

/// What is written into a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Card information in the making: structure version 00.
    InTheMaking,
    /// Card information.
    CardInformation,
    /// Terminal number of a PSAM.
    Terminal,
    /// Parameters of an ESAM.
    Parameters,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Power the card anew; it must be the same chip afterwards.
    Reset,
    /// Select the MF.
    SelectMf,
    /// Select a directory below the current one.
    Select(Fid),
    /// GET CHALLENGE and EXTERNAL AUTHENTICATE with 39/00. Done once; a refusal ends the run.
    Authenticate(Master),
    /// Create a file.
    Create(&'static FileRow),
    /// GET CHALLENGE and a protected WRITE KEY.
    WriteKey(&'static KeyRow),
    /// Add the operator's PIN 3A/00 in the current directory.
    WritePin,
    /// Write a file.
    Update {
        /// Short id of the file.
        sfi: u8,
        /// The whole content.
        bytes: Vec<u8>,
        /// What it is.
        what: Content,
    },
    /// Read a file and compare.
    Check {
        /// Short id of the file.
        sfi: u8,
        /// What must stand in it.
        bytes: Vec<u8>,
        /// What it is.
        what: Content,
    },
    /// KEY INFORMATION, compared with the key table and with what the source expects.
    CheckKey(&'static KeyRow),
    /// Verify the operator's PIN in the current directory.
    VerifyPin,
}

/// The plan for one card; it fits one number and any chip.
#[derive(Debug, Clone)]
pub struct Plan {
    info: CardInfo,
    suite: Suite,
    steps: Vec<Step>,
}

impl Plan {
    /// Makes the plan for a request. Refuses kinds that are not issued this way, a region where none belongs
    /// (or none where one does), and a ceiling that no ESAM takes.
    pub fn new(request: &Request) -> Result<Self, PlanError> {
        let steps = build::steps(request)?;
        Ok(Plan { info: build::card_info(request), suite: request.suite, steps })
    }

    /// Kind of the card.
    pub const fn kind(&self) -> CardKind {
        self.info.kind
    }

    /// Number of the card.
    pub const fn number(&self) -> DeviceNumber {
        DeviceNumber(self.info.number)
    }

    /// City of the card, or the province.
    pub const fn region(&self) -> RegionCode {
        RegionCode(self.info.region)
    }

    /// Test or formal.
    pub const fn state(&self) -> State {
        self.info.state
    }

    /// Suite of chip and keys.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// Card information as it will stand on the finished card.
    pub const fn card_info(&self) -> &CardInfo {
        &self.info
    }

    /// The steps in their order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether the card gets an operator's PIN.
    pub fn needs_pin(&self) -> bool {
        self.steps.contains(&Step::WritePin)
    }

    /// The card as its key source knows it.
    pub const fn target(&self, serial: Serial, master: Master) -> Target {
        Target {
            recipient: Recipient::Card(self.info.kind),
            own_master: matches!(master, Master::Own),
            serial: serial.0,
            number: self.info.number,
            region: self.info.region,
        }
    }
}

/// Card information in the making: the same bytes with structure version 00.
pub(crate) fn in_the_making(info: &CardInfo) -> [u8; CardInfo::LEN] {
    let mut bytes = info.to_bytes();
    bytes[STRUCTURE_VERSION] = 0;
    bytes
}

/// Reads card information in the making; `None` when the bytes are anything else.
pub(crate) fn read_in_the_making(bytes: &[u8]) -> Option<CardInfo> {
    let mut bytes: [u8; CardInfo::LEN] = bytes.try_into().ok()?;
    if bytes[STRUCTURE_VERSION] != 0 {
        return None;
    }
    bytes[STRUCTURE_VERSION] = 1;
    CardInfo::parse(&bytes).ok()
}
