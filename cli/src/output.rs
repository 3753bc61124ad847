//! What the user sees: tables and JSON on stdout, talk on stderr.

use crate::call::Call;
use crate::screen::{part, say};
use crate::wire_time;
use parties::Result;
use scheme::{shown, zone};
use serde::Serialize;
use serde_json::{Map, Value};
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

/// Lines on stdout, made safe for a terminal.
pub fn put(call: &Call, text: &str) {
    put_as_it_is(call, &shown::lines(text));
}

/// Text of our own making on stdout. A reader who has seen enough (`| head`) is no fault; a disk that is full is one.
pub fn put_as_it_is(call: &Call, text: &str) {
    let mut out = io::stdout().lock();
    let _ = heard(call, writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// What a failed write means: nobody reads on, and unless that was a reader who has seen enough it is told.
fn heard(call: &Call, written: io::Result<()>) -> ControlFlow<()> {
    let Err(error) = written else { return ControlFlow::Continue(()) };
    if error.kind() != ErrorKind::BrokenPipe {
        call.unheard.store(true, Ordering::Relaxed);
        say(format!("error: stdout cannot be written: {error}"));
    }
    ControlFlow::Break(())
}

/// A JSON object on stdout: the true texts, in which what a terminal would obey is written as `\u001b`.
pub fn put_object(call: &Call, object: &Value) {
    put_as_it_is(call, &shown::json(&object.to_string()));
}

/// The answer of a command: an object in JSON, or the text.
pub fn answer(call: &Call, text: &str, object: impl Serialize) {
    if call.options.json {
        let mut with_schema = Map::new();
        with_schema.insert("schema".into(), 1.into());
        // Reports are plain structures, which JSON always takes.
        if let Ok(Value::Object(object)) = serde_json::to_value(object) {
            with_schema.extend(object);
        }
        if call.options.wire_time {
            with_schema.entry("wire_time").or_insert_with(|| wire_time::summary_json(&call.course.traffic));
        }
        call.answered.store(true, Ordering::Relaxed);
        put_object(call, &zone::in_json(Value::Object(with_schema)));
    } else if !text.is_empty() {
        put(call, text);
    }
}

/// Answers with what an act reports: `words` of it, or the report itself in JSON.
///
/// # Errors
/// That of the act.
pub fn reply<R: Serialize>(call: &Call, report: Result<R>, words: impl FnOnce(&R) -> String) -> Result<()> {
    let report = report?;
    answer(call, &words(&report), &report);
    Ok(())
}

/// As [`reply`], of an act in whose place a request for a second person may have been written.
///
/// # Errors
/// That of the act.
pub fn reply_if<R: Serialize>(
    call: &Call,
    report: Result<Option<R>>,
    words: impl FnOnce(&R) -> String,
) -> Result<()> {
    report?.map_or(Ok(()), |report| reply(call, Ok(report), words))
}

/// Rows of a table that are put out together.
const TOGETHER: usize = 1000;

/// An answer that is a long list, put out as its lines come: in JSON the one object, with the list as its member, or a table.
/// Nothing is put out before the first line or the end.
pub struct Listing<'g> {
    call: &'g Call,
    member: &'static str,
    heading: &'g [&'g str],
    out: BufWriter<StdoutLock<'static>>,
    begun: bool,
    rows: Vec<Vec<String>>,
    widths: Vec<u16>,
}

impl<'g> Listing<'g> {
    /// A list without lines; `member` is its name in JSON.
    pub fn new(call: &'g Call, member: &'static str, heading: &'g [&'g str]) -> Self {
        let out = BufWriter::new(io::stdout().lock());
        Listing { call, member, heading, out, begun: false, rows: Vec::new(), widths: Vec::new() }
    }

    /// Puts out a line: `object` in JSON, `row` of the table. Breaks when nobody reads on.
    pub fn line(&mut self, object: &impl Serialize, row: impl FnOnce() -> Vec<String>) -> ControlFlow<()> {
        let written = if self.call.options.json {
            // Reports are plain structures, which JSON always takes. By way of a value, whose members are sorted as everywhere.
            let line = zone::in_json(serde_json::to_value(object).unwrap_or_default()).to_string();
            self.comma().and_then(|()| write!(self.out, "{}", shown::json(&line)))
        } else {
            self.rows.push(row());
            if self.rows.len() < TOGETHER { Ok(()) } else { self.rows_out() }
        };
        heard(self.call, written)
    }

    /// Puts out what is left, and the end.
    pub fn end(mut self) {
        let written = if self.call.options.json {
            self.tail()
        } else if self.begun && self.rows.is_empty() {
            Ok(())
        } else {
            self.rows_out()
        };
        let _ = heard(self.call, written.and_then(|()| self.out.flush()));
    }

    /// What stands before a line.
    fn comma(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return self.out.write_all(b",");
        }
        self.call.answered.store(true, Ordering::Relaxed);
        write!(self.out, "{{\"{}\":[", self.member)
    }

    fn tail(&mut self) -> io::Result<()> {
        if !self.begun {
            self.comma()?;
        }
        self.out.write_all(b"],\"schema\":1")?;
        if self.call.options.wire_time {
            let time = wire_time::summary_json(&self.call.course.traffic);
            write!(self.out, ",\"wire_time\":{time}")?;
        }
        self.out.write_all(b"}\n")
    }

    fn rows_out(&mut self) -> io::Result<()> {
        let heading = if std::mem::replace(&mut self.begun, true) { &[] } else { self.heading };
        let text = part(heading, std::mem::take(&mut self.rows), &mut self.widths);
        writeln!(self.out, "{text}")
    }
}
