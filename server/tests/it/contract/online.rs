//! Purchases of a meter that is online: what the books agree to, and which order they bring.

use super::{Bank, Engine};
use crate::house::{customer, meter, serial, sim, terms};
use gridcard_server::{
    Bring, ONLINE_S, OnlineBegin, OnlineError, OnlinePurchase, OnlineState, OrderError, OrderRequest,
    OrderSealer, RechargeAsk, RechargeMade, Settlement,
};
use keys::Suite;
use scheme::money::Fen;
use scheme::online::{Head, Request, SessionId, digits};
use scheme::order::OrderId;
use scheme::profile::State;
use scheme::receipt::Receipt;
use scheme::recharge::{Kept, Recharge};

/// What a meter and a telephone say in S1.
struct Said {
    head: Head,
    request: Request,
}

impl Said {
    /// Of meter `n`, which has taken so many purchases, for a purchase as it was begun.
    fn of(bank: &Bank, n: u32, known: &OnlinePurchase, count: u32) -> Self {
        let card = sim(n, 0);
        let head = Head {
            suite: Suite::Sm4,
            meter: meter(n),
            sid: known.sid,
            nonce: [7; 16],
            serial: serial(n),
            count,
            state: State::Test,
            key_version: 1,
        };
        let request = Request {
            meter: meter(n),
            customer: [0; 6],
            amount: known.amount,
            time: bank.now,
            imsi: card.imsi.file(),
            imei: [0x12; 8],
            msisdn: digits(card.msisdn.as_str()),
        };
        Said { head, request }
    }

    fn message(&self) -> Vec<u8> {
        [&self.head.to_bytes()[..], &[0x55; 80]].concat()
    }
}

impl Bank {
    fn begin_online(&mut self, n: u32, fen: Option<u32>) -> Result<OnlinePurchase, OnlineError> {
        let begin = OnlineBegin {
            sid: SessionId(self.draw().0),
            customer: customer(n),
            meter: meter(n),
            amount: fen.map(Fen),
            account: None,
            psam: self.psam.number(),
            at: self.now,
        };
        let known = self.books.begin_online(&begin)?;
        // Asked again it is the same.
        assert_eq!(self.books.begin_online(&begin).unwrap(), known);
        self.books.keep_hello(known.sid, &[0xA0; 40]).unwrap();
        Ok(self.known(known.sid))
    }

    fn known(&self, sid: SessionId) -> OnlinePurchase {
        self.books.online(sid).unwrap().unwrap()
    }

    fn hear_online(&mut self, sid: SessionId, said: &Said) -> Result<OnlinePurchase, OnlineError> {
        let heard = self.books.hear_online(sid, &said.message(), &said.request.to_bytes(), self.now)?;
        assert_eq!(self.known(sid).state, OnlineState::Asked);
        Ok(heard)
    }

    /// The meter credits what its order's record says; its receipt goes back online.
    fn credited_online(&mut self, n: u32, sid: SessionId, order: OrderId, record: &[u8]) -> Settlement {
        self.books.keep_online_order(sid, &[0xA2; 105]).unwrap();
        assert_eq!((self.known(sid).state, self.known(sid).account), (OnlineState::Sealed, None));
        self.insert(n, record);
        let receipt = self.meters[n as usize].receipt(order, self.now).to_bytes();
        let message = [&[0xA3][..], &sid.0, &[0x66; 96]].concat();
        let settled = self.books.settle_online(sid, &message, &receipt, self.now).unwrap();
        let again = self.books.settle_online(sid, &message, &receipt, self.now).unwrap();
        assert_eq!(again, Settlement::AlreadySettled(Some(order)));
        settled
    }
}

