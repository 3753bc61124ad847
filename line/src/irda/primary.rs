//! The phone's end of IrLAP: it looks who is there, connects, and gives the word.

use super::flow::Flow;
use super::frame::{ALL, ANYBODY, Body, LAST_SLOT, LapFrame, SLOTS};
use super::offer::{Offer, Terms};
use std::collections::VecDeque;

/// How long a slot is waited for, in microseconds.
const SLOT_US: u64 = 85_000;
/// How long an answer is waited for before there is a connection.
const ANSWER_US: u64 = 500_000;
/// How often the phone looks, and asks to connect, before it gives up.
const TRIES: u32 = 6;
/// Hints (telephone, IrCOMM), character set ASCII, name.
const WHO: &[u8] = b"\x82\x05\x00gridcard phone";

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Looks who is there, at this slot.
    Looking(u8),
    /// Asks to connect.
    Connecting,
    /// Connected.
    Connected,
    /// Takes leave.
    Leaving,
    /// Over, as both know.
    Over,
    /// Nobody was found.
    Nobody,
    /// Who was there answers no more.
    Lost,
}

/// What it says in its turn.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The frames.
    pub frames: Vec<LapFrame>,
    /// How long the answer is waited for; 0: there is none.
    pub wait_us: u64,
}

/// The phone's end.
#[derive(Debug)]
pub struct Primary {
    address: u32,
    connection: u8,
    offer: Offer,
    stage: Stage,
    /// Devices that were found, by their address.
    pub found: Vec<u32>,
    terms: Option<Terms>,
    flow: Flow,
    tries: u32,
    silent_us: u64,
    received: VecDeque<Vec<u8>>,
}

impl Primary {
    /// One that begins to look. `address`: its device address; `connection`: the address it gives, 7 bits, neither 0 nor 7F.
    pub fn new(address: u32, connection: u8, offer: Offer) -> Self {
        Primary {
            address,
            connection: connection & ALL,
            offer,
            stage: Stage::Looking(0),
            found: Vec::new(),
            terms: None,
            flow: Flow::default(),
            tries: 0,
            silent_us: 0,
            received: VecDeque::new(),
        }
    }

    /// How far it is.
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// What was agreed on; none before there is a connection.
    pub const fn terms(&self) -> Option<Terms> {
        self.terms
    }

    /// Frames that were sent again.
    pub const fn repeated(&self) -> u64 {
        self.flow.repeated
    }

    /// Whether nothing waits to be sent or confirmed.
    pub fn is_idle(&self) -> bool {
        self.flow.is_idle()
    }

    /// Data for the other end.
    pub fn push(&mut self, bytes: Vec<u8>) {
        self.flow.push(bytes);
    }

    /// Data of the other end.
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        self.received.pop_front()
    }

    /// Takes leave.
    pub fn leave(&mut self) {
        if self.stage == Stage::Connected {
            (self.stage, self.tries) = (Stage::Leaving, 0);
        }
    }

    fn command(&self, address: u8, poll: bool, body: Body) -> LapFrame {
        LapFrame { address, command: true, poll, body }
    }

    /// Its turn.
    pub fn turn(&mut self) -> Turn {
        match self.stage {
            Stage::Looking(slot) => {
                let last = slot >= SLOTS;
                let (slot, info) = if last { (LAST_SLOT, WHO.to_vec()) } else { (slot, Vec::new()) };
                let body = Body::Xid { source: self.address, target: ANYBODY, slot, info };
                Turn { frames: vec![self.command(ALL, true, body)], wait_us: if last { 0 } else { SLOT_US } }
            }
            Stage::Connecting => {
                let target = self.found.first().copied().unwrap_or(ANYBODY);
                let body = Body::Snrm {
                    source: self.address,
                    target,
                    connection: self.connection,
                    offer: self.offer.to_bytes(),
                };
                Turn { frames: vec![self.command(ALL, true, body)], wait_us: ANSWER_US }
            }
            Stage::Connected => {
                let window = self.terms.map_or(1, |terms| terms.window);
                let bodies = self.flow.turn(window);
                let last = bodies.len() - 1;
                let frames = (0..).zip(bodies);
                let frames = frames.map(|(n, body)| self.command(self.connection, n == last, body)).collect();
                Turn { frames, wait_us: self.terms.map_or(ANSWER_US, |terms| terms.turn_us) }
            }
            Stage::Leaving => {
                let frame = self.command(self.connection, true, Body::Disc);
                Turn { frames: vec![frame], wait_us: ANSWER_US }
            }
            Stage::Over | Stage::Nobody | Stage::Lost => Turn { frames: Vec::new(), wait_us: 0 },
        }
    }

    /// A frame came; whether the word came back with it.
    pub fn hear(&mut self, frame: LapFrame) -> bool {
        if frame.command {
            return false;
        }
        match (self.stage, frame.body) {
            (Stage::Looking(slot), Body::Xid { source, target, slot: heard, .. })
                if target == self.address && heard == slot =>
            {
                if !self.found.contains(&source) {
                    self.found.push(source);
                }
                // Others may answer in the same slot: it is waited to its end.
                false
            }
            (Stage::Connecting, Body::Ua { ends: Some((source, target)), offer })
                if target == self.address && self.found.contains(&source) =>
            {
                let Some(theirs) = Offer::parse(&offer) else { return false };
                self.terms = Some(theirs.agree(self.offer));
                (self.stage, self.silent_us) = (Stage::Connected, 0);
                true
            }
            (Stage::Connected, Body::Dm | Body::Disc) if frame.address == self.connection => {
                self.stage = Stage::Lost;
                true
            }
            (Stage::Leaving, Body::Ua { .. } | Body::Dm) if frame.address == self.connection => {
                self.stage = Stage::Over;
                true
            }
            (Stage::Connected, body) if frame.address == self.connection => {
                self.silent_us = 0;
                self.received.extend(self.flow.hear(body));
                frame.poll
            }
            _ => false,
        }
    }

    /// The turn is over: nothing came with the word in it for so long.
    pub fn silence(&mut self, waited_us: u64) {
        match self.stage {
            Stage::Looking(slot) if slot < SLOTS => self.stage = Stage::Looking(slot + 1),
            Stage::Looking(_) if !self.found.is_empty() => (self.stage, self.tries) = (Stage::Connecting, 0),
            Stage::Looking(_) => {
                self.tries += 1;
                self.stage = if self.tries >= TRIES { Stage::Nobody } else { Stage::Looking(0) };
            }
            Stage::Connecting => {
                self.tries += 1;
                if self.tries >= TRIES {
                    self.stage = Stage::Lost;
                }
            }
            Stage::Connected => {
                self.silent_us += waited_us;
                if self.terms.is_none_or(|terms| self.silent_us >= terms.threshold_us) {
                    self.stage = Stage::Lost;
                }
            }
            Stage::Leaving => {
                self.tries += 1;
                if self.tries >= TRIES {
                    self.stage = Stage::Over;
                }
            }
            Stage::Over | Stage::Nobody | Stage::Lost => {}
        }
    }
}
