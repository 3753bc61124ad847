//! Words of device lists.

use disk::table::{RowFault, TableError};
use issue::plan::CEILING_MAX;
use scheme::fault::{Fault, Hint};
use scheme::money::{Fen, MoneyError};
use scheme::numbers::{DeviceNumber, NumberError, Serial};

/// Why a device list cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum DeviceListError {
    /// It is no table.
    #[error("the device list cannot be used: {0}")]
    Table(#[from] TableError),
    /// There is nothing in it.
    #[error("the device list is empty")]
    Empty,
    /// The one column that must be there is not.
    #[error("the device list has no column \"meter\"")]
    NoMeterColumn,
    /// A column nobody knows.
    #[error("column {column} of the device list is named {name:?}; known are meter, serial and ceiling")]
    UnknownColumn {
        /// Its name.
        name: String,
        /// Its place, from 1.
        column: usize,
    },
    /// A column twice.
    #[error("the device list has two columns {name:?}")]
    ColumnTwice {
        /// Its name.
        name: String,
    },
}

impl Fault for DeviceListError {
    fn hint(&self) -> Hint {
        Some(
            match self {
                DeviceListError::Table(_) => return None,
                _ => "the first line names the columns: meter,serial,ceiling",
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            DeviceListError::Table(_) => "device-list-table",
            DeviceListError::Empty => "device-list-empty",
            DeviceListError::NoMeterColumn => "device-list-no-meter-column",
            DeviceListError::UnknownColumn { .. } => "device-list-unknown-column",
            DeviceListError::ColumnTwice { .. } => "device-list-column-twice",
        }
    }
}

/// What is wrong with one line of a device list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceFault {
    /// The line cannot be read.
    #[error("{0}")]
    Row(RowFault),
    /// No meter number.
    #[error("no meter number")]
    NoMeter,
    /// The meter number cannot be one.
    #[error("meter: {source}")]
    Meter {
        /// What is wrong with it.
        source: NumberError,
    },
    /// The serial cannot be one.
    #[error("serial: {source}")]
    Serial {
        /// What is wrong with it.
        source: NumberError,
    },
    /// The ceiling is no amount.
    #[error("ceiling: {source}")]
    Ceiling {
        /// What is wrong with it.
        source: MoneyError,
    },
    /// The ceiling is zero or too high.
    #[error("ceiling: {amount} is not between 0.01 and {CEILING_MAX}")]
    CeilingRange {
        /// The amount.
        amount: Fen,
    },
    /// The meter stands in an earlier line.
    #[error("meter {meter} stands in line {first} already")]
    MeterTwice {
        /// The meter.
        meter: DeviceNumber,
        /// The first line with it.
        first: u64,
    },
    /// The chip stands in an earlier line.
    #[error("serial {serial} stands in line {first} already")]
    SerialTwice {
        /// The serial.
        serial: Serial,
        /// The first line with it.
        first: u64,
    },
}

impl Fault for DeviceFault {
    fn hint(&self) -> Hint {
        Some(
            match self {
                DeviceFault::Meter { source } | DeviceFault::Serial { source } => return source.hint(),
                DeviceFault::Ceiling { .. } | DeviceFault::CeilingRange { .. } => {
                    "write 500 or 500.00, or leave it empty for the highest ceiling"
                }
                _ => return None,
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            DeviceFault::Row(_) => "device-row",
            DeviceFault::NoMeter => "device-no-meter",
            DeviceFault::Meter { .. } => "device-meter",
            DeviceFault::Serial { .. } => "device-serial",
            DeviceFault::Ceiling { .. } => "device-ceiling",
            DeviceFault::CeilingRange { .. } => "device-ceiling-range",
            DeviceFault::MeterTwice { .. } => "device-meter-twice",
            DeviceFault::SerialTwice { .. } => "device-serial-twice",
        }
    }
}
