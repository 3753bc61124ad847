//! Answers that do not come: the same command again goes on with the same request, and nothing is done twice.

use crate::service::Server;
use crate::url::{Office, clerk, serve};
use crate::world::{CHEN, World, text};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What is to happen when a server answers.
pub(super) type Answered = Arc<Mutex<dyn FnMut() -> Pass + Send>>;

/// What becomes of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    On,
    Lost,
}

/// A line to a server on which answers get lost.
pub(super) struct Line {
    pub(super) url: String,
}

impl Line {
    /// To a server whose machine loses its power as soon as a request has reached it.
    pub(super) fn killing(server: Server) -> Self {
        let address = server.address.clone();
        let mut running = Some(server);
        let kill = move || {
            if let Some(server) = running.take() {
                server.kill();
            }
        };
        Line::to(&address, Arc::new(Mutex::new(kill)), Arc::new(Mutex::new(|| Pass::On)))
    }

    /// `sent` is told when a request has gone out, `answered` says what becomes of its answer.
    pub(super) fn to(server: &str, sent: Arc<Mutex<dyn FnMut() + Send>>, answered: Answered) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = server.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Ok(there) = TcpStream::connect(&server) else { continue };
                let (sent, answered) = (sent.clone(), answered.clone());
                let (mut from, mut to) = (stream.try_clone().unwrap(), there.try_clone().unwrap());
                std::thread::spawn(move || {
                    let mut bytes = [0; 65536];
                    while let Ok(n @ 1..) = from.read(&mut bytes) {
                        if to.write_all(&bytes[..n]).is_err() {
                            break;
                        }
                        (sent.lock().unwrap())();
                    }
                    let _ = to.shutdown(Shutdown::Both);
                });
                let (mut from, mut to) = (there, stream);
                std::thread::spawn(move || {
                    let mut bytes = [0; 65536];
                    while let Ok(n @ 1..) = from.read(&mut bytes) {
                        if (answered.lock().unwrap())() == Pass::Lost || to.write_all(&bytes[..n]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        });
        Line { url }
    }

    /// On which the answer of this number is lost, counted from 1.
    pub(super) fn losing(office: &Office, number: u32) -> Self {
        let mut count = 0;
        let answered = move || {
            count += 1;
            if count == number { Pass::Lost } else { Pass::On }
        };
        Line::to(&office.server.address, Arc::new(Mutex::new(|| ())), Arc::new(Mutex::new(answered)))
    }

    pub(super) fn ask(&self, office: &Office, args: &[&str]) -> crate::command::Ran {
        let keys = ["--key-file", text(&office.supervisor.0), "--second-key-file", text(&office.other.0)];
        clerk(&office.world, args).with(&["--url", &self.url]).with(&keys).run()
    }
}

const ORDER: [&str; 6] = ["server", "order", "--customer", CHEN.number, "--amount", "50"];

/// Orders in the books of an office.
fn orders(office: &Office) -> Vec<Value> {
    let object = office.ask(&["server", "orders", "--json"]).run().ok().object();
    object["orders"].as_array().unwrap().clone()
}

#[test]
fn an_answer_that_was_lost_is_got_by_the_same_command() {
    let office = Office::open(World::new());
    let line = Line::losing(&office, 1);
    let order = [&ORDER[..], &["--out", "o.sms"]].concat();
    line.ask(&office, &order).fails(3, &["whether it was done is not known", "the same command again"]);
    let [waiting] = &office.waiting()[..] else { panic!("one request waits") };
    let written = std::fs::read_to_string(waiting).unwrap();
    assert!(!written.contains(&office.supervisor.1[12..]) && !written.contains(CHEN.number), "{written}");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(waiting).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(orders(&office).len(), 1, "it was done");
    assert!(!office.world.path("o.sms").exists());
    let ran = line.ask(&office, &order).ok().shows(&["50.00 yuan", "o.sms"]);
    assert!(ran.stderr.contains("whose answer never came"), "{ran:?}");
    assert_eq!((orders(&office).len(), office.waiting().len()), (1, 0), "and not twice");
    // The record is the SIM's, and its receipt settles; then the same words are another sale.
    let world = &office.world;
    world.at(super::NOON.parse().unwrap());
    world.write(&CHEN, &world.path("o.sms"));
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited"]);
    let receipt = world.collect(&CHEN);
    line.ask(&office, &["server", "settle", text(&receipt)]).ok().shows(&["settled"]);
    line.ask(&office, &order).fails(1, &["o.sms is there already"]);
    assert_eq!(orders(&office).len(), 1, "nothing is sold whose record has no place");
    let more = [&ORDER[..], &["--out", "o-2.sms"]].concat();
    line.ask(&office, &more).ok().shows(&["purchase 2"]);
    assert_eq!((orders(&office).len(), office.waiting().len()), (2, 0));
}

/// The machine of the server loses its power as soon as a request has reached it.
#[test]
fn a_server_that_dies_with_a_request_before_it_finishes_it_when_it_is_back() {
    let Office { world, server, supervisor, other, url } = Office::open(World::new());
    let address = server.address.clone();
    let line = Line::killing(server);
    let keys = ["--key-file", text(&supervisor.0), "--second-key-file", text(&other.0)];
    let ask = || clerk(&world, &ORDER).with(&["--url", &line.url]).with(&keys).run();
    ask().fails(3, &["whether it was done is not known"]);
    let server = serve(&world, &address, &[]);
    ask().ok().shows(&["50.00 yuan", "purchase 1"]);
    let office = Office { world, server, supervisor, other, url };
    assert_eq!((orders(&office).len(), office.waiting().len()), (1, 0));
}

/// A table is cut in the middle; the same command tells of all of it.
#[test]
fn a_table_goes_on_after_a_cut() {
    let office = Office::open(World::new());
    let mut roster = String::from("customer,meter,msisdn,imsi,imei,iccid\n");
    for n in 1..6 {
        roster.push_str(&format!(
            "33029999999{n},00002999999{n},+861390000999{n},46000000000999{n},353328111726053,8986002104798799999{n}\n"
        ));
    }
    office.world.file("new.csv", roster);
    let line = Line::losing(&office, 3);
    let register = ["server", "register", "new.csv"];
    line.ask(&office, &register).fails(3, &["whether it was done is not known"]);
    assert_eq!(office.waiting().len(), 1);
    let object = line.ask(&office, &["server", "register", "new.csv", "--json"]).ok().object();
    assert_eq!((&object["registered"], &object["unchanged"]), (&5.into(), &0.into()));
    assert_eq!(office.waiting().len(), 0);
    let object = line.ask(&office, &["server", "register", "new.csv", "--json"]).ok().object();
    assert_eq!((&object["registered"], &object["unchanged"]), (&0.into(), &5.into()));
}

/// What is shown once was in the answer that was lost: that is said, and the same command makes another.
#[test]
fn a_code_that_was_lost_is_given_anew() {
    let office = Office::open(World::new());
    let line = Line::losing(&office, 1);
    let give = ["server", "code", "new", "--customer", CHEN.number];
    line.ask(&office, &give).failed(3);
    line.ask(&office, &give).fails(1, &["the code stood in the answer that did not come"]);
    let slip = line.ask(&office, &[&give[..], &["--json"]].concat()).ok().object();
    assert_eq!(slip["authorisation_code"].as_str().map(str::len), Some(19));
}

/// A request of long ago may be another sale by now: it is gone on with by whoever names it.
#[test]
fn a_request_of_long_ago_is_named_by_its_id() {
    let office = Office::open(World::new());
    let line = Line::losing(&office, 1);
    line.ask(&office, &ORDER).failed(3);
    let [waiting] = &office.waiting()[..] else { panic!("one request waits") };
    let mut written: Value = serde_json::from_slice(&std::fs::read(waiting).unwrap()).unwrap();
    let id = written["id"].as_str().unwrap().to_owned();
    written["at"] = json!("2026-01-01 08:00:00");
    std::fs::write(waiting, written.to_string()).unwrap();
    let hint = format!("--request-id {id}");
    line.ask(&office, &ORDER).fails(1, &["never answered", &hint]);
    let named = [&ORDER[..], &["--request-id", &id]].concat();
    line.ask(&office, &named).ok().shows(&["50.00 yuan"]);
    assert_eq!((orders(&office).len(), office.waiting().len()), (1, 0));
}

/// An id that the clerk chose: the same request under it is done once, another one is refused.
#[test]
fn an_id_can_be_chosen() {
    let office = Office::open(World::new());
    let order = [&ORDER[..], &["--request-id", "till-7-0001", "--json"]].concat();
    let first = office.ask(&order).run().ok().object();
    assert_eq!(office.ask(&order).run().ok().object(), first);
    let other =
        ["server", "order", "--customer", CHEN.number, "--amount", "51", "--request-id", "till-7-0001"];
    office.ask(&other).run().fails(1, &["id"]);
    office.ask(&[&ORDER[..], &["--request-id", "no id"]].concat()).run().fails(2, &["1 to 64 letters"]);
    assert_eq!((orders(&office).len(), office.waiting().len()), (1, 0));
}

/// The server answers, and does not know itself: the customer's bank says nothing.
#[test]
fn what_the_server_does_not_know_is_asked_again_by_the_same_command() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bank = format!("http://{silent}");
    let office = Office::with(World::new(), &["--bank", &bank]);
    let order = [&ORDER[..], &["--bank-account", "chen"]].concat();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let ran = office.ask(&[&order[..], &["--json"]].concat()).run();
        let object = ran.object();
        assert_eq!((&object["code"], ran.code), (&"payment-unknown".into(), 3), "{ran:?}");
        assert!(object["error"].as_str().unwrap().contains("whether it was done is not known"), "{object}");
        assert!(object["hint"].as_str().unwrap().contains("the same command again"), "{object}");
        ids.push(office.waiting());
    }
    assert_eq!((ids[0].len(), &ids[0]), (1, &ids[1]), "it is one request");
    let waiting = office.ask(&["bank", "payments", "--json"]).run().ok().object();
    assert_eq!(waiting["payments"].as_array().map(Vec::len), Some(1), "and one payment: {waiting}");
}
