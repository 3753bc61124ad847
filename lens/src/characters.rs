//! The trace of a T=0 line, character by character [docs/specs/line.md 6].

use reader::trace::{hides_answer, hides_data};
use vcard::line::{Part, Passed, Way};

const GET_RESPONSE: u8 = 0xC0;

/// Lines of `ETU > BYTE PART`, `<` for the card's, `--` for a byte that is hidden.
#[derive(Debug, Default)]
pub struct Characters {
    header: Vec<u8>,
    /// The answer that waits for GET RESPONSE is secret.
    secret_waits: bool,
}

impl Characters {
    /// The line of a character; they come in the order in which they passed.
    pub fn line(&mut self, passed: &Passed) -> String {
        let hidden = self.hides(passed);
        let mark = if passed.way == Way::ToCard { '>' } else { '<' };
        let byte = if hidden { "--".to_owned() } else { format!("{:02X}", passed.value) };
        format!("{} {mark} {byte} {}", passed.at.0, words(passed.part))
    }

    /// Data of secret commands, answers that are keys, and what a terminal says that nobody asked for it.
    fn hides(&mut self, passed: &Passed) -> bool {
        match (passed.part, passed.way) {
            (Part::Data(header), Way::ToCard) => hides_data(&header).is_some(),
            (Part::Data(header), Way::FromCard) => {
                hides_answer(&header).is_some() || (self.secret_waits && header[1] == GET_RESPONSE)
            }
            (Part::Header, _) => {
                self.header.push(passed.value);
                if self.header.len() == 5 {
                    let header = std::mem::take(&mut self.header);
                    self.secret_waits =
                        hides_answer(&header).is_some() || (self.secret_waits && header[1] == GET_RESPONSE);
                }
                false
            }
            (Part::Unheard, _) => true,
            (Part::Atr, _) => {
                self.header.clear();
                self.secret_waits = false;
                false
            }
            (Part::Pps | Part::Procedure | Part::Status, _) => false,
        }
    }
}

const fn words(part: Part) -> &'static str {
    match part {
        Part::Atr => "ATR",
        Part::Pps => "PPS",
        Part::Header => "header",
        Part::Procedure => "procedure",
        Part::Data(_) => "data",
        Part::Status => "status",
        Part::Unheard => "unheard",
    }
}
