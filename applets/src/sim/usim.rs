//! The file tree of a UICC: the classic SIM's directories, and a USIM application [docs/specs/sim.md, files of a UICC].

use super::classic::{
    BACK_BY_CHV1, BY_ADM, GSM, ICCID, ISSUER, LANGUAGE, NO_KC, NOWHERE, OPEN, TELECOM, USER, file,
};
use cos::sim::access::{ALW, NEV};
use cos::sim::mask::SimShape::{LinearFixed, LinkTo, Rules, Transparent};
use cos::sim::mask::{SimDir, SimFile, check};
use scheme::profile::Fid;
use scheme::sim::{ADF_USIM, DF_GSM, DF_GSM_ACCESS, DF_TELECOM};

/// Application identifier: registered provider 3GPP, code of the USIM, country 86, no provider code, UICC.
pub const AID: &[u8] =
    &[0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02, 0xFF, 0x86, 0xFF, 0xFF, 0x89, 0x00, 0x00, 0x00, 0x00];

/// EF_DIR: application template, `61 { 4F AID, 50 label }`.
#[rustfmt::skip]
const APPLICATION: &[u8] = &[
    0x61, 0x18, 0x4F, 0x10,
    0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02, 0xFF, 0x86, 0xFF, 0xFF, 0x89, 0x00, 0x00, 0x00, 0x00,
    0x50, 0x04, b'U', b'S', b'I', b'M',
];

/// A service table of the USIM: one bit a service.
const fn services<const N: usize>(on: &[u8]) -> [u8; N] {
    let mut table = [0; N];
    let mut i = 0;
    while i < on.len() {
        let service = on[i] as usize - 1;
        table[service / 8] |= 1 << (service % 8);
        i += 1;
    }
    table
}

/// 10 SMS, 12 SMSP, 17 and 18 group identifiers, 19 SPN, 20 PLMN selector, 21 MSISDN, 27 GSM access, 33 (always set), 34 table
/// of enabled services, 38 GSM security context, 42 and 43 operator's and home PLMN selectors [TS 31.102 4.2.8].
static SERVICES: [u8; 6] = services(&[10, 12, 17, 18, 19, 20, 21, 27, 33, 34, 38, 42, 43]);

/// No key: set identifier 07.
const NO_KEYS: &[u8] = &[0x07];
/// EF_PSLOCI: no P-TMSI, no area, not updated.
#[rustfmt::skip]
const NOWHERE_PS: &[u8] = &[
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0xFF, 0x01,
];
/// EF_ECC: 112, no category.
const EMERGENCY: &[u8] = &[0x11, 0xF2, 0xFF, 0x00];

#[rustfmt::skip]
static MASTER: &[SimFile] = &[
    ICCID.sfi(0x02),
    file(0x2F00, "EF_DIR",        LinearFixed(1, 38),  OPEN,     BY_ADM,       APPLICATION).sfi(0x1E),
    file(0x2F05, "EF_PL",         Transparent(2),      LANGUAGE, BY_ADM,       b"en").sfi(0x05),
    file(0x2F06, "EF_ARR",        Rules,               ALW << 4 | 0xF, 0xFF,   &[]).sfi(0x06),
];

