//! The file tree of a classic SIM [TS 51.011 10].

use cos::sim::access::{ADM, ALW, CHV1, CHV2};
use cos::sim::mask::SimShape::{Cyclic, LinearFixed, Messages, Transparent};
use cos::sim::mask::{SimDir, SimFile, check};
use scheme::profile::Fid;
use scheme::sim::{DF_GSM, DF_TELECOM};

/// READ always, UPDATE ADM.
pub(super) const OPEN: u8 = ALW << 4 | ADM;
/// READ CHV1, UPDATE CHV1.
pub(super) const USER: u8 = CHV1 << 4 | CHV1;
/// READ CHV1, UPDATE ADM.
pub(super) const ISSUER: u8 = CHV1 << 4 | ADM;
/// READ always, UPDATE CHV1.
pub(super) const LANGUAGE: u8 = ALW << 4 | CHV1;
/// READ CHV1, UPDATE CHV2.
pub(super) const OWNER: u8 = CHV1 << 4 | CHV2;

/// REHABILITATE ADM, INVALIDATE ADM.
pub(super) const BY_ADM: u8 = ADM << 4 | ADM;
/// REHABILITATE CHV1, INVALIDATE ADM.
pub(super) const BACK_BY_CHV1: u8 = CHV1 << 4 | ADM;
/// REHABILITATE CHV2, INVALIDATE CHV2.
pub(super) const BY_CHV2: u8 = CHV2 << 4 | CHV2;

pub(super) const fn file(
    fid: u16,
    name: &'static str,
    shape: cos::sim::mask::SimShape,
    access: u8,
    administer: u8,
    content: &'static [u8],
) -> SimFile {
    SimFile::new(fid, name, shape, access, content).administer(administer)
}

/// Length of an EF_SMS record.
pub const MESSAGE: u8 = 176;

/// A service table of the classic SIM: two bits a service, allocated and activated, four services a byte
/// [TS 51.011 10.3.7].
const fn services<const N: usize>(on: &[u8]) -> [u8; N] {
    let mut table = [0; N];
    let mut i = 0;
    while i < on.len() {
        let service = on[i] as usize - 1;
        table[service / 4] |= 0b11 << (2 * (service % 4));
        i += 1;
    }
    table
}

/// 1 CHV1 may be switched off, 2 ADN, 4 SMS, 5 AoC, 7 PLMN selector, 9 MSISDN, 12 SMSP, 15 and 16 group identifiers, 17 SPN,
/// 43 to 45 PLMN selectors with access technology.
static SERVICES: [u8; 12] = services(&[1, 2, 4, 5, 7, 9, 12, 15, 16, 17, 43, 44, 45]);

/// EF_SMSP: no alpha, SCA present only, service centre +8613800250500.
#[rustfmt::skip]
const SMSP: &[u8] = &[
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFD,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0x08, 0x91, 0x68, 0x31, 0x08, 0x20, 0x05, 0x05, 0xF0,
];

/// EF_ACM starts at nothing.
const ZERO: &[u8] = &[0x00, 0x00, 0x00];

/// EF_Kc: no key (sequence number 7).
pub(super) const NO_KC: &[u8] = &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x07];
/// EF_LOCI: no TMSI, no area, not updated.
pub(super) const NOWHERE: &[u8] = &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0xFF, 0x01];

/// EF_ICCID.
// UNSPECIFIED: the standard bars UPDATE for ever; our mask leaves it to ADM, or nobody could personalise.
pub(super) const ICCID: SimFile = file(0x2FE2, "EF_ICCID", Transparent(10), OPEN, BY_ADM, &[]);

#[rustfmt::skip]
static MASTER: &[SimFile] = &[ICCID];

