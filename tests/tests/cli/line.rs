//! `gridcard card line`: what it says and refuses. How a card answers on its line is judged by a terminal of its own
//! (`judge/t0_terminal.py`).

use crate::command::{Call, binary};
use crate::world::{CHEN, World, text};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A line that is ended when its test ends.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a line; gives it and the first line it says.
fn serve(world: &World, options: &[&str]) -> (Served, String) {
    let mut child = Command::new(binary())
        .args(["card", "line", text(&world.sim(&CHEN))])
        .args(options)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    (Served(child), said.trim().to_owned())
}

#[test]
fn a_card_on_a_line_answers_and_is_nobody_elses() {
    let world = World::new();
    let trace = world.path("apdus.txt");
    let (mut served, address) =
        serve(&world, &["--listen", "127.0.0.1:0", "--terminals", "1", "--trace", text(&trace)]);
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut atr = [0; 12];
    stream.read_exact(&mut atr).unwrap();
    assert_eq!(hex::encode_upper(atr), "3B0A80584752494443415244");
    // One slot a card.
    world
        .phones(&["card", "show", text(&world.sim(&CHEN))])
        .run()
        .fails(3, &["in the slot of another command"]);
    stream.write_all(&hex::decode("A0A4000002").unwrap()).unwrap();
    let mut procedure = [0];
    stream.read_exact(&mut procedure).unwrap();
    assert_eq!(procedure, [0xA4]);
    stream.write_all(&hex::decode("7F10").unwrap()).unwrap();
    let mut sw = [0; 2];
    stream.read_exact(&mut sw).unwrap();
    assert_eq!(sw[0], 0x9F);
    drop(stream);
    assert!(served.0.wait().unwrap().success());
    // The APDU stands in the trace, as in any other.
    let traced = std::fs::read_to_string(&trace).unwrap();
    assert!(traced.contains("> A0A40000027F10\n< 9F"), "{traced}");
    world.phones(&["card", "show", text(&world.sim(&CHEN))]).run().ok();
}

#[test]
fn the_pipe_is_told_as_json_too() {
    let world = World::new();
    for (options, field) in [(&["--listen", "127.0.0.1:0"][..], "listen"), (&["--pty"], "device")] {
        let (_served, said) = serve(&world, &[options, &["--json"]].concat());
        let object: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert!(object[field].is_string(), "{said}");
    }
}

#[test]
fn what_makes_no_line_is_refused() {
    let world = World::new();
    let folder = world.path("");
    let sim = world.sim(&CHEN);
    let call = |args: &[&str]| Call::plain(&folder, &[&["card", "line"], args].concat()).run();
    call(&[text(&sim)]).fails(2, &["--pty"]);
    call(&[text(&sim), "--pty", "--listen", "127.0.0.1:0"]).fails(2, &["cannot be used with"]);
    call(&[text(&sim), "--listen", "nowhere"]).fails(2, &["--listen"]);
    call(&["pcsc:anything", "--pty"]).fails(2, &["card line"]);
    call(&["missing.card", "--pty"]).fails(3, &["missing.card"]);
}
