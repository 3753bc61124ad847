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
//! 6. reset and read it back, which also leaves the card without any right;
//! 7. of a source that certifies: the root, a signing key that the card draws, its certificate. A run that broke off here left a card
//!    that is finished and signs nothing; [`crate::signing::equip`] does this part alone.

mod build;
pub mod cost;
mod error;
pub(crate) mod parts;
pub mod render;
pub(crate) mod words;

pub use error::PlanError;
pub(crate) use parts::read_in_the_making;
pub use parts::{CEILING_MAX, Content, Hidden, Master, Request, Step};

use crate::source::{Current, Target};
use keys::Suite;
use scheme::moment::Day;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardInfo, CardKind, PREVIOUS_MASTER, PinRow, Recipient, State, pins};

/// The plan for one card; it fits one number and any chip.
#[derive(Debug, Clone)]
pub struct Plan {
    info: CardInfo,
    suite: Suite,
    version: u8,
    previous: Option<u8>,
    ceiling: Option<Fen>,
    from: Day,
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
            from: request.validity.from(),
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

    /// The first day it is valid.
    pub const fn first_day(&self) -> Day {
        self.from
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
