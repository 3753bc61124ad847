//! Which program runs on which card, and what each adds to its operating system.

use cos::table::{Case, Class, Needs};
use gridcard_applets::program_of;
use scheme::profile::{self, CardKind};

/// Kind, and its applet commands as class, instruction and right [docs/specs/cards.md 6].
const EXPORT: (u8, u8, Option<u8>) = (0x80, 0x44, Some(profile::PIN));
const AUTHENTICATE: (u8, u8, Option<u8>) = (0x80, 0x46, Some(profile::PIN));
const ACTIVATION: (u8, u8, Option<u8>) = (0x80, 0x4C, Some(profile::PIN));
const CHECK: (u8, u8, Option<u8>) = (0x80, 0x4E, Some(profile::PIN));
const INFORMATION: (u8, u8, Option<u8>) = (0x80, 0x48, None);
const TRIES: (u8, u8, Option<u8>) = (0x80, 0x3C, None);
const SEAL_PIN: (u8, u8, Option<u8>) = (0x80, 0x56, Some(profile::PIN));
const MAC_LIST: (u8, u8, Option<u8>) = (0x80, 0x5A, Some(profile::PIN));
const LIST_NUMBER: (u8, u8, Option<u8>) = (0x80, 0x5C, None);
const SET_LIMIT: (u8, u8, Option<u8>) = (0x84, 0x4C, None);
const SET_PIN: (u8, u8, Option<u8>) = (0x84, 0x24, None);
const ACTIVATE: (u8, u8, Option<u8>) = (0x84, 0x4A, Some(profile::MASTER));
const STAGE: (u8, u8, Option<u8>) = (0x84, 0xD4, Some(profile::MASTER));

/// GENERATE KEY PAIR, READ CERTIFICATE, STORE CERTIFICATE of the root and of others [docs/specs/signatures.md 5].
const SIGNING: [(u8, u8, Option<u8>); 4] =
    [(0x80, 0x74, Some(profile::MASTER)), (0x80, 0x76, None), (0x84, 0x78, None), (0x80, 0x78, None)];

