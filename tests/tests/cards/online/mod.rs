//! The paper's online purchase between a real PSAM and a real ESAM in memory: whoever carries the messages has no key, and may change,
//! repeat, keep back and mix them [docs/specs/online.md].

mod eye;
mod recharge;
mod signed;

use crate::bench::{Attempt, Bench, binding, imsi_file};
use crate::world::{Province, copy, number, sealer, user_area};
use keys::Suite;
use reader::driver::esam::{Esam, Purse, Wish};
use reader::driver::psam::{Answer, Psam};
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::online::{HELLO_LEN, Head, Request, SessionId};
use scheme::order::{Order, OrderKind, SimBinding};
use scheme::receipt::Receipt;
use scheme::refusal::Refusal;
use server::ServerKey;
use vcard::{Slot, SupplyCut, Torn};
use wire::{Command, Sw};

const WISH: Wish = Wish {
    amount: Fen(100_00),
    imei: [0x49, 0x01, 0x54, 0x20, 0x00, 0x00, 0x01, 0x2F],
    msisdn: [0x86, 0x13, 0x80, 0x00, 0x00, 0x00, 0x01, 0xFF, 0xFF, 0xFF],
};

fn meter() -> MeterNumber {
    MeterNumber(number(42).0)
}

/// Both ends, and the order that is next.
struct Pair {
    suite: Suite,
    psam: Slot,
    key: ServerKey,
    bench: Bench,
    /// Purchases so far: each has a number of its own.
    begun: u64,
}

impl Pair {
    fn new(suite: Suite) -> Self {
        let mut province = Province::new(suite);
        let (esam, _) = province.meter(number(42), None);
        let bench = Bench::new(&esam, suite, number(42));
        let mut psam = copy(&province.psam);
        drop(sealer(&mut psam, &province.server_key));
        Pair { suite, psam, key: province.server_key.clone(), bench, begun: 0 }
    }

    /// A meter whose account was opened on the SIM, with 100.00.
    fn opened(suite: Suite) -> Self {
        let mut pair = Pair::new(suite);
        assert_eq!(pair.bench.present(&pair.attempt(OrderKind::Open, 1)).sw, Sw::OK);
        pair
    }

    fn attempt(&self, kind: OrderKind, count: u32) -> Attempt {
        Attempt::new(self.suite, number(42), kind, count)
    }

    fn order(&self, count: u32) -> Order {
        self.attempt(OrderKind::Recharge, count).order
    }

    /// The PSAM as it is, between two of its commands.
    fn server(&mut self) -> Psam<'_> {
        let info = Psam::open(&mut copy(&self.psam)).unwrap().info();
        let mut psam = Psam::go_on(&mut self.psam, info);
        psam.prove_with(self.key.clone().prover());
        psam
    }

    /// The MCU of the meter: authenticated, with the run information written.
    fn meet(&mut self) {
        let attempt = self.attempt(OrderKind::Recharge, 1);
        self.bench.authenticate();
        self.bench.run_info(&attempt);
    }

    fn esam(&mut self) -> Esam<'_> {
        Esam::new(&mut self.bench.card)
    }

    fn begin(&mut self) -> (SessionId, [u8; HELLO_LEN]) {
        self.begun += 1;
        let sid = SessionId(self.begun.to_be_bytes());
        let now = "20261122090000".parse().unwrap();
        let hello = self.server().begin_purchase(meter(), sid, now).unwrap();
        (sid, hello)
    }

    /// S0 and S1 are said.
    fn asked(&mut self) -> (SessionId, Vec<u8>) {
        let (sid, hello) = self.begin();
        self.meet();
        let message = self.esam().online_request(&hello, &WISH).unwrap();
        (sid, message)
    }

    /// S0, S1, S2.
    fn sealed(&mut self, order: &Order) -> (SessionId, Vec<u8>) {
        let (sid, message) = self.asked();
        self.server().open_request(&message).unwrap();
        (sid, self.server().seal_for_purchase(sid, &order.to_bytes()).unwrap())
    }

    /// All of it.
    fn buy(&mut self, order: &Order) -> Answer {
        let (_, message) = self.sealed(order);
        let answer = self.esam().online_order(&message).unwrap();
        self.server().open_answer(&answer).unwrap()
    }

    fn purse(&mut self) -> Purse {
        self.esam().purse().unwrap()
    }
}

fn heard(request: &[u8]) -> Request {
    Request::parse(request).unwrap()
}

