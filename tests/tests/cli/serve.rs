//! Cards served to a reader: `card serve` in one terminal, `slot` in another. The reader here is a listener that speaks as
//! pcscd's vpcd driver does [docs/specs/vpcd.md 2]; the judges in `tests/judge` use the daemon itself.

use crate::command::{Call, Ran, binary};
use crate::world::{Kind, World};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use wire::Channel;

const PATIENCE: Duration = Duration::from_secs(30);
const ATR: &[u8] = &[0x04];
const UPDATE: &[u8] = &[0x00, 0xD6, 0x85, 0x00, 0x04];
const READ: &[u8] = &[0x00, 0xB0, 0x85, 0x00, 0x04];
const SERIALS: [&str; 2] = ["0102030405060708", "1112131415161718"];

/// A folder with two plain cards, `a.card` and `b.card`, that have a free file 0005.
fn cards() -> World {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    world.file("file.apdu", "> 80E0000507280020F0F0FFFF\n< 9000\n");
    for (name, serial) in ["a.card", "b.card"].into_iter().zip(SERIALS) {
        run(&world, &["card", "new", "--blank", "--serial", serial, name]).ok();
        run(&world, &["card", "personalise", name, "file.apdu"]).ok();
    }
    world
}

fn run(world: &World, args: &[&str]) -> Ran {
    Call::plain(&world.path(""), args).with(&["--home", "home"]).run()
}

/// A reader with neighbouring slots.
struct Reader(Vec<TcpListener>);

impl Reader {
    fn new(slots: u16) -> Self {
        for port in (21000..30000).step_by(7).cycle().skip(std::process::id() as usize % 1000) {
            let held: Result<Vec<_>, _> =
                (0..slots).map(|slot| TcpListener::bind(("127.0.0.1", port + slot))).collect();
            if let Ok(held) = held {
                return Reader(held);
            }
        }
        unreachable!("the ports repeat")
    }

    fn port(&self) -> String {
        self.0[0].local_addr().unwrap().port().to_string()
    }

    /// The card that comes into a slot.
    fn card(&self, slot: usize) -> Session {
        let (stream, _) = self.0[slot].accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut session = Session(stream);
        session.0.write_all(&[0x00, 0x01, 0x01]).unwrap(); // power
        session
    }
}

struct Session(TcpStream);

impl Session {
    fn ask(&mut self, message: &[u8]) -> Vec<u8> {
        let mut out = (message.len() as u16).to_be_bytes().to_vec();
        out.extend_from_slice(message);
        self.0.write_all(&out).unwrap();
        let mut length = [0; 2];
        self.0.read_exact(&mut length).unwrap();
        let mut answer = vec![0; u16::from_be_bytes(length).into()];
        self.0.read_exact(&mut answer).unwrap();
        answer
    }

    fn update(&mut self, value: [u8; 4]) {
        assert_eq!(self.ask(&[UPDATE, &value].concat()), [0x90, 0x00]);
    }

    /// As [`Session::update`], of a card that may be gone by then.
    fn try_update(&mut self, value: [u8; 4]) -> std::io::Result<()> {
        let message = [UPDATE, &value].concat();
        self.0.write_all(&[&(message.len() as u16).to_be_bytes()[..], &message].concat())?;
        let mut answer = [0; 4];
        self.0.read_exact(&mut answer)?;
        assert_eq!(answer, [0x00, 0x02, 0x90, 0x00]);
        Ok(())
    }

    /// The card has left.
    fn ends(&mut self) {
        assert!(matches!(self.0.read(&mut [0]), Ok(0) | Err(_)));
    }
}

/// A `card serve` that runs.
struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What it said at its start.
    object: Value,
}

