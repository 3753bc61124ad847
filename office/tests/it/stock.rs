//! The stock: what may happen to an item, and what adds up.

use gridcard_office::stock::{Arrival, Filter, HANDLINGS, Handling, ItemKind, Stage, StockError};
use gridcard_office::store::Store;
use scheme::numbers::Serial;
use scheme::profile::CardKind;

const AT: &str = "2026-01-05 09:00:00";
const ESAM: ItemKind = ItemKind::Card(CardKind::Esam);

fn blank(n: u8) -> Arrival {
    Arrival {
        kind: ESAM,
        serial: Some(Serial([n; 8])),
        number: None,
        box_: "B1".into(),
        place: "house".into(),
    }
}

fn meter(number: &str) -> Arrival {
    let (box_, place) = (String::new(), "house".into());
    Arrival { kind: ItemKind::Meter, serial: None, number: Some(number.into()), box_, place }
}

fn serial(n: u8) -> String {
    Serial([n; 8]).to_string()
}

#[test]
fn arrivals_come_in_whole_or_not_at_all() {
    let mut store = Store::in_memory().unwrap();
    store.arrive(AT, &[blank(1), blank(2), meter("000000000012")]).unwrap();
    let error = store.arrive(AT, &[blank(3), blank(2)]).unwrap_err();
    assert!(matches!(&error, StockError::Known { place: 1, .. }), "{error}");
    assert!(store.chip(Serial([3; 8])).unwrap().is_none());
    assert!(store.arrive(AT, &[meter("000000000012")]).is_err());
    assert_eq!(store.in_stock(ESAM).unwrap(), 2);
}

#[test]
fn the_table_of_acts_is_kept_and_what_it_forbids_is_named() {
    for row in &HANDLINGS {
        assert_eq!(row.act.row().what, row.what);
    }
    let mut store = Store::in_memory().unwrap();
    store.arrive(AT, &[blank(1), meter("000000000012")]).unwrap();
    let chip = store.find(&serial(1), None).unwrap();
    let error = store.act_on(AT, Handling::Fit, std::slice::from_ref(&chip), None, "").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "esam on chip {} is blank; it cannot be fitted: that may be what is issued or dispatched",
            serial(1)
        )
    );
    store.act_on(AT, Handling::Dispatch, std::slice::from_ref(&chip), Some("city B"), "lent").unwrap();
    let error = store.act_on(AT, Handling::Fit, std::slice::from_ref(&chip), None, "").unwrap_err();
    assert!(matches!(error, StockError::NeverIssued { .. }), "{error}");
    store.act_on(AT, Handling::TakeBack, std::slice::from_ref(&chip), Some("house"), "").unwrap();
    assert_eq!(store.find(&serial(1), None).unwrap().stage, Stage::Blank);
    let meter = store.find("000000000012", None).unwrap();
    let both = [meter, chip.clone()];
    // All or none: a blank cannot retire, so the meter does not either.
    assert!(store.act_on(AT, Handling::Retire, &both, None, "old").is_err());
    assert_eq!(store.find("000000000012", None).unwrap().stage, Stage::Issued);
    store.act_on(AT, Handling::Scrap, &both, None, "fire").unwrap();
    let error = store.act_on(AT, Handling::Dispatch, &both, Some("x"), "").unwrap_err();
    assert!(error.to_string().contains("is scrapped; it cannot be dispatched"), "{error}");
    let words: Vec<String> = store.history(&chip).unwrap().into_iter().map(|event| event.what).collect();
    assert_eq!(words, ["arrived", "dispatched", "taken-back", "scrapped"]);
}

#[test]
fn the_report_adds_up() {
    let mut store = Store::in_memory().unwrap();
    let blanks: Vec<Arrival> = (1..=9).map(blank).collect();
    store.arrive(AT, &blanks).unwrap();
    for n in [1, 2, 3] {
        let chip = store.find(&serial(n), None).unwrap();
        store.act_on(AT, Handling::Move, &[chip], Some("shelf"), "").unwrap();
    }
    let heaps = store.heaps().unwrap();
    let counts: Vec<(&str, i64)> = heaps.iter().map(|heap| (heap.place.as_str(), heap.count)).collect();
    assert_eq!(counts, [("house", 6), ("shelf", 3)]);
    assert_eq!(store.came_in().unwrap()["esam"], 9);
    let mut shelf = 0;
    let filter = Filter { place: Some("shelf".into()), stage: Some(Stage::Blank), ..Filter::default() };
    store
        .items(&filter, |_| {
            shelf += 1;
            Ok::<(), StockError>(())
        })
        .unwrap();
    assert_eq!(shelf, 3);
}
