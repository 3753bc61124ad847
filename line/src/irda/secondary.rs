//! The meter's end of IrLAP: it speaks when it has the word.

use super::flow::Flow;
use super::frame::{ALL, Body, LAST_SLOT, LapFrame, SLOTS};
use super::offer::{Offer, Terms};
use std::collections::VecDeque;

/// Hints (IrCOMM), character set ASCII, name.
const WHO: &[u8] = b"\x80\x04\x00meter";

/// A phone that has not heard UA says nothing at the new speed: after so long the meter listens at the old one again, while the phone
/// still repeats itself. UNSPECIFIED.
const UNCONFIRMED_US: u64 = 1_200_000;

/// What happened to the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Nothing.
    None,
    /// A phone connected anew: what was before is over.
    Connected,
    /// It is over.
    Over,
}

/// The meter's end.
#[derive(Debug)]
pub struct Secondary {
    address: u32,
    offer: Offer,
    /// The slot it drew for the discovery that runs.
    slot: u8,
    connection: Option<(u8, Terms)>,
    flow: Flow,
    received: VecDeque<Vec<u8>>,
    /// What is said when the word comes.
    answer: Option<LapFrame>,
    has_word: bool,
    heard_at: u64,
    /// The phone has spoken as was agreed.
    confirmed: bool,
}

impl Secondary {
    /// One that nobody has found.
    pub fn new(address: u32, offer: Offer) -> Self {
        Secondary {
            address,
            offer,
            slot: LAST_SLOT,
            connection: None,
            flow: Flow::default(),
            received: VecDeque::new(),
            answer: None,
            has_word: false,
            heard_at: 0,
            confirmed: false,
        }
    }

    /// What was agreed on; none without a connection.
    pub fn terms(&self) -> Option<Terms> {
        self.connection.map(|(_, terms)| terms)
    }

    /// Data for the phone.
    pub fn push(&mut self, bytes: Vec<u8>) {
        if self.connection.is_some() {
            self.flow.push(bytes);
        }
    }

    /// Data of the phone.
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        self.received.pop_front()
    }

    /// Time: whoever was connected and said nothing for as long as was agreed is gone.
    pub fn tick(&mut self, now: u64) -> Event {
        let Some((_, terms)) = self.connection else { return Event::None };
        let patience = if self.confirmed { terms.threshold_us } else { UNCONFIRMED_US };
        if now > self.heard_at.saturating_add(patience) { self.end() } else { Event::None }
    }

    fn end(&mut self) -> Event {
        (self.connection, self.flow) = (None, Flow::default());
        self.received.clear();
        Event::Over
    }

    fn response(&self, address: u8, body: Body) -> Option<LapFrame> {
        Some(LapFrame { address, command: false, poll: true, body })
    }

    /// A frame came. `draw`: a slot below the number it is given.
    pub fn hear(&mut self, frame: LapFrame, now: u64, draw: &mut dyn FnMut(u8) -> u8) -> Event {
        if !frame.command {
            return Event::None;
        }
        match (frame.body, self.connection) {
            (Body::Xid { source, slot, .. }, None) if frame.address == ALL => {
                if slot == 0 {
                    self.slot = draw(SLOTS);
                }
                if slot == self.slot && slot != LAST_SLOT {
                    let body = Body::Xid { source: self.address, target: source, slot, info: WHO.to_vec() };
                    self.answer = self.response(ALL, body);
                }
                Event::None
            }
            (Body::Snrm { source, target, connection, offer }, before)
                if frame.address == ALL && target == self.address =>
            {
                // Its own phone repeats itself; another one takes the place of one that went.
                if before.is_some_and(|(address, _)| address != connection) && now < self.heard_at + 1_000_000
                {
                    return Event::None;
                }
                let Some(theirs) = Offer::parse(&offer) else { return Event::None };
                self.end();
                self.connection = Some((connection, theirs.agree(self.offer)));
                (self.heard_at, self.confirmed) = (now, false);
                let body = Body::Ua { ends: Some((self.address, source)), offer: self.offer.to_bytes() };
                self.answer = self.response(connection, body);
                Event::Connected
            }
            (Body::Disc, Some((address, _))) if frame.address == address => {
                self.answer = self.response(address, Body::Ua { ends: None, offer: Vec::new() });
                self.end()
            }
            (Body::Disc, None) => {
                self.answer = self.response(frame.address, Body::Dm);
                Event::None
            }
            (body, Some((address, _))) if frame.address == address => {
                (self.heard_at, self.confirmed) = (now, true);
                self.received.extend(self.flow.hear(body));
                self.has_word |= frame.poll;
                Event::None
            }
            _ => Event::None,
        }
    }

    /// What it says, if it has the word.
    pub fn turn(&mut self) -> Vec<LapFrame> {
        if let Some(answer) = self.answer.take() {
            self.has_word = false;
            return vec![answer];
        }
        let Some((address, terms)) = self.connection.filter(|_| self.has_word) else { return Vec::new() };
        self.has_word = false;
        let bodies = self.flow.turn(terms.window);
        let last = bodies.len() - 1;
        let frames = (0..).zip(bodies);
        frames.map(|(n, body)| LapFrame { address, command: false, poll: n == last, body }).collect()
    }
}
