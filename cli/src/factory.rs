//! The factory: blank chips, and SIMs with the file tree of their mask.

use crate::fail::refused;
use applets::sim::{Mask, Profile};
use cos::{Chip, Protocol};
use keys::{Key, Suite, hierarchy};
use parties::trouble::Result;
use reader::driver::fmcos::Fmcos;
use scheme::Chance;
use scheme::profile::{CardKind, FACTORY_KEYS, FREE, KeyRow, MASTER, Recipient};
use std::path::Path;
use vcard::slot::Keep;
use vcard::{Image, Slot};
use wire::{Channel, Command};

/// User memory of a chip, in bytes.
pub const EEPROM: usize = 8 * 1024;

/// A blank in the transport state [docs/specs/cards.md 3]: MF, KEY file, transport key, all sent as APDUs. The transport key is
/// that of a transport root and the chip's serial; the suite is the root's.
pub fn blank(
    root: &Key,
    kind: CardKind,
    serial: [u8; 8],
    formal: bool,
    entropy: Box<dyn Chance + Send>,
) -> Result<Image> {
    let suite = root.suite();
    let protocol = if kind == CardKind::Esam { Protocol::T0 } else { Protocol::Direct };
    let image = Image::manufacture(&Chip { kind, suite, protocol, serial }, EEPROM, formal);
    let mut slot = Slot::with_image(image, Path::new("blank chip"), entropy, Keep::InMemory)
        .map_err(parties::Trouble::new)?;
    slot.reset()?;
    let master = Recipient::Card(kind)
        .key(0)
        .ok_or_else(|| refused(format!("the factory makes no {} blanks", kind.name())))?;
    let mut card = Fmcos::new(&mut slot);
    let mf = Command::new(0x80, 0xE0, 0x3F, 0x00)
        .data(&[0x38, 0xFF, 0xFF, MASTER, MASTER, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    card.send("CREATE FILE MF", &mf)?;
    card.create_file(&FACTORY_KEYS)?;
    let transport = hierarchy::transport_key(root, serial);
    // In the transport state the type byte has no protection bits yet [docs/specs/cards.md 3].
    let header = KeyRow { kind: master.kind & 0x3F, ..*master }.header(0);
    card.write_key_plain(0x01, master.id, header, transport.expose())?;
    Ok(slot.image())
}

/// Eight digits, or a short PIN, as a CHV: ASCII, filled up with FF [TS 51.011 9.3].
pub fn chv(digits: &str) -> Result<[u8; 8]> {
    let fits = (4..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !fits {
        return Err(refused("a CHV has 4 to 8 digits").into());
    }
    let mut chv = [0xFF; 8];
    chv[..digits.len()].copy_from_slice(digits.as_bytes());
    Ok(chv)
}

/// The published secrets of a test SIM: CHV1 0000 (off unless the user sets one), CHV2 0000, unblocking codes
/// 00000000, ADM1 00000000, Ki [`KI`]. TEST KEYS.
pub fn test_mask(profile: Profile, messages: u8, chv1: Option<&str>) -> Result<Mask> {
    Ok(Mask {
        profile,
        messages,
        chv1: (chv(chv1.unwrap_or("0000"))?, chv1.is_some()),
        chv2: chv("0000")?,
        puk: [chv("00000000")?; 2],
        adm: ADM,
        ki: KI,
    })
}

/// ADM1 of a test SIM.
pub const ADM: [u8; 8] = *b"00000000";

/// Ki of a test SIM: what RUN GSM ALGORITHM answers is no secret.
pub const KI: [u8; 16] = *b"gridcard test Ki";

/// A plain FMCOS card to be made.
#[derive(Debug, Clone, Copy)]
pub struct Blank {
    /// Cipher of the chip.
    pub suite: Suite,
    /// Serial number.
    pub serial: [u8; 8],
    /// Protocol.
    pub protocol: Protocol,
    /// Bytes for files.
    pub user: usize,
    /// Whether the image may hold keys of a formal root.
    pub formal: bool,
    /// Whether it leaves with its master file.
    pub mf: bool,
}

/// A plain FMCOS card, as it comes from the chip's maker: the master file, sent as an APDU, is empty, and everybody
/// may create and erase in it; or there is not even that.
pub fn plain(blank: &Blank, entropy: Box<dyn Chance + Send>) -> Result<Image> {
    let chip =
        Chip { kind: CardKind::Fmcos, suite: blank.suite, protocol: blank.protocol, serial: blank.serial };
    let image = Image::manufacture(&chip, blank.user, blank.formal);
    if !blank.mf {
        return Ok(image);
    }
    let mut slot = Slot::with_image(image, Path::new("blank chip"), entropy, Keep::InMemory)
        .map_err(parties::Trouble::new)?;
    slot.reset()?;
    // The transport code behind the eighth byte is FF, as chips are delivered.
    let mf = Command::new(0x80, 0xE0, 0x3F, 0x00)
        .data(&[0x38, 0xFF, 0xFF, FREE, FREE, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    Fmcos::new(&mut slot).send("CREATE FILE MF", &mf)?;
    Ok(slot.image())
}
