//! PostgreSQL.
//!
//! A statement that writes is said and not waited for: its answer is heard with that of the next question, at the end of the act it
//! belongs to, or before the transaction is kept, whichever comes first. So a refusal may come later than the statement it is for, and
//! never after its act.

use super::Intent;
use super::line::{self, Line, Said};
use super::question::{About, Now, Question};
#[cfg(debug_assertions)]
use super::recall::is_same;
use super::recall::{Answer, Deed, Recall};
use super::row::Row;
use super::value::{Held, Value};
use crate::error::StoreError;
use core::cell::{Cell as Flag, RefCell};
use core::ops::ControlFlow;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use tokio_postgres::Statement;

/// Who writes to the books takes this advisory lock of its schema first: one writer at a time, as with a file. The
/// number is the books' mark.
const WRITER: i32 = 0x4743_7073;

/// How much is said before an answer is heard, at most: books that are copied have no end.
const MOST_UNHEARD: usize = 256;

/// A connection to the books in a PostgreSQL schema.
pub(crate) struct Pg {
    /// Every statement that was prepared, by its text.
    prepared: RefCell<HashMap<String, Prepared>>,
    /// A transaction is open.
    open: Flag<bool>,
    /// The server has refused a statement of the transaction: it takes no other before it went back to a mark.
    failed: Flag<bool>,
    /// What it has read.
    recall: RefCell<Recall>,
    /// Marks that were set and released and that the server has not heard of: it does before the next statement that writes.
    unsaid: RefCell<Vec<String>>,
    /// What was said and whose answer was not heard, the first said first.
    unheard: RefCell<VecDeque<Unheard>>,
    /// The marks that stand, the innermost last: how much had been said when each was set, and what place the recall had.
    marks: RefCell<Vec<(u64, usize)>>,
    /// How much was said in the transaction.
    said: Flag<u64>,
    /// Behind what was said on it, which has to go first.
    line: Line,
}

/// A statement the server knows.
#[derive(Clone)]
struct Prepared {
    statement: Statement,
    deed: Rc<Deed>,
}

/// Something that was said and whose answer was not heard.
struct Unheard {
    said: Said<u64>,
    /// How much had been said in the transaction before.
    before: u64,
}

impl core::fmt::Debug for Pg {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pg").finish_non_exhaustive()
    }
}

/// A statement with its places as PostgreSQL writes them.
fn dollars(sql: &str) -> String {
    sql.replace('?', "$")
}

impl Pg {
    /// Calls the server of a connection string.
    pub fn call(url: &str) -> Result<Self, StoreError> {
        Ok(Pg {
            line: Line::call(url)?,
            prepared: RefCell::default(),
            open: Flag::new(false),
            failed: Flag::new(false),
            recall: RefCell::default(),
            unsaid: RefCell::default(),
            unheard: RefCell::default(),
            marks: RefCell::default(),
            said: Flag::new(0),
        })
    }

    fn statement(&self, sql: &str) -> Result<Prepared, StoreError> {
        if let Some(known) = self.prepared.borrow().get(sql) {
            return Ok(known.clone());
        }
        let text = dollars(sql);
        let said = self.line.say(|client| async move { client.prepare(&text).await });
        let statement = self.heard(said)?;
        let made = Prepared { statement, deed: Rc::new(Deed::of(sql)) };
        self.prepared.borrow_mut().insert(sql.to_owned(), made.clone());
        Ok(made)
    }

    /// Hears the answer to something, after those to all that was said before it.
    fn heard<T>(&self, said: Said<T>) -> Result<T, StoreError> {
        let answer = self.heard_all(vec![said])?.pop();
        answer.ok_or_else(|| StoreError::Gone { detail: "it said nothing".to_owned() })
    }

