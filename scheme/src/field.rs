//! What an ESAM and a station of the field's dialect agreed, where the field's own way is not public: keys of one use, MACs, the
//! plain text of a control command, a key that is downloaded [docs/specs/esam.md].

use crate::money::Fen;
use crate::numbers::MeterNumber;
use crate::order::{OrderDigest, OrderId};
use alloc::vec::Vec;
use keys::hierarchy::{self, Use};
use keys::{Key, Zeroize, Zeroizing, mac, seal};

/// Factor of a meter in test state, beside its own number's.
pub const FACTORY_FACTOR: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];
/// Bytes of a MAC on the line.
pub const MAC_LEN: usize = 4;

/// Bytes of a file of the ESAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Short identifier of the file.
    pub file: u8,
    /// Where they begin.
    pub offset: u8,
    /// How many.
    pub len: u8,
}

impl Span {
    /// Customer of the account.
    pub const CUSTOMER: Span = Span { file: 0x02, offset: 0x24, len: 6 };
    /// Minutes that an authentication is valid, packed BCD.
    pub const VALIDITY: Span = Span { file: 0x02, offset: 0x2B, len: 2 };
    /// Key state word.
    pub const KEY_STATE: Span = Span { file: 0x05, offset: 0, len: 4 };
    /// Number of the ESAM.
    pub const NUMBER: Span = Span { file: 0x19, offset: 1, len: 8 };

    /// Header of the command that writes them: the length counts the MAC. Of cipher text the length is that of the cipher text.
    pub const fn write(self) -> [u8; 5] {
        [0x04, 0xD6, 0x80 | self.file, self.offset, self.len + MAC_LEN as u8]
    }
}

/// Header of INCREASE, as every recharge has it.
pub const INCREASE: [u8; 5] = [0x84, 0x32, 0x01, 0x0C, 0x0C];
/// Header of the refund.
pub const REFUND: [u8; 5] = [0x84, 0x30, 0x02, 0x0C, 0x08];
/// Headers of what a purse begins with: its money, and its count.
pub const SET_PURSE: [[u8; 5]; 2] = [[0x04, 0xDC, 0x01, 0x0C, 0x08], [0x04, 0xDC, 0x03, 0x0C, 0x08]];
/// Header of a control command: file 08, 16 bytes of cipher text.
pub const CONTROL: [u8; 5] = Span { file: 0x08, offset: 0, len: 16 }.write();
/// Header of the check of a frame of keys: file 16, factor and joined blocks.
pub const KEY_FRAME: [u8; 5] = Span { file: 0x16, offset: 0, len: 44 }.write();
/// What a control command tells a meter: its first byte, N1.
pub mod relay {
    /// Open the relay.
    pub const TRIP: u8 = 0x1A;
    /// Allow it to close.
    pub const ALLOW: u8 = 0x1B;
    /// Close it.
    pub const CLOSE: u8 = 0x1C;
    /// What lets the customer be supplied again.
    pub const LETS: [u8; 2] = [ALLOW, CLOSE];
    /// Open it for N2 times 5 minutes, with and without a warning before.
    pub const TRIP_FOR_A_TIME: [u8; 2] = [0x1D, 0x1E];
    /// Alarm.
    pub const ALARM: u8 = 0x2A;
    /// No alarm.
    pub const NO_ALARM: u8 = 0x2B;
    /// Keep power.
    pub const KEEP: u8 = 0x3A;
    /// No more.
    pub const KEEP_NO_MORE: u8 = 0x3B;
}

/// Bytes of a downloaded key: [`KeyBlock::seal`].
pub const KEY_BLOCK: usize = 32;

/// Header of the download of the n-th key of a set, counted from 0.
pub const fn download(n: usize) -> [u8; 5] {
    [0x84, 0xD4, 0x01, if n == 0 { 0x00 } else { 0xFF }, KEY_BLOCK as u8]
}

