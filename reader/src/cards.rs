//! Cards in readers, and SIMs in modems: connected to, asked what they are, and behind [`Cards`] [docs/specs/pcsc.md 2].

use crate::driver::fmcos::Fmcos;
use crate::error::CardError;
use crate::modem::{self, ModemError};
use crate::pcsc::{self, Fault, FindError, PcscCard, PcscError};
use scheme::cards::{CardRef, Cards, CardsError, Hold, Keeping, NewChip, NewSim, OpenCard};
use scheme::profile::{CardInfo, CardKind, State};
use std::time::{Duration, Instant};
use wire::{Channel, ChannelError, Command, Sw};

/// Between two looks at a card that another program holds.
const PAUSE: Duration = Duration::from_millis(20);

fn gone(step: &'static str) -> impl FnOnce(ChannelError) -> CardError {
    move |source| CardError::Channel { step, source }
}

/// Connects to a card and holds it for this program alone. Waits at most so long for another program that holds it.
///
/// # Errors
/// No service, no such card, or another program holds it still.
pub fn connect(name: &str, patience: Duration) -> Result<PcscCard, PcscError> {
    let service = pcsc::system().map_err(PcscError::Service)?;
    let until = Instant::now() + patience;
    loop {
        match pcsc::open(&*service, name) {
            Err(PcscError::Connect { fault: Fault::Busy, .. }) if Instant::now() < until => {
                std::thread::sleep(PAUSE);
            }
            result => return result,
        }
    }
}

/// The name by which a card in a reader is found again, in whatever reader: its serial number, or its ATR.
///
/// # Errors
/// No service, no reader of that name, or no card in it.
pub fn identity(name: &str) -> Result<CardRef, PcscError> {
    let service = pcsc::system().map_err(PcscError::Service)?;
    let readers = service.readers().map_err(PcscError::Service)?;
    let state = pcsc::find(&readers, name).map_err(PcscError::Find)?;
    match (state.serial(), state.has_card()) {
        (Some(serial), _) => Ok(CardRef::in_reader(&hex::encode_upper(serial))),
        (None, true) => Ok(CardRef::in_reader(&hex::encode_upper(&state.atr))),
        (None, false) => Err(PcscError::Connect { reader: state.name.clone(), fault: Fault::NoCard }),
    }
}

/// What a card tells of itself.
pub struct CardIdentity {
    /// Serial number in its ATR.
    pub serial: Option<[u8; 8]>,
    /// Card information of a finished card of ours.
    pub info: Option<CardInfo>,
    /// It answers as a SIM does, and of which kind.
    pub sim: Option<CardKind>,
}

