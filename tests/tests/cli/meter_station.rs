//! An engineer's station at a meter's port: the command at one end of a real line, `meter port` at the other, and the meter looked at
//! afterwards.

use crate::command::Call;
use crate::meter_port::Port;
use crate::world::{CHEN, Customer, Purse, REGION, WANG, World, esam_serial, text};
use issue::station::Station;
use reader::security::{fields, identifier, request};
use scheme::money::Fen;
use scheme::recharge::Recharge;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use wire::dlt645::Address;

fn station(world: &World, port: &Port, meter: &Customer, verb: &str, rest: &[&str]) -> Call {
    let at = ["meter", "station", verb, &port.line, "--meter", meter.meter, "--city", REGION];
    world.meters(&at).with(rest)
}

fn object(world: &World, port: &Port, meter: &Customer, verb: &str, rest: &[&str]) -> Value {
    station(world, port, meter, verb, rest).with(&["--json"]).run().ok().object()
}

/// The code of what is refused.
fn refused(world: &World, port: &Port, meter: &Customer, verb: &str, rest: &[&str]) -> String {
    let ran = station(world, port, meter, verb, rest).with(&["--json"]).run();
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    ran.object()["code"].as_str().unwrap().to_owned()
}

fn relay_is_open(world: &World, meter: &Customer) -> bool {
    let shown = world.meters(&["meter", "show", meter.meter, "--json"]).run().ok().object();
    shown["relay_open"].as_bool().unwrap()
}

#[test]
fn a_meter_is_opened_and_recharged_from_the_other_end_of_a_line() {
    let world = World::new();
    let port = Port::of(&world, &[&CHEN, &WANG]);
    let before = object(&world, &port, &CHEN, "identify", &[]);
    assert_eq!((&before["balance_fen"], &before["count"]), (&0.into(), &0.into()));
    assert_eq!(before["customer"], Value::Null);
    assert_eq!(refused(&world, &port, &CHEN, "recharge", &["10"]), "station-unopened");
    let opened = object(&world, &port, &CHEN, "open", &["50", "--customer", CHEN.number]);
    assert_eq!(
        (&opened["before_fen"], &opened["balance_fen"], &opened["count"]),
        (&0.into(), &5000.into(), &1.into())
    );
    station(&world, &port, &CHEN, "recharge", &["100"]).run().ok().shows(&[
        "100.00",
        "50.00",
        "150.00",
        CHEN.number,
    ]);
    // The same count again, as after a lost answer.
    assert_eq!(refused(&world, &port, &CHEN, "recharge", &["100", "--count", "2"]), "meter-says-done");
    assert_eq!(refused(&world, &port, &CHEN, "recharge", &["100", "--count", "4"]), "meter-says-count");
    assert_eq!(
        refused(&world, &port, &CHEN, "open", &["1", "--customer", WANG.number]),
        "meter-says-customer"
    );
    assert_eq!(refused(&world, &port, &CHEN, "recharge", &["999999.99"]), "meter-says-hoard");
    let purse = object(&world, &port, &CHEN, "read-back", &[]);
    assert_eq!(purse["data"], "00003A9800000002");
    let customer = object(&world, &port, &CHEN, "read-back", &["02", "--offset", "36", "--length", "6"]);
    assert_eq!(customer["data"], CHEN.number);
    let other = object(&world, &port, &WANG, "identify", &[]);
    assert_eq!(other["balance_fen"], 0, "the other meter on the line");
    assert_eq!(port.end("-TERM").0, Some(0));
    // The meter itself: its purse, its count, the receipt in its ESAM.
    assert_eq!(world.purse(&CHEN), Purse { balance: 150_00, credited: 150_00, count: 2 });
    assert_eq!(before["esam"], esam_serial(CHEN.meter));
    assert!(!relay_is_open(&world, &CHEN));
}

