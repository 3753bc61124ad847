//! What a plan is made from, and of: the request, the steps, their contents.

use keys::Suite;
use scheme::certificate::KeyUse;
use scheme::moment::Validity;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::profile::{CardInfo, CardKind, Fid, FileRow, IN_THE_MAKING, KeyRow, Make, PinRow, State};

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
    /// Whether it gets a signing key that its source certifies; of a PSAM and an ESAM alone.
    pub signs: bool,
    /// Value in fen that a PSAM issuing card may grant limits of; `None`: [`scheme::psam::Limits::GRANTS`].
    pub value: Option<u64>,
    /// Whether the number of a test ESAM is a works number: a number card gives it the meter's.
    pub unnumbered: bool,
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
    /// GET CHALLENGE, and STORE CERTIFICATE of the root that the source believes.
    StoreRoot,
    /// GENERATE KEY PAIR, and STORE CERTIFICATE of the issuer's certificate and of the card's own: this use.
    Certify(KeyUse),
    /// READ CERTIFICATE of this use, compared with what the source certified.
    CheckCertificate(KeyUse),
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

/// Data of a command that a plan cannot show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// The answer to the challenge, made by the key source.
    Cryptogram,
    /// A key under the card's master key, made by the key source.
    WrappedKey,
    /// A PIN.
    Pin,
    /// The MAC of ACTIVATE KEYS, made by the key source.
    Activation,
    /// The root's certificate with a MAC, made by the key source.
    Root,
    /// A challenge of the key source.
    Challenge,
    /// A certificate that the key source has, or makes.
    Certificate,
}
