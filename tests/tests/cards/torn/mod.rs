//! The image file is the EEPROM: whatever of its writes a machine that stops loses, tears or takes in another order, the card is
//! as before the command or as after it, and as after it once the status word left [docs/specs/image.md].
//!
//! `GRIDCARD_TORN_SEED` draws other samples.

mod medium;
mod script;

use crate::world::chance;
use cos::RamNvm;
use cos::files::Node;
use cos::journal::{Journal, Memory};
use keys::Suite;
use medium::{Dice, Event, Flaw, Log, Model, Remains};
use script::{Script, Step};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use vcard::{Image, Slot};
use wire::Channel;

/// What was found.
#[derive(Default)]
struct Report {
    cuts: usize,
    contents: usize,
    violations: Vec<String>,
}

/// States of a card, numbered as they appear. The number stands for everything that files own.
#[derive(Default)]
struct States {
    numbers: HashMap<Vec<u8>, usize>,
    states: Vec<Vec<u8>>,
    /// Contents that were looked at, by their checksums: most come again.
    seen: HashMap<u64, Option<usize>>,
}

impl States {
    /// The state of the card in a file, as it is when the card gets power; `None` when there is none.
    fn of(&mut self, content: &[u8]) -> Option<usize> {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let key = hasher.finish();
        if let Some(state) = self.seen.get(&key) {
            return *state;
        }
        let state = Image::from_bytes(content, Path::new("torn.card")).ok().map(|image| {
            let live = live(image.eeprom);
            let states = &mut self.states;
            *self.numbers.entry(live).or_insert_with_key(|live| {
                states.push(live.clone());
                states.len() - 1
            })
        });
        self.seen.insert(key, state);
        state
    }

    /// Bytes in which two states differ.
    fn differ(&self, a: usize, b: usize) -> usize {
        self.states[a].iter().zip(&self.states[b]).filter(|(a, b)| a != b).count()
    }
}

/// The user area, and 0 where nobody owns anything.
fn live(eeprom: Vec<u8>) -> Vec<u8> {
    fn show(memory: &Memory<'_>, node: &Node, out: &mut [u8]) {
        let end = if node.is_dir() { node.body() } else { node.end() };
        let end = end.min(out.len());
        memory.read(node.at, &mut out[node.at..end]);
        if node.is_dir() {
            node.children(memory).for_each(|child| show(memory, &child, out));
        }
    }
    let mut nvm = RamNvm::from_bytes(eeprom);
    let mut journal = Journal::default();
    journal.recover(&mut nvm).unwrap();
    let memory = Memory::new(&mut nvm, &mut journal);
    let mut out = vec![0; memory.size()];
    if let Some(mf) = Node::mf(&memory) {
        show(&memory, &mf, &mut out);
    }
    out
}

/// One card under test.
struct Proof<'a> {
    script: &'a Script,
    flaw: Flaw,
    states: States,
    dice: Dice,
    report: Report,
}

impl<'a> Proof<'a> {
    fn new(script: &'a Script, flaw: Flaw) -> Self {
        let seed = std::env::var("GRIDCARD_TORN_SEED").map_or(1, |seed| seed.parse().expect("a number"));
        let dice = Dice::new(seed, &script.name);
        Proof { script, flaw, states: States::default(), dice, report: Report::default() }
    }

    /// Says these steps to the card on a medium. Only with `whole` it must answer as it did.
    fn play(&self, log: Log, steps: &[Step], whole: bool) -> Log {
        let model = Model::new(log, self.flaw);
        let path = Path::new(&self.script.name);
        let image = Image::from_bytes(&model.content(), path).unwrap();
        let random = Box::new(chance(&self.script.name));
        let mut slot = Slot::on_medium(image, path, random, Box::new(model.clone())).unwrap();
        for step in steps {
            match step {
                Step::Reset => drop(slot.reset().unwrap()),
                Step::Command { bytes, answer } => {
                    let found = slot.transmit(bytes).unwrap();
                    assert!(!whole || found == *answer, "{}: {bytes:02X?}: {found:02X?}", self.script.name);
                }
            }
            model.told();
        }
        model.into_log()
    }

