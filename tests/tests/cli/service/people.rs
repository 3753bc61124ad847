//! People who log in to the server: their codes, the gate, and what a form has to carry. What pages look like is judged in a browser
//! (`tests/console.sh`).

use crate::command::Ran;
use crate::service::{Answer, Server};
use crate::world::{CHEN, Party, World, text};
use std::time::{SystemTime, UNIX_EPOCH};

/// A bank with a clerk, a supervisor and an auditor.
fn staffed() -> World {
    let world = World::new();
    for (name, password) in
        [("chen", "chen's password"), ("wang", "wang's password"), ("sun", "sun's password")]
    {
        world.file(name, format!("{password}\n"));
    }
    let add = |name: &str, role: &str, who: &[&str]| {
        let file = name.to_lowercase();
        let args = ["operator", "add", name, "--role", role, "--party", "bank", "--password-file", &file];
        world.earnest(Party::Bank, &args).with(who).run().ok();
    };
    add("Chen", "clerk", &[]);
    add("Wang", "supervisor", &CHEN_ACTS);
    add("Sun", "auditor", &[&CHEN_ACTS[..], &WANG_TOO].concat());
    world
}

const CHEN_ACTS: [&str; 4] = ["--operator", "Chen", "--operator-password-file", "chen"];
const SUN_ACTS: [&str; 4] = ["--operator", "Sun", "--operator-password-file", "sun"];
const WANG_TOO: [&str; 4] = ["--second-operator", "Wang", "--second-password-file", "wang"];

fn codes(world: &World, name: &str, who: &[&str]) -> Ran {
    world.earnest(Party::Bank, &["operator", "totp", name, "--json"]).with(who).run()
}

/// The secret of codes, as its base32 says.
fn secret(given: &Ran) -> Vec<u8> {
    let text = given.object()["secret"].as_str().unwrap().to_owned();
    let (mut bits, mut out) = (0_u64, Vec::new());
    for (n, letter) in text.bytes().enumerate() {
        let five = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|one| *one == letter).unwrap();
        bits = bits << 5 | five as u64;
        if n % 8 == 7 {
            out.extend_from_slice(&bits.to_be_bytes()[3..]);
            bits = 0;
        }
    }
    out
}

#[test]
fn first_codes_are_given_alone_and_others_by_two() {
    let world = staffed();
    assert_eq!(codes(&world, "Chen", &[]).code, 4, "nobody logs in");
    let first = codes(&world, "Chen", &CHEN_ACTS).ok();
    assert_eq!(secret(&first).len(), 20);
    assert!(first.object()["uri"].as_str().unwrap().starts_with("otpauth://totp/gridcard:Chen?secret="));
    let again = codes(&world, "Chen", &CHEN_ACTS);
    assert_eq!(again.code, 4, "whoever has his password alone gets no other codes: {again:?}");
    assert_eq!(codes(&world, "Wang", &CHEN_ACTS).code, 4, "nor somebody else's");
    let other = codes(&world, "Chen", &[&CHEN_ACTS[..], &WANG_TOO].concat()).ok();
    assert_ne!(secret(&first), secret(&other));
    assert_eq!(codes(&world, "Sun", &SUN_ACTS).code, 4, "an auditor does no act");
    codes(&world, "Sun", &[&CHEN_ACTS[..], &WANG_TOO].concat()).ok();
    assert_eq!(codes(&world, "Nobody", &[&CHEN_ACTS[..], &WANG_TOO].concat()).code, 1);
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    assert_eq!(
        log.matches("\"operator totp\"").count(),
        3 + log.matches("\"command\":\"operator totp\"").count()
    );
    assert!(!log.contains(first.object()["secret"].as_str().unwrap()), "no secret stands in the log");
}

/// A form as a page of the server sends it.
fn send(server: &Server, path: &str, more: &[(&str, &str)], form: &str) -> Answer {
    let mut headers = vec![("Content-Type", "application/x-www-form-urlencoded"), ("Origin", "http://bank")];
    headers.extend_from_slice(more);
    server.ask("POST", path, &headers, form)
}

