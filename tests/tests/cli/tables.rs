//! Lists as clerks and spreadsheets send them, the lists that we write, and what others wrote before a terminal.

use crate::records::users_message;
use crate::sims::store_messages;
use crate::world::{CHEN, CUSTOMERS, Kind, Party, World};

const HEADER: &str = "customer,meter,msisdn,imsi,imei,iccid,name";

/// What spreadsheets and people do to the form of a list, and what it is called.
fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let units =
        |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let (tabs, semicolons) = (text.replace(',', "\t"), text.replace(',', ";"));
    vec![
        ("a byte order mark", format!("\u{FEFF}{text}").into_bytes()),
        ("semicolons", semicolons.clone().into_bytes()),
        ("semicolons and their line", format!("sep=;\r\n{}", semicolons.replace('\n', "\r\n")).into_bytes()),
        ("tabs", tabs.clone().into_bytes()),
        (
            "UTF-16, as Unicode text is saved",
            units(&format!("\u{FEFF}{}", tabs.replace('\n', "\r\n")), u16::to_le_bytes),
        ),
        ("UTF-16, big end first", units(&format!("\u{FEFF}{text}"), u16::to_be_bytes)),
        ("UTF-16 without a mark", units(text, u16::to_le_bytes)),
        ("CR alone", text.replace('\n', "\r").into_bytes()),
        ("empty columns and lines", format!("{}\n,,,,,,,,\n\n", text.replace('\n', ",,\n")).into_bytes()),
        ("numbers kept by a formula", quoted(text, "=\"", "\"").into_bytes()),
        ("numbers kept by an apostrophe", quoted(text, "'", "").into_bytes()),
    ]
}

/// Every number of 12 digits and more between two marks.
fn quoted(text: &str, before: &str, after: &str) -> String {
    let cell = |cell: &str| match cell.len() >= 12 && cell.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => format!("{before}{cell}{after}"),
        false => cell.to_owned(),
    };
    text.lines().map(|line| line.split(',').map(cell).collect::<Vec<_>>().join(",") + "\n").collect()
}

fn office() -> World {
    let world = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    world.found_province();
    world.found_city();
    world
}

#[test]
fn a_roster_is_read_in_every_form() {
    let world = office();
    world.found_bank();
    let lines =
        CUSTOMERS.map(|c| [c.number, c.meter, c.msisdn, c.imsi, c.imei, c.iccid, "陈 Chen"].join(","));
    let text = format!("{HEADER}\n{}\n", lines.join("\n"));
    // They are registered without a name, so that a name read wrong would be a difference.
    for (form, bytes) in forms(&text) {
        world.file("form.csv", bytes);
        let ran = world.bank(&["server", "register", "form.csv"]).run();
        let told = ran.stderr.matches("name: is registered as \"\"").count();
        assert_eq!(told, 3, "{form}: {}", ran.stderr);
        ran.fails(1, &["3 line(s) were rejected"]);
    }
    let plain = text.replace(",陈 Chen", ",").replace(",name", ",note");
    for (form, bytes) in forms(&plain) {
        world.file("form.csv", bytes);
        let ran = world.bank(&["server", "register", "form.csv"]).run();
        assert!(
            ran.code == 0 && ran.stdout.contains("unchanged   3"),
            "{form}: {} {}",
            ran.stdout,
            ran.stderr
        );
    }
}

#[test]
fn lists_of_devices_batches_and_stock_are_read_in_every_form() {
    let world = office();
    for (n, (form, bytes)) in
        forms("meter,ceiling\n000020181114,100\n000020181144,\n").into_iter().enumerate()
    {
        world.file("devices.csv", bytes);
        let plan = ["esam", "issue", "--csv", "devices.csv", "--pin-file", "pin", "--dry-run"];
        let ran = world.city(&plan).run();
        assert_eq!(ran.code, 0, "{form}: {}", ran.stderr);
        ran.shows(&["esam 000020181114", "esam 000020181144"]);
        let (_, bytes) = forms(&format!(
            "kind,serial,box\nesam,{:016X},B{n}\nesam,{:016X},B{n}\n",
            2 * n + 256,
            2 * n + 257
        ))
        .remove(n);
        world.file("blanks.csv", bytes);
        world.city(&["stock", "in", "blanks.csv"]).run().ok().shows(&["2 item(s) taken in"]);
        let imsi = |row: usize| format!("46000{:010}", 2 * n + row);
        let (_, bytes) =
            forms(&format!("iccid,imsi\n898604B7{n:012},{}\n898604C7{n:012},{}\n", imsi(0), imsi(1)))
                .remove(n);
        world.file("sims.csv", bytes);
        world.phones(&["issue", "sim", "--batch", "sims.csv", "--yes"]).run().ok().shows(&["good 2"]);
    }
}

