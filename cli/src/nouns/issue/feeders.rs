//! Who feeds cards: a folder of blank card files, or a hand at a reader.

use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::fail::Kind;
use crate::output::say;
use crate::real;
use ::office::batch::Feeder;
use parties::trouble::{Context, Result};
use scheme::profile::{CardKind, State};
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
pub struct Folder<'g> {
    global: &'g Global,
    kind: CardKind,
    state: State,
    files: std::vec::IntoIter<PathBuf>,
    bay: Option<Bay>,
    nothing: Nothing,
}

impl<'g> Folder<'g> {
    /// The folder.
    pub fn open(global: &'g Global, folder: &Path, kind: CardKind, state: State) -> Result<Self> {
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
        Ok(Folder { global, kind, state, files: files.into_iter(), bay: None, nothing: Nothing })
    }
}

impl Feeder for Folder<'_> {
    fn next(&mut self) -> Result<bool, String> {
        for path in self.files.by_ref() {
            let opened = Bay::open(self.global, &path, self.kind);
            match opened.and_then(|bay| bay.must_take(self.state).map(|()| bay)) {
                Ok(bay) => {
                    self.bay = Some(bay);
                    return Ok(true);
                }
                // A file that is no card of the kind is no chip: it is passed over.
                Err(error) if error.kind() == Kind::Refused => say(format!("passed over: {}", error)),
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(false)
    }

    fn card(&mut self) -> &mut dyn Channel {
        match &mut self.bay {
            Some(bay) => bay,
            None => &mut self.nothing,
        }
    }

    fn leave(&mut self, _: &str) -> Result<(), String> {
        match self.bay.take() {
            Some(bay) => bay.close().map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}

/// Somebody who puts cards into a reader and takes them out again.
pub struct Hand<'g> {
    global: &'g Global,
    reader: CardRef,
    kind: CardKind,
    stop: &'g (dyn Fn() -> bool + Sync),
    bay: Option<Bay>,
    nothing: Nothing,
}

impl<'g> Hand<'g> {
    /// At a reader.
    pub fn new(
        global: &'g Global,
        reader: CardRef,
        kind: CardKind,
        stop: &'g (dyn Fn() -> bool + Sync),
    ) -> Self {
        Hand { global, reader, kind, stop, bay: None, nothing: Nothing }
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

impl Feeder for Hand<'_> {
    fn next(&mut self) -> Result<bool, String> {
        say(format!("put the next blank into {}", self.reader));
        self.wait(|hand| match Bay::open(hand.global, &hand.reader, hand.kind) {
            Ok(bay) => {
                hand.bay = Some(bay);
                Ok(true)
            }
            Err(error) if real::no_card_yet(&error) => Ok(false),
            Err(error) => Err(error.to_string()),
        })
    }

    fn card(&mut self) -> &mut dyn Channel {
        match &mut self.bay {
            Some(bay) => bay,
            None => &mut self.nothing,
        }
    }

    fn leave(&mut self, fate: &str) -> Result<(), String> {
        say(fate);
        say("take the card out");
        self.wait(|hand| Ok(hand.bay.as_mut().is_none_or(|bay| bay.reset().is_err())))?;
        self.bay = None;
        Ok(())
    }
}
