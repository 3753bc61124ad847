//! A classic SIM: the file tree of its mask [TS 51.011 10, docs/specs/sim.md].

use cos::gsm::{SimDir, SimFile, SimSecret, SimShape, access, burn};
use cos::journal::Memory;
use cos::keyfile::kind;
use cos::table::Program;
use cos::{Halt, Nvm, gsm};
use wire::profile::Fid;

/// The program of kind 06.
pub static PROGRAM: Program =
    Program { name: "SIM", dialect: &gsm::DIALECT, commands: &[], fill: 0xFF, atr: |_| wire::atr::sim() };

const fn file(fid: u16, name: &'static str, shape: SimShape, access: u8, content: &'static [u8]) -> SimFile {
    SimFile { fid: Fid(fid), name, shape, access, content }
}

use SimShape::{LinearFixed, Messages, Transparent};

/// READ always, UPDATE ADM.
const OPEN: u8 = access::ALW << 4 | access::ADM;
/// READ CHV1, UPDATE CHV1.
const USER: u8 = access::CHV1 << 4 | access::CHV1;
/// READ CHV1, UPDATE ADM.
const ISSUER: u8 = access::CHV1 << 4 | access::ADM;
/// READ always, UPDATE CHV1.
const LANGUAGE: u8 = access::ALW << 4 | access::CHV1;

/// Length of an EF_SMS record.
pub const MESSAGE: u8 = 176;

/// Services allocated and activated: 1 CHV1 disable, 4 SMS, 9 MSISDN, 12 SMSP, 17 SPN.
const SERVICES: &[u8] = &[0xC3, 0x00, 0xC3, 0x00, 0x03];
/// EF_SMSP: no alpha, SCA present only, service centre +8613800250500.
#[rustfmt::skip]
const SMSP: &[u8] = &[
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFD,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0x08, 0x91, 0x68, 0x31, 0x08, 0x20, 0x05, 0x05, 0xF0,
];

#[rustfmt::skip]
static MASTER: &[SimFile] = &[
    // UNSPECIFIED: the standard bars UPDATE for ever; our mask leaves it to ADM, or nobody could personalise.
    file(0x2FE2, "EF_ICCID",   Transparent(10),     OPEN,     &[]),
];

#[rustfmt::skip]
static GSM: &[SimFile] = &[
    file(0x6F05, "EF_LP",      Transparent(1),      LANGUAGE, &[0x01]),
    file(0x6F07, "EF_IMSI",    Transparent(9),      ISSUER,   &[]),
    file(0x6F20, "EF_Kc",      Transparent(9),      USER,     &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]),
    file(0x6F30, "EF_PLMNsel", Transparent(24),     USER,     &[]),
    file(0x6F31, "EF_HPLMN",   Transparent(1),      ISSUER,   &[0x05]),
    file(0x6F38, "EF_SST",     Transparent(5),      ISSUER,   SERVICES),
    file(0x6F3E, "EF_GID1",    Transparent(1),      ISSUER,   &[]),
    file(0x6F3F, "EF_GID2",    Transparent(1),      ISSUER,   &[]),
    file(0x6F46, "EF_SPN",     Transparent(17),     OPEN,     &[]),
    file(0x6F74, "EF_BCCH",    Transparent(16),     USER,     &[]),
    file(0x6F78, "EF_ACC",     Transparent(2),      ISSUER,   &[0x00, 0x01]),
    file(0x6F7B, "EF_FPLMN",   Transparent(12),     USER,     &[]),
    file(0x6F7E, "EF_LOCI",    Transparent(11),     USER,     &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0xFF, 0x01]),
    file(0x6FAD, "EF_AD",      Transparent(4),      OPEN,     &[0x00, 0x00, 0x00, 0x02]),
    file(0x6FAE, "EF_Phase",   Transparent(1),      OPEN,     &[0x03]),
];

#[rustfmt::skip]
static TELECOM: &[SimFile] = &[
    file(0x6F3C, "EF_SMS",     Messages(MESSAGE),   USER,     &[0x00]),
    file(0x6F40, "EF_MSISDN",  LinearFixed(2, 28),  USER,     &[]),
    file(0x6F42, "EF_SMSP",    LinearFixed(2, 40),  USER,     SMSP),
    file(0x6F43, "EF_SMSS",    Transparent(2),      USER,     &[0xFF, 0xFF]),
    // Ours: state (00 test) and structure version [docs/specs/cards.md 8].
    file(0x6FE0, "EF_GRID",    Transparent(2),      OPEN,     &[0x00, 0x01]),
];

/// The file tree of the mask, directory by directory.
pub static DIRS: &[SimDir] = &[
    SimDir { fid: Fid::MF, files: MASTER },
    SimDir { fid: Fid(0x7F20), files: GSM },
    SimDir { fid: Fid(0x7F10), files: TELECOM },
];

/// Least number of EF_SMS records.
pub const LEAST_MESSAGES: u8 = 10;
/// Greatest number of EF_SMS records.
pub const MOST_MESSAGES: u8 = 50;

/// What the maker of a SIM chooses. All secrets are 8 bytes, filled up with FF.
#[derive(Clone)]
pub struct Mask {
    /// EF_SMS records, [`LEAST_MESSAGES`] to [`MOST_MESSAGES`].
    pub messages: u8,
    /// CHV1, and whether it is asked for.
    pub chv1: ([u8; 8], bool),
    /// CHV2.
    pub chv2: [u8; 8],
    /// UNBLOCK CHV1 and UNBLOCK CHV2.
    pub puk: [[u8; 8]; 2],
    /// The issuer's key.
    pub adm: [u8; 8],
}

impl Mask {
    /// Bytes of user memory the file tree takes.
    pub fn user_bytes(&self) -> usize {
        let bodies = |dir: &SimDir| {
            dir.files.iter().map(|f| cos::files::HEADER + gsm::body_size(f.shape, self.messages))
        };
        let files: usize = DIRS.iter().flat_map(bodies).sum();
        files + DIRS.len() * cos::files::HEADER + cos::files::HEADER + 0x80
    }

    /// Burns the file tree into a manufactured chip.
    pub fn burn(&self, nvm: &mut dyn Nvm) -> Result<(), Halt> {
        let secret = |kind, id, enabled, tries, value| SimSecret { kind, id, enabled, tries, value };
        let (chv1, enabled) = self.chv1;
        let secrets = [
            secret(kind::CHV, 1, enabled, 3, chv1),
            secret(kind::CHV, 2, true, 3, self.chv2),
            secret(kind::CHV, access::ADM, true, 10, self.adm),
            secret(kind::PUK, 1, true, 10, self.puk[0]),
            secret(kind::PUK, 2, true, 10, self.puk[1]),
        ];
        let mut staged = alloc::vec::Vec::new();
        burn(&mut Memory::new(nvm, &mut staged), DIRS, &secrets, self.messages)
    }
}
