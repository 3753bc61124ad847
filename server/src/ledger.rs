//! The ledger: double entry, in fen, append-only.
//!
//! Accounts: the bank's cash, drawers, what customers' banks have debited, what each customer has paid for and no meter has
//! confirmed yet, what is due to him back, what belongs to no purchase, what meters have confirmed, what was paid back, what was
//! credited and never paid for. A transfer moves an amount from one to another, so the whole ledger sums to zero by its form;
//! each carries the hash of the one before it ([`crate::ledger_chain`]). One that is pending moves nothing: a later one that
//! names it posts it or voids it.

use crate::engine::{About, Now, Question, params};
use crate::error::StoreError;
use crate::ledger_chain::{AS_BOOKED, Booked, Head, link};
use crate::rows::{bytes, column, time_text};
use crate::store::{Transaction, View};
use crate::transfer::{Account, Code, Entry, Purchase, Standing, Transfer};
use core::ops::ControlFlow;
use scheme::moment::Moment;
use scheme::numbers::CustomerNumber;

/// Balance of one kind of account over all customers and clerks, in fen, debit positive. Pending transfers are in none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrialBalance {
    /// Money taken over the counter.
    pub bank_cash: i64,
    /// Money that customers' banks have debited for us.
    pub bank_clearing: i64,
    /// Cash in the drawers of clerks.
    pub drawer: i64,
    /// What drawers or the bank have less than the books say; less than zero: more.
    pub difference: i64,
    /// Paid for and not yet confirmed; a liability, so zero or negative.
    pub prepaid: i64,
    /// Due to customers; a liability, so zero or negative.
    pub refund_due: i64,
    /// Came and belongs to no purchase; a liability, so zero or negative.
    pub suspense: i64,
    /// Confirmed by meters; revenue, so zero or negative.
    pub delivered: i64,
    /// Paid back; money that left, so zero or negative.
    pub refunded: i64,
    /// On its way between two chips: zero.
    pub carried: i64,
    /// Confirmed and never paid for.
    pub loss: i64,
    /// Paid for services; revenue, so zero or negative.
    pub fee: i64,
    /// Taken for the power company; a liability, so zero or negative.
    pub company_payable: i64,
}

impl TrialBalance {
    /// The sum over all accounts: zero.
    pub fn sum(&self) -> i128 {
        self.all().into_iter().map(|(_, fen)| i128::from(fen)).sum()
    }

    /// Money that came in and did not go back to a bank, in fen: cash, the bank's, and what of either was found missing.
    pub const fn money_in(&self) -> i64 {
        self.bank_cash + self.bank_clearing + self.drawer + self.difference
    }

