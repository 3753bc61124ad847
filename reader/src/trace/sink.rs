//! Where trace lines go.

use core::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Takes trace lines, without line ends.
///
/// A trace must never stop the session it watches, so a sink cannot fail; the writers remember their first
/// error instead.
pub trait TraceSink {
    /// Takes one line.
    fn line(&mut self, line: &str);

    /// Whether anybody reads them; a channel whose trace nobody reads writes none.
    fn is_open(&self) -> bool {
        true
    }
}

/// A sink that may be there or not.
impl<S: TraceSink> TraceSink for Option<S> {
    fn line(&mut self, line: &str) {
        if let Some(sink) = self {
            sink.line(line);
        }
    }

    fn is_open(&self) -> bool {
        self.as_ref().is_some_and(S::is_open)
    }
}

/// A callback.
impl<F: FnMut(&str)> TraceSink for F {
    fn line(&mut self, line: &str) {
        self(line);
    }
}

/// Lines kept in memory.
impl TraceSink for &mut Vec<String> {
    fn line(&mut self, line: &str) {
        self.push(line.to_owned());
    }
}

/// Lines to a file or a stream.
#[derive(Debug)]
pub struct IoSink<W> {
    writer: W,
    error: Option<io::Error>,
}

impl<W: io::Write> IoSink<W> {
    /// Writes to `writer`, one write a line.
    pub fn new(writer: W) -> Self {
        IoSink { writer, error: None }
    }

    /// Flushes; gives the writer back, or the first error that happened. After an error nothing more was
    /// written, so a trace is cut off rather than full of holes.
    pub fn finish(mut self) -> io::Result<W> {
        if let Some(error) = self.error {
            return Err(error);
        }
        self.writer.flush()?;
        Ok(self.writer)
    }
}

impl<W: io::Write> TraceSink for IoSink<W> {
    fn line(&mut self, line: &str) {
        if self.error.is_none() {
            self.error = self.writer.write_all(format!("{line}\n").as_bytes()).err();
        }
    }
}

/// Lines to anything that takes text.
#[derive(Debug)]
pub struct FmtSink<W> {
    writer: W,
    failed: bool,
}

impl<W: fmt::Write> FmtSink<W> {
    /// Writes to `writer`.
    pub fn new(writer: W) -> Self {
        FmtSink { writer, failed: false }
    }

    /// Gives the writer back, or the error if a line was lost.
    pub fn finish(self) -> Result<W, fmt::Error> {
        if self.failed { Err(fmt::Error) } else { Ok(self.writer) }
    }
}

impl<W: fmt::Write> TraceSink for FmtSink<W> {
    fn line(&mut self, line: &str) {
        if !self.failed {
            self.failed = writeln!(self.writer, "{line}").is_err();
        }
    }
}

/// One trace of several cards that are used at the same time: an exchange stays whole, and a comment names the card whenever it
/// is another one.
pub struct SharedTrace<W>(Arc<Mutex<(W, String)>>);

impl<W> Clone for SharedTrace<W> {
    fn clone(&self) -> Self {
        SharedTrace(self.0.clone())
    }
}

impl<W: io::Write> SharedTrace<W> {
    /// Writes to `writer`, one write an exchange.
    pub fn new(writer: W) -> Self {
        SharedTrace(Arc::new(Mutex::new((writer, String::new()))))
    }

    /// The part of one card.
    pub fn of(&self, card: &str) -> CardTrace<W> {
        CardTrace { shared: self.clone(), card: card.to_owned(), waiting: String::new() }
    }
}

/// The part of one card in a [`SharedTrace`]. A command waits for its answer.
pub struct CardTrace<W> {
    shared: SharedTrace<W>,
    card: String,
    waiting: String,
}

impl<W: io::Write> TraceSink for CardTrace<W> {
    fn line(&mut self, line: &str) {
        self.waiting.push_str(line);
        self.waiting.push('\n');
        if line.starts_with('>') {
            return;
        }
        let mut guard = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (writer, last) = &mut *guard;
        let mut text = String::new();
        if *last != self.card {
            text = format!("# card {}\n", self.card);
            last.clone_from(&self.card);
        }
        text.push_str(&std::mem::take(&mut self.waiting));
        let _ = writer.write_all(text.as_bytes()); // a trace never stops what it watches
    }
}
