//! Homes on media that cannot be written, and on full ones: reports and shows work, what would write says so before it asks or
//! touches anything, and nothing is kept by halves [docs/specs/errors.md 4].
//!
//! Root heeds no modes. Where root runs the tests, a read-only medium is a mount in a namespace of its own, and a folder that may
//! not be written is tried by a user without rights; where somebody else runs them, both are folders without the right to write.

use crate::command::{Call, NOBODY, Ran, binary};
use crate::world::{CHEN, Party, REGION, World, text};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn sh(script: &str, args: &[&Path]) -> String {
    let output = Command::new("bash").args(["-c", script, "bash"]).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{script}\n{said}");
    String::from_utf8(output.stdout).unwrap()
}

fn is_root() -> bool {
    sh("id -u", &[]).trim() == "0"
}

/// How a home is kept from being written.
enum Media {
    /// Its medium is read-only.
    Medium(PathBuf),
    /// Its folders may not be written by whoever runs the command.
    Folder(PathBuf, Option<PathBuf>),
}

impl Media {
    /// As root: a mount. As anybody else: modes.
    fn medium(world: &World) -> Self {
        if is_root() { Media::Medium(world.path("home")) } else { Media::folder(world) }
    }

    /// As root: a user without rights owns all of it. As anybody else: oneself.
    fn folder(world: &World) -> Self {
        let home = world.path("home");
        sh("chmod -R a-w \"$1\"", &[&home]);
        let program = is_root().then(|| {
            let program = world.path("gridcard");
            std::fs::copy(binary(), &program).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
            sh(&format!("chown -R {NOBODY}:{NOBODY} \"$1\""), &[&world.path("")]);
            program
        });
        Media::Folder(home, program)
    }

    fn run(&self, call: Call) -> Ran {
        match self {
            Media::Medium(home) => call.frozen(home).run(),
            Media::Folder(_, Some(program)) => call.by_nobody(program).run(),
            Media::Folder(_, None) => call.run(),
        }
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        if let Media::Folder(home, _) = self {
            sh("chmod -R u+w \"$1\"", &[home]);
        }
    }
}

/// A home in which something happened, with an order on its way in `o.sms`.
fn lived() -> World {
    let world = World::new();
    world.purchase(&CHEN, "50");
    std::fs::rename(world.order(&CHEN, "30"), world.path("o.sms")).unwrap();
    world
}

/// What only looks.
fn looks(world: &World) -> Vec<(Party, Vec<String>)> {
    let (sim, esam, psam) = (world.sim(&CHEN), world.esam(&CHEN), world.psam());
    let [sim, esam, psam] = [&sim, &esam, &psam].map(|path| text(path).to_owned());
    let lines = [
        (Party::Bank, "server orders"),
        (Party::Bank, "server report"),
        (Party::Bank, "server statement --customer 330212012279"),
        (Party::Bank, "server findings --all"),
        (Party::Bank, "server psam list"),
        (Party::Bank, "server settings"),
        (Party::Bank, "server audit verify"),
        (Party::Bank, "server audit show"),
        (Party::Bank, "server audit head"),
        (Party::City, "city audit verify"),
        (Party::City, "stock list"),
        (Party::City, "stock report"),
        (Party::City, "stock show 000020181114"),
        (Party::City, "issue list"),
        (Party::City, "psam show PSAM"),
        (Party::City, "esam show ESAM"),
        (Party::Province, "kdc status"),
        (Party::Province, "kdc audit show"),
        (Party::Meters, "meter list"),
        (Party::Meters, "meter show 000020181114"),
        (Party::Meters, "stock list --of meters"),
        (Party::Sims, "sim list SIM"),
        (Party::Sims, "sim read SIM 1"),
        (Party::Sims, "sim export SIM"),
        (Party::Sims, "card show SIM"),
        (Party::Sims, "card show ESAM"),
        (Party::Sims, "card dump ESAM"),
        (Party::Sims, "card list home"),
        (Party::Sims, "apdu SIM A0A40000023F00"),
        (Party::Sims, "home check"),
        (Party::Bank, "operator list --party bank"),
        (Party::Bank, "operator requests"),
    ];
    let word = |word: &str| match word {
        "SIM" => sim.clone(),
        "ESAM" => esam.clone(),
        "PSAM" => psam.clone(),
        word => word.to_owned(),
    };
    lines.iter().map(|(party, line)| (*party, line.split(' ').map(word).collect())).collect()
}

/// Every command at one and the same time, so that two runs of it say the same.
fn call(world: &World, party: Party, args: &[&str]) -> Call {
    world.call_at(party, "2026-12-01 08:00:00", args)
}

