//! A meter's side of its sub-board [docs/specs/subboard.md]: what a board may ask after which word, and what is said to it.
//!
//! The board holds no key and no money, so nothing it says is believed: not of what kind it is, and not that a frame it brings comes from
//! wires. An order proves itself at the ESAM, a frame of DL/T 645 as one through the infrared eye.

use wire::subboard::{BoardFrame, MOST, VERSION, can, kind, result};

/// What is behind the protocol.
pub trait Inside {
    /// Takes the file of an order; gives the receipt's file.
    fn order(&mut self, file: &[u8]) -> OrderAnswer;

    /// Hears a frame of DL/T 645; `None`: nothing is said to it.
    fn frame(&mut self, frame: &[u8]) -> Result<Option<Vec<u8>>, Busy>;

    /// Whoever spoke through the board's line has gone.
    fn line_is_down(&mut self);

    /// How the meter stands: bit 0 its relay is open.
    fn standing(&mut self) -> u8;
}

/// The meter cannot now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderAnswer {
    /// Credited now or before; the receipt's file.
    Receipt(Vec<u8>),
    /// Refused, by the number of the field's table.
    Refused(u8),
    /// Not now.
    Busy,
}

/// What a board said of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoardHello {
    /// Its kind, by the registry of the page; nothing follows from it.
    pub kind: u8,
    /// What it does ([`can`]).
    pub can: u8,
}

/// A board that is plugged in.
#[derive(Debug, Clone, Default)]
pub struct Board {
    hello: Option<BoardHello>,
    is_up: bool,
    last: Option<(BoardFrame, BoardFrame)>,
    told: Option<u8>,
}

impl Board {
    /// What the board that is there said of itself.
    pub const fn hello(&self) -> Option<BoardHello> {
        self.hello
    }

    /// The line fell: whatever was plugged in has to say hello again.
    pub fn pulled(&mut self, inside: &mut dyn Inside) {
        if self.hello.is_some() {
            inside.line_is_down();
        }
        *self = Board::default();
    }

    /// Hears a frame; gives what is said, the answer first. The same frame again gets the same answer, and is not done again.
    pub fn hear(&mut self, frame: &BoardFrame, meter: [u8; 6], inside: &mut dyn Inside) -> Vec<BoardFrame> {
        if let Some((asked, answer)) = &self.last
            && asked == frame
        {
            return vec![answer.clone()];
        }
        let is_answer_or_notice = frame.kind >= wire::subboard::ANSWER;
        if is_answer_or_notice {
            return Vec::new();
        }
        let payload = match frame.kind {
            kind::HELLO => self.greet(&frame.payload, meter, inside),
            kind::LINK | kind::ORDER | kind::FRAME => match self.hello {
                None => vec![result::HELLO_FIRST],
                Some(hello) => self.asked(frame, hello, inside),
            },
            _ => vec![result::UNKNOWN],
        };
        let is_busy = payload.first() == Some(&result::BUSY);
        let answer = frame.answer(payload);
        // What could not be done now is done when it is asked again.
        self.last = (!is_busy).then(|| (frame.clone(), answer.clone()));
        let mut said = vec![answer];
        if self.hello.is_some() {
            said.extend(self.notice(inside));
        }
        said
    }

    fn greet(&mut self, payload: &[u8], meter: [u8; 6], inside: &mut dyn Inside) -> Vec<u8> {
        // Another board may stand where one was pulled and not missed.
        self.pulled(inside);
        let [lowest, highest, kind, can] = *payload else { return vec![result::PAYLOAD] };
        if !(lowest..=highest).contains(&VERSION) {
            return vec![result::VERSION, VERSION];
        }
        self.hello = Some(BoardHello { kind, can });
        let most = u16::try_from(MOST).unwrap_or(u16::MAX);
        [&[result::DONE, VERSION][..], &meter, &most.to_be_bytes()].concat()
    }

    fn asked(&mut self, frame: &BoardFrame, hello: BoardHello, inside: &mut dyn Inside) -> Vec<u8> {
        match (frame.kind, &frame.payload[..]) {
            (kind::LINK, [up @ (0 | 1)]) => {
                self.is_up = *up == 1;
                if !self.is_up {
                    inside.line_is_down();
                }
                vec![result::DONE]
            }
            (kind::LINK, _) | (_, []) => vec![result::PAYLOAD],
            (kind::ORDER, file) if hello.can & can::ORDERS != 0 => match inside.order(file) {
                OrderAnswer::Receipt(receipt) => [&[result::DONE][..], &receipt].concat(),
                OrderAnswer::Refused(number) => vec![result::REFUSED, number],
                OrderAnswer::Busy => vec![result::BUSY],
            },
            (kind::FRAME, frame) if hello.can & can::FRAMES != 0 && self.is_up => match inside.frame(frame) {
                Ok(Some(answer)) => [&[result::DONE][..], &answer].concat(),
                Ok(None) => vec![result::NOTHING],
                Err(Busy) => vec![result::BUSY],
            },
            _ => vec![result::NOT_ANNOUNCED],
        }
    }

    /// How the meter stands, when that is news.
    fn notice(&mut self, inside: &mut dyn Inside) -> Option<BoardFrame> {
        let now = inside.standing();
        (self.told.replace(now) != Some(now)).then(|| BoardFrame {
            kind: kind::NOTICE,
            sequence: 0,
            payload: vec![now],
        })
    }
}
