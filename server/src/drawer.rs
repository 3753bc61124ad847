//! Clerks' drawers: opened with what was counted in them, closed with what is counted then; what differs is booked
//! [docs/specs/books.md 16].

use crate::closing_error::ClosingError;
use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::rows::{column, time, time_text};
use crate::store::{Store, Transaction, View};
use crate::transfer::{Account, Code, Standing, Transfer};
use scheme::moment::Moment;
use scheme::money::Fen;

/// A clerk's drawer, from its opening to its closing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub clerk: String,
    /// In which office.
    pub office: String,
    /// When it was opened.
    pub opened: Moment,
    /// What was counted then, in fen.
    pub opening_fen: i64,
    /// How it was closed.
    pub closed: Option<Counted>,
    /// What the books say is in it, or was when it was closed, in fen.
    pub expected_fen: i64,
}

/// How a drawer was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// When.
    pub at: Moment,
    /// What was counted, in fen.
    pub fen: i64,
    /// What there is to say about it.
    pub note: Option<String>,
}

impl Shift {
    /// What was counted less what the books say, in fen; below zero: it lacks.
    pub fn difference_fen(&self) -> Option<i64> {
        self.closed.as_ref().map(|counted| counted.fen - self.expected_fen)
    }
}

/// Drawers, behind the seam of [`Books`](crate::Books).
pub trait Drawers {
    /// Opens a clerk's drawer, with what was counted in it.
    ///
    /// # Errors
    /// He has one open.
    fn open_drawer(
        &mut self,
        clerk: &str,
        office: &str,
        counted: Fen,
        at: Moment,
    ) -> Result<Shift, ClosingError>;

    /// Closes a clerk's drawer: what was counted goes to the bank's cash, what it differs by is booked.
    ///
    /// # Errors
    /// He has none open.
    fn close_drawer(
        &mut self,
        clerk: &str,
        counted: Fen,
        note: Option<&str>,
        at: Moment,
    ) -> Result<Shift, ClosingError>;

    /// Drawers, the newest first: those that are open, or the last `most`.
    ///
    /// # Errors
    /// The books cannot be read.
    fn shifts(&self, open: bool, most: u32) -> Result<Vec<Shift>, StoreError>;

    /// A drawer by its number.
    ///
    /// # Errors
    /// The books cannot be read.
    fn drawer(&self, id: i64) -> Result<Option<Shift>, StoreError>;
}

const SELECT: &str = "SELECT id, clerk, office, opened, opening, closed, expected, counted, note FROM shift";

impl View<'_> {
    fn shift(&self, row: &Row<'_>) -> Result<Shift, StoreError> {
        let clerk: String = column(row, "clerk")?;
        let closed = match column::<Option<i64>>(row, "counted")? {
            Some(fen) => Some(Counted { at: time(row, "closed")?, fen, note: column(row, "note")? }),
            None => None,
        };
        let expected: Option<i64> = column(row, "expected")?;
        Ok(Shift {
            id: column(row, "id")?,
            office: column(row, "office")?,
            opened: time(row, "opened")?,
            opening_fen: column(row, "opening")?,
            closed,
            expected_fen: expected.unwrap_or_default(),
            clerk,
        })
    }

    /// A drawer with what the books say is in it now.
    fn filled(&self, mut shift: Shift) -> Result<Shift, StoreError> {
        if shift.closed.is_none() {
            shift.expected_fen = self.in_drawer(&shift.clerk)?;
        }
        Ok(shift)
    }

    fn open_shift(&self, clerk: &str) -> Result<Option<Shift>, StoreError> {
        let sql = format!("{SELECT} WHERE clerk = ?1 AND closed IS NULL");
        self.conn
            .first(&sql, params![clerk], |row| self.shift(row))?
            .map(|shift| self.filled(shift))
            .transpose()
    }

    fn in_drawer(&self, clerk: &str) -> Result<i64, StoreError> {
        self.conn.one(
            "SELECT coalesce(sum(CASE account.id WHEN t.debit THEN t.moved ELSE -t.moved END), 0) FROM account \
             JOIN transfer t ON account.id IN (t.debit, t.credit) WHERE account.kind = 'drawer' AND account.clerk = ?1",
            params![clerk],
        )
    }

    /// Somebody whose drawer is open.
    pub(crate) fn some_drawer(&self) -> Result<Option<Shift>, StoreError> {
        let sql = format!("{SELECT} WHERE closed IS NULL ORDER BY id LIMIT 1");
        self.conn.first(&sql, params![], |row| self.shift(row))
    }
}