#[rustfmt::skip]
pub(super) static GSM: &[SimFile] = &[
    file(0x6F05, "EF_LP",         Transparent(1),      LANGUAGE, BY_ADM,       &[0x01]),
    file(0x6F07, "EF_IMSI",       Transparent(9),      ISSUER,   BACK_BY_CHV1, &[]),
    file(0x6F20, "EF_Kc",         Transparent(9),      USER,     BY_ADM,       NO_KC),
    file(0x6F30, "EF_PLMNsel",    Transparent(24),     USER,     BY_ADM,       &[]),
    file(0x6F31, "EF_HPLMN",      Transparent(1),      ISSUER,   BY_ADM,       &[0x05]),
    file(0x6F37, "EF_ACMmax",     Transparent(3),      OWNER,    BY_ADM,       ZERO),
    file(0x6F38, "EF_SST",        Transparent(12),     ISSUER,   BY_ADM,       &SERVICES),
    file(0x6F39, "EF_ACM",        Cyclic(5, 3),        OWNER,    BY_ADM,       ZERO).increase(CHV1),
    file(0x6F3E, "EF_GID1",       Transparent(1),      ISSUER,   BY_ADM,       &[]),
    file(0x6F3F, "EF_GID2",       Transparent(1),      ISSUER,   BY_ADM,       &[]),
    file(0x6F41, "EF_PUCT",       Transparent(5),      OWNER,    BY_ADM,       &[]),
    file(0x6F46, "EF_SPN",        Transparent(17),     OPEN,     BY_ADM,       &[]),
    file(0x6F60, "EF_PLMNwAcT",   Transparent(40),     USER,     BY_ADM,       &[]),
    file(0x6F61, "EF_OPLMNwAcT",  Transparent(40),     ISSUER,   BY_ADM,       &[]),
    file(0x6F62, "EF_HPLMNwAcT",  Transparent(10),     ISSUER,   BY_ADM,       &[]),
    file(0x6F74, "EF_BCCH",       Transparent(16),     USER,     BY_ADM,       &[]),
    file(0x6F78, "EF_ACC",        Transparent(2),      ISSUER,   BY_ADM,       &[0x00, 0x01]),
    file(0x6F7B, "EF_FPLMN",      Transparent(12),     USER,     BY_ADM,       &[]),
    file(0x6F7E, "EF_LOCI",       Transparent(11),     USER,     BACK_BY_CHV1, NOWHERE),
    file(0x6FAD, "EF_AD",         Transparent(4),      OPEN,     BY_ADM,       &[0x00, 0x00, 0x00, 0x02]),
    file(0x6FAE, "EF_Phase",      Transparent(1),      OPEN,     BY_ADM,       &[0x03]),
];

#[rustfmt::skip]
pub(super) static TELECOM: &[SimFile] = &[
    file(0x6F3A, "EF_ADN",        LinearFixed(10, 28), USER,     BY_CHV2,      &[]).readable(),
    file(0x6F3C, "EF_SMS",        Messages(MESSAGE),   USER,     BY_ADM,       &[0x00]),
    file(0x6F40, "EF_MSISDN",     LinearFixed(2, 28),  USER,     BY_ADM,       &[]),
    file(0x6F42, "EF_SMSP",       LinearFixed(2, 40),  USER,     BY_ADM,       SMSP),
    file(0x6F43, "EF_SMSS",       Transparent(2),      USER,     BY_ADM,       &[0xFF, 0xFF]),
    // Ours: state (00 test) and structure version [docs/specs/cards.md 8].
    file(0x6FE0, "EF_GRID",       Transparent(2),      OPEN,     BY_ADM,       &[0x00, 0x01]),
];

/// The file tree of the mask, directory by directory.
pub(super) static DIRS: &[SimDir] = &[
    SimDir { fid: Fid::MF, within: Fid::MF, aid: &[], files: MASTER },
    SimDir { fid: DF_GSM, within: Fid::MF, aid: &[], files: GSM },
    SimDir { fid: DF_TELECOM, within: Fid::MF, aid: &[], files: TELECOM },
];

const _: () = check(DIRS);
