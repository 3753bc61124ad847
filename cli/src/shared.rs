//! Options that several nouns share.

use crate::call::Call;
use crate::output::reply_if;
use clap::Args;
use issue::plan::Master;
use kdc::revocation::Reason;
use keys::Suite;
use parties::Result;
#[cfg(feature = "service")]
use parties::Session;
#[cfg(feature = "service")]
use parties::bank::Desk;
use parties::bank::pins::{PinChoice, PinFile};
use parties::city::Access;
use parties::retire::RetireReport;
use parties::revoked::{RevokeReport, RevokeRequest, TakeReport};
use reader::link::Serial;
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::profile::CardKind;
#[cfg(feature = "service")]
use server::Store;
#[cfg(feature = "service")]
use server::store::FIRST_SERVER;
use std::path::PathBuf;
use std::time::Duration;

/// The city whose issuing card an act works with, and that card's PIN.
#[derive(Debug, Args)]
pub struct CityCard {
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the PIN of the city's issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
}

impl CityCard {
    /// As acts take it.
    pub fn get(&self, spend_last_try: bool) -> Access {
        let pin = self.pin_file.as_deref().into();
        Access { city: self.city, pin, supervisor_pin: None, spend_last_try }
    }
}

/// What an operator may allow by name when a run before broke off or was refused.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Allowed {
    /// Authenticate although the card has 1 try left: when it fails, the card is lost.
    #[arg(long)]
    pub spend_last_try: bool,
    /// The master key to try on a card that cannot tell which it holds: `transport` or `own`.
    #[arg(long, value_name = "KEY", value_parser = master)]
    pub try_master: Option<Master>,
}

fn master(text: &str) -> Result<Master, String> {
    match text {
        "transport" => Ok(Master::Transport),
        "own" => Ok(Master::Own),
        _ => Err("a master key is transport or own".into()),
    }
}

impl From<Allowed> for parties::issuing::Allowed {
    fn from(allowed: Allowed) -> Self {
        parties::issuing::Allowed { spend_last_try: allowed.spend_last_try, try_master: allowed.try_master }
    }
}

/// How a serial port stands.
#[derive(Debug, Clone, Args)]
pub struct SerialOptions {
    /// Bits a second, of a serial port.
    #[arg(long, default_value_t = 2400)]
    pub speed: u32,
    /// No parity bit, of a serial port; the field's meters have an even one.
    #[arg(long)]
    pub no_parity: bool,
}

impl SerialOptions {
    /// As a line takes it.
    pub const fn get(&self) -> Serial {
        Serial { speed: self.speed, even_parity: !self.no_parity }
    }
}

/// Which messages go between meter and server.
#[cfg(feature = "service")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// Sealed ones, end to end; the meter's request names the telephone.
    Session,
    /// The frames of the field: random, recharge (070102FF), receipt.
    Recharge,
}

#[cfg(feature = "service")]
impl By {
    /// As the server is told.
    pub const fn name(self) -> &'static str {
        match self {
            By::Session => "session",
            By::Recharge => "recharge",
        }
    }
}

/// The transport root that blanks are made under.
#[derive(Debug, Clone, Default, Args)]
pub struct Transport {
    /// Blanks are made under this transport root, which was agreed with the card maker: a file with 32 hexadecimal digits and
    /// their check value. A formal province has one. Default: the published transport root.
    #[arg(long, value_name = "FILE")]
    pub transport_file: Option<PathBuf>,
}

impl Transport {
    /// As acts take it.
    pub fn get(&self) -> parties::transport::Transport {
        parties::transport::Transport { transport_file: self.transport_file.clone() }
    }
}

/// What of a revocation a person says.
#[derive(Debug, Args)]
pub struct RevokeWhat {
    /// Kind of the card, as its maker names it.
    #[arg(value_parser = kind)]
    pub kind: CardKind,
    /// Number of the card, 12 digits.
    pub number: DeviceNumber,
    /// Why, for the list: lost, stolen, broken, compromised or replaced.
    #[arg(long)]
    pub reason: Reason,
    /// What happened, in words; the log and the store keep them.
    #[arg(long)]
    pub why: String,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Reads a kind's name.
pub fn kind(text: &str) -> Result<CardKind, String> {
    CardKind::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = CardKind::ALL.into_iter().map(CardKind::name).collect();
        format!("a kind is {}", names.join(", "))
    })
}

impl RevokeWhat {
    /// As acts take it.
    pub fn get(&self) -> RevokeRequest {
        RevokeRequest {
            kind: self.kind,
            number: self.number,
            reason: self.reason,
            why: self.why.clone(),
            dry_run: self.dry_run,
        }
    }
}

