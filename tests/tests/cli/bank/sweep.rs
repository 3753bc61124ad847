//! Server and bank killed at every write to a disk in the course of a sale that is paid through a bank, and a server in the course of a
//! sale onto a user card.

use super::{Bank, agree, joined, paid, reconcile};
use crate::service::{Server, key, request};
use crate::url::{clerk, key_file};
use crate::world::{CHEN, Party, World, text};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

/// What changes a disk. Each is counted by itself: strace's `when` counts the calls of one name.
const WRITES: [&str; 10] = [
    "write",
    "pwrite64",
    "ftruncate",
    "fdatasync",
    "fsync",
    "rename",
    "renameat",
    "renameat2",
    "linkat",
    "unlink",
];

/// A command under strace, which kills it at the nth of a call; and its address, unless it was killed before it listened.
fn doomed(world: &World, call: &str, nth: u32, args: &[&str]) -> (Child, Option<Value>) {
    let child = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=KILL:when={nth}")])
        .arg(crate::command::binary())
        .args(args)
        .args(["--at", &world.now().to_string(), "--json", "--home"])
        .arg(world.home(Party::Bank))
        .current_dir(world.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.expect("strace is there");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).ok())
}

/// Sends a sale, whatever comes of it; whether it was sold.
fn sells(address: &str, clerk: &str) -> bool {
    let headers = [("Authorization", &*format!("Bearer {clerk}")), ("Idempotency-Key", "o")];
    let body = paid(&CHEN, 3_00, "chen").to_string();
    let mut answer = String::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        let _ = stream.write_all(request("POST", "/v1/orders", &headers, &body).as_bytes());
        let _ = stream.read_to_string(&mut answer);
    }
    answer.starts_with("HTTP/1.1 200")
}

fn end(mut strace: Child, of: &Value) {
    // One that was killed before is not there any more.
    let _ = Command::new("kill").args(["-KILL", &of["pid"].to_string()]).stderr(Stdio::null()).status();
    strace.wait().unwrap();
}

/// The same request again makes one order of one debit, and the books say what the bank says.
#[track_caller]
fn comes_right(world: &World, bank: &Bank, server: Server, clerk: &str) {
    let order = server.post(clerk, "o", "/v1/orders", &paid(&CHEN, 3_00, "chen")).ok();
    assert_eq!((&order["count"], &order["amount_fen"]), (&1.into(), &3_00.into()));
    assert_eq!(server.end().0, Some(0));
    assert_eq!(bank.ours(), 3_00);
    let compared = reconcile(world, bank);
    assert_eq!(
        (&compared["equal"], &compared["differences"]),
        (&1.into(), &serde_json::json!([])),
        "{compared}"
    );
    let books = agree(world, bank);
    assert_eq!((&books["orders"], &books["outstanding_fen"]), (&1.into(), &3_00.into()));
    world.bank(&["server", "verify"]).run().ok();
    world.bank(&["server", "audit", "verify"]).run().ok();
}

/// How often something was killed: before it listened, and in a sale.
#[derive(Default)]
struct Killed {
    early: u32,
    selling: u32,
}

/// More calls than a server makes from its start to the end of a sale.
const WRITES_MAX: u32 = 2000;

/// What never listened was killed, and did not end for a reason of its own.
fn was_killed(strace: Child) {
    let output = strace.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(9), "{output:?}");
}

/// One sale, with the server or the bank killed at the nth of a call; whether it was never killed.
type Once = fn(&str, u32, &mut Killed) -> bool;

fn sweep(once: Once) -> Killed {
    let mut killed = Killed::default();
    for call in WRITES {
        let before = (killed.early, killed.selling);
        assert!((1..WRITES_MAX).any(|nth| once(call, nth, &mut killed)), "{call}: killed again and again");
        println!("{call}: {} early, {} in a sale", killed.early - before.0, killed.selling - before.1);
    }
    println!("killed {} times before it listened, {} times in a sale", killed.early, killed.selling);
    killed
}

fn server_once(call: &str, nth: u32, killed: &mut Killed) -> bool {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let bank = Bank::start(&world, "");
    world.wait(60);
    let url = bank.url();
    let args = ["server", "run", "--listen", "127.0.0.1:0", "--pin-file", "pin", "--bank", &url];
    let (strace, server) = doomed(&world, call, nth, &args);
    let mut whole = false;
    if let Some(server) = &server {
        whole = sells(server["address"].as_str().unwrap(), &clerk);
        killed.selling += u32::from(!whole);
        end(strace, server);
    } else {
        killed.early += 1;
        was_killed(strace);
    }
    comes_right(&world, &bank, joined(&world, &bank), &clerk);
    whole
}

