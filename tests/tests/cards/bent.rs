//! What an operator with his own PIN may name to an issuing card, and what he never gets for it: a MAC for an act that is not
//! his, a key moved to another place, a card that takes guesses without an end [docs/specs/cards.md 2, 7, 10].

use crate::office::Office;
use crate::world::{copy, number, pin, region};
use issue::headers;
use issue::life::{self, Leave, LifeChange};
use issue::source::{Activation, Current, Target};
use keys::hierarchy::{Use, use_key};
use keys::{Key, Role, Suite, mac, seal};
use reader::driver::fmcos::Fmcos;
use scheme::money::Fen;
use scheme::profile::{CardKind, ESAM_KEYS, OFFICER_PIN, Recipient, State};
use vcard::Slot;
use wire::{Channel, Command, Response, Sw};

const ACTIVATE: [u8; 5] = [0x84, 0x4A, 0, 0, 0x0A];
pub const CHALLENGE: [u8; 8] = [0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 0x07, 0x18];
pub const NO_LEAVE: Leave = Leave { forfeit: false, spend_last_try: false };

/// What the formal issuing card of version 1 seals for an operator alone.
const ALLOWED: [u8; 6] = [1, 1, 0, 0, 0, 0];
/// What it does not: the end, the way back to test, another version, money given up.
const REFUSED: [[u8; 6]; 5] =
    [[2, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [1, 2, 0, 0, 0, 0], [1, 1, 0, 0, 0, 1], [1, 1, 0x80, 0, 0, 0]];

/// A formal ESAM of version 1, its issuing card with the operator's PIN alone, and the master key both know.
pub struct Bench {
    pub office: Office,
    pub esam: Slot,
    target: Target,
    pub master: Key,
}

impl Bench {
    pub fn new(suite: Suite) -> Self {
        let mut office = Office::new(suite);
        let mut esam = office.esam(number(42));
        office.pass(&mut esam, LifeChange::Formal, Some(1), NO_LEAVE);
        let target = Target {
            recipient: Recipient::Card(CardKind::Esam),
            master: Current::Own,
            test_keys: false,
            version: None,
            serial: life::look(&mut esam).unwrap().serial.0,
            number: number(42).0,
            region: region().0,
        };
        let master = office.roots.city(region()).meter(Role::Master, number(42));
        let card = &mut office.formal[0];
        card.reset().unwrap();
        Fmcos::new(card).verify_pin(0, pin().expose()).unwrap();
        Bench { office, esam, target, master }
    }

    fn issuing(&mut self, ins: u8, p1: u8, p2: u8, data: &[u8]) -> Response {
        let command = Command::new(0x80, ins, p1, p2).data(data);
        Fmcos::new(&mut self.office.formal[0]).ask("applet", &command).unwrap()
    }

    fn identity(&self) -> [u8; 18] {
        [&self.target.serial[..], &self.target.number, &self.target.region].concat().try_into().unwrap()
    }

    fn seal(&mut self, p1: u8, challenge: [u8; 8], body: [u8; 6]) -> Response {
        let data = [&challenge[..], &self.identity(), &body].concat();
        self.issuing(0x4C, p1, 0, &data)
    }

    /// E(M, challenge) of the ESAM's own master, as AUTHENTICATE TARGET answers.
    fn oracle(&mut self, block: [u8; 8]) -> Vec<u8> {
        let data = [&block[..], &self.identity()].concat();
        self.issuing(0x46, 0x51, 0, &data).data
    }

    /// A copy of the ESAM with its master key proved.
    pub fn proved(&mut self) -> Slot {
        let mut esam = copy(&self.esam);
        esam.reset().unwrap();
        self.prove(&mut esam);
        esam
    }

    fn prove(&mut self, esam: &mut Slot) {
        let challenge = Fmcos::new(esam).challenge8().unwrap();
        let cryptogram = self.oracle(challenge);
        Fmcos::new(esam).external_authenticate(0, &cryptogram).unwrap();
    }
}

impl Bench {
    /// EXPORT KEY of a role under the own master, for a header and a challenge of the caller's choice.
    fn export(&mut self, role: u8, header: [u8; 5], challenge: [u8; 8]) -> Vec<u8> {
        let data = [&challenge[..], &header, &self.identity()].concat();
        let answer = self.issuing(0x44, 0x51, role, &data);
        assert_eq!(answer.sw, Sw::OK);
        answer.data
    }

    /// Stages the own master of version 1 again, sealed under itself: what ACTIVATE KEYS then checks its MAC under.
    fn stage_master(&mut self, esam: &mut Slot) {
        let header = headers::stage(&ESAM_KEYS[0], self.office.suite);
        let challenge = Fmcos::new(esam).challenge8().unwrap();
        let field = self.export(0, header, challenge);
        assert_eq!(send(esam, header, &field), Sw::OK);
    }
}

/// A command with this header and field; gives the status word.
pub fn send(esam: &mut Slot, header: [u8; 5], field: &[u8]) -> Sw {
    let [cla, ins, p1, p2, _] = header;
    Fmcos::new(esam).ask("STAGE KEY", &Command::new(cla, ins, p1, p2).data(field)).unwrap().sw
}

fn xor(a: [u8; 8], b: [u8; 8]) -> [u8; 8] {
    core::array::from_fn(|i| a[i] ^ b[i])
}

fn single_bits() -> impl Iterator<Item = [u8; 8]> {
    (0..64).map(|bit| (1_u64 << bit).to_be_bytes())
}

fn activate(esam: &mut Slot, body: [u8; 6], code: &[u8]) -> Sw {
    let command = Command::new(0x84, 0x4A, 0, 0).data(&[&body[..], code].concat());
    Fmcos::new(esam).ask("ACTIVATE KEYS", &command).unwrap().sw
}

/// The operator names the challenge, so he names it bent: by the difference between what he may have and what he wants, and by
/// every single bit. No answer is the MAC of what he may not have, and the ESAM takes none.
#[test]
fn no_bent_challenge_gives_the_mac_of_what_is_refused() {
    for suite in Suite::ALL {
        let mut bench = Bench::new(suite);
        let mut esam = bench.proved();
        bench.stage_master(&mut esam);
        for wanted in REFUSED {
            assert_ne!(bench.seal(0x51, CHALLENGE, wanted).sw, Sw::OK, "{wanted:02X?}");
            let difference: [u8; 8] =
                core::array::from_fn(|i| if i < 5 { 0 } else { ALLOWED[i - 5] ^ wanted[i - 5] });
            let right = seal::bound_mac(&bench.master, &CHALLENGE, &ACTIVATE, &wanted);
            for bend in single_bits().chain([difference]) {
                let answer = bench.seal(0x51, xor(CHALLENGE, bend), ALLOWED);
                assert_eq!(answer.sw, Sw::OK);
                assert_ne!(answer.data, right, "{} {bend:02X?} for {wanted:02X?}", suite.name());
            }
            // On the card itself, with the challenge it gave.
            let challenge = Fmcos::new(&mut esam).challenge8().unwrap();
            let bent = bench.seal(0x51, xor(challenge, difference), ALLOWED);
            assert_eq!(activate(&mut esam, wanted, &bent.data), Sw::tries_left(2), "{wanted:02X?}");
            bench.prove(&mut esam);
        }
        assert_eq!(life::look(&mut esam).unwrap().info.state, State::Formal);
        // What he may have is the MAC the specification says.
        let right = seal::bound_mac(&bench.master, &CHALLENGE, &ACTIVATE, &ALLOWED);
        assert_eq!(bench.seal(0x51, CHALLENGE, ALLOWED).data, right);
    }
}

/// Every form of SEAL ACTIVATION an operator can ask for, over all P1: one is his.
#[test]
fn the_operators_pin_alone_seals_one_thing() {
    let mut bench = Bench::new(Suite::TripleDes);
    let mut sealed = Vec::new();
    for p1 in 0..=0xFF {
        for state in 0..=3 {
            for version in [0, 1, 2, 0xFF] {
                for forfeit in [0, 1, 0xFF] {
                    let body = [state, version, 0, 0, 0, forfeit];
                    let answer = bench.seal(p1, CHALLENGE, body);
                    assert_eq!(answer.data.is_empty(), answer.sw != Sw::OK);
                    if answer.sw == Sw::OK {
                        sealed.push((p1, body));
                    }
                }
            }
        }
    }
    assert_eq!(sealed, [(0x51, ALLOWED)]);
}

/// With both PINs: a list of revoked cards is authentic under the ESAM's own formal master and no other of its masters.
#[test]
fn a_list_is_authentic_under_the_master_in_use_alone() {
    let mut bench = Bench::new(Suite::TripleDes);
    let officer = crate::world::officer();
    Fmcos::new(&mut bench.office.formal[0]).verify_pin(OFFICER_PIN.id, officer.expose()).unwrap();
    let data = [&bench.identity()[..], &[0x5A; 32]].concat();
    for nibble in 0..=0x0F {
        let sealed = bench.issuing(0x5A, 0x50 | nibble, 0, &data).sw.is_ok();
        assert_eq!(sealed, nibble == 1, "P1 {:02X}", 0x50 | nibble);
    }
}

/// A key that was exported for one place goes to no other, however its challenge was bent.
#[test]
fn no_bent_challenge_moves_a_staged_key() {
    let suite = Suite::TripleDes;
    let mut bench = Bench::new(suite);
    let mut esam = bench.proved();
    let row = |role: u8| Recipient::Card(CardKind::Esam).key(role).unwrap();
    bench.stage_master(&mut esam);
    for (role, to) in [(4, 5), (4, 7), (5, 4), (7, 4), (2, 3), (4, 0), (0, 4)] {
        let (header, other) = (headers::stage(row(role), suite), headers::stage(row(to), suite));
        let mut bend = [0; 8];
        for (bend, (a, b)) in bend.iter_mut().zip(header.iter().zip(other)) {
            *bend = a ^ b;
        }
        let challenge = Fmcos::new(&mut esam).challenge8().unwrap();
        let field = bench.export(role, header, xor(challenge, bend));
        assert_eq!(send(&mut esam, other, &field), Sw::tries_left(2), "{role} as {to}");
        bench.prove(&mut esam);
        // And the right one is taken.
        let challenge = Fmcos::new(&mut esam).challenge8().unwrap();
        let field = bench.export(role, header, challenge);
        assert_eq!(send(&mut esam, header, &field), Sw::OK, "{role}");
    }
}

/// AUTHENTICATE TARGET enciphers any block under M. What can be made of its answers is no MAC, no use key, and no part of an
/// exported key.
#[test]
fn authenticate_target_is_no_oracle_for_macs_and_keys() {
    for suite in Suite::ALL {
        let mut bench = Bench::new(suite);
        let use_keys = Use::ALL.map(|to| use_key(&bench.master, to));
        let mac_key = use_key(&bench.master, Use::Mac);
        // The answers are what the specification says they are: one block under M, challenge and zeros.
        assert_eq!(bench.oracle(CHALLENGE), seal::cryptogram(&bench.master, &CHALLENGE));
        for block in single_bits().chain([[0; 8], CHALLENGE, [0x80, 0, 0, 0, 0, 0, 0, 0]]) {
            let answer = bench.oracle(block);
            let not = bench.oracle(block.map(|byte| !byte));
            // PBOC's child and every half of it; CMAC's first blocks; the answer as a key.
            let child = [&answer[..8], &not[..8]].concat();
            let whole = if answer.len() == 16 { answer.clone() } else { [&answer[..], &answer].concat() };
            for key in &use_keys {
                assert_ne!(key.expose(), child);
                assert_ne!(key.expose(), whole);
                assert!(key.expose().chunks(8).all(|half| half != &answer[..8]));
            }
        }
        // A MAC chained block by block through the oracle, as far as the oracle goes.
        let message = [&CHALLENGE[..], &ACTIVATE, &REFUSED[0]].concat();
        let mut state = [0; 8];
        for part in message.chunks(8) {
            let mut block = [0; 8];
            block[..part.len()].copy_from_slice(part);
            if part.len() < 8 {
                block[part.len()] = 0x80;
            }
            state = bench.oracle(xor(state, block))[..8].try_into().unwrap();
        }
        let right = mac::bound(&mac_key, &CHALLENGE, &ACTIVATE, &REFUSED[0]);
        assert_ne!(state[..4], right[..4]);
        assert_ne!(mac::session(&bench.master, &CHALLENGE, &[&ACTIVATE, &REFUSED[0]]), right[..4]);
        assert_ne!(mac::cmac8(&bench.master, &[&message]), right);
        // The first block of a staged key's field: LD, head and, with 8-byte blocks, two bytes of the key.
        let row = Recipient::Card(CardKind::Esam).key(4).unwrap();
        let header = headers::stage(row, suite);
        let field = bench.export(4, header, CHALLENGE);
        let kic = bench.office.roots.city(region()).meter(Role::Kic, number(42));
        let mut first = [0x15, 0, 0, 0, 0, 0, 0, 0];
        first[1..6].copy_from_slice(&row.header(1));
        first[6..].copy_from_slice(&kic.expose()[..2]);
        assert_ne!(bench.oracle(first)[..8], field[..8], "{}: two bytes of a key are told", suite.name());
        let plain = [&row.header(1)[..], kic.expose()].concat();
        assert_eq!(field, seal::bound(&bench.master, &CHALLENGE, &header, &plain));
    }
}

/// Three wrong MACs, of whichever command of our own making, and no master key opens the card any more.
#[test]
fn guessing_ends() {
    for suite in Suite::ALL {
        let mut bench = Bench::new(suite);
        let mut esam = bench.proved();
        let stage = headers::stage(&ESAM_KEYS[0], suite);
        let wrong_stage = Command::new(stage[0], stage[1], stage[2], stage[3]);
        for (tries, which) in [(2, 0), (1, 1), (0, 0)] {
            Fmcos::new(&mut esam).challenge8().unwrap();
            let sw = match which {
                0 => activate(&mut esam, REFUSED[0], &[0; 4]),
                _ => {
                    let field = vec![0; usize::from(stage[4])];
                    Fmcos::new(&mut esam).ask("STAGE KEY", &wrong_stage.clone().data(&field)).unwrap().sw
                }
            };
            assert_eq!(sw, Sw::tries_left(tries));
            assert_eq!(Fmcos::new(&mut esam).tries_left(0x39, 0).unwrap(), Some(tries));
        }
        let challenge = Fmcos::new(&mut esam).challenge8().unwrap();
        let right = seal::bound_mac(&bench.master, &challenge, &ACTIVATE, &REFUSED[0]);
        assert_eq!(activate(&mut esam, REFUSED[0], &right), Sw::BLOCKED);
        let challenge = Fmcos::new(&mut esam).challenge8().unwrap();
        let cryptogram = bench.oracle(challenge);
        let refused = Fmcos::new(&mut esam).external_authenticate(0, &cryptogram).unwrap_err();
        assert_eq!(refused.sw(), Some(Sw::BLOCKED));
    }
}

/// Whoever may authenticate has his tries back between two guesses; a card takes 255 wrong MACs in its life all the same.
#[test]
fn guessing_ends_for_whoever_can_authenticate_too() {
    let mut bench = Bench::new(Suite::Aes128);
    let mut esam = bench.proved();
    for guess in 0..255_u32 {
        Fmcos::new(&mut esam).challenge8().unwrap();
        let sw = activate(&mut esam, REFUSED[0], &guess.to_be_bytes());
        assert_eq!(sw, Sw::tries_left(2), "guess {guess}");
        bench.prove(&mut esam);
    }
    let challenge = Fmcos::new(&mut esam).challenge8().unwrap();
    let right = seal::bound_mac(&bench.master, &challenge, &ACTIVATE, &REFUSED[0]);
    assert_eq!(activate(&mut esam, REFUSED[0], &right), Sw::BLOCKED);
    // The meter goes on: its master key is whole, and its keys are as they were.
    bench.prove(&mut esam);
    assert_eq!(life::look(&mut esam).unwrap().info.state, State::Formal);
}

/// A challenge of 4 bytes opens nothing on a device of ours, and costs no try.
#[test]
fn a_short_challenge_opens_nothing() {
    let suite = Suite::TripleDes;
    let mut bench = Bench::new(suite);
    let mut esam = copy(&bench.esam);
    let ext_auth = bench.office.roots.city(region()).meter(Role::ExtAuth, number(42));
    for (id, key) in [(0, bench.master.clone()), (3, ext_auth)] {
        let mut fmcos = Fmcos::new(&mut esam);
        fmcos.reset().unwrap();
        let challenge = fmcos.challenge4().unwrap();
        let short = fmcos.external_authenticate(id, &seal::cryptogram(&key, &challenge)).unwrap_err();
        assert_eq!(short.sw(), Some(Sw::CONDITIONS), "key {id}");
        let challenge = fmcos.challenge8().unwrap();
        fmcos.external_authenticate(id, &seal::cryptogram(&key, &challenge)).unwrap();
    }
    assert_eq!(Fmcos::new(&mut esam).tries_left(0x39, 0).unwrap(), Some(3));
    bench.prove(&mut esam);
    Fmcos::new(&mut esam).challenge4().unwrap();
    assert_eq!(activate(&mut esam, ALLOWED, &[0; 4]), Sw::KEY_NOT_FOUND, "nothing is staged");
    Fmcos::new(&mut esam).challenge4().unwrap();
    assert_eq!(activate(&mut esam, REFUSED[0], &[0; 4]), Sw::CONDITIONS);
    assert_eq!(Fmcos::new(&mut esam).tries_left(0x39, 0).unwrap(), Some(3));
    // Issuing cards too.
    let mut card = copy(&bench.office.formal[0]);
    let own = bench.office.roots.own_master(CardKind::EsamIssuing, number(11));
    let mut fmcos = Fmcos::new(&mut card);
    fmcos.reset().unwrap();
    let challenge = fmcos.challenge4().unwrap();
    let short = fmcos.external_authenticate(0, &seal::cryptogram(&own, &challenge)).unwrap_err();
    assert_eq!(short.sw(), Some(Sw::CONDITIONS));
    let challenge = fmcos.challenge8().unwrap();
    fmcos.external_authenticate(0, &seal::cryptogram(&own, &challenge)).unwrap();
}

/// What operators give up is said in fen by the one who seals it: the amounts of a body are its last four bytes.
#[test]
fn a_body_is_what_the_host_says() {
    let activation = Activation { state: State::Formal, version: 1, forfeit: Fen(0) };
    assert_eq!(activation.to_bytes(), ALLOWED);
    let retired = Activation { state: State::Retired, version: 0, forfeit: Fen(0) };
    assert_eq!(retired.to_bytes(), REFUSED[0]);
}
