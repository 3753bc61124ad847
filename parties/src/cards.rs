//! A card an act works with: opened where it stands, counted, and written down when somebody wants a trace.

mod show;
pub(crate) mod traffic;

pub use show::{CardReport, Fact, KeyFact, show};
pub use traffic::{Lost, Traffic};

use crate::places::NamesCard;
use crate::session::{Course, Session};
use crate::trouble::{Context, Result};
use reader::count::{atr_etu, guard_of, wire_etu};
use reader::trace::{TraceChannel, TraceSink};
use scheme::cards::{Keeping, OpenCard};
use scheme::profile::{CardKind, State};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use wire::{Channel, ChannelError};

/// Trace lines to a file; a trace never stops what it watches.
#[derive(Debug)]
pub struct TraceFile(File);

impl TraceFile {
    /// Opens the file of a session, with a line that names the card; `None` where nobody wants a trace.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn named(session: &Session, card: &str) -> Result<Option<Self>> {
        let Some(path) = &session.trace else { return Ok(None) };
        let file = disk::open_to_append(path);
        let file = file.with_context(|| format!("cannot write the trace {}", path.display()))?;
        let mut file = TraceFile(file);
        file.line(&format!("# card {card}"));
        Ok(Some(file))
    }
}

impl TraceSink for TraceFile {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }
}

/// An open card of an act: what passes is counted, and traced where somebody wants that.
pub struct CardHandle {
    card: TraceChannel<Box<dyn OpenCard>, Option<TraceFile>>,
    course: Arc<Course>,
    label: String,
    /// Extra guard time the card's ATR asks for.
    guard: u8,
}

impl CardHandle {
    /// Opens a card of a kind; changes of a virtual one are kept before each status word.
    ///
    /// # Errors
    /// It is not there, of another kind, damaged, or held by another program.
    pub fn open(session: &Session, card: &(impl NamesCard + ?Sized), kind: CardKind) -> Result<Self> {
        CardHandle::open_keeping(session, card, kind, Keeping::EveryCommand)
    }

    /// As [`CardHandle::open`]; `keeping` says when changes of a virtual card are kept.
    ///
    /// # Errors
    /// As [`CardHandle::open`].
    pub fn open_keeping(
        session: &Session,
        card: &(impl NamesCard + ?Sized),
        kind: CardKind,
        keeping: Keeping,
    ) -> Result<Self> {
        CardHandle::of(session, session.cards.open(&card.card(), Some(kind), keeping)?)
    }

    /// Opens a card of whatever kind it is, and says which.
    ///
    /// # Errors
    /// As [`CardHandle::open`].
    pub fn open_any(session: &Session, card: &(impl NamesCard + ?Sized)) -> Result<(Self, CardKind)> {
        let card = session.cards.open(&card.card(), None, Keeping::EveryCommand)?;
        let kind = card.kind();
        Ok((CardHandle::of(session, card)?, kind))
    }

    /// An open card under a session.
    ///
    /// # Errors
    /// The trace cannot be written; formal keys and a seed.
    pub fn of(session: &Session, card: Box<dyn OpenCard>) -> Result<Self> {
        if card.holds_formal() {
            session.must_be_unseeded("what is done with a card of formal keys")?;
        }
        let label = card.label().to_owned();
        let name = match label.strip_prefix("the card ") {
            Some(in_reader) => in_reader.to_owned(),
            None => Path::new(&label).file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        let card = TraceChannel::new(card, TraceFile::named(session, &name)?);
        Ok(CardHandle { card, course: session.course.clone(), label, guard: 0 })
    }

    /// What it is called in words.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The whole of a virtual card as bytes, for a pack.
    ///
    /// # Errors
    /// Nobody sees into a chip.
    pub fn image(&self) -> Result<Vec<u8>> {
        Ok(self.card.inner().image()?)
    }

    /// Saves a virtual card now, whenever its changes would be kept otherwise.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep_now(&mut self) -> Result<()> {
        Ok(self.card.inner_mut().keep_now()?)
    }

    /// Lets the card go; of a virtual one saves what changed.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn close(self) -> Result<()> {
        Ok(self.card.into_parts().0.close()?)
    }

    /// A security stop when keys of this state do not belong into the card.
    ///
    /// # Errors
    /// That stop.
    pub fn must_take(&self, state: State) -> Result<()> {
        Ok(self.card.inner().must_take(state)?)
    }
}

impl Channel for CardHandle {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.card.transmit(command);
        let traffic = &self.course.traffic;
        let bytes = command.len() + answer.as_ref().map_or(0, Vec::len);
        traffic.apdus.fetch_add(1, Ordering::Relaxed);
        traffic.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        match &answer {
            Ok(answer) => {
                traffic.etu.fetch_add(wire_etu(command, answer, self.guard).0, Ordering::Relaxed);
            }
            Err(error) if error.leaves_doubt() => traffic.lose(Lost::of(&self.label, command)),
            Err(_) => {}
        }
        answer
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        let atr = self.card.reset()?;
        self.guard = guard_of(&atr);
        let traffic = &self.course.traffic;
        traffic.resets.fetch_add(1, Ordering::Relaxed);
        traffic.bytes.fetch_add(atr.len() as u64, Ordering::Relaxed);
        traffic.etu.fetch_add(atr_etu(atr.len()).0, Ordering::Relaxed);
        Ok(atr)
    }
}
