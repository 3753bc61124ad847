//! Offices that are apart, and the power company's messages and events.

use super::{Bank, Engine};
use crate::house::{csv, customer, esam, meter, serial, time};
use gridcard_server::company::Contract;
use gridcard_server::{
    Block, Blocked, Books, CompanyError, EventKind, MessageId, Named, OrderError, Principal, Proof, Role,
    Roster, Said, SimKey, Taken, Tariff,
};
use scheme::order::OrderId;

fn office_of(books: &dyn Books, named: Named) -> Option<String> {
    books.office_of(&named).unwrap()
}

pub(super) fn a_customer_belongs_to_who_registered_it(engine: &dyn Engine) {
    let mut books = engine.open();
    let file = csv(2);
    let mut roster = Roster::read(file.as_bytes()).unwrap();
    roster.office = "north".into();
    assert_eq!(books.register(roster).unwrap().registered, 2);
    // Another office hears that the customer is there, and nothing of it; the head office registers it again.
    let file = csv(3);
    let mut roster = Roster::read(file.as_bytes()).unwrap();
    roster.office = "south".into();
    let report = books.register(roster).unwrap();
    assert_eq!((report.registered, report.rejected.len()), (1, 2));
    for line in &report.rejected {
        assert_eq!(line.fault.to_string(), "is registered already, at another office");
    }
    let roster = Roster::read(file.as_bytes()).unwrap();
    assert_eq!(books.register(roster).unwrap().unchanged, 3);
    let north = Some("north".to_owned());
    assert_eq!(office_of(&*books, Named::Customer(customer(0))), north);
    assert_eq!(office_of(&*books, Named::Meter(meter(1))), north);
    let sim = books.customer(customer(0)).unwrap().unwrap().sim;
    assert_eq!(office_of(&*books, Named::Sim(SimKey::Imsi(sim.imsi))), north);
    assert_eq!(office_of(&*books, Named::Customer(customer(2))), Some("south".into()));
    for nobodys in [
        Named::Customer(customer(7)),
        Named::Meter(meter(7)),
        Named::Order(OrderId([9; 8])),
        Named::Finding(9),
        Named::Receipt(vec![0; 176]),
        Named::Contract("C".into()),
    ] {
        assert_eq!(office_of(&*books, nobodys), None);
    }
    assert!(books.give_to_office(customer(0), "south").unwrap());
    assert!(!books.give_to_office(customer(7), "south").unwrap());
    assert_eq!(office_of(&*books, Named::Customer(customer(0))), Some("south".into()));
}

pub(super) fn what_a_customer_has_is_his_offices(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.books.give_to_office(customer(0), "north").unwrap();
    let sealed = bank.buy(0, 5000).unwrap();
    let receipt = bank.insert(0, &sealed.record);
    let named = || Named::Receipt(receipt.to_vec());
    assert_eq!(office_of(&*bank.books, named()), None, "nobody has seen it");
    bank.settled(0, &receipt);
    assert_eq!(office_of(&*bank.books, named()), Some("north".into()));
    assert_eq!(office_of(&*bank.books, Named::Order(sealed.order.id)), Some("north".into()));
    bank.end();
}

pub(super) fn a_certificate_is_one_principals(engine: &dyn Engine) {
    let mut books = engine.open();
    let new = |id: &str, proof, n| Principal {
        id: id.into(),
        proof,
        hash: [n; 32],
        role: Role::Company,
        office: String::new(),
        by_phone: false,
        made: time("20261122080000"),
        expires: None,
        ended: None,
    };
    let (shows, has) = (new("00000001", Proof::Certificate, 1), new("00000002", Proof::Key, 2));
    books.add_principal(&shows).unwrap();
    books.add_principal(&has).unwrap();
    assert_eq!(books.principal_of_certificate(&[1; 32]).unwrap(), Some(shows));
    // The hash of a key is no certificate.
    assert_eq!(books.principal_of_certificate(&[2; 32]).unwrap(), None);
    books.add_principal(&new("00000003", Proof::Certificate, 1)).unwrap_err();
}

pub(super) fn id(id: &str) -> MessageId {
    MessageId { source: "power".into(), id: id.into() }
}

fn contract(number: &str, n: u32) -> Said {
    Said::Contract(Contract {
        contract: number.into(),
        meter: meter(n),
        customer: Some(customer(n)),
        tariff: None,
        begins: time("20261122000000"),
        ends: None,
    })
}

