//! More than may be sold, in words.

use scheme::fault::{Fault, Hint};
use scheme::money::Fen;

/// What a limit is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One order.
    Order,
    /// All that one customer buys in a day.
    CustomerDay,
    /// All that one office sells in a day.
    OfficeDay,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 3] = [Scope::Order, Scope::CustomerDay, Scope::OfficeDay];

    /// The name in the store, and as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Order => "order",
            Scope::CustomerDay => "customer-day",
            Scope::OfficeDay => "office-day",
        }
    }

    /// The scope of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A limit that a sale would pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{asked} yuan are more than may be sold: the limit of {} is {limit} yuan, {left} are left", .scope.words())]
pub struct LimitReached {
    /// Of what.
    pub scope: Scope,
    /// The limit.
    pub limit: Fen,
    /// What is left of it.
    pub left: Fen,
    /// What was asked for.
    pub asked: Fen,
}

impl Scope {
    const fn words(self) -> &'static str {
        match self {
            Scope::Order => "an order",
            Scope::CustomerDay => "a customer and day",
            Scope::OfficeDay => "an office and day",
        }
    }
}

impl Fault for LimitReached {
    fn hint(&self) -> Hint {
        Some("sell less; two people set other limits with `gridcard server limits set`".into())
    }

    fn code(&self) -> &str {
        match self.scope {
            Scope::Order => "limit-order",
            Scope::CustomerDay => "limit-customer-day",
            Scope::OfficeDay => "limit-office-day",
        }
    }
}
