use gridcard_reader::count::{Counter, Etu, atr_etu, wire_etu};
use serde_json::Value;
use wire::channel::Channel;

use crate::script::Script;

#[test]
fn line_times_are_those_of_the_table() {
    let table: Value = serde_json::from_str(include_str!("../kat/line_time.json")).unwrap();
    assert!(table["source"].as_str().is_some_and(|source| !source.is_empty()));
    let rows = table["exchanges"].as_array().unwrap();
    assert!(rows.len() >= 8);
    for row in rows {
        let name = row["name"].as_str().unwrap();
        let number = |field: &str| row[field].as_u64().unwrap();
        let guard = number("guard") as u8;
        let command = command_with(number("sent") as usize);
        let response = vec![0; number("received") as usize + 2];
        assert_eq!(wire_etu(&command, &response, guard), Etu(number("etu")), "{name}");
        assert_eq!(Etu(number("etu")).micros(9600), number("micros_9600"), "{name}");
    }
    assert_eq!(atr_etu(13), Etu(156));
}

fn command_with(data: usize) -> Vec<u8> {
    let mut command = vec![0x00, 0xA4, 0x00, 0x00];
    if data > 0 {
        command.push(data as u8);
        command.resize(5 + data, 0);
    }
    command
}

#[test]
fn no_guard_time_is_meant_by_255() {
    assert_eq!(
        wire_etu(&[0, 0xA4, 0, 0, 1, 7], &[0x90, 0], 255),
        wire_etu(&[0, 0xA4, 0, 0, 1, 7], &[0x90, 0], 0)
    );
}

#[test]
fn a_speed_of_zero_gives_no_time() {
    assert_eq!(Etu(92).micros(0), 0);
}

#[test]
fn a_counter_adds_up_what_passed_and_not_what_failed() {
    let script =
        "= 3B690000431122334455667788\n> 00840000 08\n< 0102030405060708 9000\n> 00A40000023F00\n! removed";
    let mut card = Counter::new(Script::new(script));
    card.reset().unwrap();
    card.transmit(&[0, 0x84, 0, 0, 8]).unwrap();
    card.transmit(&[0, 0xA4, 0, 0, 2, 0x3F, 0]).unwrap_err();
    let tally = card.tally();
    assert_eq!((tally.apdus, tally.resets, tally.sent, tally.received), (1, 1, 5, 23));
    assert_eq!(tally.line, Etu(156 + 200));
}
