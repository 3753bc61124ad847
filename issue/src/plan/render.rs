//! The dry run: a plan as lines for people and APDUs, secrets hidden.
//!
//! What no one can know beforehand (cryptograms, wrapped keys) and what no one may see (the PIN) stands in
//! square brackets; everything else is byte for byte what will be sent to a blank card.

use super::Plan;
use super::parts::{Hidden, Master, Step};
use crate::headers;
use crate::plan::words;
use keys::Suite;
use scheme::certificate::{Certificate, KeyUse};
use scheme::profile::Fid;
use scheme::signing::{GENERATE, STORE_ROOT};
use std::fmt;
use wire::Command;

/// One command of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedApdu {
    /// CLA INS P1 P2.
    pub header: [u8; 4],
    /// The data that can be shown, from the first byte.
    pub shown: Vec<u8>,
    /// What follows it, and how many bytes, when that is known.
    pub hidden: Option<(Hidden, Option<usize>)>,
    /// Le.
    pub le: Option<u16>,
}

impl PlannedApdu {
    pub(crate) fn open(command: &Command) -> Self {
        PlannedApdu {
            header: command.header(),
            shown: command.data_bytes().to_vec(),
            hidden: None,
            le: command.expected(),
        }
    }

    pub(crate) fn hiding(header: [u8; 4], shown: &[u8], hidden: Hidden, len: Option<usize>) -> Self {
        PlannedApdu { header, shown: shown.to_vec(), hidden: Some((hidden, len)), le: None }
    }
}

impl fmt::Display for PlannedApdu {
    /// `> 84D439001C [28 bytes: ...]`; an Lc that is not known yet stands as `Lc`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "> {}", hex::encode_upper(self.header))?;
        let data = self.shown.len();
        match self.hidden {
            Some((_, Some(len))) => write!(f, "{:02X}", data + len)?,
            Some((_, None)) => write!(f, "{}", if data > 0 { " Lc " } else { " Lc" })?,
            None if data > 0 => write!(f, "{data:02X}")?,
            None => {}
        }
        write!(f, "{}", hex::encode_upper(&self.shown))?;
        if let Some((hidden, len)) = self.hidden {
            write!(f, " [{}]", words::hidden(hidden, len))?;
        }
        match self.le {
            Some(le) => write!(f, "{:02X}", le as u8), // 256 travels as 00
            None => Ok(()),
        }
    }
}

/// One step of a dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// Number of the step, from 1.
    pub number: usize,
    /// What is done, in words.
    pub words: String,
    /// What is sent.
    pub apdus: Vec<PlannedApdu>,
}

impl fmt::Display for PlannedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>3}  {}", self.number, self.words)?;
        self.apdus.iter().try_for_each(|apdu| writeln!(f, "       {apdu}"))
    }
}

/// A whole dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    /// What card is made, in one line.
    pub title: String,
    /// The steps.
    pub steps: Vec<PlannedStep>,
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        self.steps.iter().try_for_each(|step| step.fmt(f))
    }
}

impl Plan {
    /// The plan in words and APDUs, as it runs on a blank card.
    pub fn dry_run(&self) -> DryRun {
        let steps = self.steps.iter().enumerate().map(|(i, step)| PlannedStep {
            number: i + 1,
            words: words::words(step),
            apdus: apdus(step, self.suite),
        });
        DryRun { title: words::title(self), steps: steps.collect() }
    }
}

pub(crate) fn select(fid: Fid) -> PlannedApdu {
    PlannedApdu::open(&Command::new(0x00, 0xA4, 0x00, 0x00).data(&fid.bytes()))
}

pub(crate) fn challenge() -> PlannedApdu {
    PlannedApdu::open(&Command::new(0x00, 0x84, 0x00, 0x00).le(8))
}

/// A command to the beginning of a binary file: by its short id, or made current first where it has none.
pub(crate) fn reach(fid: Fid, command: impl FnOnce(u8) -> Command) -> Vec<PlannedApdu> {
    match fid.short() {
        Some(sfi) => vec![PlannedApdu::open(&command(0x80 | sfi))],
        None => vec![select(fid), PlannedApdu::open(&command(0x00))],
    }
}

fn apdus(step: &Step, suite: Suite) -> Vec<PlannedApdu> {
    match step {
        Step::Reset => Vec::new(),
        Step::SelectMf => vec![select(Fid::MF)],
        Step::Select(fid) => vec![select(*fid)],
        Step::Authenticate(Master::Transport | Master::Own) => {
            let header = [0x00, 0x82, 0x00, 0x00];
            vec![challenge(), PlannedApdu::hiding(header, &[], Hidden::Cryptogram, Some(suite.block()))]
        }
        Step::Create(row) => vec![PlannedApdu::open(&row.create())],
        Step::WriteKey(row) => {
            let [cla, ins, p1, p2, lc] = headers::add(row, suite);
            let len = Some(usize::from(lc));
            vec![challenge(), PlannedApdu::hiding([cla, ins, p1, p2], &[], Hidden::WrappedKey, len)]
        }
        Step::WritePin(row) => {
            vec![PlannedApdu::hiding([0x80, 0xD4, 0x01, row.id], &row.header, Hidden::Pin, None)]
        }
        Step::Update { fid, bytes, .. } => reach(*fid, |p1| Command::new(0x00, 0xD6, p1, 0x00).data(bytes)),
        Step::Check { fid, bytes, .. } => {
            let le = bytes.len() as u16; // files of a plan have at most 32 bytes
            reach(*fid, |p1| Command::new(0x00, 0xB0, p1, 0x00).le(le))
        }
        Step::CheckKey(row) => vec![PlannedApdu::open(&Command::new(0x80, 0x48, row.kind, row.id).le(6))],
        Step::VerifyPin(row) => {
            vec![PlannedApdu::hiding([0x00, 0x20, 0x00, row.id], &[], Hidden::Pin, None)]
        }
        Step::StoreRoot => {
            let [cla, ins, p1, p2, lc] = STORE_ROOT;
            let len = Some(usize::from(lc));
            vec![challenge(), PlannedApdu::hiding([cla, ins, p1, p2], &[], Hidden::Root, len)]
        }
        Step::Certify(key_use) => {
            let [cla, ins, p1, p2, lc] = GENERATE;
            let len = Some(usize::from(lc));
            let store = |key_use: KeyUse| {
                let header = [0x80, STORE_ROOT[1], 0x00, key_use.code()];
                PlannedApdu::hiding(header, &[], Hidden::Certificate, Some(Certificate::LEN))
            };
            vec![
                PlannedApdu::hiding([cla, ins, p1, p2], &[], Hidden::Challenge, len),
                store(key_use.issuer()),
                store(*key_use),
            ]
        }
        Step::CheckCertificate(key_use) => {
            let le = Certificate::LEN as u16; // 168
            vec![PlannedApdu::open(&Command::new(0x80, 0x76, 0x01, key_use.code()).le(le))]
        }
    }
}
