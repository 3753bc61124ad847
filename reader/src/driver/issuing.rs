//! Cards that give keys to other cards: the main control card and both issuing cards
//! [docs/specs/cards.md 6, 7].

use super::fmcos::{Fmcos, KeyInformation};
use crate::error::CardError;
use scheme::profile::{CardInfo, EF_GRANTED, EF_ISSUED, EF_LIMIT, NO_LIMIT, Recipient};
use scheme::psam::{Limits, Statement};
use wire::channel::Channel;
use wire::{Command, Sw};

pub use super::activation::Activation;

/// The master key a target has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Current {
    /// The factory's transport key.
    Transport,
    /// Its own, of the issuing card's version.
    Own,
    /// Its own, of the earlier version the issuing card can reach.
    Previous,
    /// Its own in the published test hierarchy, of this version.
    Test(u8),
}

/// The card (or meter MCU) a key is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Its kind.
    pub recipient: Recipient,
    /// The master key it has now.
    pub master: Current,
    /// Whether it is to get keys of the published test hierarchy, from a formal card.
    pub test_keys: bool,
    /// Version of the keys asked for; of a main control card only, which takes `None` for 01.
    pub version: Option<u8>,
    /// Chip serial, as its ATR ends.
    pub serial: [u8; 8],
    /// Device number, packed BCD.
    pub number: [u8; 6],
    /// Region code, packed BCD.
    pub region: [u8; 4],
}

impl Target {
    /// A finished card under its own master key, whatever version its keys have.
    pub const fn finished(serial: [u8; 8], info: &CardInfo) -> Self {
        Target {
            recipient: Recipient::Card(info.kind),
            master: Current::Own,
            test_keys: false,
            version: None,
            serial,
            number: info.number,
            region: info.region,
        }
    }

    /// P1 of the commands: kind, then which master key the target has now, and the hierarchy asked for
    /// [docs/specs/cards.md 7].
    pub const fn p1(&self) -> u8 {
        let master = match self.master {
            Current::Transport => 0,
            Current::Own => 1,
            Current::Previous => 2,
            Current::Test(_) => 3,
        };
        self.recipient.code() << 4 | (self.test_keys as u8) << 2 | master
    }

    /// Serial, number, region: 18 bytes.
    pub(super) fn identity(&self) -> Vec<u8> {
        [&self.serial[..], &self.number, &self.region].concat()
    }

    /// Serial, number, region, and the version where one belongs.
    fn versioned(&self) -> Vec<u8> {
        let mut identity = self.identity();
        match (self.master, self.version) {
            (Current::Test(version), _) | (_, Some(version)) => identity.push(version),
            _ => {}
        }
        identity
    }
}

/// How many cards an issuing card may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// Cards in all; `None`: no limit.
    pub limit: Option<u32>,
    /// Cards made.
    pub made: u32,
}

impl Counter {
    /// Cards it can still make; `None`: no limit.
    pub fn left(&self) -> Option<u32> {
        self.limit.map(|limit| limit.saturating_sub(self.made))
    }
}

/// A main control card or an issuing card, its MF selected.
pub struct IssuingCard<'c> {
    fmcos: Fmcos<'c>,
}

impl<'c> IssuingCard<'c> {
    /// Speaks over a channel; sends nothing yet.
    pub fn new(channel: &'c mut dyn Channel) -> Self {
        IssuingCard { fmcos: Fmcos::new(channel) }
    }

