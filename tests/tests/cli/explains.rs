//! `explain`: what something is, and the first check it fails.

use crate::command::Call;
use crate::world::{CHEN, Party, WANG, World, text};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn explained(world: &World, args: &[&str]) -> Value {
    world.meters(&[&["explain", "--json"], args].concat()).run().ok().object()
}

/// The one part that is explained, or the part of that number.
fn part(object: &Value, n: usize) -> &Value {
    &object["parts"][n]
}

fn value<'v>(part: &'v Value, name: &str) -> &'v str {
    let lines = part["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["name"] == name);
    line.unwrap_or_else(|| panic!("no {name} in {part}"))["value"].as_str().unwrap()
}

/// A record's file with a byte of its record exchanged.
fn bent(world: &World, file: &Path, byte: usize) -> std::path::PathBuf {
    let content = fs::read_to_string(file).unwrap();
    let mut digits: Vec<u8> = content.bytes().collect();
    digits[2 * byte] = if digits[2 * byte] == b'0' { b'1' } else { b'0' };
    let path = world.fresh(".sms");
    fs::write(&path, digits).unwrap();
    path
}

#[test]
fn an_order_is_followed_to_the_check_it_fails() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    // What its meter would do, without doing it: twice the same.
    for _ in 0..2 {
        let object = explained(&world, &[text(&order)]);
        let fresh = part(&object, 0);
        assert_eq!((&fresh["verdict"], &object["fails"]), (&"passes".into(), &0.into()), "{fresh}");
        assert_eq!(value(fresh, "amount"), "50.00 yuan");
        assert_eq!(value(fresh, "opened by"), format!("meter {}", CHEN.meter));
    }
    assert_eq!(world.purse(&CHEN).credited, 0, "nothing was credited");
    // A byte of its cipher text.
    let object = explained(&world, &[text(&bent(&world, &order, 100)), "--meter", CHEN.meter]);
    let fails = &part(&object, 0)["fails"];
    assert_eq!((&fails["check"], &fails["field_error"]), (&"mac".into(), &10.into()));
    assert_eq!((&fails["display"], &fails["cure"]), (&"Err-32".into(), &"customer".into()));
    assert_eq!((&fails["place"]["of"], &fails["place"]["from"]), (&"packet".into(), &13.into()));
    // A field in the clear: KID, before its TAR.
    let kid = {
        let record = hex::decode(fs::read_to_string(&order).unwrap().lines().next().unwrap()).unwrap();
        record.windows(3).position(|three| three == b"GRC").unwrap() - 1
    };
    let object = explained(&world, &[text(&bent(&world, &order, kid))]);
    assert_eq!(part(&object, 0)["fails"]["check"], "key-set");
    let place = &part(&object, 0)["fails"]["place"];
    assert_eq!((&place["from"], &place["length"]), (&9.into(), &1.into()), "{object}");
    // Before another meter.
    let object = explained(&world, &[text(&order), "--meter", WANG.meter]);
    assert_eq!(part(&object, 0)["fails"]["check"], "mac");
    // Without any key.
    let alone = Call::plain(world.fresh("").parent().unwrap(), &["explain", text(&order)]);
    alone.with(&["--home", "nowhere"]).run().ok().shows(&["open", "no key is at hand"]);
}