    /// Hears the answers to what was said, and to what is said now.
    fn heard_all<T>(&self, said: Vec<Said<T>>) -> Result<Vec<T>, StoreError> {
        let (before, first): (Vec<u64>, Vec<Said<u64>>) =
            self.unheard.take().into_iter().map(|Unheard { said, before }| (before, said)).unzip();
        let (first, answers) = self.line.hear(first, said);
        // What follows a refusal is refused for it.
        if let Some((before, error)) =
            before.into_iter().zip(first).find_map(|(before, answer)| Some((before, answer.err()?)))
        {
            self.failed.set(true);
            // What was said before the innermost mark cannot be taken back by going there.
            if self.marks.borrow().last().is_some_and(|(mark, _)| before < *mark) {
                self.give_up();
            }
            return Err(error.into());
        }
        let answers: Result<Vec<T>, _> = answers.into_iter().collect();
        self.failed.set(self.failed.get() || answers.is_err());
        Ok(answers?)
    }

    /// Hears the answers to all that was said.
    pub(super) fn hear_all(&self) -> Result<(), StoreError> {
        self.heard_all::<()>(Vec::new()).map(drop)
    }

    /// Says something whose answer is heard later.
    fn say(&self, said: Said<u64>) {
        let before = self.said.get();
        self.said.set(before + 1);
        self.unheard.borrow_mut().push_back(Unheard { said, before });
    }

    /// Says what was not said, and forgets what the statement to come, of these, makes out of date.
    fn before(&self, deed: &Deed, about: Vec<About>) {
        match deed {
            Deed::Reads(_) => return,
            Deed::Writes(table) => self.recall.borrow_mut().write(table, about),
            Deed::Unknown => self.recall.borrow_mut().write_anything(),
        }
        self.tell();
    }

    /// Tells the server of marks that were set and released, all at once.
    fn tell(&self) {
        let unsaid = self.unsaid.take();
        if unsaid.is_empty() {
            return;
        }
        let script = unsaid.join("; ");
        self.say(self.line.say(|client| async move { client.batch_execute(&script).await.map(|()| 0) }));
    }

    /// Nothing of the transaction can be kept.
    fn give_up(&self) {
        // Where it cannot be told, the server forgets by itself.
        let _ = self.script("ROLLBACK");
    }

