//! What the books know of a person apart from his money, and how it is taken out of them [docs/specs/books.md 22].
//!
//! The ledger has customers' numbers alone. Who is behind a number stands in a few columns: those can be emptied, and nothing that was
//! booked, ordered or chained changes.

use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::finding::Cleared;
use crate::payment::{PaymentState, Which};
use crate::phone::PhoneEnd;
use crate::registration::{Customer, Registration, Sim};
use crate::rows::{column, parsed, time, time_text};
use crate::store::{Store, Transaction, View};
use scheme::fault::{Fault, Hint, Kind};
use scheme::moment::Moment;
use scheme::numbers::CustomerNumber;
use scheme::order::OrderId;

/// What stands in the place of a name, and of a bank's token.
pub const ERASED: &str = "erased";
/// What stands in the place of a telephone number: one that nobody is given.
const PHONE: &str = "+861000000000000";
/// What stands in the place of a telephone's identity.
const IMEI: &str = "000000000000000";
/// What stands in the place of an answer that named him.
const ANSWER: &str = "{\"erased\":true}";

/// In the place of a subscriber's identity: of the country that no network is in, and the customer's number, so that it is nobody else's.
fn imsi(customer: CustomerNumber) -> String {
    format!("999{customer}")
}

/// In the place of a SIM's number, by the same rule.
fn iccid(customer: CustomerNumber) -> String {
    format!("8999999{customer}")
}

impl Registration {
    /// Whether what was known of him was taken out.
    pub fn is_erased(&self) -> bool {
        is_mark(&self.sim, self.customer)
    }
}

impl Customer {
    /// Whether what was known of him was taken out.
    pub fn is_erased(&self) -> bool {
        is_mark(&self.sim, self.customer)
    }
}

fn is_mark(sim: &Sim, customer: CustomerNumber) -> bool {
    sim.imsi.as_str() == imsi(customer)
}

/// A SIM that a customer has, or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSim {
    /// It.
    pub sim: Sim,
    /// He has it now.
    pub current: bool,
    /// When it took another one's place, where the books kept it.
    pub since: Option<Moment>,
}

/// An application of his.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptApplication {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Moment,
    /// In which office.
    pub office: String,
    /// Version of the form.
    pub form: u32,
}

/// When what was known of a customer was taken out, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// When.
    pub at: Moment,
    /// By whom.
    pub by: String,
    /// The second person.
    pub second: String,
}

