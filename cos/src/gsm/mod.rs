//! The SIM dialect: TS 51.011, class A0 (`docs/specs/sim.md`).

mod chv;
mod files;
mod select;
mod toolkit;

pub(crate) use toolkit::{nothing_is_due, terminal_profile};

use crate::sim::Words;
use crate::table::{
    Case, Check, CheckWords, Choices, Class, CommandRow, Dialect, Handler, Interface, Needs, Params, WrongLe,
    check,
};
use wire::Sw;

/// Status words of TS 51.011 9.4 that FMCOS does not have.
pub mod sw {
    use wire::Sw;

    /// 9400: no EF selected.
    pub const NO_EF: Sw = Sw(0x9400);
    /// 9402: address out of range.
    pub const OUT_OF_RANGE: Sw = Sw(0x9402);
    /// 9404: file or pattern not found.
    pub const NOT_FOUND: Sw = Sw(0x9404);
    /// 9408: file inconsistent with the command.
    pub const WRONG_FILE: Sw = Sw(0x9408);
    /// 9802: no CHV initialised.
    pub const NO_CHV: Sw = Sw(0x9802);
    /// 9804: access condition not fulfilled, or a wrong secret.
    pub const ACCESS: Sw = Sw(0x9804);
    /// 9808: contradiction with the CHV status.
    pub const CHV_STATUS: Sw = Sw(0x9808);
    /// 9810: contradiction with the invalidation status.
    pub const INVALIDATED: Sw = Sw(0x9810);
    /// 9840: blocked, no tries left.
    pub const BLOCKED: Sw = Sw(0x9840);
    /// 9850: INCREASE beyond the greatest value.
    pub const AT_MAXIMUM: Sw = Sw(0x9850);
    /// 6B00: wrong P1 or P2.
    pub const PARAMS: Sw = Sw(0x6B00);
}

/// What the files refuse, in the words of class A0.
static WORDS: Words = Words {
    no_ef: sw::NO_EF,
    wrong_file: sw::WRONG_FILE,
    outside: sw::OUT_OF_RANGE,
    no_record: sw::OUT_OF_RANGE,
    no_file: sw::NOT_FOUND,
    access: sw::ACCESS,
    invalidated: sw::INVALIDATED,
    params: sw::PARAMS,
    at_maximum: sw::AT_MAXIMUM,
    wrong_le: WrongLe::Told,
};

const fn row(
    name: &'static str,
    ins: u8,
    params: Params,
    case: Case,
    spec: &'static str,
    handler: Handler,
) -> CommandRow {
    CommandRow {
        name,
        class: Class::Only(0xA0),
        ins,
        params,
        case,
        needs: Needs::Nothing,
        when_blocked: true,
        spec,
        handler,
    }
}

use Case::{Four, One, Three, Two};
use Params::{Any, Exactly, P1};

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    row("SELECT",            0xA4, Exactly(0x00, 0x00), Four(2, 2),    "TS 51.011 9.2.1",  select::select),
    row("STATUS",            0xF2, Exactly(0x00, 0x00), Two,           "TS 51.011 9.2.2",  select::status),
    row("READ BINARY",       0xB0, Any,                 Two,           "TS 51.011 9.2.3",  files::read_binary),
    row("UPDATE BINARY",     0xD6, Any,                 Three(1, 255), "TS 51.011 9.2.4",  files::update_binary),
    row("READ RECORD",       0xB2, Any,                 Two,           "TS 51.011 9.2.5",  files::read_record),
    row("UPDATE RECORD",     0xDC, Any,                 Three(1, 255), "TS 51.011 9.2.6",  files::update_record),
    row("SEEK",              0xA2, P1(0x00),            Four(1, 16),   "TS 51.011 9.2.7",  files::seek),
    row("INCREASE",          0x32, Exactly(0x00, 0x00), Four(3, 3),    "TS 51.011 9.2.8",  files::increase),
    row("VERIFY CHV",        0x20, P1(0x00),            Three(8, 8),   "TS 51.011 9.2.9",  chv::verify),
    row("CHANGE CHV",        0x24, P1(0x00),            Three(16, 16), "TS 51.011 9.2.10", chv::change),
    row("DISABLE CHV",       0x26, Exactly(0x00, 0x01), Three(8, 8),   "TS 51.011 9.2.11", chv::disable),
    row("ENABLE CHV",        0x28, Exactly(0x00, 0x01), Three(8, 8),   "TS 51.011 9.2.12", chv::enable),
    row("UNBLOCK CHV",       0x2C, P1(0x00),            Three(16, 16), "TS 51.011 9.2.13", chv::unblock),
    row("INVALIDATE",        0x04, Exactly(0x00, 0x00), One,           "docs/specs/sim.md, invalidation", files::invalidate),
    row("REHABILITATE",      0x44, Exactly(0x00, 0x00), One,           "docs/specs/sim.md, invalidation", files::rehabilitate),
    row("RUN GSM ALGORITHM", 0x88, Exactly(0x00, 0x00), Four(16, 16),  "docs/specs/sim.md, authentication", select::run_gsm_algorithm),
    row("SLEEP",             0xFA, Exactly(0x00, 0x00), One,           "docs/specs/sim.md", select::sleep),
    row("TERMINAL PROFILE",  0x10, Exactly(0x00, 0x00), Three(1, 255), "docs/specs/sim.md, toolkit", toolkit::terminal_profile),
    row("ENVELOPE",          0xC2, Exactly(0x00, 0x00), Four(1, 255),  "docs/specs/sim.md, toolkit", toolkit::nothing_is_due),
    row("FETCH",             0x12, Exactly(0x00, 0x00), Two,           "docs/specs/sim.md, toolkit", toolkit::nothing_is_due),
    row("TERMINAL RESPONSE", 0x14, Exactly(0x00, 0x00), Three(1, 255), "docs/specs/sim.md, toolkit", toolkit::nothing_is_due),
];

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
        nothing_waits: Sw::UNKNOWN,
    },
    more: 0x9F,
    get_response_class: 0xA0,
    wrong_le: WrongLe::Told,
};

/// TS 51.011.
pub static DIALECT: Dialect = Dialect {
    name: "TS 51.011",
    main: &INTERFACE,
    others: &[],
    choices: Choices { fci_version: false, log_serial_raised: false },
};
