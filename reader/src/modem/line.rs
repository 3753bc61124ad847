//! A computer's side of a modem's line: one command at a time, its answer told from all else that is said.

use super::error::ModemError;
use std::collections::VecDeque;
use std::time::Duration;
use wire::at::{Answered, Final, Lines, is_unsolicited};
use wire::{ByteLink, LinkError};
use zeroize::Zeroizing;

/// So long is waited at once for bytes. A line that was silent so long is taken to be quiet.
const SLICE: Duration = Duration::from_millis(50);
/// For a command that the modem does by itself.
const OWN: Duration = Duration::from_secs(5);
/// For a command that reaches the SIM: the slowest that makers tell of take half a minute.
const OF_SIM: Duration = Duration::from_secs(30);
/// For the first AT, which a line that is no modem's never answers.
const FIRST: Duration = Duration::from_millis(500);
/// How often the first AT is said.
const TRIES: u32 = 3;
/// Most bytes of one answer with all that is said in its midst.
const MOST: usize = 65_536;
/// How often a busy SIM is asked again, and after what pause.
const AGAIN: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// Most slices that the line may go on talking before it is spoken to.
const MOST_SLICES: u32 = 40;

/// Which lines of an answer are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// None: whether it was done is enough.
    Nothing,
    /// Those with this prefix; of +CSIM also one of hexadecimal digits alone.
    Prefixed(&'static str),
    /// Those that look like none that come unasked.
    Bare,
}

/// A modem at the other end of a line.
pub struct Modem {
    link: Box<dyn ByteLink + Send>,
    name: String,
    lines: Lines,
    said: VecDeque<Answered>,
    /// An answer is missing: what comes next may belong to it, so nothing is asked any more.
    late: Option<ModemError>,
}

