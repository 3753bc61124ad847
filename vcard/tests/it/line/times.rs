//! Exact times.

use super::{Fake, atr_with_guard, bytes, line, say, terminal};
use gridcard_vcard::line::{Acknowledge, Character, LineCard, Settings, Terminal};
use serde_json::Value;
use wire::Channel;
use wire::atr::Convention;
use wire::line::{Etu, RESET};

fn table() -> Value {
    let table: Value = serde_json::from_str(include_str!("../../kat/line.json")).unwrap();
    assert!(table["source"].as_str().is_some_and(|source| !source.is_empty()));
    table
}

#[test]
fn exchanges_take_the_time_of_the_table() {
    let table = table();
    let rows = table["exchanges"].as_array().unwrap();
    assert!(rows.len() >= 25);
    for row in rows {
        let name = row["name"].as_str().unwrap();
        let number = |field: &str| row[field].as_u64().unwrap();
        let settings = Settings {
            acknowledge: match number("singly") {
                0 => Acknowledge::AtOnce,
                n => Acknowledge::Singly(n as u8),
            },
            nulls: number("nulls") as u8,
            ..Settings::default()
        };
        let mut terminal = terminal(&atr_with_guard(number("guard") as u8), settings);
        let start = terminal.clock();
        let (sent, received) = (number("sent") as usize, number("received") as usize);
        let data = vec![0x5A; sent];
        let with_data = |ins: u8| [&[0x80, ins, 0, 0, sent as u8], &data[..]].concat();
        match (sent, received) {
            (0, 0) => assert_eq!(terminal.transmit(&[0x80, 0x10, 0, 0]).unwrap(), [0x90, 0x00]),
            (0, n) => assert_eq!(terminal.transmit(&[0x80, 0x40, 0, 0, n as u8]).unwrap().len(), n + 2),
            (_, 0) => assert_eq!(terminal.transmit(&with_data(0x20)).unwrap(), [0x90, 0x00]),
            (_, n) => {
                assert_eq!(terminal.transmit(&with_data(0x24)).unwrap()[0], 0x61, "{name}");
                // The fake gives back what it took; only as many as are asked for count here.
                terminal.line_mut().card_mut().waiting.truncate(n);
                terminal.line_mut().card_mut().waiting.resize(n, 0);
                assert_eq!(terminal.transmit(&[0x80, 0xC0, 0, 0, n as u8]).unwrap().len(), n + 2);
            }
        }
        assert_eq!(terminal.clock().0 - start.0, number("etu"), "{name}");
        if sent > 0 {
            assert_eq!(terminal.line().card().commands[0][5..], data, "{name}");
        }
    }
}

#[test]
fn answers_to_reset_take_the_time_of_the_table() {
    for row in table()["atrs"].as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        let atr = row["atr"].as_str().unwrap();
        let mut terminal = Terminal::new(LineCard::new(Fake::new(atr), Settings::default()));
        assert_eq!(terminal.reset().unwrap(), bytes(atr), "{name}");
        // RST low, RST high to TS, then the ATR.
        assert_eq!(terminal.clock().0 - 2 * RESET, row["etu"].as_u64().unwrap(), "{name}");
    }
}

#[test]
fn characters_of_both_conventions() {
    for row in table()["characters"].as_array().unwrap() {
        let byte = |field: &str| bytes(row[field].as_str().unwrap())[0];
        for (convention, field) in [(Convention::Direct, "direct"), (Convention::Inverse, "inverse")] {
            let character = Character::encode(byte("byte"), convention);
            assert_eq!(character.bits, byte(field));
            assert_eq!(character.decode(convention), Some(byte("byte")));
            // Parity is even over what the bits mean: an odd number of ones has a parity bit of 1, low when low is 1.
            let one = byte("byte").count_ones() % 2 == 1;
            assert_eq!(character.parity, one == (convention == Convention::Direct));
        }
    }
}

#[test]
fn every_turned_bit_is_a_wrong_parity() {
    for convention in [Convention::Direct, Convention::Inverse] {
        for byte in 0..=255 {
            let character = Character::encode(byte, convention);
            assert_eq!(character.decode(convention), Some(byte));
            for bit in 0..=8 {
                assert_eq!(character.flipped(bit).decode(convention), None, "{byte:02X} bit {bit}");
            }
        }
    }
}

#[test]
fn the_card_begins_400_cycles_after_rst_or_later() {
    for delay in [2, 50, 107] {
        let settings = Settings { reset_delay: delay, ..Settings::default() };
        let mut line = LineCard::new(Fake::new("3B00"), settings);
        line.activate(Etu(1000));
        assert_eq!(line.says().unwrap().at, Etu(1000 + delay));
        assert_eq!(line.says().unwrap().at, Etu(1012 + delay));
        assert_eq!(line.says(), None);
    }
}

#[test]
fn edges_of_a_read_one_by_one() {
    let mut line = line("3B00", Settings::default());
    let after = say(&mut line, &[0x80, 0x40, 0x00, 0x00, 0x02], 100);
    assert_eq!(after, 160); // the last one began at 148
    let edges: Vec<u64> = std::iter::from_fn(|| line.says()).map(|said| said.at.0).collect();
    assert_eq!(edges, [164, 176, 188, 200, 212]);
}

#[test]
fn a_terminal_that_waits_moves_the_answer_along() {
    let mut line = line("3B4005", Settings::default());
    say(&mut line, &[0x80, 0x10, 0x00, 0x00], 100);
    say(&mut line, &[0x00], 1_000_000);
    // Turn, and the guard time of the last character.
    assert_eq!(line.says().unwrap().at, Etu(1_000_000 + 16 + 5));
}

#[test]
fn long_work_is_bridged_by_null_within_the_waiting_time() {
    for (work, nulls) in [(100, 0), (4800, 0), (4801, 1), (20_000, 4)] {
        let mut line = line("3B00", Settings { work: Etu(work), ..Settings::default() });
        say(&mut line, &[0x80, 0x10, 0x00, 0x00, 0x00], 100);
        let said: Vec<_> = std::iter::from_fn(|| line.says()).collect();
        assert_eq!(said.len(), nulls + 2, "{work}");
        let mut last = 148;
        for (i, said) in said.iter().enumerate() {
            assert!(said.at.0 - last <= line.work_waiting(), "{work}: silent for {}", said.at.0 - last);
            assert_eq!(said.character.bits == 0x60, i < nulls);
            last = said.at.0;
        }
        assert!(said[nulls].at.0 >= 148 + 16 + work, "{work}: answered too early");
        assert!(said[nulls].at.0 <= 148 + 16 + work + 12, "{work}: answered too late");
    }
}

#[test]
fn waiting_time_follows_tc2_and_the_speed() {
    assert_eq!(line("3B00", Settings::default()).work_waiting(), 9600);
    // TD1 announces TC2 = 20.
    assert_eq!(line("3B804014", Settings::default()).work_waiting(), 960 * 0x14);
}
