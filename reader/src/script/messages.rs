//! All words of scripts.

use keys::KeyError;
use std::error::Error;
use std::fmt;
use wire::ChannelError;

/// A mistake or a surprise, and the line of the script where it is.
#[derive(Debug)]
pub struct ScriptError {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: Fault,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.fault)
    }
}

impl Error for ScriptError {}

impl scheme::Fault for ScriptError {
    fn code(&self) -> &str {
        "script"
    }
}

/// Why a script stopped.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// A mistake, or an answer that was not expected.
    #[error("{0}")]
    Script(#[from] ScriptError),
    /// No answer at all.
    #[error("{0}")]
    Channel(#[from] ChannelError),
}

impl scheme::Fault for PlayError {
    fn kind(&self) -> scheme::Kind {
        match self {
            PlayError::Script(error) => error.kind(),
            PlayError::Channel(error) => error.kind(),
        }
    }

    fn code(&self) -> &str {
        match self {
            PlayError::Script(error) => error.code(),
            PlayError::Channel(error) => error.code(),
        }
    }
}

/// What is wrong with a line, or with what the card answered to it. Places are characters of the line, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Fault {
    /// No mark of the language.
    Mark(char),
    /// A character where a hex digit should stand.
    Digit { found: char, place: usize },
    /// An odd number of hex digits.
    Odd,
    /// A hidden stretch of a trace.
    Hidden,
    /// A channel failure of a trace.
    Failure,
    /// Nothing after the mark.
    Empty,
    /// Something must follow here.
    Missing { what: &'static str, place: usize },
    /// No name at all, or one that reads as hex.
    Name(String),
    /// No value has the name.
    Unknown(String),
    /// A key or PIN has the name already.
    Taken(String),
    /// No such function; these there are.
    Function { name: String, known: Vec<&'static str> },
    /// A function with the wrong number of arguments.
    Arguments { usage: &'static str, found: usize },
    /// A slice that is none.
    Slice,
    /// A slice beyond the value.
    Beyond { name: String, len: usize },
    /// A definition that is none.
    Definition,
    /// A secret from nowhere.
    Source,
    /// A secret of a wrong length.
    Length { what: &'static str, wanted: &'static str, found: usize },
    /// A file with a secret that cannot be read, or holds none.
    File { path: String, why: String },
    /// Bytes that are no key of the card's suite.
    Key(KeyError),
    /// An expectation without a status word at its end.
    StatusWord,
    /// Two stretches in one expectation.
    Stretches,
    /// An expectation without a command.
    NoCommand,
    /// A second expectation for one command.
    SecondAnswer,
    /// A comparison that is none.
    Comparison,
    /// Random numbers of a real session.
    Random,
    /// The card answered otherwise.
    Answer { command: &'static str, expected: String, got: String },
    /// The ATR is another.
    Atr { expected: String, got: String },
    /// The sides of a comparison differ.
    Differs { left: String, right: String },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Mark(found) => {
                write!(
                    f,
                    "a line begins with >, <, =, ?, !, @ or #, or is the word reset; this one begins with {found:?}"
                )
            }
            Fault::Digit { found, place } => write!(f, "{found:?} at place {place} is no hex digit"),
            Fault::Odd => f.write_str("an odd number of hex digits"),
            Fault::Hidden => {
                f.write_str("bytes are hidden here; only a trace with all its bytes can be played")
            }
            Fault::Failure => {
                f.write_str("a failure of the channel, which a trace can tell and nobody can play")
            }
            Fault::Empty => f.write_str("no bytes after the mark"),
            Fault::Missing { what, place } => write!(f, "{what} is missing at place {place}"),
            Fault::Name(name) if name.is_empty() => f.write_str("a name is missing"),
            Fault::Name(name) => write!(
                f,
                "{name:?} is no name: it has letters, digits, - and _, begins with a letter, and does not read as hex digits"
            ),
            Fault::Unknown(name) => write!(f, "no value is called {name} up to here"),
            Fault::Taken(name) => write!(f, "{name} is a key or a PIN already"),
            Fault::Function { name, known } => {
                write!(f, "there is no function {name}; there are {}", known.join(", "))
            }
            Fault::Arguments { usage, found } => write!(f, "{found} argument(s), where it reads {usage}"),
            Fault::Slice => {
                f.write_str("a slice reads name[from..to], in bytes from 0, either end may be left out")
            }
            Fault::Beyond { name, len } => write!(f, "{name} has {len} bytes, the slice goes beyond"),
            Fault::Definition => {
                f.write_str("a definition reads @name = bytes, @key name = SOURCE or @pin name = SOURCE")
            }
            Fault::Source => f.write_str("a key or PIN comes from file:PATH or, for tests, test:HEX"),
            Fault::Length { what, wanted, found } => write!(f, "{what} has {wanted} bytes, this has {found}"),
            Fault::File { path, why } => write!(f, "{path}: {why}"),
            Fault::Key(error) => write!(f, "{error}"),
            _ => self.answers(f),
        }
    }
}

impl Fault {
    /// The words about answers of a card.
    fn answers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::StatusWord => {
                f.write_str("an answer ends with a status word, two bytes or their wildcards")
            }
            Fault::Stretches => f.write_str("`..` by itself stands once in an expectation"),
            Fault::NoCommand => f.write_str("no command stands before this expectation"),
            Fault::SecondAnswer => {
                f.write_str("the command before has its expectation already; `|` joins several")
            }
            Fault::Comparison => f.write_str("a comparison reads ? bytes = bytes"),
            Fault::Random => {
                f.write_str("this sets the card's random numbers, which no real card lets anybody do")
            }
            Fault::Answer { command, expected, got } => {
                write!(f, "{command}: the card answered {got}, expected was {expected}")
            }
            Fault::Atr { expected, got } => {
                write!(f, "reset: the card's ATR is {got}, expected was {expected}")
            }
            Fault::Differs { left, right } => write!(f, "these differ: {left} and {right}"),
            _ => f.write_str("not a line of a script"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PlayError;
    use std::error::Error;
    use wire::ChannelError;

    /// Whoever looks for a lost card behind the failure of a script finds it: that is what makes the exit code 3.
    #[test]
    fn a_lost_card_stands_behind_its_script() {
        let error = PlayError::from(ChannelError::Removed);
        assert_eq!(error.source().and_then(|cause| cause.downcast_ref()), Some(&ChannelError::Removed));
        assert_eq!(error.to_string(), ChannelError::Removed.to_string());
    }
}
