//! A phone held to a meter of the home, over each line with its physics.

use crate::command::Ran;
use crate::meter_port::Port;
use crate::world::{CHEN, REGION, WANG, World, text};
use serde_json::{Value, json};
use std::time::Instant;

const LINES: [&str; 5] = ["infrared", "irda", "bluetooth", "ble", "nfc"];

fn read(world: &World, rest: &[&str]) -> Ran {
    world.meters(&["meter", "read", CHEN.meter, "balance", "--json"]).with(rest).run()
}

#[test]
fn a_meter_is_read_over_each_line_in_that_lines_time() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    let mut times = Vec::new();
    for line in LINES {
        let once = || read(&world, &["--line", line]).ok().object();
        let object = once();
        assert_eq!(object["items"][0]["value"], "50.00 yuan", "{line}");
        let time = &object["line_time"];
        let of = |name: &str| time[name].as_u64().unwrap();
        assert!(time["line"] == line && of("least_ms") < of("ms") && of("on_air") > 60, "{time}");
        assert_eq!(once(), object, "a seed is a run");
        times.push(of("ms"));
    }
    // Two questions of 16 bytes, two answers: six tenths of a second of light at 1200 bit/s, and less by NFC than by anything.
    assert!(times[0] > 600 && times[4] == *times.iter().min().unwrap(), "{times:?}");
    // In words, and with items that an eye does not show.
    let words =
        world.meters(&["meter", "read", CHEN.meter, "balance", "voltage-a", "--line", "nfc"]).run().ok();
    words.shows(&["50.00 yuan", "no right to do this", "nfc: ", "bytes on the air", "106000 bit/s"]);
}

