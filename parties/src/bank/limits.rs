//! Limits of what is sold.

use super::desk::Desk;
use super::selling::two_people;
use crate::log;
use crate::session::Session;
use crate::trouble::{Result, refused};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::names;
use serde::{Deserialize, Serialize};
use server::{Limit, Scope};
use std::borrow::Cow;

/// The limits that hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LimitsReport {
    /// Each.
    pub limits: Vec<LimitLine>,
}

/// A limit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LimitLine {
    /// Of what: `order`, `customer-day` or `office-day`.
    pub scope: Cow<'static, str>,
    /// The office it holds for; empty: every office that has none of its own.
    pub office: String,
    /// How much.
    #[serde(with = "names::fen")]
    pub limit_fen: Fen,
    /// When it was set.
    #[serde(with = "names::text")]
    pub set: Moment,
    /// Who set it.
    pub by: String,
    /// The second person.
    pub second: String,
}

/// The limits that hold.
///
/// # Errors
/// The books cannot be read.
pub fn limits(session: &Session, desk: &Desk) -> Result<LimitsReport> {
    desk.folder(session)?;
    let line = |limit: Limit| LimitLine {
        scope: limit.scope.name().into(),
        office: limit.office,
        limit_fen: limit.fen,
        set: limit.at,
        by: limit.by,
        second: limit.second,
    };
    Ok(LimitsReport { limits: desk.books().limits()?.into_iter().map(line).collect() })
}

/// Sets a limit, or takes it away where no amount is named. `None`: a request for the second person was written in its place.
///
/// # Errors
/// An amount of nothing; there is none to take away.
pub fn set_limit(
    session: &Session,
    desk: &mut Desk,
    scope: Scope,
    office: &str,
    fen: Option<Fen>,
) -> Result<Option<LimitsReport>> {
    let folder = desk.folder(session)?;
    if fen == Some(Fen(0)) {
        return Err(refused("a limit of 0.00 yuan sells nothing").code("limit-nothing").into());
    }
    let act = "setting a limit of what is sold";
    let Some(two) = two_people(session, &folder, desk.books(), act)? else { return Ok(None) };
    log::second(session, two.second());
    log::fact(session, "scope", scope.name());
    log::fact(session, "office", office);
    let at = session.now()?;
    match fen {
        Some(fen) => {
            log::fact(session, "limit_fen", fen.0);
            let (by, second) = (two.first.to_string(), two.second());
            desk.books_mut().set_limit(&Limit { scope, office: office.to_owned(), fen, at, by, second })?;
        }
        None => {
            if !desk.books_mut().end_limit(scope, office)? {
                return Err(refused("there is no such limit").code("limit-none").into());
            }
        }
    }
    limits(session, desk).map(Some)
}
