//! The algorithms that answer the network's challenge: Milenage where the SIM's maker gave it the keys, and ours.

use crate::context::Context;
use crate::files::Node;
use crate::halt::Halt;
use crate::keyfile::{self, kind};
use keys::milenage::Milenage;
use keys::{Key, Suite, Zeroizing, equal, mac};
use scheme::profile::Fid;
use wire::Sw;

/// Bytes of a challenge.
pub const RAND: usize = 16;
/// Bytes of what the network proves itself with.
pub const AUTN: usize = 16;

/// Ids of the subscriber's keys: ours, and Milenage's K and OPc.
pub mod id {
    /// Ki of our own algorithm.
    pub const KI: u8 = 1;
    /// K of Milenage.
    pub const K: u8 = 2;
    /// OPc of Milenage.
    pub const OPC: u8 = 3;
}

/// In the application: the highest sequence numbers seen, [`SLOTS`] of six bytes. Nobody reads or writes it by a command.
pub const EF_SQN: Fid = Fid(0x6FE1);
/// Sequence numbers kept: the five low bits of one say which.
pub const SLOTS: usize = 32;
/// Bytes of a sequence number.
pub const SQN: usize = 6;
/// 9862: the network did not prove itself.
const WRONG_MAC: Sw = Sw(0x9862);

/// The value of a subscriber's key.
fn key(context: &Context<'_>, id: u8) -> Option<Zeroizing<[u8; 16]>> {
    let file = context.mf().ok()?.key_file(&context.memory)?;
    let record = keyfile::find(&context.memory, &file, kind::KI, id)?;
    let bytes = record.bytes(&context.memory);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

/// Milenage with the SIM's keys; `None` when it has none.
fn milenage(context: &Context<'_>) -> Option<Milenage> {
    Milenage::new(&*key(context, id::K)?, &*key(context, id::OPC)?).ok()
}

/// Signed response and cipher key for a challenge of the second generation: `SRES 4, Kc 8`. `None` when the SIM has no key.
///
/// UNSPECIFIED: what an operator's A3/A8 is, only the operator knows, and an emulator has no network to agree with. Ours is
/// AES-CMAC under Ki over RAND [RFC 4493]: bytes 1 to 4 are SRES, 5 to 12 Kc. Anybody can recompute it, nobody without Ki. A SIM with
/// Milenage's keys answers by them.
pub fn run(context: &Context<'_>, rand: &[u8]) -> Option<[u8; 12]> {
    let mut out = [0; 12];
    if let (Some(milenage), Ok(rand)) = (milenage(context), rand.try_into()) {
        let (sres, kc) = milenage.answer(rand).gsm();
        out[..4].copy_from_slice(&sres);
        out[4..].copy_from_slice(&*kc);
        return Some(out);
    }
    let ki = Key::new(Suite::Aes128, &*key(context, id::KI)?).ok()?;
    let code = mac::cmac(&ki, &[rand]);
    out.copy_from_slice(code.first_chunk::<12>()?);
    Some(out)
}

/// Mutual authentication of the third generation: the network proves itself by `AUTN` (sequence number hidden by AK, AMF 2, MAC 8). The
/// answer is `DB 08 RES 10 CK 10 IK 08 Kc`, or `DC 0E AUTS` when the sequence number was seen before.
///
/// UNSPECIFIED: how old a number may be within its slot, and how far it may jump: a higher one is taken, as the informative annex has it.
///
/// # Errors
/// 6F00 when the SIM has no keys of Milenage; 9862 when the MAC is wrong.
pub fn authenticate(
    context: &mut Context<'_>,
    application: &Node,
    rand: &[u8; RAND],
    autn: &[u8; AUTN],
) -> Result<Sw, Halt> {
    let milenage = milenage(context).ok_or(Sw::UNKNOWN)?;
    let seen = application.child(&context.memory, |node| node.fid() == EF_SQN).ok_or(Sw::UNKNOWN)?;
    if seen.size() < SLOTS * SQN {
        return Err(Sw::FILE_INVALID.into());
    }
    let answer = milenage.answer(rand);
    let (mut sqn, mut amf) = ([0; SQN], [0; 2]);
    for (at, byte) in sqn.iter_mut().enumerate() {
        *byte = autn[at] ^ answer.ak[at];
    }
    amf.copy_from_slice(&autn[SQN..SQN + 2]);
    let (mac, _) = milenage.macs(rand, &sqn, &amf);
    if !equal(&mac, &autn[SQN + 2..]) {
        return Err(WRONG_MAC.into());
    }
    let slot = usize::from(sqn[SQN - 1]) % SLOTS;
    let mut kept = [0; SQN];
    context.memory.read(seen.body() + slot * SQN, &mut kept);
    // Numbers of one slot end alike, so they compare as a whole.
    if sqn <= kept {
        let highest = highest(context, &seen);
        let hidden = milenage.resynchronisation_ak(rand);
        let (_, mac) = milenage.macs(rand, &highest, &[0, 0]);
        context.answer.extend_from_slice(&[0xDC, 0x0E]);
        context.answer.extend(highest.iter().zip(hidden).map(|(byte, ak)| byte ^ ak));
        context.answer.extend_from_slice(&mac);
        return Ok(Sw::OK);
    }
    context.memory.write(seen.body() + slot * SQN, &sqn)?;
    let (_, kc) = answer.gsm();
    context.answer.push(0xDB);
    for part in [&answer.res[..], &*answer.ck, &*answer.ik, &*kc] {
        context.answer.push(part.len() as u8); // at most 16
        context.answer.extend_from_slice(part);
    }
    Ok(Sw::OK)
}

/// The highest sequence number of all slots.
fn highest(context: &Context<'_>, seen: &Node) -> [u8; SQN] {
    let mut highest = [0; SQN];
    for slot in 0..SLOTS {
        let mut kept = [0; SQN];
        context.memory.read(seen.body() + slot * SQN, &mut kept);
        highest = highest.max(kept);
    }
    highest
}