pub fn an_online_purchase_is_an_order_like_any_other(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let known = bank.begin_online(0, Some(50_00)).unwrap();
    assert_eq!((known.state, known.is_new(), known.amount), (OnlineState::Begun, true, Fen(50_00)));
    assert_eq!((known.hello, known.request), (Some([0xA0; 40]), None));
    assert!(bank.orders().is_empty(), "nothing is sold before the meter asked");
    let said = Said::of(&bank, 0, &known, 0);
    bank.hear_online(known.sid, &said).unwrap();
    // The same message again is taken, another one is not.
    bank.hear_online(known.sid, &said).unwrap();
    let mut other = Said::of(&bank, 0, &known, 0);
    other.head.nonce = [8; 16];
    assert!(matches!(bank.hear_online(known.sid, &other), Err(OnlineError::Turn { .. })));
    let request = OrderRequest { meter: meter(0), amount: known.amount, now: bank.now, id: known.order };
    let sealed = bank.books.purchase(&mut bank.psam, &request, &terms()).unwrap();
    // The PSAM's second command for the same order is its first one again.
    bank.books.seal_again(&mut bank.psam, known.order, bank.now, &terms()).unwrap();
    assert_eq!(bank.psam.chain.count, 1);
    let settled = bank.credited_online(0, known.sid, known.order, &sealed.record);
    assert!(matches!(settled, Settlement::Settled(settled) if settled.amount == Fen(50_00)));
    assert_eq!(bank.known(known.sid).state, OnlineState::Settled);
    assert_eq!(bank.sums(), (50_00, 50_00, 0));
    assert_eq!(bank.books.online_of(customer(0)).unwrap(), [bank.known(known.sid)]);
    assert!(bank.books.online_of(customer(1)).unwrap().is_empty());
    bank.end();
}

pub fn what_is_outstanding_goes_online(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let sold = bank.buy(0, 30_00).unwrap();
    assert!(matches!(
        bank.begin_online(0, Some(40_00)),
        Err(OnlineError::Order(OrderError::Outstanding { amount: Fen(30_00), .. }))
    ));
    let known = bank.begin_online(0, None).unwrap();
    assert_eq!((known.order, known.amount, known.is_new()), (sold.order.id, Fen(30_00), false));
    // Another meter's order comes between: this one is counted once more, in the card and here.
    bank.buy(1, 20_00).unwrap();
    bank.hear_online(known.sid, &Said::of(&bank, 0, &known, 0)).unwrap();
    let again = bank.books.seal_again(&mut bank.psam, known.order, bank.now, &terms()).unwrap();
    assert_eq!((&again.record, bank.psam.chain.count, bank.psam.chain.value), (&sold.record, 3, 80_00));
    bank.reconcile();
    // The meter refuses; the order stays, and the meter's count says that it took it after all.
    bank.books.keep_online_order(known.sid, &[0xA2; 105]).unwrap();
    bank.books.refuse_online(known.sid, 13).unwrap();
    assert_eq!(
        (bank.known(known.sid).state, bank.known(known.sid).refusal),
        (OnlineState::Refused, Some(13))
    );
    assert_eq!(bank.books.outstanding(meter(0)).unwrap().unwrap().order.id, sold.order.id);
    let known = bank.begin_online(0, Some(30_00)).unwrap();
    bank.hear_online(known.sid, &Said::of(&bank, 0, &known, 1)).unwrap();
    bank.credited_online(0, known.sid, sold.order.id, &sold.record);
    assert_eq!(bank.sums(), (50_00, 30_00, 20_00));
    bank.end();
}

