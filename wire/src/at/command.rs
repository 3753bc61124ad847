//! A command line, taken apart.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtCommand {
    /// Its name in capital letters: `E`, `&C`, `S3`, `D`, `+CMGL`, `^SYSINFO`.
    pub name: String,
    /// What is asked of it.
    pub form: Form,
}

/// What is asked of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// `+X`: do it.
    Execute,
    /// `+X?`: what holds.
    Read,
    /// `+X=?`: what it takes.
    Test,
    /// `+X=a,b`, or the number of a basic command: with these parameters.
    Set(String),
}

/// A line that is no command line. It begins with AT, or nobody is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLine;

/// What begins the name of an extended command.
const EXTENDED: [char; 5] = ['+', '^', '*', '%', '$'];

/// The commands of a line, in order; `None` of a line in which no AT stands: nobody is spoken to. What stands before AT is noise.
///
/// # Errors
/// Something behind AT that is no command.
pub fn commands(line: &str) -> Result<Option<Vec<AtCommand>>, BadLine> {
    let plain = without_blanks(line);
    let Some(at) = plain.to_ascii_uppercase().find("AT") else { return Ok(None) };
    // A line may end its basic commands with the sign that ends extended ones.
    let mut rest = plain.get(at + 2..).unwrap_or_default().trim_start_matches(';');
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (command, behind) = if rest.starts_with(EXTENDED) { extended(rest)? } else { basic(rest)? };
        found.push(command);
        rest = behind.trim_start_matches(';');
    }
    Ok(Some(found))
}

/// A line without the blanks that stand outside quotes.
fn without_blanks(line: &str) -> String {
    let mut quoted = false;
    line.chars()
        .filter(|c| {
            quoted ^= *c == '"';
            quoted || !matches!(c, ' ' | '\t')
        })
        .collect()
}

/// `+NAME`, `+NAME?`, `+NAME=?`, `+NAME=...`, up to a `;` outside quotes.
fn extended(text: &str) -> Result<(AtCommand, &str), BadLine> {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    });
    let (whole, behind) = match end {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, ""),
    };
    let length = 1 + whole[1..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(whole.len() - 1);
    if length == 1 {
        return Err(BadLine);
    }
    let (name, asked) = whole.split_at(length);
    let form = match asked.strip_prefix('=') {
        Some("?") => Form::Test,
        Some(parameters) => Form::Set(parameters.to_owned()),
        None if asked == "?" => Form::Read,
        None if asked.is_empty() => Form::Execute,
        None => return Err(BadLine),
    };
    Ok((AtCommand { name: name.to_ascii_uppercase(), form }, behind))
}

/// A letter, or `&` and a letter, and a number; `S` and its number, which is asked or set; `D` takes the rest of the line.
fn basic(text: &str) -> Result<(AtCommand, &str), BadLine> {
    let letters = 1 + usize::from(text.starts_with(['&', '\\']));
    let name = text.get(..letters).filter(|name| name.ends_with(|c: char| c.is_ascii_alphabetic()));
    let mut name = name.ok_or(BadLine)?.to_ascii_uppercase();
    let rest = &text[letters..];
    if name == "D" {
        return Ok((AtCommand { name, form: Form::Set(rest.to_owned()) }, ""));
    }
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, behind) = rest.split_at(digits(rest));
    if name != "S" {
        let form = if number.is_empty() { Form::Execute } else { Form::Set(number.to_owned()) };
        return Ok((AtCommand { name, form }, behind));
    }
    name.push_str(number);
    match behind.strip_prefix('=') {
        Some(value) => {
            let (value, behind) = value.split_at(digits(value));
            Ok((AtCommand { name, form: Form::Set(value.to_owned()) }, behind))
        }
        None => match behind.strip_prefix('?') {
            Some(behind) => Ok((AtCommand { name, form: Form::Read }, behind)),
            None => Err(BadLine),
        },
    }
}

/// One parameter of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// Left out: it keeps its value.
    Missing,
    /// As it stands, without quotes: a number, mostly.
    Bare(String),
    /// Between quotes.
    Quoted(String),
}

impl Parameter {
    /// The number it is; none when it is no number.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        match self {
            Parameter::Bare(text) if text.starts_with(|c: char| c.is_ascii_digit()) => text.parse().ok(),
            _ => None,
        }
    }

    /// Its text, quoted or not; none when it is left out.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Parameter::Missing => None,
            Parameter::Bare(text) | Parameter::Quoted(text) => Some(text),
        }
    }
}

/// The parameters of a command, separated by commas outside quotes.
#[must_use]
pub fn parameters(text: &str) -> Vec<Parameter> {
    let mut out = Vec::new();
    let (mut quoted, mut begin) = (false, 0);
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        if c == ',' && !quoted {
            out.push(parameter(&text[begin..at]));
            begin = at + 1;
        }
    }
    out.push(parameter(&text[begin..]));
    out
}

fn parameter(text: &str) -> Parameter {
    match text.strip_prefix('"') {
        None if text.is_empty() => Parameter::Missing,
        None => Parameter::Bare(text.to_string()),
        Some(quoted) => Parameter::Quoted(quoted.trim_end_matches('"').to_string()),
    }
}
