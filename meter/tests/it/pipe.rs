//! Meters on a pipe: the register in cubic metres, the valve, and what locks it.

use crate::world::{World, now, order, pairing};
use gridcard_meter::{Consumption, Lock, Meter, Outcome, Profile, Sensed};
use keys::Suite;
use scheme::moment::Moment;
use scheme::money::Fen;

const DAY: i64 = 86_400;

/// A gas meter at 3.00 yuan a cubic metre and 1000 l/h, with so much in its purse.
fn gas(purse: u32) -> World {
    let mut world = World::new();
    let mut state = world.meter.state().clone();
    state.config.price = Fen(300);
    world.meter = Meter::from_state(state, pairing(Suite::Aes128)).unwrap().with_profile(Profile::Gas);
    world.sim.put(1, &order(1, purse));
    world.insert();
    assert_eq!(world.esam.balance, purse);
    world
}

fn later(seconds: i64) -> Moment {
    now().add_seconds(seconds).unwrap()
}

fn is_open(world: &World) -> bool {
    !world.meter.state().relay_open
}

fn events(world: &World) -> Vec<String> {
    let log = serde_json::to_value(&world.meter.state().events).unwrap();
    log.as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
}

fn locked(world: &World) -> Option<Lock> {
    world.meter.state().pipe.as_ref().unwrap().locked
}

#[test]
fn an_hour_of_a_cubic_metre_costs_one() {
    let mut world = gas(10_00);
    assert!(is_open(&world));
    assert_eq!(events(&world), ["credited", "valve-opened"]);
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(3600), now());
    assert_eq!((report.register, report.balance), (1_00, Fen(7_00)));
    let report = world.meter.consume(&mut world.esam, Consumption::Volume(50), now());
    assert_eq!((report.register, report.balance), (1_50, Fen(5_50)));
}

#[test]
fn the_valve_closes_at_the_end_of_money_and_opens_with_a_purchase() {
    let mut world = gas(3_00);
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(10 * 3600), now());
    assert!(report.drawn.cut && !is_open(&world));
    assert_eq!(world.meter.display().hint, "no gas until the next purchase is inserted");
    assert_eq!(events(&world), ["credited", "valve-opened", "valve-closed"]);
    world.power_cycle();
    world.sim.put(1, &order(2, 3_00));
    assert!(matches!(world.insert().outcome, Outcome::Credited { .. }));
    assert!(is_open(&world));
}

#[test]
fn a_low_battery_closes_the_valve_until_it_is_changed() {
    let mut world = gas(10_00);
    assert!(world.meter.sense(Sensed { battery_mv: Some(3300), ..Sensed::default() }, now()));
    assert!(is_open(&world), "weak is not low");
    assert!(world.meter.display().hint.contains("weak"));
    world.meter.sense(Sensed { battery_mv: Some(3000), ..Sensed::default() }, now());
    assert_eq!((is_open(&world), locked(&world)), (false, Some(Lock::Battery)));
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(3600), now());
    assert_eq!((report.register, report.balance), (0, Fen(10_00)), "nothing flows");
    world.power_cycle();
    world.sim.put(1, &order(2, 1_00));
    world.insert();
    assert!(!is_open(&world), "money does not charge a battery");
    world.meter.sense(Sensed { battery_mv: Some(3600), ..Sensed::default() }, now());
    assert!(is_open(&world));
    assert_eq!(
        events(&world),
        ["credited", "valve-opened", "locked", "valve-closed", "credited", "valve-opened"]
    );
}

#[test]
fn a_magnet_leaves_the_valve_closed_and_no_purchase_opens_it() {
    let mut world = gas(10_00);
    world.meter.sense(Sensed { magnet: Some(true), ..Sensed::default() }, now());
    world.meter.sense(Sensed { magnet: Some(false), ..Sensed::default() }, now());
    assert_eq!((is_open(&world), locked(&world)), (false, Some(Lock::Magnet)));
    world.sim.put(1, &order(2, 1_00));
    world.insert();
    world.power_cycle();
    assert!(!is_open(&world));
    assert!(world.meter.display().hint.contains("call the company"));
}

#[test]
fn silence_closes_the_valve_at_its_moment_and_a_purchase_ends_it() {
    let mut world = gas(500_00);
    // 90 days after the purchase, in the middle of a day of 1 m3 an hour.
    let report =
        world.meter.consume(&mut world.esam, Consumption::Seconds(86_400), later(90 * DAY + DAY / 2));
    assert!(report.drawn.cut);
    assert_eq!(report.register, 12_00, "half a day, to the second");
    assert_eq!((is_open(&world), locked(&world)), (false, Some(Lock::Silence)));
    world.sim.put(1, &order(2, 1_00));
    let at = later(91 * DAY);
    world.meter.insert(&mut world.esam, &mut world.sim, at, &mut crate::world::counting);
    assert!(is_open(&world));
}

#[test]
fn water_flows_however_long_nobody_asks() {
    let mut world = gas(500_00);
    let state = world.meter.state().clone();
    world.meter = Meter::from_state(state, pairing(Suite::Aes128)).unwrap().with_profile(Profile::Water);
    world.meter.consume(&mut world.esam, Consumption::Seconds(0), later(900 * DAY));
    assert!(is_open(&world));
    assert_eq!(world.meter.state().profile().supply(), "water");
}

#[test]
fn a_meter_of_electricity_has_no_battery_to_be_low() {
    let mut world = World::opened(10_00);
    assert!(
        !world.meter.sense(Sensed { battery_mv: Some(1), magnet: Some(true), ..Sensed::default() }, now())
    );
    assert!(is_open(&world));
}