pub fn what_a_meter_asks_for_online_is_judged(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let known = bank.begin_online(0, Some(50_00)).unwrap();
    type Bend = fn(&mut Said);
    let bends: [(&str, Bend); 6] = [
        ("ESAM", |said| said.head.serial = serial(1)),
        ("meter", |said| said.head.meter = meter(1)),
        ("amount", |said| said.request.amount = Fen(50_01)),
        ("customer", |said| said.request.customer = customer(1).0),
        ("telephone number", |said| said.request.msisdn = digits(sim(1, 0).msisdn.as_str())),
        ("SIM", |said| said.request.imsi = sim(1, 0).imsi.file()),
    ];
    for (what, bend) in bends {
        let mut said = Said::of(&bank, 0, &known, 0);
        bend(&mut said);
        let told = bank.hear_online(known.sid, &said);
        assert!(matches!(told, Err(OnlineError::Differs(found)) if found == what), "{what}: {told:?}");
    }
    let taken = bank.hear_online(known.sid, &Said::of(&bank, 0, &known, 1));
    assert!(matches!(taken, Err(OnlineError::Count { meters: 1, next: 1, .. })), "{taken:?}");
    let nobody = SessionId([9; 8]);
    assert!(matches!(bank.hear_online(nobody, &Said::of(&bank, 0, &known, 0)), Err(OnlineError::Unknown(_))));
    // It is one of those that the module keeps, until its time is over.
    let open = |bank: &Bank, seconds| {
        let now = bank.now.add_seconds(seconds).unwrap();
        let others = bank.books.online_open(&bank.psam.number(), meter(1), now).unwrap();
        assert_eq!(
            bank.books.online_open(&bank.psam.number(), meter(0), now).unwrap(),
            0,
            "its own keep it not out"
        );
        others
    };
    assert_eq!([0, ONLINE_S, ONLINE_S + 1].map(|seconds| open(&bank, seconds)), [1, 1, 0]);
    // In time, to the second; and not by a clock that went back.
    let begun = bank.now;
    for (seconds, late) in [(ONLINE_S + 1, true), (-1, true), (ONLINE_S, false)] {
        bank.now = begun.add_seconds(seconds).unwrap();
        let told = bank.hear_online(known.sid, &Said::of(&bank, 0, &known, 0));
        assert_eq!(matches!(told, Err(OnlineError::Late { .. })), late, "{seconds}: {told:?}");
    }
    assert_eq!([180, 181].map(|seconds| open(&bank, seconds)), [1, 0], "asked for, and 120 seconds old");
    // What was begun for another order is over when that is.
    let first = bank.buy(1, 10_00).unwrap();
    let known = bank.begin_online(1, None).unwrap();
    bank.correct(1, 20_00).unwrap();
    let told = bank.hear_online(known.sid, &Said::of(&bank, 1, &known, 0));
    assert!(matches!(told, Err(OnlineError::Changed(_))), "{told:?}");
    let receipt = bank.insert(1, &first.record);
    bank.settled(1, &receipt);
    let told = bank.hear_online(known.sid, &Said::of(&bank, 1, &known, 1));
    assert!(matches!(told, Err(OnlineError::Changed(_))), "{told:?}");
    // Nothing to buy, and nobody's meter.
    assert!(matches!(bank.begin_online(2, Some(0)), Err(OnlineError::Order(OrderError::Nothing))));
    bank.end();
}

/// Whoever has his order brought again and again, and never lets his meter have it, uses up no PSAM: each time counts in it.
pub fn an_order_is_sealed_so_often_online_and_no_more(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let (one, other) = (bank.buy(0, 10_00).unwrap(), bank.buy(1, 10_00).unwrap());
    let mut times = 1;
    let refused = loop {
        let known = bank.begin_online(0, None).unwrap();
        if let Err(refused) = bank.hear_online(known.sid, &Said::of(&bank, 0, &known, 0)) {
            break refused;
        }
        // Another's order comes between each time, so that none is the PSAM's last.
        for id in [one.order.id, other.order.id] {
            bank.books.seal_again(&mut bank.psam, id, bank.now, &terms()).unwrap();
        }
        times += 1;
        assert!(times < 100);
    };
    assert!(
        matches!(refused, OnlineError::Often { order, times: 12, .. } if order == one.order.id),
        "{refused:?}"
    );
    assert_eq!((times, bank.psam.chain.count), (12, 24));
    // Its record still brings it.
    let receipt = bank.insert(0, &one.record);
    bank.settled(0, &receipt);
    bank.end();
}