fn receipt(answer: Answer) -> Receipt {
    match answer {
        Answer::Receipt(bytes) => Receipt::parse(&bytes).unwrap(),
        Answer::Refused(error) => panic!("refused with {error}"),
    }
}

#[test]
fn a_purchase_from_end_to_end() {
    for suite in Suite::ALL {
        let mut pair = Pair::opened(suite);
        let (sid, asked) = pair.asked();
        let head = Head::parse(asked[..47].try_into().unwrap()).unwrap();
        assert_eq!((head.count, head.meter, head.sid, head.key_version), (1, meter(), sid, 1));
        let request = heard(&pair.server().open_request(&asked).unwrap());
        assert_eq!((request.amount, request.imei, request.msisdn), (WISH.amount, WISH.imei, WISH.msisdn));
        assert_eq!((request.meter, request.customer), (meter(), pair.order(2).customer.0));
        assert_eq!(request.imsi, imsi_file(0));
        let order = pair.order(2);
        let message = pair.server().seal_for_purchase(sid, &order.to_bytes()).unwrap();
        let chain = pair.server().chain().unwrap().unwrap();
        assert_eq!((chain.count, chain.value), (1, 100_00));
        let answer = pair.esam().online_order(&message).unwrap();
        let receipt = receipt(pair.server().open_answer(&answer).unwrap());
        assert_eq!((receipt.order, receipt.digest, receipt.amount), (order.id, order.digest(), order.amount));
        assert_eq!((receipt.count, receipt.balance), (2, Fen(200_00)));
        let purse = pair.purse();
        assert_eq!((purse.balance, purse.count, purse.total_credited), (Fen(200_00), 2, Fen(200_00)));
        // Each of the server's answers may be lost and asked for again.
        assert_eq!(heard(&pair.server().open_request(&asked).unwrap()), request);
        assert_eq!(pair.server().seal_for_purchase(sid, &order.to_bytes()).unwrap(), message);
        assert_eq!(pair.server().chain().unwrap(), Some(chain), "and is not counted again");
        assert!(matches!(pair.server().open_answer(&answer).unwrap(), Answer::Receipt(_)));
        // The receipt is the stored one: a SIM that comes with the same order gets it too.
        let same = pair.attempt(OrderKind::Recharge, 2);
        let user_data = pair.bench.present(&same);
        assert_eq!(user_data.sw, Sw::OK);
        assert_eq!(pair.purse().balance, Fen(200_00));
        let mut psam = pair.server();
        let again = psam.open_receipt(meter(), &user_data.data).unwrap();
        assert_eq!(Receipt::parse(&again).unwrap(), receipt);
    }
}

/// A meter that was never opened is opened online too: the request then names no customer.
#[test]
fn an_account_is_opened() {
    let mut pair = Pair::new(Suite::Sm4);
    let (sid, asked) = pair.asked();
    let order = pair.attempt(OrderKind::Open, 1).order;
    assert_eq!(heard(&pair.server().open_request(&asked).unwrap()).customer, [0; 6]);
    let message = pair.server().seal_for_purchase(sid, &order.to_bytes()).unwrap();
    let answer = pair.esam().online_order(&message).unwrap();
    assert_eq!(receipt(pair.server().open_answer(&answer).unwrap()).balance, Fen(100_00));
    let parameters = pair.esam().parameters().unwrap();
    assert!(parameters.opened);
    assert_eq!((parameters.customer, parameters.binding), (order.customer, binding(&imsi_file(0))));
}

