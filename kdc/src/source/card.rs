//! An issuing card as a source: the keys never leave it in clear.

use super::{About, Expected, KeySource, Level, SourceError, Target};
use crate::ids::{CheckValue, Pin, RegionCode};
use keys::{Role, Suite};
use reader::driver::fmcos::KeyInformation;
use reader::driver::issuing::IssuingCard;
use wire::profile::{CardKind, Recipient};

/// Type byte of a hierarchy key on an issuing card.
const HIERARCHY_KEY: u8 = 0xF5;

/// A main control card or an issuing card whose operator verified the PIN.
pub struct CardSource<'c> {
    card: IssuingCard<'c>,
    about: About,
    /// KEY INFORMATION of the hierarchy keys by role, asked for once: a batch would ask it for every target.
    known: [Option<KeyInformation>; 9],
}

impl<'c> CardSource<'c> {
    /// Selects the MF, reads what card it is, and only then verifies the PIN: a wrong card costs no try. A
    /// wrong PIN costs one (`CardError::tries_left` of the error says how many remain).
    pub fn open(mut card: IssuingCard<'c>, pin: &Pin) -> Result<Self, SourceError> {
        card.fmcos().select_mf()?;
        let info = card.card_info()?;
        let level = match info.kind {
            CardKind::MainControl => Level::Province,
            CardKind::PsamIssuing | CardKind::EsamIssuing => Level::City(RegionCode(info.region)),
            kind => return Err(SourceError::NotIssuing(kind)),
        };
        let suite = Suite::from_code(info.suite).ok_or(SourceError::Suite(info.suite))?;
        card.verify_pin(pin.expose())?;
        let about = About { level, card: Some(info.kind), suite, state: info.state };
        Ok(CardSource { card, about, known: [None; 9] })
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
        Ok(self.card.export_key(target, role, challenge, header5)?)
    }

    fn expected(&mut self, target: &Target, role: u8) -> Result<Expected, SourceError> {
        if target.recipient.key(role).is_none() {
            return Err(SourceError::Role { target: target.recipient, code: role });
        }
        // The own master (code 00) is derived from the hierarchy key `master`.
        let role = Role::from_code(role);
        let parent = self.information(role.unwrap_or(Role::Master))?;
        // Only a key passed on as it is has its parent's check value.
        let as_it_is = match (target.recipient, role) {
            (_, None) => false,
            (Recipient::Card(CardKind::Psam), Some(_)) => true,
            (Recipient::Card(CardKind::PsamIssuing | CardKind::EsamIssuing), Some(role)) => {
                role == Role::Transport
            }
            _ => false,
        };
        let check_value = as_it_is.then_some(CheckValue(parent.kcv));
        Ok(Expected { version: parent.version, check_value })
    }
}
