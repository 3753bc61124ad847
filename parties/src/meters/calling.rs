//! Meters that call their server: login, heartbeat, and DL/T 645 between them [docs/specs/netmeter.md]. A line that breaks is dialled
//! again, later each time.

use super::port::{PortReport, serve_until_lost};
use crate::session::Session;
use crate::trouble::Result;
use meter::port::Way;
use scheme::Chance;
use scheme::numbers::MeterNumber;
use serde::Serialize;
use std::collections::VecDeque;
use std::time::Duration;
use wire::dlt645::Address;
use wire::netmeter::{Heard, Hearing, LinkAct, LinkFrame};
use wire::{ByteLink, LinkError};

/// How often a meter says that it is there, when nothing else is agreed.
pub const BEAT: Duration = Duration::from_secs(60);
/// How long the server may take to say that it heard it.
const CONFIRM: Duration = Duration::from_secs(15);
/// The first rest before a line is dialled again, and the longest.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(300);
/// A line that was kept for so long was a good one.
const STAYED: Duration = Duration::from_secs(30);
/// How often somebody who rests looks whether it is all over.
const LOOK: Duration = Duration::from_millis(200);

/// The passing of time, which no moment of a calendar tells.
pub trait Pace {
    /// Time since a beginning; it only rises.
    fn now(&self) -> Duration;

    /// Lets time pass.
    fn rest(&self, wait: Duration);
}

/// A meter that calls.
#[derive(Debug, Clone, Copy)]
pub struct CallRequest {
    /// Its number.
    pub meter: MeterNumber,
    /// How often it says that it is there.
    pub beat: Duration,
}

/// What was done in a meter's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CallReport {
    /// Number of the meter.
    pub meter: MeterNumber,
    /// Logins that the server confirmed.
    pub logins: u64,
    /// Lines that could not be had, or broke.
    pub lost: u64,
    /// Frames on them.
    #[serde(flatten)]
    pub port: PortReport,
}

/// The rests of somebody who dials again and again: each up to twice the one before, at least half of that. Chance keeps meters apart that
/// lost their server at one moment.
#[derive(Debug, Clone, Default)]
pub struct BackOff {
    failures: u32,
}

impl BackOff {
    /// Next time the first rest comes again.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to rest now.
    pub fn next(&mut self, chance: &mut dyn Chance) -> Duration {
        let whole = FIRST_REST.saturating_mul(1 << self.failures.min(16)).min(LONGEST_REST);
        self.failures = self.failures.saturating_add(1);
        let mut drawn = [0; 4];
        chance.fill(&mut drawn);
        let half = whole / 2;
        half + half.mul_f64(f64::from(u32::from_le_bytes(drawn)) / f64::from(u32::MAX))
    }
}

/// A line to the server, of which the meter hears DL/T 645 alone.
pub struct Called<'l> {
    link: &'l mut dyn ByteLink,
    pace: &'l dyn Pace,
    meter: Address,
    beat: Duration,
    hearing: Hearing,
    heard: VecDeque<u8>,
    sequence: u8,
    said: Duration,
    /// Since when a confirmation is waited for.
    waits: Option<Duration>,
    confirmed: u64,
}

impl<'l> Called<'l> {
    /// Logs in on a new line.
    ///
    /// # Errors
    /// The line does not take it.
    pub fn login(
        link: &'l mut dyn ByteLink,
        pace: &'l dyn Pace,
        request: &CallRequest,
    ) -> core::result::Result<Self, LinkError> {
        let mut called = Called {
            link,
            pace,
            meter: Address(request.meter.0),
            beat: request.beat,
            hearing: Hearing::default(),
            heard: VecDeque::new(),
            sequence: 0,
            said: Duration::ZERO,
            waits: None,
            confirmed: 0,
        };
        called.say(LinkAct::Login)?;
        Ok(called)
    }

    /// Whether the server has confirmed the login.
    pub const fn is_in(&self) -> bool {
        self.confirmed > 0
    }

    /// Says that the meter goes.
    ///
    /// # Errors
    /// The line does not take it.
    pub fn logout(&mut self) -> core::result::Result<(), LinkError> {
        self.say(LinkAct::Logout)
    }

