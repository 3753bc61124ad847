//! A medium that writes down what is done to it, and tells what may be left of that when the machine stops: of the writes since
//! the last wait any may be lost, torn or overtaken by others.

use scheme::Chance;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};
use vcard::SeededChance;
use vcard::medium::Medium;

/// Bytes of an image file before its EEPROM, of a page and of a sector of a medium.
const HEADER: usize = 64;
const PAGE: usize = 64;
const SECTOR: usize = 512;
/// Pages of a journal area, and the pages of the headers of both [docs/specs/image.md].
const AREA: usize = 15;
const HEADERS: [usize; 2] = [1, 1 + AREA];

/// What was done.
#[derive(Clone)]
pub enum Event {
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    Sync,
    Replace(Vec<u8>),
    /// A status word left.
    Told,
}

/// All that was done to a medium, and what it held before that, for good.
#[derive(Clone)]
pub struct Log {
    pub start: Vec<u8>,
    pub events: Vec<Event>,
}

/// What is taken away from what makes a torn image curable: were the proof to hold then, it would prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    /// Nobody waits for the journal before the status word leaves.
    NoWaitForJournal,
    /// Nobody waits for the content of new files before the journal names their owner.
    NoWaitForContent,
    /// Nobody waits for what a killed program wrote.
    NoWaitAtOpening,
    /// The journal has one area, and still waits once a command.
    OneArea,
}

/// The medium.
#[derive(Clone)]
pub struct Model(Arc<Mutex<State>>);

struct State {
    content: Vec<u8>,
    log: Log,
    flaw: Flaw,
    /// Page of the last write of this program.
    page: Option<usize>,
}

impl Model {
    /// A medium on which all that is in the log has been done, as a program finds it when another was killed.
    pub fn new(log: Log, flaw: Flaw) -> Self {
        let content = log.content();
        Model(Arc::new(Mutex::new(State { content, log, flaw, page: None })))
    }

    /// What a program reads from it now.
    pub fn content(&self) -> Vec<u8> {
        self.0.lock().unwrap().content.clone()
    }

    /// A status word left.
    pub fn told(&self) {
        self.0.lock().unwrap().log.events.push(Event::Told);
    }

    pub fn into_log(self) -> Log {
        self.0.lock().unwrap().log.clone()
    }
}

impl Medium for Model {
    fn content(&mut self) -> io::Result<Vec<u8>> {
        Ok(Model::content(self))
    }

    fn replace(&mut self, content: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.content = content.to_vec();
        state.log.events.push(Event::Replace(content.to_vec()));
        Ok(())
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        let mut at = usize::try_from(at).unwrap();
        let page = (at - HEADER) / PAGE;
        if state.flaw == Flaw::OneArea && (HEADERS[1]..HEADERS[1] + AREA).contains(&page) {
            at -= AREA * PAGE;
        }
        state.page = Some(page);
        state.content[at..at + bytes.len()].copy_from_slice(bytes);
        state.log.events.push(Event::Write { at, bytes: bytes.to_vec() });
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        let wait = match state.page {
            None => Flaw::NoWaitAtOpening,
            Some(page) if HEADERS.contains(&page) => Flaw::NoWaitForJournal,
            Some(_) => Flaw::NoWaitForContent,
        };
        if wait != state.flaw {
            state.log.events.push(Event::Sync);
        }
        Ok(())
    }
}

impl Log {
    /// Nothing was done to a medium that holds this for good.
    pub const fn begin(start: Vec<u8>) -> Self {
        Log { start, events: Vec::new() }
    }

    /// The first so many events.
    pub fn upto(&self, events: usize) -> Self {
        Log { start: self.start.clone(), events: self.events[..events].to_vec() }
    }

    /// What a program reads after all that.
    pub fn content(&self) -> Vec<u8> {
        let mut remains = Remains::new(self.start.clone());
        self.events.iter().for_each(|event| remains.take(event));
        remains.cache
    }
}

/// What a machine that stops now may leave.
pub struct Remains {
    /// What stays whatever happens.
    durable: Vec<u8>,
    /// What a program reads.
    pub cache: Vec<u8>,
    /// Writes since the last wait.
    pending: Vec<(usize, Vec<u8>)>,
}

