//! What is asked over the network is written down, done once, and answered the same for ever.

use super::Engine;
use crate::house;
use gridcard_server::{
    Answer, Books, Claim, Claimed, Principal, Proof, RequestError, Role, StoreError, Terms,
};
use scheme::moment::Moment;
use scheme::order::OrderId;

fn time() -> Moment {
    house::time("20261122080000")
}

fn time_after(seconds: i64) -> Moment {
    time().add_seconds(seconds).unwrap()
}

pub(super) fn principal(id: &str, n: u8) -> Principal {
    Principal {
        id: id.into(),
        proof: Proof::Key,
        hash: [n; 32],
        role: Role::Clerk,
        office: "Haishu".into(),
        by_phone: n == 2,
        made: time(),
        expires: Some(time_after(60)),
        ended: None,
    }
}

pub(super) fn claim(id: &str, body: u8, order: u8) -> Claim {
    Claim {
        principal: "00000001".into(),
        id: id.into(),
        body: [body; 32],
        order: OrderId([order; 8]),
        at: time(),
    }
}

pub(super) fn answer(words: &str) -> Answer {
    Answer { status: 200, body: words.into() }
}

fn books(engine: &impl Engine) -> Box<dyn Books> {
    let mut books = engine.open();
    books.add_principal(&principal("00000001", 1)).unwrap();
    books.add_principal(&principal("00000002", 2)).unwrap();
    books
}

pub(super) fn a_principal_ends_once(engine: &impl Engine) {
    let mut books = books(engine);
    let known = principal("00000001", 1);
    assert_eq!(books.principal("00000001").unwrap().as_ref(), Some(&known));
    assert_eq!(books.principal("00000003").unwrap(), None);
    assert!(known.is_good(time_after(60)) && !known.is_good(time_after(61)));
    // One id is one principal, and one key is one principal's.
    for twice in [principal("00000001", 3), principal("00000003", 2)] {
        assert!(matches!(books.add_principal(&twice), Err(StoreError::Rule { .. })));
    }
    assert!(books.end_principal("00000001", time_after(5)).unwrap());
    assert!(!books.end_principal("00000001", time_after(6)).unwrap());
    let ended = books.principal("00000001").unwrap().unwrap();
    assert_eq!((ended.ended, ended.is_good(time())), (Some(time_after(5)), false));
    assert_eq!(books.principals().unwrap(), [ended, principal("00000002", 2)]);
}

pub(super) fn a_request_is_answered_once(engine: &impl Engine) {
    let mut books = books(engine);
    assert_eq!(books.claim(&claim("a", 1, 1)).unwrap(), Claimed::New);
    // Whoever comes back while it is under way gets the order's id it had, not the one he drew.
    assert_eq!(books.claim(&claim("a", 1, 2)).unwrap(), Claimed::UnderWay(OrderId([1; 8])));
    assert!(matches!(books.claim(&claim("a", 2, 3)), Err(RequestError::Reused(id)) if id == "a"));
    assert_eq!(books.answered("00000001", "a").unwrap(), None);
    books.answer("00000001", "a", &answer("first")).unwrap();
    assert_eq!(books.answered("00000001", "a").unwrap(), Some(answer("first")));
    assert_eq!(books.answered("00000002", "a").unwrap(), None, "it is nobody else's");
    assert_eq!(books.claim(&claim("a", 1, 4)).unwrap(), Claimed::Answered(answer("first")));
    // The first answer stands, and another body is refused as before.
    books.answer("00000001", "a", &answer("second")).unwrap();
    assert_eq!(books.claim(&claim("a", 1, 4)).unwrap(), Claimed::Answered(answer("first")));
    assert!(matches!(books.claim(&claim("a", 2, 3)), Err(RequestError::Reused(_))));
    // The same id of somebody else is another request; nobody asks without a key.
    let other = Claim { principal: "00000002".into(), ..claim("a", 2, 5) };
    assert_eq!(books.claim(&other).unwrap(), Claimed::New);
    let nobody = Claim { principal: "00000009".into(), ..claim("a", 2, 6) };
    assert!(matches!(books.claim(&nobody), Err(RequestError::Store(StoreError::Rule { .. }))));
}

pub(super) fn acts_are_kept_together_or_not(engine: &impl Engine) {
    let mut books = books(engine);
    books.claim(&claim("a", 1, 1)).unwrap();
    let terms = Terms::new("8657495598", "8613800574500").unwrap();
    books.begin_together().unwrap();
    books.set_terms(&terms).unwrap();
    books.answer("00000001", "a", &answer("lost")).unwrap();
    books.forget_together();
    assert_eq!(books.terms().unwrap(), None);
    assert_eq!(books.claim(&claim("a", 1, 1)).unwrap(), Claimed::UnderWay(OrderId([1; 8])));
    // An act that fails among others leaves nothing, and they stand.
    books.begin_together().unwrap();
    books.set_terms(&terms).unwrap();
    assert!(books.add_principal(&principal("00000001", 9)).is_err());
    assert!(books.terms().unwrap().is_some(), "what is open is seen by who opened it");
    books.answer("00000001", "a", &answer("kept")).unwrap();
    books.keep_together().unwrap();
    assert_eq!(books.terms().unwrap(), Some(terms));
    assert_eq!(books.claim(&claim("a", 1, 1)).unwrap(), Claimed::Answered(answer("kept")));
    books.check().unwrap();
}

/// Acts of several that are kept together: each a step of its own, which one fails takes nothing of another with it.
pub(super) fn steps_stand_or_fall_alone(engine: &impl Engine) {
    let mut books = books(engine);
    books.begin_together().unwrap();
    for (n, (id, falls)) in (1..).zip([("a", false), ("b", true), ("c", false)]) {
        books.begin_together().unwrap();
        assert_eq!(books.claim(&claim(id, 1, n)).unwrap(), Claimed::New);
        // What a rule refuses in the middle of a step can be gone on after.
        assert!(books.add_principal(&principal("00000001", 9)).is_err());
        books.answer("00000001", id, &answer(id)).unwrap();
        if falls { books.forget_together() } else { books.keep_together().unwrap() }
    }
    books.keep_together().unwrap();
    assert_eq!(books.claim(&claim("a", 1, 4)).unwrap(), Claimed::Answered(answer("a")));
    assert_eq!(books.claim(&claim("b", 1, 5)).unwrap(), Claimed::New);
    assert_eq!(books.claim(&claim("c", 1, 6)).unwrap(), Claimed::Answered(answer("c")));
    // All of them fall with what they are steps of.
    books.begin_together().unwrap();
    books.begin_together().unwrap();
    books.claim(&claim("d", 1, 7)).unwrap();
    books.keep_together().unwrap();
    books.forget_together();
    assert_eq!(books.claim(&claim("d", 1, 8)).unwrap(), Claimed::New);
}
