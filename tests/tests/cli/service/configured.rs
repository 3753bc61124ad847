//! The configuration: file, environment, command line, in that order from the weakest; and words to the service manager.

use crate::service::{Server, key};
use crate::world::{Party, World, text};
use std::os::unix::net::UnixDatagram;

const RUN: [&str; 2] = ["server", "run"];

#[test]
fn a_file_says_what_the_command_line_does_not() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let file = world.file(
        "server.toml",
        "listen = \"127.0.0.1:0\"\nserver = \"1\"\nrate = 1\nlog = \"info\"\npin_files = [\"pin\"]\n",
    );
    let server = Server::of(world.earnest(Party::Bank, &RUN).with(&["--config", text(&file)]));
    server.get(&clerk, "/v1/terms").ok();
    server.get(&clerk, "/v1/terms").fails(429, "rate-limited");
    let (_, words) = server.end();
    assert!(words.contains("route=\"terms\"") && words.contains("status=429"), "{words}");
    // The environment goes before the file, the command line before the environment.
    let call = |more: &[&str]| {
        let call = world.earnest(Party::Bank, &RUN).env("GRIDCARD_CONFIG", text(&file));
        call.env("GRIDCARD_RATE", "2").env("GRIDCARD_LOG", "off").with(more)
    };
    for (more, may) in [(&[][..], 2), (&["--rate", "3"][..], 3)] {
        let server = Server::of(call(more));
        for _ in 0..may {
            server.get(&clerk, "/v1/terms").ok();
        }
        server.get(&clerk, "/v1/terms").fails(429, "rate-limited");
        let (_, words) = server.end();
        assert!(!words.contains("route="), "{words}");
    }
}

#[test]
fn what_a_file_cannot_say_is_named() {
    let world = World::new();
    for (content, words) in [
        ("lisen = \"127.0.0.1:0\"\n", "lisen"),
        ("rate = 5\nrates = 6\n", "line 2: unknown field `rates`"),
        ("[tls]\ncertificate = \"a\"\nkye = \"b\"\n", "kye"),
        ("[tls]\ncertificate = \"a\"\n", "key"),
        ("rate = \"many\"\n", "line 1"),
        ("rate = 0\n", "rate is at least 1"),
        ("rate = -1\n", "line 1"),
        ("log = \"loud\"\n", "loud"),
        ("listen = \"here\"\n", "line 1"),
        ("listen = \n", "line 1"),
        ("database = \"postgres://bank:secret@db/books\"\n", "unknown field `database`"),
        ("server = \"\"\n", "1 to 32 characters"),
    ] {
        let file = world.file("bad.toml", content);
        let ran = world.earnest(Party::Bank, &RUN).with(&["--config", text(&file), "--json"]).run();
        let ran = ran.failed(2);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(words), "{content}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
    world.earnest(Party::Bank, &RUN).with(&["--config", "nowhere.toml"]).run().fails(2, &["nowhere.toml"]);
    let missing = world.file("missing.toml", "database_file = \"nowhere\"\n");
    world.earnest(Party::Bank, &RUN).with(&["--config", text(&missing)]).run().fails(2, &["nowhere"]);
    let password = world.file("database", "host=/nowhere user=bank password=hush\n");
    let there = world.file("there.toml", format!("database_file = {:?}\n", text(&password)));
    let ran = world.earnest(Party::Bank, &RUN).with(&["--config", text(&there)]).run();
    assert!(ran.code != 0 && !ran.stderr.contains("hush"), "{}", ran.stderr);
}

/// The examples in `deploy/` say nothing that nobody knows.
#[test]
fn the_examples_are_read() {
    let world = World::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("deploy");
    let mut read = 0;
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        read += 1;
        // The files that it names are not here: what is refused is one of them, not a key.
        let ran = world.earnest(Party::Bank, &RUN).with(&["--config", text(&path)]).run();
        assert!(ran.code != 0 && !ran.stderr.contains("unknown field"), "{}: {}", path.display(), ran.stderr);
        assert!(
            ran.stderr.contains("/run/credentials/") || ran.stderr.contains("/etc/gridcard/"),
            "{}",
            ran.stderr
        );
    }
    assert!(read >= 2, "{read}");
}

/// The service manager is told when it serves and when it ends.
#[test]
fn the_service_manager_is_told() {
    let world = World::new();
    let path = world.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(crate::service::PATIENCE)).unwrap();
    let listen = ["--listen", "127.0.0.1:0"];
    let call = world.earnest(Party::Bank, &RUN).with(&listen).env("NOTIFY_SOCKET", text(&path));
    let server = Server::of(call);
    let hear = || {
        let mut word = [0; 64];
        let length = socket.recv(&mut word).unwrap();
        String::from_utf8(word[..length].to_vec()).unwrap()
    };
    assert_eq!(hear(), "READY=1\n");
    server.ask("GET", "/ready", &[], "").ok();
    server.end();
    assert_eq!(hear(), "STOPPING=1\n");
    // Nobody listens there: it serves all the same.
    std::fs::remove_file(&path).unwrap();
    let call = world.earnest(Party::Bank, &RUN).with(&listen).env("NOTIFY_SOCKET", text(&path));
    Server::of(call).end();
}
