//! `gridcard user-card`: customers' classic purchase cards, issued by a city.

use crate::made;
use crate::prelude::*;
use parties::city::USER_CARDS;
use parties::city::issue::MakeRequest;

/// Verbs of user cards.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue an empty user card with the city's PSAM issuing card; a bank loads purchases onto it (`gridcard server card write`).
    Issue(Issue),
    /// End a user card with the city's PSAM issuing card, operator and supervisor: its keys are destroyed for good.
    Retire(Retire),
}

/// Options of `user-card issue`.
#[derive(Debug, Args)]
pub struct Issue {
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

/// Options of `user-card retire`.
#[derive(Debug, Args)]
pub struct Retire {
    #[command(flatten)]
    pub retire: made::RetireCard,
    /// File with the supervisor's PIN of the issuing card. Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub second_pin_file: Option<PathBuf>,
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Issue(options) => one("user-card issue", options, issue),
            Verb::Retire(options) => two("user-card retire", options, |call, options| {
                let second = options.second_pin_file.as_deref().into();
                made::retire(call, &options.retire, &USER_CARDS, Some(second))
            }),
        }
    }
}

fn issue(call: &Call, options: &Issue) -> Result<()> {
    let request = MakeRequest {
        number: options.number,
        access: options.city.get(options.allowed.spend_last_try),
        card: options.card.clone(),
        // A user card has no PIN.
        pin: None::<PathBuf>.into(),
        limits: None,
        allowed: options.allowed.into(),
        transport: options.transport.get(),
    };
    made::tell_made(call, USER_CARDS.issue(call, &request), &USER_CARDS)
}