impl Remains {
    pub fn new(start: Vec<u8>) -> Self {
        Remains { durable: start.clone(), cache: start, pending: Vec::new() }
    }

    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Write { at, bytes } => {
                put(&mut self.cache, *at, bytes);
                self.pending.push((*at, bytes.clone()));
            }
            Event::Sync => {
                self.durable.clone_from(&self.cache);
                self.pending.clear();
            }
            Event::Replace(content) => *self = Remains::new(content.clone()),
            Event::Told => {}
        }
    }

    /// Contents that a machine that stops now may leave: all, when few writes are under way; of more a sample, which `dice` draws.
    pub fn contents(&self, dice: &mut Dice, sample: usize) -> Vec<Vec<u8>> {
        let count = self.pending.len();
        if count == 0 {
            return vec![self.durable.clone()];
        }
        let mut contents = Vec::new();
        // Lost and overtaken: any of them, in any order.
        if count <= 4 {
            for set in 0..1_u32 << count {
                contents.push(self.kept(&mut (0..count).filter(|n| set >> n & 1 == 1)));
            }
        } else {
            for lost in count.saturating_sub(16)..count {
                contents.push(self.kept(&mut (0..count).filter(|n| *n != lost)));
                contents.push(self.kept(&mut [lost].into_iter()));
            }
        }
        for _ in 0..sample {
            let mut order = dice.some(count);
            contents.push(self.kept(&mut order.iter().copied()));
            // One of them torn.
            let (at, bytes) = &self.pending[dice.below(count)];
            let mut torn = self.kept(&mut order.drain(..));
            let page = &mut torn[*at..at + bytes.len()];
            let cut = dice.below(bytes.len() + 1);
            match dice.below(5) {
                0 => page[..cut].copy_from_slice(&bytes[..cut]),
                1 => page[cut..].copy_from_slice(&bytes[cut..]),
                2 => page.fill(0xFF),
                3 => page.iter_mut().for_each(|byte| *byte = dice.below(256) as u8),
                _ => page
                    .iter_mut()
                    .zip(bytes)
                    .filter(|_| dice.below(2) == 0)
                    .for_each(|(old, new)| *old = *new),
            }
            contents.push(torn);
            contents.push(self.by_sector(dice));
            contents.push(self.by_byte(dice));
        }
        contents
    }

    fn kept(&self, order: &mut dyn Iterator<Item = usize>) -> Vec<u8> {
        let mut content = self.durable.clone();
        order.for_each(|n| put(&mut content, self.pending[n].0, &self.pending[n].1));
        content
    }

    /// Every sector is as it was at a moment of its own.
    fn by_sector(&self, dice: &mut Dice) -> Vec<u8> {
        let mut content = self.durable.clone();
        let touched: BTreeSet<_> = self.pending.iter().map(|(at, _)| at / SECTOR).collect();
        for sector in touched {
            let moment = dice.below(self.pending.len() + 1);
            for (at, bytes) in self.pending[..moment].iter().filter(|(at, _)| at / SECTOR == sector) {
                put(&mut content, *at, bytes);
            }
        }
        content
    }

    /// Every byte is old or new.
    fn by_byte(&self, dice: &mut Dice) -> Vec<u8> {
        let mut content = self.durable.clone();
        for (at, bytes) in &self.pending {
            for (n, byte) in bytes.iter().enumerate().filter(|_| dice.below(2) == 0) {
                content[at + n] = *byte;
            }
        }
        content
    }
}

/// Pages and sectors have one beginning, so a page is in one sector.
fn put(content: &mut [u8], at: usize, bytes: &[u8]) {
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Random choices that repeat.
pub struct Dice(SeededChance);

impl Dice {
    pub fn new(seed: u64, label: &str) -> Self {
        Dice(SeededChance::new(seed, label))
    }

    pub fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_be_bytes(bytes) as usize % limit
    }

    /// Some of `count` things, in some order.
    fn some(&mut self, count: usize) -> Vec<usize> {
        let mut things: Vec<_> = (0..count).filter(|_| self.below(2) == 0).collect();
        for n in (1..things.len()).rev() {
            things.swap(n, self.below(n + 1));
        }
        things
    }
}
