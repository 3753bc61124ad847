//! The T=0 line from outside: characters and times in, characters and times out [docs/specs/line.md].

mod exchange;
mod faults;
mod hostile;
mod pipe;
mod pps;
mod times;
mod tree;

use cos::Flow;
use gridcard_vcard::line::{Character, Heard, LineCard, Settings, T0Card, Terminal};
use wire::atr::Convention::Direct;
use wire::line::Etu;
use wire::{Channel, ChannelError};

/// A card that does what its instruction says: 10 has no data, 20 takes P3 bytes, 40 gives P3 bytes, 44 gives them
/// to whom asks for 8 and corrects all others, 46 answers a byte too many; 24 takes P3 bytes and gives them back by C0.
#[derive(Debug, Clone)]
pub struct Fake {
    atr: Vec<u8>,
    pub commands: Vec<Vec<u8>>,
    waiting: Vec<u8>,
}

impl Fake {
    pub fn new(atr: &str) -> Self {
        Fake { atr: bytes(atr), commands: Vec::new(), waiting: Vec::new() }
    }
}

impl Channel for Fake {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.commands.push(command.to_vec());
        let le = if command[4] == 0 { 256 } else { usize::from(command[4]) };
        let given = |n: usize| (0..n).map(|i| i as u8).collect::<Vec<_>>();
        let (data, sw) = match command[1] {
            0x10 | 0x20 => (Vec::new(), [0x90, 0x00]),
            0x24 => {
                self.waiting = command[5..].to_vec();
                (Vec::new(), [0x61, self.waiting.len() as u8])
            }
            0x40 => (given(le), [0x90, 0x00]),
            0x44 if le == 8 => (given(8), [0x90, 0x00]),
            0x44 => (Vec::new(), [0x6C, 0x08]),
            0x46 => (given(le + 1), [0x90, 0x00]),
            0xC0 => (std::mem::take(&mut self.waiting), [0x90, 0x00]),
            0x30 => return Err(ChannelError::Removed),
            _ => (Vec::new(), [0x6D, 0x00]),
        };
        Ok([data, sw.to_vec()].concat())
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        Ok(self.atr.clone())
    }
}

impl T0Card for Fake {
    fn flow(&self, header: [u8; 4]) -> Flow {
        match header[1] {
            0x20 | 0x24 => Flow::ToCard,
            0x40..=0x4E | 0xC0 | 0x62 | 0x90 => Flow::FromCard,
            _ => Flow::Neither,
        }
    }
}

pub fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// An ATR with these TC1, or without interface bytes.
pub fn atr_with_guard(guard: u8) -> String {
    if guard == 0 { "3B00".into() } else { format!("3B40{guard:02X}") }
}

/// A terminal with a fake card, reset.
pub fn terminal(atr: &str, settings: Settings) -> Terminal<Fake> {
    let mut terminal = Terminal::new(LineCard::new(Fake::new(atr), settings));
    terminal.reset().unwrap();
    terminal
}

/// A card on its line with the ATR said.
pub fn line(atr: &str, settings: Settings) -> LineCard<Fake> {
    let mut line = LineCard::new(Fake::new(atr), settings);
    line.activate(Etu(0));
    heard(&mut line);
    line
}

/// Says bytes to a card, each as early as the line allows, from a time on; gives the time after them.
pub fn say(line: &mut LineCard<Fake>, said: &[u8], from: u64) -> u64 {
    let mut at = from;
    for byte in said {
        assert_eq!(line.hears(Character::encode(*byte, Direct), Etu(at)), Heard::Taken);
        at += 12;
    }
    at
}

/// What a card says until it stops.
pub fn heard(line: &mut LineCard<Fake>) -> Vec<u8> {
    std::iter::from_fn(|| line.says()).map(|said| said.character.decode(Direct).unwrap()).collect()
}
