//! No key and no PIN in anything that is shown, logged or handed on.
//!
//! Every key of the hierarchy is computed here and looked for, whole and in halves, raw and in hexadecimal. Two kinds
//! of files hold keys by their nature and say so in their first line: the images of virtual cards, and the
//! flash of an emulated meter. There the search must find some, or it would find them nowhere.

use crate::command::{Call, Ran};
use crate::province::{self, CUSTODIANS, PINS};
use crate::world::{CHEN, CUSTOMERS, Kind, PROVINCIAL, PSAM, REGION, World, text};
use cos::Chip;
use keys::{Key, Role, Suite, hierarchy};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use vcard::Image;

/// PIN of every card of a demo, as VERIFY carries it.
const PACKED_PIN: &str = "123456";

fn bcd<const N: usize>(digits: &str) -> [u8; N] {
    hex::decode(digits).unwrap().try_into().unwrap()
}

/// Every key below these roots: of the city, of devices, of chips. `numbers` are those of all cards and meters.
fn all_keys(root: impl Fn(Role) -> Key, numbers: &[String], serials: &BTreeSet<[u8; 8]>) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let transport = root(Role::Transport);
    for role in Role::ALL {
        let root = root(role);
        let city = hierarchy::city_key(&root, bcd(REGION), 1);
        for number in numbers.iter().map(|number| bcd(number)) {
            for kind in 1..=0x0F {
                found.push(hierarchy::device_key(&root, kind, number));
                found.push(hierarchy::device_key(&city, kind, number));
            }
        }
        found.extend([root, city]);
    }
    found.extend(serials.iter().map(|serial| hierarchy::transport_key(&transport, *serial)));
    let mcus = numbers.iter().map(|number| hierarchy::mcu_serial(bcd(number)));
    found.extend(mcus.map(|serial| hierarchy::transport_key(&transport, serial)));
    found.iter().map(|key| key.expose().to_vec()).collect()
}

/// What is looked for: whole keys contain their halves, so the halves are enough.
struct Secrets(BTreeSet<[u8; 8]>);

impl Secrets {
    fn of(keys: &[Vec<u8>]) -> Self {
        Secrets(
            keys.iter().flat_map(|key| key.chunks_exact(8)).map(|half| half.try_into().unwrap()).collect(),
        )
    }

    /// Secrets that stand in bytes: raw, or as hexadecimal digits of either case, with blanks between them or not.
    fn in_bytes(&self, bytes: &[u8]) -> usize {
        let raw = bytes.windows(8).filter(|window| self.0.contains::<[u8]>(window)).count();
        let digits: Vec<u8> = bytes
            .iter()
            .filter(|byte| !byte.is_ascii_whitespace())
            .map(|byte| char::from(*byte).to_digit(16).map_or(0xFF, |digit| digit as u8))
            .collect();
        let written = digits.windows(16).filter(|window| {
            let pairs = window
                .chunks_exact(2)
                .map(|pair| (pair[0] < 16 && pair[1] < 16).then(|| pair[0] << 4 | pair[1]));
            pairs.collect::<Option<Vec<u8>>>().is_some_and(|half| self.0.contains::<[u8]>(&half))
        });
        raw + written.count()
    }
}

/// Files that may hold keys.
fn holds_keys_by_nature(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "flash.json" || name == "transport")
        || path.extension().is_some_and(|end| end == "card")
}

/// Serials of all chips of a life.
fn serials(files: &[(PathBuf, Vec<u8>)]) -> BTreeSet<[u8; 8]> {
    let cards = files.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "card"));
    cards
        .map(|(path, bytes)| Chip::read(&Image::from_bytes(bytes, path).unwrap().eeprom).unwrap().serial)
        .collect()
}

