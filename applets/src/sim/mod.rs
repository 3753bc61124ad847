//! Customers' SIMs: a classic SIM [TS 51.011 10], and the same tree on a UICC with a USIM application
//! [TS 102 221; docs/specs/sim.md].

mod classic;
mod usim;

use alloc::vec;
use cos::journal::{Journal, Memory};
use cos::keyfile::kind;
use cos::sim::access;
use cos::sim::algorithm::id;
use cos::sim::mask::{SimDir, SimSecret, burn, user_bytes};
use cos::table::Program;
use cos::{Halt, Nvm, gsm, uicc};
use scheme::profile::CardKind;

pub use classic::MESSAGE;
pub use usim::AID;

/// The program of kind 06.
pub static PROGRAM: Program =
    Program { name: "SIM", dialect: &gsm::DIALECT, commands: &[], fill: 0xFF, atr: |_| wire::atr::sim() };

/// The program of kind 09.
pub static UICC_PROGRAM: Program =
    Program { name: "UICC", dialect: &uicc::DIALECT, commands: &[], fill: 0xFF, atr: |_| wire::atr::uicc() };

/// Least number of EF_SMS records.
pub const LEAST_MESSAGES: u8 = 10;
/// Greatest number of EF_SMS records.
pub const MOST_MESSAGES: u8 = 50;

/// What kind of SIM a mask makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// A classic SIM.
    #[default]
    Sim,
    /// A UICC with a USIM application and the classic SIM beside it.
    Uicc,
}

impl Profile {
    /// The kind of its cards.
    pub const fn kind(self) -> CardKind {
        match self {
            Profile::Sim => CardKind::Sim,
            Profile::Uicc => CardKind::Uicc,
        }
    }

    /// Its file tree, directory by directory.
    pub const fn dirs(self) -> &'static [SimDir] {
        match self {
            Profile::Sim => classic::DIRS,
            Profile::Uicc => usim::DIRS,
        }
    }
}

/// What the maker of a SIM chooses. All codes are 8 bytes, filled up with FF.
#[derive(Clone)]
pub struct Mask {
    /// File tree.
    pub profile: Profile,
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
    /// The subscriber's key of RUN GSM ALGORITHM.
    pub ki: [u8; 16],
    /// K and OPc of Milenage; `None`: challenges are answered by Ki alone.
    pub milenage: Option<[[u8; 16]; 2]>,
}

impl Mask {
    /// Bytes of user memory the file tree takes.
    pub fn user_bytes(&self) -> usize {
        user_bytes(self.profile.dirs(), self.messages)
    }

    /// Burns the file tree into a manufactured chip.
    pub fn burn(&self, nvm: &mut dyn Nvm) -> Result<(), Halt> {
        let (chv1, enabled) = &self.chv1;
        let mut secrets = vec![
            SimSecret { kind: kind::CHV, id: 1, enabled: *enabled, tries: 3, value: chv1 },
            SimSecret { kind: kind::CHV, id: 2, enabled: true, tries: 3, value: &self.chv2 },
            SimSecret { kind: kind::CHV, id: access::ADM, enabled: true, tries: 10, value: &self.adm },
            SimSecret { kind: kind::PUK, id: 1, enabled: true, tries: 10, value: &self.puk[0] },
            SimSecret { kind: kind::PUK, id: 2, enabled: true, tries: 10, value: &self.puk[1] },
            SimSecret { kind: kind::KI, id: id::KI, enabled: true, tries: 0, value: &self.ki },
        ];
        if let Some([k, opc]) = &self.milenage {
            let secret = |id, value| SimSecret { kind: kind::KI, id, enabled: true, tries: 0, value };
            secrets.extend([secret(id::K, &k[..]), secret(id::OPC, &opc[..])]);
        }
        let mut journal = Journal::default();
        burn(&mut Memory::new(nvm, &mut journal), self.profile.dirs(), &secrets, self.messages)
    }
}
