//! Where trace lines go.

use core::fmt;
use std::io;

/// Takes trace lines, without line ends.
///
/// A trace must never stop the session it watches, so a sink cannot fail; the writers remember their first
/// error instead.
pub trait TraceSink {
    /// Takes one line.
    fn line(&mut self, line: &str);
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
