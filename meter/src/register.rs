//! What the meter measures and what it costs: integers with carried remainders, so that a year of seconds
//! loses nothing [docs/specs/meter.md 2].
//!
//! The finest unit is the load-second: a load is watts or litres an hour, so 36 000 load-seconds are 0.01 kWh (joules) as well as
//! 0.01 m3, and 3 600 000 are what the price is for.

use crate::tariff::{PER_HUNDREDTH, Stretch, Tariff, Walk};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::tariff::Price;
use serde::{Deserialize, Serialize};

/// Load-seconds in the unit of the price, a kWh or a cubic metre.
const PER_UNIT: u128 = 3_600_000;
/// The register shows 999999.99 at most and then begins again.
const ROLLOVER: u128 = 100_000_000;
/// Seconds between two debits of the ESAM, and so the most that can be drawn on credit.
const TICK: u128 = 900;

/// How much was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumption {
    /// The meter's load for so many seconds, which end now.
    Seconds(u64),
    /// So many 0.01 kWh, whatever the load.
    Energy(u64),
    /// So many 0.01 m3, whatever the load.
    Volume(u64),
}

/// Register of energy or volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Whole units of 0.01 kWh or 0.01 m3.
    pub hundredths: u32,
    /// Load-seconds beyond them, fewer than 36 000.
    #[serde(alias = "joules")]
    pub load_seconds: u32,
}

impl Register {
    fn add(&mut self, load_seconds: u128) {
        let sum = u128::from(self.load_seconds).saturating_add(load_seconds);
        let units = u128::from(self.hundredths) + sum / PER_HUNDREDTH;
        // Both fit: the remainders of divisions by 10^8 and 36 000.
        self.hundredths = (units % ROLLOVER) as u32;
        self.load_seconds = (sum % PER_HUNDREDTH) as u32;
    }
}

/// What was consumed and is not yet taken off the purse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// Whole fen.
    pub fen: u64,
    /// Part of a fen beyond them, in fen times load-second per unit of the price: fewer than 3 600 000.
    pub part: u32,
    /// Hundredths of that part, fewer than 100: prices of tables have two digits more than a fen.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fine: u8,
}

const fn is_zero(fine: &u8) -> bool {
    *fine == 0
}

impl Due {
    /// What is there beyond whole fen, in 0.01 fen times load-second.
    fn rest(self) -> u128 {
        u128::from(self.part) * 100 + u128::from(self.fine)
    }

    fn add(&mut self, load_seconds: u128, price: Price) {
        let cost = load_seconds.saturating_mul(u128::from(price.0)).saturating_add(self.rest());
        let (fen, rest) = (cost / FEN, cost % FEN);
        self.fen = self.fen.saturating_add(u64::try_from(fen).unwrap_or(u64::MAX));
        // Below 3 600 000 and below 100.
        (self.part, self.fine) = ((rest / 100) as u32, (rest % 100) as u8);
    }
}

/// A fen, in 0.01 fen times load-second.
const FEN: u128 = PER_UNIT * 100;

/// What of a consumption really happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// In load-seconds: joules, or a 3600th of a litre.
    pub load_seconds: u128,
    /// Less than was wanted: the supply was cut before, or was cut already.
    pub cut: bool,
}

/// A meter's supply: what is drawn at, and what there is to pay it with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Supply {
    pub(crate) load: u32,
    /// Price where no table names one.
    pub(crate) price: Fen,
    pub(crate) balance: Fen,
    pub(crate) now: Moment,
    /// When it is cut whatever the purse holds.
    pub(crate) until: Option<i64>,
    /// Whether it can be cut: relay or valve do what they are told.
    pub(crate) obeys: bool,
}

/// Draws until the consumption is done or the purse is spent.
///
/// Every 15 minutes of load the meter looks whether the balance still covers what is due. When it does not, the
/// supply is cut there, so what is due exceeds the balance by less than one such quarter of an hour.
pub(crate) fn draw(
    register: &mut Register,
    due: &mut Due,
    tariff: &mut Tariff,
    wanted: Consumption,
    supply: &Supply,
) -> Drawn {
    let tick = u128::from(supply.load) * TICK;
    let (all, tick) = match wanted {
        Consumption::Seconds(seconds) => (u128::from(seconds) * u128::from(supply.load), tick),
        // Without a load there is no quarter of an hour; the meter then looks at every unit of its register.
        Consumption::Energy(units) | Consumption::Volume(units) => {
            (u128::from(units) * PER_HUNDREDTH, if tick == 0 { PER_HUNDREDTH } else { tick })
        }
    };
    let mut walk = Walk::new(std::mem::take(tariff), supply.price.into(), all, supply.load, supply.now);
    let locked = supply
        .until
        .filter(|until| *until <= supply.now.seconds())
        .map_or(u128::MAX, |until| walk.place(until));
    let last = if supply.obeys {
        until_spent(walk.clone(), *due, supply.balance, tick).min(locked)
    } else {
        u128::MAX
    };
    let drawn = Drawn { load_seconds: all.min(last), cut: all > last };
    register.add(drawn.load_seconds);
    let mut left = drawn.load_seconds;
    while let Some(stretch) = walk.next(left) {
        left -= stretch.load_seconds;
        due.add(stretch.load_seconds, stretch.price);
    }
    *tariff = walk.tariff;
    tariff.advance(supply.now);
    drawn
}

/// Load-seconds after which a look finds the purse spent: the first whole tick at which what is due reaches the
/// balance.
fn until_spent(mut walk: Walk, due: Due, balance: Fen, tick: u128) -> u128 {
    let left = u128::from(balance.0).saturating_sub(u128::from(due.fen));
    if left == 0 {
        return 0;
    }
    // left >= 1 fen, so this does not go below zero: the rest is less than one fen.
    let (mut wanted, mut drawn) = (left * FEN - due.rest(), 0_u128);
    while let Some(Stretch { load_seconds, price }) = walk.next(u128::MAX) {
        let price = u128::from(price.0);
        let needed = if price == 0 { u128::MAX } else { wanted.div_ceil(price) };
        if needed <= load_seconds {
            let spent = drawn + needed;
            return spent.div_ceil(tick.max(1)).saturating_mul(tick.max(1));
        }
        // Less than what is wanted, so it fits.
        wanted -= load_seconds.saturating_mul(price);
        drawn += load_seconds;
    }
    u128::MAX
}
