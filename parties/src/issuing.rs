//! Issuing a card with a key source, in whatever slot it stands.

use crate::cards::CardHandle;
use crate::log;
use crate::session::Session;
use crate::transport::{self, Transport};
use crate::trouble::{Context, Result, Trouble};
use disk::patiently;
use issue::card::{Issued, KeyCheck, Observer};
use issue::keyset::RoleCheck;
use issue::plan::{Master, Plan, Request};
use issue::source::{About, Counter, KeySource, Level};
use keys::Role;
use office::journal::{Journal, JournalError};
use office::recorded::{self, Recorded, WorkOrder};
use office::store::{Store, StoreError};
use scheme::cards::{CardRef, Keeping, NewChip};
use scheme::chance::chip_serial;
use scheme::moment::{Moment, Validity};
use scheme::numbers::{CheckValue, DeviceNumber, RegionCode, Serial};
use scheme::pin::Pins;
use scheme::profile::{CardKind, State};
use scheme::signing::own_use;
use serde::{Serialize, Serializer};
use wire::Channel;

/// Years a card is valid.
const YEARS: u16 = 10;

/// Validity from today.
///
/// # Errors
/// A day that no card can hold.
pub fn validity(now: Moment) -> Result<Validity> {
    validity_of(now, YEARS)
}

/// Validity from today for so many years.
///
/// # Errors
/// As [`validity`].
pub fn validity_of(now: Moment, years: u16) -> Result<Validity> {
    let (year, month, day, ..) = now.parts();
    // The 29th of February has no anniversary every year.
    let last = if (month, day) == (2, 29) { 28 } else { day };
    let from = format!("{year:04}-{month:02}-{day:02}").parse()?;
    let to = format!("{:04}-{month:02}-{last:02}", year + years).parse()?;
    Ok(Validity::new(from, to)?)
}

/// What an operator may allow by name when a run before broke off or was refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allowed {
    /// Authenticate although the card has 1 try left: when it fails, the card is lost.
    pub spend_last_try: bool,
    /// The master key to try on a card that cannot tell which it holds: `transport` or `own`.
    pub try_master: Option<Master>,
}

/// What to issue.
pub struct IssueRequest<'a> {
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
    /// Its number is a works number: a number card gives its meter another.
    pub unnumbered: bool,
    /// What the operator allows.
    pub allowed: Allowed,
}

impl IssueRequest<'static> {
    /// A card of a kind, with a number, for a city, and nothing special about it.
    pub fn new(kind: CardKind, number: DeviceNumber, region: RegionCode) -> Self {
        IssueRequest {
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
            unnumbered: false,
            allowed: Allowed::default(),
        }
    }
}

impl IssueRequest<'_> {
    /// What keeps the serial of a new chip apart from others of one seed: an ESAM and a PSAM may have one number.
    fn serial_label(&self) -> String {
        match self.kind {
            CardKind::Esam => format!("serial of ESAM {}", self.number),
            _ => format!("serial of {}", self.number),
        }
    }
}

/// Makes the plan for a request, with suite and state of the source.
///
/// # Errors
/// No card can be made so by this source.
pub fn plan(request: &IssueRequest<'_>, source: &dyn KeySource, now: Moment) -> Result<Plan> {
    plan_of(request, &source.about(), validity(now)?)
}

/// Makes the plan for a request of a batch, whose cards share source and validity.
///
/// # Errors
/// As [`plan`].
pub fn plan_of(request: &IssueRequest<'_>, about: &About, validity: Validity) -> Result<Plan> {
    let state = if request.kind.is_always_test() { State::Test } else { about.state };
    let version = if matches!(about.level, Level::City(_)) { about.version } else { request.version };
    Ok(Plan::new(&Request {
        kind: request.kind,
        number: request.number,
        region: request.region,
        suite: about.suite,
        state,
        validity,
        ceiling: request.ceiling,
        version,
        previous: request.previous,
        limit: request.limit,
        value: request.value,
        unnumbered: request.unnumbered,
        signs: about.signs && own_use(request.kind).is_some(),
    })?)
}

/// Issues one card with the journal around it.
///
/// # Errors
/// The card, the source or the journal says no.
pub fn issue(
    session: &Session,
    request: &IssueRequest<'_>,
    card: &mut dyn Channel,
    source: &mut dyn KeySource,
    journal: &mut Journal,
    now: Moment,
    observer: &mut dyn Observer,
) -> Result<Issued> {
    let plan = plan(request, source, now)?;
    let at = now.to_string();
    let order = WorkOrder {
        plan: &plan,
        wanted: request.wanted,
        pins: request.pins,
        if_open: request.allowed.try_master,
        spend_last_try: request.allowed.spend_last_try,
        at: &at,
    };
    match recorded::issue(&order, card, source, journal, observer)? {
        Recorded::Issued(issued) => Ok(issued),
        Recorded::Found(issued) => {
            session.say(format!(
                "card {} was finished by an earlier run; its outcome is recorded now",
                issued.number
            ));
            Ok(issued)
        }
    }
}

