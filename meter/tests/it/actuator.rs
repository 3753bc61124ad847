//! Valves that stick, stop on their way or leak, relays whose contacts are welded: what the meter says of them, what it goes on trying, and
//! that what flows is paid.

use crate::world::{World, now, order, pairing};
use gridcard_meter::actuator::{AGAIN_S, Cause, MOTOR_LEAST_MV, TRIES};
use gridcard_meter::{Consumption, Lock, Meter, MeterState, Profile, Sensed, Stuck, cjt188};
use keys::Suite;
use proptest::prelude::*;
use scheme::moment::Moment;
use scheme::money::Fen;

/// A meter at 3.00 yuan a cubic metre and 1000 l/h, with so much in its purse.
fn piped(profile: Profile, purse: u32) -> World {
    let mut world = World::new();
    let mut state = world.meter.state().clone();
    state.config.price = Fen(300);
    world.meter = Meter::from_state(state, pairing(Suite::Aes128)).unwrap().with_profile(profile);
    world.sim.put(1, &order(1, purse));
    world.insert();
    world
}

fn later(seconds: i64) -> Moment {
    now().add_seconds(seconds).unwrap()
}

fn stuck(world: &World) -> Option<Stuck> {
    world.meter.state().actuator.stuck()
}

fn cause(world: &World) -> Option<Cause> {
    stuck(world).map(|stuck| stuck.cause)
}

fn locked(world: &World) -> Option<Lock> {
    world.meter.state().pipe.as_ref().unwrap().locked
}

fn is_open(world: &World) -> bool {
    !world.meter.state().relay_open
}

/// The two bits that a reader is told.
fn valve(world: &World) -> u8 {
    cjt188::status(world.meter.state()).valve
}

fn jam(world: &mut World, is: bool, at: Moment) {
    assert!(world.meter.sense(Sensed { jammed: Some(is), ..Sensed::default() }, at));
}

fn battery(world: &mut World, mv: u16, at: Moment) {
    assert!(world.meter.sense(Sensed { battery_mv: Some(mv), ..Sensed::default() }, at));
}

/// Events behind the first purchase, as `name cause wanted`.
fn events(world: &World) -> Vec<String> {
    let log = serde_json::to_value(&world.meter.state().events).unwrap();
    let word = |event: &serde_json::Value, name: &str| {
        event.get(name).and_then(|word| word.as_str()).map(|word| format!(" {word}")).unwrap_or_default()
    };
    let events = log.as_array().unwrap().iter().skip(2);
    events
        .map(|event| {
            format!("{}{}{}", event["event"].as_str().unwrap(), word(event, "cause"), word(event, "wanted"))
        })
        .collect()
}

fn hours(world: &mut World, hours: u64, at: Moment) -> u64 {
    let before = world.meter.state().register.hundredths;
    world.meter.consume(&mut world.esam, Consumption::Seconds(3600 * hours), at);
    u64::from(world.meter.state().register.hundredths - before)
}

#[test]
fn a_valve_that_sticks_open_is_told_tried_again_and_what_flows_is_owed() {
    let mut world = piped(Profile::Gas, 3_00);
    jam(&mut world, true, now());
    assert_eq!((stuck(&world), valve(&world)), (None, 0), "nobody has tried it yet");
    // An hour is paid; the valve does not close, and two hours more flow.
    assert_eq!(hours(&mut world, 3, later(3 * 3600)), 3_00);
    assert_eq!((is_open(&world), valve(&world)), (true, 3));
    let found = stuck(&world).unwrap();
    assert_eq!((found.to_cut, found.cause, found.tries), (true, Cause::Jammed, TRIES));
    assert_eq!((world.esam.balance, world.meter.debt()), (0, 6_00), "what flowed is owed");
    assert_eq!(events(&world), ["stuck jammed cut"]);
    assert!(world.meter.display().hint.contains("does not move"));
    assert!(world.meter.state().is_alarmed());
    // Without a reason it is tried again an hour later, and the event is not told again.
    for (at, tries) in [(3 * 3600 + 10, TRIES), (3 * 3600 + AGAIN_S, 2 * TRIES)] {
        world.meter.sense(Sensed::default(), later(at));
        assert_eq!(stuck(&world).unwrap().tries, tries);
    }
    assert_eq!(events(&world), ["stuck jammed cut"]);
    // It is freed: the next try closes it, and all that was drawn is owed.
    jam(&mut world, false, later(5 * 3600));
    assert_eq!((is_open(&world), valve(&world), stuck(&world)), (false, 1, None));
    assert!(!world.meter.state().is_alarmed(), "a purse that is spent is no alarm");
    assert_eq!(events(&world), ["stuck jammed cut", "valve-closed"]);
    assert_eq!(hours(&mut world, 3, later(9 * 3600)), 0);
    world.power_cycle();
    world.sim.put(1, &order(2, 10_00));
    world.insert();
    assert_eq!((world.esam.balance, is_open(&world)), (4_00, true), "6.00 were owed");
}

