//! A SIM is put into the meter: the state machine from the reset of both cards to the receipt on the SIM
//! [docs/specs/purchase.md 4 to 6].
//!
//! The SIM may be pulled between any two commands. Before the ENVELOPE nothing has happened; after it the
//! money is in the purse and the ESAM keeps the receipt, which the next insertion gets again by the count
//! rule. So every tear is cured by inserting once more.

use crate::display::Display;
use crate::events::EventKind;
use crate::fault::{Fault, esam_fault, sim_fault};
use crate::mcu::Meter;
use crate::message::OrderMessage;
use crate::search::Search;
use crate::step::Step;
use reader::count::{Counter, Exchange, Tally};
use reader::driver::esam::{EnvelopeError, Esam};
use reader::driver::sim::{Sim, SimError};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::profile::{CardInfo, CardKind, State};
use scheme::refusal::Refusal;
use scheme::sim::DF_TELECOM;
use std::cell::Cell;
use std::rc::Rc;
use wire::channel::Channel;

/// How an insertion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// At least one order was credited and its receipt is on the SIM.
    Credited {
        /// Orders credited.
        orders: usize,
        /// Money added by them.
        amount: Fen,
        /// Purse afterwards.
        balance: Fen,
    },
    /// No order was new; the receipt of the last one is on the SIM again.
    ReceiptRepeated {
        /// Purse.
        balance: Fen,
    },
    /// Nothing was credited, or the insertion broke off ([`InsertionReport::credited`] tells whether money
    /// came in before that).
    Refused {
        /// Why.
        refusal: Refusal,
        /// Where.
        step: Step,
    },
}

/// What came of one order on the SIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderOutcome {
    /// Money was added.
    Credited(Fen),
    /// It was credited before; the same receipt was written.
    ReceiptRepeated,
    /// The ESAM refused it; the SIM was left as it was.
    Refused(Refusal),
}

/// One order on the SIM and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderResult {
    /// Record of EF_SMS, 1-based.
    pub record: u8,
    /// What came of it.
    pub outcome: OrderOutcome,
}

/// Everything about one insertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertionReport {
    /// How it ended.
    pub outcome: Outcome,
    /// The orders tried, in the order they were decided.
    pub orders: Vec<OrderResult>,
    /// Money added, also when the insertion broke off afterwards.
    pub credited: Fen,
    /// What was consumed beyond the purse before and was taken off it now, in fen: why the balance is less than the credit.
    pub debt_paid: u64,
    /// Steps entered, in order; the last one is where it ended.
    pub steps: Vec<Step>,
    /// What the card said, when it was a card that ended it. For the log; holds no secret.
    pub cause: Option<String>,
    /// What the display shows now.
    pub display: Display,
    /// Traffic with the ESAM.
    pub esam: Tally,
    /// Traffic with the SIM.
    pub sim: Tally,
    /// Every exchange with the ESAM; its mark is the place of the step in [`Step::ALL`].
    pub esam_line: Vec<Exchange>,
    /// Every exchange with the SIM, likewise.
    pub sim_line: Vec<Exchange>,
}

