//! Cipher suites.

/// The block cipher of a card, its keys and its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Suite {
    /// Two-key triple DES, the PBOC default. An 8-byte key of this suite is single DES [FMCOS UM 5.4].
    TripleDes = 0,
    /// AES with 128-bit keys.
    Aes128 = 1,
    /// SM4 (GB/T 32907).
    Sm4 = 2,
}

impl Suite {
    /// All suites, in the order of their codes.
    pub const ALL: [Suite; 3] = [Suite::TripleDes, Suite::Aes128, Suite::Sm4];

    /// The suite byte of card information and images.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The suite of a suite byte.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Suite::TripleDes),
            1 => Some(Suite::Aes128),
            2 => Some(Suite::Sm4),
            _ => None,
        }
    }

    /// The name on the command line and in the test root's text.
    pub const fn name(self) -> &'static str {
        match self {
            Suite::TripleDes => "3des",
            Suite::Aes128 => "aes128",
            Suite::Sm4 => "sm4",
        }
    }

    /// The suite of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// Block length in bytes: 8 or 16.
    pub const fn block(self) -> usize {
        match self {
            Suite::TripleDes => 8,
            Suite::Aes128 | Suite::Sm4 => 16,
        }
    }

    /// The KIc and KID byte of a secured packet: key index 1, algorithm of the suite
    /// [docs/specs/purchase.md 2].
    pub const fn packet_key_byte(self) -> u8 {
        match self {
            Suite::TripleDes => 0x15,
            Suite::Aes128 => 0x12,
            Suite::Sm4 => 0x13,
        }
    }
}
