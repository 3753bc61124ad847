//! The phone itself: what it was told, what it hears, what it says by itself.

use crate::air::{self, Cause, Delivered};
use crate::commands;
use crate::reply::{self, Awaited, Outcome, Reply};
use crate::state::{Identity, Outgoing, State};
use std::time::Duration;
use wire::Channel;
use wire::at::{self, Ear, Heard, PROMPT, Refusal};
use wire::sms::tpdu::Address;

/// Between two things that a phone says by itself, and after the last word of an answer: there are programs that take one of two.
const APART: Duration = Duration::from_millis(400);
/// A pause that is longer than those within a session of a program.
const PAUSE: Duration = Duration::from_millis(60);
/// So long nobody has spoken when the phone does something with its SIM.
const QUIET: Duration = Duration::from_millis(300);
/// A phone.
pub struct Phone {
    state: State,
    ear: Ear,
    awaited: Option<Awaited>,
    last_line: String,
    heard: Option<Duration>,
    said: Option<Duration>,
}

impl Phone {
    /// A phone that was just switched on.
    pub fn new(identity: Identity) -> Self {
        Phone {
            state: State::new(identity),
            ear: Ear::default(),
            awaited: None,
            last_line: String::new(),
            heard: None,
            said: None,
        }
    }

    /// With orders and receipts that wait guarded against +CMGD, or not.
    #[must_use]
    pub fn guarded(mut self, guard: bool) -> Self {
        self.state.guard = guard;
        self
    }

    /// Takes bytes that came; gives those that go back. `now` counts from wherever the caller's clock does, and never back.
    pub fn hear(&mut self, card: &mut dyn Channel, bytes: &[u8], now: Duration) -> Vec<u8> {
        let mut out = Vec::new();
        for byte in bytes {
            let (echo, heard) = self.ear.push(*byte);
            if echo && self.state.settings.echo {
                out.push(*byte);
            }
            match heard {
                None => {}
                Some(Heard::Line(line)) => {
                    self.line(card, &line, &mut out);
                    self.last_line = line;
                }
                Some(Heard::Again) => {
                    let line = self.last_line.clone();
                    self.line(card, &line, &mut out);
                }
                Some(Heard::Message(text)) => {
                    let outcome = match self.awaited.take() {
                        Some(awaited) => commands::message(&mut self.state, card, awaited, &text),
                        None => reply::done(),
                    };
                    self.state.restore(card);
                    self.answer(outcome, &mut out);
                }
                Some(Heard::GivenUp) => {
                    self.awaited = None;
                    self.answer(reply::done(), &mut out);
                }
                Some(Heard::TooLong) => {
                    self.awaited = None;
                    self.answer(Err(Refusal::Plain), &mut out);
                }
            }
        }
        if !bytes.is_empty() {
            self.heard = Some(now);
        }
        if !out.is_empty() {
            self.said = Some(now);
        }
        out
    }

    /// What the phone says by itself now: one notice at most, and none while somebody speaks.
    pub fn say(&mut self, now: Duration) -> Vec<u8> {
        let since = |then: Option<Duration>| then.map_or(APART, |then| now.saturating_sub(then));
        if self.ear.is_amid() || since(self.heard).min(since(self.said)) < APART {
            return Vec::new();
        }
        let Some(notice) = self.state.notices.pop_front() else { return Vec::new() };
        self.said = Some(now);
        format!("\r\n{notice}\r\n").into_bytes()
    }

    /// Whether nobody is in the midst of something: the phone may use its SIM.
    pub fn is_quiet(&self, now: Duration) -> bool {
        !self.ear.is_amid() && self.heard.is_none_or(|heard| now.saturating_sub(heard) >= QUIET)
    }

    /// Whether a phone that has not used its SIM for long may use it now: somebody who asks again and again has just paused, and no command
    /// of his wants another.
    pub fn may_interrupt(&self, now: Duration) -> bool {
        let paused = self.heard.is_none_or(|heard| now.saturating_sub(heard) >= PAUSE);
        paused && !self.ear.is_amid() && !self.state.amid
    }

    /// Whether something was written to the SIM or taken off it since this was asked last.
    pub fn was_written(&mut self) -> bool {
        std::mem::take(&mut self.state.written)
    }

    /// Puts the SIM back to where somebody's commands by +CSIM had it: after whoever shares the SIM with the phone has used it.
    pub fn restore(&self, card: &mut dyn Channel) {
        self.state.restore(card);
    }

    /// The next message that leaves.
    pub fn outgoing(&mut self) -> Option<Outgoing> {
        self.state.outgoing.pop_front()
    }

    /// Takes a message of the network, an SMS-DELIVER or an SMS-STATUS-REPORT, that came by a service centre. Class 2 goes to the SIM, an
    /// order as the SIM's other writers put it there; everything else where the user wants it.
    ///
    /// # Errors
    /// [`Cause`]: it was turned away, and the network keeps it.
    pub fn receive(
        &mut self,
        card: &mut dyn Channel,
        centre: Option<&Address>,
        tpdu: &[u8],
    ) -> Result<Delivered, Cause> {
        let delivered = air::receive(&mut self.state, card, centre, tpdu);
        self.state.restore(card);
        delivered
    }

    fn line(&mut self, card: &mut dyn Channel, line: &str, out: &mut Vec<u8>) {
        let commands = match at::commands(line) {
            Ok(Some(commands)) => commands,
            Ok(None) => return,
            Err(at::BadLine) => return self.answer(Err(Refusal::Plain), out),
        };
        let mut outcome = reply::done();
        for command in &commands {
            // What the commands before it told, goes out before it is done.
            if let Ok(Reply::Done(lines)) = &outcome {
                told(lines, out);
            }
            let (said, used_sim) = commands::run(&mut self.state, card, command);
            if used_sim {
                self.state.restore(card);
            }
            outcome = said;
            if !matches!(outcome, Ok(Reply::Done(_))) {
                break;
            }
        }
        self.answer(outcome, out);
    }

    fn answer(&mut self, outcome: Outcome, out: &mut Vec<u8>) {
        match outcome {
            Ok(Reply::Done(lines)) => {
                told(&lines, out);
                out.extend_from_slice(b"\r\nOK\r\n");
            }
            Ok(Reply::Prompt(awaited)) => {
                self.awaited = Some(awaited);
                self.ear.prompt();
                out.extend_from_slice(PROMPT.as_bytes());
            }
            Err(refusal) => {
                out.extend_from_slice(
                    format!("\r\n{}\r\n", refusal.line(self.state.settings.errors)).as_bytes(),
                );
            }
        }
    }
}

/// Lines of information: one line end between two of them, as the lists of messages have it.
fn told(lines: &[String], out: &mut Vec<u8>) {
    if !lines.is_empty() {
        out.extend_from_slice(format!("\r\n{}\r\n", lines.join("\r\n")).as_bytes());
    }
}
