//! Frames of IrLAP: who speaks to whom, and what [docs/specs/lines.md 3].

/// Address of all, on frames before there is a connection: 7 bits.
pub const ALL: u8 = 0x7F;
/// Device address of all.
pub const ANYBODY: u32 = 0xFFFF_FFFF;
/// The slot number that ends a discovery.
pub const LAST_SLOT: u8 = 0xFF;
/// The flag that asks for six slots.
pub const SIX_SLOTS: u8 = 0x01;
/// Slots of a discovery with that flag.
pub const SLOTS: u8 = 6;
const POLL: u8 = 0x10;
/// The one format of an XID frame.
const FORMAT: u8 = 1;

/// What a frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Discovery: who is there.
    Xid {
        /// Who says it.
        source: u32,
        /// To whom; [`ANYBODY`].
        target: u32,
        /// Whether somebody answers. The frame's own direction says so on the line.
        slot: u8,
        /// Hints, character set, name: of an answer and of the last slot.
        info: Vec<u8>,
    },
    /// Connect: to whom, under which address, and what the primary can.
    Snrm {
        /// Who says it.
        source: u32,
        /// To whom.
        target: u32,
        /// Address of the connection, 7 bits.
        connection: u8,
        /// What it can.
        offer: Vec<u8>,
    },
    /// Yes: connected, with what the secondary can; or disconnected.
    Ua {
        /// Who says it, and to whom; none in answer to an end.
        ends: Option<(u32, u32)>,
        /// What it can.
        offer: Vec<u8>,
    },
    /// The end.
    Disc,
    /// There is no connection.
    Dm,
    /// Data.
    Data {
        /// Its number, 3 bits.
        ns: u8,
        /// The number that is expected, 3 bits.
        nr: u8,
        /// At most as many bytes as were agreed on.
        bytes: Vec<u8>,
    },
    /// Ready for that number.
    Ready {
        /// The number, 3 bits.
        nr: u8,
    },
    /// Something is missing: again from that number on.
    Again {
        /// The number, 3 bits.
        nr: u8,
    },
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LapFrame {
    /// Address of the connection, 7 bits, or [`ALL`].
    pub address: u8,
    /// The primary says it.
    pub command: bool,
    /// The other one may speak now.
    pub poll: bool,
    /// What it says.
    pub body: Body,
}

impl LapFrame {
    /// As it stands between beginning and sum.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![self.address << 1 | u8::from(self.command), 0];
        let control = match &self.body {
            Body::Xid { source, target, slot, info } => {
                out.push(FORMAT);
                out.extend(source.to_le_bytes());
                out.extend(target.to_le_bytes());
                out.extend([SIX_SLOTS, *slot, 0]);
                out.extend(info);
                if self.command { 0x2F } else { 0xAF }
            }
            Body::Snrm { source, target, connection, offer } => {
                out.extend(source.to_le_bytes());
                out.extend(target.to_le_bytes());
                out.push(connection << 1);
                out.extend(offer);
                0x83
            }
            Body::Ua { ends, offer } => {
                if let Some((source, target)) = ends {
                    out.extend(source.to_le_bytes());
                    out.extend(target.to_le_bytes());
                }
                out.extend(offer);
                0x63
            }
            Body::Disc => 0x43,
            Body::Dm => 0x0F,
            Body::Data { ns, nr, bytes } => {
                out.extend(bytes);
                nr << 5 | ns << 1
            }
            Body::Ready { nr } => nr << 5 | 0x01,
            Body::Again { nr } => nr << 5 | 0x09,
        };
        if let Some(place) = out.get_mut(1) {
            *place = control | if self.poll { POLL } else { 0 };
        }
        out
    }

    /// Reads what stood between beginning and sum; `None`: nothing that is known here.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let ([address, control], rest) = bytes.split_first_chunk::<2>()?;
        let (command, poll) = (address & 1 != 0, control & POLL != 0);
        let nr = control >> 5;
        let body = match control & !POLL {
            data if data & 1 == 0 => Body::Data { ns: data >> 1 & 7, nr, bytes: rest.to_vec() },
            0x2F | 0xAF => {
                let ([FORMAT], rest) = rest.split_first_chunk::<1>()? else { return None };
                let (source, target, rest) = ends(rest)?;
                let ([flags, slot, _version], info) = rest.split_first_chunk::<3>()?;
                if flags & 3 != SIX_SLOTS {
                    return None;
                }
                Body::Xid { source, target, slot: *slot, info: info.to_vec() }
            }
            0x83 => {
                let (source, target, rest) = ends(rest)?;
                let (connection, offer) = rest.split_first()?;
                Body::Snrm { source, target, connection: connection >> 1, offer: offer.to_vec() }
            }
            0x63 if rest.is_empty() => Body::Ua { ends: None, offer: Vec::new() },
            0x63 => {
                let (source, target, offer) = ends(rest)?;
                Body::Ua { ends: Some((source, target)), offer: offer.to_vec() }
            }
            0x43 => Body::Disc,
            0x0F => Body::Dm,
            other if other & 0x0F == 0x01 => Body::Ready { nr },
            other if other & 0x0F == 0x09 => Body::Again { nr },
            _ => return None,
        };
        Some(LapFrame { address: address >> 1, command, poll, body })
    }
}

fn ends(bytes: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (source, rest) = bytes.split_first_chunk::<4>()?;
    let (target, rest) = rest.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*source), u32::from_le_bytes(*target), rest))
}
