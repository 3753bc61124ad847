//! Key derivations that never meet: no number a clerk may choose leads from one party's parent key to another party's key, and
//! a parent key does nothing but derive [docs/specs/cards.md 2, 7].

use crate::office::formal_main;
use crate::world::{Province, blank, issue, number, open, pin, plan, plan_of, region, with_pins};
use issue::headers;
use issue::keyset::Roots;
use issue::source::{CardSource, Current, KeySource, SoftSource, Target};
use keys::{Key, Role, Suite, hierarchy, seal};
use reader::driver::fmcos::Fmcos;
use reader::driver::issuing::IssuingCard;
use scheme::numbers::DeviceNumber;
use scheme::profile::{CardKind, DF_PURCHASE, Recipient};
use std::collections::BTreeSet;
use vcard::Slot;
use wire::{Command, Sw};

const CHALLENGE: [u8; 8] = [0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 0x07, 0x18];
/// The number that made an issuing card's own master the master of city 33020000.
const LIKE_A_CITY: &str = "000033020000";

fn like_a_city() -> DeviceNumber {
    LIKE_A_CITY.parse().unwrap()
}

fn target(recipient: Recipient, master: Current, number: DeviceNumber) -> Target {
    let serial = match recipient {
        Recipient::Mcu => number.as_mcu_serial().0,
        Recipient::Card(_) => [0x51; 8],
    };
    Target {
        recipient,
        master,
        test_keys: false,
        version: None,
        serial,
        number: number.0,
        region: region().0,
    }
}

/// Whether a card takes a master key: one attempt.
fn opens(card: &mut Slot, key: &Key) -> bool {
    let mut fmcos = Fmcos::new(card);
    fmcos.reset().unwrap();
    let challenge = fmcos.challenge8().unwrap();
    fmcos.external_authenticate(0, &seal::cryptogram(key, &challenge)).is_ok()
}

#[test]
fn no_issuing_card_has_a_citys_master_as_its_own() {
    for suite in Suite::ALL {
        let roots = Roots::test(suite);
        let city = roots.city(region()).get(Role::Master).clone();
        for kind in [CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::TestIssuing] {
            let mut card = blank(kind, suite, "like a city");
            let mut source = SoftSource::province(roots.clone());
            issue(&plan(kind, suite, like_a_city(), None), &mut card, &mut source);
            assert!(!opens(&mut card, &city), "{}: the city's master", kind.name());
            // The right one: the root by the kind and the number.
            let factor = [&[kind.code(), 0], &like_a_city().0[..]].concat();
            let own = roots.get(Role::Master).diversify(&factor.try_into().unwrap());
            assert!(opens(&mut card, &own), "{}: its own", kind.name());
        }
    }
}

#[test]
fn an_issuing_card_speaks_for_its_own_kind_alone() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let city = Roots::test(suite).city(region());
        let master = |kind: CardKind| city.device(Recipient::Card(kind), Role::Master, number(42));
        let mut answers = BTreeSet::new();
        for (card, kind) in [
            (&mut province.psam_issuing, CardKind::Psam),
            (&mut province.esam_issuing, CardKind::Esam),
            (&mut province.test_issuing, CardKind::TestCard),
        ] {
            let target = target(Recipient::Card(kind), Current::Own, number(42));
            let maker = card.kind();
            let answer = open(card, maker).authenticate_target(&target, CHALLENGE).unwrap();
            assert_eq!(answer, seal::cryptogram(&master(kind), &CHALLENGE), "{}", kind.name());
            answers.insert(answer);
        }
        assert_eq!(answers.len(), 3, "{}: three kinds of one number, three keys", suite.name());
    }
}