/// No secret in what was said, nor in any file but those that hold keys by their nature; there are some in these.
fn search(secrets: &Secrets, said: &[&Ran], files: &[(PathBuf, Vec<u8>)]) {
    for ran in said {
        assert_eq!(secrets.in_bytes(ran.stdout.as_bytes()), 0, "a key on stdout:\n{}", ran.stdout);
        assert_eq!(secrets.in_bytes(ran.stderr.as_bytes()), 0, "a key on stderr:\n{}", ran.stderr);
    }
    let mut looked_into = BTreeSet::new();
    for (path, bytes) in files {
        let found = secrets.in_bytes(bytes);
        if !holds_keys_by_nature(path) {
            assert_eq!(found, 0, "a key in {}", path.display());
            looked_into.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
        } else if !text(path).contains("/sims/") {
            assert!(found >= 2, "no key in {}: the search is blind", path.display());
        }
    }
    for name in ["office.sqlite", "ceremony.json", "server.sqlite", "role.json"] {
        assert!(
            looked_into.iter().any(|file| file == name),
            "{name} was not among the files: {looked_into:?}"
        );
    }
    assert!(looked_into.iter().any(|file| file.starts_with("pairing-")), "no pairing file: {looked_into:?}");
}

/// No PIN and no key in a trace, in clear or in cipher text: every VERIFY and WRITE KEY is there, and its data hidden, and
/// what EXPORT KEY answers too.
fn no_pin(trace: &str) {
    let (mut verifies, mut writes, mut exports) = (0, 0, 0);
    let lines: Vec<&str> = trace.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[0].starts_with("> 8044")) {
        // T=CL answers at once, T=0 says how much there is.
        let answer = pair[1];
        assert!(answer.ends_with("hidden] 9000") || answer.len() == "< 6125".len(), "a key: {answer}");
        exports += 1;
    }
    for line in trace.lines().filter_map(|line| line.strip_prefix("> ")) {
        let header = hex::decode(line.get(..8).unwrap_or_default()).unwrap_or_default();
        let [_, ins, ..] = header[..] else { panic!("not a command: {line}") };
        let hidden = line.contains("bytes hidden]");
        match ins {
            0x20 => {
                verifies += 1;
                assert!(hidden && !line.contains(PACKED_PIN), "a PIN: {line}");
            }
            0xD4 => {
                writes += 1;
                assert!(hidden, "a key: {line}");
            }
            _ => {}
        }
    }
    assert!(
        verifies > 0 && writes > 0 && exports > 0,
        "{verifies} VERIFY, {writes} WRITE KEY and {exports} EXPORT KEY: the search is blind"
    );
}

fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    World::bytes(folder).into_iter().collect()
}

fn demo_keeps_its_secrets(suite: Suite) {
    let folder = tempfile::tempdir().unwrap();
    let args = ["demo", "--meters", "3", "--suite", suite.name(), "--trace", "life.trace"];
    let words = Call::plain(folder.path(), &args).with(&["--home", "life", "--keep-records"]).run().ok();
    let json = Call::plain(folder.path(), &args).with(&["--home", "again", "--json"]).run().ok();
    let shown = Call::plain(folder.path(), &["trace", "show", "life.trace"]).run().ok();
    let life = folder.path().join("life");
    let meters = (1..=3).map(|number| format!("2611{number:08}"));
    let numbers: Vec<String> =
        PROVINCIAL.into_iter().chain([PSAM]).map(str::to_owned).chain(meters).collect();
    for meter in &numbers[4..] {
        assert!(
            life.join("meters").join(meter).is_dir(),
            "the demo numbers its meters otherwise now: {meter}"
        );
    }
    let files = files_below(folder.path());
    let keys = all_keys(|role| hierarchy::test_root(suite, role), &numbers, &serials(&files));
    search(&Secrets::of(&keys), &[&words, &json, &shown], &files);
    no_pin(&std::fs::read_to_string(folder.path().join("life.trace")).unwrap());
}

#[test]
fn a_demo_keeps_its_secrets_3des() {
    demo_keeps_its_secrets(Suite::TripleDes);
}

#[test]
fn a_demo_keeps_its_secrets_aes128() {
    demo_keeps_its_secrets(Suite::Aes128);
}

#[test]
fn a_demo_keeps_its_secrets_sm4() {
    demo_keeps_its_secrets(Suite::Sm4);
}

