//! The SIM dialect: TS 51.011, class A0 (`docs/specs/sim.md`).

mod chv;
mod files;
mod select;
pub mod sw;
mod toolkit;

pub(crate) use toolkit::terminal_profile;

use crate::choices::Choices;
use crate::table::{
    Case, Check, CheckWords, Class, CommandRow, Dialect, Interface, Params, WrongLe, check, never_blocked,
    row,
};
use wire::Sw;

use Case::{Four, One, Three, Two};
use Params::{Any, Exactly, P1};

/// The class of all commands of a SIM.
const A0: Class = Class::Only(0xA0);

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &never_blocked([
    row("SELECT",            A0, 0xA4, Exactly(0x00, 0x00), Four(2, 2),    "TS 51.011 9.2.1",  select::select),
    row("STATUS",            A0, 0xF2, Exactly(0x00, 0x00), Two,           "TS 51.011 9.2.2",  select::status),
    row("READ BINARY",       A0, 0xB0, Any,                 Two,           "TS 51.011 9.2.3",  files::read_binary),
    row("UPDATE BINARY",     A0, 0xD6, Any,                 Three(1, 255), "TS 51.011 9.2.4",  files::update_binary),
    row("READ RECORD",       A0, 0xB2, Any,                 Two,           "TS 51.011 9.2.5",  files::read_record),
    row("UPDATE RECORD",     A0, 0xDC, Any,                 Three(1, 255), "TS 51.011 9.2.6",  files::update_record),
    row("SEEK",              A0, 0xA2, P1(0x00),            Four(1, 16),   "TS 51.011 9.2.7",  files::seek),
    row("INCREASE",          A0, 0x32, Exactly(0x00, 0x00), Four(3, 3),    "TS 51.011 9.2.8",  files::increase),
    row("VERIFY CHV",        A0, 0x20, P1(0x00),            Three(8, 8),   "TS 51.011 9.2.9",  chv::verify),
    row("CHANGE CHV",        A0, 0x24, P1(0x00),            Three(16, 16), "TS 51.011 9.2.10", chv::change),
    row("DISABLE CHV",       A0, 0x26, Exactly(0x00, 0x01), Three(8, 8),   "TS 51.011 9.2.11", chv::disable),
    row("ENABLE CHV",        A0, 0x28, Exactly(0x00, 0x01), Three(8, 8),   "TS 51.011 9.2.12", chv::enable),
    row("UNBLOCK CHV",       A0, 0x2C, P1(0x00),            Three(16, 16), "TS 51.011 9.2.13", chv::unblock),
    row("INVALIDATE",        A0, 0x04, Exactly(0x00, 0x00), One,           "docs/specs/sim.md, invalidation", files::invalidate),
    row("REHABILITATE",      A0, 0x44, Exactly(0x00, 0x00), One,           "docs/specs/sim.md, invalidation", files::rehabilitate),
    row("RUN GSM ALGORITHM", A0, 0x88, Exactly(0x00, 0x00), Four(16, 16),  "docs/specs/sim.md, authentication", select::run_gsm_algorithm),
    row("SLEEP",             A0, 0xFA, Exactly(0x00, 0x00), One,           "docs/specs/sim.md", select::sleep),
    row("TERMINAL PROFILE",  A0, 0x10, Exactly(0x00, 0x00), Three(1, 255), "docs/specs/sim.md, toolkit", toolkit::terminal_profile),
    row("ENVELOPE",          A0, 0xC2, Exactly(0x00, 0x00), Four(1, 255),  "docs/specs/sim.md, toolkit", toolkit::nothing_is_due),
    row("FETCH",             A0, 0x12, Exactly(0x00, 0x00), Two,           "docs/specs/sim.md, toolkit", toolkit::nothing_is_due),
    row("TERMINAL RESPONSE", A0, 0x14, Exactly(0x00, 0x00), Three(1, 255), "docs/specs/sim.md, toolkit", toolkit::nothing_is_due),
]);

const _: () = check(COMMANDS);

/// Class A0.
pub static INTERFACE: Interface = Interface {
    name: "TS 51.011",
    commands: COMMANDS,
    order: &[Check::Params, Check::Length, Check::Needs],
    words: CheckWords {
        class: Sw::CLA_UNKNOWN,
        ins: Sw::INS_UNKNOWN,
        params: sw::PARAMS,
        length: Sw::WRONG_LENGTH,
        needs: sw::ACCESS,
        nothing_waits: sw::NOTHING_WAITS,
    },
    more: 0x9F,
    get_response_class: 0xA0,
    get_response_also: &[],
    other_classes: &[],
    wrong_le: WrongLe::Told,
};

/// TS 51.011.
pub static DIALECT: Dialect = Dialect {
    name: "TS 51.011",
    main: &INTERFACE,
    others: &[],
    choices: Choices { fci_version: false, log_serial_raised: false },
};
