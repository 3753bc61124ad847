//! Limits of a security module that is not where its city is: three files cross, and nobody carries a card
//! [docs/specs/renewal.md].
//!
//! The city asks ([`Request`]), the bank answers with the module's statement and the orders it sealed ([`Answer`]), and the city's
//! issuing card seals the limit for the challenge the module keeps ([`Renewal`]).

use crate::chain::Chain;
use crate::error::StoreError;
use crate::store::View;
use scheme::order::Order;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Where a chain stands, in a file: no more than whoever goes on from there needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stand {
    /// Orders sealed.
    pub orders: u32,
    /// Their amounts together.
    pub value_fen: u64,
    /// The chain after the last.
    #[serde(with = "hex::serde")]
    pub chain: [u8; 32],
}

impl Stand {
    /// Of a module that has sealed nothing.
    pub const EMPTY: Stand = Stand { orders: 0, value_fen: 0, chain: [0; 32] };

    /// Where a chain stands.
    pub const fn of(chain: &Chain) -> Self {
        Stand { orders: chain.count, value_fen: chain.value, chain: chain.head }
    }
}

/// A city asks for a module's statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// [`Request::FORMAT`].
    pub format: String,
    /// Region code of the city.
    pub city: String,
    /// Number of the module.
    pub psam: String,
    /// Drawn by the city; the statement is over it, so it is no old one.
    #[serde(with = "hex::serde")]
    pub challenge: [u8; 8],
    /// What the city saw last: orders are wanted from there on.
    pub since: Stand,
    /// Where the city's log stood.
    pub log: serde_json::Value,
}

/// The module's statement and the orders it sealed since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// [`Answer::FORMAT`].
    pub format: String,
    /// Number of the module.
    pub psam: String,
    /// The challenge of the request.
    #[serde(with = "hex::serde")]
    pub challenge: [u8; 8],
    /// Where its chain stands.
    pub stand: Stand,
    /// The chain before the last order.
    #[serde(with = "hex::serde")]
    pub chain_before: [u8; 32],
    /// Its MAC over challenge and chain.
    #[serde(with = "hex::serde")]
    pub mac: [u8; 8],
    /// The challenge it keeps for the limit.
    #[serde(with = "hex::serde")]
    pub limit_challenge: [u8; 8],
    /// The request's `since`.
    pub since: Stand,
    /// The orders from there on, each as it was sealed (`E1 ..`), in their sequence.
    pub order_list: Vec<String>,
    /// Where the bank's log stood.
    pub log: serde_json::Value,
}

/// A limit, sealed for one module and one challenge of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// [`Renewal::FORMAT`].
    pub format: String,
    /// Region code of the city.
    pub city: String,
    /// Number of the module.
    pub psam: String,
    /// Orders it may seal in all.
    pub orders: u32,
    /// Value it may seal in all.
    pub value_fen: u64,
    /// The challenge it is sealed for.
    #[serde(with = "hex::serde")]
    pub challenge: [u8; 8],
    /// MAC of SET LIMIT.
    #[serde(with = "hex::serde")]
    pub mac: [u8; 4],
    /// Where the city's log stood.
    pub log: serde_json::Value,
}

/// A file of the exchange says what it is.
pub trait ExchangeFile: DeserializeOwned + Serialize {
    /// What its `format` says.
    const FORMAT: &'static str;

    /// What this one says.
    fn format(&self) -> &str;

    /// Reads one.
    ///
    /// # Errors
    /// Something else, or one of another make.
    fn parse(text: &str) -> Result<Self, RenewalError> {
        let file: Self = serde_json::from_str(text)
            .map_err(|source| RenewalError::Malformed { wanted: Self::FORMAT, source })?;
        if file.format() == Self::FORMAT {
            Ok(file)
        } else {
            Err(RenewalError::Format { wanted: Self::FORMAT, found: file.format().to_owned() })
        }
    }

    /// The file.
    ///
    /// # Errors
    /// Never with what these files hold; serde's signature.
    fn to_json(&self) -> Result<String, RenewalError> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|source| RenewalError::Malformed { wanted: Self::FORMAT, source })
    }
}

impl ExchangeFile for Request {
    const FORMAT: &'static str = "gridcard statement request 1";
    fn format(&self) -> &str {
        &self.format
    }
}

impl ExchangeFile for Answer {
    const FORMAT: &'static str = "gridcard statement 1";
    fn format(&self) -> &str {
        &self.format
    }
}

