//! Expressions: hex digits, names, slices and functions [docs/specs/script.md 3].

use super::functions::{self, Function};
use super::messages::Fault;
use super::value::Value;
use keys::Suite;
use std::collections::{BTreeMap, BTreeSet};
use wire::typed;

/// Values by name.
pub type Names = BTreeMap<String, Value>;

/// Expressions whose bytes follow each other.
pub type Sequence = Vec<Expr>;

/// One expression.
pub enum Expr {
    /// Bytes as they stand.
    Hex(Vec<u8>),
    /// A value, or a stretch of it: first byte, and the byte after the last.
    Name { name: String, from: usize, to: Option<usize> },
    /// A function of sequences.
    Call { function: &'static Function, args: Vec<Sequence> },
}

/// The bytes of a sequence.
pub fn evaluate(sequence: &[Expr], names: &Names, suite: Suite) -> Result<Value, Fault> {
    let mut out = Value::default();
    for expr in sequence {
        out.push(&match expr {
            Expr::Hex(bytes) => Value::open(bytes),
            Expr::Name { name, from, to } => {
                let value = names.get(name).ok_or_else(|| Fault::Unknown(name.clone()))?;
                let beyond = || Fault::Beyond { name: name.clone(), len: value.len() };
                value.cut(*from..to.unwrap_or(value.len())).ok_or_else(beyond)?
            }
            Expr::Call { function, args } => {
                let args: Result<Vec<Value>, Fault> =
                    args.iter().map(|arg| evaluate(arg, names, suite)).collect();
                (function.run)(suite, &args?)?
            }
        });
    }
    Ok(out)
}

/// True for a name: letters, digits, `-` and `_`, a letter first, and not all hex digits, so that a name is never
/// mistaken for bytes.
pub fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && !word.chars().all(|c| c.is_ascii_hexdigit())
}

/// How deep functions and braces may stand in each other.
const DEPTH: usize = 16;

/// Reads a line's text; `known` are the names that have a value here.
pub struct Reader<'t> {
    text: &'t [char],
    at: usize,
    known: &'t BTreeSet<String>,
    /// Functions and braces around here.
    depth: usize,
}

impl<'t> Reader<'t> {
    /// Reads `line` from character `at` on.
    pub fn new(line: &'t [char], at: usize, known: &'t BTreeSet<String>) -> Self {
        Reader { text: line, at, known, depth: 0 }
    }

    /// The character here.
    pub fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    /// Takes the character here.
    pub fn take(&mut self) -> Option<char> {
        let found = self.peek();
        self.at += usize::from(found.is_some());
        found
    }

    /// Place of the character here, from 1.
    pub const fn place(&self) -> usize {
        self.at + 1
    }

    /// Skips blanks.
    pub fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// The hex digit here. `0x` before the first digit of a group means nothing.
    pub fn digit(&mut self) -> Result<u8, Fault> {
        let begins = self.at.checked_sub(1).and_then(|before| self.text.get(before));
        let begins = begins
            .is_none_or(|c| typed::separates(*c) || matches!(c, '>' | '<' | '=' | '!' | '?' | '|' | '}'));
        if begins && self.peek().is_some_and(|c| typed::is_prefix(c, self.text.get(self.at + 1).copied())) {
            self.at += 2;
        }
        let found = self.peek().ok_or(Fault::Odd)?;
        let digit = found.to_digit(16).ok_or(Fault::Digit { found, place: self.place() })?;
        self.at += 1;
        Ok(digit as u8)
    }

    fn expect(&mut self, wanted: char, what: &'static str) -> Result<(), Fault> {
        self.blanks();
        if self.peek() != Some(wanted) {
            return Err(Fault::Missing { what, place: self.place() });
        }
        self.at += 1;
        Ok(())
    }

    /// Hex digits and `${..}` up to the end of the line: what stands after `>`.
    pub fn line(&mut self) -> Result<Sequence, Fault> {
        let mut out = Sequence::new();
        let mut digits = Vec::new();
        while let Some(found) = self.peek() {
            match found {
                '$' => {
                    hex_run(&mut digits, &mut out)?;
                    out.extend(self.braces()?);
                }
                '[' => return Err(Fault::Hidden),
                between if typed::separates(between) => self.at += 1,
                _ => digits.push(self.digit()?),
            }
        }
        hex_run(&mut digits, &mut out)?;
        if out.is_empty() { Err(Fault::Empty) } else { Ok(out) }
    }

