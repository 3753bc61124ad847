//! Meters that call the server, each in a process of its own, and strangers that say they are meters.

use super::{PATIENCE, Server, key};
use crate::command::Call;
use crate::world::{CHEN, Customer, WANG, World, text};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::dlt645::{Address, Control, Frame, Receiver, function};
use wire::netmeter::{Heard, Hearing, LinkAct, LinkFrame};

/// A server that listens to meters, and where.
pub struct Netted {
    pub server: Server,
    pub meters: String,
}

impl Netted {
    pub fn start(world: &World, more: &[&str]) -> Self {
        // A free port, taken again at once.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let server = Server::start(world, &[&["--netmeter-listen", &free][..], more].concat());
        Netted { server, meters: free }
    }

    pub fn lines(&self, key: &str) -> Vec<Value> {
        self.server.get(key, "/v1/netmeters").ok()["lines"].as_array().unwrap().clone()
    }

    /// Waits until so many lines stand.
    #[track_caller]
    pub fn stand(&self, key: &str, wanted: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let lines = self.lines(key);
            if lines.len() == wanted {
                return lines;
            }
            assert!(begun.elapsed() < PATIENCE, "{lines:?}, not {wanted}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// `meter call`, which ends with its test.
pub(super) struct Calling(Child);

impl Calling {
    pub(super) fn start(world: &World, server: &str, customers: &[&Customer]) -> Self {
        let mut args = vec!["meter", "call", "--server", server];
        args.extend(customers.iter().map(|customer| customer.meter));
        let mut child = world.meters(&args).start();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), server);
        Calling(child)
    }

    /// Ends it in order; its last words.
    fn end(mut self) -> String {
        let sent = std::process::Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let mut words = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        assert_eq!(self.0.wait().unwrap().code(), Some(0), "{words}");
        words
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Somebody who says that he is a meter, and has no ESAM.
pub(super) struct Stranger(TcpStream);

impl Stranger {
    pub(super) fn silent(at: &str) -> Self {
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Stranger(stream)
    }

    /// Logs in and answers the question for its number; whether the server let it in.
    pub(super) fn login(at: &str, number: Address) -> Option<Self> {
        let mut stranger = Stranger::silent(at);
        stranger.say(&LinkFrame::of_meter(LinkAct::Login, number, 1).to_bytes());
        let mut hearing = Hearing::default();
        loop {
            for heard in hearing.push(&stranger.hears()?) {
                match heard {
                    Heard::Link(frame) if frame.act == LinkAct::Confirm => return Some(stranger),
                    Heard::Link(frame) => panic!("{frame:?}"),
                    Heard::Meter(asked) => stranger.say(&number_said(&asked, number)),
                }
            }
        }
    }

    pub(super) fn say(&mut self, bytes: &[u8]) {
        // Whoever was cut off hears it below.
        let _ = self.0.write_all(bytes);
    }

    pub(super) fn hears(&mut self) -> Option<Vec<u8>> {
        let mut buffer = [0; 512];
        let length = self.0.read(&mut buffer).unwrap_or(0);
        (length > 0).then(|| buffer[..length].to_vec())
    }

    /// Whether it was cut off.
    fn is_cut(&mut self) -> bool {
        while self.hears().is_some() {}
        true
    }
}

pub(super) fn number_said(asked: &[u8], number: Address) -> Vec<u8> {
    let frame = Receiver::new().push(asked).remove(0).unwrap();
    assert_eq!(frame.control.function(), function::READ_ADDRESS);
    let data = number.0.iter().rev().copied().collect();
    Frame { address: number, control: Control::answer(function::READ_ADDRESS, false), data }
        .to_bytes()
        .unwrap()
}

pub(super) fn address(customer: &Customer) -> Address {
    Address(hex::decode(customer.meter).unwrap().try_into().unwrap())
}

pub(super) fn balance(world: &World, customer: &Customer) -> u64 {
    world.meters(&["meter", "show", customer.meter, "--json"]).run().ok().object()["balance_fen"]
        .as_u64()
        .unwrap()
}

pub(super) fn purchase(customer: &Customer, fen: u32, by: &str) -> Value {
    json!({ "customer": customer.number, "amount_fen": fen, "by": by })
}

pub(super) fn path(customer: &Customer) -> String {
    format!("/v1/netmeters/{}/purchases", customer.meter)
}

/// Two meters call; they are read, and bought for by both flows. The same request again buys nothing more.
#[test]
fn meters_that_call_are_bought_for() {
    let world = World::new();
    let [clerk, head, auditor] = ["clerk", "supervisor", "auditor"].map(|role| key(&world, role, &[]));
    let netted = Netted::start(&world, &[]);
    let server = &netted.server;
    server.post(&clerk, "n0", &path(&CHEN), &purchase(&CHEN, 50_00, "session")).fails(409, "netmeter-absent");
    let calling = Calling::start(&world, &netted.meters, &[&CHEN, &WANG]);
    let lines = netted.stand(&head, 2);
    assert!(lines.iter().all(|line| line["proved"] == false), "{lines:?}");
    server.get(&clerk, "/v1/netmeters").fails(403, "role-refused");
    let values = format!("/v1/netmeters/{}/values?items=balance,meter-number", CHEN.meter);
    let read = server.get(&auditor, &values).ok();
    assert_eq!((&read["items"][0]["value"], &read["proved"]), (&json!("0.00 yuan"), &json!(false)));
    assert_eq!(read["items"][1]["value"], CHEN.meter);
    server.get(&auditor, &values.replace("balance", "nothing")).fails(400, "request-malformed");
    // An account is opened by sealed messages; the frames of the field do not open one.
    server.post(&clerk, "n1", &path(&CHEN), &purchase(&CHEN, 50_00, "recharge")).fails(422, "recharge-kind");
    let bought = server.post(&clerk, "n2", &path(&CHEN), &purchase(&CHEN, 50_00, "session")).ok();
    assert_eq!(
        (&bought["receipt"]["result"], &bought["purchase"]["state"]),
        (&json!("settled"), &json!("settled"))
    );
    let again = server.post(&clerk, "n2", &path(&CHEN), &purchase(&CHEN, 50_00, "session")).ok();
    assert_eq!((&again["purchase"], &again["receipt"]), (&bought["purchase"], &Value::Null));
    server
        .post(&clerk, "n2", &path(&CHEN), &purchase(&CHEN, 60_00, "session"))
        .fails(409, "request-id-reused");
    let bought = server.post(&clerk, "n3", &path(&CHEN), &purchase(&CHEN, 20_00, "recharge")).ok();
    assert_eq!(bought["receipt"]["result"], "settled");
    let again = server.post(&clerk, "n3", &path(&CHEN), &purchase(&CHEN, 20_00, "recharge")).ok();
    assert_eq!(again["purchase"], bought["purchase"]);
    assert_eq!((balance(&world, &CHEN), balance(&world, &WANG)), (70_00, 0));
    let proved: Vec<bool> = netted.lines(&head).iter().map(|line| line["proved"] == true).collect();
    assert_eq!(proved.iter().filter(|proved| **proved).count(), 1);
    server.post(&auditor, "n4", &path(&CHEN), &purchase(&CHEN, 20_00, "session")).fails(403, "role-refused");
    server
        .post(&clerk, "n5", &path(&CHEN), &purchase(&WANG, 20_00, "session"))
        .fails(422, "customer-other-meter");
    server.post(&clerk, "n6", &path(&CHEN), &purchase(&CHEN, 20_00, "light")).fails(400, "request-malformed");
    // What was sold at the counter is brought over the line.
    server.post(&clerk, "n7", "/v1/orders", &json!({ "customer": CHEN.number, "amount_fen": 10_00 })).ok();
    let brought = json!({ "customer": CHEN.number });
    assert_eq!(server.post(&clerk, "n8", &path(&CHEN), &brought).ok()["receipt"]["result"], "settled");
    assert_eq!(balance(&world, &CHEN), 80_00);
    let figures = server.ask("GET", "/metrics", &[], "").body;
    assert!(figures.contains("gridcard_netmeter_lines 2\n"), "{figures}");
    assert!(calling.end().contains("2 login(s)"));
    netted.stand(&head, 0);
    netted.server.end();
    let report = world.bank(&["server", "report", "--json"]).run().ok().object();
    assert_eq!((&report["sold_fen"], &report["settled_fen"]), (&json!(80_00), &json!(80_00)), "{report}");
    world.bank(&["server", "verify"]).run().ok();
    world.bank(&["server", "audit", "verify"]).run().ok();
}

/// The commands at a running server.
#[test]
fn the_commands_of_meters_that_call() {
    let world = World::new();
    let head = key(&world, "supervisor", &[]);
    let file = world.file("head.key", &head);
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let netted = Netted::start(&world, &[]);
    let _calling = Calling::start(&world, &netted.meters, &[&CHEN]);
    netted.stand(&head, 1);
    let (url, home) = (format!("http://{}", netted.server.address), world.path("elsewhere"));
    let far = |args: &[&str]| {
        let at = ["--home", text(&home), "--url", &url, "--key-file", text(&file)];
        Call::plain(&world.path(""), &[&["server", "netmeter"], args].concat()).with(&at)
    };
    far(&["list"]).run().ok().shows(&[CHEN.meter, "not yet"]);
    far(&["read", CHEN.meter, "balance"]).run().ok().shows(&["0.00 yuan", "proves nothing"]);
    let buy = ["buy", CHEN.meter, "--customer", CHEN.number, "--amount", "30"];
    far(&buy).run().ok().shows(&["settled", "30.00 yuan"]);
    let bought = far(&buy).with(&["--by", "recharge", "--json"]).run().ok().object();
    assert_eq!(bought["purchase"]["amount_fen"], 30_00);
    let list = far(&["list", "--json"]).run().ok().object();
    assert_eq!((&list["lines"][0]["meter"], &list["lines"][0]["proved"]), (&json!(CHEN.meter), &json!(true)));
    assert_eq!(balance(&world, &CHEN), 60_00);
    let refused = far(&["buy", WANG.meter, "--customer", WANG.number, "--json"]).run();
    assert_eq!((refused.code, &refused.object()["code"]), (3, &json!("netmeter-absent")), "{refused:?}");
    world.bank(&["server", "netmeter", "list"]).run().fails(2, &["--url"]);
    netted.server.end();
}

/// A login proves nothing: whoever sits on a number gets no money, keeps its meter out no longer than to the first act, and is cut off then. One that
/// is proved goes only when it is silent.
#[test]
fn a_stranger_under_a_meters_number() {
    let world = World::new();
    let (head, chen) = (key(&world, "supervisor", &[]), address(&CHEN));
    let netted = Netted::start(&world, &[]);
    let server = &netted.server;
    let mut first = Stranger::login(&netted.meters, chen).unwrap();
    // It answers whatever it is asked with a random of its own, and a receipt that is none.
    let ends = Arc::new(AtomicBool::new(false));
    let liar = std::thread::spawn({
        let ends = ends.clone();
        move || {
            let mut hearing = Hearing::default();
            while let Some(bytes) = first.hears() {
                for heard in hearing.push(&bytes) {
                    let Heard::Meter(asked) = heard else { continue };
                    let frame = Receiver::new().push(&asked).remove(0).unwrap();
                    let function = frame.control.function();
                    let data = if function == function::READ_ADDRESS {
                        chen.0.iter().rev().copied().collect()
                    } else {
                        [&frame.data[..4], &[0x11; 127]].concat()
                    };
                    let answer = Frame { address: chen, control: Control::answer(function, false), data };
                    first.say(&answer.to_bytes().unwrap());
                }
            }
            ends.store(true, Ordering::Relaxed);
        }
    });
    let failed = server.post(&head, "s1", &path(&CHEN), &purchase(&CHEN, 50_00, "session"));
    assert!(failed.status >= 400, "{failed:?}");
    assert_eq!(balance(&world, &CHEN), 0);
    // The meter itself is let in beside it, since it has proved nothing; a third is turned away while both answer.
    let calling = Calling::start(&world, &netted.meters, &[&CHEN]);
    netted.stand(&head, 2);
    assert!(Stranger::login(&netted.meters, chen).is_none());
    let frames = purchase(&CHEN, 50_00, "recharge");
    server.post(&head, "s1b", &path(&CHEN), &frames).fails(422, "netmeter-contested");
    let bought = server.post(&head, "s2", &path(&CHEN), &purchase(&CHEN, 50_00, "session")).ok();
    assert_eq!(bought["receipt"]["result"], "settled");
    let lines = netted.stand(&head, 1);
    assert_eq!((&lines[0]["proved"], balance(&world, &CHEN)), (&json!(true), 50_00));
    liar.join().unwrap();
    assert!(ends.load(Ordering::Relaxed), "the stranger was cut off");
    assert!(Stranger::login(&netted.meters, chen).is_none(), "a proved line that answers stays");
    drop(calling);
    netted.stand(&head, 0);
    // A line whose other end is there and says nothing any more gives way.
    let dead = Stranger::login(&netted.meters, chen).unwrap();
    let _calling = Calling::start(&world, &netted.meters, &[&CHEN]);
    let begun = Instant::now();
    while netted.lines(&head).iter().any(|line| line["from"] == dead.0.local_addr().unwrap().to_string()) {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(100));
    }
    netted.stand(&head, 1);
    let bought = server.post(&head, "s3", &path(&CHEN), &purchase(&CHEN, 20_00, "recharge")).ok();
    assert_eq!((&bought["receipt"]["result"], balance(&world, &CHEN)), (&json!("settled"), 70_00));
    netted.server.end();
    let report = world.bank(&["server", "report", "--json"]).run().ok().object();
    assert_eq!((&report["sold_fen"], &report["settled_fen"]), (&json!(70_00), &json!(70_00)), "{report}");
}

/// Garbage, frames that are too long, numbers the books do not know, numbers that do not agree, and lines that fall silent in the login: each is
/// cut off, and nobody else notices.
#[test]
fn lines_that_are_no_meters() {
    let world = World::new();
    let head = key(&world, "supervisor", &[]);
    let netted = Netted::start(&world, &[]);
    let chen = address(&CHEN);
    let noise: Vec<u8> = (0..4096_u32).map(|n| n.wrapping_mul(167) as u8).collect();
    let long = hex::decode("68FF03FF0368C9").unwrap();
    let early = Frame::request(chen, function::READ, vec![0, 2, 0x90, 0]).to_bytes().unwrap();
    for (what, bytes) in
        [("noise", noise), ("a long frame", [long, vec![0; 4096]].concat()), ("no login", early.repeat(200))]
    {
        let mut line = Stranger::silent(&netted.meters);
        line.say(&bytes);
        let _ = line.0.shutdown(Shutdown::Write);
        assert!(line.is_cut(), "{what}");
    }
    assert!(Stranger::login(&netted.meters, Address([0x99, 0, 0, 0, 0, 1])).is_none(), "nobody's number");
    // The number of the login is another than the one it says when it is asked.
    let mut line = Stranger::silent(&netted.meters);
    line.say(&LinkFrame::of_meter(LinkAct::Login, chen, 1).to_bytes());
    let asked = line.hears().unwrap();
    line.say(&number_said(&asked, address(&WANG)));
    assert!(line.is_cut());
    // Many that say nothing hinder no meter.
    let many: Vec<Stranger> = (0..50).map(|_| Stranger::silent(&netted.meters)).collect();
    let _calling = Calling::start(&world, &netted.meters, &[&CHEN]);
    netted.stand(&head, 1);
    let mut one = many.into_iter().next().unwrap();
    let begun = Instant::now();
    assert!(one.is_cut() && begun.elapsed() < PATIENCE, "whoever says nothing is cut off");
    netted.server.end();
}

/// Between a meter and its server, and cuts the line once so many bytes went to the meter.
struct Cutter {
    at: String,
    left: Arc<std::sync::atomic::AtomicI64>,
}

impl Cutter {
    fn between(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (at, server) = (listener.local_addr().unwrap().to_string(), server.to_owned());
        let left = Arc::new(std::sync::atomic::AtomicI64::new(i64::MAX));
        let cutter = Cutter { at, left: left.clone() };
        std::thread::spawn(move || {
            for meter in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(&server) else { continue };
                let (mut up, mut down) = (meter.try_clone().unwrap(), far.try_clone().unwrap());
                let (mut meter, mut far, left) = (meter, far, left.clone());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut up, &mut far);
                    let _ = far.shutdown(Shutdown::Both);
                });
                std::thread::spawn(move || {
                    let mut byte = [0];
                    while down.read(&mut byte).unwrap_or(0) == 1 {
                        if left.fetch_sub(1, Ordering::Relaxed) <= 0 || meter.write_all(&byte).is_err() {
                            break;
                        }
                    }
                    left.store(i64::MAX, Ordering::Relaxed);
                    let _ = (meter.shutdown(Shutdown::Both), down.shutdown(Shutdown::Both));
                });
            }
        });
        cutter
    }

    fn after(&self, bytes: i64) {
        self.left.store(bytes, Ordering::Relaxed);
    }
}

