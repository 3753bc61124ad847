//! What becomes of issuing cards: revoked, retired, or with a new PIN.

use super::folder::{MADE, main_card, record};
use super::holder::{Holder, Officers};
use crate::cards::CardHandle;
use crate::home::{Home, Party};
use crate::people;
use crate::pin::{self, AnewRequest, PinReport};
use crate::retire::{self, RetireReport};
use crate::revoked::{self, Maker, RevokeReport, RevokeRequest};
use crate::session::Session;
use crate::trouble::Result;
use issue::source::CardSource;
use reader::driver::issuing::IssuingCard;
use scheme::CardRef;
use scheme::numbers::RegionCode;
use scheme::pin::Pins;
use scheme::profile::CardKind;

/// Revokes an issuing card: both officers with the main control card, which makes the list's MACs. `None`: a request for the
/// second person was written in its place.
///
/// # Errors
/// Those of [`revoked::revoke`], and of the card.
pub fn revoke(
    session: &Session,
    request: &RevokeRequest,
    officers: &Officers,
) -> Result<Option<RevokeReport>> {
    let folder = Home::new(session).party(Party::Province, "revoking issuing cards")?;
    let record = record(&folder)?;
    let maker = Maker { folder: &folder, issuer: RegionCode([0; 4]), kinds: &MADE, believers: &MADE };
    let open = || CardHandle::open(session, &main_card(&folder), CardKind::MainControl);
    let verify = |handle: &mut CardHandle| {
        let [pin, second] = officers.ask(session)?;
        CardSource::open(IssuingCard::new(handle), Pins::both(&pin, &second))?;
        Ok(())
    };
    revoked::revoke(session, &maker, request, (record.suite, record.state), open, verify)
}

/// Ends an issuing card; two officers, as every act of a main control card. `None`: a request for the second person was written
/// in its place.
///
/// # Errors
/// Those of [`retire::retire`], and of whoever holds the roots.
pub fn retire_card(
    session: &Session,
    kind: CardKind,
    card: &CardRef,
    holder: &Holder,
) -> Result<Option<RetireReport>> {
    let folder = Home::new(session).party(Party::Province, "retiring issuing cards")?;
    let why = format!("the end of a {} card", kind.name());
    holder.with_source(session, &folder, &why, |source| {
        if !people::both(session, &folder, &format!("retiring {card}"), source.about().state)? {
            return Ok(None);
        }
        retire::retire(session, card, kind, source, &folder).map(Some)
    })
}

/// Sets a PIN of an issuing card anew.
///
/// # Errors
/// Those of [`pin::unblock`], and of whoever holds the roots.
pub fn unblock(session: &Session, request: &AnewRequest, holder: &Holder) -> Result<PinReport> {
    let folder = Home::new(session).party(Party::Province, "setting PINs of issuing cards")?;
    holder.with_source(session, &folder, "a new PIN of an issuing card", |source| {
        pin::unblock(session, request, &MADE, source)
    })
}
