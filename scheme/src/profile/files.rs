//! The files of the cards we issue: identifiers, rights, and a table for each kind.

use super::card_info::Make;
use alloc::vec::Vec;
use wire::apdu::Command;

/// A file identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fid(pub u16);

impl Fid {
    /// The master file.
    pub const MF: Fid = Fid(0x3F00);

    /// The two bytes as they travel.
    pub const fn bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    /// The short file identifier, when the identifier allows one (0001 to 001E) [FMCOS UM 7.5].
    pub const fn short(self) -> Option<u8> {
        if self.0 >= 1 && self.0 <= 0x1E { Some(self.0 as u8) } else { None }
    }
}

/// Shape of a file, with its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Transparent file of so many bytes (type 28).
    Binary(u16),
    /// Linear fixed file: count, record length (type 2A).
    Fixed(u8, u8),
    /// Directory: size of its body, application file id, name (type 38).
    Dir(u16, u8, &'static [u8]),
    /// KEY file: body size, short id of its directory (type 3F).
    Keys(u16, u8),
}

/// One row of a file table: a file of FMCOS, as CREATE FILE takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRow {
    /// Identifier; files up to 001E are reached by short id too.
    pub fid: Fid,
    /// Shape and size.
    pub shape: Shape,
    /// Read right of an EF, create right of a directory, add right of a KEY file.
    pub read: u8,
    /// Write right of an EF, erase right of a directory; FF for a KEY file.
    pub write: u8,
}

impl FileRow {
    /// The CREATE FILE command of this row [FMCOS UM 7.13].
    pub fn create(&self) -> Command {
        let [hi, lo] = self.fid.bytes();
        let mut data = Vec::with_capacity(24);
        match self.shape {
            Shape::Binary(size) => {
                data.push(0x28);
                data.extend_from_slice(&size.to_be_bytes());
                data.extend_from_slice(&[self.read, self.write, 0xFF, 0xFF]);
            }
            Shape::Fixed(count, length) => {
                data.extend_from_slice(&[0x2A, count, length, self.read, self.write, 0xFF, 0xFF]);
            }
            Shape::Dir(size, app, name) => {
                data.push(0x38);
                data.extend_from_slice(&size.to_be_bytes());
                data.extend_from_slice(&[self.read, self.write, app, 0xFF, 0xFF]);
                data.extend_from_slice(name);
            }
            Shape::Keys(size, short) => {
                data.push(0x3F);
                data.extend_from_slice(&size.to_be_bytes());
                data.extend_from_slice(&[short, self.read, 0xFF, 0xFF]);
            }
        }
        Command::new(0x80, 0xE0, hi, lo).data(&data)
    }
}

const fn row(fid: u16, shape: Shape, read: u8, write: u8) -> FileRow {
    FileRow { fid: Fid(fid), shape, read, write }
}

/// State A of the directory: the card's own master key authenticated.
pub const MASTER: u8 = 0xFA;
/// State A of the MF, seen from an application below it.
pub const MF_MASTER: u8 = 0x0A;
/// State 1 and up: the operator's PIN verified.
pub const PIN: u8 = 0xF1;
/// State 2 and up: the second officer's (the supervisor's) PIN verified, after the operator's.
pub const SECOND_PIN: u8 = 0xF2;
/// State 3 and up: the meter's MCU authenticated.
pub const METER: u8 = 0xF3;
/// Always.
pub const FREE: u8 = 0xF0;
/// Never from outside; the card's own commands do not ask.
pub const NEVER: u8 = 0xEF;

/// Card information, every FMCOS kind.
pub const EF_CARD_INFO: Fid = Fid(0x0015);
/// Terminal number of a PSAM.
pub const EF_TERMINAL: Fid = Fid(0x0016);
/// Purchase application of a PSAM.
pub const DF_PURCHASE: Fid = Fid(0xDF01);
/// Orders sealed by a PSAM and the chain over them ([`crate::psam::PsamChain`]), in [`DF_PURCHASE`].
pub const EF_SEALED: Fid = Fid(0x0018);
/// How many cards an issuing card may make, in its MF; how many orders a PSAM may seal, in [`DF_PURCHASE`]; both with a value
/// ([`crate::psam::Limits`]).
pub const EF_LIMIT: Fid = Fid(0x0017);
/// Cards an issuing card has made, and the last of them.
pub const EF_ISSUED: Fid = Fid(0x0018);
/// Life of an ESAM: highest formal version, key changes, money forfeited.
pub const EF_LIFE: Fid = Fid(0x5009);
/// Value a PSAM issuing card has granted limits of: sum 8, and of the last grant 8 bytes that name the PSAM, and its limit 8.
pub const EF_GRANTED: Fid = Fid(0x0019);
/// Challenge that a PSAM keeps for the limit that answers its statement, in [`DF_PURCHASE`]; zeros: none.
pub const EF_LIMIT_CHALLENGE: Fid = Fid(0x0019);
/// A limit that never ends.
pub const NO_LIMIT: u32 = u32::MAX;
/// Purse of an ESAM.
pub const EF_PURSE: Fid = Fid(0x0001);
/// Parameters of an ESAM. Its own files have no short identifier: 01 to 1E are the field's.
pub const EF_PARAMETERS: Fid = Fid(0x5002);
/// Run information of an ESAM.
pub const EF_RUN_INFO: Fid = Fid(0x5007);
/// Last receipt of an ESAM.
pub const EF_RECEIPT: Fid = Fid(0x5008);

