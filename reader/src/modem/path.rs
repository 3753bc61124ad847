//! What a session selected, so that it can be selected again: the modem's own work on the SIM moves the selection between two
//! commands of ours, and nobody tells.

use scheme::profile::Fid;
use wire::{CommandRef, Sw};

/// Class of the classic SIM.
const CLA_GSM: u8 = 0xA0;
/// More steps than any path has: what is longer is not followed.
const DEEPEST: usize = 8;

/// The SELECT commands that lead to where a session is.
#[derive(Debug, Default, Clone)]
pub struct Path {
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Step {
    command: Vec<u8>,
    /// It selected a file and not a directory.
    is_file: bool,
}

/// What a command does to the session's place, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing.
    None,
    /// It reads where the session is: a word that says that it is elsewhere is looked into.
    Place,
    /// It writes there: the place is selected before, so that nothing is written elsewhere.
    Certainty,
}

impl Path {
    /// What a command needs.
    pub(super) fn need(&self, command: &[u8]) -> Need {
        const ABSOLUTE: u8 = 0x04;
        let Ok(command) = CommandRef::parse(command) else { return Need::None };
        let knows = self.steps.last().is_some_and(|step| step.is_file);
        match (command.ins, knows) {
            (0xB0, true) => Need::Place,
            (0xB2, true) if command.p2 & 0x07 == ABSOLUTE => Need::Place,
            (0xD6, true) => Need::Certainty,
            // The next and the previous record are counted from a pointer that a new selection loses.
            (0xDC, true) if command.p2 & 0x07 == ABSOLUTE => Need::Certainty,
            _ => Need::None,
        }
    }

    /// Takes note of a command and its status word.
    pub fn note(&mut self, command: &[u8], sw: Sw) {
        let Ok(parsed) = CommandRef::parse(command) else { return };
        let short = match parsed.ins {
            0xB0 | 0xD6 => parsed.p1 & 0x80 != 0,
            0xB2 | 0xDC => parsed.p2 >> 3 != 0,
            _ => false,
        };
        if parsed.cla != CLA_GSM && short && self.steps.last().is_some_and(|step| step.is_file) {
            // A short identifier chose another file, which no command here leads to.
            self.steps.pop();
        }
        if parsed.ins != 0xA4 || !(sw.is_ok() || matches!(sw.sw1(), 0x61 | 0x9F)) {
            return;
        }
        let begins =
            parsed.data == Fid::MF.bytes() || (parsed.cla != CLA_GSM && matches!(parsed.p1, 0x04 | 0x08));
        // Identifiers of directories begin with 3F, 5F and 7F.
        let is_file = parsed.cla == CLA_GSM || parsed.p1 != 0x04;
        let is_file = is_file
            && !parsed.data.iter().rev().nth(1).is_some_and(|high| matches!(high, 0x3F | 0x5F | 0x7F));
        if begins {
            self.steps.clear();
        } else if self.steps.last().is_some_and(|step| step.is_file) {
            self.steps.pop();
        }
        self.steps.push(Step { command: command.to_vec(), is_file });
        if self.steps.len() > DEEPEST {
            self.steps.clear();
        }
    }

    /// The commands that lead there, in order.
    pub fn commands(&self) -> Vec<Vec<u8>> {
        self.steps.iter().map(|step| step.command.clone()).collect()
    }

    /// The file selected last.
    pub(super) fn file(&self) -> Option<u16> {
        let step = self.steps.last().filter(|step| step.is_file)?;
        let data = CommandRef::parse(&step.command).ok()?.data;
        data.last_chunk::<2>().map(|fid| u16::from_be_bytes(*fid))
    }
}

/// Whether a status word may mean that another file is selected than the session thinks.
pub(super) fn says_elsewhere(sw: Sw) -> bool {
    matches!(sw.0, 0x9400 | 0x9408 | 0x6981 | 0x6986 | 0x9402 | 0x6A83 | 0x6B00)
        || matches!(sw.sw1(), 0x67 | 0x6C)
}
