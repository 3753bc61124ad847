//! Meters of gas and water, and tables of prices, as their people see them: made, bought for by SIM, read and moved at their port.

use crate::command::{Call, Ran};
use crate::meter_port::Port;
use crate::world::{CHEN, Customer, Purse, REGION, WANG, World, ZHANG, text};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use wire::cjt188::{Address, ByteOrder, Frame, Identifier, Kind, Receiver, function};

/// The customer's meter made anew for gas or water, of the ESAM it had.
fn piped(world: &World, customer: &Customer, profile: &str) -> Ran {
    let pairing = world.path(&format!("pairing-{}.json", customer.meter));
    let esam = world.fresh("-esam.card");
    std::fs::rename(world.esam(customer), &esam).unwrap();
    std::fs::remove_dir_all(world.meter(customer)).unwrap();
    let files = ["--esam", text(&esam), "--pairing", text(&pairing)];
    let args = ["meter", "new", customer.meter, "--profile", profile, "--price", "3.00", "--load", "1000"];
    world.meters(&args).with(&files).run()
}

fn shown(world: &World, customer: &Customer) -> Value {
    world.meters(&["meter", "show", customer.meter, "--json"]).run().ok().object()
}

fn is_open(world: &World, customer: &Customer) -> bool {
    shown(world, customer)["valve_open"].as_bool().unwrap()
}

fn station(world: &World, port: &Port, customer: &Customer, verb: &str, rest: &[&str]) -> Call {
    let at = ["meter", "station", verb, &port.line, "--meter", customer.meter, "--city", REGION];
    world.meters(&at).with(rest)
}

#[test]
fn a_gas_meter_is_bought_for_by_sim_and_its_valve_opens() {
    let world = World::new();
    piped(&world, &CHEN, "gas").ok().shows(&["gas meter", CHEN.meter]);
    world.meters(&["meter", "show", CHEN.meter]).run().ok().shows(&[
        "0.00 m3",
        "valve",
        "closed (no gas)",
        "3.60 V",
        "3.0000 yuan/m3",
    ]);
    world.purchase(&CHEN, "50");
    assert!(is_open(&world, &CHEN));
    assert_eq!(world.purse(&CHEN), Purse { balance: 50_00, credited: 50_00, count: 1 });
    let consume = |much: &[&str]| world.meters(&["meter", "consume", CHEN.meter]).with(much).run();
    consume(&["--m3", "10"]).ok().shows(&["10.00 m3", "20.00 yuan", "open"]);
    consume(&["--hours", "1"]).ok().shows(&["11.00 m3", "17.00 yuan"]);
    consume(&["--kwh", "1"]).fails(2, &["counts m3", "--m3"]);
    world.meters(&["meter", "consume", WANG.meter, "--m3", "1"]).run().fails(2, &["counts kWh"]);
    // The purse runs out; what was drawn beyond it is owed, and the next purchase pays it and opens.
    consume(&["--hours", "20"]).ok().shows(&["closed (no gas)"]);
    let dry = shown(&world, &CHEN);
    assert_eq!(
        (&dry["profile"], &dry["balance_fen"], &dry["valve_open"]),
        (&"gas".into(), &0.into(), &false.into())
    );
    assert!(dry.get("relay_open").is_none() && dry.get("register_hundredths_kwh").is_none());
    assert_eq!(dry["display"][2], "no gas until the next purchase is inserted");
    world.purchase(&CHEN, "30");
    assert!(is_open(&world, &CHEN));
    assert_eq!(world.books()["sold_fen"], 80_00);
    world.meters(&["meter", "list"]).run().ok().shows(&["valve open", "relay open (no current)"]);
}

