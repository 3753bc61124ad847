//! The customers of a demo: of a file, or made up.

use super::Options;
use crate::fail::refused;
use parties::trouble::{Context, Result};
use server::{Registration, Roster};
use std::fmt::Write;
use wire::bcd::luhn_check_digit;

/// The twenty customers a demo has when it names none.
const NINGBO: &str = include_str!("../../../examples/ningbo.csv");

/// Reads or makes up the customers, through the same parser that the server's registration uses.
pub fn read(options: &Options) -> Result<Vec<Registration>> {
    let (name, text) = match (&options.csv, options.meters) {
        (Some(path), _) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            (path.display().to_string(), text)
        }
        (None, Some(n)) => ("the made-up customers".into(), made_up(n)),
        (None, None) => ("examples/ningbo.csv".into(), NINGBO.into()),
    };
    let roster = Roster::read(text.as_bytes()).with_context(|| name.clone())?;
    let lines: Result<Vec<_>, _> = roster.lines.into_iter().map(|(_, line)| line).collect();
    let people = lines.with_context(|| name.clone())?;
    if people.is_empty() { Err(refused(format!("{name} names no customer")).into()) } else { Ok(people) }
}

/// `n` customers with numbers that pass every check, and first purchases of 50 to 140 yuan.
fn made_up(n: u32) -> String {
    let mut csv = String::from("customer,meter,msisdn,imsi,imei,iccid,name,first_purchase\n");
    for i in 1..=n {
        let imei = format!("86012304{:06}", i % 1_000_000);
        let iccid = format!("8986002633{i:09}");
        let (imei_end, iccid_end) = (luhn_check_digit(&imei), luhn_check_digit(&iccid));
        let amount = 50 + (i % 10) * 10;
        // Writing to a string does not fail.
        let _ = writeln!(
            csv,
            "3302{i:08},2611{i:08},+86139{i:08},46000{i:010},{imei}{imei_end},{iccid}{iccid_end},Customer {i},{amount}.00"
        );
    }
    csv
}
