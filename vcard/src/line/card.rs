//! The card's end of the line: a pure machine of characters and times.

use super::T0Card;
use super::character::{Character, Part};
use super::pps::{PPSS, PpsRequest};
use super::settings::{Acknowledge, Settings};
use cos::Flow;
use std::collections::VecDeque;
use wire::atr::{Atr, Clock, Convention};
use wire::line::{CHARACTER, Etu, NULL, REPEAT, TURN, carries, extra_guard, work_waiting};
use wire::{ChannelError, Sw};

/// What became of a character the card was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The card has it.
    Taken,
    /// Its parity was wrong: the card pulls the line low and wants it again.
    Refused,
    /// Nobody listened: no power, a mute card, or one that was speaking itself.
    Unheard,
}

/// A character of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// Its leading edge.
    pub at: Etu,
    /// Its bits.
    pub character: Character,
    /// What it is part of.
    pub part: Part,
}

/// A character that waits to be sent, and how much later than it could it goes.
#[derive(Debug, Clone, Copy)]
struct Outgoing {
    byte: u8,
    part: Part,
    delay: u64,
    /// It was said before and refused.
    again: bool,
}

#[derive(Debug)]
enum State {
    /// No power.
    Off,
    /// Power, and no answer to anything but a reset.
    Mute,
    /// Right after the ATR: a PPS request or a header.
    Start,
    /// A PPS request comes in.
    Pps(Vec<u8>),
    /// A header comes in.
    Header(Vec<u8>),
    /// Data come in; `asked` more until the next procedure byte.
    Data { header: [u8; 5], command: Vec<u8>, asked: usize, singles: u8 },
}

/// A card on its line.
///
/// ```
/// # use gridcard_vcard::{Image, SeededChance, Slot, slot::Keep};
/// use gridcard_vcard::line::{Character, Heard, LineCard, Settings};
/// use wire::{atr::Convention::Direct, line::Etu};
/// # let chip = cos::Chip {
/// #     kind: scheme::profile::CardKind::Esam, suite: keys::Suite::TripleDes, protocol: cos::Protocol::T0, serial: [1; 8],
/// # };
/// # let image = Image::manufacture(&chip, 8 * 1024, false);
/// # let entropy = Box::new(SeededChance::new(1, "line"));
/// # let slot = Slot::with_image(image, "esam.card".as_ref(), entropy, Keep::InMemory)?;
/// let mut card = LineCard::new(slot, Settings::default());
/// card.activate(Etu(0));
/// let atr: Vec<u8> = std::iter::from_fn(|| card.says()).filter_map(|said| said.character.decode(Direct)).collect();
/// assert_eq!(atr[..5], [0x3B, 0x69, 0x00, 0x00, 0x43]);
/// assert_eq!(card.hears(Character::encode(0x00, Direct), Etu(160)), Heard::Taken); // CLA of a header
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LineCard<C> {
    card: C,
    settings: Settings,
    state: State,
    queue: VecDeque<Outgoing>,
    atr: Option<Atr>,
    convention: Convention,
    clock: Clock,
    /// Speed agreed on, in force once the answer is out.
    agreed: Option<Clock>,
    /// The card may not speak before this.
    free_at: Etu,
    /// What was said last, and when.
    said: Option<(Outgoing, Etu)>,
    /// How often that was refused.
    repeated: u8,
    /// How often the card refused the character it waits for.
    refusals: u8,
    /// Working time in front of the next character.
    lag: u64,
    trouble: Option<ChannelError>,
}

impl<C: T0Card> LineCard<C> {
    /// A card without power.
    pub const fn new(card: C, settings: Settings) -> Self {
        LineCard {
            card,
            settings,
            state: State::Off,
            queue: VecDeque::new(),
            atr: None,
            convention: Convention::Direct,
            clock: Clock::DEFAULT,
            agreed: None,
            free_at: Etu(0),
            said: None,
            repeated: 0,
            refusals: 0,
            lag: 0,
            trouble: None,
        }
    }

    /// The card behind the line.
    pub const fn card(&self) -> &C {
        &self.card
    }

    /// The card behind the line, for whoever pulls it or lets its supply fail.
    pub const fn card_mut(&mut self) -> &mut C {
        &mut self.card
    }

    /// The card, off the line.
    pub fn into_card(self) -> C {
        self.card
    }

    /// Why the card fell silent, when it was not the line's doing: pulled, no power, memory not kept.
    pub const fn trouble(&self) -> Option<&ChannelError> {
        self.trouble.as_ref()
    }

