//! The transport root: what blanks, and the MCUs of meters, have keys of before ours are in them. A formal province agreed one
//! with its card maker; under the published one nothing formal travels [docs/specs/cards.md 2].

use crate::session::Session;
use crate::trouble::{Context, Result};
use crate::trouble::{refused, security};
use issue::source::KeySource;
use kdc::ceremony::{Ceremony, Secret, published_transport};
use keys::{Key, Role, Suite, Zeroizing, hierarchy};
use scheme::numbers::CheckValue;
use scheme::profile::State;
use std::path::{Path, PathBuf};

/// The transport root that blanks are made under.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    /// Blanks are made under this transport root, which was agreed with the card maker: a file with 32 hexadecimal digits and
    /// their check value. A formal province has one. Default: the published transport root.
    pub transport_file: Option<PathBuf>,
}

impl Transport {
    /// The root, for chips of a suite.
    ///
    /// # Errors
    /// The file is not there, or holds none.
    pub fn root(&self, session: &Session, suite: Suite) -> Result<Key> {
        match &self.transport_file {
            None => Ok(hierarchy::test_root(suite, Role::Transport)),
            Some(path) => {
                let root = read(session, path, suite)?.into_key(suite);
                session.say(format!(
                    "transport root of {}: check value {}",
                    path.display(),
                    CheckValue(root.kcv())
                ));
                Ok(root)
            }
        }
    }

    /// The root of a province of formal keys, which must be an agreed one.
    ///
    /// # Errors
    /// None was named; it is the published one.
    #[cfg(feature = "hsm")]
    pub fn agreed(&self, session: &Session, suite: Suite) -> Result<Key> {
        if self.transport_file.is_none() {
            return Err(security("a formal province needs a transport root agreed with its card maker")
                .hint("name its file with --transport-file FILE")
                .into());
        }
        let root = self.root(session, suite)?;
        must_not_be_published(&root)?;
        Ok(root)
    }

    /// The root of the blanks that a source issues into: a blank under another one would only lose a try, so it is refused
    /// before any is made.
    ///
    /// # Errors
    /// It is another than the one the source issues under.
    pub fn root_for(&self, session: &Session, source: &mut dyn KeySource) -> Result<Key> {
        let root = self.root(session, source.about().suite)?;
        let Some(wanted) = source.transport_root()? else { return Ok(root) };
        let found = CheckValue(root.kcv());
        if wanted == found {
            return Ok(root);
        }
        let words =
            format!("blanks here are made under the card maker's transport root {wanted}, not under {found}");
        let hint = match self.transport_file {
            None => "name the card maker's file with --transport-file FILE, or take a real blank with --card",
            Some(_) => "this file is another province's, or of another card maker",
        };
        Err(refused(words).hint(hint).into())
    }
}

/// A security stop when a root that was to be agreed with a card maker is the published one.
///
/// # Errors
/// That stop.
pub fn must_not_be_published(root: &Key) -> Result<()> {
    if !keys::equal(root.expose(), hierarchy::test_root(root.suite(), Role::Transport).expose()) {
        return Ok(());
    }
    Err(security(
        "this is the published transport root: whoever sees the line, or its trace, would have every key",
    )
    .hint("agree one with the card maker that only the two of you know")
    .into())
}

/// Under a published key nothing formal travels: a security stop for a source of formal keys whose blanks are under the
/// published transport root, and for formal keys from a seed [docs/specs/cards.md 2].
///
/// # Errors
/// That stop.
pub fn must_be_earnest(session: &Session, source: &mut dyn KeySource) -> Result<()> {
    let about = source.about();
    if about.state != State::Formal {
        return Ok(());
    }
    session.must_be_unseeded("the challenges under which formal keys travel")?;
    match source.transport_root()? {
        Some(root) if root == published_transport(about.suite) => {
            Err(security("formal keys would travel under the published transport root: whoever sees the line has them")
                .hint("this province is of an older make: hold a ceremony with --transport-file or --transport-components")
                .into())
        }
        _ => Ok(()),
    }
}

/// A transport root from the card maker's file: 32 hexadecimal digits, and their check value.
///
/// # Errors
/// The file is not there, or holds none.
pub fn read(session: &Session, path: &Path, suite: Suite) -> Result<Secret> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = Zeroizing::new(text);
    tell_if_open(session, path);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let root = lines.next().unwrap_or_default();
    let check = lines.next().unwrap_or_default();
    let mut file = Ceremony::single(suite);
    file.add_component(1, root, check).with_context(|| path.display().to_string())?;
    Ok(file.join()?.secret)
}

/// Says that a file with a root is readable by others than its owner.
fn tell_if_open(session: &Session, path: &Path) {
    if disk::is_private(path).is_ok_and(|private| !private) {
        session.say(format!("note: others can read {}, which holds a key: chmod 600 it", path.display()));
    }
}