#[test]
fn a_valve_that_sticks_closed_is_not_taken_for_open() {
    let mut world = piped(Profile::Gas, 3_00);
    hours(&mut world, 3, later(3 * 3600));
    assert!(!is_open(&world));
    jam(&mut world, true, later(3 * 3600));
    world.power_cycle();
    world.sim.put(1, &order(2, 10_00));
    world.insert();
    assert_eq!((is_open(&world), valve(&world), cause(&world)), (false, 3, Some(Cause::Jammed)));
    assert_eq!(hours(&mut world, 1, later(5 * 3600)), 0);
    assert_eq!(world.esam.balance, 10_00, "money in the purse, and none of it is taken");
    assert!(events(&world).contains(&"stuck jammed supply".to_owned()));
    // Power lost and found changes nothing of it; a purchase tries at once.
    world.power_cycle();
    jam(&mut world, false, later(5 * 3600 + 1));
    assert_eq!(valve(&world), 3, "the hour is not over, and nobody asked");
    world.sim.put(2, &order(3, 1_00));
    world.meter.insert(&mut world.esam, &mut world.sim, later(5 * 3600 + 2), &mut crate::world::counting);
    assert_eq!((is_open(&world), valve(&world)), (true, 0));
}

#[test]
fn a_battery_that_gives_out_on_the_way_leaves_the_valve_between_its_ends() {
    let mut world = piped(Profile::Gas, 10_00);
    battery(&mut world, MOTOR_LEAST_MV, now());
    assert_eq!((is_open(&world), valve(&world), cause(&world)), (true, 3, Some(Cause::Battery)));
    assert_eq!(locked(&world), Some(Lock::Battery));
    assert_eq!(events(&world), ["locked battery", "stuck battery cut"]);
    assert_eq!(hours(&mut world, 1, later(3600)), 1_00, "it is not closed, so it flows, and is counted");
    world.power_cycle();
    // A better one closes the valve first if it is low still, and a new one opens it.
    battery(&mut world, 2900, later(2 * 3600 + 1));
    assert_eq!((is_open(&world), valve(&world)), (false, 1));
    battery(&mut world, 3600, later(2 * 3600 + 2));
    assert_eq!((is_open(&world), valve(&world)), (true, 0));
}

#[test]
fn a_meter_that_loses_its_supply_while_the_valve_moves_does_not_take_it_for_moved() {
    let mut world = piped(Profile::Gas, 3_00);
    let kept = std::rc::Rc::new(std::cell::RefCell::new(Vec::<MeterState>::new()));
    let keeps = std::rc::Rc::clone(&kept);
    world.meter.keep_with(Box::new(move |meter| {
        keeps.borrow_mut().push(meter.state().clone());
        Ok(())
    }));
    hours(&mut world, 3, later(3 * 3600));
    assert!(!is_open(&world));
    // What the flash had when the motor began: the supply goes there.
    let flash = kept.borrow().last().unwrap().clone();
    let mut again = Meter::from_state(flash, pairing(Suite::Aes128)).unwrap();
    assert!(!again.state().relay_open);
    assert_eq!(cjt188::status(again.state()).valve, 3, "also before it does anything");
    again.sense(Sensed { jammed: Some(true), ..Sensed::default() }, later(3 * 3600 + 5));
    assert_eq!(cjt188::status(again.state()).valve, 3, "nobody saw it come to its end");
    again.sense(Sensed { jammed: Some(false), ..Sensed::default() }, later(5 * 3600));
    assert!(again.state().relay_open && again.state().actuator.stuck().is_none());
}

#[test]
fn a_valve_opens_when_the_flash_has_it_and_closes_without() {
    let mut world = piped(Profile::Gas, 3_00);
    hours(&mut world, 3, later(3 * 3600));
    world.sim.put(1, &order(2, 10_00));
    world.meter.sense(Sensed { magnet: Some(true), ..Sensed::default() }, later(3 * 3600));
    world.insert();
    world.meter.keep_with(Box::new(|_| Err("the flash is worn".into())));
    assert!(!is_open(&world) && locked(&world) == Some(Lock::Magnet));
    let mut open = piped(Profile::Gas, 3_00);
    open.meter.keep_with(Box::new(|_| Err("the flash is worn".into())));
    open.meter.sense(Sensed { magnet: Some(true), ..Sensed::default() }, now());
    assert!(!is_open(&open), "to close is the safe end");
    let mut closed = piped(Profile::Gas, 3_00);
    battery(&mut closed, 2900, now());
    closed.meter.keep_with(Box::new(|_| Err("the flash is worn".into())));
    battery(&mut closed, 3600, now());
    assert!(!is_open(&closed), "and to open is not");
}

