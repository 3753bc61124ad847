//! What both ends do alike: numbers of questions, the window, whether anybody is there.

use crate::frame::{Frames, Lost};
use crate::pdu::{LAST_SEQUENCE, Pdu, PduError, Said};
use crate::status;
use core::time::Duration;
use scheme::fault::{Fault, Hint, Kind};
use std::collections::BTreeMap;

/// How long is waited, and for how much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// After so long a silence the other end is asked whether it is there.
    pub idle: Duration,
    /// So long an answer may take.
    pub answer: Duration,
    /// Messages that may be unanswered at once.
    pub window: usize,
}

impl Default for Times {
    fn default() -> Self {
        Times { idle: Duration::from_secs(30), answer: Duration::from_secs(10), window: 10 }
    }
}

/// Why a line is of no use any more. What was not answered on it may have been taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// No PDU begins where one must.
    #[error("the message centre's line is out of step: a PDU of {0} octets")]
    OutOfStep(u32),
    /// No answer to the question whether anybody is there, or to the bind.
    #[error("the message centre does not answer")]
    Silent,
    /// The bind was refused.
    #[error("the message centre refuses the bind: status {status:02X}h, {name}", name = status::name(*.status))]
    Refused {
        /// Its status.
        status: u32,
    },
    /// The other end said that it ends.
    #[error("the message centre ends the session")]
    Ended,
    /// Something is said where it has no place.
    #[error("{0} does not fit into a PDU")]
    DoesNotFit(&'static str),
}

impl Fault for LinkError {
    fn kind(&self) -> Kind {
        match self {
            LinkError::DoesNotFit(_) => Kind::Usage,
            LinkError::Refused { .. } => Kind::Refused,
            _ => Kind::Absent,
        }
    }

    fn hint(&self) -> Hint {
        match self {
            LinkError::Refused { status: status::PASSWORD | status::SYSTEM_ID | status::BIND } => Some(
                "name and password file stand in the section [messages] of the server's configuration".into(),
            ),
            _ => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            LinkError::OutOfStep(_) => "smpp-out-of-step",
            LinkError::Silent => "smpp-silent",
            LinkError::Refused { .. } => "smpp-refused",
            LinkError::Ended => "smpp-ended",
            LinkError::DoesNotFit(_) => "smpp-does-not-fit",
        }
    }
}

/// A question that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The bind.
    Bind,
    /// Whether anybody is there.
    Enquire,
    /// A message, by the caller's number of it.
    Letter(u64),
    /// The end.
    Unbind,
}

/// One end of a line.
#[derive(Debug)]
pub struct Link {
    times: Times,
    frames: Frames,
    out: Vec<u8>,
    last: u32,
    asked: BTreeMap<u32, (Asked, Duration)>,
    heard: Duration,
}

/// What is left of a PDU when the link has seen to what both ends do alike.
#[derive(Debug)]
pub enum Heard {
    /// A question of the other end.
    Question(Pdu),
    /// An answer to a question of ours.
    Answer(Asked, Pdu),
}

impl Link {
    pub fn new(times: Times, now: Duration) -> Self {
        Link {
            times,
            frames: Frames::default(),
            out: Vec::new(),
            last: 0,
            asked: BTreeMap::new(),
            heard: now,
        }
    }

    /// What is to be sent now.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Asks something.
    pub fn ask(&mut self, asked: Asked, said: Said, now: Duration) -> Result<(), LinkError> {
        let sequence = if self.last >= LAST_SEQUENCE { 1 } else { self.last + 1 };
        self.say(&Pdu::ask(sequence, said))?;
        self.last = sequence;
        self.asked.insert(sequence, (asked, now));
        Ok(())
    }

    /// Says a PDU.
    pub fn say(&mut self, pdu: &Pdu) -> Result<(), LinkError> {
        let bytes = pdu.write().ok_or(LinkError::DoesNotFit("a name, a number or a message"))?;
        self.out.extend(bytes);
        Ok(())
    }