/// Tells of a card that was revoked.
pub fn tell_revoked(call: &Call, report: Result<Option<RevokeReport>>) -> Result<()> {
    reply_if(call, report, |report| match report {
        RevokeReport::Planned(planned) => format!(
            "revoking {} card {} ({}), list {}, with a MAC for {} card(s); two people do it\nnothing was done",
            planned.kind, planned.number, planned.reason, planned.list, planned.believers
        ),
        RevokeReport::Revoked(revoked) => format!(
            "revoked {} card {} ({}): list {} in {}, with a MAC for {} card(s)",
            revoked.kind, revoked.number, revoked.reason, revoked.list_number, revoked.list, revoked.macs
        ),
    })
}

/// A list of revoked cards that was taken, in words.
pub fn taken(report: &TakeReport) -> String {
    format!(
        "list {} of {}: {} card(s) revoked; {} card(s) here believe it",
        report.list_number,
        report.date,
        report.revoked.len(),
        report.believed
    )
}

/// Tells of a card that was retired.
pub fn tell_retired(call: &Call, report: Result<Option<RetireReport>>) -> Result<()> {
    reply_if(call, report, |RetireReport { kind, number, before, .. }| match before {
        true => format!("{kind} {number} was retired before: a spent chip, never a blank again"),
        false => format!(
            "retired {kind} {number}: its keys and PINs are destroyed; the chip is spent and never a blank again"
        ),
    })
}

/// The PSAM a command works with, and its PIN.
#[derive(Debug, Args)]
pub struct Pin {
    /// File with the PIN of the PSAM (`-`: stdin). Several PSAMs have one each: NUMBER=FILE, more than once. Default: a prompt.
    #[arg(long = "pin-file", value_name = "FILE")]
    pub files: Vec<PinFile>,
    /// Work with this PSAM of the bank. Default: the one with the keys of the meter.
    #[arg(long, value_name = "NUMBER")]
    pub psam: Option<DeviceNumber>,
    /// Try the PIN although it has 1 try left: a wrong one blocks the PSAM.
    #[arg(long)]
    pub spend_last_try: bool,
}

impl Pin {
    /// As acts take it.
    pub fn get(&self) -> PinChoice {
        PinChoice { files: self.files.clone(), psam: self.psam, spend_last_try: self.spend_last_try }
    }
}

/// Books that are not in the bank's folder.
#[cfg(feature = "service")]
#[derive(Debug, Clone, Args)]
pub struct Database {
    /// Connection string of books in PostgreSQL, as libpq takes it. Default: the bank's own SQLite file.
    #[arg(long, value_name = "URL", env = "GRIDCARD_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
}

#[cfg(feature = "service")]
impl Database {
    /// The bank's desk over them.
    pub fn desk(&self, session: &Session) -> Result<Desk> {
        match &self.database {
            Some(url) => Desk::over(session, Box::new(Store::connect(url, FIRST_SERVER)?)),
            None => Desk::open(session),
        }
    }
}

/// Reads a suite's name.
pub fn suite(text: &str) -> Result<Suite, String> {
    Suite::from_name(text)
        .ok_or_else(|| "a suite is 3des, aes128 or sm4 (SM1, the field's cipher, is closed)".into())
}

/// The customers' bank.
#[derive(Debug, Clone, Args)]
pub struct BankHostOptions {
    /// Address of the customers' bank on this machine, or of a proxy that speaks to it: http://HOST:PORT.
    #[arg(long = "bank", value_name = "ADDRESS")]
    pub address: String,
    /// Seconds after which a bank that has not answered has not answered.
    #[arg(long = "bank-patience", value_name = "SECONDS", default_value_t = BANK_PATIENCE_S, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub patience: u64,
}

/// The customers' bank, where there is one.
#[derive(Debug, Clone, Args)]
pub struct MaybeBank {
    /// Address of the customers' bank on this machine, or of a proxy that speaks to it: http://HOST:PORT. Without one sales are
    /// paid in cash.
    #[arg(long = "bank", value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Seconds after which a bank that has not answered has not answered.
    #[arg(long = "bank-patience", value_name = "SECONDS", default_value_t = BANK_PATIENCE_S, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub patience: u64,
}

impl MaybeBank {
    /// The line to it.
    ///
    /// # Errors
    /// It is no such address.
    pub fn open(&self) -> Result<Option<server::BankHost>, server::bank_host::HostError> {
        let host = |address: &String| server::BankHost::new(address, Duration::from_secs(self.patience));
        self.address.as_ref().map(host).transpose()
    }
}

/// How long a bank is waited for, unless somebody says otherwise.
const BANK_PATIENCE_S: u64 = 10;

impl BankHostOptions {
    /// The line to it.
    ///
    /// # Errors
    /// It is no such address.
    pub fn open(&self) -> Result<server::BankHost, server::bank_host::HostError> {
        server::BankHost::new(&self.address, Duration::from_secs(self.patience))
    }
}