#[test]
fn what_a_meter_feels_closes_its_valve() {
    let world = World::new();
    piped(&world, &CHEN, "water").ok();
    world.purchase(&CHEN, "50");
    let sensors = |options: &[&str]| world.meters(&["meter", "sensors", CHEN.meter]).with(options).run();
    sensors(&["--battery", "3300"]).ok().shows(&["open", "the battery is weak"]);
    sensors(&["--battery", "2999"]).ok().shows(&["closed (no water)", "locked by", "battery"]);
    world.meters(&["meter", "consume", CHEN.meter, "--m3", "1"]).run().ok().shows(&["0.00 m3", "50.00 yuan"]);
    sensors(&["--battery", "3600"]).ok().shows(&["open", "nothing"]);
    sensors(&["--magnet", "on"]).ok();
    let after = sensors(&["--magnet", "off"]).ok();
    after.shows(&["closed (no water)", "magnet", "call the company"]);
    assert_eq!(shown(&world, &CHEN)["locked"], "magnet");
    sensors(&[]).fails(2, &["--battery"]);
    let refused = world.meters(&["meter", "sensors", WANG.meter, "--magnet", "on", "--json"]).run();
    assert_eq!((refused.code, &refused.object()["code"]), (1, &"no-valve".into()));
}

/// Sends bytes and gives the frames that come back within a moment.
fn asked(port: &Port, bytes: &[u8]) -> Vec<Frame> {
    let mut line = TcpStream::connect(&port.line).unwrap();
    line.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    line.write_all(bytes).unwrap();
    let (mut receiver, mut buffer, mut found) = (Receiver::new(), [0; 512], Vec::new());
    while found.is_empty() {
        let Ok(length @ 1..) = line.read(&mut buffer) else { break };
        found.extend(receiver.push(&buffer[..length]).into_iter().flatten());
    }
    found
}

#[test]
fn a_gas_meter_is_read_and_moved_at_its_port_by_its_own_protocol() {
    let world = World::new();
    piped(&world, &CHEN, "gas").ok();
    world.purchase(&CHEN, "50");
    world.meters(&["meter", "consume", CHEN.meter, "--m3", "2.50"]).run().ok();
    let port = Port::of(&world, &[&CHEN, &WANG]);
    let read = |options: &[&str]| world.meters(&["meter", "read", &port.line]).with(options).run();
    read(&["--protocol", "188"]).ok().shows(&[
        "volume           2.50 m3",
        "valve            open",
        "battery          good",
        "3.00 yuan/m3",
        "purchase-last    50.00 yuan",
        "balance          42.50 yuan",
    ]);
    read(&["--protocol", "188", "--address", CHEN.meter, "volume"]).ok().shows(&["2.50 m3"]);
    read(&["--protocol", "188", "voltage-a"]).fails(2, &["no such item", "volume-settled"]);
    // The other meter on the line speaks the other protocol, and each hears its own.
    read(&["--address", WANG.meter, "voltage-a"]).ok().shows(&["220.0 V"]);
    read(&["--address", CHEN.meter, "energy"]).fails(3, &["no meter answers"]);
    read(&["--protocol", "188", "--address", WANG.meter]).fails(3, &["no meter answers"]);

    // A command to the valve as anybody can send it: to a meter that sleeps, and to one that is awake.
    let whom = (Kind::GAS, Address::of(CHEN.meter.parse::<scheme::numbers::MeterNumber>().unwrap().0));
    let about = (Identifier::VALVE, ByteOrder::LowFirst);
    let close = Frame::request(whom, function::WRITE, about, 1, &[0x99]).to_bytes().unwrap();
    let said = asked(&port, &[&[0xFE; 24][..], &close].concat());
    assert_eq!(said.len(), 1);
    assert!(said[0].control.is_refusal() && said[0].data == [1, 0, 4], "{said:?}");
    let after = shown(&world, &CHEN);
    assert_eq!((&after["valve_open"], &after["clear_commands"]), (&true.into(), &1.into()));
    assert!(after["events"].as_array().unwrap().iter().any(|event| event["event"] == "clear-command"));

    // The station's, under the ESAM's seal; money through the same line.
    let own = ["--protocol", "188"];
    station(&world, &port, &CHEN, "valve", &["close"]).run().ok().shows(&["the valve is closed"]);
    assert!(!is_open(&world, &CHEN));
    station(&world, &port, &CHEN, "valve", &["open"]).run().ok().shows(&["the valve is open"]);
    let wrong = ["open", "--key-version", "9", "--json"];
    let refused = station(&world, &port, &CHEN, "valve", &wrong).run();
    assert_eq!((refused.code, &refused.object()["code"]), (1, &"meter-says-identity".into()));
    station(&world, &port, &CHEN, "identify", &own).run().ok().shows(&["42.50", CHEN.number]);
    station(&world, &port, &CHEN, "recharge", &["10"]).with(&own).run().ok().shows(&["52.50"]);
    station(&world, &port, &CHEN, "control", &["trip"]).with(&own).run().ok();
    assert!(!is_open(&world, &CHEN));
    station(&world, &port, &WANG, "valve", &["close"]).run().fails(3, &["no meter answers"]);
    assert_eq!(port.end("-TERM").0, Some(0));
    assert_eq!(world.purse(&CHEN), Purse { balance: 52_50, credited: 60_00, count: 2 });
}

