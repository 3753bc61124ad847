//! The tree for programs.

use super::{Anatomy, Content, Facts, Item};
use serde_json::{Map, Value, json};

/// The card as one object.
pub fn of(anatomy: &Anatomy) -> Value {
    json!({ "chip": object(&anatomy.chip), "mf": anatomy.root.as_ref().map(item) })
}

fn object(facts: &Facts) -> Map<String, Value> {
    let name = |fact: &str| fact.replace([' ', '-'], "_").to_lowercase();
    facts.iter().map(|(fact, value)| (name(fact), value.value())).collect()
}

fn item(here: &Item) -> Value {
    let mut out = Map::new();
    out.insert("path".into(), here.path.clone().into());
    out.insert("kind".into(), here.kind.into());
    if let Some(name) = &here.name {
        out.insert("name".into(), name.clone().into());
    }
    out.extend(object(&here.facts));
    match &here.content {
        Content::None | Content::Secret(_) => {}
        Content::Bytes(bytes) => {
            out.insert("content".into(), hex::encode_upper(bytes).into());
        }
        Content::Records(records) => {
            let record = |record: &super::Record| json!({ "number": record.number, "content": hex::encode_upper(&record.bytes), "words": record.words });
            out.insert("records".into(), records.iter().map(record).collect());
        }
    }
    if !here.children.is_empty() {
        out.insert("children".into(), here.children.iter().map(item).collect());
    }
    out.into()
}
