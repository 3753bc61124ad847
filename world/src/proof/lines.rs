//! A purchase over each line with its physics, cut at byte after byte: in the end it must be as if nothing had happened.

use super::board::{Progress, Row};
use crate::bare::{Bank, City, Eye, LineFault, Seed, Site};
use keys::Suite;
use line::light::{Format, Parity};
use line::served::Served;
use line::{Cut, FOREVER, Kind, Other, Phone, Place, Setting, Spent};
use meter::port::Way;
use parties::trouble::{Context, Result, refused};
use scheme::money::Fen;
use scheme::order::Order;
use scheme::receipt::Receipt;
use scheme::signing::Mode;
use std::collections::VecDeque;
use std::time::Duration;
use wire::{ByteLink, LinkError};

/// Name of this proof in its rows.
const PROOF: &str = "lines";
/// What is bought.
const AMOUNT: Fen = Fen(20_00);
/// How often a line is tried at and past its limit.
const WEATHERS: u64 = 12;
/// Moments at which another phone comes.
const OTHERS: u64 = 40;
/// A line that another program speaks over is cut at so many times fewer bytes: its bytes are those of the line itself.
const SERVED: usize = 8;
/// How long such a program takes to look, in microseconds.
const LOOK: u64 = 10_000;

/// How a purchase is carried.
#[derive(Debug, Clone, Default)]
struct How {
    setting: Setting,
    /// Set otherwise than meters are.
    phone: Phone,
    /// By a program that speaks in its own time.
    served: bool,
}

impl How {
    fn at(setting: Setting) -> Self {
        How { setting, ..How::default() }
    }
}

/// A program at a served line, and its clock.
struct Program<'l> {
    line: Served<'l>,
    now: u64,
    said: VecDeque<u8>,
}

