//! What is short, or says by its form what it is: certificates, messages of the online purchase, answers to reset, commands, status words.

use super::said::{Failing, Part, Place};
use super::traces;
use crate::apdu;
use scheme::certificate::Certificate;
use scheme::online::{HEAD_LEN, HELLO_LEN, Head, Hello};
use scheme::refusal::{Cure, Refusal};
use wire::apdu::CommandRef;
use wire::{Sw, atr};

/// What its length or first byte tells from anything else. `None`: nothing of this kind.
pub fn long(bytes: &[u8]) -> Option<Part> {
    if bytes.len() == Certificate::LEN && bytes.first() == Some(&0x01) {
        return Some(certificate(bytes));
    }
    online(bytes)
}

/// An answer to reset, a command, or a status word. `None`: none of them.
pub fn short(bytes: &[u8]) -> Option<Part> {
    match bytes {
        &[high @ (0x60..=0x6F | 0x90..=0x9F), low] => Some(word(Sw(u16::from_be_bytes([high, low])))),
        [0x3B | 0x3F, _, ..] if atr::Atr::read(bytes).is_ok() => {
            Some(traces::line("an answer to reset", '=', bytes).passes("a card answered"))
        }
        [_, _, _, _, ..] if CommandRef::parse(bytes).is_ok() => {
            let known = apdu::command(bytes).0 != "unknown command";
            known.then(|| {
                traces::line("a command to a card", '>', bytes).open("only its card knows the answer")
            })
        }
        _ => None,
    }
}

fn certificate(bytes: &[u8]) -> Part {
    let mut part = Part::new("a certificate");
    match said_of(&mut part, bytes) {
        Ok(()) => part.open("well formed; who issued it signed it, and his certificate tells whether he did"),
        Err(failing) => part.fails(*failing),
    }
}

/// What a certificate says.
pub fn said_of(part: &mut Part, bytes: &[u8]) -> Result<(), Box<Failing>> {
    match Certificate::parse(bytes) {
        Ok(certificate) => {
            let subject = &certificate.subject;
            let rows: [(&str, String, usize, usize); 7] = [
                ("suite", certificate.suite.name().to_owned(), 1, 1),
                ("use", subject.key_use.to_string(), 2, 1),
                ("city", subject.region.to_string(), 3, 4),
                ("device", hex::encode(subject.device), 7, 6),
                ("chip", subject.serial.to_string(), 13, 8),
                ("epoch", subject.epoch.to_string(), 21, 2),
                ("valid", format!("{} to {}", subject.validity.from(), subject.validity.to()), 23, 8),
            ];
            for (name, value, from, len) in rows {
                part.say(name, value, Some(Place::new("bytes", bytes, from, len)));
            }
            part.say("number", certificate.number, Some(Place::new("bytes", bytes, 31, 4)));
            part.say("issuer", certificate.issuer, Some(Place::new("bytes", bytes, 35, 4)));
            Ok(())
        }
        Err(error) => {
            let place = Some(Place::new("bytes", bytes, 0, bytes.len()));
            Err(Box::new(Failing::other("certificate", error.to_string(), place, Cure::City)))
        }
    }
}

fn online(bytes: &[u8]) -> Option<Part> {
    let at = |from, len| Some(Place::new("bytes", bytes, from, len));
    if let Some(hello) = <&[u8; HELLO_LEN]>::try_from(bytes).ok().and_then(Hello::parse) {
        let mut part = Part::new("S0: a server begins an online purchase");
        part.say("suite", hello.suite.name(), at(2, 1));
        part.say("meter", hello.meter, at(3, 6));
        part.say("purchase", hello.sid, at(9, 8));
        part.say("time", hello.time, at(33, 7));
        return Some(part.open("it proves nothing by itself; S1 answers it"));
    }
    let head = bytes.first_chunk::<HEAD_LEN>().filter(|_| bytes.len() > HEAD_LEN).and_then(Head::parse)?;
    let mut part = Part::new("S1: a meter asks for an online purchase");
    part.say("suite", head.suite.name(), at(2, 1));
    part.say("meter", head.meter, at(3, 6));
    part.say("purchase", head.sid, at(9, 8));
    part.say("ESAM", head.serial, at(33, 8));
    part.say("count", head.count, at(41, 4));
    part.say("keys", format!("{}, version {}", head.state.name(), head.key_version), at(45, 2));
    part.say("sealed", format!("{} bytes", bytes.len() - HEAD_LEN), at(HEAD_LEN, bytes.len() - HEAD_LEN));
    Some(part.open("its seal belongs to the session of S0: the bank's PSAM alone opens it"))
}

/// A status word by itself: of an ESAM's refusals the check it names.
fn word(sw: Sw) -> Part {
    let mut part = Part::new("a status word");
    part.say("status word", sw, None);
    part.say("means", sw.explain_after(wire::status::Dialect::Fmcos, 0), None);
    match Refusal::from_sw(sw) {
        Some(refusal) => {
            part.say("of an ESAM", refusal.words(), None);
            part.fails(Failing::refusal(refusal, None, None))
        }
        None if sw.is_ok() => part.passes("done"),
        None => part.open("what it says depends on the command before it"),
    }
}
