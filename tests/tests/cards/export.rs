//! EXPORT KEY, AUTHENTICATE TARGET and WRITE KEY between real cards [docs/specs/cards.md 7].

use crate::world::{Province, blank, copy, number, open, pin, plan, region, serial, user_area};
use issue::headers;
use issue::keyset::Roots;
use issue::plan::Master;
use issue::source::{CardSource, Current, KeySource, SoftSource, Target};
use keys::{Role, Suite};
use reader::driver::fmcos::Fmcos;
use reader::driver::issuing::IssuingCard;
use scheme::numbers::Serial;
use scheme::profile::{CardKind, Recipient};
use vcard::Slot;
use wire::{Channel, Command, Response, Sw};

const CHALLENGE: [u8; 8] = [0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 0x07, 0x18];

/// The city that is not ours.
const ELSEWHERE: [u8; 4] = [0x33, 0x03, 0, 0];

fn target(recipient: Recipient, own_master: bool) -> Target {
    let number = number(42);
    let serial = if recipient == Recipient::Mcu { number.as_mcu_serial() } else { serial("target") };
    let master = if own_master { Current::Own } else { Current::Transport };
    let region = region().0;
    Target { recipient, master, test_keys: false, version: None, serial: serial.0, number: number.0, region }
}

/// Who makes whom.
fn makers(province: &mut Province) -> [(&mut Slot, SoftSource, Vec<Recipient>); 4] {
    let roots = Roots::test(province.suite);
    let city = || SoftSource::city(roots.city(region()));
    let card = Recipient::Card;
    [
        (
            &mut province.main,
            SoftSource::province(roots.clone()),
            vec![card(CardKind::PsamIssuing), card(CardKind::EsamIssuing), card(CardKind::TestIssuing)],
        ),
        (&mut province.psam_issuing, city(), vec![card(CardKind::Psam), card(CardKind::UserCard)]),
        (
            &mut province.esam_issuing,
            city(),
            vec![card(CardKind::Esam), card(CardKind::ProductionCard), Recipient::Mcu],
        ),
        (&mut province.test_issuing, city(), vec![card(CardKind::TestCard)]),
    ]
}

#[test]
fn each_answer_is_byte_for_byte_that_of_the_software_store() {
    let mut compared = 0;
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        for (card, mut soft, recipients) in makers(&mut province) {
            let kind = card.kind();
            let mut hard = open(card, kind);
            for recipient in recipients {
                for own_master in [false, true] {
                    if recipient == Recipient::Mcu && own_master {
                        continue;
                    }
                    let target = target(recipient, own_master);
                    let challenge = if recipient == Recipient::Mcu { target.serial } else { CHALLENGE };
                    for row in recipient.keys() {
                        for header in [headers::add(row, suite), headers::change(row, suite)] {
                            let answer = hard.export_key(&target, row.role, challenge, header);
                            let wanted = soft.export_key(&target, row.role, challenge, header);
                            if !own_master && row.role != 0 && recipient != Recipient::Mcu {
                                // Nothing but the own master leaves under the transport key.
                                assert!(answer.is_err() && wanted.is_err(), "{recipient:?} {row:?}");
                                continue;
                            }
                            assert_eq!(
                                answer.unwrap(),
                                wanted.unwrap(),
                                "{} {recipient:?} {row:?}",
                                suite.name()
                            );
                            compared += 1;
                        }
                    }
                    if recipient != Recipient::Mcu {
                        let answer = hard.authenticate_target(&target, challenge).unwrap();
                        assert_eq!(answer, soft.authenticate_target(&target, challenge).unwrap());
                    }
                }
            }
        }
    }
    // With both headers: two issuing cards of 10 keys and one of 11, PSAM and test card of 4, a user card of 2, a production card of 1, an
    // ESAM of 8 under their own masters, the own master of the 8 under the transport key, an MCU of 2.
    assert_eq!(compared, 3 * 2 * (31 + 8 + 2 + 1 + 8 + 8 + 2));
}

/// An ESAM under its own master key, files made, keys still to come; authenticated.
struct Victim {
    card: Slot,
    target: Target,
}

