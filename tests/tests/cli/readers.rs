//! Cards in readers, as far as a machine without any shows them: names, links, what is refused, what is missing; and raw
//! commands to virtual cards. The readers themselves are judged by tests/judge/pcsc/ours.sh.

use crate::command::{Call, Ran};
use crate::world::{CHEN, Kind, World, text};

fn empty() -> World {
    World::empty(Kind { apart: false, formal: false, suite: "3des" })
}

/// A command where no daemon is: the client library looks for one in a folder that is not there.
fn alone(world: &World, args: &[&str]) -> Ran {
    Call::plain(&world.path(""), args).env("PCSCLITE_CSOCK_NAME", "no/daemon").run()
}

#[test]
fn without_a_daemon_every_command_says_so_with_exit_code_3() {
    let world = empty();
    for args in [
        &["card", "show", "pcsc:"][..],
        &["card", "show", "pcsc:ACS ACR38U"],
        &["sim", "list", "pcsc:"],
        &["apdu", "pcsc:0011223344556677", "00A40000"],
        &["reader", "list"],
        &["reader", "watch", "--seconds", "1"],
    ] {
        alone(&world, args).fails(3, &["pcscd", "hint: `gridcard reader doctor`"]);
    }
    let shown = alone(&world, &["card", "show", "pcsc:", "--json"]);
    assert_eq!((shown.code, shown.object()["exit"].as_u64()), (3, Some(3)));
}

