//! How many orders and settlements a second a payment server takes over HTTP, durable, with virtual PSAMs: `scripts/bench-server`.
//!
//! A town is made with its customers, meters and SIMs; the server is the command itself in a process of its own, and clients keep their
//! connections. Everybody buys, every meter credits, everybody settles: as fast as it goes, then at half of that. Beside it, in the same
//! folder, bare inserts that are waited for, one a commit: the same disk in the same minutes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    dead_code,
    reason = "it measures and tells, and breaks off where it cannot"
)]

use scheme::money::Fen;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use world::town::{PSAM, Town};
use world::{PIN, World, people};

/// What is measured.
struct Wanted {
    program: PathBuf,
    folder: PathBuf,
    customers: u32,
    clients: usize,
    psams: u32,
    database: Option<String>,
}

fn wanted() -> Wanted {
    let mut args = std::env::args().skip(1);
    let mut next =
        || args.next().expect("usage: bench_server GRIDCARD FOLDER CUSTOMERS CLIENTS PSAMS [DATABASE]");
    let (program, folder) = (next().into(), next().into());
    let (customers, clients, psams) =
        (next().parse().unwrap(), next().parse().unwrap(), next().parse().unwrap());
    Wanted { program, folder, customers, clients, psams, database: args.next() }
}

/// Runs the command in the town's home and gives what it printed.
fn run(wanted: &Wanted, args: &[&str]) -> Value {
    let mut command = Command::new(&wanted.program);
    command
        .arg("--home")
        .arg(wanted.folder.join("home"))
        .arg("--json")
        .args(args)
        .current_dir(&wanted.folder);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap_or_default()
}

/// A town whose bank has several PSAMs of the same keys.
fn found(wanted: &Wanted) -> Town {
    let at = now_here();
    let world = World::kept(wanted.folder.join("home"), at, None, "bench");
    let town = Town::new(world, people::made_up(wanted.customers).unwrap(), keys::Suite::TripleDes).unwrap();
    town.found().unwrap();
    std::fs::write(wanted.folder.join("pin"), PIN).unwrap();
    let numbers = (0..wanted.psams).map(|n| format!("{:012}", PSAM.parse::<u64>().unwrap() + u64::from(n)));
    let numbers: Vec<String> = numbers.collect();
    for number in &numbers {
        run(wanted, &["psam", "issue", "--number", number, "--pin-file", "pin", "--card-pin-file", "pin"]);
    }
    // The commands went by the clock of the machine.
    let clock = || town.world().clock().set(now_here());
    clock();
    town.issue_esams().unwrap();
    for person in town.people() {
        town.make_meter(person).unwrap();
        town.make_sim(person).unwrap();
    }
    clock();
    town.open_bank().unwrap();
    for number in &numbers[1..] {
        let card = town.folder(parties::Party::City("33020000".parse().unwrap()));
        let card = card.join("out").join(format!("psam-{number}.card"));
        run(wanted, &["server", "psam", "add", card.to_str().unwrap()]);
    }
    town
}

/// The time of the machine, as the house has it.
fn now_here() -> scheme::Moment {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    "1970-01-01 08:00:00".parse::<scheme::Moment>().unwrap().add_seconds(seconds.try_into().unwrap()).unwrap()
}

/// A server that ends with the bench.
struct Server {
    child: Child,
    address: String,
    began: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(wanted: &Wanted) -> Self {
        let begun = Instant::now();
        let mut command = Command::new(&wanted.program);
        command.arg("--home").arg(wanted.folder.join("home")).args([
            "server",
            "run",
            "--listen",
            "127.0.0.1:0",
            "--rate",
            "10000000",
            "--log",
            "error",
        ]);
        for n in 0..wanted.psams {
            let number = format!("{:012}", PSAM.parse::<u64>().unwrap() + u64::from(n));
            command.args(["--pin-file", &format!("{number}=pin")]);
        }
        if let Some(url) = &wanted.database {
            command.args(["--database", url]);
        }
        let mut child = command.current_dir(&wanted.folder).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").expect("the server begins").to_owned();
        Server { child, address, began: begun.elapsed() }
    }

    /// Memory that it has, in MiB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
        line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
    }
}

/// A client with one connection.
struct Client {
    stream: BufReader<TcpStream>,
    key: String,
}

impl Client {
    fn new(server: &Server, key: &str) -> Self {
        let stream = TcpStream::connect(&server.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream: BufReader::new(stream), key: key.to_owned() }
    }

    fn post(&mut self, path: &str, id: &str, body: &Value) -> (u16, Value) {
        let (status, text) = self.ask("POST", path, id, &body.to_string());
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    fn ask(&mut self, method: &str, path: &str, id: &str, body: &str) -> (u16, String) {
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: bank\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {id}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        );
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            let line = line.trim_end();
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(rest) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = rest.trim().parse().unwrap();
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        (status, String::from_utf8(body).unwrap())
    }
}

/// What many clients measured.
struct Measured {
    rate: f64,
    p50: f64,
    p99: f64,
    answers: Vec<Value>,
}

