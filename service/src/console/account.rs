//! What bounds a customer's purchases beside his meter: the power company's word, its contracts, the limits that two people have set.

use super::html::{Html, day, yuan};
use super::matters::scope_key;
use super::visit::Visit;
use parties::Result;
use scheme::moment::Moment;
use server::{Registration, Scope};

/// A contract of the power company.
pub struct ContractLine {
    /// Its number.
    pub number: String,
    /// Its tariff; empty: none was said.
    pub tariff: String,
    /// From when.
    pub begins: String,
    /// To when; empty: no end was said.
    pub ends: String,
}

/// A limit, and what is left of it today.
pub struct RoomLine {
    /// The word for what it is of.
    pub key: &'static str,
    /// How much may be sold.
    pub limit: String,
    /// How much still may; empty: the limit is of each order.
    pub left: String,
}

/// What bounds a customer's purchases.
pub struct Account {
    /// Why the power company lets nothing be sold, in its words; they may be none.
    pub blocked: Option<String>,
    /// The contracts.
    pub contracts: Vec<ContractLine>,
    /// The limits.
    pub rooms: Vec<RoomLine>,
}

impl Account {
    /// Of a customer, now.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn of(visit: &Visit<'_>, known: &Registration, now: Moment) -> Result<Self> {
        let books = visit.books();
        let contracts = books.contracts_about(known.customer, Some(known.meter))?.into_iter();
        let contracts = contracts.map(|one| ContractLine {
            number: one.contract,
            tariff: one.tariff.unwrap_or_default(),
            begins: day(one.begins),
            ends: one.ends.map_or_else(String::new, day),
        });
        let rooms = books.rooms(known.meter, visit.desk().office(), now)?.into_iter();
        let rooms = rooms.map(|room| RoomLine {
            key: scope_key(room.scope),
            limit: yuan(room.limit_fen),
            left: if room.scope == Scope::Order {
                String::new()
            } else {
                yuan((room.limit_fen - room.used_fen).max(0))
            },
        });
        Ok(Account {
            blocked: blocked(visit, known)?,
            contracts: contracts.collect(),
            rooms: rooms.collect(),
        })
    }
}

/// Why the power company lets nothing be sold to a customer; `None`: it does.
///
/// # Errors
/// The books cannot be read.
pub fn blocked(visit: &Visit<'_>, known: &Registration) -> Result<Option<String>> {
    Ok(visit.books().blocked(known.customer, known.meter)?)
}

/// The same as a sentence, for whoever would sell.
///
/// # Errors
/// The books cannot be read.
pub fn blocked_words(visit: &Visit<'_>, known: &Registration) -> Result<Option<Html>> {
    let lang = visit.lang;
    Ok(blocked(visit, known)?.map(|reason| match reason.as_str() {
        "" => Html::text(lang.t("co.blocked.mute")),
        reason => lang.say("co.blocked.why", &[Html::text(reason)]),
    }))
}