#[test]
fn every_flipped_bit_is_found() {
    for suite in Suite::ALL {
        let mut pair = Pair::opened(suite);
        let flipped = |message: &[u8]| {
            let message = message.to_vec();
            (0..message.len() * 8).map(move |bit| {
                let mut bent = message.clone();
                bent[bit / 8] ^= 0x80 >> (bit % 8);
                (bit, bent)
            })
        };
        // S0: the ESAM takes no other meter's and no other suite's; whatever else was changed, the server does not know the answer.
        let (sid, hello) = pair.begin();
        pair.meet();
        for (bit, bent) in flipped(&hello) {
            match pair.esam().online_request(&bent.try_into().unwrap(), &WISH) {
                Err(error) => {
                    let known = [Sw::WRONG_DATA, Refusal::MeterNumber.sw().unwrap()];
                    assert!(known.contains(&error.sw().unwrap()), "S0 bit {bit}: {error}");
                }
                Ok(asked) => {
                    let error = pair.server().open_request(&asked).unwrap_err();
                    assert!(
                        matches!(error.sw(), Some(Sw::KEY_NOT_FOUND | Sw::SM_WRONG)),
                        "S0 bit {bit}: {error}"
                    );
                }
            }
        }
        // S1.
        let asked = pair.esam().online_request(&hello, &WISH).unwrap();
        for (bit, bent) in flipped(&asked) {
            let error = pair.server().open_request(&bent).unwrap_err();
            assert!(matches!(error.sw(), Some(Sw::KEY_NOT_FOUND | Sw::SM_WRONG)), "S1 bit {bit}: {error}");
        }
        pair.server().open_request(&asked).unwrap();
        // S2: a wrong message ends the session, so each bit has one of its own.
        let order = pair.order(2);
        let whole = pair.server().seal_for_purchase(sid, &order.to_bytes()).unwrap();
        let session = user_area(&pair.bench.card);
        for bit in 0..whole.len() * 8 {
            let (sid, hello) = pair.begin();
            let asked = pair.esam().online_request(&hello, &WISH).unwrap();
            pair.server().open_request(&asked).unwrap();
            let message = pair.server().seal_for_purchase(sid, &order.to_bytes()).unwrap();
            let mut bent = message.clone();
            bent[bit / 8] ^= 0x80 >> (bit % 8);
            let error = pair.esam().online_order(&bent).unwrap_err();
            assert_eq!(error.sw(), Some(Sw::SM_WRONG), "S2 bit {bit}");
            let over = pair.esam().online_order(&message).unwrap_err();
            assert_eq!(over.sw(), Some(Sw::CONDITIONS), "S2 bit {bit}: the session is over");
        }
        assert!(user_area(&pair.bench.card) == session, "nothing was written");
        // S3.
        let (_, message) = pair.sealed(&order);
        let answer = pair.esam().online_order(&message).unwrap();
        for (bit, bent) in flipped(&answer) {
            let error = pair.server().open_answer(&bent).unwrap_err();
            let known = matches!(error.sw(), Some(Sw::KEY_NOT_FOUND | Sw::SM_WRONG | Sw::CONDITIONS));
            assert!(known, "S3 bit {bit}: {error}");
        }
        assert!(matches!(pair.server().open_answer(&answer).unwrap(), Answer::Receipt(_)));
        assert_eq!(pair.purse().balance, Fen(200_00));
    }
}

#[test]
fn what_was_said_before_is_worth_nothing() {
    let mut pair = Pair::opened(Suite::Aes128);
    let (first, earlier) = pair.asked();
    pair.server().open_request(&earlier).unwrap();
    let order = pair.order(2);
    let sealed = pair.server().seal_for_purchase(first, &order.to_bytes()).unwrap();
    // The session died with the supply: S2 finds none.
    pair.meet();
    assert_eq!(pair.esam().online_order(&sealed).unwrap_err().sw(), Some(Sw::CONDITIONS));
    // In another purchase it is nothing, and neither is S1 of the one before.
    let (second, later) = pair.asked();
    assert_eq!(pair.esam().online_order(&sealed).unwrap_err().sw(), Some(Sw::SM_WRONG));
    pair.server().open_request(&later).unwrap();
    assert_eq!(
        heard(&pair.server().open_request(&earlier).unwrap()).amount,
        WISH.amount,
        "its own purchase knows it"
    );
    let (_, hello) = pair.begin();
    let [one, other] = [(); 2].map(|()| pair.esam().online_request(&hello, &WISH).unwrap());
    pair.server().open_request(&one).unwrap();
    let error = pair.server().open_request(&other).unwrap_err();
    assert_eq!(error.sw(), Some(Sw::CONDITIONS), "a purchase hears one request");
    // Credited once: S2 again finds no session, and S3 of one purchase is none of another.
    let (third, message) = pair.sealed(&order);
    let answer = pair.esam().online_order(&message).unwrap();
    assert_eq!(pair.esam().online_order(&message).unwrap_err().sw(), Some(Sw::CONDITIONS));
    pair.server().seal_for_purchase(second, &order.to_bytes()).unwrap();
    let other = [&answer[..1], &second.0, &answer[9..]].concat();
    assert_eq!(pair.server().open_answer(&other).unwrap_err().sw(), Some(Sw::SM_WRONG));
    assert!(matches!(pair.server().open_answer(&answer).unwrap(), Answer::Receipt(_)));
    // One key seals one order.
    let another = Order { amount: Fen(1), ..order.clone() };
    let error = pair.server().seal_for_purchase(third, &another.to_bytes()).unwrap_err();
    assert_eq!(error.sw(), Some(Sw::CONDITIONS));
    let now = "20261122090000".parse().unwrap();
    let error = pair.server().begin_purchase(meter(), third, now).unwrap_err();
    assert_eq!(error.sw(), Some(Sw::CONDITIONS), "a number is used once");
    assert_eq!(pair.purse().balance, Fen(200_00));
}

