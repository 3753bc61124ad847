//! A terminal of our own: T=0 as a reader speaks it, over a [`LineCard`], as a [`Channel`].

use super::T0Card;
use super::card::{Heard, LineCard};
use super::character::Character;
use super::noise::Noise;
use super::pps::PpsRequest;
use super::wire::Way;
use wire::atr::{Atr, AtrError, Convention};
use wire::channel::{Channel, ChannelError};
use wire::line::{
    CHARACTER, Etu, INITIAL_WAITING, NULL, REPEAT, RESET, RESET_LATEST, TURN, extra_guard, work_waiting,
};
use wire::{ApduError, CommandRef};

/// How often the terminal sends, and asks for, one character again.
const REPEATS: u8 = 3;

/// A terminal and the card on its line. It sends as early as the line allows, so its clock is the least time.
pub struct Terminal<C> {
    line: LineCard<C>,
    noise: Noise,
    atr: Option<Atr>,
    /// When the terminal may send next.
    now: Etu,
    /// Leading edge of the last character, either way.
    last: Etu,
    /// Longest silence of the card that is waited out.
    patience: u64,
}

impl<C: T0Card> Terminal<C> {
    /// A terminal on a quiet line. Sends nothing yet.
    pub fn new(line: LineCard<C>) -> Self {
        Terminal::with_noise(line, Noise::none())
    }

    /// A terminal on a line that is disturbed.
    pub const fn with_noise(line: LineCard<C>, noise: Noise) -> Self {
        Terminal { line, noise, atr: None, now: Etu(0), last: Etu(0), patience: RESET_LATEST }
    }

    /// Time since the line was made.
    pub const fn clock(&self) -> Etu {
        self.now
    }

    /// The card's end of the line.
    pub const fn line(&self) -> &LineCard<C> {
        &self.line
    }

    /// The card's end of the line.
    pub const fn line_mut(&mut self) -> &mut LineCard<C> {
        &mut self.line
    }

    /// The disturbances.
    pub const fn noise_mut(&mut self) -> &mut Noise {
        &mut self.noise
    }

    /// Negotiates a speed right after a reset: `speed` as in TA1, `None` asks for the protocol alone. Gives PPS1 of the
    /// answer; `None` when the card left it out, which means the default.
    ///
    /// # Errors
    /// [`ChannelError::Mute`] when the card passes the request over; [`ChannelError::Reader`] when its answer is none.
    pub fn negotiate(&mut self, speed: Option<u8>) -> Result<Option<u8>, ChannelError> {
        let mut request = vec![0xFF, if speed.is_some() { 0x10 } else { 0x00 }];
        request.extend(speed);
        request.push(request.iter().fold(0, |sum, byte| sum ^ byte));
        for byte in request {
            self.send(byte)?;
        }
        let mut answer = vec![self.receive()?, self.receive()?];
        while PpsRequest::length(&answer).is_some_and(|length| answer.len() < length) {
            answer.push(self.receive()?);
        }
        let agreed = PpsRequest::parse(&answer)
            .filter(|agreed| agreed.protocol == 0 && (agreed.speed.is_none() || agreed.speed == speed))
            .ok_or_else(|| ChannelError::Reader("the card's PPS answer does not fit the request".into()))?;
        self.patience = self.work_waiting();
        Ok(agreed.speed)
    }

    fn work_waiting(&self) -> u64 {
        let wi = self.atr.as_ref().map_or(10, Atr::waiting_integer);
        work_waiting(wi, self.line.clock().d)
    }

    /// N of the ATR.
    fn guard(&self) -> u64 {
        self.atr.as_ref().map_or(0, |atr| extra_guard(atr.extra_guard()))
    }

    fn convention(&self) -> Convention {
        self.atr.as_ref().map_or(Convention::Direct, |atr| atr.convention)
    }

    /// Sends a character, again when the card refuses it.
    ///
    /// # Errors
    /// [`ChannelError::Reader`] when the card refused it four times.
    pub fn send(&mut self, byte: u8) -> Result<(), ChannelError> {
        let character = Character::encode(byte, self.convention());
        let mut at = self.now;
        for _ in 0..=REPEATS {
            let arriving = self.noise.pass(Way::ToCard, character);
            let heard = self.line.hears(arriving, at);
            self.last = at;
            self.now = at.plus(CHARACTER + self.guard());
            if heard != Heard::Refused {
                return Ok(());
            }
            at = at.plus(REPEAT.max(CHARACTER + self.guard()));
        }
        Err(ChannelError::Reader("the card refused a character four times".into()))
    }

