//! What an office sees at its day's end: what waits, drawers, closings, statistics, contracts, limits.

use super::{Bank, Engine};
use crate::house::{customer, meter, sim, terms, time};
use gridcard_server::{
    Actor, Application, BankAnswer, Channel, ClosingError, Contract, ContractError, DebitAnswer, Limit,
    NewSlip, NextStep, OrderError, Period, Question, Scope,
};
use scheme::money::Fen;

impl Bank {
    pub(super) fn sit(&mut self, office: &str, clerk: Option<&str>) {
        let clerk = clerk.map(Into::into);
        self.books.act_at(Actor { office: office.into(), channel: Channel::Counter, clerk });
    }

    fn pass(&mut self, days: i64) {
        self.now = self.now.add_seconds(days * 86_400).unwrap();
    }

    fn lines(&self, period: Period, by_office: bool) -> Vec<(String, String, i64, i64, i64)> {
        let question = Question {
            from: "20260101".into(),
            to: "20271231".into(),
            period,
            by_office,
            ..Question::default()
        };
        let line = |line: gridcard_server::Line| {
            (line.period, line.office, line.sales, line.sold_fen, line.settled_fen)
        };
        self.books.statistics(&question).unwrap().into_iter().map(line).collect()
    }
}

pub fn what_waits_is_listed_by_age(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.sit("Haishu", None);
    let wrong = bank.buy(0, 5000).unwrap();
    bank.sit("Jiangbei", None);
    let right = bank.correct(0, 3000).unwrap();
    bank.buy(1, 700).unwrap();
    let list = bank.books.waiting(bank.now, None).unwrap();
    let seen: Vec<_> =
        list.iter().map(|one| (one.meter, one.paid_fen, one.office.as_str(), one.next)).collect();
    let haishu = (meter(0), 5000, "Haishu", NextStep::Wait);
    assert_eq!(seen, [haishu, (meter(1), 700, "Jiangbei", NextStep::Wait)], "a purchase is counted once");
    assert_eq!((list[0].order, list[0].since), (right.order.id, wrong.order.issued));
    assert_eq!(bank.books.waiting(bank.now, Some("Jiangbei")).unwrap().len(), 1);
    assert_eq!(bank.books.waiting(bank.now, Some("nobody")).unwrap(), []);
    let next = |bank: &Bank| bank.books.waiting(bank.now, Some("Haishu")).unwrap()[0].next;
    for (days, step) in [(1, NextStep::Ask), (5, NextStep::Ask), (1, NextStep::Visit), (24, NextStep::Proof)]
    {
        bank.pass(days);
        assert_eq!(next(&bank), step, "{days}");
    }
    bank.books.replace_sim(customer(0), &sim(0, 1), bank.now).unwrap();
    assert_eq!(next(&bank), NextStep::NewSim);
    bank.psam.cut = true;
    bank.buy(2, 100).unwrap_err();
    let waiting = bank.books.waiting(bank.now, None).unwrap();
    assert_eq!(waiting[2].next, NextStep::Resume);
    assert!(
        bank.books.waiting(bank.now, None).unwrap().windows(2).all(|pair| pair[0].since <= pair[1].since)
    );
    assert_eq!(bank.books.reprint(right.order.id, bank.now, "Li").unwrap(), 1);
    assert_eq!(bank.books.reprint(right.order.id, bank.now, "Li").unwrap(), 2);
    assert_eq!(
        (bank.books.reprints(right.order.id).unwrap(), bank.books.reprints(wrong.order.id).unwrap()),
        (2, 0)
    );
}

pub fn a_drawer_is_counted(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.sit("Haishu", Some("Li"));
    bank.buy(2, 100).unwrap();
    assert!(matches!(
        bank.books.close_drawer("Li", Fen(0), None, bank.now),
        Err(ClosingError::NoDrawer(clerk)) if clerk == "Li"
    ));
    let open = bank.books.open_drawer("Li", "Haishu", Fen(20000), bank.now).unwrap();
    assert_eq!((open.expected_fen, open.opening_fen, open.closed), (20000, 20000, None));
    let twice = bank.books.open_drawer("Li", "Haishu", Fen(0), bank.now);
    assert!(matches!(twice, Err(ClosingError::DrawerIsOpen { .. })), "{twice:?}");
    let wrong = bank.buy(0, 5000).unwrap();
    bank.sit("Haishu", Some("Wang"));
    bank.buy(1, 700).unwrap();
    bank.sit("Haishu", Some("Li"));
    let expected = |bank: &Bank| bank.books.drawer(open.id).unwrap().unwrap().expected_fen;
    assert_eq!(expected(&bank), 25000, "his own cash alone");
    // What is paid back comes out of the drawer.
    let right = bank.correct(0, 3000).unwrap();
    let receipt = bank.insert(0, &right.record);
    bank.settled(0, &receipt);
    assert_eq!(bank.books.refund(customer(0), bank.now).unwrap(), 2000);
    assert_eq!((expected(&bank), wrong.order.count), (23000, 1));
    let day = bank.books.close_day("20261122", "Zhao", bank.now);
    assert!(matches!(day, Err(ClosingError::DrawerIsOpen { .. })), "{day:?}");
    let closed = bank.books.close_drawer("Li", Fen(22950), Some("torn"), bank.now).unwrap();
    assert_eq!((closed.expected_fen, closed.difference_fen()), (23000, Some(-50)));
    let balance = bank.books.figures().unwrap().balance;
    assert_eq!((balance.drawer, balance.difference, balance.money_in()), (0, 50, 5800));
    bank.books.open_drawer("Li", "Haishu", Fen(0), bank.now).unwrap();
    let more = bank.books.close_drawer("Li", Fen(30), None, bank.now).unwrap();
    assert_eq!(more.difference_fen(), Some(30));
    assert_eq!(bank.books.figures().unwrap().balance.difference, 20);
    assert_eq!(bank.books.shifts(false, 9).unwrap().len(), 2);
    bank.end();
}

