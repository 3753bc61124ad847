//! A SIM in a meter that must not credit: the words, and that no money moved.

use crate::world::{CHEN, Customer, WANG, World, ZHANG, read_record, text, with_record};
use std::path::Path;

/// Thirty days, the time an order is valid.
const VALIDITY_S: i64 = 30 * 86_400;

/// Puts the SIM of the one into the meter of the other, where it is refused: with exit code 1, by name and number of
/// the refusal, without a fen moved or a byte written to the SIM.
#[track_caller]
fn refused(
    world: &World,
    sim: &Customer,
    meter: &Customer,
    display: &str,
    number: u8,
    name: &str,
    words: &str,
) {
    let card = std::fs::read(world.sim(sim)).unwrap();
    let money = world.money();
    let told = format!("{display} (card error {number}, {name}): ");
    world.insert(sim, meter).run().fails(1, &[&told, words]).shows(&[display]);
    assert_eq!(world.money(), money, "money moved");
    assert!(std::fs::read(world.sim(sim)).unwrap() == card, "the SIM was written to");
}

/// Bytes of an order's record: status, service centre, TPDU; the user data begin with `02 70 00`.
fn packet_at(record: &[u8]) -> usize {
    record.windows(3).position(|window| window == [0x02, 0x70, 0x00]).unwrap() + 3
}

/// What a customer reads of a broken packet: the message is damaged; the keys do not fit.
const FLIPPED: [&str; 2] = ["the order", "the order is not for this meter, or it was changed on its way"];

/// Puts an order with one bit flipped on an otherwise empty SIM and that into its meter.
#[track_caller]
fn flipped(world: &World, order: &Path, at: usize, bit: u8, display: &str, number: u8, name: &str) {
    let blank = std::fs::read(world.sim(&CHEN)).unwrap();
    let mut record = read_record(order);
    record[at] ^= bit;
    let file = world.file("flipped.sms", with_record(order, &record));
    world.write(&CHEN, &file);
    refused(world, &CHEN, &CHEN, display, number, name, FLIPPED[usize::from(name == "mac")]);
    std::fs::write(world.sim(&CHEN), blank).unwrap();
}

#[test]
fn a_flipped_bit_is_refused_wherever_it_stands_in_the_packet() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    let packet = packet_at(&read_record(&order));
    // CPL2 CHL1 SPI2 KIc1 KID1 TAR3, then cipher text [docs/specs/purchase.md 2]
    flipped(&world, &order, packet + 1, 0x01, "Err-34", 14, "format");
    flipped(&world, &order, packet + 3, 0x20, "Err-32", 10, "key-set");
    flipped(&world, &order, packet + 5, 0x10, "Err-32", 10, "key-set");
    flipped(&world, &order, packet + 6, 0x10, "Err-32", 10, "key-set");
    let sealed = packet + 10..packet + 2 + usize::from(read_record(&order)[packet + 1]);
    // The first block carries the count, which is compared before the MAC; behind it only the MAC sees a flip.
    flipped(&world, &order, sealed.end - 1, 0x80, "Err-32", 10, "mac");
    flipped(&world, &order, sealed.start + 40, 0x01, "Err-32", 10, "mac");
    // The order itself is as good as ever.
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
}

#[test]
fn an_empty_sim_has_no_order() {
    let world = World::new();
    refused(&world, &CHEN, &CHEN, "Err-32", 7, "no-order", "there is no order for electricity on this SIM");
}

#[test]
fn an_order_counts_once() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
    // Its receipt stands in its place now.
    refused(&world, &CHEN, &CHEN, "Err-32", 7, "no-order", "there is no order for electricity");
    // The phone gets the same message once more, and the bank had not yet seen the receipt.
    let money = world.money();
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["the receipt was written again"]);
    assert_eq!(world.money(), money, "an order was credited twice");
    // Both receipts say the same, and settle one sale.
    let receipts = [world.collect(&CHEN), world.collect(&CHEN)];
    assert_eq!(read_record(&receipts[0])[1..], read_record(&receipts[1])[1..]);
    world.settle(&receipts[0]).ok().shows(&["settled"]);
    let books = world.books();
    world.settle(&receipts[1]).ok().shows(&["already settled", "nothing changed"]);
    assert_eq!(world.books(), books);
    assert_eq!(books["settled_fen"], 5000);
}

