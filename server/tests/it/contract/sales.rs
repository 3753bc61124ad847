//! Orders: paid for, sealed, given up, and what a module's chain says of them.

use super::{Bank, Engine};
use crate::house::{esam, meter, serial, sim, terms};
use gridcard_server::{
    Anew, ClearError, Esam, FindingKind, KeyState, Keys, OrderError, OrderRequest, OrderSealer, OrderState,
    Reconciled, SealError,
};
use scheme::money::Fen;
use scheme::order::{Order, OrderId};

pub fn a_sale_is_paid_for_and_kept(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    assert_eq!(bank.reconcile(), Reconciled::default());
    let sealed = bank.buy(0, 5000).unwrap();
    assert_eq!(
        (sealed.order.count, sealed.order.amount, &sealed.sim.iccid),
        (1, Fen(5000), &sim(0, 0).iccid.to_string())
    );
    assert_eq!(bank.sums(), (5000, 0, 5000));
    let placed = bank.books.outstanding(meter(0)).unwrap().unwrap();
    assert_eq!(
        (&placed.order, placed.state, placed.record.clone()),
        (&sealed.order, OrderState::Sealed, Some(sealed.record.clone()))
    );
    assert_eq!(bank.orders(), std::slice::from_ref(&placed));
    let module = bank.psam.number();
    let keys = Keys { state: KeyState::Test, version: 1, city: None };
    assert_eq!(bank.books.asked_of(&placed).unwrap(), (keys, vec![module.clone()]));
    assert_eq!(
        (bank.books.unsettled_of(&module).unwrap(), bank.books.explained_of(&module).unwrap()),
        (1, 1)
    );
    // However often it is asked for, it is the same record, and the module is not asked again.
    let again = bank.books.seal(&mut bank.psam, sealed.order.id, bank.now, &terms()).unwrap();
    assert_eq!((again.record, bank.psam.sealed), (sealed.record, 1));
    let later = bank.buy(1, 100).unwrap();
    let since = |n| bank.books.sealed_since(&module, n).unwrap();
    let of = |order: &Order| hex::encode_upper(order.to_bytes());
    assert_eq!(since(0), [of(&sealed.order), of(&later.order)]);
    assert_eq!(since(1), [of(&later.order)]);
    assert_eq!(bank.reconcile(), Reconciled::default());
    bank.end();
}

pub fn what_is_refused_leaves_nothing(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let sealed = bank.buy(0, 5000).unwrap();
    let before = bank.everything();
    assert!(matches!(bank.buy(0, 100), Err(OrderError::Outstanding { .. })));
    assert!(matches!(bank.buy(1, 0), Err(OrderError::Nothing)));
    assert!(matches!(bank.buy(1, 100_000_000), Err(OrderError::Amount(_))));
    assert!(matches!(bank.buy(8, 100), Err(OrderError::UnknownMeter(_))));
    assert!(matches!(bank.correct(0, 5000), Err(OrderError::SameAmount { .. })));
    assert!(matches!(bank.correct(1, 100), Err(OrderError::NothingOutstanding(_))));
    let anew = bank.draw();
    let reissued = bank.books.reissue(&mut bank.psam, meter(0), bank.now, anew, Anew::Needed, &terms());
    assert!(matches!(reissued, Err(OrderError::NoNeed(_))), "{reissued:?}");
    assert!(matches!(bank.books.void_order(sealed.order.id, bank.now), Err(OrderError::MayBeCredited(_))));
    // An id is used once, whoever's order it is.
    let twice = OrderRequest { meter: meter(1), amount: Fen(100), now: bank.now, id: sealed.order.id };
    bank.books.purchase(&mut bank.psam, &twice, &terms()).unwrap_err();
    assert!(matches!(bank.clear(77, Some("Wang")), Err(ClearError::Unknown(77))));
    assert_eq!((bank.everything(), bank.psam.sealed), (before, 1));
    bank.end();
}