/// A sale onto a card with a receipt on it, which one request settles; the same command again goes on.
fn card_once(call: &str, nth: u32, killed: &mut Killed) -> bool {
    let world = World::new();
    let (key, _) = key_file(&world, "clerk.key", "clerk", &[]);
    let issue =
        ["user-card", "issue", "--number", "330200000801", "--card", "user.card", "--pin-file", "pin"];
    world.city(&issue).run().ok();
    let insert = || {
        let report =
            world.meters(&["meter", "insert", CHEN.meter, "user.card", "--json"]).run().ok().object();
        report["credited_fen"].as_u64()
    };
    let near = ["server", "card", "write", "user.card", "--customer", CHEN.number, "--amount", "50"];
    world.bank(&near).with(&["--pin-file", "pin"]).run().ok();
    assert_eq!(insert(), Some(50_00));
    world.wait(60);
    let (strace, doomed) =
        doomed(&world, call, nth, &["server", "run", "--listen", "127.0.0.1:0", "--pin-file", "pin"]);
    let write = |address: &str| {
        let args =
            ["server", "card", "write", "user.card", "--customer", CHEN.number, "--amount", "3", "--json"];
        let server = ["--url", &format!("http://{address}"), "--key-file", text(&key)];
        clerk(&world, &args).with(&server).run()
    };
    let mut whole = false;
    match &doomed {
        Some(there) => {
            whole = write(there["address"].as_str().unwrap()).code == 0;
            killed.selling += u32::from(!whole);
            end(strace, there);
        }
        None => {
            killed.early += 1;
            was_killed(strace);
        }
    }
    let server = Server::start(&world, &[]);
    let written = write(&server.address).ok().object();
    assert_eq!((&written["count"], &written["amount_fen"]), (&2.into(), &3_00.into()), "{call} {nth}");
    assert_eq!(server.end().0, Some(0));
    assert_eq!(insert(), Some(3_00), "{call} {nth}");
    let read = ["server", "card", "read", "user.card", "--pin-file", "pin", "--json"];
    let read = world.bank(&read).run().ok().object();
    assert_eq!(read["receipt"]["result"], "settled", "{call} {nth}: {read}");
    let books = world.books();
    let sums =
        ["orders", "sold_fen", "settled_fen", "outstanding_fen"].map(|name| books[name].as_u64().unwrap());
    assert_eq!(sums, [2, 53_00, 53_00, 0], "{call} {nth}");
    world.bank(&["server", "verify"]).run().ok();
    world.bank(&["server", "audit", "verify"]).run().ok();
    whole
}

fn bank_once(call: &str, nth: u32, killed: &mut Killed) -> bool {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    world.wait(60);
    let accounts = ["--account", "chen=1000", "--account", "wang=1000", "--account", "zhang=1000"];
    let args = ["simulate", "bank", "--listen", "127.0.0.1:0", "--state", "bank.journal"];
    let (strace, doomed) = doomed(&world, call, nth, &[&args[..], &accounts[..]].concat());
    let Some(there) = doomed else {
        killed.early += 1;
        was_killed(strace);
        let bank = Bank::start(&world, "");
        comes_right(&world, &bank, joined(&world, &bank), &clerk);
        return false;
    };
    let address = there["address"].as_str().unwrap();
    let server = Server::start(&world, &["--bank", &format!("http://{address}"), "--bank-patience", "5"]);
    let whole = sells(&server.address, &clerk);
    killed.selling += u32::from(!whole);
    end(strace, &there);
    let bank = Bank::at(&world, address, "");
    comes_right(&world, &bank, server, &clerk);
    whole
}

#[test]
#[ignore = "wants strace, and takes minutes"]
fn a_server_killed_at_every_write_of_a_paid_sale_sells_once() {
    let killed = sweep(server_once);
    assert!(killed.early > 10 && killed.selling > 100, "{} {}", killed.early, killed.selling);
}

#[test]
#[ignore = "wants strace, and takes minutes"]
fn a_bank_killed_at_every_write_of_a_paid_sale_debits_once() {
    let killed = sweep(bank_once);
    assert!(killed.early > 2 && killed.selling > 1, "{} {}", killed.early, killed.selling);
}

#[test]
#[ignore = "wants strace, and takes minutes"]
fn a_server_killed_at_every_write_of_a_cards_sale_sells_once() {
    let killed = sweep(card_once);
    assert!(killed.early > 10 && killed.selling > 50, "{} {}", killed.early, killed.selling);
}
