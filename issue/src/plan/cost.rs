//! What a plan costs on the line of a card, and the least it could cost.
//!
//! Counted for T=0 and a blank card, from the commands of the dry run; processing time of the card, the FCI a
//! SELECT may answer and a PIN's length are not in it.

use super::render::PlannedApdu;
use super::{Content, Plan, Step};
use keys::sign::PUBLIC_LEN;
use reader::count::{Etu, Tally, atr_etu, wire_etu};
use scheme::signing::PROOF_LEN;
use std::ops::AddAssign;

/// Characters of an ESAM's ATR [docs/specs/cards.md 1].
const ATR: usize = 13;

/// Bytes and time of some commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Commands.
    pub apdus: u64,
    /// Bytes to the card and from it, status words and ATRs among them.
    pub bytes: u64,
    /// Least time on the line.
    pub line: Etu,
}

impl AddAssign for Share {
    fn add_assign(&mut self, other: Share) {
        self.apdus += other.apdus;
        self.bytes += other.bytes;
        self.line.0 += other.line.0;
    }
}

impl From<Tally> for Share {
    fn from(tally: Tally) -> Self {
        Share { apdus: tally.apdus, bytes: tally.sent + tally.received, line: tally.line }
    }
}

/// What a plan costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// What no way of issuing can leave out: CREATE FILE of each file, a challenge and a sealed WRITE KEY for each key, one
    /// challenge and EXTERNAL AUTHENTICATE, and each content once.
    pub least: Share,
    /// What the plan does beyond that to be curable when it is cut off: card information *in the making*, the second
    /// authentication, SELECT.
    pub safety: Share,
    /// Reading back and checking.
    pub check: Share,
}

impl Cost {
    /// All of it, with commands and bytes.
    pub fn sum(&self) -> Share {
        let mut sum = self.least;
        sum += self.safety;
        sum += self.check;
        sum
    }

    /// All of it.
    pub const fn total(&self) -> Etu {
        Etu(self.least.line.0 + self.safety.line.0 + self.check.line.0)
    }
}

/// A command with so much data, and what is answered before the status word.
pub(crate) fn exchange(data: usize, answer: usize) -> Share {
    let mut command = vec![0; 5 + data];
    command[4] = data as u8; // a short APDU
    let line = wire_etu(&command, &vec![0; answer + 2], 0);
    Share { apdus: 1, bytes: (command.len() + answer + 2) as u64, line }
}

fn of_apdu(apdu: &PlannedApdu) -> Share {
    let hidden = apdu.hidden.and_then(|(_, len)| len).unwrap_or_default();
    exchange(apdu.shown.len() + hidden, usize::from(apdu.le.unwrap_or_default()))
}

/// A reset: the ATR.
pub(crate) fn reset() -> Share {
    Share { apdus: 0, bytes: ATR as u64, line: atr_etu(ATR) }
}

impl Plan {
    /// What the plan costs on a T=0 line.
    pub fn line(&self) -> Cost {
        let mut cost = Cost::default();
        let (mut authenticated, mut resets) = (false, 0);
        for (step, planned) in self.steps().iter().zip(self.dry_run().steps) {
            let share = match step {
                Step::Reset => {
                    resets += 1;
                    cost.check += reset();
                    continue;
                }
                Step::Create(_) | Step::WriteKey(_) | Step::StoreRoot => &mut cost.least,
                Step::Certify(_) => {
                    // The key and its proof come as an answer to a command with data.
                    cost.least += exchange(0, PUBLIC_LEN + PROOF_LEN);
                    &mut cost.least
                }
                Step::Update { what: Content::InTheMaking, .. } => &mut cost.safety,
                Step::Update { .. } => &mut cost.least,
                Step::Authenticate(_) if !authenticated => {
                    authenticated = true;
                    &mut cost.least
                }
                _ if resets == 0 => &mut cost.safety,
                Step::Authenticate(_) => &mut cost.safety,
                _ => &mut cost.check,
            };
            planned.apdus.iter().for_each(|apdu| *share += of_apdu(apdu));
        }
        cost
    }
}
