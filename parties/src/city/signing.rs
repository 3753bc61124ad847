//! ESAMs and PSAMs that get a signing key after they were made: where a run broke off, where the issuing card was certified later,
//! or where a key is to be another one [docs/specs/signatures.md 5].

use super::access::{Access, info_in, must_be_of};
use crate::cards::CardHandle;
use crate::home::Home;
use crate::province::signing::{CertificateReport, note};
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use issue::signing;
use issue::source::{SourceError, Target};
use scheme::CardRef;
use scheme::profile::CardKind;
use wire::Channel;

/// Certifies the signing key of an ESAM or a PSAM, which draws it now; the one before is void.
///
/// # Errors
/// The card is of another kind or city, or must sign already; the issuing card does not open, or has no certificate itself.
pub fn certify(
    session: &Session,
    card: &CardRef,
    access: &Access,
    (kind, issuer): (CardKind, CardKind),
) -> Result<CertificateReport> {
    let act = format!("certifying the keys of {}s", kind.title());
    let (region, folder) = Home::new(session).city(access.city, &act)?;
    // Before the issuing card: who names that one here is told so, and no PIN is asked.
    let mut handle = CardHandle::open(session, card, kind)?;
    let info = info_in(&mut handle, kind, card)?;
    must_be_of(region, &info, &card.to_string())?;
    access.with_issuing_card(session, &folder, (issuer, false), |source| {
        if !source.about().signs {
            return Err(SourceError::NotCertified.into());
        }
        if info.is_older_make() || info.state != source.about().state {
            let words = format!("{card} is of another make or state than the issuing card");
            return Err(refused(words).into());
        }
        let serial = wire::atr::serial_of(&handle.reset()?).context("the card's ATR carries no serial")?;
        let target = Target::finished(serial, &info);
        let certificate = signing::equip(&mut handle, source, &target, session.now()?.day())?;
        handle.close()?;
        note(session, &folder, kind, &certificate)?;
        Ok(CertificateReport::of(&certificate))
    })
}
