//! What people do in a world, and what is to be seen of money afterwards.

use super::tools::text;
use super::{CUSTOMERS, Customer, World};
use crate::command::{Call, Ran};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What may not change when something is refused: every purse, and the bank's books.
#[derive(Debug, PartialEq)]
pub struct Money {
    purses: Vec<Purse>,
    books: Value,
}

/// A purse as its meter shows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Purse {
    pub balance: u64,
    pub credited: u64,
    pub count: u64,
}

impl World {
    /// `server order`, to a record file.
    pub fn order_call(&self, customer: &Customer, yuan: &str, record: &Path) -> Call {
        self.bank(&["server", "order", "--customer", customer.number, "--amount", yuan]).with(&[
            "--pin-file",
            "pin",
            "--out",
            text(record),
        ])
    }

    /// Buys; gives the order's record file.
    pub fn order(&self, customer: &Customer, yuan: &str) -> PathBuf {
        let record = self.fresh("-order.sms");
        self.order_call(customer, yuan, &record).run().ok();
        record
    }

    /// `sim write`.
    pub fn write_call(&self, customer: &Customer, record: &Path) -> Call {
        self.phones(&["sim", "write", text(&self.sim(customer)), text(record)])
    }

    /// The phone stores a record on its SIM.
    pub fn write(&self, customer: &Customer, record: &Path) {
        self.write_call(customer, record).run().ok();
    }

    /// `meter insert`: the SIM of the one into the meter of the other.
    pub fn insert(&self, sim: &Customer, meter: &Customer) -> Call {
        self.meters(&["meter", "insert", meter.meter, text(&self.sim(sim))])
    }

    /// The phone takes a receipt off its SIM; gives its record file.
    pub fn collect(&self, customer: &Customer) -> PathBuf {
        let record = self.fresh("-receipt.sms");
        self.phones(&["sim", "collect", text(&self.sim(customer)), text(&record)]).run().ok();
        record
    }

    /// `server settle`.
    pub fn settle(&self, record: &Path) -> Ran {
        self.bank(&["server", "settle", text(record), "--pin-file", "pin"]).run()
    }

    /// Buys, writes, inserts, collects and settles; gives the order's record file.
    pub fn purchase(&self, customer: &Customer, yuan: &str) -> PathBuf {
        let order = self.order(customer, yuan);
        self.write(customer, &order);
        self.insert(customer, customer).run().ok().shows(&["credited"]);
        self.settle(&self.collect(customer)).ok().shows(&["settled"]);
        order
    }

    pub fn purse(&self, customer: &Customer) -> Purse {
        let shown = self.meters(&["meter", "show", customer.meter, "--json"]).run().ok().object();
        let number = |name: &str| shown[name].as_u64().unwrap();
        Purse {
            balance: number("balance_fen"),
            credited: number("total_credited_fen"),
            count: number("count"),
        }
    }

    /// `server report`, checked.
    pub fn books(&self) -> Value {
        let mut books = self.bank(&["server", "report", "--json"]).run().ok().object();
        // Where the log stood says nothing of money.
        assert!(books.as_object_mut().unwrap().remove("log").is_some());
        assert_eq!((&books["sum_fen"], &books["findings"]), (&0.into(), &0.into()));
        assert_eq!(books["faults"].as_array().unwrap().len(), 0);
        books
    }

    pub fn money(&self) -> Money {
        Money { purses: CUSTOMERS.iter().map(|customer| self.purse(customer)).collect(), books: self.books() }
    }
}
