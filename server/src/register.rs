//! Registration: who has which meter and which SIM.

use crate::engine::{Conn, Lite, Question, Row, params};
use crate::error::StoreError;
use crate::office::Named;
use crate::phone::PhoneEnd;
use crate::registration::{Customer, Held, Registration, Sim, SimKey};
use crate::roster::{Column, LineDoubt, LineError, LineFault, Roster, RosterError};
use crate::rows::{column, parsed, time, time_text};
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
    /// Of these, further meters of customers who were known before.
    pub added: usize,
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
    /// Orders that were bound to it and that no receipt has settled, of each of his meters: reissue them for the new SIM.
    pub outstanding: Vec<OrderId>,
}

const SELECT: &str = "SELECT customer.customer AS customer, h.meter AS meter, h.first_purchase AS first_purchase, imei, name, \
     msisdn, imsi, iccid FROM customer JOIN sim ON sim.customer = customer.customer AND sim.current = 1 \
     LEFT JOIN holding h ON h.customer = customer.customer AND h.until IS NULL";

/// Who has a meter.
pub(crate) fn registration_of(meter: MeterNumber) -> Question {
    Question::new(format!("{SELECT} WHERE h.meter = ?1"), params![meter.to_string()])
}

/// A customer with all his meters, a row each.
pub(crate) fn customer_of(customer: CustomerNumber) -> Question {
    let sql = format!("{SELECT} WHERE customer.customer = ?1 ORDER BY h.id");
    Question::new(sql, params![customer.to_string()]).whole()
}

/// A customer with one of his meters, as one row has them.
fn one(row: &Row<'_>) -> Result<Customer, StoreError> {
    let held = |_: String| -> Result<Held, StoreError> {
        let first_purchase = column::<Option<u32>>(row, "first_purchase")?.map(Fen);
        Ok(Held { meter: parsed(row, "meter")?, first_purchase })
    };
    Ok(Customer {
        customer: parsed(row, "customer")?,
        sim: Sim { msisdn: parsed(row, "msisdn")?, imsi: parsed(row, "imsi")?, iccid: parsed(row, "iccid")? },
        imei: parsed(row, "imei")?,
        name: column(row, "name")?,
        meters: column::<Option<String>>(row, "meter")?.map(held).transpose()?.into_iter().collect(),
    })
}

