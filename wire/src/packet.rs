//! Secured packets of TS 102 225 / TS 31.115 in SMS user data: commands to a card and its responses
//! [docs/specs/purchase.md 2].
//!
//! The codec names no cipher: a [`PacketCrypto`] is passed in. Security is none, a cryptographic checksum,
//! encipherment, or both; redundancy checks and digital signatures are refused by name.

use alloc::vec::Vec;

/// User data header of a command packet: one element 70 of length 0.
pub const COMMAND_UDH: [u8; 3] = [0x02, 0x70, 0x00];
/// User data header of a response packet: one element 71 of length 0.
pub const RESPONSE_UDH: [u8; 3] = [0x02, 0x71, 0x00];
/// TAR of our orders and receipts.
pub const TAR: [u8; 3] = [0x47, 0x52, 0x43];
/// SPI of our orders: CC, ciphered, counter must be higher; response required, with CC, ciphered, by SMS-SUBMIT.
pub const SPI: [u8; 2] = [0x16, 0x39];

/// Bytes of a cryptographic checksum.
const CC_LEN: usize = 8;
/// SPI, KIc, KID, TAR, CNTR, PCNTR.
const COMMAND_HEADER: usize = 13;
/// TAR, CNTR, PCNTR, status.
const RESPONSE_HEADER: usize = 10;
/// Greatest counter; it blocks [TS 102 225 5.1.4].
pub const COUNTER_END: u64 = 0xFF_FFFF_FFFF;

/// The keys of a packet, as the codec needs them.
pub trait PacketCrypto {
    /// Block length in bytes.
    fn block(&self) -> usize;
    /// Enciphers whole blocks in place, CBC with a zero IV.
    fn encrypt(&self, data: &mut [u8]);
    /// Deciphers whole blocks in place, CBC with a zero IV.
    fn decrypt(&self, data: &mut [u8]);
    /// Checksum over the joined parts; pads by itself.
    fn cc(&self, parts: &[&[u8]]) -> [u8; 8];
    /// Compares two checksums in constant time.
    fn same(&self, a: &[u8], b: &[u8]) -> bool;
}

/// How a packet is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Security {
    /// A cryptographic checksum goes with it.
    pub cc: bool,
    /// It is enciphered from the counter on.
    pub ciphered: bool,
}

impl Security {
    const fn cc_len(self) -> usize {
        if self.cc { CC_LEN } else { 0 }
    }
}

/// What the counter of a command is for [TS 102 225 5.1.1].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CounterMode {
    /// No counter available.
    None = 0,
    /// There, but not checked.
    Unchecked = 1,
    /// Must be higher than the one before.
    Higher = 2,
    /// Must be exactly one higher.
    OneHigher = 3,
}

/// Why a counter is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CounterError {
    /// Not above the stored one.
    #[error("the counter is not higher than the last one")]
    Low,
    /// More than one above it.
    #[error("the counter is more than one higher than the last one")]
    High,
    /// The stored counter stands at its end.
    #[error("the counter stands at its end and takes no further message")]
    Blocked,
}

impl CounterMode {
    /// Whether `received` may follow `stored`.
    pub const fn check(self, stored: u64, received: u64) -> Result<(), CounterError> {
        match self {
            CounterMode::None | CounterMode::Unchecked => Ok(()),
            _ if stored >= COUNTER_END => Err(CounterError::Blocked),
            CounterMode::Higher | CounterMode::OneHigher if received <= stored => Err(CounterError::Low),
            CounterMode::OneHigher if received > stored + 1 => Err(CounterError::High),
            CounterMode::Higher | CounterMode::OneHigher => Ok(()),
        }
    }
}

/// When a response (proof of receipt) is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Reply {
    /// Never.
    No = 0,
    /// Always.
    Always = 1,
    /// On error only.
    OnError = 2,
}

/// Security parameter indicator: two bytes [TS 102 225 5.1.1].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Spi {
    /// Protection of the command.
    pub command: Security,
    /// Counter rule.
    pub counter: CounterMode,
    /// Whether a response is wanted.
    pub reply: Reply,
    /// Protection of the response.
    pub response: Security,
    /// The response goes by SMS-SUBMIT, else in the delivery report.
    pub by_submit: bool,
}