/// Why nothing is taken out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EraseError {
    /// No such customer.
    #[error("customer {0} is not registered")]
    Unknown(CustomerNumber),
    /// It was done.
    #[error("what was known of customer {customer} was taken out at {at}")]
    Done {
        /// The customer.
        customer: CustomerNumber,
        /// When.
        at: Moment,
    },
    /// An order of his has no receipt.
    #[error("customer {customer} has order {order} outstanding")]
    Outstanding {
        /// The customer.
        customer: CustomerNumber,
        /// The order.
        order: OrderId,
    },
    /// Money is between him and the bank.
    #[error("customer {customer} is not even with the bank: {what}")]
    Owed {
        /// The customer.
        customer: CustomerNumber,
        /// What.
        what: String,
    },
    /// The company has a contract with him.
    #[error("contract {contract} about customer {customer} still runs")]
    Contract {
        /// The customer.
        customer: CustomerNumber,
        /// Its number.
        contract: String,
    },
    /// Something about his meter waits for somebody.
    #[error("{what} about customer {customer} waits for somebody")]
    Waits {
        /// The customer.
        customer: CustomerNumber,
        /// What.
        what: String,
    },
    /// One person alone, or twice the same.
    #[error("two different people take out what is known of customer {0}")]
    TwoPeople(CustomerNumber),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Fault for EraseError {
    fn kind(&self) -> Kind {
        match self {
            EraseError::Store(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        match self {
            EraseError::Outstanding { .. } => {
                Some("settle its receipt, or take it back with `gridcard server reverse`".into())
            }
            EraseError::Owed { .. } => Some(
                "`gridcard server statement` has it; pay back what is due with `gridcard server refund`"
                    .into(),
            ),
            EraseError::Contract { .. } => {
                Some("the power company says when it ends: `gridcard company import contracts`".into())
            }
            EraseError::Store(error) => error.hint(),
            _ => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            EraseError::Unknown(_) => "erase-unknown-customer",
            EraseError::Done { .. } => "erase-done",
            EraseError::Outstanding { .. } => "erase-outstanding",
            EraseError::Owed { .. } => "erase-not-even",
            EraseError::Contract { .. } => "erase-contract",
            EraseError::Waits { .. } => "erase-waits",
            EraseError::TwoPeople(_) => "erase-two-people",
            EraseError::Store(error) => error.code(),
        }
    }
}

/// Persons, behind the seam of [`Books`](crate::Books).
pub trait Persons {
    /// The SIMs that a customer has and had, oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn sims_of(&self, customer: CustomerNumber) -> Result<Vec<KeptSim>, StoreError>;

    /// His applications, oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn applications_of(&self, customer: CustomerNumber) -> Result<Vec<KeptApplication>, StoreError>;

    /// When what was known of him was taken out; `None`: it was not.
    ///
    /// # Errors
    /// The books cannot be read.
    fn erasure_of(&self, customer: CustomerNumber) -> Result<Option<Erasure>, StoreError>;

    /// Takes out what is known of a customer, which two people do. What was booked, ordered and chained stays.
    ///
    /// # Errors
    /// Something is outstanding or waits, a contract runs, one person alone.
    fn erase(&mut self, customer: CustomerNumber, erased: &Cleared) -> Result<Erasure, EraseError>;
}

fn kept_sim(row: &Row<'_>) -> Result<KeptSim, StoreError> {
    let since: Option<String> = column(row, "since")?;
    Ok(KeptSim {
        sim: Sim { msisdn: parsed(row, "msisdn")?, imsi: parsed(row, "imsi")?, iccid: parsed(row, "iccid")? },
        current: column(row, "current")?,
        since: since.map(|_| time(row, "since")).transpose()?,
    })
}

impl View<'_> {
    fn erasure_of(&self, customer: CustomerNumber) -> Result<Option<Erasure>, StoreError> {
        self.conn.first(
            "SELECT at, made_by, second FROM erasure WHERE customer = ?1",
            params![customer.to_string()],
            |row| {
                let (by, second) = (column(row, "made_by")?, column(row, "second")?);
                Ok(Erasure { at: time(row, "at")?, by, second })
            },
        )
    }

    /// Refuses while something is between him and the bank, or between him and the company.
    fn must_be_even(&self, known: &Customer, now: Moment) -> Result<(), EraseError> {
        let customer = known.customer;
        let order: Option<OrderId> = self.conn.first(
            "SELECT o.id AS id FROM purchase_order o JOIN purchase p ON p.life = o.life AND p.count = o.count \
             WHERE p.customer = ?1 AND o.state IN ('prepared', 'sealed') ORDER BY o.seq LIMIT 1",
            params![customer.to_string()],
            |row| crate::rows::bytes(row, "id").map(OrderId),
        )?;
        if let Some(order) = order {
            return Err(EraseError::Outstanding { customer, order });
        }
        let owed = |what: String| Err(EraseError::Owed { customer, what });
        for (fen, words) in [
            (self.prepaid(customer)?, "fen are paid and not confirmed"),
            (self.refund_due(customer)?, "fen are due to him"),
        ] {
            if fen != 0 {
                return owed(format!("{fen} {words}"));
            }
        }
        for payment in self.payments(Which::Of(customer))? {
            let is_over =
                matches!(payment.state, PaymentState::Spent | PaymentState::Refused | PaymentState::Reversed);
            if !is_over || self.stands_in_suspense(payment.order)? {
                return owed(format!("payment {} is {}", payment.reference(), payment.state.name()));
            }
        }
        // Those that name him alone, and those about each of his meters.
        for meter in known.meters.iter().map(|held| Some(held.meter)).chain([None]) {
            let mut about = self.contracts_about(customer, meter)?.into_iter();
            if let Some(found) = about.find(|found| found.ends.is_none_or(|ends| ends >= now)) {
                return Err(EraseError::Contract { customer, contract: found.contract });
            }
        }
        for (sql, what) in [
            (
                "SELECT f.id AS id FROM finding f JOIN life l ON l.meter = f.meter JOIN purchase p ON p.life = l.id \
              WHERE p.customer = ?1 AND f.cleared IS NULL ORDER BY f.id LIMIT 1",
                "finding",
            ),
            (
                "SELECT id FROM meter_change WHERE customer = ?1 AND basis <> 'read' AND final IS NULL ORDER BY id LIMIT 1",
                "change of a meter",
            ),
            (
                "SELECT id FROM approval WHERE customer = ?1 AND state = 'waiting' ORDER BY id LIMIT 1",
                "approval",
            ),
        ] {
            let id: Option<i64> =
                self.conn.first(sql, params![customer.to_string()], |row| column(row, "id"))?;
            if let Some(id) = id {
                return Err(EraseError::Waits { customer, what: format!("{what} {id}") });
            }
        }
        Ok(())
    }

    fn stands_in_suspense(&self, payment: OrderId) -> Result<bool, StoreError> {
        Ok(self.of_subject(crate::transfer::Account::Suspense, &payment.to_string())? != 0)
    }
}

impl Transaction<'_> {
    fn erase(&self, customer: CustomerNumber, erased: &Cleared) -> Result<Erasure, EraseError> {
        let known = self.customer(customer)?.ok_or(EraseError::Unknown(customer))?;
        if let Some(Erasure { at, .. }) = self.erasure_of(customer)? {
            return Err(EraseError::Done { customer, at });
        }
        let Some(second) = erased.second.clone().filter(|second| *second != erased.by) else {
            return Err(EraseError::TwoPeople(customer));
        };
        self.must_be_even(&known, erased.at)?;
        let (number, at) = (customer.to_string(), time_text(erased.at));
        self.whole(|| {
            let change = |sql: &str, values: &[crate::engine::Value<'_>]| self.conn.write(sql, values);
            change("UPDATE customer SET name = ?2, imei = ?3 WHERE customer = ?1", params![number, ERASED, IMEI])?;
            change(
                "UPDATE sim SET msisdn = ?2, imsi = ?3, iccid = ?4 WHERE customer = ?1",
                params![number, PHONE, imsi(customer), iccid(customer)],
            )?;
            change("DELETE FROM person WHERE customer = ?1", params![number])?;
            change("DELETE FROM contract WHERE customer = ?1", params![number])?;
            change(
                "UPDATE slip SET psk = NULL, ended = ?2, why = 'erased' WHERE customer = ?1 AND ended IS NULL",
                params![number, at],
            )?;
            change("UPDATE slip SET msisdn = ?2 WHERE customer = ?1", params![number, PHONE])?;
            self.end_phones_of(customer, PhoneEnd::Erased, erased.at)?;
            change(
                "UPDATE payment SET account = ?2 WHERE order_id IN (SELECT y.order_id FROM payment y \
                 JOIN purchase_order o ON o.id = y.order_id JOIN purchase p ON p.life = y.life AND p.count = y.count \
                 WHERE coalesce(o.given_up_by, p.customer) = ?1)",
                params![number, ERASED],
            )?;
            change("UPDATE online_purchase SET account = NULL WHERE customer = ?1", params![number])?;
            // Answers to requests say what they said of him no more.
            change(
                "UPDATE request SET answer = ?2 WHERE answer LIKE '%' || ?1 || '%'",
                params![number, ANSWER],
            )?;
            change(
                "INSERT INTO erasure (customer, at, made_by, second, note) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![number, at, erased.by, second, erased.note],
            )?;
            Ok::<_, StoreError>(())
        })?;
        Ok(Erasure { at: erased.at, by: erased.by.clone(), second })
    }
}

impl Persons for Store {
    fn sims_of(&self, customer: CustomerNumber) -> Result<Vec<KeptSim>, StoreError> {
        self.read(|view| {
            view.conn.all(
                "SELECT msisdn, imsi, iccid, current, since FROM sim WHERE customer = ?1 ORDER BY id",
                params![customer.to_string()],
                kept_sim,
            )
        })
    }

    fn applications_of(&self, customer: CustomerNumber) -> Result<Vec<KeptApplication>, StoreError> {
        self.read(|view| {
            view.conn.all(
                "SELECT id, at, office, form FROM application WHERE customer = ?1 ORDER BY id",
                params![customer.to_string()],
                |row| {
                    Ok(KeptApplication {
                        id: column(row, "id")?,
                        at: time(row, "at")?,
                        office: column(row, "office")?,
                        form: column(row, "form")?,
                    })
                },
            )
        })
    }

    fn erasure_of(&self, customer: CustomerNumber) -> Result<Option<Erasure>, StoreError> {
        self.read(|view| view.erasure_of(customer))
    }

    fn erase(&mut self, customer: CustomerNumber, erased: &Cleared) -> Result<Erasure, EraseError> {
        self.batch(|act| act.erase(customer, erased))
    }
}
