//! Numbers as people and cards write them, at every door: SIMs, batches, registration, replacement, the bank's own numbers.

use crate::command::SEED;
use crate::world::{CHEN, Customer, Kind, WANG, World, ZHANG};
use reader::driver::sim::Sim;
use scheme::profile::Fid;
use scheme::sim::{EF_ICCID, TEST_ADM};
use std::path::Path;
use vcard::slot::Keep;
use vcard::{SeededChance, Slot};

/// As typed; as it is kept and shown; whether something speaks against it.
const ICCIDS: [(&str, &str, bool); 10] = [
    ("898604B7192271001234", "898604B7192271001234", false),
    ("89860042190733578148", "89860042190733578148", true),
    ("898602b3111640012345", "898602B3111640012345", false),
    ("8986004AC51234567890", "8986004AC51234567890", false),
    ("8986011680000012345", "8986011680000012345", true),
    ("8986031970210012345F", "8986031970210012345", true),
    ("89860318740210012345", "89860318740210012345", true),
    ("8986111721330012345f", "8986111721330012345", true),
    ("98686109201723610005", "89861690027132160050", true),
    ("89860026330000000010", "89860026330000000010", false),
];

const HEADER: &str = "customer,meter,msisdn,imsi,imei,iccid";

fn empty() -> World {
    World::empty(Kind { apart: false, formal: false, suite: "3des" })
}

/// A bank that sells, and no meter.
fn bank() -> World {
    let world = empty();
    world.found_province();
    world.found_city();
    world.found_bank();
    world
}

fn luhn(digits: &str) -> String {
    format!("{digits}{}", wire::bcd::luhn_check_digit(digits))
}

#[test]
fn iccids_of_real_cards_make_sims_that_show_them() {
    let world = empty();
    for (n, (typed, kept, doubtful)) in ICCIDS.into_iter().enumerate() {
        let imsi = format!("46000{n:010}");
        let made = world.phones(&["sim", "new", "--iccid", typed, "--imsi", &imsi]).run().ok();
        made.shows(&[kept]);
        let card = world.folder(crate::world::Party::Sims).join(format!("{kept}.card"));
        let card = card.to_str().unwrap();
        let made = world.phones(&["sim", "new", "--json", "--iccid", typed, "--imsi", &imsi]);
        let made = made.with(&["--card", &format!("{n}.card")]).run().ok().object();
        assert_eq!((&made["iccid"], made["doubt"].is_string()), (&kept.into(), doubtful), "{typed}");
        world.phones(&["card", "show", card]).run().ok().shows(&[&format!("ICCID  {kept}\n")]);
        assert_eq!(world.phones(&["card", "show", card, "--json"]).run().ok().object()["iccid"], kept);
        let export = world.phones(&["sim", "export", card, "--json"]).run().ok().object();
        assert_eq!(export["identity"]["iccid"], kept);
    }
    for (typed, words) in [
        ("898600421907335781", "has 18 digits, it must have 19 or 20"),
        ("8986004219073357814G", "has 'G' at place 20"),
        ("8.98600421907336E+19", "is written in powers of ten"),
    ] {
        let ran =
            world.phones(&["sim", "new", "--iccid", typed, "--imsi", CHEN.imsi, "--card", "no.card"]).run();
        ran.fails(1, &["--iccid: ", words]);
        assert!(!world.path("no.card").exists());
    }
}