    /// Each kind of account by its name.
    pub const fn all(&self) -> [(&'static str, i64); 13] {
        let TrialBalance {
            bank_cash, bank_clearing, drawer, difference, prepaid, refund_due, suspense, ..
        } = *self;
        [
            ("bank-cash", bank_cash),
            ("bank-clearing", bank_clearing),
            ("drawer", drawer),
            ("difference", difference),
            ("prepaid", prepaid),
            ("refund-due", refund_due),
            ("suspense", suspense),
            ("delivered", self.delivered),
            ("refunded", self.refunded),
            ("carried", self.carried),
            ("loss", self.loss),
            ("fee", self.fee),
            ("company-payable", self.company_payable),
        ]
    }

    fn place(&mut self, kind: &str) -> Option<&mut i64> {
        Some(match kind {
            "bank-cash" => &mut self.bank_cash,
            "bank-clearing" => &mut self.bank_clearing,
            "drawer" => &mut self.drawer,
            "difference" => &mut self.difference,
            "prepaid" => &mut self.prepaid,
            "refund-due" => &mut self.refund_due,
            "suspense" => &mut self.suspense,
            "delivered" => &mut self.delivered,
            "refunded" => &mut self.refunded,
            "carried" => &mut self.carried,
            "loss" => &mut self.loss,
            "fee" => &mut self.fee,
            "company-payable" => &mut self.company_payable,
            _ => return None,
        })
    }
}

/// Where a server's chain stands.
pub(crate) fn head_of(server: &str) -> Question {
    let sql = "SELECT server, number, hash FROM transfer WHERE server = ?1 ORDER BY number DESC LIMIT 1";
    Question::new(sql, params![server])
}

/// What stands on the customers' accounts of one kind for one purchase.
pub(crate) fn owed_of(kind: &str, life: i64, count: u32) -> Question {
    Question::new(
        "SELECT coalesce(sum(CASE account.id WHEN t.credit THEN t.moved ELSE -t.moved END), 0) FROM transfer t \
         JOIN account ON account.id IN (t.debit, t.credit) \
         WHERE t.life = ?1 AND t.count = ?2 AND account.kind = ?3",
        params![life, count, kind],
    )
    .about(About::Life(life))
}

fn about(account: &Account<'_>) -> About {
    let whose = account.customer().map(|customer| customer.to_string());
    About::Account(account.kind(), whose.or(account.clerk().map(str::to_owned)).unwrap_or_default())
}

/// The row of an account; of a kind that is one customer's or one clerk's, of his.
pub(crate) fn row_of(account: Account<'_>) -> Question {
    let kind = account.kind();
    let question = match (account.customer(), account.clerk()) {
        (Some(customer), _) => Question::new(
            "SELECT id FROM account WHERE customer = ?1 AND kind = ?2",
            params![customer.to_string(), kind],
        ),
        (None, Some(clerk)) => {
            Question::new("SELECT id FROM account WHERE clerk = ?1 AND kind = ?2", params![clerk, kind])
        }
        (None, None) => Question::new(
            "SELECT id FROM account WHERE kind = ?1 AND customer IS NULL AND clerk IS NULL",
            params![kind],
        ),
    };
    question.about(about(&account))
}

impl Transaction<'_> {
    /// Books a transfer of a purchase that moves its money at once, unless it moves nothing.
    pub(crate) fn move_money(
        &self,
        code: Code,
        at: Moment,
        purchase: Purchase,
        [debit, credit]: [Account<'_>; 2],
        amount: i64,
    ) -> Result<(), StoreError> {
        if amount == 0 {
            return Ok(());
        }
        let (purchase, standing) = (Some(purchase), Standing::Posted);
        let transfer = Transfer { code, at, purchase, debit, credit, amount, standing, subject: None };
        self.book_transfer(&transfer).map(|_| ())
    }

    /// Books a transfer, and says under which number. One that posts or voids a pending one says the same accounts and amount.
    ///
    /// # Errors
    /// It cannot be kept; the pending one that it names is not there, says something else, or was posted or voided before.
    pub fn book_transfer(&self, transfer: &Transfer<'_>) -> Result<Entry, StoreError> {
        let before = self.chain_head(self.server)?;
        let number = before.as_ref().map_or(0, |head| head.number) + 1;
        let hash = link(&before.map_or([0; 32], |head| head.hash), self.server, number, transfer);
        let life = transfer.purchase.map(|purchase| purchase.life);
        let (debit, credit) = (self.account(transfer.debit, life)?, self.account(transfer.credit, life)?);
        let resolves: Option<i64> = match transfer.standing.resolves() {
            None => None,
            Some(Entry { server, number }) => Some(self.conn.one(
                "SELECT id FROM transfer WHERE server = ?1 AND number = ?2",
                params![server, *number],
            )?),
        };
        let count = transfer.purchase.map(|purchase| purchase.count);
        // The chain ends with it.
        let head = || {
            let now = Now::same(head_of(self.server)).but("server", self.server);
            [now.but("number", number).but("hash", hash)]
        };
        self.conn.writing(head, || {
            self.conn.write_of(
                || life.map(About::Life).into_iter().collect::<Vec<_>>(),
                "INSERT INTO transfer (server, number, code, debit, credit, amount, at, life, count, order_id, subject, \
                 state, resolves, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                params![
                    self.server,
                    number,
                    transfer.code.name(),
                    debit,
                    credit,
                    transfer.amount,
                    time_text(transfer.at),
                    life,
                    count,
                    transfer.purchase.and_then(|purchase| purchase.order).map(|id| id.0),
                    transfer.subject,
                    transfer.standing.name(),
                    resolves,
                    hash
                ],
            )
        })?;
        let entry = Entry { server: self.server.to_owned(), number };
        self.count_in(&entry, transfer)?;
        Ok(entry)
    }

    /// The row of an account; a customer's or a clerk's is opened with the first transfer on it.
    fn account(&self, account: Account<'_>, life: Option<i64>) -> Result<i64, StoreError> {
        if let Some(id) = self.conn.answer(&row_of(account), |row| row.only())? {
            return Ok(id);
        }
        let customer = account.customer().map(|customer| customer.to_string());
        if customer.is_none() && account.clerk().is_none() {
            return Err(StoreError::Value { place: "account.kind", detail: account.kind().to_owned() });
        }
        let of = || [about(&account)].into_iter().chain(life.map(About::Life)).collect::<Vec<_>>();
        self.conn.made(
            of,
            "INSERT INTO account (kind, customer, clerk) VALUES (?1, ?2, ?3) RETURNING id",
            params![account.kind(), customer, account.clerk()],
        )
    }
}

