//! Where the time of an insertion goes on the cards' lines [docs/specs/trace.md 2].

use crate::insertion::InsertionReport;
use crate::step::Step;
use reader::count::{Exchange, ExchangeKind, Tally};
use scheme::sim::DF_TELECOM;

/// One of the meter's two slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The ESAM inside.
    Esam,
    /// The customer's SIM.
    Sim,
}

impl Side {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Side::Esam => "ESAM",
            Side::Sim => "SIM",
        }
    }
}

/// Exchanges of one kind in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepTime {
    /// The slot.
    pub side: Side,
    /// The step.
    pub step: Step,
    /// What was done, in a word or two; GET RESPONSE counts with the command whose answer it fetches.
    pub act: &'static str,
    /// What it took.
    pub tally: Tally,
    /// What of it no meter can do without that trusts what it is told: it knows the SIM's files and where the order
    /// stands, and checks neither card's state.
    pub least: Tally,
}

impl InsertionReport {
    /// Where the time went, in the order in which things were done first.
    pub fn times(&self) -> Vec<StepTime> {
        let mut times: Vec<StepTime> = Vec::new();
        for (side, exchanges) in [(Side::Esam, &self.esam_line), (Side::Sim, &self.sim_line)] {
            let mut act = "";
            for exchange in exchanges {
                let step = Step::ALL.get(exchange.mark).copied().unwrap_or(Step::Settle);
                act = name(exchange.kind).unwrap_or(act);
                let least = if self.needed(step, exchange) { exchange.tally } else { Tally::default() };
                let same = |time: &&mut StepTime| (time.side, time.step, time.act) == (side, step, act);
                match times.iter_mut().find(same) {
                    Some(time) => {
                        time.tally.add(exchange.tally);
                        time.least.add(least);
                    }
                    None => times.push(StepTime { side, step, act, tally: exchange.tally, least }),
                }
            }
        }
        times.sort_by_key(|time| (time.side, time.step));
        times
    }

    fn needed(&self, step: Step, exchange: &Exchange) -> bool {
        let ExchangeKind::Command { header, file, .. } = exchange.kind else { return step != Step::Settle };
        let fetches = header[1] == GET_RESPONSE;
        match step {
            Step::SimIdentity
            | Step::InternalAuthentication
            | Step::ExternalAuthentication
            | Step::RunInfo
            | Step::Envelope
            | Step::WriteBack => true,
            // The way to EF_SMS, and the record with the order.
            Step::SimState | Step::SimMessages if fetches => false,
            Step::SimState => file == Some(DF_TELECOM),
            Step::SimMessages => match header[1] {
                0xA4 => true,
                0xB2 => self.orders.iter().any(|order| order.record == header[2]),
                _ => false,
            },
            Step::Settle | Step::EsamReset | Step::EsamInfo | Step::SimReset | Step::Balance => false,
        }
    }
}

const GET_RESPONSE: u8 = 0xC0;

/// The act of an exchange; `None` for GET RESPONSE, which belongs to the act before.
const fn name(kind: ExchangeKind) -> Option<&'static str> {
    let ExchangeKind::Command { header, .. } = kind else { return Some("ATR") };
    Some(match header[1] {
        GET_RESPONSE => return None,
        0xA4 => "SELECT",
        0xA2 => "SEEK",
        0xB0 => "READ BINARY",
        0xB2 => "READ RECORD",
        0xD6 => "UPDATE BINARY",
        0xDC => "UPDATE RECORD",
        0x84 => "GET CHALLENGE",
        0x82 | 0x88 => "AUTHENTICATE",
        0xC2 => "ENVELOPE",
        0x30 => "DEBIT",
        _ => "other",
    })
}
