//! What the meter's items hold at a moment.

use crate::mcu::MeterState;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use wire::dlt645::Address;
use wire::dlt645::items::{Form, Item};

/// What the meter knows when it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'m> {
    /// Its flash.
    pub state: &'m MeterState,
    /// The time.
    pub now: Moment,
    /// Whose meter it is, when the ESAM's parameters say so.
    pub customer: Option<CustomerNumber>,
    /// The most the ESAM takes into its purse.
    pub ceiling: Option<Fen>,
    /// Whether everything may be read, and not only what stands on the meter's display for anybody in front of it.
    pub open: bool,
}

/// Volts at the terminals, in 0.1 V: the emulated grid is at its nominal value.
const VOLTAGE: u64 = 2200;
/// 0.01 Hz.
const FREQUENCY: u64 = 5000;
/// UNSPECIFIED: bits of status word 3 as meters of the field have them: 4 the relay is open, 6 it was told to open, 9 prepayment in money.
const MONEY: u16 = 1 << 9;

/// Where the relay is, and what it was told: they differ where its contacts are welded.
fn relay_bits(state: &MeterState) -> u16 {
    let (stands, told) = (state.relay_open, state.actuator.wanted(state.relay_open));
    u16::from(stands) << 4 | u16::from(told) << 6
}

impl Facts<'_> {
    /// The meter's address on its port: its number.
    pub fn address(&self) -> Address {
        Address(self.state.config.number.0)
    }

    /// An item's bytes as they stand in DATA; `None` when the meter has no such data.
    pub fn value(&self, item: &Item) -> Option<Vec<u8>> {
        let state = self.state;
        // What a signed place is too small for is no value: it would be read as a negative one.
        let number = |value: u64| item.form.number(value);
        let watts = if state.relay_open { 0 } else { u64::from(state.config.load_w) };
        let digits = |bytes: &[u8]| Some(bytes.iter().rev().copied().collect::<Vec<u8>>());
        let bits = |bits: u16| Some(bits.to_le_bytes().to_vec());
        match item.name {
            // One price, so all of it is drawn at rate 1, and nothing is given back.
            "energy" | "energy-rate-1" | "energy-forward" | "energy-forward-rate-1" => {
                number(state.register.hundredths.into())
            }
            name if name.starts_with("energy-") => number(0),
            "balance" => number(u64::from(state.balance.0).saturating_sub(state.due.fen)),
            "overdraft" => number(state.due.fen.saturating_sub(state.balance.0.into())),
            "voltage-a" => number(VOLTAGE),
            // Watts over volts in thousandths: 10 000 W / 0.1 V.
            "current-a" => number(watts * 10_000 / VOLTAGE),
            "power" | "power-a" => number(watts * 10),
            "frequency" => number(FREQUENCY),
            "price" => number(state.price(self.now).0),
            "date" => {
                self.moment(&[3, 2, 1]).map(|[day, month, year]| vec![self.now.weekday(), day, month, year])
            }
            "time" => self.moment(&[6, 5, 4]).map(|bytes: [u8; 3]| bytes.to_vec()),
            "clock" => {
                let [second, minute, hour, day, month, year] = self.moment(&[6, 5, 4, 3, 2, 1])?;
                Some(vec![second, minute, hour, self.now.weekday(), day, month, year])
            }
            "rates" => number(1),
            "address" | "meter-number" => digits(&state.config.number.0),
            "customer-number" => digits(&self.customer?.0),
            "status-3" => bits(MONEY | relay_bits(state)),
            name if name.starts_with("status-") => bits(0),
            "overdraft-limit" => number(0),
            "hoard-limit" => number(self.ceiling?.0.into()),
            "software" => Some(text(concat!("gridcard ", env!("CARGO_PKG_VERSION")), item.form)),
            _ => None,
        }
    }

    /// Bytes of the time, by their places in `YYYYMMDDhhmmss`.
    fn moment<const N: usize>(&self, places: &[usize; N]) -> Option<[u8; N]> {
        Some(places.map(|place| self.now.0[place]))
    }
}

/// A text, its last character first, zeros behind it.
fn text(words: &str, form: Form) -> Vec<u8> {
    let mut out: Vec<u8> = words.bytes().rev().take(form.len()).collect();
    out.resize(form.len(), 0);
    out
}
