//! Contracts: what was applied for, by what else a customer is found, who he is, and the authorisation codes of his telephone
//! [docs/specs/books.md 18].

use crate::engine::params;
use crate::error::StoreError;
use crate::registration::Customer;
use crate::rows::{column, time, time_text};
use crate::store::{Store, Transaction, View};
use scheme::fault::{Fault, Hint, Kind};
use scheme::moment::Moment;
use scheme::numbers::CustomerNumber;

/// Tries an authorisation code has.
pub const TRIES: u32 = 5;
/// Seconds an authorisation code is good for: 72 hours.
pub const CODE_S: i64 = 72 * 3600;

/// An application, as it was written down at a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Whose.
    pub customer: CustomerNumber,
    /// When.
    pub at: Moment,
    /// In which office.
    pub office: String,
    /// By whom.
    pub clerk: String,
    /// Version of the form.
    pub form: u32,
    /// SHA-256 of the signed paper, scanned.
    pub scan: Option<[u8; 32]>,
    /// SHA-256 of the agreement as it was printed.
    pub agreement: [u8; 32],
    /// By what else he is found, and where his money comes from.
    pub contract: Contract,
    /// Who he is, enciphered.
    pub person: Option<Vec<u8>>,
}

/// By what else a customer's contract is found, and where his money comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contract {
    /// The number on the power company's bills, 1 to 32 characters.
    pub bill: Option<String>,
    /// A token of his bank's for his account, 1 to 64 characters; never the account's number.
    pub bank: Option<String>,
}

/// An authorisation code that is given out: what a phone proves that it knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSlip {
    /// Number of the slip.
    pub number: [u8; 4],
    /// Whose.
    pub customer: CustomerNumber,
    /// The telephone number it is bound to.
    pub msisdn: String,
    /// What the code becomes: the code itself is kept nowhere.
    pub psk: [u8; 32],
    /// When it was made; it is good for [`CODE_S`].
    pub at: Moment,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Where a customer's newest slip stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Its number.
    pub number: [u8; 4],
    /// When it was made.
    pub made: Moment,
    /// The last moment it is good.
    pub expires: Moment,
    /// Tries left.
    pub tries: u32,
    /// How it ended: `used`, `replaced`, `tries`, `expired`, `erased`.
    pub ended: Option<(Moment, String)>,
}

/// Why a contract is not written down, or a code not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// Somebody has the bill number.
    #[error("bill number {bill} belongs to another customer")]
    BillTaken {
        /// The number.
        bill: String,
    },
    /// The code is not the slip's.
    #[error("the code is not that of slip {number}; {left} tries are left")]
    Wrong {
        /// The slip, 8 hexadecimal digits.
        number: String,
        /// What is left.
        left: u32,
    },
    /// The slip is at its end, or there is none.
    #[error("slip {number} is no good any more: {why}")]
    Ended {
        /// The slip, 8 hexadecimal digits.
        number: String,
        /// Why not.
        why: String,
    },
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl ContractError {
    /// Nobody was given a slip of this number.
    pub fn no_slip(number: [u8; 4]) -> Self {
        ContractError::Ended { number: hex::encode_upper(number), why: "there is no such slip".to_owned() }
    }
}

