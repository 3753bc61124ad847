//! Lists of devices to issue: CSV with the columns `meter`, `serial` and `ceiling`.
//!
//! `meter` is the meter's number, 12 digits. `serial` (16 hexadecimal digits) and `ceiling` (yuan, at most two
//! decimals) may be left empty, and their columns left out: then any chip will do, and the ceiling is the
//! highest. Columns may stand in any order. A line with a fault is named and skipped; the others go on.

mod error;
pub use error::{DeviceFault, DeviceListError};

use csv::{ReaderBuilder, StringRecord, Trim};
use issue::plan::CEILING_MAX;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, Serial};
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
pub fn read(mut input: impl Read) -> Result<DeviceList, DeviceListError> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(csv::Error::from)?;
    let mut lines = Lines { bytes: &bytes, at: 0, line: 1 };
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(&bytes[..]);
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
        let start = reader.position().byte();
        let device = match reader.read_record(&mut record) {
            Ok(false) => return Ok(list),
            Ok(true) => columns.device(&record, width, lines.of(start)),
            // One line that is not UTF-8 does not spoil the others.
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => Err(DeviceFault::NotText),
            Err(error) => return Err(error.into()),
        };
        match device.and_then(|device| first(device, &mut meters, &mut serials)) {
            Ok(device) => list.devices.push(device),
            Err(fault) => list.faults.push(LineFault { line: lines.of(start), fault }),
        }
    }
}

/// Counts lines. The CSV reader's own count stands before the blank lines and the second half of `CR LF` that
/// it skips, so it names the wrong line.
struct Lines<'b> {
    bytes: &'b [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// Line (from 1) of the record that the reader began to read at byte `start`; starts never go back.
    fn of(&mut self, start: u64) -> u64 {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        while let Some(byte) = self.bytes.get(self.at) {
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            let ends = match byte {
                b'\n' => true,
                b'\r' => self.bytes.get(self.at + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(ends);
            self.at += 1;
        }
        self.line
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
        let field =
            |place: Option<usize>| place.and_then(|place| record.get(place)).filter(|text| !text.is_empty());
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
