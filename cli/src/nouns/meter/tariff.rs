//! `gridcard meter station tariff`: prices as people write them.

use crate::prelude::*;
use clap::Args;
use parties::meters::station::TariffRequest;
use scheme::Moment;
use scheme::tariff::{PeriodDay, Price, Steps};

/// Prices that a station writes.
#[derive(Debug, Args)]
pub struct Tables {
    /// Price that does not depend on how much was drawn, in yuan, at most four digits after the point; it is paid beside the steps.
    #[arg(long, value_name = "YUAN", value_parser = price, required_unless_present = "prices")]
    pub rate: Option<Price>,
    /// Price of each step, one more than --steps has amounts.
    #[arg(long, value_name = "YUAN,..", value_delimiter = ',', value_parser = price)]
    pub prices: Vec<Price>,
    /// Where each step but the last ends, in kWh or m3 since the period began.
    #[arg(long, value_name = "AMOUNT,..", value_delimiter = ',', value_parser = amount, requires = "prices")]
    pub steps: Vec<u32>,
    /// Days on which a period begins, as in 01-01 or 07-01T08. Default: with each month.
    #[arg(long, value_name = "MM-DD,..", value_delimiter = ',', value_parser = day, requires = "prices")]
    pub days: Vec<PeriodDay>,
    /// The tables wait until this time. Default: they are good from now on.
    #[arg(long, value_name = "TIME")]
    pub from: Option<Moment>,
}

impl Tables {
    /// What the act is asked for.
    pub fn get(&self) -> TariffRequest {
        let steps = (!self.prices.is_empty()).then(|| Steps {
            amounts: self.steps.clone(),
            prices: self.prices.clone(),
            days: self.days.clone(),
        });
        TariffRequest { rate: self.rate, steps, from: self.from }
    }
}

/// A number with so many digits after its point at most, without the point.
fn fixed(text: &str, decimals: usize) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > decimals || !digits(whole) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse().ok().filter(|number| *number < 100_000_000)
}

fn price(text: &str) -> Result<Price, String> {
    let number = fixed(text, 4).ok_or("write yuan, as in 0.55 or 0.5380; at most 9999.9999")?;
    Ok(Price(number.into()))
}

fn amount(text: &str) -> Result<u32, String> {
    fixed(text, 2).ok_or_else(|| "write kWh or m3, as in 200 or 12.50; at most 999999.99".into())
}

fn day(text: &str) -> Result<PeriodDay, String> {
    let (date, hour) = text.split_once('T').unwrap_or((text, "00"));
    let two = |text: &str| text.parse::<u8>().ok().filter(|_| text.len() == 2);
    let found = date.split_once('-').and_then(|(month, day)| {
        let (month, day, hour) = (two(month)?, two(day)?, two(hour)?);
        let is_one = (1..=12).contains(&month) && (1..=28).contains(&day) && hour < 24;
        is_one.then_some(PeriodDay { month, day, hour })
    });
    found.ok_or_else(|| "write a day that every year has, 01-01 to 12-28, as in 07-01 or 07-01T08".into())
}
