//! Every time that is shown says its zone: in the heading of a table, behind a time in words, as an offset in JSON.

use crate::command::{Call, Ran};
use crate::world::{CHEN, Party, World, text};
use serde_json::Value;

/// Where a time of the screen begins and no zone follows, nor does its column's heading say one.
fn without_zone(ran: &Ran) -> Option<String> {
    let bare = |line: &str| {
        line.match_indices("20").any(|(at, _)| {
            let Some(time) = line.get(at..at + 19) else { return false };
            let is_time = time.parse::<scheme::Moment>().is_ok() && time.contains(' ');
            let behind = line[at + 19..].trim_start();
            is_time && !behind.starts_with("UTC") && !behind.starts_with(['+', '-'])
        })
    };
    let mut zoned = false;
    for line in ran.stdout.lines() {
        // The heading of the table that goes on.
        zoned = if line.trim().is_empty() { false } else { zoned || line.contains("(UTC+8)") };
        if !zoned && bare(line) {
            return Some(line.to_owned());
        }
    }
    ran.stderr.lines().find(|line| bare(line)).map(str::to_owned)
}

/// A time in an object that is not of ISO 8601 with an offset.
fn without_offset(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let time = text.get(..19).is_some_and(|time| time.parse::<scheme::Moment>().is_ok());
            let is_iso =
                text.len() == 25 && text.get(10..11) == Some("T") && text[19..].starts_with(['+', '-']);
            (time && !is_iso).then(|| text.clone())
        }
        Value::Array(values) => values.iter().find_map(without_offset),
        Value::Object(fields) => fields.values().find_map(without_offset),
        _ => None,
    }
}

#[test]
fn every_time_says_its_zone() {
    let world = World::new();
    world.purchase(&CHEN, "50");
    let record = world.order(&CHEN, "30");
    world.write(&CHEN, &record);
    let (sim, out) = (world.sim(&CHEN), world.path("out"));
    std::fs::create_dir(&out).unwrap();
    let looks: [(Party, &[&str]); 16] = [
        (Party::Province, &["kdc", "audit", "show"]),
        (Party::Province, &["kdc", "audit", "head"]),
        (Party::City, &["city", "audit", "show"]),
        (Party::City, &["stock", "list"]),
        (Party::City, &["stock", "show", CHEN.meter, "--kind", "esam"]),
        (Party::City, &["issue", "list"]),
        (Party::Bank, &["server", "orders"]),
        (Party::Bank, &["server", "report"]),
        (Party::Bank, &["server", "statement", "--customer", CHEN.number]),
        (Party::Bank, &["server", "findings"]),
        (Party::Bank, &["server", "audit", "show"]),
        (Party::Meters, &["meter", "show", CHEN.meter]),
        (Party::Meters, &["stock", "list", "--of", "meters"]),
        (Party::Sims, &["sim", "list", text(&sim)]),
        (Party::Sims, &["sim", "read", text(&sim), "1"]),
        (Party::Bank, &["operator", "list", "--party", "bank"]),
    ];
    let mut seen = 0;
    for (party, args) in looks {
        let words = world.call(party, args).run().ok();
        assert_eq!(without_zone(&words), None, "{args:?}\n{}", words.stdout);
        seen += usize::from(words.stdout.contains("UTC+8"));
        let object = world.call(party, args).with(&["--json"]).run().ok().object();
        assert_eq!(without_offset(&object), None, "{args:?}\n{object}");
    }
    assert!(seen >= 9, "only {seen} of them show a time");
    world.city(&["stock", "list", "--csv", "stock.csv"]).run().ok();
    let list = std::fs::read_to_string(world.path("stock.csv")).unwrap();
    assert!(list.lines().skip(1).all(|line| line.ends_with("+08:00")), "{list}");
    // What was refused says it as well.
    let early =
        ["stock", "move", CHEN.meter, "--kind", "esam", "--to", "safe", "--at", "2020-01-01 00:00:00"];
    let home = world.home(Party::City);
    let call = || Call::plain(&world.path(""), &early).with(&["--home", text(&home)]);
    let refused = call().run().failed(1);
    assert!(refused.stderr.contains("UTC+8"), "{}", refused.stderr);
    assert_eq!(without_zone(&refused), None, "{}", refused.stderr);
    let object = call().with(&["--json"]).run().failed(1).object();
    assert!(object["error"].as_str().unwrap().contains("UTC+8"), "{object}");
}

/// A time that came out goes in again, and one of another zone is the same instant.
#[test]
fn a_time_is_taken_with_its_offset() {
    let world = World::new();
    let at = |time: &str| {
        let args = ["server", "audit", "head", "--json", "--at", time];
        let home = world.home(Party::Bank);
        Call::plain(&world.path(""), &args).with(&["--home", text(&home)]).run().ok().object()["at"].clone()
    };
    for time in [
        "2026-11-25 08:00:00",
        "2026-11-25T08:00:00",
        "2026-11-25T08:00:00+08:00",
        "2026-11-25T00:00:00Z",
        "2026-11-24T20:30:00-03:30",
        "20261125080000",
    ] {
        assert_eq!(at(time), "2026-11-25T08:00:00+08:00", "{time}");
    }
    for none in [
        "2026-11-25T08:00:00+8",
        "2026-11-25T08:00:00+08:60",
        "2026-11-25T08:00:00+15:00",
        "2026-11-25T08:00:00X",
    ] {
        let args = ["server", "audit", "head", "--at", none];
        Call::plain(&world.path(""), &args).run().failed(2);
    }
}
