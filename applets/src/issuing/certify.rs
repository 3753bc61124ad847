//! CERTIFY and SEAL ROOT: a city's issuing card certifies the signing keys of the cards it makes, and tells them which root to
//! believe [docs/specs/signatures.md 5].

use super::target::{Master, Target};
use crate::signing::{Signing, extra};
use cos::{Context, Halt};
use keys::hierarchy::{self, Use};
use keys::mac;
use keys::seal;
use keys::sign::{Curve, PUBLIC_LEN, PublicKey};
use scheme::certificate::{Certificate, CertificateNumber, KeyUse, Subject};
use scheme::moment::{Day, Validity};
use scheme::numbers::RegionCode;
use scheme::order::Serial8;
use scheme::profile::{CardKind, Recipient};
use scheme::signing::{CERTIFY_CHALLENGE, CERTIFY_PROOF, GENERATE, ISSUER_SPAN, PROOF_LEN, STORE_ROOT};
use wire::{CommandRef, Sw};

/// Cards whose proof is waited for at the same time, as several workers make them with one issuing card.
const WAITING: usize = 8;
/// Serial, number, region.
const IDENTITY: usize = 18;
/// Identity, first and last day, key, proof.
const PROOF: usize = IDENTITY + 8 + PUBLIC_LEN + PROOF_LEN;
/// Least and most bytes of CERTIFY.
pub const CERTIFY_LEN: (u8, u8) = (IDENTITY as u8, PROOF as u8);

/// The use of the keys that this card certifies, of the kind it makes alone; 6A86 for another target, or one in another state of
/// its keys.
fn certified(context: &Context<'_>, target: &Target) -> Result<KeyUse, Halt> {
    match (context.chip.kind, target.recipient, &target.master) {
        (CardKind::EsamIssuing, Recipient::Card(CardKind::Esam), Master::Own) if !target.wants_test => {
            Ok(KeyUse::Esam)
        }
        (CardKind::PsamIssuing, Recipient::Card(CardKind::Psam), Master::Own) => Ok(KeyUse::Psam),
        _ => Err(Sw::WRONG_P1P2.into()),
    }
}

/// CERTIFY `80 7A P1 00 12 identity18` gives a challenge for that card, `80 7A P1 01 62 identity18 from4 to4 public64 MAC8` its
/// certificate. The number is this card's own and the count of what it certified, so no two of a province meet.
///
/// 6985 no challenge was given for that card; 6988 the proof is wrong; 6A80 no public key, or days outside of this card's own; 6A88
/// this card has no certificate itself; 9402 it has given all its numbers.
pub fn certify(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let mut signing = Signing::of(context)?;
    let (identity, rest) = command.data.split_at_checked(IDENTITY).ok_or(Sw::WRONG_LENGTH)?;
    let target = Target::parse(context, command.p1, identity)?;
    let key_use = certified(context, &target)?;
    let (key, own) = signing.signer(context)?;
    let serial = target.serial();
    if command.p2 == CERTIFY_CHALLENGE && rest.is_empty() {
        let mut challenge = [0; 8];
        context.entropy.fill(&mut challenge);
        let waiting = &mut context.volatile.certifying;
        waiting.retain(|(asked, _)| *asked != serial);
        if waiting.len() == WAITING {
            waiting.remove(0);
        }
        waiting.push((serial, challenge));
        context.answer.extend_from_slice(&challenge);
        return Ok(Sw::OK);
    }
    if command.p2 != CERTIFY_PROOF {
        return Err(Sw::WRONG_P1P2.into());
    }
    let (days, proved) = rest.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    let (public, proof) = proved.split_first_chunk::<PUBLIC_LEN>().ok_or(Sw::WRONG_LENGTH)?;
    if proof.len() != PROOF_LEN {
        return Err(Sw::WRONG_LENGTH.into());
    }
    let waiting = &mut context.volatile.certifying;
    let place = waiting.iter().position(|(asked, _)| *asked == serial).ok_or(Sw::CONDITIONS)?;
    let (_, challenge) = waiting.remove(place);
    let proof_key = hierarchy::use_key(&target.current_master(context)?, Use::Mac);
    if !keys::equal(&mac::bound(&proof_key, &challenge, &GENERATE, public), proof) {
        return Err(Sw::SM_WRONG.into());
    }
    let public = PublicKey::from_bytes(Curve::of(context.chip.suite), public).map_err(|_| Sw::WRONG_DATA)?;
    let validity = within(days, &own).ok_or(Sw::WRONG_DATA)?;
    let made = signing.count(context)?;
    if made >= ISSUER_SPAN {
        return Err(Sw::COUNTER_END.into());
    }
    let number = CertificateNumber(own.number.0.checked_add(made).ok_or(Sw::COUNTER_END)?);
    let subject = Subject {
        key_use,
        region: RegionCode(target.region()),
        device: target.number(),
        serial: Serial8(serial),
        epoch: own.subject.epoch,
        validity,
    };
    let extra = extra(context);
    let made = Certificate::issue(context.chip.suite, subject, number, public, own.number, &key, &extra);
    context.answer.extend_from_slice(&made.map_err(|_| Sw::UNKNOWN)?.to_bytes());
    Ok(Sw::OK)
}

/// Days that are in the issuer's own.
fn within(days: &[u8; 8], own: &Certificate) -> Option<Validity> {
    let &[a, b, c, d, e, f, g, h] = days;
    let validity = Validity::new(Day::new([a, b, c, d]).ok()?, Day::new([e, f, g, h]).ok()?).ok()?;
    let issuer = own.subject.validity;
    (issuer.from() <= validity.from() && validity.to() <= issuer.to()).then_some(validity)
}

/// SEAL ROOT `80 7C P1 00 1A challenge8 identity18`: the data field of the target's STORE CERTIFICATE for the root this card
/// believes, sealed for the challenge the target just gave. Of all roots it seals no other.
pub fn seal_root(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let signing = Signing::of(context)?;
    let (challenge, identity) = command.data.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    let target = Target::parse(context, command.p1, identity)?;
    certified(context, &target)?;
    let root = signing.certificate(context, KeyUse::Root)?.to_bytes();
    let master = target.current_master(context)?;
    context.answer.extend_from_slice(&root);
    context.answer.extend_from_slice(&seal::bound_mac(&master, challenge, &STORE_ROOT, &root));
    Ok(Sw::OK)
}
