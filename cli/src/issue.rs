//! Issuing a card with a key source, in whatever slot it stands.

use crate::args::Global;
use crate::audit;
use crate::lock::patiently;
use crate::output::say;
use ::issue::card::{Issued, KeyCheck, Observer};
use ::issue::plan::{Master, Plan, Request};
use ::issue::source::{About, Counter, KeySource, Level};
use office::journal::{Journal, JournalError};
use office::recorded::{self, Order, Recorded};
use office::store::StoreError;
use parties::trouble::{Context, Result, Trouble};
use scheme::moment::{Moment, Validity};
use scheme::numbers::{CheckValue, DeviceNumber, RegionCode, Serial};
use scheme::pin::Pins;
use scheme::profile::{CardKind, State};
use wire::Channel;

/// Years a card is valid.
const YEARS: u16 = 10;

/// Validity from today.
pub fn validity(now: Moment) -> Result<Validity> {
    let (year, month, day, ..) = now.parts();
    // The 29th of February has no anniversary every year.
    let last = if (month, day) == (2, 29) { 28 } else { day };
    let from = format!("{year:04}-{month:02}-{day:02}").parse()?;
    let to = format!("{:04}-{month:02}-{last:02}", year + YEARS).parse()?;
    Ok(Validity::new(from, to)?)
}

/// What an operator may allow by name when a run before broke off or was refused.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Allowed {
    /// Authenticate although the card has 1 try left: when it fails, the card is lost.
    #[arg(long)]
    pub spend_last_try: bool,
    /// The master key to try on a card that cannot tell which it holds: `transport` or `own`.
    #[arg(long, value_name = "KEY", value_parser = master)]
    pub try_master: Option<Master>,
}

fn master(text: &str) -> Result<Master, String> {
    match text {
        "transport" => Ok(Master::Transport),
        "own" => Ok(Master::Own),
        _ => Err("a master key is transport or own".into()),
    }
}

/// What to issue.
pub struct Wish<'a> {
    /// Kind of the card.
    pub kind: CardKind,
    /// Its number.
    pub number: DeviceNumber,
    /// Its city.
    pub region: RegionCode,
    /// Ceiling of an ESAM in fen.
    pub ceiling: Option<scheme::money::Fen>,
    /// The chip that must stand in the slot.
    pub wanted: Option<Serial>,
    /// PINs of the new card.
    pub pins: Pins<'a>,
    /// Version of its keys, which the province chooses; a city gives those of its issuing card.
    pub version: u8,
    /// The earlier version an ESAM issuing card reaches; default: the one before its own.
    pub previous: Option<u8>,
    /// How many cards or orders it may make; `None`: no limit.
    pub limit: Option<u32>,
    /// Value in fen a PSAM issuing card may grant limits of; `None`: what is usual.
    pub value: Option<u64>,
    /// A new card file may hold keys of a formal root some day, though it gets test keys now.
    pub formal_image: bool,
    /// What the operator allows.
    pub allowed: Allowed,
}

impl Wish<'static> {
    /// A card of a kind, with a number, for a city, and nothing special about it.
    pub fn new(kind: CardKind, number: DeviceNumber, region: RegionCode) -> Self {
        Wish {
            kind,
            number,
            region,
            ceiling: None,
            wanted: None,
            pins: Pins::default(),
            version: 1,
            previous: None,
            limit: None,
            value: None,
            formal_image: false,
            allowed: Allowed::default(),
        }
    }
}

/// Makes the plan for a wish, with suite and state of the source.
pub fn plan(wish: &Wish<'_>, source: &dyn KeySource, now: Moment) -> Result<Plan> {
    plan_of(wish, &source.about(), validity(now)?)
}

/// Makes the plan for a wish of a batch, whose cards share source and validity.
pub fn plan_of(wish: &Wish<'_>, about: &About, validity: Validity) -> Result<Plan> {
    let state = if wish.kind.is_always_test() { State::Test } else { about.state };
    let version = if matches!(about.level, Level::City(_)) { about.version } else { wish.version };
    Ok(Plan::new(&Request {
        kind: wish.kind,
        number: wish.number,
        region: wish.region,
        suite: about.suite,
        state,
        validity,
        ceiling: wish.ceiling,
        version,
        previous: wish.previous,
        limit: wish.limit,
        value: wish.value,
    })?)
}

/// Issues one card with the journal around it.
pub fn issue(
    wish: &Wish<'_>,
    card: &mut dyn Channel,
    source: &mut dyn KeySource,
    journal: &mut Journal,
    now: Moment,
    observer: &mut dyn Observer,
) -> Result<Issued> {
    let plan = plan(wish, source, now)?;
    let at = now.to_string();
    let order = Order {
        plan: &plan,
        wanted: wish.wanted,
        pins: wish.pins,
        if_open: wish.allowed.try_master,
        spend_last_try: wish.allowed.spend_last_try,
        at: &at,
    };
    match recorded::issue(&order, card, source, journal, observer)? {
        Recorded::Issued(issued) => Ok(issued),
        Recorded::Found(issued) => {
            say(format!(
                "card {} was finished by an earlier run; its outcome is recorded now",
                issued.number
            ));
            Ok(issued)
        }
    }
}

/// Says how many cards an issuing card can still make, before it makes one. Refuses nothing: the card does, and a run that
/// broke off may need no more than the card it has counted.
pub fn tell_left(source: &mut dyn KeySource, wanted: usize) -> Result<()> {
    match source.counter()?.and_then(|counter| counter.left()) {
        Some(left) if (left as usize) < wanted => {
            say(format!(
                "the issuing card can make {left} more card(s), {wanted} are asked for: it will stop there"
            ));
        }
        Some(left) => say(format!("the issuing card can make {left} more card(s)")),
        None => {}
    }
    Ok(())
}

/// A counter in words: made, and how many are left.
pub fn counter_words(counter: &Counter) -> String {
    match counter.left() {
        Some(left) => format!("{} made, {left} left", counter.made),
        None => format!("{} made, no limit", counter.made),
    }
}

/// Name of the store in a party's folder, which is its journal too.
pub const JOURNAL: &str = office::store::FILE;

/// Opens a party's store to issue, with the audit log of its folder; looks at the clock first.
pub fn journal(global: &Global, folder: &std::path::Path) -> Result<Journal> {
    let audit = audit::begin(global, folder)?;
    Ok(patiently(global.patience(), is_held, || look(folder))?.audited(audit)?)
}

/// Another command issues from the store.
fn is_held(error: &Trouble) -> bool {
    let held = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref(), Some(StoreError::Issuing { .. }))
            || matches!(cause.downcast_ref(), Some(JournalError::Store(StoreError::Issuing { .. })))
    };
    error.chain().any(held)
}

/// Opens a party's store as if to issue, without its audit log: nothing is done.
pub fn look(folder: &std::path::Path) -> Result<Journal> {
    let path = folder.join(JOURNAL);
    Journal::open(&path).with_context(|| format!("the store {}", path.display()))
}

/// Check values in a table's row.
pub fn keys_line(keys: &[KeyCheck]) -> String {
    let words: Vec<String> =
        keys.iter().map(|key| format!("{} {}", key.role.name(), key.check_value)).collect();
    words.join(", ")
}

/// Check values as JSON.
pub fn keys_json(keys: &[KeyCheck]) -> serde_json::Value {
    let pairs = keys.iter().map(|key| (key.role.name().to_owned(), check(key.check_value)));
    serde_json::Value::Object(pairs.collect())
}

fn check(value: CheckValue) -> serde_json::Value {
    value.to_string().into()
}