impl Victim {
    /// Breaks the issuing off right after the own master: the first key is role 02, then 03 and so on.
    fn new(province: &mut Province) -> Self {
        let suite = province.suite;
        let mut card = blank(CardKind::Esam, suite, "victim");
        let plan = plan(CardKind::Esam, suite, number(42), None);
        let mut source = CardSource::open(IssuingCard::new(&mut province.esam_issuing), &pin()).unwrap();
        let mut stop = StopAfterOwnMaster;
        let session = issue::card::Personalisation::probe(&plan, &mut card, None).unwrap();
        session.run(&mut source, None, Master::Transport, &mut stop).unwrap_err();
        let target = plan.target(serial("victim"), Master::Own);
        let mut victim = Victim { card, target };
        victim.authenticate(&mut source);
        victim
    }

    fn authenticate(&mut self, source: &mut dyn KeySource) {
        let mut fmcos = Fmcos::new(&mut self.card);
        fmcos.reset().unwrap();
        let challenge = fmcos.challenge8().unwrap();
        let cryptogram = source.authenticate_target(&self.target, challenge).unwrap();
        fmcos.external_authenticate(0, &cryptogram).unwrap();
    }

    fn challenge(&mut self) -> [u8; 8] {
        Fmcos::new(&mut self.card).challenge8().unwrap()
    }

    /// WRITE KEY with any header and field; gives the status word.
    fn write(&mut self, header: [u8; 5], field: &[u8]) -> Sw {
        let [cla, ins, p1, p2, _] = header;
        let command = Command::new(cla, ins, p1, p2).data(field);
        Fmcos::new(&mut self.card).ask("WRITE KEY", &command).unwrap().sw
    }

    /// WRITE KEY that must be refused with `wanted` and change nothing on the card.
    fn refuses(&mut self, header: [u8; 5], field: &[u8], wanted: Sw, what: &str) {
        let before = user_area(&self.card);
        assert_eq!(self.write(header, field), wanted, "{what}");
        assert!(user_area(&self.card) == before, "{what}: the card changed");
    }
}

struct StopAfterOwnMaster;

impl issue::card::Observer for StopAfterOwnMaster {
    fn own_master(&mut self) -> Result<(), issue::card::NotNoted> {
        let stop = office::journal::JournalError::NoIntent { serial: Serial([0; 8]) };
        Err(issue::card::NotNoted(Box::new(stop)))
    }
}

fn source(card: &mut Slot) -> CardSource<'_> {
    CardSource::open(IssuingCard::new(card), &pin()).unwrap()
}

#[test]
fn a_field_serves_one_card_one_challenge_one_key() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let mut victim = Victim::new(&mut province);
        let mut source = source(&mut province.esam_issuing);
        let target = victim.target;
        let row = |role: u8| Recipient::Card(CardKind::Esam).key(role).unwrap();
        let header = |role: u8| headers::add(row(role), suite);
        let mut made = |target: &Target, role: u8, challenge| {
            source.export_key(target, role, challenge, header(role)).unwrap()
        };

        // Two fields made in order and sent in the other: each waits for its own challenge.
        let first = victim.challenge();
        let kic = made(&target, 4, first);
        let second = victim.challenge();
        let kid = made(&target, 5, second);
        victim.refuses(header(4), &kic, Sw::MAC_WRONG, "the older of two fields");
        victim.refuses(header(5), &kid, Sw::CONDITIONS, "a field without a challenge just before");

        // One field under the header of another key.
        let challenge = victim.challenge();
        let kic = made(&target, 4, challenge);
        victim.refuses(header(5), &kic, Sw::MAC_WRONG, "kic in the place of kid");

        // A field for another chip, for another meter, for the transport state.
        for (wrong, what) in [
            (Target { master: Current::Transport, serial: [9; 8], ..target }, "another chip's transport key"),
            (Target { number: number(43).0, ..target }, "another meter's master"),
            (Target { master: Current::Transport, ..target }, "the transport key that is gone"),
        ] {
            let challenge = victim.challenge();
            // Under the transport key the own master is all there is.
            let role = if wrong.master == Current::Own { 4 } else { 0 };
            let field = made(&wrong, role, challenge);
            victim.refuses(header(4), &field, Sw::MAC_WRONG, what);
        }

        // The right field is taken once.
        let challenge = victim.challenge();
        let kic = made(&target, 4, challenge);
        assert_eq!(victim.write(header(4), &kic), Sw::OK);
        victim.refuses(header(4), &kic, Sw::CONDITIONS, "a replay at once");
        victim.challenge();
        victim.refuses(header(4), &kic, Sw::MAC_WRONG, "a replay with a new challenge");
        let challenge = victim.challenge();
        let again = made(&target, 4, challenge);
        victim.refuses(header(4), &again, Sw::WRONG_P1P2, "adding a key that is there");
    }
}

