//! Whether a card may be used to make or to seal: the days it is valid, and the list of revoked cards
//! [docs/specs/revocation.md 3, 4].
//!
//! A day out of its validity stops issuing and sealing, never crediting or settling. The clock is the command's (`--at`), which the
//! audit log guards.

use crate::revoked;
use crate::session::Session;
use crate::trouble::Result;
use crate::trouble::security;
use reader::driver::issuing::IssuingCard;
use scheme::numbers::DeviceNumber;
use scheme::profile::CardInfo;
use std::path::Path;
use wire::channel::Channel;

/// A card that ends within so many days is told of.
const SOON_DAYS: i64 = 30;

/// A security stop for an issuing card (or a main control card) that is out of its days or on the party's list. The card's MF is
/// selected, nothing is verified: it costs no try.
///
/// # Errors
/// That stop, or a card that does not answer.
pub fn must_make(session: &Session, folder: &Path, channel: &mut dyn Channel) -> Result<()> {
    let mut card = IssuingCard::new(channel);
    card.fmcos().select_mf()?;
    let info = card.card_info()?;
    must_be(session, folder, &info, "makes no more cards")
}

/// The same for a PSAM that is to seal.
///
/// # Errors
/// That stop.
pub fn must_seal(session: &Session, folder: &Path, info: &CardInfo) -> Result<()> {
    must_be(session, folder, info, "seals no more orders")
}

fn must_be(session: &Session, folder: &Path, info: &CardInfo, stops: &str) -> Result<()> {
    let number = DeviceNumber(info.number);
    revoked::must_not_be(folder, info.kind, number)?;
    let name = format!("{} card {number}", info.kind.name());
    let at = session.now()?;
    let today = digits(&at.to_string());
    let (from, to) = (hex::encode(info.valid_from), hex::encode(info.valid_to));
    if today < from {
        let words = format!("{name} is valid from {} on, and today is {}", day(&from), day(&today));
        return Err(security(words).hint("wait for that day, or set the clock").into());
    }
    if to < today {
        let words = format!("{name} was valid to {}: it {stops}", day(&to));
        return Err(security(words)
            .hint("let whoever made it make a successor; what was sold before is credited and settled all the same")
            .into());
    }
    let soon = at.add_seconds(SOON_DAYS * 86_400).map(|soon| digits(&soon.to_string()));
    if soon.is_some_and(|soon| to < soon) {
        session.say(format!("warning: {name} is valid to {} and {stops} after that day", day(&to)));
    }
    Ok(())
}

/// `YYYYMMDD` of a time as the house writes it.
fn digits(time: &str) -> String {
    time.chars().filter(char::is_ascii_digit).take(8).collect()
}

/// `YYYY-MM-DD` of eight digits.
fn day(digits: &str) -> String {
    match (digits.get(..4), digits.get(4..6), digits.get(6..)) {
        (Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => digits.to_owned(),
    }
}
