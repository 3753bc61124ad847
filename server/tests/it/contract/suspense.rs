//! What stands in suspense leaves it once, to where two people say, and every fen is somewhere all the while.

use super::payments::{done, given, nothing_taken};
use super::{Bank, Engine};
use crate::house::customer;
use gridcard_server::{
    AdviceAnswer, BankAnswer, Cleared, Ended, FindingKind, Period, Question, Rest, RestId, RestWhy,
    SuspenseError, Way,
};
use scheme::money::Fen;
use scheme::order::OrderId;

impl Bank {
    fn rests(&self) -> Vec<Rest> {
        let rests = self.books.suspense().unwrap();
        let sum: i64 = rests.iter().map(|rest| rest.fen).sum();
        assert_eq!(sum, self.at_bank().2, "the rests are the account");
        rests
    }

    fn end_rest(&mut self, id: RestId, way: Way, second: Option<&str>) -> Result<Ended, SuspenseError> {
        let second = second.map(Into::into);
        let cleared = Cleared { at: self.now, by: "Li".into(), second, note: "the bank's letter".into() };
        let ended = self.books.end_suspense(id, way, &cleared);
        self.whole();
        ended
    }

    /// The bank took it, and says that it took nothing.
    fn kept(&mut self, n: u32, fen: u32) -> OrderId {
        let id = self.pay(n, fen).unwrap().order;
        self.says(id, &done(&format!("B{n}"), fen));
        let at = self.now;
        self.books.leave_payment(id, at).unwrap();
        self.says(id, &nothing_taken());
        id
    }

    fn paid_back(&self) -> i64 {
        let (from, to) = ("20260101".into(), "20271231".into());
        let question = Question { from, to, period: Period::Whole, ..Question::default() };
        self.books.statistics(&question).unwrap().iter().map(|line| line.refunded_fen).sum()
    }
}

pub fn what_is_on_its_way_is_not_ended(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    assert_eq!(bank.rests(), []);
    let id = bank.pay(0, 5000).unwrap().order;
    let rest = RestId::Payment(id);
    assert_eq!(bank.rests(), [], "what is pending stands nowhere");
    assert!(matches!(bank.end_rest(rest, Way::Refund, Some("Wang")), Err(SuspenseError::Nothing(_))));
    bank.says(id, &done("B1", 5000));
    let [stands] = &bank.rests()[..] else { panic!("one") };
    assert_eq!((stands.id, stands.fen, stands.why), (rest, 5000, RestWhy::NotSealed));
    assert_eq!((stands.since, stands.customer), (bank.now, Some(customer(0))));
    for way in Way::ALL {
        assert!(matches!(bank.end_rest(rest, way, Some("Wang")), Err(SuspenseError::OnItsWay(..))));
    }
    let at = bank.now;
    bank.books.leave_payment(id, at).unwrap();
    assert_eq!(bank.rests()[0].why, RestWhy::Leaving);
    assert!(matches!(bank.end_rest(rest, Way::Bank, Some("Wang")), Err(SuspenseError::OnItsWay(..))));
    bank.says(id, &BankAnswer::Advice(AdviceAnswer::Unknown("down".into())));
    assert!(matches!(bank.end_rest(rest, Way::Bank, Some("Wang")), Err(SuspenseError::OnItsWay(..))));
    bank.says(id, &given(5000));
    assert_eq!(bank.rests(), []);
    // What became a sale has left it.
    let sold = bank.pay(0, 700).unwrap().order;
    bank.says(sold, &done("B2", 700));
    bank.seal_paid(sold).unwrap();
    assert_eq!(bank.rests(), []);
    bank.end();
}

pub fn what_the_bank_kept_is_paid_back(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let id = bank.kept(0, 5000);
    let rest = RestId::Payment(id);
    let [stands] = &bank.rests()[..] else { panic!("one") };
    assert_eq!((stands.why, stands.fen), (RestWhy::NotReturned, 5000));
    assert_eq!(bank.kinds(), [FindingKind::BankContradicts]);
    // Two people, and a way that is one; nothing changes before.
    let before = bank.everything();
    for second in [None, Some("Li")] {
        assert!(matches!(bank.end_rest(rest, Way::Refund, second), Err(SuspenseError::TwoPeople(_))));
    }
    assert!(matches!(bank.end_rest(rest, Way::Difference, Some("Wang")), Err(SuspenseError::NoWay { .. })));
    assert_eq!(bank.everything(), before);
    // Over the counter, out of the clerk's drawer; what was found about it is cleared with it.
    bank.sit("Haishu", Some("li"));
    let at = bank.now;
    bank.books.open_drawer("li", "Haishu", Fen(9000), at).unwrap();
    let ended = bank.end_rest(rest, Way::Refund, Some("Wang")).unwrap();
    assert_eq!((ended.rest.fen, ended.rest.customer, ended.cleared.len()), (5000, Some(customer(0)), 1));
    assert_eq!((bank.rests(), bank.kinds()), (vec![], vec![]));
    let cleared = bank.books.findings(true).unwrap()[0].cleared.clone().unwrap();
    assert_eq!((cleared.by.as_str(), cleared.second.as_deref()), ("Li", Some("Wang")));
    let figures = bank.books.figures().unwrap();
    assert_eq!(
        (figures.totals.refunded_fen, figures.balance.drawer, figures.totals.suspense_fen),
        (5000, 4000, 0)
    );
    assert_eq!(bank.paid_back(), 5000);
    assert_eq!(bank.books.payment(id).unwrap().unwrap().ended, 5000);
    // Once.
    for way in Way::ALL {
        assert!(matches!(bank.end_rest(rest, way, Some("Wang")), Err(SuspenseError::Nothing(_))));
    }
    // The bank gives it back after all, in its file: that is a difference of its own.
    let found = bank.file(&[&format!("B0,{id},debit,5000"), &format!("R0,{id},reversal,5000")]).differences;
    assert_eq!((found.len(), found[0].heap, found[0].fen), (1, "theirs-only", -5000));
    bank.books.close_drawer("li", Fen(4000), None, at).unwrap();
    bank.end();
}

