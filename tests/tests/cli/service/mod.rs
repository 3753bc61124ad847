//! The payment server over HTTP, as programs of others ask it: `server run` in its own process, plain HTTP/1.1 over a socket.

mod attacks;
mod cards;
mod company;
mod configured;
mod failover;
mod faults;
mod forms;
pub mod functions;
mod hands;
mod netmeters;
mod offices;
mod people;
mod persons;
mod pool;
mod purchases;
pub mod secured;
mod strangers;

use crate::command::Call;
use crate::world::{Customer, Party, World, read_record};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::Duration;

/// Longer than any answer takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server that ends with its test.
pub struct Server {
    child: Child,
    pub address: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It was done.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// It was not, and says so as every failure does.
    #[track_caller]
    pub fn fails(&self, status: u16, code: &str) -> Value {
        let object = self.json();
        assert_eq!((self.status, object["code"].as_str()), (status, Some(code)), "{self:?}");
        assert!(self.head.contains("application/problem+json"), "{self:?}");
        assert_eq!(object["status"], status);
        object
    }
}

impl Server {
    pub fn start(world: &World, more: &[&str]) -> Self {
        let args = ["server", "run", "--listen", "127.0.0.1:0", "--pin-file", "pin"];
        Server::of(world.earnest(Party::Bank, &args).with(more))
    }

    pub fn of(call: Call) -> Self {
        let mut child = call.start();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").or_else(|| line.trim().strip_prefix("https://"));
        let Some(address) = address else {
            let mut words = String::new();
            child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
            panic!("no address but {line:?}: {words}");
        };
        Server { child, address: address.to_owned() }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes and reads to the end.
    pub fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // Who is refused in the middle may have nobody left to write to; what he was told stands all the same.
        let _ = stream.write_all(bytes);
        read(stream)
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(request(method, path, headers, body).as_bytes())
    }

    pub fn get(&self, key: &str, path: &str) -> Answer {
        self.ask("GET", path, &[("Authorization", &format!("Bearer {key}"))], "")
    }

    pub fn post(&self, key: &str, id: &str, path: &str, body: &Value) -> Answer {
        let headers = [("Authorization", &*format!("Bearer {key}")), ("Idempotency-Key", id)];
        self.ask("POST", path, &headers, &body.to_string())
    }

    /// As [`Server::post`], by the keys of two.
    pub fn post_by_two(&self, keys: [&str; 2], id: &str, path: &str, body: &Value) -> Answer {
        self.by_two("POST", keys, id, path, body)
    }

    pub fn by_two(
        &self,
        method: &str,
        [first, second]: [&str; 2],
        id: &str,
        path: &str,
        body: &Value,
    ) -> Answer {
        let bearer = format!("Bearer {first}");
        let headers = [("Authorization", &*bearer), ("Idempotency-Key", id), ("Gridcard-Second", second)];
        self.ask(method, path, &headers, &body.to_string())
    }

    /// What of the machine's memory it has, in KiB.
    pub fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Asks it to read its certificate anew.
    pub fn hang_up(&self) {
        self.signal("-HUP");
    }

    /// What it says to somebody who speaks plainly where TLS is spoken.
    pub fn try_plain(&self) -> Option<String> {
        let mut stream = self.connect();
        stream.write_all(b"GET /live HTTP/1.1\r\nHost: bank\r\nConnection: close\r\n\r\n").ok()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Asks it to end; gives its exit code and what it said.
    pub fn end(mut self) -> (Option<i32>, String) {
        self.signal("-TERM");
        let mut words = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        (self.child.wait().unwrap().code(), words)
    }

    /// As when the machine's power goes.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: bank\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text + "\r\n" + body
}

pub fn read(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A server that closes on somebody who still writes resets the connection behind its answer.
    let end = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{end:?}: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// `server key add`.
pub fn key(world: &World, role: &str, more: &[&str]) -> String {
    let made = world.earnest(Party::Bank, &["server", "key", "add", "--role", role, "--json"]).with(more);
    made.run().ok().object()["key"].as_str().unwrap().to_owned()
}

pub fn sale(customer: &Customer, fen: u32) -> Value {
    json!({ "customer": customer.number, "amount_fen": fen })
}

/// The phone stores what the server sold, the meter credits it; gives what goes back.
pub fn credit(world: &World, customer: &Customer, server: &Server, key: &str, order: &Value) -> String {
    let record = server.get(key, &format!("/v1/orders/{}/sms", order["order"].as_str().unwrap()));
    assert_eq!(record.body.lines().next(), order["record"].as_str(), "{record:?}");
    let file = world.file("order.sms", record.body);
    world.write(customer, &file);
    world.insert(customer, customer).run().ok().shows(&["credited"]);
    hex::encode(read_record(&world.collect(customer)))
}
