//! What a phone says of itself in a first message: four bytes of a hash of each identifier [docs/specs/client.md 2].

use crate::hash::sha256;

/// One of the identifiers that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identifier {
    /// The telephone number.
    Msisdn,
    /// The subscriber of the SIM.
    Imsi,
    /// The telephone.
    Imei,
    /// The user name.
    User,
}

impl Identifier {
    /// All, as they stand in a first message.
    pub const ALL: [Identifier; 4] =
        [Identifier::Msisdn, Identifier::Imsi, Identifier::Imei, Identifier::User];

    /// Its label under the hash.
    pub const fn label(self) -> &'static str {
        match self {
            Identifier::Msisdn => "msisdn",
            Identifier::Imsi => "imsi",
            Identifier::Imei => "imei",
            Identifier::User => "user",
        }
    }

    /// Its mark of a value.
    pub fn mark(self, value: &str) -> Mark {
        let [a, b, c, d, ..] = sha256(&[self.label().as_bytes(), &[0], value.as_bytes()]);
        Mark([a, b, c, d])
    }
}

/// Four bytes of the hash of an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(pub [u8; 4]);

impl Mark {
    /// Nothing was said.
    pub const NONE: Mark = Mark([0; 4]);

    /// Whether something was said.
    pub fn is_said(self) -> bool {
        self != Mark::NONE
    }
}

/// The marks of a phone, in the order of [`Identifier::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks(pub [Mark; 4]);

impl Marks {
    /// Of what a phone knows of itself.
    pub fn of(said: &Said<'_>) -> Self {
        let mark = |identifier: Identifier, value: Option<&str>| {
            value.map_or(Mark::NONE, |value| identifier.mark(value))
        };
        Marks([
            mark(Identifier::Msisdn, Some(said.msisdn)),
            mark(Identifier::Imsi, said.imsi),
            mark(Identifier::Imei, said.imei),
            mark(Identifier::User, Some(said.user)),
        ])
    }

    /// One of them.
    pub const fn get(&self, identifier: Identifier) -> Mark {
        let [msisdn, imsi, imei, user] = self.0;
        match identifier {
            Identifier::Msisdn => msisdn,
            Identifier::Imsi => imsi,
            Identifier::Imei => imei,
            Identifier::User => user,
        }
    }

    /// 16 bytes.
    pub fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (place, mark) in bytes.chunks_exact_mut(4).zip(self.0) {
            place.copy_from_slice(&mark.0);
        }
        bytes
    }

    /// Of 16 bytes.
    pub fn read(bytes: &[u8; 16]) -> Self {
        let mut marks = [Mark::NONE; 4];
        for (mark, place) in marks.iter_mut().zip(bytes.chunks_exact(4)) {
            mark.0.copy_from_slice(place);
        }
        Marks(marks)
    }
}

/// What a phone knows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// Its telephone number, as `+8613800138000`.
    pub msisdn: &'a str,
    /// The subscriber of its SIM, 15 digits.
    pub imsi: Option<&'a str>,
    /// The telephone, 15 digits.
    pub imei: Option<&'a str>,
    /// The user name.
    pub user: &'a str,
}
