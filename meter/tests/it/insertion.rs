use crate::sim::IMSI;
use crate::world::{World, greeting, order};
use gridcard_meter::{OrderOutcome, OrderResult, Outcome, Step};
use keys::{Key, Suite};
use scheme::money::Fen;
use scheme::profile::{CardKind, State};
use scheme::refusal::Refusal;

fn refused(world: &mut World) -> (Refusal, Step) {
    let sim = world.sim.records.clone();
    let balance = world.esam.balance;
    let report = world.insert();
    let Outcome::Refused { refusal, step } = report.outcome else {
        panic!("refused, not {:?}", report.outcome)
    };
    assert_eq!(world.sim.records, sim, "a refusal writes nothing to the SIM");
    assert_eq!(world.esam.balance, balance);
    assert_eq!(report.credited, Fen(0));
    assert_eq!(report.display.line1, refusal.display());
    assert_eq!(report.display.hint, refusal.words());
    assert_eq!(report.steps.last(), Some(&step));
    (refusal, step)
}

#[test]
fn an_order_is_credited_in_every_suite() {
    for suite in Suite::ALL {
        let mut world = World::of(suite);
        world.sim.put(2, &order(1, 5000));
        let report = world.insert();
        assert_eq!(report.outcome, Outcome::Credited { orders: 1, amount: Fen(5000), balance: Fen(5000) });
        assert_eq!(
            report.orders,
            [OrderResult { record: 2, second: None, outcome: OrderOutcome::Credited(Fen(5000)) }]
        );
        assert_eq!(world.receipt(2), Some(1));
        assert!(!world.meter.state().relay_open);
        assert_eq!(report.display.line2, format!("balance {}", Fen(5000)));
    }
}

#[test]
fn the_steps_are_those_of_the_document() {
    let mut world = World::new();
    world.sim.put(1, &order(1, 5000));
    let report = world.insert();
    let steps: Vec<Step> = Step::ALL[1..]
        .iter()
        .copied()
        .filter(|step| !matches!(step, Step::StorageFiles | Step::Supply | Step::CardReset | Step::CardFiles))
        .filter(|step| !matches!(step, Step::CardIdentity | Step::CardBelieves | Step::Transfer))
        .collect();
    assert_eq!(report.steps, steps, "all of a SIM's but the debit, as nothing was due");
    assert_eq!(report.cause, None);
    // Run information: register, time, EF_IMSI.
    let expected = [&[0, 0, 0, 0, 0x20, 0x26, 0x11, 0x22, 0x08, 0x30, 0x00][..], &IMSI].concat();
    assert_eq!(world.esam.run_info, expected);
    // SIM: 4 SELECTs and 2 reads on the way, one SELECT with its answer, two SEEKs for the usual origin, which
    // this order has not, one SEEK that finds it with its answer, one that finds no more, one for a sister
    // that was read, one record read and one written.
    assert_eq!((report.sim.resets, report.sim.apdus), (1, 16));
    assert!(report.sim.line.0 > 0 && report.esam.line.0 > 0);
}

#[test]
fn the_second_insertion_finds_a_receipt_and_no_order() {
    let mut world = World::opened(5000);
    assert_eq!(refused(&mut world), (Refusal::NoOrder, Step::SimMessages));
    assert_eq!(world.receipt(1), Some(1));
}

#[test]
fn an_order_delivered_twice_is_credited_once() {
    let mut world = World::opened(5000);
    world.sim.put(3, &order(1, 5000));
    let report = world.insert();
    assert_eq!(report.outcome, Outcome::ReceiptRepeated { balance: Fen(5000) });
    assert_eq!(world.receipt(3), Some(1));
    assert_eq!(world.esam.balance, 5000);
}

#[test]
fn the_users_messages_are_left_alone() {
    let mut world = World::new();
    let mut read = greeting();
    read[0] = 0x01;
    let mut garbage = [0xA5; 176];
    garbage[0] = 0x03;
    world.sim.put(1, &greeting());
    world.sim.put(2, &read);
    world.sim.put(3, &garbage);
    assert_eq!(refused(&mut world), (Refusal::NoOrder, Step::SimMessages));
    world.sim.put(5, &order(1, 100));
    assert!(matches!(world.insert().outcome, Outcome::Credited { .. }));
    assert_eq!(world.sim.written, [5]);
    assert_eq!(world.sim.records[..3], [greeting().to_vec(), read.to_vec(), garbage.to_vec()]);
}

