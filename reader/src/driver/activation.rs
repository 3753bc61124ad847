//! What ACTIVATE KEYS carries: the issuing card seals it, the target takes it.

use scheme::money::Fen;
use scheme::profile::State;

/// What ACTIVATE KEYS is to do [docs/specs/cards.md 10].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activation {
    /// State afterwards.
    pub state: State,
    /// Version of the staged keys; 00 to retire.
    pub version: u8,
    /// Money that is given up with the account.
    pub forfeit: Fen,
}

impl Activation {
    /// State, version, forfeit: 6 bytes.
    pub fn to_bytes(self) -> [u8; 6] {
        let [a, b, c, d] = self.forfeit.0.to_be_bytes();
        [self.state.code(), self.version, a, b, c, d]
    }
}
