//! `gridcard server card`: purchases on customers' classic cards.

use crate::call::Call;
use crate::output::answer;
use crate::screen::facts;
use crate::shared::Pin;
use clap::{Args, Subcommand};
use parties::Deed;
use parties::bank::{self, CardReading, CardReport, CardSaleRequest, Desk};
use parties::trouble::{Result, refused};
use scheme::cards::CardRef;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};

/// Verbs of user cards at the bank.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Read what a meter wrote back to a card, and settle the receipt on it.
    Read(Read),
    /// Settle what is on a card, sell, and load the purchase onto it. An order that is outstanding is loaded once more, one for a SIM or
    /// another card is made anew for this one.
    Write(Write),
}

/// Options of `server card read`.
#[derive(Debug, Args)]
pub struct Read {
    /// The card: a card file, or a card in a reader (pcsc:READER, pcsc:SERIAL).
    pub card: CardRef,
    /// The PSAM's PIN.
    #[command(flatten)]
    pub pin: Pin,
}

/// Options of `server card write`.
#[derive(Debug, Args)]
pub struct Write {
    /// The card: a card file, or a card in a reader (pcsc:READER, pcsc:SERIAL).
    pub card: CardRef,
    /// Customer number, 12 digits.
    #[arg(long)]
    pub customer: CustomerNumber,
    /// Which of his meters, where he has several.
    #[arg(long)]
    pub meter: Option<MeterNumber>,
    /// Amount in yuan, as in 50 or 50.00, paid in cash. Default: what is outstanding; or the first purchase of the registration.
    #[arg(long)]
    pub amount: Option<Fen>,
    /// The PSAM's PIN.
    #[command(flatten)]
    pub pin: Pin,
}

impl Verb {
    /// What it is, for the bank's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Read(_) => Deed::One("server card read"),
            Verb::Write(_) => Deed::One("server card write"),
        }
    }
}

/// Runs `server card`.
pub fn run(call: &Call, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Read(options) => read(call, options),
        Verb::Write(options) => write(call, options),
    }
}

fn read(call: &Call, options: &Read) -> Result<()> {
    tell_read(call, &bank::read_card(call, &mut Desk::open(call)?, &options.card, &options.pin.get())?)
}

/// Tells what stands on a card.
///
/// # Errors
/// The receipt on it was not taken.
pub fn tell_read(call: &Call, report: &CardReading) -> Result<()> {
    answer(call, &facts(&read_lines(report)), report);
    let Some(receipt) = &report.receipt else { return Ok(()) };
    match receipt.held() {
        Some(held) => Err(held),
        None if receipt.result == "refused" => Err(refused(receipt.detail.clone())
            .hint(
                "put the card into its meter once more, and read it again: the meter leaves its receipt anew",
            )
            .code("card-receipt-refused")
            .into()),
        None => Ok(()),
    }
}

fn read_lines(report: &CardReading) -> Vec<(&'static str, String)> {
    let mut lines = vec![("card", format!("{}, chip {}", report.card, report.serial))];
    let Some(meter) = report.meter else {
        lines.push(("purchase", "none was loaded yet".to_owned()));
        return lines;
    };
    lines.push(("purchase", format!("{} for meter {meter}, purchase {}", report.amount_fen, report.count)));
    lines.push((
        "written back",
        match (report.remaining_fen, report.meter_count) {
            (Some(rest), Some(count)) => format!("balance {}, {count} purchase(s) taken", Fen(rest)),
            _ if report.written_back => "damaged".to_owned(),
            _ => "not yet: the meter has not seen this purchase".to_owned(),
        },
    ));
    if let Some(receipt) = &report.receipt {
        lines.push(("receipt", format!("{}: {}", receipt.result, receipt.detail)));
    }
    lines
}

fn write(call: &Call, options: &Write) -> Result<()> {
    let request = CardSaleRequest {
        card: options.card.clone(),
        customer: options.customer,
        meter: options.meter,
        amount: options.amount,
        pin: options.pin.get(),
    };
    tell_written(call, &bank::write_card(call, &mut Desk::open(call)?, &request)?);
    Ok(())
}

/// Tells what was loaded.
pub fn tell_written(call: &Call, report: &CardReport) {
    answer(call, &facts(&written_lines(report)), report);
}

fn written_lines(report: &CardReport) -> Vec<(&'static str, String)> {
    let done = &report.done;
    let what = match &*done.what {
        "again" => "loaded once more, nothing was sold",
        "anew" => "made anew for this card, nothing was sold",
        _ => "sold",
    };
    let mut lines = vec![
        ("card", format!("{}, chip {}", report.before.card, report.before.serial)),
        ("order", format!("{}: {what}", done.order)),
        ("for", format!("customer {}, meter {}", done.customer, done.meter)),
        ("amount", format!("{} ({}, purchase {})", done.amount_fen, done.kind, done.count)),
    ];
    if let Some(receipt) = &report.before.receipt {
        lines.push(("receipt before", format!("{}: {}", receipt.result, receipt.detail)));
    }
    lines
}