#[test]
fn a_lost_answer_is_got_by_another_purchase_of_the_same_order() {
    for suite in Suite::ALL {
        let mut pair = Pair::opened(suite);
        let order = pair.order(2);
        let first = receipt(pair.buy(&order));
        let (sid, asked) = pair.asked();
        let head = Head::parse(asked[..47].try_into().unwrap()).unwrap();
        assert_eq!(head.count, 2, "the meter says that it has it");
        pair.server().open_request(&asked).unwrap();
        let message = pair.server().seal_for_purchase(sid, &order.to_bytes()).unwrap();
        let before = user_area(&pair.bench.card);
        let answer = pair.esam().online_order(&message).unwrap();
        assert_eq!(receipt(pair.server().open_answer(&answer).unwrap()), first);
        assert!(user_area(&pair.bench.card) == before, "no money, and nothing written");
    }
}

#[test]
fn purchases_stand_side_by_side_and_the_oldest_goes() {
    let mut pair = Pair::opened(Suite::Sm4);
    let (sid, asked) = pair.asked();
    pair.server().open_request(&asked).unwrap();
    // An order for the SIM of another meter between, and another purchase begun.
    let between = Order { meter: MeterNumber(number(77).0), ..pair.order(5) };
    pair.server().seal_order(&between.to_bytes()).unwrap();
    for _ in 0..7 {
        pair.begin();
    }
    let order = pair.order(2);
    let message = pair.server().seal_for_purchase(sid, &order.to_bytes()).unwrap();
    let answer = pair.esam().online_order(&message).unwrap();
    assert_eq!(receipt(pair.server().open_answer(&answer).unwrap()).count, 2);
    assert_eq!(pair.server().chain().unwrap().unwrap().count, 2);
    pair.begin();
    let gone = pair.server().open_answer(&answer).unwrap_err();
    assert_eq!(gone.sw(), Some(Sw::KEY_NOT_FOUND));
}

#[test]
fn an_order_wants_its_proof_its_meter_and_its_turn() {
    let mut pair = Pair::opened(Suite::TripleDes);
    let order = pair.order(2);
    let (sid, _) = pair.begin();
    let early = pair.server().seal_for_purchase(sid, &order.to_bytes()).unwrap_err();
    assert_eq!(early.sw(), Some(Sw::CONDITIONS), "before the request");
    let (sid, asked) = pair.asked();
    pair.server().open_request(&asked).unwrap();
    let before = user_area(&pair.psam);
    let unproved = [&sid.0[..], &order.to_bytes()].concat();
    let command = Command::new(0x80, 0x4E, 0x02, 0x00).data(&unproved);
    assert_eq!(pair.server().fmcos().ask("unproved", &command).unwrap().sw, Sw::NOT_ALLOWED);
    let strange = Order { meter: MeterNumber(number(43).0), ..order.clone() };
    let refused = pair.server().seal_for_purchase(sid, &strange.to_bytes()).unwrap_err();
    assert_eq!(refused.sw(), Some(Sw::WRONG_DATA), "another meter's");
    let much = Order { amount: Fen(u32::MAX), ..order.clone() };
    let refused = pair.server().seal_for_purchase(sid, &much.to_bytes()).unwrap_err();
    assert_eq!(refused.sw(), Some(Sw::COUNTER_END), "beyond the limit");
    assert!(user_area(&pair.psam) == before, "refusals left the card as it was");
    let message = pair.server().seal_for_purchase(sid, &order.to_bytes()).unwrap();
    // Nor does it speak without its PIN, to whom it was not given.
    let answer = pair.esam().online_order(&message).unwrap();
    pair.server().fmcos().select_mf().unwrap();
    let refused = Psam::open(&mut pair.psam).unwrap().open_answer(&answer).unwrap_err();
    assert_eq!(refused.sw(), Some(Sw::NOT_ALLOWED));
}

