//! Card information, EF 0015: what a card of ours says of itself [docs/specs/cards.md 4].

use super::kind::{CardKind, State};

/// By which layout a finished card was made: the structure version of its card information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Make {
    /// Structure 01: files, keys and derivations of before. Such a card is read and reported; it neither issues nor
    /// sells nor credits.
    Older = 1,
    /// Structure 02, as cards are made now.
    Current = 2,
}

/// Structure version of card information in the making: no reader of card information takes it.
pub const IN_THE_MAKING: u8 = 0;

/// Card information, EF 0015.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardInfo {
    /// Structure version.
    pub make: Make,
    /// Region code, 4 bytes packed BCD (zeros on a provincial card).
    pub region: [u8; 4],
    /// Kind.
    pub kind: CardKind,
    /// Device number, 6 bytes packed BCD.
    pub number: [u8; 6],
    /// First day of validity, BCD YYYYMMDD.
    pub valid_from: [u8; 4],
    /// Last day of validity, BCD YYYYMMDD.
    pub valid_to: [u8; 4],
    /// Test or formal.
    pub state: State,
    /// Suite byte (`keys::Suite::code`).
    pub suite: u8,
}

/// Why bytes are not a card information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardInfoError {
    /// Not 30 bytes.
    #[error("card information has 30 bytes, this has {0}")]
    Length(usize),
    /// Unknown structure version.
    #[error("card information is of structure version {0}, this program knows versions 1 and 2")]
    Version(u8),
    /// Unknown kind byte.
    #[error("card information names an unknown card kind {0:02X}")]
    Kind(u8),
    /// Unknown state byte.
    #[error("card information names an unknown state {0:02X}")]
    State(u8),
}

impl CardInfo {
    /// Length in bytes.
    pub const LEN: usize = 30;
    /// Place of the number.
    pub const NUMBER: usize = 14;
    /// Place of the structure version.
    pub const STRUCTURE_VERSION: usize = 9;
    /// Place of the state byte.
    pub const STATE: usize = 28;

    /// Whether the card is of the older make.
    pub fn is_older_make(&self) -> bool {
        self.make == Make::Older
    }

    /// As it stands in EF 0015.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[4..8].copy_from_slice(&self.region);
        out[8] = self.kind.code();
        out[Self::STRUCTURE_VERSION] = self.make as u8;
        out[14..20].copy_from_slice(&self.number);
        out[20..24].copy_from_slice(&self.valid_from);
        out[24..28].copy_from_slice(&self.valid_to);
        out[Self::STATE] = self.state.code();
        out[29] = self.suite;
        out
    }

    /// Reads EF 0015.
    pub fn parse(bytes: &[u8]) -> Result<Self, CardInfoError> {
        let b: &[u8; Self::LEN] = bytes.try_into().map_err(|_| CardInfoError::Length(bytes.len()))?;
        let make = match b[9] {
            1 => Make::Older,
            2 => Make::Current,
            version => return Err(CardInfoError::Version(version)),
        };
        Ok(CardInfo {
            make,
            region: [b[4], b[5], b[6], b[7]],
            kind: CardKind::from_code(b[8]).ok_or(CardInfoError::Kind(b[8]))?,
            number: [b[14], b[15], b[16], b[17], b[18], b[19]],
            valid_from: [b[20], b[21], b[22], b[23]],
            valid_to: [b[24], b[25], b[26], b[27]],
            state: State::from_code(b[28]).ok_or(CardInfoError::State(b[28]))?,
            suite: b[29],
        })
    }
}

impl crate::Fault for CardInfoError {
    fn code(&self) -> &str {
        match self {
            CardInfoError::Length(_) => "card-info-length",
            CardInfoError::Version(_) => "card-info-version",
            CardInfoError::Kind(_) => "card-info-kind",
            CardInfoError::State(_) => "card-info-state",
        }
    }
}