#[test]
fn iccids_of_real_cards_are_registered_made_in_batches_and_replaced() {
    let world = bank();
    let (mut roster, mut batch) = (format!("{HEADER}\n"), String::from("iccid,imsi,msisdn\n"));
    for (n, (typed, ..)) in ICCIDS.into_iter().enumerate() {
        let imei = luhn(&format!("86012304{n:06}"));
        roster += &format!("3302000000{n:02},2611000000{n:02},139000010{n:02},46002{n:010},{imei},{typed}\n");
        batch += &format!("{typed},46002{n:010},139000010{n:02}\n");
    }
    world.file("real.csv", &roster);
    let ran = world.bank(&["server", "register", "real.csv", "--json"]).run().ok();
    let object = ran.object();
    assert_eq!(
        (&object["registered"], &object["rejected"]),
        (&10.into(), &serde_json::json!([])),
        "{object}"
    );
    let doubtful = ICCIDS.iter().filter(|(.., doubtful)| *doubtful).count();
    assert_eq!(object["doubtful"].as_array().unwrap().len(), doubtful);
    assert!(
        object["doubtful"][0]
            .as_str()
            .unwrap()
            .starts_with("line 3, iccid: ends in 8, a check digit would be 0")
    );
    // The same numbers in the form in which they are kept are the same customers.
    let kept = ICCIDS.into_iter().fold(roster.clone(), |text, (typed, kept, _)| text.replace(typed, kept));
    world.file("kept.csv", kept);
    let again = world.bank(&["server", "register", "kept.csv", "--json"]).run().ok().object();
    assert_eq!((&again["unchanged"], &again["registered"]), (&10.into(), &0.into()));

    world.file("sims.csv", batch);
    let made = world.phones(&["issue", "sim", "--batch", "sims.csv", "--yes"]).run().ok().shows(&["good 10"]);
    assert!(
        made.stderr.contains("6 ICCID(s) may be mistyped; the first, in line 3, ends in 8"),
        "{}",
        made.stderr
    );
    for (_, kept, _) in ICCIDS {
        world.phones(&["issue", "take", kept, "--kind", "sim", "--out", "taken"]).run().ok();
        let card = format!("taken/{kept}.card");
        assert_eq!(world.phones(&["card", "show", &card, "--json"]).run().ok().object()["iccid"], kept);
    }

    let replace = |iccid: &str, imsi: &str| {
        let sim = ["--msisdn", "13900000109", "--imsi", imsi, "--iccid", iccid];
        world.bank(&["server", "replace-sim", "--customer", CHEN.number]).with(&sim)
    };
    let ran = replace("898604a2121870654321", "460000207447768").run().ok();
    ran.shows(&["has SIM 898604A2121870654321 now"]);
    let taken = replace("9868407B912217002143", "460000207447769").run();
    taken.fails(1, &["the SIM's iccid belongs to another customer already"]);
    let doubt = replace("89860219112050048153", "460000207447770").run().ok();
    assert!(doubt.stderr.contains("a check digit would be"), "{}", doubt.stderr);
}

/// Writes EF_ICCID as somebody else's card may have it.
fn write_iccid(card: &Path, file: [u8; 10]) {
    let seed = SEED.parse().unwrap();
    let mut slot = Slot::open(card, Box::new(SeededChance::new(seed, "maker")), Keep::EveryCommand).unwrap();
    let mut sim = Sim::new(&mut slot);
    sim.reset().unwrap();
    sim.verify_adm(&TEST_ADM).unwrap();
    sim.select(&[Fid::MF, EF_ICCID]).unwrap();
    sim.update_binary(0, &file).unwrap();
    slot.close().unwrap();
}

