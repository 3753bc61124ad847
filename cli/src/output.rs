//! What the user sees: tables and JSON on stdout, talk on stderr.

use crate::args::Global;
use comfy_table::{Table, presets};
use serde_json::{Map, Value};
use std::sync::atomic::Ordering;

/// Says something on stderr.
pub fn say(words: impl AsRef<str>) {
    eprintln!("{}", words.as_ref());
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
pub fn answer(global: &Global, text: &str, object: Value) {
    if global.json {
        let mut with_schema = Map::new();
        with_schema.insert("schema".into(), 1.into());
        if let Value::Object(object) = object {
            with_schema.extend(object);
        }
        global.answered.store(true, Ordering::Relaxed);
        println!("{}", Value::Object(with_schema));
    } else if !text.is_empty() {
        println!("{text}");
    }
}

/// Aligned `name  value` lines.
pub fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines: Vec<String> = facts.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
    lines.join("\n")
}