/// A recharge by the field's frames: what the meter's receipt names is found among what was made for its order.
pub fn a_recharge_settles_by_what_was_made(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let ask = |count, amount: Option<u32>| RechargeAsk {
        customer: customer(0),
        meter: meter(0),
        serial: serial(0),
        count,
        amount: amount.map(Fen),
    };
    let kind = bank.books.recharge_of(&ask(0, Some(10_00)));
    assert!(matches!(kind, Err(OnlineError::Kind { .. })), "an account is not opened by it: {kind:?}");
    let first = bank.buy(0, 10_00).unwrap();
    let receipt = bank.insert(0, &first.record);
    bank.settled(0, &receipt);
    assert_eq!(bank.books.recharge_of(&ask(1, Some(20_00))).unwrap(), Bring::New(Fen(20_00)));
    let wrong = bank.books.recharge_of(&ask(2, Some(20_00)));
    assert!(matches!(wrong, Err(OnlineError::Count { meters: 2, next: 2, .. })), "{wrong:?}");
    let other = RechargeAsk { serial: serial(1), ..ask(1, Some(20_00)) };
    assert!(matches!(bank.books.recharge_of(&other), Err(OnlineError::Differs("ESAM"))));
    let sold = bank.buy(0, 20_00).unwrap();
    let bring = bank.books.recharge_of(&ask(1, None)).unwrap();
    assert!(matches!(bring, Bring::Outstanding(placed) if placed.order.id == sold.order.id));
    // The meter has it already, as it says; and two tries, each for a random of its own.
    assert!(bank.books.recharge_of(&ask(2, None)).is_ok());
    let made = |bank: &mut Bank, n: u8| {
        let recharge = Recharge {
            amount: 20_00_u32.to_be_bytes(),
            count: [0, 0, 0, 2],
            money_mac: [n; 4],
            customer: customer(0).0,
            customer_mac: [n; 4],
        };
        let made = RechargeMade {
            sid: SessionId([n; 8]),
            customer: customer(0),
            meter: meter(0),
            order: sold.order.id,
            amount: Fen(20_00),
            psam: bank.psam.number(),
            at: bank.now,
            kept: Kept { random: [n; 4], recharge },
        };
        let known = bank.books.keep_recharge(&made).unwrap();
        assert!(known.is_recharge() && known.state == OnlineState::Sealed);
        assert_eq!(bank.books.keep_recharge(&made).unwrap(), known, "kept once");
        made
    };
    let (one, other) = (made(&mut bank, 1), made(&mut bank, 2));
    assert_eq!(
        bank.books.online_open(&bank.psam.number(), meter(1), bank.now).unwrap(),
        0,
        "no PSAM keeps one"
    );
    // The meter took the second: its receipt names that, and settles the order.
    bank.insert(0, &sold.record);
    let honest = bank.meters[0].receipt(sold.order.id, bank.now);
    let (order, digest) = other.kept.id();
    let receipt = Receipt { order, digest, ..honest };
    let message = [0xA3; 105];
    let settled = bank.books.settle_online(other.sid, &message, &receipt.to_bytes(), bank.now).unwrap();
    assert!(
        matches!(&settled, Settlement::Settled(settled) if settled.order == sold.order.id),
        "{settled:?}"
    );
    bank.books.end_recharge(other.sid).unwrap();
    assert_eq!(
        (bank.known(other.sid).state, bank.known(one.sid).state),
        (OnlineState::Settled, OnlineState::Sealed)
    );
    let again = bank.books.settle_online(other.sid, &message, &receipt.to_bytes(), bank.now).unwrap();
    assert_eq!(again, Settlement::AlreadySettled(Some(sold.order.id)));
    assert_eq!(bank.books.online_latest(1).unwrap().len(), 1);
    assert_eq!(bank.sums(), (30_00, 30_00, 0));
    // One that names what nobody made is none of ours.
    let strange = Receipt { order: OrderId([9; 8]), ..receipt };
    let held = bank.books.settle_online(other.sid, &message, &strange.to_bytes(), bank.now).unwrap();
    assert!(matches!(held, Settlement::Held(_)));
    bank.end();
}
