//! Cards of production: what they bring into meters that are being made, and how they and ESAMs know each other
//! [docs/specs/production-cards.md].
//!
//! They work in test state alone, where every key is published. So the two prove themselves under a published key, which keeps out
//! accidents; the one thing that is secret, formal keys on their way, is sealed for one chip under the key that it was born with.

use crate::field::{self, FACTORY_FACTOR, KEY_BLOCK, Span};
use crate::money::Fen;
use crate::numbers::{MeterNumber, names_a_device};
use crate::order::Serial8;
use crate::profile::State;
use crate::user_card::{FrameError, MeterKey, frame, framed, packed};
use alloc::vec::Vec;
use keys::{Role, Suite, hierarchy};

/// What stands for a serial number where an ESAM is told that a production card is in the slot: the field's factor of test state. It
/// is no chip's.
pub const PRODUCTION: Serial8 = Serial8(FACTORY_FACTOR);

/// The published key that ESAMs in test state and production cards share: the test root of `kid` by the factor of test state.
pub fn shared_key(suite: Suite) -> MeterKey {
    MeterKey::kept(hierarchy::test_root(suite, Role::Kid).diversify(&FACTORY_FACTOR))
}

/// What a production card does; the codes are the field's types of card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Work {
    /// Brings formal keys.
    Key = 0x02,
    /// Writes parameters and what the purse begins with.
    Preset = 0x06,
    /// Gives meters their numbers.
    Number = 0x07,
}

impl Work {
    /// The work of a type byte.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0x02 => Some(Work::Key),
            0x06 => Some(Work::Preset),
            0x07 => Some(Work::Number),
            _ => None,
        }
    }

    /// "key card", "preset card" or "number card".
    pub const fn title(self) -> &'static str {
        match self {
            Work::Key => "key card",
            Work::Preset => "preset card",
            Work::Number => "number card",
        }
    }
}

/// Header under which an ESAM takes the parameters of a preset card: file 02 from 04 on, the length counts the MAC.
pub const PARAMETERS: [u8; 5] = Span { file: 0x02, offset: 0x04, len: Preset::PARAMETERS as u8 }.write();
/// Header under which it takes its number.
pub const NUMBER: [u8; 5] = Span { file: 0x02, offset: 0x1E, len: 6 }.write();
/// Header under which it takes what the purse begins with.
pub const PURSE: [u8; 5] = field::SET_PURSE[0];
/// Header of STORE RECORDS, by which a city writes file 03, without the offset.
pub const STORE_RECORDS: [u8; 2] = [0x80, 0xD8];
/// Header of TAKE NUMBER, by which a number card gives a number: serial number and random 4 of the ESAM.
pub const TAKE_NUMBER: [u8; 4] = [0x80, 0xCA, 0x00, 0x00];
/// Header of TAKE KEY, by which a key card gives the n-th part of what it has for a serial number; n stands in P2.
pub const TAKE_KEY: [u8; 3] = [0x80, 0xCC, 0x00];
/// Header by which a meter tells a key card that the ESAM of a serial number has its keys.
pub const KEYS_LOADED: [u8; 4] = [0x80, 0xCC, 0x01, 0x00];

/// Header of LOAD FORMAL KEY, by which an ESAM in test state takes the n-th key of a formal set, counted from 0.
pub const fn load_formal(n: usize) -> [u8; 5] {
    [0x84, 0xD8, 0x00, if n == 0 { 0x00 } else { 0xFF }, KEY_BLOCK as u8]
}

/// File 01 of a preset card: what it writes into the ESAM's file 02 from 04 on. Offsets are those of that file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// 10, 14: amounts that set the two alarms off, in fen.
    pub alarms: [Fen; 2],
    /// 18, 1B: ratios of current and voltage.
    pub ratios: [u32; 2],
}

impl Preset {
    /// Bytes of the file.
    pub const LEN: usize = 0x20;
    /// Bytes that are written: 04 to 1D.
    pub const PARAMETERS: usize = 0x1A;
    /// Where they stand.
    pub const AT: usize = 0x04;

    /// The file.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut file = [0; Self::LEN];
        for (alarm, at) in self.alarms.iter().zip([0x10, 0x14]) {
            file[at..at + 4].copy_from_slice(&packed::<4>(alarm.0.into()));
        }
        for (ratio, at) in self.ratios.iter().zip([0x18, 0x1B]) {
            file[at..at + 3].copy_from_slice(&packed::<3>((*ratio).into()));
        }
        frame(&mut file, Work::Preset as u8);
        file
    }

    /// Whether the bytes are such a file, whoever wrote it: what else stands in it is the ESAM's to keep.
    ///
    /// # Errors
    /// What it is not.
    pub fn check(bytes: &[u8]) -> Result<(), FrameError> {
        framed::<{ Self::LEN }>(bytes, Work::Preset as u8).map(drop)
    }
}

/// Numbers from one to another, both of them among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberRange {
    /// The first.
    pub first: MeterNumber,
    /// The last.
    pub last: MeterNumber,
}

impl NumberRange {
    /// Bytes of file 01 of a number card.
    pub const LEN: usize = 18;
    /// Numbers that a card gives at most.
    pub const MOST: u64 = 1000;
    /// Bytes of what file 02 begins with; the next number stands behind them.
    pub const RESERVED: usize = 26;
    /// Bytes of a line of file 03: serial number and number.
    pub const LINE: usize = 14;

