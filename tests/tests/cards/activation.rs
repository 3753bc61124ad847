//! Keys that are staged in an ESAM, and the command that puts them into force [docs/specs/cards.md 10]: what is bent, half, out of
//! order or not the supervisor's is refused, and changes nothing.

use crate::office::Office;
use crate::world::{number, pin, user_area};
use issue::headers;
use issue::life::{self, Leave, LifeChange};
use issue::source::{Activation, Current, KeySource, Target};
use keys::Suite;
use reader::driver::fmcos::Fmcos;
use scheme::money::Fen;
use scheme::profile::{CardKind, ESAM_KEYS, KeyRow, OFFICER_PIN, Recipient, State};
use vcard::Slot;
use wire::{Channel, Command, Sw};

/// Header of STAGE KEY on the way from test to formal: the own master comes under the key the chip was born with.
fn header(row: &KeyRow, suite: Suite) -> [u8; 5] {
    if row.role == 0 { headers::stage_formal(suite) } else { headers::stage(row, suite) }
}

/// The user area but for the tries of the own master, and the count of wrong MACs, which a refusal may change.
fn but_for_counts(card: &Slot) -> Vec<u8> {
    let mut area = user_area(card);
    let record = [0x01, 0xF9, 0x00, 0xF0, 0xFA, 0xAA];
    let at = area.windows(record.len()).position(|window| window == record).unwrap();
    // The record's retry counter, and byte 8 of the KEY file's 11-byte header before it.
    area[at + 6] = 0;
    area[at - 3] = 0;
    area
}

/// An ESAM that has its whole next key set staged, and waits for ACTIVATE KEYS.
struct Staged {
    office: Office,
    esam: Slot,
    target: Target,
}

impl Staged {
    /// From test to formal, version 1; `keys` of the set are staged.
    fn new(suite: Suite, keys: usize) -> Self {
        let mut office = Office::new(suite);
        let mut esam = office.esam(number(42));
        let target = Target {
            recipient: Recipient::Card(CardKind::Esam),
            master: Current::Own,
            test_keys: false,
            version: None,
            serial: life::look(&mut esam).unwrap().serial.0,
            number: number(42).0,
            region: crate::world::region().0,
        };
        let mut staged = Staged { office, esam, target };
        staged.stage_first(keys);
        staged
    }

    /// Stages the first so many keys of formal version 1.
    fn stage_first(&mut self, keys: usize) {
        self.authenticate();
        for row in ESAM_KEYS.iter().take(keys) {
            let field = self.field(row.role);
            assert_eq!(self.stage(header(row, self.office.suite), &field), Sw::OK);
        }
    }

    fn authenticate(&mut self) {
        let mut fmcos = Fmcos::new(&mut self.esam);
        fmcos.reset().unwrap();
        let challenge = fmcos.challenge8().unwrap();
        let proof = Target { master: Current::Test(1), ..self.target };
        let cryptogram = self.office.source(Some(1)).authenticate_target(&proof, challenge).unwrap();
        Fmcos::new(&mut self.esam).external_authenticate(0, &cryptogram).unwrap();
    }

    fn challenge(&mut self) -> [u8; 8] {
        Fmcos::new(&mut self.esam).challenge8().unwrap()
    }

    /// The field of a role's STAGE KEY for a new challenge.
    fn field(&mut self, role: u8) -> Vec<u8> {
        let row = Recipient::Card(CardKind::Esam).key(role).unwrap();
        let challenge = self.challenge();
        let target = if role == 0 { Target { master: Current::Test(1), ..self.target } } else { self.target };
        let header = header(row, self.office.suite);
        self.office.source(Some(1)).export_key(&target, role, challenge, header).unwrap()
    }

    fn stage(&mut self, header: [u8; 5], field: &[u8]) -> Sw {
        let [cla, ins, p1, p2, _] = header;
        let command = Command::new(cla, ins, p1, p2).data(field);
        Fmcos::new(&mut self.esam).ask("STAGE KEY", &command).unwrap().sw
    }

