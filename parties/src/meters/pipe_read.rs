//! Reading a meter on a pipe at the other end of a line.

use super::port::{ReadLine, ReadReport};
use crate::trouble::Result;
use reader::cjt188::{Line, PipeError};
use scheme::Moment;
use scheme::numbers::MeterNumber;
use wire::ByteLink;
use wire::cjt188::values::{Metered, Prices, Purchases};
use wire::cjt188::{Address, Identifier, Status, unit};

/// What can be read from a meter on a pipe: name, and the identifier it stands behind.
pub const PIPE_ITEMS: [(&str, Identifier); 10] = [
    ("volume", Identifier::METERED),
    ("volume-settled", Identifier::METERED),
    ("clock", Identifier::METERED),
    ("valve", Identifier::METERED),
    ("battery", Identifier::METERED),
    ("price", Identifier::PRICES),
    ("purchase-number", Identifier::PURCHASES),
    ("purchase-last", Identifier::PURCHASES),
    ("purchase-all", Identifier::PURCHASES),
    ("balance", Identifier::PURCHASES),
];

/// Reads items of [`PIPE_ITEMS`] by CJ/T 188; each identifier is asked once. `number`: none asks for that of the one meter there. What a
/// meter refuses is told and stops nothing.
///
/// # Errors
/// The line; no answer, or one that is none.
pub fn read_pipe(
    link: &mut dyn ByteLink,
    number: Option<MeterNumber>,
    items: &[(&'static str, Identifier)],
) -> Result<ReadReport> {
    let mut line = Line::new(link);
    let address = match number {
        Some(number) => Address::of(number.0),
        None => line.address()?,
    };
    let mut read: Vec<(Identifier, std::result::Result<Vec<u8>, String>)> = Vec::new();
    let mut out = Vec::with_capacity(items.len());
    for (name, about) in items {
        let data = match read.iter().find(|(asked, _)| asked == about) {
            Some((_, data)) => data.clone(),
            None => {
                let data = match line.read(address, *about) {
                    Ok(data) => Ok(data),
                    Err(refused @ PipeError::Refused(_)) => Err(refused.to_string()),
                    Err(error) => return Err(error.into()),
                };
                read.push((*about, data.clone()));
                data
            }
        };
        let value = data.as_ref().ok().map(|data| shown(name, *about, data));
        out.push(ReadLine { identifier: about.to_string(), name, value, refused: data.err() });
    }
    Ok(ReadReport { address: address.to_string(), items: out })
}

/// A value for people; bytes that are none are shown as they are.
fn shown(name: &str, about: Identifier, data: &[u8]) -> String {
    let value = match about {
        Identifier::METERED => Metered::of(data).map(|value| metered(name, &value)),
        Identifier::PRICES => Prices::of(data).map(|value| prices(&value)),
        Identifier::PURCHASES => Purchases::of(data).map(|value| purchases(name, &value)),
        _ => None,
    };
    value.unwrap_or_else(|| format!("{} (not what it should be)", hex::encode_upper(data)))
}

fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

fn metered(name: &str, value: &Metered) -> String {
    let volume = |volume, of| {
        let name = match of {
            unit::CUBIC_METRE => "m3".to_owned(),
            unit::LITRE => "l".to_owned(),
            other => format!("of unit {other:02X}"),
        };
        format!("{} {name}", hundredths(volume))
    };
    match name {
        "volume" => volume(value.current, value.unit),
        "volume-settled" => volume(value.settled, value.settled_unit),
        "clock" => Moment::new(value.time).map_or_else(|_| hex::encode(value.time), |time| time.to_string()),
        "valve" => valve(value.status).to_owned(),
        _ => if value.status.battery_low { "low" } else { "good" }.to_owned(),
    }
}

/// What a state says of the valve.
pub(super) const fn valve(status: Status) -> &'static str {
    match status.valve {
        0 => "open",
        1 => "closed",
        3 => "does not move",
        _ => "unknown",
    }
}

fn prices(value: &Prices) -> String {
    let [one, two, three] = value.prices;
    let [first, second] = value.amounts;
    let mut out = format!("{} yuan/m3", hundredths(one));
    for (amount, price) in [(first, two), (second, three)] {
        if amount > 0 {
            out += &format!(", {} from {amount} m3 on", hundredths(price));
        }
    }
    out
}

fn purchases(name: &str, value: &Purchases) -> String {
    let yuan = |fen| format!("{} yuan", hundredths(fen));
    match name {
        "purchase-number" => value.number.to_string(),
        "purchase-last" => yuan(value.last),
        "purchase-all" => yuan(value.all),
        _ => yuan(value.left),
    }
}