#[test]
fn an_order_the_phone_has_shown_is_found_too() {
    let mut world = World::new();
    let mut shown = order(1, 700);
    shown[0] = 0x01;
    world.sim.put(4, &shown);
    assert!(matches!(world.insert().outcome, Outcome::Credited { amount: Fen(700), .. }));
    assert_eq!(world.receipt(4), Some(1));
}

#[test]
fn free_records_are_not_read() {
    let mut world = World::new();
    world.sim.put(2, &order(1, 700));
    world.insert();
    assert_eq!(world.sim.read, [2]);
}

#[test]
fn orders_in_the_wrong_places_are_credited_in_their_order() {
    let mut world = World::new();
    world.sim.put(1, &order(3, 300));
    world.sim.put(2, &order(2, 200));
    world.sim.put(4, &order(1, 100));
    let report = world.insert();
    assert_eq!(report.outcome, Outcome::Credited { orders: 3, amount: Fen(600), balance: Fen(600) });
    let records: Vec<u8> = report.orders.iter().map(|order| order.record).collect();
    assert_eq!(records, [4, 2, 1]);
    assert_eq!([world.receipt(4), world.receipt(2), world.receipt(1)], [Some(1), Some(2), Some(3)]);
}

#[test]
fn a_gap_stays_a_gap_and_the_rest_is_credited() {
    let mut world = World::new();
    world.sim.put(1, &order(3, 300));
    world.sim.put(2, &order(1, 100));
    let report = world.insert();
    assert_eq!(report.outcome, Outcome::Credited { orders: 1, amount: Fen(100), balance: Fen(100) });
    let skipped = OrderOutcome::Refused(Refusal::CountSkipped);
    assert_eq!(report.orders[1], OrderResult { record: 1, second: None, outcome: skipped });
    assert_eq!(world.sim.records[0], order(3, 300));
    assert_eq!(refused(&mut world), (Refusal::CountSkipped, Step::Envelope));
}

#[test]
fn an_older_order_is_refused() {
    let mut world = World::opened(100);
    world.sim.put(1, &order(2, 200));
    world.insert();
    world.sim.put(1, &order(1, 100));
    assert_eq!(refused(&mut world), (Refusal::CountOlder, Step::Envelope));
}

#[test]
fn every_refusal_of_the_esam_is_shown_by_its_name() {
    for refusal in Refusal::all() {
        let Some(sw) = refusal.sw() else { continue };
        let mut world = World::new();
        world.sim.put(1, &order(1, 100));
        world.esam.refuse = Some(sw.0);
        assert_eq!(refused(&mut world), (refusal, Step::Envelope));
        let illegal = u32::from((4..=10).contains(&refusal.field_error()));
        assert_eq!(world.meter.state().illegal_insertions, illegal, "{}", refusal.name());
    }
}

#[test]
fn an_esam_that_fails_is_no_refusal_of_the_order() {
    let mut world = World::new();
    world.sim.put(1, &order(1, 100));
    world.esam.refuse = Some(0x6F00);
    assert_eq!(refused(&mut world), (Refusal::Esam, Step::Envelope));
    let report = world.insert();
    assert!(report.cause.is_some_and(|cause| cause.starts_with("ENVELOPE: the card answered 6F00")));
}

#[test]
fn states_must_agree() {
    let mut world = World::new();
    world.sim.put(1, &order(1, 100));
    world.sim.grid = Some([0x01, 0x01]);
    assert_eq!(refused(&mut world), (Refusal::KeyState, Step::SimState));
    world.esam.info.state = State::Formal;
    assert_eq!(refused(&mut world), (Refusal::KeyState, Step::EsamInfo));
    world.esam.info.state = State::Test;
    // An operator's SIM tells no state.
    world.sim.grid = None;
    assert!(matches!(world.insert().outcome, Outcome::Credited { .. }));
}

#[test]
fn a_strange_state_file_is_a_broken_sim() {
    let mut world = World::new();
    world.sim.grid = Some([0x07, 0x01]);
    assert_eq!(refused(&mut world), (Refusal::SimFile, Step::SimState));
}

