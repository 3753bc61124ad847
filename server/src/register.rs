//! Registration: who has which meter and which SIM.

use crate::error::StoreError;
use crate::registration::{Registration, Sim, SimKey};
use crate::roster::{Column, LineError, LineFault, Roster};
use crate::rows::{self, column, parsed};
use crate::store::{Transaction, View};
use rusqlite::{Row, params};
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use std::collections::HashMap;

/// What became of a registration file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Lines newly registered.
    pub registered: usize,
    /// Lines that were registered before, word for word.
    pub unchanged: usize,
    /// Lines that were not taken, in the order of the file.
    pub rejected: Vec<LineError>,
    /// Columns that were skipped because nobody knows them.
    pub unknown_columns: Vec<String>,
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
    #[error("the SIM's {} belongs to customer {customer} already", .column.name())]
    Taken {
        /// IMSI or ICCID.
        column: Column,
        /// Who has it.
        customer: String,
    },
    /// The store failed.
    #[error(transparent)]
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
        let mut find = self.conn.prepare_cached(&format!("{SELECT} WHERE customer.customer = ?1"))?;
        rows::first(&mut find, [customer.to_string()], registration)
    }

    /// The registration of a meter.
    pub fn meter(&self, meter: MeterNumber) -> Result<Option<Registration>, StoreError> {
        let mut find = self.conn.prepare_cached(&format!("{SELECT} WHERE meter = ?1"))?;
        rows::first(&mut find, [meter.to_string()], registration)
    }

    /// Every registration, by customer number.
    pub fn registrations(&self) -> Result<Vec<Registration>, StoreError> {
        let mut find = self.conn.prepare_cached(&format!("{SELECT} ORDER BY customer.customer"))?;
        rows::all(&mut find, [], registration)
    }

    /// Registrations that name a first purchase and have no order yet.
    pub fn first_purchases_due(&self) -> Result<Vec<Registration>, StoreError> {
        let mut find = self.conn.prepare_cached(&format!(
            "{SELECT} WHERE first_purchase IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM purchase WHERE purchase.customer = customer.customer) ORDER BY customer.customer"
        ))?;
        rows::all(&mut find, [], registration)
    }

    /// The meter a SIM belongs to, or belonged to before it was replaced.
    pub fn meter_of_sim(&self, sim: &SimKey) -> Result<Option<MeterNumber>, StoreError> {
        let (by, value) = match sim {
            SimKey::Imsi(imsi) => ("imsi", imsi.as_str()),
            SimKey::Iccid(iccid) => ("iccid", iccid.as_str()),
            SimKey::Msisdn(msisdn) => ("msisdn", msisdn.as_str()),
        };
        let mut find = self.conn.prepare_cached(&format!(
            "SELECT meter FROM sim JOIN customer ON customer.customer = sim.customer \
             WHERE {by} = ?1 ORDER BY sim.current DESC, sim.id DESC LIMIT 1"
        ))?;
        rows::first(&mut find, [value], |row| parsed(row, "meter"))
    }

    /// Who has this meter, IMSI or ICCID in use.
    fn owner(&self, column: Column, value: &str) -> Result<Option<String>, StoreError> {
        let sql = match column {
            Column::Meter => "SELECT customer FROM customer WHERE meter = ?1",
            Column::Imsi => "SELECT customer FROM sim WHERE imsi = ?1 AND current = 1",
            _ => "SELECT customer FROM sim WHERE iccid = ?1 AND current = 1",
        };
        let mut find = self.conn.prepare_cached(sql)?;
        rows::first(&mut find, [value], |row| rows::column(row, "customer"))
    }
}