impl Fault for ContractError {
    fn kind(&self) -> Kind {
        match self {
            ContractError::Store(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        match self {
            ContractError::Ended { .. } => Some("`gridcard server code new` makes another".into()),
            ContractError::Store(error) => error.hint(),
            _ => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            ContractError::BillTaken { .. } => "bill-taken",
            ContractError::Wrong { .. } => "code-wrong",
            ContractError::Ended { .. } => "code-ended",
            ContractError::Store(error) => error.code(),
        }
    }
}

/// Contracts, behind the seam of [`Books`](crate::Books).
pub trait Contracts {
    /// Writes an application down, for a customer who is registered. What it says of his contract takes the place of what was said
    /// before; what it does not say stays.
    ///
    /// # Errors
    /// Somebody else has the bill number.
    fn apply(&mut self, application: &Application) -> Result<i64, ContractError>;

    /// A customer's contract.
    ///
    /// # Errors
    /// The books cannot be read.
    fn contract_of(&self, customer: CustomerNumber) -> Result<Contract, StoreError>;

    /// The customer of a bill number.
    ///
    /// # Errors
    /// The books cannot be read.
    fn of_bill(&self, bill: &str) -> Result<Option<Customer>, StoreError>;

    /// Who a customer is, enciphered.
    ///
    /// # Errors
    /// The books cannot be read.
    fn person_of(&self, customer: CustomerNumber) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps a new authorisation code; the customer's old one ends.
    ///
    /// # Errors
    /// It cannot be kept.
    fn give_code(&mut self, slip: &NewSlip) -> Result<(), StoreError>;

    /// A customer's newest slip.
    ///
    /// # Errors
    /// The books cannot be read.
    fn slip_of(&self, customer: CustomerNumber) -> Result<Option<Slip>, StoreError>;

    /// Tries what a code became against a slip. The right one ends the slip and gives its customer; a wrong one spends a try, the
    /// last of which ends it. What is spent is kept, whatever comes of the act.
    ///
    /// # Errors
    /// It is wrong, or the slip is at its end.
    fn use_code(
        &mut self,
        number: [u8; 4],
        psk: &[u8; 32],
        at: Moment,
    ) -> Result<Result<CustomerNumber, ContractError>, StoreError>;
}

impl View<'_> {
    fn contract_of(&self, customer: CustomerNumber) -> Result<Contract, StoreError> {
        let found = self.conn.first(
            "SELECT bill, bank FROM contract WHERE customer = ?1",
            params![customer.to_string()],
            |row| Ok(Contract { bill: column(row, "bill")?, bank: column(row, "bank")? }),
        )?;
        Ok(found.unwrap_or_default())
    }
}

impl Transaction<'_> {
    fn end_slip(&self, number: [u8; 4], why: &str, at: Moment) -> Result<(), StoreError> {
        self.conn.write(
            "UPDATE slip SET psk = NULL, ended = ?2, why = ?3 WHERE number = ?1 AND ended IS NULL",
            params![number, time_text(at), why],
        )?;
        Ok(())
    }

    /// Spends a try of a slip; the last one ends it. What is left.
    pub(crate) fn spend_try(&self, number: [u8; 4], tries: u32, at: Moment) -> Result<u32, StoreError> {
        let left = tries.saturating_sub(1);
        self.conn.write("UPDATE slip SET tries = ?2 WHERE number = ?1", params![number, left])?;
        if left == 0 {
            self.end_slip(number, "tries", at)?;
        }
        Ok(left)
    }

    fn write_contract(&self, application: &Application) -> Result<(), ContractError> {
        let (customer, said) = (application.customer.to_string(), &application.contract);
        if let Some(bill) = &said.bill {
            let owner: Option<String> =
                self.conn.first("SELECT customer FROM contract WHERE bill = ?1", params![bill], |row| {
                    column(row, "customer")
                })?;
            if owner.is_some_and(|owner| owner != customer) {
                return Err(ContractError::BillTaken { bill: bill.clone() });
            }
        }
        let known = self.contract_of(application.customer)?;
        self.conn.write(
            "INSERT INTO contract (customer, bill, bank) VALUES (?1, ?2, ?3) \
             ON CONFLICT (customer) DO UPDATE SET bill = excluded.bill, bank = excluded.bank",
            params![
                customer,
                said.bill.as_ref().or(known.bill.as_ref()),
                said.bank.as_ref().or(known.bank.as_ref())
            ],
        )?;
        Ok(())
    }
}

impl Contracts for Store {
    fn apply(&mut self, application: &Application) -> Result<i64, ContractError> {
        self.batch(|act| {
            act.write_contract(application)?;
            let customer = application.customer.to_string();
            if let Some(person) = &application.person {
                act.conn.write(
                    "INSERT INTO person (customer, sealed) VALUES (?1, ?2) \
                     ON CONFLICT (customer) DO UPDATE SET sealed = excluded.sealed",
                    params![customer, person],
                )?;
            }
            Ok(act.conn.one(
                "INSERT INTO application (customer, at, office, clerk, form, scan, agreement) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
                params![
                    customer,
                    time_text(application.at),
                    application.office,
                    application.clerk,
                    application.form,
                    application.scan,
                    application.agreement
                ],
            )?)
        })
    }

