//! Signing keys by the command: the published root of a test province, its city's cards, and the ESAMs and PSAMs they make
//! [docs/specs/signatures.md 5].

use crate::world::{Kind, Party, World, text};
use serde_json::Value;
use std::path::PathBuf;

/// A province, and the issuing card of a kind where the province hands it out.
fn office(suite: &'static str, kind: &str, number: &str) -> (World, PathBuf) {
    let world = World::empty(Kind { apart: false, formal: false, suite });
    world.found_province();
    world.issue_card(kind, number).run().ok();
    let card = world.folder(Party::Province).join(format!("out/{kind}-{number}.card"));
    (world, card)
}

fn export(world: &World) -> Value {
    world.province(&["kdc", "signing", "export", "--json"]).run().ok().object()
}

/// The same key in every test province of a suite, marked as what it is.
#[test]
fn the_root_of_a_test_province_is_published() {
    for suite in ["3des", "aes128", "sm4"] {
        let made = || {
            let world = World::empty(Kind { apart: false, formal: false, suite });
            world.found_province();
            world
        };
        let (one, other) = (made(), made());
        assert_eq!(export(&one)["pem"], export(&other)["pem"]);
        let curve = if suite == "sm4" { "SM2" } else { "P-256" };
        one.province(&["kdc", "signing", "show"]).run().ok().shows(&[
            &format!("signing root  {curve}, published: everybody can sign with it"),
            "certificate   00000001",
        ]);
        let root = one.path("root.certificate");
        let out =
            one.province(&["kdc", "signing", "export", "--out", text(&root), "--json"]).run().ok().object();
        let hex = std::fs::read_to_string(&root).unwrap();
        assert_eq!((hex.trim().len(), Value::from(hex.trim())), (2 * 168, out["certificate"].clone()));
        let pem = std::fs::read_to_string(one.path("root.pem")).unwrap();
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYI"), "{pem}");
        assert_eq!(out["pem"], pem.as_str());
    }
}

/// From the day the issuing card is certified its ESAMs get a key and a certificate; those of before when somebody asks for it.
#[test]
fn esams_of_a_certified_issuing_card_sign() {
    let (world, card) = office("sm4", "esam-issuing", "000000000023");
    let open = |card: &PathBuf| world.city(&["city", "open", text(card)]).run().ok();
    let issue = |meter: &str, more: &[&str]| {
        world.city(&["esam", "issue", "--meter", meter, "--pin-file", "pin"]).with(more).run().ok()
    };
    open(&card);
    let issuing = world.folder(Party::City).join("esam-issuing.card");
    let plan = issue("000000000012", &["--dry-run"]).stdout;
    assert!(!plan.contains("signing key"), "{plan}");
    issue("000000000012", &[]);
    let esam = |meter: &str| world.folder(Party::City).join(format!("out/esam-{meter}.card"));
    let certify = |meter: &str| {
        world.city(&["esam", "certify", text(&esam(meter)), "--pin-file", "pin", "--json"]).run()
    };
    world
        .city(&["esam", "certify", text(&esam("000000000012")), "--pin-file", "pin"])
        .run()
        .fails(1, &["this source has no certificate", "kdc signing certify CARD"]);
    let given = world.province(&["kdc", "signing", "certify", text(&issuing), "--json"]).run().ok().object();
    assert_eq!((&given["number"], &given["use"]), (&"00400000".into(), &"city issuer".into()));
    let plan = issue("000000000002", &["--dry-run"]).stdout;
    for words in [
        "store the certificate of the province's signing root",
        "> 84780000AC [172 bytes: certificate of the root, and MAC for this card]",
        "have the card draw a signing key, and store its certificate as ESAM",
        "> 8074000008 [8 bytes: challenge of the key source]",
        "> 80780001A8 [168 bytes: certificate]",
        "> 80780003A8 [168 bytes: certificate]",
        "> 80760103A8",
    ] {
        assert!(plan.contains(words), "{words}: {plan}");
    }
    issue("000000000002", &[]);
    // What was made before gets its key now, and a card that has one another.
    let first = certify("000000000012").ok().object();
    let second = certify("000000000002").ok().object();
    assert_eq!((&first["number"], &second["number"]), (&"00400002".into(), &"00400003".into()));
    assert_eq!((&first["use"], &first["device"]), (&"ESAM".into(), &"000000000012".into()));
    world.city(&["esam", "certify", text(&issuing), "--pin-file", "pin"]).run().fails(1, &["esam"]);
    // A signing key is a secret wherever a card is shown.
    let shown = world.city(&["card", "dump", text(&esam("000000000002"))]).run().ok().stdout;
    let line = shown.lines().position(|line| line.contains("5010")).unwrap();
    let part: String = shown.lines().skip(line).take(4).collect();
    assert!(part.contains("signing key") && part.contains("hidden"), "{part}");
    world.city(&["city", "audit", "verify"]).run().ok();
}

#[test]
fn psams_of_a_certified_issuing_card_sign() {
    let (world, card) = office("3des", "psam-issuing", "000000000024");
    world.province(&["kdc", "signing", "certify", text(&card)]).run().ok().shows(&["city issuer"]);
    world.city(&["city", "open", text(&card)]).run().ok();
    let issue = ["psam", "issue", "--number", "330200000001", "--pin-file", "pin", "--card-pin-file", "pin"];
    world.city(&issue).run().ok();
    let psam = world.folder(Party::City).join("out/psam-330200000001.card");
    let certify = ["psam", "certify", text(&psam), "--pin-file", "pin"];
    world.city(&certify).run().ok().shows(&[
        "certificate  00400002",
        "use          PSAM",
        "device       330200000001",
    ]);
    // The root certifies cities, and cities their cards.
    world
        .province(&["kdc", "signing", "certify", text(&psam)])
        .run()
        .fails(1, &["the root certifies issuing cards of cities", "`gridcard psam certify`"]);
}

/// A province of an earlier program has no register; its root is the published one all the same.
#[test]
fn a_test_province_that_stands_gets_its_root() {
    let (world, card) = office("aes128", "esam-issuing", "000000000023");
    let before = export(&world);
    std::fs::remove_file(world.folder(Party::Province).join("signing.json")).unwrap();
    world
        .province(&["kdc", "signing", "certify", text(&card)])
        .run()
        .fails(1, &["this province has no signing root"]);
    world.province(&["kdc", "signing", "init"]).run().ok();
    assert_eq!(export(&world)["pem"], before["pem"]);
    world.province(&["kdc", "signing", "certify", text(&card)]).run().ok();
    world.province(&["kdc", "signing", "init"]).run().fails(1, &["this province has its signing root"]);
}
