//! The software key store: the same bytes as an issuing card, from keys in memory.
//!
//! It writes the main control card at the ceremony, when no card holds the roots yet, and in tests it says
//! what an issuing card must answer. Every check an issuing card makes is made here too, so that nothing
//! passes in software that a card would refuse. It knows no officers and counts no cards.

use super::{About, Activation, Authority, Current, Expected, KeySource, Level, Proof, SourceError, Target};
use crate::headers;
use crate::keyset::{CityKeys, Roots};
use keys::{Key, Role, hierarchy, seal};
use reader::error::CardError;
use scheme::certificate::{Certificate, KeyUse};
use scheme::field::{KeyBlock, KeyHolder};
use scheme::moment::Day;
use scheme::numbers::{CheckValue, DeviceNumber, RegionCode, Serial};
use scheme::pin::Pin;
use scheme::profile::{CardKind, ESAM_KEYS, KeyRow, PREVIOUS_MASTER, Recipient, State, pins};
use scheme::psam::{Limits, Statement};
use scheme::signing::own_use;

/// Header of ACTIVATE KEYS, which its MAC covers.
pub const ACTIVATE: [u8; 5] = [0x84, 0x4A, 0x00, 0x00, 0x0A];
const ESAM: Recipient = Recipient::Card(CardKind::Esam);

#[derive(Debug, Clone)]
enum Store {
    Province(Roots),
    City(CityKeys),
}

/// Keys of one level, in memory.
#[derive(Debug, Clone)]
pub struct SoftSource {
    store: Store,
    authority: Option<Authority>,
}

impl SoftSource {
    /// The MAC that ends a card other than an ESAM; such a card knows no other activation.
    fn seal_retirement(
        &self,
        target: &Target,
        challenge: [u8; 8],
        activation: Activation,
    ) -> Result<[u8; 4], SourceError> {
        let retires = (activation.state, activation.version, activation.forfeit.0) == (State::Retired, 0, 0);
        let is_card = matches!(target.recipient, Recipient::Card(_));
        if !retires || !is_card || target.master != Current::Own || target.test_keys {
            return Err(SourceError::Reach { target: target.recipient, p1: target.p1() });
        }
        Ok(seal::bound_mac(&self.current_master(target)?, &challenge, &ACTIVATE, &activation.to_bytes()))
    }

    /// A source of the province: makes main control cards and issuing cards.
    pub const fn province(roots: Roots) -> Self {
        SoftSource { store: Store::Province(roots), authority: None }
    }

    /// A source of a city: makes PSAMs, ESAMs, meter pairings of its region, and in test state test cards.
    pub const fn city(keys: CityKeys) -> Self {
        SoftSource { store: Store::City(keys), authority: None }
    }

    /// A source of the province that certifies the signing key of one city's issuing card.
    pub const fn certifying(roots: Roots, authority: Authority) -> Self {
        SoftSource { store: Store::Province(roots), authority: Some(authority) }
    }

