//! `gridcard test-card`: production test cards, issued by a city for the makers of its meters.

use crate::prelude::*;
use crate::{made, pin};
use parties::city::TEST_CARDS;

/// Verbs of test cards.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue a test card with the city's test issuing card. It holds published keys alone, whatever the city's state.
    Issue(made::Make),
    /// End a test card with the city's test issuing card: its keys and PIN are destroyed for good.
    Retire(made::RetireCard),
    /// The PIN of a test card.
    #[command(subcommand)]
    Pin(pin::MakersVerb),
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Issue(options) => {
                one("test-card issue", options, |call, options| made::make(call, options, None, &TEST_CARDS))
            }
            Verb::Retire(options) => one("test-card retire", options, |call, options| {
                made::retire(call, options, &TEST_CARDS, None)
            }),
            Verb::Pin(pin::MakersVerb::Change(options)) => {
                one("test-card pin-change", options, |call, options| {
                    pin::change(call, options, &[CardKind::TestCard])
                })
            }
            Verb::Pin(pin::MakersVerb::Unblock(options)) => {
                one("test-card pin-unblock", options, |call, options| {
                    pin::unblock(call, options, &TEST_CARDS)
                })
            }
        }
    }
}
