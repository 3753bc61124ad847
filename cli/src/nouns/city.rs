//! `gridcard city`: a city office and its issuing cards.

use crate::prelude::*;
use crate::{audit, pin, shared};
use parties::city::delivery::{self, DeliveryRequest};
use parties::city::{self, open};
use parties::province;

/// Verbs of a city.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take issuing cards from the province into use: a card file moves into the city's folder, of a card in a reader a
    /// link is kept there.
    Open {
        /// Issuing cards: card files, or cards in readers (pcsc:READER, pcsc:SERIAL). A successor of a higher key version, or of
        /// the same, takes the place of the card before it, which steps aside into the folder `earlier`.
        #[arg(required = true)]
        cards: Vec<CardRef>,
    },
    /// Revoke a PSAM, an ESAM or a test card that was lost, stolen or broken; the bank takes the list.
    Revoke(Revoke),
    /// Take the province's list of revoked cards; the city's issuing cards check it.
    Revoked {
        /// The province's list (`revocation.json`).
        list: PathBuf,
        /// City, when the home has several.
        #[arg(long)]
        city: Option<RegionCode>,
    },
    /// Write the delivery list for the bank: meter, chip, key version and ceiling of every ESAM that was issued here.
    Delivery {
        /// The list; the bank takes it with `gridcard server meters`.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The city; only where a home has several.
        #[arg(long, value_name = "CODE")]
        city: Option<RegionCode>,
    },
    /// The city's audit log.
    Audit {
        /// City, when the home has several.
        #[arg(long, global = true, value_name = "CODE")]
        city: Option<RegionCode>,
        /// What about the log.
        #[command(subcommand)]
        verb: audit::Verb,
    },
    /// The PINs of issuing cards.
    #[command(subcommand)]
    Pin(pin::Verb),
}

/// Options of `city revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Which card, and why: `psam`, `esam` or `test-card`.
    #[command(flatten)]
    pub what: shared::RevokeWhat,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the PIN of the PSAM issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Open { cards } => one("city open", cards, |call, cards| open(call, cards)),
            Verb::Revoke(options) => two("city revoke", options, revoke),
            Verb::Revoked { list, city } => one("city revoked", (list, city), |call, (list, city)| {
                reply(call, city::take_revoked(call, list, *city), shared::taken)
            }),
            Verb::Delivery { out, city } => one("city delivery", DeliveryRequest { out, city }, delivery),
            Verb::Audit { city, verb } => look((city, verb), |call, (city, verb)| {
                audit::run(call, verb, || Ok(Home::new(call).city(*city, "reading the audit log")?.1))
            }),
            Verb::Pin(pin::Verb::Change(options)) => {
                one("city pin-change", options, |call, options| pin::change(call, options, &province::MADE))
            }
        }
    }
}

fn open(call: &Call, cards: &[CardRef]) -> Result<()> {
    reply(call, open::open(call, cards), |report| {
        let rows = report.cards.iter();
        let rows = rows.map(|card| row![card.kind, card.number, card.key_version, card.city, card.now_at]);
        table(&["card", "number", "key version", "city", "now at"], rows.collect())
    })
}

fn revoke(call: &Call, options: &Revoke) -> Result<()> {
    let Revoke { what, city, pin_file } = options;
    shared::tell_revoked(call, city::revoke(call, &what.get(), *city, &pin_file.as_deref().into()))
}

fn delivery(call: &Call, request: &DeliveryRequest) -> Result<()> {
    let report = delivery::delivery(call, request)?;
    let words = format!("{} ESAM(s) are in {}; SHA-256 {}", report.esams, report.file, report.sha256);
    answer(call, &words, &report);
    if report.left_out > 0 {
        say(format!(
            "{} ESAM(s) were issued by an older version, or have formal keys on their way, and are left out: the bank sells nothing for them",
            report.left_out
        ));
    }
    Ok(())
}