    /// The authority, and the own master of a target whose key it certifies.
    fn authority(&self, target: &Target) -> Result<(&Authority, Key), SourceError> {
        self.check_target(target)?;
        let authority = self.authority.as_ref().ok_or(SourceError::NotCertified)?;
        let signs =
            matches!(target.recipient, Recipient::Card(kind) if own_use(kind) == Some(KeyUse::CityIssuer));
        if !signs || target.master != Current::Own {
            return Err(SourceError::Reach { target: target.recipient, p1: target.p1() });
        }
        Ok((authority, self.current_master(target)?))
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
        let formal = about.state == State::Formal;
        let fits = match (target.recipient, target.master, target.test_keys) {
            (Recipient::Mcu, Current::Transport, false) => true,
            (Recipient::Mcu, Current::Transport, true) => formal,
            // An MCU's own master has its own words, further on.
            (Recipient::Mcu, Current::Own, false) => true,
            (Recipient::Mcu, ..) => false,
            (_, Current::Transport | Current::Own, false) => true,
            (ESAM, Current::Previous, false) => about.previous.is_some(),
            (ESAM, Current::Test(version), _) => formal && version > 0,
            (ESAM, Current::Own, true) => formal,
            _ => false,
        };
        if !fits {
            return Err(SourceError::Reach { target: target.recipient, p1: target.p1() });
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
        let right = target.serial == form && challenge == form && target.master == Current::Transport;
        if target.recipient != Recipient::Mcu || right {
            Ok(())
        } else {
            Err(SourceError::McuForm { number })
        }
    }

    fn test_device(&self, target: &Target, role: Role, version: u8) -> Key {
        hierarchy::test_meter_key(self.about().suite, role, target.region, version, target.number)
    }

    /// The target's master key once it is personalised.
    fn own_master(&self, target: &Target) -> Key {
        let (kind, number) = (target.recipient, DeviceNumber(target.number));
        let parent = match &self.store {
            Store::Province(roots) if kind == Recipient::Card(CardKind::TestIssuing) => {
                return hierarchy::device_key(
                    &hierarchy::test_root(roots.suite(), Role::Master),
                    kind.code(),
                    number.0,
                );
            }
            Store::Province(roots) => roots.get(Role::Master),
            Store::City(keys) => keys.get(Role::Master),
        };
        hierarchy::device_key(parent, kind.code(), number.0)
    }

    /// The target's master key now.
    fn current_master(&self, target: &Target) -> Result<Key, SourceError> {
        let serial = Serial(target.serial);
        match (target.master, &self.store) {
            (Current::Own, _) => Ok(self.own_master(target)),
            (Current::Transport, Store::Province(roots)) => Ok(roots.transport(serial)),
            (Current::Transport, Store::City(keys)) => Ok(keys.transport(serial)),
            (Current::Test(version), _) => Ok(self.test_device(target, Role::Master, version)),
            (Current::Previous, Store::City(keys)) => keys
                .previous_master(target.recipient, DeviceNumber(target.number))
                .ok_or(SourceError::Reach { target: target.recipient, p1: target.p1() }),
            (Current::Previous, Store::Province(_)) => {
                Err(SourceError::Reach { target: target.recipient, p1: target.p1() })
            }
        }
    }

    /// The transport key of a target.
    pub fn transport(&self, target: &Target) -> Key {
        match &self.store {
            Store::Province(roots) => roots.transport(Serial(target.serial)),
            Store::City(keys) => keys.transport(Serial(target.serial)),
        }
    }

    /// The key a target receives for a role of its table, and its version [docs/specs/cards.md 7].
    pub fn key(&self, target: &Target, code: u8) -> (Key, u8) {
        let role = Role::from_code(code);
        if target.test_keys {
            return (self.test_device(target, role.unwrap_or(Role::Master), 1), 1);
        }
        match &self.store {
            Store::Province(roots) if target.recipient == Recipient::Card(CardKind::TestIssuing) => {
                let version = target.version.unwrap_or(1);
                (self.key_of_root(&Roots::test(roots.suite()), target, code, version), version)
            }
            Store::Province(roots) => {
                let version = target.version.unwrap_or(1);
                (self.key_of_root(roots, target, code, version), version)
            }
            Store::City(keys) => {
                let key = match (role, target.recipient) {
                    (None, _) => self.own_master(target),
                    (Some(role), Recipient::Card(CardKind::Psam | CardKind::TestCard)) => {
                        keys.get(role).clone()
                    }
                    (Some(role), _) => keys.device(target.recipient, role, DeviceNumber(target.number)),
                };
                (key, keys.version())
            }
        }
    }

    fn key_of_root(&self, roots: &Roots, target: &Target, code: u8, version: u8) -> Key {
        let role = match (Role::from_code(code), code) {
            (Some(role), _) => role,
            (None, PREVIOUS_MASTER) => Role::Master,
            (None, _) => return self.own_master(target),
        };
        let root = roots.get(role);
        if target.recipient == Recipient::Card(CardKind::MainControl) || role == Role::Transport {
            return root.clone();
        }
        hierarchy::city_key(root, target.region, version)
    }

    /// Whether a header belongs to the key of a row on this target.
    fn header_fits(&self, target: &Target, row: &KeyRow, header: [u8; 5]) -> bool {
        let suite = self.about().suite;
        let stages = header == headers::stage(row, suite);
        let at_once = header == headers::add(row, suite) || header == headers::change(row, suite);
        match (target.recipient, target.master, target.test_keys) {
            (ESAM, Current::Own, false) => at_once || stages || self.loads_formal(target.master, row, header),
            (ESAM, Current::Transport, false) => at_once,
            // Test keys are published: a formal own master leaves under the key the chip was born with.
            (ESAM, Current::Test(_), false) => {
                header == headers::stage_formal(suite) || self.loads_formal(target.master, row, header)
            }
            (ESAM, ..) => stages,
            _ => at_once,
        }
    }
}

impl SoftSource {
    /// Whether a header is that by which the key of a row waits on a key card.
    fn loads_formal(&self, master: Current, row: &KeyRow, header: [u8; 5]) -> bool {
        // Its own master leaves under the transport key alone, the others under that own master.
        let form = (row.role == 0) == matches!(master, Current::Test(_));
        form && self.about().state == State::Formal && header == headers::load_formal(row)
    }
}

impl KeySource for SoftSource {
    fn about(&self) -> About {
        let (level, suite, state, version, previous) = match &self.store {
            Store::Province(roots) => (Level::Province, roots.suite(), roots.state(), 1, None),
            Store::City(keys) => {
                (Level::City(keys.region()), keys.suite(), keys.state(), keys.version(), keys.previous())
            }
        };
        About { level, card: None, suite, state, version, previous, signs: self.authority.is_some() }
    }

