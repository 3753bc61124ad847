//! Attributes of Bluetooth LE, as a transparent module has them: one to write to, one that tells [docs/specs/lines.md 5].

/// What both ends may send before they have agreed on more.
pub const LEAST_MTU: u16 = 23;
/// What is around a value in a write or a notice.
pub const AROUND: usize = 3;
/// The attribute that is written to, and that tells.
///
/// UNSPECIFIED: of meters no identifiers are published; FFE1 of service FFE0 is what transparent modules have.
const VALUE: u16 = 0x0012;
/// Who wants to be told writes 1 here.
const TELLS: u16 = 0x0013;

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Att {
    /// How much the phone takes.
    Mtu(u16),
    /// How much the meter takes.
    MtuIs(u16),
    /// Tell me.
    Subscribe,
    /// It is written.
    Written,
    /// Bytes for the meter.
    Write(Vec<u8>),
    /// Bytes from it.
    Notice(Vec<u8>),
    /// No: to which request.
    Refused(u8),
}

impl Att {
    /// As it stands in a packet.
    pub fn to_bytes(&self) -> Vec<u8> {
        let with = |code: u8, handle: u16, value: &[u8]| [&[code], &handle.to_le_bytes()[..], value].concat();
        match self {
            Att::Mtu(mtu) => with(0x02, *mtu, &[]),
            Att::MtuIs(mtu) => with(0x03, *mtu, &[]),
            Att::Subscribe => with(0x12, TELLS, &[1, 0]),
            Att::Written => vec![0x13],
            Att::Write(value) => with(0x52, VALUE, value),
            Att::Notice(value) => with(0x1B, VALUE, value),
            Att::Refused(request) => vec![0x01, *request, 0, 0, 0x06],
        }
    }

    /// Reads it; `None`: nothing that is known here.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (code, rest) = bytes.split_first()?;
        let handle = rest.first_chunk::<2>().map(|handle| u16::from_le_bytes(*handle));
        let value = rest.get(2..).unwrap_or_default();
        Some(match (code, handle) {
            (0x02, Some(mtu)) => Att::Mtu(mtu),
            (0x03, Some(mtu)) => Att::MtuIs(mtu),
            (0x12, Some(TELLS)) if value == [1, 0] => Att::Subscribe,
            (0x13, None) => Att::Written,
            (0x52, Some(VALUE)) => Att::Write(value.to_vec()),
            (0x1B, Some(VALUE)) => Att::Notice(value.to_vec()),
            (0x01, _) => Att::Refused(*rest.first()?),
            _ => return None,
        })
    }
}

/// The meter's end.
#[derive(Debug, Clone)]
pub struct Server {
    takes: u16,
    mtu: u16,
    tells: bool,
}

impl Server {
    /// One that takes so much.
    pub fn new(takes: u16) -> Self {
        Server { takes: takes.max(LEAST_MTU), mtu: LEAST_MTU, tells: false }
    }

    /// Something came: what it says to it, and bytes for the meter.
    pub fn hear(&mut self, bytes: &[u8]) -> (Option<Att>, Vec<u8>) {
        match Att::parse(bytes) {
            Some(Att::Mtu(theirs)) => {
                self.mtu = theirs.clamp(LEAST_MTU, self.takes);
                (Some(Att::MtuIs(self.takes)), Vec::new())
            }
            Some(Att::Subscribe) => {
                self.tells = true;
                (Some(Att::Written), Vec::new())
            }
            // More than was agreed on is not taken, and nobody is told.
            Some(Att::Write(value)) if value.len() + AROUND <= usize::from(self.mtu) => (None, value),
            Some(Att::Write(_)) => (None, Vec::new()),
            // Requests have even codes up to 3F; commands and notices are not answered.
            _ => match bytes.first() {
                Some(code) if code % 2 == 0 && *code < 0x40 => (Some(Att::Refused(*code)), Vec::new()),
                _ => (None, Vec::new()),
            },
        }
    }

    /// What the meter says, in notices; none while nobody wants to be told.
    pub fn notices(&self, said: &[u8]) -> Vec<Att> {
        if !self.tells {
            return Vec::new();
        }
        said.chunks(usize::from(self.mtu) - AROUND).map(|part| Att::Notice(part.to_vec())).collect()
    }
}
