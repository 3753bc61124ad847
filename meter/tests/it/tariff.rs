//! Steps, tables that wait, and what lies on both sides of their time, against a clock that is walked second by second.

use crate::world::{World, now, pairing};
use gridcard_meter::tariff::{Tables, Tariff};
use gridcard_meter::{Consumption, Meter};
use keys::Suite;
use proptest::prelude::*;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::tariff::{PeriodDay, Price, Steps};

const HUNDREDTH: u128 = 36_000;

fn world(purse: u32, load: u32, tariff: Tariff) -> World {
    let mut world = World::opened(purse);
    let mut state = world.meter.state().clone();
    (state.config.load_w, state.tariff) = (load, tariff);
    world.meter = Meter::from_state(state, pairing(Suite::Aes128)).unwrap();
    world
}

fn later(seconds: i64) -> Moment {
    now().add_seconds(seconds).unwrap()
}

fn steps(amounts: &[u32], prices: &[u64]) -> Steps {
    let prices = prices.iter().copied().map(Price).collect();
    Steps { amounts: amounts.to_vec(), prices, days: Vec::new() }
}

fn stepped(steps: Steps) -> Tariff {
    let period = steps.period_at(now().seconds());
    Tariff { steps: Tables { current: steps, ..Tables::default() }, period, ..Tariff::default() }
}

#[test]
fn each_step_has_its_price() {
    // 1 kWh at 0.50, the next two at 0.60, what follows at 0.90 yuan.
    let mut world = world(10_00, 1000, stepped(steps(&[1_00, 3_00], &[5000, 6000, 9000])));
    let report = world.meter.consume(&mut world.esam, Consumption::Energy(5_00), now());
    assert_eq!(report.balance, Fen(10_00 - (50 + 2 * 60 + 2 * 90)));
    assert_eq!(report.register, 5_00);
}

#[test]
fn a_period_begins_the_steps_anew() {
    let mut table = steps(&[1_00], &[5000, 9000]);
    table.days = vec![PeriodDay { month: 11, day: 22, hour: 12 }];
    let mut world = world(20_00, 1000, stepped(table));
    world.meter.consume(&mut world.esam, Consumption::Energy(2_00), now());
    assert_eq!(world.esam.balance, 20_00 - 50 - 90);
    // 08:30 + 4 h is half an hour into the new period: 3.5 kWh at 0.90, and half a kWh at 0.50.
    world.meter.consume(&mut world.esam, Consumption::Seconds(4 * 3600), later(4 * 3600));
    assert_eq!(world.esam.balance, 20_00 - 50 - 90 - 315 - 25);
    world.meter.consume(&mut world.esam, Consumption::Energy(1_00), later(4 * 3600));
    assert_eq!(world.esam.balance, 20_00 - 50 - 90 - 315 - 25 - 25 - 45);
}

#[test]
fn a_table_that_waits_bills_from_its_time_on_and_not_before() {
    let rates =
        Tables { current: Price(5000), spare: Price(8000), from: Some(later(1800).seconds()), done: None };
    let mut world = world(10_00, 1000, Tariff { rates, ..Tariff::default() });
    assert_eq!(world.meter.state().price(now()), Price(5000));
    assert_eq!(world.meter.state().price(later(1800)), Price(8000));
    world.meter.consume(&mut world.esam, Consumption::Seconds(3600), later(3600));
    assert_eq!(world.esam.balance, 10_00 - 25 - 40, "half an hour at each price");
    world.meter.consume(&mut world.esam, Consumption::Energy(1_00), later(3600));
    assert_eq!(world.esam.balance, 10_00 - 25 - 40 - 80);
    // Its time stands in the file for ever; it took the other's place once.
    assert_eq!(world.meter.state().tariff.rates.done, Some(later(1800).seconds()));
    world.power_cycle();
    world.meter.consume(&mut world.esam, Consumption::Energy(1_00), later(7200));
    assert_eq!(world.esam.balance, 10_00 - 25 - 40 - 80 - 80);
}

#[test]
fn prices_below_a_fen_are_not_lost() {
    // 0.3333 yuan a kWh: three kWh are 99.99 fen.
    let rates = Tables { current: Price(3333), ..Tables::default() };
    let mut world = world(10_00, 1000, Tariff { rates, ..Tariff::default() });
    for _ in 0..3 {
        world.meter.consume(&mut world.esam, Consumption::Energy(1_00), now());
    }
    assert_eq!(world.esam.balance, 10_00 - 99);
    let due = world.meter.state().due;
    assert_eq!((due.fen, due.part, due.fine), (0, 3_564_000, 0), "0.99 fen");
    world.meter.consume(&mut world.esam, Consumption::Seconds(1), now());
    assert_eq!(world.meter.state().due.fine, 0);
    assert_eq!(world.esam.balance, 10_00 - 99, "0.9999 and 0.0092 fen are not yet due");
}

#[test]
fn a_flash_of_before_there_were_tables_is_read() {
    let world = World::opened(100);
    let mut text = serde_json::to_value(world.meter.state()).unwrap();
    let register = text["register"].as_object_mut().unwrap();
    let rest = register.remove("load_seconds").unwrap();
    register.insert("joules".into(), rest);
    assert!(text.get("tariff").is_none() && text["due"].get("fine").is_none(), "nothing is new in it");
    let state: gridcard_meter::MeterState = serde_json::from_value(text).unwrap();
    assert_eq!(&state, world.meter.state());
}

