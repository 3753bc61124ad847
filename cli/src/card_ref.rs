//! Cards as the command line names them: a card file, or a card that stands in a reader [docs/specs/pcsc.md 1].

use crate::fail::{Failure, Kind, refused};
use crate::home;
use clap::builder::{OsStringValueParser, TryMapValueParser, TypedValueParser, ValueParserFactory};
use parties::trouble::{Context, Result};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What begins the name of a card in a reader.
const PCSC: &str = "pcsc:";
/// What a link file's name ends with.
const LINK: &str = "link";

/// A card a command works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardRef {
    /// The image file of a virtual card, or a link file that names a card in a reader.
    File(PathBuf),
    /// A card in a reader.
    Reader(ReaderName),
}

/// What stands behind `pcsc:`: a reader's name or part of it, a card's serial number or its ATR in hexadecimal digits;
/// nothing for the only card there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderName(String);

impl ReaderName {
    /// A name.
    pub fn new(name: impl Into<String>) -> Self {
        ReaderName(name.into())
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CardRef {
    fn parse(text: OsString) -> Result<Self, String> {
        if let Some(name) = text.to_str().and_then(|text| text.strip_prefix(PCSC)) {
            return Ok(CardRef::Reader(ReaderName::new(name.trim())));
        }
        if text.is_empty() {
            return Err("a card is a file, or pcsc: and a reader".into());
        }
        Ok(CardRef::File(text.into()))
    }

    /// The card itself: a link file is followed, and where a card file is missing the link beside it.
    ///
    /// # Errors
    /// A link file that names no card in a reader.
    pub fn resolve(&self) -> Result<CardRef> {
        let CardRef::File(path) = self else { return Ok(self.clone()) };
        let link = match path.extension() {
            Some(end) if end == OsStr::new(LINK) => path.clone(),
            _ if path.exists() => return Ok(self.clone()),
            _ => link_of(path),
        };
        if !link.exists() {
            return Ok(self.clone());
        }
        let text = home::read_text(&link)?;
        match text.trim().parse() {
            Ok(CardRef::Reader(name)) => Ok(CardRef::Reader(name)),
            _ => Err(refused(format!("{} names no card in a reader", link.display()))
                .hint("such a file holds pcsc: and a card's serial number or ATR")
                .into()),
        }
    }

    /// The image file, for an act that only an image allows; exit code 2 for a card in a reader.
    pub fn image(&self, act: &str) -> Result<PathBuf> {
        match self.resolve()? {
            CardRef::File(path) => Ok(path),
            CardRef::Reader(_) => Err(Failure::new(
                Kind::Usage,
                format!("{act} works on the image file of a virtual card; {self} stands in a reader"),
            )
            .hint("a card in a reader is asked with `gridcard card show` and `gridcard apdu`")
            .into()),
        }
    }
}

impl fmt::Display for CardRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CardRef::File(path) => path.display().fmt(f),
            CardRef::Reader(name) => write!(f, "{PCSC}{}", name.0),
        }
    }
}

impl FromStr for CardRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        CardRef::parse(text.into())
    }
}

impl ValueParserFactory for CardRef {
    type Parser = TryMapValueParser<OsStringValueParser, fn(OsString) -> Result<CardRef, String>>;

    fn value_parser() -> Self::Parser {
        OsStringValueParser::new().try_map(CardRef::parse)
    }
}

impl From<PathBuf> for CardRef {
    fn from(path: PathBuf) -> Self {
        CardRef::File(path)
    }
}

/// Whatever names a card: a [`CardRef`] itself, or the path of a card file.
pub trait NamesCard {
    /// The card.
    fn card_ref(&self) -> CardRef;
}

impl NamesCard for CardRef {
    fn card_ref(&self) -> CardRef {
        self.clone()
    }
}

impl NamesCard for Path {
    fn card_ref(&self) -> CardRef {
        CardRef::File(self.to_path_buf())
    }
}

impl NamesCard for PathBuf {
    fn card_ref(&self) -> CardRef {
        CardRef::File(self.clone())
    }
}

/// The link file beside the place of a card file.
pub fn link_of(place: &Path) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(LINK);
    place.with_file_name(name)
}

/// Whether a party's place for a card is taken: by the card's file, or by a link to the card in a reader.
pub fn taken(place: &Path) -> bool {
    place.exists() || link_of(place).exists()
}

/// Where the card of a place stands, in words for the user: the card file, or the link.
pub fn shown(place: &Path) -> String {
    let link = link_of(place);
    if !place.exists() && link.exists() { link.display().to_string() } else { place.display().to_string() }
}

/// Makes the link of a place to a card in a reader; one that says so already stays.
pub fn link(place: &Path, card: &ReaderName) -> Result<()> {
    let (link, text) = (link_of(place), format!("{PCSC}{}\n", card.0));
    if taken(place) {
        if !place.exists() && home::read_text(&link).is_ok_and(|found| found == text) {
            return Ok(());
        }
        return Err(refused(format!("{} is there already", shown(place)))
            .hint("a card is never overwritten; move the old one away first")
            .into());
    }
    home::write(&link, text.as_bytes()).with_context(|| format!("cannot remember the card {PCSC}{}", card.0))
}

/// Takes the link away by which a card was named, now that the place `to` has one.
pub fn drop_link(from: &CardRef, to: &Path) -> Result<()> {
    let CardRef::File(path) = from else { return Ok(()) };
    let old = if path.extension() == Some(OsStr::new(LINK)) { path.clone() } else { link_of(path) };
    let new = link_of(to);
    let same = matches!((old.canonicalize(), new.canonicalize()), (Ok(old), Ok(new)) if old == new);
    if same || !old.exists() {
        return Ok(());
    }
    std::fs::remove_file(&old).with_context(|| format!("cannot take {} away", old.display()))
}

/// Moves what stands in a place of a party to another place of the same folder: the card file, or the link to a card in a
/// reader.
pub fn move_place(from: &Path, to: &Path) -> Result<()> {
    let (from, to) =
        if from.exists() { (from.to_path_buf(), to.to_path_buf()) } else { (link_of(from), link_of(to)) };
    std::fs::rename(&from, &to).with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
}
