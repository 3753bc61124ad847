//! The paper's variant: one master key on both sides, no public keys [docs/specs/client.md 9]. Weaker than Noise: who reads the key passes for both
//! sides and reads every session there was.

use crate::frame::Type;
use crate::hash::{hmac, sha256};
use crate::marks::Marks;
use crate::noise::Split;
use crate::stamp::Stamp;
use alloc::vec::Vec;
use keys::{Zeroizing, equal};

const LABEL: &[u8] = b"gridcard paper 1";
const KEYS: &[u8] = b"gridcard paper keys 1";
const ENROL: &[u8] = b"gridcard paper enrol 1";
/// Bytes of a random number and of a MAC.
const HALF: usize = 16;
/// Type and id.
const HEAD: usize = 5;
const TAIL: usize = HALF + 12 + 16 + HALF;

/// The master key of an enrolment, from what the code became.
pub(crate) fn enrolment(psk: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    hmac(psk, &[ENROL])
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; HALF] {
    let mut all = Vec::with_capacity(parts.len() + 1);
    all.push(LABEL);
    all.extend_from_slice(parts);
    let mut half = [0; HALF];
    half.copy_from_slice(&hmac(key, &all)[..HALF]);
    half
}

/// The first message, whole. `name`: of a phone that is known.
pub(crate) fn first(
    key: &[u8; 32],
    id: [u8; 4],
    name: Option<&[u8; 8]>,
    random: &[u8; HALF],
    time: Stamp,
    marks: &Marks,
) -> Vec<u8> {
    let kind = if name.is_some() { Type::PaperFirst } else { Type::PaperEnrolFirst };
    let mut bytes = [&[kind as u8][..], &id].concat();
    bytes.extend_from_slice(name.map_or(&[], |name| &name[..]));
    bytes.extend_from_slice(random);
    bytes.extend_from_slice(time.bytes());
    bytes.extend_from_slice(&marks.bytes());
    let mac = mac(key, &[&bytes]);
    bytes.extend_from_slice(&mac);
    bytes
}

/// Time and marks of a first message, if its MAC is right. `at`: where they begin behind the head.
pub(crate) fn read_first(key: &[u8; 32], bytes: &[u8]) -> Option<([u8; 12], [u8; 16])> {
    let (said, theirs) = bytes.split_last_chunk::<HALF>()?;
    let (_, marks) = said.split_last_chunk::<16>()?;
    let (before, time) = said.get(..said.len() - 16)?.split_last_chunk::<12>()?;
    (before.len() >= HEAD + HALF && equal(&mac(key, &[said]), theirs)).then_some((*time, *marks))
}

/// Whether a first message has the length of its kind; and the name in one of a session.
pub(crate) fn name_of(kind: Type, body: &[u8]) -> Option<Option<[u8; 8]>> {
    match kind {
        Type::PaperEnrolFirst => (body.len() == TAIL).then_some(None),
        Type::PaperFirst if body.len() == 8 + TAIL => Some(body.first_chunk().copied()),
        _ => None,
    }
}

/// The second message, whole.
pub(crate) fn second(key: &[u8; 32], first: &[u8], kind: Type, id: [u8; 4], random: &[u8; HALF]) -> Vec<u8> {
    let mut bytes = [&[kind as u8][..], &id, random].concat();
    let mac = mac(key, &[&sha256(&[first]), &bytes]);
    bytes.extend_from_slice(&mac);
    bytes
}

/// Whether a second message is the server's.
pub(crate) fn is_second(key: &[u8; 32], first: &[u8], bytes: &[u8]) -> bool {
    let Some((said, theirs)) = bytes.split_last_chunk::<HALF>() else { return false };
    said.len() == HEAD + HALF && equal(&mac(key, &[&sha256(&[first]), said]), theirs)
}

/// The keys of a session.
pub(crate) fn split(key: &[u8; 32], first: &[u8], second: &[u8]) -> Split {
    let session = hmac(key, &[KEYS, first, second]);
    let (phone, server) = (hmac(&session[..], &[&[1]]), hmac(&session[..], &[&[2]]));
    Split { phone, server, hash: sha256(&[first, second]) }
}
