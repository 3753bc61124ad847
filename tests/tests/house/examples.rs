//! The example files are what a newcomer tries first: they must work.

use crate::tree;
use server::{Roster, Store};
use std::fs::File;

#[test]
fn the_customers_of_ningbo_can_all_be_registered() {
    let read = || Roster::read(File::open(tree::root().join("examples/ningbo.csv")).unwrap()).unwrap();
    let roster = read();
    assert_eq!(roster.unknown_columns, Vec::<String>::new());
    let lines: Vec<_> = roster.map(Result::unwrap).collect();
    let wrong: Vec<String> =
        lines.iter().filter_map(|(_, line)| line.as_ref().err()).map(ToString::to_string).collect();
    tree::none(&wrong);
    assert_eq!(lines.len(), 20);
    for (number, line) in &lines {
        let registration = line.as_ref().unwrap();
        assert!(registration.customer.to_string().starts_with("3302"), "line {number}: not of Ningbo");
        assert!(
            registration.name.is_some() && registration.meters[0].first_purchase.is_some(),
            "line {number}"
        );
    }
    let mut store = Store::in_memory().unwrap();
    let report = store.batch(|act| act.register(read())).unwrap();
    assert_eq!((report.registered, report.rejected.len()), (20, 0));
}