#[test]
fn a_file_that_is_no_list_and_a_line_that_is_no_text_are_named() {
    let world = office();
    world.found_bank();
    world.file("book.csv", b"PK\x03\x04\x14\x00\x06\x00");
    // 陈 as a Chinese spreadsheet saves it.
    world.file(
        "gbk.csv",
        [b"kind,serial,meter,number,iccid,imsi,place\n" as &[u8], b"\xB3\xC2,,,,,,\n"].concat(),
    );
    let book = ["book.csv", "it is a workbook of a spreadsheet, not a table; save it there as"];
    world.bank(&["server", "register", "book.csv"]).run().fails(1, &book);
    world.city(&["esam", "issue", "--csv", "book.csv", "--pin-file", "pin"]).run().fails(1, &book[1..]);
    world.city(&["issue", "esam", "--batch", "book.csv", "--pin-file", "pin", "--yes"]).run().fails(1, &book);
    world.city(&["stock", "in", "book.csv"]).run().fails(1, &book);
    world.phones(&["issue", "sim", "--batch", "book.csv", "--yes"]).run().fails(1, &book);
    let gbk = ["line 2: is not UTF-8 text at its byte 1", "GBK", "CSV UTF-8"];
    world.city(&["stock", "in", "gbk.csv"]).run().fails(1, &gbk);
    for (header, verb) in [("meter,ceiling", "esam"), ("number,ceiling", "batch"), (HEADER, "register")] {
        let width = header.matches(',').count();
        world.file(
            "gbk.csv",
            [format!("{header}\n").as_bytes(), b"\xB3\xC2", ",".repeat(width).as_bytes(), b"\n"].concat(),
        );
        let ran = match verb {
            "esam" => world.city(&["esam", "issue", "--csv", "gbk.csv", "--pin-file", "pin"]),
            "batch" => world.city(&["issue", "esam", "--batch", "gbk.csv", "--pin-file", "pin", "--yes"]),
            _ => world.bank(&["server", "register", "gbk.csv"]),
        };
        ran.run().fails(1, &gbk);
    }
    // A number that a spreadsheet damaged is named by line and cause.
    world.file("devices.csv", "meter,ceiling\n2.6E+11,\n20181114,\n");
    let ran = world.city(&["esam", "issue", "--csv", "devices.csv", "--pin-file", "pin"]).run();
    let ran = ran
        .fails(1, &["line 2: meter: a device number is written in powers of ten", "enter the numbers anew"]);
    assert!(
        ran.stderr.contains("line 3: meter: a device number has 12 digits, this has 8 (a spreadsheet drops"),
        "{}",
        ran.stderr
    );
    world.file("request.csv", "number\n2.6E+11\n20181114\n");
    let ran = world.city(&["issue", "esam", "--batch", "request.csv", "--pin-file", "pin", "--yes"]).run();
    ran.fails(
        1,
        &[
            "line 2: number: a device number is written in powers of ten",
            "line 3: number: ",
            "drops the zeros",
        ],
    );
    world.file("in.csv", "kind,number\nmeter,2.6E+11\nmeter,20181114\n");
    let ran = world.city(&["stock", "in", "in.csv"]).run();
    ran.fails(
        1,
        &[
            "line 2: number: a meter number is written in powers of ten",
            "line 3: number: ",
            "drops the zeros",
        ],
    );
}