#[test]
fn a_code_on_the_sim_is_never_tried() {
    let mut world = World::new();
    world.sim.put(1, &order(1, 100));
    world.sim.chv1 = true;
    assert_eq!(refused(&mut world), (Refusal::Chv, Step::SimIdentity));
    world.sim.chv1 = false;
    assert!(matches!(world.insert().outcome, Outcome::Credited { .. }));
}

#[test]
fn another_card_in_the_esams_place_is_told_by_what_differs() {
    let mut world = World::new();
    world.sim.put(1, &order(1, 100));
    let good = world.esam.info;
    world.esam.info.kind = CardKind::Psam;
    assert_eq!(refused(&mut world), (Refusal::Esam, Step::EsamInfo));
    world.esam.info = good;
    world.esam.info.number = [0; 6];
    assert_eq!(refused(&mut world), (Refusal::Pairing, Step::EsamInfo));
    world.esam.info = good;
    world.esam.info.suite = Suite::Sm4.code();
    assert_eq!(refused(&mut world), (Refusal::Pairing, Step::EsamInfo));
}

#[test]
fn both_sides_must_prove_themselves() {
    let mut world = World::new();
    world.sim.put(1, &order(1, 100));
    let wrong = Key::new(Suite::Aes128, &[0x5A; 16]).unwrap();
    let right = std::mem::replace(&mut world.esam.int_auth, wrong.clone());
    assert_eq!(refused(&mut world), (Refusal::InternalAuthentication, Step::InternalAuthentication));
    world.esam.int_auth = right;
    world.esam.ext_auth = wrong;
    assert_eq!(refused(&mut world), (Refusal::ExternalAuthentication, Step::ExternalAuthentication));
}

#[test]
fn a_sim_without_messages_or_with_a_broken_file_is_named() {
    let mut world = World::new();
    world.sim.has_sms = false;
    assert_eq!(refused(&mut world), (Refusal::SimFile, Step::SimMessages));
    world.sim.has_sms = true;
    world.sim.put(1, &order(1, 100));
    world.sim.circles = Some(1);
    assert_eq!(refused(&mut world), (Refusal::SimFile, Step::SimMessages));
}

#[test]
fn a_receipt_that_cannot_be_written_is_written_next_time() {
    let mut world = World::new();
    world.sim.put(1, &order(1, 100));
    world.sim.write_fails = true;
    let report = world.insert();
    assert_eq!(report.outcome, Outcome::Refused { refusal: Refusal::WriteBack, step: Step::WriteBack });
    assert_eq!(report.credited, Fen(100));
    assert_eq!(report.display.line1, "Err-35");
    assert!(!world.meter.state().relay_open, "the money is there all the same");
    world.sim.write_fails = false;
    assert_eq!(world.insert().outcome, Outcome::ReceiptRepeated { balance: Fen(100) });
    assert_eq!(world.receipt(1), Some(1));
}

#[test]
fn an_unwritten_receipt_comes_before_a_newer_order() {
    let mut world = World::new();
    // The newer order stands in front.
    world.sim.put(1, &order(2, 200));
    world.sim.put(2, &order(1, 100));
    world.sim.write_fails = true;
    assert_eq!(world.insert().credited, Fen(100));
    assert_eq!(world.esam.count, 1, "no further order after a failed write");
    world.power_cycle();
    world.sim.write_fails = false;
    assert_eq!(world.insert().outcome, Outcome::Credited { orders: 1, amount: Fen(200), balance: Fen(300) });
    assert_eq!([world.receipt(2), world.receipt(1)], [Some(1), Some(2)]);
    assert_eq!(world.meter.state().pending_order, None);
}

#[test]
fn events_tell_the_story_and_the_log_is_a_ring() {
    let mut world = World::opened(5000);
    for _ in 0..150 {
        world.insert();
    }
    let log = &world.meter.state().events;
    assert_eq!(log.len(), gridcard_meter::events::CAPACITY);
    let json = serde_json::to_value(log).unwrap();
    assert_eq!(json[99]["event"], "refused");
    assert_eq!(json[99]["refusal"], "no-order");
    assert_eq!(json[99]["step"], "sim-messages");
    assert_eq!(json[99]["time"], "2026-11-22 08:30:00");
    let first = serde_json::to_value(&World::opened(5000).meter.state().events).unwrap();
    assert_eq!([&first[0]["event"], &first[1]["event"]], ["credited", "relay-closed"]);
    assert_eq!([&first[0]["amount"], &first[0]["balance"]], [5000, 5000]);
}