#[test]
fn every_flipped_bit_of_a_field_or_its_header_is_refused() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let mut victim = Victim::new(&mut province);
        let mut source = source(&mut province.esam_issuing);
        let header = headers::add(Recipient::Card(CardKind::Esam).key(8).unwrap(), suite);
        let bits = usize::from(header[4]) * 8;
        for bit in 0..bits {
            let challenge = victim.challenge();
            let mut field = source.export_key(&victim.target, 8, challenge, header).unwrap();
            field[bit / 8] ^= 0x80 >> (bit % 8);
            victim.refuses(header, &field, Sw::MAC_WRONG, &format!("{} bit {bit}", suite.name()));
        }
        // P1 and P2; a class or instruction changed is another command, and Lc is the field's length.
        for bit in 0..16 {
            let challenge = victim.challenge();
            let field = source.export_key(&victim.target, 8, challenge, header).unwrap();
            let mut flipped = header;
            flipped[2 + bit / 8] ^= 0x80 >> (bit % 8);
            // A P1 that does not add (01, or 00 to a SAM) looks for a key to change, and there is none.
            let wanted = if flipped[2] > 1 { Sw::KEY_NOT_FOUND } else { Sw::MAC_WRONG };
            victim.refuses(flipped, &field, wanted, &format!("header bit {bit}"));
        }
        // A field cut or lengthened by a byte or a block.
        for cut in [1, suite.block()] {
            let challenge = victim.challenge();
            let field = source.export_key(&victim.target, 8, challenge, header).unwrap();
            victim.refuses(header, &field[..field.len() - cut], Sw::MAC_WRONG, "a field cut short");
            victim.challenge();
            let longer = [&field[..], &vec![0; cut]].concat();
            victim.refuses(header, &longer, Sw::MAC_WRONG, "a field too long");
        }
    }
}

/// EXPORT KEY or AUTHENTICATE TARGET as bytes.
fn applet(card: &mut Slot, ins: u8, p1: u8, p2: u8, data: &[u8]) -> Response {
    Fmcos::new(card).ask("applet command", &Command::new(0x80, ins, p1, p2).data(data)).unwrap()
}

fn identity(target: &Target) -> Vec<u8> {
    [&target.serial[..], &target.number, &target.region].concat()
}

fn export_data(target: &Target, header: [u8; 5]) -> Vec<u8> {
    let challenge = if target.recipient == Recipient::Mcu { target.serial } else { CHALLENGE };
    [&challenge[..], &header, &identity(target)].concat()
}

fn authenticate_data(target: &Target) -> Vec<u8> {
    [&CHALLENGE[..], &identity(target)].concat()
}

