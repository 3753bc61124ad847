//! What the user sees: tables and JSON on stdout, talk on stderr.

use crate::args::Global;
use crate::wire_time;
use comfy_table::{Table, presets};
use serde::Serialize;
use serde_json::{Map, Value};
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::Ordering;

/// Says something on stderr.
pub fn say(words: impl AsRef<str>) {
    // In one write, so that lines of several threads stay whole. Where nobody can hear, there is nobody to tell.
    let _ = io::stderr().write_all(format!("{}\n", words.as_ref()).as_bytes());
}

/// Lines on stdout. A reader who has seen enough (`| head`) is no fault; a disk that is full is one.
pub fn put(global: &Global, text: &str) {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            global.unheard.store(true, Ordering::Relaxed);
            say(format!("error: stdout cannot be written: {error}"));
        }
        _ => {}
    }
}

/// A table with a heading line.
pub fn table(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(heading.iter().map(|text| text.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The answer of a command: an object in JSON, or the text.
pub fn answer(global: &Global, text: &str, object: impl Serialize) {
    if global.json {
        let mut with_schema = Map::new();
        with_schema.insert("schema".into(), 1.into());
        // Reports are plain structures, which JSON always takes.
        if let Ok(Value::Object(object)) = serde_json::to_value(object) {
            with_schema.extend(object);
        }
        if global.wire_time {
            with_schema.entry("wire_time").or_insert_with(|| wire_time::summary_json(&global.course.traffic));
        }
        global.answered.store(true, Ordering::Relaxed);
        put(global, &Value::Object(with_schema).to_string());
    } else if !text.is_empty() {
        put(global, text);
    }
}
