//! Books that are larger than anybody wants to hold in memory: lists come line by line, files are read line by line, and a look
//! at the figures does not read the whole file.

use crate::world::{Party, World, text};
use rusqlite::Connection;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Child;

/// Orders of the books here. All of them with their lines took some 80 MiB.
const ORDERS: u32 = 20_000;
/// Memory of its own that a command may have while it works through them, in KiB; it begins with some 3 MiB, and two databases
/// keep 2 MiB of their pages each.
const ENOUGH: u64 = 16 * 1024;

/// A bank with many settled orders, written past the program.
fn bank() -> World {
    let world = World::new();
    let books = Connection::open(world.folder(Party::Bank).join("server.sqlite")).unwrap();
    books
        .execute_batch(&format!(
            "BEGIN; \
             INSERT INTO life (meter, serial, key_state, key_version) \
                 SELECT meter, x'0102030405060708', 'test', 1 FROM holding ORDER BY customer LIMIT 1; \
             CREATE TEMP TABLE n AS WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ORDERS}) \
                 SELECT n, (SELECT id FROM life WHERE serial = x'0102030405060708') AS life FROM n; \
             INSERT INTO purchase (life, count, customer) \
                 SELECT n.life, n, customer FROM n JOIN life ON life.id = n.life JOIN holding ON holding.meter = life.meter; \
             INSERT INTO purchase_order (id, life, count, reason, kind, key_version, amount, issued, valid_until, binding, iccid, \
                 state) \
                 SELECT unhex(printf('%016X', n)), life, n, 'sale', 1, 1, CASE n WHEN {ORDERS} THEN 99999999 ELSE 10000 + n END, '20260105080000', '20260204080000', \
                 x'0000000000000000', '89860021047987991756', 'settled' FROM n; \
             COMMIT;"
        ))
        .unwrap();
    world
}