/// A meter that sleeps is silent, whatever is asked.
#[test]
fn a_meter_on_a_pipe_answers_when_it_was_called() {
    let world = World::new();
    piped(&world, &CHEN, "water").ok();
    let port = Port::of(&world, &[&CHEN]);
    let whom = (Kind::ANY, Address::WILDCARD);
    let about = (Identifier::METERED, ByteOrder::HighFirst);
    let frame = Frame::request(whom, function::READ, about, 9, &[]).to_bytes().unwrap();
    assert_eq!(asked(&port, &[&[0xFE; 4][..], &frame].concat()), []);
    let said = asked(&port, &[&[0xFE; 20][..], &frame].concat());
    assert_eq!((said.len(), said[0].kind), (1, Kind::WATER));
    assert_eq!(asked(&port, &frame).len(), 1, "it stays awake for a while");
}

#[test]
fn a_station_sets_prices_now_and_from_a_time_on() {
    let world = World::new();
    piped(&world, &WANG, "gas").ok();
    for customer in [&CHEN, &WANG] {
        world.purchase(customer, "50");
    }
    let port = Port::of(&world, &[&CHEN, &WANG]);
    let tables = ["--prices", "0.5000,0.6000,0.9000", "--steps", "1,3", "--days", "01-01"];
    station(&world, &port, &CHEN, "tariff", &tables).run().ok().shows(&["1 table(s)", "now"]);
    let gas = ["--rate", "2.8000", "--protocol", "188"];
    station(&world, &port, &WANG, "tariff", &gas).run().ok();
    let consume = |customer: &Customer, much: &[&str]| {
        world.meters(&["meter", "consume", customer.meter]).with(much).run().ok();
        shown(&world, customer)["balance_fen"].as_u64().unwrap()
    };
    assert_eq!(consume(&CHEN, &["--kwh", "5"]), 50_00 - 50 - 120 - 180);
    assert_eq!(consume(&WANG, &["--m3", "5"]), 50_00 - 14_00);
    // From a time on: half of what is drawn lies on each side of it.
    let from = world.now().add_seconds(3 * 3600).unwrap();
    let waits = ["--rate", "3.5000", "--protocol", "188", "--from", &from.to_string()];
    station(&world, &port, &WANG, "tariff", &waits).run().ok().shows(&["from"]);
    assert_eq!(shown(&world, &WANG)["price_hundredths_fen"], 28_000);
    assert_eq!(port.end("-TERM").0, Some(0));
    // A command's minute is a part of it, too: 59 minutes before and 61 behind.
    world.at(from.add_seconds(3600).unwrap());
    assert_eq!(consume(&WANG, &["--hours", "2"]), 50_00 - 14_00 - 631);
    assert_eq!(shown(&world, &WANG)["price_hundredths_fen"], 35_000);
}

#[test]
fn prices_nobody_could_bill_by_are_refused_before_a_line_is_opened() {
    let world = World::new();
    let nowhere = ["meter", "station", "tariff", "127.0.0.1:9", "--meter", ZHANG.meter, "--city", REGION];
    let tariff = |options: &[&str]| world.meters(&nowhere).with(options).run();
    tariff(&[]).fails(2, &["--rate"]);
    tariff(&["--rate", "0.12345"]).fails(2, &["0.5380"]);
    tariff(&["--prices", "1,2", "--days", "02-29"]).fails(2, &["every year"]);
    tariff(&["--steps", "5"]).fails(2, &["--prices"]);
}

