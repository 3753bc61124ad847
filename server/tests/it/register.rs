//! Registration files, good and bad.

use crate::house::{House, csv, customer, esam, luhn, meter, serial, sim};
use disk::table::{RowFault, TableError};
use gridcard_server::register::Report;
use gridcard_server::roster::{Column, LineFault, RosterError};
use gridcard_server::{Roster, Store};
use scheme::damage::Damage;
use scheme::money::Fen;
use scheme::numbers::NumberError;
use scheme::subscription::{Doubt, NumberFault};

fn register(store: &mut Store, text: &str) -> Report {
    let roster = Roster::read(text.as_bytes()).unwrap();
    store.batch(|act| act.register(roster)).unwrap()
}

const HEADER: &str = "customer,meter,msisdn,imsi,imei,iccid\n";

/// A good line with one field changed.
fn line(n: u32, column: Column, value: &str) -> String {
    let known = sim(n, 0);
    let mut fields = [
        customer(n).to_string(),
        meter(n).to_string(),
        known.msisdn.to_string(),
        known.imsi.to_string(),
        luhn("49015420323751"),
        known.iccid.to_string(),
    ];
    fields[column as usize] = value.to_owned();
    fields.join(",") + "\n"
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let mut store = Store::in_memory().unwrap();
    let first = register(&mut store, &csv(10));
    assert_eq!((first.registered, first.unchanged, first.rejected.len()), (10, 0, 0));
    let before = store.read(|view| view.registrations()).unwrap();
    let second = register(&mut store, &csv(10));
    assert_eq!((second.registered, second.unchanged, second.rejected.len()), (0, 10, 0));
    assert_eq!(store.read(|view| view.registrations()).unwrap(), before);
    let kept = store.read(|view| view.meter(meter(3))).unwrap().unwrap();
    assert_eq!((kept.customer, kept.sim, kept.name.as_deref()), (customer(3), sim(3, 0), Some("Customer 3")));
}

#[test]
fn columns_stand_in_any_order_and_strange_ones_are_named() {
    let mut store = Store::in_memory().unwrap();
    let known = sim(0, 0);
    let text = format!(
        "\u{FEFF}Name, ICCID ,imei,imsi,colour,msisdn,first_purchase,meter,customer\n\
         \"Wang, Fang\",{},{},{},red,{},50.5,{},{}\n",
        known.iccid,
        luhn("49015420323751"),
        known.imsi,
        known.msisdn,
        meter(0),
        customer(0)
    );
    let report = register(&mut store, &text);
    assert_eq!((report.registered, report.unknown_columns), (1, vec!["colour".to_owned()]));
    let due = store.read(|view| view.first_purchases_due()).unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].first_purchase, due[0].name.as_deref()), (Some(Fen(5050)), Some("Wang, Fang")));
}

#[test]
fn a_first_purchase_is_due_until_it_is_ordered() {
    let mut house = House::new(1);
    let known = sim(5, 0);
    let text = format!(
        "customer,meter,msisdn,imsi,imei,iccid,first_purchase\n{},{},{},{},{},{},20\n",
        customer(5),
        meter(5),
        known.msisdn,
        known.imsi,
        luhn("49015420323751"),
        known.iccid
    );
    register(&mut house.store, &text);
    assert_eq!(house.store.read(|view| view.first_purchases_due()).unwrap()[0].meter, meter(5));
    house.list(esam(5, serial(5), 1));
    house.buy(5, 2000).unwrap();
    assert_eq!(house.store.read(|view| view.first_purchases_due()).unwrap(), []);
}