    /// Waits for the card's next character.
    ///
    /// # Errors
    /// [`ChannelError::Mute`] after the waiting time, or what took the card away; [`ChannelError::Reader`] when a character
    /// came wrong four times.
    pub fn receive(&mut self) -> Result<u8, ChannelError> {
        let deadline = self.last.plus(self.patience);
        for _ in 0..=REPEATS {
            let Some(said) = self.line.says().filter(|said| said.at <= deadline) else {
                self.now = deadline.max(self.now);
                return Err(self.line.trouble().cloned().unwrap_or(ChannelError::Mute));
            };
            let character = self.noise.pass(Way::FromCard, said.character);
            self.last = said.at;
            self.now = said.at.plus(TURN);
            if let Some(byte) = self.decode(character) {
                return Ok(byte);
            }
            self.line.refused();
        }
        Err(ChannelError::Reader("a character of the card came wrong four times".into()))
    }

    /// The byte of a character. The first of an ATR tells the convention itself.
    fn decode(&self, character: Character) -> Option<u8> {
        if self.atr.is_some() {
            return character.decode(self.convention());
        }
        let inverse = Character::encode(Convention::Inverse.ts(), Convention::Inverse);
        if character == inverse {
            Some(Convention::Inverse.ts())
        } else {
            character.decode(Convention::Direct)
        }
    }

    /// What follows the header, procedure byte by procedure byte.
    fn exchange(&mut self, header: [u8; 5], mut data: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let ins = header[1];
        let wanted = match header[4] {
            0 => 256,
            n => usize::from(n),
        };
        let (writes, mut answer) = (!data.is_empty(), Vec::new());
        loop {
            let procedure = self.receive()?;
            let at_once = match procedure {
                NULL => continue,
                _ if procedure == ins => usize::MAX,
                _ if procedure == ins ^ 0xFF => 1,
                _ if matches!(procedure >> 4, 0x6 | 0x9) => {
                    answer.extend([procedure, self.receive()?]);
                    return Ok(answer);
                }
                other => {
                    let what = format!("{other:02X} is no procedure byte for the instruction {ins:02X}");
                    return Err(ChannelError::Reader(what));
                }
            };
            if writes && data.is_empty() {
                return Err(ChannelError::Reader("the card asks for more data than there are".into()));
            }
            if !writes {
                for _ in 0..at_once.min(wanted - answer.len()) {
                    answer.push(self.receive()?);
                }
            } else {
                let (now, later) = data.split_at(at_once.min(data.len()));
                now.iter().try_for_each(|byte| self.send(*byte))?;
                data = later;
            }
        }
    }
}

impl<C: T0Card> Channel for Terminal<C> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let command = CommandRef::parse(command)
            .map_err(|error: ApduError| ChannelError::Reader(format!("not a command for T=0: {error}")))?;
        let [cla, ins, p1, p2] = command.header();
        // With data P3 is Lc, and an Le behind them cannot travel; 256 travels as 00.
        let p3 = match command.data.len() {
            0 => command.le.unwrap_or(0) as u8,
            n => n as u8,
        };
        let header = [cla, ins, p1, p2, p3];
        header.into_iter().try_for_each(|byte| self.send(byte))?;
        self.exchange(header, command.data)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        let high = self.now.plus(RESET);
        self.line.activate(high);
        (self.atr, self.last, self.patience) = (None, high, RESET_LATEST);
        let mut bytes = vec![self.receive()?];
        self.atr = Some(Atr {
            convention: if bytes[0] == Convention::Inverse.ts() {
                Convention::Inverse
            } else {
                Convention::Direct
            },
            ..Atr::new(&[])
        });
        self.patience = INITIAL_WAITING;
        let atr = loop {
            match Atr::parse(&bytes) {
                Ok(atr) => break atr,
                Err(AtrError::Missing(_)) => bytes.push(self.receive()?),
                Err(error) => return Err(ChannelError::Reader(format!("the card's ATR: {error}"))),
            }
        };
        self.atr = Some(atr);
        self.patience = self.work_waiting();
        // The turn of T=0 is not in force yet.
        self.now = self.last.plus(CHARACTER);
        Ok(bytes)
    }
}
