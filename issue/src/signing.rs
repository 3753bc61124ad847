//! A card gets a signing key and its certificate: the root it believes, the key it draws itself, what the card one level up
//! certifies [docs/specs/signatures.md 5].

use crate::source::{KeySource, SourceError, Target};
use reader::driver::esam::Esam;
use reader::driver::fmcos::Fmcos;
use reader::error::CardError;
use scheme::certificate::{Certificate, KeyUse};
use scheme::fault::{Fault, Hint, Kind};
use scheme::moment::Day;
use scheme::signing::Mode;
use wire::Channel;

/// Why a card got no certificate.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The card failed or refused.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The source failed or refused.
    #[error("key source: {0}")]
    Source(#[from] SourceError),
    /// What the card shows is not what was stored.
    #[error("the card does not show the certificate that was stored")]
    Differs,
}

impl Fault for SigningError {
    fn kind(&self) -> Kind {
        match self {
            SigningError::Card(error) => error.kind(),
            SigningError::Source(error) => error.kind(),
            SigningError::Differs => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        match self {
            SigningError::Card(error) => error.hint(),
            SigningError::Source(error) => error.hint(),
            SigningError::Differs => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            SigningError::Card(error) => error.code(),
            SigningError::Source(error) => error.code(),
            SigningError::Differs => "signing-differs",
        }
    }
}

/// The root that the source believes, put into the card by the source's MAC.
pub(crate) fn store_root(
    card: &mut Fmcos<'_>,
    source: &mut dyn KeySource,
    target: &Target,
) -> Result<(), SigningError> {
    let challenge = card.challenge8()?;
    let field = source.seal_root(target, challenge)?;
    Ok(card.store_root(&field)?)
}

/// A key that the card draws, certified by the source from a day on; the issuer's certificate stands in the card before its own.
pub(crate) fn certify(
    card: &mut Fmcos<'_>,
    source: &mut dyn KeySource,
    target: &Target,
    from: Day,
) -> Result<Certificate, SigningError> {
    let certificate = source.certify(target, from, &mut |challenge| card.generate_key_pair(challenge))?;
    if let Some(issuer) = source.issuer()? {
        card.store_certificate(&issuer)?;
    }
    card.store_certificate(&certificate)?;
    Ok(certificate)
}

/// Whether the card shows a certificate.
pub(crate) fn shows(card: &mut Fmcos<'_>, certificate: &Certificate) -> Result<(), SigningError> {
    let found = card.certificate(certificate.subject.key_use)?;
    if found.is_some_and(|found| found.to_bytes() == certificate.to_bytes()) {
        Ok(())
    } else {
        Err(SigningError::Differs)
    }
}

/// Gives a finished card a signing key, certified from a day on. It is not asked whether it has one: a new key takes the place of
/// the one before.
///
/// # Errors
/// [`SigningError`]; the card is as before, or has a key that nobody certified, and can be equipped again.
pub fn equip(
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
    target: &Target,
    from: Day,
) -> Result<Certificate, SigningError> {
    let mut card = Fmcos::new(channel);
    card.reset()?;
    card.select_mf()?;
    let challenge = card.challenge8()?;
    let cryptogram = source.authenticate_target(target, challenge)?;
    card.external_authenticate(0x00, &cryptogram)?;
    store_root(&mut card, source, target)?;
    let certificate = certify(&mut card, source, target, from)?;
    card.reset()?;
    card.select_mf()?;
    shows(&mut card, &certificate)?;
    Ok(certificate)
}

/// Brings a finished ESAM the server's certificate and has it take these orders from now on; gives the certificates it signs with, the city
/// issuer's first.
///
/// # Errors
/// [`SigningError`]: among them a mode below the one it has (6985), a card without a certificate of its own (6A88), a server's certificate
/// that its root did not sign (6988).
pub fn set_mode(
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
    target: &Target,
    server: Option<&Certificate>,
    mode: Mode,
) -> Result<[Certificate; 2], SigningError> {
    {
        let mut card = Fmcos::new(&mut *channel);
        card.reset()?;
        card.select_mf()?;
        if let Some(server) = server {
            card.store_certificate(server)?;
        }
        let challenge = card.challenge8()?;
        let cryptogram = source.authenticate_target(target, challenge)?;
        card.external_authenticate(0x00, &cryptogram)?;
    }
    Esam::new(&mut *channel).set_mode(mode)?;
    let mut card = Fmcos::new(channel);
    let mut read = |key_use| card.certificate(key_use)?.ok_or(SigningError::Differs);
    let chain = [read(KeyUse::CityIssuer)?, read(KeyUse::Esam)?];
    card.reset()?;
    Ok(chain)
}

/// The certificates that a card shows: root, city issuer, its own; `None` of a card that has none of its own. Nothing is checked.
///
/// # Errors
/// The card failed.
pub fn chain(channel: &mut dyn Channel, own: KeyUse) -> Result<Option<Vec<Certificate>>, CardError> {
    let mut card = Fmcos::new(channel);
    card.reset()?;
    card.select_mf()?;
    let mut found = Vec::new();
    for key_use in [KeyUse::Root, KeyUse::CityIssuer, own] {
        match card.certificate(key_use)? {
            Some(certificate)
                if found.last().is_none_or(|last: &Certificate| last.subject.key_use != key_use) =>
            {
                found.push(certificate);
            }
            Some(_) => {}
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}
