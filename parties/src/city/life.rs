//! An ESAM's life after it was issued: other keys, formal, back to test, out of use.

use super::access::{Access, info_in};
use super::esam::{ends_the_run, pairing_name};
use super::signing::forget_mode;
use crate::cards::CardHandle;
use crate::home::{self, Home};
use crate::issuing::{self, CheckValues};
use crate::session::{Session, out};
use crate::trouble::{Context, Result, refused};
use crate::{people, transport};
use issue::card::KeyCheck;
use issue::life::{self, Leave, LifeChange, Passage, Planned, Seen};
use issue::pairing;
use issue::source::KeySource;
use keys::Role;
use office::journal::Journal;
use reader::driver::fmcos::Fmcos;
use scheme::CardRef;
use scheme::numbers::{CheckValue, DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardKind, ESAM_KEYS, State};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What an ESAM shows freely.
#[derive(Debug, Clone, Serialize)]
pub struct EsamShown {
    /// Its meter.
    pub number: DeviceNumber,
    /// Its city.
    pub city: RegionCode,
    /// Serial of its chip.
    pub serial: Serial,
    /// Its state.
    pub state: &'static str,
    /// Version of its keys; 0: they are destroyed.
    pub key_version: u8,
    /// The highest version of formal keys it had; 0: none.
    pub highest_formal_version: u8,
    /// Key sets after the first; of a card of an older make nothing.
    pub key_changes: Option<u16>,
    /// Money given up in all.
    pub forfeited_fen: u32,
    /// An account is open.
    pub opened: bool,
    /// Money in its purse.
    pub balance_fen: u32,
    /// Purchases.
    pub count: u32,
    /// Tries of its master key left.
    pub tries: Option<u8>,
    /// Check values of its keys.
    pub check_values: CheckValues,
}

/// Looks at an ESAM; needs no home and spends no try.
///
/// # Errors
/// The card does not open, is no ESAM, or is not finished.
pub fn show(session: &Session, card: &CardRef) -> Result<EsamShown> {
    let named = card;
    let mut card = CardHandle::open(session, card, CardKind::Esam)?;
    info_in(&mut card, CardKind::Esam, named)?;
    let seen = life::look(&mut card)?;
    let keys = keys_of(&mut card, &seen)?;
    card.close()?;
    Ok(EsamShown {
        number: DeviceNumber(seen.info.number),
        city: RegionCode(seen.info.region),
        serial: seen.serial,
        state: seen.info.state.name(),
        key_version: seen.version,
        highest_formal_version: seen.life.map_or(0, |life| life.formal),
        key_changes: seen.life.map(|life| life.changes),
        forfeited_fen: seen.life.map_or(0, |life| life.forfeited.0),
        opened: seen.opened,
        balance_fen: seen.purse.balance.0,
        count: seen.purse.count,
        tries: seen.tries,
        check_values: CheckValues::of_card(&keys),
    })
}

/// Check values of the keys a card shows.
fn keys_of(card: &mut CardHandle, seen: &Seen) -> Result<Vec<KeyCheck>> {
    let mut keys = Vec::new();
    if seen.info.state == State::Retired {
        return Ok(keys);
    }
    let mut fmcos = Fmcos::new(card);
    for row in ESAM_KEYS {
        if let Some(role) = Role::from_code(row.role) {
            let check_value = CheckValue(fmcos.key_information(row.kind, row.id)?.kcv);
            keys.push(KeyCheck { role, check_value, confirmed: false });
        }
    }
    Ok(keys)
}

/// ESAMs to be led through an act of their lives.
#[derive(Debug, Clone)]
pub struct PassRequest {
    /// The act.
    pub act: LifeChange,
    /// The ESAMs.
    pub cards: Vec<CardRef>,
    /// The issuing card, and the city; its last tries may be spent when those of the ESAMs may.
    pub access: Access,
    /// Folder for the new pairing files; `None`: what the city hands out.
    pub out: Option<PathBuf>,
    /// Give up the money in the purse.
    pub forfeit: bool,
    /// Plan it, and do nothing.
    pub dry_run: bool,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum PassReport {
    /// Nothing was done.
    Planned {
        /// Plans and APDUs, secrets hidden.
        plans: Vec<String>,
    },
    /// It was done.
    Passed(PassedEsams),
}

/// ESAMs that were led through an act.
#[derive(Debug, Clone, Serialize)]
pub struct PassedEsams {
    /// The act.
    pub act: LifeChange,
    /// Each of them.
    pub esams: Vec<PassedEsam>,
    /// Those that were not, and why not.
    pub failed: Vec<String>,
}

/// An ESAM that was led through an act.
#[derive(Debug, Clone, Serialize)]
pub struct PassedEsam {
    /// Its meter.
    pub number: DeviceNumber,
    /// Whether it was done now, or before.
    pub what: &'static str,
    /// Its state now.
    pub state: &'static str,
    /// Its key version now; none of one that is retired.
    pub key_version: Option<u8>,
    /// Both, in words.
    pub now: String,
    /// The pairing file its meter needs now.
    pub pairing: Option<String>,
}

impl PassedEsams {
    /// An error when one failed.
    ///
    /// # Errors
    /// That one.
    pub fn must_be_whole(&self) -> Result<()> {
        if self.failed.is_empty() {
            return Ok(());
        }
        Err(refused(format!("{} ESAM(s) failed", self.failed.len())).into())
    }
}

/// What all cards of an act share.
struct Passing<'o> {
    session: &'o Session,
    request: &'o PassRequest,
    source: &'o mut dyn KeySource,
    folder: &'o Path,
    out: PathBuf,
}