/// Issues a card where it stands: a blank in a reader or a file, or in a place where none is a new one.
///
/// # Errors
/// A security stop for formal keys where they do not belong; those of [`issue()`].
pub fn issue_at(
    session: &Session,
    request: &IssueRequest<'_>,
    (card, transport, keeping): (&CardRef, &Transport, Keeping),
    source: &mut dyn KeySource,
    journal: &mut Journal,
) -> Result<Issued> {
    let mut card = blank(session, request, (card, transport, keeping), source)?;
    let issued = issue(session, request, &mut card, source, journal, session.now()?, &mut ())?;
    card.close()?;
    Ok(issued)
}

/// The blank for a card, open: the one that stands in its place, or a new one.
///
/// # Errors
/// A security stop for formal keys where they do not belong; no blank can be made or opened there.
pub fn blank(
    session: &Session,
    request: &IssueRequest<'_>,
    (card, transport, keeping): (&CardRef, &Transport, Keeping),
    source: &mut dyn KeySource,
) -> Result<CardHandle> {
    transport::must_be_earnest(session, source)?;
    let state = if request.kind.is_always_test() { State::Test } else { source.about().state };
    if !session.cards.is_taken(card) {
        let root = transport.root_for(session, source)?;
        let serial = request
            .wanted
            .map_or_else(|| chip_serial(&mut *session.chance(&request.serial_label())), |serial| serial.0);
        let formal = state == State::Formal || request.formal_image;
        session.cards.make(card, &NewChip { kind: request.kind, serial, root: &root, formal })?;
    }
    let card = CardHandle::open_keeping(session, card, request.kind, keeping)?;
    card.must_take(state)?;
    Ok(card)
}

/// Says how many cards an issuing card can still make, before it makes one. Refuses nothing: the card does, and a run that
/// broke off may need no more than the card it has counted.
///
/// # Errors
/// The issuing card does not answer.
pub fn tell_left(session: &Session, source: &mut dyn KeySource, wanted: usize) -> Result<()> {
    match source.counter()?.and_then(|counter| counter.left()) {
        Some(left) if (left as usize) < wanted => {
            session.say(format!(
                "the issuing card can make {left} more card(s), {wanted} are asked for: it will stop there"
            ));
        }
        Some(left) => session.say(format!("the issuing card can make {left} more card(s)")),
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
///
/// # Errors
/// The log cannot be opened, or the clock went back; another command issues from the store.
pub fn journal(session: &Session, folder: &std::path::Path) -> Result<Journal> {
    let audit = log::begin(session, folder)?;
    Ok(patiently(session.patience, is_held, || look(folder))?.audited(audit)?)
}

/// Another command issues from the store.
fn is_held(error: &Trouble) -> bool {
    let held = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref(), Some(StoreError::Issuing { .. }))
            || matches!(cause.downcast_ref(), Some(JournalError::Store(StoreError::Issuing { .. })))
    };
    error.chain().any(held)
}

/// Opens a party's store to look at what was issued, while somebody else may issue: nothing is done.
///
/// # Errors
/// It cannot be opened.
pub fn look(folder: &std::path::Path) -> Result<Journal> {
    let path = folder.join(JOURNAL);
    Ok(Journal::of(Store::visit(&path).with_context(|| format!("the store {}", path.display()))?))
}

/// Check values of keys, by the names of their roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckValues(Vec<(Role, CheckValue)>);

impl CheckValues {
    /// Of roots.
    pub fn of_roots(checks: &[RoleCheck]) -> Self {
        checks.iter().map(|check| (check.role, check.check_value)).collect()
    }

    /// Of the keys of a card.
    pub fn of_card(checks: &[KeyCheck]) -> Self {
        checks.iter().map(|check| (check.role, check.check_value)).collect()
    }

    /// Each role with its value, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Role, CheckValue)> + '_ {
        self.0.iter().copied()
    }

    /// All in one line.
    pub fn line(&self) -> String {
        let words: Vec<String> =
            self.iter().map(|(role, value)| format!("{} {value}", role.name())).collect();
        words.join(", ")
    }

    /// A row for each, under a heading.
    pub fn table(&self) -> String {
        let width = self.iter().map(|(role, _)| role.name().len()).max().unwrap_or(0);
        let mut text = format!("{:width$}  CHECK VALUE", "ROOT");
        for (role, value) in self.iter() {
            text.push_str(&format!("\n{:width$}  {value}", role.name()));
        }
        text
    }
}

impl FromIterator<(Role, CheckValue)> for CheckValues {
    fn from_iter<I: IntoIterator<Item = (Role, CheckValue)>>(checks: I) -> Self {
        CheckValues(checks.into_iter().collect())
    }
}

impl Serialize for CheckValues {
    /// An object: the name of each role, and its value.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(role, value)| (role.name(), value)))
    }
}