pub(super) fn a_message_is_taken_once(engine: &dyn Engine) {
    let mut books = engine.open();
    let now = time("20261122080000");
    assert_eq!(books.take_message(&id("1"), &contract("C", 0), now).unwrap(), Taken::New);
    assert_eq!(books.take_message(&id("1"), &contract("C", 0), now).unwrap(), Taken::Again);
    let other = books.take_message(&id("1"), &contract("C", 1), now);
    assert!(matches!(other, Err(CompanyError::Reused { .. })), "{other:?}");
    assert_eq!(books.contract("C").unwrap().unwrap().meter, meter(0));
    assert_eq!(books.take_message(&id("2"), &contract("C", 1), now).unwrap(), Taken::New);
    assert_eq!(books.contract("C").unwrap().unwrap().meter, meter(1));
    // By the last message about it the contract is the other customer's.
    let about = |n| books.contracts_about(customer(n), Some(meter(n))).unwrap();
    assert_eq!(about(0), []);
    assert_eq!(about(1).iter().map(|one| one.contract.as_str()).collect::<Vec<_>>(), ["C"]);
    let price = |name: &str, price, begins: &str| {
        let tariff = Tariff { tariff: name.into(), price, begins: time(begins) };
        Said::Tariff(tariff, ["a".into(), "b".into()])
    };
    for (n, said) in [
        price("night", 30, "20270101000000"),
        price("day", 50, "20260101000000"),
        price("night", 20, "20260101000000"),
        price("night", 31, "20270101000000"),
    ]
    .iter()
    .enumerate()
    {
        books.take_message(&id(&format!("t{n}")), said, now).unwrap();
    }
    let prices: Vec<_> = books.tariffs().unwrap().into_iter().map(|line| (line.tariff, line.price)).collect();
    assert_eq!(prices, [("day".into(), 50), ("night".into(), 20), ("night".into(), 31)]);
    // Two people, in the books themselves.
    let alone = Said::Tariff(Tariff { tariff: "x".into(), price: 1, begins: now }, ["a".into(), "a".into()]);
    books.take_message(&id("alone"), &alone, now).unwrap_err();
}

pub(super) fn nothing_is_sold_to_the_blocked(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let mut said = 0;
    let mut block = |books: &mut dyn Books, whom, blocked| {
        said += 1;
        let block = Said::Block(Block { whom, blocked, reason: "arrears".into() });
        books.take_message(&id(&format!("b{said}")), &block, time("20261122080000")).unwrap();
    };
    let (who, which) = (Blocked::Customer(customer(0)), Blocked::Meter(meter(0)));
    block(&mut *bank.books, who, true);
    let before = bank.everything();
    let told = bank.buy(0, 5000).unwrap_err();
    assert!(matches!(&told, OrderError::Blocked { reason, .. } if reason == "arrears"), "{told:?}");
    assert_eq!(bank.everything(), before);
    block(&mut *bank.books, which, true);
    block(&mut *bank.books, who, false);
    bank.buy(0, 5000).unwrap_err();
    block(&mut *bank.books, which, false);
    bank.buy(0, 5000).unwrap();
    block(&mut *bank.books, who, true);
    bank.correct(0, 6000).unwrap_err();
    let less = bank.correct(0, 4000).unwrap();
    let receipt = bank.insert(0, &less.record);
    bank.settled(0, &receipt);
    bank.buy(1, 100).unwrap();
    bank.end();
}

pub(super) fn events_have_numbers_without_a_hole(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.books.give_to_office(customer(0), "north").unwrap();
    assert_eq!(bank.books.last_event().unwrap(), 0, "a first list is no change");
    let wrong = bank.buy(0, 5000).unwrap();
    bank.buy(0, 5000).unwrap_err();
    // What is forgotten takes no number with it.
    bank.books.begin_together().unwrap();
    let now = bank.now;
    bank.books.take_meters(&[esam(2, serial(7), 1)], now).unwrap();
    assert_eq!(bank.books.last_event().unwrap(), 2);
    bank.books.forget_together();
    let right = bank.correct(0, 3000).unwrap();
    let receipt = bank.insert(0, &right.record);
    bank.settled(0, &receipt);
    assert_eq!(bank.books.refund(customer(0), now).unwrap(), 2000);
    bank.books.take_meters(&[esam(2, serial(7), 1)], now).unwrap();
    let events = bank.books.events(0, 100).unwrap();
    let plain: Vec<_> = events.iter().map(|one| (one.number, one.kind, one.amount_fen)).collect();
    assert_eq!(
        plain,
        [
            (1, EventKind::Sale, Some(5000)),
            (2, EventKind::Settlement, Some(3000)),
            (3, EventKind::Reading, None),
            (4, EventKind::Refund, Some(2000)),
            (5, EventKind::ChipChange, None),
        ]
    );
    assert!(events[..4].iter().all(|one| one.customer == Some(customer(0)) && one.office == "north"));
    assert_eq!((events[0].order, events[1].order), (Some(wrong.order.id), Some(right.order.id)));
    assert_eq!((events[2].register.is_some(), events[1].register), (true, None));
    assert_eq!((events[4].meter, events[4].customer), (Some(meter(2)), None));
    assert_eq!(events[4].serial.as_deref(), Some(&*hex::encode_upper(serial(7).0)));
    assert_eq!(bank.books.events(2, 2).unwrap(), events[2..4]);
    assert_eq!(bank.books.last_event().unwrap(), 5);
    let gauges = bank.books.gauges(now).unwrap();
    assert_eq!((gauges.settled, gauges.last_event, gauges.older), (1, 5, [0; 4]));
    let later = now.add_seconds(8 * 86_400).unwrap();
    bank.buy(1, 100).unwrap();
    assert_eq!(bank.books.gauges(later).unwrap().older, [1, 1, 1, 0]);
}