impl View<'_> {
    /// A customer, with all his meters.
    pub fn customer(&self, customer: CustomerNumber) -> Result<Option<Customer>, StoreError> {
        let mut rows = self.conn.answers(&customer_of(customer), one)?.into_iter();
        let Some(mut found) = rows.next() else { return Ok(None) };
        found.meters.extend(rows.flat_map(|row| row.meters));
        Ok(Some(found))
    }

    /// The customer who has a meter, with that one.
    pub fn meter(&self, meter: MeterNumber) -> Result<Option<Registration>, StoreError> {
        let found = self.conn.answer(&registration_of(meter), one)?;
        Ok(found.and_then(|found| found.registrations().next()))
    }

    /// Every customer with every meter of his, by customer number.
    pub fn registrations(&self) -> Result<Vec<Registration>, StoreError> {
        let sql = format!("{SELECT} WHERE h.meter IS NOT NULL ORDER BY customer.customer, h.id");
        let found = self.conn.all(&sql, params![], one)?;
        Ok(found.iter().flat_map(Customer::registrations).collect())
    }

    /// Registrations that name a first purchase and have no order yet.
    pub fn first_purchases_due(&self) -> Result<Vec<Registration>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE h.first_purchase IS NOT NULL AND NOT EXISTS (SELECT 1 FROM purchase p JOIN life l ON l.id = p.life \
             WHERE l.meter = h.meter AND p.customer = h.customer) ORDER BY customer.customer, h.id"
        );
        let found = self.conn.all(&sql, params![], one)?;
        Ok(found.iter().flat_map(Customer::registrations).collect())
    }

    /// The customer a SIM belongs to, or belonged to before it was replaced.
    pub fn customer_of_sim(&self, sim: &SimKey) -> Result<Option<CustomerNumber>, StoreError> {
        let (by, value) = sim.column();
        self.conn.first(
            &format!("SELECT customer FROM sim WHERE {by} = ?1 ORDER BY current DESC, id DESC LIMIT 1"),
            params![value],
            |row| parsed(row, "customer"),
        )
    }

    /// Until when a customer had a meter that is not his any more.
    fn had_until(&self, customer: CustomerNumber, meter: MeterNumber) -> Result<Option<Moment>, StoreError> {
        self.conn.first(
            "SELECT until FROM holding WHERE customer = ?1 AND meter = ?2 AND until IS NOT NULL ORDER BY id DESC LIMIT 1",
            params![customer.to_string(), meter.to_string()],
            |row| time(row, "until"),
        )
    }

    /// Who has this meter, IMSI or ICCID in use.
    fn owner(&self, column: Column, value: &str) -> Result<Option<CustomerNumber>, StoreError> {
        let sql = match column {
            Column::Meter => "SELECT customer FROM holding WHERE meter = ?1 AND until IS NULL",
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
                        match fresh {
                            Fresh::Nothing => report.unchanged += 1,
                            Fresh::Customer => report.registered += 1,
                            Fresh::Meter => {
                                (report.registered, report.added) = (report.registered + 1, report.added + 1)
                            }
                        }
                        seen.add(&new, line)?;
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

    /// What of a line is new; the inner error: why it is not taken.
    fn register_one(
        &self,
        new: &Customer,
        office: &str,
        seen: &Seen,
        at: Option<Moment>,
    ) -> Result<Result<Fresh, (Column, LineFault)>, StoreError> {
        if let Some(line) = seen.line_of(new)? {
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
            Some(Ok(true)) => return Ok(Ok(Fresh::Nothing)),
            Some(Ok(false)) | None => None,
            Some(Err(differs)) => Some(differs),
        };
        let held = new.meters.first();
        if let (None, Some(held)) = (&differs, held)
            && let Some(until) = self.had_until(new.customer, held.meter)?
        {
            return Ok(Err((Column::Meter, LineFault::Had { until })));
        }
        let mut taken = None;
        for (column, value) in unique(new) {
            let owner = self.owner(column, &value)?;
            // He has his SIM himself.
            let Some(owner) = owner.filter(|owner| column == Column::Meter || *owner != new.customer) else {
                continue;
            };
            // What an earlier line of this file took stands in the books by now.
            if let Some(line) = seen.first_line_of(owner)? {
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
        if old.is_none() {
            self.conn.write(
                "INSERT INTO customer (customer, imei, name, office) VALUES (?1, ?2, ?3, ?4)",
                params![new.customer.to_string(), new.imei.as_str(), new.name, office],
            )?;
            self.add_sim(new.customer, &new.sim, None)?;
        }
        if let Some(held) = held {
            self.give_meter(new.customer, *held, at)?;
        }
        Ok(Ok(if old.is_some() { Fresh::Meter } else { Fresh::Customer }))
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
            self.conn.write(
                "UPDATE sim SET current = 0 WHERE customer = ?1 AND current = 1",
                params![customer.to_string()],
            )?;
            // Whoever has the old SIM, or stole the new one, buys nothing with a phone that was known before.
            self.end_phones_of(customer, PhoneEnd::Sim, now)?;
            self.add_sim(customer, sim, Some(now))
        })?;
        let mut outstanding = Vec::new();
        for held in &old.meters {
            outstanding.extend(self.outstanding(held.meter)?.map(|placed| placed.order.id));
        }
        Ok(Replaced { old: old.sim, outstanding })
    }

    /// `since`: when it took another one's place.
    fn add_sim(&self, customer: CustomerNumber, sim: &Sim, since: Option<Moment>) -> Result<(), StoreError> {
        let Sim { msisdn, imsi, iccid } = sim;
        self.conn.write(
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

/// What a line brought that was not known.
enum Fresh {
    Nothing,
    /// A further meter of a customer who was known.
    Meter,
    Customer,
}

/// What only one customer may have, beside his number.
fn unique(new: &Customer) -> Vec<(Column, String)> {
    let meter = new.meters.first().map(|held| (Column::Meter, held.meter.to_string()));
    let sim = [(Column::Imsi, new.sim.imsi.to_string()), (Column::Iccid, new.sim.iccid.to_string())];
    meter.into_iter().chain(sim).collect()
}

/// Whether a line says nothing new of a customer, or gives him a meter he has not yet. Its error names the first column in which it
/// differs from what is registered.
///
/// A name or first purchase that the line does not give is not compared.
fn same(old: &Customer, new: &Customer) -> Result<bool, (Column, LineFault)> {
    let mut pairs = vec![
        (Column::Msisdn, old.sim.msisdn.to_string(), new.sim.msisdn.to_string()),
        (Column::Imsi, old.sim.imsi.to_string(), new.sim.imsi.to_string()),
        (Column::Iccid, old.sim.iccid.to_string(), new.sim.iccid.to_string()),
        (Column::Imei, old.imei.to_string(), new.imei.to_string()),
    ];
    if let Some(name) = &new.name {
        pairs.push((Column::Name, old.name.clone().unwrap_or_default(), name.clone()));
    }
    let named = new.meters.first();
    let his = named.and_then(|named| old.meters.iter().find(|held| held.meter == named.meter));
    if let (Some(his), Some(fen)) = (his, named.and_then(|named| named.first_purchase)) {
        let registered = his.first_purchase.map_or_else(String::new, |fen| fen.to_string());
        pairs.push((Column::FirstPurchase, registered, fen.to_string()));
    }
    match pairs.into_iter().find(|(_, registered, given)| registered != given) {
        Some((column, registered, _)) => Err((column, LineFault::Differs { registered })),
        None => Ok(named.is_none() || his.is_some()),
    }
}

/// Which customers and meters the lines before took, and in which lines: a temporary file of SQLite's, in memory as long as it is
/// small, so that a long list needs no more memory than a short one.
struct Seen(Conn);

impl Seen {
    fn nothing() -> Result<Self, StoreError> {
        let seen = Connection::open("")?;
        // Nobody ever reads it again.
        seen.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; \
             CREATE TABLE line (customer TEXT NOT NULL, meter TEXT NOT NULL, line INTEGER NOT NULL, PRIMARY KEY (customer, meter)) \
             STRICT, WITHOUT ROWID; BEGIN",
        )?;
        Ok(Seen(Conn::Lite(Lite(seen))))
    }

    fn key(new: &Customer) -> (String, String) {
        let meter = new.meters.first().map_or_else(String::new, |held| held.meter.to_string());
        (new.customer.to_string(), meter)
    }

    fn add(&self, new: &Customer, line: u64) -> Result<(), StoreError> {
        let line = line as i64; // lines of a file that fits on a disk
        let (customer, meter) = Self::key(new);
        let sql = "INSERT INTO line (customer, meter, line) VALUES (?1, ?2, ?3)";
        self.0.write(sql, params![customer, meter, line])?;
        Ok(())
    }

    /// The line that had the same customer and meter.
    fn line_of(&self, new: &Customer) -> Result<Option<u64>, StoreError> {
        let (customer, meter) = Self::key(new);
        let sql = "SELECT line FROM line WHERE customer = ?1 AND meter = ?2";
        let line = self.0.first(sql, params![customer, meter], |row| column::<i64>(row, "line"))?;
        Ok(line.map(i64::unsigned_abs))
    }

    /// The first line of a customer.
    fn first_line_of(&self, customer: CustomerNumber) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT line FROM line WHERE customer = ?1 ORDER BY line LIMIT 1";
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
