//! What the cards we issue hold: kinds, files and key records (`docs/specs/cards.md`).
//!
//! The tables stand in the ground because both towers read them: a card application checks itself
//! against them, an issuing plan turns them into CREATE FILE and WRITE KEY.

mod card_info;
mod files;
mod kind;

pub use card_info::{CardInfo, CardInfoError, IN_THE_MAKING, Make};
pub use files::*;
pub use kind::{CardKind, State};

/// Telephone number that orders come from unless the operator says otherwise, digits of the international form; a sample.
pub const SERVER_NUMBER: &str = "8657495598";
/// Service centre over which they come, likewise.
pub const SERVICE_CENTRE: &str = "8613800574500";

/// One key record: where a key of a role stands on a target and the header it gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRow {
    /// Role code of EXPORT KEY; 00 is the target's own master.
    pub role: u8,
    /// Type byte with its protection bits.
    pub kind: u8,
    /// Key id.
    pub id: u8,
    /// Use right.
    pub use_right: u8,
    /// Change right.
    pub change_right: u8,
    /// Bytes 4 and 5 of the header; `None`: the key's version and algorithm 00.
    pub tail: Option<[u8; 2]>,
}

impl KeyRow {
    /// The five bytes before the key: type, use, change, and the last two of the row.
    pub const fn header(&self, version: u8) -> [u8; 5] {
        let [b4, b5] = match self.tail {
            Some(tail) => tail,
            None => [version, 0],
        };
        [self.kind, self.use_right, self.change_right, b4, b5]
    }

    /// The key's role in words.
    pub fn name(&self) -> &'static str {
        match self.role {
            PREVIOUS_MASTER => "earlier master",
            code => keys::Role::from_code(code).map_or("own master", keys::Role::name),
        }
    }
}

const fn key(role: u8, kind: u8, id: u8, use_right: u8, change_right: u8, tail: Option<[u8; 2]>) -> KeyRow {
    KeyRow { role, kind, id, use_right, change_right, tail }
}

const OWN_MASTER: KeyRow = key(0, 0xF9, 0x00, FREE, MASTER, Some([0xAA, 0x33]));
const INT_AUTH: KeyRow = key(2, 0xF0, 0x02, FREE, MASTER, None);
const EXT_AUTH: KeyRow = key(3, 0xF9, 0x03, FREE, MASTER, Some([0x33, 0xFF]));

/// Role code of the one key that no [`Role`](../../keys) names: the city's `master` of an earlier version, by which an
/// ESAM issuing card reaches ESAMs that are to change their keys.
pub const PREVIOUS_MASTER: u8 = 0x0A;

const fn hierarchy_keys(right: u8) -> [KeyRow; 10] {
    let mut rows = [OWN_MASTER; 10];
    let mut role = 1;
    while role <= 9 {
        rows[role as usize] = key(role, 0xF5, role, right, MASTER, None);
        role += 1;
    }
    rows
}

/// Keys of the main control card: each use needs two officers.
pub static MAIN_CONTROL_KEYS: &[KeyRow] = &hierarchy_keys(SECOND_PIN);

/// Keys of the issuing cards.
pub static ISSUING_KEYS: &[KeyRow] = &hierarchy_keys(PIN);

/// Keys of an ESAM issuing card: the last row is there on a card of a version above 01 alone.
pub static ESAM_ISSUING_KEYS: &[KeyRow] = &{
    let mut rows = [key(PREVIOUS_MASTER, 0xF5, PREVIOUS_MASTER, PIN, MASTER, None); 11];
    let (mut i, others) = (0, hierarchy_keys(PIN));
    while i < others.len() {
        rows[i] = others[i];
        i += 1;
    }
    rows
};

/// A PIN of a card: its id, and its header in WRITE KEY: type, use right, change right, follow-up state, tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinRow {
    /// Key id.
    pub id: u8,
    /// The five bytes before the PIN.
    pub header: [u8; 5],
}

