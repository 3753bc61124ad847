//! The lines by their names.

use crate::air::Setting;
use crate::ble::Ble;
use crate::bluetooth::Bluetooth;
use crate::infrared::{Infrared, METERS};
use crate::irda::{Irda, Service};
use crate::nfc::Nfc;
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
        Ok(match self {
            Kind::Infrared => Box::new(Infrared::new(setting, METERS, vec![meter], chance)),
            Kind::Irda => Box::new(Irda::open(setting, Service::NineWire, vec![meter], chance)?),
            Kind::Bluetooth => Box::new(Bluetooth::open(setting, meter, chance)?),
            Kind::Ble => Box::new(Ble::open(setting, meter, chance)?),
            Kind::Nfc => Box::new(Nfc::open(setting, vec![meter], chance)?),
        })
    }
}
