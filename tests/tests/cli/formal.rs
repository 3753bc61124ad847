//! A formal province on virtual cards, asked for by name: its transport root is agreed with the card maker and comes from a file,
//! and under the published one nothing formal is made. A seed makes test keys alone.

use crate::command::Call;
use crate::world::{CHEN, FOUR_PINS, Kind, Party, REGION, World, text};
use issue::card::Personalisation;
use issue::plan::{Master, Plan, Request};
use issue::source::SoftSource;
use kdc::ceremony::{Ceremony, Component};
use scheme::moment::Validity;
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardKind, State};
use std::path::PathBuf;

fn formal(suite: &'static str) -> World {
    World::of(Kind { apart: false, formal: true, suite })
}

/// From the ceremony to the settled receipt, the books and the logs.
fn lives(suite: &'static str) {
    let world = formal(suite);
    world.purchase(&CHEN, "50");
    world.purchase(&CHEN, "25.50");
    assert_eq!(world.purse(&CHEN).credited, 75_50);
    let status = world.province(&["kdc", "status", "--json"]).run().ok().object();
    assert_eq!((&status["state"], &status["suite"]), (&"formal".into(), &suite.into()));
    assert_eq!(status["check_values"]["transport"], hex::encode_upper(world.transport_root().kcv()));
    world.province(&["kdc", "audit", "verify"]).run().ok().shows(&["findings    0"]);
}

#[test]
fn a_formal_life_3des() {
    lives("3des");
}

#[test]
fn a_formal_life_aes128() {
    lives("aes128");
}

#[test]
fn a_formal_life_sm4() {
    lives("sm4");
}

/// Neither a ceremony, nor its plan, nor its dry run: there is no formal province under the published root.
#[test]
fn without_an_agreed_transport_root_no_formal_province_opens() {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    const WORDS: [&str; 2] = [
        "a formal province needs a transport root agreed with its card maker",
        "hint: load it with --transport-file FILE",
    ];
    let pins = ["--pin-file", "pin", "--second-pin-file", "pin2", "--formal-on-virtual"];
    for source in [&["--entropy"][..], &["--components", "2"], &["--restore", "2"]] {
        for begin in [
            &["kdc", "init"][..],
            &["kdc", "init", "--dry-run"],
            &["kdc", "ceremony", "run"],
            &["kdc", "ceremony", "plan"],
        ] {
            let held = world.earnest(Party::Province, begin).with(source).with(&pins).run();
            held.fails(4, &WORDS);
        }
    }
    // The published one under another name is the published one.
    let published = keys::hierarchy::test_root(keys::Suite::TripleDes, keys::Role::Transport);
    let paper =
        format!("{}\n{}\n", hex::encode_upper(published.expose()), hex::encode_upper(published.kcv()));
    world.file("maker", paper);
    let held = world.earnest(Party::Province, &["kdc", "init", "--entropy", "--transport-file", "maker"]);
    held.with(&pins)
        .run()
        .fails(4, &["this is the published transport root", "hint: agree one with the card maker"]);
    assert!(!world.folder(Party::Province).exists());
}

/// What the check value can tell is refused before a blank is made: not one try is spent, not one APDU sent to a blank.
#[test]
fn blanks_of_another_root_are_refused_before_a_try_is_spent() {
    let world = formal("3des");
    let wanted = hex::encode_upper(world.transport_root().kcv());
    world.file("request.csv", "number\n000020990001\n000020990002\n");
    let drawn = Call::plain(&world.path(""), &["kdc", "component", "--out", "other"]).run().ok();
    let other = drawn.stdout.trim().rsplit(' ').next().unwrap().to_owned();
    let batch =
        ["issue", "esam", "--batch", "request.csv", "--pin-file", "pin", "--yes", "--formal-on-virtual"];
    let esam = ["esam", "issue", "--meter", "000020990003", "--pin-file", "pin"];
    let psam = ["psam", "issue", "--number", "330200000077", "--pin-file", "pin", "--card-pin-file", "pin"];
    for args in [&batch[..], &esam, &psam] {
        let none = world.city(args).with(&["--trace", "none.trace"]).run();
        none.fails(1, &["made under the card maker's transport root", &wanted, "--transport-file FILE"]);
        let wrong = world.city(args).with(&["--transport-file", "other", "--trace", "other.trace"]).run();
        wrong
            .fails(1, &["made under the card maker's transport root", &wanted, &other, "another province's"]);
    }
    for trace in ["none.trace", "other.trace"] {
        let trace = std::fs::read_to_string(world.path(trace)).unwrap();
        // The issuing cards were opened, and nothing else was done.
        assert!(trace.contains("> 0020000003 [3 bytes hidden]"), "{trace}");
        assert!(
            !trace.contains("> 0082") && !trace.contains("> 8044") && !trace.contains("> 84D4"),
            "{trace}"
        );
    }
    let stock = world.city(&["stock", "list", "--json"]).run().ok().object();
    assert!(!stock.to_string().contains("00002099"), "{stock}");
    let made = world.city(&[&batch[..], &["--json"]].concat()).with(world.transport()).run().ok().object();
    assert_eq!((&made["good"], &made["spoiled"]), (&2.into(), &0.into()));
}