/// The operator's PIN 3A/00: state 1.
pub const OPERATOR_PIN: PinRow = PinRow { id: 0x00, header: [0x3A, FREE, NEVER, 0x11, 0x33] };
/// The second person's PIN 3A/01, good after the operator's only: state 2. The second officer's of a main control card, the
/// supervisor's of an issuing card.
pub const OFFICER_PIN: PinRow = PinRow { id: 0x01, header: [0x3A, PIN, NEVER, 0x22, 0x33] };

/// The PINs of a kind, in the order in which they are verified.
pub const fn pins(kind: CardKind) -> &'static [PinRow] {
    match kind {
        CardKind::MainControl | CardKind::PsamIssuing | CardKind::EsamIssuing => &[OPERATOR_PIN, OFFICER_PIN],
        CardKind::TestIssuing | CardKind::Psam | CardKind::TestCard => &[OPERATOR_PIN],
        CardKind::Esam
        | CardKind::UserCard
        | CardKind::ProductionCard
        | CardKind::Sim
        | CardKind::Uicc
        | CardKind::Fmcos => &[],
    }
}

/// The server key of a PSAM, as PAIR SERVER writes it into the purchase application of a finished card: no profile has it
/// at closing. Its version counts the pairings.
pub const SERVER_KEY: KeyRow = key(0, 0xF5, 0x0B, PIN, NEVER, None);

/// Keys of a PSAM: its own master in the MF, the rest in the purchase application.
#[rustfmt::skip]
pub static PSAM_KEYS: &[KeyRow] = &[
    OWN_MASTER,
    key(4, 0xF5, 0x04, PIN, MF_MASTER, None),
    key(5, 0xF5, 0x05, PIN, MF_MASTER, None),
    key(8, 0xF5, 0x08, PIN, MF_MASTER, None),
];

/// Keys of a user card: its own master in the MF, and what its bank writes it with in its application.
#[rustfmt::skip]
pub static USER_CARD_KEYS: &[KeyRow] = &[
    OWN_MASTER,
    key(5, 0xF5, 0x05, FREE, MF_MASTER, None),
];

/// Keys of a production card: its own master in the MF, by which its city writes it.
pub static PRODUCTION_CARD_KEYS: &[KeyRow] = &[OWN_MASTER];

/// The key a user card shares with its meter, as a purchase brings it into the application of a finished card: no profile has it at
/// closing.
pub const METER_KEY: KeyRow = key(0, 0xF5, 0x0C, FREE, NEVER, None);

/// Keys of an ESAM.
#[rustfmt::skip]
pub static ESAM_KEYS: &[KeyRow] = &[
    OWN_MASTER,
    INT_AUTH,
    EXT_AUTH,
    key(4, 0xF5, 0x04, METER, MASTER, None),
    key(5, 0xF5, 0x05, METER, MASTER, None),
    key(6, 0xF6, 0x00, FREE,  MASTER, Some([0xFF, 0x33])),
    key(7, 0xF5, 0x07, METER, MASTER, None),
    key(8, 0xF4, 0x00, METER, MASTER, None),
];

/// The transport key an ESAM was born with: the card keeps it when its first own master takes its place, for the passage from
/// test to formal state. Nothing from outside uses, changes or shows it [docs/specs/cards.md 10].
pub const BIRTH_KEY: KeyRow = key(9, 0xF5, 0x0F, NEVER, NEVER, Some([0, 0]));

/// Keys of a finished ESAM: those it is given, and the one it kept.
static ESAM_FINISHED_KEYS: &[KeyRow] = &{
    let mut rows = [BIRTH_KEY; 9];
    let mut i = 0;
    while i < ESAM_KEYS.len() {
        rows[i] = ESAM_KEYS[i];
        i += 1;
    }
    rows
};

/// One directory of a finished card: everything that stands in it.
#[derive(Debug, Clone, Copy)]
pub struct Directory {
    /// Identifier.
    pub fid: Fid,
    /// Its files; in the MF the factory's KEY file comes on top.
    pub files: &'static [FileRow],
    /// Its keys.
    pub keys: &'static [KeyRow],
    /// Its PINs.
    pub pins: &'static [PinRow],
}