fn looks_say_the_same(world: &World, media: impl FnOnce(&World) -> Media) {
    let looks = looks(world);
    fn words(args: &[String]) -> Vec<&str> {
        args.iter().map(String::as_str).collect()
    }
    let before: Vec<Ran> =
        looks.iter().map(|(party, args)| call(world, *party, &words(args)).run().ok()).collect();
    let bytes = World::bytes(&world.path("home"));
    let media = media(world);
    for ((party, args), before) in looks.iter().zip(before) {
        let ran = media.run(call(world, *party, &words(args))).ok();
        assert_eq!(ran.stdout, before.stdout, "{args:?}");
        assert_eq!(ran.stderr, before.stderr, "{args:?}");
    }
    drop(media);
    assert!(World::bytes(&world.path("home")) == bytes, "a look wrote something");
}

#[test]
fn reports_and_shows_work_on_a_read_only_medium() {
    looks_say_the_same(&lived(), Media::medium);
}

#[test]
fn reports_and_shows_work_where_their_user_may_not_write() {
    looks_say_the_same(&lived(), Media::folder);
}

/// What must write, and what it names: the folder or file that it would write to.
fn writes(world: &World) -> Vec<(Party, Vec<String>, PathBuf, &'static str)> {
    let order = world.fresh("-order.sms");
    world.file("new.csv", "customer,meter,msisdn,imsi,imei,iccid\n");
    let (sim, sms) = (text(&world.sim(&CHEN)).to_owned(), "o.sms");
    let bank = world.folder(Party::Bank);
    let city = world.folder(Party::City);
    let lines = [
        (
            Party::Bank,
            format!("server order --customer 330203079649 --amount 50 --pin-file pin --out {}", text(&order)),
            bank.clone(),
        ),
        (Party::Bank, "server register new.csv".into(), bank.clone()),
        (Party::Bank, format!("server settle {sms} --pin-file pin"), bank.clone()),
        (Party::Bank, "server refund --customer 330212012279".into(), bank),
        (Party::City, "city delivery --out delivery.json".into(), city.clone()),
        (Party::City, "esam issue --meter 000020181199 --pin-file pin".into(), city.clone()),
        (Party::City, "stock move 000020181114 --to safe".into(), city),
        (
            Party::Province,
            format!(
                "kdc issue-card esam-issuing --city {REGION} --number 000000000023 --pin-file pin --second-pin-file pin2 --card-pin-file pin --card-second-pin-file pin2"
            ),
            world.folder(Party::Province),
        ),
        (Party::Meters, format!("meter insert 000020181114 {sim}"), world.meter(&CHEN).join("flash.json")),
        (Party::Meters, "meter consume 000020181114 --kwh 1".into(), world.meter(&CHEN).join("flash.json")),
        // A card that is in use already stops when it cannot keep what it was told.
        (Party::Sims, format!("sim write {sim} {sms}"), world.sim(&CHEN)),
        (Party::Sims, format!("sim erase {sim} 1"), world.sim(&CHEN)),
    ];
    lines
        .into_iter()
        .map(|(party, line, place)| {
            let code = if place == world.sim(&CHEN) { "channel-storage" } else { "read-only" };
            (party, line.split(' ').map(str::to_owned).collect(), place, code)
        })
        .collect()
}

fn writes_are_refused(world: &World, media: impl FnOnce(&World) -> Media) {
    let writes = writes(world);
    let bytes = World::bytes(&world.path("home"));
    let media = media(world);
    for (party, args, place, code) in &writes {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let said = format!("{} is read-only", text(place));
        let ran = media.run(call(world, *party, &args)).fails(1, &[&said, "hint: make "]);
        assert_eq!(ran.stdout, "", "{args:?}");
        let object = media.run(call(world, *party, &args).with(&["--json"])).failed(1).object();
        assert_eq!((&object["code"], &object["kind"]), (&(*code).into(), &"refused".into()), "{args:?}");
    }
    // A new home, and a card of nobody's party.
    let elsewhere = world.path("home/new");
    let init = ["kdc", "init", "--test-root", "--pin-file", "pin", "--second-pin-file", "pin2"];
    let init = Call::new(&world.path(""), &elsewhere, world.now(), &init);
    media.run(init).fails(1, &["is read-only", "hint: make it writable"]);
    let sim = world.sim(&CHEN);
    let record = format!("A0DC0104B0{}", "FF".repeat(176));
    let update = ["apdu", text(&sim), "A0A40000023F00", "A0A40000027F10", "A0A40000026F3C", record.as_str()];
    let ran = media.run(call(world, Party::Sims, &update));
    ran.fails(1, &[&format!("{} is read-only", text(&sim)), "hint: make room"]);
    let new = world.path("home/new.card");
    media
        .run(call(world, Party::Sims, &["card", "new", text(&new), "--kind", "esam"]))
        .fails(1, &["new.card is read-only"]);
    drop(media);
    assert!(World::bytes(&world.path("home")) == bytes, "something was written");
}