pub fn a_closed_day_is_frozen(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.sit("Haishu", None);
    let sealed = bank.buy(0, 5000).unwrap();
    bank.pass(1);
    bank.sit("Jiangbei", None);
    bank.buy(1, 700).unwrap();
    for (day, why) in [("20261124", "day-future"), ("20261131", "day-none"), ("2026112", "day-none")] {
        let refused = bank.books.close_day(day, "Zhao", bank.now).unwrap_err();
        assert_eq!(scheme::Fault::code(&refused), why, "{day}");
    }
    let would = bank.books.would_freeze("20261122").unwrap();
    let first = bank.books.close_day("20261122", "Zhao", bank.now).unwrap();
    let figures = first.figures;
    assert_eq!(would, figures, "what is shown before is what is frozen");
    assert_eq!(bank.books.would_freeze("20261123").unwrap().transfers, 2, "on top of the day before");
    assert_eq!((figures.transfers, figures.sold, figures.outstanding, figures.settled), (1, 5000, 5000, 0));
    // The head is the ledger's now: what was booked since that day stands before it.
    assert_eq!(first.heads, format!("{}\n", bank.books.ledger_head().unwrap().unwrap()));
    let again = bank.books.close_day("20261122", "Zhao", bank.now);
    assert!(matches!(again, Err(ClosingError::Closed { .. })), "{again:?}");
    bank.books.close_day("20261123", "Zhao", bank.now).unwrap();
    // Late entries of a day that is closed count for the day that is open, with their own time.
    let receipt = bank.insert(0, &sealed.record);
    bank.settled(0, &receipt);
    let late = bank.books.statement(customer(0)).unwrap();
    assert_eq!((late[1].kind.name(), late[1].at), ("delivery", time("20261123080000")));
    bank.pass(1);
    bank.buy(2, 300).unwrap();
    let line = |day: &str, office: &str, sales, sold, settled| {
        (day.to_owned(), office.to_owned(), sales, sold, settled)
    };
    assert_eq!(
        bank.lines(Period::Day, true),
        [
            line("20261122", "Haishu", 1, 5000, 0),
            line("20261123", "Jiangbei", 1, 700, 0),
            line("20261124", "Jiangbei", 1, 300, 5000),
        ]
    );
    assert_eq!(bank.lines(Period::Month, false), [line("202611", "", 3, 6000, 5000)]);
    assert_eq!(bank.lines(Period::Whole, true).len(), 2);
    let last = bank.books.close_day("20261124", "Zhao", bank.now).unwrap().figures;
    assert_eq!((last.sold, last.settled, last.outstanding, last.unaccounted()), (6000, 5000, 1000, 0));
    assert_eq!(bank.books.closings(9).unwrap().len(), 3);
    bank.end();
}

