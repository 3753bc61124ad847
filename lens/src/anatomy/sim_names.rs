//! Names of a SIM's files [TS 51.011 10, docs/specs/cards.md 8].

use applets::sim::Profile;
use cos::sim::mask::{SimFile, SimShape};
use scheme::profile::Fid;
use scheme::sim::{ADF_USIM, DF_GSM, DF_GSM_ACCESS, DF_TELECOM};

/// Files that hold session keys of the radio line: EF_Kc and EF_KcGPRS, and EF_Keys and EF_KeysPS of the USIM.
const SESSION_KEYS: [(Fid, Fid); 6] = [
    (DF_GSM, Fid(0x6F20)),
    (DF_GSM, Fid(0x6F52)),
    (DF_GSM_ACCESS, Fid(0x4F20)),
    (DF_GSM_ACCESS, Fid(0x4F52)),
    (ADF_USIM, Fid(0x6F08)),
    (ADF_USIM, Fid(0x6F09)),
];

/// Name of a directory.
pub fn dir(fid: Fid) -> Option<&'static str> {
    match fid {
        Fid::MF => Some("master file"),
        DF_GSM => Some("DF_GSM"),
        DF_TELECOM => Some("DF_TELECOM"),
        ADF_USIM => Some("ADF_USIM"),
        DF_GSM_ACCESS => Some("DF_GSM-ACCESS"),
        _ => None,
    }
}

/// The row of a file in the mask; that of the UICC has all directories of the classic SIM.
fn row(dir: Fid, fid: Fid) -> Option<&'static SimFile> {
    let home = Profile::Uicc.dirs().iter().find(|home| home.fid == dir)?;
    home.files.iter().find(|file| file.fid == fid)
}

/// Name of a file, from the table of the mask.
pub fn file(dir: Fid, fid: Fid) -> Option<&'static str> {
    row(dir, fid).map(|file| file.name)
}

/// Directory of the file that a link stands for.
pub fn link(dir: Fid, fid: Fid) -> Option<Fid> {
    match row(dir, fid)?.shape {
        SimShape::LinkTo(home) => Some(home),
        _ => None,
    }
}

/// True for a file whose bytes are a key.
pub fn is_secret(dir: Fid, fid: Fid) -> bool {
    SESSION_KEYS.contains(&(dir, fid))
}

/// Every file of our masks that class A0 sees: its path, its name, and whether its bytes are a key.
pub fn files() -> impl Iterator<Item = (Vec<Fid>, &'static str, bool)> {
    let dirs = Profile::Uicc.dirs().iter().filter(|dir| dir.aid.is_empty() && dir.within == Fid::MF);
    dirs.flat_map(|dir| {
        dir.files.iter().map(|file| {
            let path =
                if dir.fid == Fid::MF { vec![Fid::MF, file.fid] } else { vec![Fid::MF, dir.fid, file.fid] };
            (path, file.name, is_secret(dir.fid, file.fid))
        })
    })
}