    /// File 01.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut file = [0; Self::LEN];
        file[4..10].copy_from_slice(&self.first.0);
        file[10..16].copy_from_slice(&self.last.0);
        frame(&mut file, Work::Number as u8);
        file
    }

    /// Reads file 01.
    ///
    /// # Errors
    /// What it is not.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        let file = framed::<{ Self::LEN }>(bytes, Work::Number as u8)?;
        let number = |at: usize| {
            let bytes = core::array::from_fn(|i| file.get(at + i).copied().unwrap_or_default());
            MeterNumber::new(bytes).map_err(|_| FrameError::Number("meter number"))
        };
        let range = NumberRange { first: number(4)?, last: number(10)? };
        if (1..=Self::MOST).contains(&range.len()) { Ok(range) } else { Err(FrameError::Number("range")) }
    }

    /// How many they are; 0 when the last one stands before the first.
    pub fn len(&self) -> u64 {
        (value(&self.last.0) + 1).saturating_sub(value(&self.first.0))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of a place, counted from 0; `None` behind the last.
    pub fn at(&self, place: u64) -> Option<MeterNumber> {
        let number = packed::<6>(value(&self.first.0).checked_add(place)?);
        (place < self.len() && names_a_device(&number)).then_some(MeterNumber(number))
    }
}

/// What 12 packed digits are worth.
fn value(number: &[u8; 6]) -> u64 {
    number.iter().fold(0, |sum, byte| sum * 100 + u64::from(byte >> 4) * 10 + u64::from(byte & 0x0F))
}

/// File 01 of a key card: what keys it brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInformation {
    /// State that the keys are of.
    pub state: State,
    /// Keys of a set.
    pub count: u8,
    /// Their version.
    pub version: u8,
}

impl KeyInformation {
    /// Bytes of the file.
    pub const LEN: usize = 10;
    /// Mode byte: money is counted in the meter.
    const LOCAL: u8 = 0;

    /// The file.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut file = [0; Self::LEN];
        file[4..8].copy_from_slice(&[self.state.code(), Self::LOCAL, self.count, self.version]);
        frame(&mut file, Work::Key as u8);
        file
    }

    /// Reads the file.
    ///
    /// # Errors
    /// What it is not.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        let &[_, _, _, _, state, _, count, version, ..] = framed::<{ Self::LEN }>(bytes, Work::Key as u8)?;
        let state = State::from_code(state).ok_or(FrameError::Number("state"))?;
        Ok(KeyInformation { state, count, version })
    }
}

/// How far the keys for an ESAM have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum KeysAre {
    /// On the card.
    Waiting = 1,
    /// They left the card; whether the ESAM has them, nobody said.
    Given = 2,
    /// The meter said that its ESAM has them.
    Loaded = 3,
}

impl KeysAre {
    /// The state of its byte.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(KeysAre::Waiting),
            2 => Some(KeysAre::Given),
            3 => Some(KeysAre::Loaded),
            _ => None,
        }
    }

    /// "waiting", "given" or "loaded".
    pub const fn name(self) -> &'static str {
        match self {
            KeysAre::Waiting => "waiting",
            KeysAre::Given => "given",
            KeysAre::Loaded => "loaded",
        }
    }
}

/// What a key card has for one ESAM: its keys, each sealed for its chip, and the pairing of its meter's MCU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    /// The chip.
    pub serial: Serial8,
    /// Number of its meter.
    pub number: MeterNumber,
    /// How far they have come.
    pub are: KeysAre,
    /// Its keys in the order of the profile ([`field::KeyBlock`]): the own master under the key the chip was born with, each other under
    /// that own master.
    pub keys: [[u8; KEY_BLOCK]; KeySet::KEYS],
    /// `int-auth` and `ext-auth` for the MCU, as a pairing file has them, each of one length.
    pub pairing: [Vec<u8>; 2],
}

impl KeySet {
    /// Keys of an ESAM.
    pub const KEYS: usize = 8;
    /// Parts that TAKE KEY gives: the keys, then the two of the pairing.
    pub const PARTS: usize = Self::KEYS + 2;
    /// Bytes on a card.
    pub const LEN: usize = 16 + Self::KEYS * KEY_BLOCK + 2 * Self::FIELD;
    /// Sets that a card has at most.
    pub const MOST: usize = 0x5800 / Self::LEN;
    /// Place of [`KeySet::are`].
    pub const ARE: usize = 14;
    /// Place of the length of a pairing field.
    const FIELD_LEN: usize = 15;
    /// Bytes kept for a pairing field.
    const FIELD: usize = 40;

    /// As it stands on the card; what of a pairing field is more than its place is cut off.
    pub fn to_bytes(&self) -> Vec<u8> {
        let len = self.pairing[0].len().min(Self::FIELD);
        let mut bytes = [&self.serial.0[..], &self.number.0, &[self.are as u8, len as u8]].concat();
        self.keys.iter().for_each(|key| bytes.extend_from_slice(key));
        for field in &self.pairing {
            let end = bytes.len() + Self::FIELD;
            bytes.extend(field.iter().take(len));
            bytes.resize(end, 0);
        }
        bytes
    }

    /// Place of the n-th part in the bytes of a set whose pairing fields are so long.
    pub const fn part(n: usize, field_len: usize) -> Option<(usize, usize)> {
        let behind = 16 + Self::KEYS * KEY_BLOCK;
        match n {
            0..Self::KEYS => Some((16 + n * KEY_BLOCK, KEY_BLOCK)),
            Self::KEYS | 9 if field_len > 0 && field_len <= Self::FIELD => {
                Some((behind + (n - Self::KEYS) * Self::FIELD, field_len))
            }
            _ => None,
        }
    }

    /// Where the length of the pairing fields stands.
    pub const fn field_len_at() -> usize {
        Self::FIELD_LEN
    }
}
