//! Cards in readers: connected to, and asked what they are [docs/specs/pcsc.md 2].

use crate::card_ref::ReaderName;
use crate::fail::refused;
use crate::lock::patiently;
use parties::trouble::{Result, Trouble};
use reader::driver::fmcos::Fmcos;
use reader::pcsc::{self, Fault, FindError, PcscCard, PcscError};
use scheme::profile::{CardInfo, CardKind};
use std::time::Duration;
use wire::{Channel, ChannelError, Command, Sw};

/// Connects to a card and holds it for this command alone. Waits at most so long for another program that holds it.
pub fn connect(name: &ReaderName, patience: Duration) -> Result<PcscCard> {
    let service = pcsc::system().map_err(PcscError::Service)?;
    patiently(patience, is_held, || Ok(pcsc::open(&*service, name.as_str())?))
}

/// Another program holds the card.
fn is_held(error: &Trouble) -> bool {
    matches!(error.find(), Some(PcscError::Connect { fault: Fault::Busy, .. }))
}

/// The name by which a card in a reader is found again, in whatever reader: its serial number, or its ATR.
pub fn identity(name: &ReaderName) -> Result<ReaderName> {
    let service = pcsc::system().map_err(PcscError::Service)?;
    let readers = service.readers().map_err(PcscError::Service)?;
    let state = pcsc::find(&readers, name.as_str()).map_err(PcscError::Find)?;
    match (state.serial(), state.has_card()) {
        (Some(serial), _) => Ok(ReaderName::new(hex::encode_upper(serial))),
        (None, true) => Ok(ReaderName::new(hex::encode_upper(&state.atr))),
        (None, false) => Err(PcscError::Connect { reader: state.name.clone(), fault: Fault::NoCard }.into()),
    }
}

/// What a card tells of itself.
pub struct Told {
    /// Serial number in its ATR.
    pub serial: Option<[u8; 8]>,
    /// Card information of a finished card of ours.
    pub info: Option<CardInfo>,
    /// It answers as a SIM does, and of which kind.
    pub sim: Option<CardKind>,
}

impl Told {
    /// The kind, as far as the card tells: a blank tells none, and is taken for a plain FMCOS card.
    pub fn kind(&self) -> CardKind {
        match &self.info {
            Some(info) => info.kind,
            None => self.sim.unwrap_or(CardKind::Fmcos),
        }
    }

    /// Whether it may become or be a card of a kind.
    fn fits(&self, wanted: CardKind) -> bool {
        match (&self.info, wanted) {
            (_, CardKind::Fmcos) => self.sim.is_none(),
            (Some(info), wanted) => info.kind == wanted,
            (None, wanted) if wanted.is_sim() => self.sim.is_some_and(|kind| kind.serves_as(wanted)),
            (None, _) => self.serial.is_some(),
        }
    }
}

/// Resets a card and asks it what it is; resets it again, so that the session begins as on a fresh card.
pub fn ask(card: &mut dyn Channel) -> Result<Told> {
    let atr = card.reset()?;
    let serial = wire::atr::serial_of(&atr);
    // A card that shows its serial number as ours do is none that speaks class A0.
    let sim = if serial.is_none() { sim_kind(card)? } else { None };
    let info = if sim.is_some() { None } else { card_info(card)? };
    card.reset()?;
    Ok(Told { serial, info, sim })
}

/// Card information; `None` when the card has none. What the channel says is passed on.
fn card_info(card: &mut dyn Channel) -> Result<Option<CardInfo>> {
    let mut fmcos = Fmcos::new(card);
    let read = fmcos.select_mf().and_then(|_| fmcos.card_info());
    match read {
        Ok(info) => Ok(Some(info)),
        Err(reader::CardError::Channel { source, step }) => {
            Err(reader::CardError::Channel { step, source }.into())
        }
        Err(_) => Ok(None),
    }
}

/// A classic SIM takes class A0; a UICC selects the master file as ISO has it, with an FCP asked for
/// [docs/specs/sim.md].
fn sim_kind(card: &mut dyn Channel) -> Result<Option<CardKind>, ChannelError> {
    let uicc = Command::new(0x00, 0xA4, 0x00, 0x04).data(&[0x3F, 0x00]);
    let classic = Command::new(0xA0, 0xA4, 0x00, 0x00).data(&[0x3F, 0x00]);
    for (kind, command) in [(CardKind::Uicc, uicc), (CardKind::Sim, classic)] {
        let answer = card.transmit(&command.to_bytes())?;
        let sw = answer.last_chunk::<2>().map(|word| Sw(u16::from_be_bytes(*word)));
        if sw.is_some_and(|sw| sw.is_ok() || matches!(sw.sw1(), 0x61 | 0x9F)) {
            return Ok(Some(kind));
        }
    }
    Ok(None)
}

/// True when an error says that no card stands there, or that it cannot be had yet: whoever feeds a reader goes on looking.
pub fn no_card_yet(error: &Trouble) -> bool {
    error.chain().any(|cause| {
        let channel = cause.downcast_ref::<ChannelError>();
        let there = match cause.downcast_ref::<PcscError>() {
            Some(PcscError::Find(FindError::NoCard { .. } | FindError::CardElsewhere { .. })) => false,
            Some(PcscError::Connect { fault, .. }) => !matches!(
                fault,
                Fault::NoCard
                    | Fault::Removed
                    | Fault::Unpowered
                    | Fault::Mute
                    | Fault::Busy
                    | Fault::Transmission
            ),
            _ => true,
        };
        !there
            || channel.is_some_and(|error| {
                !matches!(error, ChannelError::Storage(_) | ChannelError::ServiceStopped)
            })
    })
}

/// Refuses a card of another kind than the one needed.
pub fn must_be(told: &Told, wanted: CardKind, label: &str) -> Result<()> {
    if told.fits(wanted) {
        return Ok(());
    }
    let found = match told.kind() {
        CardKind::Fmcos => "no card of ours, and its ATR shows no serial number".to_owned(),
        kind => format!("a card of kind {}", kind.name()),
    };
    Err(refused(format!("{label} is {found}; {} is needed", wanted.name())).into())
}