#[test]
fn a_valve_that_stood_still_for_a_month_is_moved_before_it_has_to_close() {
    let mut world = piped(Profile::Water, 100_00);
    jam(&mut world, true, now());
    assert_eq!(stuck(&world), None, "it moved this month");
    let next = Moment::new([0x20, 0x26, 0x12, 0x01, 0x00, 0x00, 0x00]).unwrap();
    world.meter.consume(&mut world.esam, Consumption::Seconds(60), next);
    let found = stuck(&world).unwrap();
    assert_eq!((found.to_cut, found.cause, is_open(&world)), (false, Cause::Jammed, true));
    assert_eq!(valve(&world), 3);
    jam(&mut world, false, next.add_seconds(AGAIN_S).unwrap());
    assert_eq!((stuck(&world), valve(&world)), (None, 0));
    assert_eq!(events(&world), ["stuck jammed supply", "moves-again"]);
}

#[test]
fn what_a_closed_valve_lets_through_is_counted_and_locks_it() {
    let mut world = piped(Profile::Gas, 3_00);
    hours(&mut world, 3, later(3 * 3600));
    assert!(!is_open(&world));
    world.meter.sense(Sensed { leak: Some(60), ..Sensed::default() }, later(3 * 3600));
    assert_eq!(locked(&world), None, "it has not shown yet");
    assert_eq!(hours(&mut world, 2, later(6 * 3600)), 12, "60 l/h");
    assert_eq!((locked(&world), valve(&world)), (Some(Lock::Leak), 1));
    assert_eq!(cjt188::status(world.meter.state()).maker & 1 << 4, 1 << 4);
    // What comes in pays what leaked, and opens nothing; power lost forgets nothing.
    world.power_cycle();
    world.sim.put(1, &order(2, 10_00));
    world.insert();
    assert_eq!(world.esam.balance, 10_00 - 36);
    assert!(!is_open(&world) && world.meter.display().hint.contains("leaks"));
}

#[test]
fn a_pipe_that_broke_is_closed_after_a_minute() {
    let mut world = piped(Profile::Water, 500_00);
    world.meter.set_load(3_600);
    world.meter.consume(&mut world.esam, Consumption::Seconds(3600), later(3600));
    assert_eq!(world.meter.state().register.hundredths, 6, "60 l in a minute");
    assert_eq!((is_open(&world), locked(&world)), (false, Some(Lock::Overflow)));
    world.power_cycle();
    world.sim.put(1, &order(2, 1_00));
    world.insert();
    assert!(!is_open(&world), "no money opens it");
}

#[test]
fn gas_that_flows_for_a_day_is_closed_and_a_customer_who_comes_opens_it() {
    let mut world = piped(Profile::Gas, 500_00);
    // Two stretches without a pause, and a third; a pause would have begun a new one.
    assert_eq!(hours(&mut world, 12, later(12 * 3600)), 12_00);
    assert_eq!(hours(&mut world, 11, later(23 * 3600)), 11_00);
    world.power_cycle();
    assert_eq!(hours(&mut world, 5, later(28 * 3600)), 1_00, "to the 24th hour");
    assert_eq!((is_open(&world), locked(&world)), (false, Some(Lock::LongFlow)));
    world.sim.put(1, &order(2, 1_00));
    world.insert();
    assert!(is_open(&world));
    let mut paused = piped(Profile::Gas, 500_00);
    assert_eq!(hours(&mut paused, 23, later(23 * 3600)), 23_00);
    assert_eq!(hours(&mut paused, 23, later(47 * 3600)), 23_00);
    assert!(is_open(&paused));
}

#[test]
fn welded_contacts_show_by_the_current_and_what_flows_is_owed() {
    let mut world = World::opened(52);
    assert!(world.meter.sense(Sensed { jammed: Some(true), ..Sensed::default() }, now()));
    // 1 kW at 0.52: an hour is paid, three flow.
    assert_eq!(hours(&mut world, 3, later(3 * 3600)), 3_00);
    let found = stuck(&world).unwrap();
    assert_eq!((found.to_cut, found.cause, is_open(&world)), (true, Cause::Welded, true));
    assert_eq!((world.esam.balance, world.meter.debt()), (0, 104));
    assert_eq!(events(&world), ["stuck welded cut"]);
    assert_eq!(world.meter.display().hint, "the relay does not open: call the company");
    // Replaced: the next current opens it.
    world.power_cycle();
    world.meter.sense(Sensed { jammed: Some(false), ..Sensed::default() }, later(3 * 3600));
    assert_eq!(hours(&mut world, 1, later(4 * 3600)), 0);
    assert_eq!((stuck(&world), is_open(&world)), (None, false));
    assert_eq!(events(&world), ["stuck welded cut", "relay-opened"]);
}

