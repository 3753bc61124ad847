//! The lines by their names.

use crate::air::Setting;
use crate::ble::Ble;
use crate::bluetooth::Bluetooth;
use crate::infrared::{Infrared, METERS};
use crate::irda::{Irda, Service};
use crate::light::Format;
use crate::nfc::Nfc;
use crate::nfc::face::AID;
use crate::port::Far;
use crate::spent::Line;
use scheme::Chance;
use wire::LinkError;

/// A kind of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The eye of the field's meters: 38 kHz, 1200 bit/s.
    Infrared,
    /// A phone's IrDA port.
    Irda,
    /// Bluetooth as a serial port.
    Bluetooth,
    /// Bluetooth LE.
    Ble,
    /// NFC.
    Nfc,
}

/// How a phone is set, where that can be set wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// Its light's speed and parity, before an infrared eye. The other kinds agree on theirs.
    pub format: Format,
    /// The application it chooses on a card without contacts.
    pub aid: Vec<u8>,
}

impl Default for Phone {
    /// As meters are.
    fn default() -> Self {
        Phone { format: METERS, aid: AID.to_vec() }
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 5] = [Kind::Infrared, Kind::Irda, Kind::Bluetooth, Kind::Ble, Kind::Nfc];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Infrared => "infrared",
            Kind::Irda => "irda",
            Kind::Bluetooth => "bluetooth",
            Kind::Ble => "ble",
            Kind::Nfc => "nfc",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Centimetres in which nothing is lost without noise.
    pub const fn range_cm(self) -> u32 {
        match self {
            Kind::Infrared => crate::infrared::RANGE_CM,
            Kind::Irda => crate::irda::RANGE_CM,
            Kind::Bluetooth => crate::bluetooth::RANGE_CM,
            Kind::Ble => crate::ble::RANGE_CM,
            Kind::Nfc => crate::nfc::RANGE_CM,
        }
    }

    /// Degrees off the straight line in which that holds; none: it goes all around.
    pub const fn beam_deg(self) -> Option<u16> {
        match self {
            Kind::Infrared => Some(crate::infrared::BEAM_DEG),
            Kind::Irda => Some(crate::irda::BEAM_DEG),
            Kind::Bluetooth | Kind::Ble | Kind::Nfc => None,
        }
    }

    /// Whether several meters are reached at once: in one light, or in one field. A radio connects to one of them.
    pub const fn has_room(self) -> bool {
        !matches!(self, Kind::Bluetooth | Kind::Ble)
    }

    /// A phone in front of a meter, connected.
    ///
    /// # Errors
    /// It is out of reach, or goes.
    pub fn open<'m>(
        self,
        setting: &Setting,
        meter: Far<'m>,
        chance: Box<dyn Chance>,
    ) -> Result<Box<dyn Line + 'm>, LinkError> {
        self.open_among(setting, &Phone::default(), vec![meter], chance)
    }

    /// The same, set in a way of its own, and in front of several meters. Where only one can be reached it is the first.
    ///
    /// # Errors
    /// As [`Kind::open`]; there is no meter; several are in one field.
    pub fn open_among<'m>(
        self,
        setting: &Setting,
        phone: &Phone,
        meters: Vec<Far<'m>>,
        chance: Box<dyn Chance>,
    ) -> Result<Box<dyn Line + 'm>, LinkError> {
        let first = |meters: Vec<Far<'m>>| {
            let none = || LinkError::Absent { line: self.name().into(), why: "no meter is there".into() };
            meters.into_iter().next().ok_or_else(none)
        };
        Ok(match self {
            Kind::Infrared => Box::new(Infrared::new(setting, phone.format, meters, chance)),
            Kind::Irda => Box::new(Irda::open(setting, Service::NineWire, meters, chance)?),
            Kind::Bluetooth => Box::new(Bluetooth::open(setting, first(meters)?, chance)?),
            Kind::Ble => Box::new(Ble::open(setting, first(meters)?, chance)?),
            Kind::Nfc => Box::new(Nfc::open_as(setting, &phone.aid, meters, chance)?),
        })
    }
}
