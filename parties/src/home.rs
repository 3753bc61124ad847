//! Homes and roles: one folder for each party, so that a command of one role works with that role's folder
//! alone.
//!
//! A folder says whose it is in `role.json`. `--home` names the parent of all folders, or one of them.

pub(crate) mod begun;
pub(crate) mod files;
pub(crate) mod party;

pub use files::{make_folder, read_text, write, write_soon, write_with};
pub use party::{MARKER, Party, mark, owner};

use crate::log;
use crate::session::{Begun, Session};
use crate::trouble::{Context, Failure, Result, Trouble, refused, security};
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
                Err(self.foreign(owner, &party.words(), act).into())
            };
        }
        let folder = self.root.join(party.folder());
        if owner(&folder)? == Some(party) {
            return Ok(folder);
        }
        Err(self.missing(&party.words(), &party.none(), act).hint(party.beginning()).into())
    }

    /// A step is missing: the party whose act it is has not begun here. That is no offence, whoever else has a folder here.
    fn missing(&self, whose: &str, none: &str, act: &str) -> Failure {
        refused(format!("{act} is an act of {whose}, and there is {none} in {}", self.in_words()))
    }

    /// The home, as words about what it has not go on.
    fn in_words(&self) -> String {
        let root = self.root.display();
        match (self.root.is_dir(), self.root.exists()) {
            (true, _) => format!("{root} yet"),
            (false, true) => format!("{root}, which is no folder"),
            (false, false) => format!("{root}, which is not there"),
        }
    }

    /// There is no party at all.
    fn empty(&self) -> Failure {
        refused(format!("there is no party in {}", self.in_words()))
            .hint("a province begins with `gridcard kdc init`; another home is named with --home")
    }

    /// As [`Home::folders`], of a home that has some.
    ///
    /// # Errors
    /// It has none.
    pub fn some_folders(&self) -> Result<Vec<PathBuf>> {
        let folders = self.folders()?;
        if folders.is_empty() { Err(self.empty().into()) } else { Ok(folders) }
    }

    fn foreign(&self, owner: Party, whose: &str, act: &str) -> Failure {
        let words = format!(
            "{act} is an act of {whose}, and {} is the home of {}",
            self.root.display(),
            owner.words()
        );
        security(words).hint(format!("name the home of {whose} with --home, or the folder above both"))
    }

    /// The folder a party has or would have; nothing is made. A security stop in another single party's folder.
    pub fn place(&self, party: Party, act: &str) -> Result<PathBuf> {
        match owner(&self.root)? {
            Some(owner) if owner == party => Ok(self.root.clone()),
            Some(owner) => Err(self.foreign(owner, &party.words(), act).into()),
            None => Ok(self.root.join(party.folder())),
        }
    }

    /// The folder of a party, made when it is not there. A security stop in another single party's folder.
    pub fn make(&self, party: Party, act: &str) -> Result<PathBuf> {
        let folder = self.place(party, act)?;
        if owner(&folder)?.is_none() {
            self.must_be_writable(&folder)?;
            let above = folder
                .ancestors()
                .skip(1)
                .take_while(|above| !above.as_os_str().is_empty() && !above.exists());
            let above = above.last().map(Path::to_path_buf);
            if !folder.exists() {
                begun::note(&self.session, Begun { folder: folder.clone(), home: above });
            }
            make_folder(&folder)?;
            mark(&folder, party)?;
        }
        self.acts(folder)
    }

    /// The one city of the home, or the one asked for.
    pub fn city(&self, asked: Option<RegionCode>, act: &str) -> Result<(RegionCode, PathBuf)> {
        if let Some(owner) = owner(&self.root)? {
            return match owner {
                Party::City(region) if asked.is_none_or(|asked| asked == region) => {
                    self.acts(self.root.clone()).map(|folder| (region, folder))
                }
                other => Err(self.foreign(other, "a city", act).into()),
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
        let here = || cities.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match (asked, &cities[..]) {
            (None, [region]) => Ok(*region),
            (Some(region), cities) if cities.contains(&region) => Ok(region),
            (None, []) => Err(self.missing("a city", "no city", act).hint(party::CITY_BEGINS)),
            (Some(region), []) => {
                let city = Party::City(region);
                Err(self.missing(&city.words(), &city.none(), act).hint(party::CITY_BEGINS))
            }
            (Some(region), _) => {
                let failure = self.missing("a city", &Party::City(region).none(), act);
                Err(failure.hint(format!("the cities here: {}; {}", here(), party::CITY_BEGINS)))
            }
            (None, _) => {
                Err(refused(format!("there are several cities in {}: {}", self.root.display(), here()))
                    .hint("say which with --city CODE, or name the folder of one with --home"))
            }
        }
        .map_err(Trouble::from)
        .and_then(|region| {
            let folder = self.acts(self.root.join(Party::City(region).folder()))?;
            Ok((region, folder))
        })
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
            [] => Err(Trouble::from(self.empty()).context(act)),
            ref several => {
                let names: Vec<String> = several.iter().map(|party| party.folder()).collect();
                let words =
                    format!("there are several parties in {}: {}", self.root.display(), names.join(", "));
                Err(refused(words).hint("say which with --party, say --party bank").into())
            }
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