/// Cells that a spreadsheet would run, and how they stand in what we write.
const RUN: [&str; 6] = ["=1+1", "+1", "-1", "@SUM(A1)", "\u{FF1D}1", "=HYPERLINK(\"\"http://x\"\")"];

#[test]
fn no_list_of_ours_holds_what_a_spreadsheet_runs() {
    let world = office();
    let row = |(n, cell): (usize, &&str)| format!("esam,{:016X},\"{cell}\",\"{cell} place\"\n", n + 256);
    let rows: String = RUN.iter().enumerate().map(row).collect();
    world.file("in.csv", format!("kind,serial,box,place\n{rows}"));
    world.city(&["stock", "in", "in.csv"]).run().ok();
    world.city(&["stock", "list", "--csv", "all.csv"]).run().ok();
    let text = std::fs::read_to_string(world.path("all.csv")).unwrap();
    for cell in RUN {
        assert!(text.contains(&format!("'{cell}")), "{cell}: {text}");
    }
    assert!(
        !text
            .replace('"', "")
            .split([',', '\n'])
            .any(|cell| cell.starts_with(['=', '+', '-', '@', '\u{FF1D}'])),
        "{text}"
    );
    // Our own reader takes the marks away again.
    let place = |world: &World| {
        let shown = world.city(&["stock", "show", "0000000000000100", "--json"]).run().ok().object();
        (shown["place"].clone(), shown["box"].clone())
    };
    assert_eq!(place(&world), ("=1+1 place".into(), "=1+1".into()));
    let other = World::empty(Kind { apart: false, formal: false, suite: "3des" });
    other.found_province();
    other.found_city();
    let without: String = text
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            format!("{},{},{},{}\n", cells[0], cells[1], cells[5], cells[4])
        })
        .take(5)
        .collect();
    other.file("again.csv", without);
    other.city(&["stock", "in", "again.csv"]).run().ok();
    assert_eq!(place(&other), ("=1+1 place".into(), "=1+1".into()));

    // Messages of others: their number begins with a plus sign, their text as they like.
    world.make_sim(&CHEN, &[]);
    let card = world.sim(&CHEN);
    store_messages(&card, &[users_message("=cmd|' /C calc'!A0"), users_message("@x, \"y\"")]);
    let ran = world.phones(&["sim", "export", card.to_str().unwrap(), "--csv", "messages"]).run().ok();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        lines[1].contains(",'+8613900000777,") && lines[1].ends_with(",'=cmd|' /C calc'!A0"),
        "{lines:?}"
    );
    assert!(lines[2].ends_with(",\"'@x, \"\"y\"\"\""), "{lines:?}");

    // A result says why a chip was refused, whatever the words begin with.
    world.file("request.csv", "number\n000000000002\n");
    world
        .city(&[
            "issue",
            "esam",
            "--batch",
            "request.csv",
            "--pin-file",
            "pin",
            "--yes",
            "--result",
            "result.csv",
        ])
        .run()
        .ok();
    let result = std::fs::read_to_string(world.path("result.csv")).unwrap();
    assert!(result.starts_with("line,number,serial,outcome,") && result.lines().count() == 2, "{result}");
}

/// Text of others: it would set the title, colour the line, go back in it, turn it around, hide, and add a line.
const EVIL: &str = "\u{1B}]0;t\u{7}\u{1B}[31m\u{9B}1m\r\u{8}\u{202E}txt\u{2066}\u{200B}\u{7F}";
const SHOWN: &str = "\\x1B]0;t\\x07\\x1B[31m\\x9B1m\\r\\x08<U+202E>txt<U+2066><U+200B>\\x7F";

fn is_safe(text: &str) -> bool {
    !text.chars().any(|c| c != '\n' && scheme::shown::is_unsafe(c))
}