/// An issuing card of formal keys whose blanks are under the published transport root. No command makes one any more: a province
/// of an earlier program has them.
fn published(world: &World, kind: CardKind, n: &str) -> PathBuf {
    let path = world.path(&format!("{}.card", kind.name()));
    let blank = ["card", "new", "--kind", kind.name(), "--formal-on-virtual", text(&path)];
    world.earnest(Party::City, &blank).run().ok();
    let suite = keys::Suite::TripleDes;
    let mut ceremony = Ceremony::single(suite);
    let component = Component::from_entropy(suite, keys::Zeroizing::new([0x5A; 16])).unwrap();
    let (paper, check) = (component.written(), component.check_value().to_string());
    ceremony.add_component(1, paper.as_str(), &check).unwrap();
    let roots = ceremony.finish("2026-01-05 09:00:00").unwrap().roots;
    let published = keys::hierarchy::test_root(suite, keys::Role::Transport);
    assert_eq!(roots.get(keys::Role::Transport).kcv(), published.kcv());
    let plan = Plan::new(&Request {
        kind,
        number: n.parse().unwrap(),
        region: REGION.parse().unwrap(),
        suite,
        state: State::Formal,
        validity: Validity::new("20260101".parse().unwrap(), "20351231".parse().unwrap()).unwrap(),
        ceiling: None,
        version: 1,
        previous: None,
        limit: Some(100),
        value: None,
        unnumbered: false,
        signs: false,
    });
    let [operator, supervisor] = ["123456", "654321"].map(|pin| Pin::from_digits(pin).unwrap());
    let entropy = Box::new(vcard::SeededChance::new(3, "an earlier program"));
    let mut card = vcard::Slot::open(&path, entropy, vcard::slot::Keep::EveryCommand).unwrap();
    Personalisation::probe(&plan.unwrap(), &mut card, None)
        .unwrap()
        .run(&mut SoftSource::province(roots), Pins::both(&operator, &supervisor), Master::Transport, &mut ())
        .unwrap();
    path
}

/// Whoever listens to a line under the published root has every key, so nothing formal leaves the cards of such a province: neither
/// to a new card, nor in a batch, nor to an ESAM that lives.
#[test]
fn nothing_formal_travels_under_the_published_transport_root() {
    const WORDS: [&str; 2] = [
        "formal keys would travel under the published transport root",
        "hint: this province is of an older make",
    ];
    let world = World::empty(Kind { apart: false, formal: true, suite: "3des" });
    for (kind, n) in [(CardKind::PsamIssuing, "000000000002"), (CardKind::EsamIssuing, "000000000003")] {
        let card = published(&world, kind, n);
        world.city(&["city", "open", text(&card)]).run().ok();
    }
    let tests = World::new();
    let esam = world.path("esam.card");
    std::fs::copy(tests.esam(&CHEN), &esam).unwrap();
    world.file("request.csv", "number\n000020990001\n");
    let out = world.folder(Party::City).join("out");
    let psam = ["psam", "issue", "--number", "330200000077", "--pin-file", "pin", "--card-pin-file", "pin"];
    for args in [
        &psam[..],
        &["esam", "issue", "--meter", "000020990003", "--pin-file", "pin"],
        &["issue", "esam", "--batch", "request.csv", "--pin-file", "pin", "--yes", "--formal-on-virtual"],
        &["esam", "formal", text(&esam), "--pin-file", "pin"],
        &["esam", "change-keys", text(&esam), "--pin-file", "pin"],
        &["esam", "test", text(&esam), "--pin-file", "pin", "--second-pin-file", "pin2"],
    ] {
        world.city(args).run().fails(4, &WORDS);
    }
    assert!(World::bytes(&out).is_empty(), "something was made");
    assert!(std::fs::read(&esam).unwrap() == std::fs::read(tests.esam(&CHEN)).unwrap());
}

