//! The keys at hand: of ESAMs whose images one has, or of a meter on published test keys.

use applets::packets::PacketKeys;
use cos::Chip;
use cos::RamNvm;
use cos::files::Node;
use cos::journal::{Journal, Memory};
use cos::keyfile::{self, kind};
use keys::hierarchy::{Use, test_meter_key, use_key};
use keys::{Key, Role, Suite};
use scheme::moment::Moment;
use scheme::numbers::MeterNumber;
use scheme::order::Serial8;
use scheme::profile::CardKind;
use vcard::Image;

/// The keys of one meter.
pub struct Opener {
    /// Whose they are, in words.
    pub name: String,
    pub(super) suite: Suite,
    pub(super) packet: PacketKeys,
    pub(super) tac: Key,
    /// Of MACs that a station makes for money.
    pub(super) money: Key,
    /// Of MACs that a station makes for what it writes.
    pub(super) param: Key,
    pub(super) ext_auth: Key,
    /// Serial number of the chip, where one has its image.
    pub(super) serial: Option<Serial8>,
    /// The card they came from, for what it would say.
    pub(super) image: Option<Image>,
}

impl Opener {
    /// The keys of an ESAM, from its image. `None` of another card, and of one without its keys.
    pub fn of_esam(name: impl Into<String>, image: Image) -> Option<Self> {
        let chip = Chip::read(&image.eeprom).ok().filter(|chip| chip.kind == CardKind::Esam)?;
        let mut nvm = RamNvm::from_bytes(image.eeprom.clone());
        let mut journal = Journal::default();
        // Memory in RAM does not lose its supply.
        let _ = journal.recover(&mut nvm);
        let memory = Memory::new(&mut nvm, &mut journal);
        let file = Node::mf(&memory).and_then(|mf| mf.key_file(&memory))?;
        let key = |kind: u8, id: u8| keyfile::find(&memory, &file, kind, id)?.key(&memory, chip.suite).ok();
        let kid = key(kind::APPLET, Role::Kid.code())?;
        let (money, kic) = (use_key(&kid, Use::FieldMac), key(kind::APPLET, Role::Kic.code())?);
        let (tac, ext_auth) = (key(kind::TAC, 0)?, key(kind::EXTERNAL, Role::ExtAuth.code())?);
        let packet = PacketKeys { kic, kid };
        let param = use_key(&key(kind::LINE, 0)?, Use::FieldMac);
        let (name, suite, serial) = (name.into(), chip.suite, Some(Serial8(chip.serial)));
        Some(Opener { name, suite, packet, tac, money, param, ext_auth, serial, image: Some(image) })
    }

    /// The keys of a meter that were derived from the published test roots, version 1.
    pub fn of_test(suite: Suite, region: [u8; 4], meter: MeterNumber) -> Self {
        let key = |role| test_meter_key(suite, role, region, 1, meter.0);
        let kid = key(Role::Kid);
        Opener {
            name: format!("meter {meter} on test keys"),
            suite,
            money: use_key(&kid, Use::FieldMac),
            packet: PacketKeys { kic: key(Role::Kic), kid },
            tac: key(Role::Tac),
            param: use_key(&key(Role::Param), Use::FieldMac),
            ext_auth: key(Role::ExtAuth),
            serial: None,
            image: None,
        }
    }
}

/// What is at hand to explain something.
#[derive(Clone, Copy)]
pub struct Hand<'h> {
    /// Keys of meters.
    pub openers: &'h [Opener],
    /// What o'clock the meter takes it for.
    pub now: Moment,
    /// EF_IMSI of the SIM that is in the meter, where somebody knows it.
    pub imsi: Option<[u8; 9]>,
}

impl Hand<'_> {
    /// Why something sealed stays shut.
    pub(super) fn why_shut(&self) -> String {
        match self.openers.len() {
            0 => {
                "sealed, and no key is at hand: name the meter's ESAM, or the meter where it is on test keys"
                    .to_owned()
            }
            n => format!("none of the keys at hand opens it, of {n} meter(s)"),
        }
    }
}
