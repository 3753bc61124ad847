//! Scripts at work: steps go to the card one after another.

use super::expr::{Names, evaluate};
use super::messages::{Fault, PlayError, ScriptError};
use super::parse::{Answer, Script, Secret, Source, Step, secret_bytes};
use super::pattern::Pattern;
use super::value::Value;
use crate::exchange::exchange_bytes;
use crate::trace::TraceChannel;
use keys::{Key, Suite, Zeroizing};
use scheme::Chance;
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use wire::status::Dialect;
use wire::{Channel, ChannelError, Sw};

/// Random numbers of a virtual card that a script can set, for sessions whose numbers are known beforehand.
#[derive(Clone, Default)]
pub struct Dice(Arc<Mutex<Option<Vec<u8>>>>);

impl Dice {
    /// The card's source: what the script set, else `real`.
    pub fn entropy(&self, mut real: Box<dyn Chance + Send>) -> Box<dyn Chance + Send> {
        let set = self.0.clone();
        Box::new(move |out: &mut [u8]| match set.lock().as_deref() {
            Ok(Some(bytes)) => {
                out.fill(0);
                let n = out.len().min(bytes.len());
                out[..n].copy_from_slice(&bytes[..n]);
            }
            _ => real.fill(out),
        })
    }

    /// Each request gets these bytes from now on, zeros behind them.
    fn set(&self, bytes: &[u8]) {
        if let Ok(mut set) = self.0.lock() {
            *set = Some(bytes.to_vec());
        }
    }
}

type Sink = Box<dyn FnMut(&str)>;

/// Names a command from its bytes, and says in which dialect its answer is read.
pub type Namer = fn(&[u8]) -> (&'static str, Dialect);

/// Plays a script on a card and keeps what happened as lines, secrets hidden.
pub struct Player<'c> {
    card: TraceChannel<&'c mut dyn Channel, Sink>,
    /// What the channel passed since it was last asked.
    passed: Rc<RefCell<Vec<String>>>,
    suite: Suite,
    folder: &'c Path,
    dice: Option<Dice>,
    namer: Namer,
    names: Names,
    lines: Vec<String>,
}

impl<'c> Player<'c> {
    /// A player for a card of a suite. `folder` is where files of keys are looked for; `dice` takes the random
    /// numbers a script sets, without them it may set none; `namer` names commands in what is kept.
    pub fn new(
        card: &'c mut dyn Channel,
        suite: Suite,
        folder: &'c Path,
        dice: Option<Dice>,
        namer: Namer,
    ) -> Self {
        let passed = Rc::new(RefCell::new(Vec::new()));
        let into = passed.clone();
        let sink: Sink = Box::new(move |line: &str| into.borrow_mut().push(line.to_owned()));
        let card = TraceChannel::new(card, sink);
        Player { card, passed, suite, folder, dice, namer, names: Names::new(), lines: Vec::new() }
    }

    /// What happened so far: the trace with the names of commands and the meaning of status words.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Plays all steps, up to the first surprise.
    ///
    /// # Errors
    /// A [`ScriptError`] where the card answered otherwise than expected or a value cannot be computed; a
    /// [`ChannelError`] where it answered nothing.
    pub fn play(&mut self, script: &Script) -> Result<(), PlayError> {
        for (line, step) in &script.steps {
            let done = self.step(*line, step);
            self.drain("");
            done?;
        }
        Ok(())
    }

    fn step(&mut self, line: usize, step: &Step) -> Result<(), PlayError> {
        let at = |fault: Fault| ScriptError { line, fault };
        match step {
            Step::Comment(text) => self.lines.push(format!("# {text}").trim_end().to_owned()),
            Step::Reset(wanted) => {
                let atr = self.card.reset()?;
                self.drain("reset");
                if let Some(wanted) = wanted {
                    let expected = wanted.expand(&self.names, self.suite).map_err(at)?;
                    if !expected.fits(&atr) {
                        let fault = Fault::Atr { expected: expected.text(), got: hex::encode_upper(&atr) };
                        return Err(at(fault).into());
                    }
                }
            }
            Step::Random(bytes) => {
                let bytes = evaluate(bytes, &self.names, self.suite).map_err(at)?;
                self.dice.as_ref().ok_or_else(|| at(Fault::Random))?.set(bytes.bytes());
                self.keep(&format!("! {bytes}"), "the card's random numbers from here on");
            }
            Step::Define { name, value } => {
                let value = evaluate(value, &self.names, self.suite).map_err(at)?;
                self.lines.push(format!("@ {name} = {value}"));
                self.names.insert(name.clone(), value);
            }
            Step::Secret { name, what, source } => self.secret(name, *what, source).map_err(at)?,
            Step::Compare { left, right } => {
                let left = evaluate(left, &self.names, self.suite).map_err(at)?;
                let right = evaluate(right, &self.names, self.suite).map_err(at)?;
                if !keys::equal(left.bytes(), right.bytes()) {
                    let fault = Fault::Differs { left: left.to_string(), right: right.to_string() };
                    return Err(at(fault).into());
                }
                self.keep(&format!("? {left}"), "as it should be");
            }
            Step::Command { bytes, expected } => {
                let bytes = evaluate(bytes, &self.names, self.suite).map_err(at)?;
                self.command(line, &bytes, expected.as_ref())?;
            }
        }
        Ok(())
    }

