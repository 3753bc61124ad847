//! The FMCOS 2.0 dialect: its command table and the order of its checks (`docs/specs/fmcos.md`).

mod admin;
mod auth;
mod data;
mod keys;
mod records;
mod select;

pub use keys::information as key_information;

use crate::table::{Case, Check, CheckWords, Class, CommandRow, Dialect, Handler, Needs, Params, check};
use wire::Sw;

const fn row(
    name: &'static str,
    class: Class,
    ins: u8,
    params: Params,
    case: Case,
    spec: &'static str,
    handler: Handler,
) -> CommandRow {
    CommandRow { name, class, ins, params, case, needs: Needs::Nothing, spec, handler }
}

use Case::{Four, Three, Two, TwoOrFour};
use Class::{Only, Securable};
use Params::{Any, Exactly, P1, P1UpTo};

/// Longest data field and longest answer [FMCOS UM 6.1].
const MAX: u8 = 239;

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    row("VERIFY",                Only(0x00),      0x20, P1(0x00),            Three(2, 8),       "FMCOS UM 7.10", auth::verify),
    row("EXTERNAL AUTHENTICATE", Only(0x00),      0x82, P1(0x00),            Three(8, 16),      "FMCOS UM 7.1",  auth::external),
    row("GET CHALLENGE",         Only(0x00),      0x84, Exactly(0x00, 0x00), Two,               "FMCOS UM 7.2",  auth::challenge),
    row("INTERNAL AUTHENTICATE", Only(0x00),      0x88, P1UpTo(0x02),        Four(1, MAX),      "FMCOS UM 7.3",  auth::internal),
    row("SELECT",                Only(0x00),      0xA4, Any,                 Four(0, 16),       "FMCOS UM 7.4",  select::select),
    row("READ BINARY",           Securable(0x00), 0xB0, Any,                 TwoOrFour(4, 36),  "FMCOS UM 7.5",  data::read),
    row("READ RECORD",           Securable(0x00), 0xB2, Any,                 TwoOrFour(4, 36),  "FMCOS UM 7.6",  records::read),
    row("UPDATE BINARY",         Securable(0x00), 0xD6, Any,                 Three(1, MAX),     "FMCOS UM 7.7",  data::update),
    row("UPDATE RECORD",         Securable(0x00), 0xDC, Any,                 Three(1, MAX),     "FMCOS UM 7.8",  records::update),
    row("APPEND RECORD",         Securable(0x00), 0xE2, P1(0x00),            Three(1, MAX),     "FMCOS UM 7.9",  records::append),
    row("ERASE DF",              Only(0x80),      0x0E, Exactly(0x00, 0x00), Case::One,         "FMCOS UM 7.11", admin::erase),
    row("WRITE KEY",             Securable(0x80), 0xD4, Any,                 Three(7, MAX),     "FMCOS UM 7.12", keys::write),
    row("CREATE FILE",           Only(0x80),      0xE0, Any,                 Three(7, 24),      "FMCOS UM 7.13", admin::create),
];

const _: () = check(COMMANDS);

/// FMCOS 2.0.
pub static DIALECT: Dialect = Dialect {
    name: "FMCOS 2.0",
    commands: COMMANDS,
    // UNSPECIFIED: the manual gives no list; the order follows from its texts (docs/specs/fmcos.md).
    order: &[Check::Params, Check::Length, Check::Needs],
    words: CheckWords {
        class: Sw::CLA_UNKNOWN,
        ins: Sw::INS_UNKNOWN,
        params: Sw::WRONG_P1P2,
        length: Sw::WRONG_LENGTH,
        needs: Sw::NOT_ALLOWED,
        nothing_waits: Sw::CONDITIONS,
    },
    more: 0x61,
    get_response_class: 0x00,
    corrects_le: true,
};
