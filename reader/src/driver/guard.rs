//! The one guard of every PIN and key: what may be the last try is not spent, unless it is asked for by name.

use super::fmcos::Fmcos;
use super::sim::{Chv, Sim, SimError};
use crate::error::{CardError, tries_words};
use scheme::fault::{Fault, Hint, Kind};
use scheme::profile::{CardInfo, CardKind, OFFICER_PIN};

/// Type of a PIN record [docs/specs/cards.md 5].
const PIN: u8 = 0x3A;

/// A secret of a card, in words for people: whose it is and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The card by kind and number: `PSAM 330200000001`.
    pub card: String,
    /// The secret: `the operator's PIN`, `the unblocking code (PUK) of its PIN`.
    pub name: &'static str,
    /// What kind of secret it is, which decides who can give it a new value.
    pub holder: Holder,
}

/// Whose secret it is, and so who can give it a new value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A PSAM: its city.
    Psam,
    /// A production test card: its city.
    TestCard,
    /// An issuing card: the province.
    Issuing,
    /// The main control card: nobody.
    Province,
    /// A SIM's CHV: whoever has its unblocking code.
    Sim,
    /// A SIM's unblocking code: nobody.
    Puk,
}

impl Holder {
    const fn of(kind: CardKind) -> Self {
        match kind {
            CardKind::MainControl => Holder::Province,
            CardKind::PsamIssuing | CardKind::EsamIssuing | CardKind::TestIssuing => Holder::Issuing,
            CardKind::TestCard => Holder::TestCard,
            CardKind::Sim | CardKind::Uicc => Holder::Sim,
            CardKind::Psam
            | CardKind::Esam
            | CardKind::UserCard
            | CardKind::ProductionCard
            | CardKind::Fmcos => Holder::Psam,
        }
    }
}

impl Secret {
    /// A PIN of a card of ours, by its card information and the PIN's id.
    pub fn pin(info: &CardInfo, id: u8) -> Self {
        let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
        let name = match (info.kind.is_city_issuing(), id == OFFICER_PIN.id) {
            (false, true) => "the second officer's PIN",
            (true, true) => "the supervisor's PIN",
            (_, false) => "the operator's PIN",
        };
        let card = format!("{} {}", info.kind.title(), digits(&info.number));
        Secret { card, name, holder: Holder::of(info.kind) }
    }

    /// A code of a SIM, by the number the SIM is known by.
    pub fn code(iccid: &str, which: Code) -> Self {
        let name = match which {
            Code::Chv(Chv::Chv1) => "its PIN (CHV1)",
            Code::Chv(Chv::Chv2) => "its second PIN (CHV2)",
            Code::Chv(Chv::Adm) => "its administrative code",
            Code::Unblock(Chv::Chv2) => "the unblocking code (PUK2) of its second PIN",
            Code::Unblock(_) => "the unblocking code (PUK) of its PIN",
        };
        let holder = if matches!(which, Code::Unblock(_)) { Holder::Puk } else { Holder::Sim };
        Secret { card: format!("SIM {iccid}"), name, holder }
    }

    /// Tries the secret once. `tries` are those left, as the card tells without spending one; `None` when it does not tell.
    ///
    /// # Errors
    /// Nothing is tried when no try is left ([`PinError::Blocked`]), or one, unless `last` allows it
    /// ([`PinError::LastTry`]). A wrong secret is [`PinError::Wrong`] with the tries left then.
    pub fn attempt<E>(
        &self,
        tries: Option<u8>,
        last: LastTry,
        attempt: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), PinError>
    where
        E: Refusal + Into<PinError>,
    {
        if tries == Some(0) {
            return Err(PinError::Blocked(self.clone()));
        }
        if last.is_at_stake(tries) {
            return Err(PinError::LastTry(self.clone()));
        }
        attempt().map_err(|error| match error.tries_left() {
            Some(0) => PinError::Lost(self.clone()),
            Some(tries) => PinError::Wrong { secret: self.clone(), tries },
            None => error.into(),
        })
    }
}

/// A code of a SIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A CHV, or the administrative code.
    Chv(Chv),
    /// The code that unblocks a CHV.
    Unblock(Chv),
}

/// What may be done with the last try of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastTry {
    /// It is kept.
    #[default]
    Keep,
    /// Somebody asked by name to spend it.
    Spend,
}

impl LastTry {
    /// Whether nothing may be tried: no more than one try is left, and it is to be kept. `None`: the card does not tell.
    pub const fn is_at_stake(self, tries: Option<u8>) -> bool {
        matches!((tries, self), (Some(0 | 1), LastTry::Keep))
    }
}

impl From<bool> for LastTry {
    fn from(spend: bool) -> Self {
        if spend { LastTry::Spend } else { LastTry::Keep }
    }
}

/// An error that may say how many tries are left of the secret that was wrong.
pub trait Refusal {
    /// The tries left, when the secret was wrong; 0 when it is blocked.
    fn tries_left(&self) -> Option<u8>;
}

impl Refusal for CardError {
    fn tries_left(&self) -> Option<u8> {
        CardError::tries_left(self)
    }
}

impl Refusal for SimError {
    fn tries_left(&self) -> Option<u8> {
        match self {
            SimError::ChvWrong { tries, .. } => Some(*tries),
            SimError::ChvBlocked { .. } => Some(0),
            _ => None,
        }
    }
}

