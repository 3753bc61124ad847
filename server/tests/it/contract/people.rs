//! What the books keep of people who log in, and what they look at.

use super::{Bank, Engine};
use crate::house::{customer, meter, time};
use gridcard_server::{ApprovalState, AskedFor, Books, Decision, OrderState, StoreError, WebSession};
use scheme::moment::Moment;
use scheme::money::Fen;

fn now() -> Moment {
    time("20261122080000")
}

fn after(seconds: i64) -> Moment {
    now().add_seconds(seconds).unwrap()
}

fn session(n: u8, ends: i64) -> WebSession {
    WebSession {
        hash: [n; 32],
        operator: "Chen Li".into(),
        mark: "salt".into(),
        address: "127.0.0.1".into(),
        made: now(),
        seen: now(),
        ends: after(ends),
    }
}

pub(super) fn a_code_is_taken_once(engine: &impl Engine) {
    let mut books = engine.open();
    assert_eq!(books.code_secret("Chen Li").unwrap(), None);
    assert!(!books.take_code("Chen Li", 7).unwrap());
    books.set_code_secret("Chen Li", &[1; 20], now()).unwrap();
    assert!(books.take_code("Chen Li", 7).unwrap());
    // neither the same, nor one before it
    assert!(!books.take_code("Chen Li", 7).unwrap());
    assert!(!books.take_code("Chen Li", 6).unwrap());
    assert!(books.take_code("Chen Li", 8).unwrap());
    let known = books.code_secret("Chen Li").unwrap().unwrap();
    assert_eq!((known.secret, known.last), ([1; 20], 8));
    // a new secret begins anew
    books.set_code_secret("Chen Li", &[2; 20], after(1)).unwrap();
    assert_eq!(
        books.code_secret("Chen Li").unwrap().map(|known| (known.secret, known.last)),
        Some(([2; 20], 0))
    );
    assert_eq!(format!("{:?}", books.code_secret("Chen Li").unwrap()), "Some(CodeSecret(..))");
}

pub(super) fn a_session_is_kept_until_it_ends(engine: &impl Engine) {
    let mut books = engine.open();
    books.begin_web_session(&session(1, 60)).unwrap();
    books.begin_web_session(&session(2, 90)).unwrap();
    assert_eq!(books.web_session(&[1; 32]).unwrap(), Some(session(1, 60)));
    assert_eq!(books.web_session(&[3; 32]).unwrap(), None);
    books.see_web_session(&[1; 32], after(30)).unwrap();
    // a clock that went back does not take what was seen back
    books.see_web_session(&[1; 32], after(10)).unwrap();
    assert_eq!(books.web_session(&[1; 32]).unwrap().unwrap().seen, after(30));
    // whoever logs in later finds those that are over gone
    books.begin_web_session(&WebSession { made: after(61), ..session(3, 120) }).unwrap();
    assert_eq!(books.web_session(&[1; 32]).unwrap(), None);
    books.end_web_session(&[2; 32]).unwrap();
    assert_eq!(books.web_session(&[2; 32]).unwrap(), None);
    assert!(books.web_session(&[3; 32]).unwrap().is_some());
    assert!(
        matches!(books.begin_web_session(&session(3, 60)), Err(StoreError::Rule { .. })),
        "one hash, one session"
    );
}

pub(super) fn failed_logins_are_counted_and_forgotten(engine: &impl Engine) {
    let mut books = engine.open();
    assert_eq!(books.failed_logins("name a").unwrap(), None);
    for n in 1..=3 {
        books.note_failed_login("name a", after(i64::from(n))).unwrap();
        let failed = books.failed_logins("name a").unwrap().unwrap();
        assert_eq!((failed.times, failed.last), (n, after(n.into())));
    }
    assert_eq!(books.failed_logins("name b").unwrap(), None);
    books.forget_failed_logins("name a").unwrap();
    assert_eq!(books.failed_logins("name a").unwrap(), None);
}

pub(super) fn a_person_asks_and_has_no_key(engine: &impl Engine) {
    let mut books = engine.open();
    let id = books.person("0000000a", "Chen Li", "clerk", now()).unwrap();
    assert_eq!(id, "0000000a");
    // he keeps it, whatever is drawn for him later
    assert_eq!(books.person("0000000b", "Chen Li", "clerk", after(5)).unwrap(), "0000000a");
    assert_eq!(books.person("0000000b", "Xu Min", "supervisor", now()).unwrap(), "0000000b");
    // and nobody takes him for a program with a key
    assert_eq!(books.principal("0000000a").unwrap(), None);
    assert_eq!(books.principals().unwrap(), []);
    assert!(!books.end_principal("0000000a", now()).unwrap());
}

fn asked(request: &str, by: &str) -> AskedFor {
    AskedFor {
        request: request.into(),
        act: "reverse".into(),
        asked: "{}".into(),
        customer: Some(customer(0).to_string()),
        reason: "bought twice".into(),
        by: by.into(),
        at: now(),
    }
}

fn decision(state: ApprovalState, by: &str) -> Decision {
    Decision { state, by: by.into(), at: after(60), why: None }
}

