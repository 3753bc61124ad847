//! A bank with several PSAMs: one for each key version that is out there.

use crate::world::{CHEN, Kind, PSAM, Party, WANG, World, text};
use serde_json::Value;

/// The PSAM of the next key version, with a PIN of its own in the file `pinB`.
const SECOND: &str = "330200000002";

fn psams(world: &World) -> Vec<Value> {
    let list = world.bank(&["server", "psam", "list", "--json"]).run().ok().object();
    list["psams"].as_array().unwrap().clone()
}

/// A home of the time of one PSAM is read as it is, and moved over by the first act that works with the PSAM.
#[test]
fn the_only_psam_of_an_older_home_is_moved_over() {
    let world = World::new();
    let (bank, place) = (world.folder(Party::Bank), world.psam());
    for (end, old) in [("card", "psam.card"), ("server", "psam.server")] {
        std::fs::rename(place.with_extension(end), bank.join(old)).unwrap();
    }
    std::fs::remove_dir_all(bank.join("psams")).unwrap();
    // A look changes nothing.
    let shown = psams(&world);
    assert_eq!((shown.len(), &shown[0]["number"]), (1, &PSAM.into()));
    assert!(bank.join("psam.card").exists() && !place.exists());
    world.bank(&["server", "audit", "verify"]).run().ok();
    assert!(bank.join("psam.card").exists() && !place.exists());
    world.purchase(&CHEN, "50");
    assert!(place.exists() && place.with_extension("server").exists(), "card and key have moved");
    assert!(!bank.join("psam.card").exists() && !bank.join("psam.server").exists());
    let record: Value =
        serde_json::from_slice(&std::fs::read(place.with_extension("json")).unwrap()).unwrap();
    assert_eq!((&record["state"], &record["key_version"]), (&"test".into(), &1.into()));
    // Broken off after the key, before the card: the next act finishes it.
    std::fs::rename(&place, bank.join("psam.card")).unwrap();
    std::fs::remove_file(place.with_extension("json")).unwrap();
    world.purchase(&CHEN, "30");
    assert!(place.exists());
    world.bank(&["server", "verify"]).run().ok().shows(&["agree", PSAM]);
}

/// Issuing cards of the second key version for the city, a PSAM of it, and Chen's ESAM under it.
fn second_version(world: &World) {
    world.file("pinB", "222222");
    for (kind, number) in [("psam-issuing", "000000000022"), ("esam-issuing", "000000000023")] {
        world.issue_card(kind, number).with(&["--key-version", "2"]).run().ok();
        let card = world.folder(Party::Province).join(format!("out/{kind}-{number}.card"));
        world.city(&["city", "open", text(&card)]).run().ok();
    }
    let issue = ["psam", "issue", "--number", SECOND, "--pin-file", "pin", "--card-pin-file", "pinB"];
    world.city(&issue).with(world.transport()).run().ok();
    let esam = world.esam(&CHEN);
    world.earnest(Party::City, &["esam", "change-keys", text(&esam), "--pin-file", "pin"]).run().ok();
    let (_, pairing) = world.issued(&CHEN);
    let pair = ["meter", "pair", CHEN.meter, "--pairing", text(&pairing), "--formal"];
    world.earnest(Party::Meters, &pair).with(world.transport()).run().ok();
    world.deliver_list();
}

