//! Whose key was good when it came last.

use crate::key::Shown;
use std::collections::BTreeSet;

/// Keys that are remembered as let in, at most.
const MOST: usize = 1024;

/// Keys that were let in when they came last. For others nothing is looked up before they have been asked who they are: a stranger costs the
/// books one look.
#[derive(Default)]
pub struct LetIn(BTreeSet<(String, [u8; 32])>);

impl LetIn {
    fn name(shown: &Shown) -> Option<(String, [u8; 32])> {
        let Shown::Key(key) = shown else { return None };
        Some((key.id.clone(), shown.hash()))
    }

    /// Somebody was let in, or was not.
    pub fn note(&mut self, shown: &Shown, is_in: bool) {
        let Some(name) = LetIn::name(shown) else { return };
        if !is_in {
            self.0.remove(&name);
        } else if !self.0.contains(&name) {
            if self.0.len() >= MOST {
                self.0.clear();
            }
            self.0.insert(name);
        }
    }

    /// Whether somebody was.
    pub fn has(&self, shown: &Shown) -> bool {
        LetIn::name(shown).is_some_and(|name| self.0.contains(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::{LetIn, MOST};
    use crate::key::{SentKey, Shown};

    fn key(id: usize, secret: &str) -> Shown {
        Shown::Key(SentKey::read(&format!("gk_{id:08x}_{}", secret.repeat(32))).expect("a key"))
    }

    #[test]
    fn a_key_is_one_with_its_secret_and_until_it_is_kept_out() {
        let mut known = LetIn::default();
        let (mine, other) = (key(1, "ab"), key(1, "cd"));
        known.note(&mine, true);
        assert!(known.has(&mine) && !known.has(&other) && !known.has(&key(2, "ab")));
        known.note(&other, false);
        assert!(known.has(&mine), "a guess keeps nobody else out");
        known.note(&mine, false);
        assert!(!known.has(&mine));
        assert!(!known.has(&Shown::Service("line".into())));
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let mut known = LetIn::default();
        (0..=MOST).for_each(|id| known.note(&key(id, "ab"), true));
        assert!(known.has(&key(MOST, "ab")) && known.0.len() <= MOST);
    }
}