#[rustfmt::skip]
static USIM: &[SimFile] = &[
    file(0x6F05, "EF_LI",         Transparent(2),      LANGUAGE, BY_ADM,       b"en").sfi(0x02),
    file(0x6F06, "EF_ARR",        Rules,               ALW << 4 | 0xF, 0xFF,   &[]).sfi(0x17),
    file(0x6F07, "EF_IMSI",       Transparent(9),      ISSUER,   BACK_BY_CHV1, &[]).sfi(0x07),
    file(0x6F08, "EF_Keys",       Transparent(33),     USER,     BY_ADM,       NO_KEYS).sfi(0x08),
    file(0x6F09, "EF_KeysPS",     Transparent(33),     USER,     BY_ADM,       NO_KEYS).sfi(0x09),
    file(0x6F31, "EF_HPPLMN",     Transparent(1),      ISSUER,   BY_ADM,       &[0x05]).sfi(0x12),
    file(0x6F38, "EF_UST",        Transparent(6),      ISSUER,   BY_ADM,       &SERVICES).sfi(0x04),
    file(0x6F3E, "EF_GID1",       Transparent(1),      ISSUER,   BY_ADM,       &[]),
    file(0x6F3F, "EF_GID2",       Transparent(1),      ISSUER,   BY_ADM,       &[]),
    file(0x6F46, "EF_SPN",        Transparent(17),     OPEN,     BY_ADM,       &[]),
    file(0x6F56, "EF_EST",        Transparent(1),      ISSUER,   BY_ADM,       &[0x00]).sfi(0x05),
    file(0x6F5B, "EF_START-HFN",  Transparent(6),      USER,     BY_ADM,       &[0xF0, 0x00, 0x00, 0xF0, 0x00, 0x00]).sfi(0x0F),
    file(0x6F5C, "EF_THRESHOLD",  Transparent(3),      ISSUER,   BY_ADM,       &[]).sfi(0x10),
    file(0x6F60, "EF_PLMNwAcT",   Transparent(40),     USER,     BY_ADM,       &[]).sfi(0x0A),
    file(0x6F61, "EF_OPLMNwAcT",  Transparent(40),     ISSUER,   BY_ADM,       &[]).sfi(0x11),
    file(0x6F62, "EF_HPLMNwAcT",  Transparent(10),     ISSUER,   BY_ADM,       &[]).sfi(0x13),
    file(0x6F73, "EF_PSLOCI",     Transparent(14),     USER,     BACK_BY_CHV1, NOWHERE_PS).sfi(0x0C),
    file(0x6F78, "EF_ACC",        Transparent(2),      ISSUER,   BY_ADM,       &[0x00, 0x01]).sfi(0x06),
    file(0x6F7B, "EF_FPLMN",      Transparent(12),     USER,     BY_ADM,       &[]).sfi(0x0D),
    file(0x6F7E, "EF_LOCI",       Transparent(11),     USER,     BACK_BY_CHV1, NOWHERE).sfi(0x0B),
    file(0x6FAD, "EF_AD",         Transparent(4),      OPEN,     BY_ADM,       &[0x00, 0x00, 0x00, 0x02]).sfi(0x03),
    file(0x6FB7, "EF_ECC",        LinearFixed(1, 4),   OPEN,     BY_ADM,       EMERGENCY).sfi(0x01),
    // Ours: sequence numbers of the network that were seen. No command reads or writes it.
    file(0x6FE1, "EF_SQN",        Transparent(192),    NEV << 4 | NEV, NEV << 4 | NEV, &[0; 192]),
    file(0x6FC4, "EF_NETPAR",     Transparent(46),     USER,     BY_ADM,       &[]),
    // Messages and numbers are those of DF_TELECOM: a phone stores an order here, the meter finds it there.
    file(0x6F3C, "EF_SMS",        LinkTo(DF_TELECOM),  USER,     BY_ADM,       &[]),
    file(0x6F40, "EF_MSISDN",     LinkTo(DF_TELECOM),  USER,     BY_ADM,       &[]),
    file(0x6F42, "EF_SMSP",       LinkTo(DF_TELECOM),  USER,     BY_ADM,       &[]),
    file(0x6F43, "EF_SMSS",       LinkTo(DF_TELECOM),  USER,     BY_ADM,       &[]),
];

#[rustfmt::skip]
static GSM_ACCESS: &[SimFile] = &[
    file(0x4F20, "EF_Kc",         Transparent(9),      USER,     BY_ADM,       NO_KC).sfi(0x01),
    file(0x4F52, "EF_KcGPRS",     Transparent(9),      USER,     BY_ADM,       NO_KC).sfi(0x02),
];

/// The file tree of the mask, directory by directory.
pub(super) static DIRS: &[SimDir] = &[
    SimDir { fid: Fid::MF, within: Fid::MF, aid: &[], files: MASTER },
    SimDir { fid: DF_GSM, within: Fid::MF, aid: &[], files: GSM },
    SimDir { fid: DF_TELECOM, within: Fid::MF, aid: &[], files: TELECOM },
    SimDir { fid: ADF_USIM, within: Fid::MF, aid: AID, files: USIM },
    SimDir { fid: DF_GSM_ACCESS, within: ADF_USIM, aid: &[], files: GSM_ACCESS },
];

const _: () = check(DIRS);
