//! All words the meter itself shows; those of refusals stand in `scheme::refusal`.

use crate::outcome::Produced;
use crate::pipe::Lock;
use crate::profile::Profile;
use scheme::money::Fen;

/// First line after a credit.
pub(crate) fn credited(amount: Fen) -> String {
    format!("credited {amount}")
}

/// First line when the money was there already.
pub(crate) const REPEATED: &str = "already credited";

/// First line when the SIM brought no money, and the server's certificate.
pub(crate) const CERTIFIED: &str = "server renewed";

/// First line after a card of production.
pub(crate) fn produced(produced: Produced, again: bool) -> String {
    let done = match produced {
        Produced::Number(number) => format!("number {number}"),
        Produced::Preset(amount) => format!("preset {amount}"),
        Produced::Keys { version } => format!("formal keys {version}"),
    };
    if again { format!("{done} already") } else { done }
}

/// Hint after a card of production.
pub(crate) const NEXT_METER: &str = "take the card to the next meter";

/// Second line: what is left.
pub(crate) fn balance(balance: Fen) -> String {
    format!("balance {balance}")
}

/// Second line when more was drawn than paid.
pub(crate) fn owed(due: Fen) -> String {
    format!("owed {due}")
}

/// Hint after a credit and after a repeated receipt.
pub(crate) const TAKE_SIM_BACK: &str = "put the SIM back into the phone, it sends the receipt";

/// Hint after a credit from a file.
pub(crate) const TAKE_RECEIPT: &str = "take the receipt, which stands beside the order, to the bank";

/// Hint after a credit from a user card.
pub(crate) const KEEP_CARD: &str = "keep the card, it tells the bank at the next purchase";

/// Hint when the purse is spent.
pub(crate) fn buy(profile: Profile) -> String {
    format!("no {} until the next purchase is inserted", profile.supply())
}

/// Hint when a station has the supply cut.
pub(crate) const TRIPPED: &str = "the supply was cut from outside: ask the company";

/// Hint while the battery is to be changed.
pub(crate) const WEAK: &str = "the battery is weak: have it changed soon";

/// Hint while relay or valve do not do what they were told.
pub(crate) fn stuck(profile: Profile) -> &'static str {
    if profile.has_valve() {
        "the valve does not move: call the company"
    } else {
        "the relay does not open: call the company"
    }
}

/// Hint while something holds the valve closed.
pub(crate) const fn locked(lock: Lock) -> &'static str {
    match lock {
        Lock::Battery => "valve closed: the battery is low, have it changed",
        Lock::Magnet => "valve closed: a magnet was at the meter, call the company",
        Lock::Leak => "valve closed: it leaks, call the company",
        Lock::Overflow => {
            "valve closed: too much flowed at once, look for a broken pipe and call the company"
        }
        Lock::LongFlow => {
            "valve closed: it flowed without a pause for too long, close all taps and insert a purchase"
        }
        Lock::Silence => "valve closed: not heard of for long, insert a purchase",
    }
}