/// A formal province: neither the custodians' components, nor the roots they make, nor what comes of them.
#[test]
fn a_ceremony_keeps_its_secrets() {
    let world = World::empty(Kind { apart: false, formal: true, suite: "aes128" });
    let typed = world.components();
    let lines: Vec<&str> = typed.lines().collect();
    let init =
        ["kdc", "init", "--components", "2", "--formal-on-virtual", "--suite", "aes128", "--pin-file", "pin"];
    let traced: [&str; 4] = ["--trace", "life.trace", "--second-pin-file", "pin2"];
    let held = world.province(&init).with(&traced).with(world.transport()).stdin(&typed).run().ok();
    let traced = &traced[..2];
    let issued = world.issue_card("esam-issuing", PROVINCIAL[2]).with(traced).run().ok();
    world.issue_card("psam-issuing", PROVINCIAL[1]).with(traced).run().ok();
    world.found_city();
    let plan =
        world.city(&["esam", "issue", "--meter", CHEN.meter, "--pin-file", "pin", "--dry-run"]).run().ok();
    world.found_bank();
    world.make_meters();
    let mut ceremony = kdc::ceremony::Ceremony::new(Suite::Aes128, 2).unwrap();
    ceremony.add_component(1, lines[0], lines[1]).unwrap();
    ceremony.add_component(2, lines[2], lines[3]).unwrap();
    let roots = ceremony.finish("").unwrap().roots;
    let meters = CUSTOMERS.iter().map(|customer| customer.meter);
    let numbers: Vec<String> =
        PROVINCIAL.into_iter().chain([PSAM]).chain(meters).map(str::to_owned).collect();
    let files = files_below(&world.path(""));
    let root = |role| if role == Role::Transport { world.transport_root() } else { roots.get(role).clone() };
    let mut keys = all_keys(root, &numbers, &serials(&files));
    let components = [lines[0], lines[2]].map(|line| hex::decode(line.replace(' ', "")).unwrap());
    let whole = components[0].iter().zip(&components[1]).map(|(a, b)| a ^ b).collect();
    keys.extend(components);
    keys.push(whole);
    search(&Secrets::of(&keys), &[&held, &issued, &plan], &files);
    no_pin(&std::fs::read_to_string(world.path("life.trace")).unwrap());
}