    /// Messages that may be sent before one is answered.
    pub fn room(&self) -> usize {
        let letters = self.asked.values().filter(|(asked, _)| matches!(asked, Asked::Letter(_))).count();
        self.times.window.saturating_sub(letters)
    }

    pub fn push(&mut self, bytes: &[u8], now: Duration) {
        if !bytes.is_empty() {
            self.heard = now;
            self.frames.push(bytes);
        }
    }

    /// The next PDU that is more than a sign of life.
    pub fn next(&mut self) -> Result<Option<Heard>, LinkError> {
        loop {
            let pdu = match self.frames.next() {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(pdu))) => pdu,
                // The line goes on: this one PDU is answered with what is wrong with it.
                Ok(Some(Err(PduError { sequence, status, .. }))) => {
                    self.say(&Pdu::answer(sequence, status, Said::Nack))?;
                    continue;
                }
                Err(Lost { length }) => {
                    self.say(&Pdu::answer(0, status::COMMAND_LENGTH, Said::Nack))?;
                    return Err(LinkError::OutOfStep(length));
                }
            };
            let Pdu { sequence, ref said, .. } = pdu;
            match said {
                Said::Enquire => self.say(&Pdu::answer(sequence, status::OK, Said::EnquireAnswer))?,
                Said::Unbind => {
                    self.say(&Pdu::answer(sequence, status::OK, Said::UnbindAnswer))?;
                    return Err(LinkError::Ended);
                }
                Said::BindAnswer(..)
                | Said::SubmitAnswer(_)
                | Said::DeliverAnswer
                | Said::EnquireAnswer
                | Said::UnbindAnswer
                | Said::Nack => {
                    // An answer to nothing that was asked, or that was given up, is passed over.
                    if let Some((asked, _)) = self.asked.remove(&sequence)
                        && asked != Asked::Enquire
                    {
                        return Ok(Some(Heard::Answer(asked, pdu)));
                    }
                }
                Said::Other(id) if id & 0x8000_0000 != 0 => {}
                Said::Other(_) => self.say(&Pdu::answer(sequence, status::COMMAND, Said::Nack))?,
                Said::Bind { .. } | Said::Submit(_) | Said::Deliver(_) | Said::Receipt(..) => {
                    return Ok(Some(Heard::Question(pdu)));
                }
            }
        }
    }

    /// Gives messages up that were not answered in time, and asks after the other end when it is silent.
    pub fn tick(&mut self, now: Duration) -> Result<Vec<u64>, LinkError> {
        let times = self.times;
        let late = |since: Duration| now.saturating_sub(since) >= times.answer;
        let mut given_up = Vec::new();
        for (asked, _) in self.asked.values().filter(|(_, since)| late(*since)) {
            match asked {
                Asked::Letter(key) => given_up.push(*key),
                Asked::Bind | Asked::Enquire | Asked::Unbind => return Err(LinkError::Silent),
            }
        }
        self.asked.retain(|_, (_, since)| !late(*since));
        let asks = self.asked.values().any(|(asked, _)| !matches!(asked, Asked::Letter(_)));
        if !asks && now.saturating_sub(self.heard) >= times.idle {
            self.ask(Asked::Enquire, Said::Enquire, now)?;
        }
        Ok(given_up)
    }

    /// Messages that were not answered.
    pub fn unanswered(&self) -> Vec<u64> {
        let letter = |asked: &Asked| if let Asked::Letter(key) = asked { Some(*key) } else { None };
        self.asked.values().filter_map(|(asked, _)| letter(asked)).collect()
    }

    /// When [`Link::tick`] has something to do, whatever comes.
    pub fn next_tick(&self) -> Duration {
        let answers = self.asked.values().map(|(_, since)| *since + self.times.answer);
        answers.chain([self.heard + self.times.idle]).min().unwrap_or_default()
    }
}
