//! Lists of devices to issue: tables with the columns `meter`, `serial` and `ceiling`.
//!
//! `meter` is the meter's number, 12 digits. `serial` (16 hexadecimal digits) and `ceiling` (yuan, at most two
//! decimals) may be left empty, and their columns left out: then any chip will do, and the ceiling is the
//! highest. Columns may stand in any order. A line with a fault is named and skipped; the others go on.

mod error;
pub use error::{DeviceFault, DeviceListError};

use disk::table::{Table, TableError};
use issue::plan::CEILING_MAX;
use scheme::fault::told;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, Serial};
use std::collections::HashMap;
use std::fmt;
use std::io::Read;

/// One device of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Line of the file, from 1; the header is line 1.
    pub line: u64,
    /// Number of the meter, and so of its ESAM and MCU.
    pub meter: DeviceNumber,
    /// The chip it must be; `None` for any.
    pub serial: Option<Serial>,
    /// Ceiling of the purse, at most [`CEILING_MAX`]; `None` for the highest.
    pub ceiling: Option<Fen>,
}

/// A line that is left out.
#[derive(Debug, PartialEq, Eq)]
pub struct LineFault {
    /// Line of the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: DeviceFault,
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, told(&self.fault))
    }
}

/// A list as read: what can be issued, and what cannot.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DeviceList {
    /// The good lines in their order.
    pub devices: Vec<Device>,
    /// The other lines in their order.
    pub faults: Vec<LineFault>,
}

/// Places of the columns.
struct Columns {
    meter: usize,
    serial: Option<usize>,
    ceiling: Option<usize>,
}

/// Reads a list. Blank lines and blanks around fields are ignored, so is a byte order mark.
///
/// # Errors
/// Only what concerns the whole file: it cannot be read, or its header lacks `meter` or has a column that is
/// unknown or stands there twice. Faults of single lines are in the answer.
pub fn read(input: impl Read) -> Result<DeviceList, DeviceListError> {
    let mut table = match Table::new(input) {
        Err(TableError::Empty) => return Err(DeviceListError::Empty),
        table => table?,
    };
    let columns = Columns::of(table.header())?;
    let mut list = DeviceList::default();
    let mut meters = HashMap::new();
    let mut serials = HashMap::new();
    while let Some((line, row)) = table.row().map_err(TableError::Read)? {
        let device = row.map_err(DeviceFault::Row).and_then(|cells| columns.device(&cells, line));
        match device.and_then(|device| first(device, &mut meters, &mut serials)) {
            Ok(device) => list.devices.push(device),
            Err(fault) => list.faults.push(LineFault { line, fault }),
        }
    }
    Ok(list)
}

/// Refuses a meter or chip that an earlier good line has.
fn first(
    device: Device,
    meters: &mut HashMap<DeviceNumber, u64>,
    serials: &mut HashMap<Serial, u64>,
) -> Result<Device, DeviceFault> {
    if let Some(first) = meters.get(&device.meter) {
        return Err(DeviceFault::MeterTwice { meter: device.meter, first: *first });
    }
    if let Some(serial) = device.serial {
        if let Some(first) = serials.get(&serial) {
            return Err(DeviceFault::SerialTwice { serial, first: *first });
        }
        serials.insert(serial, device.line);
    }
    meters.insert(device.meter, device.line);
    Ok(device)
}

impl Columns {
    fn of(header: &[String]) -> Result<Self, DeviceListError> {
        let (mut meter, mut serial, mut ceiling) = (None, None, None);
        for (place, name) in header.iter().enumerate() {
            let column = match name.to_ascii_lowercase().as_str() {
                "meter" => &mut meter,
                "serial" => &mut serial,
                "ceiling" => &mut ceiling,
                _ => return Err(DeviceListError::UnknownColumn { name: name.to_owned(), column: place + 1 }),
            };
            if column.replace(place).is_some() {
                return Err(DeviceListError::ColumnTwice { name: name.to_owned() });
            }
        }
        let meter = meter.ok_or(DeviceListError::NoMeterColumn)?;
        Ok(Columns { meter, serial, ceiling })
    }

    fn device(&self, cells: &[String], line: u64) -> Result<Device, DeviceFault> {
        let field = |place: Option<usize>| {
            place.and_then(|place| cells.get(place)).map(String::as_str).filter(|text| !text.is_empty())
        };
        let meter = field(Some(self.meter)).ok_or(DeviceFault::NoMeter)?;
        let meter = meter.parse().map_err(|source| DeviceFault::Meter { source })?;
        let serial = field(self.serial)
            .map(|text| text.parse().map_err(|source| DeviceFault::Serial { source }))
            .transpose()?;
        let ceiling = field(self.ceiling).map(amount).transpose()?;
        Ok(Device { line, meter, serial, ceiling })
    }
}

fn amount(text: &str) -> Result<Fen, DeviceFault> {
    let amount: Fen = text.parse().map_err(|source| DeviceFault::Ceiling { source })?;
    if amount > Fen(0) && amount <= CEILING_MAX {
        Ok(amount)
    } else {
        Err(DeviceFault::CeilingRange { amount })
    }
}
