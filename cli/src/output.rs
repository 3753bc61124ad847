//! What the user sees: tables and JSON on stdout, talk on stderr.

use crate::global::Global;
use crate::screen::say;
use crate::wire_time;
use crate::zone;
use serde::Serialize;
use serde_json::{Map, Value};
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::Ordering;

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
        put(global, &zone::in_json(Value::Object(with_schema)).to_string());
    } else if !text.is_empty() {
        put(global, text);
    }
}
