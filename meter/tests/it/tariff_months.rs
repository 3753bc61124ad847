//! Steps over months and days of settlement, and tables that wait while the meter sleeps or has no supply, against a reference that knows a
//! calendar of its own and goes minute by minute.

use crate::world::{World, now, pairing};
use gridcard_meter::tariff::{Tables, Tariff};
use gridcard_meter::{Consumption, Meter, Profile};
use keys::Suite;
use proptest::prelude::*;
use scheme::money::Fen;
use scheme::tariff::{PeriodDay, Price, Steps};

/// Load-seconds in 0.01 m3.
const HUNDREDTH: u64 = 36_000;
const PURSE: u32 = 2_000_000_000;

/// Wall-clock minutes, counted on by one with nothing but the lengths of months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wall {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
}

impl Wall {
    /// As the tests' [`now`] has it.
    const NOW: Wall = Wall { year: 2026, month: 11, day: 22, hour: 8, minute: 30 };

    fn days(self) -> u32 {
        match self.month {
            2 if self.year.is_multiple_of(4) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn tick(&mut self) {
        self.minute += 1;
        if self.minute == 60 {
            (self.minute, self.hour) = (0, self.hour + 1);
        }
        if self.hour == 24 {
            (self.hour, self.day) = (0, self.day + 1);
        }
        if self.day > self.days() {
            (self.day, self.month) = (1, self.month + 1);
        }
        if self.month > 12 {
            (self.month, self.year) = (1, self.year + 1);
        }
    }
}

/// What bills: amounts in 0.01 m3, prices in 0.01 fen, days on which a period begins.
#[derive(Debug, Clone)]
struct Table {
    amounts: Vec<u32>,
    prices: Vec<u64>,
    days: Vec<(u32, u32, u32)>,
}

impl Table {
    fn begins(&self, wall: Wall) -> bool {
        let is = |(month, day, hour): &(u32, u32, u32)| {
            (wall.month, wall.day, wall.hour, wall.minute) == (*month, *day, *hour, 0)
        };
        match self.days[..] {
            [] => (wall.day, wall.hour, wall.minute) == (1, 0, 0),
            _ => self.days.iter().any(is),
        }
    }

    fn steps(&self) -> Steps {
        Steps {
            amounts: self.amounts.clone(),
            prices: self.prices.iter().copied().map(Price).collect(),
            days: self
                .days
                .iter()
                .map(|(month, day, hour)| PeriodDay {
                    month: *month as u8,
                    day: *day as u8,
                    hour: *hour as u8,
                })
                .collect(),
        }
    }
}

struct Reference {
    wall: Wall,
    minute: i64,
    table: Table,
    spare: (i64, Table),
    rate: u64,
    spare_rate: (i64, u64),
    /// Load-seconds of the period.
    drawn: u64,
    /// In 0.01 fen times load-second per m3.
    cost: u128,
}

impl Reference {
    /// What happens at the beginning of this minute, before anything flows in it.
    fn turn(&mut self) {
        if self.minute == self.spare_rate.0 {
            self.rate = self.spare_rate.1;
        }
        // A period of the table that bills so far; the one that takes its place goes on with what was drawn.
        if self.table.begins(self.wall) {
            self.drawn = 0;
        }
        if self.minute == self.spare.0 {
            self.table = self.spare.1.clone();
            if self.table.begins(self.wall) {
                self.drawn = 0;
            }
        }
    }

    fn minutes(&mut self, minutes: i64, load: u64) {
        for _ in 0..minutes {
            let mut left = load * 60;
            while left > 0 {
                let place = self
                    .table
                    .amounts
                    .iter()
                    .filter(|end| u64::from(**end) * HUNDREDTH <= self.drawn)
                    .count();
                let room = self.table.amounts.get(place).map(|end| u64::from(*end) * HUNDREDTH - self.drawn);
                let part = left.min(room.unwrap_or(left));
                self.cost += u128::from(part) * u128::from(self.rate + self.table.prices[place]);
                self.drawn += part;
                left -= part;
            }
            self.wall.tick();
            self.minute += 1;
            self.turn();
        }
    }
}

/// A gas meter or one of electricity, with a load and a tariff.
fn world(load: u32, profile: Profile, tariff: Tariff) -> World {
    let mut world = World::opened(PURSE);
    let mut state = world.meter.state().clone();
    (state.config.load_w, state.tariff) = (load, tariff);
    world.meter = Meter::from_state(state, pairing(Suite::Aes128)).unwrap().with_profile(profile);
    world
}

fn paid(world: &World) -> u128 {
    let due = world.meter.state().due;
    let rest = u128::from(due.part) * 100 + u128::from(due.fine);
    u128::from(u64::from(PURSE - world.esam.balance) + due.fen) * 360_000_000 + rest
}

fn table() -> impl Strategy<Value = Table> {
    let days = prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(
            (prop_oneof![Just(12_u32), Just(1), Just(2), Just(3)], 1_u32..=28, 0_u32..24),
            1..=4
        ),
    ];
    (prop::collection::vec(1_u32..60_00, 0..=3), prop::collection::vec(0_u64..60_000, 4), days).prop_map(
        |(mut amounts, mut prices, mut days)| {
            amounts.sort_unstable();
            prices.truncate(amounts.len() + 1);
            days.sort_unstable();
            days.dedup();
            Table { amounts, prices, days }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Flow and pauses over four months, the meter without its supply in some of them: each minute costs what it costs by the reference.
    #[test]
    fn months_cost_what_a_calendar_of_its_own_says(
        tables in prop::array::uniform2(table()),
        rates in prop::array::uniform2(0_u64..30_000),
        switches in prop::array::uniform2(1_i64..150_000),
        load in prop_oneof![Just(20_u32), Just(60), Just(150), Just(997)],
        stretches in prop::collection::vec((0_i64..6_000, 0_i64..20_000, any::<bool>()), 1..12),
        profile in prop_oneof![Just(Profile::Water), Just(Profile::Electricity)],
    ) {
        let [table, spare] = tables;
        let at = |minutes: i64| now().add_seconds(60 * minutes).unwrap();
        let tariff = Tariff {
            rates: Tables {
                current: Price(rates[0]), spare: Price(rates[1]), from: Some(at(switches[0]).seconds()), done: None,
            },
            steps: Tables {
                current: table.steps(), spare: spare.steps(), from: Some(at(switches[1]).seconds()), done: None,
            },
            period: table.steps().period_at(now().seconds()),
            ..Tariff::default()
        };
        let mut world = world(load, profile, tariff);
        let mut reference = Reference {
            wall: Wall::NOW, minute: 0, table, spare: (switches[1], spare), rate: rates[0],
            spare_rate: (switches[0], rates[1]), drawn: 0, cost: 0,
        };
        let mut minute = 0;
        for (flows, rests, without_supply) in stretches {
            // Water that flows for two days is a pipe that broke: this one flows for less at a time.
            let flows = if profile == Profile::Water { flows % 2_800 } else { flows };
            minute += flows;
            let report = world.meter.consume(&mut world.esam, Consumption::Seconds(60 * flows as u64), at(minute));
            prop_assert!(!report.drawn.cut && report.failure.is_none());
            reference.minutes(flows, load.into());
            prop_assert_eq!(paid(&world), reference.cost, "after {} minutes", minute);
            // It sleeps, or is without its supply; what was to happen meanwhile has happened when it wakes.
            let rests = rests.max(1);
            minute += rests;
            reference.minutes(rests, 0);
            if without_supply {
                world.power_cycle();
            }
        }
        world.meter.consume(&mut world.esam, Consumption::Seconds(0), at(minute));
        let state = world.meter.state();
        prop_assert_eq!(u64::from(state.config.load_w), u64::from(load));
        prop_assert_eq!(state.tariff.drawn, reference.drawn);
        let steps = reference.table.steps();
        prop_assert_eq!(&state.tariff.steps.current, &steps);
        let (step, _) = steps.at(reference.drawn.into(), HUNDREDTH.into());
        prop_assert_eq!(state.price(at(minute)), Price(reference.rate + step.0));
    }
}

/// The very second of a spare table: the second before costs the old price, the next the new one, whether the meter looked or not.
#[test]
fn a_meter_that_slept_over_the_time_of_a_table_used_it_from_its_second_on() {
    let from = now().add_seconds(40 * 86_400 + 61).unwrap();
    let rates =
        Tables { current: Price(36_000), spare: Price(72_000), from: Some(from.seconds()), done: None };
    let tariff = Tariff { rates, ..Tariff::default() };
    // 1000 l/h at 3.60 yuan: a second is 0.1 fen.
    for (seconds, ends, fen) in [(1000, 0, 100), (1000, 1, 100), (1000, 500, 150), (1000, 1000, 200)] {
        let mut world = world(1000, Profile::Gas, tariff.clone());
        let mut state = world.meter.state().clone();
        state.pipe.as_mut().unwrap().silence_days = 0;
        world.meter = Meter::from_state(state, pairing(Suite::Aes128)).unwrap();
        world.power_cycle();
        let at = from.add_seconds(ends).unwrap();
        world.meter.consume(&mut world.esam, Consumption::Seconds(seconds), at);
        assert_eq!(Fen(PURSE - world.esam.balance), Fen(fen), "{ends} seconds into it");
        let done = world.meter.state().tariff.rates.done;
        assert_eq!(done, Some(from.seconds()), "{ends}");
    }
    let mut before = world(1000, Profile::Gas, tariff);
    before.meter.consume(&mut before.esam, Consumption::Seconds(0), from.add_seconds(-1).unwrap());
    assert_eq!(before.meter.state().tariff.rates.done, None);
}
