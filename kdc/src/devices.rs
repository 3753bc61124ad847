//! Lists of devices to issue: CSV with the columns `meter`, `serial` and `ceiling`.
//!
//! `meter` is the meter's number, 12 digits. `serial` (16 hexadecimal digits) and `ceiling` (yuan, at most two
//! decimals) may be left empty, and their columns left out: then any chip will do, and the ceiling is the
//! highest. Columns may stand in any order. A line with a fault is named and skipped; the others go on.

pub use crate::messages::{DeviceFault, DeviceListError};

use crate::ids::{DeviceNumber, Serial};
use crate::plan::CEILING_MAX;
use csv::{ReaderBuilder, StringRecord, Trim};
use std::collections::HashMap;
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
    /// Ceiling of the purse in fen, 1 to [`CEILING_MAX`]; `None` for the highest.
    pub ceiling: Option<u32>,
}

/// A line that is left out.
#[derive(Debug, PartialEq, Eq)]
pub struct LineFault {
    /// Line of the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: DeviceFault,
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
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(input);
    let mut record = StringRecord::new();
    if !reader.read_record(&mut record)? {
        return Err(DeviceListError::Empty);
    }
    let columns = Columns::of(&record)?;
    let width = record.len();
    let mut list = DeviceList::default();
    let mut meters = HashMap::new();
    let mut serials = HashMap::new();
    loop {
        let line = reader.position().line();
        let more = match reader.read_record(&mut record) {
            Ok(more) => more,
            // One line that is not UTF-8 does not spoil the others.
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                let line = error.position().map_or(line, csv::Position::line);
                list.faults.push(LineFault { line, fault: DeviceFault::NotText });
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if !more {
            return Ok(list);
        }
        let line = record.position().map_or(line, csv::Position::line);
        match columns.device(&record, width, line).and_then(|device| first(device, &mut meters, &mut serials)) {
            Ok(device) => list.devices.push(device),
            Err(fault) => list.faults.push(LineFault { line, fault }),
        }
    }
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
    fn of(header: &StringRecord) -> Result<Self, DeviceListError> {
        let (mut meter, mut serial, mut ceiling) = (None, None, None);
        for (place, name) in header.iter().enumerate() {
            let name = name.trim_start_matches('\u{FEFF}').trim();
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

    fn device(&self, record: &StringRecord, width: usize, line: u64) -> Result<Device, DeviceFault> {
        if record.len() != width {
            return Err(DeviceFault::Fields { expected: width, found: record.len() });
        }
        let field = |place: Option<usize>| place.and_then(|place| record.get(place)).filter(|text| !text.is_empty());
        let meter = field(Some(self.meter)).ok_or(DeviceFault::NoMeter)?;
        let meter = meter.parse().map_err(|source| DeviceFault::Meter { source })?;
        let serial = field(self.serial)
            .map(|text| text.parse().map_err(|source| DeviceFault::Serial { source }))
            .transpose()?;
        let ceiling = field(self.ceiling).map(fen).transpose()?;
        Ok(Device { line, meter, serial, ceiling })
    }
}

/// Fen from yuan with at most two decimals: `500`, `500.5`, `500.50`.
fn fen(text: &str) -> Result<u32, DeviceFault> {
    let no_amount = || DeviceFault::Ceiling { text: text.to_owned() };
    let (yuan, decimals) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(yuan) || !digits(decimals) || decimals.len() > 2 {
        return Err(no_amount());
    }
    // More digits than fit are too much in any case.
    let yuan: u64 = yuan.parse().unwrap_or(u64::MAX / 1000);
    let cents: u64 = format!("{decimals:0<2}").parse().map_err(|_| no_amount())?;
    match u32::try_from(yuan.saturating_mul(100).saturating_add(cents)) {
        Ok(fen @ 1..=CEILING_MAX) => Ok(fen),
        _ => Err(DeviceFault::CeilingRange { text: text.to_owned() }),
    }
}
