//! A PKCS#11 token as a source of the province: the same bytes as the main control card.

use crate::token::{Token, TokenError};
use issue::keyset::{RoleCheck, Roots};
use issue::source::soft::{ACTIVATE, sealed_pin};
use issue::source::{
    About, Activation, Current, Expected, KeySource, Level, SoftSource, SourceError, Target,
};
use keys::{Key, Role, Suite, hierarchy, seal};
use scheme::numbers::CheckValue;
use scheme::pin::Pin;
use scheme::profile::{CardKind, PREVIOUS_MASTER, Recipient, State};
use scheme::psam::{Limits, SET_LIMIT, Statement};

/// A token with a province's roots.
#[derive(Debug)]
pub struct TokenSource {
    token: Token,
    suite: Suite,
    state: State,
    roots: Vec<RoleCheck>,
    /// The same hierarchy with the published test roots in the place of those in the token, and the real transport root: it
    /// makes every check a source makes, and does what needs no root of the token.
    stand_in: SoftSource,
}

impl TokenSource {
    /// A source of a token; the token computes the check value of each root, which must be the one noted.
    pub fn new(token: Token) -> Result<Self, TokenError> {
        let (suite, state, transport, roots) = token.holds()?;
        let published = Roots::test(suite);
        let stand_in = Role::ALL.map(|role| match role {
            Role::Transport => transport.clone(),
            _ => published.get(role).clone(),
        });
        let stand_in = SoftSource::province(Roots::kept(suite, state, stand_in, None));
        Ok(TokenSource { token, suite, state, roots, stand_in })
    }

    /// Check values of the roots.
    pub fn check_values(&self) -> &[RoleCheck] {
        &self.roots
    }

    fn child(&self, role: Role, factor: [u8; 8]) -> Result<Key, SourceError> {
        Ok(self.token.child(self.suite, role, factor)?)
    }

    fn own_master(&self, target: &Target) -> Result<Key, SourceError> {
        self.child(Role::Master, hierarchy::device_factor(target.recipient.code(), target.number))
    }

    /// The own master of a finished card that this province made; what seals for such a card seals under no other key.
    fn finished(&self, target: &Target) -> Result<Key, SourceError> {
        Self::stays(target)?;
        if target.master != Current::Own {
            return Err(SourceError::Reach { target: target.recipient, p1: target.p1() });
        }
        self.own_master(target)
    }

    /// Cards of the published hierarchy need no root of the token, nor does what happens under a transport key.
    fn is_public(target: &Target) -> bool {
        target.recipient == Recipient::Card(CardKind::TestIssuing)
    }

    fn stays(target: &Target) -> Result<(), SourceError> {
        if target.recipient == Recipient::Card(CardKind::MainControl) {
            return Err(TokenError::Stays.into());
        }
        Ok(())
    }

    /// The key a target receives, and its version; `None` when the stand-in has it too.
    fn key(&self, target: &Target, code: u8) -> Result<Option<(Key, u8)>, SourceError> {
        let version = target.version.unwrap_or(1);
        let role = match (Role::from_code(code), code) {
            (Some(Role::Transport), _) => return Ok(None),
            (Some(role), _) => role,
            (None, PREVIOUS_MASTER) => Role::Master,
            (None, _) => return Ok(Some((self.own_master(target)?, version))),
        };
        Ok(Some((self.child(role, hierarchy::city_factor(target.region, version))?, version)))
    }
}

impl KeySource for TokenSource {
    fn about(&self) -> About {
        About {
            level: Level::Province,
            card: None,
            suite: self.suite,
            state: self.state,
            version: 1,
            previous: None,
            signs: false,
        }
    }

    fn authenticate_target(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, SourceError> {
        Self::stays(target)?;
        let answer = self.stand_in.authenticate_target(target, challenge)?;
        if Self::is_public(target) || target.master == Current::Transport {
            return Ok(answer);
        }
        Ok(seal::cryptogram(&self.own_master(target)?, &challenge))
    }

    fn export_key(
        &mut self,
        target: &Target,
        role: u8,
        challenge: [u8; 8],
        header5: [u8; 5],
    ) -> Result<Vec<u8>, SourceError> {
        Self::stays(target)?;
        // Whatever a source refuses is refused here, before the token is asked.
        let answer = self.stand_in.export_key(target, role, challenge, header5)?;
        if Self::is_public(target) {
            return Ok(answer);
        }
        let row =
            target.recipient.key(role).ok_or(SourceError::Role { target: target.recipient, code: role })?;
        let master = match target.master {
            Current::Transport => self.stand_in.transport(target),
            _ => self.own_master(target)?,
        };
        let (key, version) = match self.key(target, role)? {
            Some(own) => own,
            None => self.stand_in.key(target, role),
        };
        Ok(seal::wrap(&master, &challenge, &header5, row.header(version), &key))
    }

    fn seal_limit(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        limits: Limits,
        statement: Option<&Statement>,
    ) -> Result<[u8; 4], SourceError> {
        let answer = self.stand_in.seal_limit(target, challenge, limits, statement)?;
        if Self::is_public(target) {
            return Ok(answer);
        }
        Ok(seal::bound_mac(&self.finished(target)?, &challenge, &SET_LIMIT, &limits.to_bytes()))
    }

    fn seal_activation(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        activation: Activation,
    ) -> Result<[u8; 4], SourceError> {
        let answer = self.stand_in.seal_activation(target, challenge, activation)?;
        if Self::is_public(target) {
            return Ok(answer);
        }
        Ok(seal::bound_mac(&self.finished(target)?, &challenge, &ACTIVATE, &activation.to_bytes()))
    }

    fn seal_pin(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        id: u8,
        pin: &Pin,
    ) -> Result<Vec<u8>, SourceError> {
        let answer = self.stand_in.seal_pin(target, challenge, id, pin)?;
        if Self::is_public(target) {
            return Ok(answer);
        }
        Ok(sealed_pin(&self.finished(target)?, challenge, id, pin))
    }

    fn transport_root(&mut self) -> Result<Option<CheckValue>, SourceError> {
        self.stand_in.transport_root()
    }

    fn expected(&mut self, target: &Target, role: u8) -> Result<Expected, SourceError> {
        Self::stays(target)?;
        let public = self.stand_in.expected(target, role)?;
        if Self::is_public(target) {
            return Ok(public);
        }
        Ok(match self.key(target, role)? {
            Some((key, version)) => Expected { version, check_value: Some(CheckValue(key.kcv())) },
            None => public,
        })
    }
}
