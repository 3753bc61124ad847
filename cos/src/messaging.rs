//! Secure messaging of FMCOS: MAC, and cipher text with MAC, under the line key 36 [FMCOS UM 11].

use crate::closing;
use crate::context::Context;
use crate::files::{DEAD, Node};
use crate::halt::Halt;
use crate::keyfile::kind;
use crate::state::Challenge;
use alloc::vec::Vec;
use keys::{Key, Zeroizing, mac, seal};
use wire::{CommandRef, Sw};

/// The secure-messaging bit of the class byte.
const SECURE: u8 = 0x04;
/// Type byte bit 8: writes carry a MAC.
const MAC_DEMANDED: u8 = 0x80;
/// Type byte bit 7: what is protected is enciphered too.
const CIPHER_DEMANDED: u8 = 0x40;
/// Access byte bit 8 clear: reads must be protected.
const FREE_READ: u8 = 0x80;

/// Which way the data of a command goes: reads and writes have line keys of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// READ: access byte bits 4-3.
    Read,
    /// UPDATE, APPEND: access byte bits 2-1.
    Write,
}

/// The protection a command came with, kept to protect its answer alike.
pub struct Session {
    key: Key,
    challenge: Challenge,
    enciphered: bool,
}

/// Checks and takes off the protection of a command to an EF.
///
/// Gives the plain data and, when the command was protected, the session its answer goes out under. 6987 MAC
/// missing, 6900 plain read of a protected file, 6985 no challenge, 6A88 no line key, 6983 line key dead,
/// 6988 MAC wrong.
pub fn open(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
    file: &Node,
    direction: Direction,
) -> Result<(Zeroizing<Vec<u8>>, Option<Session>), Halt> {
    let (type_byte, access) = (file.header[0], file.header[7]);
    if command.cla & SECURE == 0 {
        // UNSPECIFIED: the status words of unprotected access; candidates of the manual's table.
        match direction {
            Direction::Write if type_byte & MAC_DEMANDED != 0 => return Err(Sw::SM_MISSING.into()),
            Direction::Read if access & FREE_READ == 0 => return Err(Sw::CLASS_PROTECTION.into()),
            // A plain read carries no data; a MAC would need the class that says so.
            Direction::Read if !command.data.is_empty() => return Err(Sw::WRONG_LENGTH.into()),
            _ => return Ok((Zeroizing::new(command.data.to_vec()), None)),
        }
    }
    let shift = if direction == Direction::Read { 2 } else { 0 };
    let key_id = 3 - ((access >> shift) & 0x03);
    let (body, key, challenge) = line_checked(context, command, key_id)?;
    let enciphered = type_byte & CIPHER_DEMANDED != 0;
    let plain = if enciphered && !body.is_empty() {
        seal::decipher(&key, body).map_err(|_| Sw::WRONG_DATA)?
    } else {
        Zeroizing::new(body.to_vec())
    };
    Ok((plain, Some(Session { key, challenge, enciphered })))
}

/// Checks the MAC a command carries under line key 36/`key_id`, and gives the data before it.
///
/// 6985 no challenge, 6987 no MAC, 6A88 no key, 6982 its use right, 6983 key dead, 6988 MAC wrong; the third wrong MAC in a row locks the
/// application for good: 9303 [FMCOS UM 8.2.1]. Not so on a finished card of ours: whoever reaches a meter's port could kill it with
/// three frames, so there a wrong MAC spends nothing, and who passes frames on counts them [docs/specs/cards.md 4].
pub fn line_checked<'c>(
    context: &mut Context<'_>,
    command: &CommandRef<'c>,
    key_id: u8,
) -> Result<(&'c [u8], Key, Challenge), Halt> {
    let challenge = context.proof_challenge()?;
    let (body, code) = command.data.split_last_chunk::<{ seal::MAC_LEN }>().ok_or(Sw::SM_MISSING)?;
    let mut record = context.key_record(kind::LINE, key_id)?;
    context.require(record.use_right())?;
    let key = record.key(&context.memory, context.chip.suite)?;
    let [cla, ins, p1, p2] = command.header();
    let header = [cla, ins, p1, p2, command.data.len() as u8]; // short APDU: at most 255
    if closing::is_closed(context) {
        let right = keys::equal(&mac::session(&key, challenge.bytes(), &[&header, body]), code);
        return if right { Ok((body, key, challenge)) } else { Err(Sw::SM_WRONG.into()) };
    }
    record.spend_try(&mut context.memory)?;
    if !keys::equal(&mac::session(&key, challenge.bytes(), &[&header, body]), code) {
        if record.tries_left() > 0 {
            return Err(Sw::SM_WRONG.into());
        }
        let mut dir = context.dir()?;
        dir.set(&mut context.memory, 8, dir.header[8] | DEAD)?;
        context.memory.commit()?;
        return Err(Sw::APP_DEAD.into());
    }
    record.restore_tries(&mut context.memory)?;
    // The MAC was right, whatever the command says later: an error further on must not keep the try.
    context.memory.commit()?;
    Ok((body, key, challenge))
}

impl Session {
    /// Protects the answer in place: enciphered if the file demands it, then the MAC over what goes out.
    pub fn protect(&self, answer: &mut Vec<u8>) {
        if self.enciphered {
            *answer = seal::encipher(&self.key, answer);
        }
        let code = mac::session(&self.key, self.challenge.bytes(), &[answer]);
        answer.extend_from_slice(&code);
    }
}
