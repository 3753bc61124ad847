//! What the power company says, kept: each message once.

use crate::company::{
    Block, Blocked, Company, CompanyError, Contract, Event, MessageId, Said, Taken, Tariff,
};
use crate::engine::{Question, Row, params};
use crate::error::StoreError;
use crate::rows::{bytes, column, parsed, time, time_text};
use crate::store::{Store, Transaction, View};
use crate::training_error::TrainingError;
use scheme::moment::Moment;
use scheme::numbers::{CustomerNumber, MeterNumber};
use sha2::{Digest, Sha256};

impl Company for Store {
    fn take_message(&mut self, id: &MessageId, said: &Said, now: Moment) -> Result<Taken, CompanyError> {
        self.batch(|act| act.take_message(id, said, now))
    }

    fn contract(&self, contract: &str) -> Result<Option<Contract>, StoreError> {
        self.read(|view| view.contract(contract))
    }

    fn contracts_about(
        &self,
        customer: CustomerNumber,
        meter: Option<MeterNumber>,
    ) -> Result<Vec<Contract>, StoreError> {
        self.read(|view| view.contracts_about(customer, meter))
    }

    fn tariffs(&self) -> Result<Vec<Tariff>, StoreError> {
        self.read(|view| view.tariffs())
    }

    fn blocked(&self, customer: CustomerNumber, meter: MeterNumber) -> Result<Option<String>, StoreError> {
        self.read(|view| view.blocked(customer, meter))
    }

    fn events(&self, after: i64, limit: u32) -> Result<Vec<Event>, TrainingError> {
        self.read(|view| {
            view.must_tell_the_company()?;
            Ok(view.events(after, limit)?)
        })
    }

    fn last_event(&self) -> Result<i64, StoreError> {
        self.read(|view| view.last_event())
    }
}

/// What the company said last of a customer.
pub(crate) fn customer_blocked(customer: CustomerNumber) -> Question {
    let sql = "SELECT blocked, reason FROM company_block WHERE customer = ?1 ORDER BY message DESC LIMIT 1";
    Question::new(sql, params![customer.to_string()])
}

/// What the company said last of a meter.
pub(crate) fn meter_blocked(meter: MeterNumber) -> Question {
    let sql = "SELECT blocked, reason FROM company_block WHERE meter = ?1 ORDER BY message DESC LIMIT 1";
    Question::new(sql, params![meter.to_string()])
}

/// SHA-256 of what a message says; who took it in is not part of it.
fn hash_of(said: &Said) -> [u8; 32] {
    let maybe = |moment: Option<Moment>| moment.map(time_text).unwrap_or_default();
    let words = match said {
        Said::Contract(Contract { contract, meter, customer, tariff, begins, ends }) => vec![
            contract.clone(),
            meter.to_string(),
            customer.map(|customer| customer.to_string()).unwrap_or_default(),
            tariff.clone().unwrap_or_default(),
            time_text(*begins),
            maybe(*ends),
        ],
        Said::Tariff(Tariff { tariff, price, begins }, _) => {
            vec![tariff.clone(), price.to_string(), time_text(*begins)]
        }
        Said::Block(Block { whom, blocked, reason }) => {
            let whom = match whom {
                Blocked::Customer(customer) => format!("customer {customer}"),
                Blocked::Meter(meter) => format!("meter {meter}"),
            };
            vec![whom, blocked.to_string(), reason.clone()]
        }
    };
    let mut hash = Sha256::new();
    hash.update(said.kind());
    for word in words {
        // No text has a zero byte in it: PostgreSQL takes none, and the acts refuse it.
        hash.update([0]);
        hash.update(word);
    }
    hash.finalize().into()
}

