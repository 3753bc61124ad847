//! Registration: who has which meter and which SIM.

use crate::engine::{Conn, Lite, Row, params};
use crate::error::StoreError;
use crate::office::Named;
use crate::registration::{Registration, Sim, SimKey};
use crate::roster::{Column, LineDoubt, LineError, LineFault, Roster, RosterError};
use crate::rows::{column, parsed, time_text};
use crate::store::{Transaction, View};
use rusqlite::Connection;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;

/// What became of a registration file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Lines newly registered.
    pub registered: usize,
    /// Lines that were registered before, word for word.
    pub unchanged: usize,
    /// Lines that were not taken, in the order of the file.
    pub rejected: Vec<LineError>,
    /// Good lines against whose ICCID something speaks.
    pub doubtful: Vec<LineDoubt>,
    /// Columns that were skipped because nobody knows them.
    pub unknown_columns: Vec<String>,
}

/// Why a registration file is not taken; nothing of it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The file cannot be read to its end.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Why a SIM cannot be replaced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// No such customer.
    #[error("customer {0} is not registered")]
    UnknownCustomer(CustomerNumber),
    /// The customer has this SIM already.
    #[error("customer {0} has this SIM already")]
    SameSim(CustomerNumber),
    /// The SIM is in use elsewhere.
    #[error("the SIM's {} belongs to another customer already", .column.name())]
    Taken {
        /// IMSI or ICCID.
        column: Column,
        /// Who has it.
        customer: String,
    },
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// A SIM that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The customer's SIM before.
    pub old: Sim,
    /// An order that was bound to it and that no receipt has settled: reissue it for the new SIM.
    pub outstanding: Option<OrderId>,
}

const SELECT: &str = "SELECT customer.customer AS customer, meter, imei, name, first_purchase, msisdn, imsi, iccid \
     FROM customer JOIN sim ON sim.customer = customer.customer AND sim.current = 1";

fn registration(row: &Row<'_>) -> Result<Registration, StoreError> {
    Ok(Registration {
        customer: parsed(row, "customer")?,
        meter: parsed(row, "meter")?,
        sim: Sim { msisdn: parsed(row, "msisdn")?, imsi: parsed(row, "imsi")?, iccid: parsed(row, "iccid")? },
        imei: parsed(row, "imei")?,
        name: column(row, "name")?,
        first_purchase: column::<Option<u32>>(row, "first_purchase")?.map(Fen),
    })
}

impl View<'_> {
    /// The registration of a customer.
    pub fn customer(&self, customer: CustomerNumber) -> Result<Option<Registration>, StoreError> {
        self.conn.first(
            &format!("{SELECT} WHERE customer.customer = ?1"),
            params![customer.to_string()],
            registration,
        )
    }

    /// The registration of a meter.
    pub fn meter(&self, meter: MeterNumber) -> Result<Option<Registration>, StoreError> {
        self.conn.first(&format!("{SELECT} WHERE meter = ?1"), params![meter.to_string()], registration)
    }

    /// Every registration, by customer number.
    pub fn registrations(&self) -> Result<Vec<Registration>, StoreError> {
        self.conn.all(&format!("{SELECT} ORDER BY customer.customer"), params![], registration)
    }

    /// Registrations that name a first purchase and have no order yet.
    pub fn first_purchases_due(&self) -> Result<Vec<Registration>, StoreError> {
        self.conn.all(
            &format!(
                "{SELECT} WHERE first_purchase IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM purchase WHERE purchase.customer = customer.customer) ORDER BY customer.customer"
            ),
            params![],
            registration,
        )
    }

    /// The meter a SIM belongs to, or belonged to before it was replaced.
    pub fn meter_of_sim(&self, sim: &SimKey) -> Result<Option<MeterNumber>, StoreError> {
        let (by, value) = match sim {
            SimKey::Imsi(imsi) => ("imsi", imsi.as_str()),
            SimKey::Iccid(iccid) => ("iccid", iccid.as_str()),
            SimKey::Msisdn(msisdn) => ("msisdn", msisdn.as_str()),
        };
        self.conn.first(
            &format!(
                "SELECT meter FROM sim JOIN customer ON customer.customer = sim.customer \
             WHERE {by} = ?1 ORDER BY sim.current DESC, sim.id DESC LIMIT 1"
            ),
            params![value],
            |row| parsed(row, "meter"),
        )
    }

    /// Who has this meter, IMSI or ICCID in use.
    fn owner(&self, column: Column, value: &str) -> Result<Option<CustomerNumber>, StoreError> {
        let sql = match column {
            Column::Meter => "SELECT customer FROM customer WHERE meter = ?1",
            Column::Imsi => "SELECT customer FROM sim WHERE imsi = ?1 AND current = 1",
            _ => "SELECT customer FROM sim WHERE iccid = ?1 AND current = 1",
        };
        self.conn.first(sql, params![value], |row| parsed(row, "customer"))
    }
}

