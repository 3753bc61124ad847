//! Data identifiers: what a reader of a prepayment meter asks for, and how the values stand in DATA [docs/specs/dlt645.md 3].

use super::Identifier;
use crate::bcd;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How a value stands in DATA: packed BCD, least significant byte first, unless it says something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A number of so many bytes with so many digits behind the point.
    Number {
        /// Bytes.
        bytes: usize,
        /// Digits behind the point.
        decimals: usize,
        /// Its unit; empty: none.
        unit: &'static str,
    },
    /// A number with a sign in its highest bit.
    Signed {
        /// Bytes.
        bytes: usize,
        /// Digits behind the point.
        decimals: usize,
        /// Its unit.
        unit: &'static str,
    },
    /// Day of the week (00 Sunday), day, month, year.
    Date,
    /// Second, minute, hour.
    Time,
    /// Second, minute, hour, day of the week, day, month, year.
    DateTime,
    /// So many digits, two a byte.
    Digits(usize),
    /// So many bytes of ASCII, the last character first, zeros in front of the text.
    Text(usize),
    /// Bits, so many bytes.
    Bits(usize),
}

/// An identifier and what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// The identifier.
    pub id: Identifier,
    /// A name that the command takes too.
    pub name: &'static str,
    /// How it stands in DATA.
    pub form: Form,
}

const fn item(id: u32, name: &'static str, form: Form) -> Item {
    Item { id: Identifier(id), name, form }
}

const fn number(bytes: usize, decimals: usize, unit: &'static str) -> Form {
    Form::Number { bytes, decimals, unit }
}

const ENERGY: Form = number(4, 2, "kWh");
const MONEY: Form = number(4, 2, "yuan");
const PRICE: Form = number(4, 4, "yuan/kWh");
const VOLTAGE: Form = number(2, 1, "V");
const CURRENT: Form = Form::Signed { bytes: 3, decimals: 3, unit: "A" };
const POWER: Form = Form::Signed { bytes: 3, decimals: 4, unit: "kW" };

/// All of them, by identifier.
pub static ITEMS: &[Item] = &[
    item(0x0000_0000, "energy", ENERGY),
    item(0x0000_0100, "energy-rate-1", ENERGY),
    item(0x0000_0200, "energy-rate-2", ENERGY),
    item(0x0000_0300, "energy-rate-3", ENERGY),
    item(0x0000_0400, "energy-rate-4", ENERGY),
    item(0x0001_0000, "energy-forward", ENERGY),
    item(0x0001_0100, "energy-forward-rate-1", ENERGY),
    item(0x0001_0200, "energy-forward-rate-2", ENERGY),
    item(0x0001_0300, "energy-forward-rate-3", ENERGY),
    item(0x0001_0400, "energy-forward-rate-4", ENERGY),
    item(0x0002_0000, "energy-reverse", ENERGY),
    item(0x0002_0100, "energy-reverse-rate-1", ENERGY),
    item(0x0002_0200, "energy-reverse-rate-2", ENERGY),
    item(0x0002_0300, "energy-reverse-rate-3", ENERGY),
    item(0x0002_0400, "energy-reverse-rate-4", ENERGY),
    item(0x0090_0200, "balance", MONEY),
    item(0x0090_0201, "overdraft", MONEY),
    item(0x0201_0100, "voltage-a", VOLTAGE),
    item(0x0201_0200, "voltage-b", VOLTAGE),
    item(0x0201_0300, "voltage-c", VOLTAGE),
    item(0x0202_0100, "current-a", CURRENT),
    item(0x0202_0200, "current-b", CURRENT),
    item(0x0202_0300, "current-c", CURRENT),
    item(0x0203_0000, "power", POWER),
    item(0x0203_0100, "power-a", POWER),
    item(0x0203_0200, "power-b", POWER),
    item(0x0203_0300, "power-c", POWER),
    item(0x0280_0002, "frequency", number(2, 2, "Hz")),
    item(0x0280_0020, "price", PRICE),
    item(0x0400_0101, "date", Form::Date),
    item(0x0400_0102, "time", Form::Time),
    item(0x0400_010C, "clock", Form::DateTime),
    item(0x0400_0204, "rates", number(1, 0, "")),
    item(0x0400_0208, "keys", number(1, 0, "")),
    item(0x0400_0401, "address", Form::Digits(6)),
    item(0x0400_0402, "meter-number", Form::Digits(6)),
    item(0x0400_040E, "customer-number", Form::Digits(6)),
    item(0x0400_0501, "status-1", Form::Bits(2)),
    item(0x0400_0502, "status-2", Form::Bits(2)),
    item(0x0400_0503, "status-3", Form::Bits(2)),
    item(0x0400_0504, "status-4", Form::Bits(2)),
    item(0x0400_0505, "status-5", Form::Bits(2)),
    item(0x0400_0506, "status-6", Form::Bits(2)),
    item(0x0400_0507, "status-7", Form::Bits(2)),
    item(0x0400_1003, "overdraft-limit", MONEY),
    item(0x0400_1004, "hoard-limit", MONEY),
    item(0x0480_0001, "software", Form::Text(32)),
];

