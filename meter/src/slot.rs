//! The SIM in the meter's slot, as a source of money.

use crate::fault::{BrokenOff, sim_fault};
use crate::mcu::MeterState;
use crate::message::OrderMessage;
use crate::search::Search;
use crate::source::{CarriedOrder, Course, Source};
use crate::step::Step;
use reader::driver::sim::{Sim, SimError};
use scheme::refusal::Refusal;
use scheme::sim::DF_TELECOM;
use wire::channel::Channel;

/// The slot and the SIM in it. The MCU never tries a CHV.
pub(crate) struct SimSlot<'c> {
    sim: Sim<'c>,
    /// Begun when EF_SMS is selected.
    search: Option<Search>,
    /// What was found.
    orders: Vec<OrderMessage>,
}

impl<'c> SimSlot<'c> {
    pub(crate) fn new(channel: &'c mut dyn Channel) -> Self {
        SimSlot { sim: Sim::new(channel), search: None, orders: Vec::new() }
    }

    fn order(&self, order: &CarriedOrder) -> Option<&OrderMessage> {
        self.orders.iter().find(|found| found.number() == order.place)
    }
}

impl Source for SimSlot<'_> {
    fn looking(&self) -> Step {
        Step::SimMessages
    }

    /// Steps 3 and 4: the SIM, its EF_IMSI, its state if it tells one, EF_SMS and its shape.
    fn open(&mut self, meter: &MeterState, course: &Course) -> Result<[u8; 9], BrokenOff> {
        let step = course.enter(Step::SimReset);
        self.sim.reset().map_err(|error| sim_fault(step, Refusal::SimReset, &error))?;
        let step = course.enter(Step::SimIdentity);
        let imsi = self.sim.imsi_from_mf().map_err(|error| sim_fault(step, Refusal::SimFile, &error))?;
        let step = course.enter(Step::SimState);
        let unreadable = |error: SimError| sim_fault(step, Refusal::SimFile, &error);
        // A sister of DF_GSM, so reached from there in one SELECT.
        self.sim.enter(DF_TELECOM).map_err(unreadable)?;
        let state = self.sim.grid_state_here().map_err(unreadable)?;
        if state.is_some_and(|state| state != meter.config.state) {
            return Err(BrokenOff::plain(step, Refusal::KeyState));
        }
        let step = course.enter(Step::SimMessages);
        let file = self.sim.sms_file_here().map_err(|error| sim_fault(step, Refusal::SimFile, &error))?;
        self.search = Some(Search::new(file, meter.origin.clone()));
        Ok(imsi)
    }

    /// Orders of ours, found by SEEK so that the user's messages are hardly read at all.
    fn look(&mut self) -> Result<Vec<CarriedOrder>, BrokenOff> {
        let Some(search) = &mut self.search else { return Ok(Vec::new()) };
        let unreadable = |error: SimError| sim_fault(Step::SimMessages, Refusal::SimFile, &error);
        let found = search.next(&mut self.sim).map_err(unreadable)?;
        let sealed =
            found.iter().map(|order| CarriedOrder { place: order.number(), message: order.tpdu().to_vec() });
        let sealed = sealed.collect();
        self.orders.extend(found);
        Ok(sealed)
    }

    fn is_done(&self) -> bool {
        self.search.as_ref().is_none_or(Search::is_done)
    }

    /// Step 8: the receipt in the order's place.
    fn answer(&mut self, order: &CarriedOrder, receipt: &[u8], course: &Course) -> Result<(), BrokenOff> {
        let step = course.enter(Step::WriteBack);
        let record = self.order(order).and_then(|order| order.receipt(receipt));
        let record = record.ok_or_else(|| BrokenOff::plain(step, Refusal::Esam))?;
        self.sim
            .update_record(order.place, &record)
            .map_err(|error| sim_fault(step, Refusal::WriteBack, &error))
    }

    fn trail(&self, order: &CarriedOrder) -> Option<Vec<u8>> {
        self.order(order).map(|order| order.origin().to_vec())
    }
}