/// Why bytes are not a packet this code takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// The user data header is another one.
    #[error("the user data does not begin with the header {:02X} {:02X} {:02X}", wanted[0], wanted[1], wanted[2])]
    Header {
        /// The header wanted.
        wanted: [u8; 3],
    },
    /// Ends before a field.
    #[error("the packet ends before its {0}")]
    Cut(&'static str),
    /// A length field does not fit.
    #[error("{field} says {said}, it should be {wanted}")]
    Length {
        /// CPL, CHL, RPL or RHL.
        field: &'static str,
        /// What it says.
        said: usize,
        /// What fits.
        wanted: usize,
    },
    /// An option that is not supported.
    #[error("SPI asks for {0}, which is not supported")]
    Unsupported(&'static str),
    /// Enciphered part is not whole blocks.
    #[error("the enciphered part has {0} bytes, which is not whole blocks")]
    Blocks(usize),
    /// More padding than there is data, or a whole block of it.
    #[error("PCNTR says {0} bytes of padding, which cannot be")]
    Padding(u8),
    /// The checksum is wrong: other keys, or changed bytes.
    #[error("the cryptographic checksum is wrong")]
    Checksum,
    /// More data than a packet carries.
    #[error("{0} bytes of data do not fit a packet")]
    TooLong(usize),
    /// A counter of more than five bytes.
    #[error("the counter {0} does not fit its five bytes")]
    Counter(u64),
}

impl Spi {
    /// Reads the two bytes; reserved bits must be 0.
    pub const fn parse(bytes: [u8; 2]) -> Result<Self, PacketError> {
        let [a, b] = bytes;
        if a & 0xE0 != 0 || b & 0xC0 != 0 {
            return Err(PacketError::Unsupported("a reserved bit"));
        }
        let command = match security(a & 0x03, a & 0x04 != 0) {
            Ok(security) => security,
            Err(error) => return Err(error),
        };
        let response = match security(b >> 2 & 0x03, b & 0x10 != 0) {
            Ok(security) => security,
            Err(error) => return Err(error),
        };
        let counter = match a >> 3 {
            0 => CounterMode::None,
            1 => CounterMode::Unchecked,
            2 => CounterMode::Higher,
            _ => CounterMode::OneHigher,
        };
        let reply = match b & 0x03 {
            0 => Reply::No,
            1 => Reply::Always,
            2 => Reply::OnError,
            _ => return Err(PacketError::Unsupported("a reserved way of replying")),
        };
        Ok(Spi { command, counter, reply, response, by_submit: b & 0x20 != 0 })
    }

    /// The two bytes.
    pub const fn to_bytes(self) -> [u8; 2] {
        let a = bits(self.command) | (self.command.ciphered as u8) << 2 | (self.counter as u8) << 3;
        let b = self.reply as u8
            | bits(self.response) << 2
            | (self.response.ciphered as u8) << 4
            | (self.by_submit as u8) << 5;
        [a, b]
    }
}

const fn security(check: u8, ciphered: bool) -> Result<Security, PacketError> {
    match check {
        0 => Ok(Security { cc: false, ciphered }),
        1 => Err(PacketError::Unsupported("a redundancy check")),
        2 => Ok(Security { cc: true, ciphered }),
        _ => Err(PacketError::Unsupported("a digital signature")),
    }
}

const fn bits(security: Security) -> u8 {
    if security.cc { 2 } else { 0 }
}

/// What stands in the clear, or is said by the sender, in a command packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandHeader {
    /// Protection.
    pub spi: Spi,
    /// Key and algorithm of the encipherment.
    pub kic: u8,
    /// Key and algorithm of the checksum.
    pub kid: u8,
    /// Application addressed.
    pub tar: [u8; 3],
    /// Counter, 5 bytes on the wire.
    pub counter: u64,
}

/// Builds a command packet with its user data header: `02 70 00 CPL CHL SPI KIc KID TAR CNTR PCNTR [CC] data [padding]`.
pub fn seal_command(
    header: &CommandHeader,
    data: &[u8],
    crypto: &dyn PacketCrypto,
) -> Result<Vec<u8>, PacketError> {
    let security = header.spi.command;
    let padding = padding(security, 6 + data.len(), crypto);
    let header_len = COMMAND_HEADER + security.cc_len();
    let total =
        u16::try_from(1 + header_len + data.len() + padding).map_err(|_| PacketError::TooLong(data.len()))?;
    let mut open = Vec::with_capacity(16);
    open.extend_from_slice(&total.to_be_bytes());
    open.push(header_len as u8); // 13 or 21
    open.extend_from_slice(&header.spi.to_bytes());
    open.extend_from_slice(&[header.kic, header.kid]);
    open.extend_from_slice(&header.tar);
    let mut counted = counter_bytes(header.counter)?.to_vec();
    counted.push(padding as u8); // less than a block
    let mut padded = data.to_vec();
    padded.resize(data.len() + padding, 0);
    let cc = security.cc.then(|| crypto.cc(&[&open, &counted, &padded]));
    Ok(join(COMMAND_UDH, &open, &[&counted, cc_slice(&cc), &padded], security, crypto))
}