    fn secret(&mut self, name: &str, what: Secret, source: &Source) -> Result<(), Fault> {
        let (bytes, from) = match source {
            Source::Test(bytes) => (bytes.clone(), "TEST"),
            Source::File(path) => (self.read(path, what)?, "from a file"),
        };
        let value = Value::secret(&bytes);
        let mut words = format!("@ {} {name}: {from}", what.word());
        if what == Secret::Key {
            let key = Key::new(self.suite, &bytes).map_err(Fault::Key)?;
            words.push_str(&format!(", check value {}", hex::encode_upper(key.kcv())));
        }
        self.lines.push(words);
        self.names.insert(name.to_owned(), value);
        Ok(())
    }

    fn read(&self, path: &str, what: Secret) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let full = self.folder.join(path);
        let failed = |why: String| Fault::File { path: full.display().to_string(), why };
        let text = std::fs::read_to_string(&full).map(Zeroizing::new);
        let text = text.map_err(|error| failed(error.to_string()))?;
        let bytes = secret_bytes(&text)
            .ok_or_else(|| failed(format!("it does not hold a {} as hex digits", what.word())))?;
        what.check(bytes.len())?;
        Ok(bytes)
    }

    fn command(&mut self, line: usize, bytes: &Value, wanted: Option<&Answer>) -> Result<(), PlayError> {
        let line = wanted.map_or(line, |answer| answer.line);
        let at = |fault: Fault| ScriptError { line, fault };
        let done = Pattern::done();
        let pattern = wanted.map_or(&done, |answer| &answer.pattern);
        let expected = pattern.expand(&self.names, self.suite).map_err(at)?;
        let (name, dialect) = (self.namer)(bytes.bytes());
        let ins = bytes.bytes().get(1).copied().unwrap_or_default();
        let answer = exchange_bytes(&mut self.card, bytes.bytes(), expected.names_transport());
        let hidden = self.shown(bytes, name, dialect, ins);
        let answer = answer?;
        let (data, word) = answer.split_last_chunk::<2>().ok_or(ChannelError::Short(answer.len()))?;
        let data = if hidden { Value::secret(data) } else { Value::open(data) };
        if !expected.fits(&answer) {
            let sw = Sw(u16::from_be_bytes(*word));
            let blank = if data.len() > 0 { " " } else { "" };
            let got = format!("{data}{blank}{sw} ({})", sw.explain_after(dialect, ins));
            let fault = Fault::Answer { command: name, expected: expected.words(dialect), got };
            return Err(at(fault).into());
        }
        if let Some(name) = wanted.and_then(|answer| answer.name.as_ref()) {
            self.names.insert(name.clone(), data);
        }
        Ok(())
    }

    /// Keeps what passed, with words; a command's secret bytes are hidden even where no rule of traces hides them.
    /// True when the rules hid an answer.
    fn shown(&mut self, bytes: &Value, name: &str, dialect: Dialect, ins: u8) -> bool {
        let (mut first, mut hidden) = (true, false);
        for line in self.passed.take() {
            let redacted = line.contains("hidden]");
            let words = match line.strip_prefix("< ") {
                Some(answer) => {
                    hidden |= redacted;
                    status(answer).map_or("", |sw| sw.explain_after(dialect, ins))
                }
                None if first => name,
                None => "(the answer is fetched, or asked for with its right length)",
            };
            let line = if first && bytes.has_secret() && !redacted { format!("> {bytes}") } else { line };
            first = false;
            self.keep(&line, words);
        }
        hidden
    }

    fn drain(&mut self, words: &str) {
        for line in self.passed.take() {
            self.keep(&line, words);
        }
    }

    /// One line, with words behind it.
    fn keep(&mut self, line: &str, words: &str) {
        self.lines.push(format!("{line:44}  {words}").trim_end().to_owned());
    }
}

/// The status word at the end of an answer's line.
fn status(line: &str) -> Option<Sw> {
    let word = line.get(line.len().checked_sub(4)?..)?;
    u16::from_str_radix(word, 16).ok().map(Sw)
}
