//! A party's folder that an act made: an act that failed, or only looked, leaves none behind, for half a party is worse than
//! none. What holds more than the beginning of a folder stays.

use super::party::MARKER;
use crate::session::{Begun, Session};
use office::audit::LOG;
use office::store::{FILE, Store};
use std::fs;
use std::path::Path;
use std::sync::PoisonError;

/// Notes that the act made a party's folder.
pub fn note(session: &Session, begun: Begun) {
    session.course.begun.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(begun);
}

/// Takes a folder away that this act made and in which nothing stands but how a folder begins. True when it is gone.
pub fn take_away(session: &Session) -> bool {
    let begun = session.course.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(Begun { folder, home }) = begun else { return false };
    // Out of the way first: whoever else begins here meanwhile makes a folder of his own.
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let aside = folder.with_file_name(format!(".{name}.taken-away"));
    if !is_bare(&folder) || fs::rename(&folder, &aside).is_err() {
        return false;
    }
    if !is_bare(&aside) {
        // Somebody put something in between the two looks.
        return fs::rename(&aside, &folder).is_err();
    }
    let gone = fs::remove_dir_all(&aside).is_ok();
    // Folders above that this act made too. One in which somebody else began meanwhile is not empty, and stays.
    if let Some(first) = home {
        let made = folder.ancestors().skip(1).take_while(|above| above.starts_with(&first));
        made.for_each(|above| drop(fs::remove_dir(above)));
    }
    gone
}

/// Whether nothing but a mark, a log, locks, empty folders and a store that knows nothing stands in a folder.
fn is_bare(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().all(|entry| {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        match name.as_str() {
            _ if is_folder => fs::read_dir(&path).is_ok_and(|mut inside| inside.next().is_none()),
            FILE => Store::visit(&path).is_ok_and(|store| store.knows_nothing().unwrap_or(false)),
            MARKER | LOG | "audit.head" => true,
            // What SQLite lays beside a store, and locks.
            _ => name.starts_with(FILE) || (name.starts_with('.') && name.ends_with(".lock")),
        }
    })
}
