//! A first message at the server: whose it says to be, and, once he was looked up, whether it is.

use crate::frame::{Frame, Type};
use crate::hash::sha256;
use crate::marks::Marks;
use crate::noise::{Heard, Keypair, Pattern, Responder, Split};
use crate::opening::{Mode, prologue};
use crate::paper;
use crate::stamp::Stamp;
use alloc::vec::Vec;
use keys::Zeroizing;

/// A first message may be so many seconds ahead of the server's clock: a phone that was once set to another year does not lock itself
/// out.
pub const AHEAD_S: i64 = 24 * 3600;

/// Whom a first message names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The holder of a slip of this number, with the static key he shows.
    Slip([u8; 4], Option<[u8; 32]>),
    /// The phone of this static key.
    Key([u8; 32]),
    /// The phone of this name, in the paper's variant.
    Name([u8; 8]),
}

/// Why a first message is met with silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its tag is wrong: another code, another key, or a byte that was changed.
    #[error("the first message does not open")]
    Secret,
    /// It says nothing that can be.
    #[error("the first message says what cannot be")]
    Form,
    /// Its time is not later than that of the last one.
    #[error("the first message is not later than the last one")]
    Old,
    /// Its time is too far ahead of the server's clock.
    #[error("the first message is more than a day ahead of the clock")]
    Ahead,
}

#[expect(clippy::large_enum_variant, reason = "there is one at a time, on its way through")]
enum Kind {
    Noise(Heard),
    Paper { enrols: bool },
}

/// A first message that was read as far as it can be without a secret.
pub struct First {
    id: [u8; 4],
    bytes: Vec<u8>,
    who: Who,
    kind: Kind,
}

/// A first message that opened.
pub struct Admitted {
    pub(crate) id: [u8; 4],
    pub(crate) digest: [u8; 16],
    /// When the phone says it is.
    pub time: Stamp,
    /// What it says of itself.
    pub marks: Marks,
    end: End,
}

enum End {
    Noise(Responder, Type),
    Paper { key: Zeroizing<[u8; 32]>, first: Vec<u8>, second: Type },
}

/// The first half of SHA-256 over a frame, by which its repeats are found.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&sha256(&[bytes])[..16]);
    half
}

impl First {
    /// Reads a first message; `None`: it is none for this server.
    pub(crate) fn read(frame: &Frame<'_>, own: &Keypair) -> Option<Self> {
        let pattern = match frame.kind {
            Type::EnrolFirst => Pattern::IkPsk1,
            Type::First => Pattern::IkPsk2,
            kind => {
                let name = paper::name_of(kind, frame.body)?;
                let who = name.map_or(Who::Slip(frame.id, None), Who::Name);
                let kind = Kind::Paper { enrols: name.is_none() };
                return Some(First { id: frame.id, bytes: frame.bytes(), who, kind });
            }
        };
        // e, the static key and its tag, the payload and its tag
        if frame.body.len() != 32 + 48 + 44 {
            return None;
        }
        let heard = Heard::read(pattern, &prologue(pattern), own, frame.body).ok()?;
        let who = match pattern {
            Pattern::IkPsk1 => Who::Slip(frame.id, Some(heard.theirs)),
            Pattern::IkPsk2 => Who::Key(heard.theirs),
        };
        Some(First { id: frame.id, bytes: frame.bytes(), who, kind: Kind::Noise(heard) })
    }

    /// Whom it names: that is proved by nothing yet.
    pub const fn who(&self) -> Who {
        self.who
    }

    /// Which variant it is of.
    pub const fn mode(&self) -> Mode {
        match self.kind {
            Kind::Noise(_) => Mode::Noise,
            Kind::Paper { .. } => Mode::Paper,
        }
    }

    /// Opens it with the secret of whom it names: what the slip's code became, or the phone's psk. `last`: the time of the last session
    /// of that phone; `now`: seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// It does not open; its time is not good.
    pub fn admit(self, secret: &[u8; 32], last: Stamp, now: i64) -> Result<Admitted, Unfit> {
        let First { id, bytes, kind, who } = self;
        let digest = digest(&bytes);
        let (time, marks, end) = match kind {
            Kind::Noise(heard) => {
                let (responder, payload) = heard.payload(secret).map_err(|_| Unfit::Secret)?;
                let (time, marks) = payload.split_first_chunk::<12>().ok_or(Unfit::Form)?;
                let marks = <[u8; 16]>::try_from(marks).map_err(|_| Unfit::Form)?;
                let second = if matches!(who, Who::Key(_)) { Type::Second } else { Type::EnrolSecond };
                (*time, marks, End::Noise(responder, second))
            }
            Kind::Paper { enrols } => {
                let (key, second) = if enrols {
                    (paper::enrolment(secret), Type::PaperEnrolSecond)
                } else {
                    (Zeroizing::new(*secret), Type::PaperSecond)
                };
                let (time, marks) = paper::read_first(&key, &bytes).ok_or(Unfit::Secret)?;
                (time, marks, End::Paper { key, first: bytes, second })
            }
        };
        let time = Stamp::read(time).ok_or(Unfit::Form)?;
        if time <= last {
            return Err(Unfit::Old);
        }
        if time.seconds() > now.saturating_add(AHEAD_S) {
            return Err(Unfit::Ahead);
        }
        Ok(Admitted { id, digest, time, marks: Marks::read(&marks), end })
    }

    /// What its repeats are known by.
    pub fn digest(&self) -> [u8; 16] {
        digest(&self.bytes)
    }
}

impl Admitted {
    /// Makes the second message, whole, and the keys.
    pub(crate) fn end(self, ephemeral: &[u8; 32]) -> Option<(Vec<u8>, Split)> {
        match self.end {
            End::Noise(responder, kind) => {
                let (body, split) = responder.end(ephemeral, &[]).ok()?;
                Some((Frame { kind, id: self.id, body: &body }.bytes(), split))
            }
            End::Paper { key, first, second } => {
                let random = ephemeral.first_chunk()?;
                let second = paper::second(&key, &first, second, self.id, random);
                let split = paper::split(&key, &first, &second);
                Some((second, split))
            }
        }
    }
}

impl core::fmt::Debug for First {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("First(..)")
    }
}

impl core::fmt::Debug for Admitted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Admitted(..)")
    }
}
