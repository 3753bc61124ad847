//! Whose stock it is, and where it is kept.

use crate::home::{Home, Party, owner};
use crate::session::Session;
use crate::trouble::Result;
use office::stock::{ItemKind, Makers};
use office::store::{FILE, Store};
use scheme::numbers::RegionCode;
use std::path::{Path, PathBuf};

/// The act, for the words of a refusal.
const KEEPING: &str = "keeping the stock";

/// Whose stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Office {
    /// A city's; the only one of the home where none is named.
    City(Option<RegionCode>),
    /// The province's.
    Province,
    /// The meters' makers'.
    Meters,
    /// The SIMs' makers'.
    Sims,
}

impl Office {
    /// The store, to look and to move.
    pub(super) fn store(self, session: &Session) -> Result<Store> {
        let home = Home::new(session);
        let folder = match self {
            Office::Province => home.party(Party::Province, KEEPING)?,
            Office::Meters => home.party(Party::Meters, KEEPING)?,
            Office::Sims => home.party(Party::Sims, KEEPING)?,
            Office::City(city) => {
                let folder = home.city(city, KEEPING)?.1;
                let mut store = visit(&folder)?;
                if let Some(makers) = makers_beside(&home, &folder)? {
                    let at = session.now()?.to_string();
                    if let Err(error) = store.hear(&at, &makers) {
                        session.say(format!("what the makers of meters say is not in this stock: {error}"));
                    }
                }
                return Ok(store);
            }
        };
        visit(&folder)
    }

    /// The folder of the makers of meters, when it is theirs.
    pub(super) fn meters(self, session: &Session) -> Result<Option<PathBuf>> {
        match self {
            Office::Meters => Home::new(session).party(Party::Meters, KEEPING).map(Some),
            _ => Ok(None),
        }
    }

    /// The makers of meters who have their folder beside this office's: what they fitted, the office need not be told by a file.
    pub(super) fn makers(self, session: &Session) -> Result<Option<Makers>> {
        match self {
            Office::City(city) => {
                let home = Home::new(session);
                let folder = home.city(city, KEEPING)?.1;
                makers_beside(&home, &folder)
            }
            _ => Ok(None),
        }
    }

    /// The store, for the first items too: makers of meters and of SIMs begin with what they take in.
    pub(super) fn begin(self, session: &Session) -> Result<Store> {
        let party = match self {
            Office::Meters => Party::Meters,
            Office::Sims => Party::Sims,
            Office::Province | Office::City(_) => return self.store(session),
        };
        visit(&Home::new(session).make(party, KEEPING)?)
    }
}

/// Only in a home of several parties: a home that is the city's folder alone has nothing beside it.
fn makers_beside(home: &Home, city: &Path) -> Result<Option<Makers>> {
    let folder = home.root().join(Party::Meters.folder());
    let store = folder.join(FILE);
    let beside = city != home.root() && owner(&folder)? == Some(Party::Meters) && store.exists();
    Ok(if beside { Some(Makers::open(&store)?) } else { None })
}

/// The store of a folder, to look at and to move things in.
pub(crate) fn visit(folder: &Path) -> Result<Store> {
    Ok(Store::visit(&folder.join(FILE))?)
}

/// A kind of item by its name.
///
/// # Errors
/// No kind has this name; the words name all that there are.
pub fn kind(text: &str) -> Result<ItemKind, String> {
    ItemKind::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = ItemKind::all().map(ItemKind::name).collect();
        format!("a kind is {}", names.join(", "))
    })
}
