//! Payments through a customer's bank: never sealed before the debit is final, and every fen somewhere whatever order answers come in.

use super::{Bank, Engine};
use crate::house::{customer, terms};
use gridcard_server::bank::{Advice, Booked, GivenBack};
use gridcard_server::{
    AdviceAnswer, BACK_OFF_S, BankAnswer, BankCall, BankFile, ClearError, Cleared, DebitAnswer, FindingKind,
    OrderError, OrderState, Payment, PaymentState, SealError, Which,
};
use scheme::moment::Day;
use scheme::money::Fen;
use scheme::order::OrderId;

fn day() -> Day {
    "2026-11-22".parse().unwrap()
}

fn booked(entry: &str, fen: u32) -> Booked {
    Booked { entry: entry.into(), day: day(), amount: Fen(fen) }
}

pub(super) fn done(entry: &str, fen: u32) -> BankAnswer {
    BankAnswer::Debit(DebitAnswer::Done(booked(entry, fen)))
}

fn refused() -> BankAnswer {
    BankAnswer::Debit(DebitAnswer::Refused("insufficient-funds".into()))
}

fn silent() -> BankAnswer {
    BankAnswer::Debit(DebitAnswer::Unknown("it was cut".into()))
}

pub(super) fn nothing_taken() -> BankAnswer {
    BankAnswer::Advice(AdviceAnswer::Taken(None))
}

pub(super) fn given(fen: u32) -> BankAnswer {
    let (taken, back) = (booked("B1", fen), booked("R1", fen));
    BankAnswer::Advice(AdviceAnswer::Taken(Some(GivenBack { taken, back })))
}

impl Bank {
    pub(super) fn pay(&mut self, n: u32, fen: u32) -> Result<Payment, OrderError> {
        let request = self.request(n, fen);
        self.books.begin_payment(&request, &"tok-1".parse().unwrap(), &terms())
    }

    pub(super) fn says(&mut self, id: OrderId, answer: &BankAnswer) -> Payment {
        self.now = self.now.add_seconds(1).unwrap();
        let payment = self.books.bank_answered(id, answer, self.now).unwrap();
        self.whole();
        payment
    }

    pub(super) fn seal_paid(&mut self, id: OrderId) -> Result<(), OrderError> {
        self.books.seal(&mut self.psam, id, self.now, &terms()).map(|_| ())
    }

    /// Money in, at the bank, in suspense, and pending, in fen.
    pub(super) fn at_bank(&self) -> (i64, i64, i64, i64) {
        let figures = self.books.figures().unwrap();
        let totals = figures.totals;
        (totals.sold_fen, figures.balance.bank_clearing, totals.suspense_fen, totals.pending_fen)
    }

    /// Every fen is somewhere, at any moment.
    pub(super) fn whole(&self) {
        let figures = self.books.figures().unwrap();
        assert_eq!((figures.balance.sum(), figures.totals.unaccounted()), (0, 0));
        assert_eq!(figures.faults, []);
        assert_eq!(self.books.check_ledger().unwrap().1, None);
    }

    pub(super) fn kinds(&self) -> Vec<FindingKind> {
        self.books.findings(false).unwrap().iter().map(|finding| finding.kind).collect()
    }

    pub(super) fn file(&mut self, lines: &[&str]) -> gridcard_server::Compared {
        let mut text = String::from("day,entry,reference,kind,amount_fen\n");
        for line in lines {
            text.push_str(&format!("2026-11-22,{line}\n"));
        }
        let file = BankFile::read(day(), text.as_bytes()).unwrap();
        let compared = self.books.take_bank_file(&file, self.now).unwrap();
        self.whole();
        compared
    }
}