#[test]
fn every_field_is_checked_and_named() {
    let short = NumberError::Length { what: "a meter number", wanted: 12, found: 11 };
    let long = NumberError::Length { what: "a customer number", wanted: 12, found: 13 };
    let letter = NumberError::Digit { what: "a meter number", place: 12, found: 'O' };
    let rounded = NumberError::Damaged { what: "a meter number", damage: Damage::PowersOfTen };
    let devices = [
        (Column::Customer, "1234567890123", long),
        (Column::Meter, "12345678901", short),
        (Column::Meter, "12345678901O", letter),
        (Column::Meter, "000000000000", NumberError::NoDevice { last: 0 }),
        (Column::Meter, "2.6E+11", rounded),
    ];
    let cases = [
        (Column::Customer, "", NumberFault::Empty),
        (Column::Msisdn, "057495598", NumberFault::Country),
        (Column::Msisdn, "+4479460000", NumberFault::Country),
        (Column::Msisdn, "+8623800138000", NumberFault::Country),
        (Column::Msisdn, "+861380013800", NumberFault::Length { found: 10, wanted: "11 or 13 after +86" }),
        (Column::Msisdn, "+86138 0013800", NumberFault::NotADigit { place: 7, found: ' ' }),
        (Column::Imsi, "46000123456789", NumberFault::Length { found: 14, wanted: "15" }),
        (Column::Imei, "490154203237517", NumberFault::CheckDigit { found: '7', wanted: '8' }),
        (Column::Imei, "49015420323751", NumberFault::Length { found: 14, wanted: "15" }),
        (Column::Iccid, "898821100000043001", NumberFault::Length { found: 18, wanted: "19 or 20" }),
        (
            Column::Iccid,
            "89882110000004300\u{661}0",
            NumberFault::NotHexadecimal { place: 18, found: '\u{661}' },
        ),
    ];
    let devices = devices.map(|(column, value, fault)| (column, value, LineFault::Device(fault)));
    let others = cases.map(|(column, value, fault)| (column, value, LineFault::Number(fault)));
    for (column, value, fault) in devices.into_iter().chain(others) {
        let mut store = Store::in_memory().unwrap();
        let text = format!("{HEADER}{}{}", line(1, column, value), line(2, Column::Imei, "490154203237518"));
        let report = register(&mut store, &text);
        assert_eq!(report.registered, 1, "the good line goes on");
        let error = &report.rejected[0];
        assert_eq!((error.line, error.column), (2, Some(column)));
        assert_eq!(error.fault, fault, "{value}");
        assert!(error.to_string().starts_with(&format!("line 2, {}: ", column.name())), "{error}");
    }
}

/// Numbers of one card, however written, are one number; what speaks against one is said and forbids nothing.
#[test]
fn a_number_is_kept_in_one_form() {
    let mut store = Store::in_memory().unwrap();
    let written = |iccid: &str, msisdn: &str| {
        let row = line(1, Column::Iccid, iccid);
        row.replace(sim(1, 0).msisdn.as_str(), msisdn)
    };
    let first = written("898604b7192271001234", "13900000001");
    let report = register(&mut store, &format!("{HEADER}{first}"));
    assert_eq!((report.registered, report.rejected), (1, vec![]));
    for (iccid, msisdn) in
        [("898604B7192271001234", "+8613900000001"), ("9868407B912217002143", "8613900000001")]
    {
        let report = register(&mut store, &format!("{HEADER}{}", written(iccid, msisdn)));
        assert_eq!((report.unchanged, report.rejected), (1, vec![]), "{iccid}");
    }
    let known = store.read(|view| view.customer(customer(1))).unwrap().unwrap().sim;
    assert_eq!((known.iccid.as_str(), known.msisdn.as_str()), ("898604B7192271001234", "+8613900000001"));
    let report = register(&mut store, &format!("{HEADER}{}", line(2, Column::Iccid, "8988211000000430011")));
    let doubts: Vec<_> = report.doubtful.iter().map(|doubt| (doubt.line, doubt.doubt)).collect();
    assert_eq!((doubts, report.registered), (vec![(2, Doubt::CheckDigit { found: '1', wanted: '0' })], 1));
}

