//! Looking for orders on the SIM, in widening circles, so that the user's messages are hardly read at all
//! [docs/specs/purchase.md 6].
//!
//! A record takes 231 ms at 9600 bit/s, a SEEK 24 ms: a SIM full of messages that were read one by one would keep the
//! customer waiting for twelve seconds.

use crate::message::{ORIGIN_LEN, OrderMessage, usual_origin};
use reader::driver::sim::{Sim, SimError, SmsFile};
use wire::sms::record::RecordStatus;

/// How far the search has come; each circle takes in the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Circle {
    /// Messages that begin as the last order did that this meter credited, or as its operator's do.
    Known,
    /// Every message not yet read by the user, and those he read that begin as an order among them.
    Unread,
    /// Every message he read.
    Read,
    /// Records whose status byte has bits that mean nothing, which no SEEK for a status finds.
    Odd,
    /// Nothing is left.
    Done,
}

/// A search through EF_SMS, which must stay the current file.
pub(crate) struct Search {
    file: SmsFile,
    known: Option<Vec<u8>>,
    circle: Circle,
    /// Numbers of the records that were read.
    looked_at: Vec<u8>,
}

impl Search {
    /// Begins. `known`: how the last order began that was credited; the operator's usual numbers before that.
    pub(crate) fn new(file: SmsFile, known: Option<Vec<u8>>) -> Self {
        // A pattern of another length than ours would be somebody's flash, not ours.
        let known = known.filter(|origin| origin.len() == ORIGIN_LEN).or_else(usual_origin);
        let circle = if known.is_some() { Circle::Known } else { Circle::Unread };
        Search { file, known, circle, looked_at: Vec::new() }
    }

    /// True when every circle was walked.
    pub(crate) fn is_done(&self) -> bool {
        self.circle == Circle::Done
    }

    /// Walks circles until one has orders, or none is left.
    pub(crate) fn next(&mut self, sim: &mut Sim<'_>) -> Result<Vec<OrderMessage>, SimError> {
        let mut orders = Vec::new();
        while orders.is_empty() && !self.is_done() {
            match self.circle {
                Circle::Known => {
                    let known = self.known.clone().unwrap_or_default();
                    self.collect(sim, RecordStatus::Unread, &known, &mut orders)?;
                    self.collect(sim, RecordStatus::Read, &known, &mut orders)?;
                    self.circle = Circle::Unread;
                }
                Circle::Unread => {
                    self.collect(sim, RecordStatus::Unread, &[], &mut orders)?;
                    let mut origins: Vec<Vec<u8>> =
                        orders.iter().map(|order| order.origin().to_vec()).collect();
                    origins.sort();
                    origins.dedup();
                    for origin in origins {
                        self.collect(sim, RecordStatus::Read, &origin, &mut orders)?;
                    }
                    self.circle = Circle::Read;
                }
                Circle::Read => {
                    self.collect(sim, RecordStatus::Read, &[], &mut orders)?;
                    self.circle = Circle::Odd;
                }
                Circle::Odd | Circle::Done => {
                    let odd = sim.sms_odd(self.file)?;
                    self.read_all(sim, &odd, &mut orders)?;
                    self.circle = Circle::Done;
                }
            }
        }
        Ok(orders)
    }

    /// Reads the records of a status that begin with `start` and were not read yet; keeps the orders.
    fn collect(
        &mut self,
        sim: &mut Sim<'_>,
        status: RecordStatus,
        start: &[u8],
        orders: &mut Vec<OrderMessage>,
    ) -> Result<(), SimError> {
        let pattern = [&[status.byte()], start].concat();
        let hits = sim.sms_seek(self.file, &pattern)?;
        self.read_all(sim, &hits, orders)
    }

    /// Reads those of the records that were not read yet; keeps the orders.
    fn read_all(
        &mut self,
        sim: &mut Sim<'_>,
        numbers: &[u8],
        orders: &mut Vec<OrderMessage>,
    ) -> Result<(), SimError> {
        for number in numbers {
            if !self.looked_at.contains(number) {
                self.looked_at.push(*number);
                let record = sim.read_record(*number, self.file.record_len)?;
                orders.extend(OrderMessage::read(*number, &record));
            }
        }
        Ok(())
    }
}
