//! Keys that sign, on cards: their files, and the commands that make and certify them [docs/specs/signatures.md 5].

use crate::certificate::{Certificate, KeyUse};
use crate::profile::{CardKind, EF_CERTIFICATES, EF_SIGNING_KEY, FileRow, Shape, signing_file};
use keys::sign::PUBLIC_LEN;

/// What an ESAM takes: byte [`MODE`](crate::profile::MODE) of its parameters. It only rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Mode {
    /// Orders without a signature.
    Symmetric = 0,
    /// Orders with one and without.
    Both = 1,
    /// Orders with one.
    Signed = 2,
}

impl Mode {
    /// All of them, from the lowest on.
    pub const ALL: [Mode; 3] = [Mode::Symmetric, Mode::Both, Mode::Signed];

    /// The byte of the parameters.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The mode of a byte.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.code() == code)
    }

    /// The name in files, JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Symmetric => "symmetric",
            Mode::Both => "both",
            Mode::Signed => "signed",
        }
    }

    /// The mode of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Whether an order for such a chip is to be signed: wherever it can be.
    pub fn signs(self) -> bool {
        self != Mode::Symmetric
    }
}

/// Header of SET MODE, without its P2: the mode [docs/specs/signatures.md 6].
pub const SET_MODE: [u8; 3] = [0x80, 0x7E, 0x00];
/// Header of GENERATE KEY PAIR, which the card's proof covers.
pub const GENERATE: [u8; 5] = [0x80, 0x74, 0x00, 0x00, 0x08];
/// Header of STORE CERTIFICATE for the root, which its MAC covers.
pub const STORE_ROOT: [u8; 5] = [0x84, 0x78, 0x00, 0x00, (Certificate::LEN + 4) as u8];
/// P2 of CERTIFY: a challenge for the card whose key is to be certified.
pub const CERTIFY_CHALLENGE: u8 = 0x00;
/// P2 of CERTIFY: its key and its proof.
pub const CERTIFY_PROOF: u8 = 0x01;
/// Bytes of a card's proof that a key is its own.
pub const PROOF_LEN: usize = 8;

/// How many numbers a city issuer has: its own and those it gives, so that numbers of different issuers never meet. The n-th
/// issuer of a province has the number n times this; root and servers stand below the first.
pub const ISSUER_SPAN: u32 = 1 << 22;

/// Layout of EF 5010: `mark1 | signing key 32 | public key 64 | certificates given 4`.
#[derive(Debug, Clone, Copy)]
pub struct KeyFile;

impl KeyFile {
    /// Length of the file.
    pub const LEN: usize = Self::MADE + 4;
    /// Where the signing key stands, behind the mark.
    pub const KEY: usize = 1;
    /// Where the public key stands.
    pub const PUBLIC: usize = Self::KEY + 32;
    /// Where it is counted how many certificates an issuing card has given.
    pub const MADE: usize = Self::PUBLIC + PUBLIC_LEN;
    /// Bit of the mark: there is a key.
    pub const PAIR: u8 = 0x80;
}

/// Bit of the mark that says that a certificate of this use is there.
pub const fn mark(key_use: KeyUse) -> u8 {
    1 << slot_number(key_use)
}

/// Where a certificate of this use stands in EF 5011.
pub const fn slot(key_use: KeyUse) -> usize {
    slot_number(key_use) * Certificate::LEN
}

const fn slot_number(key_use: KeyUse) -> usize {
    match key_use {
        KeyUse::Root => 0,
        KeyUse::CityIssuer => 1,
        KeyUse::Server => 2,
        // A card is one of both.
        KeyUse::Esam | KeyUse::Psam => 3,
    }
}

/// Length of EF 5011.
pub const CERTIFICATES_LEN: usize = 4 * Certificate::LEN;

/// The use of a card's own key; `None` of a kind that has none.
pub const fn own_use(kind: CardKind) -> Option<KeyUse> {
    match kind {
        CardKind::PsamIssuing | CardKind::EsamIssuing => Some(KeyUse::CityIssuer),
        CardKind::Esam => Some(KeyUse::Esam),
        CardKind::Psam => Some(KeyUse::Psam),
        _ => None,
    }
}

/// The profile's files are as long as what stands in them.
const _: () = assert!(
    has_size(signing_file(EF_SIGNING_KEY), KeyFile::LEN)
        && has_size(signing_file(EF_CERTIFICATES), CERTIFICATES_LEN)
);

const fn has_size(row: Option<&FileRow>, len: usize) -> bool {
    matches!(row, Some(FileRow { shape: Shape::Binary(size), .. }) if *size as usize == len)
}

/// Tag of a server's certificate on its way to an ESAM, as the content of a secured packet [docs/specs/signatures.md 6]: the 168 bytes stand in it.
pub const CARRIED: u8 = 0xE3;

/// What an ESAM answers when it took one.
pub const TAKEN: [u8; 1] = [CARRIED];

/// Counter of the packet that carries one: it is no purchase's.
pub const CARRIED_COUNT: u64 = 0;
