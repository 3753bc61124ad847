//! The generic checks of a UICC, row by row of its two interfaces.

use super::uicc::{UICC, answer, image, on};
use gridcard_cos::Nvm;
use gridcard_cos::table::{Case, Class, CommandRow, Params};
use gridcard_cos::uicc;

/// Every row of both classes, on every kind of current file, with lengths and parameters on both sides of every limit: the
/// generic error is the one its own interface names, and an error changes nothing.
#[test]
fn every_command_is_checked_as_its_interface_says() {
    let start = image();
    let (mut generic, mut handled) = (0, 0);
    for current in ["", "00A4080C022F05", "00A4080C047F106F3A", "00A4080C047F106F39", "00A4040C05A000000087"]
    {
        for interface in UICC.dialect.interfaces() {
            for row in interface.commands {
                for command in variants(row) {
                    let mut card = on(start.clone());
                    if !current.is_empty() {
                        assert_eq!(answer(&mut card, current), "9000");
                    }
                    let before = card.nvm().bytes().to_vec();
                    let said = card.transmit(&command);
                    let sw = u16::from_be_bytes([said[said.len() - 2], said[said.len() - 1]]);
                    let what = format!("{} {}: {sw:04X}", row.name, hex::encode_upper(&command));
                    let changed = card.nvm().bytes() != before;
                    match predicted(&command) {
                        Some(wanted) => {
                            assert_eq!(sw, wanted, "{what}");
                            assert!(!changed, "{what}: memory changed");
                            generic += 1;
                        }
                        None => {
                            assert!(!matches!(sw, 0x6E00 | 0x6D00), "{what}");
                            let good = matches!(sw >> 8, 0x90 | 0x61 | 0x9F);
                            let spent = matches!(sw, 0x63C0..=0x63CF | 0x9804 | 0x9840);
                            assert!(good || spent || !changed, "{what}: memory changed");
                            handled += 1;
                        }
                    }
                }
            }
        }
    }
    println!("{generic} generic errors, {handled} commands for handlers");
    assert!(generic > 4_000 && handled > 1_000, "{generic} {handled}");
}

/// Classes, parameters and lengths around what a row takes.
fn variants(row: &CommandRow) -> Vec<Vec<u8>> {
    let Class::Only(class) = row.class else { panic!("{}: no secure messaging here", row.name) };
    let (least, most) = match row.case {
        Case::One | Case::Two => (0, 0),
        Case::Three(least, most) | Case::Four(least, most) | Case::TwoOrFour(least, most) => (least, most),
    };
    let mut lengths =
        vec![0, least.saturating_sub(1), least, least.saturating_add(1), most, most.saturating_add(1)];
    lengths.sort_unstable();
    lengths.dedup();
    let params = match row.params {
        Params::Exactly(a, b) => vec![[a, b], [a ^ 1, b], [a, b ^ 4]],
        Params::P1(a) => vec![[a, 1], [a, 0x81], [a ^ 1, 1]],
        _ => vec![[0, 0], [1, 4], [0, 4], [0x85, 0], [1, 0x54]],
    };
    let mut all = Vec::new();
    for class in [class, class ^ 0x80, class ^ 0xA0, 0xA0, 0x0C] {
        for [p1, p2] in &params {
            for len in &lengths {
                let mut bytes = vec![class, row.ins, *p1, *p2, *len];
                bytes.extend(core::iter::repeat_n(0x5A, usize::from(*len)));
                all.push(bytes);
            }
        }
    }
    all.push(vec![class, row.ins ^ 0x40, 0, 0, 0]);
    all
}

/// The status word of the generic checks, from the tables; `None`: a handler decides.
fn predicted(command: &[u8]) -> Option<u16> {
    let &[cla, ins, p1, p2, len, ..] = command else { panic!("five bytes at least") };
    let gsm = cla == 0xA0;
    let rows = if gsm { gridcard_cos::gsm::INTERFACE.commands } else { uicc::INTERFACE.commands };
    let fits = |row: &&CommandRow| row.class == Class::Only(cla);
    if ins == 0xC0 && matches!(cla, 0x00 | 0x80 | 0xA0) {
        return Some(if gsm { 0x6F00 } else { 0x6985 });
    }
    if !rows.iter().any(|row| fits(&row)) {
        return Some(if cla == 0x0C { 0x6882 } else { 0x6E00 });
    }
    let mut named = rows.iter().filter(|row| fits(row) && row.ins == ins).peekable();
    if named.peek().is_none() {
        return Some(0x6D00);
    }
    // One instruction may stand in several rows, by its parameters.
    let right_params = |row: &&CommandRow| match row.params {
        Params::Any => true,
        Params::Exactly(a, b) => (p1, p2) == (a, b),
        Params::P1(a) => p1 == a,
        Params::P2(b) => p2 == b,
        Params::P1UpTo(a) => p1 <= a,
    };
    let Some(row) = named.find(right_params) else { return Some(if gsm { 0x6B00 } else { 0x6A86 }) };
    let right_length = match row.case {
        Case::One | Case::Two => len == 0,
        Case::Three(least, most) | Case::Four(least, most) => (least..=most).contains(&len),
        Case::TwoOrFour(least, most) => len == 0 || (least..=most).contains(&len),
    };
    (!right_length).then_some(0x6700)
}