impl Modem {
    /// Wakes the modem at the end of a line: gives up whatever was begun, waits for its OK, asks for no echo and for errors by
    /// number. Nothing else of it is changed, and nothing is reset: it is a stranger's.
    ///
    /// # Errors
    /// [`ModemError::Silent`], [`ModemError::Lost`].
    pub fn wake(link: Box<dyn ByteLink + Send>, name: impl Into<String>) -> Result<Self, ModemError> {
        let (lines, said) = (Lines::default(), VecDeque::new());
        let mut modem = Modem { link, name: name.into(), lines, said, late: None };
        modem.link.send(b"\x1B\r").map_err(|error| modem.lost(&error))?;
        modem.settle()?;
        let mut tries = 0;
        loop {
            match modem.once("", Wanted::Nothing, FIRST) {
                Ok(_) | Err(ModemError::Refused { .. }) => break,
                Err(ModemError::Late { .. }) if tries + 1 < TRIES => tries += 1,
                Err(ModemError::Late { .. } | ModemError::Babble { .. }) => {
                    return Err(ModemError::Silent { modem: modem.name });
                }
                Err(error) => return Err(error),
            }
        }
        // Late answers of whoever was here before end here.
        modem.settle()?;
        modem.late = None;
        for setting in ["E0", "+CMEE=1"] {
            match modem.once(setting, Wanted::Nothing, OWN) {
                Ok(_) | Err(ModemError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(modem)
    }

    /// Where it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks what the modem answers by itself; `command` is what stands behind AT. Gives the lines that are wanted.
    ///
    /// # Errors
    /// [`ModemError`]: once an answer is missing, nothing is asked any more.
    pub fn ask(&mut self, command: &str, wanted: Wanted) -> Result<Vec<String>, ModemError> {
        self.patiently(command, wanted, OWN)
    }

    /// As [`Modem::ask`], what the SIM has to answer.
    ///
    /// # Errors
    /// As [`Modem::ask`].
    pub fn ask_sim(&mut self, command: &str, wanted: Wanted) -> Result<Vec<String>, ModemError> {
        self.patiently(command, wanted, OF_SIM)
    }

    /// As [`Modem::ask_sim`], of a command that asks for a text by a prompt: a message that is to be sent, say, in hexadecimal digits.
    ///
    /// # Errors
    /// As [`Modem::ask`].
    pub fn ask_with(&mut self, command: &str, text: &str, wanted: Wanted) -> Result<Vec<String>, ModemError> {
        self.once_with(command, Some(text), wanted, OF_SIM)
    }

    fn patiently(
        &mut self,
        command: &str,
        wanted: Wanted,
        patience: Duration,
    ) -> Result<Vec<String>, ModemError> {
        for _ in 0..AGAIN {
            match self.once(command, wanted, patience) {
                Err(error) if error.is_busy() => self.rest(PAUSE)?,
                result => return result,
            }
        }
        self.once(command, wanted, patience)
    }

    fn once(&mut self, command: &str, wanted: Wanted, patience: Duration) -> Result<Vec<String>, ModemError> {
        self.once_with(command, None, wanted, patience)
    }

    fn once_with(
        &mut self,
        command: &str,
        mut text: Option<&str>,
        wanted: Wanted,
        patience: Duration,
    ) -> Result<Vec<String>, ModemError> {
        if let Some(error) = &self.late {
            return Err(error.clone());
        }
        self.said.clear();
        // It may carry a PIN.
        let line = Zeroizing::new(format!("AT{command}"));
        let sent = Zeroizing::new([line.as_bytes(), b"\r"].concat());
        self.link.send(&sent).map_err(|error| self.lost(&error))?;
        let (mut info, mut hears, mut left, mut heard) = (Vec::new(), Ears::new(wanted, &line), patience, 0);
        loop {
            while let Some(said) = self.said.pop_front() {
                let said = match said {
                    Answered::Line(said) => said,
                    Answered::Prompt => {
                        if let Some(text) = text.take() {
                            let sent = [text.as_bytes(), b"\x1A"].concat();
                            self.link.send(&sent).map_err(|error| self.lost(&error))?;
                        }
                        continue;
                    }
                };
                match hears.line(&said) {
                    Said::Info(line) => info.push(line),
                    Said::InfoAndEnd(line) => {
                        info.push(line);
                        return Ok(info);
                    }
                    Said::End(Final::Ok) => return Ok(info),
                    Said::End(Final::Refused(refusal)) => {
                        let (modem, command) = (self.name.clone(), named(command));
                        return Err(ModemError::Refused { modem, command, refusal });
                    }
                    Said::Nothing => {}
                }
            }
            let (modem, command) = (self.name.clone(), named(command));
            let error = match self.hear(SLICE)? {
                0 if left <= SLICE => ModemError::Late { modem, command },
                0 => {
                    left -= SLICE;
                    continue;
                }
                length => {
                    heard += length;
                    if heard <= MOST {
                        continue;
                    }
                    ModemError::Babble { modem, command }
                }
            };
            if patience != FIRST {
                self.late = Some(error.clone());
            }
            return Err(error);
        }
    }

    /// Waits for bytes; gives how many came.
    fn hear(&mut self, wait: Duration) -> Result<usize, ModemError> {
        let mut buffer = [0; 512];
        let length = self.link.receive(&mut buffer, wait).map_err(|error| self.lost(&error))?;
        self.said.extend(self.lines.push(&buffer[..length]));
        Ok(length)
    }

    /// Waits until the line is quiet, for a while at most, and forgets what it said.
    fn settle(&mut self) -> Result<(), ModemError> {
        for _ in 0..MOST_SLICES {
            if self.hear(SLICE)? == 0 {
                break;
            }
        }
        self.said.clear();
        Ok(())
    }

    /// Lets time pass.
    fn rest(&mut self, pause: Duration) -> Result<(), ModemError> {
        let mut left = pause;
        while !left.is_zero() {
            let slice = left.min(SLICE);
            self.hear(slice)?;
            left -= slice;
        }
        Ok(())
    }

    fn lost(&self, error: &LinkError) -> ModemError {
        ModemError::Lost { modem: self.name.clone(), why: error.to_string() }
    }
}

/// The name of a command, without what it carries: that may be a PIN.
fn named(command: &str) -> String {
    command.split(['=', '?']).next().unwrap_or_default().to_owned()
}

/// What a line is to whoever waits for an answer.
enum Said {
    Info(String),
    InfoAndEnd(String),
    End(Final),
    Nothing,
}

/// Tells the lines of one answer from all others.
struct Ears<'a> {
    wanted: Wanted,
    /// What was said; it may come back.
    line: &'a str,
    /// The line that follows belongs to a message that came unasked.
    message_follows: bool,
}

impl<'a> Ears<'a> {
    fn new(wanted: Wanted, line: &'a str) -> Self {
        Ears { wanted, line, message_follows: false }
    }

    fn line(&mut self, said: &str) -> Said {
        if std::mem::take(&mut self.message_follows) || said.eq_ignore_ascii_case(self.line) {
            return Said::Nothing;
        }
        if let Some(end) = Final::of(said) {
            return Said::End(end);
        }
        if let Some((before, _)) = Final::glued(said)
            && self.wants(before)
        {
            return Said::InfoAndEnd(before.to_owned());
        }
        if self.wants(said) {
            return Said::Info(said.to_owned());
        }
        // The message itself is in the next line, in the same digits as an answer.
        self.message_follows = ["+CMT:", "+CDS:", "+CBM:"].iter().any(|begin| said.starts_with(begin));
        Said::Nothing
    }

    fn wants(&self, said: &str) -> bool {
        match self.wanted {
            Wanted::Nothing => false,
            Wanted::Bare => !is_unsolicited(said),
            Wanted::Prefixed(prefix) => {
                let begins = said.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
                // QUIRK(no prefix): modems that answer +CSIM with the digits alone.
                begins || (prefix == "+CSIM:" && wire::at::sim::read_csim(said).is_some())
            }
        }
    }
}
