//! The factory: blank chips, and SIMs with the file tree of their mask.

use crate::slot::Keep;
use crate::{Image, ImageError, Slot};
use applets::sim::{Mask, Profile};
use cos::{Chip, Protocol};
use keys::{Key, Suite, hierarchy};
use scheme::cards::NewSim;
use scheme::profile::{CardKind, FACTORY_KEYS, FREE, KeyRow, MASTER, Recipient};
use scheme::sim::{NoChv, chv};
use scheme::{Chance, Fault};
use std::path::Path;
use wire::{Channel, ChannelError, Command, Sw};

/// Why a chip does not leave the factory.
#[derive(Debug, thiserror::Error)]
pub enum FactoryError {
    /// Kinds that do not begin as blanks.
    #[error("the factory makes no {} blanks", kind.name())]
    NoBlank {
        /// The kind asked for.
        kind: CardKind,
    },
    /// A CHV that is none.
    #[error(transparent)]
    Chv(#[from] NoChv),
    /// Too few records for messages, or too many.
    #[error("a SIM has 10 to 50 message records")]
    Messages,
    /// The chip refused a command of its making.
    #[error("{step}: the chip answered {sw}")]
    Refused {
        /// The step.
        step: &'static str,
        /// The status word.
        sw: Sw,
    },
    /// The chip answered nothing.
    #[error("{step}: {source}")]
    Channel {
        /// The step.
        step: &'static str,
        /// Why.
        source: ChannelError,
    },
    /// The chip cannot be put into a slot.
    #[error(transparent)]
    Image(#[from] ImageError),
}

impl Fault for FactoryError {
    fn code(&self) -> &str {
        match self {
            FactoryError::NoBlank { .. } => "factory-no-blank",
            FactoryError::Chv(error) => error.code(),
            FactoryError::Messages => "factory-messages",
            FactoryError::Refused { .. } => "factory-refused",
            FactoryError::Channel { .. } => "factory-channel",
            FactoryError::Image(error) => error.code(),
        }
    }
}

/// Sends a command that must be done.
fn send(slot: &mut Slot, step: &'static str, command: &Command) -> Result<(), FactoryError> {
    let answer =
        slot.transmit(&command.to_bytes()).map_err(|source| FactoryError::Channel { step, source })?;
    match answer.last_chunk::<2>().map(|word| Sw(u16::from_be_bytes(*word))) {
        Some(sw) if sw.is_ok() => Ok(()),
        Some(sw) => Err(FactoryError::Refused { step, sw }),
        None => Err(FactoryError::Channel { step, source: ChannelError::Short(answer.len()) }),
    }
}

/// User memory of a chip of a kind, in bytes: a production card has keys for many ESAMs.
pub const fn memory_of(kind: CardKind) -> usize {
    if matches!(kind, CardKind::ProductionCard) { 28 * 1024 } else { 8 * 1024 }
}

/// A blank in the transport state [docs/specs/cards.md 3]: MF, KEY file, transport key, all sent as APDUs. The transport key is
/// that of a transport root and the chip's serial; the suite is the root's.
pub fn blank(
    root: &Key,
    kind: CardKind,
    serial: [u8; 8],
    formal: bool,
    entropy: Box<dyn Chance + Send>,
) -> Result<Image, FactoryError> {
    let suite = root.suite();
    let protocol = if kind.is_met_by_meters() { Protocol::T0 } else { Protocol::Direct };
    let image = Image::manufacture(&Chip { kind, suite, protocol, serial }, memory_of(kind), formal);
    let mut slot = Slot::with_image(image, Path::new("blank chip"), entropy, Keep::InMemory)?;
    slot.reset().map_err(|source| FactoryError::Channel { step: "reset", source })?;
    let master = Recipient::Card(kind).key(0).ok_or(FactoryError::NoBlank { kind })?;
    let mf = Command::new(0x80, 0xE0, 0x3F, 0x00)
        .data(&[0x38, 0xFF, 0xFF, MASTER, MASTER, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    send(&mut slot, "CREATE FILE MF", &mf)?;
    send(&mut slot, "CREATE FILE", &FACTORY_KEYS.create())?;
    let transport = hierarchy::transport_key(root, serial);
    // In the transport state the type byte has no protection bits yet [docs/specs/cards.md 3].
    let header = KeyRow { kind: master.kind & 0x3F, ..*master }.header(0);
    let key = Command::new(0x80, 0xD4, 0x01, master.id).data(&[&header[..], transport.expose()].concat());
    send(&mut slot, "WRITE KEY", &key)?;
    Ok(slot.image())
}

/// A virtual SIM as it comes from the card maker, with the published codes of a test SIM.
///
/// # Errors
/// A CHV1 that is none; records beyond 10 to 50; a kind that is no SIM.
pub fn sim(sim: &NewSim<'_>) -> Result<Image, FactoryError> {
    let profile = match sim.kind {
        CardKind::Sim => Profile::Sim,
        CardKind::Uicc => Profile::Uicc,
        kind => return Err(FactoryError::NoBlank { kind }),
    };
    let mask = test_mask(profile, sim.messages, sim.chv1)?;
    let mask = Mask { milenage: sim.milenage.copied(), ..mask };
    Image::manufacture_sim(sim.serial, &mask).ok_or(FactoryError::Messages)
}

/// The published secrets of a test SIM: CHV1 0000 (off unless the user sets one), CHV2 0000, unblocking codes
/// 00000000, ADM1 00000000, Ki [`KI`]. TEST KEYS.
pub fn test_mask(profile: Profile, messages: u8, chv1: Option<&str>) -> Result<Mask, FactoryError> {
    Ok(Mask {
        profile,
        messages,
        chv1: (chv(chv1.unwrap_or("0000"))?, chv1.is_some()),
        chv2: chv("0000")?,
        puk: [chv("00000000")?; 2],
        adm: ADM,
        ki: KI,
        milenage: None,
    })
}

/// ADM1 of a test SIM.
pub const ADM: [u8; 8] = scheme::sim::TEST_ADM;

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
pub fn plain(blank: &Blank, entropy: Box<dyn Chance + Send>) -> Result<Image, FactoryError> {
    let chip =
        Chip { kind: CardKind::Fmcos, suite: blank.suite, protocol: blank.protocol, serial: blank.serial };
    let image = Image::manufacture(&chip, blank.user, blank.formal);
    if !blank.mf {
        return Ok(image);
    }
    let mut slot = Slot::with_image(image, Path::new("blank chip"), entropy, Keep::InMemory)?;
    slot.reset().map_err(|source| FactoryError::Channel { step: "reset", source })?;
    // The transport code behind the eighth byte is FF, as chips are delivered.
    let mf = Command::new(0x80, 0xE0, 0x3F, 0x00)
        .data(&[0x38, 0xFF, 0xFF, FREE, FREE, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    send(&mut slot, "CREATE FILE MF", &mf)?;
    Ok(slot.image())
}
