//! Where blanks come from one by one: a folder of card files, or somebody at a reader.

use crate::cards::CardHandle;
use crate::session::Session;
use crate::trouble::{Context, Result};
use office::batch::Feeder;
use reader::cards::no_card_yet;
use scheme::profile::{CardKind, State};
use scheme::{CardRef, Kind};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::{Channel, ChannelError};

/// How often a reader is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// No card: what stands in the slot of a feeder before the first and after the last.
struct Nothing;

impl Channel for Nothing {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Absent)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Absent)
    }
}

/// The card files of a folder, in the order of their names.
pub(super) struct Folder<'s> {
    session: &'s Session,
    kind: CardKind,
    state: State,
    files: std::vec::IntoIter<PathBuf>,
    handle: Option<CardHandle>,
    nothing: Nothing,
}

impl<'s> Folder<'s> {
    pub(super) fn open(session: &'s Session, folder: &Path, kind: CardKind, state: State) -> Result<Self> {
        let mut files = Vec::new();
        let named = || format!("cannot read {}", folder.display());
        for entry in std::fs::read_dir(folder).with_context(named)? {
            let path = entry.with_context(named)?.path();
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if path.extension().is_some_and(|end| end == "card") && !hidden {
                files.push(path);
            }
        }
        files.sort();
        Ok(Folder { session, kind, state, files: files.into_iter(), handle: None, nothing: Nothing })
    }
}

impl Feeder for Folder<'_> {
    fn next(&mut self) -> Result<bool, String> {
        for path in self.files.by_ref() {
            let opened = CardHandle::open(self.session, &path, self.kind);
            match opened.and_then(|handle| handle.must_take(self.state).map(|()| handle)) {
                Ok(handle) => {
                    self.handle = Some(handle);
                    return Ok(true);
                }
                // A file that is no card of the kind is no chip: it is passed over.
                Err(error) if error.kind() == Kind::Refused => {
                    self.session.say(format!("passed over: {error}"));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(false)
    }

    fn card(&mut self) -> &mut dyn Channel {
        match &mut self.handle {
            Some(handle) => handle,
            None => &mut self.nothing,
        }
    }

    fn leave(&mut self, _: &str) -> Result<(), String> {
        match self.handle.take() {
            Some(handle) => handle.close().map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}

/// Somebody who puts cards into a reader and takes them out again.
pub(super) struct AtReader<'s> {
    session: &'s Session,
    reader: CardRef,
    kind: CardKind,
    stop: &'s (dyn Fn() -> bool + Sync),
    handle: Option<CardHandle>,
    nothing: Nothing,
}

impl<'s> AtReader<'s> {
    pub(super) fn new(
        session: &'s Session,
        reader: CardRef,
        kind: CardKind,
        stop: &'s (dyn Fn() -> bool + Sync),
    ) -> Self {
        AtReader { session, reader, kind, stop, handle: None, nothing: Nothing }
    }

    /// Looks into the reader again and again until `seen` says what was waited for. False when the operator stops.
    fn wait(&mut self, mut seen: impl FnMut(&mut Self) -> Result<bool, String>) -> Result<bool, String> {
        loop {
            if (self.stop)() {
                return Ok(false);
            }
            if seen(self)? {
                return Ok(true);
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Feeder for AtReader<'_> {
    fn next(&mut self) -> Result<bool, String> {
        self.session.say(format!("put the next blank into {}", self.reader));
        self.wait(|feeder| match CardHandle::open(feeder.session, &feeder.reader, feeder.kind) {
            Ok(handle) => {
                feeder.handle = Some(handle);
                Ok(true)
            }
            Err(error) if no_card_yet(error.chain()) => Ok(false),
            Err(error) => Err(error.to_string()),
        })
    }

    fn card(&mut self) -> &mut dyn Channel {
        match &mut self.handle {
            Some(handle) => handle,
            None => &mut self.nothing,
        }
    }

    fn leave(&mut self, fate: &str) -> Result<(), String> {
        self.session.say(fate);
        self.session.say("take the card out");
        self.wait(|feeder| Ok(feeder.handle.as_mut().is_none_or(|handle| handle.reset().is_err())))?;
        self.handle = None;
        Ok(())
    }
}
