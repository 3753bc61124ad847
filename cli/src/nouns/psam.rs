//! `gridcard psam`: PSAMs, issued by a city for bank offices.

mod limit;

use crate::certified::{self, Certify};
use crate::prelude::*;
use crate::{made, pin};
use parties::city::PSAMS;
use parties::city::limit::StatementRequest;
use parties::city::psam::{self, PairRequest};
use parties::{issuing, statement};

/// Verbs of PSAMs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue a PSAM with the city's PSAM issuing card.
    Issue(Issue),
    /// Show a PSAM: number, key version, orders sealed and left.
    Show {
        /// The PSAM: a card file, or a card in a reader.
        card: CardRef,
    },
    /// Give a PSAM other limits of orders and value, against its statement, with the city's PSAM issuing card.
    Limit(limit::Limit),
    /// Ask for a statement of a PSAM that is at its bank, by a file: the first step to another limit.
    StatementRequest {
        /// Number of the PSAM.
        number: DeviceNumber,
        /// File for the request. Default: psam-NUMBER.request.json in the city's out.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// City, when the home has several.
        #[arg(long)]
        city: Option<RegionCode>,
    },
    /// Pair a PSAM with a server: a new server key, which the bank needs to sell; the one before is dead.
    Pair(Pair),
    /// Certify the signing key of a PSAM, which draws it now, with the city's certified PSAM issuing card; the one before is void.
    Certify(Certify),
    /// End a PSAM with the city's PSAM issuing card, operator and supervisor: its keys and PIN are destroyed for good.
    Retire(Retire),
    /// The PIN of a PSAM.
    #[command(subcommand)]
    Pin(pin::MakersVerb),
}

/// Options of `psam issue`.
#[derive(Debug, Args)]
pub struct Issue {
    #[command(flatten)]
    pub make: made::Make,
    #[command(flatten)]
    pub limits: limit::LimitOptions,
}

/// Options of `psam retire`.
#[derive(Debug, Args)]
pub struct Retire {
    #[command(flatten)]
    pub retire: made::RetireCard,
    /// File with the supervisor's PIN of the issuing card. Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub second_pin_file: Option<PathBuf>,
}

/// Options of `psam pair`.
#[derive(Debug, Args)]
pub struct Pair {
    /// The PSAM: a card file, or a card in a reader.
    pub card: CardRef,
    /// File for the server key, for the bank. Default: psam-NUMBER.server in the city's out.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub city: CityCard,
    /// File with the PIN of the PSAM (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_pin_file: Option<PathBuf>,
    /// Try the PIN of the issuing card although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Issue(options) => one("psam issue", options, |call, options| {
                made::make(call, &options.make, Some(options.limits.get()), &PSAMS)
            }),
            Verb::Show { card } => look(card, show),
            Verb::Limit(options) => two("psam limit", options, limit::limit),
            Verb::StatementRequest { number, out, city } => {
                one("psam statement-request", StatementRequest { number, out, city }, limit::ask)
            }
            Verb::Pair(options) => two("psam pair", options, pair),
            Verb::Certify(options) => one("psam certify", options, |call, options| {
                certified::certify(call, options, (CardKind::Psam, CardKind::PsamIssuing))
            }),
            Verb::Retire(options) => two("psam retire", options, |call, options| {
                let second = options.second_pin_file.as_deref().into();
                made::retire(call, &options.retire, &PSAMS, Some(second))
            }),
            Verb::Pin(pin::MakersVerb::Change(options)) => {
                one("psam pin-change", options, |call, options| pin::change(call, options, &[CardKind::Psam]))
            }
            Verb::Pin(pin::MakersVerb::Unblock(options)) => {
                one("psam pin-unblock", options, |call, options| pin::unblock(call, options, &PSAMS))
            }
        }
    }
}

fn show(call: &Call, card: &CardRef) -> Result<()> {
    reply(call, psam::show(call, card), |report| {
        let value = report.value_fen.zip(report.value_limit_fen);
        facts(&[
            ("PSAM", format!("{} of city {}", report.number, report.city)),
            ("state", report.state.to_owned()),
            ("key version", report.key_version.to_string()),
            ("orders", issuing::counter_words(&report.counter())),
            (
                "value",
                value.map_or("-".into(), |(value, limit)| statement::value_words("sealed", value, limit)),
            ),
            ("chain", report.chain.clone().unwrap_or_else(|| "-".into())),
            ("server key", report.server_key.clone().unwrap_or_else(|| "none: it seals nothing".into())),
            ("tries of its PIN", report.tries.map_or("-".into(), |tries| tries.to_string())),
        ])
    })
}

fn pair(call: &Call, options: &Pair) -> Result<()> {
    let request = PairRequest {
        card: options.card.clone(),
        out: options.out.clone(),
        pin: options.card_pin_file.as_deref().into(),
        access: options.city.get(options.spend_last_try),
    };
    reply_if(call, psam::pair(call, &request), |report| {
        format!("PSAM {} is paired anew; the bank's server key is in {}", report.number, report.server_key)
    })
}