#[test]
fn duplicates_in_the_file_and_in_the_store() {
    let mut house = House::new(3);
    let taken = |column: Column, value: &str| line(20, column, value);
    let cases = [
        (Column::Meter, taken(Column::Meter, &meter(1).to_string())),
        (Column::Imsi, taken(Column::Imsi, sim(1, 0).imsi.as_str())),
        (Column::Iccid, taken(Column::Iccid, sim(1, 0).iccid.as_str())),
    ];
    for (column, text) in cases {
        let report = register(&mut house.store, &format!("{HEADER}{text}"));
        assert_eq!(report.rejected[0].column, Some(column));
        assert_eq!(report.rejected[0].fault, LineFault::Taken { customer: customer(1).to_string() });
    }
    let changed =
        register(&mut house.store, &format!("{HEADER}{}", line(1, Column::Imsi, sim(1, 9).imsi.as_str())));
    assert_eq!(changed.rejected[0].column, Some(Column::Imsi));
    assert!(changed.rejected[0].to_string().contains("replacement"), "{}", changed.rejected[0]);

    let good = line(30, Column::Imei, "490154203237518");
    let same_meter = line(31, Column::Meter, &meter(30).to_string());
    let report = register(&mut house.store, &format!("{HEADER}{good}\n{good}{same_meter}"));
    assert_eq!(report.registered, 1);
    let places: Vec<_> = report.rejected.iter().map(|e| (e.line, e.column, e.fault.clone())).collect();
    assert_eq!(
        places,
        [
            (4, Some(Column::Customer), LineFault::InFile { line: 2 }),
            (5, Some(Column::Meter), LineFault::InFile { line: 2 }),
        ]
    );
}

#[test]
fn broken_lines_do_not_stop_the_file() {
    let mut store = Store::in_memory().unwrap();
    let mut bytes = format!("{HEADER}1,2,3\n").into_bytes();
    bytes.extend(b"\xFF\xFE,b,c,d,e,f\n");
    bytes.extend(line(1, Column::Imei, "490154203237518").bytes());
    let roster = Roster::read(&bytes[..]).unwrap();
    let report = store.batch(|act| act.register(roster)).unwrap();
    assert_eq!(report.registered, 1);
    assert_eq!(report.rejected[0].fault, LineFault::Row(RowFault::Fields { found: 3, expected: 6 }));
    assert_eq!(report.rejected[1].fault, LineFault::Row(RowFault::NotText { byte: 1 }));
    let words = report.rejected[1].to_string();
    assert!(words.starts_with("line 3: is not UTF-8 text at its byte 1"), "{words}");
}

#[test]
fn lines_are_counted_as_an_editor_shows_them() {
    let bad = "1,2,3";
    for (end, bom) in [("\n", ""), ("\r\n", ""), ("\r", ""), ("\r\n", "\u{FEFF}")] {
        let good = line(1, Column::Imei, "490154203237518");
        let text = [&format!("{bom}{}", HEADER.trim()), bad, "", "", bad, good.trim(), "\"a", "b\",c", bad]
            .join(end);
        let roster = Roster::read(text.as_bytes()).unwrap();
        let lines: Vec<_> = roster.map(Result::unwrap).map(|(line, parsed)| (line, parsed.is_ok())).collect();
        assert_eq!(lines, [(2, false), (5, false), (6, true), (7, false), (9, false)], "{end:?}");
    }
}

#[test]
fn first_purchases_are_money() {
    for (text, good) in [
        ("50", true),
        ("0.01", true),
        ("999999.99", true),
        ("0", false),
        ("1000000", false),
        ("5,0", false),
        ("-3", false),
    ] {
        let mut store = Store::in_memory().unwrap();
        let row = line(1, Column::Imei, "490154203237518");
        let file = format!("{},first_purchase\n{},\"{text}\"\n", HEADER.trim(), row.trim());
        let report = register(&mut store, &file);
        assert_eq!(report.registered == 1, good, "{text}: {:?}", report.rejected);
        if !good {
            assert_eq!(report.rejected[0].column, Some(Column::FirstPurchase));
        }
    }
}

#[test]
fn headers_that_do_not_do() {
    let missing = Roster::read("customer,meter,msisdn\n".as_bytes());
    assert!(matches!(missing, Err(RosterError::Missing(names)) if names == "imsi, imei, iccid"));
    let twice = Roster::read("customer,meter,msisdn,imsi,imei,iccid,Meter\n".as_bytes());
    assert!(matches!(twice, Err(RosterError::Twice("meter"))));
    assert!(matches!(Roster::read(&b""[..]), Err(RosterError::Table(TableError::Empty))));
}