/// Signing key of a card ([`crate::signing::KeyFile`]): nothing from outside reads or writes it.
pub const EF_SIGNING_KEY: Fid = Fid(0x5010);
/// Certificates of a card, each in its [`crate::signing::slot`]: free to read, written by STORE CERTIFICATE.
pub const EF_CERTIFICATES: Fid = Fid(0x5011);
/// Files of the field's dialect on an ESAM, by what meters of the field keep in them.
pub mod field_file {
    use super::Fid;

    /// Parameters: meter, customer, alarms, validity of an authentication.
    pub const PARAMETERS: Fid = Fid(0x0002);
    /// Tariff in use.
    pub const TARIFF: Fid = Fid(0x0003);
    /// Tariff that waits.
    pub const SPARE_TARIFF: Fid = Fid(0x0004);
    /// Which keys are formal, as the meter says.
    pub const KEY_STATE: Fid = Fid(0x0005);
    /// Run information, as the meter says.
    pub const RUN_INFO: Fid = Fid(0x0007);
    /// Command of a remote control.
    pub const CONTROL: Fid = Fid(0x0008);
    /// Enciphered parameters: five files, of which the identifier chooses one.
    pub const ENCIPHERED: [Fid; 5] = [Fid(0x0009), Fid(0x000A), Fid(0x000B), Fid(0x000C), Fid(0x000D)];
    /// Command that clears the meter.
    pub const CLEAR_METER: Fid = Fid(0x0014);
    /// MAC of a frame of keys; nothing is kept in it.
    pub const KEY_FRAME: Fid = Fid(0x0016);
    /// Command that clears demand or events.
    pub const CLEAR_EVENTS: Fid = Fid(0x0017);
    /// Number of the ESAM.
    pub const SERIAL: Fid = Fid(0x0019);
    /// Information on the chip.
    pub const CHIP: Fid = Fid(0x001A);
}

/// Files of a user card, in its [`DF_PURCHASE`].
pub mod user_card_file {
    use super::Fid;

    /// Command information: for whom the card is, and what it does ([`crate::user_card::Information`]).
    pub const INFORMATION: Fid = Fid(0x0001);
    /// Amount and count of the purchase.
    pub const PURSE: Fid = Fid(0x0002);
    /// Tariff in use.
    pub const TARIFF: Fid = Fid(0x0003);
    /// Tariff that waits.
    pub const SPARE_TARIFF: Fid = Fid(0x0004);
    /// What the meter wrote back ([`crate::user_card::WriteBack`]).
    pub const WRITE_BACK: Fid = Fid(0x0005);
    /// The ESAM's receipt: its length, then its message.
    pub const RECEIPT: Fid = Fid(0x0006);
}

/// Files of a production card, in its [`DF_PURCHASE`] ([`crate::production`]).
pub mod production_file {
    use super::Fid;

    /// What the card is, and what it does.
    pub const INFORMATION: Fid = Fid(0x0001);
    /// Of a number card the next number, of a key card how many ESAMs it still loads.
    pub const RETURN: Fid = Fid(0x0002);
    /// Of a number card who has which number, of a key card the sealed keys.
    pub const RECORDS: Fid = Fid(0x0003);
    /// Of a preset card what is put into the purse.
    pub const PURSE: Fid = Fid(0x0005);
}

/// Where an ESAM's own files stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EsamFiles {
    /// Parameters.
    pub parameters: Fid,
    /// Run information.
    pub run_info: Fid,
    /// Last receipt.
    pub receipt: Fid,
    /// Life.
    pub life: Fid,
}