#[test]
fn a_source_makes_its_own_kinds_only_and_only_with_the_pin() {
    let suite = Suite::TripleDes;
    let mut province = Province::new(suite);
    for (card, _, recipients) in makers(&mut province) {
        let first = target(recipients[0], true);
        let row = recipients[0].key(0).unwrap();
        let (export, authenticate) =
            (export_data(&first, headers::add(row, suite)), authenticate_data(&first));
        let p1 = recipients[0].code() << 4 | 1;
        card.reset().unwrap();
        assert_eq!(applet(card, 0x44, p1, 0, &export).sw, Sw::NOT_ALLOWED);
        assert_eq!(applet(card, 0x46, p1, 0, &authenticate).sw, Sw::NOT_ALLOWED);
        let wrong = Fmcos::new(card).verify_pin(0, &[0x65, 0x43, 0x21]).unwrap_err();
        assert_eq!(wrong.tries_left(), Some(2));
        assert_eq!(applet(card, 0x44, p1, 0, &export).sw, Sw::NOT_ALLOWED);

        verify_all(card);
        for p1 in 0..=0xFF {
            let named = recipients.iter().any(|recipient| recipient.code() == p1 >> 4);
            let mcu = p1 >> 4 == 0x0F;
            let allowed = named && p1 & 0x0F <= u8::from(!mcu);
            let sw = applet(card, 0x46, p1, 0, &authenticate).sw;
            if p1 == 0x52 && named {
                // An earlier version is reached by a card that holds its master; this one is of the first.
                assert_eq!(sw, Sw::KEY_NOT_FOUND);
                assert_eq!(applet(card, 0x44, p1, 0, &export).sw, Sw::KEY_NOT_FOUND);
                continue;
            }
            assert_eq!(sw == Sw::OK, allowed && !mcu, "AUTHENTICATE TARGET {p1:02X}: {sw}");
            let sw = applet(card, 0x44, p1, 0, &export).sw;
            match (allowed, mcu) {
                (false, _) => assert_eq!(sw, Sw::WRONG_P1P2, "EXPORT KEY {p1:02X}"),
                // An MCU takes no master key, and the target named here is no MCU.
                (true, true) => assert!(matches!(sw, Sw::KEY_NOT_FOUND | Sw::WRONG_DATA), "{sw}"),
                (true, false) => assert_eq!(sw, Sw::OK, "EXPORT KEY {p1:02X}"),
            }
        }
        for role in (0..=0xFF).filter(|role| recipients[0].key(*role).is_none()) {
            assert_eq!(applet(card, 0x44, p1, role, &export).sw, Sw::KEY_NOT_FOUND, "role {role:02X}");
        }
        assert_eq!(applet(card, 0x44, p1, 0, &export[1..]).sw, Sw::WRONG_LENGTH);
        assert_eq!(applet(card, 0x46, p1, 1, &authenticate).sw, Sw::WRONG_P1P2);
        card.reset().unwrap();
        assert_eq!(applet(card, 0x44, p1, 0, &export).sw, Sw::NOT_ALLOWED, "the PIN dies at reset");
    }
}

/// SEAL LIMIT serves the finished cards that have a limit: issuing cards without more, a PSAM with its statement.
#[test]
fn limits_are_sealed_for_the_cards_that_have_one() {
    let mut province = Province::new(Suite::TripleDes);
    for (card, _, recipients) in makers(&mut province) {
        card.reset().unwrap();
        verify_all(card);
        for recipient in recipients {
            for own in [false, true] {
                let target = target(recipient, own);
                let bare = [&CHALLENGE[..], &identity(&target), &[0; 12]].concat();
                let more = [&bare[..], &[0; 4]].concat();
                let wanted = match recipient {
                    Recipient::Card(kind) if own && kind.is_city_issuing() => (Sw::OK, Sw::WRONG_LENGTH),
                    Recipient::Card(CardKind::Psam) if own => (Sw::WRONG_LENGTH, Sw::WRONG_LENGTH),
                    _ => (Sw::WRONG_P1P2, Sw::WRONG_P1P2),
                };
                let p1 = recipient.code() << 4 | u8::from(own);
                let found = (applet(card, 0x3A, p1, 0, &bare).sw, applet(card, 0x3A, p1, 0, &more).sw);
                assert_eq!(found, wanted, "{p1:02X}");
            }
        }
    }
}

/// MAC LIST serves finished cards alone: under a transport key a list would be believed by whoever knows that key.
#[test]
fn lists_are_authentic_under_own_masters_alone() {
    let mut province = Province::new(Suite::TripleDes);
    for (card, _, recipients) in makers(&mut province) {
        card.reset().unwrap();
        verify_all(card);
        for recipient in recipients {
            for own in [false, true] {
                let data = [&identity(&target(recipient, own))[..], &[0x5A; 32]].concat();
                let p1 = recipient.code() << 4 | u8::from(own);
                let answer = applet(card, 0x5A, p1, 0, &data);
                let wanted = if own && recipient != Recipient::Mcu { Sw::OK } else { Sw::WRONG_P1P2 };
                assert_eq!(
                    (answer.sw, answer.data.len()),
                    (wanted, if wanted.is_ok() { 8 } else { 0 }),
                    "{p1:02X}"
                );
            }
        }
    }
}