    /// F and D in force: an etu is F / D clock cycles.
    pub fn clock(&self) -> Clock {
        self.agreed.filter(|_| self.queue.is_empty()).unwrap_or(self.clock)
    }

    /// Convention of the characters.
    pub const fn convention(&self) -> Convention {
        self.convention
    }

    /// Longest silence of the card between two characters.
    pub fn work_waiting(&self) -> u64 {
        work_waiting(self.atr.as_ref().map_or(10, Atr::waiting_integer), self.clock.d)
    }

    /// N of the ATR: etu the terminal adds to each of its characters.
    pub fn guard(&self) -> u64 {
        self.atr.as_ref().map_or(0, |atr| extra_guard(atr.extra_guard()))
    }

    /// RST goes high at that time, with power: everything that dies at a reset dies, and the card says its ATR.
    pub fn activate(&mut self, at: Etu) {
        self.deactivate();
        let mut bytes = match self.card.reset() {
            Ok(atr) => atr,
            Err(error) => return self.fail(error),
        };
        if let (Some(convention), Some(ts)) = (self.settings.convention, bytes.first_mut()) {
            *ts = convention.ts();
        }
        self.atr = Atr::parse(&bytes).ok();
        self.convention = self.atr.as_ref().map_or(Convention::Direct, |atr| atr.convention);
        self.trouble = None;
        self.free_at = at.plus(self.settings.reset_delay);
        for byte in bytes {
            self.push(byte, Part::Atr);
        }
        self.state = State::Start;
    }

    /// Power goes away. What the card is, it learns at the next [`LineCard::activate`].
    pub fn deactivate(&mut self) {
        self.state = State::Off;
        self.queue.clear();
        (self.said, self.repeated, self.refusals, self.lag) = (None, 0, 0, 0);
        (self.clock, self.agreed) = (Clock::DEFAULT, None);
    }

    /// What the next character from the terminal will be part of.
    pub fn expects(&self) -> Part {
        match &self.state {
            _ if !self.queue.is_empty() => Part::Unheard,
            State::Off | State::Mute => Part::Unheard,
            State::Pps(_) => Part::Pps,
            State::Start | State::Header(_) => Part::Header,
            State::Data { header, .. } => Part::Data(*header),
        }
    }

    /// A character from the terminal, with its leading edge.
    pub fn hears(&mut self, character: Character, at: Etu) -> Heard {
        // A card that speaks does not listen.
        if matches!(self.state, State::Off | State::Mute) || !self.queue.is_empty() {
            return Heard::Unheard;
        }
        if let Some(clock) = self.agreed.take() {
            self.clock = clock;
        }
        // What was said before the terminal spoke is said for good.
        self.said = None;
        let Some(byte) = character.decode(self.convention) else { return self.refuse() };
        self.refusals = 0;
        // The terminal's character lasts as long as its guard time says.
        self.free_at = at.plus(TURN + self.guard());
        self.take(byte);
        Heard::Taken
    }

    fn refuse(&mut self) -> Heard {
        self.refusals += 1;
        if self.refusals > self.settings.repeats {
            self.state = State::Mute;
        }
        Heard::Refused
    }

    /// The card's next character; none when it waits for the terminal, or is mute.
    pub fn says(&mut self) -> Option<Said> {
        let out = self.queue.pop_front()?;
        let at = self.free_at.plus(out.delay);
        if !out.again {
            self.repeated = 0;
        }
        self.said = Some((out, at));
        self.free_at = at.plus(CHARACTER);
        Some(Said { at, character: Character::encode(out.byte, self.convention), part: out.part })
    }

    /// The terminal refused what the card said last: it is said again, until the limit is reached and the card
    /// falls mute.
    pub fn refused(&mut self) {
        let Some((out, at)) = self.said else { return };
        self.repeated += 1;
        if self.repeated > self.settings.repeats {
            self.queue.clear();
            self.state = State::Mute;
            return;
        }
        self.free_at = at.plus(REPEAT);
        self.queue.push_front(Outgoing { delay: 0, again: true, ..out });
    }

    fn push(&mut self, byte: u8, part: Part) {
        let delay = std::mem::take(&mut self.lag);
        self.queue.push_back(Outgoing { byte, part, delay, again: false });
    }

    fn fail(&mut self, error: ChannelError) {
        self.trouble = Some(error);
        self.state = State::Off;
    }

