//! Which card a name means [docs/specs/pcsc.md 1].

use super::service::ReaderState;

/// Why a name means no card, or not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// There is no reader at all.
    #[error("there is no reader")]
    NoReader,
    /// No card was named, and no reader has one.
    #[error("no card in any reader ({})", .readers.join(", "))]
    NoCard {
        /// The readers there are.
        readers: Vec<String>,
    },
    /// Neither a reader nor a card has the name.
    #[error("no reader and no card of the name {name:?}; the readers are {}", .readers.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// The readers there are.
        readers: Vec<String>,
    },
    /// The serial number or ATR of a card that stands in no reader.
    #[error("the card {name} stands in no reader")]
    CardElsewhere {
        /// The serial number or ATR.
        name: String,
    },
    /// Several have it.
    #[error("{} {}", several(.name), .readers.join(" or "))]
    Several {
        /// The name.
        name: String,
        /// The readers that fit.
        readers: Vec<String>,
    },
}

impl FindError {
    /// What a user can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            FindError::NoReader => "`gridcard reader doctor` says what is missing",
            FindError::NoCard { .. } | FindError::CardElsewhere { .. } => "put the card into a reader",
            FindError::Unknown { .. } => "`gridcard reader list` shows readers and cards",
            FindError::Several { .. } => "name one whole reader, or the card's serial number or ATR",
        }
    }
}

fn several(name: &str) -> String {
    if name.is_empty() {
        "several cards are there; it may be the one in".to_owned()
    } else {
        format!("{name:?} may mean")
    }
}

/// The reader a name means: a reader's whole name, then a card's serial number or ATR in hexadecimal digits, then a part
/// of one reader's name, whatever its case. An empty name means the only card there is.
pub fn find<'r>(readers: &'r [ReaderState], name: &str) -> Result<&'r ReaderState, FindError> {
    let name = name.trim();
    if readers.is_empty() {
        return Err(FindError::NoReader);
    }
    if let Some(reader) = readers.iter().find(|reader| reader.name == name) {
        return Ok(reader);
    }
    if name.is_empty() {
        let found: Vec<_> = readers.iter().filter(|reader| reader.has_card()).collect();
        return one(name, found).unwrap_or_else(|| Err(FindError::NoCard { readers: names(readers.iter()) }));
    }
    let card = card_bytes(name);
    if let Some(bytes) = &card {
        let is_it = |reader: &&ReaderState| {
            reader.atr == *bytes || reader.serial().is_some_and(|serial| serial[..] == bytes[..])
        };
        if let Some(found) = one(name, readers.iter().filter(is_it).collect()) {
            return found;
        }
    }
    let part = name.to_lowercase();
    let found = readers.iter().filter(|reader| reader.name.to_lowercase().contains(&part)).collect();
    one(name, found).unwrap_or_else(|| match card {
        Some(_) => Err(FindError::CardElsewhere { name: name.to_owned() }),
        None => Err(FindError::Unknown { name: name.to_owned(), readers: names(readers.iter()) }),
    })
}

/// The one that fits; `None` when none does.
fn one<'r>(name: &str, found: Vec<&'r ReaderState>) -> Option<Result<&'r ReaderState, FindError>> {
    match found[..] {
        [] => None,
        [reader] => Some(Ok(reader)),
        _ => Some(Err(FindError::Several { name: name.to_owned(), readers: names(found.into_iter()) })),
    }
}

fn names<'r>(readers: impl Iterator<Item = &'r ReaderState>) -> Vec<String> {
    readers.map(|reader| format!("{:?}", reader.name)).collect()
}

/// A serial number or an ATR, if the name can be one.
fn card_bytes(name: &str) -> Option<Vec<u8>> {
    let bytes = wire::typed::bytes(name).ok()?;
    let is_atr =
        matches!(bytes.first(), Some(0x3B | 0x3F)) && (2..=wire::atr::MAX_LEN).contains(&bytes.len());
    (bytes.len() == 8 || is_atr).then_some(bytes)
}

impl scheme::Fault for FindError {
    fn code(&self) -> &str {
        match self {
            FindError::NoReader => "find-no-reader",
            FindError::NoCard { .. } => "find-no-card",
            FindError::Unknown { .. } => "find-unknown",
            FindError::CardElsewhere { .. } => "find-card-elsewhere",
            FindError::Several { .. } => "find-several",
        }
    }
}