pub fn limits_hold(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.sit("Haishu", None);
    let set = |bank: &mut Bank, scope, office: &str, fen| {
        let (by, second) = ("Li".into(), "Wang".into());
        let limit = Limit { scope, office: office.into(), fen: Fen(fen), at: bank.now, by, second };
        bank.books.set_limit(&limit).unwrap();
    };
    let reached = |result: Result<_, OrderError>| match result {
        Err(OrderError::Limit(reached)) => (reached.scope, reached.left.0),
        other => panic!("not refused: {:?}", other.map(|_: gridcard_server::SealedOrder| ())),
    };
    set(&mut bank, Scope::Order, "", 1000);
    assert_eq!(reached(bank.buy(0, 1001)), (Scope::Order, 1000));
    set(&mut bank, Scope::Order, "Haishu", 5000);
    set(&mut bank, Scope::CustomerDay, "", 6000);
    let sealed = bank.buy(0, 5000).unwrap();
    assert_eq!(reached(bank.correct(0, 5001)), (Scope::Order, 5000));
    let receipt = bank.insert(0, &sealed.record);
    bank.settled(0, &receipt);
    assert_eq!(reached(bank.buy(0, 1001)), (Scope::CustomerDay, 1000));
    let rooms = |n| -> Vec<(Scope, i64, i64)> {
        let rooms = bank.books.rooms(meter(n), "Haishu", bank.now).unwrap().into_iter();
        rooms.map(|room| (room.scope, room.limit_fen, room.used_fen)).collect()
    };
    assert_eq!(rooms(0), [(Scope::Order, 5000, 0), (Scope::CustomerDay, 6000, 5000)]);
    assert_eq!(rooms(1), [(Scope::Order, 5000, 0), (Scope::CustomerDay, 6000, 0)]);
    set(&mut bank, Scope::OfficeDay, "Haishu", 5500);
    assert_eq!(reached(bank.buy(1, 501)), (Scope::OfficeDay, 500));
    // What a bank was asked for is as good as sold until the bank says no.
    let asked = bank.request(1, 500);
    let payment = bank.books.begin_payment(&asked, &"tok-1".parse().unwrap(), &terms()).unwrap();
    assert_eq!(reached(bank.buy(2, 1)), (Scope::OfficeDay, 0));
    let no = BankAnswer::Debit(DebitAnswer::Refused("insufficient-funds".into()));
    bank.books.bank_answered(payment.order, &no, bank.now).unwrap();
    bank.buy(1, 500).unwrap();
    bank.pass(1);
    bank.buy(0, 5000).unwrap();
    bank.sit("Jiangbei", None);
    assert_eq!(reached(bank.buy(2, 1001)), (Scope::Order, 1000), "an office without one of its own");
    bank.buy(2, 1000).unwrap();
    assert!(bank.books.end_limit(Scope::Order, "").unwrap());
    assert!(!bank.books.end_limit(Scope::Order, "").unwrap());
    assert_eq!(bank.books.limits().unwrap().len(), 3);
    bank.end();
}

pub fn contracts_and_codes(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let application = |n: u32, bill: Option<&str>| Application {
        customer: customer(n),
        at: time("20261122080000"),
        office: "Haishu".into(),
        clerk: "Li".into(),
        form: 1,
        scan: Some([7; 32]),
        agreement: [8; 32],
        contract: Contract { bill: bill.map(Into::into), bank: None },
        person: Some(vec![1, 2, 3]),
    };
    assert_eq!(bank.books.apply(&application(0, Some("B-1"))).unwrap(), 1);
    assert_eq!(bank.books.apply(&application(0, None)).unwrap(), 2);
    assert_eq!(
        bank.books.contract_of(customer(0)).unwrap().bill.as_deref(),
        Some("B-1"),
        "what is not said stays"
    );
    let taken = bank.books.apply(&application(1, Some("B-1")));
    assert!(matches!(taken, Err(ContractError::BillTaken { .. })), "{taken:?}");
    assert_eq!(bank.books.of_bill("B-1").unwrap().unwrap().customer, customer(0));
    assert_eq!(bank.books.of_bill("B-2").unwrap(), None);
    assert_eq!(bank.books.person_of(customer(0)).unwrap(), Some(vec![1, 2, 3]));
    assert_eq!(bank.books.person_of(customer(1)).unwrap(), None);

    let slip = |n: u8, at| NewSlip {
        number: [n; 4],
        customer: customer(0),
        msisdn: sim(0, 0).msisdn.to_string(),
        psk: [n; 32],
        at,
        by: "Li".into(),
        reason: "registration".into(),
    };
    let (now, books) = (bank.now, &mut bank.books);
    let end = |result: Result<_, ContractError>| match result {
        Ok(customer) => format!("{customer}"),
        Err(error) => scheme::Fault::code(&error).to_owned(),
    };
    books.give_code(&slip(1, now)).unwrap();
    books.give_code(&slip(2, now)).unwrap();
    assert_eq!(
        end(books.use_code([1; 4], &[1; 32], now).unwrap()),
        "code-ended",
        "a newer one was given out"
    );
    for left in (1..5).rev() {
        let wrong = books.use_code([2; 4], &[1; 32], now).unwrap();
        assert!(matches!(wrong, Err(ContractError::Wrong { left: l, .. }) if l == left), "{wrong:?}");
    }
    for _ in 0..2 {
        assert_eq!(
            end(books.use_code([2; 4], &[1; 32], now).unwrap()),
            "code-ended",
            "the fifth was the last"
        );
    }
    assert_eq!(
        end(books.use_code([2; 4], &[2; 32], now).unwrap()),
        "code-ended",
        "the right one is too late"
    );
    books.give_code(&slip(3, now)).unwrap();
    let (last, after) = (now.add_seconds(72 * 3600).unwrap(), now.add_seconds(72 * 3600 + 1).unwrap());
    assert_eq!(books.slip_of(customer(0)).unwrap().unwrap().expires, last);
    assert_eq!(end(books.use_code([3; 4], &[3; 32], after).unwrap()), "code-ended");
    books.give_code(&slip(4, now)).unwrap();
    assert_eq!(end(books.use_code([4; 4], &[4; 32], last).unwrap()), customer(0).to_string());
    assert_eq!(end(books.use_code([4; 4], &[4; 32], last).unwrap()), "code-ended", "once");
    assert_eq!(end(books.use_code([9; 4], &[9; 32], now).unwrap()), "code-ended", "there is no such slip");
}
