//! An issuing card as a source: the keys never leave it in clear.

use super::{About, Activation, Counter, Expected, KeySource, Level, Proof, SourceError, Target};
use keys::{Role, Suite};
use reader::driver::fmcos::KeyInformation;
use reader::driver::issuing::IssuingCard;
use reader::error::CardError;
use scheme::certificate::Certificate;
use scheme::moment::{Day, Validity};
use scheme::numbers::{CheckValue, RegionCode};
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardInfo, CardKind, OFFICER_PIN, OPERATOR_PIN, PREVIOUS_MASTER, PinRow, Recipient};
use scheme::psam::{Limits, Statement};
use scheme::signing::own_use;
use wire::Sw;

/// Type byte of a hierarchy key on an issuing card.
const HIERARCHY_KEY: u8 = 0xF5;

/// A main control card or an issuing card whose operator verified the PIN.
pub struct CardSource<'c> {
    card: IssuingCard<'c>,
    about: About,
    /// KEY INFORMATION of the hierarchy keys by role, asked for once: a batch would ask it for every target.
    known: [Option<KeyInformation>; 9],
    /// The certificate it certifies with.
    issuer: Option<Certificate>,
}

impl<'c> CardSource<'c> {
    /// Selects the MF, reads what card it is, and only then verifies the PINs: a wrong card costs no try, and a last
    /// try is not spent unasked. A wrong PIN costs one (`CardError::tries_left` of the error says how many remain). The
    /// main control card needs both officers; the second PIN of an issuing card is the supervisor's, and may be left out.
    pub fn open<'p>(mut card: IssuingCard<'c>, pins: impl Into<Pins<'p>>) -> Result<Self, SourceError> {
        let pins = pins.into();
        card.fmcos().select_mf()?;
        let info = card.fmcos().current_info("open the issuing card")?;
        let level = match info.kind {
            CardKind::MainControl => Level::Province,
            kind if kind.is_city_issuing() => Level::City(RegionCode(info.region)),
            kind => return Err(SourceError::NotIssuing(kind)),
        };
        let suite = Suite::from_code(info.suite).ok_or(SourceError::Suite(info.suite))?;
        let version = card.key_information(HIERARCHY_KEY, Role::Master.code())?.version;
        let previous = match info.kind {
            CardKind::EsamIssuing if version > 1 => previous(&mut card)?,
            _ => None,
        };
        verify(&mut card, &info, pins)?;
        let issuer = match own_use(info.kind) {
            Some(own) => card.fmcos().certificate(own)?,
            None => None,
        };
        let signs = issuer.is_some();
        let about =
            About { level, card: Some(info.kind), suite, state: info.state, version, previous, signs };
        Ok(CardSource { card, about, known: [None; 9], issuer })
    }

    /// Check value of a city's key, as its issuing card of that version shows it; the main control card alone tells.
    pub fn city_check_value(
        &mut self,
        role: Role,
        region: RegionCode,
        version: u8,
    ) -> Result<CheckValue, SourceError> {
        Ok(CheckValue(self.card.check_value(role.code(), region.0, version)?))
    }

    fn information(&mut self, role: Role) -> Result<KeyInformation, SourceError> {
        let place = usize::from(role.code()) - 1; // role codes run from 1 to 9
        if let Some(known) = self.known[place] {
            return Ok(known);
        }
        let information = self.card.key_information(HIERARCHY_KEY, role.code())?;
        self.known[place] = Some(information);
        Ok(information)
    }
}

