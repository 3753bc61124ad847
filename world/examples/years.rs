//! How fast the world of `prove world` lives: days of a meter a second, on one core.
//!
//! Usage: years DAYS METERS [SEED]

#![allow(clippy::print_stdout, reason = "its answer")]

use gridcard_world::Suite;
use gridcard_world::bare::Seed;
use gridcard_world::proof::{Years, years};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let &[days, meters, ref seed @ ..] = &numbers[..] else { return Err("years DAYS METERS [SEED]".into()) };
    let seed = Seed(seed.first().copied().unwrap_or(1));
    let what = Years {
        suite: Suite::Sm4,
        seed,
        days: u32::try_from(days)?,
        meters: u32::try_from(meters)?,
        calm: false,
    };
    // The making of cards is not life.
    let mut begun = Instant::now();
    let lived = years(&what, &mut |what| {
        if what.starts_with("day 10 ") {
            begun = Instant::now();
        }
    });
    let lived = lived.map_err(|error| error.to_string())?;
    let seconds = begun.elapsed().as_secs_f64();
    let lived_days = f64::from(lived.days.saturating_sub(10)) * f64::from(lived.meters);
    println!(
        "{} meters, {} days, seed {}: {} events, {} faults, {} violations; {:.0} days of a meter a second",
        lived.meters,
        lived.days,
        lived.seed,
        lived.events,
        lived.faults_in_all(),
        lived.violations.len(),
        lived_days / seconds
    );
    lived.faults.iter().for_each(|(name, n)| println!("{n:8}  {name}"));
    lived.violations.iter().for_each(|violation| println!("{violation}"));
    Ok(())
}
