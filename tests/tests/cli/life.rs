//! An ESAM's life by commands alone: from the maker through a formal city to new keys, back, and to the scrap.

use crate::command::Call;
use crate::world::{CHEN, Kind, Party, REGION, World, text};
use std::path::PathBuf;

/// A formal city with a test issuing card, and a meter's maker with a test province of its own.
struct Life {
    city: World,
    maker: World,
    /// The meter's ESAM, where the meter stands.
    esam: PathBuf,
    card: PathBuf,
}

impl Life {
    fn new() -> Self {
        let city = World::empty(Kind { apart: false, formal: true, suite: "3des" });
        city.found_province();
        city.issue_card("test-issuing", "000000000004").run().ok();
        city.found_city();
        let out = city.folder(Party::Province).join("out/test-issuing-000000000004.card");
        city.city(&["city", "open", text(&out)]).run().ok();
        let issue =
            ["test-card", "issue", "--number", "330200000009", "--pin-file", "pin", "--card-pin-file", "pin"];
        city.city(&issue).run().ok().shows(&["issued test card"]);
        let card = city.carry(&city.folder(Party::City).join("out/test-card-330200000009.card"));
        let maker = World::maker("3des");
        maker.found_province();
        maker.found_city();
        let issue = ["esam", "issue", "--meter", CHEN.meter, "--formal-on-virtual", "--pin-file", "pin"];
        maker.earnest(Party::City, &issue).with(maker.transport()).run().ok();
        let (esam, pairing) = maker.issued(&CHEN);
        maker
            .earnest(
                Party::Meters,
                &["meter", "new", CHEN.meter, "--esam", text(&esam), "--pairing", text(&pairing)],
            )
            .with(maker.transport())
            .run()
            .ok();
        let esam = maker.esam(&CHEN);
        Life { city, maker, esam, card }
    }

    fn act(&self, act: &str) -> Call {
        self.city.city(&["esam", act, text(&self.esam), "--pin-file", "pin"])
    }

    fn test(&self) -> Call {
        self.maker.earnest(
            Party::Meters,
            &["meter", "test", CHEN.meter, "--card", text(&self.card), "--pin-file", "pin"],
        )
    }

    /// The pairing file of the last act, into the meter.
    fn pair(&self, formal: bool) -> Call {
        let (_, pairing) = self.city.issued(&CHEN);
        let call = self.maker.meters(&["meter", "pair", CHEN.meter, "--pairing", text(&pairing)]);
        // It travels under the transport root that the city's province agreed.
        let call = call.with(&["--transport-file", text(&self.city.path("transport"))]);
        if formal { call.with(&["--formal"]) } else { call }
    }

    fn state(&self) -> (String, u64) {
        let shown = self.city.city(&["esam", "show", text(&self.esam), "--json"]).run().ok().object();
        (shown["state"].as_str().unwrap().to_owned(), shown["key_version"].as_u64().unwrap())
    }

    /// A successor of the city's ESAM issuing card.
    fn successor(&self, number: &str, version: &str) -> PathBuf {
        self.city.issue_card("esam-issuing", number).with(&["--key-version", version]).run().ok();
        self.city.folder(Party::Province).join(format!("out/esam-issuing-{number}.card"))
    }
}

