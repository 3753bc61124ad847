//! PSAMs and test cards: made, ended and given new PINs by one act each, with a row of words for their kind.

use super::access::Access;
use super::psam::{self, server_key_name};
use crate::cards::CardHandle;
use crate::home::Home;
use crate::issuing::{self, Allowed, CheckValues, IssueRequest};
use crate::pin::{self, AnewRequest, PinReport};
use crate::places::card_at;
use crate::retire::{self, RetireReport};
use crate::secret::{self, SecretFrom};
use crate::session::{Session, out};
use crate::transport::Transport;
use crate::trouble::{Context, Result};
use crate::{companion, people};
use scheme::CardRef;
use scheme::cards::Keeping;
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::profile::{CardKind, pins};
use scheme::psam::Limits;
use serde::Serialize;

/// A kind of card that a city makes one by one.
#[derive(Debug, Clone, Copy)]
pub struct Making {
    /// The kind.
    pub kind: CardKind,
    /// The card it is made with.
    issuing: CardKind,
    /// Its cards in words.
    many: &'static str,
    /// What its card files begin with.
    stem: &'static str,
    /// Whether its end wants two people, and the supervisor's PIN.
    end_wants_two: bool,
}

/// PSAMs of bank offices.
pub const PSAMS: Making = Making {
    kind: CardKind::Psam,
    issuing: CardKind::PsamIssuing,
    many: "PSAMs",
    stem: "psam",
    end_wants_two: true,
};

/// Production test cards.
pub const TEST_CARDS: Making = Making {
    kind: CardKind::TestCard,
    issuing: CardKind::TestIssuing,
    many: "test cards",
    stem: "test-card",
    end_wants_two: false,
};

/// Customers' purchase cards.
pub const USER_CARDS: Making = Making {
    kind: CardKind::UserCard,
    issuing: CardKind::PsamIssuing,
    many: "user cards",
    stem: "user-card",
    end_wants_two: true,
};

/// Cards that number, preset and key meters while they are made.
pub const PRODUCTION_CARDS: Making = Making {
    kind: CardKind::ProductionCard,
    issuing: CardKind::EsamIssuing,
    many: "production cards",
    stem: "production-card",
    end_wants_two: true,
};

/// A card to be made.
#[derive(Debug, Clone)]
pub struct MakeRequest {
    /// Its number.
    pub number: DeviceNumber,
    /// The issuing card, and the city.
    pub access: Access,
    /// The blank, or the place of a new one; `None`: in what the city hands out.
    pub card: Option<CardRef>,
    /// The PIN it will have; of a user card, which has none, nothing is asked.
    pub pin: SecretFrom,
    /// Limits of a PSAM; `None`: those it has when its city says nothing else.
    pub limits: Option<Limits>,
    /// After a run that broke off.
    pub allowed: Allowed,
    /// Of a new blank.
    pub transport: Transport,
}

/// A card that was made.
#[derive(Debug, Clone, Serialize)]
pub struct MakeReport {
    /// Its number.
    pub number: DeviceNumber,
    /// Its city.
    pub city: RegionCode,
    /// Serial of its chip.
    pub serial: String,
    /// Where it stands.
    pub card: String,
    /// The file with a PSAM's server key, for the bank alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_key: Option<String>,
    /// Commands it answered.
    pub apdus: u64,
    /// Check values of its keys.
    pub check_values: CheckValues,
}

impl Making {
    /// Makes a card; a PSAM is paired with a server and gets its limits.
    ///
    /// # Errors
    /// The issuing card does not open; those of [`issuing::issue_at`].
    pub fn issue(&self, session: &Session, request: &MakeRequest) -> Result<MakeReport> {
        let (region, folder) =
            Home::new(session).city(request.access.city, &format!("issuing {}", self.many))?;
        let opened = (self.issuing, false);
        request.access.with_issuing_card(session, &folder, opened, |source| {
            let whose = format!("the {} to be made", self.kind.title());
            let pin = match pins(self.kind) {
                [] => None,
                _ => Some(secret::new_pin(session, &request.pin, &whose)?),
            };
            let card = match &request.card {
                Some(card) => card.clone(),
                None => card_at(&out(&folder)?.join(format!("{}-{}.card", self.stem, request.number))),
            };
            issuing::tell_left(session, source, 1)?;
            let making = IssueRequest {
                pins: pin.as_ref().into(),
                allowed: request.allowed,
                ..IssueRequest::new(self.kind, request.number, region)
            };
            let mut journal = issuing::journal(session, &folder)?;
            let place = (&card, &request.transport, Keeping::EveryCommand);
            let issued = issuing::issue_at(session, &making, place, source, &mut journal)?;
            companion::write(session, &folder, &card, (region, &issued))?;
            let mut server_key = None;
            if let (CardKind::Psam, Some(pin)) = (self.kind, &pin) {
                let file = out(&folder)?.join(server_key_name(request.number));
                let limits = request.limits.unwrap_or(Limits::PSAM);
                let mut handle = CardHandle::open(session, &card, self.kind)?;
                psam::equip(session, &mut handle, source, (pin, limits), &file, &mut journal).context(
                    "the PSAM is made, but not paired with a server: `gridcard psam pair` does that",
                )?;
                handle.close()?;
                server_key = Some(file.display().to_string());
            }
            Ok(MakeReport {
                number: request.number,
                city: region,
                serial: issued.serial.to_string(),
                card: card.to_string(),
                server_key,
                apdus: issued.apdus,
                check_values: CheckValues::of_card(&issued.keys),
            })
        })
    }

    /// Ends a card. `None`: a request for the second person was written in its place.
    ///
    /// # Errors
    /// Those of [`retire::retire`], and of the issuing card.
    pub fn retire(&self, session: &Session, card: &CardRef, access: &Access) -> Result<Option<RetireReport>> {
        let (_, folder) = Home::new(session).city(access.city, &format!("retiring {}", self.many))?;
        access.with_issuing_card(session, &folder, (self.issuing, self.end_wants_two), |source| {
            let two = self.end_wants_two;
            if two && !people::both(session, &folder, &format!("retiring {card}"), source.about().state)? {
                return Ok(None);
            }
            retire::retire(session, card, self.kind, source, &folder).map(Some)
        })
    }

    /// Sets a PIN of a card anew.
    ///
    /// # Errors
    /// Those of [`pin::unblock`], and of the issuing card.
    pub fn unblock(&self, session: &Session, request: &AnewRequest, access: &Access) -> Result<PinReport> {
        let (_, folder) = Home::new(session).city(access.city, &format!("setting PINs of {}", self.many))?;
        access.with_issuing_card(session, &folder, (self.issuing, false), |source| {
            pin::unblock(session, request, &[self.kind], source)
        })
    }
}