pub fn nothing_is_sealed_before_the_debit_is_final(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let payment = bank.pay(0, 5000).unwrap();
    let id = payment.order;
    assert_eq!(
        (payment.state, payment.amount, payment.debited.as_ref()),
        (PaymentState::Asked, Fen(5000), None)
    );
    assert_eq!(bank.at_bank(), (0, 0, 0, 5000));
    for answer in [None, Some(silent())] {
        if let Some(answer) = answer {
            assert_eq!(bank.says(id, &answer).state, PaymentState::Unknown);
        }
        // Neither it, nor another in its place, nor beside it, nor instead of it.
        assert!(matches!(bank.seal_paid(id), Err(OrderError::NotPaid { .. })));
        assert!(matches!(bank.buy(0, 5000), Err(OrderError::NotPaid { .. })));
        assert!(matches!(bank.pay(0, 5000), Err(OrderError::NotPaid { .. })));
        assert!(matches!(bank.correct(0, 100), Err(OrderError::NotPaid { .. })));
        let at = bank.now;
        assert!(matches!(bank.books.void_order(id, at), Err(OrderError::PaidByBank(_))));
        assert_eq!(bank.books.interrupted().unwrap(), []);
        assert_eq!(bank.psam.chain.count, 0);
    }
    assert_eq!(bank.says(id, &done("B1", 5000)).state, PaymentState::Paid);
    assert_eq!(bank.at_bank(), (5000, 5000, 5000, 0));
    assert_eq!(bank.books.interrupted().unwrap().len(), 1);
    bank.seal_paid(id).unwrap();
    assert_eq!(bank.books.payment(id).unwrap().unwrap().state, PaymentState::Spent);
    assert_eq!((bank.at_bank(), bank.sums()), ((5000, 5000, 0, 0), (5000, 0, 5000)));
    // Late answers of any kind change nothing.
    for answer in [done("B1", 5000), done("B9", 1), refused(), silent(), nothing_taken(), given(5000)] {
        assert_eq!(bank.says(id, &answer).state, PaymentState::Spent);
    }
    let at = bank.now;
    assert!(matches!(bank.books.leave_payment(id, at), Err(OrderError::MayBeCredited(_))));
    let record = bank.books.order(id).unwrap().unwrap().record.unwrap();
    let receipt = bank.insert(0, &record);
    bank.settled(0, &receipt);
    assert_eq!(bank.sums(), (5000, 5000, 0));
    let steps: Vec<_> = bank.books.payment_steps(id).unwrap().into_iter().map(|step| step.state).collect();
    assert_eq!(steps, ["asked", "unknown", "paid", "spent"]);
    bank.end();
}

pub fn a_refused_debit_sells_nothing(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let id = bank.pay(0, 5000).unwrap().order;
    let payment = bank.says(id, &refused());
    assert_eq!(
        (payment.state, payment.reason.as_deref()),
        (PaymentState::Refused, Some("insufficient-funds"))
    );
    assert_eq!(bank.books.order(id).unwrap().unwrap().state, OrderState::Void);
    assert_eq!((bank.at_bank(), bank.psam.chain.count), ((0, 0, 0, 0), 0));
    assert_eq!(bank.says(id, &silent()).state, PaymentState::Refused);
    let at = bank.now;
    assert!(matches!(bank.books.leave_payment(id, at), Err(OrderError::PaymentEnded { .. })));
    // The same count is sold for cash then.
    assert_eq!(bank.buy(0, 100).unwrap().order.count, 1);
    assert_eq!(bank.sums(), (100, 0, 100));
    // Nobody owes a bank an answer.
    assert_eq!(bank.books.payments(Which::Open).unwrap(), []);
    bank.end();
}

