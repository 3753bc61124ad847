//! Homes and roles: one folder for each party, so that a command of one role works with that role's folder
//! alone.
//!
//! A folder says whose it is in `role.json`. `--home` names the parent of all folders, or one of them.

pub(crate) mod files;
pub(crate) mod party;

pub use files::{make_folder, read_text, write, write_soon, write_with};
pub use party::{MARKER, Party, mark, owner};

use crate::log;
use crate::session::Session;
use crate::trouble::{Context, Result};
use crate::trouble::{Failure, refused, security};
use scheme::numbers::RegionCode;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

/// The home of a command.
#[derive(Clone)]
pub struct Home {
    root: PathBuf,
    /// Told of the folder whose party acts; says who acts.
    session: Session,
}

impl Home {
    /// The home of a session.
    pub fn new(session: &Session) -> Self {
        Home { root: session.home.clone(), session: session.clone() }
    }

    /// Its folder, whoever's it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a party that acts; `act` is what it does, for the words of a refusal.
    ///
    /// A security stop when the home is another party's.
    pub fn party(&self, party: Party, act: &str) -> Result<PathBuf> {
        self.find(party, act).and_then(|folder| self.acts(folder))
    }

    /// Notes whose act it is, for the audit log, and asks who acts before anything is done.
    fn acts(&self, folder: PathBuf) -> Result<PathBuf> {
        disk::keep_folder_private(&folder);
        *self.session.course.acting.lock().unwrap_or_else(PoisonError::into_inner) = Some(folder.clone());
        if self.session.deed.name().is_some() {
            self.must_be_writable(&folder)?;
            log::enter(&self.session, &folder)?;
            clean(&self.session, &folder);
        }
        Ok(folder)
    }

    /// An act that is noted in a party's log begins in no folder that is read-only: nothing is asked and no card is touched then.
    fn must_be_writable(&self, folder: &Path) -> Result<()> {
        if self.session.rehearsal || !disk::is_read_only(folder) {
            return Ok(());
        }
        Err(files::read_only(folder, ", and this act writes there").into())
    }

    fn find(&self, party: Party, act: &str) -> Result<PathBuf> {
        if let Some(owner) = owner(&self.root)? {
            return if owner == party {
                Ok(self.root.clone())
            } else {
                Err(self.foreign(owner, party, act).into())
            };
        }
        let folder = self.root.join(party.folder());
        if owner(&folder)? == Some(party) {
            return Ok(folder);
        }
        match self.parties()?.first() {
            Some(other) if !matches!(party, Party::Meters | Party::Sims) => {
                Err(self.foreign(*other, party, act).into())
            }
            _ => {
                let words = format!(
                    "there is no folder of {} in {}: {act} needs it",
                    party.words(),
                    self.root.display()
                );
                Err(refused(words).hint(party.beginning()).into())
            }
        }
    }

    fn foreign(&self, owner: Party, party: Party, act: &str) -> Failure {
        let words = format!(
            "{act} is an act of {}, and {} is the home of {}",
            party.words(),
            self.root.display(),
            owner.words()
        );
        security(words).hint(format!("work in the home of {}, or {}", party.words(), party.beginning()))
    }

    /// The folder a party has or would have; nothing is made. A security stop in another single party's folder.
    pub fn place(&self, party: Party, act: &str) -> Result<PathBuf> {
        match owner(&self.root)? {
            Some(owner) if owner == party => Ok(self.root.clone()),
            Some(owner) => Err(self.foreign(owner, party, act).into()),
            None => Ok(self.root.join(party.folder())),
        }
    }

    /// The folder of a party, made when it is not there. A security stop in another single party's folder.
    pub fn make(&self, party: Party, act: &str) -> Result<PathBuf> {
        let folder = self.place(party, act)?;
        if owner(&folder)?.is_none() {
            self.must_be_writable(&folder)?;
            make_folder(&folder)?;
            mark(&folder, party)?;
        }
        self.acts(folder)
    }

