//! The tree for people.

use super::{Anatomy, Content, Fact, Item, Record};
use crate::facts::facts;

/// Bytes shown of a binary file or a record; JSON has them all.
const SHOWN: usize = 32;

/// The card, then one indented paragraph an item.
pub fn of(anatomy: &Anatomy) -> String {
    let chip: Vec<_> = anatomy.chip.iter().map(|(fact, value)| (*fact, value.to_string())).collect();
    let mut lines = vec![facts(&chip)];
    match &anatomy.root {
        Some(root) => {
            lines.push(String::new());
            item(root, 0, &mut lines);
        }
        None => lines.push("\nno master file yet: CREATE FILE 3F00 makes it".to_owned()),
    }
    lines.join("\n")
}

fn item(item_here: &Item, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let name = item_here.name.as_ref().map_or(String::new(), |name| format!("  {name}"));
    let is_key = item_here.path.contains("/KEY/");
    let place = match item_here.path.split_once("/KEY/") {
        Some((_, key)) => key,
        None => item_here.path.rsplit('/').next().unwrap_or_default(),
    };
    let said: Vec<String> = item_here.facts.iter().map(|(fact, value)| format!("{fact} {value}")).collect();
    let kind = if place == "KEY" { String::new() } else { format!("  {}", item_here.kind) };
    let place = if place == "KEY" { item_here.kind } else { place };
    if is_key {
        lines.push(format!("{indent}{place}{kind}{name}: {}", said.join("; ")));
    } else {
        lines.push(format!("{indent}{place}{kind}{name}"));
        lines.push(format!("{indent}  {}", said.join("; ")));
    }
    content(&item_here.content, &format!("{indent}  "), is_key, lines);
    for child in &item_here.children {
        item(child, depth + 1, lines);
    }
}

fn content(content: &Content, indent: &str, is_key: bool, lines: &mut Vec<String>) {
    match content {
        Content::Bytes(bytes) if !is_empty(bytes) => lines.push(format!("{indent}= {}", digits(bytes))),
        Content::Bytes(_) => lines.push(format!("{indent}= empty")),
        Content::Secret(bytes) if !is_key => {
            lines.push(format!("{indent}= [{} hidden]", Fact::Bytes(bytes.len())));
        }
        Content::None | Content::Secret(_) => {}
        Content::Records(records) => {
            for record in records.iter().filter(|record| !is_empty(&record.bytes)) {
                lines.push(format!("{indent}{:3} = {}", record.number, words(record)));
            }
            let empty = records.iter().filter(|record| is_empty(&record.bytes)).count();
            if empty > 0 {
                lines.push(format!("{indent}{empty} record(s) empty"));
            }
        }
    }
}

fn words(record: &Record) -> String {
    record.words.clone().unwrap_or_else(|| digits(&record.bytes))
}

/// All FF, as a chip's memory is, or a free record of EF_SMS: 00 and FF behind it.
fn is_empty(bytes: &[u8]) -> bool {
    let rest = match bytes {
        [0x00, rest @ ..] if rest.len() > 1 => rest,
        all => all,
    };
    rest.iter().all(|byte| *byte == 0xFF)
}

fn digits(bytes: &[u8]) -> String {
    match bytes.get(..SHOWN) {
        Some(first) if bytes.len() > SHOWN => {
            format!("{} and {} more", hex::encode_upper(first), Fact::Bytes(bytes.len() - SHOWN))
        }
        _ => hex::encode_upper(bytes),
    }
}
