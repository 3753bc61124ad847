//! An operator with an issuing card and his own PIN: he names challenges, headers and numbers, and gets nothing for it that is not his.

use super::super::board::{PROTOCOLS as PROOF, Row};
use crate::bare::{City, Formal, Seed, number, open, region, serial, target};
use issue::headers;
use issue::keyset::Roots;
use issue::source::{KeySource, SoftSource};
use keys::hierarchy::{self, Use, use_key};
use keys::{Role, Suite, mac, seal};
use parties::trouble::Result;
use reader::driver::fmcos::Fmcos;
use scheme::profile::{CardKind, ESAM_KEYS, Recipient};
use scheme::signing::Mode;
use vcard::Slot;
use wire::{Command, Sw};

/// Header of ACTIVATE KEYS with its MAC.
const ACTIVATE: [u8; 5] = [0x84, 0x4A, 0, 0, 0x0A];
/// What an issuing card of version 1 seals for an operator alone: formal, version 1, nothing given up.
const ALLOWED: [u8; 6] = [1, 1, 0, 0, 0, 0];
/// What it does not: the end, the way back to test, another version, money given up.
const FORBIDDEN: [[u8; 6]; 5] =
    [[2, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [1, 2, 0, 0, 0, 0], [1, 1, 0, 0, 0, 1], [1, 1, 0x80, 0, 0, 0]];
const CHALLENGE: [u8; 8] = [0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 0x07, 0x18];
/// The number that would make an issuing card's own master the master of city 33020000 if factors met.
const LIKE_A_CITY: [u8; 6] = [0x00, 0x00, 0x33, 0x02, 0x00, 0x00];

/// All of them.
pub fn rows(suite: Suite, seed: Seed) -> Result<Vec<Row>> {
    let mut formal = Formal::new(suite, seed)?;
    Ok(vec![
        bent_challenges(&mut formal)?,
        every_form(&mut formal)?,
        oracle(&mut formal)?,
        guessed_macs(&mut formal)?,
        other_kinds(suite, seed)?,
        masters_that_meet(suite, seed)?,
    ])
}

fn xor(a: [u8; 8], b: [u8; 8]) -> [u8; 8] {
    core::array::from_fn(|i| a[i] ^ b[i])
}

fn single_bits() -> impl Iterator<Item = [u8; 8]> {
    (0..64).map(|bit| (1_u64 << bit).to_be_bytes())
}

fn activate(esam: &mut Slot, body: [u8; 6], code: &[u8]) -> Result<Sw> {
    let command = Command::new(0x84, 0x4A, 0, 0).data(&[&body[..], code].concat());
    Ok(Fmcos::new(esam).ask("ACTIVATE KEYS", &command)?.sw)
}

/// The challenge bent by what differs between what he may have and what he wants, and by each bit.
fn bent_challenges(formal: &mut Formal) -> Result<Row> {
    let mut row = Row::new(PROOF, "a challenge bent until an issuing card's answer is another act's MAC");
    let mut esam = formal.proved()?;
    let header = headers::stage(&ESAM_KEYS[0], formal.suite);
    let challenge = Fmcos::new(&mut esam).challenge8()?;
    let field = formal.export(0, header, challenge)?;
    let [cla, ins, p1, p2, _] = header;
    Fmcos::new(&mut esam).send("STAGE KEY", &Command::new(cla, ins, p1, p2).data(&field))?;
    for wanted in FORBIDDEN {
        match formal.seal(0x51, CHALLENGE, wanted)?.sw {
            Sw::OK => row.went_through(format!("{wanted:02X?} is sealed for an operator alone")),
            sw => row.stopped(format!("the card refuses: {sw}")),
        }
        let difference: [u8; 8] = core::array::from_fn(|i| match i.checked_sub(5) {
            Some(at) => ALLOWED[at] ^ wanted[at],
            None => 0,
        });
        let right = seal::bound_mac(&formal.master, &CHALLENGE, &ACTIVATE, &wanted);
        for bend in single_bits().chain([difference]) {
            let answer = formal.seal(0x51, xor(CHALLENGE, bend), ALLOWED)?;
            if answer.data == right {
                row.went_through(format!("{bend:02X?} for {wanted:02X?}"));
            } else {
                row.stopped("MAC over challenge, header and data");
            }
        }
        // On the ESAM, with the challenge it gave.
        let challenge = Fmcos::new(&mut esam).challenge8()?;
        let bent = formal.seal(0x51, xor(challenge, difference), ALLOWED)?;
        match activate(&mut esam, wanted, &bent.data)? {
            Sw::OK => row.went_through(format!("the ESAM did {wanted:02X?}")),
            _ => row.stopped("MAC over challenge, header and data"),
        }
        formal.prove(&mut esam)?;
    }
    Ok(row)
}

/// Every P1, state, version and amount: one is an operator's alone.
fn every_form(formal: &mut Formal) -> Result<Row> {
    let mut row = Row::new(PROOF, "another state, version, P1 or amount sealed for an operator alone");
    for p1 in 0..=0xFF {
        for state in 0..=3 {
            for version in [0, 1, 2, 0xFF] {
                for forfeit in [0, 1] {
                    let body = [state, version, 0, 0, 0, forfeit];
                    let answer = formal.seal(p1, CHALLENGE, body)?;
                    match (answer.sw, (p1, body) == (0x51, ALLOWED)) {
                        (Sw::OK, true) => row.stopped("what is his"),
                        (Sw::OK, false) => row.went_through(format!("P1 {p1:02X}, {body:02X?}")),
                        (sw, _) => row.stopped(sw.to_string()),
                    }
                }
            }
        }
    }
    Ok(row)
}

/// AUTHENTICATE TARGET enciphers any block under the master; what can be made of that is no MAC, no use key, no part of an exported key.
fn oracle(formal: &mut Formal) -> Result<Row> {
    let mut row = Row::new(PROOF, "blocks asked of AUTHENTICATE TARGET until a MAC or a key is known");
    let by = "use keys come from a hash";
    let use_keys = Use::ALL.map(|to| use_key(&formal.master, to));
    for block in single_bits().chain([[0; 8], CHALLENGE, [0x80, 0, 0, 0, 0, 0, 0, 0]]) {
        let (answer, not) = (formal.oracle(block)?, formal.oracle(block.map(|byte| !byte))?);
        let half = |bytes: &[u8]| bytes.get(..8).map(<[u8]>::to_vec).unwrap_or_default();
        let child = [half(&answer), half(&not)].concat();
        let tells = use_keys.iter().any(|key| {
            let key = key.expose();
            key == child || key == answer || key.chunks(8).any(|part| part == half(&answer))
        });
        if tells { row.went_through(format!("{block:02X?}")) } else { row.stopped(by) }
    }
    // A MAC chained block by block, as far as the oracle goes, and the MACs that a key of the master's would make.
    let message = [&CHALLENGE[..], &ACTIVATE, &FORBIDDEN[0]].concat();
    let mut state = [0; 8];
    for part in message.chunks(8) {
        let mut block = [0; 8];
        for (to, from) in block.iter_mut().zip(part.iter().chain([&0x80])) {
            *to = *from;
        }
        let answer = formal.oracle(xor(state, block))?;
        state = answer.first_chunk().copied().unwrap_or_default();
    }
    let right = mac::bound(&use_key(&formal.master, Use::Mac), &CHALLENGE, &ACTIVATE, &FORBIDDEN[0]);
    let session = mac::session(&formal.master, &CHALLENGE, &[&ACTIVATE, &FORBIDDEN[0]]);
    let made = [&state[..4], &session[..], &mac::cmac8(&formal.master, &[&message])[..4]];
    for code in made {
        if right.starts_with(code) { row.went_through("a MAC of the oracle's") } else { row.stopped(by) }
    }
    Ok(row)
}

/// Four bytes of a MAC tried without an end, by somebody who may authenticate once.
fn guessed_macs(formal: &mut Formal) -> Result<Row> {
    let mut row = Row::new(PROOF, "a MAC of 4 bytes guessed until it fits");
    let mut esam = formal.proved()?;
    for guess in 0..64_u32 {
        Fmcos::new(&mut esam).challenge8()?;
        match activate(&mut esam, FORBIDDEN[0], &guess.to_be_bytes())? {
            sw if sw.tries().is_some() => row.stopped("a try of 39/00"),
            Sw::BLOCKED => row.stopped("blocked"),
            sw if guess < 3 => row.went_through(format!("guess {guess}: {sw}")),
            sw => row.stopped(format!("blocked: {sw}")),
        }
    }
    // The right one comes too late.
    let challenge = Fmcos::new(&mut esam).challenge8()?;
    let right = seal::bound_mac(&formal.master, &challenge, &ACTIVATE, &FORBIDDEN[0]);
    match activate(&mut esam, FORBIDDEN[0], &right)? {
        Sw::OK => row.went_through("the right one after all these"),
        sw => row.stopped(format!("blocked: {sw}")),
    }
    Ok(row)
}

/// One issuing card asked in the name of a kind it does not make, and what three kinds of one number have in common.
fn other_kinds(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "an issuing card acting for a kind it does not make");
    let city = City::new(suite, seed)?;
    let mut card = city.issuing_card()?;
    open(&mut card, CardKind::EsamIssuing)?;
    let identity = [&[0x51; 8][..], &number(42)?.0, &region()?.0].concat();
    for p1 in 0..=0xFF_u8 {
        // Kinds 5 and C in the high nibble are its own, F its meters'.
        if matches!(p1 >> 4, 0x5 | 0xC | 0xF) {
            continue;
        }
        let ask = |ins: u8, data: &[u8]| Command::new(0x80, ins, p1, 0).data(data);
        let header = headers::change(&ESAM_KEYS[0], suite);
        let export = [&CHALLENGE[..], &header, &identity].concat();
        for (what, command) in [
            ("AUTHENTICATE TARGET", ask(0x46, &[&CHALLENGE[..], &identity].concat())),
            ("EXPORT KEY", ask(0x44, &export)),
            ("SEAL ACTIVATION", ask(0x4C, &[&CHALLENGE[..], &identity, &ALLOWED].concat())),
            ("CERTIFY", ask(0x7A, &identity)),
        ] {
            match Fmcos::new(&mut card).ask("a command of another kind", &command)?.sw {
                Sw::OK => row.went_through(format!("{what}, P1 {p1:02X}")),
                sw => row.stopped(sw.to_string()),
            }
        }
    }
    Ok(row)
}

