//! Which program runs on which card, and what each adds to its operating system.

use cos::table::{Case, Class, Needs};
use gridcard_applets::program_of;
use wire::profile::{self, CardKind};

/// Kind, and its applet commands as class, instruction and right [docs/specs/cards.md 6].
const EXPORT: (u8, u8, Option<u8>) = (0x80, 0x44, Some(profile::PIN));
const AUTHENTICATE: (u8, u8, Option<u8>) = (0x80, 0x46, Some(profile::PIN));
const INFORMATION: (u8, u8, Option<u8>) = (0x80, 0x48, None);

#[test]
fn each_kind_has_the_commands_of_the_specification() {
    let issuing = vec![EXPORT, AUTHENTICATE, INFORMATION];
    let psam = vec![(0x80, 0x40, Some(profile::PIN)), (0x80, 0x42, Some(profile::PIN)), INFORMATION];
    let esam = vec![(0x80, 0xC2, Some(profile::METER)), (0x80, 0x30, Some(profile::METER)), INFORMATION];
    for (kind, wanted) in [
        (CardKind::MainControl, issuing.clone()),
        (CardKind::PsamIssuing, issuing.clone()),
        (CardKind::EsamIssuing, issuing),
        (CardKind::Psam, psam),
        (CardKind::Esam, esam),
        (CardKind::Sim, vec![]),
        (CardKind::Uicc, vec![]),
    ] {
        let program = program_of(kind).unwrap();
        let added = program.commands.iter().map(|row| {
            let Class::Only(class) = row.class else { panic!("{} takes secure messaging", row.name) };
            let right = match row.needs {
                Needs::Nothing => None,
                Needs::Right(right) => Some(right),
            };
            (class, row.ins, right)
        });
        assert_eq!(added.collect::<Vec<_>>(), wanted, "{}", kind.name());
    }
    assert!(program_of(CardKind::TestCard).is_none(), "kind 07 has no program yet");
}

/// Lengths that EXPORT KEY, AUTHENTICATE TARGET and DEBIT fix [docs/specs/cards.md 6, 7].
#[test]
fn fixed_lengths_are_fixed() {
    let case = |kind, ins| {
        let rows = program_of(kind).unwrap().commands;
        rows.iter().find(|row| row.ins == ins).unwrap().case
    };
    assert_eq!(case(CardKind::MainControl, 0x44), Case::Four(0x1F, 0x1F));
    assert_eq!(case(CardKind::MainControl, 0x46), Case::Four(0x1A, 0x1A));
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