/// One purse and one count, whichever way money comes.
#[test]
fn a_sim_and_a_station_bring_money_into_one_purse() {
    let world = World::new();
    world.purchase(&WANG, "50");
    let port = Port::of(&world, &[&WANG]);
    let done = object(&world, &port, &WANG, "recharge", &["30"]);
    assert_eq!(
        (&done["before_fen"], &done["balance_fen"], &done["count"]),
        (&5000.into(), &8000.into(), &2.into())
    );
    assert_eq!(port.end("-TERM").0, Some(0));
    assert_eq!(world.purse(&WANG), Purse { balance: 80_00, credited: 80_00, count: 2 });
    // The bank sells the same count: the meter answers with the receipt of what the station brought, and the bank sees that it is none of
    // its own.
    let order = world.order(&WANG, "20");
    world.write(&WANG, &order);
    world.insert(&WANG, &WANG).run().ok().shows(&["the receipt was written again"]);
    world.settle(&world.collect(&WANG));
    let report = world.bank(&["server", "report", "--json"]).run().object();
    assert_ne!(report["findings"], 0, "a receipt of what the bank never sold");
    assert_eq!(world.purse(&WANG), Purse { balance: 80_00, credited: 80_00, count: 2 });
}

#[test]
fn a_relay_obeys_and_parameters_are_written() {
    let world = World::new();
    let port = Port::of(&world, &[&CHEN]);
    object(&world, &port, &CHEN, "open", &["50", "--customer", CHEN.number]);
    let control = |order: &[&str]| station(&world, &port, &CHEN, "control", order).run();
    control(&["trip"]).ok();
    assert!(relay_is_open(&world, &CHEN));
    control(&["close"]).ok();
    assert!(!relay_is_open(&world, &CHEN));
    control(&["trip-for"]).fails(2, &["--minutes"]);
    control(&["trip-for", "--minutes", "10"]).ok();
    assert!(relay_is_open(&world, &CHEN));
    for order in ["allow", "alarm", "no-alarm", "keep"] {
        control(&[order]).ok();
    }
    control(&["trip"]).fails(1, &["the meter refuses"]);
    assert!(!relay_is_open(&world, &CHEN), "it is to keep power");
    control(&["keep-no-more"]).ok();
    control(&["trip", "--until", "2026-11-01T00:00:00"]).fails(1, &["no right to do this"]);
    let parameter = |rest: &[&str]| station(&world, &port, &CHEN, "parameter", rest).run();
    parameter(&["04001001", "00005000"]).ok().shows(&["04001001", "written"]);
    let alarm = object(&world, &port, &CHEN, "read-back", &["02", "--offset", "16", "--length", "4"]);
    assert_eq!(alarm["data"], "00005000");
    parameter(&["04001003", "00123400", "--enciphered"]).ok();
    let limit = object(&world, &port, &CHEN, "read-back", &["09", "--length", "9"]);
    assert_eq!(limit["data"], "080400100300123400");
    parameter(&["04001001", "005000"]).fails(1, &["3 byte(s)", "hint: "]);
    parameter(&["04001", "00"]).fails(2, &["8 hexadecimal digits"]);
    parameter(&["04000402", "000000000001"]).fails(1, &["the meter refuses"]);
    object(&world, &port, &CHEN, "validity", &["30"]);
    let validity = object(&world, &port, &CHEN, "read-back", &["02", "--offset", "43", "--length", "2"]);
    assert_eq!(validity["data"], "0030");
}

/// Whose keys do not fit, who asks another meter, and who is on the wrong side of the meter.
#[test]
fn a_station_that_does_not_fit_is_told_so() {
    let world = World::new();
    let port = Port::of(&world, &[&CHEN]);
    for keys in [["--suite", "sm4"], ["--key-version", "2"], ["--operator-code", "1"]] {
        let ran = station(&world, &port, &CHEN, "identify", &keys).run();
        match keys[0] {
            "--operator-code" => ran.fails(2, &["8 hexadecimal digits"]),
            _ => ran.fails(1, &["nobody is authenticated, or not by the right key", "hint: "]),
        };
    }
    let at = |rest: &[&str]| world.meters(&["meter", "station", "identify"]).with(rest).run();
    at(&[&port.line, "--meter", CHEN.meter, "--city", "11000000"])
        .fails(1, &["identity authentication", "hint: "]);
    at(&[&port.line, "--meter", WANG.meter, "--city", REGION]).fails(3, &["no meter answers"]);
    at(&["127.0.0.1:1", "--meter", CHEN.meter, "--city", REGION]).fails(3, &["cannot be opened"]);
    assert_eq!(refused(&world, &port, &CHEN, "infrared", &[]), "meter-says-other");
    // A refused authentication holds nobody's ESAM.
    world.meters(&["meter", "show", CHEN.meter]).run().ok();
    world.meters(&["card", "show", text(&world.esam(&CHEN))]).run().ok();
}

