//! The phone's side of a handshake.

use crate::code::Code;
use crate::frame::{Frame, Type};
use crate::link::{Link, Side};
use crate::marks::Marks;
use crate::noise::{Initiator, Keypair, NoiseError, Pattern, Split};
use crate::paper;
use crate::phone::PhoneSession;
use crate::stamp::Stamp;
use crate::talk::Psk;
use alloc::vec::Vec;
use keys::Zeroizing;
use scheme::chance::{Chance, random};

/// How both sides prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Noise.
    Noise,
    /// The paper's one master key.
    Paper,
}

/// What a prologue begins with.
const PROLOGUE: &[u8; 16] = b"gridcard phone 1";

/// The prologue of an enrolment or a session.
pub(crate) fn prologue(pattern: Pattern) -> [u8; 17] {
    let mut bytes = [0; 17];
    bytes[..16].copy_from_slice(PROLOGUE);
    bytes[16] = match pattern {
        Pattern::IkPsk1 => 1,
        Pattern::IkPsk2 => 2,
    };
    bytes
}

/// The payload of a first message.
pub(crate) fn payload(time: Stamp, marks: &Marks) -> [u8; 28] {
    let mut bytes = [0; 28];
    bytes[..12].copy_from_slice(time.bytes());
    bytes[12..].copy_from_slice(&marks.bytes());
    bytes
}

#[expect(clippy::large_enum_variant, reason = "there is one at a time, on its way through")]
enum Kind {
    Noise(Initiator),
    Paper(Zeroizing<[u8; 32]>),
}

/// A handshake that the phone began.
pub struct Opening {
    id: [u8; 4],
    frame: Vec<u8>,
    expects: Type,
    kind: Kind,
}

/// A phone that is known to a server.
pub struct Known<'a> {
    /// How.
    pub mode: Mode,
    /// The server's static key.
    pub server: &'a [u8; 32],
    /// The phone's own.
    pub own: &'a Keypair,
    /// What the server gave it.
    pub psk: &'a Psk,
    /// The server's name for it.
    pub name: &'a [u8; 8],
}

/// A slip, as it is typed in.
pub struct Slip<'a> {
    /// How.
    pub mode: Mode,
    /// The server's static key.
    pub server: &'a [u8; 32],
    /// The phone's own, new.
    pub own: &'a Keypair,
    /// The slip's number.
    pub number: [u8; 4],
    /// The code.
    pub code: &'a Code,
}

impl Opening {
    /// Begins an enrolment.
    ///
    /// # Errors
    /// The server's key is none.
    pub fn enrol(
        slip: &Slip<'_>,
        marks: &Marks,
        time: Stamp,
        chance: &mut dyn Chance,
    ) -> Result<Self, NoiseError> {
        let psk = slip.code.psk(slip.server);
        match slip.mode {
            Mode::Noise => {
                let types = (Type::EnrolFirst, Type::EnrolSecond);
                let said = (Pattern::IkPsk1, payload(time, marks));
                Opening::noise(slip.number, types, said, (slip.own, slip.server, &psk), chance)
            }
            Mode::Paper => {
                let key = paper::enrolment(&psk);
                let frame = paper::first(&key, slip.number, None, &random(chance), time, marks);
                let expects = Type::PaperEnrolSecond;
                Ok(Opening { id: slip.number, frame, expects, kind: Kind::Paper(key) })
            }
        }
    }

    /// Begins a session.
    ///
    /// # Errors
    /// The server's key is none.
    pub fn session(
        known: &Known<'_>,
        marks: &Marks,
        time: Stamp,
        chance: &mut dyn Chance,
    ) -> Result<Self, NoiseError> {
        let id = random(chance);
        match known.mode {
            Mode::Noise => {
                let said = (Pattern::IkPsk2, payload(time, marks));
                let keys = (known.own, known.server, &*known.psk.0);
                Opening::noise(id, (Type::First, Type::Second), said, keys, chance)
            }
            Mode::Paper => {
                let key = known.psk.0.clone();
                let frame = paper::first(&key, id, Some(known.name), &random(chance), time, marks);
                Ok(Opening { id, frame, expects: Type::PaperSecond, kind: Kind::Paper(key) })
            }
        }
    }

    fn noise(
        id: [u8; 4],
        (first, expects): (Type, Type),
        (pattern, payload): (Pattern, [u8; 28]),
        (own, server, psk): (&Keypair, &[u8; 32], &[u8; 32]),
        chance: &mut dyn Chance,
    ) -> Result<Self, NoiseError> {
        let ephemeral = Zeroizing::new(random::<32>(chance));
        let (initiator, body) =
            Initiator::begin(pattern, &prologue(pattern), own, server, psk, &ephemeral, &payload)?;
        let frame = Frame { kind: first, id, body: &body }.bytes();
        Ok(Opening { id, frame, expects, kind: Kind::Noise(initiator) })
    }

    /// The first message: sent again, as it is, as long as nothing is heard.
    pub fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// Takes the second message. What is none of this handshake's ends nothing.
    ///
    /// # Errors
    /// It is another's, or was changed.
    pub fn answered(&self, bytes: &[u8], now: i64) -> Result<PhoneSession, NoiseError> {
        let length = NoiseError::Length(bytes.len());
        let frame = Frame::read(bytes).filter(|frame| frame.kind == self.expects && frame.id == self.id);
        let frame = frame.ok_or(length)?;
        let split: Split = match &self.kind {
            Kind::Noise(initiator) => {
                let (payload, split) = initiator.end(frame.body)?;
                if !payload.is_empty() {
                    return Err(length);
                }
                split
            }
            Kind::Paper(key) => {
                if !paper::is_second(key, &self.frame, bytes) {
                    return Err(NoiseError::Tag);
                }
                paper::split(key, &self.frame, bytes)
            }
        };
        Ok(PhoneSession::new(Link::new(Side::Phone, self.id, split, now)))
    }
}

impl core::fmt::Debug for Opening {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Opening(..)")
    }
}
