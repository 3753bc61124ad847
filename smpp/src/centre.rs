//! A message centre's end of a line to one server.

use crate::letter::{Letter, Number};
use crate::link::{Asked, Heard, Link, LinkError, Times};
use crate::pdu::{Password, Pdu, Role, Said};
use crate::receipt::Receipt;
use crate::status;
use core::time::Duration;
use std::collections::VecDeque;

/// How long a server has to bind.
const BIND_TIME: Duration = Duration::from_secs(30);

/// What happened on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A server binds: [bound](Centre::bound), or [refused](Centre::refuse).
    Bind {
        /// Its number on this line.
        sequence: u32,
        /// System id.
        name: String,
        /// Password.
        password: Password,
        /// The number it says it is reached by; empty where it says none.
        number: String,
    },
    /// A message for the network: [accepted](Centre::accept), or [refused](Centre::refuse).
    Letter {
        /// Its number on this line.
        sequence: u32,
        /// It.
        letter: Letter,
    },
    /// The server took what was delivered to it.
    Taken(u64),
    /// It did not, or said nothing: it is delivered again.
    Again(u64),
}

/// A question that may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Bind(Role),
    Letter,
}

/// A line to one server.
#[derive(Debug)]
pub struct Centre {
    link: Link,
    opened: Duration,
    role: Option<Role>,
    open: Vec<(u32, Open)>,
    events: VecDeque<Event>,
}

impl Centre {
    /// A line that was opened; nothing is said before the bind.
    #[must_use]
    pub fn open(now: Duration) -> Self {
        Self::open_with(Times::default(), now)
    }

    /// As [`Centre::open`], with other times.
    #[must_use]
    pub fn open_with(times: Times, now: Duration) -> Self {
        Centre {
            link: Link::new(times, now),
            opened: now,
            role: None,
            open: Vec::new(),
            events: VecDeque::new(),
        }
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

    /// Whether a server is bound that hears messages.
    #[must_use]
    pub fn hears(&self) -> bool {
        self.role.is_some_and(Role::hears)
    }

    /// How many messages may be delivered now.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.hears() { self.link.room() } else { 0 }
    }

    /// Takes a bind; the centre's own name is told.
    ///
    /// # Errors
    /// The name does not fit.
    pub fn bound(&mut self, sequence: u32, name: &str) -> Result<(), LinkError> {
        if let Some(Open::Bind(role)) = self.answers(sequence) {
            self.link.say(&Pdu::answer(sequence, status::OK, Said::BindAnswer(role, name.to_owned())))?;
            self.role = Some(role);
        }
        Ok(())
    }

    /// Takes a message, and tells what it is called here.
    ///
    /// # Errors
    /// The name does not fit.
    pub fn accept(&mut self, sequence: u32, id: &str) -> Result<(), LinkError> {
        match self.answers(sequence) {
            Some(Open::Letter) => {
                self.link.say(&Pdu::answer(sequence, status::OK, Said::SubmitAnswer(id.to_owned())))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a bind or a message.
    ///
    /// # Errors
    /// None that can come: a status fits.
    pub fn refuse(&mut self, sequence: u32, status: u32) -> Result<(), LinkError> {
        let said = match self.answers(sequence) {
            Some(Open::Bind(role)) => Said::BindAnswer(role, String::new()),
            Some(Open::Letter) => Said::SubmitAnswer(String::new()),
            None => return Ok(()),
        };
        self.link.say(&Pdu::answer(sequence, status, said))
    }

    /// Delivers a message, under a number of the caller's own.
    ///
    /// # Errors
    /// It does not fit into a PDU.
    pub fn deliver(&mut self, key: u64, letter: &Letter, now: Duration) -> Result<(), LinkError> {
        self.link.ask(Asked::Letter(key), Said::Deliver(letter.clone()), now)
    }

    /// Tells what became of a message that went from `to` to `from`.
    ///
    /// # Errors
    /// It does not fit into a PDU.
    pub fn tell(
        &mut self,
        key: u64,
        receipt: &Receipt,
        from: &Number,
        to: &Number,
        now: Duration,
    ) -> Result<(), LinkError> {
        self.link.ask(Asked::Letter(key), Said::Receipt(receipt.clone(), from.clone(), to.clone()), now)
    }

    /// Something came over the line.
    ///
    /// # Errors
    /// The line is of no use any more.
    pub fn hear(&mut self, bytes: &[u8], now: Duration) -> Result<(), LinkError> {
        self.link.push(bytes, now);
        while let Some(heard) = self.link.next()? {
            match heard {
                Heard::Question(Pdu { sequence, said, .. }) => self.asked(sequence, said)?,
                Heard::Answer(
                    Asked::Letter(key),
                    Pdu { status: status::OK, said: Said::DeliverAnswer, .. },
                ) => {
                    self.events.push_back(Event::Taken(key));
                }
                Heard::Answer(Asked::Letter(key), _) => self.events.push_back(Event::Again(key)),
                Heard::Answer(..) => {}
            }
        }
        Ok(())
    }

    /// Time has passed.
    ///
    /// # Errors
    /// The other end does not answer, or does not bind.
    pub fn tick(&mut self, now: Duration) -> Result<(), LinkError> {
        if self.role.is_none() {
            let is_late = now.saturating_sub(self.opened) >= BIND_TIME;
            return if is_late { Err(LinkError::Silent) } else { Ok(()) };
        }
        for key in self.link.tick(now)? {
            self.events.push_back(Event::Again(key));
        }
        Ok(())
    }

    /// What was delivered and not answered, when the line has ended: it is delivered again.
    #[must_use]
    pub fn unanswered(&self) -> Vec<u64> {
        self.link.unanswered()
    }

    fn answers(&mut self, sequence: u32) -> Option<Open> {
        let at = self.open.iter().position(|(open, _)| *open == sequence)?;
        Some(self.open.remove(at).1)
    }

    fn asked(&mut self, sequence: u32, said: Said) -> Result<(), LinkError> {
        let (status, answer) = match said {
            Said::Bind { role, name, password, number } if self.role.is_none() => {
                self.open.push((sequence, Open::Bind(role)));
                self.events.push_back(Event::Bind { sequence, name, password, number });
                return Ok(());
            }
            Said::Bind { role, .. } => (status::BOUND, Said::BindAnswer(role, String::new())),
            Said::Submit(letter) if self.role.is_some_and(Role::sends) => {
                self.open.push((sequence, Open::Letter));
                self.events.push_back(Event::Letter { sequence, letter });
                return Ok(());
            }
            Said::Submit(_) => (status::STATE, Said::SubmitAnswer(String::new())),
            _ => (status::COMMAND, Said::Nack),
        };
        self.link.say(&Pdu::answer(sequence, status, answer))
    }
}
