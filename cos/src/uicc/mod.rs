//! The UICC dialect: TS 102 221, classes 00 and 80, over the same file tree that class A0 sees (`docs/specs/sim.md`).

mod fcp;
mod files;
mod pin;
pub mod rules;
mod select;
pub mod sw;
mod toolkit;

use crate::choices::Choices;
use crate::gsm;
use crate::table::{
    Case, Check, CheckWords, Class, CommandRow, Dialect, Interface, Params, WrongLe, check, never_blocked,
    row,
};
use wire::Sw;

use Case::{Four, Three, Two};
use Class::Only;
use Params::{Any, Exactly, P1};

const SELECTING: &str = "docs/specs/sim.md, selecting on a UICC";
const FILES: &str = "docs/specs/sim.md, files of a UICC";
const PINS: &str = "docs/specs/sim.md, PINs of a UICC";
const TOOLKIT: &str = "docs/specs/sim.md, toolkit";

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &never_blocked([
    row("SELECT",            Only(0x00), 0xA4, Any,                 Four(0, 16),   SELECTING, select::select),
    row("STATUS",            Only(0x80), 0xF2, Any,                 Two,           SELECTING, select::status),
    row("READ BINARY",       Only(0x00), 0xB0, Any,                 Two,           FILES,     files::read_binary),
    row("UPDATE BINARY",     Only(0x00), 0xD6, Any,                 Three(1, 255), FILES,     files::update_binary),
    row("READ RECORD",       Only(0x00), 0xB2, Any,                 Two,           FILES,     files::read_record),
    row("UPDATE RECORD",     Only(0x00), 0xDC, Any,                 Three(1, 255), FILES,     files::update_record),
    row("SEARCH RECORD",     Only(0x00), 0xA2, Any,                 Four(1, 255),  FILES,     files::search),
    row("INCREASE",          Only(0x80), 0x32, Any,                 Four(1, 127),  FILES,     files::increase),
    row("DEACTIVATE FILE",   Only(0x00), 0x04, Exactly(0x00, 0x00), Three(0, 2),   FILES,     files::deactivate),
    row("ACTIVATE FILE",     Only(0x00), 0x44, Exactly(0x00, 0x00), Three(0, 2),   FILES,     files::activate),
    row("MANAGE CHANNEL",    Only(0x00), 0x70, Any,                 Two,           SELECTING, select::manage_channel),
    row("VERIFY PIN",        Only(0x00), 0x20, P1(0x00),            Three(0, 8),   PINS,      pin::verify),
    row("CHANGE PIN",        Only(0x00), 0x24, P1(0x00),            Three(16, 16), PINS,      pin::change),
    row("DISABLE PIN",       Only(0x00), 0x26, Exactly(0x00, 0x01), Three(8, 8),   PINS,      pin::disable),
    row("ENABLE PIN",        Only(0x00), 0x28, Exactly(0x00, 0x01), Three(8, 8),   PINS,      pin::enable),
    row("UNBLOCK PIN",       Only(0x00), 0x2C, P1(0x00),            Three(0, 16),  PINS,      pin::unblock),
    row("AUTHENTICATE",      Only(0x00), 0x88, Exactly(0x00, 0x80), Four(17, 17),  "docs/specs/sim.md, authentication", select::authenticate),
    row("AUTHENTICATE",      Only(0x00), 0x88, Exactly(0x00, 0x81), Four(34, 34),  "docs/specs/sim.md, authentication", select::authenticate_3g),
    row("TERMINAL PROFILE",  Only(0x80), 0x10, Exactly(0x00, 0x00), Three(1, 255), TOOLKIT,   gsm::terminal_profile),
    row("ENVELOPE",          Only(0x80), 0xC2, Exactly(0x00, 0x00), Four(1, 255),  TOOLKIT,   toolkit::nothing_is_due),
    row("FETCH",             Only(0x80), 0x12, Exactly(0x00, 0x00), Two,           TOOLKIT,   toolkit::nothing_is_due),
    row("TERMINAL RESPONSE", Only(0x80), 0x14, Exactly(0x00, 0x00), Three(1, 255), TOOLKIT,   toolkit::nothing_is_due),
]);

const _: () = check(COMMANDS);

/// Classes with a logical channel or with secure messaging, of which this card has neither [docs/specs/sim.md, selecting on a UICC].
// UNSPECIFIED: which of the two is told when a class asks for both.
const OTHER_CLASSES: &[(u8, u8, Sw)] = &[
    (0x73, 0x01, sw::NO_CHANNEL),
    (0x73, 0x02, sw::NO_CHANNEL),
    (0x73, 0x03, sw::NO_CHANNEL),
    // channels 4 to 19: 4x and 6x, of somebody's own Cx and Ex
    (0x50, 0x40, sw::NO_CHANNEL),
    (0x70, 0x00, sw::NO_MESSAGING),
];

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
        nothing_waits: sw::NOTHING_WAITS,
    },
    more: 0x61,
    get_response_class: 0x00,
    // QUIRK(80 C0): hosts that repeat the class of the command they fetch for. The standard has it without the bit.
    get_response_also: &[0x80],
    other_classes: OTHER_CLASSES,
    wrong_le: WrongLe::Corrected,
};

/// TS 102 221, with a GSM application: class A0 is answered as TS 51.011 has it.
pub static DIALECT: Dialect = Dialect {
    name: "TS 102 221",
    main: &INTERFACE,
    others: &[(0xA0, &gsm::INTERFACE)],
    choices: Choices { fci_version: false, log_serial_raised: false },
};
