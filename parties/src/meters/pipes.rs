//! Meters on a pipe at a line: each sleeps until it is called for, and answers CJ/T 188.

use super::served::Served;
use crate::session::Session;
use crate::trouble::Result;
use meter::cjt188::{Asked, Facts, Sleep, answer, asked, carry, valve};
use reader::driver::esam::Esam;
use wire::cjt188::{Frame, Receiver};

/// A meter on a pipe, asleep or not.
pub(super) struct Piped {
    pub(super) served: Served,
    sleep: Sleep,
    receiver: Receiver,
}

/// What came of bytes.
#[derive(Default)]
pub(super) struct Heard {
    /// Whole frames that it was awake for.
    pub(super) frames: u64,
    /// Broken ones.
    pub(super) broken: u64,
    /// What it says.
    pub(super) said: Vec<Vec<u8>>,
}

impl Piped {
    pub(super) fn new(served: Served) -> Self {
        Piped { served, sleep: Sleep::default(), receiver: Receiver::new() }
    }

    /// Bytes came, or none for as long as a pause within a frame may last.
    pub(super) fn hear(&mut self, session: &Session, bytes: &[u8]) -> Result<Heard> {
        let (mut heard, now) = (Heard::default(), session.now()?);
        let mut found = if bytes.is_empty() { self.receiver.silence() } else { Vec::new() };
        for byte in bytes {
            if self.sleep.hears(*byte, now) {
                found.extend(self.receiver.push(&[*byte]));
            } else {
                // What had begun was lost with the meter's attention.
                self.receiver = Receiver::new();
            }
        }
        for frame in found {
            let Ok(frame) = frame else {
                heard.broken += 1;
                continue;
            };
            heard.frames += 1;
            if let Some(said) = self.said(session, &frame)? {
                self.sleep.stay(now);
                heard.said.push(said.to_bytes()?);
            }
        }
        Ok(heard)
    }

    fn said(&mut self, session: &Session, frame: &Frame) -> Result<Option<Frame>> {
        let meter = self.served.place.load()?;
        let Some(wanted) = asked(meter.state(), frame) else { return Ok(None) };
        match wanted {
            Asked::Look => self
                .served
                .look(session, |meter, _, _, esam, now| {
                    let (mut purse, mut key_version) = (None, None);
                    if let Some(esam) = esam {
                        let mut esam = Esam::new(esam);
                        purse = esam.purse().ok();
                        key_version = esam.key_version().ok();
                    }
                    answer(&Facts { state: meter.state(), now, purse, key_version }, frame)
                })
                .map(Some),
            Asked::Carried(inside) => {
                let Some(said) = self.served.said(session, &inside)? else { return Ok(None) };
                Ok(carry(meter.state(), frame, &said))
            }
            Asked::Valve => self
                .served
                .act(session, |meter, esam, guard, way, now| valve(meter, esam, (guard, way), frame, now)),
        }
    }
}
