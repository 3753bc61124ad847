//! A conversation with a meter, as a line of bytes: what is sent goes out on its line, what it says of DL/T 645 comes in.

use crate::lines::Line;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use wire::{ByteLink, LinkError};

/// A conversation. It ends when it is dropped.
pub struct Talk {
    line: Arc<Line>,
    said: Receiver<Vec<u8>>,
    rest: VecDeque<u8>,
    _turn: OwnedSemaphorePermit,
}

impl Talk {
    /// Speaks with the meter on a line, once nobody else does.
    pub async fn open(line: Arc<Line>) -> Option<Self> {
        let turn = line.turn.clone().acquire_owned().await.ok()?;
        let (tell, said) = channel();
        line.hears(Some(tell));
        Some(Talk { line, said, rest: VecDeque::new(), _turn: turn })
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
        self.line.requests.blocking_send(bytes.to_vec()).map_err(|_| LinkError::Closed)
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        if self.rest.is_empty() {
            match self.said.recv_timeout(wait) {
                Ok(frame) => self.rest.extend(frame),
                Err(RecvTimeoutError::Timeout) if self.line.requests.is_closed() => {
                    return Err(LinkError::Closed);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(LinkError::Closed),
            }
        }
        let length = buffer.len().min(self.rest.len());
        for (place, byte) in buffer.iter_mut().zip(self.rest.drain(..length)) {
            *place = byte;
        }
        Ok(length)
    }
}
