//! The stock through the command: in, somewhere else, out, and what it adds up to.

use crate::world::{Kind, Party, World, text};

fn office() -> World {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    world.found_province();
    world.found_city();
    world
}

const BLANKS: &str = "kind,serial,box,place\nesam,00000000000000A1,B7,\nesam,00000000000000A2,B7,shelf 3\nesam,00000000000000A3,B8,\n";

#[test]
fn a_card_goes_from_blank_to_scrap_and_its_history_tells() {
    let world = office();
    world.file("blanks.csv", BLANKS);
    world.city(&["stock", "in", "blanks.csv"]).run().ok().shows(&["3 item(s) taken in"]);
    let twice = world.city(&["stock", "in", "blanks.csv"]).run();
    twice.fails(1, &["blanks.csv, line 2", "00000000000000A1", "is in the stock since"]);
    world.city(&["card", "new", "blank.card", "--kind", "esam", "--serial", "00000000000000A1"]).run().ok();
    let issue = ["esam", "issue", "--meter", "000000000042", "--card", "blank.card", "--pin-file", "pin"];
    world.city(&issue).run().ok();
    world.city(&["stock", "dispatch", "000000000042", "--to", "meter factory"]).run().ok();
    let again = world.city(&["stock", "dispatch", "000000000042", "--to", "elsewhere"]).run();
    again.fails(1, &["is dispatched; it cannot be dispatched", "blank, refused or issued", "hint: "]);
    world.city(&["stock", "back", "000000000042", "--to", "house"]).run().ok();
    world.city(&["stock", "scrap", "000000000042", "--why", "cracked"]).run().ok();
    let shown = world.city(&["stock", "show", "00000000000000A1"]).run().ok();
    for what in ["arrived", "intent", "issued", "dispatched", "taken-back", "scrapped", "cracked", "box B7"] {
        assert!(shown.stdout.contains(what), "{what}: {}", shown.stdout);
    }
    // The number of a scrapped card is not issued again under the same key version.
    let issue = world.city(&["esam", "issue", "--meter", "000000000042", "--pin-file", "pin"]);
    issue.run().fails(1, &["number 000000000042 was on another chip under key version 1"]);
}

#[test]
fn the_report_adds_up_over_single_cards_and_batches() {
    let world = office();
    world.file("blanks.csv", BLANKS);
    world.city(&["stock", "in", "blanks.csv"]).run().ok();
    world.file("request.csv", "number\n000000000002\n000000000003\n");
    world.city(&["issue", "esam", "--batch", "request.csv", "--pin-file", "pin", "--yes"]).run().ok();
    world
        .city(&["stock", "move", "--box", "B7", "--to", "safe"])
        .run()
        .ok()
        .shows(&["2 item(s) moved to safe"]);
    let report = world.city(&["stock", "report", "--json"]).run().ok().object();
    assert_eq!(report["adds_up"], true);
    assert_eq!(report["came_in"]["esam"], 5);
    let list = world.city(&["stock", "list", "--state", "blank", "--where", "safe", "--json"]).run().ok();
    assert_eq!(list.object()["count"], 2);
    world.city(&["stock", "list", "--kind", "esam", "--csv", "all.csv"]).run().ok();
    let text = std::fs::read_to_string(world.path("all.csv")).unwrap();
    assert_eq!(text.lines().count(), 6, "{text}");
    assert!(text.starts_with("kind,serial,number,state,place,box,since\n"));
    // The list comes in again elsewhere: what goes out as CSV names its items.
    world
        .city(&["stock", "dispatch", "--from-csv", "all.csv", "--to", "branch", "--kind", "esam"])
        .run()
        .ok();
    let out = world.city(&["stock", "list", "--state", "dispatched", "--json"]).run().ok();
    assert_eq!(out.object()["count"], 5);
}

#[test]
fn bad_lists_and_unknown_names_change_nothing() {
    let world = office();
    world.file("bad.csv", "kind,serial,number\nesam,00000000000000A1,\nesam,xx,\nmeter,,12\nspoon,,\n");
    let bad = world.city(&["stock", "in", "bad.csv"]).run();
    bad.fails(1, &["line 3: serial", "line 4: number", "line 5: a kind is", "nothing was taken in"]);
    world.city(&["stock", "show", "00000000000000A1"]).run().fails(1, &["the stock knows no", "hint: "]);
    world.city(&["stock", "move", "--box", "Z", "--to", "safe"]).run().fails(1, &["there is no box Z"]);
    world.city(&["stock", "list", "--state", "lost"]).run();
}

