//! A city's issuing cards: where they are, and how an act gets at them.

use crate::cards::CardHandle;
use crate::in_force;
use crate::places;
use crate::secret::{self, SecretFrom};
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use ::issue::source::{CardSource, KeySource};
use reader::driver::fmcos::Fmcos;
use reader::driver::issuing::IssuingCard;
use scheme::CardRef;
use scheme::numbers::RegionCode;
use scheme::pin::Pins;
use scheme::profile::{CardInfo, CardKind};
use std::path::{Path, PathBuf};

/// Where a city keeps the issuing card of a kind.
pub fn issuing_card(folder: &Path, kind: CardKind) -> PathBuf {
    folder.join(format!("{}.card", kind.name()))
}

/// The issuing card of a kind, which the city must have taken into use.
///
/// # Errors
/// It has not: the step before is missing.
pub fn issuing_card_in_use(session: &Session, folder: &Path, kind: CardKind) -> Result<PathBuf> {
    let place = issuing_card(folder, kind);
    if places::taken(session, &place) {
        return Ok(place);
    }
    let hint = format!(
        "the province makes one with `gridcard kdc issue-card {}`; then `gridcard city open CARD` takes it into use",
        kind.name()
    );
    Err(refused(format!("the city has no {} yet: {} is not there", kind.title(), place.display()))
        .hint(hint)
        .into())
}

/// How a city's issuing card is got at.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The city; `None`: the only one of the home.
    pub city: Option<RegionCode>,
    /// The operator's PIN.
    pub pin: SecretFrom,
    /// The supervisor's, where an act needs none but may show it; an act that needs it asks.
    pub supervisor_pin: Option<SecretFrom>,
    /// Try the PINs although one has 1 try left: a wrong one blocks the card.
    pub spend_last_try: bool,
}

impl Access {
    /// Does an act with the issuing card of a kind; `supervised` says that the supervisor's PIN is needed too.
    pub(crate) fn with_issuing_card<T>(
        &self,
        session: &Session,
        folder: &Path,
        (kind, supervised): (CardKind, bool),
        act: impl FnOnce(&mut dyn KeySource) -> Result<T>,
    ) -> Result<T> {
        let (place, title) = (issuing_card_in_use(session, folder, kind)?, kind.title());
        let pin = secret::pin(session, &self.pin, &format!("the {title}"))?;
        let supervisor = match &self.supervisor_pin {
            None if !supervised => None,
            from => {
                let from = from.clone().unwrap_or_default();
                Some(secret::pin(session, from, &format!("the {title}, supervisor"))?)
            }
        };
        let mut issuing = CardHandle::open(session, &place, kind)?;
        in_force::must_make(session, folder, &mut issuing)?;
        let pins =
            Pins { operator: Some(&pin), officer: supervisor.as_ref(), spend_last_try: self.spend_last_try };
        let done = {
            let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
            act(&mut source)?
        };
        issuing.close()?;
        Ok(done)
    }
}

/// Card information of an FMCOS card.
///
/// # Errors
/// It does not open, is a SIM, or tells none.
pub fn info_of(session: &Session, card: &CardRef) -> Result<CardInfo> {
    let (mut handle, kind) = CardHandle::open_any(session, card)?;
    if kind.is_sim() {
        return Err(refused(format!("{card} is a SIM, which carries no card information")).into());
    }
    info_in(&mut handle, kind, card)
}

/// Card information of an open FMCOS card.
///
/// # Errors
/// It tells none: it is not finished.
pub(super) fn info_in(handle: &mut CardHandle, kind: CardKind, named: &CardRef) -> Result<CardInfo> {
    let mut card = Fmcos::new(handle);
    card.reset()?;
    card.select_mf()?;
    match card.card_info() {
        // The file is there from the first step of an issuing on.
        Err(error) if error.sw() == Some(wire::Sw::FILE_NOT_FOUND) => {
            Err(refused(format!("{named} is a blank {}, or one that is not finished", kind.title()))
                .hint("`gridcard card show` tells what it is; the card one level up finishes it")
                .into())
        }
        told => told.context(named),
    }
}

/// A card must be of the city whose issuing card works on it.
pub(super) fn must_be_of(region: RegionCode, info: &CardInfo, name: &str) -> Result<()> {
    if info.region == region.0 {
        return Ok(());
    }
    let words = format!("{name} is of city {}, not of {region}", RegionCode(info.region));
    Err(refused(words).hint("use the PSAM issuing card of that city").into())
}
