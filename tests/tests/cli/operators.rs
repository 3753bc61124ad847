//! Who acts: a login or the user of the system, and two people where two are wanted.

use crate::audit::user;
use crate::command::{Call, Ran};
use crate::province::empty;
use crate::world::World;
use serde_json::Value;

/// A home of the SIMs' makers: the smallest party there is.
fn home() -> World {
    let world = empty();
    for (name, password) in [
        ("chen", "chen's password"),
        ("wang", "wang's password"),
        ("li", "li's password"),
        ("zhao", "zhao's password"),
    ] {
        world.file(name, password);
    }
    sim(&world, 1).run().ok();
    world
}

fn call(world: &World, args: &[&str]) -> Call {
    world.wait(60);
    Call::new(&world.path(""), &world.path("home"), world.now(), args)
}

fn sim(world: &World, number: u8) -> Call {
    let (iccid, imsi) = (format!("8986002633000000{number:02}10"), format!("4600000000000{number:02}"));
    call(world, &["sim", "new", "--iccid", &iccid, "--imsi", &imsi])
}

fn add(world: &World, name: &str, role: &str) -> Call {
    let file = name.to_lowercase();
    call(world, &["operator", "add", name, "--role", role, "--password-file", &file])
}

const CHEN: [&str; 4] = ["--operator", "Chen", "--operator-password-file", "chen"];
const WANG: [&str; 4] = ["--operator", "Wang", "--operator-password-file", "wang"];
const WANG_TOO: [&str; 4] = ["--second-operator", "Wang", "--second-password-file", "wang"];

/// Chen is a clerk, Wang a supervisor.
fn founded() -> World {
    let world = home();
    add(&world, "Chen", "clerk").run().ok();
    add(&world, "Wang", "supervisor").with(&CHEN).run().ok();
    world
}

fn entries(world: &World) -> Vec<Value> {
    let shown = call(world, &["sim", "audit", "show", "--json"]).with(&CHEN).run().ok().object();
    shown["entries"].as_array().unwrap().clone()
}

fn last(world: &World) -> Value {
    entries(world).last().unwrap().clone()
}

/// No name is taken on trust: neither a word on the command line nor a variable of the environment.
#[test]
fn a_free_word_is_nobody() {
    let world = home();
    sim(&world, 2)
        .with(&["--operator", "Chen"])
        .run()
        .fails(4, &["no operators are registered in", "hint: "]);
    sim(&world, 3).env("USER", "mallory").env("LOGNAME", "mallory").run().ok();
    let shown = call(&world, &["sim", "audit", "show", "--json"]).run().ok().object();
    let entries = shown["entries"].as_array().unwrap();
    assert_eq!(entries.last().unwrap()["who"], user());
}