/// The factor that stands for a meter: `00 00 || number`.
pub const fn factor(number: MeterNumber) -> [u8; 8] {
    let [a, b, c, d, e, f] = number.0;
    [0, 0, a, b, c, d, e, f]
}

/// The key of an identity: from the device's `int-auth`, by the factor a station names.
pub fn identity_key(int_auth: &Key, factor: &[u8; 8]) -> Key {
    hierarchy::use_key(int_auth, Use::Identity).diversify(factor)
}

/// The key by which an infrared reader proves itself, from the device's `ext-auth`.
pub fn infrared_key(ext_auth: &Key) -> Key {
    hierarchy::use_key(ext_auth, Use::Identity)
}

/// What 8 bytes become under a key of an identity: the first 8 of the block that begins with them, zeros behind.
pub fn cryptogram(key: &Key, data: &[u8; 8]) -> [u8; 8] {
    let block = seal::cryptogram(key, data);
    core::array::from_fn(|i| block[i])
}

/// The MAC of a command to the ESAM: [`mac::bound`] to its random 4 bytes with zeros behind, under a key of
/// [`Use::FieldMac`]; the first 4 bytes go on the line.
///
/// UNSPECIFIED: the field's input is not public. With the random bytes as the initial value, as its PBOC ancestors have it, a
/// phone that carries a MAC could turn it into one of another command.
pub fn command_mac(key: &Key, random: [u8; 4], header: &[u8; 5], data: &[u8]) -> [u8; 8] {
    let [a, b, c, d] = random;
    mac::bound(key, &[a, b, c, d, 0, 0, 0, 0], header, data)
}

/// What the ESAM states with a MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Short identifier of the file.
    pub file: u8,
    /// Number of the record, 0 of a transparent file.
    pub record: u8,
}

impl Source {
    /// What is in the purse.
    pub const MONEY: Source = Source { file: 1, record: 1 };
    /// Purchases credited.
    pub const COUNT: Source = Source { file: 1, record: 3 };
    /// What a refund leaves in the purse.
    pub const REFUND: Source = Source { file: 1, record: 2 };

    /// A transparent file.
    pub const fn file(file: u8) -> Self {
        Source { file, record: 0 }
    }
}

/// The MAC of what the ESAM states to a station or a user card: as [`command_mac`], under a key of [`Use::FieldState`], with file and
/// record behind the random bytes.
///
/// The header of the field names neither: money and count go out under the same one, and whoever carries both could change
/// them over.
pub fn statement_mac(
    key: &Key,
    random: [u8; 4],
    source: Source,
    header: &[u8; 5],
    data: &[u8],
) -> [u8; MAC_LEN] {
    let [a, b, c, d] = random;
    let [m, n, o, p, ..] = mac::bound(key, &[a, b, c, d, 0, 0, source.file, source.record], header, data);
    [m, n, o, p]
}

/// Header of a statement to a station: the length counts MAC and factor. `None` when it is too long for a command.
pub fn statement_header(offset: u8, len: usize) -> Option<[u8; 5]> {
    Some([0x04, 0xD6, 0x86, offset, u8::try_from(len.checked_add(12)?).ok()?])
}

/// What stands for a recharge where an order's id stands, and its digest: it was made for one random of the ESAM, so another try is
/// another order of the same count.
pub fn recharge_id(amount: Fen, count: u32, mac: [u8; MAC_LEN], random: [u8; 4]) -> (OrderId, OrderDigest) {
    let all = [&INCREASE[..], &amount.0.to_be_bytes(), &count.to_be_bytes(), &mac, &random].concat();
    let digest = OrderDigest::of(&all);
    (OrderId(digest.0), digest)
}