impl Meter {
    /// Puts a SIM in. `random` fills a buffer with random bytes, for the MCU's challenge to the ESAM.
    ///
    /// Never fails as such: whatever goes wrong is a refusal with its number and words.
    pub fn insert(
        &mut self,
        esam: &mut dyn Channel,
        sim: &mut dyn Channel,
        now: Moment,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> InsertionReport {
        let (due, debt) = (self.state.due.fen, self.debt());
        let mark = Rc::new(Cell::new(0));
        let (mut esam, mut sim) = (Counter::marked(esam, mark.clone()), Counter::marked(sim, mark.clone()));
        let mut insertion = Insertion {
            meter: self,
            esam: Esam::new(&mut esam),
            sim: Sim::new(&mut sim),
            now,
            mark,
            steps: Vec::new(),
            results: Vec::new(),
            credited: Fen(0),
        };
        let end = insertion.run(random);
        let Insertion { steps, results, credited, .. } = insertion;
        let outcome = match &end {
            Ok(()) => outcome_of(&results, credited, self.state.balance),
            Err(fault) => Outcome::Refused { refusal: fault.refusal, step: fault.step },
        };
        self.record(now, &outcome);
        InsertionReport {
            display: Display::after(&outcome, &self.state),
            outcome,
            orders: results,
            credited,
            debt_paid: debt.min(due.saturating_sub(self.state.due.fen)),
            steps,
            cause: end.err().and_then(|fault| fault.cause),
            esam: esam.tally(),
            sim: sim.tally(),
            esam_line: esam.into_exchanges(),
            sim_line: sim.into_exchanges(),
        }
    }

    /// Counts illegal insertions, logs, and lets the relay follow the purse.
    fn record(&mut self, now: Moment, outcome: &Outcome) {
        let event = match *outcome {
            Outcome::Credited { amount, balance, .. } => EventKind::Credited { amount, balance },
            Outcome::ReceiptRepeated { .. } => EventKind::ReceiptRepeated,
            Outcome::Refused { refusal, step } => {
                if (4..=10).contains(&refusal.field_error()) {
                    self.state.illegal_insertions = self.state.illegal_insertions.saturating_add(1);
                }
                EventKind::Refused { refusal: refusal.name().to_owned(), step: step.name().to_owned() }
            }
        };
        self.state.events.push(now, event);
        self.switch_relay(now);
    }
}

/// The outcome of an insertion that went through to its end.
fn outcome_of(results: &[OrderResult], amount: Fen, balance: Fen) -> Outcome {
    let orders = results.iter().filter(|result| matches!(result.outcome, OrderOutcome::Credited(_))).count();
    if orders > 0 {
        return Outcome::Credited { orders, amount, balance };
    }
    let refusal = results.iter().find_map(|result| match result.outcome {
        OrderOutcome::Refused(refusal) => Some(refusal),
        _ => None,
    });
    match refusal {
        Some(refusal) if results.iter().all(|r| matches!(r.outcome, OrderOutcome::Refused(_))) => {
            Outcome::Refused { refusal, step: Step::Envelope }
        }
        _ => Outcome::ReceiptRepeated { balance },
    }
}

/// One insertion on its way.
struct Insertion<'m, 'c> {
    meter: &'m mut Meter,
    esam: Esam<'c>,
    sim: Sim<'c>,
    now: Moment,
    /// The step the counters see.
    mark: Rc<Cell<usize>>,
    steps: Vec<Step>,
    results: Vec<OrderResult>,
    credited: Fen,
}

impl Insertion<'_, '_> {
    fn run(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Result<(), Fault> {
        self.meet()?;
        self.settle_before()?;
        self.power_esam()?;
        let imsi = self.power_sim()?;
        let mut search = self.open_messages()?;
        let orders = self.find_orders(&mut search)?;
        self.authenticate(random)?;
        self.write_run_info(&imsi)?;
        self.try_all(orders, &mut search)?;
        self.settle_after()
    }

    fn enter(&mut self, step: Step) -> Step {
        self.steps.push(step);
        self.mark(step);
        step
    }

    /// While a key change is on its way: which keys the ESAM has.
    fn meet(&mut self) -> Result<(), Fault> {
        if self.meter.expects().is_none() {
            return Ok(());
        }
        let step = self.enter(Step::EsamReset);
        self.esam.reset().map_err(|error| esam_fault(step, Refusal::EsamReset, &error))?;
        self.meter.meet(&mut self.esam, self.now).map_err(|error| esam_fault(step, Refusal::Esam, &error))
    }

    /// Lets the counters see a step.
    fn mark(&self, step: Step) {
        self.mark.set(Step::ALL.iter().position(|other| *other == step).unwrap_or_default());
    }

    /// Step 1: what was consumed and not yet paid.
    fn settle_before(&mut self) -> Result<(), Fault> {
        if !self.meter.owes() {
            return Ok(());
        }
        let step = self.enter(Step::Settle);
        self.esam.reset().map_err(|error| esam_fault(step, Refusal::EsamReset, &error))?;
        self.meter.prove_mcu(&mut self.esam).map_err(|error| external_fault(step, &error))?;
        self.meter.settle(&mut self.esam).map_err(|error| esam_fault(step, Refusal::Esam, &error))
    }

    /// Step 2: the ESAM is there, is an ESAM, is this meter's, and lives in the same state.
    fn power_esam(&mut self) -> Result<(), Fault> {
        let step = self.enter(Step::EsamReset);
        self.esam.reset().map_err(|error| esam_fault(step, Refusal::EsamReset, &error))?;
        let step = self.enter(Step::EsamInfo);
        let broken = |error| esam_fault(step, Refusal::Esam, &error);
        let info = self.esam.card_info().map_err(broken)?;
        if let Some(refusal) = self.misfit(&info) {
            return Err(Fault::plain(step, refusal));
        }
        self.meter.state.balance = self.esam.balance().map_err(broken)?;
        Ok(())
    }

    fn misfit(&self, info: &CardInfo) -> Option<Refusal> {
        let config = &self.meter.state.config;
        if info.kind != CardKind::Esam {
            Some(Refusal::Esam)
        } else if info.is_older_make() {
            Some(Refusal::OlderMake)
        } else if info.number != config.number.0 || info.suite != config.suite.code() {
            Some(Refusal::Pairing)
        } else if info.state == State::Retired {
            Some(Refusal::Retired)
        } else if info.state != config.state {
            Some(Refusal::KeyState)
        } else {
            None
        }
    }

    /// Step 3: the SIM, its EF_IMSI, and its state if it tells one. The MCU never tries a CHV.
    fn power_sim(&mut self) -> Result<[u8; 9], Fault> {
        let step = self.enter(Step::SimReset);
        self.sim.reset().map_err(|error| sim_fault(step, Refusal::SimReset, &error))?;
        let step = self.enter(Step::SimIdentity);
        let imsi = self.sim.imsi_from_mf().map_err(|error| sim_fault(step, Refusal::SimFile, &error))?;
        let step = self.enter(Step::SimState);
        let unreadable = |error: SimError| sim_fault(step, Refusal::SimFile, &error);
        // A sister of DF_GSM, so reached from there in one SELECT.
        self.sim.enter(DF_TELECOM).map_err(unreadable)?;
        match self.sim.grid_state_here().map_err(unreadable)? {
            Some(state) if state != self.meter.state.config.state => {
                Err(Fault::plain(step, Refusal::KeyState))
            }
            _ => Ok(imsi),
        }
    }

    /// Step 4: EF_SMS and its shape.
    fn open_messages(&mut self) -> Result<Search, Fault> {
        let step = self.enter(Step::SimMessages);
        let file = self.sim.sms_file_here().map_err(|error| sim_fault(step, Refusal::SimFile, &error))?;
        Ok(Search::new(file, self.meter.state.origin.clone()))
    }

    /// Orders of ours, found by SEEK so that the user's messages are hardly read at all.
    fn find_orders(&mut self, search: &mut Search) -> Result<Vec<OrderMessage>, Fault> {
        let step = Step::SimMessages;
        let mut orders = self.look(search)?;
        if orders.is_empty() {
            return Err(Fault::plain(step, Refusal::NoOrder));
        }
        // The ESAM keeps one receipt. An order whose receipt is not on the SIM yet must come first, or a
        // newer one would push it out.
        let pending = self.meter.state.pending_order.clone();
        let waits = |order: &OrderMessage| Some(order.tpdu()) == pending.as_deref();
        while pending.is_some() && !orders.iter().any(waits) && !search.is_done() {
            orders.extend(self.look(search)?);
        }
        orders.sort_by_key(|order| (!waits(order), order.number()));
        Ok(orders)
    }

    fn look(&mut self, search: &mut Search) -> Result<Vec<OrderMessage>, Fault> {
        let unreadable = |error: SimError| sim_fault(Step::SimMessages, Refusal::SimFile, &error);
        search.next(&mut self.sim).map_err(unreadable)
    }

    /// Step 5: both sides prove that they hold the pairing keys.
    fn authenticate(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Result<(), Fault> {
        let step = self.enter(Step::InternalAuthentication);
        let mut challenge = [0; 8];
        random(&mut challenge);
        let (block, expected) = self.meter.pairing.internal(&challenge);
        let answer = self
            .esam
            .internal_authenticate(&block)
            .map_err(|error| esam_fault(step, Refusal::InternalAuthentication, &error))?;
        if !keys::equal(&answer, &expected) {
            return Err(Fault::plain(step, Refusal::InternalAuthentication));
        }
        let step = self.enter(Step::ExternalAuthentication);
        self.meter.prove_mcu(&mut self.esam).map_err(|error| external_fault(step, &error))
    }

    /// Step 6: what the receipts will carry, and the SIM that is in the slot.
    fn write_run_info(&mut self, imsi: &[u8; 9]) -> Result<(), Fault> {
        let step = self.enter(Step::RunInfo);
        let register = self.meter.state.register.hundredths;
        self.esam
            .write_run_info(register, self.now, imsi)
            .map_err(|error| esam_fault(step, Refusal::Esam, &error))
    }

    /// Steps 7 and 8 for what was found. When nothing of it could be credited, or a count is missing before one, the rest of the SIM
    /// is looked through for more.
    fn try_all(&mut self, mut orders: Vec<OrderMessage>, search: &mut Search) -> Result<(), Fault> {
        loop {
            orders = self.try_orders(orders)?;
            let served =
                self.results.iter().any(|result| !matches!(result.outcome, OrderOutcome::Refused(_)));
            if (served && orders.is_empty()) || search.is_done() {
                break;
            }
            self.mark(Step::SimMessages);
            let more = self.look(search)?;
            if more.is_empty() {
                break;
            }
            self.steps.push(Step::SimMessages);
            orders.extend(more);
            orders.sort_by_key(OrderMessage::number);
        }
        let outcome = OrderOutcome::Refused(Refusal::CountSkipped);
        self.results.extend(orders.iter().map(|order| OrderResult { record: order.number(), outcome }));
        Ok(())
    }

    /// Tries orders, those that came too early again after a credit; gives the ones that are too early still.
    fn try_orders(&mut self, mut waiting: Vec<OrderMessage>) -> Result<Vec<OrderMessage>, Fault> {
        loop {
            let mut early = Vec::new();
            let mut progress = false;
            for order in waiting {
                match self.try_order(&order)? {
                    OrderOutcome::Refused(Refusal::CountSkipped) => early.push(order),
                    outcome => {
                        progress |= matches!(outcome, OrderOutcome::Credited(_));
                        self.results.push(OrderResult { record: order.number(), outcome });
                    }
                }
            }
            if early.is_empty() || !progress {
                return Ok(early);
            }
            waiting = early;
        }
    }

    fn try_order(&mut self, order: &OrderMessage) -> Result<OrderOutcome, Fault> {
        let step = self.enter(Step::Envelope);
        let before = self.meter.state.balance;
        // Written down before it is sent: from now on the receipt may be in the ESAM and not on the SIM.
        let earlier = self.meter.state.pending_order.replace(order.tpdu().to_vec());
        if let Err(error) = self.meter.keep() {
            return Err(Fault { refusal: Refusal::Esam, step, cause: Some(error.to_string()) });
        }
        let user_data = match self.esam.envelope(order.tpdu()) {
            Ok(user_data) => user_data,
            Err(EnvelopeError::Refused(refusal)) => {
                self.meter.state.pending_order = earlier.filter(|tpdu| tpdu != order.tpdu());
                return Ok(OrderOutcome::Refused(refusal));
            }
            Err(EnvelopeError::Card(error)) => return Err(esam_fault(step, Refusal::Esam, &error)),
        };
        self.meter.state.origin = Some(order.origin().to_vec());
        let written = self.write_back(order, &user_data);
        // Even when the SIM is gone by now, the money is in the purse and the display shall say so.
        let balance = self.read_balance();
        if let Ok(balance) = balance {
            self.meter.state.balance = balance;
            self.credited.0 = self.credited.0.saturating_add(balance.0.saturating_sub(before.0));
        }
        written?;
        self.meter.state.pending_order = None;
        let balance = balance?;
        Ok(if balance > before {
            OrderOutcome::Credited(Fen(balance.0 - before.0))
        } else {
            OrderOutcome::ReceiptRepeated
        })
    }

    /// Step 8: the receipt in the order's place.
    fn write_back(&mut self, order: &OrderMessage, user_data: &[u8]) -> Result<(), Fault> {
        let step = self.enter(Step::WriteBack);
        let record = order.receipt(user_data).ok_or_else(|| Fault::plain(step, Refusal::Esam))?;
        self.sim
            .update_record(order.number(), &record)
            .map_err(|error| sim_fault(step, Refusal::WriteBack, &error))
    }

    fn read_balance(&mut self) -> Result<Fen, Fault> {
        let step = self.enter(Step::Balance);
        self.esam.balance().map_err(|error| esam_fault(step, Refusal::Esam, &error))
    }

    /// An overdraft is paid from the credit at once.
    fn settle_after(&mut self) -> Result<(), Fault> {
        if !self.meter.owes() {
            return Ok(());
        }
        let step = self.enter(Step::Balance);
        self.meter.settle(&mut self.esam).map_err(|error| esam_fault(step, Refusal::Esam, &error))
    }
}

/// The ESAM refused the MCU's proof, or failed at it.
fn external_fault(step: Step, error: &reader::CardError) -> Fault {
    esam_fault(step, Refusal::ExternalAuthentication, error)
}