#[test]
fn a_card_shows_whatever_iccid_it_has_or_none() {
    let world = empty();
    world.make_sim(&CHEN, &[]);
    let card = world.sim(&CHEN);
    let name = card.to_str().unwrap();
    for (file, shown) in [
        ([0xFF; 10], serde_json::Value::Null),
        ([0x98, 0x68, 0x11, 0x40, 0, 0, 0, 0, 0x10, 0xFF], "898611040000000001".into()),
        ([0x21, 0x43, 0xFA, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "1234A".into()),
    ] {
        write_iccid(&card, file);
        let words = format!("ICCID  {}\n", shown.as_str().unwrap_or("-"));
        world.phones(&["card", "show", name]).run().ok().shows(&[&words]);
        assert_eq!(world.phones(&["card", "show", name, "--json"]).run().ok().object()["iccid"], shown);
        let export = world.phones(&["sim", "export", name, "--json"]).run().ok().object();
        assert!(export["identity"].as_object().unwrap().contains_key("iccid"), "{export}");
        assert_eq!(export["identity"]["iccid"], shown);
        world.phones(&["sim", "list", name]).run().ok();
    }
}

/// One rule, wherever a telephone number is read.
#[test]
fn a_number_is_completed_or_refused_alike_at_every_door() {
    let world = bank();
    let sim = |typed: &str, card: &str| {
        world.phones(&[
            "sim", "new", "--iccid", CHEN.iccid, "--imsi", CHEN.imsi, "--msisdn", typed, "--card", card,
        ])
    };
    let settings = |typed: &str| {
        world.bank(&["server", "settings", "--json", "--server-number", typed, "--service-centre", typed])
    };
    let replace = |n: usize, typed: &str| {
        let (imsi, iccid) = (format!("46003{n:010}"), luhn(&format!("898600000000000{n:04}")));
        let new = ["--imsi", &imsi, "--iccid", &iccid, "--msisdn", typed];
        world.bank(&["server", "replace-sim", "--customer", WANG.number]).with(&new)
    };
    let batch = |n: usize, typed: &str| {
        let file = format!("sims-{n}.csv");
        world.file(
            &file,
            format!("iccid,imsi,msisdn\n{},46004{n:010},{typed}\n", luhn(&format!("898600100000000{n:04}"))),
        );
        world.phones(&["issue", "sim", "--yes", "--batch", &file])
    };
    let customer = |n: usize, typed: &str| {
        let file = format!("roster-{n}.csv");
        let (imei, iccid) = (luhn(&format!("86012304{n:06}")), luhn(&format!("898600200000000{n:04}")));
        world.file(
            &file,
            format!("{HEADER}\n3302000000{n:02},2611000000{n:02},{typed},46005{n:010},{imei},{iccid}\n"),
        );
        world.bank(&["server", "register", &file])
    };
    for (n, typed) in
        ["13900000001", "8613900000001", "+8613900000001", "008613900000001"].into_iter().enumerate()
    {
        let card = format!("{n}.card");
        sim(typed, &card).run().ok();
        let export = world.phones(&["sim", "export", &card, "--json"]).run().ok().object();
        assert_eq!(export["identity"]["msisdn"], "+8613900000001", "{typed}");
        let said = settings(typed).run().ok().object();
        assert_eq!(
            (&said["server_number"], &said["service_centre"]),
            (&"8613900000001".into(), &"8613900000001".into())
        );
        replace(n, typed).run().ok();
        batch(n, typed).run().ok().shows(&["good 1"]);
        customer(n, typed).run().ok().shows(&["registered  1"]);
    }
    let (country, mobile) = ("does not say its country", "must begin with +86");
    for (n, typed) in
        ["95598", "057495598", "013900000001", "1390000000", "139000000012"].into_iter().enumerate()
    {
        let n = n + 10;
        sim(typed, "no.card")
            .run()
            .fails(1, &["--msisdn: ", country, "hint: write + and the country's code"]);
        assert!(!world.path("no.card").exists());
        settings(typed).run().failed(1);
        replace(n, typed).run().fails(1, &["--msisdn: ", mobile]);
        batch(n, typed).run().fails(1, &["line 2: msisdn ", country, "write + and the country's code"]);
        customer(n, typed).run().fails(1, &["line 2, msisdn: ", mobile]);
        let settle = world.bank(&["server", "settle", "none.sms", "--from", typed]);
        settle.run().fails(1, &["--from: ", mobile]);
    }
    // The numbers that were said before are still said.
    let said = world.bank(&["server", "settings", "--json"]).run().ok().object();
    assert_eq!(said["server_number"], "8613900000001");
    // A fixed line is no customer's, and may be the server's.
    settings("8657495598").run().ok();
    // 13 digits of a machine's subscription.
    customer(20, "1064912345678").run().ok();
}

/// Every number of a registration, damaged as spreadsheets do it, is refused with its cause and what to do.
#[test]
fn what_a_spreadsheet_did_to_a_number_is_said() {
    let world = bank();
    let zhang = Customer { number: "330203062999", meter: "000020189999", ..ZHANG };
    let good =
        [zhang.number, zhang.meter, "13900000777", "460019361579999", zhang.imei, "89860026330000000010"];
    let damaged = [
        (0, "3.30203E+11", "customer: a customer number is written in powers of ten"),
        (
            1,
            "20189999",
            "meter: a meter number has 12 digits, this has 8 (a spreadsheet drops the zeros in front",
        ),
        (1, "20,189,999", "meter: a meter number has marks between its thousands"),
        (1, "#N/A", "meter: a meter number is a spreadsheet's word"),
        (2, "1.39E+10", "msisdn: is written in powers of ten"),
        (3, "4.60019E+14", "imsi: is written in powers of ten"),
        (4, "864123057904307.0", "imei: ends in a fraction of zeros"),
        (5, "8.98601E+19", "iccid: is written in powers of ten"),
    ];
    for (column, value, words) in damaged {
        let mut cells = good;
        cells[column] = value;
        world.file("damaged.csv", format!("{}\n{}\n", HEADER.replace(',', "\t"), cells.join("\t")));
        let ran = world.bank(&["server", "register", "damaged.csv"]).run();
        let ran = ran.fails(1, &[&format!("line 2, {words}")]);
        assert!(value.starts_with('#') || ran.stderr.contains("format the column as text"), "{}", ran.stderr);
    }
    // A rounded ICCID has the right length; it is asked to be compared.
    let rounded = good.join(",").replace("89860026330000000010", "89860122290654400000");
    world.file("rounded.csv", format!("{HEADER}\n{rounded}\n"));
    let ran = world.bank(&["server", "register", "rounded.csv"]).run().ok();
    assert!(ran.stderr.contains("line 2, iccid: ends in zeros behind its 15th digit"), "{}", ran.stderr);
}