/// Chen logs in, by his password and a code of his; gives the cookie.
fn log_in(server: &Server, secret: &[u8]) -> String {
    let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
    let mut login = None;
    // The server's clock stands where the world's does, or at this machine's.
    let server_step = {
        let page = server.ask("GET", "/console/login", &[], "").body;
        let at = page.split("<footer").nth(1).unwrap();
        let from = at.find("20").unwrap();
        let time: scheme::Moment = at[from..from + 19].parse().unwrap();
        u64::try_from(time.seconds() - 8 * 3600).unwrap() / 30
    };
    for near in [server_step, server_step + 1, step] {
        let form = format!(
            "name=Chen&password=chen%27s+password&code={:06}",
            keys::totp::code(secret, near).unwrap()
        );
        let answer = send(server, "/console/login", &[], &form);
        if answer.status == 303 {
            // The same code is good no more.
            assert_eq!(send(server, "/console/login", &[], &form).status, 403);
            login = Some(answer);
            break;
        }
    }
    let head = login.expect("let in").head;
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[test]
fn a_clerk_logs_in_once_with_each_code_and_sells_by_his_own_forms_alone() {
    let world = staffed();
    let secret = secret(&codes(&world, "Chen", &CHEN_ACTS).ok());
    let server = Server::start(&world, &CHEN_ACTS);
    assert_eq!(server.ask("GET", "/console", &[], "").status, 303);
    let cookie = &*log_in(&server, &secret);
    let page = server.ask("GET", "/console", &[("Cookie", cookie)], "");
    assert_eq!(page.status, 200, "{page:?}");
    let token =
        page.body.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (path, id) = (format!("/console/sell/{}", CHEN.number), "0123456789abcdef0123456789abcdef");
    let sale = format!("token={token}&request={id}&amount=50.00");
    let own = [("Cookie", cookie)];
    for (words, form, headers) in [
        ("no token", format!("request={id}&amount=50.00"), &own[..]),
        ("another token", format!("token={}&request={id}&amount=50.00", "0".repeat(64)), &own),
        ("another site", sale.clone(), &[("Cookie", cookie), ("Sec-Fetch-Site", "cross-site")]),
    ] {
        assert_eq!(send(&server, &path, headers, &form).status, 403, "{words}");
    }
    assert_eq!(send(&server, &path, &[], &sale).status, 303, "nobody is logged in: to the login");
    assert_eq!(world.books()["orders"], 0);
    let sold = send(&server, &path, &own, &sale);
    assert_eq!(sold.status, 303, "{sold:?}");
    assert!(sold.head.contains("location: /console/orders/"), "{sold:?}");
    assert_eq!(
        send(&server, &path, &own, &sale).head.lines().nth(1),
        sold.head.lines().nth(1),
        "sent twice it is one"
    );
    // Books to learn with say so on every page, and on what is printed.
    let slip = sold.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    let slip = slip.split(['?', '#']).next().unwrap();
    let says = |path: &str, words: &str| server.ask("GET", path, &own, "").body.contains(words);
    let pages = ["/console", slip, "/console/login"];
    assert!(pages.iter().all(|page| !says(page, "Training:")));
    rusqlite::Connection::open(world.folder(Party::Bank).join("server.sqlite"))
        .unwrap()
        .execute("INSERT INTO setting (name, value) VALUES ('training', '1')", [])
        .unwrap();
    for page in &pages[..2] {
        assert!(says(page, "Training: nothing here is money"), "{page}");
    }
    assert!(says(slip, "TRAINING, no proof of payment") && !says("/console", "TRAINING"));
    let out = send(&server, "/console/logout", &own, &format!("token={token}"));
    assert_eq!(out.status, 303);
    assert_eq!(server.ask("GET", "/console", &own, "").status, 303, "and logged out");
    let (code, words) = server.end();
    assert_eq!(code, Some(0), "{words}");
    assert_eq!(world.books()["orders"], 1);
}

/// What is on a card is said to be on a card, in both languages, and its record is offered to nobody.
#[test]
fn pages_speak_of_a_card_where_an_order_is_on_one() {
    let world = staffed();
    let secret = secret(&codes(&world, "Chen", &CHEN_ACTS).ok());
    let card = world.path("user.card");
    let issue =
        ["user-card", "issue", "--number", "330200000801", "--card", text(&card), "--pin-file", "pin"];
    world.city(&issue).run().ok();
    let write =
        ["server", "card", "write", text(&card), "--customer", CHEN.number, "--amount", "50", "--json"];
    let written = world.earnest(Party::Bank, &write).with(&["--pin-file", "pin"]).with(&CHEN_ACTS).run().ok();
    let order = written.object()["order"].as_str().unwrap().to_owned();
    let server = Server::start(&world, &CHEN_ACTS);
    let cookie = log_in(&server, &secret);
    let page = |path: &str, lang: &str| {
        let answer = server.ask("GET", path, &[("Cookie", &cookie), ("Accept-Language", lang)], "");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    };
    let slip = format!("/console/orders/{order}");
    for (lang, words, number, sim) in [
        ("en", "Put the card into the meter until it shows", "Card ending", "Put the SIM"),
        ("zh", "将购电卡插入电表", "购电卡尾号", "将 SIM 卡插入电表"),
    ] {
        let body = page(&slip, lang);
        assert!(body.contains(words) && body.contains(number) && body.contains("0801"), "{body}");
        assert!(!body.contains(sim) && !body.contains("/sms\""), "{body}");
    }
    let customer = format!("/console/customers/{}", CHEN.number);
    assert!(page(&customer, "en").contains("On the purchase card. Good until"));
    assert!(page(&customer, "zh").contains("已在购电卡上"));
    // Whoever types the address of the record is told where it is.
    let record = server.ask("GET", &format!("{slip}/sms"), &[("Cookie", &cookie)], "");
    assert!(record.status == 422 && record.body.contains("its record fits no SIM"), "{record:?}");
    server.end();
}