/// What breaks is told by whoever hears of it: the display, a reader, a station, and what flows is owed.
#[test]
fn a_valve_that_sticks_and_contacts_that_are_welded_are_told() {
    let world = World::new();
    piped(&world, &CHEN, "gas").ok();
    for customer in [&CHEN, &WANG] {
        world.purchase(customer, "50");
    }
    let sensors = |customer: &Customer, options: &[&str]| {
        world.meters(&["meter", "sensors", customer.meter]).with(options).run()
    };
    let port = Port::of(&world, &[&CHEN, &WANG]);
    sensors(&CHEN, &["--jammed", "on"]).ok().shows(&["open", "stuck", "no"]);
    let refused = station(&world, &port, &CHEN, "valve", &["close", "--json"]).run();
    assert_eq!((refused.code, &refused.object()["code"]), (1, &"valve-stuck".into()));
    world
        .meters(&["meter", "read", &port.line, "--protocol", "188", "valve"])
        .run()
        .ok()
        .shows(&["does not move"]);
    let after = shown(&world, &CHEN);
    assert_eq!((&after["stuck"], &after["valve_open"]), (&"jammed".into(), &true.into()));
    assert_eq!(after["alarm"], true);
    assert_eq!(after["display"][2], "the valve does not move: call the company");
    world.meters(&["meter", "show", CHEN.meter]).run().ok().shows(&[
        "open, does not move",
        "stuck",
        "jammed",
    ]);
    world.meters(&["meter", "consume", CHEN.meter, "--m3", "2"]).run().ok().shows(&["44.00 yuan"]);
    sensors(&CHEN, &["--jammed", "off"]).ok();
    station(&world, &port, &CHEN, "valve", &["close"]).run().ok().shows(&["the valve is closed"]);
    let leaks = sensors(&CHEN, &["--leak", "50"]).ok();
    leaks.shows(&["closed (no gas)", "nothing"]);
    world.meters(&["meter", "consume", CHEN.meter, "--hours", "2"]).run().ok().shows(&["2.10 m3"]);
    assert_eq!(shown(&world, &CHEN)["locked"], "leak");

    // Contacts that are welded: the station hears it, and the status word has both bits.
    sensors(&WANG, &["--jammed", "on"]).ok().shows(&["closed"]);
    let refused = station(&world, &port, &WANG, "control", &["trip", "--json"]).run();
    assert_eq!((refused.code, &refused.object()["code"]), (1, &"relay-stuck".into()));
    world
        .meters(&["meter", "read", &port.line, "--address", WANG.meter, "status-3"])
        .run()
        .ok()
        .shows(&["0240h"]);
    assert_eq!(shown(&world, &WANG)["stuck"], "welded");
    sensors(&WANG, &["--jammed", "off"]).ok();
    station(&world, &port, &WANG, "control", &["trip"]).run().ok();
    assert_eq!(shown(&world, &WANG)["relay_open"], true);
    let refused = sensors(&WANG, &["--leak", "5", "--json"]);
    assert_eq!((refused.code, &refused.object()["code"]), (1, &"no-valve".into()));
    assert_eq!(port.end("-TERM").0, Some(0));
}

/// A station with its phone to a gas meter, over each line with its physics.
#[test]
fn a_gas_meter_is_read_and_its_valve_moved_over_every_line() {
    let world = World::new();
    piped(&world, &CHEN, "gas").ok();
    world.purchase(&CHEN, "50");
    for line in ["infrared", "irda", "bluetooth", "ble", "nfc"] {
        let over = ["--line", line, "--protocol", "188"];
        let read = world.meters(&["meter", "read", CHEN.meter, "volume", "valve"]).with(&over).run().ok();
        read.shows(&["0.00 m3", "open", line, "the frames alone take"]);
        let at = [
            "meter", "station", "valve", CHEN.meter, "--meter", CHEN.meter, "--city", REGION, "--line", line,
        ];
        world.meters(&at).with(&["close"]).run().ok().shows(&["the valve is closed", line]);
        assert!(!is_open(&world, &CHEN), "{line}");
        world.meters(&at).with(&["open"]).run().ok().shows(&["the valve is open"]);
        let identify = ["meter", "station", "identify", CHEN.meter, "--meter", CHEN.meter, "--city", REGION];
        world.meters(&identify).with(&over).run().ok().shows(&["50.00", CHEN.number]);
    }
}