impl ByteLink for Program<'_> {
    fn send(&mut self, bytes: &[u8]) -> core::result::Result<(), LinkError> {
        self.now += LOOK;
        self.line.hear(bytes, self.now)
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> core::result::Result<usize, LinkError> {
        let until = self.now.saturating_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX));
        while self.said.is_empty() && self.now < until {
            self.now += LOOK;
            self.said.extend(self.line.said(self.now)?);
        }
        Ok(line::spent::hand_over(&mut self.said, buffer))
    }
}

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
    fn carry(&mut self, eye: &mut Eye<'_>, kind: Kind, how: &How, label: &str) -> Result<(Receipt, Spent)> {
        let chance = self.before.chance(label);
        let mut line = kind.open_among(&how.setting, &how.phone, vec![eye], chance)?;
        if how.served {
            let mut program = Program { line: Served::new(line), now: 0, said: VecDeque::new() };
            let receipt = self.bank.carry(&mut program, &self.order, &self.imsi)?;
            return Ok((receipt, program.line.spent()));
        }
        let receipt = self.bank.carry(&mut *line, &self.order, &self.imsi)?;
        Ok((receipt, line.spent()))
    }

    /// A purchase that may break off, and the same words again over a good line. Gives whether the first was enough, and what is not as it
    /// must be.
    fn twice(&mut self, kind: Kind, how: &How, label: &str) -> Result<(bool, bool, Option<String>)> {
        let (mut site, now) = (self.before.copy()?, self.bank.now);
        let mut eye = Eye::new(&mut site, Way::Infrared, now, LineFault::default());
        let first = self.carry(&mut eye, kind, how, label).ok();
        let credited = eye.purse()?.count == 1;
        let second = self.carry(&mut eye, kind, &How::default(), "again");
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

/// Cuts each line at every `step`-th byte of a purchase, carries one at its limit and past it, and with another phone, another program or a
/// phone that is set wrong at its end.
///
/// # Errors
/// The parties cannot be set up, or a purchase fails without any fault.
pub fn lines(suite: Suite, seed: Seed, step: usize, progress: Progress<'_>) -> Result<Vec<Row>> {
    let mut bench = Bench::new(suite, seed)?;
    let (mut rows, step) = (Vec::new(), step.max(1));
    for kind in Kind::ALL {
        let name = kind.name();
        progress(&format!("a purchase over {name}"));
        rows.push(cut(&mut bench, kind, step, false)?);
        rows.push(far(&mut bench, kind)?);
        if let Some(beam) = kind.beam_deg() {
            rows.push(askew(&mut bench, kind, beam)?);
        }
        rows.push(beside(&mut bench, kind)?);
        rows.push(cut(&mut bench, kind, SERVED * step, true)?);
    }
    rows.push(wrongly_set(&mut bench)?);
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

/// What a purchase takes that nothing goes wrong with.
fn whole(bench: &mut Bench, kind: Kind, how: &How) -> Result<Spent> {
    let (mut site, now) = (bench.before.copy()?, bench.bank.now);
    let mut eye = Eye::new(&mut site, Way::Infrared, now, LineFault::default());
    let (receipt, spent) = bench.carry(&mut eye, kind, how, kind.name())?;
    if receipt.order != bench.order.id {
        let name = kind.name();
        return Err(refused(format!("a purchase over {name} without any fault gives {receipt:?}")).into());
    }
    Ok(spent)
}

fn cut(bench: &mut Bench, kind: Kind, step: usize, served: bool) -> Result<Row> {
    let name = kind.name();
    let whose = if served { " under another program" } else { "" };
    let mut row = Row::new(PROOF, format!("{name}{whose} cut at a byte of a purchase"));
    let how = How { served, ..How::default() };
    let whole = whole(bench, kind, &how)?.on_air;
    for after in (0..whole).step_by(step) {
        let setting = Setting { cut: Some(Cut { after, lasts_us: FOREVER }), ..Setting::default() };
        let outcome = bench.twice(kind, &How { setting, ..how.clone() }, name)?;
        told(&mut row, outcome, &format!("cut after byte {after} of {whole}"));
    }
    Ok(row)
}

/// From a bit over its range to past its end.
fn far(bench: &mut Bench, kind: Kind) -> Result<Row> {
    let mut row = Row::new(PROOF, format!("{} at the end of its range, and past it", kind.name()));
    for n in 0..WEATHERS {
        let noise = (5 * n) as u8;
        let place = Place { distance_cm: Some(kind.range_cm()), noise, ..Place::default() };
        let outcome = bench.twice(kind, &How::at(Setting::at(place)), &format!("far {n}"))?;
        told(&mut row, outcome, &format!("at its range under a noise of {noise} %"));
    }
    Ok(row)
}

/// From the edge of its beam to past the meter, at half of its range.
fn askew(bench: &mut Bench, kind: Kind, beam: u16) -> Result<Row> {
    let mut row = Row::new(PROOF, format!("{} askew, to past the meter", kind.name()));
    for n in 0..WEATHERS as u16 {
        let angle_deg = beam + (beam * n).div_ceil(WEATHERS as u16 - 1);
        let place = Place { angle_deg, ..Place::default() };
        let outcome = bench.twice(kind, &How::at(Setting::at(place)), &format!("askew {n}"))?;
        told(&mut row, outcome, &format!("at {angle_deg} degrees"));
    }
    Ok(row)
}

/// Another phone at any time of a purchase, and before it.
fn beside(bench: &mut Bench, kind: Kind) -> Result<Row> {
    let mut row = Row::new(PROOF, format!("{} with another phone at the meter", kind.name()));
    let whole = whole(bench, kind, &How::default())?.us;
    for n in 0..OTHERS {
        let other = Some(Other::at(whole * n / OTHERS));
        let setting = Setting { other, ..Setting::default() };
        let outcome = bench.twice(kind, &How::at(setting), &format!("beside {n}"))?;
        told(&mut row, outcome, &format!("another phone at {other:?}"));
    }
    Ok(row)
}

/// Light of another speed or parity, and another application's name.
fn wrongly_set(bench: &mut Bench) -> Result<Row> {
    let mut row = Row::new(PROOF, "a phone of another speed, parity or application");
    let usual = Phone::default();
    for bits_per_s in [300, 600, 1200, 2400, 4800, 9600] {
        for parity in [Parity::Even, Parity::Odd, Parity::None] {
            let format = Format { bits_per_s, parity };
            if format == usual.format {
                continue;
            }
            let how = How { phone: Phone { format, ..usual.clone() }, ..How::default() };
            let outcome = bench.twice(Kind::Infrared, &how, "set")?;
            told(&mut row, outcome, &format!("{format:?}"));
        }
    }
    for cut in 0..usual.aid.len() {
        let aid = usual.aid.iter().take(cut).copied().chain([0xA0]).collect();
        let how = How { phone: Phone { aid, ..usual.clone() }, ..How::default() };
        let outcome = bench.twice(Kind::Nfc, &how, "application")?;
        told(&mut row, outcome, &format!("the first {cut} bytes of the application's name"));
    }
    Ok(row)
}
