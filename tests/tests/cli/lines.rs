//! A phone held to a meter of the home, over each line with its physics.

use crate::command::Ran;
use crate::world::{CHEN, REGION, WANG, World, text};
use serde_json::{Value, json};

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