/// Formal pairing keys travel under the MCU's transport key, so its root is asked for.
#[test]
fn a_formal_pairing_is_opened_with_the_agreed_root_alone() {
    let world = formal("3des");
    let issue = ["esam", "issue", "--meter", "000020990003", "--pin-file", "pin"];
    world.city(&issue).with(world.transport()).run().ok();
    let out = world.folder(Party::City).join("out");
    let (esam, pairing) = (out.join("esam-000020990003.card"), out.join("pairing-000020990003.json"));
    let new =
        ["meter", "new", "000020990003", "--esam", text(&esam), "--pairing", text(&pairing), "--formal"];
    world.meters(&new).run().fails(
        4,
        &["a formal pairing does not travel under the published transport root", "--transport-file"],
    );
    Call::plain(&world.path(""), &["kdc", "component", "--out", "other"]).run().ok();
    world.meters(&new).with(&["--transport-file", "other"]).run().fails(1, &["pairing-000020990003.json"]);
    assert!(esam.exists());
    world.meters(&new).with(world.transport()).run().ok();
}

/// Whoever knows the seed repeats what came of it.
#[test]
fn a_seed_makes_no_formal_keys_and_answers_for_no_formal_card() {
    const WORDS: [&str; 2] = ["--seed is for test keys", "hint: leave --seed out"];
    let world = formal("3des");
    let agreed = world.transport();
    let seeded = |party: Party, args: &[&str]| world.call(party, args).with(&["--seed", "1"]).run();
    // What a refused act leaves is its line in a log.
    let kept = || {
        let mut files = World::bytes(&world.path("home"));
        files.retain(|path, _| path.extension().is_some_and(|end| end == "card" || end == "json"));
        files
    };
    let before = kept();
    assert!(before.len() > 8, "{:?}", before.keys());
    Call::plain(&world.path(""), &["kdc", "component", "--seed", "1"]).run().fails(4, &WORDS);
    for source in [&["--entropy"][..], &["--components", "2"]] {
        let init = [
            &["kdc", "init", "--home", "again", "--custodians", "2", "--threshold", "2", "--seed", "1"],
            source,
        ]
        .concat();
        Call::plain(&world.path(""), &init).with(agreed).run().fails(4, &WORDS);
    }
    assert!(!world.path("again").exists());
    let card = ["kdc", "issue-card", "esam-issuing", "--city", REGION, "--number", "000000000031"];
    seeded(Party::Province, &[&card[..], &FOUR_PINS, agreed].concat()).fails(4, &WORDS);
    seeded(
        Party::City,
        &[&["esam", "issue", "--meter", "000020990003", "--pin-file", "pin"][..], agreed].concat(),
    )
    .fails(4, &WORDS);
    let psam = ["psam", "issue", "--number", "330200000077", "--pin-file", "pin", "--card-pin-file", "pin"];
    seeded(Party::City, &[&psam[..], agreed].concat()).fails(4, &WORDS);
    let order = [
        "server",
        "order",
        "--customer",
        CHEN.number,
        "--amount",
        "50",
        "--pin-file",
        "pin",
        "--out",
        "o.sms",
    ];
    seeded(Party::Bank, &order).fails(4, &WORDS);
    let sim = world.sim(&CHEN);
    seeded(Party::Meters, &["meter", "insert", CHEN.meter, text(&sim)]).fails(4, &WORDS);
    let esam = world.esam(&CHEN);
    seeded(Party::Meters, &["apdu", text(&esam), "0084000008"]).fails(4, &WORDS);
    seeded(Party::Meters, &["card", "new", "x.card", "--kind", "psam", "--formal-on-virtual"])
        .fails(4, &WORDS);
    assert!(!world.path("o.sms").exists() && !world.path("x.card").exists());
    assert!(kept() == before, "something was done");
}

/// Of test keys everybody may repeat everything: a rehearsal is made of a seed.
#[test]
fn a_rehearsal_takes_a_seed() {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    let init = ["kdc", "init", "--entropy", "--rehearsal", "--pin-file", "pin", "--second-pin-file", "pin2"];
    let one = world.province(&init).with(&["--json"]).run().ok().object();
    let again = Call::plain(&world.path(""), &init)
        .with(&["--home", "again", "--seed", "7", "--json"])
        .run()
        .ok()
        .object();
    assert_eq!(one["check_value"], again["check_value"]);
    assert_eq!(one["state"], "test");
}