#[test]
fn from_the_maker_to_the_scrap() {
    let life = Life::new();
    let report = life.test().with(&["--json"]).run().ok().object();
    assert_eq!((&report["passed"], report["report"]["checks"].as_array().unwrap().len()), (&true.into(), 13));

    // A plan shows itself and does nothing.
    let before = std::fs::read(&life.esam).unwrap();
    life.act("formal").with(&["--dry-run"]).run().ok().shows(&["84D4020F1C", "844A00000A"]);
    assert!(std::fs::read(&life.esam).unwrap() == before);
    life.act("formal").run().ok().shows(&["formal, version 1"]);
    life.act("formal").run().ok().shows(&["was done"]);
    assert_eq!(life.state(), ("formal".into(), 1));
    life.test().run().fails(4, &["formal state", "never meets a formal meter"]);
    life.pair(false).run().fails(4, &["--formal"]);
    life.pair(true).run().ok();

    // The issuing card is lost: revoked, and its successor is of the next version.
    let revoke =
        ["kdc", "revoke", "esam-issuing", "000000000003", "--why", "on the road", "--reason", "lost"];
    let officers = ["--pin-file", "pin", "--second-pin-file", "pin2"];
    // In formal state two people do it, whom the province knows.
    let lone = life.city.province(&revoke).with(&officers).run();
    lone.fails(4, &["wants two people, and no operators are registered"]);
    for name in ["chen", "wang"] {
        life.city.file(name, format!("{name}'s password"));
    }
    let add = ["operator", "add", "--party", "province", "--role"];
    let me = crate::audit::user();
    let chen = ["clerk", "Chen", "--password-file", "chen", "--user", me.strip_prefix("user:").unwrap()];
    life.city.province(&[&add[..], &chen].concat()).run().ok();
    life.city.province(&[&add[..], &["supervisor", "Wang", "--password-file", "wang"]].concat()).run().ok();
    life.city.province(&revoke).with(&officers).run().fails(4, &["each by his own login"]);
    let chen = ["--operator", "Chen", "--operator-password-file", "chen"];
    let wang = ["--second-operator", "Wang", "--second-password-file", "wang"];
    let revoke = || life.city.province(&revoke).with(&officers).with(&chen).with(&wang).run();
    revoke().ok();
    revoke().fails(1, &["revoked", "already"]);
    life.city.issue_card("esam-issuing", "000000000003").run().fails(4, &["was revoked", "lost (list 1)"]);
    let next = life.successor("000000000013", "2");
    let list = life.city.folder(Party::Province).join("revocation.json");
    life.city.city(&["city", "revoked", text(&list)]).run().ok();
    let opened = life.city.city(&["city", "open", text(&next)]).run().ok();
    opened.shows(&["000000000013"]);
    let found = life.city.folder(Party::City).join("earlier/esam-issuing-000000000003.card");
    life.city.city(&["city", "open", text(&found)]).run().fails(4, &["was revoked", "lost (list 1)"]);
    let old = life.successor("000000000014", "1");
    life.city.city(&["city", "open", text(&old)]).run().fails(4, &["version 1", "version 2 already"]);
    let check = [
        "kdc",
        "check",
        "--city",
        REGION,
        "--key-version",
        "2",
        "--pin-file",
        "pin",
        "--second-pin-file",
        "pin2",
    ];
    let place = life.city.folder(Party::City).join("esam-issuing.card");
    life.city.province(&check).with(&[text(&place)]).run().ok();
    life.city.province(&check).with(&[text(&found)]).run().fails(1, &["not", "version 02"]);

    life.act("change-keys").run().ok().shows(&["formal, version 2"]);
    life.pair(true).run().ok();

    // Back to test needs the supervisor, and so does the end.
    life.act("test")
        .with(&["--second-pin-file", "pin"])
        .run()
        .fails(1, &["supervisor's PIN was wrong; 2 tries left"]);
    life.act("test").with(&["--second-pin-file", "pin2"]).run().ok().shows(&["test, version 1"]);
    life.pair(false).run().ok();
    life.act("formal").run().fails(1, &["not higher"]);
    // In formal state the end wants two operators beside the two PINs.
    let retire = || life.act("retire").with(&["--second-pin-file", "pin2"]);
    retire().run().fails(4, &["wants two people", "no operators are registered"]);
    let two = two_operators(&life.city, Party::City);
    retire().with(&two).run().fails(1, &["test state"]);
    let retire = ["esam", "retire", text(&life.esam), "--pin-file", "pin", "--second-pin-file", "pin2"];
    let retire = life.maker.earnest(Party::City, &retire);
    retire.run().ok().shows(&["retired"]);
    assert_eq!(life.state(), ("retired".into(), 0));
    life.act("formal").with(&two[..4]).run().fails(1, &["is retired"]);
}

/// Registers a supervisor and a clerk in a party's home; how they log in to an act of two people.
pub fn two_operators(world: &World, party: Party) -> [&'static str; 8] {
    world.file("wang", "a word of Wang's");
    world.file("zhao", "a word of Zhao's");
    let login = ["--operator", "wang", "--operator-password-file", "wang"];
    let first = ["operator", "add", "wang", "--role", "supervisor", "--password-file", "wang"];
    let add = |args: &[&str]| {
        world.wait(60);
        Call::new(&world.path(""), &world.folder(party), world.now(), args)
    };
    add(&first).run().ok();
    let second = ["operator", "add", "zhao", "--role", "supervisor", "--password-file", "zhao"];
    add(&second).with(&login).run().ok();
    [
        "--operator",
        "wang",
        "--operator-password-file",
        "wang",
        "--second-operator",
        "zhao",
        "--second-password-file",
        "zhao",
    ]
}