impl View<'_> {
    /// The balance of every kind of account.
    pub fn trial_balance(&self) -> Result<TrialBalance, StoreError> {
        let mut balance = TrialBalance::default();
        let sums = self.conn.all(
            "SELECT account.kind AS kind, sum(moved.fen) AS fen FROM (\
             SELECT debit AS account, sum(moved) AS fen FROM transfer GROUP BY debit UNION ALL \
             SELECT credit AS account, -sum(moved) AS fen FROM transfer GROUP BY credit) AS moved \
             JOIN account ON account.id = moved.account GROUP BY account.kind",
            params![],
            |row| Ok((column::<String>(row, "kind")?, column::<i64>(row, "fen")?)),
        )?;
        for (kind, fen) in sums {
            let place = balance.place(&kind);
            *place.ok_or_else(|| StoreError::Value { place: "account.kind", detail: kind.clone() })? = fen;
        }
        Ok(balance)
    }

    /// What pending transfers would move that nothing has posted or voided, in fen.
    pub fn pending(&self) -> Result<i64, StoreError> {
        self.conn.one(
            "SELECT coalesce(sum(t.amount), 0) FROM transfer t WHERE t.state = 'pending' \
             AND NOT EXISTS (SELECT 1 FROM transfer r WHERE r.resolves = t.id)",
            params![],
        )
    }

    /// What stands on an account of the house for one subject, in fen, debit positive.
    pub fn of_subject(&self, account: Account<'_>, subject: &str) -> Result<i64, StoreError> {
        self.conn.one(
            "SELECT coalesce(sum(CASE account.id WHEN t.debit THEN t.moved ELSE -t.moved END), 0) FROM transfer t \
             JOIN account ON account.id IN (t.debit, t.credit) \
             WHERE t.subject = ?1 AND account.kind = ?2 AND account.customer IS NULL AND account.clerk IS NULL",
            params![subject, account.kind()],
        )
    }

    /// What a customer has paid for and no meter has confirmed, in fen.
    pub fn prepaid(&self, customer: CustomerNumber) -> Result<i64, StoreError> {
        self.owed("prepaid", customer)
    }

    /// What is due to a customer, in fen.
    pub fn refund_due(&self, customer: CustomerNumber) -> Result<i64, StoreError> {
        self.owed("refund-due", customer)
    }

    fn owed(&self, kind: &str, customer: CustomerNumber) -> Result<i64, StoreError> {
        self.conn.one(
            "SELECT coalesce(sum(CASE account.id WHEN t.credit THEN t.moved ELSE -t.moved END), 0) FROM account \
             JOIN transfer t ON account.id IN (t.debit, t.credit) \
             WHERE account.customer = ?1 AND account.kind = ?2",
            params![customer.to_string(), kind],
        )
    }

    /// What stands on the customers' accounts of one kind for one purchase, in fen.
    pub(crate) fn owed_for(&self, kind: &str, life: i64, count: u32) -> Result<i64, StoreError> {
        let fen = self.conn.answer(&owed_of(kind, life, count), |row| row.only())?;
        Ok(fen.unwrap_or(0))
    }
}

impl View<'_> {
    /// Where a server's chain stands; `None` before its first transfer.
    pub fn chain_head(&self, server: &str) -> Result<Option<Head>, StoreError> {
        self.conn.answer(&head_of(server), |row| {
            Ok(Head {
                server: column(row, "server")?,
                number: column(row, "number")?,
                hash: bytes(row, "hash")?,
            })
        })
    }

    /// The hash that a server's transfer of a number carries; `None` where there is none.
    pub fn chain_at(&self, server: &str, number: i64) -> Result<Option<[u8; 32]>, StoreError> {
        self.conn.first(
            "SELECT hash FROM transfer WHERE server = ?1 AND number = ?2",
            params![server, number],
            |row| bytes(row, "hash"),
        )
    }

    /// Recomputes the chains of all servers from the transfers as they stand. Gives where each stands, and the first thing
    /// that does not fit, in words.
    pub fn recompute_ledger(&self) -> Result<(Vec<Head>, Option<String>), StoreError> {
        let (mut heads, mut wrong): (Vec<Head>, Option<String>) = (Vec::new(), None);
        self.conn.each(AS_BOOKED, params![], &mut |row| {
            let found = Booked::of(row)?;
            let (server, number) = (found.server(), found.number());
            if heads.last().is_none_or(|head| head.server != server) {
                heads.push(Head { server: server.to_owned(), number: 0, hash: [0; 32] });
            }
            let Some(head) = heads.last_mut() else { return Ok(ControlFlow::Break(())) };
            wrong = if number != head.number + 1 {
                Some(format!(
                    "transfer {} of server {server} is missing; the next one that is there is {number}",
                    head.number + 1
                ))
            } else if Code::from_name(found.code()).is_none() || found.hash != found.linked(&head.hash) {
                Some(format!(
                    "transfer {number} of server {server} does not carry the hash of what it says: it, or the one before it, was changed"
                ))
            } else {
                (head.number, head.hash) = (number, found.hash);
                None
            };
            Ok(if wrong.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        // An account that a transfer names and that is not there takes the transfer out of the list.
        if wrong.is_none() {
            let counted: i64 = self.conn.one("SELECT count(*) FROM transfer", params![])?;
            let read: i64 = heads.iter().map(|head| head.number).sum();
            if counted != read {
                wrong = Some(format!(
                    "{counted} transfers are there and {read} can be read: an account is missing"
                ));
            }
        }
        Ok((heads, wrong))
    }
}