#[test]
fn refusals_are_said_under_seal_and_change_nothing() {
    let mut pair = Pair::opened(Suite::Aes128);
    let right = Order { amount: Fen(1_00), ..pair.order(2) };
    for (order, refusal) in [
        (Order { count: 3, ..right.clone() }, Refusal::CountSkipped),
        (Order { count: 0, ..right.clone() }, Refusal::CountOlder),
        (Order { serial: scheme::order::Serial8([9; 8]), ..right.clone() }, Refusal::EsamSerial),
        (Order { customer: "000000005001".parse().unwrap(), ..right.clone() }, Refusal::CustomerNumber),
        (Order { binding: SimBinding([1; 8]), ..right.clone() }, Refusal::SimBinding),
        (Order { kind: OrderKind::Open, ..right.clone() }, Refusal::AlreadyOpened),
        (Order { valid_until: "20261122085959".parse().unwrap(), ..right.clone() }, Refusal::Expired),
        (Order { amount: Fen(99_990_000), ..right.clone() }, Refusal::OverCeiling),
    ] {
        let (_, message) = pair.sealed(&order);
        let before = user_area(&pair.bench.card);
        let answer = pair.esam().online_order(&message).unwrap();
        let told = pair.server().open_answer(&answer).unwrap();
        assert_eq!(told, Answer::Refused(refusal.field_error()), "{}", refusal.name());
        assert!(user_area(&pair.bench.card) == before, "{}", refusal.name());
        assert_eq!(pair.esam().online_order(&message).unwrap_err().sw(), Some(Sw::CONDITIONS), "it is over");
    }
    assert_eq!(receipt(pair.buy(&right)).count, 2);
}

#[test]
fn a_session_is_the_mcus_and_ends_with_the_fields() {
    let mut pair = Pair::opened(Suite::Sm4);
    let (_, hello) = pair.begin();
    pair.esam().reset().unwrap();
    let refused = pair.esam().online_request(&hello, &WISH).unwrap_err();
    assert_eq!(refused.sw(), Some(Sw::NOT_ALLOWED), "without the meter's rights");
    let order = pair.order(2);
    // A reading between changes nothing; an identity of the field, an error, or another S0 ends it.
    let (_, message) = pair.sealed(&order);
    pair.purse();
    let short = Command::new(0x00, 0x84, 0x00, 0x00).le(4);
    pair.esam().fmcos().ask("challenge", &short).unwrap();
    assert_eq!(pair.esam().online_order(&message).unwrap_err().sw(), Some(Sw::CONDITIONS));
    let (_, message) = pair.sealed(&order);
    assert_eq!(pair.esam().debit(Fen(999_999_99)).unwrap_err().sw(), Some(Sw::NOT_ENOUGH));
    assert_eq!(pair.esam().online_order(&message).unwrap_err().sw(), Some(Sw::CONDITIONS));
    let (_, message) = pair.sealed(&order);
    let (_, hello) = pair.begin();
    pair.esam().online_request(&hello, &WISH).unwrap();
    assert_eq!(pair.esam().online_order(&message).unwrap_err().sw(), Some(Sw::SM_WRONG));
    // And S0 ends the field's: a MAC needs a new random.
    pair.esam().fmcos().ask("challenge", &short).unwrap();
    let write = Command::new(0x04, 0xD6, 0x82, 0x24).data(&[0; 10]);
    assert_eq!(pair.esam().fmcos().ask("write", &write).unwrap().sw, Sw::SM_WRONG);
    let (_, hello) = pair.begin();
    pair.esam().online_request(&hello, &WISH).unwrap();
    assert_eq!(pair.esam().fmcos().ask("write", &write).unwrap().sw, Sw::CONDITIONS);
    assert_eq!(pair.purse().balance, Fen(100_00));
}

