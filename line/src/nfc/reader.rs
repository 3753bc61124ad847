//! The phone's end of ISO 14443-4: a command out in parts, its answer in parts, and what was lost again [docs/specs/lines.md 6].

use super::block::Block;

/// So often a block is asked for again.
const TRIES: u32 = 4;

/// What the reader does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Sends this and waits, so many times the card's time.
    Send(Vec<u8>, u8),
    /// The answer is whole.
    Done(Vec<u8>),
    /// The card does not answer any more.
    Lost,
}

/// A reader with an active card.
#[derive(Debug, Clone)]
pub struct Reader {
    number: u8,
    /// Bytes of a block that the card takes.
    card_takes: usize,
    command: Vec<u8>,
    /// Bytes of the part that was sent last.
    sent: usize,
    answer: Vec<u8>,
    /// Parts of the answer come.
    gathers: bool,
    tries: u32,
    /// Blocks that were asked for again.
    pub repeated: u64,
}

impl Reader {
    /// A card has just answered to its selection.
    pub fn new(card_takes: usize) -> Self {
        Reader {
            number: 0,
            card_takes,
            command: Vec::new(),
            sent: 0,
            answer: Vec::new(),
            gathers: false,
            tries: 0,
            repeated: 0,
        }
    }

    /// Begins a command.
    pub fn begin(&mut self, command: &[u8]) -> Next {
        (self.command, self.answer) = (command.to_vec(), Vec::new());
        (self.gathers, self.tries) = (false, 0);
        self.part()
    }

    fn part(&mut self) -> Next {
        let room = self.card_takes.saturating_sub(3).max(1);
        self.sent = room.min(self.command.len());
        let data = self.command.iter().take(self.sent).copied().collect();
        let more = self.sent < self.command.len();
        Next::Send(Block::Information { number: self.number, more, data }.to_bytes(), 1)
    }

    /// What came in time; none, or nothing that is a block: it is asked for again.
    pub fn hear(&mut self, bytes: Option<&[u8]>) -> Next {
        let Some(block) = bytes.and_then(Block::parse) else { return self.again() };
        match block {
            Block::Ack { number } if number == self.number && self.sent < self.command.len() => {
                self.number ^= 1;
                self.tries = 0;
                self.command.drain(..self.sent);
                self.part()
            }
            // The card has not had what was sent last.
            Block::Ack { number } if number != self.number && !self.gathers => {
                self.tries += 1;
                if self.tries > TRIES { Next::Lost } else { self.part() }
            }
            Block::Information { number, more, data } if number == self.number => {
                self.number ^= 1;
                self.tries = 0;
                self.answer.extend(data);
                self.gathers = more;
                if more {
                    Next::Send(Block::Ack { number: self.number }.to_bytes(), 1)
                } else {
                    Next::Done(std::mem::take(&mut self.answer))
                }
            }
            Block::Wait { factor } if (1..=59).contains(&factor) => {
                self.tries = 0;
                Next::Send(Block::Wait { factor }.to_bytes(), factor)
            }
            _ => self.again(),
        }
    }

    fn again(&mut self) -> Next {
        self.tries += 1;
        self.repeated += 1;
        if self.tries > TRIES {
            return Next::Lost;
        }
        let number = self.number;
        let block = if self.gathers { Block::Ack { number } } else { Block::Nak { number } };
        Next::Send(block.to_bytes(), 1)
    }
}
