//! `kdc limit`: an issuing card's limits renewed by its province, without making another card [docs/specs/cards.md 9].

use super::holder::Holder;
use crate::prelude::*;
use parties::province::limit::{self, CardLimitReport, CardLimitRequest};
use parties::{issuing, statement};

/// Options of `kdc limit`.
#[derive(Debug, Args)]
#[command(after_help = "Example: gridcard kdc limit psam-issuing.card --count 2000 --value 200000000")]
#[group(id = "limits", required = true, multiple = true, args = ["count", "value"])]
pub struct Limit {
    /// The issuing card: a card file, or a card in a reader.
    pub card: CardRef,
    /// How many cards it may make in all, those it has made included. Default: as it is.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4_000_000_000))]
    pub count: Option<u32>,
    /// psam-issuing: for how much in all, in whole yuan, it may grant limits to PSAMs, what it has granted included. Default: as
    /// it is.
    #[arg(long, value_name = "YUAN", value_parser = clap::value_parser!(u64).range(1..=100_000_000_000_000))]
    pub value: Option<u64>,
    #[command(flatten)]
    pub holder: Holder,
    /// Try the PINs of the main control card although one has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Renews the limits of an issuing card.
pub fn limit(call: &Call, options: &Limit) -> Result<()> {
    let request = CardLimitRequest {
        card: options.card.clone(),
        count: options.count,
        // The option's range keeps the product far below the end.
        value: options.value.map(|yuan| yuan * 100),
        holder: options.holder.get(options.spend_last_try),
    };
    reply_if(call, limit::limit(call, &request), words)
}

fn words(report: &CardLimitReport) -> String {
    let mut lines = vec![
        (report.title, format!("{} of city {}", report.number, report.city)),
        ("cards", issuing::counter_words(&report.counter())),
    ];
    if let Some((granted, limit)) = report.granted_fen.zip(report.value_limit_fen) {
        lines.push(("value", statement::value_words("granted", granted, limit)));
    }
    facts(&lines)
}
