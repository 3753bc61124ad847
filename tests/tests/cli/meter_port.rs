//! A meter at its port, as whoever reads meters sees it: `meter port` in its own process, frames over a socket and a terminal.

use crate::command::Call;
use crate::world::{CHEN, Customer, WANG, World};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::Duration;

/// `meter port`, which ends with its test.
pub struct Port {
    child: Child,
    pub line: String,
}

impl Port {
    pub fn open(call: Call) -> Self {
        let mut child = call.start();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Port { child, line: line.trim().to_owned() }
    }

    pub fn of(world: &World, customers: &[&Customer]) -> Self {
        let mut args = vec!["meter", "port", "--listen", "127.0.0.1:0"];
        args.extend(customers.iter().map(|customer| customer.meter));
        Port::open(world.meters(&args))
    }

    /// Ends it; gives its exit code and its last words.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = std::process::Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let mut words = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        (self.child.wait().unwrap().code(), words)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn values(world: &World, line: &str, args: &[&str]) -> Vec<(String, Option<String>)> {
    let object = world.meters(&[&["meter", "read", line, "--json"], args].concat()).run().ok().object();
    let items = object["items"].as_array().unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    items.iter().map(|item| (text(&item["name"]).unwrap(), text(&item["value"]))).collect()
}

fn value(world: &World, line: &str, meter: &Customer, name: &str) -> String {
    values(world, line, &["--address", meter.meter, name])[0].1.clone().unwrap()
}

/// A purchase and a day of consumption while the port is open show at the next look.
#[test]
fn what_happens_to_a_meter_shows_at_its_port() {
    let world = World::new();
    let port = Port::of(&world, &[&CHEN, &WANG]);
    assert_eq!(value(&world, &port.line, &CHEN, "balance"), "0.00 yuan");
    assert_eq!(value(&world, &port.line, &CHEN, "status-3"), "0250h", "no current before the first purchase");
    world.purchase(&CHEN, "50");
    assert_eq!(value(&world, &port.line, &CHEN, "balance"), "50.00 yuan");
    assert_eq!(value(&world, &port.line, &CHEN, "status-3"), "0200h");
    assert_eq!(value(&world, &port.line, &CHEN, "customer-number"), CHEN.number);
    assert_eq!(value(&world, &port.line, &WANG, "balance"), "0.00 yuan", "the other meter on the line");
    world.meters(&["meter", "consume", CHEN.meter, "--kwh", "10"]).run().ok();
    assert_eq!(value(&world, &port.line, &CHEN, "energy"), "10.00 kWh");
    let shown = world.meters(&["meter", "show", CHEN.meter, "--json"]).run().ok().object();
    let fen = shown["balance_fen"].as_u64().unwrap();
    assert_eq!(value(&world, &port.line, &CHEN, "balance"), format!("{}.{:02} yuan", fen / 100, fen % 100));
    assert_eq!(port.end("-TERM").0, Some(0));
}

/// Frames by hand: what is answered, byte for byte, and what is not.
#[test]
fn frames_over_a_socket() {
    let world = World::new();
    let port = Port::of(&world, &[&CHEN]);
    let mut stream = TcpStream::connect(&port.line).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut ask = |request: &str, wanted: &str| {
        stream.write_all(&hex::decode(request).unwrap()).unwrap();
        let mut found = vec![0; wanted.len() / 2];
        stream.read_exact(&mut found).unwrap();
        assert_eq!(hex::encode_upper(found), wanted, "{request}");
    };
    // The address, by the wildcard: meter 000020181114.
    ask("68AAAAAAAAAAAA681300DF16", "6814111820000068930647444B5333335516");
    // Broken, then good: only the good one is answered. 00900200 holds nothing yet.
    ask(
        "681411182000006811043335C333FF16FEFE681411182000006811043335C333A016",
        "681411182000006891083335C33333333333F016",
    );
    let (code, words) = port.end("-INT");
    assert_eq!(code, Some(130));
    assert!(words.contains("2 answered"), "{words}");
}

#[test]
fn lines_and_items_that_are_not_there_are_named() {
    let world = World::new();
    let read = |args: &[&str]| world.meters(&[&["meter", "read"], args].concat()).run();
    read(&["127.0.0.1:1"]).fails(3, &["127.0.0.1:1 cannot be opened", "hint: "]);
    read(&["/dev/null"]).fails(3, &["/dev/null cannot be opened"]);
    read(&["nowhere"]).fails(2, &["names no line", "HOST:PORT"]);
    read(&["127.0.0.1:1", "watts"]).fails(2, &["there is no such item", "balance"]);
    let port = |args: &[&str]| world.meters(&[&["meter", "port"], args].concat()).run();
    port(&["000020189999", "--listen", "127.0.0.1:0"]).fails(1, &["there is no meter in"]);
    port(&[CHEN.meter, CHEN.meter, "--listen", "127.0.0.1:0"]).fails(2, &["stands in the list twice"]);
    port(&[CHEN.meter]).fails(2, &["--listen", "--pty", "--serial"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let held = std::net::TcpListener::bind(taken).unwrap();
    port(&[CHEN.meter, "--listen", &held.local_addr().unwrap().to_string()]).fails(3, &["cannot be opened"]);
}

/// A meter that does not answer, and one whose items it has not.
#[test]
fn silence_and_refusals_end_apart() {
    let world = World::new();
    let port = Port::of(&world, &[&CHEN]);
    let silent = ["meter", "read", &port.line, "--address", WANG.meter, "energy"];
    world.meters(&silent).run().fails(3, &["no meter answers at address", "hint: "]);
    let refused = ["meter", "read", &port.line, "voltage-b", "02020200"];
    world.meters(&refused).run().fails(1, &["the meter gave none of it"]).shows(&["it has no such data"]);
    let some = values(&world, &port.line, &["voltage-b", "voltage-a"]);
    assert_eq!(some, [("voltage-b".into(), None), ("voltage-a".into(), Some("220.0 V".into()))]);
}

#[test]
fn a_pseudo_terminal_is_read_again_and_again() {
    let world = World::new();
    let port = Port::open(world.meters(&["meter", "port", CHEN.meter, "--pty", "--json"]));
    let said: Value = serde_json::from_str(&port.line).unwrap();
    let line = said["line"].as_str().unwrap();
    for _ in 0..3 {
        assert_eq!(values(&world, line, &["frequency"])[0].1.as_deref(), Some("50.00 Hz"));
    }
    assert_eq!(port.end("-TERM").0, Some(0));
}
