//! The dry run of a passage.

use super::words;
use super::{LifeChange, Passage};
use crate::plan::parts::Hidden;
use crate::plan::render::{DryRun, PlannedApdu, PlannedStep, challenge, select};
use scheme::profile::{ESAM_KEYS, Fid};
use wire::Command;

impl Passage {
    /// The passage in words and APDUs to the ESAM, what no one can know beforehand in square brackets.
    pub fn dry_run(&self) -> DryRun {
        let mut steps: Vec<PlannedStep> = Vec::new();
        let mut add = |words: String, apdus: Vec<PlannedApdu>| {
            steps.push(PlannedStep { number: steps.len() + 1, words, apdus });
        };
        add(words::RESET.to_owned(), vec![select(Fid::MF)]);
        let block = Some(self.suite.block());
        let prove =
            || vec![challenge(), PlannedApdu::hiding([0x00, 0x82, 0, 0], &[], Hidden::Cryptogram, block)];
        add(words::AUTHENTICATE.to_owned(), prove());
        if self.act != LifeChange::Retire {
            for row in ESAM_KEYS {
                let [cla, ins, p1, p2, lc] = self.header(row);
                let field =
                    PlannedApdu::hiding([cla, ins, p1, p2], &[], Hidden::WrappedKey, Some(usize::from(lc)));
                add(words::stage(row), vec![challenge(), field]);
            }
        }
        let body = self.activation.to_bytes();
        let activate = PlannedApdu::hiding([0x84, 0x4A, 0, 0], &body, Hidden::Activation, Some(4));
        add(words::activate(self), vec![challenge(), activate]);
        let mut look = vec![select(Fid::MF), PlannedApdu::open(&Command::new(0x00, 0xB0, 0x95, 0x00).le(30))];
        if self.act != LifeChange::Retire {
            let rows = ESAM_KEYS.iter().filter(|row| row.role != 0);
            look.extend(rows.map(|row| PlannedApdu::open(&Command::new(0x80, 0x48, row.kind, row.id).le(6))));
            look.extend(prove());
        }
        add(words::EXAMINE.to_owned(), look);
        DryRun { title: words::title(self), steps }
    }
}