#[test]
fn what_cannot_be_reached_has_words() {
    let world = World::new();
    for (line, range, said) in [
        ("infrared", "700", "no meter answers"),
        ("irda", "60", "nobody is found in the light"),
        ("bluetooth", "2000", "out of reach"),
        ("ble", "2000", "out of reach"),
        ("nfc", "9", "no card is in the field"),
    ] {
        let far = ["meter", "read", CHEN.meter, "--line", line, "--distance", range];
        world.meters(&far).run().fails(3, &[said]);
        // A lamp, and nearer.
        read(&world, &["--line", line, "--distance", "1", "--noise", "50"]).ok();
    }
    let code = |rest: &[&str]| {
        let ran = world.meters(&["meter", "read", "--json"]).with(rest).run();
        (ran.code, ran.object()["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(code(&[CHEN.meter]), (2, "line-missing".to_owned()));
    assert_eq!(code(&["127.0.0.1:1", "--line", "irda"]), (2, "line-far".to_owned()));
    let file = world.path("x.pcap");
    assert_eq!(
        code(&[CHEN.meter, "--line", "nfc", "--capture", text(&file)]),
        (2, "line-capture".to_owned())
    );
    assert_eq!(code(&[CHEN.meter, "--line", "smoke"]).0, 2);
    assert_eq!(code(&["127.0.0.1:1", "--noise", "3"]).0, 2, "noise is of a line with its physics");
}

#[test]
fn a_capture_is_one_of_irda() {
    let world = World::new();
    let file = world.path("light.pcap");
    read(&world, &["--line", "irda", "--capture", text(&file)]).ok();
    let bytes = std::fs::read(&file).unwrap();
    // Microseconds, version 2.4, link type 144.
    assert_eq!(bytes[..8], [0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0]);
    assert_eq!((bytes[20..24].to_vec(), bytes.len() > 1000), (144_u32.to_le_bytes().to_vec(), true));
}

/// A station proves itself in the light, and does there what it does on a wire.
#[test]
fn a_station_stands_before_the_eye() {
    let world = World::new();
    let station = |verb: &str, line: &str, rest: &[&str]| -> Value {
        let at = ["meter", "station", verb, WANG.meter, "--meter", WANG.meter, "--city", REGION, "--json"];
        world.meters(&at).with(&["--line", line]).with(rest).run().ok().object()
    };
    let opened = station("open", "infrared", &["50", "--customer", WANG.number]);
    assert_eq!((&opened["balance_fen"], &opened["count"]), (&json!(5000), &json!(1)));
    let mut wanted = 5000;
    for line in LINES {
        wanted += 1000;
        let paid = station("recharge", line, &["10"]);
        assert_eq!(paid["balance_fen"], wanted, "{line}");
        assert_eq!(paid["line_time"]["line"], line);
    }
    assert_eq!(station("identify", "ble", &[])["count"], 6);
    station("infrared", "irda", &[]);
}

/// What a phone can be set to, where it can point and who else can be there; each with the words that say what to try.
#[test]
fn a_phone_that_is_held_or_set_badly_is_told_what_to_try() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    let tell = |rest: &[&str]| world.meters(&["meter", "read", CHEN.meter, "balance"]).with(rest).run();
    // Light has a beam; what goes all around has no angle.
    tell(&["--line", "irda", "--angle", "15", "--distance", "30"]).ok();
    tell(&["--line", "irda", "--angle", "25"])
        .fails(3, &["nobody is found in the light", "nearer and straight"]);
    tell(&["--line", "infrared", "--angle", "30", "--distance", "400"]).ok();
    tell(&["--line", "infrared", "--angle", "59"]).fails(3, &["no meter answers", "nearer and straight"]);
    tell(&["--line", "nfc", "--angle", "3"]).fails(2, &["--angle does nothing on a line of kind nfc"]);
    // A speed, a parity, an application of somebody else.
    for wrong in [&["--baud", "2400"][..], &["--baud", "9600"], &["--parity", "odd"], &["--parity", "none"]] {
        tell(&["--line", "infrared"]).ok();
        let ran = tell(&[&["--line", "infrared"], wrong].concat());
        ran.fails(3, &["meters have 1200 and even: leave --baud and --parity out"]);
    }
    tell(&["--line", "infrared", "--baud", "1200", "--parity", "even"]).ok();
    tell(&["--line", "ble", "--baud", "2400"]).fails(2, &["both ends agree on their own"]);
    tell(&["--line", "nfc", "--aid", "A0000000031010"]).fails(3, &["6A82", "no meter of this kind"]);
    tell(&["--line", "nfc", "--aid", "F06772696463617264"]).ok();
    // A hand that stays. IrDA takes eight seconds to be sure that the light is lost, and a reader has less patience.
    for (line, said) in [
        ("infrared", "no meter answers"),
        ("irda", "no meter answers"),
        ("bluetooth", "the radio link is over"),
        ("ble", "the radio link is over"),
        ("nfc", "the field is lost"),
    ] {
        let whole = read(&world, &["--line", line]).ok().object()["line_time"]["on_air"].as_u64().unwrap();
        let late = (whole - 30).to_string();
        tell(&["--line", line, "--cut", &late]).fails(3, &[said]);
    }
}

#[test]
fn other_phones_and_other_meters_are_heard_where_they_can_be() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    world.purchase(&WANG, "20");
    let beside = |line: &str, rest: &[&str]| {
        read(&world, &[&["--line", line, "--beside", WANG.meter][..], rest].concat())
    };
    // All who see the light answer the wildcard at once; one its own address.
    let all = beside("infrared", &[]);
    assert_eq!(all.code, 3);
    assert!(
        all.object()["hint"].as_str().unwrap().starts_with("2 meters are in the light"),
        "{}",
        all.stdout
    );
    for (meter, balance) in [(CHEN.meter, "50.00 yuan"), (WANG.meter, "20.00 yuan")] {
        let one = beside("infrared", &["--address", meter]).ok().object();
        assert_eq!(one["items"][0]["value"], balance);
    }
    // An irda phone takes who answers first, a field has one card, a radio one meter.
    let first = beside("irda", &[]).ok().object();
    let (found, other) =
        if first["address"] == CHEN.meter { (CHEN.meter, WANG.meter) } else { (WANG.meter, CHEN.meter) };
    beside("irda", &["--address", found]).ok();
    let ran = beside("irda", &["--address", other]);
    assert!(
        ran.code == 3 && ran.object()["hint"].as_str().unwrap().contains("answered first"),
        "{}",
        ran.stdout
    );
    assert!(beside("nfc", &[]).object()["error"].as_str().unwrap().contains("several cards"));
    assert_eq!(beside("ble", &[]).object()["code"], "line-option");
    assert_eq!(read(&world, &["--line", "nfc", "--beside", CHEN.meter]).code, 2, "itself");
    // Another phone that has the meter is waited for.
    for line in ["bluetooth", "ble"] {
        let object = read(&world, &["--line", line, "--other-phone", "0"]).ok().object();
        let ms = object["line_time"]["ms"].as_u64().unwrap();
        assert!(ms > 3000, "{line}: {ms}");
        read(&world, &["--line", line, "--other-phone", "1500"]).ok();
    }
}

/// The checks of `prove port` over each line: its silences are the line's and cost nobody's time.
#[test]
fn a_meter_is_proved_over_each_line() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    for line in LINES {
        let args = ["prove", "port", CHEN.meter, "--line", line, "--spend-tries", "2", "--json"];
        let object = world.meters(&args).run().ok().object();
        assert_eq!(
            (&object["violations"], &object["line_time"]["line"]),
            (&json!(0), &json!(line)),
            "{object}"
        );
        assert!(object["line_time"]["ms"].as_u64().unwrap() > 5000, "{line}: {}", object["line_time"]);
    }
}

