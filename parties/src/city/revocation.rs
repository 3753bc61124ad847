//! The city's list of revoked cards, and the province's that it takes.

use super::access::{info_of, issuing_card, issuing_card_in_use};
use crate::cards::CardHandle;
use crate::home::Home;
use crate::in_force;
use crate::places::{self, card_at};
use crate::province::MADE;
use crate::revoked::{self, Maker, RevokeReport, RevokeRequest, TakeReport};
use crate::secret::{self, SecretFrom};
use crate::session::Session;
use crate::trouble::{Context, Result};
use ::issue::source::CardSource;
use keys::Suite;
use reader::driver::issuing::IssuingCard;
use scheme::numbers::RegionCode;
use scheme::profile::CardKind;
use std::path::Path;

/// Revokes a card the city made; its PSAM issuing card makes the list's MACs, for the PSAMs. `None`: a request for the second
/// person was written in its place.
///
/// # Errors
/// Those of [`revoked::revoke`], and of the card.
pub fn revoke(
    session: &Session,
    request: &RevokeRequest,
    city: Option<RegionCode>,
    pin: &SecretFrom,
) -> Result<Option<RevokeReport>> {
    let (region, folder) = Home::new(session).city(city, "revoking cards")?;
    let place = issuing_card_in_use(session, &folder, CardKind::PsamIssuing)?;
    let info = info_of(session, &card_at(&place))?;
    let suite = Suite::from_code(info.suite).context("the PSAM issuing card is of a suite nobody knows")?;
    let maker = Maker {
        folder: &folder,
        issuer: region,
        kinds: &[
            CardKind::Psam,
            CardKind::Esam,
            CardKind::TestCard,
            CardKind::UserCard,
            CardKind::ProductionCard,
        ],
        believers: &[CardKind::Psam],
    };
    let open = || CardHandle::open(session, &place, CardKind::PsamIssuing);
    let verify = |handle: &mut CardHandle| {
        let pin = secret::pin(session, pin, "the PSAM issuing card")?;
        in_force::must_make(session, &folder, handle)?;
        CardSource::open(IssuingCard::new(handle), &pin)?;
        Ok(())
    };
    revoked::revoke(session, &maker, request, (suite, info.state), open, verify)
}

/// Takes the province's list of revoked cards; the city's issuing cards check it.
///
/// # Errors
/// Those of [`revoked::take`].
pub fn take_revoked(session: &Session, list: &Path, city: Option<RegionCode>) -> Result<TakeReport> {
    let (_, folder) = Home::new(session).city(city, "taking the list of revoked cards")?;
    let cards = MADE.map(|kind| (kind, issuing_card(&folder, kind)));
    let there: Vec<_> = cards.into_iter().filter(|(_, place)| places::taken(session, place)).collect();
    revoked::take(session, &folder, RegionCode([0; 4]), list, &there)
}
