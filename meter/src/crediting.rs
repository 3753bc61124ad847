//! Money from a source into the ESAM: which order comes first, which waits, and when enough was looked for
//! [docs/specs/purchase.md 4 to 6].

use crate::fault::BrokenOff;
use crate::outcome::{OrderOutcome, OrderResult};
use crate::session::{Decision, EsamSession};
use crate::source::{CarriedOrder, Course, Source};
use scheme::money::Fen;
use scheme::refusal::Refusal;

/// Money on its way.
pub(crate) struct Crediting<'s, 'c> {
    pub(crate) session: EsamSession<'s, 'c>,
    pub(crate) source: &'s mut dyn Source,
    pub(crate) course: &'s Course,
    pub(crate) results: Vec<OrderResult>,
    /// EF_IMSI that the ESAM knows.
    pub(crate) bearer: Option<[u8; 9]>,
}

impl Crediting<'_, '_> {
    pub(crate) fn run(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Result<(), BrokenOff> {
        self.session.open()?;
        let imsi = self.source.open(self.session.meter.state(), self.course)?;
        let orders = self.find_orders()?;
        self.session.prove(random)?;
        self.tell_bearer(imsi)?;
        self.try_all(orders)?;
        self.session.settle_after()
    }

    /// The run information, when the ESAM does not know yet whose SIM brings the money.
    fn tell_bearer(&mut self, imsi: [u8; 9]) -> Result<(), BrokenOff> {
        if self.bearer != Some(imsi) {
            self.session.write_run_info(&imsi)?;
            self.bearer = Some(imsi);
        }
        Ok(())
    }

    /// The first orders to be tried.
    fn find_orders(&mut self) -> Result<Vec<CarriedOrder>, BrokenOff> {
        let mut orders = self.source.look()?;
        if orders.is_empty() {
            return Err(BrokenOff::plain(self.source.looking(), Refusal::NoOrder));
        }
        // The ESAM keeps one receipt. An order whose receipt was not handed over yet must come first, or a newer one
        // would push it out.
        let pending = self.session.meter.state().pending();
        let waits = |order: &CarriedOrder| Some(&order.messages) == pending.as_ref();
        while pending.is_some() && !orders.iter().any(waits) && !self.source.is_done() {
            orders.extend(self.source.look()?);
        }
        orders.sort_by_key(|order| (!waits(order), order.place()));
        Ok(orders)
    }

    /// Tries what was found. When nothing of it could be credited, or a count is missing before one, the rest of the source is
    /// looked through for more.
    fn try_all(&mut self, mut orders: Vec<CarriedOrder>) -> Result<(), BrokenOff> {
        loop {
            orders = self.try_orders(orders)?;
            let served = self.results.iter().any(|result| {
                matches!(result.outcome, OrderOutcome::Credited(_) | OrderOutcome::ReceiptRepeated)
            });
            if (served && orders.is_empty()) || self.source.is_done() {
                break;
            }
            self.course.look_at(self.source.looking());
            let more = self.source.look()?;
            if more.is_empty() {
                break;
            }
            self.course.enter(self.source.looking());
            orders.extend(more);
            orders.sort_by_key(CarriedOrder::place);
        }
        for order in &orders {
            self.conclude(order, OrderOutcome::Refused(Refusal::CountSkipped));
        }
        Ok(())
    }

    fn conclude(&mut self, order: &CarriedOrder, outcome: OrderOutcome) {
        let second = order.places.get(1).copied();
        self.results.push(OrderResult { record: order.place(), second, outcome });
    }

    /// Tries orders, those that came too early again after a credit, those of an unknown server again after its certificate; gives the ones
    /// that are too early still.
    fn try_orders(&mut self, mut waiting: Vec<CarriedOrder>) -> Result<Vec<CarriedOrder>, BrokenOff> {
        loop {
            let (mut early, mut unknown) = (Vec::new(), Vec::new());
            let mut progress = false;
            for order in waiting {
                match self.try_order(&order)? {
                    OrderOutcome::Refused(Refusal::CountSkipped) => early.push(order),
                    OrderOutcome::Refused(Refusal::Signature) => unknown.push(order),
                    outcome => {
                        let certified = outcome == OrderOutcome::Certified;
                        progress |= certified || matches!(outcome, OrderOutcome::Credited(_));
                        if certified {
                            early.append(&mut unknown);
                        }
                        self.conclude(&order, outcome);
                    }
                }
            }
            for order in unknown {
                self.conclude(&order, OrderOutcome::Refused(Refusal::Signature));
            }
            if early.is_empty() || !progress {
                return Ok(early);
            }
            waiting = early;
        }
    }

    /// Steps 7 and 8: an order to the ESAM, its receipt to the source.
    fn try_order(&mut self, order: &CarriedOrder) -> Result<OrderOutcome, BrokenOff> {
        let before = self.session.balance();
        if let Some(imsi) = self.source.bearer(order) {
            self.tell_bearer(imsi)?;
        }
        let receipt = match self.session.credit(order)? {
            Decision::Receipt(receipt) => receipt,
            Decision::Refused(refusal) => return Ok(OrderOutcome::Refused(refusal)),
            Decision::Certificate => {
                self.source.clear(order, self.course)?;
                return Ok(OrderOutcome::Certified);
            }
        };
        if let Some(trail) = self.source.trail(order) {
            self.session.meter.state.origin = Some(trail);
        }
        let answered = self.source.answer(order, &receipt, self.course);
        // Even when the source is gone by now, the money is in the purse and the display shall say so.
        let balance = self.session.status();
        answered?;
        self.session.delivered();
        let balance = balance?;
        Ok(if balance > before {
            OrderOutcome::Credited(Fen(balance.0 - before.0))
        } else {
            OrderOutcome::ReceiptRepeated
        })
    }
}