/// The earlier version whose master the card holds.
fn previous(card: &mut IssuingCard<'_>) -> Result<Option<u8>, SourceError> {
    match card.key_information(HIERARCHY_KEY, PREVIOUS_MASTER) {
        Ok(information) => Ok(Some(information.version)),
        Err(error) if error.sw() == Some(Sw::KEY_NOT_FOUND) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Verifies the operator's PIN, and the second person's where one is given; the province always needs it. Whether the card has a
/// second PIN is asked before a try is spent: the first PSAM issuing cards were made with one.
fn verify(card: &mut IssuingCard<'_>, info: &CardInfo, pins: Pins<'_>) -> Result<(), SourceError> {
    if info.kind == CardKind::MainControl && pins.officer.is_none() {
        return Err(SourceError::SecondPin);
    }
    if pins.officer.is_some() && card.fmcos().tries_left(0x3A, OFFICER_PIN.id)?.is_none() {
        return Err(SourceError::NoSecondPin { kind: info.kind });
    }
    let mut one = |row: &PinRow, pin: Option<&Pin>| -> Result<(), SourceError> {
        let Some(pin) = pin else { return Ok(()) };
        Ok(card.fmcos().verify_guarded(info, row.id, pin.expose(), pins.spend_last_try.into())?)
    };
    one(&OPERATOR_PIN, pins.operator)?;
    one(&OFFICER_PIN, pins.officer)
}

/// The card's refusal to give another own master away, in its own words.
fn spent(error: CardError) -> SourceError {
    match error.sw() {
        Some(Sw::COUNTER_END) => SourceError::Spent,
        _ => error.into(),
    }
}

impl KeySource for CardSource<'_> {
    fn about(&self) -> About {
        self.about
    }

    fn authenticate_target(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, SourceError> {
        Ok(self.card.authenticate_target(target, challenge)?)
    }

    fn export_key(
        &mut self,
        target: &Target,
        role: u8,
        challenge: [u8; 8],
        header5: [u8; 5],
    ) -> Result<Vec<u8>, SourceError> {
        self.card.export_key(target, role, challenge, header5).map_err(spent)
    }

    fn seal_root(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, SourceError> {
        Ok(self.card.seal_root(target, challenge)?)
    }

    fn certify(
        &mut self,
        target: &Target,
        from: Day,
        prove: &mut dyn FnMut([u8; 8]) -> Result<Proof, CardError>,
    ) -> Result<Certificate, SourceError> {
        let issuer = self.issuer.as_ref().ok_or(SourceError::NotCertified)?;
        let to = issuer.subject.validity.to();
        // Its province may have been a day ahead.
        let from = from.max(issuer.subject.validity.from());
        let validity = Validity::new(from, to).map_err(|_| SourceError::CertificateOver { last: to })?;
        let challenge = self.card.challenge_for(target)?;
        let proof = prove(challenge).map_err(SourceError::Proof)?;
        self.card.certify(target, validity, &proof).map_err(|error| match error.sw() {
            Some(Sw::SM_WRONG) => SourceError::NotItsKey,
            _ => error.into(),
        })
    }

    fn issuer(&mut self) -> Result<Option<Certificate>, SourceError> {
        Ok(self.issuer.clone())
    }

    fn transport_root(&mut self) -> Result<Option<CheckValue>, SourceError> {
        Ok(Some(CheckValue(self.information(Role::Transport)?.kcv)))
    }

    fn expected(&mut self, target: &Target, role: u8) -> Result<Expected, SourceError> {
        if target.recipient.key(role).is_none() {
            return Err(SourceError::Role { target: target.recipient, code: role });
        }
        if target.test_keys || target.recipient == Recipient::Card(CardKind::TestIssuing) {
            // Published keys need no card to tell.
            return Ok(super::published(target, self.about.suite, role));
        }
        let from_root = matches!(target.recipient, Recipient::Card(kind) if kind.is_city_issuing());
        let version = if from_root { target.version.unwrap_or(1) } else { self.about.version };
        // The own master (code 00) and the earlier master (0A) are derived from the hierarchy key `master`.
        let Some(role) = Role::from_code(role) else { return Ok(Expected { version, check_value: None }) };
        // Only a key passed on as it is has its parent's check value.
        let as_it_is = match target.recipient {
            Recipient::Card(CardKind::Psam | CardKind::TestCard) => true,
            _ => from_root && role == Role::Transport,
        };
        let check_value = if as_it_is { Some(CheckValue(self.information(role)?.kcv)) } else { None };
        Ok(Expected { version, check_value })
    }

    fn seal_activation(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        activation: Activation,
    ) -> Result<[u8; 4], SourceError> {
        Ok(self.card.seal_activation(target, challenge, activation)?)
    }

    fn seal_limit(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        limits: Limits,
        statement: Option<&Statement>,
    ) -> Result<[u8; 4], SourceError> {
        self.card.seal_limit(target, challenge, limits, statement).map_err(|error| match error.sw() {
            Some(Sw::COUNTER_END) => SourceError::ValueSpent,
            _ => error.into(),
        })
    }

    fn seal_pin(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        id: u8,
        pin: &Pin,
    ) -> Result<Vec<u8>, SourceError> {
        Ok(self.card.seal_pin(target, challenge, id, pin.expose())?)
    }

    fn counter(&mut self) -> Result<Option<Counter>, SourceError> {
        Ok(self.card.counter()?)
    }
}
