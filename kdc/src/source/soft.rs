//! The software key store: the same bytes as an issuing card, from keys in memory.
//!
//! It writes the main control card at the ceremony, when no card holds the roots yet, and in tests it says
//! what an issuing card must answer. Every check an issuing card makes is made here too, so that nothing
//! passes in software that a card would refuse.

use super::{About, Expected, KeySource, Level, SourceError, Target};
use crate::headers;
use crate::ids::{CheckValue, DeviceNumber, RegionCode, Serial};
use crate::keyset::{CityKeys, Roots};
use keys::{Key, Role, hierarchy, seal};
use wire::profile::{CardKind, KeyRow, Recipient};

/// Version of every key the store gives.
const VERSION: u8 = 1;

#[derive(Debug, Clone)]
enum Store {
    Province(Roots),
    City(CityKeys),
}

/// Keys of one level, in memory.
#[derive(Debug, Clone)]
pub struct SoftSource {
    store: Store,
}

impl SoftSource {
    /// A source of the province: makes main control cards and issuing cards.
    pub const fn province(roots: Roots) -> Self {
        SoftSource { store: Store::Province(roots) }
    }

    /// A source of a city: makes PSAMs, ESAMs and meter pairings of its region.
    pub const fn city(keys: CityKeys) -> Self {
        SoftSource { store: Store::City(keys) }
    }

    /// The row of the target's key table, once everything about the target is in order.
    fn row(&self, target: &Target, role: u8) -> Result<&'static KeyRow, SourceError> {
        self.check_target(target)?;
        target.recipient.key(role).ok_or(SourceError::Role { target: target.recipient, code: role })
    }

    fn check_target(&self, target: &Target) -> Result<(), SourceError> {
        let about = self.about();
        if !about.makes(target.recipient) {
            return Err(SourceError::MayNotMake { level: about.level, target: target.recipient });
        }
        if let Level::City(own) = about.level
            && own.0 != target.region
        {
            return Err(SourceError::Region { own, asked: RegionCode(target.region) });
        }
        Ok(())
    }

    /// A meter's MCU cannot give a challenge: its number stands for challenge and serial.
    fn check_mcu(target: &Target, challenge: [u8; 8]) -> Result<(), SourceError> {
        let number = DeviceNumber(target.number);
        let form = number.as_mcu_serial().0;
        let right = target.serial == form && challenge == form && !target.own_master;
        if target.recipient != Recipient::Mcu || right {
            Ok(())
        } else {
            Err(SourceError::McuForm { number })
        }
    }

    /// The target's master key once it is personalised.
    fn own_master(&self, target: &Target) -> Key {
        match &self.store {
            Store::Province(roots) => roots.own_master(DeviceNumber(target.number)),
            Store::City(keys) => keys.device(Role::Master, DeviceNumber(target.number)),
        }
    }

    /// The target's master key now.
    fn current_master(&self, target: &Target) -> Key {
        match &self.store {
            _ if target.own_master => self.own_master(target),
            Store::Province(roots) => roots.transport(Serial(target.serial)),
            Store::City(keys) => keys.transport(Serial(target.serial)),
        }
    }

    /// The key a target receives for a role of its table [docs/specs/cards.md 7].
    fn key(&self, target: &Target, role: u8) -> Key {
        let Some(role) = Role::from_code(role) else { return self.own_master(target) };
        match (&self.store, target.recipient) {
            (Store::Province(roots), Recipient::Card(CardKind::MainControl)) => roots.get(role).clone(),
            (Store::Province(roots), _) if role == Role::Transport => roots.get(role).clone(),
            (Store::Province(roots), _) => hierarchy::city_key(roots.get(role), target.region),
            (Store::City(keys), Recipient::Card(CardKind::Psam)) => keys.get(role).clone(),
            (Store::City(keys), _) => keys.device(role, DeviceNumber(target.number)),
        }
    }
}

impl KeySource for SoftSource {
    fn about(&self) -> About {
        let (level, suite, state) = match &self.store {
            Store::Province(roots) => (Level::Province, roots.suite(), roots.state()),
            Store::City(keys) => (Level::City(keys.region()), keys.suite(), keys.state()),
        };
        About { level, card: None, suite, state }
    }

    fn authenticate_target(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, SourceError> {
        self.check_target(target)?;
        Self::check_mcu(target, challenge)?;
        Ok(seal::cryptogram(&self.current_master(target), &challenge))
    }

    fn export_key(
        &mut self,
        target: &Target,
        role: u8,
        challenge: [u8; 8],
        header5: [u8; 5],
    ) -> Result<Vec<u8>, SourceError> {
        let row = self.row(target, role)?;
        Self::check_mcu(target, challenge)?;
        if !target.own_master && role != 0 && target.recipient != Recipient::Mcu {
            return Err(SourceError::UnderTransport { target: target.recipient, code: role });
        }
        let suite = self.about().suite;
        if header5 != headers::add(row, suite) && header5 != headers::change(row, suite) {
            return Err(SourceError::Header { target: target.recipient, code: role, header: header5 });
        }
        let master = self.current_master(target);
        let key = self.key(target, role);
        Ok(seal::wrap(&master, &challenge, &header5, row.header(VERSION), &key))
    }

    fn expected(&mut self, target: &Target, role: u8) -> Result<Expected, SourceError> {
        self.row(target, role)?;
        let check_value = CheckValue(self.key(target, role).kcv());
        Ok(Expected { version: VERSION, check_value: Some(check_value) })
    }
}