    fn take(&mut self, byte: u8) {
        let state = std::mem::replace(&mut self.state, State::Mute);
        self.state = match state {
            State::Start if byte == PPSS => State::Pps(vec![byte]),
            State::Start => State::Header(vec![byte]),
            State::Pps(mut bytes) => {
                bytes.push(byte);
                self.pps(bytes)
            }
            State::Header(mut bytes) => {
                bytes.push(byte);
                match <[u8; 5]>::try_from(bytes.as_slice()) {
                    Ok(header) => self.begin(header),
                    Err(_) => State::Header(bytes),
                }
            }
            State::Data { header, mut command, asked, singles } => {
                command.push(byte);
                self.more(header, command, asked - 1, singles)
            }
            State::Off | State::Mute => state,
        }
    }

    /// A request that makes no sense, or asks for what the card has not, is passed over: a header may follow.
    fn pps(&mut self, bytes: Vec<u8>) -> State {
        if PpsRequest::length(&bytes).is_none_or(|length| bytes.len() < length) {
            return State::Pps(bytes);
        }
        let answer = self.atr.as_ref().and_then(|atr| PpsRequest::parse(&bytes)?.answer(atr));
        let Some((answer, clock)) = answer else { return State::Start };
        answer.into_iter().for_each(|byte| self.push(byte, Part::Pps));
        self.agreed = Some(clock);
        State::Header(Vec::new())
    }

    /// A header is whole.
    fn begin(&mut self, header: [u8; 5]) -> State {
        let [cla, ins, p1, p2, p3] = header;
        // An instruction that T=0 cannot acknowledge gets its status word at once.
        let flow = if carries(ins) { self.card.flow([cla, ins, p1, p2]) } else { Flow::Neither };
        match flow {
            Flow::ToCard if p3 > 0 => {
                let singles = match self.settings.acknowledge {
                    Acknowledge::AtOnce => 0,
                    Acknowledge::Singly(n) => n,
                };
                self.more(header, header.to_vec(), 0, singles)
            }
            Flow::ToCard | Flow::Neither => self.execute(header, &header, false),
            Flow::FromCard => self.execute(header, &header, true),
        }
    }

    /// Data come in: a procedure byte when the last one is used up, the command when all are there.
    fn more(&mut self, header: [u8; 5], command: Vec<u8>, asked: usize, singles: u8) -> State {
        let missing = 5 + usize::from(header[4]) - command.len();
        if missing == 0 {
            return self.execute(header, &command, false);
        }
        if asked > 0 {
            return State::Data { header, command, asked, singles };
        }
        if singles > 0 {
            self.push(header[1] ^ 0xFF, Part::Procedure);
            return State::Data { header, command, asked: 1, singles: singles - 1 };
        }
        self.push(header[1], Part::Procedure);
        State::Data { header, command, asked: missing, singles: 0 }
    }

    /// The card does the command, and answers.
    fn execute(&mut self, header: [u8; 5], command: &[u8], gives: bool) -> State {
        let answer = match self.card.transmit(command) {
            Ok(answer) => answer,
            Err(error) => {
                self.fail(error);
                return State::Off;
            }
        };
        self.wait();
        let promised = if header[4] == 0 { 256 } else { usize::from(header[4]) };
        match answer.split_last_chunk::<2>() {
            Some(([], sw)) => self.status(*sw),
            Some((data, sw)) if gives && data.len() == promised => {
                self.data(header, data);
                self.status(*sw);
            }
            // A card that gives what the header has no room for is none of ours; it cannot be told on this line.
            _ => self.status(Sw::UNKNOWN.bytes()),
        }
        State::Header(Vec::new())
    }

    /// NULLs, and the working time in front of the answer.
    fn wait(&mut self) {
        for _ in 0..self.settings.nulls {
            self.push(NULL, Part::Procedure);
        }
        let (mut left, patience) = (self.settings.work.0, (self.work_waiting() / 2).max(2 * CHARACTER));
        while left > patience {
            self.lag = patience - CHARACTER;
            self.push(NULL, Part::Procedure);
            left -= patience;
        }
        self.lag = left;
    }

    fn data(&mut self, header: [u8; 5], data: &[u8]) {
        let singles = match self.settings.acknowledge {
            Acknowledge::AtOnce => 0,
            Acknowledge::Singly(n) => usize::from(n).min(data.len()),
        };
        let (one_by_one, at_once) = data.split_at(singles);
        for byte in one_by_one {
            self.push(header[1] ^ 0xFF, Part::Procedure);
            self.push(*byte, Part::Data(header));
        }
        if !at_once.is_empty() {
            self.push(header[1], Part::Procedure);
            at_once.iter().for_each(|byte| self.push(*byte, Part::Data(header)));
        }
    }

    fn status(&mut self, sw: [u8; 2]) {
        sw.into_iter().for_each(|byte| self.push(byte, Part::Status));
    }
}
