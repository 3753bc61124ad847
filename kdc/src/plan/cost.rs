//! What a plan costs on the line of a card, and the least it could cost.
//!
//! Counted for T=0 and a blank card, from the commands of the dry run; processing time of the card, the FCI a
//! SELECT may answer and a PIN's length are not in it.

use super::render::PlannedApdu;
use super::{Content, Plan, Step};
use reader::count::{Etu, Tally, atr_etu, wire_etu};
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
    /// All of it.
    pub const fn total(&self) -> Etu {
        Etu(self.least.line.0 + self.safety.line.0 + self.check.line.0)
    }
}

fn of_apdu(apdu: &PlannedApdu) -> Share {
    let hidden = apdu.hidden.and_then(|(_, len)| len).unwrap_or_default();
    let data = apdu.shown.len() + hidden;
    let answer = usize::from(apdu.le.unwrap_or_default()) + 2;
    let mut command = apdu.header.to_vec();
    if data > 0 {
        command.push(data as u8); // a short APDU
        command.resize(command.len() + data, 0);
    } else {
        command.push(apdu.le.unwrap_or_default() as u8);
    }
    let line = wire_etu(&command, &vec![0; answer], 0);
    Share { apdus: 1, bytes: (command.len() + answer) as u64, line }
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
                    cost.check += Share { apdus: 0, bytes: ATR as u64, line: atr_etu(ATR) };
                    continue;
                }
                Step::Create(_) | Step::WriteKey(_) => &mut cost.least,
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
