//! Where the time of an insertion goes on the cards' lines [docs/specs/trace.md 2].

use crate::insertion::InsertionReport;
use crate::step::Step;
use reader::count::{Exchange, ExchangeKind, Tally};
use scheme::sim::DF_TELECOM;
use serde::Serialize;
use wire::line::Etu;

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

/// Speed of a meter's slots, in bit/s.
pub const BAUD: u32 = 9600;

/// Exchanges together: what they took on the line, and the least of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LineTime {
    /// Commands.
    pub apdus: u64,
    /// Resets.
    pub resets: u64,
    /// Bytes both ways.
    pub bytes: u64,
    /// Time on the line, in etu.
    pub etu: u64,
    /// The same in microseconds at [`BAUD`].
    pub us_9600: u64,
    /// What of it is the least, in etu.
    pub least_etu: u64,
}

impl LineTime {
    fn of<'t>(times: impl Iterator<Item = &'t StepTime>) -> Self {
        let (mut used, mut least) = (Tally::default(), Tally::default());
        for time in times {
            used.add(time.tally);
            least.add(time.least);
        }
        LineTime {
            apdus: used.apdus,
            resets: used.resets,
            bytes: used.sent + used.received,
            etu: used.line.0,
            us_9600: used.line.micros(BAUD),
            least_etu: least.line.0,
        }
    }

    /// The least of it in microseconds at [`BAUD`].
    pub const fn least_us(&self) -> u64 {
        Etu(self.least_etu).micros(BAUD)
    }
}

/// A row of [`WireTime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StepLine {
    /// The slot.
    pub card: &'static str,
    /// The step.
    pub step: &'static str,
    /// What was done.
    pub act: &'static str,
    /// What it took.
    #[serde(flatten)]
    pub time: LineTime,
}

/// Where the time of an insertion went, as reports and their JSON have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WireTime {
    /// Both slots together.
    #[serde(flatten)]
    pub both: LineTime,
    /// The ESAM's.
    pub esam: LineTime,
    /// The SIM's.
    pub sim: LineTime,
    /// Card by card and step by step.
    pub steps: Vec<StepLine>,
}

impl InsertionReport {
    /// Where the time went, with its sums.
    pub fn wire_time(&self) -> WireTime {
        let times = self.times();
        let of = |side| LineTime::of(times.iter().filter(|time| time.side == side));
        let line = |time: &StepTime| StepLine {
            card: time.side.name(),
            step: time.step.name(),
            act: time.act,
            time: LineTime::of(std::iter::once(time)),
        };
        WireTime {
            both: LineTime::of(times.iter()),
            esam: of(Side::Esam),
            sim: of(Side::Sim),
            steps: times.iter().map(line).collect(),
        }
    }

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
            | Step::CardFiles
            | Step::CardIdentity
            | Step::CardBelieves
            | Step::Transfer
            | Step::WriteBack => true,
            // The way to EF_SMS, and the records with the order.
            Step::SimState | Step::SimMessages if fetches => false,
            Step::SimState => file == Some(DF_TELECOM),
            Step::SimMessages => match header[1] {
                0xA4 => true,
                0xB2 => self
                    .orders
                    .iter()
                    .any(|order| order.record == header[2] || order.second == Some(header[2])),
                _ => false,
            },
            Step::Settle
            | Step::EsamReset
            | Step::EsamInfo
            | Step::SimReset
            | Step::StorageFiles
            | Step::Supply
            | Step::CardReset
            | Step::Balance => false,
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
        0x32 => "INCREASE",
        0xFA => "DERIVE",
        _ => "other",
    })
}