/// The line breaks while money is under way, at many bytes of what goes to the meter: the meter calls again, the same request goes on, and what was
/// paid is credited once.
#[test]
fn a_line_that_breaks_in_a_purchase() {
    let world = World::new();
    let head = key(&world, "supervisor", &[]);
    let netted = Netted::start(&world, &[]);
    let cutter = Cutter::between(&netted.meters);
    // Each time a meter that has not been cut off before, so that it rests for a second alone.
    let calls = || {
        let calling = Calling::start(&world, &cutter.at, &[&CHEN]);
        netted.stand(&head, 1);
        calling
    };
    let mut money = 50_00;
    let first = calls();
    netted.server.post(&head, "c0", &path(&CHEN), &purchase(&CHEN, 50_00, "session")).ok();
    drop(first);
    netted.stand(&head, 0);
    // Wake-up, random asked for; then the recharge; then the receipt is asked for. Of sealed messages S0, then S2.
    for (by, at) in [("recharge", [3, 24, 60, 77, 90]), ("session", [10, 60, 110, 150, 210])] {
        for bytes in at {
            let id = format!("c-{by}-{bytes}");
            let calling = calls();
            cutter.after(bytes);
            let begun = Instant::now();
            let mut tries = 0;
            let bought = loop {
                let answer = netted.server.post(&head, &id, &path(&CHEN), &purchase(&CHEN, 10_00, by));
                tries += 1;
                if answer.status == 200 {
                    break answer.json();
                }
                // The line broke and nobody knows yet; or the meter has not called again.
                let is_away = answer.status == 409 && answer.json()["code"] == "netmeter-absent";
                assert!(answer.status == 503 || is_away, "{by} cut after {bytes}: {answer:?}");
                assert!(begun.elapsed() < PATIENCE, "{by} cut after {bytes}: {answer:?}");
                std::thread::sleep(Duration::from_millis(200));
            };
            assert!(tries > 1, "{by} cut after {bytes}");
            cutter.after(i64::MAX);
            money += 10_00;
            assert_eq!(balance(&world, &CHEN), money, "{by} cut after {bytes}: {bought}");
            drop(calling);
            netted.stand(&head, 0);
        }
    }
    netted.server.end();
    let report = world.bank(&["server", "report", "--json"]).run().ok().object();
    assert_eq!((&report["sold_fen"], &report["settled_fen"]), (&json!(money), &json!(money)), "{report}");
    world.bank(&["server", "verify"]).run().ok();
}

