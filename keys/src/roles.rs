//! What a key is for.

/// Role of a key in a device's key set [docs/specs/cards.md 2].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Role {
    /// Key loading.
    Master = 1,
    /// The card proves itself.
    IntAuth = 2,
    /// The other side proves itself.
    ExtAuth = 3,
    /// Cipher of the top-up.
    Kic = 4,
    /// MAC of the top-up.
    Kid = 5,
    /// Parameter update, line protection.
    Param = 6,
    /// Remote control.
    Control = 7,
    /// Transaction authentication code.
    Tac = 8,
    /// Transport of blank cards from the factory.
    Transport = 9,
}

impl Role {
    /// All roles, in the order of their codes.
    pub const ALL: [Role; 9] = [
        Role::Master,
        Role::IntAuth,
        Role::ExtAuth,
        Role::Kic,
        Role::Kid,
        Role::Param,
        Role::Control,
        Role::Tac,
        Role::Transport,
    ];

    /// The role code of EXPORT KEY.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The role of a code; 00 (the target's own master) is no role.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// The name in the test root's text and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Master => "master",
            Role::IntAuth => "int-auth",
            Role::ExtAuth => "ext-auth",
            Role::Kic => "kic",
            Role::Kid => "kid",
            Role::Param => "param",
            Role::Control => "control",
            Role::Tac => "tac",
            Role::Transport => "transport",
        }
    }
}
