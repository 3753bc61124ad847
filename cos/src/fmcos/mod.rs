//! The FMCOS 2.0 dialect: its command table and the order of its checks (`docs/specs/fmcos.md`).

mod admin;
mod auth;
mod block;
mod data;
mod keys;
mod pin;
mod purse;
mod records;
mod sam;
mod select;
mod set_pin;

pub use auth::challenge as get_challenge;
pub use data::{MAX, read as read_binary, update as update_binary};
pub use keys::information as key_information;
pub use keys::{
    STAGE, STAGE_MASTER, Under, bound_checked, bound_to, own_use_key, stage as stage_key,
    tries as tries_left, write as write_key,
};
pub use records::read as read_record;
pub use set_pin::set_pin;

use crate::choices::Choices;
use crate::table::{
    Case, Check, CheckWords, Class, CommandRow, Dialect, Interface, Params, WrongLe, check, row,
};
use wire::Sw;

use Case::{Four, Three, Two, TwoOrFour};
use Class::{Only, Securable};
use Params::{Any, Exactly, P1, P1UpTo, P2};

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    row("VERIFY",                 Only(0x00),      0x20, P1(0x00),            Three(2, 8),      "FMCOS UM 7.10", auth::verify),
    row("EXTERNAL AUTHENTICATE",  Only(0x00),      0x82, P1(0x00),            Three(8, 16),     "FMCOS UM 7.1",  auth::external),
    row("GET CHALLENGE",          Only(0x00),      0x84, Exactly(0x00, 0x00), Two,              "FMCOS UM 7.2",  auth::challenge).when_blocked(),
    row("INTERNAL AUTHENTICATE",  Only(0x00),      0x88, P1UpTo(0x02),        Four(1, MAX),     "FMCOS UM 7.3",  auth::internal),
    row("SELECT",                 Only(0x00),      0xA4, Any,                 Four(0, 16),      "FMCOS UM 7.4",  select::select).when_blocked(),
    row("READ BINARY",            Securable(0x00), 0xB0, Any,                 TwoOrFour(4, 36), "FMCOS UM 7.5",  data::read),
    row("READ RECORD",            Securable(0x00), 0xB2, Any,                 TwoOrFour(4, 36), "FMCOS UM 7.6",  records::read),
    row("UPDATE BINARY",          Securable(0x00), 0xD6, Any,                 Three(1, MAX),    "FMCOS UM 7.7",  data::update),
    row("UPDATE BINARY",          Securable(0x00), 0xD0, Any,                 Three(1, MAX),    "FMCOS UM 1.4",  data::update),
    row("UPDATE RECORD",          Securable(0x00), 0xDC, Any,                 Three(1, MAX),    "FMCOS UM 7.8",  records::update),
    row("UPDATE RECORD",          Securable(0x00), 0xD2, Any,                 Three(1, MAX),    "FMCOS UM 1.4",  records::update),
    row("APPEND RECORD",          Securable(0x00), 0xE2, P1(0x00),            Three(1, MAX),    "FMCOS UM 7.9",  records::append),
    row("ERASE DF",               Only(0x80),      0x0E, Exactly(0x00, 0x00), Case::One,        "FMCOS UM 7.11", admin::erase).unclosed(),
    row("WRITE KEY",              Securable(0x80), 0xD4, Any,                 Three(7, MAX),    "FMCOS UM 7.12", keys::write).unclosed(),
    row("CREATE FILE",            Only(0x80),      0xE0, Any,                 Three(7, 24),     "FMCOS UM 7.13", admin::create).unclosed(),
    row("CARD BLOCK",             Only(0x84),      0x16, Exactly(0x00, 0x00), Three(4, 4),      "FMCOS UM 8.1",  block::card).unclosed(),
    row("APPLICATION UNBLOCK",    Only(0x84),      0x18, Exactly(0x00, 0x00), Three(4, 4),      "FMCOS UM 8.2",  block::unblock).unclosed().when_blocked(),
    row("APPLICATION BLOCK",      Only(0x84),      0x1E, P1(0x00),            Three(4, 4),      "FMCOS UM 8.3",  block::application).unclosed().when_blocked(),
    row("PIN UNBLOCK",            Only(0x84),      0x24, Any,                 Three(12, 20),    "FMCOS UM 8.4",  pin::unblock).unclosed(),
    row("RELOAD PIN",             Securable(0x80), 0x5E, P1(0x00),            Three(5, 17),     "FMCOS UM 8.5",  pin::reload).unclosed(),
    row("CHANGE PIN",             Securable(0x80), 0x5E, P1(0x01),            Three(5, 17),     "FMCOS UM 8.6",  pin::change),
    row("INITIALIZE",             Only(0x80),      0x50, Any,                 Four(7, 11),      "FMCOS UM 8.7",  purse::initialize),
    row("CREDIT FOR LOAD",        Only(0x80),      0x52, Exactly(0x00, 0x00), Four(11, 11),     "FMCOS UM 8.7",  purse::credit_for_load),
    row("DEBIT",                  Only(0x80),      0x54, P2(0x00),            Four(11, 15),     "FMCOS UM 8.8",  purse::debit),
    row("UPDATE CAPP DATA CACHE", Securable(0x80), 0xDC, Any,                 Three(1, MAX),    "FMCOS UM 8.9",  purse::update_cache),
    row("UPDATE OVERDRAW LIMIT",  Only(0x80),      0x58, Exactly(0x00, 0x00), Four(14, 14),     "FMCOS UM 8.12", purse::update_limit),
    row("GET TRANSACTION PROVE",  Only(0x80),      0x5A, P1(0x00),            Four(2, 2),       "FMCOS UM 8.13", purse::prove),
    row("GET BALANCE",            Only(0x80),      0x5C, P1(0x00),            Two,              "FMCOS UM 8.14", purse::balance),
];

/// Commands of a purchase SAM, which a program adds where it wants them.
#[rustfmt::skip]
pub static SAM_COMMANDS: &[CommandRow] = &[
    row("INIT FOR DESCRYPT",       Only(0x80), 0x1A, Any,                 Case::Three(0, 56), "docs/specs/fmcos.md, SAM", sam::init_for_crypt),
    row("DES CRYPT",               Only(0x80), 0xFA, P2(0x00),            Four(8, 232),       "docs/specs/fmcos.md, SAM", sam::crypt),
    row("INIT SAM FOR PURCHASE",   Only(0x80), 0x70, Exactly(0x00, 0x00), Four(28, 76),       "docs/specs/fmcos.md, SAM", sam::init_for_purchase),
    row("CREDIT SAM FOR PURCHASE", Only(0x80), 0x72, Exactly(0x00, 0x00), Three(4, 4),        "docs/specs/fmcos.md, SAM", sam::credit_for_purchase),
];

const _: () = check(SAM_COMMANDS);
const _: () = check(COMMANDS);

/// How all classes of FMCOS are spoken.
pub static INTERFACE: Interface = Interface {
    name: "FMCOS 2.0",
    commands: COMMANDS,
    // UNSPECIFIED: the manual gives no list; the order follows from its texts (docs/specs/fmcos.md).
    order: &[Check::CardAlive, Check::ApplicationOpen, Check::Params, Check::Length, Check::Needs],
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
    get_response_also: &[],
    other_classes: &[],
    wrong_le: WrongLe::Corrected,
};

/// FMCOS 2.0.
pub static DIALECT: Dialect = Dialect {
    name: "FMCOS 2.0",
    main: &INTERFACE,
    others: &[],
    choices: Choices { fci_version: true, log_serial_raised: true },
};