/// Asks for each of `count` things, by so many clients; at most `pace` a second where one is given.
fn ask(
    server: &Server,
    wanted: &Wanted,
    key: &str,
    count: usize,
    pace: Option<f64>,
    what: &(dyn Fn(usize) -> (&'static str, String, Value) + Sync),
) -> Measured {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..wanted.clients {
            scope.spawn(|| {
                let mut client = Client::new(server, key);
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    // At a pace each has its own moment, and what is late counts from it: nobody waits for a slow answer first.
                    let due = pace.map(|pace| begun + Duration::from_secs_f64(n as f64 / pace));
                    if let Some(due) = due {
                        std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    }
                    let (path, id, body) = what(n);
                    let asked = due.unwrap_or_else(Instant::now);
                    let mut answer = client.post(path, &id, &body);
                    while answer.0 == 503 {
                        std::thread::sleep(Duration::from_millis(20));
                        answer = client.post(path, &id, &body);
                    }
                    assert_eq!(answer.0, 200, "{id}: {}", answer.1);
                    let took = asked.elapsed().as_secs_f64() * 1000.0;
                    done.lock().unwrap().push((n, took, answer.1));
                }
            });
        }
    });
    let took = begun.elapsed().as_secs_f64();
    let mut done = done.into_inner().unwrap();
    let mut times: Vec<f64> = done.iter().map(|(_, took, _)| *took).collect();
    times.sort_by(f64::total_cmp);
    done.sort_by_key(|(n, ..)| *n);
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    Measured {
        rate: count as f64 / took,
        p50: at(0.5),
        p99: at(0.99),
        answers: done.into_iter().map(|(.., answer)| answer).collect(),
    }
}

/// Every customer buys, every meter credits, everybody settles. Gives the two rates.
fn round(
    server: &Server,
    town: &Town,
    wanted: &Wanted,
    key: &str,
    name: &str,
    pace: Option<[f64; 2]>,
) -> [f64; 2] {
    let people = town.people();
    let sold = ask(server, wanted, key, people.len(), pace.map(|pace| pace[0]), &|n| {
        let body = json!({ "customer": people[n].customer.to_string(), "amount_fen": 1000 });
        ("/v1/orders", format!("{name}-o{n}"), body)
    });
    let mut client = Client::new(server, key);
    let receipts: Vec<String> =
        people.iter().zip(&sold.answers).map(|(one, order)| credit(&mut client, town, one, order)).collect();
    let settled = ask(server, wanted, key, people.len(), pace.map(|pace| pace[1]), &|n| {
        let body = json!({ "record": receipts[n], "iccid": people[n].sim.iccid.to_string() });
        ("/v1/receipts", format!("{name}-s{n}"), body)
    });
    assert!(settled.answers.iter().all(|answer| answer["result"] == "settled"));
    for (what, one) in [("orders", &sold), ("settlements", &settled)] {
        println!(
            "{name:<5} {what:<12} {:>7.1} a second   p50 {:>6.1} ms   p99 {:>6.1} ms",
            one.rate, one.p50, one.p99
        );
    }
    [sold.rate, settled.rate]
}

/// The order reaches the SIM, the meter credits it, and the receipt comes back.
fn credit(client: &mut Client, town: &Town, person: &server::Registration, order: &Value) -> String {
    town.world().clock().set(now_here());
    let asked = format!("/v1/orders/{}/sms", order["order"].as_str().unwrap());
    let path = town.world().home().join("bench.sms");
    std::fs::write(&path, client.ask("GET", &asked, "look", "").1).unwrap();
    town.deliver(person, &path).unwrap();
    let inserted = town.insert(person, person).unwrap();
    assert_eq!(inserted.credited_fen, Fen(1000));
    let text = std::fs::read_to_string(town.collect(person).unwrap()).unwrap();
    text.lines().next().unwrap().to_owned()
}

/// Bare inserts into SQLite in the same folder, one a commit, each waited for: so many a second.
fn bare(folder: &Path) -> f64 {
    let books = rusqlite::Connection::open(folder.join("bare.sqlite")).unwrap();
    books.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)).unwrap();
    books.pragma_update(None, "synchronous", "FULL").unwrap();
    books.execute_batch("CREATE TABLE IF NOT EXISTS bare (n INTEGER PRIMARY KEY, what BLOB)").unwrap();
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_secs(3) {
        books.execute("INSERT INTO bare (what) VALUES (randomblob(200))", []).unwrap();
        count += 1;
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}

fn main() {
    let wanted = wanted();
    let town = found(&wanted);
    let database: Vec<&str> = wanted.database.iter().flat_map(|url| ["--database", url.as_str()]).collect();
    if let Some(url) = &wanted.database {
        let file = format!("sqlite:{}", wanted.folder.join("home/bank/server.sqlite").display());
        run(&wanted, &["server", "move", "--from", &file, "--to", url]);
    }
    let add = [&["server", "key", "add", "--role", "clerk"][..], &database].concat();
    let key = run(&wanted, &add)["key"].as_str().unwrap().to_owned();
    let server = Server::start(&wanted);
    println!("start {:.0} ms, memory {:.1} MiB", server.began.as_secs_f64() * 1000.0, server.memory());
    round(&server, &town, &wanted, &key, "warm", None);
    let before = bare(&wanted.folder);
    let full = round(&server, &town, &wanted, &key, "full", None);
    let half = full.map(|rate| rate / 2.0);
    round(&server, &town, &wanted, &key, "half", Some(half));
    let after = bare(&wanted.folder);
    println!("bare inserts into SQLite, one a commit: {before:.0} a second before, {after:.0} after");
    println!("memory at the end {:.1} MiB", server.memory());
}
