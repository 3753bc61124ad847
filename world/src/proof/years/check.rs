//! What must be so after every event, and in the end.

use super::under::Under;
use parties::trouble::Result;
use server::Payments as _;

/// Joules of 0.01 kWh.
const HUNDREDTH_J: u128 = 36_000;
/// Fen times joule per kWh, of one fen.
const FEN_J: u128 = 3_600_000;
/// So many violations are told.
const TOLD: usize = 20;

impl Under<'_> {
    pub(super) fn violation(&mut self, n: usize, what: impl Into<String>) {
        let at = self.now;
        if self.report.violations.len() < TOLD {
            self.report.violations.push(format!(
                "{at}, meter {}: {}",
                self.households[n].site.n,
                what.into()
            ));
        }
    }

    /// What was credited is in the purse or was consumed, to the last part of a fen; counts and sums only rise.
    pub(super) fn check(&mut self, n: usize) -> Result<()> {
        let household = &mut self.households[n];
        let purse = household.site.purse()?;
        let state = household.site.meter.state();
        let (due, register) = (state.due, state.register);
        let spent = purse.total_credited.0.wrapping_sub(purse.balance.0);
        let pending = state.pending_debit.is_some();
        let cost = (u128::from(register.hundredths) * HUNDREDTH_J + u128::from(register.load_seconds))
            * u128::from(state.config.price.0);
        let taken = (u128::from(spent) + u128::from(due.fen)) * FEN_J + u128::from(due.part);
        household.spent = spent;
        let (credited, count) = (household.credited, household.count);
        // While a debit has no known outcome it is in the purse or in what is due, and the meter finds out at the next.
        if !pending && cost != taken {
            self.violation(n, format!("consumed {cost}, taken {taken} (fen times joule per kWh)"));
        }
        if (u64::from(purse.total_credited.0), purse.count) != (credited, count) {
            let words = format!(
                "{} in {} orders, known are {credited} in {count}",
                purse.total_credited, purse.count
            );
            self.violation(n, words);
        }
        Ok(())
    }

    /// Money that came in, in cash and from the customers' bank, is what the books have of it: settled, outstanding, due or paid back, in
    /// suspense. What the bank did not tell yet the books cannot know.
    pub(super) fn money(&mut self) -> Result<()> {
        let totals = self.bank.store.read(|view| view.totals())?;
        let mut untold = 0;
        for id in self.payers.keys() {
            let payment = self.bank.store.payment(*id)?;
            let fen = |moved: Option<&server::payment::Moved>| moved.map_or(0, |moved| moved.fen);
            let known = payment.map_or(0, |known| fen(known.debited.as_ref()) - fen(known.returned.as_ref()));
            untold += self.house.has(*id) - known;
        }
        let came = self.cash + self.house.net();
        let became = totals.settled_fen
            + totals.outstanding_fen
            + totals.transferred_fen
            + totals.refund_due_fen
            + totals.refunded_fen
            + totals.suspense_fen
            - totals.loss_fen;
        if came != became + untold {
            let at = self.now;
            let words = format!("{at}: {came} fen came in, the books have {became}, {untold} are untold");
            self.report.violations.push(words);
        }
        Ok(())
    }

    /// When everything came through: every order settled once, and what was sold is in purses, was consumed, or is due to customers.
    pub(super) fn end(&mut self) -> Result<()> {
        (self.progress)("the books");
        let mut purses = 0;
        for n in 0..self.households.len() {
            self.check(n)?;
            if let Some(count) = self.households[n].waiting {
                self.violation(n, format!("purchase {count} is not settled"));
            } else if self.households[n].waits() {
                self.violation(n, "a purchase is neither made nor given up");
            }
            let purse = self.households[n].site.purse()?;
            purses += i64::from(purse.balance.0);
        }
        self.report.consumed_fen = self.consumed();
        for fault in self.bank.faults()? {
            self.report.violations.push(fault);
        }
        self.money()?;
        let totals = self.bank.store.read(|view| view.totals())?;
        let came = self.cash + self.house.net();
        let r = &self.report;
        let sums = [
            ("sold", r.sold_fen, "came in", came),
            ("settled by the books", totals.settled_fen, "settled", r.settled_fen),
            ("in suspense", totals.suspense_fen, "should be", 0),
            ("sold", r.sold_fen, "settled and due", r.settled_fen + r.refunded_fen),
            ("credited", r.credited_fen, "in purses and consumed", purses + r.consumed_fen),
            ("credited", r.credited_fen, "settled", r.settled_fen),
        ];
        for (one, a, other, b) in sums {
            if a != b {
                self.report.violations.push(format!("{a} fen {one}, {b} fen {other}"));
            }
        }
        Ok(())
    }
}