const fn master_file(
    files: &'static [FileRow],
    keys: &'static [KeyRow],
    pins: &'static [PinRow],
) -> Directory {
    Directory { fid: Fid::MF, files, keys, pins }
}

static MAIN_CONTROL_DIRECTORIES: &[Directory] =
    &[master_file(MAIN_CONTROL_FILES, MAIN_CONTROL_KEYS, pins(CardKind::MainControl))];
static PSAM_ISSUING_DIRECTORIES: &[Directory] =
    &[master_file(PSAM_ISSUING_FILES, ISSUING_KEYS, pins(CardKind::PsamIssuing))];
static ESAM_ISSUING_DIRECTORIES: &[Directory] =
    &[master_file(ISSUING_FILES, ESAM_ISSUING_KEYS, pins(CardKind::EsamIssuing))];
static TEST_ISSUING_DIRECTORIES: &[Directory] =
    &[master_file(TEST_ISSUING_FILES, ISSUING_KEYS, pins(CardKind::TestIssuing))];
static ESAM_DIRECTORIES: &[Directory] = &[master_file(ESAM_FILES, ESAM_FINISHED_KEYS, pins(CardKind::Esam))];
static PSAM_DIRECTORIES: &[Directory] = &[master_file(PSAM_FILES, PSAM_KEYS.split_at(1).0, &[]), PURCHASE];
static TEST_CARD_DIRECTORIES: &[Directory] =
    &[master_file(TEST_CARD_FILES, PSAM_KEYS.split_at(1).0, &[]), PURCHASE];
static USER_CARD_DIRECTORIES: &[Directory] = &[
    master_file(USER_CARD_FILES, USER_CARD_KEYS.split_at(1).0, &[]),
    Directory {
        fid: DF_PURCHASE,
        files: USER_CARD_APPLICATION_FILES,
        keys: USER_CARD_KEYS.split_at(1).1,
        pins: &[],
    },
];
static PRODUCTION_CARD_DIRECTORIES: &[Directory] = &[
    master_file(PRODUCTION_CARD_FILES, PRODUCTION_CARD_KEYS, &[]),
    Directory { fid: DF_PURCHASE, files: PRODUCTION_CARD_APPLICATION_FILES, keys: &[], pins: &[] },
];
const PURCHASE: Directory = Directory {
    fid: DF_PURCHASE,
    files: PSAM_PURCHASE_FILES,
    keys: PSAM_KEYS.split_at(1).1,
    pins: pins(CardKind::Psam),
};

/// The directories of a finished card of ours, the MF first: what closing demands, row by row, and nothing beside it
/// [docs/specs/cards.md 4]. Empty for kinds that are never closed: SIMs, whose files come with the mask, and the plain FMCOS card.
pub fn directories(kind: CardKind) -> &'static [Directory] {
    match kind {
        CardKind::MainControl => MAIN_CONTROL_DIRECTORIES,
        CardKind::PsamIssuing => PSAM_ISSUING_DIRECTORIES,
        CardKind::EsamIssuing => ESAM_ISSUING_DIRECTORIES,
        CardKind::TestIssuing => TEST_ISSUING_DIRECTORIES,
        CardKind::Psam => PSAM_DIRECTORIES,
        CardKind::TestCard => TEST_CARD_DIRECTORIES,
        CardKind::Esam => ESAM_DIRECTORIES,
        CardKind::UserCard => USER_CARD_DIRECTORIES,
        CardKind::ProductionCard => PRODUCTION_CARD_DIRECTORIES,
        CardKind::Sim | CardKind::Uicc | CardKind::Fmcos => &[],
    }
}