    /// ACTIVATE KEYS, with the MAC made by the software store, which counts nothing and asks no officer.
    fn activate(&mut self, activation: Activation, flip: Option<usize>) -> Sw {
        let challenge = self.challenge();
        let master = self.office.roots.city(crate::world::region()).meter(keys::Role::Master, number(42));
        let body = activation.to_bytes();
        let mac = keys::seal::bound_mac(&master, &challenge, &[0x84, 0x4A, 0, 0, 0x0A], &body);
        let mut data = [&body[..], &mac].concat();
        if let Some(bit) = flip {
            data[bit / 8] ^= 0x80 >> (bit % 8);
        }
        Fmcos::new(&mut self.esam)
            .ask("ACTIVATE KEYS", &Command::new(0x84, 0x4A, 0, 0).data(&data))
            .unwrap()
            .sw
    }

    /// A refusal that changes nothing in the card.
    fn unchanged(&mut self, wanted: Sw, what: &str, act: impl FnOnce(&mut Self) -> Sw) {
        let before = user_area(&self.esam);
        assert_eq!(act(self), wanted, "{what}");
        assert!(user_area(&self.esam) == before, "{what}: the card changed");
    }

    /// A wrong MAC: it spends a try and changes nothing else; then the master is proved again.
    fn spends(&mut self, what: &str, act: impl FnOnce(&mut Self) -> Sw) {
        let before = but_for_counts(&self.esam);
        assert_eq!(act(self), Sw::tries_left(2), "{what}");
        assert!(but_for_counts(&self.esam) == before, "{what}: the card changed");
        assert_eq!(Fmcos::new(&mut self.esam).tries_left(0x39, 0).unwrap(), Some(2), "{what}");
        self.authenticate();
    }
}

const FORMAL: Activation = Activation { state: State::Formal, version: 1, forfeit: Fen(0) };

#[test]
fn every_flipped_bit_and_every_wrong_order_of_an_activation_is_refused() {
    for suite in Suite::ALL {
        let mut card = Staged::new(suite, ESAM_KEYS.len());
        for bit in 0..80 {
            let what = format!("bit {bit}");
            match bit {
                // A state byte that stands for none is seen before the MAC.
                0..=6 => card.unchanged(Sw::WRONG_DATA, &what, |card| card.activate(FORMAL, Some(bit))),
                _ => card.spends(&what, |card| card.activate(FORMAL, Some(bit))),
            }
        }
        card.unchanged(Sw::PURSE_NOT_EMPTY, "money that is not there", |card| {
            card.activate(Activation { forfeit: Fen(1), ..FORMAL }, None)
        });
        card.unchanged(Sw::KEYS_INCOMPLETE, "keys of another version", |card| {
            card.activate(Activation { version: 2, ..FORMAL }, None)
        });
        card.unchanged(Sw::VERSION_NOT_HIGHER, "test keys of the version there is", |card| {
            card.activate(Activation { state: State::Test, ..FORMAL }, None)
        });
        // Without the challenge just before, and without the master's state.
        card.unchanged(Sw::CONDITIONS, "no challenge", |card| {
            let command = Command::new(0x84, 0x4A, 0, 0).data(&[1; 10]);
            Fmcos::new(&mut card.esam).ask("ACTIVATE KEYS", &command).unwrap().sw
        });
        card.esam.reset().unwrap();
        card.unchanged(Sw::NOT_ALLOWED, "nothing proved", |card| card.activate(FORMAL, None));
        card.authenticate();
        assert_eq!(card.activate(FORMAL, None), Sw::OK, "what was staged before the reset is still there");
        card.unchanged(Sw::KEY_NOT_FOUND, "a replay: nothing is staged", |card| card.activate(FORMAL, None));
    }
}

/// Formal keys of a version that went are not taken again, whoever seals them: what was learned of them stays useless.
#[test]
fn a_formal_version_comes_once_in_a_life() {
    let mut card = Staged::new(Suite::TripleDes, ESAM_KEYS.len());
    assert_eq!(card.activate(FORMAL, None), Sw::OK);
    card.office.pass(&mut card.esam, LifeChange::Test, Some(1), Leave::default());
    card.stage_first(ESAM_KEYS.len());
    card.unchanged(Sw::VERSION_NOT_HIGHER, "the version it had", |card| card.activate(FORMAL, None));
}

#[test]
fn half_a_key_set_is_never_activated() {
    for keys in 0..ESAM_KEYS.len() {
        let mut card = Staged::new(Suite::TripleDes, keys);
        let wanted = if keys == 0 { Sw::KEY_NOT_FOUND } else { Sw::KEYS_INCOMPLETE };
        card.unchanged(wanted, &format!("{keys} keys"), |card| card.activate(FORMAL, None));
    }
}

