//! A passage, done.

use super::{LifeChange, Passage};
use crate::card::KeyCheck;
use crate::headers;
use crate::life::LifeError;
use crate::source::{Current, KeySource, Target};
use keys::Role;
use reader::driver::esam::Esam;
use reader::error::CardError;
use scheme::numbers::{CheckValue, Serial};
use scheme::profile::{ESAM_KEYS, KeyRow, State};
use wire::Sw;
use wire::atr::serial_of;
use wire::channel::Channel;

impl Passage {
    /// Does the passage, then looks at the card from outside and proves its new master key. The answer is its keys as seen
    /// at the end; none of a retired card.
    ///
    /// # Errors
    /// Before ACTIVATE KEYS the card is as it was. [`LifeError::is_open`] tells when nobody knows whether that command was
    /// done: run again, the plan will know.
    pub fn run(
        &self,
        channel: &mut dyn Channel,
        source: &mut dyn KeySource,
    ) -> Result<Vec<KeyCheck>, LifeError> {
        let mut esam = Esam::new(channel);
        self.reset(&mut esam)?;
        authenticate(&mut esam, source, &self.proof(self.from))?;
        if self.act != LifeChange::Retire {
            for row in ESAM_KEYS {
                self.stage(&mut esam, source, row)?;
            }
        }
        self.activate(&mut esam, source)?;
        self.examine(&mut esam, source)
    }

    /// The same chip as was looked at, with nothing proved.
    fn reset(&self, esam: &mut Esam<'_>) -> Result<(), LifeError> {
        let atr = esam.reset()?;
        esam.fmcos().select_mf()?;
        match serial_of(&atr).map(Serial) {
            Some(found) if found == self.seen.serial => Ok(()),
            Some(found) => Err(LifeError::Swapped { began: self.seen.serial, found }),
            None => Err(LifeError::NoSerial),
        }
    }

    /// The card for AUTHENTICATE TARGET, which asks for no hierarchy.
    const fn proof(&self, master: Current) -> Target {
        self.target(master, false)
    }

    fn stage(&self, esam: &mut Esam<'_>, source: &mut dyn KeySource, row: &KeyRow) -> Result<(), LifeError> {
        let target = if row.role == 0 { self.leaving() } else { self.arriving() };
        let header = self.header(row);
        let challenge = esam.challenge()?;
        let field = source.export_key(&target, row.role, challenge, header)?;
        Ok(esam.fmcos().write_key_wrapped(header, &field)?)
    }

    /// Header of the STAGE KEY of a row.
    pub(super) const fn header(&self, row: &KeyRow) -> [u8; 5] {
        match (self.act, row.role) {
            (LifeChange::Formal, 0) => headers::stage_formal(self.suite),
            _ => headers::stage(row, self.suite),
        }
    }

    fn activate(&self, esam: &mut Esam<'_>, source: &mut dyn KeySource) -> Result<(), LifeError> {
        let target = if self.act == LifeChange::Retire { self.leaving() } else { self.arriving() };
        let challenge = esam.challenge()?;
        let mac = source.seal_activation(&target, challenge, self.activation)?;
        esam.activate(self.activation, mac).map_err(|error| match error {
            error @ CardError::Channel { .. } => LifeError::Open(error),
            error => error.into(),
        })
    }

    /// What a reader finds afterwards.
    fn examine(&self, esam: &mut Esam<'_>, source: &mut dyn KeySource) -> Result<Vec<KeyCheck>, LifeError> {
        self.reset(esam).map_err(LifeError::after)?;
        let info = esam.card_info().map_err(|error| LifeError::from(error).after())?;
        if info.state != self.activation.state {
            return Err(LifeError::NotSeen { what: "state" });
        }
        if self.activation.state == State::Retired {
            let left = esam.fmcos().key_information(0x35, 0x04);
            let gone = left.err().and_then(|error| error.sw()) == Some(Sw::KEY_NOT_FOUND);
            return if gone { Ok(Vec::new()) } else { Err(LifeError::NotSeen { what: "end of the keys" }) };
        }
        let mut keys = Vec::new();
        for row in ESAM_KEYS.iter().filter(|row| row.role != 0) {
            let check = self.check(esam, source, row).map_err(LifeError::after)?;
            keys.extend(check);
        }
        authenticate(esam, source, &self.proof(self.arriving().master)).map_err(LifeError::after)?;
        Ok(keys)
    }

    fn check(
        &self,
        esam: &mut Esam<'_>,
        source: &mut dyn KeySource,
        row: &KeyRow,
    ) -> Result<Option<KeyCheck>, LifeError> {
        let seen = esam.fmcos().key_information(row.kind, row.id)?;
        let expected = source.expected(&self.arriving(), row.role)?;
        let [kind, _, _, b4, b5] = row.header(expected.version);
        let check_value = CheckValue(seen.kcv);
        let fits = (seen.kind, seen.version, seen.algorithm) == (kind, b4, b5)
            && expected.check_value.is_none_or(|expected| expected == check_value);
        if !fits {
            return Err(LifeError::NotSeen { what: "new keys" });
        }
        let confirmed = expected.check_value.is_some();
        Ok(Role::from_code(row.role).map(|role| KeyCheck { role, check_value, confirmed }))
    }
}

/// One attempt with the card's master key; a refusal ends the run.
pub(super) fn authenticate(
    esam: &mut Esam<'_>,
    source: &mut dyn KeySource,
    target: &Target,
) -> Result<(), LifeError> {
    let challenge = esam.challenge()?;
    let cryptogram = source.authenticate_target(target, challenge)?;
    esam.fmcos().external_authenticate(0x00, &cryptogram).map_err(|error| match error.tries_left() {
        Some(tries) => LifeError::Master { tries },
        None => error.into(),
    })
}
