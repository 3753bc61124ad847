//! A purchase over each line with its physics, cut at byte after byte: in the end it must be as if nothing had happened.

use super::board::{Progress, Row};
use crate::bare::{Bank, City, Eye, LineFault, Seed, Site};
use keys::Suite;
use line::{Cut, FOREVER, Kind, Place, Setting, Spent};
use meter::port::Way;
use parties::trouble::{Context, Result, refused};
use scheme::money::Fen;
use scheme::order::Order;
use scheme::receipt::Receipt;
use scheme::signing::Mode;

/// Name of this proof in its rows.
const PROOF: &str = "lines";
/// What is bought.
const AMOUNT: Fen = Fen(20_00);
/// How often a line is tried at and past its limit.
const WEATHERS: u64 = 12;

/// A purchase that is to be carried.
struct Bench {
    bank: Bank,
    before: Site,
    order: Order,
    imsi: [u8; 9],
}

impl Bench {
    fn new(suite: Suite, seed: Seed) -> Result<Self> {
        let mut city = City::new(suite, seed)?;
        let sites = [city.site(0, Mode::Symmetric)?];
        let mut bank = city.bank(&sites)?;
        let [before] = sites;
        let order = bank.buy(&before, AMOUNT)?.order;
        bank.now = bank.now.add_seconds(60).context("a time")?;
        let imsi = before.imsi_file()?;
        Ok(Bench { bank, before, order, imsi })
    }

    /// Carries it over a line that is opened for it, in front of a meter that has power.
    fn carry(
        &mut self,
        eye: &mut Eye<'_>,
        kind: Kind,
        setting: &Setting,
        label: &str,
    ) -> Result<(Receipt, Spent)> {
        let mut line = kind.open(setting, eye, self.before.chance(label))?;
        let receipt = self.bank.carry(&mut *line, &self.order, &self.imsi)?;
        Ok((receipt, line.spent()))
    }

    /// A purchase that may break off, and the same words again over a good line. Gives whether the first was enough, and what is not as it
    /// must be.
    fn twice(&mut self, kind: Kind, setting: &Setting, label: &str) -> Result<(bool, bool, Option<String>)> {
        let (mut site, now) = (self.before.copy()?, self.bank.now);
        let mut eye = Eye::new(&mut site, Way::Infrared, now, LineFault::default());
        let first = self.carry(&mut eye, kind, setting, label).ok();
        let credited = eye.purse()?.count == 1;
        let second = self.carry(&mut eye, kind, &Setting::default(), "again");
        let receipt = match (second, &first) {
            (Ok((receipt, _)), _) => receipt,
            (Err(error), _) => {
                return Ok((first.is_some(), credited, Some(format!("the same again: {error}"))));
            }
        };
        let purse = eye.purse()?;
        let wrong = if (purse.balance, purse.total_credited, purse.count) != (AMOUNT, AMOUNT, 1) {
            Some(format!("purse {}, credited {}, count {}", purse.balance, purse.total_credited, purse.count))
        } else if (receipt.order, receipt.amount) != (self.order.id, AMOUNT) {
            Some(format!("another receipt: {receipt:?}"))
        } else if first.as_ref().is_some_and(|(before, _)| *before != receipt) {
            Some("the receipt that came again is another one".to_owned())
        } else {
            None
        };
        Ok((first.is_some(), credited, wrong))
    }
}

/// Cuts each line at every `step`-th byte of a purchase, and carries one at its limit and past it.
///
/// # Errors
/// The parties cannot be set up, or a purchase fails without any fault.
pub fn lines(suite: Suite, seed: Seed, step: usize, progress: Progress<'_>) -> Result<Vec<Row>> {
    let mut bench = Bench::new(suite, seed)?;
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let name = kind.name();
        progress(&format!("a purchase over {name}"));
        rows.push(cut(&mut bench, kind, step.max(1))?);
        rows.push(far(&mut bench, kind)?);
    }
    Ok(rows)
}

fn told(row: &mut Row, outcome: (bool, bool, Option<String>), how: &str) {
    match outcome {
        (_, _, Some(wrong)) => row.went_through(format!("{how}: {wrong}")),
        (true, _, None) => row.stopped("the line repaired it"),
        (false, true, None) => row.stopped("the same again brings the receipt and no money"),
        (false, false, None) => row.stopped("nothing had happened; the same again credits"),
    }
}

fn cut(bench: &mut Bench, kind: Kind, step: usize) -> Result<Row> {
    let name = kind.name();
    let mut row = Row::new(PROOF, format!("{name} cut at a byte of a purchase"));
    let whole = {
        let (mut site, now) = (bench.before.copy()?, bench.bank.now);
        let mut eye = Eye::new(&mut site, Way::Infrared, now, LineFault::default());
        let (receipt, spent) = bench.carry(&mut eye, kind, &Setting::default(), name)?;
        if receipt.order != bench.order.id {
            return Err(refused(format!("a purchase over {name} without any fault gives {receipt:?}")).into());
        }
        spent.on_air
    };
    for after in (0..whole).step_by(step) {
        let setting = Setting { place: Place::default(), cut: Some(Cut { after, lasts_us: FOREVER }) };
        let outcome = bench.twice(kind, &setting, name)?;
        told(&mut row, outcome, &format!("cut after byte {after} of {whole}"));
    }
    Ok(row)
}

/// From a bit over its range to past its end.
fn far(bench: &mut Bench, kind: Kind) -> Result<Row> {
    let mut row = Row::new(PROOF, format!("{} at the end of its range, and past it", kind.name()));
    for n in 0..WEATHERS {
        let noise = (5 * n) as u8;
        let place = Place { distance_cm: Some(kind.range_cm()), noise };
        let outcome = bench.twice(kind, &Setting { place, cut: None }, &format!("far {n}"))?;
        told(&mut row, outcome, &format!("at its range under a noise of {noise} %"));
    }
    Ok(row)
}
