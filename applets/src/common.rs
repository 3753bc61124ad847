//! Commands that several programs answer alike.

use cos::fmcos;
use cos::table::{Case, Class, CommandRow, Params, row};

/// KEY INFORMATION, which every FMCOS card of ours answers.
pub const KEY_INFORMATION: CommandRow = row(
    "KEY INFORMATION",
    Class::Only(0x80),
    0x48,
    Params::Any,
    Case::Two,
    "docs/specs/cards.md 6",
    fmcos::key_information,
);

/// SET PIN, which every finished card of ours with a PIN answers.
pub const SET_PIN: CommandRow = row(
    "SET PIN",
    Class::Only(0x84),
    0x24,
    Params::P1(0x00),
    Case::Three(12, 20),
    "docs/specs/cards.md 12",
    fmcos::set_pin,
);

/// TRIES LEFT, which every FMCOS card of ours answers.
pub const TRIES_LEFT: CommandRow = row(
    "TRIES LEFT",
    Class::Only(0x80),
    0x3C,
    Params::Any,
    Case::Two,
    "docs/specs/cards.md 6",
    fmcos::tries_left,
);