pub(super) fn what_was_asked_for_is_decided_once(engine: &impl Engine) {
    let mut books = engine.open();
    let one = books.ask_for(&asked("r1", "Chen Li")).unwrap();
    assert_eq!(books.ask_for(&asked("r1", "Chen Li")).unwrap(), one, "asked twice it is one");
    let two = books.ask_for(&asked("r2", "Chen Li")).unwrap();
    assert_eq!(books.open_approvals().unwrap().iter().map(|open| open.id).collect::<Vec<_>>(), [one, two]);
    let known = books.approval(one).unwrap().unwrap();
    assert_eq!(
        (known.what, known.state, known.decided, known.end),
        (asked("r1", "Chen Li"), ApprovalState::Waiting, None, None)
    );
    // the books themselves refuse it of who asked
    let own = books.decide(one, &decision(ApprovalState::Approved, "Chen Li"));
    assert!(matches!(own, Err(StoreError::Rule { .. })), "{own:?}");
    assert!(books.decide(one, &decision(ApprovalState::Approved, "Xu Min")).unwrap());
    assert!(!books.decide(one, &decision(ApprovalState::Refused, "Wang Fang")).unwrap());
    assert!(books.decide(two, &decision(ApprovalState::Withdrawn, "Chen Li")).unwrap());
    // what was approved is open until it is known what came of it
    assert_eq!(books.open_approvals().unwrap().iter().map(|open| open.id).collect::<Vec<_>>(), [one]);
    books.end_approval(one, 200, "done").unwrap();
    books.end_approval(one, 422, "something else").unwrap();
    let known = books.approval(one).unwrap().unwrap();
    assert_eq!(known.end, Some((200, "done".into())));
    assert_eq!(known.decided, Some(decision(ApprovalState::Approved, "Xu Min")));
    assert_eq!(books.open_approvals().unwrap(), []);
    let last: Vec<i64> = books.last_approvals(None, 1).unwrap().iter().map(|one| one.id).collect();
    assert_eq!(last, [two]);
    assert_eq!(books.last_approvals(Some(&customer(0).to_string()), 9).unwrap().len(), 2);
    assert_eq!(books.last_approvals(Some(&customer(1).to_string()), 9).unwrap(), []);
}

pub(super) fn people_find_what_they_look_for(engine: &impl Engine) {
    let mut bank = Bank::over(engine.open());
    let found = |books: &dyn Books, text: &str| -> Vec<String> {
        let found = books.find(text, 20).unwrap();
        found.iter().map(|one| one.customer.customer.to_string()).collect()
    };
    let all: Vec<String> = (0..3).map(|n| customer(n).to_string()).collect();
    let number = customer(1).to_string();
    let only = vec![number.clone()];
    assert_eq!(found(&*bank.books, &number), only);
    assert_eq!(found(&*bank.books, &format!(" {} {} ", &number[..4], &number[4..])), only);
    assert_eq!(found(&*bank.books, &meter(1).to_string()), only);
    assert_eq!(found(&*bank.books, &meter(1).to_string()[..8]), all, "a part that all have");
    for nothing in ["", " ", "1", "12", "%", "_", "!", "nobody", "' OR 1=1 --", "999999999999", "\u{0}"] {
        assert_eq!(found(&*bank.books, nothing), [""; 0], "{nothing:?}");
    }
    assert_eq!(bank.books.find(&meter(1).to_string()[..8], 2).unwrap().len(), 2, "no more than asked for");
    let order = bank.buy(2, 5000).unwrap().order.id;
    let by_order = bank.books.find(&order.to_string(), 20).unwrap();
    assert_eq!(by_order.len(), 1);
    assert_eq!(by_order[0].customer.customer, customer(2));
    let [known] = &by_order[0].meters[..] else { panic!("{by_order:?}") };
    assert_eq!(known.outstanding.as_ref().map(|placed| placed.order.id), Some(order));
    assert!(known.last.is_none() && known.frozen.is_none());
}

pub(super) fn a_purchase_is_seen_with_what_became_of_it(engine: &impl Engine) {
    let mut bank = Bank::over(engine.open());
    let first = bank.buy(0, 5000).unwrap();
    let second = bank.correct(0, 3000).unwrap();
    let seen = bank.books.purchases_of(customer(0)).unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        seen[0].orders.iter().map(|placed| placed.order.id).collect::<Vec<_>>(),
        [first.order.id, second.order.id]
    );
    assert_eq!(seen[0].standing().unwrap().order.id, second.order.id);
    let waiting = bank.books.awaited().unwrap();
    assert_eq!(
        (waiting.len(), waiting[0].orders, waiting[0].fen),
        (1, 1, 3000),
        "what stands, not what it replaced"
    );
    assert_eq!(bank.books.oldest_awaited(9).unwrap()[0].order.id, second.order.id);
    // The meter took the first of the two.
    let receipt = bank.insert(0, &first.record);
    bank.settled(0, &receipt);
    let seen = bank.books.purchases_of(customer(0)).unwrap();
    let said = seen[0].credited.unwrap();
    assert_eq!((said.order, said.credited, said.balance), (Some(first.order.id), Fen(5000), Fen(5000)));
    assert_eq!(
        seen[0].standing().map(|placed| (placed.order.id, placed.state)),
        Some((first.order.id, OrderState::Settled))
    );
    assert_eq!(bank.books.last_credit(meter(0)).unwrap(), Some(said));
    assert_eq!(bank.books.last_credit(meter(1)).unwrap(), None);
    assert_eq!(bank.books.awaited().unwrap(), []);
    assert_eq!(bank.books.chip_in(meter(0)).unwrap().unwrap().meter, meter(0));
    let last = bank.books.last_orders(1).unwrap();
    assert_eq!(last.iter().map(|placed| placed.order.id).collect::<Vec<_>>(), [second.order.id]);
    let days = bank.books.days("20261122", "20261122").unwrap();
    assert_eq!((days.len(), days[0].sales, days[0].sold_fen, days[0].settled_fen), (1, 1, 5000, 5000));
    assert_eq!(bank.books.days("20261123", "20261231").unwrap(), []);
}