impl Transaction<'_> {
    /// Registers the good lines of a file. Running the same file again changes nothing. When it fails nothing of it stays, while
    /// the rest of the act may go on.
    pub fn register(&self, roster: Roster<'_>) -> Result<Report, RegisterError> {
        self.whole(|| self.register_lines(roster))
    }

    /// The same for an act that is nothing else, and fails with it.
    pub(crate) fn register_lines(&self, mut roster: Roster<'_>) -> Result<Report, RegisterError> {
        let unknown_columns = std::mem::take(&mut roster.unknown_columns);
        let office = std::mem::take(&mut roster.office);
        let mut report = Report { unknown_columns, ..Report::default() };
        let (seen, at) = (Seen::nothing()?, roster.at);
        for line in roster {
            let (line, parsed) = line?;
            match parsed {
                Err(error) => report.rejected.push(error),
                Ok(new) => match self.register_one(&new, &office, &seen, at)? {
                    Ok(fresh) => {
                        *(if fresh { &mut report.registered } else { &mut report.unchanged }) += 1;
                        seen.add(new.customer, line)?;
                        let doubt = new.sim.iccid.doubt();
                        report.doubtful.extend(doubt.map(|doubt| LineDoubt { line, doubt }));
                    }
                    Err((column, fault)) => {
                        report.rejected.push(LineError { line, column: Some(column), fault });
                    }
                },
            }
        }
        Ok(report)
    }

    /// `Ok(Ok(true))`: registered now; `Ok(Ok(false))`: was there already.
    fn register_one(
        &self,
        new: &Registration,
        office: &str,
        seen: &Seen,
        at: Option<Moment>,
    ) -> Result<Result<bool, (Column, LineFault)>, StoreError> {
        if let Some(line) = seen.line_of(new.customer)? {
            return Ok(Err((Column::Customer, LineFault::InFile { line })));
        }
        // What another office registered is not told to this one; the head office sees all.
        let elsewhere = |customer: CustomerNumber| -> Result<bool, StoreError> {
            match office {
                "" => Ok(false),
                office => {
                    Ok(self.office_of(&Named::Customer(customer))?.is_some_and(|other| other != office))
                }
            }
        };
        let old = self.customer(new.customer)?;
        if old.is_some() && elsewhere(new.customer)? {
            return Ok(Err((Column::Customer, LineFault::Elsewhere)));
        }
        let differs = match old.as_ref().map(|old| same(old, new)) {
            Some(Ok(())) => return Ok(Ok(false)),
            Some(Err(differs)) => Some(differs),
            None => None,
        };
        let mut taken = None;
        for (column, value) in unique(new) {
            let Some(owner) = self.owner(column, &value)? else { continue };
            // What an earlier line of this file took stands in the books by now.
            if let Some(line) = seen.line_of(owner)? {
                return Ok(Err((column, LineFault::InFile { line })));
            }
            let fault = if elsewhere(owner)? {
                LineFault::Elsewhere
            } else {
                LineFault::Taken { customer: owner.to_string() }
            };
            taken = taken.or(Some((column, fault)));
        }
        if let Some(fault) = differs.or(taken) {
            return Ok(Err(fault));
        }
        self.conn.execute(
            "INSERT INTO customer (customer, meter, imei, name, first_purchase, office) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                new.customer.to_string(),
                new.meter.to_string(),
                new.imei.as_str(),
                new.name,
                new.first_purchase.map(|fen| fen.0),
                office,
            ],
        )?;
        self.add_sim(new.customer, &new.sim, None)?;
        self.give_meter(new.customer, new.meter, at)?;
        Ok(Ok(true))
    }

    /// Gives a customer another SIM; orders are bound to it from now on.
    pub fn replace_sim(
        &self,
        customer: CustomerNumber,
        sim: &Sim,
        now: Moment,
    ) -> Result<Replaced, ReplaceError> {
        let old = self.customer(customer)?.ok_or(ReplaceError::UnknownCustomer(customer))?;
        if old.sim == *sim {
            return Err(ReplaceError::SameSim(customer));
        }
        for (column, value) in [(Column::Imsi, sim.imsi.as_str()), (Column::Iccid, sim.iccid.as_str())] {
            let owner = self.owner(column, value)?.filter(|owner| *owner != customer);
            if let Some(owner) = owner {
                return Err(ReplaceError::Taken { column, customer: owner.to_string() });
            }
        }
        self.whole(|| {
            self.conn.execute(
                "UPDATE sim SET current = 0 WHERE customer = ?1 AND current = 1",
                params![customer.to_string()],
            )?;
            self.add_sim(customer, sim, Some(now))
        })?;
        let outstanding = self.outstanding(old.meter)?.map(|placed| placed.order.id);
        Ok(Replaced { old: old.sim, outstanding })
    }

    /// `since`: when it took another one's place.
    fn add_sim(&self, customer: CustomerNumber, sim: &Sim, since: Option<Moment>) -> Result<(), StoreError> {
        let Sim { msisdn, imsi, iccid } = sim;
        self.conn.execute(
            "INSERT INTO sim (customer, msisdn, imsi, iccid, current, since) VALUES (?1, ?2, ?3, ?4, 1, ?5)",
            params![
                customer.to_string(),
                msisdn.as_str(),
                imsi.as_str(),
                iccid.as_str(),
                since.map(time_text)
            ],
        )?;
        Ok(())
    }
}