/// A tariff as the second-by-second clock knows it.
#[derive(Debug, Clone)]
struct Model {
    rates: Vec<(i64, u64)>,
    steps: Vec<(i64, Steps)>,
    load: u128,
    drawn: u128,
}

impl Model {
    /// Cost of seconds from one time to another, in 0.01 fen times load-second.
    fn cost(&mut self, from: i64, to: i64) -> u128 {
        let mut cost = 0;
        for second in from..to {
            let at = |times: &[i64]| times.iter().rposition(|time| *time <= second).unwrap();
            let rate = self.rates[at(&self.rates.iter().map(|(time, _)| *time).collect::<Vec<_>>())].1;
            let steps =
                self.steps[at(&self.steps.iter().map(|(time, _)| *time).collect::<Vec<_>>())].1.clone();
            if steps.period_after(second - 1) == Some(second) {
                self.drawn = 0;
            }
            let mut left = self.load;
            while left > 0 {
                let step =
                    steps.amounts.iter().filter(|end| u128::from(**end) * HUNDREDTH <= self.drawn).count();
                let end = steps.amounts.get(step).map(|end| u128::from(*end) * HUNDREDTH - self.drawn);
                let part = left.min(end.unwrap_or(left));
                cost += part * u128::from(rate + steps.prices[step].0);
                self.drawn += part;
                left -= part;
            }
        }
        cost
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever is drawn, across steps, a period's beginning and two tables that take the place of others: it costs what it costs second by
    /// second, and the same to the hundredth of a part of a fen however it is cut up.
    #[test]
    fn pieces_cost_what_the_whole_costs_and_each_second_its_price(
        load in 1_u32..4_000,
        pieces in prop::collection::vec(0_u64..1_500, 1..8),
        rates in prop::array::uniform2(0_u64..3_000),
        prices in prop::collection::vec(1_u64..9_000, 6),
        amounts in prop::collection::vec(1_u32..300, 4),
        switches in prop::array::uniform2(0_i64..6_000),
        hour in 8_u8..12,
    ) {
        let (first, second) = amounts.split_at(2);
        let sorted = |amounts: &[u32]| { let mut amounts = amounts.to_vec(); amounts.sort_unstable(); amounts };
        let table = |amounts: &[u32], prices: &[u64]| {
            let days = vec![PeriodDay { month: 11, day: 22, hour }];
            Steps { days, ..steps(&sorted(amounts), prices) }
        };
        let (one, two) = (table(first, &prices[..3]), table(second, &prices[3..]));
        let [rates_from, steps_from] = switches.map(|seconds| later(seconds).seconds());
        let tariff = Tariff {
            rates: Tables { current: Price(rates[0]), spare: Price(rates[1]), from: Some(rates_from), done: None },
            steps: Tables { current: one.clone(), spare: two.clone(), from: Some(steps_from), done: None },
            period: one.period_at(now().seconds()),
            ..Tariff::default()
        };
        let mut model = Model {
            rates: vec![(i64::MIN, rates[0]), (rates_from, rates[1])],
            steps: vec![(i64::MIN, one), (steps_from, two)],
            load: load.into(),
            drawn: 0,
        };
        let purse = 100_000_000;
        let mut cut = world(purse, load, tariff.clone());
        let mut at = 0;
        for seconds in &pieces {
            at += *seconds as i64;
            let report = cut.meter.consume(&mut cut.esam, Consumption::Seconds(*seconds), later(at));
            prop_assert!(!report.drawn.cut && report.failure.is_none());
        }
        let mut whole = world(purse, load, tariff);
        let report = whole.meter.consume(&mut whole.esam, Consumption::Seconds(pieces.iter().sum()), later(at));
        prop_assert_eq!(report.drawn.load_seconds, u128::from(load) * at as u128);
        let paid = |world: &World| {
            let due = world.meter.state().due;
            let rest = u128::from(due.part) * 100 + u128::from(due.fine);
            u128::from(u64::from(purse - world.esam.balance) + due.fen) * 360_000_000 + rest
        };
        prop_assert_eq!(paid(&whole), model.cost(now().seconds(), later(at).seconds()));
        prop_assert_eq!(paid(&cut), paid(&whole));
        prop_assert_eq!(&cut.meter.state().tariff, &whole.meter.state().tariff);
        prop_assert_eq!(cut.meter.state().register, whole.meter.state().register);
    }

    /// However the price climbs, what is owed when the purse runs out is less than the dearest quarter of an hour.
    #[test]
    fn no_fen_is_lost_when_the_purse_runs_out_on_a_step(
        load in 1_u32..20_000,
        prices in prop::collection::vec(1_u64..20_000, 3),
        amounts in prop::collection::vec(1_u32..500, 2),
        purse in 1_u32..2_000,
        seconds in 0_u64..1_000_000,
    ) {
        let mut sorted = amounts;
        sorted.sort_unstable();
        let mut world = world(purse, load, stepped(steps(&sorted, &prices)));
        let report = world.meter.consume(&mut world.esam, Consumption::Seconds(seconds), now());
        let dearest = prices.iter().max().unwrap();
        let quarter = u64::from(load) * 900 * dearest / 360_000_000 + 1;
        prop_assert!(report.due <= quarter, "{} due, a quarter costs {}", report.due, quarter);
        prop_assert!(report.relay_open || !report.drawn.cut);
        prop_assert_eq!(report.relay_open, report.balance == Fen(0));
        let debited: u32 = world.esam.debits.iter().sum();
        prop_assert_eq!(debited, purse - report.balance.0);
    }
}