#[test]
fn the_doctor_names_the_daemon_that_is_not_there() {
    let world = empty();
    let ran = alone(&world, &["reader", "doctor"]);
    ran.fails(3, &["no card can be used"]).shows(&["OK       library", "MISSING  daemon", "no/daemon", "->"]);
    let ran = alone(&world, &["reader", "doctor", "--json"]);
    assert_eq!(ran.code, 3);
    let object = ran.object();
    assert_eq!(object["usable"], false);
    let findings = object["findings"].as_array().unwrap();
    let daemon = findings.iter().find(|finding| finding["check"] == "daemon").unwrap();
    assert_eq!(daemon["verdict"], "MISSING");
    assert!(daemon["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
}

#[test]
fn watching_as_one_object_has_an_end() {
    alone(&empty(), &["reader", "watch", "--json"]).failed(2);
}

/// What works on an image alone refuses a card in a reader before it looks for one.
#[test]
fn an_image_is_a_file() {
    let world = empty();
    for args in [
        &["card", "new", "pcsc:", "--blank"][..],
        &["card", "dump", "pcsc:"],
        &["card", "diff", "pcsc:", "b.card"],
        &["sim", "new", "--iccid", CHEN.iccid, "--imsi", CHEN.imsi, "--card", "pcsc:"],
    ] {
        alone(&world, args).fails(2, &["image", "stands in a reader"]);
    }
    world.file("s.apdu", "> 00A40000\n");
    for option in ["--dry-run", "--test-random"] {
        alone(&world, &["card", "personalise", "pcsc:", "s.apdu", option]).fails(2, &["stands in a reader"]);
    }
}

/// A file whose name looks like a reader's is still a file, written with its folder.
#[test]
fn a_file_with_pcsc_in_its_name() {
    let world = empty();
    alone(&world, &["card", "new", "./pcsc:a", "--blank"]).ok();
    alone(&world, &["card", "show", "./pcsc:a"]).ok().shows(&["fmcos"]);
}

/// A link beside the place of a card is followed; a card file in its place comes first; a damaged link is named.
#[test]
fn links_are_followed() {
    let world = World::new();
    let psam = world.psam();
    let link = psam.with_extension("card.link");
    let order = |record: &str| {
        let args = ["server", "order", "--customer", CHEN.number, "--amount", "50", "--pin-file", "pin"];
        let record = world.path(record);
        world.bank(&args).with(&["--out", text(&record)]).env("PCSCLITE_CSOCK_NAME", "no/daemon").run()
    };
    std::fs::write(&link, "pcsc:0011223344556677\n").unwrap();
    order("one.sms").ok();
    std::fs::remove_file(&psam).unwrap();
    order("two.sms").fails(3, &["pcscd"]);
    alone(&world, &["card", "show", text(&link)]).fails(3, &["pcscd"]);
    std::fs::write(&link, "somewhere else\n").unwrap();
    order("two.sms").fails(1, &["330200000001.card.link names no card in a reader"]);
}

/// No card is put over the link to another one.
#[test]
fn a_place_with_a_link_is_taken() {
    let world = World::new();
    let psam = world.psam();
    let taken = world.path("taken.card");
    std::fs::rename(&psam, &taken).unwrap();
    std::fs::write(psam.with_extension("card.link"), "pcsc:0011223344556677\n").unwrap();
    world
        .bank(&["server", "open", text(&taken)])
        .run()
        .fails(1, &["330200000001.card.link is there already"]);
    assert!(taken.exists(), "the card stays where it is");
}

#[test]
fn raw_commands_are_sent_and_explained() {
    let world = World::new();
    let esam = world.esam(&CHEN);
    let ran =
        alone(&world, &["apdu", text(&esam), "00A40000023F00", "00B095001E", "00B201 0C04", "8048F603"]);
    // The last is refused: there is no such key.
    ran.fails(1, &["KEY INFORMATION (8048F603)", "6A88"]).shows(&[
        "reset; serial number",
        "SELECT, 3F00 master file",
        "6117",
        "GET RESPONSE",
        "READ BINARY, 0015 card information",
        "esam card 000020181114, city 33020000, test state, 3des",
        "READ RECORD, 0001 purse record 1",
        "balance 0.00",
    ]);
    let sim = world.sim(&CHEN);
    let read = [
        "apdu",
        text(&sim),
        "A0A40000023F00",
        "A0A40000022FE2",
        "A0B000000A",
        "A0A40000027F20",
        "A0A40000026F07",
    ];
    alone(&world, &read).ok().shows(&[
        &format!("ICCID {}", CHEN.iccid),
        "6F07 EF_IMSI",
        "transparent, 9 bytes; read: CHV1; update: ADM A",
    ]);
    let object = Call::plain(&world.path(""), &read).with(&["--json"]).run().ok().object();
    assert_eq!(object["sw"], "9000");
    let session = object["session"].as_array().unwrap();
    assert!(session.iter().any(|line| line["words"].as_str().unwrap().contains("EF_ICCID")));
}

/// Answers that wait are fetched, unless the user wants to see the wire.
#[test]
fn raw_means_raw() {
    let world = World::new();
    let esam = world.esam(&CHEN);
    let ran = alone(&world, &["apdu", text(&esam), "00A40000023F00", "--raw"]).ok();
    assert!(!ran.stdout.contains("GET RESPONSE"), "{}", ran.stdout);
    let ran = alone(&world, &["apdu", text(&esam), "00A40000023F00", "--raw", "--no-reset"]).ok();
    assert!(!ran.stdout.contains("reset"), "{}", ran.stdout);
}

/// A PIN is not taken from the command line, comes by stdin or script, and is shown when it is asked for only.
#[test]
fn pins_are_hidden_unless_they_are_asked_for() {
    let world = World::new();
    world
        .make_sim(&crate::world::Customer { iccid: "89860000000000000019", ..CHEN }, &["--card", "pin.card"]);
    let verify = "A02C00001030303030303030303030303030FFFFFF";
    alone(&world, &["apdu", "pin.card", verify]).fails(2, &["A02C0000", "other users would see", "--script"]);
    let typed = |options: &[&str]| {
        Call::plain(&world.path(""), &["apdu", "pin.card", "-"])
            .with(options)
            .stdin(&format!("> {verify}\n"))
            .run()
    };
    let hidden = typed(&[]);
    assert!(hidden.stdout.contains("[16 bytes hidden]"), "{hidden:?}");
    assert!(!format!("{hidden:?}").contains("30303030303030"), "{hidden:?}");
    assert!(typed(&["--reveal"]).stdout.contains(verify));
    world.file("verify.apdu", format!("> {verify}\n"));
    let script = alone(&world, &["apdu", "pin.card", "--script", "verify.apdu"]);
    assert!(
        script.stdout.contains("[16 bytes hidden]") && !script.stdout.contains("3030303030"),
        "{script:?}"
    );
}

#[test]
fn what_is_no_command_is_usage_and_not_repeated() {
    let world = World::new();
    let sim = world.sim(&CHEN);
    for wrong in ["00B7", "00B7000002ZZ", "00B70"] {
        let ran = alone(&world, &["apdu", text(&sim), wrong]).failed(2);
        assert!(!ran.stderr.contains(wrong), "what may be a secret is not said again: {ran:?}");
    }
    alone(&world, &["apdu", text(&sim)]).failed(2);
    alone(&world, &["apdu", "nothing.card", "00A40000"]).failed(3);
}

/// A trace in words: the same decoder; what a hand wrote into it is hidden as well.
#[test]
fn a_trace_is_shown_in_the_same_words() {
    let world = World::new();
    world.file("hand.trace", "= 3B0A80584752494443415244\n> A0200001 08 31323334FFFFFFFF\n< 9000\n");
    let hidden = alone(&world, &["trace", "show", "hand.trace"]).ok();
    assert!(
        hidden.stdout.contains("[8 bytes hidden]") && hidden.stdout.contains("VERIFY CHV, CHV1"),
        "{hidden:?}"
    );
    assert!(!hidden.stdout.contains("31323334"), "{hidden:?}");
    alone(&world, &["trace", "show", "hand.trace", "--reveal"]).ok().shows(&["31323334FFFFFFFF"]);
    world.file("esam.trace", "> 00D68A0002 0102\n< 6982\n");
    let told = alone(&world, &["trace", "show", "esam.trace", "--kind", "esam"]).ok();
    assert!(told.stdout.contains("UPDATE BINARY, 000A"), "{told:?}");
    world.file("esam.trace", "> 00A40000025002\n< 9000\n> 00D6000002 0102\n< 6982\n");
    alone(&world, &["trace", "show", "esam.trace", "--kind", "esam"])
        .ok()
        .shows(&["UPDATE BINARY, 5002 parameters from byte 0, needs the card's own master key"]);
}