    /// The machine stops after any event from `first` on.
    fn check(&mut self, log: &Log, first: usize, sample: usize, what: &str) {
        let mut remains = Remains::new(log.start.clone());
        let mut allowed: Vec<_> = self.states.of(&log.start).into_iter().collect();
        let mut commands = 0;
        for (n, event) in log.events.iter().enumerate() {
            remains.take(event);
            let Some(now) = self.states.of(&remains.cache) else {
                self.report.violations.push(format!("{what}: event {n}: no card"));
                return;
            };
            if let Event::Told = event {
                self.between(&allowed, now, &format!("{what}: command {commands}"));
                allowed.clear();
                commands += 1;
            }
            if !allowed.contains(&now) {
                allowed.push(now);
            }
            if n < first {
                continue;
            }
            self.report.cuts += 1;
            for content in remains.contents(&mut self.dice, sample) {
                self.report.contents += 1;
                let fault = match self.states.of(&content) {
                    None => "no card",
                    Some(state) if allowed.contains(&state) => continue,
                    Some(_) => "neither before nor after",
                };
                self.report.violations.push(format!("{what}: command {commands}, event {n}: {fault}"));
            }
        }
    }

    /// A command has one state before it and one after it; but for a try that is counted first, nothing is between.
    fn between(&mut self, allowed: &[usize], after: usize, what: &str) {
        let Some(before) = allowed.first() else { return };
        for state in allowed {
            if *state != after && self.states.differ(*before, *state) > 1 {
                self.report.violations.push(format!("{what}: a state between before and after"));
            }
        }
    }

    /// The whole proof: every cut of all that was said; cuts while a card that was cut before works again; and cuts after a program
    /// was killed and another went on.
    fn run(mut self, second: usize) -> Report {
        let (script, name) = (self.script, self.script.name.clone());
        let log = self.play(Log::begin(script.image.to_bytes()), &script.steps, true);
        self.check(&log, 0, 4, &name);
        let writes: Vec<_> = (0..log.events.len())
            .filter(|n| matches!(log.events[*n], Event::Write { .. } | Event::Replace(_)))
            .collect();
        assert!(!writes.is_empty(), "{name} writes nothing");
        let step = (writes.len() / second).max(1);
        for at in writes.iter().skip(self.dice.below(step)).step_by(step) {
            if self.flaw != Flaw::None && !self.report.violations.is_empty() {
                break; // one is enough
            }
            let done = log.upto(at + 1);
            let told = done.events.iter().filter(|event| matches!(event, Event::Told)).count();
            // From the reset before, some commands beyond the one that was cut.
            let from = script.steps[..told].iter().rposition(|step| matches!(step, Step::Reset)).unwrap_or(0);
            let again = &script.steps[from..(told + 3).min(script.steps.len())];
            let mut remains = Remains::new(done.start.clone());
            done.events.iter().for_each(|event| remains.take(event));
            let contents = remains.contents(&mut self.dice, 1);
            let content = contents[self.dice.below(contents.len())].clone();
            if Image::from_bytes(&content, Path::new(&name)).is_ok() {
                let more = self.play(Log::begin(content), again, false);
                self.check(&more, 0, 2, &format!("{name}, after a cut at event {at}"));
            }
            let more = self.play(done, again, false);
            self.check(&more, at + 1, 2, &format!("{name}, killed at event {at}"));
        }
        self.report
    }
}

/// No violation in any of these.
#[allow(clippy::print_stdout, reason = "the figures are wanted")]
fn holds(scripts: &[Script], second: usize) {
    for script in scripts {
        let report = Proof::new(script, Flaw::None).run(second);
        println!("{}: {} contents of {} cuts", script.name, report.contents, report.cuts);
        let few: Vec<_> = report.violations.iter().take(10).collect();
        assert!(few.is_empty(), "{} violations: {few:#?}", report.violations.len());
    }
}

#[test]
fn a_card_that_is_made_is_before_or_after() {
    holds(&script::issuing(Suite::Sm4), 48);
}

#[test]
fn cards_of_a_purchase_are_before_or_after() {
    holds(&script::purchases(Suite::Aes128), 48);
}

#[test]
fn a_plain_card_is_before_or_after_at_every_second_cut() {
    holds(&[script::plain()], usize::MAX);
}

/// The same proof of a card that waits once too seldom.
#[test]
fn a_wait_that_is_left_out_is_found() {
    let script = script::plain();
    for flaw in [Flaw::NoWaitForJournal, Flaw::NoWaitForContent, Flaw::NoWaitAtOpening, Flaw::OneArea] {
        let report = Proof::new(&script, flaw).run(usize::MAX);
        println!(
            "{flaw:?}: {} violations in {} contents: {:?}",
            report.violations.len(),
            report.contents,
            report.violations.first()
        );
        assert!(!report.violations.is_empty(), "{flaw:?} passes");
    }
}
