//! The bank's PSAMs: where they stand, which of them seals for a meter, which opens a receipt [docs/specs/books.md].
//!
//! Each has its card (or the link to a card in a reader), its server key and a record of its keys in `psams`, by its
//! number. A home of one PSAM, `psam.card` with `psam.server`, is moved over by the first act that works with it.

use super::asking::Unfit;
use super::books::store;
use super::server_signing;
use crate::cards::CardHandle;
use crate::home;
use crate::places::{self, card_at};
use crate::session::Session;
use crate::trouble::{Context, Result, Trouble};
use crate::trouble::{Failure, refused};
use keys::Zeroizing;
use reader::driver::psam::Psam;
use scheme::cards::{CardRef, Keeping};
use scheme::numbers::DeviceNumber;
use scheme::numbers::{MeterNumber, RegionCode};
use scheme::profile::{CardKind, State};
use serde::{Deserialize, Serialize};
use server::{KeyState, Keys, OrderError, OrderSealer, ServerKey};
use std::fs;
use std::path::{Path, PathBuf};

const FORMAT: &str = "gridcard psam of a bank 1";

/// What is kept of a PSAM, so that one need not be in a reader to be found.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: String,
    number: DeviceNumber,
    city: String,
    state: String,
    key_version: u8,
}

/// A PSAM of the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its number.
    pub number: DeviceNumber,
    /// The city that issued it.
    pub city: RegionCode,
    /// Its keys.
    pub keys: Keys,
    /// Where its card stands.
    pub card: PathBuf,
}

/// Where a bank has the PSAM of a number.
pub fn place(folder: &Path, number: DeviceNumber) -> PathBuf {
    folder.join("psams").join(format!("{number}.card"))
}

/// Where the server key of the PSAM of a place is.
pub fn server_key(card: &Path) -> PathBuf {
    card.with_extension("server")
}

/// Reads a file with a server key.
///
/// # Errors
/// It is not there, or is none.
pub fn read_server_key(file: &Path) -> Result<ServerKey> {
    let text = Zeroizing::new(home::read_text(file)?);
    ServerKey::from_json(&text).map_err(|error| {
        refused(format!("{}: {error}", file.display()))
            .hint("`gridcard psam pair` at the city makes a new one")
            .into()
    })
}

fn record(card: &Path) -> PathBuf {
    card.with_extension("json")
}

fn wrong(record: &Path) -> String {
    format!("{} is no record of the PSAM beside it", record.display())
}

/// The place of the only PSAM that a bank had before it could have several.
fn old_place(folder: &Path) -> PathBuf {
    folder.join("psam.card")
}

/// Where the bank's PSAMs stand, by number; that of an older home as well. Looks, and opens no card.
///
/// # Errors
/// The folder cannot be read.
pub fn places(session: &Session, folder: &Path) -> Result<Vec<PathBuf>> {
    let pool = folder.join("psams");
    let named = |card: &CardRef| Path::new(card.path()?).file_stem()?.to_str()?.parse::<DeviceNumber>().ok();
    let cards = session.cards.places(&pool.to_string_lossy())?;
    let mut found: Vec<_> = cards.iter().filter_map(named).map(|number| place(folder, number)).collect();
    let old = old_place(folder);
    found.extend(places::taken(session, &old).then_some(old));
    Ok(found)
}

/// Reads a PSAM's number, city and keys; free, and no PIN.
///
/// # Errors
/// It does not answer, or is retired.
pub fn look(open: &mut CardHandle, card: &Path) -> Result<Member> {
    let mut psam = Psam::open(open)?;
    let info = psam.info();
    if info.state == State::Retired {
        return Err(refused(format!("PSAM {} is retired: it has no keys", DeviceNumber(info.number))).into());
    }
    let keys = OrderSealer::keys(&mut psam)?.context("a PSAM says which keys it has")?;
    let (number, city) = (DeviceNumber(info.number), RegionCode(info.region));
    Ok(Member { number, city, keys, card: card.to_path_buf() })
}

impl Member {
    /// The PSAM of a place: by its record, or by the card itself, of which the record is then made.
    fn at(session: &Session, card: &Path) -> Result<Self> {
        if let Some(member) = Member::kept(card)? {
            return Ok(member);
        }
        let mut open = CardHandle::open(session, &card_at(card), CardKind::Psam)?;
        let member = look(&mut open, card)?;
        open.close()?;
        member.keep()?;
        Ok(member)
    }