    fn say(&mut self, act: LinkAct) -> core::result::Result<(), LinkError> {
        let frame = LinkFrame::of_meter(act, self.meter, self.sequence);
        self.sequence = self.sequence.wrapping_add(1);
        let now = self.pace.now();
        self.said = now;
        self.waits = self.waits.or(Some(now));
        self.link.send(&frame.to_bytes())
    }

    /// Says what is due.
    fn keep_up(&mut self) -> core::result::Result<(), LinkError> {
        let now = self.pace.now();
        if self.waits.is_some_and(|since| now.saturating_sub(since) >= CONFIRM) {
            return Err(LinkError::Failed("the server does not confirm that it heard the meter".into()));
        }
        if self.is_in() && now.saturating_sub(self.said) >= self.beat {
            self.say(LinkAct::Beat)
        } else {
            Ok(())
        }
    }
}

impl ByteLink for Called<'_> {
    fn send(&mut self, bytes: &[u8]) -> core::result::Result<(), LinkError> {
        self.link.send(bytes)
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> core::result::Result<usize, LinkError> {
        if self.heard.is_empty() {
            self.keep_up()?;
            let length = self.link.receive(buffer, wait)?;
            let bytes = buffer.get(..length).unwrap_or_default();
            let found = if bytes.is_empty() { self.hearing.silence() } else { self.hearing.push(bytes) };
            for heard in found {
                match heard {
                    Heard::Meter(frame) => self.heard.extend(frame),
                    Heard::Link(LinkFrame { act: LinkAct::Confirm, .. }) => {
                        self.waits = None;
                        self.confirmed += 1;
                    }
                    // A server says nothing else of the link.
                    Heard::Link(_) => {}
                }
            }
        }
        let length = buffer.len().min(self.heard.len());
        for (place, byte) in buffer.iter_mut().zip(self.heard.drain(..length)) {
            *place = byte;
        }
        Ok(length)
    }
}

/// Has a meter call its server until it is over. `dial` opens a line; each line that is had, lost, or not had is told to whoever listens.
///
/// # Errors
/// The meter is not there; its flash is damaged.
pub fn call(
    session: &Session,
    request: &CallRequest,
    dial: &dyn Fn() -> core::result::Result<Box<dyn ByteLink + Send>, LinkError>,
    pace: &dyn Pace,
    is_over: &dyn Fn() -> bool,
) -> Result<CallReport> {
    let meter = request.meter;
    let (mut back_off, mut chance) = (BackOff::default(), session.chance(&format!("meter call {meter}")));
    let mut report = CallReport { meter, logins: 0, lost: 0, port: PortReport::default() };
    while !is_over() {
        let lost = match dial() {
            Ok(mut link) => {
                let begun = pace.now();
                let (lost, is_in) = on(session, request, &mut *link, pace, is_over, &mut report)?;
                // Whoever was let in and stayed begins with the shortest rest.
                if is_in && pace.now().saturating_sub(begun) >= STAYED {
                    back_off.reset();
                }
                lost
            }
            Err(error) => Some(error),
        };
        let Some(lost) = lost else { break };
        report.lost += 1;
        let rest = back_off.next(&mut *chance);
        session.say(format!("meter {meter}: {lost}; it calls again in {} ms", rest.as_millis()));
        let begun = pace.now();
        while !is_over() && pace.now().saturating_sub(begun) < rest {
            pace.rest(LOOK.min(rest));
        }
    }
    Ok(report)
}

/// One line, to its end; and whether the server let the meter in.
fn on(
    session: &Session,
    request: &CallRequest,
    link: &mut dyn ByteLink,
    pace: &dyn Pace,
    is_over: &dyn Fn() -> bool,
    report: &mut CallReport,
) -> Result<(Option<LinkError>, bool)> {
    let mut called = match Called::login(link, pace, request) {
        Ok(called) => called,
        Err(error) => return Ok((Some(error), false)),
    };
    let (port, lost) = serve_until_lost(session, &[request.meter], Way::Wires, &mut called, is_over)?;
    if lost.is_none() {
        // A server that does not hear it finds out by the silence.
        let _ = called.logout();
    }
    let is_in = called.is_in();
    report.logins += u64::from(is_in);
    report.port.frames += port.frames;
    report.port.answered += port.answered;
    report.port.broken += port.broken;
    Ok((lost, is_in))
}
