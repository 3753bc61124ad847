//! Integer metering against exact arithmetic.

use crate::world::{World, now};
use gridcard_meter::register::Register;
use gridcard_meter::{Consumption, Meter, MeterState};
use proptest::prelude::*;
use scheme::money::Fen;

#[test]
fn the_register_runs_over_as_a_dial_does() {
    let mut world = World::opened(1000);
    let mut state = world.meter.state().clone();
    state.register = Register { hundredths: 99_999_999, load_seconds: 35_999 };
    world.meter = Meter::from_state(state, crate::world::pairing(keys::Suite::Aes128)).unwrap();
    world.meter.set_load(1);
    world.meter.consume(&mut world.esam, Consumption::Seconds(1), now());
    assert_eq!(world.meter.state().register, Register { hundredths: 0, load_seconds: 0 });
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let mut world = World::opened(u32::MAX);
    let mut state: MeterState = world.meter.state().clone();
    state.config.price = Fen(u32::MAX);
    world.meter = Meter::from_state(state, crate::world::pairing(keys::Suite::Aes128)).unwrap();
    world.meter.set_load(u32::MAX);
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(u64::MAX), now());
    assert!(report.relay_open);
    assert_eq!(report.balance, Fen(0));
}

proptest! {
    /// However a stretch of time is cut up, register and money are the same to the joule and the fen.
    #[test]
    fn pieces_add_up(
        load in 0_u32..20_000,
        price in 0_u32..500,
        pieces in prop::collection::vec(0_u64..5_000, 1..20),
    ) {
        let mut world = World::opened(100_000_000);
        let mut state = world.meter.state().clone();
        (state.config.price, state.config.load_w) = (Fen(price), load);
        world.meter = Meter::from_state(state, crate::world::pairing(keys::Suite::Aes128)).unwrap();
        for seconds in &pieces {
            let report = world.meter.consume(&mut world.esam, Consumption::Seconds(*seconds), now());
            prop_assert!(report.failure.is_none());
        }
        let joules = u64::from(load) * pieces.iter().sum::<u64>();
        let register = world.meter.state().register;
        prop_assert_eq!(u64::from(register.hundredths) * 36_000 + u64::from(register.load_seconds), joules);
        prop_assert_eq!(u64::from(100_000_000 - world.esam.balance), joules * u64::from(price) / 3_600_000);
    }

    /// Money in is money out: what was drawn is what was debited and what is still due, and the overdraft
    /// stays below the price of a quarter of an hour.
    #[test]
    fn no_fen_is_lost_when_the_purse_runs_out(
        load in 1_u32..20_000,
        price in 1_u32..500,
        purse in 1_u32..2_000,
        seconds in 0_u64..1_000_000,
    ) {
        let mut world = World::opened(purse);
        let mut state = world.meter.state().clone();
        (state.config.price, state.config.load_w) = (Fen(price), load);
        world.meter = Meter::from_state(state, crate::world::pairing(keys::Suite::Aes128)).unwrap();
        let report = world.meter.consume(&mut world.esam, Consumption::Seconds(seconds), now());
        let cost = report.drawn.load_seconds * u128::from(price) / 3_600_000;
        let debited: u32 = world.esam.debits.iter().sum();
        prop_assert_eq!(u128::from(debited) + u128::from(report.due), cost);
        prop_assert!(report.relay_open || !report.drawn.cut);
        prop_assert_eq!(report.relay_open, report.balance == Fen(0));
        let quarter = u64::from(load) * 900 * u64::from(price) / 3_600_000 + 1;
        prop_assert!(report.due <= quarter, "{} due, a quarter costs {}", report.due, quarter);
        if !report.drawn.cut {
            prop_assert_eq!(report.drawn.load_seconds, u128::from(seconds) * u128::from(load));
        }
    }
}
