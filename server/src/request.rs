//! What was asked under the id of whoever asked: the same is answered the same for ever, and done once.

use crate::engine::{About, Question, params};
use crate::error::StoreError;
use crate::rows::{bytes, column, time_text};
use crate::store::{Transaction, View};
use scheme::moment::Moment;
use scheme::order::OrderId;

/// A request that is about to be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who asks.
    pub principal: String,
    /// The id he gave it, 1 to 64 characters.
    pub id: String,
    /// SHA-256 of what is asked.
    pub body: [u8; 32],
    /// The id that an order is to have which is made for it.
    pub order: OrderId,
    /// When it came.
    pub at: Moment,
}

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// What it said.
    pub body: String,
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nobody asked it before.
    New,
    /// It was asked before and has no answer: whoever worked on it may have died. An order made for it has this id.
    UnderWay(OrderId),
    /// It was answered.
    Answered(Answer),
}

/// Why a request is not worked on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The id is of another request.
    #[error("the request id {0} was used for another request")]
    Reused(String),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl scheme::Fault for RequestError {
    fn hint(&self) -> scheme::fault::Hint {
        match self {
            RequestError::Reused(_) => Some(
                "a new request has a new id; the same request again is the same to the byte of its meaning"
                    .into(),
            ),
            RequestError::Store(error) => error.hint(),
        }
    }

    fn kind(&self) -> scheme::Kind {
        match self {
            RequestError::Reused(_) => scheme::Kind::Refused,
            RequestError::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &str {
        match self {
            RequestError::Reused(_) => "request-id-reused",
            RequestError::Store(error) => error.code(),
        }
    }
}

fn about(principal: &str, id: &str) -> About {
    About::Request(principal.to_owned(), id.to_owned())
}

/// Where a request stands.
pub(crate) fn request_of(principal: &str, id: &str) -> Question {
    Question::new(
        "SELECT body, order_id, status, answer FROM request WHERE principal = ?1 AND id = ?2",
        params![principal, id],
    )
    .about(about(principal, id))
}

impl View<'_> {
    fn request(&self, claim: &Claim) -> Result<Option<([u8; 32], Claimed)>, StoreError> {
        self.conn.answer(&request_of(&claim.principal, &claim.id), |row| {
            let stands = match (column::<Option<u16>>(row, "status")?, column(row, "answer")?) {
                (Some(status), Some(body)) => Claimed::Answered(Answer { status, body }),
                _ => Claimed::UnderWay(OrderId(bytes(row, "order_id")?)),
            };
            Ok((bytes(row, "body")?, stands))
        })
    }
}

impl View<'_> {
    /// The answer that somebody was given to a request.
    pub fn answered(&self, principal: &str, id: &str) -> Result<Option<Answer>, StoreError> {
        self.conn.first(
            "SELECT status, answer FROM request WHERE principal = ?1 AND id = ?2 AND status IS NOT NULL",
            params![principal, id],
            |row| Ok(Answer { status: column(row, "status")?, body: column(row, "answer")? }),
        )
    }
}

impl View<'_> {
    /// The order of a request, and its answer.
    pub fn asked(&self, principal: &str, id: &str) -> Result<Option<(OrderId, Option<Answer>)>, StoreError> {
        self.conn.first(
            "SELECT order_id, status, answer FROM request WHERE principal = ?1 AND id = ?2",
            params![principal, id],
            |row| {
                let answer = match (column::<Option<u16>>(row, "status")?, column(row, "answer")?) {
                    (Some(status), Some(body)) => Some(Answer { status, body }),
                    _ => None,
                };
                Ok((OrderId(bytes(row, "order_id")?), answer))
            },
        )
    }
}

impl Transaction<'_> {
    /// Writes a request down before it is worked on, or says where it stands.
    pub fn claim(&self, claim: &Claim) -> Result<Claimed, RequestError> {
        let Claim { principal, id, body, order, at } = claim;
        match self.request(claim)? {
            Some((asked, stands)) if asked == *body => Ok(stands),
            Some(_) => Err(RequestError::Reused(id.clone())),
            None => {
                self.conn.write_of(
                    || [about(principal, id)],
                    "INSERT INTO request (principal, id, body, order_id, at) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![principal, id, body, order.0, time_text(*at)],
                )?;
                Ok(Claimed::New)
            }
        }
    }

    /// Keeps the answer of a request that has none.
    pub fn answer(&self, principal: &str, id: &str, answer: &Answer) -> Result<(), StoreError> {
        self.conn.write_of(
            || [about(principal, id)],
            "UPDATE request SET status = ?3, answer = ?4 WHERE principal = ?1 AND id = ?2 AND status IS NULL",
            params![principal, id, answer.status, answer.body],
        )?;
        Ok(())
    }
}