#[test]
fn an_issuing_card_that_is_spent_says_so() {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    world.found_province();
    world.issue_card("esam-issuing", "000000000023").with(&["--count", "2"]).run().ok();
    let card = world.folder(Party::Province).join("out/esam-issuing-000000000023.card");
    world.city(&["city", "open", text(&card)]).run().ok();
    world.file("list.csv", "meter\n000000000012\n000000000002\n000000000003\n");
    let ran = world.city(&["esam", "issue", "--csv", "list.csv", "--pin-file", "pin"]).run();
    ran.fails(1, &["can make 2 more", "counter is spent"]);
    let one = world.city(&["esam", "issue", "--meter", "000000000003", "--pin-file", "pin"]).run();
    one.fails(1, &["can make 0 more", "counter is spent", "`gridcard kdc limit CARD --count N`"]);
}

#[test]
fn a_psam_at_its_limit_sells_no_more_until_the_city_raises_it() {
    let world = World::new();
    let psam = world.psam();
    let limit =
        |n: &str| world.city(&["psam", "limit", text(&psam), "--orders", n, "--pin-file", "pin"]).run();
    limit("1").ok().shows(&["0 made, 1 left"]);
    world.order(&CHEN, "50");
    let record = world.fresh("-order.sms");
    let refused = world.order_call(&crate::world::WANG, "50", &record).run();
    refused.fails(1, &["used up"]);
    assert!(!record.exists());
    limit("5").ok().shows(&["1 made, 4 left"]);
    // The order that was not sealed waits for it: another customer buys.
    world.order_call(&crate::world::ZHANG, "50", &record).run().ok();
    let shown = world.city(&["psam", "show", text(&psam), "--json"]).run().ok().object();
    assert_eq!((&shown["sealed"], &shown["left"]), (&2.into(), &3.into()));
}

/// A clerk with the PSAM and its PIN, past the server: nothing is sealed, and the PSAM counts nothing.
#[test]
fn an_order_sealed_past_the_server_is_refused_by_the_card() {
    let world = World::new();
    let psam = world.psam();
    let chain = || world.city(&["psam", "show", text(&psam), "--json"]).run().ok().object()["chain"].clone();
    world.order(&CHEN, "50");
    let before = chain();
    // The order a server would make, of 999999.99 yuan, and what stands where a proof should.
    let order = "E14F80060000201811688106330212012279820405F5E0FF83040000000284072026112209000085080909090909090909\
                 860102870800000000000000008807202612220900008908E5A0000020181168";
    let seal = |proof: &str| {
        let data = format!("{order}{proof}").replace(' ', "");
        let lines = ["00A40000023F00", "00A4000002DF01", "0020000003123456"].map(str::to_owned);
        let lines = [&lines[..], &[format!("80400000{:02X}{data}", data.len() / 2)]].concat().join("\n");
        world.bank(&["apdu", text(&psam), "-"]).stdin(&lines).run()
    };
    for proof in ["", "9C080000000000000000"] {
        seal(proof).fails(1, &["6982"]);
    }
    assert_eq!(chain(), before);
}