#[test]
fn each_kind_has_the_commands_of_the_specification() {
    let issuing = vec![
        EXPORT,
        AUTHENTICATE,
        ACTIVATION,
        CHECK,
        (0x80, 0x3A, Some(profile::PIN)),
        SET_LIMIT,
        SEAL_PIN,
        MAC_LIST,
        LIST_NUMBER,
        (0x80, 0x7A, Some(profile::PIN)),
        (0x80, 0x7C, Some(profile::PIN)),
        SIGNING[0],
        SIGNING[1],
        SIGNING[2],
        SIGNING[3],
        INFORMATION,
        TRIES,
        SET_PIN,
        ACTIVATE,
    ];
    let psam = vec![
        // SEAL ORDER and SEAL CERTIFICATE.
        (0x80, 0x40, Some(profile::PIN)),
        (0x80, 0x40, Some(profile::PIN)),
        (0x80, 0x42, Some(profile::PIN)),
        // An online purchase, and a recharge.
        (0x80, 0x4E, Some(profile::PIN)),
        (0x80, 0x4E, Some(profile::PIN)),
        (0x80, 0x4E, Some(profile::PIN)),
        (0x80, 0x4E, Some(profile::PIN)),
        (0x80, 0x4E, Some(profile::PIN)),
        // What is loaded onto a user card.
        (0x80, 0xC6, Some(profile::PIN)),
        (0x80, 0x3E, Some(profile::PIN)),
        (0x80, 0x58, None),
        SET_LIMIT,
        (0x80, 0x5C, None),
        SIGNING[0],
        SIGNING[1],
        SIGNING[2],
        SIGNING[3],
        INFORMATION,
        TRIES,
        SET_PIN,
        ACTIVATE,
    ];
    let esam = vec![
        (0x80, 0xC2, Some(profile::METER)),
        (0x80, 0x30, Some(profile::METER)),
        (0x80, 0x4E, Some(profile::METER)),
        (0x80, 0x4E, Some(profile::METER)),
        STAGE,
        STAGE,
        STAGE,
        // WRITE KEY of the own master, which keeps the transport key.
        (0x80, 0xD4, None),
        ACTIVATE,
        (0x00, 0xD6, None),
        (0x00, 0xD0, None),
        SIGNING[0],
        SIGNING[1],
        SIGNING[2],
        SIGNING[3],
        // SET MODE.
        (0x80, 0x7E, Some(profile::MASTER)),
        INFORMATION,
        TRIES,
        // The field's: what proves a command is its MAC.
        (0x00, 0x84, None),
        (0x80, 0xFA, None),
        (0x80, 0xFA, None),
        (0x80, 0xFA, None),
        (0x80, 0xFA, None),
        (0x00, 0x82, None),
        (0x00, 0xB0, None),
        (0x00, 0xB2, None),
        (0x84, 0x32, None),
        (0x84, 0x30, None),
        (0x04, 0xDC, None),
        (0x80, 0x30, None),
        (0x80, 0x30, None),
        (0x80, 0x30, None),
        (0x84, 0xD4, None),
        // A key of a key card, which proves itself.
        (0x84, 0xD8, None),
    ];
    let user_card = vec![
        (0x84, 0xC4, None),
        (0x00, 0x88, None),
        (0x00, 0x82, None),
        (0x00, 0xB0, None),
        (0x00, 0xD6, None),
        INFORMATION,
        TRIES,
        ACTIVATE,
    ];
    let production_card = vec![
        (0x00, 0x88, None),
        (0x00, 0x82, None),
        (0x00, 0xB0, None),
        (0x80, 0xD8, None),
        (0x80, 0xCA, None),
        (0x80, 0xCC, None),
        (0x80, 0xCC, None),
        INFORMATION,
        TRIES,
        ACTIVATE,
    ];
    for (kind, wanted) in [
        (CardKind::MainControl, issuing.clone()),
        (CardKind::PsamIssuing, issuing.clone()),
        (CardKind::EsamIssuing, issuing.clone()),
        (CardKind::TestIssuing, issuing),
        (CardKind::Psam, psam.clone()),
        (CardKind::TestCard, psam),
        (CardKind::Esam, esam),
        (CardKind::UserCard, user_card),
        (CardKind::ProductionCard, production_card),
        (CardKind::Sim, vec![]),
        (CardKind::Uicc, vec![]),
    ] {
        let program = program_of(kind).unwrap();
        let added = program.commands.iter().map(|row| {
            let (Class::Only(class) | Class::Securable(class)) = row.class;
            let right = match row.needs {
                Needs::Nothing => None,
                Needs::Right(right) => Some(right),
                // WRITE KEY of an ESAM's own master alone.
                Needs::Unclosed => {
                    assert_eq!((kind, row.ins), (CardKind::Esam, 0xD4));
                    None
                }
            };
            (class, row.ins, right)
        });
        assert_eq!(added.collect::<Vec<_>>(), wanted, "{}", kind.name());
    }
}

/// Lengths that EXPORT KEY, AUTHENTICATE TARGET and DEBIT fix [docs/specs/cards.md 6, 7].
#[test]
fn fixed_lengths_are_fixed() {
    let case = |kind, ins| {
        let rows = program_of(kind).unwrap().commands;
        rows.iter().find(|row| row.ins == ins).unwrap().case
    };
    assert_eq!(case(CardKind::MainControl, 0x44), Case::Four(0x1F, 0x20));
    assert_eq!(case(CardKind::MainControl, 0x46), Case::Four(0x1A, 0x1B));
    assert_eq!(case(CardKind::EsamIssuing, 0x4C), Case::Four(0x20, 0x20));
    assert_eq!(case(CardKind::Esam, 0x4A), Case::Three(0x0A, 0x0A));
    assert_eq!(case(CardKind::Esam, 0x30), Case::Three(4, 4));
}

/// New EFs of PSAM and ESAM hold 00, those of the others FF [docs/specs/cards.md 4].
#[test]
fn new_files_hold_what_the_kind_says() {
    let fill = |kind| program_of(kind).unwrap().fill;
    assert_eq!(
        (fill(CardKind::Esam), fill(CardKind::EsamIssuing), fill(CardKind::MainControl)),
        (0, 0xFF, 0xFF)
    );
}
