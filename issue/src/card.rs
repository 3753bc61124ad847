//! Running a plan against a card.
//!
//! [`Personalisation::probe`] looks at the card without spending a try and without changing anything;
//! [`Personalisation::run`] does the plan. `office::recorded` does both with the journal around them.
//!
//! # An interrupted run
//!
//! A card may be pulled between any two commands, and its only secret state is which master key it holds. The
//! plan is ordered so that the card tells this by itself, without an authentication:
//!
//! | what the card shows | master key |
//! |---|---|
//! | no card information, or never written | transport |
//! | card information in the making, a file of the MF still missing | transport |
//! | card information in the making, a key or file that comes after the own master | own |
//! | card information in the making, all files of the MF, nothing after it | by the protection bits of its type byte |
//! | the same, and a chip that does not tell them (no command TRIES LEFT, or one of an older make) | **open** |
//! | card information | finished; never touched again |
//!
//! In the open case the caller says which key to try first, and whether the other one may follow ([`IfOpen`];
//! `office::recorded` asks the journal, where the writing of the own master is noted at once). The card holds one of the
//! two, so that one try at most is spent, while two are left; a success gives all tries back. In every other case a
//! refused EXTERNAL AUTHENTICATE ends the run with the tries left and is never repeated.
//!
//! What the card is to become stands in the card information in the making, so a second run with another
//! number, which would derive another master key, is refused before any try. Files that exist are kept, keys
//! that exist are written again in the form that changes a key, contents are written again.

mod error;
mod probe;
mod run;

pub use error::{IssueError, NotNoted, StepFault};
pub use probe::{Condition, IfOpen};
pub use run::{KeyCheck, Observer};

use crate::plan::Plan;
use crate::source::{KeySource, Level};
use reader::count::Counter;
use reader::driver::fmcos::Fmcos;
use scheme::certificate::CertificateNumber;
use scheme::numbers::{DeviceNumber, Serial};
use scheme::pin::Pins;
use scheme::profile::{CardKind, Recipient};
use wire::atr::serial_of;
use wire::channel::Channel;

/// A card that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Kind of the card.
    pub kind: CardKind,
    /// Its number.
    pub number: DeviceNumber,
    /// Serial of its chip.
    pub serial: Serial,
    /// Its keys by role; the own master shows no check value.
    pub keys: Vec<KeyCheck>,
    /// Commands the card answered, GET RESPONSE among them.
    pub apdus: u64,
    /// Whether an earlier, interrupted run was finished.
    pub resumed: bool,
    /// Number of the certificate of its signing key, of a card that was given one.
    pub certificate: Option<CertificateNumber>,
}

/// A card that was looked at and may be issued by a plan.
pub struct Personalisation<'a> {
    plan: &'a Plan,
    card: Counter<&'a mut dyn Channel>,
    serial: Serial,
    condition: Condition,
    tries: Option<u8>,
}

impl<'a> Personalisation<'a> {
    /// Resets the card and looks at it: its serial, its MF, and what of the plan was done before. Spends no
    /// try and changes nothing.
    ///
    /// # Errors
    /// A card without serial or MF; another chip than `wanted`; a card already issued, begun as another card,
    /// or foreign.
    pub fn probe(
        plan: &'a Plan,
        channel: &'a mut dyn Channel,
        wanted: Option<Serial>,
    ) -> Result<Self, IssueError> {
        let mut card = Counter::new(channel);
        let mut fmcos = Fmcos::new(&mut card);
        let atr = fmcos.reset()?;
        let found = serial_of(&atr)
            .map(Serial)
            .ok_or_else(|| IssueError::NoSerial { atr: hex::encode_upper(&atr) })?;
        if let Some(wanted) = wanted
            && wanted != found
        {
            return Err(IssueError::OtherCard { wanted, found });
        }
        let probe::Look { condition, tries } = probe::examine(plan, &mut fmcos, found)?;
        Ok(Personalisation { plan, card, serial: found, condition, tries })
    }

    /// Serial of the chip.
    pub const fn serial(&self) -> Serial {
        self.serial
    }

    /// How far an earlier run came.
    pub const fn condition(&self) -> Condition {
        self.condition
    }

    /// Tries left of the card's master key; `None` for a chip that does not tell.
    pub const fn tries_left(&self) -> Option<u8> {
        self.tries
    }

    /// Runs the plan to its end. `pins` are those the card will have, for kinds that have some. `if_open` says which
    /// master key to try when the card cannot tell which it holds ([`Condition::Open`]); otherwise it is not used.
    ///
    /// # Errors
    /// Source, PIN and plan that do not fit each other are refused before the card is touched. Later errors
    /// name the step; the card then stays *in the making* and can be finished by another run.
    pub fn run<'p>(
        mut self,
        source: &mut dyn KeySource,
        pins: impl Into<Pins<'p>>,
        if_open: impl Into<IfOpen>,
        observer: &mut dyn Observer,
    ) -> Result<Issued, IssueError> {
        let pins = pins.into();
        fits(self.plan, source, pins)?;
        let probed = run::Probed {
            plan: self.plan,
            card: &mut self.card,
            serial: self.serial,
            condition: self.condition,
        };
        let (keys, certificate) = run::all(probed, source, pins, if_open.into(), observer)?;
        Ok(Issued {
            kind: self.plan.kind(),
            number: self.plan.number(),
            serial: self.serial,
            keys,
            apdus: self.card.tally().apdus,
            resumed: self.condition != Condition::Blank,
            certificate: certificate.map(|certificate| certificate.number),
        })
    }
}

/// Whether plan, source and PINs belong together.
///
/// # Errors
/// What does not fit; no card is asked.
pub fn fits(plan: &Plan, source: &dyn KeySource, pins: Pins<'_>) -> Result<(), IssueError> {
    let about = source.about();
    if !about.makes(Recipient::Card(plan.kind())) {
        return Err(IssueError::SourceMakesNo { level: about.level, kind: plan.kind() });
    }
    if about.suite != plan.suite() {
        return Err(IssueError::SuiteDiffers { plan: plan.suite(), source_suite: about.suite });
    }
    if about.state != plan.state() && !plan.kind().is_always_test() {
        return Err(IssueError::StateDiffers { plan: plan.state(), source_state: about.state });
    }
    if let Level::City(own) = about.level
        && own != plan.region()
    {
        return Err(IssueError::RegionDiffers { plan: plan.region(), own });
    }
    if matches!(about.level, Level::City(_)) && about.version != plan.version() {
        return Err(IssueError::VersionDiffers { plan: plan.version(), own: about.version });
    }
    let needed = plan.pins().len();
    if (pins.operator.is_some(), pins.officer.is_some()) != (needed > 0, needed > 1) {
        return Err(IssueError::Pin { needed });
    }
    if pins.operator.is_some() && pins.operator == pins.officer {
        return Err(IssueError::SamePins);
    }
    Ok(())
}