/// Why a secret was not accepted, or not even tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// One try is left, and it was not asked for by name. Nothing was tried.
    #[error("{}: {} has 1 try left; a wrong one would block it", .0.card, .0.name)]
    LastTry(Secret),
    /// No try was left. Nothing was tried.
    #[error("{}: {} is blocked: no tries left", .0.card, .0.name)]
    Blocked(Secret),
    /// It was wrong, and that was the last try.
    #[error("{}: {} was wrong; no tries left, it is blocked now", .0.card, .0.name)]
    Lost(Secret),
    /// It was wrong.
    #[error("{}: {} was wrong; {}", secret.card, secret.name, tries_words(*tries))]
    Wrong {
        /// Which.
        secret: Secret,
        /// Tries left.
        tries: u8,
    },
    /// The card failed, or refused for another reason.
    #[error("{0}")]
    Card(#[source] CardError),
    /// The SIM failed, or refused for another reason.
    #[error("{0}")]
    Sim(#[source] SimError),
}

impl From<CardError> for PinError {
    fn from(error: CardError) -> Self {
        PinError::Card(error)
    }
}

impl From<SimError> for PinError {
    fn from(error: SimError) -> Self {
        PinError::Sim(error)
    }
}

impl PinError {
    /// The secret it is about; `None` when the card failed.
    pub const fn secret(&self) -> Option<&Secret> {
        match self {
            PinError::LastTry(secret)
            | PinError::Blocked(secret)
            | PinError::Lost(secret)
            | PinError::Wrong { secret, .. } => Some(secret),
            PinError::Card(_) | PinError::Sim(_) => None,
        }
    }
}

impl Fmcos<'_> {
    /// VERIFY of the PIN 3A/`id` in the current directory of the card `info` describes, guarded.
    pub fn verify_guarded(
        &mut self,
        info: &CardInfo,
        id: u8,
        pin: &[u8],
        last: LastTry,
    ) -> Result<(), PinError> {
        let tries = self.tries_left(PIN, id)?;
        Secret::pin(info, id).attempt(tries, last, || self.verify_pin(id, pin))
    }

    /// CHANGE PIN of the PIN 3A/`id`, guarded: the present one is tried.
    pub fn change_guarded(
        &mut self,
        info: &CardInfo,
        id: u8,
        (old, new): (&[u8], &[u8]),
        last: LastTry,
    ) -> Result<(), PinError> {
        let tries = self.tries_left(PIN, id)?;
        Secret::pin(info, id).attempt(tries, last, || self.change_pin(id, old, new))
    }
}

impl Sim<'_> {
    /// Tries left of a code, without spending one; `None` when the SIM does not tell.
    ///
    /// Class A0 tells those of the CHVs and of their unblocking codes with STATUS; the administrative code's are nowhere
    /// told [docs/specs/sim.md].
    pub fn code_tries(&mut self, which: Code) -> Result<Option<u8>, SimError> {
        let state = self.status()?;
        let state = match which {
            Code::Chv(Chv::Chv1) => state.chv1,
            Code::Chv(Chv::Chv2) => state.chv2,
            Code::Unblock(Chv::Chv1) => state.unblock1,
            Code::Unblock(Chv::Chv2) => state.unblock2,
            Code::Chv(Chv::Adm) | Code::Unblock(Chv::Adm) => return Ok(None),
        };
        Ok(state.initialised.then_some(state.tries))
    }

    /// Tries a code once, guarded; `attempt` is the command that carries it.
    pub fn guarded(
        &mut self,
        iccid: &str,
        which: Code,
        last: LastTry,
        attempt: impl FnOnce(&mut Self) -> Result<(), SimError>,
    ) -> Result<(), PinError> {
        let tries = self.code_tries(which)?;
        Secret::code(iccid, which).attempt(tries, last, || attempt(self))
    }
}

impl Fault for PinError {
    fn kind(&self) -> Kind {
        match self {
            PinError::LastTry(_) => Kind::Security,
            PinError::Card(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        let secret = self.secret()?;
        Some(match (self, secret.holder) {
            (PinError::LastTry(_), _) => {
                "be sure of it, then allow its last try with --spend-last-try; whoever stands above the card can give it a new one"
            }
            (_, Holder::Psam) => "the city gives a PSAM a new PIN: gridcard psam pin unblock",
            (_, Holder::TestCard) => "the city gives a test card a new PIN: gridcard test-card pin unblock",
            (_, Holder::Issuing) => "the province gives an issuing card a new PIN: gridcard kdc pin unblock",
            (_, Holder::Province) => {
                "when no tries are left the card is blocked for good, and the key store or the shares make another"
            }
            (_, Holder::Sim) => {
                "the SIM's unblocking code (PUK) gives it a new PIN: gridcard sim pin unblock"
            }
            (_, Holder::Puk) => "when no tries are left the SIM's issuer must give the customer another one",
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            PinError::LastTry(_) => "pin-last-try",
            PinError::Blocked(_) => "pin-blocked",
            PinError::Lost(_) => "pin-lost",
            PinError::Wrong { .. } => "pin-wrong",
            PinError::Card(error) => error.code(),
            PinError::Sim(_) => "pin-sim",
        }
    }
}
