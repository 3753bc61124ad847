//! Changing the PIN of a card of ours, and setting it anew with the card one level up, whichever noun names the card.

use crate::prelude::*;
use parties::city::issue::Making;
use parties::pin::{self, AnewRequest, ChangeRequest, PinReport};

/// Verbs of a card's PINs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Give a card another PIN; the present one is needed. The last try is never spent unasked.
    Change(Change),
}

/// Verbs of the PINs of cards that a city makes.
#[derive(Debug, Subcommand)]
pub enum MakersVerb {
    /// Give a card another PIN; the present one is needed. The last try is never spent unasked.
    Change(Change),
    /// Give a card a new PIN with all its tries, with the city's issuing card; the old one is not needed.
    Unblock(Unblock),
}

/// A card that gets a new PIN.
#[derive(Debug, Args)]
pub struct Anew {
    /// The card: a card file, or a card in a reader.
    pub card: CardRef,
    /// File with the new PIN (`-`: stdin). Default: a prompt, twice.
    #[arg(long, value_name = "FILE")]
    pub new_pin_file: Option<PathBuf>,
}

/// Options of `pin unblock` of a city.
#[derive(Debug, Args)]
pub struct Unblock {
    #[command(flatten)]
    pub anew: Anew,
    #[command(flatten)]
    pub city: CityCard,
    /// Try the issuing card's PIN although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Options of `pin change`.
#[derive(Debug, Args)]
pub struct Change {
    /// The card: a card file, or a card in a reader.
    pub card: CardRef,
    /// Change the second PIN: the second officer's of a main control card, the supervisor's of a PSAM or ESAM issuing card.
    /// The operator's is verified before.
    #[arg(long)]
    pub second: bool,
    /// File with the operator's PIN as it is (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the second PIN as it is (`-`: stdin), with --second. Default: a prompt.
    #[arg(long, value_name = "FILE", requires = "second")]
    pub second_pin_file: Option<PathBuf>,
    /// File with the new PIN (`-`: stdin). Default: a prompt, twice.
    #[arg(long, value_name = "FILE")]
    pub new_pin_file: Option<PathBuf>,
    /// Try the present PIN although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

impl Anew {
    /// As acts take it; `second` for the supervisor's PIN.
    pub fn get(&self, second: bool) -> AnewRequest {
        AnewRequest { card: self.card.clone(), second, new_pin: self.new_pin_file.as_deref().into() }
    }
}

/// Changes a PIN of a card of the kinds a noun is about.
pub fn change(call: &Call, options: &Change, kinds: &[CardKind]) -> Result<()> {
    let request = ChangeRequest {
        card: options.card.clone(),
        second: options.second,
        pin: options.pin_file.as_deref().into(),
        second_pin: options.second_pin_file.as_deref().into(),
        new_pin: options.new_pin_file.as_deref().into(),
        spend_last_try: options.spend_last_try,
    };
    tell(call, pin::change(call, &request, kinds))
}

/// Sets a PIN of a card that a city makes anew.
pub fn unblock(call: &Call, options: &Unblock, making: &Making) -> Result<()> {
    tell(call, making.unblock(call, &options.anew.get(false), &options.city.get(options.spend_last_try)))
}

/// Tells of a PIN that is another one now.
pub fn tell(call: &Call, report: Result<PinReport>) -> Result<()> {
    reply(call, report, |PinReport { card, pin, unblocked, .. }| match unblocked {
        true => format!("{card}: {pin} is a new one, with all its tries"),
        false => format!("{card}: {pin} is another one now"),
    })
}
