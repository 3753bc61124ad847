//! Changing the PIN of a card of ours, and setting it anew with the card one level up, whoever's card it is.

use crate::cards::CardHandle;
use crate::home::{self, Party};
use crate::log;
use crate::secret::{self, SecretFrom};
use crate::session::Session;
use crate::trouble::{Result, refused};
use issue::life;
use issue::source::{KeySource, Level, SourceError};
use reader::driver::fmcos::Fmcos;
use reader::driver::guard::{LastTry, Secret};
use scheme::CardRef;
use scheme::numbers::RegionCode;
use scheme::pin::Pin;
use scheme::profile::{CardInfo, CardKind, DF_PURCHASE, OFFICER_PIN, OPERATOR_PIN, PinRow, pins};
use serde::Serialize;

/// A PIN to be changed by who knows it.
#[derive(Debug, Clone)]
pub struct ChangeRequest {
    /// The card.
    pub card: CardRef,
    /// Change the second PIN: the second officer's of a main control card, the supervisor's of an issuing card. The operator's is
    /// verified before.
    pub second: bool,
    /// The operator's PIN as it is.
    pub pin: SecretFrom,
    /// The second PIN as it is.
    pub second_pin: SecretFrom,
    /// The new one.
    pub new_pin: SecretFrom,
    /// Try the present PIN although it has 1 try left: a wrong one blocks it.
    pub spend_last_try: bool,
}

/// A PIN to be set anew by the card one level up.
#[derive(Debug, Clone)]
pub struct AnewRequest {
    /// The card.
    pub card: CardRef,
    /// Its supervisor's PIN instead of the operator's.
    pub second: bool,
    /// The new one.
    pub new_pin: SecretFrom,
}

/// A PIN that is another one now.
#[derive(Debug, Clone, Serialize)]
pub struct PinReport {
    /// The card, by kind and number.
    pub card: String,
    /// Whose PIN.
    pub pin: &'static str,
    /// Who knew it changed it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
    /// It was set anew, with all its tries.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unblocked: bool,
}

/// A card of the kinds an act is about.
fn open(session: &Session, card: &CardRef, kinds: &[CardKind]) -> Result<(CardHandle, CardKind)> {
    let (handle, kind) = CardHandle::open_any(session, card)?;
    if !kinds.contains(&kind) {
        let words = format!("{card} is of kind {}: its PIN is not this noun's", kind.title());
        return Err(refused(words).hint(hint_of(kind)).into());
    }
    Ok((handle, kind))
}

/// A PIN of a kind: its row, and how messages name it.
fn row_of(info: &CardInfo, second: bool) -> Result<(&'static PinRow, Secret)> {
    let id = if second { OFFICER_PIN.id } else { OPERATOR_PIN.id };
    let row = pins(info.kind).iter().find(|row| row.id == id);
    let row = row.ok_or_else(|| refused(format!("a {} has no second PIN", info.kind.title())))?;
    Ok((row, Secret::pin(info, id)))
}

/// The first PSAM issuing cards were made with one PIN, and a finished card gets no other.
fn must_have(card: &mut Fmcos<'_>, info: &CardInfo, row: &PinRow) -> Result<()> {
    if row.id != OPERATOR_PIN.id && card.tries_left(0x3A, row.id)?.is_none() {
        return Err(SourceError::NoSecondPin { kind: info.kind }.into());
    }
    Ok(())
}

