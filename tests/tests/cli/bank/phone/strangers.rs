//! Who has no phone that is known, or not the slip: he hears nothing, and takes nobody's room.

use super::super::Bank;
use super::{Lines, Phone, reasons};
use crate::command::Ran;
use crate::world::{CHEN, Customer, Party, WANG, World};
use serde_json::json;

#[test]
fn a_code_has_five_tries_and_outside_there_is_silence() {
    let world = World::new();
    let bank = Bank::start(&world, "");
    let lines = Lines::open(&world, &bank, &[]);
    let phone = Phone::of(&world, "chen.phone");
    let good = lines.slip(&world, &CHEN);
    let silent = |ran: Ran| {
        let told = ran.failed(3).object();
        assert_eq!(told["code"], "phone-silent", "{told}");
    };
    // Another slip's number, another server's key: nothing is counted.
    for (name, value) in [("slip", "00000000"), ("server_key", &"09".repeat(32))] {
        let mut bad = good.clone();
        bad[name] = value.into();
        silent(phone.enrol_call(&CHEN, &lines.http(), &bad, &[]).run());
    }
    silent(phone.enrol_call(&CHEN, &lines.http(), &good, &["--mode", "paper"]).run());
    for n in 0..5 {
        let mut bad = good.clone();
        bad["authorisation_code"] = format!("AAAA-BBBB-CCCC-DDD{}", ["A", "B", "C", "D", "E"][n]).into();
        silent(phone.enrol_call(&CHEN, &lines.http(), &bad, &[]).run());
    }
    silent(phone.enrol_call(&CHEN, &lines.http(), &good, &[]).run());
    let number = good["slip"].as_str().unwrap();
    let why = format!("the code is not that of slip {number}");
    // The office gives another slip: nobody is locked out for ever.
    phone.enrol(&CHEN, &lines, &lines.http());
    // A slip is used once.
    let again = Phone::of(&world, "again.phone");
    let used = lines.slip(&world, &CHEN);
    again.enrol_call(&CHEN, &lines.http(), &used, &[]).run().ok();
    silent(Phone::of(&world, "third.phone").enrol_call(&CHEN, &lines.http(), &used, &[]).run());
    // What is said in full has to agree as well.
    let other = Customer { imsi: WANG.imsi, ..CHEN };
    let third = Phone::of(&world, "third.phone");
    let told =
        third.enrol_call(&other, &lines.http(), &lines.slip(&world, &CHEN), &[]).run().failed(4).object();
    assert_eq!(told["code"], "phone-refused");
    lines.server.end();
    let mut wanted = vec![why; 5];
    wanted.push("the IMSI is not the registered one, or is not said as it was at enrolment".to_owned());
    assert_eq!(reasons(&world), wanted);
}

/// Whatever comes at the lines, the server goes on.
#[test]
fn rubbish_at_the_lines_is_met_with_silence() {
    use std::io::{Read, Write};
    let world = World::new();
    let bank = Bank::start(&world, "");
    let lines = Lines::open(&world, &bank, &[]);
    for body in ["", "\x11", "\x21abcd", "1abcd01234567890123456789"] {
        let answer =
            lines.server.ask("POST", "/v1/phone", &[("Content-Type", "application/octet-stream")], body);
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    }
    let long = "x".repeat(5000);
    let answer = lines.server.ask("POST", "/v1/phone", &[], &long);
    assert_eq!(answer.status, 204);
    let address = lines.tcp.strip_prefix("tcp:").unwrap();
    for bytes in [&b"\x00\x00"[..], b"\x00\x05\x21abcd", b"\xFF\xFF"] {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        assert!(heard.is_empty(), "{heard:?}");
    }
    assert_eq!(lines.server.ask("GET", "/ready", &[], "").status, 200);
    lines.server.end();
}

/// Anybody can make first messages, for the server's key is on every slip: they do not fill the queue of those who work with the server.
#[test]
fn strangers_leave_room_at_the_counter() {
    use std::io::Write;
    let world = World::new();
    let bank = Bank::start(&world, "");
    let lines = Lines::open(&world, &bank, &[]);
    let slip = lines.slip(&world, &CHEN);
    let server: [u8; 32] = hex::decode(slip["server_key"].as_str().unwrap()).unwrap().try_into().unwrap();
    // The books are held by another program, so whoever writes to them waits, and all who come after.
    let books = rusqlite::Connection::open(world.folder(Party::Bank).join("server.sqlite")).unwrap();
    books.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let sale = scope.spawn(|| {
            lines.server.post(&lines.clerk, "held", "/v1/codes", &json!({ "customer": WANG.number }))
        });
        std::thread::sleep(std::time::Duration::from_millis(500));
        let strangers: Vec<_> = (0..200)
            .map(|n| {
                let mut stream =
                    std::net::TcpStream::connect(lines.tcp.strip_prefix("tcp:").unwrap()).unwrap();
                let frame = first_message(&server, n, world.now().seconds());
                stream.write_all(&u16::try_from(frame.len()).unwrap().to_be_bytes()).unwrap();
                stream.write_all(&frame).unwrap();
                stream
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(500));
        let look = scope.spawn(|| lines.server.get(&lines.clerk, &format!("/v1/customers/{}", CHEN.number)));
        std::thread::sleep(std::time::Duration::from_millis(500));
        books.execute_batch("ROLLBACK").unwrap();
        assert_eq!(look.join().unwrap().status, 200, "the look had its place");
        sale.join().unwrap().ok();
        drop(strangers);
    });
    lines.server.end();
}

/// The first message of a phone that nobody knows.
fn first_message(server: &[u8; 32], n: u8, now: i64) -> Vec<u8> {
    let own = client::Keypair::new(&[n; 32]);
    let psk = client::talk::Psk(keys::Zeroizing::new([n; 32]));
    let known = client::Known { mode: client::Mode::Noise, server, own: &own, psk: &psk, name: &[n; 8] };
    let marks = client::Marks::read(&[0; 16]);
    let mut chance = vcard::SeededChance::new(n.into(), "a stranger");
    let opening = client::Opening::session(&known, &marks, client::Stamp::of(now, 0), &mut chance).unwrap();
    opening.frame().to_vec()
}