pub fn a_silent_bank_is_asked_again_and_again(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let begun = bank.pay(0, 5000).unwrap();
    let id = begun.order;
    assert_eq!(begun.next, bank.now.add_seconds(10));
    for silence in 0..6_usize {
        let payment = bank.says(id, &silent());
        let wait = BACK_OFF_S[silence.min(3)];
        assert_eq!(payment.next, bank.now.add_seconds(wait), "after silence {silence}");
        assert_eq!(payment.tries as usize, silence + 1);
        let due = |at| bank.books.payments(Which::Due(at)).unwrap().len();
        let just_before = bank.now.add_seconds(wait - 1).unwrap();
        assert_eq!((due(just_before), due(payment.next.unwrap())), (0, 1));
        bank.now = payment.next.unwrap();
    }
    let call = bank.books.payments(Which::Due(bank.now.add_seconds(9999).unwrap())).unwrap()[0].call();
    assert!(
        matches!(call, Some(BankCall::Again(debit)) if debit.reference == id && debit.amount == Fen(5000))
    );
    bank.says(id, &done("B1", 5000));
    assert_eq!(bank.books.payments(Which::Due(bank.now.add_seconds(99_999).unwrap())).unwrap(), []);
    bank.end();
}

pub fn a_customer_who_leaves_gets_his_money_back(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    // Nothing was taken; it was, and nobody heard; it was, and somebody heard before he left, or after.
    for (n, before, after, back) in [
        (0, None, None, nothing_taken()),
        (1, Some(silent()), None, given(5000)),
        (2, Some(done("B2", 5000)), None, given(5000)),
        (0, None, Some(done("B3", 5000)), given(5000)),
    ] {
        let id = bank.pay(n, 5000).unwrap().order;
        if let Some(before) = before {
            bank.says(id, &before);
        }
        let at = bank.now;
        let payment = bank.books.leave_payment(id, at).unwrap();
        assert_eq!((payment.state, payment.next), (PaymentState::Leaving, Some(at)));
        assert_eq!(bank.books.leave_payment(id, at).unwrap(), payment, "once is enough");
        assert_eq!(payment.call(), Some(BankCall::Reverse(Advice { reference: id, number: 1 })));
        assert_eq!(bank.books.order(id).unwrap().unwrap().state, OrderState::Void);
        bank.whole();
        if let Some(after) = after {
            assert_eq!(bank.says(id, &after).state, PaymentState::Leaving);
            assert_eq!(bank.at_bank().2, 5000);
        }
        // The advice is delivered until it is confirmed.
        let silent = bank.says(id, &BankAnswer::Advice(AdviceAnswer::Unknown("down".into())));
        assert_eq!((silent.state, silent.next), (PaymentState::Leaving, bank.now.add_seconds(10)));
        assert_eq!(bank.says(id, &back).state, PaymentState::Reversed);
        assert_eq!(bank.says(id, &back).state, PaymentState::Reversed);
        assert_eq!(bank.at_bank(), (0, 0, 0, 0));
        assert!(bank.seal_paid(id).is_err());
    }
    assert_eq!((bank.psam.chain.count, bank.kinds()), (0, vec![]));
    bank.end();
}

pub fn a_late_yes_is_taken_back_once(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    for end in [false, true] {
        let id = bank.pay(u32::from(end), 700).unwrap().order;
        if end {
            bank.says(id, &refused());
        } else {
            let at = bank.now;
            bank.books.leave_payment(id, at).unwrap();
            assert_eq!(bank.says(id, &nothing_taken()).state, PaymentState::Reversed);
        }
        // The customer has bought for cash meanwhile.
        bank.buy(u32::from(end), 300).unwrap();
        let late = bank.says(id, &done("B7", 700));
        assert_eq!((late.state, bank.at_bank().1, bank.at_bank().2), (PaymentState::Leaving, 700, 700));
        let number = if end { 1 } else { 2 };
        assert_eq!(late.call(), Some(BankCall::Reverse(Advice { reference: id, number })));
        assert_eq!(bank.says(id, &done("B7", 700)), late);
        assert_eq!(bank.says(id, &given(700)).state, PaymentState::Reversed);
        let after = bank.at_bank();
        assert_eq!((after.1, after.2), (0, 0));
        for answer in [done("B7", 700), given(700), nothing_taken(), silent()] {
            assert_eq!((bank.says(id, &answer).state, bank.at_bank()), (PaymentState::Reversed, after));
        }
    }
    bank.end();
}