impl ExchangeFile for Renewal {
    const FORMAT: &'static str = "gridcard limit 1";
    fn format(&self) -> &str {
        &self.format
    }
}

/// What is wrong with a file of the exchange, or with what it says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenewalError {
    /// Not such a file.
    #[error("this is no file of the form {wanted:?}: {source}")]
    Malformed {
        /// What was wanted.
        wanted: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// Another file.
    #[error("the file says it is {found:?}, {wanted:?} is wanted")]
    Format {
        /// What was wanted.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// The bank's books begin after what the city saw.
    #[error("the city saw {since} order(s) of PSAM {psam}, and these books know it from order {known} on")]
    BooksBegin {
        /// The module.
        psam: String,
        /// What the city saw.
        since: u32,
        /// What these books know.
        known: u32,
    },
    /// An order of the list is none.
    #[error("order {0} of the list is no order")]
    NoOrder(u32),
    /// The list does not make the chain.
    #[error("the order list does not make the PSAM's chain: {0}")]
    Differs(String),
    /// The books failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl scheme::Fault for RenewalError {
    fn kind(&self) -> scheme::Kind {
        if matches!(self, RenewalError::NoOrder(_) | RenewalError::Differs(_)) {
            scheme::Kind::Security
        } else {
            scheme::Kind::Refused
        }
    }

    fn hint(&self) -> scheme::fault::Hint {
        Some(match self {
            RenewalError::Malformed { .. } | RenewalError::Format { .. } => {
                "three files cross: `psam statement-request`, `server psam-statement`, `psam limit --statement`"
            }
            RenewalError::BooksBegin { .. } => {
                "bring the PSAM to its city: `gridcard psam limit CARD` needs no order list"
            }
            RenewalError::NoOrder(_) | RenewalError::Differs(_) => {
                "give no limit: orders were sealed past the bank's books, or rows were changed there; ask for `server verify`"
            }
            RenewalError::Store(_) => return None,
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            RenewalError::Malformed { .. } => "renewal-malformed",
            RenewalError::Format { .. } => "renewal-format",
            RenewalError::BooksBegin { .. } => "renewal-books-begin",
            RenewalError::NoOrder(_) => "renewal-no-order",
            RenewalError::Differs(_) => "renewal-differs",
            RenewalError::Store(error) => error.code(),
        }
    }
}

/// Recomputes a chain from where it stood over the orders of a list: number, sum and chain must be those of `now`.
///
/// # Errors
/// An entry that is no order; a difference, in words.
pub fn compare(since: &Stand, order_list: &[String], now: &Stand) -> Result<(), RenewalError> {
    let mut chain = Chain { count: since.orders, value: since.value_fen, before: [0; 32], head: since.chain };
    for (entry, number) in order_list.iter().zip(1..) {
        let bytes = hex::decode(entry).map_err(|_| RenewalError::NoOrder(number))?;
        let order = Order::parse(&bytes).map_err(|_| RenewalError::NoOrder(number))?;
        chain = chain.next(&bytes, order.amount);
    }
    let made = Stand::of(&chain);
    if made == *now {
        return Ok(());
    }
    let words = match (made.orders == now.orders, made.value_fen == now.value_fen) {
        (false, _) => format!("it has sealed {} order(s), the list ends at {}", now.orders, made.orders),
        (true, false) => format!("it has sealed {} fen, the list says {}", now.value_fen, made.value_fen),
        (true, true) => "an order was changed, or another was sealed in its place".to_owned(),
    };
    Err(RenewalError::Differs(words))
}

impl View<'_> {
    /// The orders a module sealed after the first `since`, as it sealed them, by these books.
    ///
    /// # Errors
    /// The books begin later, or the store fails.
    pub fn sealed_since(&self, psam: &str, since: u32) -> Result<Vec<String>, RenewalError> {
        let known = self.books_begin(psam)?.unwrap_or(0);
        if known > since {
            return Err(RenewalError::BooksBegin { psam: psam.to_owned(), since, known });
        }
        let mut list = Vec::new();
        for (sequence, id) in self.seals(psam)? {
            if sequence <= since {
                continue;
            }
            // What was deleted here is missing in the list too: the city finds it, and so does `server verify`.
            if let Some(placed) = self.order(id)? {
                list.push(hex::encode_upper(placed.order.to_bytes()));
            }
        }
        Ok(list)
    }
}
