//! Walking the file tree.

use super::Words;
use crate::context::Context;
use crate::files::{FileKind, LEVELS, Node};
use crate::halt::Halt;
use crate::nvm::PAGE;
use crate::state::Selection;
use scheme::profile::Fid;

/// What a SELECT found; it is current then.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    /// A directory.
    Dir(Node),
    /// An EF; behind a link, the file it stands for.
    File(Node),
}

/// Which files a view has: KEY files never.
pub type Sees = fn(&Node) -> bool;

/// Class A0 knows no applications.
pub fn gsm_sees(node: &Node) -> bool {
    node.kind() != FileKind::Keys && node.name_len() == 0
}

/// Class 00 sees everything but KEY files.
pub fn uicc_sees(node: &Node) -> bool {
    node.kind() != FileKind::Keys
}

/// Makes the MF current.
pub fn to_mf(context: &mut Context<'_>) -> Result<Found, Halt> {
    let mf = context.mf()?;
    context.volatile.selection = Selection::mf(0, false);
    Ok(Found::Dir(mf))
}

/// Makes a directory current that stands `depth` levels below the MF.
pub fn enter(context: &mut Context<'_>, dir: &Node, depth: usize, words: &Words) -> Result<Found, Halt> {
    if depth == 0 {
        return to_mf(context);
    }
    if depth >= LEVELS {
        return Err(words.no_file.into());
    }
    context.volatile.selection = context.volatile.selection.enter(depth, dir.at, 0, false);
    Ok(Found::Dir(*dir))
}

/// Selects a child of the current directory; `None` when there is none.
pub fn to_child(
    context: &mut Context<'_>,
    fid: Fid,
    sees: Sees,
    words: &Words,
) -> Result<Option<Found>, Halt> {
    let dir = context.dir()?;
    let Some(node) = dir.child(&context.memory, |node| node.fid() == fid && sees(node)) else {
        return Ok(None);
    };
    if node.is_dir() {
        let depth = context.volatile.selection.depth() + 1;
        return enter(context, &node, depth, words).map(Some);
    }
    let file = node.resolved(&context.memory).ok_or(words.no_file)?;
    context.volatile.selection.select_ef(file.at);
    Ok(Some(Found::File(file)))
}

/// Selects by identifier from where the card stands: the MF, a child, the current directory, its parent, any directory
/// beside it [TS 51.011 6.4].
pub fn by_fid(context: &mut Context<'_>, fid: Fid, sees: Sees, words: &Words) -> Result<Found, Halt> {
    if fid == Fid::MF {
        return to_mf(context);
    }
    if let Some(found) = to_child(context, fid, sees, words)? {
        return Ok(found);
    }
    let (dir, selection) = (context.dir()?, context.volatile.selection);
    if dir.fid() == fid {
        return enter(context, &dir, selection.depth(), words);
    }
    let parent = Node::at(&context.memory, selection.parent()).ok_or(words.no_file)?;
    if parent.fid() == fid {
        return enter(context, &parent, selection.depth().saturating_sub(1), words);
    }
    let sister = parent.child(&context.memory, |node| node.is_dir() && node.fid() == fid && sees(node));
    enter(context, &sister.ok_or(words.no_file)?, selection.depth(), words)
}

/// Bytes of a directory that a new file could take: whole pages, as an EEPROM is programmed.
pub fn free_memory(context: &Context<'_>, dir: &Node) -> usize {
    dir.free(&context.memory) / PAGE * PAGE
}
