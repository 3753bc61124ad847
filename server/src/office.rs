//! Offices: each sees its own customers, and what belongs to them.

use crate::engine::{Value, params};
use crate::error::StoreError;
use crate::incoming::Incoming;
use crate::receipt::{Opening, SettleError};
use crate::registration::SimKey;
use crate::rows::column;
use crate::store::{Store, Transaction, View};
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::online::SessionId;
use scheme::order::OrderId;

/// What a request may name, and what belongs to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A customer.
    Customer(CustomerNumber),
    /// A meter.
    Meter(MeterNumber),
    /// A SIM in use, or one that was.
    Sim(SimKey),
    /// An order.
    Order(OrderId),
    /// A finding, by its number.
    Finding(i64),
    /// A receipt that was settled or kept before, as its record.
    Receipt(Vec<u8>),
    /// The same, as the user data of its message.
    Packet(Vec<u8>),
    /// A contract with the power company.
    Contract(String),
    /// A payment, by its order.
    Payment(OrderId),
    /// An online purchase.
    Online(SessionId),
    /// A change of a meter, by its number.
    Change(i64),
    /// A slip with an authorisation code.
    Slip([u8; 4]),
    /// A customer's phone, by the server's name for it.
    Phone([u8; 8]),
    /// A number on the power company's bills.
    Bill(String),
}

/// Which office a customer belongs to. The head office is `""`.
pub trait Offices {
    /// The office whose customer something belongs to; `None`: it is not there, or belongs to no customer.
    ///
    /// # Errors
    /// The books cannot be read.
    fn office_of(&self, named: &Named) -> Result<Option<String>, StoreError>;

    /// Gives a customer to another office; `false`: there is none of this number.
    ///
    /// # Errors
    /// It cannot be kept.
    fn give_to_office(&mut self, customer: CustomerNumber, office: &str) -> Result<bool, StoreError>;
}

impl Offices for Store {
    fn office_of(&self, named: &Named) -> Result<Option<String>, StoreError> {
        self.read(|view| view.office_of(named))
    }

    fn give_to_office(&mut self, customer: CustomerNumber, office: &str) -> Result<bool, StoreError> {
        self.batch(|act| act.give_to_office(customer, office))
    }
}

impl View<'_> {
    /// The office whose customer something belongs to.
    pub fn office_of(&self, named: &Named) -> Result<Option<String>, StoreError> {
        match named {
            Named::Customer(customer) => self.customers_office(*customer),
            Named::Meter(meter) => self.meters_office(*meter),
            Named::Sim(sim) => {
                self.customer_of_sim(sim)?.map_or(Ok(None), |customer| self.customers_office(customer))
            }
            Named::Order(order) | Named::Payment(order) => self.orders_office(*order),
            Named::Finding(finding) => self.findings_office(*finding),
            Named::Receipt(record) => self.receipts_office(Incoming::Record(record)),
            Named::Packet(packet) => self.receipts_office(Incoming::UserData(packet)),
            Named::Contract(contract) => match self.contract(contract)? {
                Some(found) => self.meters_office(found.meter),
                None => Ok(None),
            },
            Named::Online(sid) => match self.online(*sid)? {
                Some(found) => self.customers_office(found.customer),
                None => Ok(None),
            },
            Named::Change(change) => self.office_by(
                "SELECT c.office AS office FROM meter_change m JOIN customer c ON c.customer = m.customer WHERE m.id = ?1",
                params![*change],
            ),
            Named::Slip(number) => self.office_by(
                "SELECT c.office AS office FROM slip s JOIN customer c ON c.customer = s.customer WHERE s.number = ?1",
                params![&number[..]],
            ),
            Named::Phone(name) => self.office_by(
                "SELECT c.office AS office FROM phone p JOIN customer c ON c.customer = p.customer WHERE p.name = ?1",
                params![&name[..]],
            ),
            Named::Bill(bill) => self.office_by(
                "SELECT c.office AS office FROM contract b JOIN customer c ON c.customer = b.customer WHERE b.bill = ?1",
                params![bill.as_str()],
            ),
        }
    }

    fn office_by(&self, sql: &str, of: &[Value<'_>]) -> Result<Option<String>, StoreError> {
        self.conn.first(sql, of, |row| column(row, "office"))
    }

    fn customers_office(&self, customer: CustomerNumber) -> Result<Option<String>, StoreError> {
        self.conn.first(
            "SELECT office FROM customer WHERE customer = ?1",
            params![customer.to_string()],
            |row| column(row, "office"),
        )
    }

    fn meters_office(&self, meter: MeterNumber) -> Result<Option<String>, StoreError> {
        self.office_by(
            "SELECT c.office AS office FROM holding h JOIN customer c ON c.customer = h.customer \
             WHERE h.meter = ?1 AND h.until IS NULL",
            params![meter.to_string()],
        )
    }

    fn orders_office(&self, order: OrderId) -> Result<Option<String>, StoreError> {
        match self.order(order)? {
            Some(placed) => self.customers_office(placed.customer),
            None => Ok(None),
        }
    }

    /// Of a receipt that was settled or kept before.
    fn receipts_office(&self, incoming: Incoming<'_>) -> Result<Option<String>, StoreError> {
        match self.seen(incoming) {
            Ok(Some(Opening::Known(Some(order)))) => self.orders_office(order),
            Ok(Some(Opening::Held(finding))) => self.findings_office(finding),
            Err(SettleError::Store(error)) => Err(error),
            _ => Ok(None),
        }
    }

    fn findings_office(&self, finding: i64) -> Result<Option<String>, StoreError> {
        match self.finding(finding)?.and_then(|finding| finding.meter) {
            Some(meter) => self.meters_office(meter),
            None => Ok(None),
        }
    }
}

impl Transaction<'_> {
    /// Gives a customer to another office.
    pub fn give_to_office(&self, customer: CustomerNumber, office: &str) -> Result<bool, StoreError> {
        let given = self.conn.change(
            "UPDATE customer SET office = ?2 WHERE customer = ?1",
            params![customer.to_string(), office],
        )?;
        Ok(given == 1)
    }
}
