//! What is in a packet before a copy of its ESAM: what the card's own program says to it. The image it came from stays as it is.

use super::hand::{Hand, Opener};
use keys::seal;
use reader::driver::esam::{EnvelopeError, Enveloped, Esam};
use reader::error::CardError;
use scheme::refusal::Refusal;
use std::path::Path;
use vcard::slot::Keep;
use vcard::{SeededChance, Slot};

/// What an ESAM says to an order.
pub enum Said {
    /// It credits it, or gives its receipt again: the packet of the receipt.
    Receipt(Vec<u8>),
    /// It takes a server's certificate.
    Certificate,
    /// It refuses it. `any_sim`: which SIM is in the meter nobody knew, and the check before that was the last to be made.
    Refused {
        /// The first check that failed.
        refusal: Refusal,
        /// Whether no SIM was known.
        any_sim: bool,
    },
}

/// Asks a copy of the card. `None`: there is no image, or the card has no answer that means something here.
pub fn ask(opener: &Opener, hand: &Hand<'_>, tpdus: &[Vec<u8>]) -> Option<Said> {
    let image = opener.image.clone()?;
    // Of a copy that nobody keeps; its random numbers decide nothing.
    let chance = SeededChance::new(1, "a copy of a card");
    let mut slot = Slot::with_image(image, Path::new("a copy"), Box::new(chance), Keep::InMemory).ok()?;
    match answer(&mut Esam::new(&mut slot), opener, hand, tpdus) {
        Ok(Enveloped::Receipt(receipt)) => Some(Said::Receipt(receipt)),
        Err(EnvelopeError::Refused(refusal)) => Some(Said::Refused { refusal, any_sim: hand.imsi.is_none() }),
        Ok(Enveloped::Certificate) => Some(Said::Certificate),
        Err(EnvelopeError::Card(_)) => None,
    }
}

fn answer(
    esam: &mut Esam<'_>,
    opener: &Opener,
    hand: &Hand<'_>,
    tpdus: &[Vec<u8>],
) -> Result<Enveloped, EnvelopeError> {
    authenticate(esam, opener)?;
    let imsi = hand.imsi.unwrap_or([0xFF; 9]);
    esam.write_run_info(0, hand.now, &imsi)?;
    esam.envelope(tpdus)
}

/// Shows the ESAM that its meter is there.
fn authenticate(esam: &mut Esam<'_>, opener: &Opener) -> Result<(), CardError> {
    esam.reset()?;
    esam.card_info()?;
    let challenge = esam.challenge()?;
    esam.external_authenticate(&seal::cryptogram(&opener.ext_auth, &challenge))
}