pub fn a_lost_answer_is_found_in_the_chain(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.reconcile();
    bank.psam.cut = true;
    assert!(matches!(bank.buy(0, 100), Err(OrderError::Seal { cause: SealError::Lost(_), .. })));
    let placed = bank.books.interrupted().unwrap().remove(0);
    assert_eq!((placed.state, placed.record.clone()), (OrderState::Prepared, None));
    assert_eq!(bank.sums(), (100, 0, 100), "it may be sealed, so it is paid for");
    assert_eq!(bank.reconcile(), Reconciled { sealed: vec![placed.order.id], ..Reconciled::default() });
    assert!(matches!(bank.books.void_order(placed.order.id, bank.now), Err(OrderError::MayBeCredited(_))));
    let sealed = bank.books.seal(&mut bank.psam, placed.order.id, bank.now, &terms()).unwrap();
    assert_eq!((bank.psam.chain.count, bank.books.interrupted().unwrap()), (1, vec![]));
    let receipt = bank.insert(0, &sealed.record);
    bank.settled(0, &receipt);
    bank.end();
}

pub fn a_certain_refusal_can_be_given_up(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.reconcile();
    bank.psam.faults = vec![SealError::Refused("full".into())];
    assert!(matches!(bank.buy(0, 100), Err(OrderError::Seal { cause: SealError::Refused(_), .. })));
    let placed = bank.books.outstanding(meter(0)).unwrap().unwrap();
    assert!(!placed.may_be_sealed());
    bank.books.void_order(placed.order.id, bank.now).unwrap();
    assert_eq!(bank.sums(), (0, 0, 0), "what was paid is given back");
    assert_eq!(bank.orders()[0].state, OrderState::Void);
    assert_eq!(bank.buy(0, 100).unwrap().order.count, 1, "its count is free again");
    bank.end();
}

pub fn a_chain_that_differs_stops_its_module(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.reconcile();
    let honest = bank.buy(0, 100).unwrap();
    bank.mint(&Order { id: OrderId([0x4D; 8]), ..honest.order.clone() });
    let finding = bank.reconcile().finding.unwrap();
    assert_eq!((finding.kind, finding.freezes), (FindingKind::Chain, true));
    assert_eq!(bank.reconcile().finding, Some(finding.clone()), "one finding, not one a session");
    assert!(matches!(bank.buy(1, 100), Err(OrderError::Stopped { .. })));
    // Settling never stops.
    let receipt = bank.insert(0, &honest.record);
    bank.settled(0, &receipt);
    bank.clear(finding.id, Some("Wang")).unwrap();
    assert_eq!(bank.reconcile(), Reconciled::default());
    bank.buy(1, 100).unwrap();
    bank.end();
}

pub fn other_keys_ask_for_another_order(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let old = bank.buy(0, 100).unwrap();
    bank.books.take_meters(&[esam(0, serial(0), 2)], bank.now).unwrap();
    let placed = bank.books.outstanding(meter(0)).unwrap().unwrap();
    assert!(matches!(bank.books.asked_of(&placed), Err(OrderError::KeysChanged { was: 1, .. })));
    bank.psam.keys = Some(Keys { state: KeyState::Test, version: 1, city: None });
    let before = bank.everything();
    let id = bank.draw();
    let wrong = bank.books.reissue(&mut bank.psam, meter(0), bank.now, id, Anew::KeyChange, &terms());
    assert!(matches!(wrong, Err(OrderError::WrongKeys { .. })), "{wrong:?}");
    assert_eq!(bank.everything(), before);
    // Nor do those of another city, whatever their version.
    let city = |code: &str| Some(code.parse().unwrap());
    let here = Esam { city: city("33020000"), ..esam(0, serial(0), 2) };
    assert_eq!(bank.books.take_meters(&[here], bank.now).unwrap().changed, 1);
    assert_eq!(bank.books.keys_of(meter(0)).unwrap().city, city("33020000"));
    let before = bank.everything();
    bank.psam.keys = Some(Keys { state: KeyState::Test, version: 2, city: city("33030000") });
    let wrong = bank.books.reissue(&mut bank.psam, meter(0), bank.now, id, Anew::KeyChange, &terms());
    let words = wrong.unwrap_err().to_string();
    assert!(words.contains("of city 33030000") && words.contains("of city 33020000"), "{words}");
    assert_eq!(bank.everything(), before);
    bank.psam.keys = Some(Keys { state: KeyState::Test, version: 2, city: city("33020000") });
    let new = bank.books.reissue(&mut bank.psam, meter(0), bank.now, id, Anew::KeyChange, &terms()).unwrap();
    assert_eq!((new.order.count, new.order.amount), (old.order.count, old.order.amount));
    let states: Vec<_> = bank.orders().iter().map(|placed| placed.state).collect();
    assert_eq!(states, [OrderState::Superseded, OrderState::Sealed]);
    assert_eq!(bank.sums(), (100, 0, 100), "paid once");
    bank.end();
}