    /// What a statement that is said now will be answered.
    fn executed(&self, sql: &str, values: &[Value<'_>], about: Vec<About>) -> Result<Said<u64>, StoreError> {
        let Prepared { statement, deed } = self.statement(sql)?;
        self.before(&deed, about);
        let values = Held::all(values);
        Ok(self.line.say(|client| async move { client.execute_raw(&statement, values).await }))
    }

    pub(super) fn write(&self, sql: &str, values: &[Value<'_>], about: Vec<About>) -> Result<(), StoreError> {
        let said = self.executed(sql, values, about)?;
        self.say(said);
        // Outside a transaction nothing comes after it.
        let waits = self.open.get() && self.unheard.borrow().len() < MOST_UNHEARD;
        if waits { Ok(()) } else { self.hear_all() }
    }

    pub(super) fn change(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let said = self.executed(sql, values, Vec::new())?;
        self.said.set(self.said.get() + 1);
        self.heard(said)
    }

    pub(super) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let Prepared { statement, deed } = self.statement(sql)?;
        self.before(&deed, Vec::new());
        if let Some(known) = self.known(sql, values).filter(|known| known.is_whole) {
            #[cfg(debug_assertions)]
            self.must_be_so(sql, &statement, values, &known)?;
            for row in &*known.rows {
                if read(&row.as_row())?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        let values = Held::all(values);
        let said = self.line.say(|client| async move { client.query_raw(&statement, values).await });
        // Row by row as they come, so that a list of any length needs no memory of its own.
        let mut rows = Box::pin(self.heard(said)?);
        while let Some(row) = self.line.next(&mut rows) {
            self.failed.set(self.failed.get() || row.is_err());
            if read(&Row::Pg(&row?))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What a statement was answered before in the transaction.
    fn known(&self, sql: &str, values: &[Value<'_>]) -> Option<Answer> {
        if self.open.get() { self.recall.borrow().answer(sql, values).cloned() } else { None }
    }

    /// Programs that look for mistakes ask nevertheless: what is remembered is what stands there.
    #[cfg(debug_assertions)]
    fn must_be_so(
        &self,
        sql: &str,
        statement: &Statement,
        values: &[Value<'_>],
        known: &Answer,
    ) -> Result<(), StoreError> {
        let asked = self.heard(self.ask(statement, values, known.is_whole))?;
        if is_same(&known.rows, &Answer::new(asked, known.is_whole, &[]).rows) {
            return Ok(());
        }
        Err(StoreError::Value { place: "what was read before", detail: sql.to_owned() })
    }

    /// The first row of an answer to a question about these, or of what is written of them; in a transaction, from memory where it was
    /// asked before.
    pub(super) fn first<T>(
        &self,
        (sql, values): (&str, &[Value<'_>]),
        about: &[About],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let Prepared { statement, deed } = self.statement(sql)?;
        self.before(&deed, about.to_vec());
        if let Some(known) = self.known(sql, values) {
            #[cfg(debug_assertions)]
            self.must_be_so(sql, &statement, values, &known)?;
            return known.rows.first().map(|row| read(&row.as_row())).transpose();
        }
        let answer = Answer::new(self.heard(self.ask(&statement, values, false))?, false, about);
        let found = answer.rows.first().map(|row| read(&row.as_row())).transpose();
        if let Deed::Reads(Some(tables)) = &*deed
            && self.open.get()
        {
            self.recall.borrow_mut().keep(sql, tables, Held::all(values), answer);
        }
        found
    }

    /// Asks what is not known yet, all of it before the first answer comes, and remembers the answers.
    pub(super) fn foresee(&self, questions: &[Question]) -> Result<(), StoreError> {
        if !self.open.get() {
            return Ok(());
        }
        let (mut asked, mut said) = (Vec::new(), Vec::new());
        for question in questions {
            let values = question.values();
            let Prepared { statement, deed } = self.statement(question.sql())?;
            let known = self.known(question.sql(), &values);
            let is_known = known.is_some_and(|known| known.is_whole || !question.is_whole());
            if !is_known && matches!(*deed, Deed::Reads(Some(_))) {
                said.push(self.ask(&statement, &values, question.is_whole()));
                asked.push((question, deed));
            }
        }
        if said.is_empty() {
            return Ok(());
        }
        for ((question, deed), rows) in asked.into_iter().zip(self.heard_all(said)?) {
            if let Deed::Reads(Some(tables)) = &*deed {
                let answer = Answer::new(rows, question.is_whole(), question.subjects());
                let values = Held::all(&question.values());
                self.recall.borrow_mut().keep(question.sql(), tables, values, answer);
            }
        }
        Ok(())
    }

    /// What is remembered as the answer to a question is about this.
    pub(super) fn concerns(&self, question: &Question, about: About) {
        let values = Held::all(&question.values());
        if let Some(answer) = self.recall.borrow_mut().answer_mut(question.sql(), &values) {
            answer.concerns(about);
        }
    }

    /// What is remembered as the answer to a question, before something is written.
    pub(super) fn remembered(&self, question: &Question) -> Option<Answer> {
        self.known(question.sql(), &question.values())
    }

    /// What is written by now left the answer to a question as it was, but for these columns.
    pub(super) fn is_now(&self, now: &Now, before: &Answer) -> Result<(), StoreError> {
        let Prepared { deed, .. } = self.statement(now.question.sql())?;
        if let Deed::Reads(Some(tables)) = &*deed {
            let (sql, values) = (now.question.sql(), Held::all(&now.question.values()));
            self.recall.borrow_mut().keep(sql, tables, values, before.with(&now.changed)?);
        }
        Ok(())
    }

    /// What is said of the answer to a question is all of it.
    pub(super) fn knows(&self, now: &Now) -> Result<(), StoreError> {
        let none = Answer::new(Vec::new(), true, now.question.subjects());
        if self.open.get() { self.is_now(now, &none) } else { Ok(()) }
    }

    fn ask(&self, statement: &Statement, values: &[Value<'_>], all: bool) -> Said<Vec<tokio_postgres::Row>> {
        let (statement, values) = (statement.clone(), Held::all(values));
        self.line.say(move |client| async move {
            line::rows(client.query_raw(&statement, values).await?, all).await
        })
    }

    pub(super) fn script(&self, sql: &str) -> Result<(), StoreError> {
        self.recall.borrow_mut().forget();
        if sql == "ROLLBACK" {
            self.unsaid.take();
            // What it refused is taken back with the rest.
            self.unheard.take();
            self.marks.take();
            self.open.set(false);
        } else {
            self.tell();
        }
        let script = sql.to_owned();
        self.heard(self.line.say(|client| async move { client.batch_execute(&script).await }))
    }

    pub(super) fn begin(&self, intent: Intent) -> Result<(), StoreError> {
        self.failed.set(false);
        self.unsaid.take();
        self.marks.take();
        self.said.set(0);
        match intent {
            Intent::Look => self.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?,
            // The lock comes first, so that whatever is read after it is the latest there is.
            Intent::Change => {
                self.script(&format!(
                    "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({WRITER}, hashtext(current_schema()))"
                ))?;
            }
        }
        self.open.set(true);
        Ok(())
    }

    /// Sets a mark to go back to. The server hears of it when something is written after it.
    pub(super) fn mark(&self, name: &str) {
        self.unsaid.borrow_mut().push(format!("SAVEPOINT {name}"));
        self.marks.borrow_mut().push((self.said.get(), self.recall.borrow().place()));
    }

    /// Releases a mark: what was done since is done by what is around it.
    pub(super) fn release(&self, name: &str) {
        self.marks.borrow_mut().pop();
        let mut unsaid = self.unsaid.borrow_mut();
        if unsaid.last().is_some_and(|last| *last == format!("SAVEPOINT {name}")) {
            unsaid.pop();
        } else {
            unsaid.push(format!("RELEASE {name}"));
        }
    }

    /// Takes back what was done since a mark, which stays.
    pub(super) fn back(&self, name: &str) -> Result<(), StoreError> {
        let (_, place) = self.marks.borrow().last().copied().unwrap_or_default();
        self.recall.borrow_mut().take_back(place);
        // A refusal of what is taken back is taken back with it.
        let heard = self.hear_all();
        if !self.open.get() {
            return heard;
        }
        if self.unsaid.borrow().last().is_some_and(|last| *last == format!("SAVEPOINT {name}")) {
            // Nothing was written since; but a question that was refused has ended everything, and the server knows no such mark.
            if self.failed.get() {
                self.give_up();
            }
        } else {
            self.unsaid.borrow_mut().push(format!("ROLLBACK TO {name}"));
            self.tell();
            if let Err(error) = self.hear_all() {
                // Which of the marks stands is not known, and another of the same name must not be taken for it.
                self.give_up();
                return Err(error);
            }
            self.failed.set(false);
        }
        Ok(())
    }

    pub(super) fn commit(&self) -> Result<(), StoreError> {
        self.hear_all()?;
        // A COMMIT of what failed is taken, and keeps nothing.
        if self.failed.get() {
            self.give_up();
            return Err(StoreError::RolledBack);
        }
        self.open.set(false);
        self.recall.borrow_mut().forget();
        // With the transaction its marks are released.
        self.unsaid.take();
        self.marks.take();
        let said = self.line.say(|client| async move { client.batch_execute("COMMIT").await });
        self.heard(said).map_err(|error| match error {
            // The word of the server is lost, and with it whether it kept the act.
            StoreError::Gone { detail } => StoreError::Unknown { detail },
            other => other,
        })
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.open.get()
    }

    /// Reads every row of every table of the books, long values included.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let tables = "SELECT table_name AS name FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name";
        let mut names: Vec<String> = Vec::new();
        self.each(tables, &[], &mut |row| {
            names.push(row.column("name")?);
            Ok(ControlFlow::Continue(()))
        })?;
        for name in names {
            self.each(
                &format!("SELECT coalesce(sum(length(t::text)), 0) AS n FROM \"{name}\" t"),
                &[],
                &mut |row| row.column::<i64>("n").map(|_| ControlFlow::Continue(())),
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
