//! Orders for user cards: sold, loaded again, made anew for whoever bears the next order, and settled by what a card's money leaves.

use super::{Bank, Engine};
use crate::house::{binding, customer, meter, sim, terms};
use crate::toy::response_packet;
use gridcard_server::{
    Ahead, Anew, Bearer, CardNext, Incoming, OrderError, OrderState, Origin, SealedOrder, Settlement,
};
use scheme::money::Fen;
use scheme::numbers::DeviceNumber;
use scheme::order::{OrderKind, Serial8};
use scheme::user_card::purchase_id;

fn card(n: u8) -> Bearer {
    Bearer { number: DeviceNumber([0x33, 0x02, 0, 0, 8, n]), serial: Serial8([n; 8]) }
}

fn buy(bank: &mut Bank, n: u32, card: &Bearer, fen: u32) -> Result<SealedOrder, OrderError> {
    let request = bank.request(n, fen);
    bank.books.purchase_on_card(&mut bank.psam, &request, card, &terms())
}

fn anew(bank: &mut Bank, n: u32, card: &Bearer) -> Result<SealedOrder, OrderError> {
    let request = (meter(n), bank.now, bank.draw());
    bank.books.reissue_on_card(&mut bank.psam, request, card, &terms())
}

/// The meter takes a card's money: the user data of its receipt, which names card, count and amount.
fn insert(bank: &mut Bank, n: u32, sealed: &SealedOrder) -> Vec<u8> {
    let order = &sealed.order;
    let now = bank.now;
    let toy = &mut bank.meters[n as usize];
    toy.insert(&sealed.record, order.binding, now).unwrap();
    let (named, digest) = purchase_id(order.amount, order.count, order.binding);
    let receipt = scheme::receipt::Receipt { digest, ..toy.receipt(named, now) };
    response_packet(meter(n), &receipt)
}

fn settle(bank: &mut Bank, n: u32, packet: &[u8], is_told: bool) -> Settlement {
    let origin = Origin::Meter(meter(n));
    bank.books.begin_together().unwrap();
    if is_told {
        bank.books.look_ahead(&[Ahead::Receipt(packet.to_vec(), origin.clone())]).unwrap();
    }
    let done = bank.books.settle(&mut bank.psam, Incoming::UserData(packet), &origin, bank.now).unwrap();
    bank.books.keep_together().unwrap();
    done
}

/// A card opens, a card goes on, a SIM replaces it, another card replaces the SIM: the kinds follow from who bore the order before.
pub fn a_card_is_a_bearer_like_a_sim(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let (first, second) = (card(1), card(2));
    assert_eq!(bank.books.card_next(meter(0), &first).unwrap(), CardNext::Sell);
    let opened = buy(&mut bank, 0, &first, 5000).unwrap();
    assert_eq!(
        (opened.order.kind, opened.order.binding, opened.order.count),
        (OrderKind::Open, first.binding(), 1)
    );
    assert_eq!((&*opened.sim.iccid, &opened.sim.imsi), ("user card 330200000801", &None));
    let packet = insert(&mut bank, 0, &opened);
    let Settlement::Settled(settled) = settle(&mut bank, 0, &packet, true) else { panic!("not settled") };
    assert_eq!((settled.order, settled.amount), (opened.order.id, Fen(5000)));
    assert_eq!(
        settle(&mut bank, 0, &packet, false),
        Settlement::AlreadySettled(Some(opened.order.id)),
        "the same receipt again"
    );
    let next = buy(&mut bank, 0, &first, 700).unwrap();
    assert_eq!((next.order.kind, next.order.count), (OrderKind::Recharge, 2));
    let packet = insert(&mut bank, 0, &next);
    settle(&mut bank, 0, &packet, false);
    let on_sim = bank.buy(0, 300).unwrap();
    assert_eq!(on_sim.order.kind, OrderKind::Replacement);
    let receipt = bank.insert(0, &on_sim.record);
    bank.settled(0, &receipt);
    let other = buy(&mut bank, 0, &second, 100).unwrap();
    assert_eq!((other.order.kind, other.order.count), (OrderKind::Replacement, 4));
    let packet = insert(&mut bank, 0, &other);
    settle(&mut bank, 0, &packet, true);
    assert_eq!(bank.sums(), (6100, 6100, 0));
    bank.end();
}

/// Of two orders of one purchase a meter takes one; the receipt says which, whoever bears it.
pub fn an_outstanding_order_goes_from_bearer_to_bearer(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let (first, second) = (card(1), card(2));
    let sold = buy(&mut bank, 0, &first, 5000).unwrap();
    assert!(
        matches!(bank.books.card_next(meter(0), &first), Ok(CardNext::Again(placed)) if placed.order == sold.order)
    );
    assert!(matches!(anew(&mut bank, 0, &first), Err(OrderError::NoNeed(_))));
    assert!(matches!(bank.books.card_next(meter(0), &second), Ok(CardNext::Anew(_))));
    assert!(matches!(buy(&mut bank, 0, &second, 5000), Err(OrderError::Outstanding { .. })));
    let other = anew(&mut bank, 0, &second).unwrap();
    assert_eq!((other.order.count, other.order.amount), (1, Fen(5000)));
    // To the SIM, and both cards are still there.
    let id = bank.draw();
    let on_sim = bank.books.reissue(&mut bank.psam, meter(0), bank.now, id, Anew::Needed, &terms()).unwrap();
    assert_eq!(on_sim.order.binding, binding(&sim(0, 0)));
    // The meter takes the first card's.
    let packet = insert(&mut bank, 0, &sold);
    let Settlement::Settled(settled) = settle(&mut bank, 0, &packet, true) else { panic!("not settled") };
    assert_eq!((settled.order, settled.customer), (sold.order.id, customer(0)));
    let state = |id| bank.books.order(id).unwrap().unwrap().state;
    assert_eq!(state(sold.order.id), OrderState::Settled);
    assert!(![state(other.order.id), state(on_sim.order.id)].contains(&OrderState::Sealed));
    assert_eq!(bank.books.card_next(meter(0), &second).unwrap(), CardNext::Sell);
    assert_eq!(bank.sums(), (5000, 5000, 0));
    bank.end();
}
