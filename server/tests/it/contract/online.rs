//! Purchases of a meter that is online: what the books agree to, and which order they bring.

use super::{Bank, Engine};
use crate::house::{customer, meter, serial, sim, terms};
use gridcard_server::{
    ONLINE_S, OnlineBegin, OnlineError, OnlinePurchase, OnlineState, OrderError, OrderRequest, OrderSealer,
    Settlement,
};
use keys::Suite;
use scheme::money::Fen;
use scheme::online::{Head, Request, SessionId, digits};
use scheme::order::OrderId;
use scheme::profile::State;

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
        bank.books.online_open(&bank.psam.number(), now).unwrap()
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