    /// The PSAM of a place by its record, where there is one.
    ///
    /// # Errors
    /// There is a record, and it is none of this PSAM.
    pub fn kept(card: &Path) -> Result<Option<Self>> {
        let path = record(card);
        if !path.exists() {
            return Ok(None);
        }
        let read: Record = serde_json::from_str(&home::read_text(&path)?).with_context(|| wrong(&path))?;
        let state = KeyState::from_name(&read.state);
        let its = card.ends_with(format!("{}.card", read.number));
        match (state, read.city.parse()) {
            (Some(state), Ok(city)) if read.format == FORMAT && its => {
                let keys = Keys { state, version: read.key_version, city: Some(city) };
                Ok(Some(Member { number: read.number, city, keys, card: card.to_path_buf() }))
            }
            _ => Err(refused(wrong(&path))
                .hint("take it away: it is made anew from the card, which has to be there then")
                .into()),
        }
    }

    /// Takes its record away, once its card has gone.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn forget(&self) -> Result<()> {
        let path = record(&self.card);
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))
    }

    /// Writes its record.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self) -> Result<()> {
        let record_of = Record {
            format: FORMAT.to_owned(),
            number: self.number,
            city: self.city.to_string(),
            state: self.keys.state.name().to_owned(),
            key_version: self.keys.version,
        };
        let text = format!("{}\n", serde_json::to_string_pretty(&record_of)?);
        home::write(&record(&self.card), text.as_bytes())
    }

    /// A card of another number in the place of this one: its PIN is not tried.
    ///
    /// # Errors
    /// It is another one.
    pub fn must_be(&self, session: &Session, found: [u8; 6]) -> Result<()> {
        if found == self.number.0 {
            return Ok(());
        }
        let words = format!(
            "{} holds PSAM {}, not PSAM {}",
            places::shown(session, &self.card),
            DeviceNumber(found),
            self.number
        );
        Err(refused(words).hint("take it into use with `gridcard server psam add CARD`").into())
    }
}

/// Has a PSAM's orders proved by its server key, where there is one, and signed by the server's signing key, where there is one.
///
/// # Errors
/// There is such a key and it cannot be read.
pub fn prove(session: &Session, psam: &mut Psam<'_>, card: &Path) -> Result<()> {
    let file = server_key(card);
    if file.exists() {
        psam.prove_with(read_server_key(&file)?.prover());
    }
    match bank_of(card) {
        Some(folder) => server_signing::sign_with(session, folder, psam),
        None => Ok(()),
    }
}

/// The bank's folder of a place in its pool.
pub(super) fn bank_of(card: &Path) -> Option<&Path> {
    card.parent()?.parent()
}

/// Moves the only PSAM of an older home to where several can stand. The card last, so that a move that broke off is
/// found and finished.
fn move_over(session: &Session, folder: &Path) -> Result<()> {
    let old = old_place(folder);
    if !places::taken(session, &old) {
        return Ok(());
    }
    // The lock is held until the card has moved: nobody may work with it meanwhile, and reading changes nothing.
    let mut card = match CardHandle::open_keeping(session, &card_at(&old), CardKind::Psam, Keeping::AtClose) {
        // Another command was faster.
        Err(_) if !places::taken(session, &old) => return Ok(()),
        opened => opened?,
    };
    let number = DeviceNumber(Psam::open(&mut card)?.info().number);
    let new = place(folder, number);
    if places::taken(session, &new) {
        return Err(refused(format!("{} is there already", places::shown(session, &new)))
            .hint("a card is never overwritten; move the old one away first")
            .into());
    }
    disk::create_folder(&folder.join("psams")).context("cannot make the folder of the PSAMs")?;
    let key = server_key(&old);
    if key.exists() {
        let to = server_key(&new);
        fs::rename(&key, &to)
            .with_context(|| format!("cannot move {} to {}", key.display(), to.display()))?;
    }
    places::relocate(session, &old, &new)?;
    card.close()
}

/// The bank's PSAMs.
#[derive(Debug)]
pub struct Pool {
    /// By number.
    pub members: Vec<Member>,
}

impl Pool {
    /// The PSAMs of a bank that is about to work with one.
    ///
    /// # Errors
    /// One of them is known neither by its record nor by itself.
    pub fn open(session: &Session, folder: &Path) -> Result<Self> {
        move_over(session, folder)?;
        let members =
            places(session, folder)?.iter().map(|card| Member::at(session, card)).collect::<Result<_>>()?;
        Ok(Pool { members })
    }

    /// The PSAM of a number.
    ///
    /// # Errors
    /// The bank has it not.
    pub fn member(&self, number: DeviceNumber) -> Result<&Member> {
        self.members.iter().find(|member| member.number == number).ok_or_else(|| {
            refused(format!("the bank has no PSAM {number}"))
                .hint("`gridcard server psam list` shows those it has")
                .into()
        })
    }