impl Serving {
    fn start(world: &World, port: &str, args: &[&str]) -> Self {
        let mut child = Command::new(binary())
            .args(["card", "serve", "--json", "--home", "home", "--port", port])
            .args(args)
            .current_dir(world.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let object = serde_json::from_str(&line).unwrap_or_else(|error| {
            let mut words = String::new();
            child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
            panic!("{error}: {line}{words}")
        });
        Serving { child, out, object }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Its exit code and its words, after a signal.
    fn ends(mut self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "one object on stdout");
        let mut words = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        assert!(!words.contains("panicked"), "{words}");
        (self.child.wait().unwrap().code(), words)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// What file 0005 of a card file holds.
fn holds(world: &World, name: &str) -> Vec<u8> {
    let path = world.path(name);
    let entropy = Box::new(vcard::SeededChance::new(1, "look"));
    let mut slot = vcard::Slot::open(&path, entropy, vcard::slot::Keep::InMemory).unwrap();
    slot.transmit(READ).unwrap()[..4].to_vec()
}

#[test]
fn two_cards_are_served_and_what_their_readers_write_is_kept_at_once() {
    let (world, reader) = (cards(), Reader::new(2));
    let serving = Serving::start(&world, &reader.port(), &["a.card", "b.card"]);
    let object = &serving.object;
    assert_eq!(object["schema"], 1);
    assert_eq!(object["pid"], serving.child.id());
    assert_eq!(object["control"], format!("home/serve-{}.sock", reader.port()));
    let mode =
        std::fs::metadata(world.path(object["control"].as_str().unwrap())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for (slot, serial) in SERIALS.iter().enumerate() {
        let said = &object["cards"][slot];
        assert_eq!((&said["slot"], &said["serial"]), (&slot.into(), &(*serial).into()));
        let mut session = reader.card(slot);
        let atr = session.ask(ATR);
        assert_eq!(said["atr"], hex::encode_upper(&atr));
        assert_eq!(wire::atr::serial_of(&atr).map(hex::encode), Some((*serial).to_owned()));
        for value in 0..5 {
            let value = [slot as u8, value, 0xA5, value];
            session.update(value);
            assert_eq!(holds(&world, ["a.card", "b.card"][slot]), value);
        }
    }
    let (code, words) = serving.ends("-TERM");
    assert_eq!(code, Some(0), "{words}");
    for said in
        ["slot 0 (a.card): in its reader", "slot 1 (b.card): in its reader", "ended: all cards are saved"]
    {
        assert!(words.contains(said), "{words}");
    }
    assert_eq!(std::fs::read_dir(world.path("home")).unwrap().count(), 0, "the socket is gone");
    run(&world, &["card", "show", "a.card"]).ok();
}

#[test]
fn ctrl_c_ends_with_130_and_a_kill_loses_nothing() {
    let (world, reader) = (cards(), Reader::new(1));
    let serving = Serving::start(&world, &reader.port(), &["a.card"]);
    reader.card(0).update([1, 2, 3, 4]);
    let (code, words) = serving.ends("-INT");
    assert_eq!(code, Some(130), "{words}");
    assert!(words.contains("all cards are saved"), "{words}");
    let serving = Serving::start(&world, &reader.port(), &["a.card", "--no-sync"]);
    reader.card(0).update([5, 6, 7, 8]);
    let (code, _) = serving.ends("-KILL");
    assert_eq!(code, None);
    assert_eq!(holds(&world, "a.card"), [5, 6, 7, 8]);
    // Its socket and its lock file lie about, and stop nobody.
    let serving = Serving::start(&world, &reader.port(), &["a.card"]);
    run(&world, &["slot", "list"]).ok().shows(&["a.card"]);
    assert_eq!(serving.ends("-TERM").0, Some(0));
}

#[test]
fn a_reader_that_goes_is_told_and_found_again() {
    let (world, reader) = (cards(), Reader::new(1));
    let port = reader.port();
    let serving = Serving::start(&world, &port, &["a.card"]);
    reader.card(0).update([1, 1, 1, 1]);
    drop(reader);
    let again = loop {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port.parse().unwrap())) {
            break Reader(vec![listener]);
        }
    };
    let mut session = again.card(0);
    assert_eq!(session.ask(READ)[..4], [1; 4]);
    let (code, words) = serving.ends("-TERM");
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("slot 0 (a.card): reader lost"), "{words}");
    assert_eq!(words.matches("in its reader").count(), 2, "{words}");
}

#[test]
fn cards_are_taken_out_put_in_and_reset_from_another_terminal() {
    let (world, reader) = (cards(), Reader::new(2));
    let serving = Serving::start(&world, &reader.port(), &["a.card", "b.card"]);
    let (mut a, mut b) = (reader.card(0), reader.card(1));
    a.update([0xA0; 4]);
    b.ask(ATR);
    let state = |args: &[&str]| run(&world, args).ok().object()["state"].clone();
    let listed = run(&world, &["slot", "list", "--json"]).ok().object();
    assert_eq!(listed["slots"][0]["state"], "in");
    assert_eq!(listed["slots"][0]["commands"], 1);
    assert_eq!(listed["slots"][1]["kind"], "fmcos");

    // Reset: what dies at reset is gone, the connection stays.
    let current: &[u8] = &[0x00, 0xB0, 0x00, 0x00, 0x04];
    assert_eq!(a.ask(READ)[..4], [0xA0; 4]);
    assert_eq!(a.ask(current)[..4], [0xA0; 4]);
    assert_eq!(state(&["slot", "reset", "0", "--json"]), "in");
    assert_eq!(a.ask(current), [0x6A, 0x82]);

    // Out: the other stays, and the file is free; put in again it is loaded as it is then.
    run(&world, &["card", "show", "a.card"]).fails(3, &["stands in the slot of another command"]);
    assert_eq!(state(&["slot", "remove", "a.card", "--json"]), "out");
    a.ends();
    assert_eq!(b.ask(ATR)[0], 0x3B);
    world.file("write.apdu", "> 00D6850004 BBBBBBBB\n< 9000\n");
    run(&world, &["card", "personalise", "a.card", "write.apdu"]).ok();
    assert_eq!(state(&["slot", "remove", "0", "--json"]), "out", "twice is no fault");
    run(&world, &["slot", "reset", "0"]).fails(3, &["the card is out", "hint: put it in"]);
    let (insert, mut a) = std::thread::scope(|scope| {
        let comes = scope.spawn(|| {
            let mut a = reader.card(0);
            assert_eq!(a.ask(READ)[..4], [0xBB; 4]);
            a
        });
        (state(&["slot", "insert", "a", "--json"]), comes.join().unwrap())
    });
    assert_eq!(insert, "in");
    assert_eq!(a.ask(ATR)[0], 0x3B);

    // Out and in.
    let _b = std::thread::scope(|scope| {
        let comes = scope.spawn(|| {
            b.ends();
            let mut b = reader.card(1);
            b.ask(ATR);
            // Held: a reader that goes again at once may be gone before the command looks.
            b
        });
        run(&world, &["slot", "cycle", "1"]).ok().shows(&["in its reader"]);
        comes.join().unwrap()
    });
    run(&world, &["slot", "insert", "b.card"]).ok();

    for name in ["2", "c.card", ""] {
        run(&world, &["slot", "remove", name])
            .fails(3, &["no slot holds a card", "hint: `gridcard slot list`"]);
    }
    assert_eq!(serving.ends("-TERM").0, Some(0));
    assert_eq!(holds(&world, "a.card"), [0xBB; 4]);
}

#[test]
fn a_card_whose_file_is_gone_or_locked_does_not_come_back_and_says_why() {
    let (world, reader) = (cards(), Reader::new(1));
    let _serving = Serving::start(&world, &reader.port(), &["a.card"]);
    reader.card(0).ask(ATR);
    run(&world, &["slot", "remove", "0"]).ok();
    std::fs::rename(world.path("a.card"), world.path("elsewhere.card")).unwrap();
    run(&world, &["slot", "insert", "0"]).fails(3, &["a.card"]);
    std::fs::rename(world.path("elsewhere.card"), world.path("a.card")).unwrap();
    let lock = std::fs::File::create(world.path(".a.card.lock")).unwrap();
    lock.lock().unwrap();
    run(&world, &["slot", "insert", "0"]).fails(3, &["stands in the slot of another command"]);
    drop(lock);
    // Another card under the old name is what stands there then.
    std::fs::copy(world.path("b.card"), world.path("a.card")).unwrap();
    assert_eq!(run(&world, &["slot", "insert", "0", "--json"]).ok().object()["serial"], SERIALS[1]);
}

#[test]
fn where_nothing_serves_slot_says_so() {
    let world = cards();
    for verb in ["list", "insert", "remove", "cycle", "reset"] {
        let card: &[&str] = if verb == "list" { &[] } else { &["0"] };
        let args = [&["slot", verb][..], card].concat();
        run(&world, &args).fails(3, &["nothing serves cards", "hint: serve cards with"]);
        let named = [&args[..], &["--control", "no.sock"]].concat();
        run(&world, &named).fails(3, &["nothing serves cards at no.sock"]);
    }
}

#[test]
fn two_commands_serve_from_one_home_and_slot_wants_to_know_which() {
    let (world, one, two) = (cards(), Reader::new(1), Reader::new(1));
    let first = Serving::start(&world, &one.port(), &["a.card"]);
    let _second = Serving::start(&world, &two.port(), &["b.card", "--control", "home/serve-b.sock"]);
    run(&world, &["slot", "list"])
        .fails(2, &["several commands serve cards", "hint: say which with --control"]);
    run(&world, &["slot", "list", "--control", "home/serve-b.sock"]).ok().shows(&["b.card"]);
    let control = first.object["control"].as_str().unwrap();
    run(&world, &["slot", "list", "--control", control]).ok().shows(&["a.card"]);
    // A socket that is in use is not taken over, and the card not kept.
    run(&world, &["slot", "remove", "b", "--control", "home/serve-b.sock"]).ok();
    run(&world, &["card", "serve", "b.card", "--port", &two.port(), "--control", control])
        .fails(3, &["serves another command already"]);
    run(&world, &["card", "show", "b.card"]).ok();
}

#[test]
fn a_socket_that_is_asked_nonsense_goes_on() {
    use std::os::unix::net::UnixStream;
    let (world, reader) = (cards(), Reader::new(1));
    let serving = Serving::start(&world, &reader.port(), &["a.card"]);
    let socket = world.path(serving.object["control"].as_str().unwrap());
    for request in
        [&b"\n"[..], b"{}\n", b"{\"act\":\"eject\"}\n", b"{\"act\":\"remove\"}\n", &[0xFF; 100_000]]
    {
        let mut stream = UnixStream::connect(&socket).unwrap();
        let _ = stream.write_all(request); // it need not hear all of it
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = String::new();
        if stream.read_to_string(&mut answer).is_ok() {
            assert!(answer.contains("error"), "{answer}");
        }
    }
    drop(UnixStream::connect(&socket).unwrap());
    run(&world, &["slot", "list"]).ok();
    assert_eq!(serving.ends("-TERM").0, Some(0));
}

#[test]
fn what_cannot_be_served_is_told_before_anything_is() {
    let world = cards();
    let serve = |args: &[&str]| run(&world, &[&["card", "serve"], args].concat());
    assert_eq!(serve(&[]).code, 2);
    serve(&["a.card", "b.card", "./a.card"]).fails(2, &["stands in the list twice"]);
    serve(&["a.card", "b.card", "--port", "65535"]).fails(2, &["beyond 65535"]);
    serve(&["a.card", "--host", "no host"]).fails(2, &["there is no host"]);
    serve(&["pcsc:"]).fails(2, &["stands in a reader"]);
    serve(&["a.card", "c.card"]).fails(3, &["c.card"]);
    serve(&["a.card", "file.apdu"]).fails(1, &["is not a card image"]);
    let long = "x".repeat(150);
    serve(&["a.card", "--control", &long]).fails(1, &["control socket", "hint: a socket's path"]);
    // Not even a lock is left.
    run(&world, &["card", "show", "a.card"]).ok();
    serve(&["a.card", "--control", "file.apdu"]).fails(1, &["file.apdu"]);
    assert!(world.path("file.apdu").exists(), "a file that is no socket is not taken away");
}

#[test]
fn the_trace_of_two_cards_keeps_their_exchanges_apart_and_hides_pins() {
    let (world, reader) = (cards(), Reader::new(2));
    let serving = Serving::start(&world, &reader.port(), &["a.card", "b.card", "--trace", "trace"]);
    let clients = [0, 1].map(|slot| {
        let mut session = reader.card(slot);
        std::thread::spawn(move || {
            for value in 0..100 {
                session.update([slot as u8, value, 0, 0]);
                session.ask(&[0x00, 0x20, 0x00, 0x00, 0x03, 0x12, 0x34, 0x56]);
            }
        })
    });
    for client in clients {
        client.join().unwrap();
    }
    assert_eq!(serving.ends("-TERM").0, Some(0));
    let trace = std::fs::read_to_string(world.path("trace")).unwrap();
    assert!(!trace.contains("123456"), "a PIN stands in the trace");
    let mut card = "";
    let mut next = [0; 2];
    let lines: Vec<&str> = trace.lines().collect();
    for (line, after) in lines.iter().zip(lines.iter().skip(1).chain([&""])) {
        if let Some(name) = line.strip_prefix("# card ") {
            card = name;
        }
        if line.starts_with('>') {
            assert!(after.starts_with('<'), "{line} is followed by {after}");
        }
        if let Some(bytes) = line.strip_prefix("> 00D6850004") {
            let slot = usize::from(card == "b.card");
            assert_eq!(bytes, format!("{slot:02X}{:02X}0000", next[slot]), "under {card}");
            next[slot] += 1;
        }
    }
    assert_eq!(next, [100, 100]);
    run(&world, &["trace", "show", "trace"]).ok();
}

/// Killed at any moment while a reader writes without a pause: the card has what was answered last, or what was asked after that, whole.
#[test]
fn killed_at_any_moment_under_load_a_card_has_what_it_answered() {
    let (world, reader) = (cards(), Reader::new(1));
    let kept = |world: &World| u32::from_be_bytes(holds(world, "a.card").try_into().unwrap());
    // What a file has that nobody wrote into yet: the first of the kills may come before anything was written.
    let mut value = kept(&world);
    for round in 0..12 {
        let serving = Serving::start(&world, &reader.port(), &["a.card"]);
        let mut session = reader.card(0);
        let victim = serving.child.id().to_string();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(3 + 11 * round));
            Command::new("kill").args(["-KILL", &victim]).status().unwrap()
        });
        let mut answered = value;
        while session.try_update(value.wrapping_add(1).to_be_bytes()).is_ok() {
            value = value.wrapping_add(1);
            answered = value;
        }
        assert!(killer.join().unwrap().success());
        drop(serving);
        let now = kept(&world);
        assert!(
            now == answered || now == answered.wrapping_add(1),
            "round {round}: {now}, answered was {answered}"
        );
        value = now;
    }
    assert!(value > 20 && value != u32::MAX, "it was under load: {value} writes");
}
