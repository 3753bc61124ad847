//! The command tables as text, so that a change of them is seen: `cos/tests/snapshots/commands.txt`.
//!
//! `GRIDCARD_UPDATE_SNAPSHOTS=1 cargo test -p gridcard-cos --test it snapshot` writes it anew.

use gridcard_cos::table::{Case, Class, CommandRow, Interface, Needs, Params, WrongLe};
use gridcard_cos::{fmcos, gsm, uicc};
use std::fmt::Write;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/commands.txt");

fn class(class: Class) -> String {
    match class {
        Class::Only(class) => format!("{class:02X}"),
        Class::Securable(class) => format!("{class:02X}/{:02X}", class | 0x04),
    }
}

fn params(params: Params) -> String {
    match params {
        Params::Any => ".. ..".into(),
        Params::Exactly(p1, p2) => format!("{p1:02X} {p2:02X}"),
        Params::P1(p1) => format!("{p1:02X} .."),
        Params::P2(p2) => format!(".. {p2:02X}"),
        Params::P1UpTo(p1) => format!("00-{p1:02X} .."),
    }
}

fn case(case: Case) -> String {
    match case {
        Case::One => "1".into(),
        Case::Two => "2".into(),
        Case::Three(least, most) => format!("3, {least}-{most}"),
        Case::Four(least, most) => format!("4, {least}-{most}"),
        Case::TwoOrFour(least, most) => format!("2 or 4, {least}-{most}"),
    }
}

fn rows(text: &mut String, rows: &[CommandRow]) {
    for row in rows {
        let needs = match row.needs {
            Needs::Nothing => "-".into(),
            Needs::Right(right) => format!("{right:02X}"),
            Needs::Unclosed => "open".into(),
        };
        let blocked = if row.when_blocked { "answers" } else { "6A81" };
        writeln!(
            text,
            "{:<24} {:<5} {:02X}  {:<8} {:<16} {needs:<5} {blocked:<8} {}",
            row.name,
            class(row.class),
            row.ins,
            params(row.params),
            case(row.case),
            row.spec
        )
        .unwrap();
    }
}

fn interface(text: &mut String, interface: &Interface) {
    writeln!(text, "== {}\n", interface.name).unwrap();
    writeln!(text, "class {}, instruction {}", interface.words.class, interface.words.ins).unwrap();
    let words = &interface.words;
    for check in interface.order {
        use gridcard_cos::table::Check::*;
        let word = match check {
            CardAlive | ApplicationOpen => "6A81".into(),
            Params => words.params.to_string(),
            Length => words.length.to_string(),
            Needs => words.needs.to_string(),
        };
        writeln!(text, "then {check:?} {word}").unwrap();
    }
    for (mask, class, word) in interface.other_classes {
        writeln!(text, "class & {mask:02X} = {class:02X} without a row {word}").unwrap();
    }
    let fetching = core::iter::once(&interface.get_response_class).chain(interface.get_response_also);
    let fetching: Vec<String> = fetching.map(|class| format!("{class:02X}")).collect();
    writeln!(
        text,
        "T=0: {:02X}xx announces, GET RESPONSE is {} C0 ({} when nothing waits), a wrong Le is {}xx\n",
        interface.more,
        fetching.join(" or "),
        words.nothing_waits,
        if interface.wrong_le == WrongLe::Corrected { "6C" } else { "67" }
    )
    .unwrap();
    writeln!(
        text,
        "{:<24} {:<5} {:<3} {:<8} {:<16} {:<5} {:<8} specified in",
        "command", "class", "ins", "P1 P2", "case, data", "needs", "blocked"
    )
    .unwrap();
    rows(text, interface.commands);
    writeln!(text).unwrap();
}

#[test]
fn the_command_tables_are_as_written_down() {
    let mut text = String::new();
    interface(&mut text, &fmcos::INTERFACE);
    writeln!(text, "== purchase SAM, in FMCOS programs that take it\n").unwrap();
    rows(&mut text, fmcos::SAM_COMMANDS);
    writeln!(text).unwrap();
    interface(&mut text, &gsm::INTERFACE);
    interface(&mut text, &uicc::INTERFACE);
    if std::env::var_os("GRIDCARD_UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(PATH, &text).unwrap();
    }
    let written = std::fs::read_to_string(PATH).unwrap_or_default();
    for (number, (found, wanted)) in text.lines().zip(written.lines()).enumerate() {
        assert_eq!(found, wanted, "commands.txt:{}", number + 1);
    }
    assert_eq!(text, written, "commands.txt has more or fewer lines than the tables");
}