pub fn another_amount_is_never_sold_for(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    for fen in [4999, 5001] {
        let id = bank.pay(0, 5000).unwrap().order;
        let payment = bank.says(id, &done("B1", fen));
        assert_eq!((payment.state, bank.at_bank().2), (PaymentState::Leaving, i64::from(fen)));
        assert!(bank.seal_paid(id).is_err());
        assert_eq!(bank.says(id, &given(fen)).state, PaymentState::Reversed);
        assert_eq!(bank.at_bank(), (0, 0, 0, 0));
    }
    assert_eq!(bank.kinds(), [FindingKind::BankAmount; 2]);
    // It is about money: one person does not clear it.
    let id = bank.books.findings(false).unwrap()[0].id;
    assert!(matches!(bank.clear(id, None), Err(ClearError::TwoPeople(_))));
    bank.clear(id, Some("Wang")).unwrap();
    bank.end();
}

pub fn a_bank_that_contradicts_itself_is_told_of(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let id = bank.pay(0, 5000).unwrap().order;
    bank.says(id, &done("B1", 5000));
    let at = bank.now;
    bank.books.leave_payment(id, at).unwrap();
    assert_eq!(bank.says(id, &nothing_taken()).state, PaymentState::Reversed);
    assert_eq!((bank.kinds(), bank.at_bank()), (vec![FindingKind::BankContradicts], (5000, 5000, 5000, 0)));
    bank.whole();
}

pub fn a_paid_order_that_nobody_could_seal_is_given_back(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let id = bank.pay(0, 5000).unwrap().order;
    bank.says(id, &done("B1", 5000));
    bank.psam.faults = vec![SealError::Refused("6985".into())];
    assert!(matches!(bank.seal_paid(id), Err(OrderError::Seal { .. })));
    assert_eq!(bank.at_bank(), (5000, 5000, 0, 0));
    let at = bank.now;
    assert!(matches!(bank.books.void_order(id, at), Err(OrderError::PaidByBank(_))));
    bank.books.leave_payment(id, at).unwrap();
    bank.whole();
    assert_eq!(bank.at_bank(), (5000, 5000, 5000, 0));
    bank.says(id, &given(5000));
    assert_eq!((bank.at_bank(), bank.sums()), ((0, 0, 0, 0), (0, 0, 0)));
    bank.end();
}

