//! `gridcard user-card`: customers' classic purchase cards, issued by a city.

use crate::made;
use crate::prelude::*;
use parties::city::USER_CARDS;

/// Verbs of user cards.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue an empty user card with the city's PSAM issuing card; a bank loads purchases onto it (`gridcard server card write`).
    Issue(made::MakePlain),
    /// End a user card with the city's PSAM issuing card, operator and supervisor: its keys are destroyed for good.
    Retire(Retire),
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
            Verb::Issue(options) => {
                one("user-card issue", options, |call, options| made::make_plain(call, options, &USER_CARDS))
            }
            Verb::Retire(options) => two("user-card retire", options, |call, options| {
                let second = options.second_pin_file.as_deref().into();
                made::retire(call, &options.retire, &USER_CARDS, Some(second))
            }),
        }
    }
}
