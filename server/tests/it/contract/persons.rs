//! Who is behind a customer's number: sales by telephone, the tariff he has, and what is taken out of the books.

use super::payments::{done, nothing_taken};
use super::requests::{answer, claim, principal};
use super::{Bank, Engine, offices};
use crate::house::{customer, meter, sim, time};
use gridcard_server::company::Contract as Agreed;
use gridcard_server::contract::Contract;
use gridcard_server::{
    Actor, Application, Channel, Cleared, EraseError, Line, NewSlip, OrderError, Period, Question, SWAP_S,
    Said, Sim, SimKey,
};
use scheme::numbers::CustomerNumber;

impl Bank {
    fn through(&mut self, channel: Channel) {
        self.books.act_at(Actor { channel, ..Actor::default() });
    }

    fn later(&mut self, seconds: i64) {
        self.now = self.now.add_seconds(seconds).unwrap();
    }

    /// Sold, credited, settled.
    fn whole_purchase(&mut self, n: u32, fen: u32) {
        let sealed = self.buy(n, fen).unwrap();
        let receipt = self.insert(n, &sealed.record);
        self.settled(n, &receipt);
    }

    fn two(&self, second: Option<&str>) -> Cleared {
        Cleared { at: self.now, by: "Li".into(), second: second.map(Into::into), note: "he asked".into() }
    }

    fn taken_out(&mut self, whom: CustomerNumber, second: Option<&str>) -> Result<(), EraseError> {
        let two = self.two(second);
        self.books.erase(whom, &two).map(|_| ())
    }
}

pub(super) fn a_new_sim_stops_sales_by_telephone_for_a_day(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.through(Channel::Phone);
    // A registration is no swap.
    bank.buy(0, 100).unwrap();
    let swapped = bank.now;
    bank.books.replace_sim(customer(1), &sim(1, 1), swapped).unwrap();
    // Another number on the same card is one as well.
    let number = Sim { msisdn: sim(2, 7).msisdn, ..sim(2, 0) };
    bank.books.replace_sim(customer(2), &number, swapped).unwrap();
    let before = bank.everything();
    for (n, wait) in [(1, 0), (2, 0), (1, SWAP_S - 1), (2, 0), (1, -SWAP_S - 3600)] {
        bank.later(wait);
        let until = swapped.add_seconds(SWAP_S).unwrap();
        let told = bank.buy(n, 100).unwrap_err();
        assert_eq!(scheme::Fault::code(&told), "sim-new");
        assert!(
            matches!(&told, OrderError::NewSim { customer: whose, since, until: end } if (*whose, *since, *end) == (customer(n), swapped, until)),
            "{told:?}"
        );
        bank.pay(n, 100).unwrap_err();
    }
    assert_eq!(bank.everything(), before);
    // The others sell on, and it begins to count with each swap anew.
    bank.now = swapped;
    for channel in [Channel::Command, Channel::Counter, Channel::Bank, Channel::Company] {
        bank.through(channel);
        let id = bank.pay(1, 100).unwrap().order;
        let at = bank.now;
        bank.books.leave_payment(id, at).unwrap();
        bank.says(id, &nothing_taken());
    }
    bank.through(Channel::Phone);
    bank.now = swapped.add_seconds(SWAP_S).unwrap();
    bank.buy(1, 100).unwrap();
    let at = bank.now;
    bank.books.replace_sim(customer(2), &sim(2, 2), at).unwrap();
    bank.buy(2, 100).unwrap_err();
    bank.later(SWAP_S);
    bank.buy(2, 100).unwrap();
    // What was sold through it is seen.
    let question = Question {
        from: "20260101".into(),
        to: "20271231".into(),
        period: Period::Whole,
        by_channel: true,
        ..Question::default()
    };
    let lines = bank.books.statistics(&question).unwrap();
    assert_eq!(
        lines.iter().map(|line| (line.channel.as_str(), line.sales)).collect::<Vec<_>>(),
        [("phone", 3)]
    );
    assert!(principal("00000002", 2).by_phone);
    bank.end();
}

/// As an order is shown.
const HIS_IMSI: &str = "imsi: Some(Imsi(\"460000000000000\"))";

/// A line without what it is parted by.
fn plain(line: &Line) -> Line {
    Line { tariff: String::new(), ..line.clone() }
}

fn plus(a: Line, b: &Line) -> Line {
    Line {
        sales: a.sales + b.sales,
        sold_fen: a.sold_fen + b.sold_fen,
        deliveries: a.deliveries + b.deliveries,
        settled_fen: a.settled_fen + b.settled_fen,
        refunded_fen: a.refunded_fen + b.refunded_fen,
        transferred_fen: a.transferred_fen + b.transferred_fen,
        ..a
    }
}

