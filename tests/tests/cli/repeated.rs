//! What broke off between two files is finished by the same command again; nothing is lost, nothing is there twice.

use crate::command::binary;
use crate::world::{CHEN, Party, WANG, World, read_record, text};
use std::process::{Command, Stdio};

#[test]
fn a_sold_order_whose_file_was_not_written_is_written_by_resume() {
    let world = World::new();
    let nowhere = world.path("no such folder/order.sms");
    world.order_call(&CHEN, "50", &nowhere).run().fails(1, &["cannot write", "hint: the order is kept"]);
    let resume = ["server", "resume", "--customer", CHEN.number, "--pin-file", "pin"];
    world.bank(&resume).run().ok().shows(&[".sms"]);
    let record = world.folder(Party::Bank).join(format!("out/{}-1.sms", CHEN.number));
    world.write(&CHEN, &record);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
    world.settle(&world.collect(&CHEN)).ok();
    world.bank(&resume).run().ok().shows(&["no order is outstanding"]);
    assert_eq!(world.books()["settled_fen"], 5000);
}

#[test]
fn a_pairing_file_that_is_missing_is_made_for_the_finished_esam() {
    let world = World::new();
    let meter = "000020181200";
    let issue = ["esam", "issue", "--meter", meter, "--pin-file", "pin"];
    world.city(&issue).run().ok();
    let out = world.folder(Party::City).join("out");
    let pairing = out.join(format!("pairing-{meter}.json"));
    let whole = std::fs::read(&pairing).unwrap();
    std::fs::remove_file(&pairing).unwrap();
    world.city(&issue).run().ok();
    assert!(std::fs::read(&pairing).unwrap() == whole);
    // With its pairing file there, the card is finished.
    world.city(&issue).run().fails(1, &["is issued already"]);
    // A card of another number gets no pairing file for this one.
    let other = "000020181201";
    std::fs::rename(out.join(format!("esam-{meter}.card")), out.join(format!("esam-{other}.card"))).unwrap();
    world
        .city(&["esam", "issue", "--meter", other, "--pin-file", "pin"])
        .run()
        .fails(1, &["is issued already"]);
    assert!(!out.join(format!("pairing-{other}.json")).exists());
}

#[test]
fn a_meter_whose_making_broke_off_is_made_by_the_same_command() {
    let world = World::new();
    let number = "000020181200";
    world.city(&["esam", "issue", "--meter", number, "--pin-file", "pin"]).run().ok();
    let out = world.folder(Party::City).join("out");
    let esam = world.carry(&out.join(format!("esam-{number}.card")));
    let pairing = out.join(format!("pairing-{number}.json"));
    let folder = world.folder(Party::Meters).join(number);
    std::fs::create_dir_all(&folder).unwrap();
    let inside = folder.join("esam.card");
    let new = |esam| world.meters(&["meter", "new", number, "--esam", esam, "--pairing", text(&pairing)]);
    world.meters(&["meter", "list"]).run().ok().shows(&[CHEN.meter, WANG.meter]);
    new(text(&esam)).run().ok();
    // The flash was lost, the ESAM is in its place.
    std::fs::remove_file(folder.join("flash.json")).unwrap();
    new(text(&inside)).run().ok();
    world.meters(&["meter", "show", number]).run().ok();
    new(text(&inside)).run().fails(1, &["exists already"]);
}

#[test]
fn a_receipt_file_that_cannot_be_read_does_not_hide_the_others() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok();
    let receipt = world.collect(&CHEN);
    assert_eq!(read_record(&receipt).len(), 176);
    world.file("bad.sms", "garbage");
    let ran =
        world.bank(&["server", "settle", "bad.sms", text(&receipt), "none.sms", "--pin-file", "pin"]).run();
    let ran = ran.fails(1, &["none.sms"]);
    ran.shows(&[
        "settled",
        "50.00 yuan credited by meter",
        "bad.sms: it is not a line of hexadecimal digits",
    ]);
    assert_eq!(world.books()["settled_fen"], 5000);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_fault_and_a_full_disk_is_one() {
    let list = |stdout: Stdio| {
        let mut command = Command::new(binary());
        command.args(["completions", "bash"]).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut child = list(Stdio::piped());
    drop(child.stdout.take());
    let ran = child.wait_with_output().unwrap();
    assert_eq!((ran.status.code(), ran.stderr.len()), (Some(0), 0));
    if let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") {
        let ran = list(full.into()).wait_with_output().unwrap();
        assert_eq!(ran.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&ran.stderr).starts_with("error: stdout cannot be written"));
    }
}