    fn authenticate_target(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, SourceError> {
        self.check_target(target)?;
        Self::check_mcu(target, challenge)?;
        if target.test_keys {
            return Err(SourceError::Reach { target: target.recipient, p1: target.p1() });
        }
        Ok(seal::cryptogram(&self.current_master(target)?, &challenge))
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
        let lives_under =
            matches!((target.master, target.test_keys), (Current::Own, false) | (Current::Test(_), true));
        if !lives_under && role != 0 && target.recipient != Recipient::Mcu {
            return Err(SourceError::UnderTransport { target: target.recipient, code: role });
        }
        if !self.header_fits(target, row, header5) {
            return Err(SourceError::Header { target: target.recipient, code: role, header: header5 });
        }
        let leaves_test = matches!(target.master, Current::Test(_)) && !target.test_keys;
        let master = if leaves_test { Current::Transport } else { target.master };
        let master = self.current_master(&Target { master, ..*target })?;
        let (key, version) = self.key(target, role);
        if target.recipient == ESAM && self.loads_formal(target.master, row, header5) {
            let sum = ESAM_KEYS.len() as u8; // eight rows
            let block = KeyBlock { kind: row.kind & 0x3F, id: row.id, version, sum, key };
            let holder = KeyHolder { number: target.number, serial: target.serial };
            return Ok(block.seal(&master, &holder).to_vec());
        }
        let head = row.header(version);
        Ok(if headers::stages(header5) {
            seal::stage(&master, &challenge, &header5, head, &key)
        } else {
            seal::wrap(&master, &challenge, &header5, head, &key)
        })
    }

    fn expected(&mut self, target: &Target, role: u8) -> Result<Expected, SourceError> {
        self.row(target, role)?;
        let (key, version) = self.key(target, role);
        Ok(Expected { version, check_value: Some(CheckValue(key.kcv())) })
    }

    fn seal_root(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, SourceError> {
        let (authority, master) = self.authority(target)?;
        Ok(authority.seal_root(&master, &challenge))
    }

    fn certify(
        &mut self,
        target: &Target,
        from: Day,
        prove: &mut dyn FnMut([u8; 8]) -> Result<Proof, CardError>,
    ) -> Result<Certificate, SourceError> {
        let (authority, master) = self.authority(target)?;
        let proof = prove(authority.challenge).map_err(SourceError::Proof)?;
        authority.certify(&master, target, from, &proof)
    }

    fn transport_root(&mut self) -> Result<Option<CheckValue>, SourceError> {
        let root = match &self.store {
            Store::Province(roots) => roots.get(Role::Transport),
            Store::City(keys) => keys.get(Role::Transport),
        };
        Ok(Some(CheckValue(root.kcv())))
    }

    fn seal_limit(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        limits: Limits,
        _: Option<&Statement>,
    ) -> Result<[u8; 4], SourceError> {
        self.check_target(target)?;
        let master = self.current_master(target)?;
        Ok(seal::bound_mac(&master, &challenge, &scheme::psam::SET_LIMIT, &limits.to_bytes()))
    }

    fn seal_activation(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        activation: Activation,
    ) -> Result<[u8; 4], SourceError> {
        self.check_target(target)?;
        if target.recipient != ESAM {
            return self.seal_retirement(target, challenge, activation);
        }
        let about = self.about();
        let fits = match (target.master, target.test_keys, activation.state) {
            (Current::Own, false, State::Retired) => activation.version == 0,
            (Current::Own, false, state) => state == about.state && activation.version == about.version,
            (Current::Test(_), true, state) => state == State::Test && activation.version == 1,
            _ => false,
        };
        if !fits {
            return Err(SourceError::Reach { target: target.recipient, p1: target.p1() });
        }
        // Back to test is always to version 01.
        let master = if target.test_keys {
            self.test_device(target, Role::Master, 1)
        } else {
            self.current_master(target)?
        };
        Ok(seal::bound_mac(&master, &challenge, &ACTIVATE, &activation.to_bytes()))
    }

    fn seal_pin(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        id: u8,
        pin: &Pin,
    ) -> Result<Vec<u8>, SourceError> {
        self.check_target(target)?;
        let known =
            matches!(target.recipient, Recipient::Card(kind) if pins(kind).iter().any(|row| row.id == id));
        if !known || target.master != Current::Own || target.test_keys {
            return Err(SourceError::Reach { target: target.recipient, p1: target.p1() });
        }
        Ok(sealed_pin(&self.current_master(target)?, challenge, id, pin))
    }
}

/// Data field of SET PIN under a card's own master.
pub fn sealed_pin(master: &Key, challenge: [u8; 8], id: u8, pin: &Pin) -> Vec<u8> {
    let length = seal::cipher_len(master, pin.expose().len()) + seal::MAC_LEN;
    let header = [0x84, 0x24, 0x00, id, length as u8]; // a PIN has at most 8 bytes
    seal::bound(master, &challenge, &header, pin.expose())
}
