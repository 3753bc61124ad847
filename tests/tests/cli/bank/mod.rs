//! Sales paid through a customer's bank: the payment server and a bank of ours, each in its own process.

mod commands;
mod faults;
mod online;
mod phone;
mod sales;
#[cfg(target_os = "linux")]
mod sweep;

use crate::service::{Answer, Server};
use crate::world::{Customer, Party, World};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Longer than anything that is waited for takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is on each account at first, in fen.
const OPENING: i64 = 1000_00;

/// A bank with an account for each of three customers, `chen`, `wang` and `zhang`.
struct Bank {
    server: Server,
    faults: String,
}

impl Bank {
    fn start(world: &World, faults: &str) -> Self {
        Bank::at(world, "127.0.0.1:0", faults)
    }

    fn at(world: &World, listen: &str, faults: &str) -> Self {
        let args = ["simulate", "bank", "--listen", listen, "--state", "bank.journal", "--faults", faults];
        let call = world.earnest(Party::Bank, &args);
        let accounts = ["--account", "chen=1000", "--account", "wang=1000", "--account", "zhang=1000"];
        Bank { server: Server::of(call.with(&accounts)), faults: faults.to_owned() }
    }

    /// Its address, as the payment server is told it.
    fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Killed, and back at the same address.
    fn killed(self, world: &World) -> Self {
        let (address, faults) = (self.server.address.clone(), self.faults.clone());
        self.server.kill();
        Bank::at(world, &address, &faults)
    }

    fn get(&self, path: &str) -> Answer {
        self.server.ask("GET", path, &[], "")
    }

    fn balance(&self, account: &str) -> i64 {
        self.get(&format!("/accounts/{account}")).ok()["balance_fen"].as_i64().unwrap()
    }

    /// What it collected for the payment server.
    fn ours(&self) -> i64 {
        self.get("/ours").ok()["balance_fen"].as_i64().unwrap()
    }

    /// Its file of a day.
    fn file(&self, day: &str) -> String {
        let answer = self.get(&format!("/days/{day}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }
}

/// A payment server that is joined to a bank.
fn joined(world: &World, bank: &Bank) -> Server {
    Server::start(world, &["--bank", &bank.url(), "--bank-patience", "5"])
}

fn paid(customer: &Customer, fen: u32, account: &str) -> Value {
    json!({ "customer": customer.number, "amount_fen": fen, "pay": { "bank_account": account } })
}

/// The one payment there is, or the last of them.
fn last_payment(server: &Server, key: &str) -> Value {
    let all = server.get(key, "/v1/payments?all=true").ok();
    all["payments"].as_array().unwrap().last().unwrap_or_else(|| panic!("no payment: {all}")).clone()
}

/// Waits until a payment stands somewhere.
#[track_caller]
fn comes_to(server: &Server, key: &str, payment: &str, state: &str) -> Value {
    comes_so_far(server, key, payment, |found| found["state"] == state)
}

/// Waits until a payment is as it is wanted.
#[track_caller]
fn comes_so_far(server: &Server, key: &str, payment: &str, far: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let found = server.get(key, &format!("/v1/payments/{payment}")).ok();
        if far(&found) {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "not so far: {found}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The books and the bank say the same of every fen, and nothing waits.
#[track_caller]
fn agree(world: &World, bank: &Bank) -> Value {
    let books = world.bank(&["server", "report", "--json"]).run().ok().object();
    let fen = |name: &str| books[name].as_i64().unwrap();
    assert_eq!((fen("sum_fen"), fen("unaccounted_fen"), fen("pending_fen")), (0, 0, 0), "{books}");
    assert_eq!(books["faults"], json!([]));
    let became = ["settled_fen", "outstanding_fen", "refund_due_fen", "refunded_fen", "suspense_fen"];
    assert_eq!(fen("sold_fen") + fen("loss_fen"), became.map(fen).iter().sum::<i64>(), "{books}");
    assert_eq!(fen("bank_clearing_fen"), bank.ours(), "{books}");
    let spent: i64 = ["chen", "wang", "zhang"].map(|account| OPENING - bank.balance(account)).iter().sum();
    assert_eq!(spent, bank.ours());
    books
}

/// Lays the bank's file of today beside the books, by the command; gives its report.
fn reconcile(world: &World, bank: &Bank) -> Value {
    let day: String = world.now().iso().chars().take(10).collect();
    let file = world.file(&format!("day-{}.csv", world.now()), bank.file(&day));
    let args = ["bank", "reconcile", crate::world::text(&file), "--day", &day, "--json"];
    world.bank(&args).run().ok().object()
}