/// A command packet whose outside was read; [`CommandPacket::open`] reads the inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandPacket<'a> {
    /// Protection.
    pub spi: Spi,
    /// Key and algorithm of the encipherment.
    pub kic: u8,
    /// Key and algorithm of the checksum.
    pub kid: u8,
    /// Application addressed.
    pub tar: [u8; 3],
    /// CPL to TAR.
    outside: &'a [u8],
    /// From the counter on.
    inside: &'a [u8],
}

impl<'a> CommandPacket<'a> {
    /// Reads the outside of a packet that begins with its user data header.
    pub fn parse(user_data: &'a [u8]) -> Result<Self, PacketError> {
        let packet = strip(user_data, COMMAND_UDH)?;
        let &[_, _, chl, s1, s2, kic, kid, t1, t2, t3] = head::<10>(packet, "TAR")?;
        whole("CPL", packet)?;
        let spi = Spi::parse([s1, s2])?;
        let wanted = COMMAND_HEADER + spi.command.cc_len();
        if usize::from(chl) != wanted {
            return Err(PacketError::Length { field: "CHL", said: usize::from(chl), wanted });
        }
        let (outside, inside) = packet.split_at(10);
        Ok(CommandPacket { spi, kic, kid, tar: [t1, t2, t3], outside, inside })
    }

    /// Deciphers, checks the checksum, and gives counter and data. The counter rule is the caller's.
    pub fn open(&self, crypto: &dyn PacketCrypto) -> Result<(u64, Vec<u8>), PacketError> {
        let security = self.spi.command;
        let inside = decipher(self.inside, security, crypto)?;
        let (counted, rest) = inside.split_first_chunk::<6>().ok_or(PacketError::Cut("CNTR"))?;
        let (cc, data) = rest.split_at_checked(security.cc_len()).ok_or(PacketError::Cut("CC"))?;
        if security.cc && !crypto.same(&crypto.cc(&[self.outside, counted, data]), cc) {
            return Err(PacketError::Checksum);
        }
        Ok((counter(counted), unpad(data, counted[5], security, crypto)?))
    }
}

/// Response status [TS 102 225 5.2].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResponseStatus(pub u8);

impl ResponseStatus {
    /// 00: done.
    pub const OK: ResponseStatus = ResponseStatus(0x00);

    /// In words.
    pub const fn words(self) -> &'static str {
        match self.0 {
            0x00 => "done",
            0x01 => "checksum wrong",
            0x02 => "counter too low",
            0x03 => "counter too high",
            0x04 => "counter blocked",
            0x05 => "ciphering error",
            0x06 => "unidentified security error",
            0x07 => "insufficient memory",
            0x08 => "more time needed",
            0x09 => "application unknown",
            0x0A => "security level too low",
            0x0B => "the response follows in an SMS",
            0x0C => "the response follows by USSD",
            _ => "reserved status",
        }
    }
}

/// What a response says beside its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseHeader {
    /// Protection, from the command's SPI.
    pub security: Security,
    /// Application that answers.
    pub tar: [u8; 3],
    /// Counter of the command.
    pub counter: u64,
    /// Outcome.
    pub status: ResponseStatus,
}

/// Builds a response packet with its user data header: `02 71 00 RPL RHL TAR CNTR PCNTR status [CC] data [padding]`.
pub fn seal_response(
    header: &ResponseHeader,
    data: &[u8],
    crypto: &dyn PacketCrypto,
) -> Result<Vec<u8>, PacketError> {
    let security = header.security;
    let padding = padding(security, 7 + data.len(), crypto);
    let header_len = RESPONSE_HEADER + security.cc_len();
    let total =
        u16::try_from(1 + header_len + data.len() + padding).map_err(|_| PacketError::TooLong(data.len()))?;
    let mut open = Vec::with_capacity(6);
    open.extend_from_slice(&total.to_be_bytes());
    open.push(header_len as u8); // 10 or 18
    open.extend_from_slice(&header.tar);
    let mut counted = counter_bytes(header.counter)?.to_vec();
    counted.extend_from_slice(&[padding as u8, header.status.0]); // less than a block
    let mut padded = data.to_vec();
    padded.resize(data.len() + padding, 0);
    let cc = security.cc.then(|| crypto.cc(&[&RESPONSE_UDH, &open, &counted, &padded]));
    Ok(join(RESPONSE_UDH, &open, &[&counted, cc_slice(&cc), &padded], security, crypto))
}

/// A response packet whose outside was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponsePacket<'a> {
    /// Application that answers.
    pub tar: [u8; 3],
    security: Security,
    outside: &'a [u8],
    inside: &'a [u8],
}

