//! What differs between two cards.

use super::{Anatomy, Content, Fact, Facts, Item, Record};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One difference.
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Change {
    /// Only the second card has it.
    Added { path: String, kind: &'static str },
    /// Only the first card has it.
    Removed { path: String, kind: &'static str },
    /// A property.
    Fact { path: String, fact: &'static str, before: Fact, after: Fact },
    /// Bytes at an offset of a file or of a record.
    Bytes { path: String, offset: usize, before: String, after: String },
    /// A secret that neither card shows.
    Secret { path: String },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added { path, kind } => write!(f, "+ {path}  {kind}"),
            Change::Removed { path, kind } => write!(f, "- {path}  {kind}"),
            Change::Fact { path, fact, before, after } => write!(f, "~ {path}  {fact}: {before} -> {after}"),
            Change::Bytes { path, offset, before, after } => {
                write!(f, "~ {path}  at {offset:04X}: {before} -> {after}")
            }
            Change::Secret { path } => write!(f, "~ {path}  holds another secret"),
        }
    }
}

impl Change {
    /// As an object.
    pub fn object(&self) -> Value {
        match self {
            Change::Added { path, kind } => json!({ "change": "added", "path": path, "kind": kind }),
            Change::Removed { path, kind } => json!({ "change": "removed", "path": path, "kind": kind }),
            Change::Fact { path, fact, before, after } => {
                json!({ "change": "fact", "path": path, "fact": fact, "before": before.value(), "after": after.value() })
            }
            Change::Bytes { path, offset, before, after } => {
                json!({ "change": "bytes", "path": path, "offset": offset, "before": before, "after": after })
            }
            Change::Secret { path } => json!({ "change": "secret", "path": path }),
        }
    }
}

/// All differences: those of the chip, then by path.
pub fn changes(before: &Anatomy, after: &Anatomy) -> Vec<Change> {
    let mut out = Vec::new();
    facts("chip", &before.chip, &after.chip, &mut out);
    let (before, after) = (all(before), all(after));
    let paths: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    for path in paths {
        match (before.get(path), after.get(path)) {
            (Some(before), Some(after)) => items(path, before, after, &mut out),
            (Some(gone), None) => out.push(Change::Removed { path: path.to_owned(), kind: gone.kind }),
            (None, Some(new)) => out.push(Change::Added { path: path.to_owned(), kind: new.kind }),
            (None, None) => {}
        }
    }
    out
}

/// Every item by its path.
fn all(anatomy: &Anatomy) -> BTreeMap<&str, &Item> {
    fn add<'i>(item: &'i Item, into: &mut BTreeMap<&'i str, &'i Item>) {
        into.insert(&item.path, item);
        item.children.iter().for_each(|child| add(child, into));
    }
    let mut items = BTreeMap::new();
    if let Some(root) = &anatomy.root {
        add(root, &mut items);
    }
    items
}

fn items(path: &str, before: &Item, after: &Item, out: &mut Vec<Change>) {
    let mut fact = |fact, before: &str, after: &str| {
        if before != after {
            let (before, after) = (before.into(), after.into());
            out.push(Change::Fact { path: path.to_owned(), fact, before, after });
        }
    };
    fact("kind", before.kind, after.kind);
    let name = |item: &Item| item.name.clone().unwrap_or_else(|| "none".to_owned());
    fact("name", &name(before), &name(after));
    facts(path, &before.facts, &after.facts, out);
    contents(path, &before.content, &after.content, out);
}

fn facts(path: &str, before: &Facts, after: &Facts, out: &mut Vec<Change>) {
    let value = |facts: &Facts, name: &str| {
        let found = facts.iter().find(|(fact, _)| *fact == name);
        found.map_or("none".into(), |(_, value)| value.clone())
    };
    let mut names: Vec<&'static str> = before.iter().map(|(fact, _)| *fact).collect();
    names
        .extend(after.iter().map(|(fact, _)| *fact).filter(|fact| before.iter().all(|(old, _)| old != fact)));
    for fact in names {
        let (before, after) = (value(before, fact), value(after, fact));
        if before != after {
            out.push(Change::Fact { path: path.to_owned(), fact, before, after });
        }
    }
}

fn contents(path: &str, before: &Content, after: &Content, out: &mut Vec<Change>) {
    match (before, after) {
        (Content::Bytes(before), Content::Bytes(after)) => bytes(path, before, after, out),
        (Content::Secret(before), Content::Secret(after)) if !keys::equal(before, after) => {
            out.push(Change::Secret { path: path.to_owned() });
        }
        (Content::Records(before), Content::Records(after)) => records(path, before, after, out),
        // Another kind of content belongs to another kind of file, which was told.
        _ => {}
    }
}

fn records(path: &str, before: &[Record], after: &[Record], out: &mut Vec<Change>) {
    let numbers: BTreeSet<usize> = before.iter().chain(after).map(|record| record.number).collect();
    for number in numbers {
        let path = format!("{path} record {number}");
        let of = |records: &[Record]| records.iter().position(|record| record.number == number);
        match (of(before).map(|at| &before[at]), of(after).map(|at| &after[at])) {
            (Some(before), Some(after)) => match (&before.words, &after.words) {
                (Some(old), Some(new)) if old != new => {
                    let (before, after) = (old.clone().into(), new.clone().into());
                    out.push(Change::Fact { path, fact: "entry", before, after });
                }
                _ => bytes(&path, &before.bytes, &after.bytes, out),
            },
            (Some(_), None) => out.push(Change::Removed { path, kind: "record" }),
            (None, Some(_)) => out.push(Change::Added { path, kind: "record" }),
            (None, None) => {}
        }
    }
}

/// Runs of bytes that differ. Where the lengths differ, the facts say so, and only the common part is compared.
fn bytes(path: &str, before: &[u8], after: &[u8], out: &mut Vec<Change>) {
    let len = before.len().min(after.len());
    let mut at = 0;
    while at < len {
        let run = (at..len).take_while(|i| before[*i] != after[*i]).count();
        if run > 0 {
            let shown = |bytes: &[u8]| hex::encode_upper(&bytes[at..at + run]);
            let (before, after) = (shown(before), shown(after));
            out.push(Change::Bytes { path: path.to_owned(), offset: at, before, after });
        }
        at += run.max(1);
    }
}