    fn contract_of(&self, customer: CustomerNumber) -> Result<Contract, StoreError> {
        self.read(|view| view.contract_of(customer))
    }

    fn of_bill(&self, bill: &str) -> Result<Option<Customer>, StoreError> {
        self.read(|view| {
            let customer: Option<CustomerNumber> =
                view.conn.first("SELECT customer FROM contract WHERE bill = ?1", params![bill], |row| {
                    crate::rows::parsed(row, "customer")
                })?;
            customer.map_or(Ok(None), |customer| view.customer(customer))
        })
    }

    fn person_of(&self, customer: CustomerNumber) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|view| {
            view.conn.first(
                "SELECT sealed FROM person WHERE customer = ?1",
                params![customer.to_string()],
                |row| column(row, "sealed"),
            )
        })
    }

    fn give_code(&mut self, slip: &NewSlip) -> Result<(), StoreError> {
        let expires = slip.at.add_seconds(CODE_S).ok_or_else(|| StoreError::Value {
            place: "slip.expires",
            detail: format!("72 hours after {} are in no calendar", slip.at),
        })?;
        self.batch(|act| {
            let customer = slip.customer.to_string();
            act.conn.write(
                "UPDATE slip SET psk = NULL, ended = ?2, why = 'replaced' WHERE customer = ?1 AND ended IS NULL",
                params![customer, time_text(slip.at)],
            )?;
            act.conn.write(
                "INSERT INTO slip (number, customer, msisdn, psk, made, expires, made_by, reason, tries) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    slip.number,
                    customer,
                    slip.msisdn,
                    slip.psk,
                    time_text(slip.at),
                    time_text(expires),
                    slip.by,
                    slip.reason,
                    TRIES
                ],
            )?;
            Ok(())
        })
    }

    fn slip_of(&self, customer: CustomerNumber) -> Result<Option<Slip>, StoreError> {
        self.read(|view| {
            view.conn.first(
                "SELECT number, made, expires, tries, ended, why FROM slip WHERE customer = ?1 \
                 ORDER BY made DESC, ended IS NULL DESC LIMIT 1",
                params![customer.to_string()],
                |row| {
                    let ended = match column::<Option<String>>(row, "why")? {
                        Some(why) => Some((time(row, "ended")?, why)),
                        None => None,
                    };
                    Ok(Slip {
                        number: crate::rows::bytes(row, "number")?,
                        made: time(row, "made")?,
                        expires: time(row, "expires")?,
                        tries: column(row, "tries")?,
                        ended,
                    })
                },
            )
        })
    }

    fn use_code(
        &mut self,
        number: [u8; 4],
        psk: &[u8; 32],
        at: Moment,
    ) -> Result<Result<CustomerNumber, ContractError>, StoreError> {
        let name = hex::encode_upper(number);
        let gone = |why: &str| Ok(Err(ContractError::Ended { number: name.clone(), why: why.to_owned() }));
        self.batch(|act| {
            let found = act.conn.first(
                "SELECT customer, psk, expires, tries, why FROM slip WHERE number = ?1",
                params![number],
                |row| {
                    let kept: Option<Vec<u8>> = column(row, "psk")?;
                    let why: Option<String> = column(row, "why")?;
                    Ok((
                        crate::rows::parsed(row, "customer")?,
                        kept,
                        time(row, "expires")?,
                        column::<u32>(row, "tries")?,
                        why,
                    ))
                },
            )?;
            let Some((customer, kept, expires, tries, why)) = found else {
                return Ok(Err(ContractError::no_slip(number)));
            };
            let (Some(kept), None) = (kept, why.as_deref()) else {
                return gone(match why.as_deref() {
                    Some("used") => "it was used",
                    Some("replaced") => "a newer one was given out",
                    Some("tries") => "it was tried too often",
                    Some("erased") => "the customer's data were taken out",
                    _ => "its time is over",
                });
            };
            if at > expires {
                act.end_slip(number, "expired", at)?;
                return gone("its time is over");
            }
            if keys::equal(&kept, psk) {
                act.end_slip(number, "used", at)?;
                return Ok(Ok(customer));
            }
            let left = act.spend_try(number, tries, at)?;
            if left == 0 {
                return gone("it was tried too often");
            }
            Ok(Err(ContractError::Wrong { number: name.clone(), left }))
        })
    }
}
