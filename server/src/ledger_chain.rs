//! The chain through the ledger: each transfer carries a hash of itself and of the one its server booked before
//! [docs/specs/books.md 12].

use crate::engine::Row;
use crate::error::StoreError;
use crate::rows::{bytes, column};
use crate::transfer::{Entry, Transfer};
use scheme::order::OrderId;
use sha2::{Digest, Sha256};

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
    debit: &'a str,
    credit: &'a str,
    amount: i64,
    at: &'a str,
    /// Life and count.
    purchase: Option<(i64, u32)>,
    order: &'a str,
    state: &'a str,
    resolves: &'a str,
    subject: &'a str,
}

impl Said<'_> {
    /// SHA-256 over the hash before and the words. What says no more than transfers could say at first is hashed as it was then.
    fn link(&self, before: &[u8; 32]) -> [u8; 32] {
        let Said {
            server,
            number,
            code,
            debit,
            credit,
            amount,
            at,
            purchase,
            order,
            state,
            resolves,
            subject,
        } = self;
        let (life, count) = match purchase {
            Some((life, count)) => (life.to_string(), count.to_string()),
            None => (String::new(), String::new()),
        };
        let words = format!("{server}|{number}|{code}|{debit}|{credit}|{amount}|{at}|{life}|{count}|{order}");
        let words = if purchase.is_some() && *state == "posted" && subject.is_empty() {
            format!("gridcard transfer 1|{words}")
        } else {
            format!("gridcard transfer 2|{words}|{state}|{resolves}|{subject}")
        };
        Sha256::new().chain_update(before).chain_update(words.as_bytes()).finalize().into()
    }
}

/// The hash a transfer carries that its server books as `number`, after one that carries `before` (32 zero bytes: the first).
pub fn link(before: &[u8; 32], server: &str, number: i64, transfer: &Transfer<'_>) -> [u8; 32] {
    let order = transfer.purchase.and_then(|purchase| purchase.order);
    let said = Said {
        server,
        number,
        code: transfer.code.name(),
        debit: &transfer.debit.name(),
        credit: &transfer.credit.name(),
        amount: transfer.amount,
        at: &crate::rows::time_text(transfer.at),
        purchase: transfer.purchase.map(|purchase| (purchase.life, purchase.count)),
        order: &order.map(|id| id.to_string()).unwrap_or_default(),
        state: transfer.standing.name(),
        resolves: &transfer.standing.resolves().map(Entry::to_string).unwrap_or_default(),
        subject: transfer.subject.unwrap_or_default(),
    };
    said.link(before)
}

/// Every transfer as it stands, with the names of its accounts, by server and number.
pub(crate) const AS_BOOKED: &str = "SELECT t.id AS id, t.server AS server, t.number AS number, t.code AS code, \
     t.amount AS amount, t.at AS at, t.life AS life, t.count AS count, t.order_id AS order_id, t.hash AS hash, \
     d.kind || CASE WHEN d.customer IS NOT NULL THEN ':' || d.customer WHEN d.clerk IS NOT NULL THEN ':' || d.clerk ELSE '' END \
     AS debit, \
     c.kind || CASE WHEN c.customer IS NOT NULL THEN ':' || c.customer WHEN c.clerk IS NOT NULL THEN ':' || c.clerk ELSE '' END \
     AS credit, \
     t.state AS state, p.server || ':' || p.number AS resolves, t.subject AS subject \
     FROM transfer t JOIN account d ON d.id = t.debit JOIN account c ON c.id = t.credit LEFT JOIN transfer p ON p.id = t.resolves \
     ORDER BY t.server, t.number";

/// The same of version 6, whose transfers all belong to a purchase and move their money at once.
pub(crate) const AS_BOOKED_6: &str = "SELECT t.id AS id, t.server AS server, t.number AS number, t.code AS code, \
     t.amount AS amount, t.at AS at, t.life AS life, t.count AS count, t.order_id AS order_id, t.hash AS hash, \
     d.kind || CASE WHEN d.customer IS NULL THEN '' ELSE ':' || d.customer END AS debit, \
     c.kind || CASE WHEN c.customer IS NULL THEN '' ELSE ':' || c.customer END AS credit, \
     'posted' AS state, NULL AS resolves, NULL AS subject \
     FROM transfer t JOIN account d ON d.id = t.debit JOIN account c ON c.id = t.credit ORDER BY t.server, t.number";

/// A transfer as it stands: its row, where it is in its chain, what hash it carries, and what hash it should carry after `before`.
pub(crate) struct Booked {
    pub id: i64,
    pub server: String,
    pub number: i64,
    pub hash: [u8; 32],
    pub linked: [u8; 32],
}

pub(crate) fn booked(row: &Row<'_>, before: impl FnOnce(&str) -> [u8; 32]) -> Result<Booked, StoreError> {
    let (server, code, debit, credit, at): (String, String, String, String, String) = (
        column(row, "server")?,
        column(row, "code")?,
        column(row, "debit")?,
        column(row, "credit")?,
        column(row, "at")?,
    );
    let order: Option<Vec<u8>> = column(row, "order_id")?;
    let order = order.map(|_| bytes(row, "order_id").map(|id| OrderId(id).to_string())).transpose()?;
    let (life, count): (Option<i64>, Option<u32>) = (column(row, "life")?, column(row, "count")?);
    let (state, resolves, subject): (String, Option<String>, Option<String>) =
        (column(row, "state")?, column(row, "resolves")?, column(row, "subject")?);
    let (number, amount) = (column(row, "number")?, column(row, "amount")?);
    let said = Said {
        server: &server,
        number,
        code: &code,
        debit: &debit,
        credit: &credit,
        amount,
        at: &at,
        purchase: life.zip(count),
        order: order.as_deref().unwrap_or_default(),
        state: &state,
        resolves: resolves.as_deref().unwrap_or_default(),
        subject: subject.as_deref().unwrap_or_default(),
    };
    let linked = said.link(&before(&server));
    Ok(Booked { id: column(row, "id")?, hash: bytes(row, "hash")?, linked, server, number })
}
