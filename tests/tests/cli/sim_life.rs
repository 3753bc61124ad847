//! SIMs of both profiles through the command: made, listed, read, erased, exported.

use crate::command::{Call, SEED};
use crate::records::users_message;
use crate::world::{CHEN, Kind, Party, World, text};
use reader::driver::sim::{Chv, Sim};
use serde_json::Value;
use std::path::{Path, PathBuf};
use vcard::slot::Keep;
use vcard::{SeededChance, Slot};
use wire::sms::record::{RecordStatus, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, Timestamp, Tpdu, UserData};

const ICCID: &str = "89860000000000000018";
const IMSI: &str = "460001234567890";

/// A folder and the command in it, without any party but the one who makes SIMs.
struct Desk(World);

impl Desk {
    fn new() -> Self {
        Desk(World::empty(Kind { apart: false, formal: false, suite: "3des" }))
    }

    fn call(&self, args: &[&str]) -> Call {
        self.0.call(Party::Sims, args)
    }

    fn made(&self, profile: &str, options: &[&str]) -> PathBuf {
        let card = self.0.path(&format!("{profile}.card"));
        let args = ["sim", "new", "--iccid", ICCID, "--imsi", IMSI, "--msisdn", "+8613900000109"];
        self.call(&args).with(&["--card", text(&card), "--profile", profile]).with(options).run().ok();
        card
    }

    fn object(&self, args: &[&str]) -> Value {
        self.call(args).with(&["--json"]).run().ok().object()
    }
}

/// Stores records as a phone does, from record 1 on.
fn store(card: &Path, records: &[[u8; 176]]) {
    let seed = SEED.parse().unwrap();
    let mut slot = Slot::open(card, Box::new(SeededChance::new(seed, "phone")), Keep::EveryCommand).unwrap();
    let mut sim = Sim::new(&mut slot);
    sim.reset().unwrap();
    sim.sms_file().unwrap();
    for (n, record) in records.iter().enumerate() {
        sim.update_record(n as u8 + 1, record).unwrap();
    }
    slot.close().unwrap();
}

/// A received message with these user data.
fn received(dcs: u8, octets: &[u8], header: bool) -> [u8; 176] {
    let message = Deliver {
        flags: Deliver::NO_MORE_MESSAGES,
        originator: Address::international("8613900000777").unwrap(),
        pid: 0,
        dcs,
        timestamp: Timestamp::china([0x20, 0x26, 0x11, 0x22, 0x08, 0x00, 0x00]).unwrap(),
        user_data: UserData::from_octets(octets, header).unwrap(),
    };
    let tpdu = Tpdu::Deliver(message);
    SmsRecord { status: RecordStatus::Unread, service_centre: None, tpdu }.to_bytes().unwrap()
}

/// Part `sequence` of `total` of a long message.
fn part(reference: u8, total: u8, sequence: u8, text: &str) -> [u8; 176] {
    let mut octets = vec![0x05, 0x00, 0x03, reference, total, sequence];
    octets.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    received(0x08, &octets, true)
}

/// The published command packet of SPI 0619 (docs/specs/purchase.md names its source).
const PACKET: &str = "02700000201506193535B00011AE733256918D050B87C94FBFE12E4DC402F262C41CF67F2F";

fn full_of_messages(desk: &Desk, profile: &str) -> PathBuf {
    let card = desk.made(profile, &["--sms-records", "10"]);
    let packet = hex::decode(PACKET).unwrap();
    store(
        &card,
        &[
            part(7, 3, 2, "by the "),
            users_message("Dinner at\neight?\u{1B}[31m"),
            part(7, 3, 1, "We meet "),
            received(0xF6, &packet, true),
            part(7, 3, 3, "river"),
            part(8, 2, 2, "...and so on"),
            received(0x04, b"plain ASCII, \"quoted\"", false),
            received(0x04, &[0xDE, 0xAD], false),
        ],
    );
    card
}

