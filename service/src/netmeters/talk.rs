//! A conversation with a meter, as a line of bytes: what is sent goes out on its line, what it says of DL/T 645 comes in.

use crate::lines::Line;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;
use wire::{ByteLink, LinkError};

/// Frames that wait to be looked at: an answer, and what else may be on its way.
const FRAMES: usize = 16;
/// How long the answer to a request may take, whatever else is said before it. A meter begins within ten seconds.
const ANSWER_TIME: Duration = Duration::from_secs(15);
/// How long a line may be waited for in one conversation, all in all. A purchase over a slow network takes some twenty.
const PATIENCE: Duration = Duration::from_secs(90);
/// The same where several say that they are one meter: the others are to have their turn while the purchase can still be asked for.
const PATIENCE_OF_MANY: Duration = Duration::from_secs(40);

/// A conversation. It ends when it is dropped.
pub struct Talk {
    line: Arc<Line>,
    said: Receiver<Vec<u8>>,
    rest: VecDeque<u8>,
    /// How long the line may still be waited for.
    patience: Duration,
    asked: Instant,
    has_asked: bool,
    _turn: OwnedSemaphorePermit,
}

impl Talk {
    /// Speaks with the meter on a line, once nobody else does. `one_of_many`: others say that they are this meter.
    pub async fn open(line: Arc<Line>, one_of_many: bool) -> Option<Self> {
        let turn = line.turn.clone().acquire_owned().await.ok()?;
        let (tell, said) = sync_channel(FRAMES);
        line.hears(Some(tell));
        let patience = if one_of_many { PATIENCE_OF_MANY } else { PATIENCE };
        Some(Talk {
            line,
            said,
            rest: VecDeque::new(),
            patience,
            asked: Instant::now(),
            has_asked: false,
            _turn: turn,
        })
    }

    /// Whether the meter was asked anything.
    pub const fn has_asked(&self) -> bool {
        self.has_asked
    }

    /// Waits for a frame, as long as that may take.
    fn wait(&mut self, wait: Duration) -> Result<(), LinkError> {
        let begun = Instant::now();
        let answer = ANSWER_TIME.saturating_sub(begun.saturating_duration_since(self.asked));
        let said = self.said.recv_timeout(wait.min(answer).min(self.patience));
        self.patience = self.patience.saturating_sub(begun.elapsed());
        match said {
            Ok(frame) => self.rest.extend(frame),
            Err(RecvTimeoutError::Timeout) if self.patience.is_zero() => {
                return Err(LinkError::Failed("the conversation with the meter takes too long".to_owned()));
            }
            Err(RecvTimeoutError::Timeout) if self.line.requests.is_closed() => {
                return Err(LinkError::Closed);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(LinkError::Closed),
        }
        Ok(())
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.line.hears(None);
    }
}

impl ByteLink for Talk {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        // What was said before is no answer to this.
        self.rest.clear();
        while self.said.try_recv().is_ok() {}
        let sent = self.line.requests.blocking_send(bytes.to_vec()).map_err(|_| LinkError::Closed);
        (self.asked, self.has_asked) = (Instant::now(), true);
        sent
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        if self.rest.is_empty() {
            self.wait(wait)?;
        }
        let length = buffer.len().min(self.rest.len());
        for (place, byte) in buffer.iter_mut().zip(self.rest.drain(..length)) {
            *place = byte;
        }
        Ok(length)
    }
}
