//! What a transaction of PostgreSQL has read already: asked again, it costs no round trip.
//!
//! A writer is alone ([`Intent::Change`](super::Intent::Change)), and a reader sees one state, so within a transaction an answer is good until the
//! transaction itself writes to a table it was read from, or takes back what it wrote there. What is written of one meter, say, leaves the
//! answers about others as they are ([`About`]).

use super::question::About;
use super::value::{Held, Value};
use crate::error::StoreError;
use std::collections::HashMap;
use std::rc::Rc;
use tokio_postgres::Row;

/// Tables that triggers write to: a statement that names another changes them, so nothing that reads them is remembered.
pub(super) const BY_TRIGGERS: [&str; 1] = ["company_event"];

/// The most answers that are remembered: a round of 64 has some thirty each.
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

/// A row that is remembered.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// As the server told it.
    Told(Row),
    /// As it is after something was written, which is known without asking: names and cells.
    Made(Vec<(Box<str>, Held)>),
}

impl Known {
    /// To be read.
    pub fn as_row(&self) -> super::Row<'_> {
        match self {
            Known::Told(row) => super::Row::Pg(row),
            Known::Made(cells) => super::Row::Made(cells),
        }
    }

    /// Its columns by name.
    fn cells(&self) -> Result<Vec<(Box<str>, Held)>, StoreError> {
        match self {
            Known::Told(row) => {
                let names = row.columns().iter().map(|column| Box::<str>::from(column.name())).enumerate();
                names.map(|(place, name)| Ok((name, Held::from(self.as_row().at(place)?)))).collect()
            }
            Known::Made(cells) => Ok(cells.clone()),
        }
    }

    /// The same row with other cells in some columns.
    fn with(&self, changed: &[(&str, Held)]) -> Result<Self, StoreError> {
        let mut cells = self.cells()?;
        for (name, cell) in &mut cells {
            if let Some((_, other)) = changed.iter().find(|(changed, _)| *changed == &**name) {
                *cell = other.clone();
            }
        }
        Ok(Known::Made(cells))
    }
}

/// An answer that is remembered.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// Its rows, or the first.
    pub rows: Rc<[Known]>,
    /// All of them.
    pub is_whole: bool,
    about: Rc<[About]>,
}

impl Answer {
    /// Of a question about these.
    pub fn new(rows: Vec<Row>, is_whole: bool, about: &[About]) -> Self {
        let rows: Vec<Known> = rows.into_iter().map(Known::Told).collect();
        Answer { rows: rows.into(), is_whole, about: about.into() }
    }

    /// It is about this as well.
    pub fn concerns(&mut self, about: About) {
        self.about = self.about.iter().cloned().chain([about]).collect();
    }

    /// The same with other cells in some columns of its one row; where there was none, a row of these columns.
    pub fn with(&self, changed: &[(&str, Held)]) -> Result<Self, StoreError> {
        let row = match self.rows.first() {
            _ if changed.is_empty() => return Ok(self.clone()),
            Some(row) => row.with(changed)?,
            None => Known::Made(changed.iter().map(|(name, cell)| ((*name).into(), cell.clone())).collect()),
        };
        Ok(Answer { rows: [row].into(), ..self.clone() })
    }
}

/// What was written, and of what.
#[derive(Debug)]
struct Written {
    /// `None`: anything.
    table: Option<String>,
    about: Vec<About>,
}

/// The answers of one transaction, by statement: each with the values it was asked with.
#[derive(Debug, Default)]
pub(super) struct Recall {
    answers: HashMap<String, Answers>,
    count: usize,
    /// What was written in the transaction.
    written: Vec<Written>,
}

#[derive(Debug)]
struct Answers {
    tables: Vec<String>,
    known: HashMap<Vec<Held>, Answer>,
}

impl Recall {
    /// What the statement was answered before.
    pub fn answer(&self, sql: &str, values: &[Value<'_>]) -> Option<&Answer> {
        self.answers.get(sql)?.known.get(&Held::all(values))
    }

    /// The same, to say what it is about.
    pub fn answer_mut(&mut self, sql: &str, values: &[Held]) -> Option<&mut Answer> {
        self.answers.get_mut(sql)?.known.get_mut(values)
    }

    /// Remembers an answer.
    pub fn keep(&mut self, sql: &str, tables: &[String], values: Vec<Held>, answer: Answer) {
        if self.count >= MOST {
            self.answers.clear();
            self.count = 0;
        }
        let answers = self.answers.entry(sql.to_owned());
        let answers = answers.or_insert_with(|| Answers { tables: tables.to_vec(), known: HashMap::new() });
        answers.known.insert(values, answer);
        self.count += 1;
    }

    /// A table was written to, of these; of nothing in particular where there is none.
    pub fn write(&mut self, table: &str, about: Vec<About>) {
        self.drop_of(Some(table), &about);
        self.written.push(Written { table: Some(table.to_owned()), about });
    }

    /// Something was written, and it is not known what.
    pub fn write_anything(&mut self) {
        self.drop_of(None, &[]);
        self.written.push(Written { table: None, about: Vec::new() });
    }

    fn drop_of(&mut self, table: Option<&str>, about: &[About]) {
        for answers in self.answers.values_mut() {
            if table.is_none_or(|table| answers.tables.iter().any(|read| read == table)) {
                answers.known.retain(|_, answer| answer.about.iter().any(|one| one.is_spared_by(about)));
            }
        }
        self.answers.retain(|_, answers| !answers.known.is_empty());
        self.count = self.answers.values().map(|answers| answers.known.len()).sum();
    }

    /// How much was written.
    pub fn place(&self) -> usize {
        self.written.len()
    }

    /// What was written from a place on was taken back. What that can have changed is known no more, and all else still is.
    pub fn take_back(&mut self, place: usize) {
        for Written { table, about } in self.written.split_off(place.min(self.written.len())) {
            self.drop_of(table.as_deref(), &about);
        }
    }

    /// Nothing that was read is good any more.
    pub fn forget(&mut self) {
        self.answers.clear();
        self.written.clear();
        self.count = 0;
    }
}

/// Whether two answers say the same.
#[cfg(debug_assertions)]
pub(super) fn is_same(one: &[Known], other: &[Known]) -> bool {
    let cells = |row: &Known| {
        row.cells().ok().map(|cells| cells.into_iter().map(|(_, cell)| cell).collect::<Vec<_>>())
    };
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| cells(one) == cells(other))
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