impl EsamFiles {
    /// On ESAMs as they are made now.
    pub const CURRENT: EsamFiles =
        EsamFiles { parameters: EF_PARAMETERS, run_info: EF_RUN_INFO, receipt: EF_RECEIPT, life: EF_LIFE };
    /// On ESAMs of the older make, which are read and no more.
    pub const OLDER: EsamFiles =
        EsamFiles { parameters: Fid(0x0002), run_info: Fid(0x0007), receipt: Fid(0x0008), life: Fid(0x0009) };

    /// On ESAMs of a make.
    pub const fn of(make: Make) -> Self {
        match make {
            Make::Older => Self::OLDER,
            Make::Current => Self::CURRENT,
        }
    }
}
/// Name of the purchase application of a PSAM.
pub const PURCHASE_NAME: &[u8] = b"\xF0GRIDCARD\x04";

/// Name of the application of a user card.
pub const USER_CARD_NAME: &[u8] = b"\xF0GRIDCARD\x0B";

/// Name of the application of a production card.
pub const PRODUCTION_CARD_NAME: &[u8] = b"\xF0GRIDCARD\x0C";

/// The MF as the factory makes it: over the whole chip, create and erase right state A.
pub const FACTORY_MF: FileRow = row(0x3F00, Shape::Dir(0xFFFF, 0x01, &[]), MASTER, MASTER);

/// What the factory creates on every FMCOS chip: the KEY file of the MF.
pub const FACTORY_KEYS: FileRow = row(0x0000, Shape::Keys(0x0200, 0x01), MASTER, 0xFF);

const CARD_INFO: FileRow = row(0x0015, Shape::Binary(0x1E), FREE, MASTER);

/// A card's signing key and certificates ([`crate::signing`]).
const SIGNING_KEY: FileRow = row(0x5010, Shape::Binary(0x0065), NEVER, NEVER);
const CERTIFICATES: FileRow = row(0x5011, Shape::Binary(0x02A0), FREE, NEVER);

/// The row of one of the two files of a signing key, as every kind that has them has it.
pub const fn signing_file(fid: Fid) -> Option<&'static FileRow> {
    match fid {
        EF_SIGNING_KEY => Some(&SIGNING_KEY),
        EF_CERTIFICATES => Some(&CERTIFICATES),
        _ => None,
    }
}

/// Files of the main control card.
pub static MAIN_CONTROL_FILES: &[FileRow] = &[CARD_INFO];

/// Files of an ESAM issuing card.
#[rustfmt::skip]
pub static ISSUING_FILES: &[FileRow] = &[
    CARD_INFO,
    row(0x0017, Shape::Binary(0x0C),                        FREE,      MASTER),
    row(0x0018, Shape::Binary(0x12),                        FREE,      NEVER),
    SIGNING_KEY,
    CERTIFICATES,
];

/// Files of a test issuing card, which certifies nothing.
#[rustfmt::skip]
pub static TEST_ISSUING_FILES: &[FileRow] = &[
    CARD_INFO,
    row(0x0017, Shape::Binary(0x0C),                        FREE,      MASTER),
    row(0x0018, Shape::Binary(0x12),                        FREE,      NEVER),
];

/// Files of a PSAM issuing card.
#[rustfmt::skip]
pub static PSAM_ISSUING_FILES: &[FileRow] = &[
    CARD_INFO,
    row(0x0017, Shape::Binary(0x0C),                        FREE,      MASTER),
    row(0x0018, Shape::Binary(0x12),                        FREE,      NEVER),
    row(0x0019, Shape::Binary(0x18),                        FREE,      NEVER),
    SIGNING_KEY,
    CERTIFICATES,
];

/// Files of a PSAM in its MF.
#[rustfmt::skip]
pub static PSAM_FILES: &[FileRow] = &[
    CARD_INFO,
    row(0x0016, Shape::Binary(0x06),                        FREE,      MASTER),
    SIGNING_KEY,
    CERTIFICATES,
    row(0xDF01, Shape::Dir(0x0300, 0x95, PURCHASE_NAME),    MF_MASTER, MF_MASTER),
];

/// Files of a test card in its MF: those of a PSAM, but that it signs nothing.
#[rustfmt::skip]
pub static TEST_CARD_FILES: &[FileRow] = &[
    CARD_INFO,
    row(0x0016, Shape::Binary(0x06),                        FREE,      MASTER),
    row(0xDF01, Shape::Dir(0x0300, 0x95, PURCHASE_NAME),    MF_MASTER, MF_MASTER),
];