#[test]
fn an_order_is_for_one_meter() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    // Another meter has other keys, so it cannot even read whose order it is.
    refused(&world, &CHEN, &WANG, "Err-32", 10, "mac", "the order is not for this meter, or it was changed");
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
}

#[test]
fn an_order_is_for_one_sim() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write_call(&WANG, &order).run().fails(1, &["is for another SIM", CHEN.iccid, "--other-sim"]);
    world.write_call(&WANG, &order).with(&["--other-sim"]).run().ok();
    let words = "the order belongs to another SIM; insert the SIM it was sent to";
    refused(&world, &WANG, &CHEN, "Err-33", 13, "sim-binding", words);
    // No harm done: the right SIM still brings it.
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
}

#[test]
fn a_recharge_comes_on_the_sim_the_meter_knows_until_it_is_replaced() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    // A new SIM without the bank's knowledge, then with it.
    let new =
        Customer { iccid: "89860021047987991764", imsi: "460000207447768", msisdn: "+8613900000109", ..CHEN };
    world.make_sim(&new, &[]);
    let old = world.order(&CHEN, "30");
    world.write_call(&new, &old).run().fails(1, &["is for another SIM", CHEN.iccid, "--other-sim"]);
    world.write_call(&new, &old).with(&["--other-sim"]).run().ok();
    refused(&world, &new, &CHEN, "Err-33", 13, "sim-binding", "the order belongs to another SIM");
    world
        .bank(&["server", "replace-sim", "--customer", CHEN.number, "--msisdn", new.msisdn])
        .with(&["--imsi", new.imsi, "--iccid", new.iccid])
        .run()
        .ok();
    let anew = world.fresh("-order.sms");
    world
        .bank(&["server", "reissue", "--customer", CHEN.number, "--pin-file", "pin", "--out", text(&anew)])
        .run()
        .ok();
    world.write(&new, &anew);
    world.insert(&new, &CHEN).run().ok().shows(&["credited 30.00 yuan"]);
    world.settle(&world.collect(&new)).ok();
    // The order on the lost SIM is worth nothing any more: its purchase has been credited.
    world.write(&CHEN, &old);
    let before = world.purse(&CHEN);
    world.insert(&CHEN, &CHEN).run();
    assert_eq!(world.purse(&CHEN), before);
    assert_eq!(before.credited, 8000);
}

#[test]
fn an_older_order_is_refused() {
    let world = World::new();
    let blank = std::fs::read(world.sim(&CHEN)).unwrap();
    let orders = ["50", "30", "20"].map(|yuan| world.purchase(&CHEN, yuan));
    std::fs::write(world.sim(&CHEN), blank).unwrap();
    // The very first opened the account, which is asked before the count.
    let words = [
        "the meter is open already",
        "this order is older than the last one credited; nothing is owed for it",
    ];
    for (order, (name, words)) in orders.iter().zip([("already-opened", words[0]), ("count-older", words[1])])
    {
        let sim = std::fs::read(world.sim(&CHEN)).unwrap();
        world.write(&CHEN, order);
        refused(&world, &CHEN, &CHEN, "Err-34", 17, name, words);
        std::fs::write(world.sim(&CHEN), sim).unwrap();
    }
}

#[test]
fn a_skipped_order_is_refused_and_cured_by_the_missing_one() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    // The meter's security module is put back to an old state of itself, so that it misses a purchase.
    let before = World::bytes(&world.meter(&CHEN));
    let second = world.purchase(&CHEN, "30");
    let third = world.order(&CHEN, "20");
    for (path, bytes) in before {
        std::fs::write(path, bytes).unwrap();
    }
    world.write(&CHEN, &third);
    let words = "an order before this one is missing; insert that one first";
    refused(&world, &CHEN, &CHEN, "Err-34", 17, "count-skipped", words);
    // Both on the SIM, the later one in an earlier record: the meter takes them in the right order.
    world.write(&CHEN, &second);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 30.00 yuan", "credited 20.00 yuan"]);
    assert_eq!(world.purse(&CHEN).balance, 10_000);
}

