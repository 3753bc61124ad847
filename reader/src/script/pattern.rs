//! Expectations: what a card may answer [docs/specs/script.md 2].

use super::expr::{Names, Reader, Sequence, evaluate};
use super::messages::Fault;
use keys::Suite;
use wire::Sw;
use wire::status::Dialect;
use wire::typed;

/// An expectation: several forms of an answer, any of which will do.
pub struct Pattern(Vec<Vec<Part>>);

/// A part of one form.
enum Part {
    /// Hex digits, `None` where a dot stands for any digit; an even number of them.
    Digits(Vec<Option<u8>>),
    /// `..` by itself: any number of bytes.
    Stretch,
    /// Computed bytes.
    Bytes(Sequence),
}

/// A form with all its bytes known.
struct Form {
    before: Vec<Byte>,
    /// What follows a stretch, if there is one.
    after: Option<Vec<Byte>>,
}

/// A byte that is expected: its value where the mask has bits.
#[derive(Clone, Copy)]
struct Byte {
    value: u8,
    mask: u8,
    hidden: bool,
}

impl Pattern {
    /// Reads the forms from the reader's place to the end of the line or to `=>`.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let mut forms = vec![Vec::new()];
        let mut digits = Vec::new();
        loop {
            let form = forms.last_mut().ok_or(Fault::Empty)?;
            reader.blanks();
            match reader.peek() {
                None | Some('=') => break,
                Some('[') => return Err(Fault::Hidden),
                Some('$') => {
                    digits_end(&mut digits, form)?;
                    form.push(Part::Bytes(reader.braces()?));
                }
                Some('|') => {
                    reader.take();
                    digits_end(&mut digits, form)?;
                    forms.push(Vec::new());
                }
                Some(_) => word(reader, &mut digits, form)?,
            }
        }
        if let Some(form) = forms.last_mut() {
            digits_end(&mut digits, form)?;
        }
        if forms.iter().any(Vec::is_empty) {
            return Err(Fault::Empty);
        }
        let stretches = |form: &Vec<Part>| form.iter().filter(|part| matches!(part, Part::Stretch)).count();
        if forms.iter().any(|form| stretches(form) > 1) {
            return Err(Fault::Stretches);
        }
        Ok(Pattern(forms))
    }

    /// The expectation of a command that names none: 9000, with or without data.
    pub fn done() -> Self {
        let word = [9, 0, 0, 0].map(Some).to_vec();
        Pattern(vec![vec![Part::Stretch, Part::Digits(word)]])
    }

    /// Refuses a form that cannot end with a status word.
    pub fn check_status_words(&self) -> Result<(), Fault> {
        let ends = |form: &Vec<Part>| match form.last() {
            Some(Part::Digits(digits)) => digits.len() >= 4 || form.len() > 1,
            Some(Part::Bytes(_)) => true,
            Some(Part::Stretch) | None => false,
        };
        if self.0.iter().all(ends) { Ok(()) } else { Err(Fault::StatusWord) }
    }

    /// With all computed bytes in place.
    pub fn expand(&self, names: &Names, suite: Suite) -> Result<Expected, Fault> {
        let forms: Result<Vec<Form>, Fault> =
            self.0.iter().map(|parts| Form::expand(parts, names, suite)).collect();
        forms.map(Expected)
    }
}

/// Digits and dots up to a blank; two dots alone are a stretch.
fn word(reader: &mut Reader<'_>, digits: &mut Vec<Option<u8>>, form: &mut Vec<Part>) -> Result<(), Fault> {
    let mut found = Vec::new();
    while let Some(c) = reader.peek() {
        match c {
            '.' => found.push(None),
            '$' | '|' | '=' | '[' => break,
            between if typed::separates(between) => {
                reader.take();
                break;
            }
            _ => {
                found.push(Some(reader.digit()?));
                continue;
            }
        }
        reader.take();
    }
    if found == [None, None] {
        digits_end(digits, form)?;
        form.push(Part::Stretch);
    } else {
        digits.append(&mut found);
    }
    Ok(())
}

fn digits_end(digits: &mut Vec<Option<u8>>, form: &mut Vec<Part>) -> Result<(), Fault> {
    if !digits.len().is_multiple_of(2) {
        return Err(Fault::Odd);
    }
    if !digits.is_empty() {
        form.push(Part::Digits(std::mem::take(digits)));
    }
    Ok(())
}