#[test]
fn what_must_write_says_that_its_medium_is_read_only() {
    writes_are_refused(&lived(), Media::medium);
}

#[test]
fn what_must_write_says_that_its_folder_is_read_only() {
    writes_are_refused(&lived(), Media::folder);
}

/// Books that were copied while somebody wrote have their last sales in the write-ahead log: they are read with it.
#[test]
fn books_with_a_log_that_was_not_brought_in_are_read_whole() {
    let world = lived();
    let books = world.folder(Party::Bank).join("server.sqlite");
    let keep = rusqlite::Connection::open(&books).unwrap();
    let copies = [("", "server.sqlite"), ("-wal", "server.sqlite-wal"), ("-shm", "server.sqlite-shm")];
    // Another program that looks keeps the log there.
    let orders: i64 = keep.query_row("SELECT count(*) FROM customer", [], |row| row.get(0)).unwrap();
    assert_eq!(orders, 3);
    world.order(&crate::world::WANG, "70");
    for (_, name) in copies {
        let from = books.with_file_name(name);
        std::fs::copy(&from, world.path(name)).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }
    assert!(std::fs::metadata(world.path("server.sqlite-wal")).unwrap().len() > 0);
    drop(keep);
    for (_, name) in copies {
        std::fs::rename(world.path(name), books.with_file_name(name)).unwrap();
    }
    let media = Media::medium(&world);
    let report = media.run(call(&world, Party::Bank, &["server", "report", "--json"])).ok().object();
    assert_eq!(report["sold_fen"], 15_000);
    drop(media);
}

/// A medium of its own with a home on it and no room left, then with room. `$1` is the home, `$2` the program, the rest a command;
/// it prints both exit codes, and whether the failed one changed anything.
const FULL: &str = r#"
set -u
home=$1 program=$2; shift 2
kept=$(mktemp -d "$home.kept.XXXX")
cp -a "$home/." "$kept"
mount -t tmpfs -o size=4m tmpfs "$home" && cp -a "$kept/." "$home"
dd if=/dev/zero of="$home/filler" bs=1k 2>/dev/null
"$program" "$@" >first.out 2>first.err; echo "full $?"
rm "$home/filler"
diff -r "$kept" "$home" >/dev/null && echo same || diff -rq "$kept" "$home"
"$program" "$@" >second.out 2>second.err; echo "room $?"
"#;

/// What a command says on a full medium, and what it did there.
fn on_full(world: &World, args: &[&str]) -> (Vec<String>, String) {
    let now = world.now().add_seconds(60).unwrap().to_string();
    world.at(world.now().add_seconds(60).unwrap());
    let home = world.path("home");
    let said = Command::new("unshare")
        .args(["--mount", "bash", "-c", FULL, "bash"])
        .args([&home, &binary()])
        .args(args)
        .args(["--home", text(&home), "--at", &now, "--seed", crate::command::SEED])
        .current_dir(world.path(""))
        .output()
        .unwrap();
    let lines = String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect();
    (lines, std::fs::read_to_string(world.path("first.err")).unwrap())
}

#[test]
fn a_full_medium_keeps_nothing_of_a_sale_a_credit_or_an_issued_card() {
    if !is_root() {
        // Without root there is no medium of one's own: the tests of `disk` limit the size of files instead.
        return;
    }
    let world = lived();
    let record = world.order(&crate::world::WANG, "20");
    let sim = world.sim(&crate::world::WANG);
    let order =
        ["server", "order", "--customer", crate::world::ZHANG.number, "--amount", "50", "--pin-file", "pin"];
    world.write(&CHEN, &world.path("o.sms"));
    let carried = world.sim(&CHEN);
    let credit = ["meter", "insert", CHEN.meter, text(&carried)];
    let write = ["sim", "write", text(&sim), text(&record)];
    let issue = ["esam", "issue", "--meter", "000020181199", "--pin-file", "pin"];
    // A card has its own memory, written in its place: what happens in it alone needs no room.
    let (lines, said) = on_full(&world, &write);
    assert_eq!(lines.first().map(String::as_str), Some("full 0"), "{lines:?}\n{said}");
    for args in [&order[..], &issue, &credit] {
        let (lines, said) = on_full(&world, args);
        assert_eq!(lines.first().map(String::as_str), Some("full 1"), "{args:?} {lines:?}\n{said}");
        assert!(said.contains("error: ") && said.contains("hint: "), "{args:?}\n{said}");
        assert_eq!(lines.last().map(String::as_str), Some("room 0"), "{args:?} {lines:?}");
    }
}