/// What of a file UPDATE BINARY still writes on a finished card, offsets in the file; empty: nothing. The right of the file is
/// asked all the same.
pub fn writable_when_closed(kind: CardKind, directory: Fid, file: Fid) -> core::ops::Range<usize> {
    match (kind, directory, file) {
        // The ceiling alone: opened, meter, customer and SIM are the card's own to write.
        (CardKind::Esam, Fid::MF, EF_PARAMETERS) => CEILING,
        (CardKind::Esam, Fid::MF, EF_RUN_INFO) => 0..0x14,
        // What the field's meters say of themselves, without a right; nothing rests on it.
        (CardKind::Esam, Fid::MF, field_file::KEY_STATE) => 0..4,
        (CardKind::Esam, Fid::MF, field_file::RUN_INFO) => 0..0x31,
        // The meter's receipt, once the meter proved itself.
        (CardKind::UserCard, DF_PURCHASE, user_card_file::RECEIPT) => 0..0xC8,
        // The city's to write, whole.
        (CardKind::ProductionCard, DF_PURCHASE, production_file::INFORMATION | production_file::RETURN) => {
            0..0x20
        }
        (CardKind::ProductionCard, DF_PURCHASE, production_file::PURSE) => 0..8,
        _ => 0..0,
    }
}

/// Place of the ceiling in the parameters of an ESAM.
pub const CEILING: core::ops::Range<usize> = 21..25;

/// Place in the parameters of an ESAM of what it takes: 00 symmetric orders, 01 both, 02 signed ones.
pub const MODE: usize = 25;
/// Place in the parameters of an ESAM of the highest epoch of a server's certificate it took, 4 bytes.
pub const EPOCH: usize = 26;
/// Its length.
pub const EPOCH_LEN: usize = 4;

/// Place in the parameters of an ESAM of the mark that its number is a works number: 01 until a number card gives it its own
/// [docs/specs/production-cards.md 4].
pub const WAITS_FOR_NUMBER: usize = 30;
/// Place in the parameters of an ESAM of the mark that it was preset: 01 from then on.
pub const PRESET: usize = 31;

/// Pairing keys of a meter's MCU.
pub static MCU_KEYS: &[KeyRow] = &[INT_AUTH, EXT_AUTH];

/// Who receives a key from EXPORT KEY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// A card of this kind.
    Card(CardKind),
    /// A meter's MCU: the pairing keys of its ESAM.
    Mcu,
}

impl Recipient {
    /// The high nibble of P1.
    pub const fn code(self) -> u8 {
        match self {
            Recipient::Card(kind) => kind.code(),
            Recipient::Mcu => 0x0F,
        }
    }

    /// The recipient of a nibble.
    pub fn from_code(code: u8) -> Option<Self> {
        if code == 0x0F { Some(Recipient::Mcu) } else { CardKind::from_code(code).map(Recipient::Card) }
    }

    /// The key table of the recipient; empty for kinds that take no key over EXPORT KEY.
    pub fn keys(self) -> &'static [KeyRow] {
        match self {
            Recipient::Card(CardKind::MainControl) => MAIN_CONTROL_KEYS,
            Recipient::Card(CardKind::PsamIssuing | CardKind::TestIssuing) => ISSUING_KEYS,
            Recipient::Card(CardKind::EsamIssuing) => ESAM_ISSUING_KEYS,
            Recipient::Card(CardKind::Psam | CardKind::TestCard) => PSAM_KEYS,
            Recipient::Card(CardKind::Esam) => ESAM_KEYS,
            Recipient::Card(CardKind::UserCard) => USER_CARD_KEYS,
            Recipient::Card(CardKind::ProductionCard) => PRODUCTION_CARD_KEYS,
            Recipient::Card(CardKind::Sim | CardKind::Uicc | CardKind::Fmcos) => &[],
            Recipient::Mcu => MCU_KEYS,
        }
    }

    /// Whether the recipient lives on the published test hierarchy, whatever the state of its maker.
    pub const fn is_always_test(self) -> bool {
        matches!(self, Recipient::Card(kind) if kind.is_always_test())
    }

    /// The row of a role.
    pub fn key(self, role: u8) -> Option<&'static KeyRow> {
        self.keys().iter().find(|row| row.role == role)
    }
}
