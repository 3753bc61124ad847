//! Server and bank killed at every write to a disk in the course of a sale that is paid through a bank.

use super::{Bank, agree, joined, paid, reconcile};
use crate::service::{Server, key, request};
use crate::world::{CHEN, Party, World};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// A command under strace, which kills it at its nth write to a disk; and its address, unless it was killed before it listened.
fn doomed(world: &World, party: Party, nth: u32, args: &[&str]) -> (Child, Option<Value>) {
    let points = "write,pwrite64,ftruncate,fdatasync,fsync,rename,renameat,renameat2,linkat,unlink";
    // What goes to the terminal or to a socket changes no disk.
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={points}")]);
    let points = points.strip_prefix("write,").unwrap();
    let child = strace
        .args(["-e", &format!("inject={points}:signal=KILL:when={nth}")])
        .arg(crate::command::binary())
        .args(args)
        .args(["--at", &world.now().to_string(), "--json", "--home"])
        .arg(world.home(party))
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
    let _ = Command::new("kill").args(["-KILL", &of["pid"].to_string()]).status();
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

#[test]
#[ignore = "wants strace, and takes minutes"]
fn a_server_killed_at_every_write_of_a_paid_sale_sells_once() {
    let (mut early, mut killed) = (0, 0);
    for nth in 1.. {
        let world = World::new();
        let clerk = key(&world, "clerk", &[]);
        let bank = Bank::start(&world, "");
        world.wait(60);
        let url = bank.url();
        let args = ["server", "run", "--listen", "127.0.0.1:0", "--pin-file", "pin", "--bank", &url];
        let (strace, server) = doomed(&world, Party::Bank, nth, &args);
        let mut whole = false;
        match &server {
            Some(server) => {
                whole = sells(server["address"].as_str().unwrap(), &clerk);
                killed += u32::from(!whole);
                end(strace, server);
            }
            None => {
                early += 1;
                drop(strace.wait_with_output());
            }
        }
        comes_right(&world, &bank, joined(&world, &bank), &clerk);
        if whole {
            break;
        }
    }
    println!("the server was killed {early} times before it listened, {killed} times in a sale");
    assert!(killed > 10);
}

#[test]
#[ignore = "wants strace, and takes minutes"]
fn a_bank_killed_at_every_write_of_a_paid_sale_debits_once() {
    let (mut early, mut killed) = (0, 0);
    for nth in 1.. {
        let world = World::new();
        let clerk = key(&world, "clerk", &[]);
        world.wait(60);
        let accounts = ["--account", "chen=1000", "--account", "wang=1000", "--account", "zhang=1000"];
        let args = ["simulate", "bank", "--listen", "127.0.0.1:0", "--state", "bank.journal"];
        let (strace, doomed) = doomed(&world, Party::Bank, nth, &[&args[..], &accounts[..]].concat());
        let Some(there) = doomed else {
            early += 1;
            drop(strace.wait_with_output());
            let bank = Bank::start(&world, "");
            comes_right(&world, &bank, joined(&world, &bank), &clerk);
            continue;
        };
        let address = there["address"].as_str().unwrap();
        let server = Server::start(&world, &["--bank", &format!("http://{address}"), "--bank-patience", "5"]);
        let whole = sells(&server.address, &clerk);
        killed += u32::from(!whole);
        end(strace, &there);
        let bank = Bank::at(&world, address, "");
        comes_right(&world, &bank, server, &clerk);
        if whole {
            break;
        }
    }
    println!("the bank was killed {early} times before it listened, {killed} times in a sale");
    assert!(killed > 0);
}