#[test]
fn what_an_old_order_and_a_strange_sim_fail_at() {
    let world = World::new();
    let first = world.order(&CHEN, "50");
    let kept = world.fresh(".sms");
    fs::copy(&first, &kept).unwrap();
    world.write(&CHEN, &first);
    world.insert(&CHEN, &CHEN).run().ok();
    world.settle(&world.collect(&CHEN)).ok();
    world.purchase(&CHEN, "20");
    let object = explained(&world, &[text(&kept)]);
    let fails = &part(&object, 0)["fails"];
    assert_eq!((&fails["check"], &fails["field_error"]), (&"already-opened".into(), &17.into()), "{object}");
    assert_eq!((&fails["place"]["of"], &fails["cure"]), (&"order".into(), &"bank".into()));
    let next = world.order(&CHEN, "30");
    let object = explained(&world, &[text(&next), "--imsi", WANG.imsi]);
    assert_eq!(part(&object, 0)["fails"]["check"], "sim-binding");
    // On its SIM the record is explained with what else is there.
    world.write(&CHEN, &next);
    let sim = world.sim(&CHEN);
    let object = explained(&world, &[text(&sim)]);
    let order = object["parts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|part| part["verdict"] == "passes" && part["what"].as_str().unwrap().contains("an order"));
    assert!(order.is_some(), "{object}");
    assert_eq!(value(part(&object, 0), "IMSI"), CHEN.imsi);
    // Too late, by the meter's clock.
    let args = ["explain", "--json", text(&next)];
    let late = world.call_at(Party::Meters, "2036-01-01T00:00:00", &args).run().ok().object();
    let fails = &part(&late, 0)["fails"];
    assert_eq!((&fails["check"], &fails["field_error"]), (&"expired".into(), &9.into()));
    assert_eq!(fails["place"]["from"], 62);
}

#[test]
fn receipts_images_traces_frames_and_commands() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok();
    let receipt = world.collect(&CHEN);
    let object = explained(&world, &[text(&receipt)]);
    assert_eq!(
        (&part(&object, 0)["verdict"], value(part(&object, 0), "credited")),
        (&"passes".into(), "50.00 yuan")
    );
    let esam = world.esam(&CHEN);
    let object = explained(&world, &[text(&esam)]);
    assert_eq!(
        (value(part(&object, 0), "balance"), value(part(&object, 0), "meter")),
        ("50.00 yuan", CHEN.meter)
    );
    let cut = world.fresh(".card");
    fs::write(&cut, &fs::read(&esam).unwrap()[..100]).unwrap();
    let object = explained(&world, &[text(&cut)]);
    assert_eq!(part(&object, 0)["fails"]["cure"], "service");
    let trace = world.fresh(".trace");
    fs::write(&trace, "> 00A40000023F00\n< 9000\n\n> 80C2000002D100\n< 9E17\n").unwrap();
    let object = explained(&world, &[text(&trace)]);
    let fails = &part(&object, 0)["fails"];
    assert_eq!((&fails["check"], &fails["place"]["from"]), (&"count-older".into(), &5.into()), "{object}");
    // Frames: whole, with a wrong sum, refused, cut; and out of a listing.
    let good = "68AAAAAAAAAAAA68110433333433AE16";
    let object = explained(
        &world,
        &[good, &good.replace("AE16", "AF16"), "6812907856341268C3023B33B916", &good[..20]],
    );
    let parts = object["parts"].as_array().unwrap();
    let checks: Vec<&Value> = parts.iter().map(|part| &part["fails"]["check"]).collect();
    assert_eq!(
        checks,
        ["", "frame-sum", "meter-says-identity", "frame-cut"]
            .map(|code| match code {
                "" => Value::Null,
                code => code.into(),
            })
            .iter()
            .collect::<Vec<_>>(),
        "{object}"
    );
    assert_eq!(
        (&parts[1]["fails"]["place"]["from"], &parts[1]["fails"]["place"]["hex"]),
        (&30.into(), &"AF".into())
    );
    // Of gas and water meters: a known request, a value, a command of nobody's, a refusal, a spoiled one, a cut one, and what is carried inside.
    let water = "FEFEFEFE68104433221100337801031F90008016";
    let inside =
        "683012907856341200042445F60503FF00000701000000A0A1A2A3A4A5A6A7C0C1C2C3C4C5C6C71290785634120000AE16";
    let object = explained(
        &world,
        &[
            water,
            "68301290785634120081161F9001563412002C000010002C3020102811262004007C16",
            "683012907856341200040417A003556516",
            "683012907856341200C4030301041D16",
            &water.replace("8016", "8116"),
            inside,
            &format!("{water}{good}"),
            &water[..34],
        ],
    );
    let parts = object["parts"].as_array().unwrap();
    let checks: Vec<&str> = parts.iter().map(|part| part["fails"]["check"].as_str().unwrap_or("")).collect();
    assert_eq!(checks, ["", "", "", "pipe-refuses", "frame-sum", "", "", "", "frame-cut"], "{object}");
    assert_eq!(value(&parts[0], "identifier"), "901F, what is metered now (low byte first)");
    assert_eq!(
        (value(&parts[1], "metered"), value(&parts[1], "state")),
        ("1234.56 m3", "open, the battery is low")
    );
    assert_eq!(value(&parts[1], "time"), "2026-11-28T10:20:30+08:00");
    assert_eq!(value(&parts[2], "command"), "55, open it");
    assert_eq!(parts[3]["fails"]["place"]["hex"], "04");
    assert_eq!(parts[4]["fails"]["place"]["hex"], "81");
    assert_eq!(value(&parts[5], "inside"), "a frame of DL/T 645: request, security");
    let cipher = parts[5]["lines"].as_array().unwrap().iter().find(|line| line["name"] == "cipher").unwrap();
    assert_eq!((&cipher["value"], &cipher["place"]["length"]), (&"A7A6A5A4A3A2A1A0".into(), &8.into()));
    assert_eq!(value(&parts[7], "identifier"), "00010000, energy-forward", "both protocols on one line");
    let listing = world.fresh(".log");
    fs::write(
        &listing,
        "# a line\n10:00:01.2 > 68 AA AA AA AA AA AA 68\n10:00:01.3 > 11 04 33 33 34 33 AE 16\n",
    )
    .unwrap();
    let object = explained(&world, &[text(&listing)]);
    assert_eq!(value(part(&object, 0), "identifier"), "00010000, energy-forward");
    let run = |what: &str| world.meters(&["explain", what]).run();
    run("9E21").ok().shows(&["over-ceiling", "error 21, shown as Err-36", "cure"]);
    run("00A40000023F00").ok().shows(&["SELECT", "3F00"]);
    run("3B6900004307070707070707").ok().shows(&["answer to reset"]);
    run("0020000003123456").fails(4, &["carries a PIN", "on stdin"]);
    run("nothing-like-that").fails(1, &["there is no file"]);
    run("FF").fails(1, &["nothing that gridcard knows"]);
}

#[test]
fn the_screen_of_an_order_that_fails() {
    let world = World::new();
    let order = bent(&world, &world.order(&CHEN, "50"), 100);
    let shown = world.meters(&["explain", text(&order), "--meter", CHEN.meter]).run().ok().stdout;
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(shown.contains("fails") && shown.contains("Err-32"), "{shown}");
}
