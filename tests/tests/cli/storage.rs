//! `meter insert --file`: the bank's files on a flash disk in the place of the SIM [docs/specs/meter.md 4].

use crate::command::Call;
use crate::world::{CHEN, CUSTOMERS, Customer, WANG, World, text};
use scheme::record_file::Message;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

fn insert(world: &World, meter: &Customer, path: &Path) -> Call {
    world.meters(&["meter", "insert", meter.meter, "--file", text(path)])
}

/// A flash disk of its own, with these files on it.
fn disk(world: &World, files: &[&Path]) -> PathBuf {
    let disk = world.fresh("-disk");
    fs::create_dir(&disk).unwrap();
    for file in files {
        fs::copy(file, disk.join(file.file_name().unwrap())).unwrap();
    }
    disk
}

fn receipt_of(order: &Path) -> PathBuf {
    order.with_extension("receipt")
}

#[test]
fn the_banks_file_goes_into_the_meter_as_it_is_and_its_receipt_back() {
    let world = World::new();
    for purchase in 1..=2 {
        let order = world.order(&CHEN, "50");
        let file = fs::read(&order).unwrap();
        let ran = insert(&world, &CHEN, &order).run().ok();
        ran.shows(&["credited 50.00 yuan", text(&receipt_of(&order)), "APDUs"]);
        assert_eq!(fs::read(&order).unwrap(), file, "the order's file was changed");
        let receipt = fs::read(receipt_of(&order)).unwrap();
        // From any copy the same receipt, and no money.
        let copy = disk(&world, &[&order]);
        let again = insert(&world, &CHEN, &copy).with(&["--json"]).run().ok().object();
        assert_eq!((&again["outcome"], &again["credited_fen"]), (&"receipt-repeated".into(), &0.into()));
        assert_eq!(again["files"][0]["result"], "receipt-repeated");
        let copied = receipt_of(&copy.join(order.file_name().unwrap()));
        assert_eq!(again["files"][0]["receipt"], text(&copied));
        assert_eq!(fs::read(&copied).unwrap(), receipt);
        insert(&world, &CHEN, &order).run().ok().shows(&["the same receipt"]);
        assert_eq!(fs::read(receipt_of(&order)).unwrap(), receipt);
        assert_eq!(world.purse(&CHEN).credited, 5000 * purchase);
        world.settle(&receipt_of(&order)).ok().shows(&["settled"]);
        world.settle(&copied).ok().shows(&["already settled"]);
        assert_eq!(world.books()["settled_fen"], 5000 * purchase);
    }
}

#[test]
fn a_file_and_the_sim_bring_one_purchase() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    world.write(&CHEN, &order);
    insert(&world, &CHEN, &order).run().ok().shows(&["credited 50.00 yuan"]);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["the receipt was written again"]);
    assert_eq!(world.purse(&CHEN).credited, 5000);
    world.settle(&world.collect(&CHEN)).ok().shows(&["settled"]);
    world.settle(&receipt_of(&order)).ok().shows(&["already settled"]);
    // The next one by the SIM, and the one after it by a file again.
    world.purchase(&CHEN, "20");
    let order = world.order(&CHEN, "30");
    insert(&world, &CHEN, &order).run().ok().shows(&["credited 30.00 yuan"]);
    world.settle(&receipt_of(&order)).ok();
    let books = world.books();
    assert_eq!((&books["settled_fen"], world.purse(&CHEN).credited), (&10000.into(), 10000));
}

#[test]
fn a_disk_with_the_orders_of_a_village_serves_each_meter_its_own() {
    let world = World::new();
    let orders: Vec<PathBuf> = CUSTOMERS.iter().map(|customer| world.order(customer, "50")).collect();
    let disk = disk(&world, &orders.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    fs::write(disk.join("letter.txt"), "dear meter").unwrap();
    for (n, customer) in CUSTOMERS.iter().enumerate() {
        let told = insert(&world, customer, &disk).with(&["--json"]).run().ok().object();
        assert_eq!((&told["outcome"], &told["credited_fen"]), (&"credited".into(), &5000.into()));
        let files = told["files"].as_array().unwrap();
        assert_eq!(files.len(), 3);
        for (at, file) in files.iter().enumerate() {
            let (result, refusal) = (&file["result"], &file["refusal"]);
            if at == n {
                assert_eq!(result, "credited");
                world.settle(Path::new(file["receipt"].as_str().unwrap())).ok().shows(&["settled"]);
            } else {
                assert_eq!((result, refusal), (&"refused".into(), &"mac".into()));
            }
        }
        assert_eq!(world.purse(customer).credited, 5000);
    }
    assert_eq!(world.books()["settled_fen"], 15000);
}

#[test]
fn what_brings_no_money_says_what_to_do_and_moves_none() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    let money = world.money();
    let refused = |meter: &Customer, path: &Path, words: &[&str]| {
        insert(&world, meter, path).run().fails(1, words);
        assert_eq!(world.money(), money, "money moved");
        assert!(!receipt_of(path).exists());
    };
    refused(&WANG, &order, &["card error 10, mac", "use it in its own meter"]);
    let whole = fs::read_to_string(&order).unwrap();
    let cut = world.file("cut.sms", &whole[..200]);
    refused(
        &CHEN,
        &cut,
        &["card error 14, storage-file", "have the bank hand it out again", "holds 100 bytes"],
    );
    let old: String =
        whole.lines().filter(|line| !line.starts_with("imsi ")).map(|line| format!("{line}\n")).collect();
    let old = world.file("old.sms", old);
    refused(&CHEN, &old, &["storage-file", "does not say the IMSI of its SIM"]);
    let joined = world.file("joined.sms", whole.clone() + &whole.replacen('0', "1", 1));
    refused(&CHEN, &joined, &["storage-file", "more than one message"]);
    let other = whole.replace(CHEN.imsi, WANG.imsi);
    refused(&CHEN, &world.file("other.sms", &other), &["storage-file", "IMSI is not the one"]);
    // Without the binding the file cannot tell, and the ESAM does.
    let unbound: String =
        other.lines().filter(|line| !line.starts_with("binding ")).map(|line| format!("{line}\n")).collect();
    refused(
        &CHEN,
        &world.file("unbound.sms", unbound),
        &["card error 13, sim-binding", "as the bank gave it"],
    );
    refused(&CHEN, &world.file("letter.txt", "dear meter"), &["card error 7, storage-empty"]);
    refused(&CHEN, &disk(&world, &[]), &["storage-empty", "no order for electricity on this medium"]);
    let link = world.path("link.sms");
    symlink(&order, &link).unwrap();
    refused(&CHEN, &link, &["storage-file", "a link is not followed"]);
    refused(&CHEN, Path::new("/dev/zero"), &["storage-file", "no regular file"]);
    insert(&world, &CHEN, &world.path("nothing.sms")).run().fails(3, &["there is no file", "hint: "]);
    let both = world.insert(&CHEN, &CHEN).with(&["--file", text(&order)]);
    both.run().fails(2, &["cannot be used with"]);
    world.meters(&["meter", "insert", CHEN.meter]).run().fails(2, &["<SIM>"]);
    // The file as it was still brings it.
    insert(&world, &CHEN, &order).run().ok().shows(&["credited 50.00 yuan"]);
}

