//! The UICC dialect: TS 102 221, classes 00 and 80, over the same file tree that class A0 sees (`docs/specs/sim.md`).

mod fcp;
mod files;
mod pin;
pub mod rules;
mod select;

use crate::gsm;
use crate::sim::Words;
use crate::table::{
    Case, Check, CheckWords, Choices, Class, CommandRow, Dialect, Handler, Interface, Needs, Params, WrongLe,
    check,
};
use wire::Sw;

/// Status words of a UICC that FMCOS does not have.
pub mod sw {
    use wire::Sw;

    /// 6282: a search that found nothing.
    pub const NOT_FOUND: Sw = Sw(0x6282);
    /// 6984: the PIN is switched off.
    pub const PIN_OFF: Sw = Sw(0x6984);
    /// 9850: INCREASE beyond the greatest value.
    pub const AT_MAXIMUM: Sw = Sw(0x9850);
}

/// What the files refuse, in the words of class 00.
static WORDS: Words = Words {
    no_ef: Sw::NO_CURRENT_EF,
    wrong_file: Sw::WRONG_KIND,
    outside: Sw::WRONG_OFFSET,
    no_record: Sw::RECORD_NOT_FOUND,
    no_file: Sw::FILE_NOT_FOUND,
    access: Sw::NOT_ALLOWED,
    // UNSPECIFIED: 6985 for a deactivated file, and for ACTIVATE of an active one.
    invalidated: Sw::CONDITIONS,
    params: Sw::WRONG_P1P2,
    at_maximum: sw::AT_MAXIMUM,
    wrong_le: WrongLe::Corrected,
};

const fn row(
    name: &'static str,
    class: u8,
    ins: u8,
    params: Params,
    case: Case,
    spec: &'static str,
    handler: Handler,
) -> CommandRow {
    CommandRow {
        name,
        class: Class::Only(class),
        ins,
        params,
        case,
        needs: Needs::Nothing,
        when_blocked: true,
        spec,
        handler,
    }
}

use Case::{Four, Three, Two};
use Params::{Any, Exactly, P1};

const SELECTING: &str = "docs/specs/sim.md, selecting on a UICC";
const FILES: &str = "docs/specs/sim.md, files of a UICC";
const PINS: &str = "docs/specs/sim.md, PINs of a UICC";
const TOOLKIT: &str = "docs/specs/sim.md, toolkit";

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    row("SELECT",            0x00, 0xA4, Any,                 Four(0, 16),   SELECTING, select::select),
    row("STATUS",            0x80, 0xF2, Any,                 Two,           SELECTING, select::status),
    row("READ BINARY",       0x00, 0xB0, Any,                 Two,           FILES,     files::read_binary),
    row("UPDATE BINARY",     0x00, 0xD6, Any,                 Three(1, 255), FILES,     files::update_binary),
    row("READ RECORD",       0x00, 0xB2, Any,                 Two,           FILES,     files::read_record),
    row("UPDATE RECORD",     0x00, 0xDC, Any,                 Three(1, 255), FILES,     files::update_record),
    row("SEARCH RECORD",     0x00, 0xA2, Any,                 Four(1, 255),  FILES,     files::search),
    row("INCREASE",          0x80, 0x32, Any,                 Four(1, 127),  FILES,     files::increase),
    row("DEACTIVATE FILE",   0x00, 0x04, Exactly(0x00, 0x00), Three(0, 2),   FILES,     files::deactivate),
    row("ACTIVATE FILE",     0x00, 0x44, Exactly(0x00, 0x00), Three(0, 2),   FILES,     files::activate),
    row("VERIFY PIN",        0x00, 0x20, P1(0x00),            Three(0, 8),   PINS,      pin::verify),
    row("CHANGE PIN",        0x00, 0x24, P1(0x00),            Three(16, 16), PINS,      pin::change),
    row("DISABLE PIN",       0x00, 0x26, Exactly(0x00, 0x01), Three(8, 8),   PINS,      pin::disable),
    row("ENABLE PIN",        0x00, 0x28, Exactly(0x00, 0x01), Three(8, 8),   PINS,      pin::enable),
    row("UNBLOCK PIN",       0x00, 0x2C, P1(0x00),            Three(0, 16),  PINS,      pin::unblock),
    row("AUTHENTICATE",      0x00, 0x88, Exactly(0x00, 0x80), Four(17, 17),  "docs/specs/sim.md, authentication", select::authenticate),
    row("TERMINAL PROFILE",  0x80, 0x10, Exactly(0x00, 0x00), Three(1, 255), TOOLKIT,   gsm::terminal_profile),
    row("ENVELOPE",          0x80, 0xC2, Exactly(0x00, 0x00), Four(1, 255),  TOOLKIT,   gsm::nothing_is_due),
    row("FETCH",             0x80, 0x12, Exactly(0x00, 0x00), Two,           TOOLKIT,   gsm::nothing_is_due),
    row("TERMINAL RESPONSE", 0x80, 0x14, Exactly(0x00, 0x00), Three(1, 255), TOOLKIT,   gsm::nothing_is_due),
];

const _: () = check(COMMANDS);

/// Classes 00 and 80, and the errors of every class the card does not know.
pub static INTERFACE: Interface = Interface {
    name: "TS 102 221",
    commands: COMMANDS,
    order: &[Check::Params, Check::Length, Check::Needs],
    words: CheckWords {
        class: Sw::CLA_UNKNOWN,
        ins: Sw::INS_UNKNOWN,
        params: Sw::WRONG_P1P2,
        length: Sw::WRONG_LENGTH,
        needs: Sw::NOT_ALLOWED,
        // UNSPECIFIED: as on the other cards of ours.
        nothing_waits: Sw::CONDITIONS,
    },
    more: 0x61,
    get_response_class: 0x00,
    wrong_le: WrongLe::Corrected,
};

/// TS 102 221, with a GSM application: class A0 is answered as TS 51.011 has it.
pub static DIALECT: Dialect = Dialect {
    name: "TS 102 221",
    main: &INTERFACE,
    others: &[(0xA0, &gsm::INTERFACE)],
    choices: Choices { fci_version: false, log_serial_raised: false },
};