/// Sets a PIN anew with the card one level up (SET PIN), with all its tries; who forgot it, or blocked it, goes on. `kinds` are
/// those the act is about.
///
/// # Errors
/// A card of another kind or city; the source says no.
pub fn unblock(
    session: &Session,
    request: &AnewRequest,
    kinds: &[CardKind],
    source: &mut dyn KeySource,
) -> Result<PinReport> {
    let (mut handle, _) = open(session, &request.card, kinds)?;
    let info = {
        let mut card = Fmcos::new(&mut handle);
        card.reset()?;
        card.select_mf()?;
        card.card_info()?
    };
    let (row, secret) = row_of(&info, request.second)?;
    must_have(&mut Fmcos::new(&mut handle), &info, row)?;
    if let Level::City(own) = source.about().level
        && own.0 != info.region
    {
        let words = format!("{} is of city {}, not of {own}", secret.card, RegionCode(info.region));
        return Err(refused(words).hint("use the issuing card of that city").into());
    }
    let new = secret::new_pin(session, &request.new_pin, &format!("{}, {}", secret.card, secret.name))?;
    life::set_pin(&mut handle, source, row, &new)?;
    handle.close()?;
    log::fact(session, "pin", format!("{}, {}", secret.card, secret.name));
    Ok(PinReport { card: secret.card, pin: secret.name, changed: false, unblocked: true })
}

/// Changes a PIN of a card of the kinds an act is about.
///
/// # Errors
/// A card of another kind; a wrong PIN, or one that has its last try left.
pub fn change(session: &Session, request: &ChangeRequest, kinds: &[CardKind]) -> Result<PinReport> {
    let (mut handle, kind) = open(session, &request.card, kinds)?;
    let mut card = Fmcos::new(&mut handle);
    card.reset()?;
    card.select_mf()?;
    let info = card.card_info()?;
    home::acts_if_known(session, &keepers(&info))?;
    if matches!(kind, CardKind::Psam | CardKind::TestCard) {
        card.select_fid(DF_PURCHASE)?;
    }
    let secret = replace(session, &mut card, &info, request)?;
    handle.close()?;
    log::fact(session, "pin", format!("{}, {}", secret.card, secret.name));
    Ok(PinReport { card: secret.card, pin: secret.name, changed: true, unblocked: false })
}

/// Whose card it is: the parties whose log keeps that its PIN was changed, the likeliest first.
fn keepers(info: &CardInfo) -> Vec<Party> {
    let city = Party::City(RegionCode(info.region));
    match info.kind {
        CardKind::MainControl => vec![Party::Province],
        CardKind::Psam => vec![Party::Bank, city],
        _ => vec![city],
    }
}

/// Which noun changes the PIN of a kind.
const fn hint_of(kind: CardKind) -> &'static str {
    match kind {
        CardKind::MainControl => "use `gridcard kdc pin change`",
        CardKind::PsamIssuing | CardKind::EsamIssuing | CardKind::TestIssuing => {
            "use `gridcard city pin change`"
        }
        CardKind::Psam => "use `gridcard psam pin change`",
        CardKind::TestCard => "use `gridcard test-card pin change`",
        CardKind::Sim | CardKind::Uicc => "use `gridcard sim pin change`",
        CardKind::Esam | CardKind::UserCard | CardKind::ProductionCard | CardKind::Fmcos => {
            "this card has no operator's PIN"
        }
    }
}

fn replace(
    session: &Session,
    card: &mut Fmcos<'_>,
    info: &CardInfo,
    request: &ChangeRequest,
) -> Result<Secret> {
    let (row, secret) = row_of(info, request.second)?;
    must_have(card, info, row)?;
    let last = LastTry::from(request.spend_last_try);
    let operator = secret::pin(session, &request.pin, &format!("{}, operator", secret.card))?;
    let whose = format!("{}, {}", secret.card, secret.name);
    let present: Option<Pin> = match request.second {
        true => Some(secret::pin(session, &request.second_pin, &whose)?),
        false => None,
    };
    let new = secret::new_pin(session, &request.new_pin, &whose)?;
    if request.second {
        secret::must_differ(&operator, &new)?;
        card.verify_guarded(info, OPERATOR_PIN.id, operator.expose(), last)?;
    }
    let present = present.as_ref().unwrap_or(&operator);
    card.change_guarded(info, row.id, (present.expose(), new.expose()), last)?;
    Ok(secret)
}
