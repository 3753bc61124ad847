//! Cards as acts find them: by reference, wherever they stand.
//!
//! An act opens a card, speaks to it over its channel and closes it; whether it is a file, a chip in a reader or a card in
//! memory is the business of whoever implements [`Cards`].

use crate::fault::{Fault, Hint, Kind};
use crate::numbers::Serial;
use crate::profile::{CardKind, State};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;
use keys::Key;
use wire::{Channel, ChannelError};

/// What begins the name of a card in a reader.
const PCSC: &str = "pcsc:";
/// What begins the name of a SIM in a modem.
const AT: &str = "at:";

/// A card by its name: the path of a card file; or `pcsc:` and a reader's name or part of it, a card's serial number or its ATR
/// in hexadecimal digits, nothing behind the colon for the only card there is [docs/specs/pcsc.md 1]; or `at:` and a modem's device
/// [docs/specs/phone.md 1].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CardRef(String);

impl CardRef {
    /// A card file, or a link file that names a card in a reader.
    pub fn file(path: impl Into<String>) -> Self {
        CardRef(path.into())
    }

    /// A card in a reader.
    pub fn in_reader(name: &str) -> Self {
        CardRef(alloc::format!("{PCSC}{}", name.trim()))
    }

    /// The name of the reader or the card, of a card in a reader.
    pub fn reader(&self) -> Option<&str> {
        self.0.strip_prefix(PCSC).map(str::trim)
    }

    /// The modem's device, of a SIM in a modem.
    pub fn modem(&self) -> Option<&str> {
        self.0.strip_prefix(AT).map(str::trim)
    }

    /// The path, of a card file.
    pub fn path(&self) -> Option<&str> {
        if self.reader().is_some() || self.modem().is_some() { None } else { Some(&self.0) }
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CardRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A card without a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a card is a file, pcsc: and a reader, or at: and a modem")]
pub struct NoCardRef;

impl Fault for NoCardRef {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn code(&self) -> &str {
        "card-name"
    }
}

impl FromStr for CardRef {
    type Err = NoCardRef;

    fn from_str(text: &str) -> Result<Self, NoCardRef> {
        if text.is_empty() { Err(NoCardRef) } else { Ok(CardRef(text.into())) }
    }
}

/// When changes of a virtual card must be kept; a chip keeps them itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Before the status word of the command that made them leaves.
    EveryCommand,
    /// When the card is closed: for what is repeated as a whole when it breaks.
    AtClose,
}

/// A bare chip to be made.
pub struct NewChip<'a> {
    /// What it is to become.
    pub kind: CardKind,
    /// Its serial number.
    pub serial: [u8; 8],
    /// The root of the transport key it is born with.
    pub root: &'a Key,
    /// Whether its image may hold keys of a formal root.
    pub formal: bool,
}

/// A virtual SIM to be made: a chip with the file tree of its mask and the codes of a test SIM, ADM1 being
/// [`TEST_ADM`](crate::sim::TEST_ADM). Nobody's yet: ICCID and IMSI are written into it.
#[derive(Clone, Copy)]
pub struct NewSim<'a> {
    /// Its kind: a classic SIM, or a UICC.
    pub kind: CardKind,
    /// Serial number of the chip.
    pub serial: [u8; 8],
    /// Records for messages, 10 to 50.
    pub messages: u8,
    /// The CHV1 it asks for; `None`: CHV1 is off.
    pub chv1: Option<&'a str>,
    /// K and OPc of Milenage, by which it answers its network; `None`: by our own algorithm alone.
    pub milenage: Option<&'a [[u8; 16]; 2]>,
}

/// An open card. Dropping it lets it go without saving.
pub trait OpenCard: Channel + Send {
    /// What it is called in words.
    fn label(&self) -> &str;

    /// What it is, as far as it tells: a blank tells nothing and is taken for a plain FMCOS card.
    fn kind(&self) -> CardKind;

    /// Whether it holds formal keys, as far as it tells: what is done with it must not repeat.
    fn holds_formal(&self) -> bool {
        false
    }

    /// Whether keys of this state may be written into it.
    ///
    /// # Errors
    /// A security stop for formal keys in an image that was not made for them.
    fn must_take(&self, state: State) -> Result<(), CardsError>;

    /// The whole of a virtual card as bytes, for a pack ([`Cards::unpack`]).
    ///
    /// # Errors
    /// Nobody sees into a chip.
    fn image(&self) -> Result<Vec<u8>, CardsError>;

    /// Saves what changed, whenever it would be kept otherwise.
    ///
    /// # Errors
    /// It cannot be written.
    fn keep_now(&mut self) -> Result<(), CardsError>;

    /// Lets the card go; saves what changed.
    ///
    /// # Errors
    /// It cannot be written.
    fn close(self: Box<Self>) -> Result<(), CardsError>;
}

/// What stands between a card and whoever uses it.
pub trait Gate: Send {
    /// Whether a command gets to the card.
    ///
    /// # Errors
    /// What its user hears instead.
    fn command(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }

    /// Whether a reset gets to the card.
    ///
    /// # Errors
    /// What its user hears instead.
    fn reset(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }
}

/// An open card with something before it; the card is let go first.
pub struct Gated<G> {
    card: Box<dyn OpenCard>,
    gate: G,
}

impl<G: Gate> Gated<G> {
    /// A card behind a gate.
    pub fn new(card: Box<dyn OpenCard>, gate: G) -> Self {
        Gated { card, gate }
    }
}

impl<G: Gate> Channel for Gated<G> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.gate.command()?;
        self.card.transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.gate.reset()?;
        self.card.reset()
    }
}

impl<G: Gate> OpenCard for Gated<G> {
    fn label(&self) -> &str {
        self.card.label()
    }