impl Transaction<'_> {
    /// Takes a message in, once.
    pub fn take_message(&self, id: &MessageId, said: &Said, now: Moment) -> Result<Taken, CompanyError> {
        let MessageId { source, id } = id;
        let body = hash_of(said);
        let known: Option<[u8; 32]> = self.conn.first(
            "SELECT body FROM company_message WHERE source = ?1 AND id = ?2",
            params![source, id],
            |row| bytes(row, "body"),
        )?;
        match known {
            Some(known) if known == body => return Ok(Taken::Again),
            Some(_) => return Err(CompanyError::Reused { from: source.clone(), id: id.clone() }),
            None => {}
        }
        self.whole(|| {
            let number: i64 = self.conn.one(
                "INSERT INTO company_message (source, id, kind, body, at) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING number",
                params![source, id, said.kind(), body, time_text(now)],
            )?;
            self.keep_said(number, said)
        })?;
        Ok(Taken::New)
    }

    fn keep_said(&self, number: i64, said: &Said) -> Result<(), StoreError> {
        match said {
            Said::Contract(new) => self.conn.write(
                "INSERT INTO company_contract (message, contract, meter, customer, tariff, begins, ends) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    number,
                    new.contract,
                    new.meter.to_string(),
                    new.customer.map(|customer| customer.to_string()),
                    new.tariff,
                    time_text(new.begins),
                    new.ends.map(time_text)
                ],
            ),
            Said::Tariff(new, [first, second]) => self.conn.write(
                "INSERT INTO company_tariff (message, tariff, price, begins, first, second) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![number, new.tariff, new.price, time_text(new.begins), first, second],
            ),
            Said::Block(Block { whom, blocked, reason }) => {
                let (customer, meter) = match whom {
                    Blocked::Customer(customer) => (Some(customer.to_string()), None),
                    Blocked::Meter(meter) => (None, Some(meter.to_string())),
                };
                self.conn.write(
                    "INSERT INTO company_block (message, customer, meter, blocked, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![number, customer, meter, *blocked, reason],
                )
            }
        }?;
        Ok(())
    }
}

fn contract(row: &Row<'_>) -> Result<Contract, StoreError> {
    Ok(Contract {
        contract: column(row, "contract")?,
        meter: parsed(row, "meter")?,
        customer: maybe(row, "customer", parsed)?,
        tariff: column(row, "tariff")?,
        begins: time(row, "begins")?,
        ends: maybe(row, "ends", time)?,
    })
}

/// A column that may be empty.
pub(crate) fn maybe<T>(
    row: &Row<'_>,
    name: &'static str,
    read: impl Fn(&Row<'_>, &'static str) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    match column::<Option<String>>(row, name)? {
        Some(_) => read(row, name).map(Some),
        None => Ok(None),
    }
}

impl View<'_> {
    /// A contract as it is by the last message about it.
    pub fn contract(&self, number: &str) -> Result<Option<Contract>, StoreError> {
        self.conn.first(
            "SELECT contract, meter, customer, tariff, begins, ends FROM company_contract WHERE contract = ?1 \
             ORDER BY message DESC LIMIT 1",
            params![number],
            contract,
        )
    }

    /// The contracts about a customer or his meter.
    pub(crate) fn contracts_about(
        &self,
        customer: CustomerNumber,
        meter: Option<MeterNumber>,
    ) -> Result<Vec<Contract>, StoreError> {
        self.conn.all(
            "SELECT contract, meter, customer, tariff, begins, ends FROM company_contract c WHERE NOT EXISTS \
             (SELECT 1 FROM company_contract later WHERE later.contract = c.contract AND later.message > c.message) \
             AND (customer = ?1 OR (customer IS NULL AND meter = ?2)) ORDER BY contract",
            params![customer.to_string(), meter.map(|meter| meter.to_string())],
            contract,
        )
    }

    /// The tariffs, by name and first moment; of several of one name and moment the last one said.
    pub fn tariffs(&self) -> Result<Vec<Tariff>, StoreError> {
        self.conn.all(
            "SELECT tariff, price, begins FROM company_tariff t WHERE NOT EXISTS (SELECT 1 FROM company_tariff later \
             WHERE later.tariff = t.tariff AND later.begins = t.begins AND later.message > t.message) \
             ORDER BY tariff, begins",
            params![],
            |row| {
                Ok(Tariff {
                    tariff: column(row, "tariff")?,
                    price: column(row, "price")?,
                    begins: time(row, "begins")?,
                })
            },
        )
    }

    /// Why nothing is sold to a customer or for his meter.
    pub fn blocked(
        &self,
        customer: CustomerNumber,
        meter: MeterNumber,
    ) -> Result<Option<String>, StoreError> {
        let last = |question: &Question| {
            let read = |row: &Row<'_>| Ok((column::<bool>(row, "blocked")?, column(row, "reason")?));
            let found: Option<(bool, String)> = self.conn.answer(question, read)?;
            Ok::<_, StoreError>(found.filter(|(blocked, _)| *blocked).map(|(_, reason)| reason))
        };
        match last(&customer_blocked(customer))? {
            Some(reason) => Ok(Some(reason)),
            None => last(&meter_blocked(meter)),
        }
    }
}