/// The keys of one meter change while its order is out. The next order is sealed by the PSAM of the new version, the receipt
/// of the first one opened by the PSAM that sealed it, and that one leaves when nothing waits for it any more.
#[test]
fn each_key_version_has_its_psam() {
    let world = World::of(Kind { apart: false, formal: true, suite: "3des" });
    world.write(&CHEN, &world.order(&CHEN, "50"));
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited 50.00 yuan"]);
    let receipt = world.collect(&CHEN);
    second_version(&world);
    let reissue = |pins: &[&str]| {
        let args = ["server", "reissue", "--reason", "key-change", "--customer", CHEN.number];
        let out = world.fresh("-order.sms");
        world.bank(&args).with(pins).with(&["--out", text(&out)]).run()
    };
    let books = world.books();
    reissue(&["--pin-file", "pin"]).fails(
        1,
        &["no PSAM here seals for meter 000020181114", "formal keys of version 2", "server psam add CARD"],
    );
    let card = world.folder(Party::City).join(format!("out/psam-{SECOND}.card"));
    world
        .bank(&["server", "psam", "add", text(&card)])
        .run()
        .ok()
        .shows(&[SECOND, "formal keys of version 2"]);
    assert!(!card.exists() && !card.with_extension("server").exists(), "card and key are the bank's now");
    reissue(&["--pin-file", "pin", "--psam", PSAM])
        .fails(1, &["PSAM 330200000001 has formal keys of version 1", "has formal keys of version 2"]);
    reissue(&["--pin-file", "pin", "--psam", "330200000007"])
        .fails(1, &["the bank has no PSAM 330200000007"]);
    assert_eq!(world.books(), books, "nothing was written down");
    reissue(&["--pin-file", "pinB"]).ok();
    // Wang's meter still has the first version: its orders go to the first PSAM.
    let wang = world.order(&WANG, "20");
    let sealed: Vec<_> = psams(&world).iter().map(|psam| psam["sealed"].clone()).collect();
    assert_eq!(sealed, [2, 1], "Chen's first and Wang's; Chen's second");
    let remove = |number: &str| world.bank(&["server", "psam", "remove", number]).run();
    remove(PSAM).fails(1, &["PSAM 330200000001 stays: 2 order(s) it sealed have no receipt yet"]);

    // The receipt is under the old keys; whose PIN is in the file has to be said, for a wrong one costs a try.
    let settle = |pins: &[&str]| world.bank(&["server", "settle", text(&receipt)]).with(pins).run();
    settle(&["--pin-file", "pin"]).fails(1, &["PSAM 330200000002 or 330200000001", "--pin-file"]);
    let (first, second) = (format!("{PSAM}=pin"), format!("{SECOND}=pinB"));
    settle(&["--psam", SECOND, "--pin-file", "pinB"]).fails(1, &["was not made by meter 000020181114"]);
    settle(&["--pin-file", &second, "--pin-file", &first]).ok().shows(&["settled", "50.00 yuan credited"]);
    settle(&["--psam", PSAM, "--pin-file", "pin"]).ok().shows(&["already settled"]);
    for psam in psams(&world) {
        let show = ["psam", "show", psam["card"].as_str().unwrap(), "--json"];
        assert_eq!(world.city(&show).run().ok().object()["tries"], 3, "no PIN was tried on another's card");
    }
    let books = world.books();
    assert_eq!((&books["sold_fen"], &books["settled_fen"]), (&7000.into(), &5000.into()));

    // The next sale to Chen is the second PSAM's, and Wang's receipt the first one's: one command settles both.
    let next = world.fresh("-order.sms");
    let order = ["server", "order", "--customer", CHEN.number, "--amount", "10", "--pin-file", "pinB"];
    world.bank(&order).with(&["--out", text(&next)]).run().ok();
    world.write(&CHEN, &next);
    world.insert(&CHEN, &CHEN).run().ok();
    world.write(&WANG, &wang);
    world.insert(&WANG, &WANG).run().ok();
    let (chen, wang) = (world.collect(&CHEN), world.collect(&WANG));
    world
        .bank(&["server", "settle", text(&wang), text(&chen), "--pin-file", &first, "--pin-file", &second])
        .run()
        .ok()
        .shows(&["20.00 yuan credited", "10.00 yuan credited"]);
    let books = world.books();
    assert_eq!((&books["settled_fen"], &books["outstanding_fen"]), (&8000.into(), &0.into()));
    world.bank(&["server", "verify"]).run().ok().shows(&["agree", PSAM, SECOND]);

    // Nothing waits for the first one: it goes with its key, and can come back.
    remove(PSAM).ok();
    assert_eq!(psams(&world).len(), 1);
    let out = world.folder(Party::Bank).join("out");
    let card = out.join(format!("psam-{PSAM}.card"));
    assert!(card.exists() && out.join(format!("psam-{PSAM}.server")).exists() && !world.psam().exists());
    let order = world.order_call(&WANG, "5", &world.fresh(".sms"));
    order.run().fails(1, &["no PSAM here seals for meter", "formal keys of version 1"]);
    world.bank(&["server", "psam", "add", text(&card)]).run().ok();
    world.order(&WANG, "5");
    world.bank(&["server", "audit", "verify"]).run().ok();
}
