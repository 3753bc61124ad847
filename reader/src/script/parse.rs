//! Scripts as text: lines become steps.

use super::expr::{Reader, Sequence, is_name};
use super::messages::{Fault, ScriptError};
use super::pattern::Pattern;
use keys::Zeroizing;
use std::collections::BTreeSet;
use wire::typed::{self, TypedError};

/// A script, ready to be played.
pub struct Script {
    /// Its steps with their lines.
    pub(super) steps: Vec<(usize, Step)>,
}

/// What a line asks for.
pub(super) enum Step {
    /// `# words`.
    Comment(String),
    /// `reset` or `= ATR`.
    Reset(Option<Pattern>),
    /// `! bytes`: the card's random numbers from here on.
    Random(Sequence),
    /// `@name = bytes`.
    Define { name: String, value: Sequence },
    /// `@key name = ..`, `@pin name = ..`.
    Secret { name: String, what: Secret, source: Source },
    /// `? bytes = bytes`.
    Compare { left: Sequence, right: Sequence },
    /// `> bytes`, and `< ..` after it.
    Command { bytes: Sequence, expected: Option<Answer> },
}

/// What a card may answer, and the name its data gets.
pub(super) struct Answer {
    pub line: usize,
    pub pattern: Pattern,
    pub name: Option<String>,
}

/// What a secret is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Secret {
    Key,
    Pin,
}

impl Secret {
    /// The word after `@`.
    pub const fn word(self) -> &'static str {
        match self {
            Secret::Key => "key",
            Secret::Pin => "pin",
        }
    }

    /// Refuses bytes that are too few or too many.
    pub const fn check(self, len: usize) -> Result<(), Fault> {
        match (self, len) {
            (Secret::Key, 8 | 16) | (Secret::Pin, 2..=8) => Ok(()),
            (Secret::Key, found) => Err(Fault::Length { what: "a key", wanted: "8 or 16", found }),
            (Secret::Pin, found) => Err(Fault::Length { what: "a PIN", wanted: "2 to 8", found }),
        }
    }
}

/// Where a secret comes from.
pub(super) enum Source {
    /// In the script itself, for tests.
    Test(Zeroizing<Vec<u8>>),
    /// A file of hex digits.
    File(String),
}