/// Two hundred lines at once: each is let in and confirmed, they cost little, and the one real meter among them is bought for as ever.
#[test]
fn two_hundred_lines() {
    const MANY: u32 = 200;
    let world = World::new();
    world.file("many.csv", ::world::people::made_up(MANY).unwrap().csv);
    world.bank(&["server", "register", "many.csv"]).run().ok();
    let head = key(&world, "supervisor", &[]);
    let netted = Netted::start(&world, &[]);
    let before = netted.server.memory_kib();
    let number = |n: u32| Address(hex::decode(format!("2611{n:08}")).unwrap().try_into().unwrap());
    let at = netted.meters.as_str();
    let group = |first: u32| {
        (first..=MANY).step_by(10).map(|n| (n, Stranger::login(at, number(n)).unwrap())).collect::<Vec<_>>()
    };
    let mut lines: Vec<(u32, Stranger)> = std::thread::scope(|scope| {
        let group = &group;
        let groups: Vec<_> = (1..=10).map(|first| scope.spawn(move || group(first))).collect();
        groups.into_iter().flat_map(|group| group.join().unwrap()).collect()
    });
    let _calling = Calling::start(&world, &netted.meters, &[&CHEN]);
    netted.stand(&head, MANY as usize + 1);
    for (n, line) in &mut lines {
        let beat = LinkFrame::of_meter(LinkAct::Beat, number(*n), 2);
        line.say(&beat.to_bytes());
        assert_eq!(line.hears().unwrap(), beat.confirmed().to_bytes(), "line {n}");
    }
    let bought = netted.server.post(&head, "m1", &path(&CHEN), &purchase(&CHEN, 50_00, "session")).ok();
    assert_eq!((&bought["receipt"]["result"], balance(&world, &CHEN)), (&json!("settled"), 50_00));
    let each = (netted.server.memory_kib() - before) / u64::from(MANY);
    assert!(each < 64, "{each} KiB a line");
    drop(lines);
    netted.stand(&head, 1);
    netted.server.end();
}
