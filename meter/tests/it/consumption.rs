use crate::world::{World, now, order};
use gridcard_meter::{Consumption, Outcome};
use scheme::money::Fen;

#[test]
fn an_hour_of_a_kilowatt_costs_one_kwh() {
    let mut world = World::opened(1000);
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(3600), now());
    assert_eq!((report.register, report.balance, report.due), (100, Fen(948), 0));
    assert!(!report.relay_open && !report.drawn.cut && report.failure.is_none());
    assert_eq!(world.esam.debits, [52]);
    assert_eq!(world.meter.display().line2, format!("balance {}", Fen(948)));
}

#[test]
fn less_than_a_fen_waits_and_is_not_lost() {
    let mut world = World::opened(1000);
    // One fen is 69.23 seconds of 1 kW at 52 fen.
    for second in 1..=3600 {
        let report = world.meter.consume(&mut world.esam, Consumption::Seconds(1), now());
        assert_eq!(u64::from(report.balance.0), 1000 - second * 52 / 3600, "after {second} s");
    }
    assert_eq!(world.meter.state().register.hundredths, 100);
    assert_eq!(world.esam.debits.len(), 52, "no debit before a whole fen is due");
}

#[test]
fn energy_is_drawn_whatever_the_load() {
    let mut world = World::opened(1000);
    world.meter.set_load(0);
    let report = world.meter.consume(&mut world.esam, Consumption::Energy(250), now());
    assert_eq!((report.register, report.balance), (250, Fen(870)));
    let idle = world.meter.consume(&mut world.esam, Consumption::Seconds(u64::MAX), now());
    assert_eq!((idle.register, idle.balance), (250, Fen(870)));
}

#[test]
fn the_relay_opens_within_a_quarter_of_an_hour_and_the_rest_is_owed() {
    // 20 fen last 1385 s; the look after 1800 s finds 26 due.
    let mut world = World::opened(20);
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(1_000_000), now());
    assert!(report.drawn.cut && report.relay_open);
    assert_eq!(report.drawn.load_seconds, 1_800_000);
    assert_eq!((report.balance, report.due, report.register), (Fen(0), 6, 50));
    assert_eq!(world.esam.debits, [20]);
    assert_eq!(world.meter.display().line2, format!("owed {}", Fen(6)));
    assert!(!world.meter.display().hint.is_empty());
    // Nothing flows through an open relay.
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(3600), now());
    assert_eq!((report.register, report.due, report.drawn.load_seconds), (50, 6, 0));
}

#[test]
fn what_is_owed_is_paid_from_the_next_credit() {
    let mut world = World::opened(20);
    world.meter.consume(&mut world.esam, Consumption::Seconds(1_000_000), now());
    world.power_cycle();
    world.sim.put(1, &order(2, 100));
    let report = world.insert();
    assert_eq!(report.outcome, Outcome::Credited { orders: 1, amount: Fen(100), balance: Fen(94) });
    assert_eq!((world.esam.balance, world.meter.state().due.fen), (94, 0));
    assert!(!world.meter.state().relay_open);
}

#[test]
fn a_credit_below_what_is_owed_closes_nothing() {
    let mut world = World::opened(20);
    world.meter.consume(&mut world.esam, Consumption::Seconds(1_000_000), now());
    world.sim.put(1, &order(2, 6));
    let report = world.insert();
    assert_eq!(report.outcome, Outcome::Credited { orders: 1, amount: Fen(6), balance: Fen(0) });
    assert!(world.meter.state().relay_open);
    assert_eq!(world.meter.state().due.fen, 0);
}

#[test]
fn a_purse_spent_to_the_fen_opens_the_relay() {
    let mut world = World::opened(52);
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(3600), now());
    assert_eq!((report.balance, report.due, report.relay_open), (Fen(0), 0, true));
}

#[test]
fn a_new_meter_gives_no_current() {
    let mut world = World::new();
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(3600), now());
    assert_eq!((report.register, report.due, report.relay_open), (0, 0, true));
}

#[test]
fn a_purse_that_holds_less_than_the_meter_believes_is_taken_as_it_is() {
    let mut world = World::opened(1000);
    world.esam.balance = 30;
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(3600), now());
    assert!(report.failure.is_none());
    assert_eq!((report.balance, report.due, report.relay_open), (Fen(0), 22, true));
}

#[test]
fn a_failing_debit_is_logged_and_stays_due() {
    let mut world = World::opened(1000);
    let key = keys::Key::new(keys::Suite::Aes128, &[0; 16]).unwrap();
    let right = std::mem::replace(&mut world.esam.ext_auth, key);
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(3600), now());
    assert_eq!(report.failure.and_then(|error| error.tries_left()), Some(14));
    assert_eq!((report.due, report.relay_open), (52, false));
    let log = serde_json::to_value(&world.meter.state().events).unwrap();
    assert_eq!(log.as_array().unwrap().last().unwrap()["event"], "debit-failed");
    world.esam.ext_auth = right;
    assert_eq!(world.meter.consume(&mut world.esam, Consumption::Seconds(0), now()).due, 0);
    assert_eq!(world.esam.balance, 948);
}

#[test]
fn the_flash_is_written_before_a_debit_and_a_full_one_stops_it() {
    use std::cell::RefCell;
    use std::rc::Rc;

    let mut world = World::opened(1000);
    let kept = Rc::new(RefCell::new(Vec::new()));
    let seen = kept.clone();
    world.meter.keep_with(Box::new(move |meter| {
        seen.borrow_mut().push((meter.state().pending_debit, meter.state().register.hundredths));
        Ok(())
    }));
    world.meter.consume(&mut world.esam, Consumption::Seconds(3600), now());
    let kept = kept.borrow();
    let (pending, register) = kept[0];
    assert_eq!(pending.map(|debit| (debit.amount, debit.before)), Some((Fen(52), Fen(1000))));
    assert_eq!((register, kept.len()), (100, 1), "the energy drawn is in the flash too");

    world.meter.keep_with(Box::new(|_| Err("disk full".into())));
    let report = world.meter.consume(&mut world.esam, Consumption::Seconds(3600), now());
    assert!(report.failure.is_some_and(|error| error.to_string().contains("flash")));
    assert_eq!(world.esam.debits, [52], "no debit that the flash does not know of");
}
