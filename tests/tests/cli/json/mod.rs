//! `--json`: one object on stdout, with its schema, whatever the command.

mod failures;
mod office;
mod tour;

use crate::command::{Call, Ran};
use crate::world::{CHEN, Kind, PIN, PSAM, Party, REGION, WANG, World, esam_serial, text};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Runs commands with `--json` and remembers which.
struct Json<'w> {
    world: &'w World,
    seen: RefCell<BTreeSet<String>>,
}

impl Json<'_> {
    fn run(&self, party: Party, args: &[&str]) -> (Ran, Value) {
        // A group of verbs below a noun has a page for each: `kdc audit-show`.
        let command = match args {
            ["approve", ..] => "approve".to_owned(),
            ["explain", ..] => "explain".to_owned(),
            ["server", "card", verb, ..] => format!("server card-{verb}"),
            [
                noun,
                group @ ("audit" | "keystore" | "signing" | "ceremony" | "key" | "pin" | "psam" | "code"
                | "drawer" | "limits" | "person" | "phone" | "station" | "netmeter"),
                verb,
                ..,
            ] => {
                format!("{noun} {group}-{verb}")
            }
            _ => args.iter().take(2).copied().collect::<Vec<_>>().join(" "),
        };
        self.seen.borrow_mut().insert(command);
        let ran = self.world.call(party, args).with(&["--json"]).run();
        let object = ran.object();
        is_fit(&object, ran.code);
        (ran, object)
    }

    /// It succeeds.
    #[track_caller]
    fn ok(&self, party: Party, args: &[&str]) -> Value {
        let (ran, object) = self.run(party, args);
        ran.ok();
        object
    }
}

const KDC: Party = Party::Province;

/// Names of values that are one word; where a value is not known there is null, never a sentence [docs/specs/errors.md 3].
const VALUES: [&str; 14] = [
    "iccid", "imsi", "imei", "msisdn", "number", "serial", "customer", "meter", "order", "psam", "city",
    "suite", "atr", "code",
];

/// What every object keeps to: an error says what it is, amounts are fen, no list stands in a list, no sentence in the place of a
/// value.
#[track_caller]
fn is_fit(object: &Value, exit: i32) {
    if object.get("error").is_some() {
        is_error(object, exit);
    }
    walk("", object);
}

#[track_caller]
fn is_error(object: &Value, exit: i32) {
    assert!(exit != 0 && object["exit"] == exit, "{exit} {object}");
    assert!(!object["error"].as_str().unwrap().is_empty(), "{object}");
    let kind = match exit {
        1 => "refused",
        2 => "usage",
        3 => "absent",
        4 => "security",
        130 => "interrupted",
        other => panic!("exit code {other}: {object}"),
    };
    assert_eq!(object["kind"], kind, "{object}");
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(
        object["code"].as_str().is_some_and(|code| !code.is_empty() && code.chars().all(plain)),
        "{object}"
    );
    assert!(object["hint"].is_null() || object["hint"].is_string(), "{object}");
}

#[track_caller]
fn walk(name: &str, value: &Value) {
    match value {
        // The facts of a log's line are text, as the line is hashed [docs/specs/audit.md 1].
        Value::Object(_) if name == "facts" => {}
        Value::Object(fields) => fields.iter().for_each(|(name, value)| walk(name, value)),
        Value::Array(values) => {
            assert!(!values.iter().any(Value::is_array), "{name} is a list of lists: {value}");
            values.iter().for_each(|value| walk(name, value));
        }
        Value::String(text) if VALUES.contains(&name) => {
            assert!(!text.contains(char::is_whitespace), "{name} is no value: {text}");
        }
        other if name.ends_with("_fen") => {
            assert!(other.is_null() || other.is_i64() || other.is_u64(), "{name} is no integer: {other}");
        }
        _ => {}
    }
}

/// Nouns and verbs, from the command's own man pages.
fn commands(world: &World) -> BTreeSet<String> {
    let folder = world.path("man");
    Call::plain(&world.path(""), &["man", text(&folder)]).run().ok();
    let pages =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names =
        pages.filter_map(|page| page.strip_prefix("gridcard-")?.strip_suffix(".1").map(str::to_owned));
    let of_two_words = ["production-card", "test-card", "user-card"];
    let words = |name: String| match of_two_words.iter().find(|noun| name.starts_with(**noun)) {
        Some(noun) if name == *noun => name,
        Some(noun) => name.replacen(&format!("{noun}-"), &format!("{noun} "), 1),
        None => name.replacen('-', " ", 1),
    };
    let split = names.map(words).collect::<BTreeSet<String>>();
    // A noun with verbs is no command itself; what clap adds, and what writes files of a form of its own, is left out.
    let has_verbs = |name: &String| {
        let groups = [
            "audit", "keystore", "signing", "ceremony", "hsm", "key", "pin", "psam", "code", "drawer",
            "limits", "person", "phone", "station", "netmeter",
        ];
        let group = groups.iter().any(|group| name.ends_with(&format!(" {group}")));
        group || name == "server card" || split.iter().any(|other| other.starts_with(&format!("{name} ")))
    };
    let own_form = ["completions", "man", "help"];
    split.iter().filter(|name| !has_verbs(name) && !own_form.contains(&name.as_str())).cloned().collect()
}

#[test]
fn every_command_answers_one_object() {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    let json = Json { world: &world, seen: RefCell::default() };
    tour::all(&json);
    let (_, object) = json.run(Party::Bank, &["operator", "totp", "nobody"]);
    assert_eq!(object["code"], "security", "{object}");
    let ran = Call::plain(&world.path(""), &["demo", "--meters", "1", "--json"]).run().ok();
    ran.object();
    let mut seen = json.seen.into_inner();
    seen.insert("demo".into());
    // Readers where there are none: an object all the same.
    for verb in ["list", "doctor", "watch --seconds 1"] {
        let args: Vec<&str> = ["reader"].into_iter().chain(verb.split(' ')).chain(["--json"]).collect();
        let ran = Call::plain(&world.path(""), &args).env("PCSCLITE_CSOCK_NAME", "no/daemon").run();
        assert_eq!(ran.code, 3, "{ran:?}");
        ran.object();
        seen.insert(args[..2].join(" "));
    }
    Call::plain(&world.path(""), &["apdu", text(&world.sim(&CHEN)), "A0A40000023F00", "--json"])
        .run()
        .ok()
        .object();
    // screens are for a person alone: phone_screens.rs
    seen.insert("phone ui".into());
    seen.insert("apdu".into());
    let missing = commands(&world).into_iter().filter(|name| !name.contains("help") && !seen.contains(name));
    // A token is tried where there is one.
    let missing: Vec<_> = missing.filter(|name| !name.starts_with("kdc hsm")).collect();
    assert!(missing.is_empty(), "not tried with --json: {missing:?}");
}
