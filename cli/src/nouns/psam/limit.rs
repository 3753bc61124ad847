//! `gridcard psam limit` and `statement-request`: other limits for a PSAM, with the card at hand or by files that cross between
//! city and bank [docs/specs/renewal.md].

use crate::prelude::*;
use parties::city::limit::{self, LimitReport, LimitRequest, StatementRequest, Whose};
use parties::{issuing, statement};
use scheme::psam::Limits;

/// How many orders, and for how much. There is always a limit.
#[derive(Debug, Clone, Copy, Args)]
pub struct LimitOptions {
    /// Orders it may seal in all, those it has sealed included.
    #[arg(long, value_name = "N", default_value_t = Limits::PSAM.count)]
    pub orders: u32,
    /// Value it may seal in all, in whole yuan, that of the past included.
    #[arg(long, value_name = "YUAN", default_value_t = Limits::PSAM.value / 100,
        value_parser = clap::value_parser!(u64).range(0..=100_000_000_000_000))]
    pub value: u64,
}

impl LimitOptions {
    /// As acts take them.
    pub const fn get(self) -> Limits {
        Limits { count: self.orders, value: self.value * 100 }
    }
}

/// Options of `psam limit`.
#[derive(Debug, Args)]
pub struct Limit {
    /// The PSAM: a card file, or a card in a reader.
    #[arg(required_unless_present = "statement", conflicts_with = "statement")]
    pub card: Option<CardRef>,
    /// The PSAM is at its bank: the file `gridcard server psam-statement` wrote. The limit goes into a file.
    #[arg(long, value_name = "FILE", conflicts_with = "order_list")]
    pub statement: Option<PathBuf>,
    /// Compare the PSAM at hand with the bank's list of its orders too: a file of `gridcard server psam-statement`.
    #[arg(long, value_name = "FILE")]
    pub order_list: Option<PathBuf>,
    /// File for the sealed limit. Default: psam-NUMBER.limit.json in the city's out.
    #[arg(long, value_name = "FILE", requires = "statement")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub limits: LimitOptions,
    #[command(flatten)]
    pub city: CityCard,
    /// Try the PIN of the issuing card although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Draws a challenge for a statement and writes the request.
pub fn ask(call: &Call, request: &StatementRequest) -> Result<()> {
    reply(call, limit::ask(call, request), |report| {
        format!(
            "{} asks for a statement of PSAM {} from order {} on; the bank answers with `gridcard server psam-statement`",
            report.file,
            report.number,
            report.since_orders + 1
        )
    })
}

/// Gives a PSAM other limits.
pub fn limit(call: &Call, options: &Limit) -> Result<()> {
    let whose = match (&options.statement, &options.card) {
        (Some(statement), _) => Whose::ByFile { statement: statement.clone(), out: options.out.clone() },
        (None, Some(card)) => Whose::AtHand { card: card.clone(), order_list: options.order_list.clone() },
        (None, None) => return Err(refused("a card or --statement is wanted").into()),
    };
    let (limits, access) = (options.limits.get(), options.city.get(options.spend_last_try));
    reply_if(call, limit::limit(call, &LimitRequest { whose, limits, access }), words)
}

fn words(report: &LimitReport) -> String {
    let orders = match (&report.file, report.limit) {
        (Some(_), Some(limit)) => format!("{} made, {limit} allowed", report.sealed),
        _ => issuing::counter_words(&report.counter()),
    };
    let mut lines = vec![
        ("PSAM", report.number.to_string()),
        ("orders", orders),
        ("value", statement::value_words("sealed", report.value_fen, report.value_limit_fen)),
        ("chain", report.chain.clone()),
    ];
    lines.extend(report.file.clone().map(|file| ("sealed limit", file)));
    facts(&lines)
}