/// The supply fails at every page write of ONLINE ORDER: no money, or all of it with its receipt, which the same order fetches.
#[test]
fn the_supply_fails_at_every_write() {
    for suite in Suite::ALL {
        let mut pair = Pair::opened(suite);
        let order = pair.order(2);
        let fresh = copy(&pair.bench.card);
        for torn in [Torn::Old, Torn::Prefix(20), Torn::Erased, Torn::Noise(4)] {
            let (mut before, mut credited) = (0, 0);
            for after in 0.. {
                pair.bench.card = copy(&fresh);
                let (_, message) = pair.sealed(&order);
                pair.bench.card.cut(SupplyCut { after, torn });
                let said = pair.esam().online_order(&message);
                pair.bench.card = copy(&pair.bench.card);
                pair.meet();
                let purse = pair.purse();
                match (purse.count, purse.balance) {
                    (1, Fen(100_00)) => before += 1,
                    (2, Fen(200_00)) => credited += 1,
                    other => panic!("write {after}: {other:?}"),
                }
                let again = receipt(pair.buy(&order));
                assert_eq!((again.count, again.balance, again.digest), (2, Fen(200_00), order.digest()));
                assert_eq!(pair.purse().total_credited, Fen(200_00), "write {after}");
                if said.is_ok() {
                    break;
                }
            }
            assert!(before > 0 && credited > 1, "{before} before, {credited} after");
        }
    }
}

/// The MCU between: a meter with its ESAM, a phone that carries, and the server's PSAM.
#[test]
fn a_meter_buys_through_a_phone() {
    let suite = Suite::Sm4;
    let mut province = Province::new(suite);
    let (mut esam, mut meter) = province.meter(number(42), None);
    let mut pair = Pair::new(suite);
    pair.psam = copy(&province.psam);
    drop(sealer(&mut pair.psam, &province.server_key));
    pair.key = province.server_key.clone();
    let mut random = crate::world::chance("MCU");
    let mut fill = |bytes: &mut [u8]| scheme::Chance::fill(&mut random, bytes);
    let now = "20261122090000".parse().unwrap();
    // What the MCU says to S0, and to what the server answers it; a telephone that goes brings no answer.
    let mut buy = |pair: &mut Pair, meter: &mut meter::Meter, esam: &mut Slot, order: &Order, goes: bool| {
        let (sid, hello) = pair.begin();
        let imsi = imsi_file(0);
        let caller = meter::Caller { hello: &hello, wish: &WISH, imsi: &imsi };
        let asked = meter.begin_online(esam, caller, now, &mut fill).unwrap();
        let request = heard(&pair.server().open_request(&asked.request).unwrap());
        assert_eq!((request.amount, request.imsi), (WISH.amount, imsi));
        (!goes).then(|| {
            let message = pair.server().seal_for_purchase(sid, &order.to_bytes()).unwrap();
            meter.end_online(esam, &message, asked.count, now)
        })
    };
    let open = pair.attempt(OrderKind::Open, 1).order;
    assert!(buy(&mut pair, &mut meter, &mut esam, &open, true).is_none());
    assert!(meter.state().events.is_empty());
    let report = buy(&mut pair, &mut meter, &mut esam, &open, false).unwrap();
    assert_eq!((report.taken, report.credited, report.broken), (true, Fen(100_00), None));
    assert_eq!(meter.state().balance, Fen(100_00));
    assert!(!meter.state().relay_open);
    let told = receipt(pair.server().open_answer(&report.answer.unwrap()).unwrap());
    assert_eq!((told.order, told.balance), (open.id, Fen(100_00)));
    // The answer was lost: the same order brings the same receipt, and no money.
    let report = buy(&mut pair, &mut meter, &mut esam, &open, false).unwrap();
    assert_eq!((report.taken, report.credited, report.broken), (false, Fen(0), None));
    assert_eq!(receipt(pair.server().open_answer(&report.answer.unwrap()).unwrap()), told);
    // What the meter refuses is under seal: it shows its balance, and the server learns why.
    let skipped = pair.order(3);
    let report = buy(&mut pair, &mut meter, &mut esam, &skipped, false).unwrap();
    assert_eq!((report.taken, report.broken), (false, None));
    let told = pair.server().open_answer(&report.answer.unwrap()).unwrap();
    assert_eq!(told, Answer::Refused(Refusal::CountSkipped.field_error()));
    // S0 of another meter goes no further than the ESAM.
    let hello = pair.server().begin_purchase(MeterNumber(number(43).0), SessionId([9; 8]), now).unwrap();
    let imsi = imsi_file(0);
    let caller = meter::Caller { hello: &hello, wish: &WISH, imsi: &imsi };
    let mut random = crate::world::chance("MCU again");
    let mut fill = |bytes: &mut [u8]| scheme::Chance::fill(&mut random, bytes);
    let broken = meter.begin_online(&mut esam, caller, now, &mut fill).unwrap_err();
    assert_eq!(broken.refusal, Refusal::MeterNumber);
    assert_eq!(meter.state().balance, Fen(100_00));
}