impl Transaction<'_> {
    fn move_cash(
        &self,
        code: Code,
        at: Moment,
        shift: i64,
        [debit, credit]: [Account<'_>; 2],
        amount: i64,
    ) -> Result<(), StoreError> {
        if amount == 0 {
            return Ok(());
        }
        let subject = format!("shift {shift}");
        let (standing, subject) = (Standing::Posted, Some(subject.as_str()));
        let transfer = Transfer { code, at, purchase: None, debit, credit, amount, standing, subject };
        self.book_transfer(&transfer).map(|_| ())
    }
}

impl Drawers for Store {
    fn open_drawer(
        &mut self,
        clerk: &str,
        office: &str,
        counted: Fen,
        at: Moment,
    ) -> Result<Shift, ClosingError> {
        self.batch(|act| {
            if let Some(open) = act.open_shift(clerk)? {
                let since = open.opened.to_string();
                return Err(ClosingError::DrawerIsOpen { clerk: clerk.to_owned(), since });
            }
            let id: i64 = act.conn.one(
                "INSERT INTO shift (clerk, office, opened, opening) VALUES (?1, ?2, ?3, ?4) RETURNING id",
                params![clerk, office, time_text(at), counted.0],
            )?;
            let accounts = [Account::Drawer(clerk), Account::BankCash];
            act.move_cash(Code::DrawerOpen, at, id, accounts, i64::from(counted.0))?;
            act.open_shift(clerk)?.ok_or_else(|| ClosingError::NoDrawer(clerk.to_owned()))
        })
    }

    fn close_drawer(
        &mut self,
        clerk: &str,
        counted: Fen,
        note: Option<&str>,
        at: Moment,
    ) -> Result<Shift, ClosingError> {
        self.batch(|act| {
            let none = || ClosingError::NoDrawer(clerk.to_owned());
            let open = act.open_shift(clerk)?.ok_or_else(none)?;
            let (drawer, counted) = (Account::Drawer(clerk), i64::from(counted.0));
            let missing = open.expected_fen - counted;
            let accounts =
                if missing > 0 { [Account::Difference, drawer] } else { [drawer, Account::Difference] };
            act.move_cash(Code::DrawerDifference, at, open.id, accounts, missing.abs())?;
            act.move_cash(Code::DrawerClose, at, open.id, [Account::BankCash, drawer], counted)?;
            act.conn.write(
                "UPDATE shift SET closed = ?2, expected = ?3, counted = ?4, note = ?5 WHERE id = ?1",
                params![open.id, time_text(at), open.expected_fen, counted, note],
            )?;
            let sql = format!("{SELECT} WHERE id = ?1");
            act.conn.first(&sql, params![open.id], |row| act.shift(row))?.ok_or_else(none)
        })
    }

    fn shifts(&self, open: bool, most: u32) -> Result<Vec<Shift>, StoreError> {
        self.read(|view| {
            let only = if open { " WHERE closed IS NULL" } else { "" };
            let sql = format!("{SELECT}{only} ORDER BY id DESC LIMIT ?1");
            let found = view.conn.all(&sql, params![most], |row| view.shift(row))?;
            found.into_iter().map(|shift| view.filled(shift)).collect()
        })
    }

    fn drawer(&self, id: i64) -> Result<Option<Shift>, StoreError> {
        self.read(|view| {
            let sql = format!("{SELECT} WHERE id = ?1");
            let found = view.conn.first(&sql, params![id], |row| view.shift(row))?;
            found.map(|shift| view.filled(shift)).transpose()
        })
    }
}