pub fn a_day_lies_on_four_heaps(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let mut paid = |n: u32, entry: &str| {
        let id = bank.pay(n, 1000).unwrap().order;
        bank.says(id, &done(entry, 1000));
        bank.seal_paid(id).unwrap();
        id
    };
    let (equal, ours, other) = (paid(0, "B1"), paid(1, "B2"), paid(2, "B3"));
    let lines = [
        format!("B1,{equal},debit,1000"),
        format!("B3,{other},debit,1010"),
        format!("B4,{equal},debit,1000"),
        "B5,somebody,debit,77".to_owned(),
        "B6,somebody,reversal,7".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let before = bank.at_bank();
    let compared = bank.file(&lines);
    let heaps: Vec<_> = compared
        .differences
        .iter()
        .map(|found| (found.heap, found.kind, found.reference.clone(), found.fen))
        .collect();
    let looked = bank.books.bank_files(9).unwrap();
    let [taken] = &looked[..] else { panic!("one file: {looked:?}") };
    assert_eq!(
        (taken.equal, taken.decided, taken.ours_only, taken.theirs_only, taken.other_amount),
        (1, 0, 1, 3, 1)
    );
    assert_eq!(taken.open, 5);
    assert_eq!(bank.books.bank_file(taken.id).unwrap(), Some((taken.clone(), compared.differences.clone())));
    assert_eq!(bank.books.bank_file(taken.id + 1).unwrap(), None);
    let expected = [
        ("other-amount", "debit", other.to_string(), 10),
        ("theirs-only", "debit", equal.to_string(), 1000),
        ("theirs-only", "debit", "somebody".to_owned(), 77),
        ("theirs-only", "reversal", "somebody".to_owned(), -7),
        ("ours-only", "debit", ours.to_string(), -1000),
    ];
    assert_eq!((compared.equal, compared.decided, heaps), (1, 0, expected.to_vec()));
    // Nothing is adjusted.
    assert_eq!(bank.at_bank(), before);
    // The same file again is the same answer; another with the same entries knows them.
    let again = bank.file(&lines);
    assert_eq!((again.again, &again.differences), (true, &compared.differences));
    let more = bank.file(&lines[..1]);
    assert_eq!((more.known, more.equal, more.differences), (1, 0, vec![]));
    assert_eq!(bank.books.findings(false).unwrap().len(), 5);
    // Two people, who say whether it is booked, and once.
    let cleared = |second: Option<&str>| {
        let second = second.map(Into::into);
        Cleared { at: bank.now, by: "Li".into(), second, note: "the bank's letter".into() }
    };
    let [two, one] = [cleared(Some("Wang")), cleared(None)];
    let ids: Vec<i64> = compared.differences.iter().map(|found| found.finding).collect();
    assert!(matches!(bank.books.clear_finding(ids[0], &two), Err(ClearError::Difference(_))));
    assert!(matches!(bank.books.clear_difference(ids[0], &one, true), Err(ClearError::TwoPeople(_))));
    let mut booked = Vec::new();
    for id in &ids {
        booked.push(bank.books.clear_difference(*id, &two, *id != ids[2]).unwrap());
        assert!(matches!(bank.books.clear_difference(*id, &two, true), Err(ClearError::Cleared { .. })));
        bank.whole();
    }
    assert_eq!(booked, [10, 1000, 0, -7, -1000]);
    assert_eq!(bank.books.bank_files(9).unwrap().iter().map(|file| file.open).sum::<u32>(), 0);
    // A customer has his own payments and nobody else's.
    let of = |n| bank.books.payments(Which::Of(customer(n))).unwrap();
    assert_eq!(of(0).iter().map(|payment| payment.order).collect::<Vec<_>>(), [equal]);
    assert_eq!((of(1).len(), of(2).len(), of(3).len()), (1, 1, 0));
    // What the bank has more is in suspense, what it has less a difference; the books say what the bank has, but for what was not booked.
    let balance = bank.books.figures().unwrap().balance;
    assert_eq!((balance.bank_clearing, balance.suspense, balance.difference), (3000 + 3, -1010, 1007));
    bank.whole();
}

/// Whatever comes first, the entry, the word, or the two people: what the bank has is in the books once.
pub fn a_difference_is_booked_once(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let two = |at| Cleared { at, by: "Li".into(), second: Some("Wang".into()), note: "by telephone".into() };
    let paid = |bank: &mut Bank, n: u32, entry: &str| {
        let id = bank.pay(n, 1000).unwrap().order;
        bank.says(id, &done(entry, 1000));
        id
    };
    let (given_first, word_first) = (paid(&mut bank, 0, "B1"), paid(&mut bank, 1, "B2"));
    let late = paid(&mut bank, 2, "B3");
    bank.seal_paid(late).unwrap();
    let record = bank.books.order(late).unwrap().unwrap().record.unwrap();
    let receipt = bank.insert(2, &record);
    bank.settled(2, &receipt);
    let late_unbooked = paid(&mut bank, 2, "B4");
    let [d1, d2] = [format!("B1,{given_first},debit,1000"), format!("B2,{word_first},debit,1000")];
    let [r1, r2] = [format!("R1,{given_first},reversal,1000"), format!("R2,{word_first},reversal,1000")];
    let found = bank.file(&[&d1, &d2, &r1, &r2]).differences;
    let heaps: Vec<_> = found.iter().map(|found| (found.heap, found.reference.clone(), found.fen)).collect();
    let expected = [
        ("theirs-only", given_first.to_string(), -1000),
        ("theirs-only", word_first.to_string(), -1000),
        ("ours-only", late.to_string(), -1000),
        ("ours-only", late_unbooked.to_string(), -1000),
    ];
    assert_eq!(heaps, expected);
    let at = bank.now;
    let clear =
        |bank: &mut Bank, n: usize, book| bank.books.clear_difference(found[n].finding, &two(at), book);
    let back = |entry: &str, number: &str| {
        let (taken, back) = (booked(entry, 1000), booked(number, 1000));
        BankAnswer::Advice(AdviceAnswer::Taken(Some(GivenBack { taken, back })))
    };

    // The reversal is booked, and then the customer leaves and the bank says that very reversal.
    assert_eq!(clear(&mut bank, 0, true).unwrap(), -1000);
    bank.books.leave_payment(given_first, at).unwrap();
    bank.says(given_first, &back("B1", "R1"));
    // The customer leaves first: there is nothing to book any more.
    bank.books.leave_payment(word_first, at).unwrap();
    bank.says(word_first, &back("B2", "R2"));
    assert!(matches!(clear(&mut bank, 1, true), Err(ClearError::InBooks(_))));
    assert_eq!(clear(&mut bank, 1, false).unwrap(), 0);
    // A debit is booked as missing, and comes a day late; another comes before anybody booked that it is missing.
    assert_eq!(clear(&mut bank, 2, true).unwrap(), -1000);
    let late_lines = [format!("B3,{late},debit,1000"), format!("B4,{late_unbooked},debit,1000")];
    let compared = bank.file(&[&late_lines[0], &late_lines[1]]);
    assert!(matches!(clear(&mut bank, 3, true), Err(ClearError::InBooks(_))));
    assert_eq!(clear(&mut bank, 3, false).unwrap(), 0);
    assert_eq!((compared.equal, compared.differences.len()), (1, 1));

    // What is left to clear takes the entries back, and the books say what the bank has: two debits that stand.
    let left = bank.books.findings(false).unwrap();
    assert_eq!(
        left.iter().map(|finding| finding.kind).collect::<Vec<_>>(),
        [FindingKind::BankOtherAmount, FindingKind::BankTheirsOnly]
    );
    for finding in left {
        assert_eq!(bank.books.clear_difference(finding.id, &two(at), true).unwrap(), 1000);
        bank.whole();
    }
    assert_eq!(bank.books.figures().unwrap().balance.bank_clearing, 2000);
}

pub fn a_file_decides_what_nobody_knew(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let unknown = bank.pay(0, 1000).unwrap().order;
    bank.says(unknown, &silent());
    let left = bank.pay(1, 2000).unwrap().order;
    bank.says(left, &done("B2", 2000));
    let at = bank.now;
    bank.books.leave_payment(left, at).unwrap();
    let late = bank.pay(2, 3000).unwrap().order;
    bank.books.leave_payment(late, at).unwrap();
    bank.says(late, &nothing_taken());
    let compared = bank.file(&[
        &format!("B1,{unknown},debit,1000"),
        &format!("B2,{left},debit,2000"),
        &format!("R2,{left},reversal,2000"),
        &format!("B3,{late},debit,3000"),
    ]);
    assert_eq!((compared.equal, compared.decided, compared.differences), (1, 3, vec![]));
    let state = |id| bank.books.payment(id).unwrap().unwrap().state;
    assert_eq!(
        [state(unknown), state(left), state(late)],
        [PaymentState::Paid, PaymentState::Reversed, PaymentState::Leaving]
    );
    assert_eq!(bank.at_bank(), (4000, 4000, 4000, 0));
    bank.seal_paid(unknown).unwrap();
    bank.says(late, &given(3000));
    assert_eq!(bank.at_bank(), (1000, 1000, 0, 0));
    bank.end();
}