#[test]
fn two_numbers_name_no_device() {
    let suite = Suite::TripleDes;
    let mut province = Province::new(suite);
    let data = |target: &Target| [&CHALLENGE[..], &target.serial, &target.number, &target.region].concat();
    let cards: [(&mut Slot, Recipient); 4] = [
        (&mut province.main, Recipient::Card(CardKind::EsamIssuing)),
        (&mut province.psam_issuing, Recipient::Card(CardKind::Psam)),
        (&mut province.esam_issuing, Recipient::Card(CardKind::Esam)),
        (&mut province.test_issuing, Recipient::Card(CardKind::TestCard)),
    ];
    for (card, recipient) in cards {
        let maker = card.kind();
        open(card, maker);
        for (last, wanted) in [(0, Sw::WRONG_DATA), (1, Sw::WRONG_DATA), (2, Sw::OK)] {
            let mut named = target(recipient, Current::Own, number(42));
            named.number = [0, 0, 0, 0, 0, last];
            let p1 = named.p1();
            let ask = |card: &mut Slot, ins, data: &[u8]| {
                Fmcos::new(card).ask("applet", &Command::new(0x80, ins, p1, 0).data(data)).unwrap().sw
            };
            assert_eq!(ask(card, 0x46, &data(&named)), wanted, "{recipient:?} {last}");
            let header = headers::change(recipient.key(0).unwrap(), suite);
            let export = [&CHALLENGE[..], &header, &named.serial, &named.number, &named.region].concat();
            assert_eq!(ask(card, 0x44, &export), wanted, "{recipient:?} {last}");
        }
    }
    for text in ["000000000000", "000000000001"] {
        assert!(text.parse::<DeviceNumber>().unwrap_err().to_string().contains("names no device"));
        assert!(
            text.parse::<scheme::numbers::MeterNumber>().unwrap_err().to_string().contains("names no device")
        );
    }
    // A PSAM neither seals for such a meter nor opens its receipts.
    let mut fmcos = Fmcos::new(&mut province.psam);
    fmcos.reset().unwrap();
    fmcos.select_fid(DF_PURCHASE).unwrap();
    fmcos.verify_pin(0, pin().expose()).unwrap();
    let mut order = crate::bench::Attempt::new(suite, number(42), scheme::order::OrderKind::Open, 1).order;
    order.meter = scheme::numbers::MeterNumber([0, 0, 0, 0, 0, 1]);
    let order = order.to_bytes();
    let proof = province.server_key.clone().prover()(&number(4).0, &order);
    let seal = Command::new(0x80, 0x40, 0, 0).data(&scheme::psam::with_proof(&order, &proof));
    assert_eq!(fmcos.ask("SEAL ORDER", &seal).unwrap().sw, Sw::WRONG_DATA);
    let receipt = [&[0; 5][..], &[1], &[0; 60]].concat();
    let open = Command::new(0x80, 0x42, 0, 0).data(&receipt);
    assert_eq!(fmcos.ask("OPEN RECEIPT", &open).unwrap().sw, Sw::WRONG_DATA);
}

#[test]
fn a_chip_never_has_a_meters_transport_key() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let mcu = target(Recipient::Mcu, Current::Transport, number(42));
        let card = &mut province.esam_issuing;
        open(card, CardKind::EsamIssuing);
        let row = |recipient: Recipient, role| headers::add(recipient.key(role).unwrap(), suite);
        let mut ask = |p1: u8, role: u8, challenge: &[u8; 8], header: [u8; 5], serial: [u8; 8]| {
            let data = [&challenge[..], &header, &serial, &mcu.number, &mcu.region].concat();
            let command = Command::new(0x80, 0x44, p1, role).data(&data);
            Fmcos::new(card).ask("EXPORT KEY", &command).unwrap()
        };
        let esam = Recipient::Card(CardKind::Esam);
        // A chip that says to have the MCU's serial, or any beginning so.
        for serial in [mcu.serial, [0x0F, 0, 9, 9, 9, 9, 9, 9]] {
            assert_eq!(ask(0x50, 0, &CHALLENGE, row(esam, 0), serial).sw, Sw::WRONG_DATA);
            assert_eq!(ask(0x51, 4, &CHALLENGE, row(esam, 4), serial).sw, Sw::WRONG_DATA);
        }
        // An MCU with the serial of the older make, which a chip can have, or with a chip's.
        for serial in [hierarchy::device_factor(0x05, mcu.number), [0x51; 8]] {
            assert_eq!(ask(0xF0, 2, &serial, row(Recipient::Mcu, 2), serial).sw, Sw::WRONG_DATA);
        }
        // The right one, under the right key.
        let header = row(Recipient::Mcu, 2);
        let answer = ask(0xF0, 2, &mcu.serial, header, mcu.serial);
        let factor = [&[0x0F, 0], &mcu.number[..]].concat().try_into().unwrap();
        let transport = hierarchy::test_root(suite, Role::Transport).diversify(&factor);
        let (_, key) = seal::unwrap(&transport, &mcu.serial, &header, &answer.data).unwrap();
        assert!(key == Roots::test(suite).city(region()).meter(Role::IntAuth, number(42)));
    }
}

/// Card commands whose answers come from a derivation parent, by what they may say of it: children, or check values.
const DERIVING: [u8; 6] = [0x44, 0x46, 0x4C, 0x40, 0x58, 0x3A];
const TELLING: [u8; 2] = [0x48, 0x4E];

/// Everything else that any command of a card answers is the same whatever its parents are.
#[test]
fn a_derivation_parent_does_nothing_but_derive() {
    let suite = Suite::TripleDes;
    for kind in [CardKind::MainControl, CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::Psam] {
        let mut cards = [[0x11; 16], [0x77; 16]].map(|bytes| twin(kind, suite, Key::from_16(suite, bytes)));
        let (mut same, mut other) = (0, BTreeSet::new());
        for cla in [0x00, 0x04, 0x80, 0x84] {
            for ins in 0..=0xFF_u8 {
                for [p1, p2] in shapes(ins) {
                    for data in bodies(ins) {
                        let command = Command::new(cla, ins, p1, p2).data(&data);
                        let answers = [0, 1].map(|n| {
                            let mut fmcos = Fmcos::new(&mut cards[n]);
                            fmcos.ask("any", &command).unwrap()
                        });
                        if answers[0].data == answers[1].data && answers[0].sw == answers[1].sw {
                            same += 1;
                        } else {
                            other.insert((cla, ins));
                        }
                    }
                }
            }
        }
        for (cla, ins) in &other {
            let named = *cla == 0x80 && (DERIVING.contains(ins) || TELLING.contains(ins));
            assert!(named, "{}: {cla:02X} {ins:02X} tells of a parent", kind.name());
        }
        assert!(other.contains(&(0x80, 0x48)), "{}: the twins have different parents", kind.name());
        assert!(same > 5_000, "{same}");
    }
}