#[test]
fn an_operator_logs_in_with_his_password() {
    let world = founded();
    sim(&world, 2).with(&CHEN).run().ok();
    assert_eq!(last(&world)["who"], "Chen");
    let wrong = ["--operator", "Chen", "--operator-password-file", "wang"];
    sim(&world, 3).with(&wrong).run().fails(4, &["that is not the password of Chen"]);
    let refused = last(&world);
    assert_eq!((&refused["who"], &refused["facts"]["command"]), (&user().into(), &"sim new".into()));
    sim(&world, 3).with(&["--operator", "Mallory"]).run().fails(4, &["there is no operator Mallory here"]);
    // The system's user is no operator, and says nothing by being there.
    sim(&world, 3).run().fails(4, &["is no operator of", "log in with --operator NAME"]);
    let file = std::fs::read_to_string(world.path("home/sims/operators.json")).unwrap();
    assert!(!file.contains("password\""), "{file}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(world.path("home/sims/operators.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// An operator who is the system's user acts without a login where one person suffices, and not where two are wanted.
#[test]
fn the_systems_user_can_be_an_operator() {
    let world = home();
    let me = user();
    let me = me.strip_prefix("user:").unwrap();
    add(&world, "Chen", "clerk").with(&["--user", me]).run().ok();
    add(&world, "Wang", "supervisor").run().ok();
    sim(&world, 2).run().ok();
    assert_eq!(last(&world)["who"], "Chen");
    add(&world, "Li", "clerk").with(&WANG_TOO).run().fails(4, &["each by his own login"]);
}

#[test]
fn two_people_are_two() {
    let world = founded();
    let third = || add(&world, "Li", "clerk");
    third().with(&CHEN).run().fails(4, &["wants two people; Chen alone is one"]);
    let twice = ["--second-operator", "Chen", "--second-password-file", "chen"];
    third().with(&CHEN).with(&twice).run().fails(4, &["wants two people, and Chen is one"]);
    let wrong = ["--second-operator", "Wang", "--second-password-file", "chen"];
    third().with(&CHEN).with(&wrong).run().fails(4, &["that is not the password of Wang"]);
    third().with(&CHEN).with(&WANG_TOO).run().ok();
    let line = entries(&world).into_iter().rfind(|entry| entry["act"] == "operator").unwrap();
    assert_eq!((&line["who"], &line["facts"]["second"]), (&"Chen".into(), &"Wang".into()));
    // Two clerks are two, and no supervisor among them.
    let clerks = ["--second-operator", "Li", "--second-password-file", "li"];
    add(&world, "Zhao", "auditor").with(&CHEN).with(&clerks).run().fails(4, &["wants a supervisor"]);
    add(&world, "Zhao", "auditor").with(&CHEN).with(&WANG_TOO).run().ok();
    let auditor = ["--operator", "Zhao", "--operator-password-file", "zhao"];
    sim(&world, 2).with(&auditor).run().fails(4, &["Zhao is an auditor"]);
    call(&world, &["sim", "audit", "verify"]).with(&auditor).run().ok();
    // On a command of one person the flags of two would be left unheeded.
    sim(&world, 2).with(&CHEN).with(&WANG_TOO).run().fails(2, &["no act of two people"]);
}

#[test]
fn who_is_put_out_acts_no_more_and_two_stay() {
    let world = founded();
    let out = |name: &str| {
        call(&world, &["operator", "disable", name]).with(&WANG).with(&[
            "--second-operator",
            "Chen",
            "--second-password-file",
            "chen",
        ])
    };
    out("Chen").run().fails(1, &["Chen stays"]);
    add(&world, "Li", "clerk").with(&CHEN).with(&WANG_TOO).run().ok();
    out("Wang").run().fails(1, &["Wang stays"]);
    out("Chen").run().ok();
    sim(&world, 2).with(&CHEN).run().fails(4, &["the operator Chen was put out on"]);
    let again = add(&world, "chen", "clerk").with(&WANG).with(&[
        "--second-operator",
        "Li",
        "--second-password-file",
        "li",
    ]);
    again.run().fails(1, &["the name chen was given before"]);
}

#[test]
fn ones_own_password_is_ones_own_to_change() {
    let world = founded();
    world.file("new", "another password");
    let change = |name: &str| call(&world, &["operator", "passwd", name, "--password-file", "new"]);
    change("Wang").with(&CHEN).run().fails(4, &["wants two people"]);
    change("Chen").with(&CHEN).run().ok();
    sim(&world, 2).with(&CHEN).run().fails(4, &["that is not the password of Chen"]);
    sim(&world, 2).with(&["--operator", "Chen", "--operator-password-file", "new"]).run().ok();
    world.file("short", "short");
    let short = call(&world, &["operator", "passwd", "Wang", "--password-file", "short"]).with(&WANG);
    short.run().fails(1, &["10"]);
}

fn requested(world: &World) -> (String, Ran) {
    let asked = add(world, "Li", "clerk").with(&CHEN).with(&["--request", "--json"]).run().ok();
    (asked.object()["request"].as_str().unwrap().to_owned(), asked)
}

/// The second person may come later: what was asked for is done as it was asked for, once.
#[test]
fn a_request_is_approved_by_another_and_once() {
    let world = founded();
    let (id, _) = requested(&world);
    let listed = call(&world, &["operator", "list", "--json"]).run().ok().object();
    assert_eq!(listed["operators"].as_array().unwrap().len(), 2, "nothing is done yet");
    call(&world, &["operator", "requests"]).run().ok().shows(&[&id, "registering Li as clerk", "Chen"]);
    let approve = |who: &[&str]| call(&world, &["approve", &id]).with(who).run();
    approve(&CHEN).fails(4, &["wants two people, and Chen is one"]);
    approve(&["--operator", "Wang", "--operator-password-file", "chen"])
        .fails(4, &["not the password of Wang"]);
    approve(&WANG).ok();
    let line = entries(&world).into_iter().rfind(|entry| entry["act"] == "operator").unwrap();
    assert_eq!((&line["who"], &line["facts"]["second"]), (&"Chen".into(), &"Wang".into()));
    approve(&WANG).fails(4, &["is spent, or is not the one that was asked for"]);
    approve(&[]).failed(4);
}

/// A request that was put there or changed by hand is none.
#[test]
fn a_request_holds_as_it_was_asked_for() {
    let world = founded();
    let (id, _) = requested(&world);
    let path = world.path(&format!("home/sims/requests/{id}.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("password-file\", \"chen") && !text.contains("chen's"), "{text}");
    std::fs::write(&path, text.replace("clerk", "supervisor")).unwrap();
    call(&world, &["approve", &id]).with(&WANG).run().fails(4, &["not the one that was asked for"]);
    let forged = world.path("home/sims/requests/00000000.json");
    std::fs::write(forged, text.replace(&id, "00000000")).unwrap();
    call(&world, &["approve", "00000000"]).with(&WANG).run().fails(4, &["not the one that was asked for"]);
    call(&world, &["approve", "11111111"]).with(&WANG).run().fails(1, &["there is no request 11111111"]);
}