/// The program that serves a line puts the light or the radio in: whoever asks over a socket meets it, and its time.
#[test]
fn a_served_line_has_its_physics_for_whoever_asks() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    let serve = |meters: &[&str], rest: &[&str]| {
        Port::open(world.meters(&[&["meter", "port", "--listen", "127.0.0.1:0"], meters, rest].concat()))
    };
    let asked = |port: &Port, rest: &[&str]| {
        world.meters(&["meter", "read", &port.line, "balance", "--json"]).with(rest).run()
    };
    for line in LINES {
        let port = serve(&[CHEN.meter], &["--line", line]);
        let begun = Instant::now();
        assert_eq!(asked(&port, &[]).ok().object()["items"][0]["value"], "50.00 yuan", "{line}");
        if line == "infrared" {
            // 74 bytes of 9.167 ms: two questions and two answers.
            assert!(begun.elapsed().as_millis() > 650, "{:?}", begun.elapsed());
        }
        let (code, words) = port.end("-TERM");
        assert_eq!(code, Some(0));
        assert!(
            words.contains("2 answered") && words.contains(&format!("{line}: opened 1 time(s), lost 0")),
            "{words}"
        );
    }
    // Two in the light, out of the light, and a phone of another speed.
    let port = serve(&[CHEN.meter, WANG.meter], &["--line", "infrared"]);
    assert_eq!(asked(&port, &[]).code, 3);
    asked(&port, &["--address", CHEN.meter]).ok();
    port.end("-TERM");
    let port = serve(&[CHEN.meter], &["--line", "irda", "--angle", "40"]);
    assert_eq!(asked(&port, &[]).code, 3);
    assert!(port.end("-TERM").1.contains("opened 1 time(s), lost 1"));
    let port = serve(&[CHEN.meter], &["--line", "infrared", "--baud", "2400"]);
    assert_eq!(asked(&port, &[]).code, 3);
    port.end("-TERM");
    world
        .meters(&["meter", "port", CHEN.meter, WANG.meter, "--pty", "--line", "ble"])
        .run()
        .fails(2, &["connects to one"]);
    world.meters(&["meter", "port", CHEN.meter, "--pty", "--noise", "3"]).run().fails(2, &["--line"]);
}
