//! PSAMs come to the bank and leave it.

use super::pool::{self, Member, Pool, read_server_key};
use super::{folder, store};
use crate::cards::CardHandle;
use crate::city::info_of;
use crate::city::psam::server_key_name;
use crate::home::{self, Home, Party};
use crate::places::{self, card_at, hand_over};
use crate::session::{Session, out};
use crate::trouble::{Context, Result, refused};
use crate::{companion, log, revoked};
use reader::driver::psam::Psam;
use scheme::cards::CardRef;
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::profile::CardKind;
use serde::Serialize;
use server::Keys;
use std::path::{Path, PathBuf};

/// A PSAM that is to be taken into use.
#[derive(Debug, Clone)]
pub struct AddRequest {
    /// It: its card file, or a card in a reader.
    pub psam: CardRef,
    /// File with its server key, without which it seals nothing. Default: the one beside the card file.
    pub server_key: Option<PathBuf>,
}

/// A PSAM that was taken into use.
#[derive(Debug, Clone, Serialize)]
pub struct AddReport {
    /// Where it stands, for people.
    pub psam: String,
    /// Its number.
    pub number: DeviceNumber,
    /// State of its keys.
    pub state: &'static str,
    /// Their version.
    pub key_version: u8,
    /// Both.
    #[serde(skip)]
    pub keys: Keys,
}

/// The bank's PSAMs.
#[derive(Debug, Clone, Serialize)]
pub struct ListReport {
    /// By number; those that could not be looked at are told while it goes on.
    pub psams: Vec<ListedPsam>,
}

/// A PSAM of the bank.
#[derive(Debug, Clone, Serialize)]
pub struct ListedPsam {
    /// Its number.
    pub number: DeviceNumber,
    /// Its city.
    pub city: RegionCode,
    /// State of its keys.
    pub state: &'static str,
    /// Their version.
    pub key_version: u8,
    /// Both.
    #[serde(skip)]
    pub keys: Keys,
    /// Orders it sealed; `None` when it is in no reader.
    pub sealed: Option<u32>,
    /// Orders that no receipt has settled.
    pub not_settled: u64,
    /// Its server key is here: it seals.
    pub server_key: bool,
    /// Where its card stands, for people.
    pub card: String,
}

/// A PSAM that is to go.
#[derive(Debug, Clone)]
pub struct RemoveRequest {
    /// Its number.
    pub number: DeviceNumber,
    /// Folder its card file and its server key go to. Default: the bank's out.
    pub to: Option<PathBuf>,
}

/// A PSAM that went.
#[derive(Debug, Clone, Serialize)]
pub struct RemoveReport {
    /// Its number.
    pub number: DeviceNumber,
    /// The folder with what was here of it.
    pub to: String,
}

/// Opens the bank with its first PSAM: its folder is made where there is none.
///
/// # Errors
/// The home is another party's, and those of [`add`].
pub fn open(session: &Session, request: &AddRequest) -> Result<AddReport> {
    must_be_a_psam(session, &request.psam)?;
    let folder = Home::new(session).make(Party::Bank, "opening the bank")?;
    take_in(session, request, &folder)
}

/// Takes a PSAM into use; those there are stay, for the receipts under their keys.
///
/// # Errors
/// Another card, one that was revoked or retired, a place that is taken, a server key of another PSAM.
pub fn add(session: &Session, request: &AddRequest) -> Result<AddReport> {
    take_in(session, request, &folder(session)?)
}

fn must_be_a_psam(session: &Session, card: &CardRef) -> Result<()> {
    let info = info_of(session, card)?;
    if info.kind == CardKind::Psam {
        return Ok(());
    }
    let words = format!("{card} is a card of kind {}, the server works with a PSAM", info.kind.name());
    Err(refused(words).into())
}

fn take_in(session: &Session, request: &AddRequest, folder: &Path) -> Result<AddReport> {
    must_be_a_psam(session, &request.psam)?;
    // One that a home of an older make has may be the very one that is named.
    Pool::open(session, folder)?;
    let mut handle = CardHandle::open(session, &request.psam, CardKind::Psam)?;
    let found = pool::look(&mut handle, Path::new(""))?;
    handle.close()?;
    let member = Member { card: pool::place(folder, found.number), ..found };
    if let Some(record) = companion::beside(session, &request.psam, member.number.0)? {
        record.log.received(session);
    }
    revoked::must_not_be(folder, CardKind::Psam, member.number)?;
    disk::create_folder(&folder.join("psams")).context("cannot make the folder of the PSAMs")?;
    take_server_key(session, request, &member)?;
    hand_over(session, &request.psam, &member.card)?;
    member.keep()?;
    store(folder)?;
    log::fact(session, "psam", member.number);
    log::fact(session, "state", member.keys.state.name());
    log::fact(session, "key_version", member.keys.version);
    Ok(AddReport {
        psam: places::shown(session, &member.card),
        number: member.number,
        state: member.keys.state.name(),
        key_version: member.keys.version,
        keys: member.keys,
    })
}

