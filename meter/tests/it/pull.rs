//! Every point where a card can go away: the SIM pulled out, the power of the ESAM lost.

use crate::world::{Pull, Tear, World, counting, now, order};
use gridcard_meter::{Consumption, Outcome, Step};
use scheme::money::Fen;
use scheme::refusal::Refusal;

/// A meter that owes for some consumption, two orders on the SIM, a message of the user's between them.
fn start() -> World {
    let mut world = World::opened(1000);
    world.meter.consume(&mut DeadEsam, Consumption::Seconds(3600), now());
    assert_eq!(world.meter.state().due.fen, 52);
    world.sim.put(1, &order(2, 200));
    world.sim.put(2, &crate::world::greeting());
    world.sim.put(4, &order(3, 300));
    world
}

/// An ESAM whose power is off.
struct DeadEsam;

impl wire::channel::Channel for DeadEsam {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, wire::channel::ChannelError> {
        Err(wire::channel::ChannelError::Mute)
    }

    fn reset(&mut self) -> Result<Vec<u8>, wire::channel::ChannelError> {
        Err(wire::channel::ChannelError::Mute)
    }
}

/// After whatever happened: every order credited once, every receipt on the SIM, the consumption paid once.
fn assert_cured(world: &World, what: &str) {
    assert_eq!(world.esam.count, 3, "{what}");
    assert_eq!(world.esam.balance, 1000 - 52 + 200 + 300, "{what}");
    assert_eq!(world.esam.debits, [52], "{what}");
    assert_eq!(world.receipt(1), Some(2), "{what}");
    assert_eq!(world.receipt(4), Some(3), "{what}");
    assert_eq!(world.sim.records[1], crate::world::greeting(), "{what}");
    let state = world.meter.state();
    assert_eq!((state.balance, state.due.fen, state.relay_open), (Fen(1448), 0, false), "{what}");
    assert_eq!((&state.pending_order, state.pending_debit), (&None, None), "{what}");
}

#[test]
fn a_sim_pulled_anywhere_is_cured_by_the_next_insertion() {
    let mut world = start();
    let mut sim = world.sim.clone();
    let mut whole = Pull::new(&mut sim, usize::MAX, Tear::Before);
    let report = world.meter.insert(&mut world.esam, &mut whole, now(), &mut counting);
    assert!(matches!(report.outcome, Outcome::Credited { orders: 2, .. }));
    let acts = whole.acts;
    assert!(acts > 15, "{acts} acts");
    for at in 0..acts {
        for tear in [Tear::Before, Tear::After] {
            let what = format!("pulled at act {at}, {tear:?}");
            let mut world = start();
            let mut pulled = Pull::new(&mut world.sim, at, tear);
            let report = world.meter.insert(&mut world.esam, &mut pulled, now(), &mut counting);
            let Outcome::Refused { refusal, step } = report.outcome else {
                panic!("{what}: {:?}", report.outcome)
            };
            assert_eq!(refusal, Refusal::SimPulled, "{what}");
            assert_eq!(report.display.line1, "Err-35", "{what}");
            assert!(report.cause.is_some(), "{what}");
            assert!(report.steps.contains(&step), "{what}");
            assert_eq!(step == Step::WriteBack, report.credited > Fen(0), "{what}");
            world.power_cycle();
            let again = world.insert();
            let fine = matches!(again.outcome, Outcome::Credited { .. } | Outcome::ReceiptRepeated { .. })
                // The last write was done before the pull: nothing is left to do.
                || (at == acts - 1
                    && tear == Tear::After
                    && matches!(again.outcome, Outcome::Refused { refusal: Refusal::NoOrder, .. }));
            assert!(fine, "{what}: {:?}", again.outcome);
            // A pull at the last write leaves its order remembered until an order is tried again.
            if at == acts - 1 && tear == Tear::After {
                assert_eq!(world.receipt(4), Some(3), "{what}");
                continue;
            }
            assert_cured(&world, &what);
        }
    }
}

#[test]
fn power_lost_anywhere_is_cured_by_the_next_insertion() {
    let mut world = start();
    let mut esam = world.esam.clone();
    let mut whole = Pull::new(&mut esam, usize::MAX, Tear::Before);
    world.meter.insert(&mut whole, &mut world.sim, now(), &mut counting);
    let acts = whole.acts;
    assert!(acts > 15, "{acts} acts");
    for at in 0..acts {
        for tear in [Tear::Before, Tear::After] {
            let what = format!("power lost at act {at}, {tear:?}");
            let mut world = start();
            let mut cut = Pull::new(&mut world.esam, at, tear);
            let report = world.meter.insert(&mut cut, &mut world.sim, now(), &mut counting);
            let Outcome::Refused { refusal, .. } = report.outcome else {
                panic!("{what}: {:?}", report.outcome)
            };
            assert!(matches!(refusal, Refusal::Esam | Refusal::EsamReset), "{what}: {refusal:?}");
            world.power_cycle();
            let again = world.insert();
            if let Outcome::Refused { refusal, .. } = again.outcome {
                // Both orders were done, only the look at the balance was missing.
                assert_eq!(refusal, Refusal::NoOrder, "{what}");
            }
            assert_cured(&world, &what);
        }
    }
}

#[test]
fn power_lost_during_a_debit_neither_loses_nor_doubles_it() {
    for at in 0.. {
        for tear in [Tear::Before, Tear::After] {
            let mut world = World::opened(1000);
            let mut cut = Pull::new(&mut world.esam, at, tear);
            let report = world.meter.consume(&mut cut, Consumption::Seconds(3600), now());
            let acts = cut.acts;
            if report.failure.is_none() {
                assert_eq!(at, acts, "all acts were cut once");
                assert!(at >= 5);
                return;
            }
            world.power_cycle();
            let report = world.meter.consume(&mut world.esam, Consumption::Seconds(3600), now());
            assert!(report.failure.is_none());
            assert_eq!(
                world.esam.debits.iter().sum::<u32>(),
                104,
                "at {at}, {tear:?}: {:?}",
                world.esam.debits
            );
            assert_eq!((report.balance, report.due), (Fen(896), 0), "at {at}, {tear:?}");
            assert_eq!(world.esam.balance, 896);
        }
    }
}

#[test]
fn a_mute_sim_is_told_from_a_pulled_one() {
    let mut world = World::new();
    let report = world.meter.insert(&mut world.esam, &mut DeadEsam, now(), &mut counting);
    assert_eq!(report.outcome, Outcome::Refused { refusal: Refusal::SimReset, step: Step::SimReset });
    let report = world.meter.insert(&mut DeadEsam, &mut world.sim, now(), &mut counting);
    assert_eq!(report.outcome, Outcome::Refused { refusal: Refusal::EsamReset, step: Step::EsamReset });
    assert_eq!(world.meter.state().illegal_insertions, 1, "number 4 counts, number 3 does not");
}

#[test]
fn a_meter_is_not_confused_by_an_order_it_remembers_from_another_sim() {
    let mut world = World::new();
    world.sim.put(1, &order(1, 100));
    world.sim.write_fails = true;
    world.insert();
    assert!(world.meter.state().pending_order.is_some());
    // The customer comes back with another SIM that carries the next order.
    let mut other = crate::sim::FakeSim::new(5);
    other.put(2, &order(2, 200));
    let report = world.meter.insert(&mut world.esam, &mut other, now(), &mut counting);
    assert_eq!(report.outcome, Outcome::Credited { orders: 1, amount: Fen(200), balance: Fen(300) });
    assert_eq!(world.meter.state().pending_order, None);
}
