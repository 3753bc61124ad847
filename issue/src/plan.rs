//! An issuing plan is data: what will be done to a card, step by step, before anything is done.
//!
//! The order of the steps is the scheme that makes an interrupted run curable (see [`crate::card`]):
//!
//! 1. under the transport key: create the files of the MF, and write card information *in the making*: the
//!    30 bytes with structure version 00, so that every reader of card information refuses the card;
//! 2. put the card's own master key in the place of the transport key;
//! 3. under the own master: the other keys, contents, the operator's PIN;
//! 4. reset, look at everything again from outside, prove PIN and own master;
//! 5. last, write card information with structure version 02: only now is it a card of ours;
//! 6. reset and read it back, which also leaves the card without any right.

mod build;
pub mod cost;
mod error;
pub mod render;
pub(crate) mod words;

pub use error::PlanError;

use crate::source::{Current, Target};
use keys::Suite;
use scheme::moment::Validity;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, RegionCode, Serial};
use scheme::profile::{
    CardInfo, CardKind, Fid, FileRow, IN_THE_MAKING, KeyRow, Make, PREVIOUS_MASTER, PinRow, Recipient, State,
    pins,
};

/// Highest ceiling of an ESAM's purse; what a stored 0 stands for [docs/specs/cards.md 4].
pub const CEILING_MAX: Fen = Fen(99_999_999);

/// What is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// Kind of the card.
    pub kind: CardKind,
    /// Its device number.
    pub number: DeviceNumber,
    /// Its city; [`PROVINCE`](scheme::numbers::PROVINCE) for a main control card and for nothing else.
    pub region: RegionCode,
    /// Suite of the chip and of the keys.
    pub suite: Suite,
    /// Test or formal.
    pub state: State,
    /// When it is valid.
    pub validity: Validity,
    /// Ceiling of the purse, ESAM only; `None` for [`CEILING_MAX`].
    pub ceiling: Option<Fen>,
    /// Version of its keys, 01 to FF; above 01 it is the source's business what a city's cards get, the province's alone
    /// chooses.
    pub version: u8,
    /// ESAM issuing card of a version above 01: the earlier version whose ESAMs it shall reach; `None` for the one before.
    pub previous: Option<u8>,
    /// Cards an issuing card may make, orders a PSAM may seal; `None` for no limit.
    pub limit: Option<u32>,
    /// Value in fen that a PSAM issuing card may grant limits of; `None`: [`scheme::psam::Limits::GRANTS`].
    pub value: Option<u64>,
}

/// Which master key of the card is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Master {
    /// The factory's transport key, derived from the chip's serial.
    Transport,
    /// The card's own, derived from its number.
    Own,
}

impl Master {
    /// The one the card holds when it does not hold this one.
    pub const fn other(self) -> Self {
        match self {
            Master::Transport => Master::Own,
            Master::Own => Master::Transport,
        }
    }
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
    /// How many cards or orders it may make.
    Limit,
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
    /// Add a PIN in the current directory.
    WritePin(&'static PinRow),
    /// Write a file.
    Update {
        /// The file, in the current directory.
        fid: Fid,
        /// The whole content.
        bytes: Vec<u8>,
        /// What it is.
        what: Content,
    },
    /// Read a file and compare.
    Check {
        /// The file, in the current directory.
        fid: Fid,
        /// What must stand in it.
        bytes: Vec<u8>,
        /// What it is.
        what: Content,
    },
    /// KEY INFORMATION, compared with the key table and with what the source expects.
    CheckKey(&'static KeyRow),
    /// Verify a PIN in the current directory.
    VerifyPin(&'static PinRow),
}

/// The plan for one card; it fits one number and any chip.
#[derive(Debug, Clone)]
pub struct Plan {
    info: CardInfo,
    suite: Suite,
    version: u8,
    previous: Option<u8>,
    ceiling: Option<Fen>,
    steps: Vec<Step>,
}

impl Plan {
    /// Makes the plan for a request. Refuses kinds that are not issued this way, a region where none belongs
    /// (or none where one does), and a ceiling that no ESAM takes.
    pub fn new(request: &Request) -> Result<Self, PlanError> {
        let steps = build::steps(request)?;
        Ok(Plan {
            info: build::card_info(request),
            suite: request.suite,
            version: request.version,
            previous: build::previous(request),
            ceiling: (request.kind == CardKind::Esam).then(|| request.ceiling.unwrap_or(CEILING_MAX)),
            steps,
        })
    }

    /// What an ESAM's purse holds at most.
    pub const fn ceiling(&self) -> Option<Fen> {
        self.ceiling
    }

    /// The card information it will have.
    pub const fn info(&self) -> &CardInfo {
        &self.info
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

    /// Version of its keys.
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The earlier version whose ESAMs it will reach.
    pub const fn previous(&self) -> Option<u8> {
        self.previous
    }

    /// Whether the card gets an operator's PIN.
    pub fn needs_pin(&self) -> bool {
        !self.pins().is_empty()
    }

    /// The PINs the card gets.
    pub const fn pins(&self) -> &'static [PinRow] {
        pins(self.info.kind)
    }

    /// The card as its key source knows it.
    pub fn target(&self, serial: Serial, master: Master) -> Target {
        // The source knows its own version; only the province is asked for one.
        let version =
            if self.info.kind.is_city_issuing() && self.version > 1 { Some(self.version) } else { None };
        Target {
            recipient: Recipient::Card(self.info.kind),
            master: match master {
                Master::Transport => Current::Transport,
                Master::Own => Current::Own,
            },
            test_keys: false,
            version,
            serial: serial.0,
            number: self.info.number,
            region: self.info.region,
        }
    }

    /// As [`Plan::target`], for the key of a role code: the earlier master is asked for by its own version.
    pub fn target_for(&self, serial: Serial, master: Master, role: u8) -> Target {
        let target = self.target(serial, master);
        match self.previous {
            Some(version) if role == PREVIOUS_MASTER => Target { version: Some(version), ..target },
            _ => target,
        }
    }
}

/// Card information in the making: the same bytes with structure version 00.
pub(crate) fn in_the_making(info: &CardInfo) -> [u8; CardInfo::LEN] {
    let mut bytes = info.to_bytes();
    bytes[CardInfo::STRUCTURE_VERSION] = IN_THE_MAKING;
    bytes
}

/// Reads card information in the making; `None` when the bytes are anything else.
pub(crate) fn read_in_the_making(bytes: &[u8]) -> Option<CardInfo> {
    let mut bytes: [u8; CardInfo::LEN] = bytes.try_into().ok()?;
    if bytes[CardInfo::STRUCTURE_VERSION] != IN_THE_MAKING {
        return None;
    }
    bytes[CardInfo::STRUCTURE_VERSION] = Make::Current as u8;
    CardInfo::parse(&bytes).ok()
}
