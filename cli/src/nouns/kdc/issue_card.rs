//! `kdc issue-card`: issuing cards made with the main control card.

use super::holder::Holder;
use crate::prelude::*;
use parties::province::issue_card::{self, CardReport, CardRequest};

/// Options of `kdc issue-card`.
#[derive(Debug, Args)]
pub struct IssueCard {
    /// What the card will make: `psam-issuing`, `esam-issuing` or `test-issuing`.
    #[arg(value_parser = issuing_kind)]
    pub kind: CardKind,
    /// Region code of the city, 8 digits.
    #[arg(long)]
    pub city: RegionCode,
    /// Number of the card, 12 digits.
    #[arg(long)]
    pub number: DeviceNumber,
    /// How many cards it may make; then it is spent.
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
        value_parser = clap::value_parser!(u32).range(1..=4_000_000_000))]
    pub count: u32,
    /// psam-issuing: for how much, in whole yuan, it may grant limits to PSAMs. Default: 100000000.
    #[arg(long, value_name = "YUAN", value_parser = clap::value_parser!(u64).range(1..=100_000_000_000_000))]
    pub value: Option<u64>,
    /// Version of the city's keys on it. A city goes to the next one when a card was lost.
    #[arg(long, value_name = "V", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    pub key_version: u8,
    /// ESAM issuing card of a version above 1: the earlier version whose ESAMs it gives new keys. Default: the one before.
    #[arg(long, value_name = "V", value_parser = clap::value_parser!(u8).range(1..))]
    pub previous: Option<u8>,
    /// The blank: a card file, a new file, for which a blank is taken from the factory, or a card in a reader
    /// (pcsc:READER, pcsc:SERIAL). Default: a new file in province/out.
    #[arg(long, value_name = "CARD")]
    pub card: Option<CardRef>,
    #[command(flatten)]
    pub holder: Holder,
    /// File with the PIN the new card will have (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_pin_file: Option<PathBuf>,
    /// psam-issuing, esam-issuing: file with the supervisor's PIN the new card will have, another one. Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_second_pin_file: Option<PathBuf>,
    /// Show plan and APDUs, secrets hidden, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub allowed: Allowed,
    #[command(flatten)]
    pub transport: Transport,
}

/// Reads the name of a kind that makes cards for a city.
pub fn issuing_kind(text: &str) -> Result<CardKind, String> {
    match CardKind::from_name(text) {
        Some(kind) if kind.is_city_issuing() => Ok(kind),
        _ => Err("an issuing card is psam-issuing, esam-issuing or test-issuing".into()),
    }
}

/// Makes an issuing card.
pub fn issue_card(call: &Call, options: &IssueCard) -> Result<()> {
    let request = CardRequest {
        kind: options.kind,
        city: options.city,
        number: options.number,
        count: options.count,
        value: options.value.map(|yuan| yuan.saturating_mul(100)),
        key_version: options.key_version,
        previous: options.previous,
        card: options.card.clone(),
        holder: options.holder.get(options.allowed.spend_last_try),
        pin: options.card_pin_file.as_deref().into(),
        supervisor_pin: options.card_second_pin_file.as_deref().into(),
        dry_run: options.dry_run,
        allowed: options.allowed.into(),
        transport: options.transport.get(),
    };
    reply(call, issue_card::issue_card(call, &request), |report| match report {
        CardReport::Planned { plan } => plan.clone(),
        CardReport::Issued(issued) => format!(
            "issued {} card {} for city {}, key version {}, good for {} card(s): {}\nkeys: {}",
            issued.kind,
            issued.number,
            issued.city,
            issued.key_version,
            issued.count,
            issued.card,
            issued.check_values.line(),
        ),
    })
}