/// Files of a PSAM or test card in its purchase application.
#[rustfmt::skip]
pub static PSAM_PURCHASE_FILES: &[FileRow] = &[
    row(0x0000, Shape::Keys(0x00A0, 0x95),                  MF_MASTER, 0xFF),
    row(0x0017, Shape::Binary(0x0C),                        FREE,      NEVER),
    row(0x0018, Shape::Binary(0x4C),                        FREE,      NEVER),
    row(0x0019, Shape::Binary(0x08),                        FREE,      NEVER),
];

/// Files of a user card in its MF.
#[rustfmt::skip]
pub static USER_CARD_FILES: &[FileRow] = &[
    CARD_INFO,
    row(0xDF01, Shape::Dir(0x0400, 0x95, USER_CARD_NAME),   MF_MASTER, MF_MASTER),
];

/// Files of a user card in its application: the bank's, which come with a MAC by one command, and the meter's.
#[rustfmt::skip]
pub static USER_CARD_APPLICATION_FILES: &[FileRow] = &[
    row(0x0000, Shape::Keys(0x0060, 0x95),                  MF_MASTER, 0xFF),
    row(0x0001, Shape::Binary(0x2D),                        FREE,      NEVER),
    row(0x0002, Shape::Binary(0x08),                        FREE,      NEVER),
    row(0x0003, Shape::Binary(0xC7),                        FREE,      NEVER),
    row(0x0004, Shape::Binary(0xC7),                        FREE,      NEVER),
    row(0x0005, Shape::Binary(0x31),                        FREE,      NEVER),
    row(0x0006, Shape::Binary(0xC8),                        FREE,      METER),
];

/// Files of a production card in its MF.
#[rustfmt::skip]
pub static PRODUCTION_CARD_FILES: &[FileRow] = &[
    CARD_INFO,
    row(0xDF01, Shape::Dir(0x5A00, 0x95, PRODUCTION_CARD_NAME), MF_MASTER, MF_MASTER),
];

/// Files of a production card in its application: the city's, who proves the card's own master.
#[rustfmt::skip]
pub static PRODUCTION_CARD_APPLICATION_FILES: &[FileRow] = &[
    row(0x0000, Shape::Keys(0x0020, 0x95),                  MF_MASTER, 0xFF),
    row(0x0001, Shape::Binary(0x20),                        FREE,      MF_MASTER),
    row(0x0002, Shape::Binary(0x20),                        FREE,      MF_MASTER),
    row(0x0003, Shape::Binary(0x5800),                      FREE,      NEVER),
    row(0x0005, Shape::Binary(0x08),                        FREE,      MF_MASTER),
];

/// Files of an ESAM, all in its MF.
#[rustfmt::skip]
pub static ESAM_FILES: &[FileRow] = &[
    CARD_INFO,
    row(0x0001, Shape::Fixed(3, 4),                         FREE,      NEVER),
    row(0x5002, Shape::Binary(0x20),                        FREE,      MASTER),
    row(0x5007, Shape::Binary(0x14),                        METER,     METER),
    row(0x5008, Shape::Binary(0xC8),                        METER,     NEVER),
    row(0x5009, Shape::Binary(0x08),                        FREE,      NEVER),
    SIGNING_KEY,
    // The field's [docs/specs/esam.md 2]. What the card begins with at closing stands first, so that it takes few pages.
    row(0x0005, Shape::Binary(0x04),                        FREE,      FREE),
    row(0x0002, Shape::Binary(0x2F),                        FREE,      NEVER),
    row(0x0019, Shape::Binary(0x09),                        FREE,      NEVER),
    row(0x0003, Shape::Binary(0xCB),                        FREE,      NEVER),
    row(0x0004, Shape::Binary(0xCB),                        FREE,      NEVER),
    row(0x0007, Shape::Binary(0x31),                        FREE,      FREE),
    row(0x0008, Shape::Binary(0x10),                        FREE,      NEVER),
    row(0x0009, Shape::Binary(0xB0),                        FREE,      NEVER),
    row(0x000A, Shape::Binary(0xB0),                        FREE,      NEVER),
    row(0x000B, Shape::Binary(0xB0),                        FREE,      NEVER),
    row(0x000C, Shape::Binary(0xB0),                        FREE,      NEVER),
    row(0x000D, Shape::Binary(0xB0),                        FREE,      NEVER),
    row(0x0014, Shape::Binary(0x10),                        FREE,      NEVER),
    row(0x0017, Shape::Binary(0x10),                        FREE,      NEVER),
    row(0x001A, Shape::Binary(0x5A),                        FREE,      NEVER),
    CERTIFICATES,
];
