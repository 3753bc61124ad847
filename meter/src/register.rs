//! What the meter measures and what it costs: integers with carried remainders, so that a year of seconds
//! loses nothing [docs/specs/meter.md 2].

use scheme::money::Fen;
use serde::{Deserialize, Serialize};

/// Joules in the register's unit, 0.01 kWh.
const JOULES_PER_HUNDREDTH: u128 = 36_000;
/// Joules in a kWh, the unit of the price.
const JOULES_PER_KWH: u128 = 3_600_000;
/// The register shows 999999.99 kWh at most and then begins again.
const ROLLOVER: u128 = 100_000_000;
/// Seconds between two debits of the ESAM, and so the most that can be drawn on credit.
const TICK: u128 = 900;

/// How much was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumption {
    /// The meter's load for so many seconds.
    Seconds(u64),
    /// So many 0.01 kWh, whatever the load.
    Energy(u64),
}

/// Energy register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Whole units of 0.01 kWh.
    pub hundredths: u32,
    /// Joules beyond them, fewer than 36 000.
    pub joules: u32,
}

impl Register {
    fn add(&mut self, joules: u128) {
        let joules = u128::from(self.joules).saturating_add(joules);
        let units = u128::from(self.hundredths) + joules / JOULES_PER_HUNDREDTH;
        // Both fit: the remainders of divisions by 10^8 and 36 000.
        self.hundredths = (units % ROLLOVER) as u32;
        self.joules = (joules % JOULES_PER_HUNDREDTH) as u32;
    }
}

/// What was consumed and is not yet taken off the purse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// Whole fen.
    pub fen: u64,
    /// Part of a fen beyond them, in fen times joule per kWh: fewer than 3 600 000.
    pub part: u32,
}

impl Due {
    fn add(&mut self, joules: u128, price: Fen) {
        let cost = joules.saturating_mul(u128::from(price.0)).saturating_add(u128::from(self.part));
        self.fen = self.fen.saturating_add(u64::try_from(cost / JOULES_PER_KWH).unwrap_or(u64::MAX));
        self.part = (cost % JOULES_PER_KWH) as u32;
    }
}

/// What of a consumption really happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// Energy in joules.
    pub joules: u128,
    /// Less than was wanted: the relay opened before, or was open already.
    pub cut: bool,
}

/// Draws energy until the consumption is done or the purse is spent.
///
/// Every 15 minutes of load the meter looks whether `balance` still covers what is due. When it does not, the
/// relay opens there, so what is due exceeds the balance by less than one such quarter of an hour.
pub(crate) fn draw(
    register: &mut Register,
    due: &mut Due,
    wanted: Consumption,
    load_w: u32,
    price: Fen,
    balance: Fen,
) -> Drawn {
    let tick = u128::from(load_w) * TICK;
    let (joules, tick) = match wanted {
        Consumption::Seconds(seconds) => (u128::from(seconds) * u128::from(load_w), tick),
        // Without a load there is no quarter of an hour; the meter then looks at every 0.01 kWh.
        Consumption::Energy(units) => {
            (u128::from(units) * JOULES_PER_HUNDREDTH, if tick == 0 { JOULES_PER_HUNDREDTH } else { tick })
        }
    };
    let last = joules_until_spent(*due, price, balance, tick);
    let drawn = Drawn { joules: joules.min(last), cut: joules > last };
    register.add(drawn.joules);
    due.add(drawn.joules, price);
    drawn
}

/// Joules after which a look finds the purse spent: the first whole tick at which what is due reaches the
/// balance.
fn joules_until_spent(due: Due, price: Fen, balance: Fen, tick: u128) -> u128 {
    let left = u128::from(balance.0).saturating_sub(u128::from(due.fen));
    if left == 0 {
        return 0;
    }
    let per_tick = tick * u128::from(price.0);
    if per_tick == 0 {
        return u128::MAX; // free energy, or none
    }
    // left >= 1 fen, so this does not go below zero: part is less than one fen.
    let wanted = left * JOULES_PER_KWH - u128::from(due.part);
    wanted.div_ceil(per_tick).saturating_mul(tick)
}