/// Memory of a process's own in KiB, as it is now.
fn own_memory(process: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn the_first_orders_are_told_while_the_others_are_still_in_the_books() {
    let world = bank();
    for options in [&[][..], &["--json"]] {
        let mut told = world.bank(&[&["server", "orders"], options].concat()).start();
        let mut lines = BufReader::new(told.stdout.take().unwrap());
        // Nobody reads on: the pipe is full and the command waits, far from its end.
        let mut first = vec![0; 400];
        lines.read_exact(&mut first).unwrap();
        let memory = own_memory(&told);
        assert!(memory < ENOUGH, "{options:?}: {memory} KiB of its own memory");
        let mut rest = Vec::new();
        lines.read_to_end(&mut rest).unwrap();
        assert!(told.wait().unwrap().success());
        let whole = String::from_utf8([first, rest].concat()).unwrap();
        if options.is_empty() {
            let rows: Vec<&str> = whole.lines().collect();
            assert_eq!(rows.len() as u32, ORDERS + 1);
            assert!(rows[0].starts_with("ORDER ") && rows[1].starts_with("0000000000000001 "), "{}", rows[1]);
            assert!(rows[rows.len() - 1].starts_with(&format!("{ORDERS:016X} ")));
            // Columns stand below each other; the last amount is wider than what the columns were made for, and moves the end of
            // its part of the table.
            let place = rows[0].find("VALID UNTIL").unwrap();
            let until = |row: &&str| row[place - 2..].starts_with("  2026-02-04 08:00:00");
            assert!(rows[1..19_000].iter().all(until), "{}", rows[18_999]);
            let last = rows[rows.len() - 1];
            assert!(last.contains("  20000  999999.99 yuan  sale "), "{last}");
            assert_eq!(rows[rows.len() - 2].find("  sale "), last.find("  sale "));
        } else {
            let object: serde_json::Value = serde_json::from_str(&whole).unwrap();
            assert_eq!((&object["schema"], whole.lines().count()), (&1.into(), 1));
            let orders = object["orders"].as_array().unwrap();
            assert_eq!(orders.len() as u32, ORDERS);
            assert_eq!((&orders[7]["count"], &orders[7]["amount_fen"]), (&8.into(), &10_008.into()));
        }
    }
    // A reader who has seen enough is no fault.
    let mut told = world.bank(&["server", "orders"]).start();
    let mut heading = String::new();
    BufReader::new(told.stdout.take().unwrap()).read_line(&mut heading).unwrap();
    assert!(told.wait().unwrap().success(), "{heading}");
}

#[test]
fn all_orders_go_into_a_file() {
    let world = bank();
    let said = world.bank(&["server", "orders", "--csv", "all.csv", "--json"]).run().ok().object();
    assert_eq!((&said["count"], &said["file"]), (&ORDERS.into(), &"all.csv".into()));
    let file = std::fs::read_to_string(world.path("all.csv")).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(lines.len() as u32, ORDERS + 1);
    assert!(
        lines[0].starts_with("order,customer,meter,serial,key_version,count,amount_fen,"),
        "{}",
        lines[0]
    );
    assert!(lines[8].contains(",0102030405060708,1,8,10008,sale,"), "{}", lines[8]);
    let nowhere = world.path("no/such/folder.csv");
    world.bank(&["server", "orders", "--csv", text(&nowhere)]).run().failed(1);
}

#[test]
fn no_orders_are_a_list_of_none() {
    let world = World::new();
    let said = world.bank(&["server", "orders", "--json"]).run().ok();
    assert_eq!(said.stdout, "{\"orders\":[],\"schema\":1}\n");
    let said = world.bank(&["server", "orders"]).run().ok();
    assert!(said.stdout.starts_with("ORDER ") && said.stdout.lines().count() == 1, "{}", said.stdout);
}

#[test]
fn a_long_list_of_customers_needs_no_more_memory_than_a_short_one() {
    let world = World::new();
    let mut taken = world.bank(&["server", "register", "/dev/stdin", "--json"]).start();
    let mut list = taken.stdin.take().unwrap();
    list.write_all(b"customer,meter,msisdn,imsi,imei,iccid,name\n").unwrap();
    let rows = 60_000;
    let line = |n: u32| {
        let iccid = format!("8986002633{n:09}");
        let check = wire::bcd::luhn_check_digit(&iccid);
        format!(
            "7702{n:08},7711{n:08},+86139{n:08},46007{n:010},490154203237518,{iccid}{check},Customer number {n} of a long list\n"
        )
    };
    for n in 0..rows {
        list.write_all(line(n).as_bytes()).unwrap();
    }
    // One line again, and its meter for somebody else: both are found, though nobody holds the lines before them.
    list.write_all(line(41).as_bytes()).unwrap();
    let other = line(rows + 1).replace(&format!("7711{:08}", rows + 1), "771100000041");
    list.write_all(other.as_bytes()).unwrap();
    // All but what stands in the pipe was worked through.
    let memory = own_memory(&taken);
    drop(list);
    let out = taken.wait_with_output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&report["registered"], &report["rejected"].as_array().unwrap().len()), (&rows.into(), &2));
    assert_eq!(report["rejected"][0], "line 60002, customer: stands already in line 43");
    assert_eq!(report["rejected"][1], "line 60003, meter: stands already in line 43");
    assert!(memory < ENOUGH, "{memory} KiB of its own memory");
}

#[test]
fn a_report_says_whether_the_whole_file_was_looked_through() {
    let world = World::new();
    let report = || world.bank(&["server", "report"]);
    assert_eq!(report().with(&["--json"]).run().ok().object()["file_checked"], false);
    report().run().ok().shows(&["not looked through; --check does"]);
    assert_eq!(report().with(&["--check", "--json"]).run().ok().object()["file_checked"], true);
    report().with(&["--check"]).run().ok().shows(&["whole"]);
    // A row that points nowhere: the sums do not see it, the whole file shows it.
    let books = Connection::open(world.folder(Party::Bank).join("server.sqlite")).unwrap();
    books
        .execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO ask (psam, order_id) VALUES ('000000000009', x'0909090909090909')")
        .unwrap();
    drop(books);
    report().run().ok();
    report().with(&["--check"]).run().fails(1, &["a row of ask points nowhere"]);
}