/// The city that issued an ESAM hears that it went into a meter, and no paper ends what is at work.
#[test]
fn the_stock_hears_of_meters_and_scraps_none_that_is_in_one() {
    let world = office();
    let number = "000000000042";
    world.city(&["esam", "issue", "--meter", number, "--pin-file", "pin"]).run().ok();
    let out = world.folder(Party::City).join("out");
    let (esam, pairing) =
        (out.join(format!("esam-{number}.card")), out.join(format!("pairing-{number}.json")));
    let show = |of: &str| {
        world.city(&["stock", "show", number, "--kind", "esam", "--of", of, "--json"]).run().ok().object()
    };
    assert_eq!(show("city")["state"], "issued");
    world.meters(&["meter", "new", number, "--esam", text(&esam), "--pairing", text(&pairing)]).run().ok();
    let heard = show("city");
    assert_eq!((&heard["state"], &heard["place"]), (&"fitted".into(), &format!("meter {number}").into()));
    assert_eq!(heard["history"].as_array().unwrap().last().unwrap()["what"], "fitted");
    assert_eq!(show("city"), heard, "it is heard once");
    assert_eq!(show("meters")["state"], "fitted");
    // Whatever would end it, or take it away, on paper.
    let acts: [&[&str]; 5] = [
        &["scrap", "--why", "cracked"],
        &["retire", "--why", "old"],
        &["back", "--to", "house"],
        &["move", "--to", "safe"],
        &["dispatch", "--to", "branch"],
    ];
    for office in ["city", "meters"] {
        for act in acts {
            let args = [&["stock", act[0], number, "--kind", "esam", "--of", office], &act[1..]].concat();
            world.city(&args).run().failed(1);
            assert_eq!(show(office)["state"], "fitted", "{act:?} of {office}");
        }
        let scrap = ["stock", "scrap", number, "--kind", "esam", "--of", office, "--why", "x"];
        world.city(&scrap).run().fails(1, &["meter", "not scrapped there", "hint: "]);
    }
    // The card is taken out of its meter, first by hand and then in the books of both.
    let slot = world.folder(Party::Meters).join(format!("{number}/esam.card"));
    std::fs::rename(&slot, world.path("out.card")).unwrap();
    let back = |office: &str| {
        ["stock", "back", number, "--kind", "esam", "--of", office, "--to", "house"].map(str::to_owned)
    };
    let run = |office: &str| {
        let args = back(office);
        world.city(&args.iter().map(String::as_str).collect::<Vec<_>>()).run()
    };
    run("city").fails(1, &["stands in meter 000000000042", "--of meters"]);
    run("meters").ok();
    run("city").ok();
    world.city(&["stock", "scrap", number, "--why", "cracked"]).run().ok();
    assert_eq!(show("city")["state"], "scrapped");
}

/// On machines of their own a list of the makers tells the city.
#[test]
fn a_list_tells_the_city_what_was_fitted() {
    let world = World::empty(Kind { apart: true, formal: false, suite: "3des" });
    world.found_province();
    world.found_city();
    for number in ["000000000042", "000000000043"] {
        world.city(&["esam", "issue", "--meter", number, "--pin-file", "pin"]).run().ok();
        let out = world.folder(Party::City).join("out");
        let (esam, pairing) =
            (out.join(format!("esam-{number}.card")), out.join(format!("pairing-{number}.json")));
        world
            .meters(&["meter", "new", number, "--esam", text(&esam), "--pairing", text(&pairing)])
            .run()
            .ok();
    }
    let list =
        ["stock", "list", "--of", "meters", "--kind", "esam", "--state", "fitted", "--csv", "fitted.csv"];
    world.meters(&list).run().ok();
    let fit = ["stock", "fit", "--from-csv", "fitted.csv", "--kind", "esam"];
    world.city(&fit).run().ok().shows(&["2 item(s) fitted"]);
    world.city(&fit).run().ok().shows(&["0 item(s) fitted"]);
    let shown = world.city(&["stock", "list", "--state", "fitted", "--json"]).run().ok().object();
    assert_eq!(shown["items"][1]["place"], "meter 000000000043");
    let scrap = world.city(&["stock", "scrap", "000000000042", "--why", "x"]).run();
    scrap.fails(
        1,
        &["is at work, meter 000000000042; it is not scrapped there", "hint: `gridcard esam retire CARD`"],
    );
    // A blank was never issued and goes to no meter.
    world.file("blanks.csv", BLANKS);
    world.city(&["stock", "in", "blanks.csv"]).run().ok();
    world.city(&["stock", "fit", "00000000000000A1"]).run().fails(1, &["is blank; it cannot be fitted"]);
}
