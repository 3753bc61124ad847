//! APDUs in words: the name of a command, the file it means, the right it asks for, what the answer says. One decoder
//! for `apdu` and `trace show`; the names come from the command tables of all programs.

mod answers;
mod decoder;
mod files;
mod objects;
mod online;
mod reset;
mod session;
mod tags;

pub use decoder::{Decoder, Shown};
pub use session::DecodedTrace;

use applets::program_of;
use scheme::profile::CardKind;
use wire::status::Dialect;

/// True for a command that neither writes nor counts: it may be repeated whatever became of it.
pub fn changes_nothing(header: &[u8]) -> bool {
    match header {
        [0xA0, 0x88, ..] => true,
        [_, ins, ..] => READING.contains(ins),
        _ => false,
    }
}

/// SELECT, READ BINARY, READ RECORD, GET RESPONSE, GET CHALLENGE, STATUS, SEEK (SEARCH RECORD), GET BALANCE,
/// KEY INFORMATION, READ CERTIFICATE.
const READING: [u8; 10] = [0xA4, 0xB0, 0xB2, 0xC0, 0x84, 0xF2, 0xA2, 0x5C, 0x48, 0x76];

/// Name of a command that begins with these bytes, and the dialect its answer is read in.
pub fn command(bytes: &[u8]) -> (&'static str, Dialect) {
    command_of(bytes, None)
}

/// As [`command`], with the commands of the card's own kind first.
pub fn command_of(bytes: &[u8], kind: Option<CardKind>) -> (&'static str, Dialect) {
    let &[cla, ins, p1, p2, ..] = bytes else { return ("not a command", Dialect::Fmcos) };
    let dialect = match cla {
        0xA0 => Dialect::Gsm,
        _ if kind.is_some_and(CardKind::is_sim) => Dialect::Uicc,
        _ => Dialect::Fmcos,
    };
    if ins == 0xC0 {
        return ("GET RESPONSE", dialect);
    }
    // A SIM that speaks class 00 is a UICC, whatever it was taken for.
    let kind = kind.map(|kind| if kind.is_sim() && cla != 0xA0 { CardKind::Uicc } else { kind });
    let fitting = |kinds: &[CardKind]| {
        let rows = kinds.iter().copied().filter_map(program_of).flat_map(|program| program.rows());
        let fitting: Vec<_> = rows.filter(|row| row.class.fits(cla) && row.ins == ins).collect();
        fitting.iter().find(|row| row.params.fit(p1, p2)).or(fitting.first()).map(|row| row.name)
    };
    let own = kind.and_then(|kind| fitting(&[kind]));
    (own.or_else(|| fitting(&CardKind::ALL)).unwrap_or("unknown command"), dialect)
}
