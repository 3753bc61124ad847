//! What a transaction of PostgreSQL has read already: asked again, it costs no round trip.
//!
//! A writer is alone ([`Intent::Change`](super::Intent::Change)), and a reader sees one state, so within a transaction an answer is good until the
//! transaction itself writes to a table it was read from, or takes back what it wrote.

use super::value::{Held, Value};
use std::collections::HashMap;
use tokio_postgres::Row;

/// Tables that triggers write to: a statement that names another changes them, so nothing that reads them is remembered.
pub(super) const BY_TRIGGERS: [&str; 1] = ["company_event"];

/// The most answers that are remembered: a round has some twenty an order.
const MOST: usize = 4096;

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// It reads these tables; `None`: its answer is not to be remembered.
    Reads(Option<Vec<String>>),
    /// It writes to this one.
    Writes(String),
    /// What it touches is not known.
    Unknown,
}

impl Deed {
    /// As the text of a statement says.
    pub fn of(sql: &str) -> Self {
        let words: Vec<&str> = sql
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '"')
            .filter(|word| !word.is_empty())
            .collect();
        let after =
            |start: usize| words.get(start).map_or(Deed::Unknown, |name| Deed::Writes((*name).into()));
        match words.as_slice() {
            ["INSERT", "INTO", ..] | ["DELETE", "FROM", ..] => after(2),
            ["UPDATE", ..] => after(1),
            ["SELECT", ..] => {
                let named = words.windows(2).filter(|pair| matches!(pair[0], "FROM" | "JOIN"));
                let tables: Vec<String> = named.map(|pair| pair[1].to_owned()).collect();
                let is_stable = !tables.iter().any(|table| BY_TRIGGERS.contains(&table.as_str()));
                Deed::Reads(is_stable.then_some(tables))
            }
            _ => Deed::Unknown,
        }
    }
}

/// The answers of one transaction, by statement: each with the values it was asked with.
#[derive(Debug, Default)]
pub(super) struct Recall {
    answers: HashMap<String, Answers>,
    count: usize,
}

#[derive(Debug)]
struct Answers {
    tables: Vec<String>,
    rows: HashMap<Vec<Held>, Option<Row>>,
}

impl Recall {
    /// What the statement was answered before; outer `None`: it is not known.
    pub fn answer(&self, sql: &str, values: &[Value<'_>]) -> Option<Option<Row>> {
        self.answers.get(sql)?.rows.get(&Held::all(values)).cloned()
    }

    /// Remembers the first row of an answer.
    pub fn keep(&mut self, sql: &str, tables: &[String], values: &[Value<'_>], row: Option<Row>) {
        if self.count >= MOST {
            self.forget();
        }
        let answers = self.answers.entry(sql.to_owned());
        let answers = answers.or_insert_with(|| Answers { tables: tables.to_vec(), rows: HashMap::new() });
        answers.rows.insert(Held::all(values), row);
        self.count += 1;
    }

    /// A table was written to.
    pub fn written(&mut self, table: &str) {
        self.answers.retain(|_, answers| !answers.tables.iter().any(|read| read == table));
        self.count = self.answers.values().map(|answers| answers.rows.len()).sum();
    }

    /// Nothing that was read is good any more.
    pub fn forget(&mut self) {
        self.answers.clear();
        self.count = 0;
    }
}

/// Whether two answers say the same.
#[cfg(debug_assertions)]
pub(super) fn is_same(one: Option<&Row>, other: Option<&Row>) -> bool {
    let cells = |row: &Row| -> Vec<String> {
        (0..row.len()).map(|place| format!("{:?}", row.try_get::<_, super::Cell<'_>>(place).ok())).collect()
    };
    one.map(cells) == other.map(cells)
}

#[cfg(test)]
mod tests {
    use super::{BY_TRIGGERS, Deed};

    #[test]
    fn a_statement_says_what_it_touches() {
        let reads = |sql: &str| match Deed::of(sql) {
            Deed::Reads(Some(tables)) => tables,
            other => panic!("{other:?}"),
        };
        assert_eq!(reads("SELECT value FROM setting WHERE name = ?1"), ["setting"]);
        assert_eq!(
            reads("SELECT s.count FROM settlement s LEFT JOIN purchase_order o ON (SELECT 1 FROM life) = 1"),
            ["settlement", "purchase_order", "life"]
        );
        assert_eq!(Deed::of("SELECT max(number) FROM company_event"), Deed::Reads(None));
        assert_eq!(Deed::of("INSERT INTO ask (psam) SELECT 1 FROM psam"), Deed::Writes("ask".into()));
        assert_eq!(Deed::of("UPDATE psam SET head = ?1"), Deed::Writes("psam".into()));
        assert_eq!(Deed::of("DELETE FROM ask WHERE psam = ?1"), Deed::Writes("ask".into()));
        assert_eq!(Deed::of("WITH a AS (SELECT 1) SELECT 2 FROM a"), Deed::Unknown);
    }

    /// What functions of the schema write to is remembered by nobody.
    #[test]
    fn what_triggers_write_is_known() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/schema/postgres");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .expect("the schemas")
            .map(|file| file.expect("a file").path())
            .collect();
        files.sort();
        let mut written = Vec::new();
        for file in &files {
            let text = std::fs::read_to_string(file).expect("a schema");
            let bodies =
                text.split("CREATE FUNCTION").chain(text.split("CREATE OR REPLACE FUNCTION")).skip(1);
            for body in bodies.filter_map(|function| function.split("$$").nth(1)) {
                let words: Vec<&str> = body.split_whitespace().collect();
                for pair in words.windows(2) {
                    if matches!(pair[0], "INTO" | "UPDATE") || (pair[0] == "FROM" && body.contains("DELETE"))
                    {
                        written.push(pair[1].trim_matches(['(', ';']).to_owned());
                    }
                }
            }
            assert!(!text.contains("CREATE VIEW") && !text.contains(" CASCADE"), "{}", file.display());
        }
        written.sort();
        written.dedup();
        assert_eq!(written, BY_TRIGGERS);
    }
}