#[test]
fn an_expired_order_is_refused_and_made_anew() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    world.wait(VALIDITY_S + 1);
    refused(
        &world,
        &CHEN,
        &CHEN,
        "Err-32",
        9,
        "expired",
        "the order is past its validity; have it made anew",
    );
    let anew = world.fresh("-order.sms");
    world
        .bank(&["server", "reissue", "--customer", CHEN.number, "--pin-file", "pin", "--out", text(&anew)])
        .run()
        .ok();
    world.write(&CHEN, &anew);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
    world.settle(&world.collect(&CHEN)).ok();
    let books = world.books();
    assert_eq!(
        (&books["sold_fen"], &books["settled_fen"]),
        (&5000.into(), &5000.into()),
        "sold once, paid once"
    );
}

#[test]
fn no_purse_holds_a_million() {
    let world = World::new();
    world.purchase(&WANG, "999999.99");
    let order = world.order(&WANG, "0.01");
    world.write(&WANG, &order);
    let words = "the balance would pass the meter's ceiling; use up some of it and insert the order again";
    refused(&world, &WANG, &WANG, "Err-36", 21, "over-ceiling", words);
    // As the words say.
    world.meters(&["meter", "consume", WANG.meter, "--kwh", "1"]).run().ok();
    world.insert(&WANG, &WANG).run().ok().shows(&["credited 0.01 yuan"]);
}

#[test]
fn a_meter_keeps_its_own_ceiling() {
    let world = World::new();
    world.purchase(&ZHANG, "100.00");
    let order = world.order(&ZHANG, "0.01");
    world.write(&ZHANG, &order);
    refused(
        &world,
        &ZHANG,
        &ZHANG,
        "Err-36",
        21,
        "over-ceiling",
        "the balance would pass the meter's ceiling",
    );
    // A bank that believes in a higher ceiling than the meter has.
    let other = World::new();
    let list = other.fresh("-delivery.json");
    other.city(&["city", "delivery", "--out", text(&list)]).run().ok();
    let believed = std::fs::read_to_string(&list).unwrap().replace(": 10000", ": 20000");
    let believed = other.file("believed.json", believed);
    other.bank(&["server", "meters", text(&believed)]).run().ok().shows(&["changed", "1"]);
    let order = other.order(&ZHANG, "100.01");
    other.write(&ZHANG, &order);
    refused(
        &other,
        &ZHANG,
        &ZHANG,
        "Err-36",
        21,
        "over-ceiling",
        "the balance would pass the meter's ceiling",
    );
}

#[test]
fn no_order_for_nothing_or_for_more_than_a_purse_holds() {
    let world = World::new();
    let money = world.money();
    for yuan in ["0", "1000000", "42949672.96"] {
        let record = world.fresh("-order.sms");
        let code = world.order_call(&CHEN, yuan, &record).run();
        assert!(matches!(code.code, 1 | 2), "{yuan}: {code:?}");
        assert!(!record.exists());
    }
    world.order_call(&CHEN, "12.345", &world.fresh("-order.sms")).run().fails(2, &["--amount"]);
    world
        .order_call(&CHEN, "0", &world.fresh("-order.sms"))
        .run()
        .fails(1, &["an order of 0.00 yuan buys nothing"]);
    assert_eq!(world.money(), money);
}

/// Consumption beyond the purse is said by every command that shows the balance, and again when a credit pays it.
#[test]
fn what_is_owed_is_said() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    let drawn = world.meters(&["meter", "consume", CHEN.meter, "--kwh", "200", "--json"]).run().ok().object();
    let owed = drawn["due_fen"].as_u64().unwrap();
    assert!(drawn["balance_fen"] == 0 && owed > 0, "{drawn}");
    let words = format!("{}.{:02} yuan", owed / 100, owed % 100);
    let show = || world.meters(&["meter", "show", CHEN.meter]);
    show().run().ok().shows(&[&format!("owed             {words}"), "amount 50.00 yuan, balance 50.00 yuan"]);
    assert_eq!(show().with(&["--json"]).run().ok().object()["owed_fen"], owed);
    let order = world.order(&CHEN, "30");
    world.write(&CHEN, &order);
    let paid = format!("{words} of it paid for what was consumed before");
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 30.00 yuan", &paid]);
    assert_eq!(world.purse(&CHEN).balance, 3000 - owed);
    assert_eq!(show().with(&["--json"]).run().ok().object()["owed_fen"], 0);
}