impl Form {
    fn expand(parts: &[Part], names: &Names, suite: Suite) -> Result<Self, Fault> {
        let mut form = Form { before: Vec::new(), after: None };
        for part in parts {
            let here = form.after.as_mut().unwrap_or(&mut form.before);
            match part {
                Part::Stretch => form.after = Some(Vec::new()),
                Part::Digits(digits) => here.extend(digits.chunks_exact(2).map(Byte::of)),
                Part::Bytes(sequence) => {
                    let value = evaluate(sequence, names, suite)?;
                    let byte = |(at, value_of): (usize, &u8)| Byte {
                        value: *value_of,
                        mask: 0xFF,
                        hidden: value.is_hidden(at),
                    };
                    here.extend(value.bytes().iter().enumerate().map(byte));
                }
            }
        }
        Ok(form)
    }

    fn fits(&self, answer: &[u8]) -> bool {
        let fit = |form: &[Byte], bytes: &[u8]| {
            form.len() == bytes.len() && form.iter().zip(bytes).all(|(byte, found)| byte.fits(*found))
        };
        let Some(after) = &self.after else { return fit(&self.before, answer) };
        answer.len() >= self.before.len() + after.len()
            && fit(&self.before, &answer[..self.before.len()])
            && fit(after, &answer[answer.len() - after.len()..])
    }

    /// The status word it ends with, where all its digits are said.
    fn status(&self) -> Option<Sw> {
        match self.after.as_ref().unwrap_or(&self.before)[..] {
            [.., high, low] if high.mask & low.mask == 0xFF => {
                Some(Sw(u16::from_be_bytes([high.value, low.value])))
            }
            _ => None,
        }
    }

    /// As text; secret bytes are said to be hidden.
    fn text(&self) -> String {
        let mut text = run(&self.before);
        if let Some(after) = &self.after {
            text.push_str(if self.before.is_empty() { ".. " } else { " .. " });
            text.push_str(&run(after));
        }
        text
    }
}

fn run(bytes: &[Byte]) -> String {
    if bytes.iter().any(|byte| byte.hidden) {
        return format!("[{} bytes hidden]", bytes.len());
    }
    let digit = |value: u8, mask: u8| {
        if mask == 0 { '.' } else { char::from(b"0123456789ABCDEF"[usize::from(value)]) }
    };
    bytes
        .iter()
        .flat_map(|byte| [digit(byte.value >> 4, byte.mask >> 4), digit(byte.value & 15, byte.mask & 15)])
        .collect()
}

impl Byte {
    fn of(digits: &[Option<u8>]) -> Self {
        let digit = |at: usize| digits.get(at).copied().flatten();
        let (high, low) = (digit(0), digit(1));
        let mask = if high.is_some() { 0xF0 } else { 0 } | if low.is_some() { 0x0F } else { 0 };
        Byte { value: high.unwrap_or(0) << 4 | low.unwrap_or(0), mask, hidden: false }
    }

    const fn fits(self, found: u8) -> bool {
        found & self.mask == self.value
    }
}

/// An expectation that can be held against an answer.
pub struct Expected(Vec<Form>);

impl Expected {
    /// Whether one of the forms fits.
    pub fn fits(&self, answer: &[u8]) -> bool {
        self.0.iter().any(|form| form.fits(answer))
    }

    /// Whether it speaks of the transport's own words (61xx, 6Cxx, 9Fxx), which are else followed silently.
    pub fn names_transport(&self) -> bool {
        let ends = |form: &Form| form.after.as_ref().unwrap_or(&form.before).iter().rev().nth(1).copied();
        let high = self.0.iter().filter_map(ends).filter(|byte| byte.mask == 0xFF);
        high.into_iter().any(|byte| matches!(byte.value, 0x61 | 0x6C | 0x9F))
    }

    /// The forms with the meaning of their status words.
    pub fn words(&self, dialect: Dialect) -> String {
        let words = |form: &Form| match form.status() {
            Some(sw) => format!("{} ({})", form.text(), sw.explain(dialect)),
            None => form.text(),
        };
        self.0.iter().map(words).collect::<Vec<_>>().join(" or ")
    }

    /// The forms as text alone, for an ATR.
    pub fn text(&self) -> String {
        self.0.iter().map(Form::text).collect::<Vec<_>>().join(" or ")
    }
}