pub fn what_came_twice_goes_where_two_people_say(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let id = bank.pay(0, 1000).unwrap().order;
    bank.says(id, &done("B1", 1000));
    bank.seal_paid(id).unwrap();
    let kept = bank.kept(1, 300);
    let lines = [
        format!("B1,{id},debit,1000"),
        format!("B2,{id},debit,1000"),
        "B3,somebody,debit,77".to_owned(),
        "B4,somebody,debit,88".to_owned(),
        format!("B1k,{kept},debit,305"),
    ];
    let found = bank.file(&lines.iter().map(String::as_str).collect::<Vec<_>>()).differences;
    let [twice, nobodys, other, open] = [0, 1, 2, 3].map(|n: usize| found[n].finding);
    // What the bank's day says otherwise of the same payment is looked at first.
    let rest = RestId::Payment(kept);
    let refused = bank.end_rest(rest, Way::Refund, Some("Wang"));
    assert!(matches!(refused, Err(SuspenseError::Open { finding, .. }) if finding == open), "{refused:?}");
    let two = Cleared { at: bank.now, by: "Li".into(), second: Some("Wang".into()), note: "booked".into() };
    for finding in [twice, nobodys, other] {
        bank.books.clear_difference(finding, &two, true).unwrap();
    }
    bank.books.clear_difference(open, &two, false).unwrap();
    let stands: Vec<_> = bank.rests().iter().map(|rest| (rest.id.to_string(), rest.fen, rest.why)).collect();
    let booked = |finding: i64, fen| (format!("finding:{finding}"), fen, RestWhy::Difference);
    let mut expected = vec![
        booked(twice, 1000),
        booked(nobodys, 77),
        booked(other, 88),
        (kept.to_string(), 300, RestWhy::NotReturned),
    ];
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    let mut seen = stands.clone();
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(seen, expected);
    // Whose it is: the payment's that was paid twice; of the other nobody knows.
    let id_of = RestId::Finding;
    let nobody = bank.end_rest(id_of(nobodys), Way::Refund, Some("Wang"));
    assert!(matches!(nobody, Err(SuspenseError::NoWay { .. })), "{nobody:?}");
    let ended = bank.end_rest(id_of(twice), Way::Refund, Some("Wang")).unwrap();
    assert_eq!((ended.rest.customer, ended.cleared), (Some(customer(0)), vec![]));
    bank.end_rest(id_of(nobodys), Way::Income, Some("Wang")).unwrap();
    bank.end_rest(id_of(other), Way::Bank, Some("Wang")).unwrap();
    bank.end_rest(rest, Way::Bank, Some("Wang")).unwrap();
    assert_eq!(bank.rests(), []);
    let totals = bank.books.figures().unwrap();
    assert_eq!(
        (totals.totals.refunded_fen, totals.totals.fee_fen, totals.balance.bank_clearing),
        (1000, 77, 2077)
    );
    assert!("finding:".parse::<RestId>().is_err() && "finding:-1".parse::<RestId>().is_err());
    bank.end();
}

pub fn what_the_bank_gave_back_too_much_is_a_difference(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let id = bank.pay(0, 5000).unwrap().order;
    bank.says(id, &done("B1", 5000));
    let at = bank.now;
    bank.books.leave_payment(id, at).unwrap();
    bank.says(id, &given(5100));
    let rest = RestId::Payment(id);
    assert_eq!((bank.rests()[0].fen, bank.kinds()), (-100, vec![FindingKind::BankAmount]));
    for way in [Way::Refund, Way::Bank, Way::Income] {
        assert!(matches!(bank.end_rest(rest, way, Some("Wang")), Err(SuspenseError::NoWay { .. })));
    }
    bank.end_rest(rest, Way::Difference, Some("Wang")).unwrap();
    let balance = bank.books.figures().unwrap().balance;
    assert_eq!((balance.bank_clearing, balance.difference, balance.suspense), (-100, 100, 0));
    assert_eq!((bank.rests(), bank.kinds(), bank.paid_back()), (vec![], vec![], 0));
    bank.end();
}
