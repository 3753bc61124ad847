//! Whose stock it is, and where it is kept.

use crate::home::{Home, Party};
use crate::session::Session;
use crate::trouble::Result;
use office::stock::ItemKind;
use office::store::{FILE, Store};
use scheme::numbers::RegionCode;
use std::path::Path;

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
    pub(super) fn store(self, session: &Session) -> Result<Store> {
        let home = Home::new(session);
        let act = "keeping its stock";
        let folder = match self {
            Office::Province => home.party(Party::Province, act)?,
            Office::Meters => home.make(Party::Meters, act)?,
            Office::Sims => home.make(Party::Sims, act)?,
            Office::City(city) => home.city(city, act)?.1,
        };
        visit(&folder)
    }
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