/// The infrared eye: little is read and nothing changed before a proof; then for half an hour as on wires.
#[test]
fn an_infrared_eye_wants_a_proof() {
    let world = World::new();
    let port =
        Port::open(world.meters(&["meter", "port", CHEN.meter, "--infrared", "--listen", "127.0.0.1:0"]));
    let read = |item: &str| world.meters(&["meter", "read", &port.line, item]).run();
    read("balance").ok().shows(&["0.00 yuan"]);
    read("voltage-a").fails(1, &["the meter gave none of it"]).shows(&["no right to do this"]);
    assert_eq!(refused(&world, &port, &CHEN, "identify", &[]), "meter-says-identity");
    let keys = ["--key-version", "2"];
    station(&world, &port, &CHEN, "infrared", &keys).run().fails(4, &["other keys than this station"]);
    object(&world, &port, &CHEN, "infrared", &[]);
    read("voltage-a").ok().shows(&["220.0 V"]);
    let opened = object(&world, &port, &CHEN, "open", &["50", "--customer", CHEN.number]);
    assert_eq!(opened["balance_fen"], 5000);
}

/// A line that breaks at every byte of a recharge brings nothing; one that breaks behind its last byte brings the money once.
#[test]
fn a_link_that_is_cut_at_any_byte_brings_no_money() {
    let world = World::new();
    let port = Port::of(&world, &[&CHEN]);
    object(&world, &port, &CHEN, "open", &["50", "--customer", CHEN.number]);
    let suite = keys::Suite::from_name("3des").unwrap();
    let city = issue::Roots::test(suite).city(REGION.parse().unwrap());
    let number: scheme::numbers::MeterNumber = CHEN.meter.parse().unwrap();
    let station = Station::new(&city, number);
    let recharge = || {
        let mut line = TcpStream::connect(&port.line).unwrap();
        let (random, factor) = ([7; 8], station.factor());
        let sent: [&[u8]; 3] = [&station.identity(&random), &random, &factor];
        let asked = request(Address(number.0), identifier::IDENTITY, [0; 4], &sent);
        line.write_all(&asked.to_bytes().unwrap()).unwrap();
        let mut found = [0; 28];
        line.read_exact(&mut found).unwrap();
        let data: Vec<u8> = found[14..26].iter().map(|byte| byte.wrapping_sub(0x33)).collect();
        let [drawn, _] = fields(&data, [4, 8]).unwrap();
        let customer = CHEN.number.parse().unwrap();
        let paid = station.recharge(drawn.try_into().unwrap(), Fen(100_00), 2, customer);
        let Recharge { amount, count, money_mac, customer, customer_mac } = &paid;
        let sent: [&[u8]; 5] = [amount, count, money_mac, customer, customer_mac];
        request(Address(number.0), identifier::RECHARGE, [0; 4], &sent).to_bytes().unwrap()
    };
    let bytes = recharge();
    for length in 0..bytes.len() {
        TcpStream::connect(&port.line).unwrap().write_all(&bytes[..length]).unwrap();
    }
    let seen = object(&world, &port, &CHEN, "identify", &[]);
    assert_eq!((&seen["balance_fen"], &seen["count"]), (&5000.into(), &1.into()));
    let bytes = recharge();
    TcpStream::connect(&port.line).unwrap().write_all(&bytes).unwrap();
    let seen = object(&world, &port, &CHEN, "identify", &[]);
    assert_eq!((&seen["balance_fen"], &seen["count"]), (&15000.into(), &2.into()));
    assert_eq!(refused(&world, &port, &CHEN, "recharge", &["100", "--count", "2"]), "meter-says-done");
}