/// A key on its way into a meter, as the field's download carries it: 32 bytes that prove themselves.
///
/// `T8 || type id version sum || serial[4..8] || (key xor keystream)`; T8 = CMAC-8 under U(M, downmac) over `number6 || serial8 || the
/// 4 bytes || key`; the keystream is E(U(M, down), T8) with 1 and, for blocks of 8 bytes, 2 xored into its last byte. UNSPECIFIED: the
/// field's own layout is not public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyBlock {
    /// Type of the key, without protection bits.
    pub kind: u8,
    /// Its id.
    pub id: u8,
    /// Its version.
    pub version: u8,
    /// How many keys the whole set has.
    pub sum: u8,
    /// The key.
    pub key: Key,
}

/// Whose keys a download brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHolder {
    /// Number of the meter.
    pub number: [u8; 6],
    /// Serial number of its ESAM.
    pub serial: [u8; 8],
}

impl KeyBlock {
    /// The 32 bytes, under the own master key of the ESAM.
    pub fn seal(&self, master: &Key, holder: &KeyHolder) -> [u8; KEY_BLOCK] {
        let tag = self.tag(master, holder);
        let mut out = [0; KEY_BLOCK];
        out[..8].copy_from_slice(&tag);
        out[8..12].copy_from_slice(&self.head());
        out[12..16].copy_from_slice(&holder.serial[4..]);
        out[16..].copy_from_slice(self.key.expose());
        mask(master, &tag, &mut out[16..]);
        out
    }

    /// Opens 32 bytes; `None` unless they are of this master key, this meter and this ESAM.
    pub fn open(master: &Key, holder: &KeyHolder, bytes: &[u8; KEY_BLOCK]) -> Option<Self> {
        let (tag, rest) = bytes.split_first_chunk::<8>()?;
        let (&[kind, id, version, sum], rest) = rest.split_first_chunk::<4>()?;
        let (serial, masked) = rest.split_first_chunk::<4>()?;
        let mut plain = Zeroizing::new(masked.to_vec());
        mask(master, tag, &mut plain);
        let key = Key::new(master.suite(), &plain).ok()?;
        let block = KeyBlock { kind, id, version, sum, key };
        let right = keys::equal(&block.tag(master, holder), tag) && serial == &holder.serial[4..];
        right.then_some(block)
    }

    const fn head(&self) -> [u8; 4] {
        [self.kind, self.id, self.version, self.sum]
    }

    fn tag(&self, master: &Key, holder: &KeyHolder) -> [u8; 8] {
        let key = hierarchy::use_key(master, Use::DownMac);
        mac::cmac8(&key, &[&holder.number, &holder.serial, &self.head(), self.key.expose()])
    }
}

/// Puts the keystream of a tag over 16 bytes.
fn mask(master: &Key, tag: &[u8; 8], bytes: &mut [u8]) {
    let key = hierarchy::use_key(master, Use::Down);
    let block = key.suite().block();
    for (n, part) in (1..).zip(bytes.chunks_mut(block)) {
        let mut counter = *tag;
        counter[7] ^= n;
        let mut stream = seal::cryptogram(&key, &counter);
        for (byte, mask) in part.iter_mut().zip(&stream) {
            *byte ^= mask;
        }
        stream.zeroize();
    }
}

/// Key blocks joined by XOR, as one MAC covers all of a frame.
pub fn joined<'b>(blocks: impl IntoIterator<Item = &'b [u8; 36]>) -> [u8; 36] {
    blocks.into_iter().fold([0; 36], |mut sum, block| {
        sum.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
        sum
    })
}

/// A field in cipher text with its MAC, as it stands behind a header that writes it.
pub fn enciphered(role_key: &Key, random: [u8; 4], header: &[u8; 5], plain: &[u8]) -> Vec<u8> {
    let mut out = seal::encipher(&hierarchy::use_key(role_key, Use::FieldCipher), plain);
    let code = command_mac(&hierarchy::use_key(role_key, Use::FieldMac), random, header, &out);
    out.extend_from_slice(&code[..MAC_LEN]);
    out
}
