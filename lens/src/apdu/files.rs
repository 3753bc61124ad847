//! Files and keys by name, and the rights they ask for, from the profiles of the cards we issue.

use crate::anatomy::{self, sim_names};
use cos::rights::Right;
use scheme::profile::{self, CardKind, Fid, FileRow, KeyRow, Make, Recipient};

/// Name of a directory.
pub fn dir(kind: Option<CardKind>, fid: Fid) -> Option<&'static str> {
    match (kind, fid) {
        (_, Fid::MF) => Some("master file"),
        (Some(CardKind::Psam), profile::DF_PURCHASE) => Some("purchase application"),
        (kind, fid) if is_sim(kind) => sim_names::dir(fid),
        _ => None,
    }
}

/// Name of a file in a directory.
pub fn file(kind: Option<CardKind>, dir: Fid, fid: Fid) -> Option<&'static str> {
    if is_sim(kind) {
        return sim_names::file(dir, fid);
    }
    let in_mf = dir == Fid::MF;
    match (kind, fid) {
        (Some(CardKind::Fmcos | CardKind::TestCard), _) => None,
        (_, profile::EF_CARD_INFO) if in_mf => Some("card information"),
        (_, profile::EF_SIGNING_KEY) if in_mf => Some("signing key"),
        (_, profile::EF_CERTIFICATES) if in_mf => Some("certificates"),
        (Some(CardKind::Psam), profile::EF_TERMINAL) if in_mf => Some("terminal number"),
        (Some(CardKind::Psam), profile::EF_SEALED) if !in_mf => Some("orders sealed"),
        (Some(CardKind::UserCard), fid) if !in_mf => anatomy::user_card_file_name(fid),
        (Some(CardKind::ProductionCard), fid) if !in_mf => anatomy::production_file_name(fid),
        (Some(CardKind::Esam), profile::EF_PURSE) => Some("purse"),
        (Some(CardKind::Esam), fid) => anatomy::esam_file(Make::Current, fid),
        _ => None,
    }
}

/// Whether a card of this kind has a SIM's file tree.
pub fn is_sim(kind: Option<CardKind>) -> bool {
    kind.is_some_and(CardKind::is_sim)
}

/// The file's row in the profile of a kind.
pub fn row(kind: Option<CardKind>, dir: Fid, fid: Fid) -> Option<&'static FileRow> {
    let rows = match (kind?, dir) {
        (CardKind::PsamIssuing, _) => profile::PSAM_ISSUING_FILES,
        (CardKind::MainControl | CardKind::EsamIssuing, _) => profile::ISSUING_FILES,
        (CardKind::Psam, Fid::MF) => profile::PSAM_FILES,
        (CardKind::Psam, _) => profile::PSAM_PURCHASE_FILES,
        (CardKind::Esam, _) => profile::ESAM_FILES,
        (CardKind::UserCard, Fid::MF) => profile::USER_CARD_FILES,
        (CardKind::UserCard, _) => profile::USER_CARD_APPLICATION_FILES,
        (CardKind::ProductionCard, Fid::MF) => profile::PRODUCTION_CARD_FILES,
        (CardKind::ProductionCard, _) => profile::PRODUCTION_CARD_APPLICATION_FILES,
        _ => return None,
    };
    rows.iter().find(|row| row.fid == fid)
}

/// The row of a key: its type without protection bits, and its id.
pub fn key(kind: Option<CardKind>, key_type: u8, id: u8) -> Option<&'static KeyRow> {
    Recipient::Card(kind?).keys().iter().find(|row| row.kind & 0x3F == key_type & 0x3F && row.id == id)
}

/// A right in words: what it means on our cards where that is known, else what the registers must hold.
pub fn right(byte: u8) -> String {
    match byte {
        profile::MASTER | profile::MF_MASTER => "the card's own master key".into(),
        profile::PIN => "the operator's PIN".into(),
        profile::METER => "the meter's key".into(),
        profile::FREE => "always".into(),
        profile::NEVER => "never".into(),
        other => Right(other).to_string(),
    }
}

/// An access condition of a SIM in words [TS 51.011 9.3].
pub fn condition(nibble: u8) -> String {
    match nibble {
        0x0 => "always".into(),
        0x1 => "CHV1".into(),
        0x2 => "CHV2".into(),
        0xF => "never".into(),
        level => format!("ADM {level:X}"),
    }
}