#[test]
fn contacts_that_are_welded_without_a_load_show_with_the_first() {
    let mut world = World::opened(52);
    world.meter.sense(Sensed { jammed: Some(true), ..Sensed::default() }, now());
    world.meter.consume(&mut world.esam, Consumption::Energy(1_00), now());
    world.meter.set_load(0);
    world.meter.sense(Sensed { jammed: Some(true), ..Sensed::default() }, later(AGAIN_S));
    assert!(!is_open(&world) && stuck(&world).is_none(), "the relay is told, and nothing says no");
    world.meter.set_load(500);
    assert_eq!(hours(&mut world, 2, later(4 * 3600)), 1_00);
    assert_eq!((is_open(&world), cause(&world)), (true, Some(Cause::Welded)));
}

#[test]
fn a_meter_of_electricity_feels_no_leak_and_its_flash_is_what_it_was() {
    let mut world = World::opened(10_00);
    assert!(!world.meter.sense(Sensed { leak: Some(5), ..Sensed::default() }, now()));
    hours(&mut world, 1, later(3600));
    let flash = serde_json::to_value(world.meter.state()).unwrap();
    assert!(flash.get("actuator").is_none() && flash.get("pipe").is_none());
}

/// What happens to a meter.
#[derive(Debug, Clone)]
enum Act {
    Flow(u64),
    Jam(bool),
    Battery(u16),
    Magnet(bool),
    Leak(u32),
    Buy(u32),
    Off,
    Pause(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0_u64..30).prop_map(Act::Flow),
        2 => any::<bool>().prop_map(Act::Jam),
        2 => prop_oneof![Just(3600), Just(3200), Just(2900), Just(2600)].prop_map(Act::Battery),
        1 => any::<bool>().prop_map(Act::Magnet),
        1 => prop_oneof![Just(0), Just(50)].prop_map(Act::Leak),
        2 => (1_u32..20_00).prop_map(Act::Buy),
        2 => Just(Act::Off),
        1 => (0_i64..100_000).prop_map(Act::Pause),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever becomes of valve, battery and supply: what flowed is paid or owed to the last part of a fen, nothing flows through a valve
    /// that is said to be closed and does not leak, and what is wrong with it is said.
    #[test]
    fn whatever_breaks_what_flowed_is_paid_and_no_valve_is_believed(
        acts in prop::collection::vec(act(), 1..40),
        profile in prop_oneof![Just(Profile::Gas), Just(Profile::Water)],
    ) {
        let mut world = piped(profile, 20_00);
        let (mut at, mut count, mut credited, mut leaks, mut jammed) = (0, 1, 20_00_u64, 0, false);
        for act in acts {
            let closed = !is_open(&world) && stuck(&world).is_none();
            let before = world.meter.state().register;
            match act {
                Act::Flow(of) => {
                    at += 3600 * of as i64;
                    hours(&mut world, of, later(at));
                    let passed = world.meter.state().register != before;
                    prop_assert!(!passed || !closed || leaks > 0, "through a closed valve");
                }
                Act::Jam(is) => { jammed = is; jam(&mut world, is, later(at)) }
                Act::Battery(mv) => battery(&mut world, mv, later(at)),
                Act::Magnet(is) => drop(world.meter.sense(Sensed { magnet: Some(is), ..Sensed::default() }, later(at))),
                Act::Leak(of) => { leaks = of; world.meter.sense(Sensed { leak: Some(of), ..Sensed::default() }, later(at)); }
                Act::Buy(amount) => {
                    count += 1;
                    credited += u64::from(amount);
                    world.sim.put(2, &order(count, amount));
                    world.meter.insert(&mut world.esam, &mut world.sim, later(at), &mut crate::world::counting);
                }
                Act::Off => { world.power_cycle(); }
                Act::Pause(seconds) => at += seconds,
            }
            let state = world.meter.state();
            let drawn = u128::from(state.register.hundredths) * 36_000 + u128::from(state.register.load_seconds);
            let spent = credited - u64::from(world.esam.balance) + state.due.fen;
            let rest = u128::from(state.due.part) * 100 + u128::from(state.due.fine);
            prop_assert_eq!(u128::from(spent) * 360_000_000 + rest, drawn * 300_00);
            // Sound works stand where they should, a lock or an empty purse closes them.
            let cuts = locked(&world).is_some() || u64::from(state.balance.0) <= state.due.fen;
            if stuck(&world).is_none() {
                prop_assert_eq!(cuts, state.relay_open);
            } else {
                prop_assert_eq!(valve(&world), 3);
            }
            prop_assert!(!jammed || stuck(&world).is_some() || cuts == state.relay_open);
        }
    }
}