#[test]
fn a_staged_key_serves_one_place_and_one_challenge() {
    let suite = Suite::TripleDes;
    let mut card = Staged::new(suite, 1);
    let row = |role: u8| Recipient::Card(CardKind::Esam).key(role).unwrap();
    let header = |role: u8| headers::stage(row(role), suite);
    for bit in 0..usize::from(header(4)[4]) * 8 {
        let mut field = card.field(4);
        field[bit / 8] ^= 0x80 >> (bit % 8);
        card.spends(&format!("bit {bit}"), |card| card.stage(header(4), &field));
    }
    let kic = card.field(4);
    card.spends("kic in the place of kid", |card| card.stage(header(5), &kic));
    let kic = card.field(4);
    assert_eq!(card.stage(header(4), &kic), Sw::OK);
    card.unchanged(Sw::CONDITIONS, "a replay at once", |card| card.stage(header(4), &kic));
    card.challenge();
    card.spends("a replay with a new challenge", |card| card.stage(header(4), &kic));
    // tac and param share an id; each goes to its own place, which stands inside the field.
    let tac = card.field(8);
    assert_eq!(card.stage(header(6), &tac), Sw::OK, "P1 P2 are the same");
    let master = card.field(0);
    card.spends("the master as another key", |card| card.stage(header(8), &master));
    // While something is staged nothing is added.
    let plain =
        Command::new(0x80, 0xD4, 0x01, 0x09).data(&[&[0x35, 0xF0, 0xFA, 1, 0][..], &[7; 16]].concat());
    card.unchanged(Sw::CONDITIONS, "adding", |card| {
        Fmcos::new(&mut card.esam).ask("WRITE KEY", &plain).unwrap().sw
    });
    // The state byte is the card's own affair.
    let info = life::look(&mut card.esam).unwrap().info;
    card.authenticate();
    let bytes = scheme::profile::CardInfo { state: State::Formal, ..info }.to_bytes();
    card.unchanged(Sw::CONDITIONS, "card information", |card| {
        Fmcos::new(&mut card.esam).ask("UPDATE", &Command::new(0, 0xD6, 0x95, 0).data(&bytes)).unwrap().sw
    });
}

/// What takes a meter out of its keys needs the supervisor; so does giving up money.
#[test]
fn the_supervisor_is_asked() {
    let mut office = Office::new(Suite::TripleDes);
    let card = &mut office.formal[0];
    card.reset().unwrap();
    let target = Target {
        recipient: Recipient::Card(CardKind::Esam),
        master: Current::Own,
        test_keys: false,
        version: None,
        serial: [1; 8],
        number: number(42).0,
        region: crate::world::region().0,
    };
    let challenge = [5; 8];
    let back = Target { master: Current::Test(1), test_keys: true, ..target };
    let to_test = Activation { state: State::Test, version: 1, forfeit: Fen(0) };
    let retired = Activation { state: State::Retired, version: 0, forfeit: Fen(0) };
    let ask = |card: &mut Slot, supervised: bool| {
        let mut issuing = reader::driver::issuing::IssuingCard::new(card);
        let sw = |answer: Result<(), reader::CardError>| answer.err().and_then(|error| error.sw());
        let stage = headers::stage(&ESAM_KEYS[0], Suite::TripleDes);
        let out = Target { test_keys: true, ..target };
        let wanted = (!supervised).then_some(Sw::NOT_ALLOWED);
        assert_eq!(sw(issuing.export_key(&out, 0, challenge, stage).map(drop)), wanted);
        assert_eq!(sw(issuing.seal_activation(&back, challenge, to_test).map(drop)), wanted);
        assert_eq!(sw(issuing.seal_activation(&target, challenge, retired).map(drop)), wanted);
        assert_eq!(sw(issuing.seal_activation(&target, challenge, FORMAL).map(drop)), None);
    };
    // The second PIN is no good before the first, and costs no try.
    let early = Fmcos::new(card).verify_pin(OFFICER_PIN.id, crate::world::officer().expose()).unwrap_err();
    assert_eq!(early.sw(), Some(Sw::NOT_ALLOWED));
    assert_eq!(Fmcos::new(card).tries_left(0x3A, OFFICER_PIN.id).unwrap(), Some(3));
    Fmcos::new(card).verify_pin(0, pin().expose()).unwrap();
    ask(card, false);
    Fmcos::new(card).verify_pin(OFFICER_PIN.id, crate::world::officer().expose()).unwrap();
    ask(card, true);
}
