//! Cards that a city makes one by one, PSAMs and test cards: their issuing and their end.

use crate::prelude::*;
use crate::shared::tell_retired;
use parties::city::issue::{MakeReport, MakeRequest, Making};
use parties::secret::SecretFrom;
use scheme::psam::Limits;

/// Options of the issuing of a card.
#[derive(Debug, Args)]
pub struct Make {
    /// Number of the new card, 12 digits.
    #[arg(long)]
    pub number: DeviceNumber,
    #[command(flatten)]
    pub city: CityCard,
    /// The blank: a card file, a new file, for which a blank is taken from the factory, or a card in a reader
    /// (pcsc:READER, pcsc:SERIAL). Default: a new file in the city's out.
    #[arg(long, value_name = "CARD")]
    pub card: Option<CardRef>,
    /// File with the PIN the new card will have (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_pin_file: Option<PathBuf>,
    #[command(flatten)]
    pub allowed: Allowed,
    #[command(flatten)]
    pub transport: Transport,
}

/// Options of the issuing of a card that has no PIN.
#[derive(Debug, Args)]
pub struct MakePlain {
    /// Number of the new card, 12 digits.
    #[arg(long)]
    pub number: DeviceNumber,
    #[command(flatten)]
    pub city: CityCard,
    /// The blank: a card file, a new file, for which a blank is taken from the factory, or a card in a reader
    /// (pcsc:READER, pcsc:SERIAL). Default: a new file in the city's out.
    #[arg(long, value_name = "CARD")]
    pub card: Option<CardRef>,
    #[command(flatten)]
    pub allowed: Allowed,
    #[command(flatten)]
    pub transport: Transport,
}

/// Options of a card's end.
#[derive(Debug, Args)]
pub struct RetireCard {
    /// The card that ends: a card file, or a card in a reader.
    pub card: CardRef,
    #[command(flatten)]
    pub city: CityCard,
    /// Try a PIN of the issuing card although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Issues a card.
pub fn make(call: &Call, options: &Make, limits: Option<Limits>, making: &Making) -> Result<()> {
    let request = MakeRequest {
        number: options.number,
        access: options.city.get(options.allowed.spend_last_try),
        card: options.card.clone(),
        pin: options.card_pin_file.as_deref().into(),
        limits,
        allowed: options.allowed.into(),
        transport: options.transport.get(),
    };
    tell_made(call, making.issue(call, &request), making)
}

/// Issues a card that has no PIN.
pub fn make_plain(call: &Call, options: &MakePlain, making: &Making) -> Result<()> {
    let request = MakeRequest {
        number: options.number,
        access: options.city.get(options.allowed.spend_last_try),
        card: options.card.clone(),
        pin: None::<PathBuf>.into(),
        limits: None,
        allowed: options.allowed.into(),
        transport: options.transport.get(),
    };
    tell_made(call, making.issue(call, &request), making)
}

/// Tells of a card that was made.
pub fn tell_made(call: &Call, made: Result<MakeReport>, making: &Making) -> Result<()> {
    reply(call, made, |report| {
        let (title, keys) = (making.kind.title(), report.check_values.line());
        let made = format!("issued {title} {} of city {}: {}", report.number, report.city, report.card);
        let server = report.server_key.as_ref().map(|key| format!("\nserver key, for the bank alone: {key}"));
        let keys = if keys.is_empty() { keys } else { format!("\nkeys: {keys}") };
        format!("{made}{keys}{}", server.unwrap_or_default())
    })
}

/// Ends a card; `second` has the supervisor's PIN, where he is needed.
pub fn retire(call: &Call, options: &RetireCard, making: &Making, second: Option<SecretFrom>) -> Result<()> {
    let mut access = options.city.get(options.spend_last_try);
    access.supervisor_pin = second;
    tell_retired(call, making.retire(call, &options.card, &access))
}