impl<'a> ResponsePacket<'a> {
    /// Reads the outside of a packet that begins with its user data header; the protection is known from the
    /// command.
    pub fn parse(user_data: &'a [u8], security: Security) -> Result<Self, PacketError> {
        let packet = strip(user_data, RESPONSE_UDH)?;
        let &[_, _, rhl, t1, t2, t3] = head::<6>(packet, "TAR")?;
        whole("RPL", packet)?;
        let wanted = RESPONSE_HEADER + security.cc_len();
        if usize::from(rhl) != wanted {
            return Err(PacketError::Length { field: "RHL", said: usize::from(rhl), wanted });
        }
        let (outside, inside) = packet.split_at(6);
        Ok(ResponsePacket { tar: [t1, t2, t3], security, outside, inside })
    }

    /// Deciphers, checks the checksum, and gives what the response says and its data.
    pub fn open(&self, crypto: &dyn PacketCrypto) -> Result<(ResponseHeader, Vec<u8>), PacketError> {
        let inside = decipher(self.inside, self.security, crypto)?;
        let (counted, rest) = inside.split_first_chunk::<7>().ok_or(PacketError::Cut("status"))?;
        let (cc, data) = rest.split_at_checked(self.security.cc_len()).ok_or(PacketError::Cut("CC"))?;
        if self.security.cc && !crypto.same(&crypto.cc(&[&RESPONSE_UDH, self.outside, counted, data]), cc) {
            return Err(PacketError::Checksum);
        }
        let &[a, b, c, d, e, padding, status] = counted;
        let header = ResponseHeader {
            security: self.security,
            tar: self.tar,
            counter: counter(&[a, b, c, d, e, padding]),
            status: ResponseStatus(status),
        };
        Ok((header, unpad(data, padding, self.security, crypto)?))
    }
}

fn counter_bytes(counter: u64) -> Result<[u8; 5], PacketError> {
    match counter.to_be_bytes() {
        [0, 0, 0, a, b, c, d, e] => Ok([a, b, c, d, e]),
        _ => Err(PacketError::Counter(counter)),
    }
}

fn counter(counted: &[u8; 6]) -> u64 {
    let &[a, b, c, d, e, _] = counted;
    u64::from_be_bytes([0, 0, 0, a, b, c, d, e])
}

/// Zero bytes that make the enciphered part whole blocks; `fixed` counts what stands in it beside CC and padding.
fn padding(security: Security, fixed: usize, crypto: &dyn PacketCrypto) -> usize {
    let len = fixed + security.cc_len();
    if security.ciphered { len.next_multiple_of(crypto.block()) - len } else { 0 }
}

fn cc_slice(cc: &Option<[u8; CC_LEN]>) -> &[u8] {
    cc.as_ref().map_or(&[], |cc| cc)
}

fn join(
    udh: [u8; 3],
    open: &[u8],
    inside: &[&[u8]],
    security: Security,
    crypto: &dyn PacketCrypto,
) -> Vec<u8> {
    let mut out = udh.to_vec();
    out.extend_from_slice(open);
    let start = out.len();
    inside.iter().for_each(|part| out.extend_from_slice(part));
    if security.ciphered {
        crypto.encrypt(&mut out[start..]);
    }
    out
}

fn strip(user_data: &[u8], udh: [u8; 3]) -> Result<&[u8], PacketError> {
    user_data.strip_prefix(&udh).ok_or(PacketError::Header { wanted: udh })
}

fn head<'a, const N: usize>(packet: &'a [u8], field: &'static str) -> Result<&'a [u8; N], PacketError> {
    packet.first_chunk::<N>().ok_or(PacketError::Cut(field))
}

/// The two-byte length in front counts all that follows it.
fn whole(field: &'static str, packet: &[u8]) -> Result<(), PacketError> {
    let &[hi, lo] = head::<2>(packet, field)?;
    let (said, wanted) = (usize::from(u16::from_be_bytes([hi, lo])), packet.len() - 2);
    if said == wanted { Ok(()) } else { Err(PacketError::Length { field, said, wanted }) }
}

fn decipher(inside: &[u8], security: Security, crypto: &dyn PacketCrypto) -> Result<Vec<u8>, PacketError> {
    let mut inside = inside.to_vec();
    if security.ciphered {
        if inside.is_empty() || !inside.len().is_multiple_of(crypto.block()) {
            return Err(PacketError::Blocks(inside.len()));
        }
        crypto.decrypt(&mut inside);
    }
    Ok(inside)
}

fn unpad(
    data: &[u8],
    count: u8,
    security: Security,
    crypto: &dyn PacketCrypto,
) -> Result<Vec<u8>, PacketError> {
    let n = usize::from(count);
    let limit = if security.ciphered { crypto.block() } else { 1 };
    if n >= limit || n > data.len() {
        return Err(PacketError::Padding(count));
    }
    Ok(data[..data.len() - n].to_vec())
}