/// What the lines so far said.
#[derive(Default)]
struct Parser {
    steps: Vec<(usize, Step)>,
    known: BTreeSet<String>,
    secrets: BTreeSet<String>,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The first line that is not of the language or uses a name before it has a value.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut parser = Parser::default();
        for (n, line) in typed::unmarked(text).lines().enumerate() {
            parser.line(n + 1, line.trim()).map_err(|fault| ScriptError { line: n + 1, fault })?;
        }
        Ok(Script { steps: parser.steps })
    }

    /// Whether it resets the card before its first command.
    pub fn begins_with_reset(&self) -> bool {
        let mut steps = self.steps.iter().map(|(_, step)| step);
        steps.find_map(|step| match step {
            Step::Reset(_) => Some(true),
            Step::Command { .. } => Some(false),
            _ => None,
        }) == Some(true)
    }

    /// How many commands it sends.
    pub fn commands(&self) -> usize {
        self.steps.iter().filter(|(_, step)| matches!(step, Step::Command { .. })).count()
    }

    /// The names of keys and PINs that stand in the script itself.
    pub fn test_secrets(&self) -> Vec<&str> {
        self.secrets(|source| matches!(source, Source::Test(_)))
    }

    /// The names of keys and PINs that come from files.
    pub fn file_secrets(&self) -> Vec<&str> {
        self.secrets(|source| matches!(source, Source::File(_)))
    }

    fn secrets(&self, wanted: fn(&Source) -> bool) -> Vec<&str> {
        let name =
            |(_, step): &'_ (usize, Step)| matches!(step, Step::Secret { source, .. } if wanted(source));
        let steps = self.steps.iter().filter(|step| name(step));
        let names = steps.filter_map(|(_, step)| match step {
            Step::Secret { name, .. } => Some(name.as_str()),
            _ => None,
        });
        names.collect()
    }
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) -> Result<(), Fault> {
        let Some(mark) = line.chars().next() else { return Ok(()) };
        let rest = &line[mark.len_utf8()..];
        let chars: Vec<char> = line.chars().collect();
        let step = match mark {
            '#' => Step::Comment(rest.strip_prefix(' ').unwrap_or(rest).to_owned()),
            _ if line == "reset" => Step::Reset(None),
            '=' if matches!(rest.trim(), "" | "reset") => Step::Reset(None),
            '=' => Step::Reset(Some(Pattern::parse(&mut self.reader(&chars, 1))?)),
            '!' if is_words(rest) => return Err(Fault::Failure),
            '!' => Step::Random(self.reader(&chars, 1).line()?),
            '@' => self.definition(&chars, rest)?,
            '?' => self.comparison(&chars)?,
            '>' => Step::Command { bytes: self.reader(&chars, 1).line()?, expected: None },
            '<' => return self.answer(number, &chars),
            other => return Err(Fault::Mark(other)),
        };
        self.steps.push((number, step));
        Ok(())
    }

    fn reader<'t>(&'t self, chars: &'t [char], at: usize) -> Reader<'t> {
        Reader::new(chars, at, &self.known)
    }

    /// `< pattern | pattern => name`.
    fn answer(&mut self, line: usize, chars: &[char]) -> Result<(), Fault> {
        let mut reader = self.reader(chars, 1);
        let pattern = Pattern::parse(&mut reader)?;
        pattern.check_status_words()?;
        let name = match reader.take() {
            None => None,
            Some(_) if reader.take() == Some('>') => {
                reader.blanks();
                let name = reader.word();
                reader.blanks();
                if reader.peek().is_some() {
                    return Err(Fault::Missing { what: "the end of the line", place: reader.place() });
                }
                Some(name)
            }
            Some(_) => return Err(Fault::Missing { what: "`>` of `=>`", place: reader.place() }),
        };
        if let Some(name) = &name {
            self.name(name)?;
        }
        // A definition or comment between a command and its answer does no harm.
        let commands = self.steps.iter_mut().rev().map(|(_, step)| step);
        let mut commands = commands.filter(|step| !matches!(step, Step::Comment(_)));
        match commands.next() {
            Some(Step::Command { expected: expected @ None, .. }) => {
                *expected = Some(Answer { line, pattern, name });
                Ok(())
            }
            Some(Step::Command { .. }) => Err(Fault::SecondAnswer),
            _ => Err(Fault::NoCommand),
        }
    }

    /// A name gets a value.
    fn name(&mut self, name: &str) -> Result<(), Fault> {
        if !is_name(name) {
            return Err(Fault::Name(name.to_owned()));
        }
        if self.secrets.contains(name) {
            return Err(Fault::Taken(name.to_owned()));
        }
        self.known.insert(name.to_owned());
        Ok(())
    }

    fn definition(&mut self, chars: &[char], rest: &str) -> Result<Step, Fault> {
        let (left, right) = rest.split_once('=').ok_or(Fault::Definition)?;
        let words: Vec<&str> = left.split_whitespace().collect();
        match words[..] {
            [name] => {
                let value = self.reader(chars, 2 + left.chars().count()).line()?;
                self.name(name)?;
                Ok(Step::Define { name: name.to_owned(), value })
            }
            [what @ ("key" | "pin"), name] => {
                self.name(name)?;
                self.secrets.insert(name.to_owned());
                let what = if what == "key" { Secret::Key } else { Secret::Pin };
                Ok(Step::Secret { name: name.to_owned(), what, source: source(what, right.trim())? })
            }
            _ => Err(Fault::Definition),
        }
    }

    fn comparison(&self, chars: &[char]) -> Result<Step, Fault> {
        let middle = chars.iter().position(|c| *c == '=').ok_or(Fault::Comparison)?;
        let left = Reader::new(&chars[..middle], 1, &self.known).line()?;
        let right = self.reader(chars, middle + 1).line()?;
        Ok(Step::Compare { left, right })
    }
}

/// What a trace says when the channel failed is words, not hex.
fn is_words(text: &str) -> bool {
    matches!(typed::bytes(text), Err(TypedError::Digit { .. })) && !text.contains("${")
}

fn source(what: Secret, text: &str) -> Result<Source, Fault> {
    match text.split_once(':') {
        Some(("file", path)) if !path.trim().is_empty() => Ok(Source::File(path.trim().to_owned())),
        Some(("test", digits)) => {
            // A wrong digit is named by none of its neighbours: they are a secret.
            let bytes = secret_bytes(digits).ok_or(Fault::Source)?;
            what.check(bytes.len())?;
            Ok(Source::Test(bytes))
        }
        _ => Err(Fault::Source),
    }
}

/// Bytes as they are typed; `None` when the text is none. What is wrong with a secret is not said by its digits.
pub(super) fn secret_bytes(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    typed::bytes(text).ok().map(Zeroizing::new)
}