    /// Any of them, for what any can do.
    ///
    /// # Errors
    /// The bank has none.
    pub fn first(&self) -> Result<&Member> {
        self.members.first().ok_or_else(|| none().into())
    }

    /// The one to seal for a meter whose chip has these keys: the one asked for by hand, else of those that have them the one for
    /// which least waits, and of several such the first. One that was asked for the order before comes first of all, as long as it
    /// is `fit`: by its chain it tells whether it sealed it.
    ///
    /// # Errors
    /// The one asked for has other keys; none has these; none that has them is fit, and why the first is not.
    pub fn sealing(
        &self,
        by_hand: Option<DeviceNumber>,
        keys: Keys,
        meter: MeterNumber,
        asked: &[String],
        fit: &dyn Fn(DeviceNumber) -> Result<usize, Unfit>,
    ) -> Result<&Member> {
        if let Some(number) = by_hand {
            let member = self.member(number)?;
            if !member.keys.fit(&keys) {
                let (psam, has) = (number.to_string(), member.keys);
                return Err(OrderError::WrongKeys { meter, needs: keys, psam, has }.into());
            }
            fit(number).map_err(Trouble::new)?;
            return Ok(member);
        }
        self.first()?;
        let (mut ready, mut unfit) = (Vec::new(), None);
        for member in self.members.iter().filter(|member| member.keys.fit(&keys)) {
            match fit(member.number) {
                Ok(waiting) => ready.push((member, waiting)),
                Err(why) => unfit = unfit.or(Some(why)),
            }
        }
        let before = ready.iter().find(|(member, _)| asked.contains(&member.number.to_string()));
        match (before.or_else(|| ready.iter().min_by_key(|(_, waiting)| *waiting)), unfit) {
            (Some((member, _)), _) => Ok(member),
            (None, Some(unfit)) => Err(Trouble::new(unfit)),
            (None, None) => Err(OrderError::NoModule { meter, needs: keys }.into()),
        }
    }

    /// Those that may open a receipt, likeliest first: who sealed its order, then who has the keys it was sealed under.
    ///
    /// # Errors
    /// None of those that may is here.
    /// One that is not `fit` gives way to another with the same keys, where there is one.
    pub fn opening(
        &self,
        by_hand: Option<DeviceNumber>,
        openers: &[server::Opener],
        fit: &dyn Fn(DeviceNumber) -> Result<usize, Unfit>,
    ) -> Result<Vec<&Member>> {
        if let Some(number) = by_hand {
            return Ok(vec![self.member(number)?]);
        }
        let first = self.first()?;
        let mut found: Vec<&Member> = Vec::new();
        for opener in openers {
            let sealed = |member: &&Member| opener.psams.contains(&member.number.to_string());
            let is_fit = |member: &&Member| fit(member.number).is_ok();
            let has_keys = |member: &&Member| opener.keys.is_some_and(|keys| member.keys.fit(&keys));
            let mut wanted: Vec<&Member> = self.members.iter().filter(sealed).filter(is_fit).collect();
            if wanted.is_empty() {
                let waiting = |member: &&Member| fit(member.number).unwrap_or(usize::MAX);
                let another = self.members.iter().filter(has_keys).filter(is_fit).min_by_key(waiting);
                let wanting = self.members.iter().find(|member| sealed(member) || has_keys(member));
                wanted.extend(another.or(wanting));
            }
            wanted.retain(|member| !found.contains(member));
            found.extend(wanted);
        }
        if !found.is_empty() {
            return Ok(found);
        }
        // Nothing is known of it, or it was opened before: the only PSAM there is, or the first.
        match openers.iter().find(|opener| opener.keys.is_some() || !opener.psams.is_empty()) {
            Some(opener) if self.members.len() > 1 => Err(gone(opener).into()),
            _ => Ok(vec![first]),
        }
    }
}

fn none() -> Failure {
    refused("the bank has no PSAM").hint("`gridcard server psam add CARD` takes one into use")
}

fn gone(opener: &server::Opener) -> Failure {
    let sealed = match (opener.psams.as_slice(), opener.keys) {
        ([], Some(keys)) => format!("no PSAM here has {}, under which the receipt was made", keys.in_full()),
        (psams, _) => format!("the order was sealed by PSAM {}, which is not here", psams.join(" or ")),
    };
    refused(sealed)
        .hint("put that PSAM back with `gridcard server psam add CARD`, or name another with --psam")
}

/// What a PSAM waits for: orders it sealed, or may have, and that no receipt has settled.
///
/// # Errors
/// The books cannot be read.
pub fn unsettled(folder: &Path, number: DeviceNumber) -> Result<u64> {
    Ok(store(folder)?.unsettled_of(&number.to_string())?)
}
