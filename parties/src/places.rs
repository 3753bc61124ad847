//! Places of cards in a party's folder: a card file, or a link file beside where it would be, which names a card in a reader
//! [docs/specs/pcsc.md 1]; and cards of both kinds behind one [`Cards`].

use crate::home::files;
use crate::session::Session;
use crate::trouble::{Context, Failure, Result, refused};
use scheme::Kind;
use scheme::cards::{CardRef, Cards, CardsError, Hold, Keeping, NewChip, NewSim, OpenCard};
use scheme::fault::Fault;
use scheme::numbers::Serial;
use scheme::profile::{CardKind, State};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use wire::{Channel, ChannelError};

/// What a link file's name ends with.
const LINK: &str = "link";

/// The card of a place.
pub fn card_at(place: &Path) -> CardRef {
    CardRef::file(place.to_string_lossy())
}

/// Whatever names a card: a reference, or the place of one.
pub trait NamesCard {
    /// The card.
    fn card(&self) -> CardRef;
}

impl NamesCard for CardRef {
    fn card(&self) -> CardRef {
        self.clone()
    }
}

impl NamesCard for Path {
    fn card(&self) -> CardRef {
        card_at(self)
    }
}

impl NamesCard for PathBuf {
    fn card(&self) -> CardRef {
        card_at(self)
    }
}

/// Hands a card over to a place in a party's folder. A card file moves, as a card does; of a card in a reader the place gets a
/// link. A card that is in its place already stays there, so that an interrupted act can be repeated.
///
/// # Errors
/// Another card is there; the card is not.
pub fn hand_over(session: &Session, card: &(impl NamesCard + ?Sized), place: &Path) -> Result<()> {
    Ok(session.cards.hand_over(&card.card(), &card_at(place))?)
}

/// The link file beside the place of a card file.
pub fn link_of(place: &Path) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(LINK);
    place.with_file_name(name)
}

/// The card itself: a link file is followed, and where a card file is missing the link beside it.
///
/// # Errors
/// A link file that names no card in a reader.
pub fn resolve(card: &CardRef) -> Result<CardRef> {
    let Some(path) = card.path().map(Path::new) else { return Ok(card.clone()) };
    let link = match path.extension() {
        Some(end) if end == OsStr::new(LINK) => path.to_path_buf(),
        _ if path.exists() => return Ok(card.clone()),
        _ => link_of(path),
    };
    if !link.exists() {
        return Ok(card.clone());
    }
    let named: CardRef = files::read_text(&link)?.trim().parse()?;
    if named.reader().is_some() {
        return Ok(named);
    }
    Err(refused(format!("{} names no card in a reader", link.display()))
        .hint("such a file holds pcsc: and a card's serial number or ATR")
        .into())
}

/// The image file, for an act that only an image allows.
///
/// # Errors
/// A card in a reader: that makes no sense.
pub fn image(card: &CardRef, act: &str) -> Result<PathBuf> {
    match resolve(card)?.path() {
        Some(path) => Ok(path.into()),
        None => Err(Failure::new(
            Kind::Usage,
            format!("{act} works on the image file of a virtual card; {card} stands in a reader"),
        )
        .hint("a card in a reader is asked with `gridcard card show` and `gridcard apdu`")
        .into()),
    }
}

/// Whether a party's place for a card is taken: by the card's file, or by a link to the card in a reader.
pub fn taken(place: &Path) -> bool {
    place.exists() || link_of(place).exists()
}

/// Refuses a file, or the place of a virtual card, that is there already.
///
/// # Errors
/// It is.
pub fn must_be_free(place: &Path) -> Result<()> {
    if !place.exists() {
        return Ok(());
    }
    Err(refused(format!("{} is there already", place.display()))
        .hint("nothing is ever overwritten: name another file, or move that one away")
        .into())
}

/// Where the card of a place stands, in words for the user: the card file, or the link.
pub fn shown(place: &Path) -> String {
    let link = link_of(place);
    if !place.exists() && link.exists() { link.display().to_string() } else { place.display().to_string() }
}

/// Gives a place the link to a card in a reader whose serial number is known, so that nobody has to ask the card, which may have left
/// its reader. A link that was named moves, as a card file does; of a card file the place gets nothing.
///
/// # Errors
/// The place has another card; the link cannot be written.
pub fn remember(card: &CardRef, serial: Serial, place: &Path) -> Result<()> {
    if resolve(card)?.reader().is_none() {
        return Ok(());
    }
    link(place, &CardRef::in_reader(&hex::encode_upper(serial.0)))?;
    drop_link(card, place)
}

/// Makes the link of a place to a card in a reader; one that says so already stays.
fn link(place: &Path, card: &CardRef) -> Result<()> {
    let (link, text) = (link_of(place), format!("{card}\n"));
    if taken(place) {
        if !place.exists() && files::read_text(&link).is_ok_and(|found| found == text) {
            return Ok(());
        }
        return Err(refused(format!("{} is there already", shown(place)))
            .hint("a card is never overwritten; move the old one away first")
            .into());
    }
    files::write(&link, text.as_bytes()).with_context(|| format!("cannot remember the card {card}"))
}