/// A whole formal province by its script: components, shares, passphrases and every key below the roots, in whatever was said,
/// traced, recorded or logged from the ceremony to the first ESAM.
#[test]
fn a_province_keeps_its_secrets() {
    let world = province::empty();
    let traced = ["--trace", "life.trace"];
    let more = [&["--formal-on-virtual"][..], &traced, &PINS].concat();
    let (papers, stdout, stderr) = province::by_the_script(&world, "home", "shares", &more);
    // Papers leave the room.
    std::fs::remove_dir_all(world.path("shares")).unwrap();
    let issue = |kind: &str, number: &str, more: &[&str], stdin: &str| {
        let args =
            ["kdc", "issue-card", kind, "--city", REGION, "--number", number, "--card-pin-file", "pin"];
        let call = province::call(&world, "home", &args).with(&["--card-second-pin-file", "pin2"]);
        call.with(more).with(world.transport()).with(&traced).stdin(stdin).run()
    };
    let mut said = vec![
        issue("psam-issuing", PROVINCIAL[1], &PINS, "").ok(),
        issue("esam-issuing", PROVINCIAL[2], &["--from-keystore"], &province::opening(0, 1)).ok(),
        issue("esam-issuing", PROVINCIAL[2], &["--from-keystore"], &province::opening(1, 2)),
    ];
    let out = world.path("home/province/out");
    for (kind, number) in [("psam-issuing", PROVINCIAL[1]), ("esam-issuing", PROVINCIAL[2])] {
        let card = out.join(format!("{kind}-{number}.card"));
        said.push(province::call(&world, "home", &["city", "open", text(&card)]).run().ok());
    }
    let psam = ["psam", "issue", "--number", PSAM, "--pin-file", "pin", "--card-pin-file", "pin"];
    let agreed = world.transport();
    said.push(province::call(&world, "home", &psam).with(agreed).with(&traced).run().ok());
    let esam = ["esam", "issue", "--meter", CHEN.meter, "--pin-file", "pin"];
    said.push(province::call(&world, "home", &esam).with(agreed).with(&traced).run().ok());
    for args in [&["kdc", "audit", "show"], &["city", "audit", "show"]] {
        said.push(province::call(&world, "home", args).run().ok());
    }
    let wrong = "li ming\nthis is not it\n";
    said.push(province::call(&world, "home", &["kdc", "keystore", "check"]).stdin(wrong).run());

    let typed = world.components();
    let lines: Vec<&str> = typed.lines().collect();
    let mut ceremony = kdc::ceremony::Ceremony::new(Suite::TripleDes, 2).unwrap();
    ceremony.add_component(1, lines[0], lines[1]).unwrap();
    ceremony.add_component(2, lines[2], lines[3]).unwrap();
    let roots = ceremony.finish("").unwrap().roots;
    let files = files_below(&world.path(""));
    let numbers: Vec<String> = PROVINCIAL.into_iter().chain([PSAM, CHEN.meter]).map(str::to_owned).collect();
    let root = |role| if role == Role::Transport { world.transport_root() } else { roots.get(role).clone() };
    let mut keys = all_keys(root, &numbers, &serials(&files));
    let bytes = |paper: &str| hex::decode(paper.replace(' ', "")).unwrap();
    let components = [bytes(lines[0]), bytes(lines[2])];
    keys.push(components[0].iter().zip(&components[1]).map(|(a, b)| a ^ b).collect());
    keys.extend(components);
    keys.extend(papers.iter().map(|paper| bytes(paper)[7..23].to_vec()));
    let secrets = Secrets::of(&keys);

    let phrases: Vec<&str> = CUSTODIANS.iter().map(|(_, phrase)| *phrase).chain(["this is not it"]).collect();
    let clean = |what: &str, bytes: &[u8]| {
        assert_eq!(secrets.in_bytes(bytes), 0, "a secret in {what}");
        for phrase in &phrases {
            assert!(
                !bytes.windows(phrase.len()).any(|window| window == phrase.as_bytes()),
                "a passphrase in {what}"
            );
        }
    };
    clean("stdout of the ceremony", stdout.as_bytes());
    clean("stderr of the ceremony", stderr.as_bytes());
    for ran in &said {
        clean("stdout", ran.stdout.as_bytes());
        clean("stderr", ran.stderr.as_bytes());
    }
    let mut looked_into = BTreeSet::new();
    for (path, bytes) in &files {
        if holds_keys_by_nature(path) {
            assert!(secrets.in_bytes(bytes) >= 2, "no key in {}: the search is blind", path.display());
        } else {
            clean(text(path), bytes);
            looked_into.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    for name in
        ["audit.jsonl", "audit.head", "ceremony.json", "ceremony-protocol.md", "roots.keystore", "life.trace"]
    {
        assert!(looked_into.contains(name), "{name} was not among the files: {looked_into:?}");
    }
    no_pin(&std::fs::read_to_string(world.path("life.trace")).unwrap());
}

/// The search itself, on what it must see.
#[test]
fn the_search_finds_what_is_there() {
    let key: Vec<u8> = (0x10..0x20).collect();
    let secrets = Secrets::of(std::slice::from_ref(&key));
    let hex = hex::encode(&key);
    let places: [&[u8]; 6] = [
        &key,
        &key[8..],
        hex.as_bytes(),
        b"> 84D40139 1011121314151617 9000",
        b"\"1819 1A1B 1c1d 1e1f\"",
        b"a1011121314151617b",
    ];
    for place in places {
        assert!(secrets.in_bytes(place) > 0, "{place:02X?}");
    }
    assert_eq!(secrets.in_bytes(&key[1..8]), 0);
    assert_eq!(secrets.in_bytes(b"10111213x14151617"), 0);
}
