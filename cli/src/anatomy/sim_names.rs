//! Names of a SIM's files [TS 51.011 10, docs/specs/cards.md 8].

use wire::profile::Fid;
use wire::sim::{self, DF_GSM, DF_TELECOM};

/// EF_Kc holds the session key of the radio line.
const EF_KC: Fid = Fid(0x6F20);

/// Directory, file, name.
#[rustfmt::skip]
const NAMES: &[(Fid, Fid, &str)] = &[
    (Fid::MF,    sim::EF_ICCID,  "EF_ICCID"),
    (DF_GSM,     Fid(0x6F05),    "EF_LP"),
    (DF_GSM,     sim::EF_IMSI,   "EF_IMSI"),
    (DF_GSM,     EF_KC,          "EF_Kc"),
    (DF_GSM,     Fid(0x6F30),    "EF_PLMNsel"),
    (DF_GSM,     Fid(0x6F31),    "EF_HPLMN"),
    (DF_GSM,     Fid(0x6F38),    "EF_SST"),
    (DF_GSM,     Fid(0x6F3E),    "EF_GID1"),
    (DF_GSM,     Fid(0x6F3F),    "EF_GID2"),
    (DF_GSM,     Fid(0x6F46),    "EF_SPN"),
    (DF_GSM,     Fid(0x6F74),    "EF_BCCH"),
    (DF_GSM,     Fid(0x6F78),    "EF_ACC"),
    (DF_GSM,     Fid(0x6F7B),    "EF_FPLMN"),
    (DF_GSM,     Fid(0x6F7E),    "EF_LOCI"),
    (DF_GSM,     Fid(0x6FAD),    "EF_AD"),
    (DF_GSM,     Fid(0x6FAE),    "EF_Phase"),
    (DF_TELECOM, sim::EF_SMS,    "EF_SMS"),
    (DF_TELECOM, sim::EF_MSISDN, "EF_MSISDN"),
    (DF_TELECOM, sim::EF_SMSP,   "EF_SMSP"),
    (DF_TELECOM, sim::EF_SMSS,   "EF_SMSS"),
    (DF_TELECOM, sim::EF_GRID,   "EF_GRID"),
];

/// Name of a directory.
pub fn dir(fid: Fid) -> Option<&'static str> {
    match fid {
        Fid::MF => Some("master file"),
        DF_GSM => Some("DF_GSM"),
        DF_TELECOM => Some("DF_TELECOM"),
        _ => None,
    }
}

/// Name of a file.
pub fn file(dir: Fid, fid: Fid) -> Option<&'static str> {
    NAMES.iter().find(|row| (row.0, row.1) == (dir, fid)).map(|row| row.2)
}

/// True for a file whose bytes are a key.
pub fn is_secret(dir: Fid, fid: Fid) -> bool {
    (dir, fid) == (DF_GSM, EF_KC)
}
