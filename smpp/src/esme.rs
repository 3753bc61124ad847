//! The server's end of a line to a message centre.

use crate::account::Account;
use crate::backoff::Backoff;
use crate::letter::{Letter, Number};
use crate::link::{Asked, Heard, Link, LinkError, Times};
use crate::pdu::{Password, Pdu, Role, Said};
use crate::receipt::Receipt;
use crate::status::{self, Judged};
use core::time::Duration;
use std::collections::VecDeque;

/// What happened on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The centre took the bind.
    Bound,
    /// The centre took a message, and calls it so.
    Taken {
        /// The caller's number of the message.
        key: u64,
        /// What the centre calls it; empty where it says nothing.
        id: String,
    },
    /// It is to be sent again: the centre does not want it now, or whether it has it nobody knows.
    Again {
        /// The caller's number of the message.
        key: u64,
        /// The centre's status; `None`: no answer came.
        status: Option<u32>,
    },
    /// It will never be taken.
    Refused {
        /// The caller's number of the message.
        key: u64,
        /// The centre's status.
        status: u32,
    },
    /// A message came. It comes again until it is [taken](Esme::took).
    Letter {
        /// Its number on this line.
        sequence: u32,
        /// It.
        letter: Letter,
    },
    /// The centre tells what became of a message. It tells it again until it is [taken](Esme::took).
    Receipt {
        /// Its number on this line.
        sequence: u32,
        /// It.
        receipt: Receipt,
        /// Whom the message was for.
        from: Number,
    },
}

/// A line to a message centre, from the moment it is open until it ends.
#[derive(Debug)]
pub struct Esme {
    link: Link,
    bound: bool,
    /// Nothing is sent before.
    resumes: Duration,
    throttled: Backoff,
    events: VecDeque<Event>,
}

impl Esme {
    /// Begins with the bind.
    #[must_use]
    pub fn open(account: &Account, now: Duration) -> Self {
        Self::open_with(account, Times::default(), now)
    }

    /// As [`Esme::open`], with other times.
    #[must_use]
    pub fn open_with(account: &Account, times: Times, now: Duration) -> Self {
        let mut link = Link::new(times, now);
        let bind = Said::Bind {
            role: Role::Transceiver,
            name: account.name.clone(),
            password: Password(account.password.clone()),
            number: account.number.digits.clone(),
        };
        // What an account holds fits into a bind.
        let _ = link.ask(Asked::Bind, bind, now);
        let (resumes, throttled) = (Duration::ZERO, Backoff::default());
        Esme { link, bound: false, resumes, throttled, events: VecDeque::new() }
    }

    /// What is to be sent now.
    pub fn take(&mut self) -> Vec<u8> {
        self.link.take()
    }

    /// What happened.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether the bind was taken.
    #[must_use]
    pub const fn is_bound(&self) -> bool {
        self.bound
    }

    /// How many messages may be submitted now.
    #[must_use]
    pub fn room(&self, now: Duration) -> usize {
        if self.bound && now >= self.resumes { self.link.room() } else { 0 }
    }

    /// Submits a message, under a number of the caller's own.
    ///
    /// # Errors
    /// It does not fit into a PDU.
    pub fn submit(&mut self, key: u64, letter: &Letter, now: Duration) -> Result<(), LinkError> {
        self.link.ask(Asked::Letter(key), Said::Submit(letter.clone()), now)
    }

    /// A message or a receipt was kept: the centre may forget it. With another status than 0 it tells it again.
    ///
    /// # Errors
    /// None that can come: an answer fits.
    pub fn took(&mut self, sequence: u32, status: u32) -> Result<(), LinkError> {
        self.link.say(&Pdu::answer(sequence, status, Said::DeliverAnswer))
    }

    /// Says that it ends.
    ///
    /// # Errors
    /// None that can come: it fits.
    pub fn unbind(&mut self, now: Duration) -> Result<(), LinkError> {
        self.link.ask(Asked::Unbind, Said::Unbind, now)
    }

    /// Something came over the line.
    ///
    /// # Errors
    /// The line is of no use any more.
    pub fn hear(&mut self, bytes: &[u8], now: Duration) -> Result<(), LinkError> {
        self.link.push(bytes, now);
        while let Some(heard) = self.link.next()? {
            match heard {
                Heard::Question(Pdu { sequence, said, .. }) => self.told(sequence, said)?,
                Heard::Answer(Asked::Bind, Pdu { status: status::OK, said: Said::BindAnswer(..), .. }) => {
                    self.bound = true;
                    self.events.push_back(Event::Bound);
                }
                Heard::Answer(Asked::Bind, Pdu { status, .. }) => return Err(LinkError::Refused { status }),
                Heard::Answer(Asked::Letter(key), pdu) => self.answered(key, pdu, now),
                Heard::Answer(Asked::Unbind, _) => return Err(LinkError::Ended),
                Heard::Answer(Asked::Enquire, _) => {}
            }
        }
        Ok(())
    }

    /// Time has passed.
    ///
    /// # Errors
    /// The other end does not answer.
    pub fn tick(&mut self, now: Duration) -> Result<(), LinkError> {
        for key in self.link.tick(now)? {
            self.events.push_back(Event::Again { key, status: None });
        }
        Ok(())
    }

    /// When [`Esme::tick`] has something to do at the latest.
    #[must_use]
    pub fn next_tick(&self) -> Duration {
        self.link.next_tick()
    }

    /// When messages may be submitted again that may not now.
    #[must_use]
    pub const fn resumes(&self) -> Duration {
        self.resumes
    }

    /// Messages whose fate nobody knows, when the line has ended: they are sent again.
    #[must_use]
    pub fn unanswered(&self) -> Vec<u64> {
        self.link.unanswered()
    }

    fn told(&mut self, sequence: u32, said: Said) -> Result<(), LinkError> {
        match said {
            Said::Deliver(letter) if self.bound => self.events.push_back(Event::Letter { sequence, letter }),
            Said::Receipt(receipt, from, _) if self.bound => {
                self.events.push_back(Event::Receipt { sequence, receipt, from });
            }
            Said::Deliver(_) | Said::Receipt(..) => self.took(sequence, status::STATE)?,
            // A centre binds to nobody, and submits nothing.
            _ => self.link.say(&Pdu::answer(sequence, status::COMMAND, Said::Nack))?,
        }
        Ok(())
    }

    fn answered(&mut self, key: u64, pdu: Pdu, now: Duration) {
        let Pdu { status, said, .. } = pdu;
        let (id, judged) = match said {
            Said::SubmitAnswer(id) => (id, status::judged(status)),
            // A generic_nack, whatever its status, is no word that it was taken.
            _ if status == status::OK => (String::new(), Judged::Again),
            _ => (String::new(), status::judged(status)),
        };
        self.events.push_back(match judged {
            Judged::Taken => {
                self.throttled.worked();
                Event::Taken { key, id }
            }
            Judged::Later => {
                // Those of one window are put off together.
                if now >= self.resumes {
                    self.resumes = now + self.throttled.pause();
                }
                Event::Again { key, status: Some(status) }
            }
            Judged::Again => Event::Again { key, status: Some(status) },
            Judged::Never => Event::Refused { key, status },
        });
    }
}