#[test]
fn long_messages_are_put_together() {
    let desk = Desk::new();
    for profile in ["sim", "uicc"] {
        let card = full_of_messages(&desk, profile);
        let object = desk.object(&["sim", "list", text(&card)]);
        assert_eq!((&object["records"], &object["free"]), (&10.into(), &2.into()));
        let found: Vec<_> = object["messages"].as_array().unwrap().iter().collect();
        let says = |n: usize| (found[n]["records"].to_string(), found[n]["what"].as_str().unwrap());
        assert_eq!(says(0), ("[3,1,5]".to_owned(), "We meet by the river"));
        assert_eq!(says(1), ("[2]".to_owned(), "Dinner at\neight?\u{1B}[31m"));
        assert_eq!(says(2).0, "[4]");
        assert_eq!(says(3), ("[6]".to_owned(), "[part 1 of 2 is missing]...and so on"));
        assert_eq!(says(4).1, "plain ASCII, \"quoted\"");
        assert_eq!(says(5).1, "DEAD");
        let kinds: Vec<_> = found.iter().map(|message| message["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["text", "text", "packet", "text", "text", "data"]);
        assert!(found.iter().all(|message| message["whose"] == "user"));
        assert_eq!(found[3]["missing"], serde_json::json!([1]));
        assert_eq!(found[0]["time"], "2026-11-22T08:00:00+08:00");
        // In words, no message of others writes on the terminal but with letters.
        let ran = desk.call(&["sim", "list", text(&card)]).run().ok();
        let ran = ran.shows(&["3+1+5", "user's", "We meet by the river", "Dinner at eight?\\x1B[31m"]);
        assert!(!ran.stdout.contains('\u{1B}'));
        assert!(ran.stderr.contains("2 of 10 records are free"));
    }
}

#[test]
fn one_message_is_shown_in_full() {
    let desk = Desk::new();
    let card = full_of_messages(&desk, "sim");
    let read = |record: &str| desk.call(&["sim", "read", text(&card), record]).run();
    for record in ["1", "3", "5"] {
        read(record).ok().shows(&[
            "3+1+5",
            "3 of 3",
            "03 (unread)",
            "+8613900000777",
            "We meet by the river",
        ]);
    }
    read("6").ok().shows(&["1 of 2, missing 1"]);
    read("4").ok().shows(&[
        "a secured packet of another application",
        "command, 32 bytes",
        "0619 (checksum, enciphered, no counter, response wanted)",
        "35 (key set 3, 3DES, two keys)",
        "B00011",
        "header  70",
    ]);
    let object = desk.object(&["sim", "read", text(&card), "4"]);
    assert_eq!((&object["packet"]["tar"], &object["packet"]["spi"]), (&"B00011".into(), &"0619".into()));
    read("9").fails(1, &["record 9 is free", "hint: "]);
    read("11").fails(1, &["the SIM has 10 message records, no record 11"]);
    read("0").fails(2, &["0"]);
    store(&card, &[[0x0F; 176]]);
    read("1").fails(1, &["record 1 holds no message this program can read"]);
}

#[test]
fn erasing_spares_what_nobody_named() {
    let desk = Desk::new();
    let card = full_of_messages(&desk, "uicc");
    let bytes = || std::fs::read(&card).unwrap();
    let before = bytes();
    let erase = |args: &[&str]| desk.call(&["sim", "erase", text(&card)]).with(args).run();
    erase(&["9", "2"]).fails(1, &["record 2 holds a message of the user's; nothing is erased", "--user"]);
    erase(&["2", "11", "--user"]).fails(1, &["no record 11"]);
    erase(&["2", "--user", "--dry-run"]).ok().shows(&["record(s) 2 would be erased"]);
    assert!(bytes() == before, "the SIM was written to");
    let ran = erase(&["3", "3", "9", "--user"]).ok().shows(&["record(s) 3 erased"]);
    assert!(ran.stderr.contains("record 9 is free already"), "{}", ran.stderr);
    assert!(ran.stderr.contains("record(s) 1, 5 hold other parts"), "{}", ran.stderr);
    let object = desk.object(&["sim", "list", text(&card)]);
    assert_eq!(object["free"], 3);
    assert_eq!(object["messages"][0]["what"], "[part 1 of 3 is missing]by the river");
    let object = desk.object(&["sim", "erase", text(&card), "2", "1", "--user"]);
    assert_eq!(object["erased"], serde_json::json!([1, 2]));
}

/// A purchase over a UICC, and what erasing says at each of its stations.
#[test]
fn a_uicc_carries_a_purchase() {
    let world = World::new();
    std::fs::remove_file(world.sim(&CHEN)).unwrap();
    world.make_sim(&CHEN, &["--profile", "uicc"]);
    let card = world.sim(&CHEN);
    let erase = |args: &[&str]| world.phones(&["sim", "erase", text(&card), "1"]).with(args).run();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    let words = "record 1 holds a purchase not yet settled; nothing is erased";
    erase(&["--user"]).fails(1, &[words, "--pending"]);
    let listed = world.phones(&["sim", "list", text(&card)]).run().ok();
    listed.shows(&["ours", "an order for electricity"]);
    world.phones(&["sim", "read", text(&card), "1"]).run().ok().shows(&["1639", "475243", "counter must be"]);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
    erase(&["--user"]).fails(1, &[words]);
    let receipt = world.collect(&CHEN);
    world.settle(&receipt).ok().shows(&["settled"]);
    erase(&[]).ok().shows(&["record(s) 1 erased"]);
    // An order that nobody wants goes when it is named so.
    let order = world.order(&CHEN, "30");
    world.write(&CHEN, &order);
    erase(&["--pending"]).ok();
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 30.00 yuan"]);
}

#[test]
fn a_sim_is_exported_without_its_secrets() {
    let desk = Desk::new();
    desk.0.file("chv", "4711\n");
    for profile in ["sim", "uicc"] {
        let card = desk.made(profile, &["--chv1-file", "chv"]);
        let export = ["sim", "export", text(&card)];
        let open = [&export[..], &["--chv1-file", "chv"]].concat();
        let object = desk.object(&open);
        assert_eq!(object["identity"]["iccid"], ICCID);
        assert_eq!(object["identity"]["imsi"], IMSI);
        assert_eq!(object["identity"]["msisdn"], "+8613900000109");
        assert_eq!(object["identity"]["state"], "test");
        let usim = &object["identity"]["usim_imsi"];
        assert_eq!(usim.as_str(), (profile == "uicc").then_some(IMSI));
        let files = object["files"].as_array().unwrap();
        let file = |path: &str| files.iter().find(|file| file["path"] == path).unwrap();
        assert_eq!(file("3F00/2FE2")["content"], "98680000000000000081");
        assert_eq!(file("3F00/7F20/6F78")["content"], "0001");
        assert_eq!(file("3F00/7F20/6F20")["not_read"], "hidden: a session key");
        assert_eq!(file("3F00/7F10/6F3C")["records"].as_array().unwrap().len(), 20);
        assert_eq!(files.iter().any(|file| file["name"] == "EF_DIR"), profile == "uicc");
        // Without the code: what is free to read, and words for the rest.
        let ran = desk.call(&export).with(&["--json"]).run().ok();
        let object = ran.object();
        assert_eq!(
            (&object["identity"]["iccid"], &object["identity"]["imsi"]),
            (&ICCID.into(), &Value::Null)
        );
        assert!(ran.stderr.contains("--chv1-file"), "{}", ran.stderr);
        let locked =
            object["files"].as_array().unwrap().iter().find(|file| file["name"] == "EF_IMSI").unwrap();
        assert!(locked["not_read"].as_str().unwrap().contains("PIN"), "{locked}");
        let words = desk.call(&open).run().ok().shows(&[ICCID, IMSI, "EF_SMSP", "hidden: a session key"]);
        let csv = desk.call(&open).with(&["--csv", "files"]).run().ok();
        assert!(
            csv.stdout.starts_with("file,name,record,size,content\n3F00/2FE2,EF_ICCID,,10,9868"),
            "{}",
            csv.stdout
        );
        // CHV1 4711, and the published CHV2, unblocking codes, ADM1 and Ki of a test SIM
        for secret in ["34373131", "30303030FFFFFFFF", "3030303030303030", "6772696463617264"] {
            assert!(
                ![&words.stdout, &csv.stdout, &object.to_string()].iter().any(|text| text.contains(secret))
            );
        }
    }
    let desk = Desk::new();
    let card = full_of_messages(&desk, "sim");
    let csv = desk.call(&["sim", "export", text(&card), "--csv", "messages"]).run().ok();
    csv.shows(&[
        "\"plain ASCII, \"\"quoted\"\"\"",
        "3+1+5,unread,user's,'+8613900000777,2026-11-22 08:00:00+08:00,We",
    ]);
}

#[test]
fn a_code_is_asked_for_at_the_prompt() {
    let desk = Desk::new();
    let card = desk.0.path("locked.card");
    let new = ["sim", "new", "--iccid", ICCID, "--imsi", IMSI, "--card", text(&card)];
    desk.call(&new).with(&["--chv1"]).stdin("12a4\n12a4\n").run().fails(1, &["a CHV has 4 to 8 digits"]);
    desk.call(&new).with(&["--chv1", "--chv1-file", "x"]).run().fails(2, &["cannot be used with"]);
    desk.call(&new)
        .with(&["--chv1"])
        .stdin("8642\n8643\n")
        .run()
        .fails(1, &["the second time was not the same"]);
    desk.call(&new).with(&["--chv1"]).stdin("8642\n8642\n").run().ok();
    let mut slot = Slot::open(&card, Box::new(SeededChance::new(1, "phone")), Keep::InMemory).unwrap();
    let mut sim = Sim::new(&mut slot);
    sim.reset().unwrap();
    assert!(sim.chv1_enabled().unwrap());
    sim.verify_chv(Chv::Chv1, b"8642").unwrap();
}

/// `card` knows the new kind: shown, dumped, listed, and made elsewhere.
#[test]
fn a_uicc_is_a_card() {
    let desk = Desk::new();
    let card = desk.made("uicc", &[]);
    desk.call(&["card", "show", text(&card)]).run().ok().shows(&[
        "uicc",
        "3B9C95801FC7",
        "IMSI of the USIM",
        IMSI,
    ]);
    let dump = desk.call(&["card", "dump", text(&card)]).run().ok();
    let dump = dump.shows(&[
        "7FF0  directory  ADF_USIM",
        "6F3C  link  EF_SMS",
        "stands for 7F10/6F3C",
        "increase CHV1",
        "subscriber's key Ki",
        "SFI 07",
    ]);
    assert!(!dump.stdout.contains("6772696463617264"), "Ki is shown");
    desk.call(&["card", "list", "."]).run().ok().shows(&["uicc"]);
    desk.call(&["card", "new", "x.card", "--kind", "uicc"]).run().fails(2, &["use `gridcard sim new`"]);
}
