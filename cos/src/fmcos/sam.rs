//! Commands of a purchase SAM: 80 1A, 80 FA, 80 70, 80 72.
//!
//! They come from older public descriptions of PBOC PSAMs, not from an FMCOS manual (docs/specs/fmcos.md, SAM);
//! all of it is marked UNSPECIFIED there.

use super::purse::session_key;
use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::halt::Halt;
use crate::keyfile::{self, kind};
use crate::steps::Sam;
use keys::{Key, mac};
use scheme::profile::Fid;
use wire::{CommandRef, Sw};

/// Terminal number, in the MF.
const EF_TERMINAL: Fid = Fid(0x0016);
/// Terminal transaction serial, in the application.
const EF_SERIAL: Fid = Fid(0x0018);

/// Key type of a usage byte: purchase.
const PURCHASE: u8 = 0x02;

/// The key type a usage byte names in bits 5-1; `None` above F, where the types of other keys lie.
pub(super) const fn type_of(usage: u8) -> Option<u8> {
    if usage & 0x10 == 0 { Some(kind::SAM | (usage & 0x0F)) } else { None }
}

/// The key of a usage byte and version: type in bits 5-1, levels of diversification in bits 8-6. In the data the factor of the
/// user card's serial comes first and that of its region after it, so that the last one named is the first one taken
/// (docs/specs/fmcos.md, SAM).
fn derived(context: &Context<'_>, usage: u8, version: u8, factors: &[u8]) -> Result<Key, Halt> {
    let levels = usize::from(usage >> 5);
    if factors.len() != 8 * levels {
        return Err(Sw::WRONG_LENGTH.into());
    }
    let file = context.key_file()?;
    let wanted = type_of(usage).ok_or(Sw::KEY_NOT_FOUND)?;
    // A key is used with all its levels: with fewer it would be the key of all cards of a region.
    let record = keyfile::find(&context.memory, &file, wanted, version)
        .filter(|record| usize::from(record.byte4()) == levels)
        .ok_or(Sw::KEY_NOT_FOUND)?;
    context.require(record.use_right())?;
    let mut key = record.key(&context.memory, context.chip.suite)?;
    for factor in factors.chunks_exact(8).rev() {
        let mut eight = [0; 8];
        eight.copy_from_slice(factor);
        key = key.diversify(&eight);
    }
    Ok(key)
}

/// INIT FOR DESCRYPT 80 1A usage version: makes the temporary key; 6985 for a purchase key.
pub fn init_for_crypt(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if command.p1 & 0x1F == PURCHASE {
        return Err(Sw::CONDITIONS.into());
    }
    let key = derived(context, command.p1, command.p2, command.data)?;
    context.volatile.sam = Some(Sam::Crypt { key, chain: None });
    Ok(Sw::OK)
}

/// DES CRYPT 80 FA P1 00: bit 1 clear enciphers (ECB); set makes a MAC, bit 2: more blocks follow, bit 3: the first
/// eight bytes are its initial value. Whole blocks only; the card does not pad.
pub fn crypt(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if command.p1 & !0x07 != 0 {
        return Err(Sw::WRONG_P1P2.into());
    }
    let Some(Sam::Crypt { key, chain: kept }) = &mut context.volatile.sam else {
        return Err(Sw::CONDITIONS.into());
    };
    let block = key.suite().block();
    if !command.data.len().is_multiple_of(block) {
        return Err(Sw::WRONG_LENGTH.into());
    }
    if command.p1 & 0x01 == 0 {
        context.answer.extend_from_slice(command.data);
        key.cipher().encrypt_ecb(context.answer);
        return Ok(Sw::OK);
    }
    let (mut chain, data) = match (command.p1 & 0x04 != 0, *kept) {
        (true, _) => {
            let (iv, data) = command.data.split_at(block);
            let mut chain = [0; 16];
            chain[..block].copy_from_slice(iv);
            (chain, data)
        }
        (false, chain) => (chain.unwrap_or([0; 16]), command.data),
    };
    let cipher = key.cipher();
    for part in data.chunks_exact(block) {
        for (byte, with) in chain.iter_mut().zip(part) {
            *byte ^= with;
        }
        cipher.encrypt_block(&mut chain[..block]);
    }
    if command.p1 & 0x02 != 0 {
        *kept = Some(chain);
    } else {
        *kept = None;
        context.answer.extend_from_slice(&chain[..8]);
    }
    Ok(Sw::OK)
}

/// INIT SAM FOR PURCHASE 80 70: `random4 serial2 amount4 type1 date4 time3 version1 algorithm1 factors 8n`, answers the
/// terminal's serial and MAC1.
pub fn init_for_purchase(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (head, factors) = command.data.split_first_chunk::<20>().ok_or(Sw::WRONG_LENGTH)?;
    let &[r0, r1, r2, r3, s1, s0, a0, a1, a2, a3, transaction, ref rest @ ..] = head;
    let (stamp, version) = (&rest[..7], rest[7]);
    // The command table lets 8 to 56 bytes of factors pass: one to seven levels. `derived` refuses half a factor.
    let levels = (factors.len() / 8) as u8;
    let key = derived(context, levels << 5 | PURCHASE, version, factors)?;
    let serial = u32::from_be_bytes(context.read_ef(EF_SERIAL, 0)?);
    let next = serial.checked_add(1).ok_or(Sw::COUNTER_END)?;
    let number = serial.to_be_bytes();
    let session = session_key(&key, [r0, r1, r2, r3], u16::from_be_bytes([s1, s0]), [number[2], number[3]]);
    let amount = [a0, a1, a2, a3];
    let code = mac::session(&session, &[], &[&amount, &[transaction], &terminal(context)?, stamp]);
    context.write_ef(EF_SERIAL, 0, &next.to_be_bytes())?;
    context.answer.extend_from_slice(&number);
    context.answer.extend_from_slice(&code);
    context.volatile.sam = Some(Sam::Purchase { session, amount });
    Ok(Sw::OK)
}

fn terminal(context: &Context<'_>) -> Result<[u8; 6], Halt> {
    let wanted =
        |node: &Node| node.fid() == EF_TERMINAL && node.kind() == FileKind::Binary && node.size() >= 6;
    let node = context.mf()?.child(&context.memory, wanted).ok_or(Sw::FILE_NOT_FOUND)?;
    Ok(context.memory.array(node.body()))
}

/// CREDIT SAM FOR PURCHASE 80 72: the card's MAC2; 6901 without a purchase begun, 9302 when it is wrong. Either way the
/// purchase is over: a second guess needs a new one, with a new serial.
pub fn credit_for_purchase(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let Some(Sam::Purchase { session, amount }) = &context.volatile.sam else {
        return Err(Sw::WRONG_STATE.into());
    };
    let right = keys::equal(&mac::session(session, &[], &[amount]), command.data);
    context.volatile.sam = None;
    // Not an error to the kernel, which would bring the purchase back.
    Ok(if right { Sw::OK } else { Sw::MAC_WRONG })
}
