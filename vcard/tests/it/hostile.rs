//! Commands that are almost right, on cards in the middle of a life: every applet with its keys and counters in place.

use super::images::{images, slot};
use applets::program_of;
use cos::PAGE;
use cos::table::{Case, Class, CommandRow};
use wire::Channel;

const SEED: u64 = 0x0DD5_EED5;
/// Commands for each card, with a reset now and then.
const COMMANDS: usize = 6_000;

/// Small generator; its whole state is a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }

    fn mostly(&mut self, of: &[u8]) -> u8 {
        if self.below(10) == 0 { self.below(256) as u8 } else { of[self.below(of.len())] }
    }

    /// A command of a row, with a length that mostly fits.
    fn command(&mut self, row: &CommandRow) -> Vec<u8> {
        let class = match row.class {
            Class::Only(class) => class,
            Class::Securable(class) => class | [0x00, 0x04][self.below(2)],
        };
        let mut bytes = vec![self.mostly(&[class]), self.mostly(&[row.ins])];
        bytes.extend([
            self.mostly(&[0, 1, 2, 0x35, 0x81, 0x82, 0x95]),
            self.mostly(&[0, 1, 2, 4, 0x0A, 0x0C, 0x14]),
        ]);
        let (least, most) = match row.case {
            Case::One | Case::Two => (0, 0),
            Case::Three(least, most) | Case::Four(least, most) | Case::TwoOrFour(least, most) => {
                (usize::from(least), usize::from(most))
            }
        };
        let len = match self.below(10) {
            0 => self.below(256),
            1 => most,
            2 => least,
            _ => least + self.below(most - least + 1),
        };
        if len > 0 {
            bytes.push(len as u8);
            bytes.extend((0..len).map(|_| self.mostly(&[0x00, 0x3F, 0xDF, 0x01, 0xE1, 0xFF])));
        }
        if row.case.answers() && self.below(3) > 0 {
            bytes.push(self.mostly(&[0, 4, 8, 16]));
        }
        if self.below(30) == 0 {
            bytes.truncate(self.below(bytes.len() + 1));
        }
        bytes
    }
}

/// What opens doors, so that commands behind them are reached.
const OPENERS: [&[u8]; 9] = [
    &[0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00],
    &[0x00, 0xA4, 0x00, 0x00, 0x02, 0xDF, 0x01],
    &[0x00, 0x20, 0x00, 0x00, 0x03, 0x12, 0x34, 0x56],
    &[0x00, 0x84, 0x00, 0x00, 0x08],
    &[0xA0, 0xA4, 0x00, 0x00, 0x02, 0x2F, 0xE2],
    &[0xA0, 0xB0, 0x00, 0x00, 0x0A],
    &[0xA0, 0xA4, 0x00, 0x00, 0x02, 0x7F, 0x10],
    &[0xA0, 0xA4, 0x00, 0x00, 0x02, 0x6F, 0x3C],
    &[0x00, 0xC0, 0x00, 0x00, 0x00],
];

#[test]
fn cards_in_use_answer_whatever_comes() {
    for path in images() {
        let mut slot = slot(&path);
        let rows: Vec<_> = program_of(slot.kind()).unwrap().rows().collect();
        let mut random = Random(SEED);
        let mut good = 0;
        for n in 0..COMMANDS {
            let row = rows[random.below(rows.len())];
            let command = match random.below(6) {
                0 => OPENERS[random.below(OPENERS.len())].to_vec(),
                // what ends a card is left to others
                _ if matches!(row.ins, 0x0E | 0x16) => continue,
                _ => random.command(row),
            };
            let before = slot.image().eeprom;
            let answer = slot.transmit(&command).unwrap();
            let what = format!("{}, seed {SEED:X}, {n}: {command:02X?}: {answer:02X?}", path.display());
            assert!((2..=258).contains(&answer.len()), "{what}");
            let sw1 = answer[answer.len() - 2];
            assert!(matches!(sw1, 0x61..=0x6F | 0x90..=0x9F), "{what}");
            good += usize::from(matches!(sw1, 0x61 | 0x90 | 0x9F));
            // CREATE FILE may have written where nobody owns anything
            if !matches!(sw1, 0x90 | 0x91 | 0x9F | 0x61 | 0x62) && command.get(1) != Some(&0xE0) {
                let after = slot.image().eeprom;
                let user = before[cos::journal::USER_PAGE * PAGE..]
                    .iter()
                    .zip(&after[cos::journal::USER_PAGE * PAGE..]);
                let differ = user.filter(|(old, new)| old != new).count();
                // a retry counter, and the mark that too many wrong MACs leave
                assert!(differ <= 2, "{what}: an error changed {differ} bytes");
            }
            if n % 300 == 299 {
                slot.reset().unwrap();
            }
        }
        assert!(good > COMMANDS / 50, "{}: only {good} commands did anything", path.display());
    }
}
