//! Who has no key and no ESAM, and comes in crowds, talks without an end, or says nothing at the right moment: nobody else waits for him.

use super::netmeters::{Calling, Netted, Stranger, address, balance, number_said, path, purchase};
use super::{PATIENCE, Server, key};
use crate::world::{CHEN, World};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::dlt645::{Control, Frame, Receiver, function};
use wire::netmeter::{Heard, Hearing};

/// Lines that say nothing, more than there is room for, from the address from which a meter comes: they have 15 seconds each, and the meter waits
/// for none of them.
#[test]
fn crowds_that_say_nothing_keep_no_meter_out() {
    let world = World::new();
    let head = key(&world, "supervisor", &[]);
    let netted = Netted::start(&world, &[]);
    // With the crowd itself: where it finds no room, it is not even taken from the queue.
    let begun = Instant::now();
    let crowd: Vec<Stranger> = (0..400).map(|_| Stranger::silent(&netted.meters)).collect();
    let meter = Stranger::login(&netted.meters, address(&CHEN)).expect("there is room for who speaks");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    netted.stand(&head, 1);
    drop((crowd, meter));
    netted.server.end();
}

/// The same at the server's own address: a request is answered at once.
#[test]
fn crowds_that_say_nothing_keep_no_request_waiting() {
    let world = World::new();
    let server = Server::start(&world, &[]);
    let begun = Instant::now();
    // Some say nothing, and some a request whose body does not come.
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: bank\r\nAuthorization: Bearer gk_00000000_{}\r\nIdempotency-Key: a\r\nContent-Length: 50\r\n\r\n{{",
        "00".repeat(32)
    );
    let crowd: Vec<TcpStream> = (0..400)
        .map(|n| {
            let mut line = TcpStream::connect(&server.address).unwrap();
            if n % 2 == 0 {
                line.write_all(head.as_bytes()).unwrap();
            }
            line
        })
        .collect();
    assert_eq!(server.ask("GET", "/live", &[], "").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    drop(crowd);
    server.end();
}

/// Answers to whatever is asked of meter CHEN on a line, until it is cut off.
fn answering(mut line: Stranger, answer: impl Fn(&mut Stranger, &Frame) + Send + 'static) {
    std::thread::spawn(move || {
        let mut hearing = Hearing::default();
        while let Some(bytes) = line.hears() {
            for heard in hearing.push(&bytes) {
                let Heard::Meter(asked) = heard else { continue };
                let frame = Receiver::new().push(&asked).remove(0).unwrap();
                if frame.control.function() == function::READ_ADDRESS {
                    line.say(&number_said(&asked, address(&CHEN)));
                } else {
                    answer(&mut line, &frame);
                }
            }
        }
    });
}

/// Somebody under a meter's number who says something else each second holds an act for no longer than an answer may take, and the meter that
/// comes beside him is bought for.
#[test]
fn who_talks_without_an_end_holds_no_act() {
    let world = World::new();
    let head = key(&world, "supervisor", &[]);
    let netted = Netted::start(&world, &[]);
    let line = Stranger::login(&netted.meters, address(&CHEN)).unwrap();
    answering(line, |line, _| {
        let other = Frame {
            address: address(&CHEN),
            control: Control::answer(function::FREEZE, false),
            data: vec![],
        };
        for _ in 0..60 {
            line.say(&other.to_bytes().unwrap());
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    netted.stand(&head, 1);
    let values = format!("/v1/netmeters/{}/values", CHEN.meter);
    let begun = Instant::now();
    let failed = netted.server.get(&head, &values);
    assert!(failed.status >= 400, "{failed:?}");
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    let _calling = Calling::start(&world, &netted.meters, &[&CHEN]);
    netted.stand(&head, 2);
    let bought = netted.server.post(&head, "t1", &path(&CHEN), &purchase(&CHEN, 50_00, "session")).ok();
    assert_eq!((&bought["receipt"]["result"], balance(&world, &CHEN)), (&json!("settled"), 50_00));
    netted.stand(&head, 1);
    netted.server.end();
}

/// A message of no bytes is no mistake of whoever buys: the line that says it is not the meter's, and the other one has its turn.
#[test]
fn who_says_nothing_in_many_words_is_cut_off() {
    let world = World::new();
    let head = key(&world, "supervisor", &[]);
    let netted = Netted::start(&world, &[]);
    let line = Stranger::login(&netted.meters, address(&CHEN)).unwrap();
    answering(line, |line, asked| {
        let control = Control::answer(asked.control.function(), false);
        let empty = Frame { address: address(&CHEN), control, data: asked.data[..4].to_vec() };
        line.say(&empty.to_bytes().unwrap());
    });
    netted.stand(&head, 1);
    let _calling = Calling::start(&world, &netted.meters, &[&CHEN]);
    netted.stand(&head, 2);
    let bought = netted.server.post(&head, "e1", &path(&CHEN), &purchase(&CHEN, 50_00, "session")).ok();
    assert_eq!((&bought["receipt"]["result"], balance(&world, &CHEN)), (&json!("settled"), 50_00));
    assert_eq!(netted.stand(&head, 1)[0]["proved"], true);
    netted.server.end();
}

/// Stands between a meter and its server, and passes on what they say, until it takes the line over.
fn between(server: &str) -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (at, server) = (listener.local_addr().unwrap().to_string(), server.to_owned());
    let taken = Arc::new(AtomicBool::new(false));
    let told = taken.clone();
    std::thread::spawn(move || {
        let (mut meter, _) = listener.accept().unwrap();
        drop(listener);
        let mut far = TcpStream::connect(server).unwrap();
        let (mut up, mut down) = (meter.try_clone().unwrap(), far.try_clone().unwrap());
        let taken = told.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok(length @ 1..) = up.read(&mut buffer) {
                if taken.load(Ordering::Relaxed) || down.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
            let _ = up.shutdown(Shutdown::Both);
        });
        let (mut buffer, mut hearing) = ([0; 512], Hearing::default());
        while let Ok(length @ 1..) = far.read(&mut buffer) {
            let bytes = &buffer[..length];
            if !told.load(Ordering::Relaxed) {
                meter.write_all(bytes).unwrap();
                continue;
            }
            let _ = meter.shutdown(Shutdown::Both);
            // It says that it is there, and nothing else.
            for heard in hearing.push(bytes) {
                if let Heard::Meter(asked) = heard
                    && Receiver::new().push(&asked)[0].as_ref().unwrap().control.function()
                        == function::READ_ADDRESS
                {
                    far.write_all(&number_said(&asked, address(&CHEN))).unwrap();
                }
            }
        }
    });
    (at, taken)
}

/// Whoever takes over a line that was proved has it to himself no longer than to the next act: the meter comes back beside him.
#[test]
fn a_line_that_was_taken_over_after_its_proof() {
    let world = World::new();
    let head = key(&world, "supervisor", &[]);
    let netted = Netted::start(&world, &[]);
    let (at, taken) = between(&netted.meters);
    let calling = Calling::start(&world, &at, &[&CHEN]);
    netted.stand(&head, 1);
    let buy = |id: &str| netted.server.post(&head, id, &path(&CHEN), &purchase(&CHEN, 50_00, "session"));
    buy("o1").ok();
    assert_eq!(netted.stand(&head, 1)[0]["proved"], true);
    taken.store(true, Ordering::Relaxed);
    drop(calling);
    assert!(Stranger::login(&netted.meters, address(&CHEN)).is_none(), "a proved line that answers is alone");
    let failed = buy("o2");
    assert!(failed.status >= 400, "{failed:?}");
    let _calling = Calling::start(&world, &netted.meters, &[&CHEN]);
    let lines: Vec<Value> = netted.stand(&head, 2);
    assert!(lines.iter().all(|line| line["proved"] == false), "{lines:?}");
    let begun = Instant::now();
    while buy("o2").status != 200 {
        assert!(begun.elapsed() < PATIENCE);
    }
    assert_eq!(balance(&world, &CHEN), 100_00);
    assert_eq!(netted.stand(&head, 1)[0]["proved"], true);
    netted.server.end();
}
