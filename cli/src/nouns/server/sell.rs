//! `gridcard server order`, `correct`, `reverse`, `reissue`, `resume`, `void`: orders on their way to a SIM.

use crate::call::Call;
use crate::output::answer;
use crate::screen::facts;
use crate::shared::{MaybeBank, Pin};
use clap::{Args, ValueEnum};
use parties::bank::{
    self, CorrectRequest, Desk, Destination, OrderReport, ReissueRequest, ResumeReport, ResumeRequest,
    SellRequest, VoidReport,
};
use parties::trouble::{Failure, Result};
use scheme::Kind;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use server::BankAccount;
use std::path::PathBuf;

/// Whose order, and where it goes.
#[derive(Debug, Args)]
pub struct To {
    /// Customer number, 12 digits.
    #[arg(long)]
    pub customer: CustomerNumber,
    /// Which of his meters, where he has several.
    #[arg(long)]
    pub meter: Option<MeterNumber>,
    /// Record file for the SIM. Default: CUSTOMER-COUNT.sms in the bank's out, where he has several meters CUSTOMER-METER-COUNT.sms.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The PSAM's PIN.
    #[command(flatten)]
    pub pin: Pin,
}

/// Options of `server order`.
#[derive(Debug, Args)]
pub struct Order {
    /// Amount in yuan, as in 50 or 50.00. Default: the first purchase of the registration.
    #[arg(long)]
    pub amount: Option<Fen>,
    /// The account that is debited, by the bank's token. Default: it is paid in cash.
    #[arg(long, value_name = "TOKEN")]
    pub bank_account: Option<BankAccount>,
    /// The customers' bank.
    #[command(flatten)]
    pub bank: MaybeBank,
    /// Whose order it is.
    #[command(flatten)]
    pub to: To,
}

/// Options of `server correct`.
#[derive(Debug, Args)]
pub struct Correct {
    /// The right amount in yuan.
    #[arg(long)]
    pub amount: Fen,
    /// Whose order it is.
    #[command(flatten)]
    pub to: To,
}

/// Options of `server reverse`.
#[derive(Debug, Args)]
pub struct Reverse {
    /// Whose order it is.
    #[command(flatten)]
    pub to: To,
}

/// Options of `server reissue`.
#[derive(Debug, Args)]
pub struct Reissue {
    /// Why, when it is not the SIM or the validity.
    #[arg(long, value_enum)]
    pub reason: Option<ReissueReason>,
    /// Whose order it is.
    #[command(flatten)]
    pub to: To,
}

/// Why an order is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReissueReason {
    /// The ESAM got other keys.
    KeyChange,
    /// Another ESAM is in the meter; two people know that the old one credits nothing any more.
    ChipReplaced,
}

/// Options of `server resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// The order that this customer has outstanding, sealed or not; default: all that were interrupted.
    #[arg(long)]
    pub customer: Option<CustomerNumber>,
    /// Which of his meters, where he has several.
    #[arg(long, requires = "customer")]
    pub meter: Option<MeterNumber>,
    /// The PSAM's PIN, not asked for when nothing has to be sealed.
    #[command(flatten)]
    pub pin: Pin,
}

/// Options of `server void`.
#[derive(Debug, Args)]
pub struct Void {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
    /// Which of his meters, where he has several.
    #[arg(long)]
    pub meter: Option<MeterNumber>,
}

impl To {
    /// As acts take it.
    fn get(&self) -> Destination {
        let (customer, meter) = (self.customer, self.meter);
        Destination { customer, meter, out: self.out.clone(), pin: self.pin.get(), id: None }
    }
}

impl From<ReissueReason> for bank::ReissueReason {
    fn from(reason: ReissueReason) -> Self {
        match reason {
            ReissueReason::KeyChange => bank::ReissueReason::KeyChange,
            ReissueReason::ChipReplaced => bank::ReissueReason::ChipReplaced,
        }
    }
}

/// Runs `server order`.
pub fn order(call: &Call, options: &Order) -> Result<()> {
    if options.bank_account.is_some() && options.bank.address.is_none() {
        return Err(Failure::new(Kind::Usage, "an account is debited by its bank, and none is named")
            .hint("name it with --bank ADDRESS")
            .code("bank-missing")
            .into());
    }
    let (pay, to) = (options.bank_account.clone(), options.to.get());
    let request = SellRequest { amount: options.amount, pay, to };
    let desk = &mut Desk::open(call)?;
    let report = match options.bank.open()? {
        Some(host) => bank::sell_by_bank(call, desk, &host, &request)?,
        None => bank::sell(call, desk, &request)?,
    };
    tell(call, &report);
    Ok(())
}

/// Runs `server correct`.
pub fn correct(call: &Call, options: &Correct) -> Result<()> {
    let request = CorrectRequest { amount: options.amount, to: options.to.get() };
    if let Some(report) = bank::correct(call, &mut Desk::open(call)?, &request)? {
        tell(call, &report);
    }
    Ok(())
}

/// Runs `server reverse`.
pub fn reverse(call: &Call, options: &Reverse) -> Result<()> {
    if let Some(report) = bank::reverse(call, &mut Desk::open(call)?, &options.to.get())? {
        tell(call, &report);
    }
    Ok(())
}

/// Runs `server reissue`.
pub fn reissue(call: &Call, options: &Reissue) -> Result<()> {
    let request = ReissueRequest { reason: options.reason.map(Into::into), to: options.to.get() };
    if let Some(report) = bank::reissue(call, &mut Desk::open(call)?, &request)? {
        tell(call, &report);
    }
    Ok(())
}

/// Tells of an order.
pub fn tell(call: &Call, report: &OrderReport) {
    let text = facts(&[
        ("order", report.order.to_string()),
        ("for", format!("customer {}, meter {}, ESAM {}", report.customer, report.meter, report.serial)),
        ("amount", format!("{} ({}, purchase {})", report.amount_fen, report.kind, report.count)),
        ("valid until", report.valid_until.to_string()),
        ("SIM", report.iccid.clone()),
        ("record", report.record.clone()),
    ]);
    answer(call, &text, report);
}

/// Runs `server resume`.
pub fn resume(call: &Call, options: &Resume) -> Result<()> {
    let request = ResumeRequest {
        customer: options.customer,
        meter: options.meter,
        pin: options.pin.get(),
        bank: false,
    };
    tell_resumed(call, options, &bank::resume(call, &mut Desk::open(call)?, &request)?);
    Ok(())
}

/// Tells of orders that were finished.
pub fn tell_resumed(call: &Call, options: &Resume, report: &ResumeReport) {
    let text = match (report.resumed, options.customer) {
        (0, None) => "no order was interrupted".to_owned(),
        (0, Some(_)) => "no order is outstanding".to_owned(),
        _ => report.records.join("\n"),
    };
    answer(call, &text, report);
}

/// Runs `server void`.
pub fn void(call: &Call, options: &Void) -> Result<()> {
    tell_void(call, &bank::void(call, &mut Desk::open(call)?, options.customer, options.meter)?);
    Ok(())
}

/// Tells of an order that was given up.
pub fn tell_void(call: &Call, report: &VoidReport) {
    let text = format!("order {} ({}, purchase {}) is void", report.order, report.amount_fen, report.count);
    answer(call, &text, report);
}