    /// `${ sequence }`.
    pub fn braces(&mut self) -> Result<Sequence, Fault> {
        self.expect('$', "`${`")?;
        self.expect('{', "`{` after `$`")?;
        let inside = self.deeper()?;
        self.expect('}', "`}`")?;
        Ok(inside)
    }

    /// A sequence inside of another.
    fn deeper(&mut self) -> Result<Sequence, Fault> {
        if self.depth == DEPTH {
            return Err(Fault::Missing { what: "an end of brackets in brackets", place: self.place() });
        }
        self.depth += 1;
        let inside = self.sequence()?;
        self.depth -= 1;
        Ok(inside)
    }

    /// Words and functions up to a `,`, `)` or `}`.
    fn sequence(&mut self) -> Result<Sequence, Fault> {
        let mut out = Sequence::new();
        let mut digits = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                Some('$') => {
                    hex_run(&mut digits, &mut out)?;
                    out.extend(self.braces()?);
                }
                Some(c) if c.is_ascii_alphanumeric() => {
                    let word = self.word();
                    let word = hex_word(&word).map_or(word.clone(), str::to_owned);
                    if word.chars().all(|c| c.is_ascii_hexdigit()) && self.peek() != Some('(') {
                        digits.extend(word.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8));
                        continue;
                    }
                    hex_run(&mut digits, &mut out)?;
                    out.push(self.named(word)?);
                }
                // `,` divides arguments here, so it joins no bytes.
                Some(':') => self.at += 1,
                Some(',' | ')' | '}') | None => break,
                Some(found) => return Err(Fault::Digit { found, place: self.place() }),
            }
        }
        hex_run(&mut digits, &mut out)?;
        Ok(out)
    }

    /// Letters, digits, `-` and `_` from here.
    pub fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
            word.push(c);
            self.at += 1;
        }
        word
    }

    /// What a word that is no hex begins.
    fn named(&mut self, name: String) -> Result<Expr, Fault> {
        if self.peek() == Some('(') {
            return self.call(&name);
        }
        if !is_name(&name) {
            return Err(Fault::Name(name));
        }
        if !self.known.contains(&name) {
            return Err(Fault::Unknown(name));
        }
        if self.peek() != Some('[') {
            return Ok(Expr::Name { name, from: 0, to: None });
        }
        self.at += 1;
        let from = self.number()?.unwrap_or(0);
        if (self.take(), self.take()) != (Some('.'), Some('.')) {
            return Err(Fault::Slice);
        }
        let to = self.number()?;
        if self.take() != Some(']') || to.is_some_and(|to| to < from) {
            return Err(Fault::Slice);
        }
        Ok(Expr::Name { name, from, to })
    }

    fn number(&mut self) -> Result<Option<usize>, Fault> {
        let mut digits = String::new();
        while let Some(digit) = self.peek().filter(char::is_ascii_digit) {
            digits.push(digit);
            self.at += 1;
        }
        if digits.is_empty() { Ok(None) } else { digits.parse().map(Some).map_err(|_| Fault::Slice) }
    }

    fn call(&mut self, name: &str) -> Result<Expr, Fault> {
        let function = functions::find(name)?;
        self.expect('(', "`(`")?;
        let mut args = vec![self.deeper()?];
        while self.peek() == Some(',') {
            self.at += 1;
            args.push(self.deeper()?);
        }
        self.expect(')', "`)`")?;
        if !(function.least..=function.most).contains(&args.len()) {
            return Err(Fault::Arguments { usage: function.usage, found: args.len() });
        }
        Ok(Expr::Call { function, args })
    }
}

/// The digits of `0x..`.
fn hex_word(word: &str) -> Option<&str> {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))?;
    (!digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit())).then_some(digits)
}

/// Digits so far become bytes.
fn hex_run(digits: &mut Vec<u8>, out: &mut Sequence) -> Result<(), Fault> {
    if !digits.len().is_multiple_of(2) {
        return Err(Fault::Odd);
    }
    if !digits.is_empty() {
        out.push(Expr::Hex(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()));
        digits.clear();
    }
    Ok(())
}
