//! What is refused before anything is asked, and what a server refuses.

use crate::url::{Office, clerk, key_file};
use crate::world::{CHEN, Party, WANG, World, text};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

const REPORT: [&str; 2] = ["server", "report"];

#[test]
fn who_asks_is_judged_by_his_key() {
    let office = Office::open(World::new());
    let (haishu, _) = key_file(&office.world, "haishu.key", "clerk", &["--office", "Haishu"]);
    let with = |args: &[&str], file: &str| {
        clerk(&office.world, args).with(&["--url", &office.url, "--key-file", file])
    };
    // A key that nobody was given; one that others read; none; a file that has none.
    let other = if office.supervisor.1.ends_with('0') { '1' } else { '0' };
    let wrong = office.world.file("wrong.key", format!("{}{other}", &office.supervisor.1[..75]));
    let mode = |mode| std::fs::set_permissions(&wrong, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    with(&REPORT, "wrong.key").run().fails(4, &["others can read", "chmod 600"]);
    mode(0o600);
    let object = with(&REPORT, "wrong.key").with(&["--json"]).run().failed(1).object();
    assert_eq!((&object["code"], &object["exit"]), (&"key-unknown".into(), &1.into()));
    with(&REPORT, "nothing.key").run().fails(1, &["nothing.key", "cannot be read"]);
    std::fs::write(&wrong, "123456\n").unwrap();
    let ran = with(&REPORT, "wrong.key").run().fails(1, &["there is no key in it"]);
    assert!(!ran.stderr.contains("123456"), "{ran:?}");
    clerk(&office.world, &REPORT)
        .with(&["--url", &office.url])
        .run()
        .fails(2, &["wants a key", "--key-file"]);
    // Another office's customer is nobody, in the words of somebody who is nobody.
    office.ask(&["server", "office", "--customer", WANG.number, "--office", "Jiangbei"]).run().ok();
    let statement =
        |number: &str| with(&["server", "statement", "--customer", number, "--json"], text(&haishu)).run();
    let (theirs, nobodys) =
        (statement(WANG.number).failed(1).object(), statement("330200000099").failed(1).object());
    assert_eq!((&theirs["code"], &theirs["kind"]), (&"unknown-customer".into(), &nobodys["kind"]));
    assert_eq!(
        theirs["error"].as_str().unwrap().replace(WANG.number, ""),
        nobodys["error"].as_str().unwrap().replace("330200000099", "")
    );
    with(&REPORT, text(&haishu)).run().fails(1, &["a key of the role clerk may not do this"]);
    with(&["server", "orders"], text(&haishu)).run().fails(1, &["about the whole bank"]);
    // One person where two are wanted.
    let limit = ["server", "limits", "set", "--of", "order", "--amount", "5"];
    office.ask_alone(&limit).run().fails(4, &["two people"]);
    office.ask(&limit).run().ok();
    // By the environment.
    let env = |name: &str, value: &str| clerk(&office.world, &REPORT).env(name, value);
    env("GRIDCARD_URL", &office.url).env("GRIDCARD_KEY_FILE", text(&office.supervisor.0)).run().ok();
    // No key stands in what the server keeps.
    for (path, bytes) in World::bytes(&office.world.folder(Party::Bank)) {
        let secret = &office.supervisor.1.as_bytes()[12..];
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
    }
}

#[test]
fn an_address_is_one_of_a_server_that_nobody_overhears() {
    let world = World::new();
    let (key, _) = key_file(&world, "key", "supervisor", &[]);
    let to = |url: &str| clerk(&world, &REPORT).with(&["--url", url, "--key-file", text(&key)]).run();
    to("http://192.0.2.1:8080").fails(4, &["not on this machine", "in clear", "https://"]);
    to("http://bank.example").fails(4, &["not on this machine"]);
    to("https://127.0.0.1:1").fails(2, &["https wants the certificate", "--ca"]);
    for none in
        ["bank", "ftp://127.0.0.1", "http://", "http://me:secret@127.0.0.1:1", "http://127.0.0.1:1/?x=1"]
    {
        to(none).fails(2, &["no address of a server"]);
    }
    // Nobody is there: nothing was sent, so nothing waits.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    to(&url).fails(3, &["no server answers"]);
    let order = ["server", "order", "--customer", CHEN.number, "--amount", "5"];
    let order = clerk(&world, &order).with(&["--url", &url, "--key-file", text(&key)]);
    order.run().fails(3, &["no server answers", "nothing was asked"]);
    assert_eq!(std::fs::read_dir(world.path("clerk/unanswered")).unwrap().count(), 0);
}

/// Something else answers there: it is not believed, and the key goes no further.
#[test]
fn something_else_that_answers_is_no_server() {
    let world = World::new();
    let (key, _) = key_file(&world, "key", "supervisor", &[]);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let further = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, there) = (format!("http://{}", other.local_addr().unwrap()), further.local_addr().unwrap());
    let answers = [
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\nConnection: close\r\n\r\nsick".to_owned(),
        format!(
            "HTTP/1.1 302 Found\r\nLocation: http://{there}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ),
        "HTTP/1.1 503 Sorry\r\nContent-Length: 17\r\nConnection: close\r\n\r\n{\"code\":\"strange\"}"
            .to_owned(),
    ];
    let answering = std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = other.accept().unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    for status in ["502", "302", "503"] {
        let ran = clerk(&world, &REPORT).with(&["--url", &url, "--key-file", text(&key)]).run();
        ran.fails(3, &["did not answer", status]);
    }
    answering.join().unwrap();
    further.set_nonblocking(true).unwrap();
    assert!(further.accept().is_err(), "the key was carried further");
}

/// What makes no sense with a server is said, and nothing is asked.
#[test]
fn what_goes_with_the_banks_folder_alone_is_refused() {
    let office = Office::open(World::new());
    let near: [&[&str]; 13] = [
        &["server", "backup", "--out", "copy"],
        &["server", "restore", "copy"],
        &["server", "move", "--from", "sqlite:books", "--to", "postgres://x"],
        &["server", "key", "list"],
        &["server", "key", "add", "--role", "clerk"],
        &["server", "psam", "list"],
        &["server", "open", "psam.card"],
        &["server", "audit", "show"],
        &["server", "revoked", "list"],
        &["server", "psam-statement", "asked", "--out", "statement"],
        &["server", "psam-limit", "limit"],
        &["server", "run"],
        &["bank", "ask", "--bank", "http://127.0.0.1:1"],
    ];
    for args in near {
        // Whether or not there is a key.
        let verb = args[..2].join(" ");
        let words = [&*format!("`gridcard {verb}` works with the bank's own folder"), "GRIDCARD_URL"];
        clerk(&office.world, args).with(&["--url", &office.url]).run().fails(2, &words);
        clerk(&office.world, args).env("GRIDCARD_URL", &office.url).run().fails(2, &words);
    }
    let order = ["server", "order", "--customer", CHEN.number, "--amount", "5"];
    let options: [(&[&str], &[&str]); 15] = [
        (&order, &["--pin-file", "pin"]),
        (&order, &["--psam", "330200000001"]),
        (&order, &["--spend-last-try"]),
        (&order, &["--bank", "http://127.0.0.1:1"]),
        (&order, &["--at", "2026-11-22 08:00:00"]),
        (&order, &["--operator", "Chen"]),
        (&order, &["--operator-password-file", "pin"]),
        (&order, &["--allow-clock-back"]),
        (&REPORT, &["--check"]),
        (&["server", "settle", "r.sms"], &["--search"]),
        (&["server", "settings"], &["--office", "Haishu"]),
        (&["server", "settings"], &["--training"]),
        (&["server", "register", "roster.csv"], &["--office", "Haishu"]),
        (&["company", "export", "--out", "e.csv"], &["--database", "dbname=x"]),
        (&["company", "import", "blocks", "roster.csv", "--source", "x"], &["--database", "dbname=x"]),
    ];
    for (args, option) in options {
        office.ask(args).with(option).run().fails(2, &["does not go with --url"]);
    }
    office.ask(&order).with(&["--seed", "7"]).run().fails(4, &["--seed"]);
    office.ask(&order).with(&["--request"]).run().failed(2);
    office.ask(&["server", "resume"]).run().fails(2, &["--customer"]);
    let alone = [["--request-id", "x"], ["--second-key-file", "x"]];
    for option in alone {
        clerk(&office.world, &REPORT).with(&option).run().fails(2, &["goes with --url alone"]);
    }
    let account = ["server", "order", "--customer", CHEN.number, "--bank-account", "chen"];
    clerk(&office.world, &account).run().fails(2, &["--bank"]);
    office.ask(&account).with(&["--amount", "5"]).run().fails(1, &["no bank"]);
    assert_eq!(office.world.books()["orders"], 0);
    assert_eq!(office.waiting().len(), 0);
}
