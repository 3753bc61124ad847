//! The chain through the ledger: each transfer carries a hash of itself and of the one its server booked before
//! [docs/specs/books.md 12].

use crate::engine::{Cell, Row};
use crate::error::StoreError;
use crate::rows::exactly;
use crate::transfer::{Entry, Transfer};
use scheme::order::OrderId;
use sha2::{Digest, Sha256};
use std::io::Write;

/// Where a server's chain stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The server.
    pub server: String,
    /// Number of its last transfer.
    pub number: i64,
    /// The hash that transfer carries.
    pub hash: [u8; 32],
}

impl core::fmt::Display for Head {
    /// `SERVER:NUMBER:HASH`, the hash in 64 small hexadecimal digits.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}:{}:{}", self.server, self.number, hex::encode(self.hash))
    }
}

impl core::str::FromStr for Head {
    type Err = NoHead;

    fn from_str(text: &str) -> Result<Self, NoHead> {
        let mut parts = text.rsplitn(3, ':');
        let (hash, number, server) = (parts.next(), parts.next(), parts.next());
        let head = || {
            Some(Head {
                server: server.filter(|server| !server.is_empty())?.to_owned(),
                number: number?.parse().ok().filter(|number| *number > 0)?,
                hash: hex::decode(hash?).ok()?.try_into().ok()?,
            })
        };
        head().ok_or(NoHead)
    }
}

/// A text that names no place in a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the head of a ledger is SERVER:NUMBER:HASH")]
pub struct NoHead;

impl scheme::Fault for NoHead {
    fn code(&self) -> &str {
        "ledger-head"
    }
}

/// What a transfer says, as it is hashed. Fields stand apart by `|`, which none of them can hold.
struct Said<'a> {
    server: &'a str,
    number: i64,
    code: &'a str,
    debit: Named<'a>,
    credit: Named<'a>,
    amount: i64,
    at: &'a str,
    /// Life and count.
    purchase: Option<(i64, i64)>,
    order: Option<OrderId>,
    state: &'a str,
    resolves: &'a str,
    subject: &'a str,
}

/// An account as a transfer names it: its kind, and the customer or clerk whose it is; of the house, nobody.
#[derive(Clone, Copy)]
struct Named<'a> {
    kind: &'a str,
    whose: &'a str,
}

/// The words that are hashed.
struct Words(Vec<u8>);

impl Words {
    fn next(&mut self, field: &str) {
        self.0.push(b'|');
        self.0.extend_from_slice(field.as_bytes());
    }

    fn number(&mut self, number: i64) {
        // Memory takes all that is written.
        let _ = write!(self.0, "|{number}");
    }

    fn account(&mut self, Named { kind, whose }: Named<'_>) {
        self.next(kind);
        if !whose.is_empty() {
            self.0.push(b':');
            self.0.extend_from_slice(whose.as_bytes());
        }
    }
}

impl Said<'_> {
    /// SHA-256 over the hash before and the words. What says no more than transfers could say at first is hashed as it was then.
    fn link(&self, before: &[u8; 32]) -> [u8; 32] {
        let is_first = self.purchase.is_some() && self.state == "posted" && self.subject.is_empty();
        let mut words = Words(Vec::with_capacity(256));
        words.0.extend_from_slice(if is_first { b"gridcard transfer 1" } else { b"gridcard transfer 2" });
        words.next(self.server);
        words.number(self.number);
        words.next(self.code);
        words.account(self.debit);
        words.account(self.credit);
        words.number(self.amount);
        words.next(self.at);
        match self.purchase {
            Some((life, count)) => {
                words.number(life);
                words.number(count);
            }
            None => words.0.extend_from_slice(b"||"),
        }
        words.0.push(b'|');
        if let Some(OrderId(id)) = self.order {
            id.iter().for_each(|byte| words.0.extend(DIGITS[usize::from(*byte)]));
        }
        if !is_first {
            words.next(self.state);
            words.next(self.resolves);
            words.next(self.subject);
        }
        Sha256::new().chain_update(before).chain_update(&words.0).finalize().into()
    }
}

/// Each byte in two capital hexadecimal digits.
const DIGITS: [[u8; 2]; 256] = {
    let (hex, mut digits, mut byte) = (b"0123456789ABCDEF", [[0; 2]; 256], 0);
    while byte < 256 {
        digits[byte] = [hex[byte >> 4], hex[byte & 15]];
        byte += 1;
    }
    digits
};

