//! The SIM in the meter's slot, as a source of money.

use crate::fault::{BrokenOff, sim_fault};
use crate::mcu::MeterState;
use crate::message::OrderMessage;
use crate::search::Search;
use crate::source::{CarriedOrder, Course, Source};
use crate::step::Step;
use reader::driver::sim::{Sim, SimError, SmsFile};
use scheme::refusal::Refusal;
use scheme::sim::DF_TELECOM;
use wire::channel::Channel;
use wire::sms::record::{RECORD_LEN, RecordStatus, free_record};

/// The slot and the SIM in it. The MCU never tries a CHV.
pub(crate) struct SimSlot<'c> {
    sim: Sim<'c>,
    /// Begun when EF_SMS is selected.
    search: Option<Search>,
    /// EF_SMS, once it is selected.
    file: Option<SmsFile>,
    /// What was found, parts too.
    found: Vec<OrderMessage>,
    /// Where the orders stand that were given to the meter.
    given: Vec<Vec<u8>>,
    /// Records that a receipt was written to.
    answered: Vec<u8>,
    /// The messages of the order whose receipt may not be here yet.
    pending: Option<Vec<Vec<u8>>>,
}

/// Pairs of parts that are tried for one first part: whoever writes many second parts of one reference keeps no customer waiting.
const MOST_PAIRS: usize = 4;

impl<'c> SimSlot<'c> {
    pub(crate) fn new(channel: &'c mut dyn Channel) -> Self {
        SimSlot {
            sim: Sim::new(channel),
            search: None,
            file: None,
            found: Vec::new(),
            given: Vec::new(),
            answered: Vec::new(),
            pending: None,
        }
    }

    fn order(&self, order: &CarriedOrder) -> Option<&OrderMessage> {
        self.found.iter().find(|found| found.number() == order.place())
    }

    /// The orders among what was found that were not given before: whole ones, and pairs of parts.
    fn fresh(&mut self) -> Vec<CarriedOrder> {
        let mut fresh: Vec<CarriedOrder> = Vec::new();
        for order in &self.found {
            if order.is_whole() {
                fresh.push(CarriedOrder::whole(order.number(), order.tpdu()));
            } else if order.is_first() {
                let seconds = self.found.iter().filter(|other| order.goes_on_in(other));
                fresh.extend(seconds.take(MOST_PAIRS).map(|second| CarriedOrder {
                    places: vec![order.number(), second.number()],
                    messages: vec![order.tpdu(), second.tpdu()],
                }));
            }
        }
        fresh.retain(|order| !self.given.contains(&order.places));
        self.given.extend(fresh.iter().map(|order| order.places.clone()));
        fresh
    }

    /// The order whose receipt had taken the place of one part when the SIM was pulled: the other part is here, and the meter knows both.
    fn torn(&mut self) -> Option<CarriedOrder> {
        let pending = self.pending.take().filter(|messages| messages.len() > 1)?;
        let has = |message: &Vec<u8>| self.found.iter().find(|found| found.tpdu() == *message);
        let mut left = pending.iter().filter_map(has);
        let (half, None) = (left.next()?, left.next()) else { return None };
        Some(CarriedOrder { places: vec![half.number()], messages: pending })
    }

    /// Those of a receipt's records that are not on the SIM yet.
    fn missing(
        &mut self,
        records: Vec<[u8; RECORD_LEN]>,
        file: SmsFile,
    ) -> Result<Vec<[u8; RECORD_LEN]>, SimError> {
        let mut there = Vec::new();
        for number in self.sim.sms_seek(file, &[RecordStatus::ToBeSent.byte()])? {
            there.push(self.sim.read_record(number, file.record_len)?);
        }
        Ok(records.into_iter().filter(|record| !there.iter().any(|there| there == record)).collect())
    }

    /// Writes a receipt in the place of its order, first part first: what the SIM then has of the order is enough to go on after it was
    /// pulled. A receipt that needs more records than its order left takes free ones, and one that needs fewer sets them free.
    fn write(&mut self, mut places: Vec<u8>, mut records: Vec<[u8; RECORD_LEN]>) -> Result<(), SimError> {
        if let Some(file) = self.file
            && records.len() > places.len()
        {
            records = self.missing(records, file)?;
            while records.len() > places.len() {
                let free = self.sim.free_in(file, &places)?;
                places.push(free);
            }
        }
        records.resize(records.len().max(places.len()), free_record());
        for (place, record) in places.into_iter().zip(&records) {
            self.sim.update_record(place, record)?;
        }
        Ok(())
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
        self.file = Some(file);
        self.pending = meter.pending();
        Ok(imsi)
    }

    /// Orders of ours, found by SEEK so that the user's messages are hardly read at all.
    fn look(&mut self) -> Result<Vec<CarriedOrder>, BrokenOff> {
        let unreadable = |error: SimError| sim_fault(Step::SimMessages, Refusal::SimFile, &error);
        while let Some(search) = &mut self.search {
            self.found.extend(search.next(&mut self.sim).map_err(unreadable)?);
            let is_done = search.is_done();
            let mut fresh = self.fresh();
            if is_done {
                fresh.extend(self.torn());
            }
            if is_done || !fresh.is_empty() {
                return Ok(fresh);
            }
        }
        Ok(Vec::new())
    }

    fn is_done(&self) -> bool {
        self.search.as_ref().is_none_or(Search::is_done)
    }

    /// Step 8: the receipt in the order's place.
    fn answer(&mut self, order: &CarriedOrder, receipt: &[u8], course: &Course) -> Result<(), BrokenOff> {
        let step = course.enter(Step::WriteBack);
        let records = self.order(order).and_then(|order| order.receipt(receipt));
        let records = records.ok_or_else(|| BrokenOff::plain(step, Refusal::Esam))?;
        // The same order once more, of a part that stands there twice: its receipt is written.
        if order.places.iter().any(|place| self.answered.contains(place)) {
            return Ok(());
        }
        self.answered.extend(&order.places);
        self.write(order.places.clone(), records).map_err(|error| sim_fault(step, Refusal::WriteBack, &error))
    }

    fn clear(&mut self, order: &CarriedOrder, course: &Course) -> Result<(), BrokenOff> {
        let step = course.enter(Step::WriteBack);
        self.answered.extend(&order.places);
        self.write(order.places.clone(), Vec::new())
            .map_err(|error| sim_fault(step, Refusal::WriteBack, &error))
    }

    fn trail(&self, order: &CarriedOrder) -> Option<Vec<u8>> {
        self.order(order).map(|order| order.origin().to_vec())
    }
}