/// Leads ESAMs through an act of their lives. `None`: a request for the second person was written in its place. An ESAM that is
/// refused is left out, unless it is the only one.
///
/// # Errors
/// The issuing card does not open, is spent or lost.
pub fn pass(session: &Session, request: &PassRequest) -> Result<Option<PassReport>> {
    let act = request.act;
    let (_, folder) = Home::new(session).city(request.access.city, "leading ESAMs through their lives")?;
    let opened = (CardKind::EsamIssuing, matches!(act, LifeChange::Test | LifeChange::Retire));
    request.access.with_issuing_card(session, &folder, opened, |source| {
        if act != LifeChange::Retire {
            transport::must_be_earnest(session, source)?;
        }
        let out = match &request.out {
            Some(out) => out.clone(),
            None => out(&folder)?,
        };
        let mut passing = Passing { session, request, source, folder: &folder, out };
        if request.dry_run {
            return passing.plans().map(|plans| Some(PassReport::Planned { plans }));
        }
        if act == LifeChange::Retire {
            let words = format!("retiring {} ESAM(s)", request.cards.len());
            if !people::both(session, &folder, &words, passing.source.about().state)? {
                return Ok(None);
            }
        }
        if matches!(act, LifeChange::ChangeKeys | LifeChange::Formal) {
            issuing::tell_left(session, passing.source, request.cards.len())?;
        }
        let mut journal = issuing::journal(session, &folder)?;
        let mut report = PassedEsams { act, esams: Vec::new(), failed: Vec::new() };
        for card in &request.cards {
            match passing.one(card, &mut journal) {
                Ok(esam) => report.esams.push(esam),
                Err(error) if request.cards.len() == 1 || ends_the_run(&error) => {
                    return Err(error.context(card.to_string()));
                }
                Err(error) => report.failed.push(format!("{card}: {error}")),
            }
        }
        Ok(Some(PassReport::Passed(report)))
    })
}

impl Passing<'_> {
    const fn leave(&self) -> Leave {
        let spend_last_try = self.request.access.spend_last_try;
        Leave { forfeit: self.request.forfeit, spend_last_try }
    }

    fn plans(&mut self) -> Result<Vec<String>> {
        let mut plans = Vec::new();
        for card in &self.request.cards {
            let mut handle = CardHandle::open(self.session, card, CardKind::Esam)?;
            let seen = life::look(&mut handle)?;
            let planned = Passage::plan(self.request.act, &seen, &self.source.about(), self.leave())
                .with_context(|| card.to_string())?;
            plans.push(match planned.due() {
                Some(passage) => passage.dry_run().to_string(),
                None => format!("{card}: nothing to do"),
            });
        }
        Ok(plans)
    }

    fn one(&mut self, card: &CardRef, journal: &mut Journal) -> Result<PassedEsam> {
        let act = self.request.act;
        let mut handle = CardHandle::open(self.session, card, CardKind::Esam)?;
        let seen = life::look(&mut handle)?;
        let number = DeviceNumber(seen.info.number);
        let at = self.session.now()?.to_string();
        let (what, keys) = match Passage::plan(act, &seen, &self.source.about(), self.leave())? {
            Planned::Due(passage) => {
                if passage.activation().state == State::Formal {
                    handle.must_take(State::Formal)?;
                }
                ("done", office::passage::pass(&passage, &mut handle, self.source, journal, &at)?.keys)
            }
            Planned::Done => {
                let keys = keys_of(&mut handle, &seen)?;
                // A run that broke off after the card was done is concluded now.
                if let Some(passing) = journal.open_passage(seen.serial)?.filter(|open| open.act == act) {
                    journal.conclude_passage(&at, &passing, &keys)?;
                }
                ("was done", keys)
            }
        };
        let seen = life::look(&mut handle)?;
        handle.close()?;
        if act != LifeChange::ChangeKeys {
            forget_mode(self.folder, &seen.serial.to_string())?;
        }
        let pairing = match act {
            LifeChange::Retire => None,
            _ => Some(self.pair(number, RegionCode(seen.info.region), &keys)?.display().to_string()),
        };
        let version = if seen.version == 0 { String::new() } else { format!(", version {}", seen.version) };
        let state = seen.info.state.name();
        let key_version = (seen.version != 0).then_some(seen.version);
        Ok(PassedEsam { number, what, state, key_version, now: format!("{state}{version}"), pairing })
    }

    /// The pairing file for the meter's MCU.
    fn pair(&mut self, number: DeviceNumber, region: RegionCode, keys: &[KeyCheck]) -> Result<PathBuf> {
        // An ESAM that went to test by a test issuing card has that card's own keys.
        let test_keys = self.request.act == LifeChange::Test && self.source.about().state == State::Formal;
        let path = self.out.join(pairing_name(number));
        let file = pairing::make_of(self.source, number, region, keys, test_keys)?;
        home::write(&path, file.to_json()?.as_bytes())?;
        Ok(path)
    }
}
