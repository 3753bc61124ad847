//! The customers of a world: of a file, or made up.

use parties::trouble::{Context, Result, refused};
use server::{Registration, Roster};
use std::fmt::Write;
use wire::bcd::luhn_check_digit;

/// Customers, in the bank's own form and as its parser reads it.
#[derive(Debug, Clone)]
pub struct People {
    /// The file a bank registers them from: CSV, the first line names the columns.
    pub csv: String,
    /// Each line of it.
    pub registrations: Vec<Registration>,
}

impl People {
    /// Customers of a file's text; `name` is what errors call it.
    ///
    /// # Errors
    /// A line the bank would not take; no line at all.
    pub fn read(csv: &str, name: &str) -> Result<Self> {
        let roster = Roster::read(csv.as_bytes()).with_context(|| name.to_owned())?;
        let mut registrations = Vec::new();
        for line in roster {
            let (_, registration) = line.with_context(|| name.to_owned())?;
            let customer = registration.with_context(|| name.to_owned())?;
            registrations.push(customer.with_meter(None).with_context(|| name.to_owned())?);
        }
        if registrations.is_empty() {
            return Err(refused(format!("{name} names no customer")).into());
        }
        Ok(People { csv: csv.to_owned(), registrations })
    }
}

/// So many customers with numbers that pass every check, and first purchases of 50 to 140 yuan.
///
/// # Errors
/// There are none.
pub fn made_up(n: u32) -> Result<People> {
    let mut csv = String::from("customer,meter,msisdn,imsi,imei,iccid,name,first_purchase\n");
    for i in 1..=n {
        let imei = format!("86012304{:06}", i % 1_000_000);
        let iccid = format!("8986002633{i:09}");
        let (imei_end, iccid_end) = (luhn_check_digit(&imei), luhn_check_digit(&iccid));
        let amount = 50 + (i % 10) * 10;
        // Writing to a string does not fail.
        let _ = writeln!(
            csv,
            "3302{i:08},2611{i:08},86139{i:08},46000{i:010},{imei}{imei_end},{iccid}{iccid_end},Customer {i},{amount}.00"
        );
    }
    People::read(&csv, "the made-up customers")
}