    /// The FMCOS card underneath.
    pub fn fmcos(&mut self) -> &mut Fmcos<'c> {
        &mut self.fmcos
    }

    /// Card information.
    pub fn card_info(&mut self) -> Result<CardInfo, CardError> {
        self.fmcos.card_info()
    }

    /// The operator's PIN, 3A/00, as it stands in the card. A wrong one costs a try.
    pub fn verify_pin(&mut self, pin: &[u8]) -> Result<(), CardError> {
        self.fmcos.verify_pin(0x00, pin)
    }

    /// How many cards it may make and has made; `None` for a card that does not count.
    pub fn counter(&mut self) -> Result<Option<Counter>, CardError> {
        let step = "read the card counter";
        let Some(limit) = self.fmcos.read_number(step, EF_LIMIT)? else { return Ok(None) };
        let made = self.fmcos.read_number(step, EF_ISSUED)?.unwrap_or(0);
        Ok(Some(Counter { limit: (limit != NO_LIMIT).then_some(limit), made }))
    }

    /// How many cards it may make and what value it may grant; `None` of a card that does not count.
    pub fn limits(&mut self) -> Result<Option<Limits>, CardError> {
        Ok(self.fmcos.read_kept("read the limits", EF_LIMIT)?.map(|bytes| Limits::parse(&bytes)))
    }

    /// Value it has granted limits of, in fen; `None` of a card that grants none.
    pub fn granted(&mut self) -> Result<Option<u64>, CardError> {
        Ok(self.fmcos.read_kept("read the value granted", EF_GRANTED)?.map(u64::from_be_bytes))
    }

    /// SEAL LIMIT: the MAC of the target's SET LIMIT, for the challenge it just gave; a PSAM's limit wants its statement. 9402
    /// beyond what the province allows this card to grant.
    pub fn seal_limit(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        limits: Limits,
        statement: Option<&Statement>,
    ) -> Result<[u8; 4], CardError> {
        let statement = statement.map(Statement::to_bytes).unwrap_or_default();
        let data = [&challenge[..], &target.identity(), &limits.to_bytes(), &statement].concat();
        self.fmcos.send_for("SEAL LIMIT", &Command::new(0x80, 0x3A, target.p1(), 0x00).data(&data))
    }

    /// SEAL ACTIVATION: the MAC of the target's ACTIVATE KEYS, for the challenge it just gave.
    pub fn seal_activation(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        activation: Activation,
    ) -> Result<[u8; 4], CardError> {
        let data = [&challenge[..], &target.identity(), &activation.to_bytes()].concat();
        self.fmcos.send_for("SEAL ACTIVATION", &Command::new(0x80, 0x4C, target.p1(), 0x00).data(&data))
    }

    /// SEAL PIN: the data field of the target's SET PIN for its PIN 3A/`id`, sealed for the challenge it just gave. `pin` has 2 to
    /// 8 bytes, as it will stand in the card.
    pub fn seal_pin(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        id: u8,
        pin: &[u8],
    ) -> Result<Vec<u8>, CardError> {
        let step = "SEAL PIN";
        if !(2..=8).contains(&pin.len()) {
            return Err(CardError::malformed(step, format!("a PIN has 2 to 8 bytes, not {}", pin.len())));
        }
        let mut data = [&challenge[..], &[0xFF; 8]].concat();
        data[8..8 + pin.len()].copy_from_slice(pin);
        data.extend_from_slice(&target.versioned());
        self.fmcos.send(step, &Command::new(0x80, 0x56, target.p1(), id).data(&data))
    }

    /// CHECK VALUE: version, byte 5 and check value of a city's key, as its issuing card shows it. The main control card
    /// alone answers.
    pub fn check_value(&mut self, role: u8, region: [u8; 4], version: u8) -> Result<[u8; 3], CardError> {
        let data = [&region[..], &[version]].concat();
        let answer: [u8; 5] =
            self.fmcos.send_for("CHECK VALUE", &Command::new(0x80, 0x4E, 0x00, role).data(&data))?;
        Ok(super::take(&answer, 2))
    }

    /// MAC LIST: the MAC by which a card this one made believes a list of revoked cards, by the list's digest.
    pub fn mac_list(&mut self, target: &Target, digest: [u8; 32]) -> Result<[u8; 8], CardError> {
        let data = [&target.identity()[..], &digest].concat();
        self.fmcos.send_for("MAC LIST", &Command::new(0x80, 0x5A, target.p1(), 0x00).data(&data))
    }

    /// CHECK LIST: whether this card (an issuing card or a PSAM) believes a list of revoked cards.
    pub fn check_list(&mut self, digest: [u8; 32], mac: [u8; 8]) -> Result<bool, CardError> {
        let data = [&digest[..], &mac].concat();
        match self.fmcos.send("CHECK LIST", &Command::new(0x80, 0x5C, 0x00, 0x00).data(&data)) {
            Ok(_) => Ok(true),
            Err(error) if error.sw() == Some(Sw::SM_WRONG) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// AUTHENTICATE TARGET: the cryptogram, one block, that the target's EXTERNAL AUTHENTICATE expects for
    /// the challenge it just gave.
    pub fn authenticate_target(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, CardError> {
        let step = "AUTHENTICATE TARGET";
        let data = [&challenge[..], &target.versioned()].concat();
        let answer = self.fmcos.send(step, &Command::new(0x80, 0x46, target.p1(), 0x00).data(&data))?;
        match answer.len() {
            8 | 16 => Ok(answer),
            n => Err(CardError::malformed(
                step,
                format!("a cryptogram has 8 or 16 bytes, the card answered {n}"),
            )),
        }
    }

    /// EXPORT KEY: the data field of the target's WRITE KEY, sealed for the challenge the target just gave
    /// and for the header (`84 D4 P1 id Lc`) that will carry it.
    pub fn export_key(
        &mut self,
        target: &Target,
        role: u8,
        challenge: [u8; 8],
        header5: [u8; 5],
    ) -> Result<Vec<u8>, CardError> {
        let step = "EXPORT KEY";
        let data = [&challenge[..], &header5, &target.versioned()].concat();
        let field = self.fmcos.send(step, &Command::new(0x80, 0x44, target.p1(), role).data(&data))?;
        if field.len() == usize::from(header5[4]) {
            return Ok(field);
        }
        let what = format!("the header announces {} byte(s), the card answered {}", header5[4], field.len());
        Err(CardError::malformed(step, what))
    }

    /// KEY INFORMATION of a hierarchy key (`F5`/role) of this card.
    pub fn key_information(&mut self, kind: u8, id: u8) -> Result<KeyInformation, CardError> {
        self.fmcos.key_information(kind, id)
    }
}