/// The byte that stands for all numbers of one place of an identifier.
const ALL: u8 = 0xFF;

impl Item {
    /// The item of an identifier.
    pub fn of(id: Identifier) -> Option<&'static Item> {
        ITEMS.binary_search_by_key(&id, |item| item.id).ok().map(|at| &ITEMS[at])
    }

    /// The item of a name.
    pub fn named(name: &str) -> Option<&'static Item> {
        ITEMS.iter().find(|item| item.name == name)
    }

    /// What an identifier asks for: one item, or all those that differ from it only where it has FF, in their order.
    pub fn asked(id: Identifier) -> Vec<&'static Item> {
        let asked = id.0.to_be_bytes();
        if !asked[2..].contains(&ALL) {
            return Item::of(id).into_iter().collect();
        }
        let fits = |item: &&Item| {
            let own = item.id.0.to_be_bytes();
            asked
                .iter()
                .zip(own)
                .enumerate()
                .all(|(at, (asked, own))| *asked == own || (at >= 2 && *asked == ALL))
        };
        ITEMS.iter().filter(fits).collect()
    }
}

impl Form {
    /// Bytes in DATA.
    pub const fn len(self) -> usize {
        match self {
            Form::Number { bytes, .. } | Form::Signed { bytes, .. } | Form::Bits(bytes) => bytes,
            Form::Digits(bytes) | Form::Text(bytes) => bytes,
            Form::Date => 4,
            Form::Time => 3,
            Form::DateTime => 7,
        }
    }

    /// None has no bytes.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// A number as this form has it in DATA; `None`: a form with a sign has no place for one this great.
    pub fn number(self, value: u64) -> Option<Vec<u8>> {
        let bytes = self.len();
        let is_signed = matches!(self, Form::Signed { .. });
        // The first digit of a signed one has three bits.
        let end = u32::try_from(2 * bytes)
            .ok()
            .and_then(|digits| 8_u64.checked_mul(10_u64.checked_pow(digits - 1)?));
        (!is_signed || end.is_none_or(|end| value < end)).then(|| packed(value, bytes))
    }

    /// A value for people. One whose bytes are all FF is none ("no value"); bytes that are no digits are shown as they are.
    ///
    /// `bytes`: as they stand in DATA; of another length they are shown as they are, too.
    pub fn show(self, bytes: &[u8]) -> String {
        let raw = || format!("{} (not what it should be)", hexadecimal(bytes));
        if bytes.len() != self.len() {
            return raw();
        }
        if bytes.iter().all(|byte| *byte == 0xFF) {
            return "no value".to_string();
        }
        let digits: Vec<u8> = bytes.iter().rev().copied().collect();
        match self {
            Form::Number { decimals, unit, .. } => {
                decimal(&digits, decimals).map_or_else(raw, |number| with_unit(&number, unit))
            }
            Form::Signed { decimals, unit, .. } => {
                let mut digits = digits;
                let negative = digits[0] & 0x80 != 0;
                digits[0] &= 0x7F;
                let sign = if negative { "-" } else { "" };
                decimal(&digits, decimals)
                    .map_or_else(raw, |number| with_unit(&format!("{sign}{number}"), unit))
            }
            Form::Digits(_) => hexadecimal(&digits),
            Form::Bits(_) => format!("{}h", hexadecimal(&digits)),
            Form::Text(_) => {
                let text: String = digits
                    .iter()
                    .skip_while(|byte| **byte == 0)
                    .map(
                        |byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '?' },
                    )
                    .collect();
                text
            }
            Form::Date => match pairs::<4>(&digits) {
                Some([year, month, day, _]) => format!("20{year:02}-{month:02}-{day:02}"),
                None => raw(),
            },
            Form::Time => match pairs::<3>(&digits) {
                Some([hour, minute, second]) => format!("{hour:02}:{minute:02}:{second:02}"),
                None => raw(),
            },
            Form::DateTime => match pairs::<7>(&digits) {
                Some([year, month, day, _, hour, minute, second]) => {
                    format!("20{year:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
                }
                None => raw(),
            },
        }
    }
}

/// A number as packed BCD, least significant byte first; one that does not fit shows its last digits, as a register does.
fn packed(value: u64, bytes: usize) -> Vec<u8> {
    let mut rest = value;
    let mut out = Vec::with_capacity(bytes);
    for _ in 0..bytes {
        out.push(bcd::byte((rest % 100) as u8));
        rest /= 100;
    }
    out
}

fn with_unit(number: &str, unit: &str) -> String {
    if unit.is_empty() { number.to_string() } else { format!("{number} {unit}") }
}

fn decimal(digits: &[u8], decimals: usize) -> Option<String> {
    let mut value: u64 = 0;
    for byte in digits {
        value = value.checked_mul(100)?.checked_add(u64::from(bcd::value(*byte)?))?;
    }
    let unit = 10_u64.pow(decimals as u32);
    Some(if decimals == 0 {
        value.to_string()
    } else {
        format!("{}.{:0decimals$}", value / unit, value % unit)
    })
}

fn pairs<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    for (out, byte) in out.iter_mut().zip(digits) {
        *out = bcd::value(*byte)?;
    }
    Some(out)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