/// What only one registration may have, beside the customer number.
fn unique(new: &Registration) -> [(Column, String); 3] {
    [
        (Column::Meter, new.meter.to_string()),
        (Column::Imsi, new.sim.imsi.to_string()),
        (Column::Iccid, new.sim.iccid.to_string()),
    ]
}

/// Names the first column in which a line differs from what is registered.
///
/// A name or first purchase that the line does not give is not compared.
fn same(old: &Registration, new: &Registration) -> Result<(), (Column, LineFault)> {
    let mut pairs = vec![
        (Column::Meter, old.meter.to_string(), new.meter.to_string()),
        (Column::Msisdn, old.sim.msisdn.to_string(), new.sim.msisdn.to_string()),
        (Column::Imsi, old.sim.imsi.to_string(), new.sim.imsi.to_string()),
        (Column::Iccid, old.sim.iccid.to_string(), new.sim.iccid.to_string()),
        (Column::Imei, old.imei.to_string(), new.imei.to_string()),
    ];
    if let Some(name) = &new.name {
        pairs.push((Column::Name, old.name.clone().unwrap_or_default(), name.clone()));
    }
    if let Some(fen) = new.first_purchase {
        let registered = old.first_purchase.map_or_else(String::new, |fen| fen.to_string());
        pairs.push((Column::FirstPurchase, registered, fen.to_string()));
    }
    match pairs.into_iter().find(|(_, registered, given)| registered != given) {
        Some((column, registered, _)) => Err((column, LineFault::Differs { registered })),
        None => Ok(()),
    }
}

/// Which customers the lines before took, and in which lines: a temporary file of SQLite's, in memory as long as it is small, so
/// that a long list needs no more memory than a short one.
struct Seen(Conn);

impl Seen {
    fn nothing() -> Result<Self, StoreError> {
        let seen = Connection::open("")?;
        // Nobody ever reads it again.
        seen.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; \
             CREATE TABLE line (customer TEXT NOT NULL PRIMARY KEY, line INTEGER NOT NULL) STRICT, WITHOUT ROWID; BEGIN",
        )?;
        Ok(Seen(Conn::Lite(Lite(seen))))
    }

    fn add(&self, customer: CustomerNumber, line: u64) -> Result<(), StoreError> {
        let line = line as i64; // lines of a file that fits on a disk
        let customer = customer.to_string();
        self.0.execute("INSERT INTO line (customer, line) VALUES (?1, ?2)", params![customer, line])?;
        Ok(())
    }

    fn line_of(&self, customer: CustomerNumber) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT line FROM line WHERE customer = ?1";
        let line = self.0.first(sql, params![customer.to_string()], |row| column::<i64>(row, "line"))?;
        Ok(line.map(i64::unsigned_abs))
    }
}

impl scheme::Fault for RegisterError {
    fn hint(&self) -> scheme::fault::Hint {
        match self {
            RegisterError::Roster(error) => error.hint(),
            RegisterError::Store(error) => error.hint(),
        }
    }

    fn kind(&self) -> scheme::Kind {
        match self {
            RegisterError::Roster(error) => error.kind(),
            RegisterError::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &str {
        match self {
            RegisterError::Roster(error) => error.code(),
            RegisterError::Store(error) => error.code(),
        }
    }
}

impl scheme::Fault for ReplaceError {
    fn code(&self) -> &str {
        match self {
            ReplaceError::UnknownCustomer(_) => "replace-unknown-customer",
            ReplaceError::SameSim(_) => "replace-same-sim",
            ReplaceError::Taken { .. } => "replace-taken",
            ReplaceError::Store(error) => error.code(),
        }
    }
}