impl CardIdentity {
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
pub fn ask(card: &mut dyn Channel) -> Result<CardIdentity, CardError> {
    let atr = card.reset().map_err(gone("RESET"))?;
    let serial = wire::atr::serial_of(&atr);
    // A card that shows its serial number as ours do is none that speaks class A0.
    let sim = if serial.is_none() { sim_kind(card)? } else { None };
    let info = if sim.is_some() { None } else { card_info(card)? };
    card.reset().map_err(gone("RESET"))?;
    Ok(CardIdentity { serial, info, sim })
}

/// Card information; `None` when the card has none. What the channel says is passed on.
fn card_info(card: &mut dyn Channel) -> Result<Option<CardInfo>, CardError> {
    let mut fmcos = Fmcos::new(card);
    let read = fmcos.select_mf().and_then(|_| fmcos.card_info());
    match read {
        Ok(info) => Ok(Some(info)),
        Err(error @ CardError::Channel { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}

/// A classic SIM takes class A0; a UICC selects the master file as ISO has it, with an FCP asked for
/// [docs/specs/sim.md].
fn sim_kind(card: &mut dyn Channel) -> Result<Option<CardKind>, CardError> {
    let uicc = Command::new(0x00, 0xA4, 0x00, 0x04).data(&[0x3F, 0x00]);
    let classic = Command::new(0xA0, 0xA4, 0x00, 0x00).data(&[0x3F, 0x00]);
    for (kind, command) in [(CardKind::Uicc, uicc), (CardKind::Sim, classic)] {
        let answer = card.transmit(&command.to_bytes()).map_err(gone("SELECT"))?;
        let sw = answer.last_chunk::<2>().map(|word| Sw(u16::from_be_bytes(*word)));
        if sw.is_some_and(|sw| sw.is_ok() || matches!(sw.sw1(), 0x61 | 0x9F)) {
            return Ok(Some(kind));
        }
    }
    Ok(None)
}

/// Another card stands in the reader than the one needed.
#[derive(Debug, thiserror::Error)]
#[error("{label} is {found}; {} is needed", wanted.name())]
pub struct OtherCard {
    label: String,
    found: String,
    wanted: CardKind,
}

impl scheme::Fault for OtherCard {
    fn code(&self) -> &str {
        "other-card"
    }
}

/// Refuses a card of another kind than the one needed.
///
/// # Errors
/// It is of another kind.
pub fn must_be(told: &CardIdentity, wanted: CardKind, label: &str) -> Result<(), OtherCard> {
    if told.fits(wanted) {
        return Ok(());
    }
    let found = match told.kind() {
        CardKind::Fmcos => "no card of ours, and its ATR shows no serial number".to_owned(),
        kind => format!("a card of kind {}", kind.name()),
    };
    Err(OtherCard { label: label.to_owned(), found, wanted })
}

/// True when a chain of causes says that no card stands there, or that it cannot be had yet: whoever feeds a reader goes on looking.
pub fn no_card_yet<'e>(mut chain: impl Iterator<Item = &'e (dyn std::error::Error + 'static)>) -> bool {
    chain.any(|cause| {
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
        let no_sim = matches!(cause.downcast_ref::<ModemError>(), Some(ModemError::NoSim { .. }));
        !there
            || no_sim
            || channel.is_some_and(|error| {
                !matches!(error, ChannelError::Storage(_) | ChannelError::ServiceStopped)
            })
    })
}

/// A card in a reader, or a SIM in a modem, that an act opened.
pub struct InReader {
    card: Box<dyn Channel + Send>,
    label: String,
    kind: CardKind,
    state: Option<State>,
}

impl InReader {
    /// Connects to a card and asks it nothing.
    ///
    /// # Errors
    /// As [`connect`], [`modem::open`]; a card that stands in neither.
    pub fn unasked(card: &CardRef, patience: Duration) -> Result<Self, CardsError> {
        let (card, label): (Box<dyn Channel + Send>, String) = match (card.reader(), card.modem()) {
            (Some(name), _) => {
                let card = connect(name, patience).map_err(CardsError::new)?;
                let label = format!("the card in {:?}", card.reader());
                (Box::new(card), label)
            }
            (_, Some(device)) => {
                let card = modem::open(device, patience).map_err(CardsError::new)?;
                let label = format!("the card at:{}", card.name());
                (Box::new(card), label)
            }
            _ => return Err(CardsError::new(ReaderError::NoReader(card.clone()))),
        };
        Ok(InReader { card, label, kind: CardKind::Fmcos, state: None })
    }
}

impl Channel for InReader {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.card.transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.card.reset()
    }
}

impl OpenCard for InReader {
    fn label(&self) -> &str {
        &self.label
    }

    fn kind(&self) -> CardKind {
        self.kind
    }

    fn holds_formal(&self) -> bool {
        self.state == Some(State::Formal)
    }

    fn must_take(&self, _: State) -> Result<(), CardsError> {
        Ok(())
    }

    fn image(&self) -> Result<Vec<u8>, CardsError> {
        Err(CardsError::new(ReaderError::NoImage(self.label.clone())))
    }

    fn keep_now(&mut self) -> Result<(), CardsError> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<(), CardsError> {
        Ok(())
    }
}

/// A place that is no reader, or an act no reader does.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// The name is no card in a reader.
    #[error("{0} is no card in a reader")]
    NoReader(CardRef),
    /// Nobody makes chips in a reader.
    #[error("no blank stands in {0}: a reader makes none")]
    MakesNone(CardRef),
    /// Nothing stands beside a card in a reader.
    #[error("{0} is no place for a card")]
    NoPlace(CardRef),
    /// Nobody sees into a chip.
    #[error("{0} has no image")]
    NoImage(String),
    /// What stands in a modem stays there.
    #[error("{0} stands in a modem, and no name of it would find it again elsewhere")]
    InModem(CardRef),
    /// Chips of plastic come from their maker.
    #[error("a reader makes no chips: {0} is virtual")]
    Virtual(String),
}

impl scheme::Fault for ReaderError {
    fn code(&self) -> &str {
        match self {
            ReaderError::NoReader(_) => "reader-no-reader",
            ReaderError::MakesNone(_) => "reader-makes-none",
            ReaderError::NoPlace(_) => "reader-no-place",
            ReaderError::NoImage(_) => "reader-no-image",
            ReaderError::InModem(_) => "reader-in-modem",
            ReaderError::Virtual(_) => "reader-virtual",
        }
    }
}

/// Cards in readers, through PC/SC, and SIMs in modems.
#[derive(Debug, Clone, Copy)]
pub struct Readers {
    /// How long to wait for a card that another program holds.
    pub patience: Duration,
}

impl Cards for Readers {
    fn open(
        &self,
        card: &CardRef,
        wanted: Option<CardKind>,
        _: Keeping,
    ) -> Result<Box<dyn OpenCard>, CardsError> {
        let mut open = InReader::unasked(card, self.patience)?;
        let told = ask(&mut open).map_err(CardsError::new)?;
        if let Some(wanted) = wanted {
            must_be(&told, wanted, &open.label).map_err(CardsError::new)?;
        }
        (open.kind, open.state) = (told.kind(), told.info.map(|info| info.state));
        Ok(Box::new(open))
    }

    /// Whoever connects to a card holds it; what stands beside it is elsewhere.
    fn hold(&self, place: &CardRef) -> Result<Hold, CardsError> {
        Err(CardsError::new(ReaderError::NoPlace(place.clone())))
    }

    fn make(&self, place: &CardRef, _: &NewChip<'_>) -> Result<(), CardsError> {
        Err(CardsError::new(ReaderError::MakesNone(place.clone())))
    }

    fn new_chip(&self, _: &NewChip<'_>, name: &str, _: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        Err(CardsError::new(ReaderError::Virtual(name.to_owned())))
    }

    fn new_sim(&self, _: &NewSim<'_>, name: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        Err(CardsError::new(ReaderError::Virtual(name.to_owned())))
    }

    fn unpack(&self, _: &[u8], place: &CardRef) -> Result<(), CardsError> {
        Err(CardsError::new(ReaderError::MakesNone(place.clone())))
    }

    fn is_taken(&self, place: &CardRef) -> bool {
        place.path().is_none()
    }

    /// A folder has no readers.
    fn places(&self, _: &str) -> Result<Vec<CardRef>, CardsError> {
        Ok(Vec::new())
    }

    fn hand_over(&self, card: &CardRef, _: &CardRef) -> Result<(), CardsError> {
        Err(CardsError::new(match card.modem() {
            Some(_) => ReaderError::InModem(card.clone()),
            None => ReaderError::NoReader(card.clone()),
        }))
    }
}