impl Transaction<'_> {
    /// Registers the good lines of a file. Running the same file again changes nothing.
    pub fn register(&self, roster: &Roster) -> Result<Report, StoreError> {
        let mut report = Report { unknown_columns: roster.unknown_columns.clone(), ..Report::default() };
        let mut seen = Seen::default();
        self.whole(|| {
            for (line, parsed) in &roster.lines {
                match parsed {
                    Err(error) => report.rejected.push(error.clone()),
                    Ok(new) => self.register_line(*line, new, &mut seen, &mut report)?,
                }
            }
            Ok::<_, StoreError>(())
        })?;
        Ok(report)
    }

    fn register_line(
        &self,
        line: u64,
        new: &Registration,
        seen: &mut Seen,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        match self.register_one(new, seen)? {
            Ok(fresh) => {
                *(if fresh { &mut report.registered } else { &mut report.unchanged }) += 1;
                seen.add(new, line);
            }
            Err((column, fault)) => report.rejected.push(LineError { line, column: Some(column), fault }),
        }
        Ok(())
    }

    /// `Ok(Ok(true))`: registered now; `Ok(Ok(false))`: was there already.
    fn register_one(
        &self,
        new: &Registration,
        seen: &Seen,
    ) -> Result<Result<bool, (Column, LineFault)>, StoreError> {
        if let Some((column, line)) = seen.find(new) {
            return Ok(Err((column, LineFault::InFile { line })));
        }
        if let Some(old) = self.customer(new.customer)? {
            return Ok(same(&old, new).map(|()| false));
        }
        for (column, value) in unique(new) {
            if let Some(customer) = self.owner(column, &value)? {
                return Ok(Err((column, LineFault::Taken { customer })));
            }
        }
        self.conn
            .prepare_cached(
                "INSERT INTO customer (customer, meter, imei, name, first_purchase) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                new.customer.to_string(),
                new.meter.to_string(),
                new.imei.as_str(),
                new.name,
                new.first_purchase.map(|fen| fen.0),
            ])?;
        self.add_sim(new.customer, &new.sim)?;
        Ok(Ok(true))
    }

    /// Gives a customer another SIM; orders are bound to it from now on.
    pub fn replace_sim(&self, customer: CustomerNumber, sim: &Sim) -> Result<Replaced, ReplaceError> {
        let old = self.customer(customer)?.ok_or(ReplaceError::UnknownCustomer(customer))?;
        if old.sim == *sim {
            return Err(ReplaceError::SameSim(customer));
        }
        for (column, value) in [(Column::Imsi, sim.imsi.as_str()), (Column::Iccid, sim.iccid.as_str())] {
            let owner = self.owner(column, value)?.filter(|owner| *owner != customer.to_string());
            if let Some(customer) = owner {
                return Err(ReplaceError::Taken { column, customer });
            }
        }
        self.whole(|| {
            self.conn
                .prepare_cached("UPDATE sim SET current = 0 WHERE customer = ?1 AND current = 1")?
                .execute([customer.to_string()])?;
            self.add_sim(customer, sim)
        })?;
        let outstanding = self.outstanding(old.meter)?.map(|placed| placed.order.id);
        Ok(Replaced { old: old.sim, outstanding })
    }

    fn add_sim(&self, customer: CustomerNumber, sim: &Sim) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO sim (customer, msisdn, imsi, iccid, current) VALUES (?1, ?2, ?3, ?4, 1)",
            )?
            .execute(params![
                customer.to_string(),
                sim.msisdn.as_str(),
                sim.imsi.as_str(),
                sim.iccid.as_str()
            ])?;
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

/// What the lines before have used up.
#[derive(Default)]
struct Seen {
    lines: HashMap<(Column, String), u64>,
}

impl Seen {
    fn keys(of: &Registration) -> impl Iterator<Item = (Column, String)> {
        core::iter::once((Column::Customer, of.customer.to_string())).chain(unique(of))
    }

    fn add(&mut self, taken: &Registration, line: u64) {
        self.lines.extend(Self::keys(taken).map(|key| (key, line)));
    }

    fn find(&self, new: &Registration) -> Option<(Column, u64)> {
        Self::keys(new).find_map(|key| self.lines.get(&key).map(|line| (key.0, *line)))
    }
}

impl scheme::Fault for ReplaceError {}
