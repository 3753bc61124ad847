//! Names of a SIM's files [TS 51.011 10, docs/specs/cards.md 8].

use applets::sim::DIRS;
use wire::profile::Fid;
use wire::sim::{DF_GSM, DF_TELECOM};

/// EF_Kc holds the session key of the radio line.
const EF_KC: Fid = Fid(0x6F20);

/// Name of a directory.
pub fn dir(fid: Fid) -> Option<&'static str> {
    match fid {
        Fid::MF => Some("master file"),
        DF_GSM => Some("DF_GSM"),
        DF_TELECOM => Some("DF_TELECOM"),
        _ => None,
    }
}

/// Name of a file, from the table of the mask.
pub fn file(dir: Fid, fid: Fid) -> Option<&'static str> {
    let home = DIRS.iter().find(|home| home.fid == dir)?;
    home.files.iter().find(|file| file.fid == fid).map(|file| file.name)
}

/// True for a file whose bytes are a key.
pub fn is_secret(dir: Fid, fid: Fid) -> bool {
    (dir, fid) == (DF_GSM, EF_KC)
}
