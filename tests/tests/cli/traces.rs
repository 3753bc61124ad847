//! What stands in a trace opens no key, for somebody who knows what everybody knows: the published roots.
//!
//! The attacker of these tests recomputes transport keys and own masters. What an issuing card answers on its channel opens
//! under them, so that the search is known to see; in the trace of a whole life nothing of it stands.

use crate::world::{CHEN, Kind, Party, World, text};
use keys::{Suite, hierarchy, seal};
use std::collections::BTreeSet;
use std::path::Path;

/// A field that carried a key: what was asked, and what came.
struct Field {
    asked: Vec<u8>,
    field: Vec<u8>,
}

/// The `>` lines of a trace that begin so, as bytes.
fn commands(trace: &str, begin: &str) -> Vec<Vec<u8>> {
    let lines = trace.lines().filter_map(|line| line.strip_prefix("> "));
    let mut found: Vec<Vec<u8>> =
        lines.filter(|line| line.starts_with(begin)).map(|line| hex::decode(line).unwrap()).collect();
    found.dedup();
    found
}

/// Asks an issuing card for the same fields again, in a session that is shown.
fn ask(world: &World, card: &Path, pins: &[&str], commands: &[Vec<u8>]) -> Vec<Field> {
    let lines = pins.iter().map(|pin| (*pin).to_owned()).chain(commands.iter().map(hex::encode_upper));
    let stdin: String = lines.map(|line| line + "\n").collect();
    let apdu = ["apdu", text(card), "--reveal", "--json", "--trace", "again.trace", "-"];
    let shown = world.province(&apdu).stdin(&stdin).run().ok().object();
    let mut fields = Vec::new();
    let mut asked = None;
    for line in shown["session"].as_array().unwrap() {
        let bytes = hex::decode(line["text"].as_str().unwrap()).unwrap();
        match (line["what"].as_str().unwrap(), bytes.get(1)) {
            ("command", Some(0x44)) => asked = Some(bytes),
            ("command", _) => asked = None,
            ("answer", _) => {
                if let Some(asked) = asked.take() {
                    fields.push(Field { asked, field: bytes[..bytes.len() - 2].to_vec() });
                }
            }
            _ => {}
        }
    }
    assert_eq!(fields.len(), commands.len());
    fields
}

/// Every run of eight bytes of the fields.
fn pieces(fields: &[Field]) -> BTreeSet<[u8; 8]> {
    let windows = fields.iter().flat_map(|field| field.field.windows(8));
    windows.map(|piece| piece.try_into().unwrap()).collect()
}

/// How many of them stand in a text, as hexadecimal digits.
fn found(text: &str, pieces: &BTreeSet<[u8; 8]>) -> usize {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<String>());
    let in_line = |line: String| {
        let digits: Vec<u8> =
            line.chars().map(|c| c.to_digit(16).map_or(0xFF, |digit| digit as u8)).collect();
        digits
            .windows(16)
            .filter(|window| window.iter().all(|digit| *digit < 16))
            .filter(|window| {
                let bytes: Vec<u8> = window.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
                pieces.contains::<[u8]>(&bytes)
            })
            .count()
    };
    lines.map(in_line).sum()
}

fn a_trace_opens_nothing(suite: &'static str) {
    let world = World::traced(Kind { apart: false, formal: false, suite });
    world.purchase(&CHEN, "50");
    let trace = std::fs::read_to_string(world.path("life.trace")).unwrap();
    let city = world.folder(Party::City);
    let main = world.folder(Party::Province).join("main-control.card");
    let (first, second) = ("0020000003123456", "0020000103654321");
    let mut fields = Vec::new();
    for (card, pins, targets) in [
        (main, &[first, second][..], "23"),
        (city.join("psam-issuing.card"), &[first], "4"),
        (city.join("esam-issuing.card"), &[first], "5F"),
    ] {
        let asked: Vec<Vec<u8>> =
            targets.chars().flat_map(|target| commands(&trace, &format!("8044{target}"))).collect();
        assert!(!asked.is_empty(), "nothing for {targets} was exported");
        fields.extend(ask(&world, &card, pins, &asked));
    }
    assert!(fields.len() >= 20 + 4 + 3 * 9, "{} fields only", fields.len());

    // The attacker: what leaves under a transport key opens under the published root, and is the own master.
    let suite = Suite::from_name(suite).unwrap();
    let root = |role| hierarchy::test_root(suite, role);
    let transport = root(keys::Role::Transport);
    let mut opened = 0;
    for Field { asked, field } in
        fields.iter().filter(|field| field.asked[2] & 0x0F == 0 && field.asked[2] >> 4 != 0xF)
    {
        let data = &asked[5..];
        let (challenge, header, serial) = (&data[..8], &data[8..13], &data[13..21]);
        let key = hierarchy::transport_key(&transport, serial.try_into().unwrap());
        let plain = seal::unwrap(&key, challenge, header.try_into().unwrap(), field);
        assert!(plain.is_ok(), "what the card gave does not open: the search would be blind");
        opened += 1;
    }
    assert!(opened >= 2 + 1 + 3, "{opened} own masters under transport keys");

    // None of it stands in the traces: of the life, and of the session that was shown.
    let pieces = pieces(&fields);
    let control: String =
        fields.iter().map(|field| format!("> {}\n", hex::encode_upper(&field.field))).collect();
    assert!(found(&control, &pieces) >= pieces.len(), "the search is blind");
    for name in ["life.trace", "again.trace"] {
        let trace = std::fs::read_to_string(world.path(name)).unwrap();
        assert!(commands(&trace, "8044").len() >= 9, "{name} is of something else");
        assert_eq!(found(&trace, &pieces), 0, "a key in cipher text in {name}");
    }
    let writes = trace.lines().filter(|line| line.starts_with("> 84D4")).count();
    assert!(writes >= fields.len() / 2, "{writes} WRITE KEY");
    assert!(
        trace.lines().filter(|line| line.starts_with("> 84D4")).all(|line| line.ends_with("bytes hidden]"))
    );
}

#[test]
fn a_trace_opens_nothing_3des() {
    a_trace_opens_nothing("3des");
}

#[test]
fn a_trace_opens_nothing_aes128() {
    a_trace_opens_nothing("aes128");
}

#[test]
fn a_trace_opens_nothing_sm4() {
    a_trace_opens_nothing("sm4");
}

/// What is hidden is explained, and stays hidden whoever looks.
#[test]
fn hidden_data_is_explained() {
    let world = World::traced(Kind { apart: false, formal: false, suite: "3des" });
    let shown = world.province(&["trace", "show", "life.trace"]).run().ok();
    shown.shows(&["hidden: a PIN", "WRITE KEY", "hidden: a key", "EXPORT KEY"]);
}
