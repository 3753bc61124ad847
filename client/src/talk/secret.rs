//! Secrets that are said inside a session. None of them can be printed.

use alloc::string::String;
use keys::Zeroizing;

/// A password.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub Zeroizing<String>);

impl core::fmt::Debug for Password {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The key that a phone's sessions begin with, drawn by the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Psk(pub Zeroizing<[u8; 32]>);

impl core::fmt::Debug for Psk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Psk(..)")
    }
}