/// P1 and P2 worth asking: every key type as P1, every key id as P2, and the forms of the applets.
fn shapes(ins: u8) -> Vec<[u8; 2]> {
    let mut shapes = vec![[0, 0], [1, 0], [2, 0], [0x51, 0], [0x41, 0], [0x21, 0], [0x82, 5]];
    if matches!(ins, 0x44 | 0x46 | 0x48 | 0x4C | 0x4E | 0x88 | 0xFA | 0x1A | 0x70 | 0x72 | 0x3C) {
        shapes.extend((1..=0x0A).flat_map(|id| [[0, id], [1, id], [2, id], [0x35, id], [0xF5, id]]));
    }
    shapes
}

fn bodies(ins: u8) -> Vec<Vec<u8>> {
    let identity = [&[0x51; 8][..], &number(42).0, &region().0].concat();
    let mut bodies = vec![vec![0x5A; 8], vec![0x5A; 16]];
    match ins {
        0x40 => {
            let kind = scheme::order::OrderKind::Open;
            bodies.push(crate::bench::Attempt::new(Suite::TripleDes, number(42), kind, 1).order.to_bytes());
        }
        0x46 => bodies.push([&CHALLENGE[..], &identity].concat()),
        0x48 | 0x3C => bodies = vec![Vec::new()],
        0x4C => bodies.push([&CHALLENGE[..], &identity, &[0, 1, 0, 0, 0, 0]].concat()),
        0x4E => bodies.push([&region().0[..], &[1]].concat()),
        // A wrong try of a PIN or key, and an erased card, end what there is to see.
        0x20 | 0x82 | 0x0E | 0x16 | 0x1E | 0xA4 => bodies.clear(),
        _ => {}
    }
    bodies
}

/// A card of a kind with every key its kind holds, all parents made of one key; unlike twins differ in nothing else.
fn twin(kind: CardKind, suite: Suite, parent: Key) -> Slot {
    let mut card = blank(kind, suite, "twin");
    let roots = SoftParents { key: parent }.roots(suite);
    let formal = |request| {
        let state = scheme::profile::State::Formal;
        let province = kind == CardKind::MainControl;
        let region = if province { scheme::numbers::PROVINCE } else { region() };
        issue::plan::Request { state, region, ..request }
    };
    let plan = plan_of(kind, suite, number(42), formal);
    match kind {
        CardKind::Psam => {
            let mut source = SoftSource::city(roots.city(region()));
            issue(&plan, &mut card, &mut source);
            let mut fmcos = Fmcos::new(&mut card);
            fmcos.reset().unwrap();
            fmcos.select_fid(DF_PURCHASE).unwrap();
            fmcos.verify_pin(0, pin().expose()).unwrap();
        }
        _ => {
            issue(&plan, &mut card, &mut SoftSource::province(roots));
            with_pins(kind, |pins| CardSource::open(IssuingCard::new(&mut card), pins).map(drop)).unwrap();
        }
    }
    card
}

/// Roots of a ceremony of one component.
struct SoftParents {
    key: Key,
}

impl SoftParents {
    fn roots(&self, suite: Suite) -> Roots {
        let mut ceremony = kdc::ceremony::Ceremony::new(suite, 2).unwrap();
        for n in 0..2_u8 {
            let bytes = keys::Zeroizing::new(core::array::from_fn(|i| {
                self.key.expose()[i].wrapping_add(n.wrapping_mul(29)).wrapping_mul(3 + i as u8)
            }));
            let component = kdc::ceremony::Component::from_entropy(suite, bytes).unwrap();
            let check = component.check_value().to_string();
            ceremony.add_component(n + 1, component.written().as_str(), &check).unwrap();
        }
        ceremony.finish("2026-01-05 09:00:00").unwrap().roots
    }
}

/// Test cards live on the published hierarchy, whatever province makes their issuing card: meters of every province know them.
#[test]
fn a_formal_province_gives_test_issuing_cards_the_published_keys() {
    for suite in Suite::ALL {
        let kind = CardKind::TestIssuing;
        let made = |main: &mut Slot| {
            let mut card = blank(kind, suite, "makes test cards");
            issue(&plan(kind, suite, number(5), None), &mut card, &mut open(main, CardKind::MainControl));
            let mut fmcos = Fmcos::new(&mut card);
            fmcos.reset().unwrap();
            let rows = Recipient::Card(kind).keys().iter().filter(|row| row.role != 0);
            rows.map(|row| fmcos.key_information(row.kind, row.id).unwrap()).collect::<Vec<_>>()
        };
        let formal = made(&mut formal_main(suite));
        assert!(formal.len() > 5 && formal == made(&mut Province::new(suite).main), "{}", suite.name());
    }
}