/// The hash a transfer carries that its server books as `number`, after one that carries `before` (32 zero bytes: the first).
pub fn link(before: &[u8; 32], server: &str, number: i64, transfer: &Transfer<'_>) -> [u8; 32] {
    let (debit, credit) = (transfer.debit.whose(), transfer.credit.whose());
    let said = Said {
        server,
        number,
        code: transfer.code.name(),
        debit: Named { kind: transfer.debit.kind(), whose: &debit },
        credit: Named { kind: transfer.credit.kind(), whose: &credit },
        amount: transfer.amount,
        at: &crate::rows::time_text(transfer.at),
        purchase: transfer.purchase.map(|purchase| (purchase.life, i64::from(purchase.count))),
        order: transfer.purchase.and_then(|purchase| purchase.order),
        state: transfer.standing.name(),
        resolves: &transfer.standing.resolves().map(Entry::to_string).unwrap_or_default(),
        subject: transfer.subject.unwrap_or_default(),
    };
    said.link(before)
}

/// Every transfer as it stands, with its accounts, by server and number: the columns that [`Booked::of`] reads, in their order.
pub(crate) const AS_BOOKED: &str = "SELECT t.id, t.server, t.number, t.code, t.amount, t.at, t.life, t.count, t.order_id, t.hash, \
     d.kind, d.customer, d.clerk, c.kind, c.customer, c.clerk, t.state, p.server || ':' || p.number, t.subject \
     FROM transfer t JOIN account d ON d.id = t.debit JOIN account c ON c.id = t.credit LEFT JOIN transfer p ON p.id = t.resolves \
     ORDER BY t.server, t.number";

/// The same of version 6, whose transfers all belong to a purchase and move their money at once.
pub(crate) const AS_BOOKED_6: &str = "SELECT t.id, t.server, t.number, t.code, t.amount, t.at, t.life, t.count, t.order_id, t.hash, \
     d.kind, d.customer, NULL, c.kind, c.customer, NULL, 'posted', NULL, NULL \
     FROM transfer t JOIN account d ON d.id = t.debit JOIN account c ON c.id = t.credit ORDER BY t.server, t.number";

/// A transfer as it stands: its row, what it says, and the hash it carries.
pub(crate) struct Booked<'a> {
    pub id: i64,
    pub hash: [u8; 32],
    said: Said<'a>,
}

impl<'a> Booked<'a> {
    /// A row of [`AS_BOOKED`].
    pub fn of(row: &'a Row<'_>) -> Result<Self, StoreError> {
        let whose =
            |customer, clerk| Ok::<_, StoreError>(text(row, customer)?.or(text(row, clerk)?).unwrap_or(""));
        let (life, count) = (number(row, 6)?, number(row, 7)?);
        let order = match row.at(8)? {
            Cell::Null => None,
            Cell::Bytes(id) => Some(OrderId(exactly(id, "transfer.order_id")?)),
            _ => return Err(odd(8)),
        };
        let Cell::Bytes(hash) = row.at(9)? else { return Err(odd(9)) };
        Ok(Booked {
            id: number(row, 0)?.ok_or_else(|| odd(0))?,
            hash: exactly(hash, "transfer.hash").unwrap_or_default(),
            said: Said {
                server: text(row, 1)?.ok_or_else(|| odd(1))?,
                number: number(row, 2)?.ok_or_else(|| odd(2))?,
                code: text(row, 3)?.ok_or_else(|| odd(3))?,
                debit: Named { kind: text(row, 10)?.ok_or_else(|| odd(10))?, whose: whose(11, 12)? },
                credit: Named { kind: text(row, 13)?.ok_or_else(|| odd(13))?, whose: whose(14, 15)? },
                amount: number(row, 4)?.ok_or_else(|| odd(4))?,
                at: text(row, 5)?.ok_or_else(|| odd(5))?,
                purchase: life.zip(count),
                order,
                state: text(row, 16)?.ok_or_else(|| odd(16))?,
                resolves: text(row, 17)?.unwrap_or(""),
                subject: text(row, 18)?.unwrap_or(""),
            },
        })
    }

    /// The server that booked it.
    pub const fn server(&self) -> &str {
        self.said.server
    }

    /// Its number there.
    pub const fn number(&self) -> i64 {
        self.said.number
    }

    /// What happened.
    pub const fn code(&self) -> &str {
        self.said.code
    }

    /// The hash it should carry after one that carries `before`.
    pub fn linked(&self, before: &[u8; 32]) -> [u8; 32] {
        self.said.link(before)
    }
}

fn odd(place: usize) -> StoreError {
    StoreError::Value {
        place: "a transfer",
        detail: format!("column {place} of the list is none of its kind"),
    }
}

fn text<'a>(row: &'a Row<'_>, place: usize) -> Result<Option<&'a str>, StoreError> {
    match row.at(place)? {
        Cell::Null => Ok(None),
        Cell::Text(text) => Ok(Some(text)),
        _ => Err(odd(place)),
    }
}

fn number(row: &Row<'_>, place: usize) -> Result<Option<i64>, StoreError> {
    match row.at(place)? {
        Cell::Null => Ok(None),
        Cell::Int(number) => Ok(Some(number)),
        _ => Err(odd(place)),
    }
}