pub(super) fn a_tariff_is_the_one_that_held(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let mut said = 0;
    let mut say =
        |bank: &mut Bank, contract: &str, n: u32, tariff: &str, begins: &str, ends: Option<&str>| {
            said += 1;
            let agreed = Agreed {
                contract: contract.into(),
                meter: meter(n),
                customer: None,
                tariff: Some(tariff.into()),
                begins: time(begins),
                ends: ends.map(time),
            };
            let now = bank.now;
            bank.books.take_message(&offices::id(&format!("c{said}")), &Said::Contract(agreed), now).unwrap();
        };
    say(&mut bank, "C-0", 0, "home", "20261101000000", None);
    say(&mut bank, "C-1", 1, "shop", "20261101000000", Some("20261123000000"));
    bank.sit("Haishu", None);
    bank.later(1);
    bank.whole_purchase(0, 5000);
    bank.whole_purchase(1, 700);
    bank.whole_purchase(2, 30);
    // It is told today that another tariff begins tomorrow: today it is still the old one.
    say(&mut bank, "C-0", 0, "night", "20261123000000", None);
    bank.later(60);
    bank.whole_purchase(0, 11);
    bank.later(86_400);
    bank.sit("Jiangbei", None);
    bank.whole_purchase(0, 200);
    bank.buy(1, 90).unwrap();
    bank.correct(1, 60).unwrap();
    let question = |by_tariff| Question {
        from: "20260101".into(),
        to: "20271231".into(),
        period: Period::Whole,
        by_tariff,
        ..Question::default()
    };
    let by_tariff = |bank: &Bank| -> Vec<(String, i64, i64, i64)> {
        let lines = bank.books.statistics(&question(true)).unwrap();
        lines.into_iter().map(|line| (line.tariff, line.sales, line.sold_fen, line.settled_fen)).collect()
    };
    let expected = [
        (String::new(), 2, 120, 30),
        ("home".to_owned(), 2, 5011, 5011),
        ("night".to_owned(), 1, 200, 200),
        ("shop".to_owned(), 1, 700, 700),
    ];
    assert_eq!(by_tariff(&bank), expected);
    // What is told later of days that are over changes none of their figures.
    say(&mut bank, "C-2", 2, "late", "20261101000000", None);
    say(&mut bank, "C-0", 0, "other", "20261101000000", None);
    assert_eq!(by_tariff(&bank), expected);
    // Together they are what the sums say, to the fen, however the lines are parted.
    for period in Period::ALL {
        for (by_office, by_channel) in [(false, false), (true, false), (false, true), (true, true)] {
            let ask = |by_tariff| Question { period, by_office, by_channel, ..question(by_tariff) };
            let (parted, whole) =
                (bank.books.statistics(&ask(true)).unwrap(), bank.books.statistics(&ask(false)).unwrap());
            let mut sums: Vec<Line> = Vec::new();
            for line in &parted {
                let place = |sum: &Line| (sum.period.clone(), sum.office.clone(), sum.channel.clone());
                match sums.iter().position(|sum| place(sum) == place(line)) {
                    Some(at) => sums[at] = plus(sums[at].clone(), line),
                    None => sums.push(plain(line)),
                }
            }
            assert_eq!(sums, whole, "{period:?}");
        }
    }
    assert_eq!(bank.books.check_statistics().unwrap(), None);
}