/// Numbers chosen so that keys of two parties would be one.
fn masters_that_meet(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "numbers by which a card has a city's master, or a meter's transport key");
    let by = "factors that never meet";
    let roots = Roots::test(suite);
    let like = scheme::numbers::DeviceNumber(LIKE_A_CITY);
    let city_master = roots.city(region()?).get(Role::Master).clone();
    for kind in [CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::TestIssuing] {
        let mut card = seed.blank(kind, suite, "like a city")?;
        let plan = crate::bare::plan(kind, suite, like)?;
        crate::bare::issue(&plan, &mut card, &mut SoftSource::province(roots.clone()))?;
        let mut fmcos = Fmcos::new(&mut card);
        fmcos.reset()?;
        let challenge = fmcos.challenge8()?;
        match fmcos.external_authenticate(0, &seal::cryptogram(&city_master, &challenge)) {
            Ok(()) => row.went_through(format!("{} takes the city's master", kind.name())),
            Err(_) => row.stopped(by),
        }
    }
    // A chip that says to have the serial of a meter's MCU, and a meter with a chip's.
    let mut city = City::new(suite, seed)?;
    let mut site = city.site(0, Mode::Symmetric)?;
    let mut card = city.issuing_card()?;
    open(&mut card, CardKind::EsamIssuing)?;
    let meter = number(42)?.0;
    let of_chip = serial(&mut site.esam)?;
    let tries = [
        (0x50, Recipient::Card(CardKind::Esam), 0, hierarchy::mcu_serial(meter)),
        (0x51, Recipient::Card(CardKind::Esam), 4, hierarchy::mcu_serial(meter)),
        (0x50, Recipient::Card(CardKind::Esam), 0, [0x0F, 0, 9, 9, 9, 9, 9, 9]),
        (0xF0, Recipient::Mcu, 2, of_chip),
        (0xF0, Recipient::Mcu, 2, hierarchy::device_factor(0x05, meter)),
    ];
    for (p1, recipient, role, serial) in tries {
        let Some(key) = recipient.key(role) else { continue };
        let header = headers::add(key, suite);
        let data = [&CHALLENGE[..], &header, &serial, &meter, &region()?.0].concat();
        let command = Command::new(0x80, 0x44, p1, role).data(&data);
        match Fmcos::new(&mut card).ask("EXPORT KEY", &command)?.sw {
            Sw::OK => row.went_through(format!("P1 {p1:02X}, serial {serial:02X?}")),
            sw => row.stopped(sw.to_string()),
        }
    }
    // Three kinds of one number have three masters.
    let mut soft = SoftSource::province(roots);
    let mut answers = Vec::new();
    for kind in [CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::TestIssuing] {
        answers.push(soft.authenticate_target(&target(kind, number(42)?, [0x51; 8])?, CHALLENGE)?);
    }
    answers.sort();
    answers.dedup();
    if answers.len() == 3 {
        row.stopped(by)
    } else {
        row.went_through("two kinds have one master")
    }
    Ok(row)
}