/// Every PIN the card has, in their order.
fn verify_all(card: &mut Slot) {
    let kind = card.kind();
    open(card, kind);
}

#[test]
fn a_city_serves_no_other_city() {
    let suite = Suite::Sm4;
    let mut province = Province::new(suite);
    for (card, _, recipients) in makers(&mut province).into_iter().skip(1) {
        card.reset().unwrap();
        Fmcos::new(card).verify_pin(0, pin().expose()).unwrap();
        for recipient in recipients {
            let elsewhere = Target { region: ELSEWHERE, ..target(recipient, false) };
            let row = recipient.keys().last().unwrap();
            let data = export_data(&elsewhere, headers::add(row, suite));
            let p1 = recipient.code() << 4;
            assert_eq!(applet(card, 0x44, p1, row.role, &data).sw, Sw::CONDITIONS);
            if recipient != Recipient::Mcu {
                assert_eq!(applet(card, 0x46, p1, 0, &authenticate_data(&elsewhere)).sw, Sw::CONDITIONS);
            }
        }
    }
}

#[test]
fn a_header_belongs_to_its_key() {
    for suite in [Suite::TripleDes, Suite::Aes128] {
        let mut province = Province::new(suite);
        for (card, _, recipients) in makers(&mut province) {
            card.reset().unwrap();
            verify_all(card);
            for recipient in recipients {
                // A card's keys go under its own master, an MCU's under its transport key.
                let own = recipient != Recipient::Mcu;
                let target = target(recipient, own);
                let p1 = recipient.code() << 4 | u8::from(own);
                for row in recipient.keys() {
                    let mut right = vec![headers::add(row, suite), headers::change(row, suite)];
                    if recipient == Recipient::Card(CardKind::Esam) {
                        right.push(headers::stage(row, suite));
                    }
                    let others = recipient
                        .keys()
                        .iter()
                        .flat_map(|other| [headers::add(other, suite), headers::change(other, suite)]);
                    let flipped = (0..40).map(|bit| {
                        let mut header = right[0];
                        header[bit / 8] ^= 0x80 >> (bit % 8);
                        header
                    });
                    for header in others.chain(flipped).filter(|header| !right.contains(header)) {
                        let data = export_data(&target, header);
                        let sw = applet(card, 0x44, p1, row.role, &data).sw;
                        assert_eq!(sw, Sw::WRONG_DATA, "{header:02X?} for {row:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_meter_mcu_is_named_by_its_number_alone() {
    let suite = Suite::Sm4;
    let mut province = Province::new(suite);
    let card = &mut province.esam_issuing;
    card.reset().unwrap();
    Fmcos::new(card).verify_pin(0, pin().expose()).unwrap();
    let target = target(Recipient::Mcu, false);
    let header = headers::add(Recipient::Mcu.key(2).unwrap(), suite);
    let right = export_data(&target, header);
    assert_eq!(applet(card, 0x44, 0xF0, 2, &right).sw, Sw::OK);
    for (at, what) in [(0, "another challenge"), (13, "another serial"), (26, "another number")] {
        let mut data = right.clone();
        data[at] ^= 1;
        assert_eq!(applet(card, 0x44, 0xF0, 2, &data).sw, Sw::WRONG_DATA, "{what}");
    }
    for role in [0, 1, 4, 5, 8, 9] {
        assert_eq!(applet(card, 0x44, 0xF0, role, &right).sw, Sw::KEY_NOT_FOUND, "role {role}");
    }
}

/// INTERNAL AUTHENTICATE reaches keys of types 30 to 32; a hierarchy key is of type 35, a TAC key of type 34.
#[test]
fn internal_authenticate_is_no_oracle() {
    let suite = Suite::Aes128;
    let mut province = Province::new(suite);
    let (mut esam, _) = province.meter(number(42), None);
    let probe = |card: &mut Slot, rights: &str| {
        for p1 in 0..=2 {
            for id in 0..=0xFF {
                let command = Command::new(0x00, 0x88, p1, id).data(&[0x5A; 16]);
                let answer = Fmcos::new(card).ask("INTERNAL AUTHENTICATE", &command).unwrap();
                let esam = card.kind() == CardKind::Esam;
                let pairing = esam && (p1, id) == (0, 2);
                // The one key there is enciphers; asked to decipher or MAC it is of another kind.
                let wanted = match (esam && id == 2, p1) {
                    (true, 0) => Sw::OK,
                    (true, _) => Sw::WRONG_KIND,
                    (false, _) => Sw::KEY_NOT_FOUND,
                };
                assert_eq!(answer.sw, wanted, "{} {p1:02X} {id:02X}, {rights}", card.kind().name());
                assert_eq!(answer.data.is_empty(), !pairing);
            }
        }
    };
    esam.reset().unwrap();
    probe(&mut esam, "no rights");
    let ext_auth = Roots::test(suite).city(region()).meter(Role::ExtAuth, number(42));
    let mut fmcos = Fmcos::new(&mut esam);
    let challenge = fmcos.challenge8().unwrap();
    fmcos.external_authenticate(3, &keys::seal::cryptogram(&ext_auth, &challenge)).unwrap();
    probe(&mut esam, "the meter's rights");

    for card in [&mut province.main, &mut province.psam_issuing, &mut province.esam_issuing] {
        card.reset().unwrap();
        Fmcos::new(card).verify_pin(0, pin().expose()).unwrap();
        probe(card, "PIN");
    }
    let psam = &mut province.psam;
    psam.reset().unwrap();
    let mut fmcos = Fmcos::new(psam);
    fmcos.select_fid(scheme::profile::DF_PURCHASE).unwrap();
    fmcos.verify_pin(0, pin().expose()).unwrap();
    probe(psam, "PIN");
}

#[test]
fn key_information_tells_check_values_but_not_of_master_and_pin() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let roots = Roots::test(suite);
        let city = roots.city(region());
        let (mut esam, _) = province.meter(number(42), None);
        let device = |role: Role| city.meter(role, number(42)).kcv();
        for row in Recipient::Card(CardKind::Esam).keys().iter().filter(|row| row.role != 0) {
            let seen = Fmcos::new(&mut esam).key_information(row.kind, row.id).unwrap();
            let [kind, _, _, b4, b5] = row.header(1);
            let wanted = (kind, b4, b5, device(Role::from_code(row.role).unwrap()));
            assert_eq!((seen.kind, seen.version, seen.algorithm, seen.kcv), wanted);
        }
        for role in Role::ALL {
            let seen = |card: &mut Slot| Fmcos::new(card).key_information(0xF5, role.code()).unwrap().kcv;
            assert_eq!(seen(&mut province.main), roots.get(role).kcv());
            assert_eq!(seen(&mut province.psam_issuing), city.get(role).kcv());
            assert_eq!(seen(&mut province.esam_issuing), city.get(role).kcv());
        }
        for card in [&mut province.main, &mut province.psam_issuing, &mut province.esam_issuing, &mut esam] {
            card.reset().unwrap();
            // With and without protection bits in P1.
            for kind in [0x39, 0xF9] {
                let refused = Fmcos::new(card).key_information(kind, 0).unwrap_err();
                assert_eq!(refused.sw(), Some(Sw::CONDITIONS));
            }
            let wanted = if card.kind() == CardKind::Esam { Sw::KEY_NOT_FOUND } else { Sw::CONDITIONS };
            let refused = Fmcos::new(card).key_information(0x3A, 0).unwrap_err();
            assert_eq!(refused.sw(), Some(wanted), "PIN of {}", card.kind().name());
        }
        let mut psam = copy(&province.psam);
        let mut fmcos = Fmcos::new(&mut psam);
        assert_eq!(fmcos.key_information(0xF9, 0).unwrap_err().sw(), Some(Sw::CONDITIONS));
        fmcos.select_fid(scheme::profile::DF_PURCHASE).unwrap();
        assert_eq!(fmcos.key_information(0x3A, 0).unwrap_err().sw(), Some(Sw::CONDITIONS));
        for role in [Role::Kic, Role::Kid, Role::Tac] {
            assert_eq!(fmcos.key_information(0xF5, role.code()).unwrap().kcv, city.get(role).kcv());
        }
    }
}
