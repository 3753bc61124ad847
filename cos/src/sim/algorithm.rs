//! The algorithm that answers the network's challenge.

use crate::context::Context;
use crate::keyfile::{self, kind};
use keys::{Key, Suite, mac};

/// Bytes of a challenge.
pub const RAND: usize = 16;

/// Signed response and cipher key for a challenge: `SRES 4, Kc 8`. `None` when the SIM has no Ki.
///
/// UNSPECIFIED: what an operator's A3/A8 is, only the operator knows, and an emulator has no network to agree with. Ours is
/// AES-CMAC under Ki over RAND [RFC 4493]: bytes 1 to 4 are SRES, 5 to 12 Kc. Anybody can recompute it, nobody without Ki.
pub fn run(context: &Context<'_>, rand: &[u8]) -> Option<[u8; 12]> {
    let file = context.mf().ok()?.key_file(&context.memory)?;
    let record = keyfile::find(&context.memory, &file, kind::KI, 1)?;
    let key = Key::new(Suite::Aes128, &record.bytes(&context.memory)).ok()?;
    let code = mac::cmac(&key, &[rand]);
    code.first_chunk::<12>().copied()
}
