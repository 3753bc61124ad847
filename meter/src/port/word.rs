//! Words of refusals.

/// Why a security command was refused: one bit of a word of two bytes, low byte first on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serr {
    /// Another cause.
    Other,
    /// That recharge was done.
    Repeated,
    /// The ESAM does not take the MAC.
    Verification,
    /// Nobody is authenticated, or the cipher is wrong.
    Identity,
    /// Another customer.
    Customer,
    /// A count that is not the next.
    Count,
    /// More than the purse may hold.
    Hoard,
    /// Shut until midnight.
    Suspended,
    /// There is no such data; of a write alone.
    NoData,
    /// Its time is over; of control alone.
    Over,
}

impl Serr {
    /// The word, as it stands in DATA.
    pub const fn word(self) -> [u8; 2] {
        let bit = match self {
            Serr::Other | Serr::NoData | Serr::Over => 0,
            Serr::Repeated => 1,
            Serr::Verification => 2,
            Serr::Identity => 3,
            Serr::Customer => 4,
            Serr::Count => 5,
            Serr::Hoard => 6,
            Serr::Suspended => 8,
        };
        (1_u16 << bit).to_le_bytes()
    }

    /// The word of a control command that asked for its cause. UNSPECIFIED: firmware names such causes, and no two sources give them the
    /// same bits; these are ours.
    pub const fn cause(self) -> [u8; 2] {
        let bit = match self {
            Serr::Verification => 1,
            Serr::Identity => 2,
            Serr::Suspended => 3,
            Serr::Over => 4,
            _ => 0,
        };
        (1_u16 << bit).to_le_bytes()
    }

    /// The ordinary word of a write or a control: what security refuses has no right.
    pub const fn ordinary(self) -> u8 {
        match self {
            Serr::Other => 1 << 0,
            Serr::NoData => 1 << 1,
            _ => 1 << 2,
        }
    }
}