    /// The one city of the home, or the one asked for.
    pub fn city(&self, asked: Option<RegionCode>, act: &str) -> Result<(RegionCode, PathBuf)> {
        if let Some(region) = asked {
            return Ok((region, self.party(Party::City(region), act)?));
        }
        if let Some(owner) = owner(&self.root)? {
            return match owner {
                Party::City(region) => self.acts(self.root.clone()).map(|folder| (region, folder)),
                other => Err(security(format!(
                    "{act} is an act of a city, and {} is the home of {}",
                    self.root.display(),
                    other.words()
                ))
                .into()),
            };
        }
        let parties = self.parties()?;
        let cities: Vec<_> = parties
            .iter()
            .filter_map(|party| match party {
                Party::City(region) => Some(*region),
                _ => None,
            })
            .collect();
        match cities[..] {
            [region] => {
                self.acts(self.root.join(Party::City(region).folder())).map(|folder| (region, folder))
            }
            [] if parties.is_empty() => Err(refused(format!("there is no city in {}", self.root.display()))
                .hint("take the city's issuing cards into use with `gridcard city open CARD...`")
                .into()),
            [] => Err(security(format!(
                "{act} is an act of a city, and there is none in {}",
                self.root.display()
            ))
            .hint("take the city's issuing cards into use with `gridcard city open CARD...`")
            .into()),
            _ => Err(refused("there are several cities in this home")
                .hint("say which with --city CODE")
                .into()),
        }
    }

    /// The folders of the parties in this home, its own when it is one party's.
    pub fn folders(&self) -> Result<Vec<PathBuf>> {
        if owner(&self.root)?.is_some() {
            return Ok(vec![self.root.clone()]);
        }
        Ok(self.parties()?.into_iter().map(|party| self.root.join(party.folder())).collect())
    }

    /// The only party of this home.
    pub fn only(&self, act: &str) -> Result<Party> {
        if let Some(owner) = owner(&self.root)? {
            return Ok(owner);
        }
        match self.parties()?[..] {
            [party] => Ok(party),
            [] => {
                Err(refused(format!("{act} needs a party, and there is none in {}", self.root.display()))
                    .into())
            }
            _ => Err(refused("there are several parties in this home")
                .hint("say which with --party, say --party bank")
                .into()),
        }
    }

    /// The parties that have a folder in this home.
    fn parties(&self) -> Result<Vec<Party>> {
        let Ok(entries) = fs::read_dir(&self.root) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", self.root.display()))?.path();
            // A province in the making is no party yet.
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            found.extend(owner(&path)?);
        }
        found.sort_by_key(|party: &Party| party.folder());
        Ok(found)
    }
}

/// Makes an act that needs no home the act of the first of these parties that has a folder here, so that its log keeps it; of
/// nobody where none has.
pub fn acts_if_known(session: &Session, parties: &[Party]) -> Result<()> {
    let home = Home::new(session);
    for party in parties {
        for folder in [home.root.clone(), home.root.join(party.folder())] {
            if owner(&folder)? == Some(*party) {
                return home.acts(folder).map(drop);
            }
        }
    }
    Ok(())
}

/// After a day nobody writes a file any more that was begun.
const A_DAY: Duration = Duration::from_secs(86_400);

/// Removes what killed commands left in a party's folder and its out: a card's image that never took its name holds keys as the
/// card does. By the system's clock, which dates the files too. What cannot be removed hinders nobody.
fn clean(session: &Session, folder: &Path) {
    let Some(before) = SystemTime::now().checked_sub(A_DAY) else { return };
    for place in [folder.to_owned(), folder.join("out")] {
        match disk::remove_leftovers(&place, before) {
            Ok(removed) => {
                let told = |path: &PathBuf| {
                    session.say(format!("removed {}: a command that was killed had left it", path.display()))
                };
                removed.iter().for_each(told);
            }
            Err(error) => {
                session.say(format!("what killed commands left in {} stays: {error}", place.display()))
            }
        }
    }
}