pub(super) fn a_person_is_taken_out(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let who = customer(0);
    let apply = |bank: &mut Bank, n: u32| {
        let application = Application {
            customer: customer(n),
            at: bank.now,
            office: "Haishu".into(),
            clerk: "Li".into(),
            form: 1,
            scan: None,
            agreement: [8; 32],
            contract: Contract { bill: Some(format!("B-{n}")), bank: Some("tok-1".into()) },
            person: Some(vec![1, 2, 3]),
        };
        bank.books.apply(&application).unwrap();
        let msisdn = sim(n, 0).msisdn.to_string();
        let (number, customer, at) = ([n as u8, 0, 0, 1], customer(n), bank.now);
        let slip =
            NewSlip { number, customer, msisdn, psk: [7; 32], at, by: "Li".into(), reason: "new".into() };
        bank.books.give_code(&slip).unwrap();
    };
    apply(&mut bank, 0);
    apply(&mut bank, 1);
    bank.books.add_principal(&principal("00000001", 1)).unwrap();
    bank.books.claim(&claim("his", 1, 1)).unwrap();
    bank.books
        .answer("00000001", "his", &answer(&format!("{{\"customer\":\"{who}\",\"name\":\"Customer 0\"}}")))
        .unwrap();
    bank.books.claim(&claim("other", 2, 2)).unwrap();
    bank.books.answer("00000001", "other", &answer("{\"customer\":\"x\"}")).unwrap();
    // Not while something is between him and the bank.
    let paid = bank.pay(0, 5000).unwrap().order;
    let refused = |bank: &mut Bank| bank.taken_out(who, Some("Wang")).unwrap_err();
    assert!(matches!(refused(&mut bank), EraseError::Outstanding { order, .. } if order == paid));
    bank.says(paid, &done("B1", 5000));
    bank.seal_paid(paid).unwrap();
    assert!(matches!(refused(&mut bank), EraseError::Outstanding { .. }));
    let record = bank.books.order(paid).unwrap().unwrap().record.unwrap();
    let receipt = bank.insert(0, &record);
    bank.settled(0, &receipt);
    let left = bank.pay(0, 100).unwrap().order;
    let at = bank.now;
    bank.books.leave_payment(left, at).unwrap();
    assert!(matches!(refused(&mut bank), EraseError::Owed { .. }));
    bank.says(left, &nothing_taken());
    // Nor while the company has a contract with him.
    let agreed = |ends| {
        Said::Contract(Agreed {
            contract: "C-0".into(),
            meter: meter(0),
            customer: Some(who),
            tariff: None,
            begins: time("20261101000000"),
            ends,
        })
    };
    bank.books.take_message(&offices::id("1"), &agreed(None), at).unwrap();
    assert!(matches!(refused(&mut bank), EraseError::Contract { contract, .. } if contract == "C-0"));
    bank.books.take_message(&offices::id("2"), &agreed(Some(time("20261122075959"))), at).unwrap();
    for second in [None, Some("Li")] {
        assert!(matches!(bank.taken_out(who, second), Err(EraseError::TwoPeople(_))));
    }
    assert!(matches!(bank.taken_out(customer(7), Some("Wang")), Err(EraseError::Unknown(_))));

    let before = (bank.everything(), bank.books.check_ledger().unwrap(), bank.books.events(0, 100).unwrap());
    assert!(!bank.books.customer(who).unwrap().unwrap().is_erased());
    bank.taken_out(who, Some("Wang")).unwrap();
    assert_eq!(bank.books.erasure_of(who).unwrap().map(|erasure| erasure.second), Some("Wang".to_owned()));
    // What was booked, ordered and chained is as it was; but for which SIM of a person an order was made is known no more.
    let (everything, ledger, events) =
        (bank.everything(), bank.books.check_ledger().unwrap(), bank.books.events(0, 100).unwrap());
    assert!(before.0.contains(HIS_IMSI));
    assert_eq!(everything, before.0.replace(HIS_IMSI, "imsi: None"));
    assert_eq!((ledger, events), (before.1, before.2));
    bank.end();
    // Who he was is nowhere.
    let known = bank.books.customer(who).unwrap().unwrap();
    assert!(
        known.is_erased() && known.name.as_deref() == Some("erased") && known.meters[0].meter == meter(0)
    );
    // Nobody hands a meter to him; his own goes to whoever comes after him.
    let to_him = bank.books.plan_hand_over(&bank.hand_over_request(1, 0));
    assert!(matches!(to_him, Err(OrderError::Erased(gone)) if gone == who), "{to_him:?}");
    bank.books.plan_hand_over(&bank.hand_over_request(0, 1)).unwrap();
    let old = sim(0, 0);
    for key in [SimKey::Msisdn(old.msisdn), SimKey::Imsi(old.imsi), SimKey::Iccid(old.iccid)] {
        assert_eq!(bank.books.of_sim(&key).unwrap(), None);
    }
    assert_eq!(
        (bank.books.person_of(who).unwrap(), bank.books.contract_of(who).unwrap()),
        (None, Contract::default())
    );
    assert_eq!(bank.books.of_bill("B-0").unwrap(), None);
    assert_eq!(bank.books.slip_of(who).unwrap().unwrap().ended.unwrap().1, "erased");
    assert_eq!(bank.books.payment(paid).unwrap().unwrap().account.as_str(), "erased");
    let answered = |id: &str| bank.books.answered("00000001", id).unwrap().unwrap().body;
    assert_eq!(
        (answered("his").as_str(), answered("other").as_str()),
        ("{\"erased\":true}", "{\"customer\":\"x\"}")
    );
    // Nothing is sold to a number that nobody is behind; once is enough; the others are who they were.
    assert!(matches!(bank.buy(0, 100), Err(OrderError::Erased(whose)) if whose == who));
    assert!(matches!(bank.taken_out(who, Some("Wang")), Err(EraseError::Done { .. })));
    assert_eq!(bank.books.customer(customer(1)).unwrap().unwrap().sim, sim(1, 0));
    bank.buy(1, 100).unwrap();
    bank.taken_out(customer(2), Some("Wang")).unwrap();
    assert_eq!(bank.books.sims_of(customer(2)).unwrap().len(), 1);
    assert_eq!(bank.books.applications_of(who).unwrap().len(), 1);
    bank.end();
}