/// Takes the link away by which a card was named, now that the place `to` has one.
pub fn drop_link(from: &CardRef, to: &Path) -> Result<()> {
    let Some(path) = from.path().map(Path::new) else { return Ok(()) };
    let old = if path.extension() == Some(OsStr::new(LINK)) { path.to_path_buf() } else { link_of(path) };
    let new = link_of(to);
    let same = matches!((old.canonicalize(), new.canonicalize()), (Ok(old), Ok(new)) if old == new);
    if same || !old.exists() {
        return Ok(());
    }
    std::fs::remove_file(&old).with_context(|| format!("cannot take {} away", old.display()))
}

/// Moves what stands in a place of a party to another place of the same folder: the card file, or the link to a card in a
/// reader.
///
/// # Errors
/// It cannot be moved.
pub fn move_place(from: &Path, to: &Path) -> Result<()> {
    let (from, to) =
        if from.exists() { (from.to_path_buf(), to.to_path_buf()) } else { (link_of(from), link_of(to)) };
    std::fs::rename(&from, &to).with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
}

/// Cards in files and cards in readers, told apart by their names; links are followed.
pub struct Everywhere<F> {
    files: F,
    readers: Box<dyn Cards>,
}

/// An error of a place, as those behind [`Cards`] see it.
fn of_places(error: crate::Trouble) -> CardsError {
    CardsError::new(Said {
        kind: error.kind(),
        hint: error.hint(),
        code: error.code().to_owned(),
        words: error.to_string(),
    })
}

#[derive(Debug, thiserror::Error)]
#[error("{words}")]
struct Said {
    kind: Kind,
    hint: scheme::fault::Hint,
    code: String,
    words: String,
}

impl Fault for Said {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn hint(&self) -> scheme::fault::Hint {
        self.hint.clone()
    }

    fn code(&self) -> &str {
        &self.code
    }
}

/// A card in a reader, and the place whose link named it.
struct Linked {
    card: Box<dyn OpenCard>,
    /// Let go after the card.
    _hold: Option<Hold>,
}

impl Channel for Linked {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.card.transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.card.reset()
    }
}

impl OpenCard for Linked {
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

impl<F: Cards> Everywhere<F> {
    /// Both.
    pub fn new(files: F, readers: impl Cards + 'static) -> Self {
        Everywhere { files, readers: Box::new(readers) }
    }
}

impl<F: Cards> Cards for Everywhere<F> {
    fn open(
        &self,
        card: &CardRef,
        wanted: Option<CardKind>,
        keeping: Keeping,
    ) -> Result<Box<dyn OpenCard>, CardsError> {
        let found = resolve(card).map_err(of_places)?;
        match found.reader() {
            Some(_) => {
                // What stands beside the link, a meter's flash, is the card's as well.
                let hold = card.path().map(|_| self.files.hold(card)).transpose()?;
                let card = self.readers.open(&found, wanted, keeping)?;
                Ok(Box::new(Linked { card, _hold: hold }))
            }
            None => self.files.open(&found, wanted, keeping),
        }
    }

    fn hold(&self, place: &CardRef) -> Result<Hold, CardsError> {
        match place.reader() {
            Some(_) => self.readers.hold(place),
            None => self.files.hold(place),
        }
    }

    fn make(&self, place: &CardRef, chip: &NewChip<'_>) -> Result<(), CardsError> {
        match place.reader() {
            Some(_) => self.readers.make(place, chip),
            None => self.files.make(place, chip),
        }
    }

    fn new_chip(&self, chip: &NewChip<'_>, name: &str, label: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        self.files.new_chip(chip, name, label)
    }

    fn new_sim(&self, sim: &NewSim<'_>, name: &str) -> Result<Box<dyn OpenCard>, CardsError> {
        self.files.new_sim(sim, name)
    }

    fn unpack(&self, image: &[u8], place: &CardRef) -> Result<(), CardsError> {
        match place.reader() {
            Some(_) => self.readers.unpack(image, place),
            None => self.files.unpack(image, place),
        }
    }

    fn is_taken(&self, place: &CardRef) -> bool {
        place.path().is_none_or(|path| taken(Path::new(path)))
    }

    /// A card file moves, as a card does; of a card in a reader the place gets a link.
    fn hand_over(&self, card: &CardRef, place: &CardRef) -> Result<(), CardsError> {
        let found = resolve(card).map_err(of_places)?;
        let Some(to) = place.path().map(Path::new) else {
            return Err(of_places(refused(format!("{place} is no place for a card")).into()));
        };
        match found.reader() {
            None if link_of(to).exists() => {
                let words = format!("{} is there already", link_of(to).display());
                Err(of_places(
                    refused(words).hint("a card is never overwritten; move the old one away first").into(),
                ))
            }
            None => self.files.hand_over(&found, place),
            Some(name) => {
                let found = reader::cards::identity(name).map_err(CardsError::new)?;
                link(to, &found).map_err(of_places)?;
                // A link that was named moves, as a card file does.
                drop_link(card, to).map_err(of_places)
            }
        }
    }
}