/// A PSAM and an issuing card end by the card one level up; a spent chip is no blank, and its party hears of it.
#[test]
fn cards_that_issue_and_seal_are_retired() {
    let world = World::new();
    let psam = world.psam();
    let retire = |second: &str| {
        let pins = ["--pin-file", "pin", "--second-pin-file", second];
        world.city(&["psam", "retire", text(&psam)]).with(&pins).run()
    };
    world.file("wrong", "000000");
    let supervisor = "PSAM issuing card 000000000002: the supervisor's PIN was wrong; 2 tries left";
    retire("wrong").fails(1, &[supervisor]);
    world.city(&["psam", "show", text(&psam)]).run().ok().shows(&["state             test"]);
    retire("pin2").ok().shows(&["retired psam", "never a blank again"]);
    retire("pin2").ok().shows(&["was retired before"]);
    world
        .city(&[
            "psam",
            "issue",
            "--number",
            "330200000077",
            "--card",
            text(&psam),
            "--pin-file",
            "pin",
            "--card-pin-file",
            "pin",
        ])
        .run()
        .fails(1, &["is issued already"]);
    let log = world.city(&["stock", "list", "--state", "retired"]).run().ok();
    log.shows(&["psam"]);
    world.issue_card("psam-issuing", "000000000055").run().ok();
    let card = world.folder(Party::Province).join("out/psam-issuing-000000000055.card");
    let end = ["kdc", "retire-card", "psam-issuing", text(&card), "--pin-file", "pin"];
    world
        .province(&end)
        .with(&["--second-pin-file", "pin2"])
        .run()
        .ok()
        .shows(&["retired psam-issuing 000000000055"]);
    world.city(&["card", "show", text(&card)]).run().ok().shows(&["retired"]);
}

/// A PSAM issuing card of an earlier program has one PIN: it makes PSAMs and renews their limits as ever, and ends none (exit code 4).
/// Another card of the city and key version does.
#[test]
fn an_issuing_card_made_with_one_pin_ends_no_psam() {
    let world = World::new();
    let psam = world.psam();
    let issuing = world.folder(Party::City).join("psam-issuing.card");
    let now = std::fs::read(&issuing).unwrap();
    let path = "../vcard/tests/images/v2/psam-issuing-one-pin.card";
    let first = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::write(&issuing, std::fs::read(first).unwrap()).unwrap();
    let retire = ["psam", "retire", text(&psam), "--pin-file", "pin", "--second-pin-file", "pin2"];
    let words = ["this PSAM issuing card was made with one PIN", "another one of the same key version"];
    let before = std::fs::read(&issuing).unwrap();
    world.city(&retire).run().fails(4, &words);
    let change =
        ["city", "pin", "change", text(&issuing), "--second", "--pin-file", "pin", "--new-pin-file", "pin2"];
    world.city(&change).with(&["--second-pin-file", "pin2"]).run().fails(4, &words);
    let unblock = ["kdc", "pin", "unblock", text(&issuing), "--second", "--new-pin-file", "pin2"];
    world.province(&unblock).with(&["--pin-file", "pin", "--second-pin-file", "pin2"]).run().fails(4, &words);
    assert!(std::fs::read(&issuing).unwrap() == before, "a try was spent");
    let limit = ["psam", "limit", text(&psam), "--orders", "7", "--pin-file", "pin"];
    world.city(&limit).run().ok().shows(&["0 made, 7 left"]);
    let issue = ["psam", "issue", "--number", "330200000078", "--pin-file", "pin", "--card-pin-file", "pin"];
    world.city(&issue).run().ok();
    std::fs::write(&issuing, now).unwrap();
    world.city(&retire).run().ok().shows(&["retired psam 330200000001"]);
}

/// The city remembers a PSAM's chain: an old copy of the card gets no new limit.
#[test]
fn a_psam_that_went_back_gets_no_limit() {
    let world = World::new();
    let psam = world.psam();
    let limit = || world.city(&["psam", "limit", text(&psam), "--orders", "100", "--pin-file", "pin"]).run();
    world.purchase(&CHEN, "50");
    let old = std::fs::read(&psam).unwrap();
    world.purchase(&CHEN, "30");
    limit().ok().shows(&["2 made"]);
    let new = std::fs::read(&psam).unwrap();
    std::fs::write(&psam, old).unwrap();
    limit().fails(4, &["its chain went back", "2 order(s) then, it has sealed 1 order(s) now"]);
    std::fs::write(&psam, new).unwrap();
    world.purchase(&CHEN, "20");
    limit().ok().shows(&["3 made"]);
    // The line says what was seen, and who was second.
    let lines = world.city(&["city", "audit", "show", "--json"]).run().ok().object();
    let lines = lines["entries"].as_array().unwrap();
    let seen = lines.iter().rfind(|line| line["act"] == "statement").unwrap();
    assert_eq!((&seen["facts"]["orders"], &seen["facts"]["value_fen"]), (&"3".into(), &"10000".into()));
    let done = lines.iter().rfind(|line| line["act"] == "psam limit").unwrap();
    assert_eq!(done["facts"]["second"], "nobody: test state, no operators");
}
