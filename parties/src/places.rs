//! Places of cards in a party's folder, as acts ask for them; what stands there is the business of the session's
//! [`Cards`](scheme::Cards).

mod everywhere;

pub use everywhere::Everywhere;

use crate::session::Session;
use crate::trouble::{Failure, Result, refused};
use scheme::Kind;
use scheme::cards::CardRef;
use std::path::{Path, PathBuf};

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

/// Moves what stands in a place of a party to another place of the same party.
///
/// # Errors
/// It cannot be moved.
pub fn relocate(session: &Session, from: &Path, to: &Path) -> Result<()> {
    Ok(session.cards.relocate(&card_at(from), &card_at(to))?)
}

/// The image file, for an act that only an image allows.
///
/// # Errors
/// A card in a reader: that makes no sense.
pub fn image(session: &Session, card: &CardRef, act: &str) -> Result<PathBuf> {
    match session.cards.resolve(card)?.path() {
        Some(path) => Ok(path.into()),
        None => Err(Failure::new(
            Kind::Usage,
            format!("{act} works on the image file of a virtual card; {card} stands in a reader"),
        )
        .hint("a card in a reader is asked with `gridcard card show` and `gridcard apdu`")
        .into()),
    }
}

/// Whether a party's place for a card is taken: by the card, or by the name of a card in a reader.
pub fn taken(session: &Session, place: &Path) -> bool {
    session.cards.is_taken(&card_at(place))
}

/// Where the card of a place stands, in words for the user.
pub fn shown(session: &Session, place: &Path) -> String {
    session.cards.shown(&card_at(place))
}

/// Refuses a place that has a card already.
///
/// # Errors
/// It has.
pub fn must_have_none(session: &Session, place: &Path) -> Result<()> {
    if taken(session, place) {
        return Err(refused(format!("{} is there already", shown(session, place))).into());
    }
    Ok(())
}

/// Refuses a file that is there already.
///
/// # Errors
/// It is.
pub fn must_be_free(file: &Path) -> Result<()> {
    if !file.exists() {
        return Ok(());
    }
    Err(refused(format!("{} is there already", file.display()))
        .hint("nothing is ever overwritten: name another file, or move that one away")
        .into())
}