#[test]
fn a_receipt_that_finds_no_place_is_written_at_the_next_insertion() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    // The name is a folder's; a link that somebody laid there leads to what he wants overwritten.
    let precious = world.file("precious", "precious");
    fs::create_dir(receipt_of(&order)).unwrap();
    let words = ["card error 19, storage-write", "on a medium that can be written"];
    insert(&world, &CHEN, &order).run().fails(1, &words);
    assert_eq!(world.purse(&CHEN).credited, 5000);
    fs::remove_dir(receipt_of(&order)).unwrap();
    symlink(&precious, receipt_of(&order)).unwrap();
    insert(&world, &CHEN, &order).run().fails(1, &words);
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    fs::remove_file(receipt_of(&order)).unwrap();
    // What a torn writing left gives way; another genuine receipt does not.
    fs::write(receipt_of(&order), "0711").unwrap();
    insert(&world, &CHEN, &order).run().ok().shows(&["the same receipt"]);
    assert_eq!(world.purse(&CHEN).credited, 5000, "credited twice");
    let first = fs::read(receipt_of(&order)).unwrap();
    world.settle(&receipt_of(&order)).ok().shows(&["settled"]);
    let next = world.order(&CHEN, "20");
    fs::copy(&next, &order).unwrap();
    insert(&world, &CHEN, &order).run().ok().shows(&["credited 20.00 yuan"]);
    assert_eq!(fs::read(receipt_of(&order)).unwrap(), first);
    world.settle(&order.with_extension("2.receipt")).ok().shows(&["settled"]);
    assert_eq!(world.books()["settled_fen"], 7000);
}

#[test]
fn a_medium_that_may_only_be_read_credits_and_a_copy_of_it_gets_the_receipt() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    let locked = disk(&world, &[&order]);
    insert(&world, &CHEN, &locked)
        .frozen(&locked)
        .run()
        .fails(1, &["storage-write", "credited, but the receipt"]);
    assert_eq!(fs::read_dir(&locked).unwrap().count(), 1, "something was written");
    assert_eq!(world.purse(&CHEN).credited, 5000);
    let copy = disk(&world, &[&order]);
    insert(&world, &CHEN, &copy).run().ok().shows(&["the same receipt"]);
    world.settle(&receipt_of(&copy.join(order.file_name().unwrap()))).ok().shows(&["settled"]);
    assert_eq!(world.books()["settled_fen"], 5000);
}

/// The order on its way out again has what a meter without a SIM needs, whoever hands it out.
#[test]
fn every_file_of_an_order_names_its_sim() {
    let world = World::new();
    let order = world.order(&CHEN, "50");
    let sim_of = |path: &Path| Message::from_text(&fs::read_to_string(path).unwrap()).unwrap().sim;
    let first = sim_of(&order);
    assert_eq!(first.imsi.as_ref().map(|imsi| imsi.as_str()), Some(CHEN.imsi));
    let again = world
        .bank(&["server", "resume", "--customer", CHEN.number, "--pin-file", "pin", "--json"])
        .run()
        .ok()
        .object();
    let copy = again["records"][0].as_str().unwrap();
    assert_eq!(sim_of(&world.path(copy)), first);
    // A SIM that takes the place of the first: the order that waits is bound to the first one still.
    world
        .bank(&["server", "replace-sim", "--customer", CHEN.number, "--msisdn", "+8613900000109"])
        .with(&["--imsi", "460000207447768", "--iccid", "89860021047987991764"])
        .run()
        .ok();
    let anew = world.fresh("-order.sms");
    world
        .bank(&["server", "reissue", "--customer", CHEN.number, "--pin-file", "pin", "--out", text(&anew)])
        .run()
        .ok();
    assert_eq!(sim_of(&anew).imsi.as_ref().map(|imsi| imsi.as_str()), Some("460000207447768"));
    // Either is taken, and one of them.
    insert(&world, &CHEN, &order).run().ok().shows(&["credited 50.00 yuan"]);
    insert(&world, &CHEN, &anew).run().ok();
    assert_eq!(world.purse(&CHEN).credited, 5000);
}