/// Takes the server key of the PSAM into the bank's folder; the file it came in goes.
fn take_server_key(session: &Session, request: &AddRequest, member: &Member) -> Result<()> {
    let beside =
        request.psam.path().map(|card| Path::new(card).with_file_name(server_key_name(member.number)));
    let place = pool::server_key(&member.card);
    let Some(file) = request.server_key.clone().or_else(|| beside.filter(|file| file.exists())) else {
        if !place.exists() {
            session.say(
                "no server key: the PSAM opens receipts, and seals orders once `server psam add --server-key FILE` gave it one",
            );
        }
        return Ok(());
    };
    let key = read_server_key(&file)?;
    if key.number() != member.number.0 {
        return Err(refused(format!("{} is of another PSAM", file.display()))
            .hint("the city wrote a file for each PSAM, with its number in its name")
            .into());
    }
    home::write(&place, key.to_json().as_bytes())?;
    if file != place {
        std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(())
}

/// The bank's PSAMs: keys, orders sealed, orders that no receipt has settled.
///
/// # Errors
/// The bank's folder or its books cannot be read.
pub fn list(session: &Session) -> Result<ListReport> {
    let folder = folder(session)?;
    let mut psams = Vec::new();
    for card in pool::places(session, &folder)? {
        match listed(session, &folder, &card) {
            Ok(psam) => psams.push(psam),
            Err(error) => session.say(format!("{}: {error}", places::shown(session, &card))),
        }
    }
    Ok(ListReport { psams })
}

/// Looks at the card; one that is in no reader is known by its record.
fn listed(session: &Session, folder: &Path, card: &Path) -> Result<ListedPsam> {
    let (member, sealed) = match at_hand(session, card) {
        Ok((member, sealed)) => (member, Some(sealed)),
        Err(error) => (Member::kept(card)?.ok_or(error)?, None),
    };
    Ok(ListedPsam {
        number: member.number,
        city: member.city,
        state: member.keys.state.name(),
        key_version: member.keys.version,
        keys: member.keys,
        sealed,
        not_settled: pool::unsettled(folder, member.number)?,
        server_key: pool::server_key(card).exists(),
        card: places::shown(session, card),
    })
}

fn at_hand(session: &Session, card: &Path) -> Result<(Member, u32)> {
    let mut handle = CardHandle::open(session, card, CardKind::Psam)?;
    let member = pool::look(&mut handle, card)?;
    let sealed = Psam::open(&mut handle)?.sealed_count()?;
    handle.close()?;
    Ok((member, sealed))
}

/// Gives a PSAM away, once a receipt has settled everything it sealed.
///
/// # Errors
/// The bank has it not, or waits for receipts that it alone opens; another card is where it would go.
pub fn remove(session: &Session, request: &RemoveRequest) -> Result<RemoveReport> {
    let folder = folder(session)?;
    let pool = Pool::open(session, &folder)?;
    let member = pool.member(request.number)?;
    let number = member.number;
    let unsettled = pool::unsettled(&folder, number)?;
    if unsettled > 0 {
        let words = format!("PSAM {number} stays: {unsettled} order(s) it sealed have no receipt yet");
        return Err(refused(words)
            .hint("it alone opens their receipts: settle them first (`gridcard server orders` shows the orders)")
            .into());
    }
    let to = match &request.to {
        Some(to) => to.clone(),
        None => out(&folder)?,
    };
    disk::create_folder(&to).with_context(|| format!("cannot make {}", to.display()))?;
    let card = to.join(format!("psam-{number}.card"));
    // The key first, as it came: whoever finds the card still here finds the act undone, and repeats it.
    let key = pool::server_key(&member.card);
    if key.exists() {
        let file = to.join(server_key_name(number));
        home::write(&file, read_server_key(&key)?.to_json().as_bytes())?;
        std::fs::remove_file(&key).with_context(|| format!("cannot remove {}", key.display()))?;
    }
    let here = card_at(&member.card);
    let resolved = session.cards.resolve(&here)?;
    if resolved.path().is_some() {
        hand_over(session, &resolved, &card)?;
    } else {
        session.cards.forget(&here, &card_at(&card))?;
    }
    member.forget()?;
    log::fact(session, "psam", number);
    Ok(RemoveReport { number, to: to.display().to_string() })
}