    fn kind(&self) -> CardKind {
        self.card.kind()
    }

    fn holds_formal(&self) -> bool {
        self.card.holds_formal()
    }

    fn must_take(&self, state: State) -> Result<(), CardsError> {
        self.card.must_take(state)
    }

    fn image(&self) -> Result<Vec<u8>, CardsError> {
        self.card.image()
    }

    fn keep_now(&mut self) -> Result<(), CardsError> {
        self.card.keep_now()
    }

    fn close(self: Box<Self>) -> Result<(), CardsError> {
        self.card.close()
    }
}

/// The place of a card is held as long as the card is open.
impl Gate for Option<Hold> {}

/// A place that somebody holds: until this is dropped nobody else opens the card in it.
pub struct Hold {
    _held: Box<dyn core::any::Any + Send>,
}

impl Hold {
    /// Holds with whatever lets the place go when it is dropped.
    pub fn new(held: impl core::any::Any + Send) -> Self {
        Hold { _held: Box::new(held) }
    }
}

/// Where cards are.
pub trait Cards: Send + Sync {
    /// Opens a card, which must be of the kind `wanted`. Waits for another program that holds it, and then says who does.
    ///
    /// # Errors
    /// It is not there, of another kind, damaged, or held.
    fn open(
        &self,
        card: &CardRef,
        wanted: Option<CardKind>,
        keeping: Keeping,
    ) -> Result<Box<dyn OpenCard>, CardsError>;

    /// Holds a place, whether its card is there or stands in a reader: for what belongs to the card and stands beside it. Waits
    /// as [`Cards::open`] does.
    ///
    /// # Errors
    /// Another program holds it.
    fn hold(&self, place: &CardRef) -> Result<Hold, CardsError>;

    /// Makes a bare chip in a place where none is; never over another.
    ///
    /// # Errors
    /// Something stands there, or no chip can be made there.
    fn make(&self, place: &CardRef, chip: &NewChip<'_>) -> Result<(), CardsError>;

    /// Makes a bare virtual chip that stands in no place: until its [image](OpenCard::image) is kept it exists as long as it is
    /// open. `name` is what it is called, `label` tells its random numbers from those of other chips.
    ///
    /// # Errors
    /// No chip can be made here.
    fn new_chip(&self, chip: &NewChip<'_>, name: &str, label: &str) -> Result<Box<dyn OpenCard>, CardsError>;

    /// The same for a virtual SIM; `name` tells its random numbers from those of others too.
    ///
    /// # Errors
    /// No SIM can be made here.
    fn new_sim(&self, sim: &NewSim<'_>, name: &str) -> Result<Box<dyn OpenCard>, CardsError>;

    /// Puts a virtual card, by its [image](OpenCard::image), into a place where none is; the same card there already, to the
    /// byte, stays, so that an interrupted act can be repeated.
    ///
    /// # Errors
    /// Something else stands there; the bytes are no card.
    fn unpack(&self, image: &[u8], place: &CardRef) -> Result<(), CardsError>;

    /// Whether a card stands in a place, or its name does.
    fn is_taken(&self, place: &CardRef) -> bool;

    /// The places of a folder that are taken, in order.
    ///
    /// # Errors
    /// The folder is there and cannot be read.
    fn places(&self, folder: &str) -> Result<Vec<CardRef>, CardsError>;

    /// The card itself: where a name of it stands in a place, the card of that name.
    ///
    /// # Errors
    /// What stands there names no card.
    fn resolve(&self, card: &CardRef) -> Result<CardRef, CardsError> {
        Ok(card.clone())
    }

    /// What stands in a place, in words for the user: the card, or its name.
    fn shown(&self, place: &CardRef) -> String {
        place.as_str().into()
    }

    /// Hands a card over to a place; one that is there already stays, so that an interrupted act can be repeated. Of a card that
    /// cannot move there the place gets the name.
    ///
    /// # Errors
    /// Another card is there; the card is not.
    fn hand_over(&self, card: &CardRef, place: &CardRef) -> Result<(), CardsError>;

    /// Gives a place the name of a card whose serial number is known, so that nobody has to ask the card, which may be gone. A name by
    /// which it was known moves; of a card that could move itself the place gets nothing.
    ///
    /// # Errors
    /// The place has another card; the name cannot be kept.
    fn remember(&self, _card: &CardRef, _serial: Serial, _place: &CardRef) -> Result<(), CardsError> {
        Ok(())
    }

    /// Takes the name away by which a card was known, now that the place `to` has it.
    ///
    /// # Errors
    /// It cannot be taken away.
    fn forget(&self, _card: &CardRef, _to: &CardRef) -> Result<(), CardsError> {
        Ok(())
    }

    /// Moves what stands in a place of a party, card or name, to another place of the same party. The card itself need not be at hand.
    ///
    /// # Errors
    /// It cannot be moved.
    fn relocate(&self, from: &CardRef, to: &CardRef) -> Result<(), CardsError> {
        self.hand_over(from, to)
    }
}

/// What the place of a card had to say, with its kind and hint.
pub struct CardsError(Box<dyn Fault + Send + Sync>);

impl CardsError {
    /// Of an error of whoever keeps the cards.
    pub fn new(error: impl Fault + Send + Sync + 'static) -> Self {
        CardsError(Box::new(error))
    }
}

impl fmt::Debug for CardsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CardsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl core::error::Error for CardsError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // The error itself, so that whoever looks for a cause finds it.
        Some(&*self.0)
    }
}

impl Fault for CardsError {
    fn kind(&self) -> Kind {
        self.0.kind()
    }

    fn hint(&self) -> Hint {
        self.0.hint()
    }

    fn code(&self) -> &str {
        self.0.code()
    }
}