#[test]
fn what_others_wrote_moves_no_cursor_and_turns_no_line() {
    let world = office();
    let both = |ran: crate::command::Ran, words: &str| {
        assert!(is_safe(&ran.stdout) && is_safe(&ran.stderr), "{:?} {:?}", ran.stdout, ran.stderr);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(all.contains(words), "{words:?} in {all}");
    };
    // A list.
    let place = format!("a{EVIL}\nadds up  yes");
    world.file("in.csv", format!("kind,serial,place\nesam,0000000000000100,\"{place}\"\n"));
    world.city(&["stock", "in", "in.csv"]).run().ok();
    let shown = format!("a{}", SHOWN.replace("\\r", "\\n"));
    let list = world.city(&["stock", "list"]).run().ok();
    assert_eq!(list.stdout.lines().filter(|line| line.starts_with("esam")).count(), 1);
    assert!(!list.stdout.contains("\nadds up"), "{}", list.stdout);
    both(list, "<U+202E>txt");
    let item = world.city(&["stock", "show", "0000000000000100"]).run().ok();
    assert!(!item.stdout.contains("\nadds up"), "{}", item.stdout);
    both(item, "a\\x1B]0;t");
    // JSON has the true text, and not one unsafe sign.
    let ran = world.city(&["stock", "show", "0000000000000100", "--json"]).run().ok();
    assert!(is_safe(&ran.stdout) && ran.stdout.contains("\\u202e"), "{}", ran.stdout);
    let kept = ran.object()["place"].as_str().unwrap().to_owned();
    assert!(kept.contains("\u{1B}]0;t\u{7}") && kept.contains('\u{202E}'), "{kept:?}, {shown}");
    // A header, a fault, a name on the command line, a path, a usage fault.
    world.file("bad.csv", format!("kind,{EVIL}\n1,2\n"));
    both(world.city(&["stock", "in", "bad.csv"]).run().failed(1), "is none of");
    both(world.city(&["stock", "show", EVIL]).run().failed(1), "the stock knows no");
    both(world.city(&["card", "show", EVIL]).run().failed(3), SHOWN);
    both(world.city(&["card", "show", EVIL, "--json"]).run().failed(3), "\\u202e");
    both(world.city(&["sim", EVIL]).run().failed(2), "txt");
    both(world.city(&["stock", "list", "--kind", EVIL]).run().failed(2), "txt");
    // A trace, a script, an audit log that somebody wrote.
    world.file("evil.trace", format!("# card {EVIL}\n> 00A40000 02 3F00\n< 9000\n"));
    let ran = world.city(&["trace", "show", "evil.trace"]).run();
    assert!(is_safe(&ran.stdout) && is_safe(&ran.stderr), "{:?} {:?}", ran.stdout, ran.stderr);
    // A message on a SIM.
    world.make_sim(&CHEN, &[]);
    let card = world.sim(&CHEN);
    store_messages(&card, &[users_message(&format!("a{EVIL}\nstatus  01 (ours)"))]);
    let name = card.to_str().unwrap();
    both(world.phones(&["sim", "list", name]).run().ok(), SHOWN);
    let read = world.phones(&["sim", "read", name, "1"]).run().ok();
    assert!(!read.stdout.contains("\nstatus  01 (ours)"), "{}", read.stdout);
    both(read, SHOWN);
    both(world.phones(&["sim", "export", name]).run().ok(), SHOWN);
    both(world.phones(&["sim", "export", name, "--csv", "messages"]).run().ok(), SHOWN);
    let object = world.phones(&["sim", "list", name, "--json"]).run().ok();
    assert!(is_safe(&object.stdout), "{}", object.stdout);
    assert!(object.object()["messages"][0]["what"].as_str().unwrap().starts_with(&format!("a{EVIL}")));
    // A customer's name and a person's words at the bank.
    world.found_bank();
    let imei = "861230400000007";
    let line = format!(
        "330200000001,261100000001,13900000777,460000000000777,{imei},898604B7192271001234,\"x{EVIL}\""
    );
    // The name has a CR, where an editor begins a line.
    world.file("evil.csv", format!("{HEADER}\n{line}\n{line}\n"));
    both(world.bank(&["server", "register", "evil.csv"]).run().failed(1), "line 4, customer");
    world.file("evil.csv", format!("{HEADER}\n{}\n", line.replace("\"x", "\"y")));
    both(world.bank(&["server", "register", "evil.csv"]).run().failed(1), "name: is registered as");
    assert!(world.folder(Party::Bank).exists());
}
