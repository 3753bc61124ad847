//! A card of production in a meter's slot: what the meter makes of it, and a meter that has its number now.

use super::inserted::{InsertConditions, InsertReport};
use super::place::MeterPlace;
use crate::cards::CardHandle;
use crate::session::Session;
use crate::stock;
use crate::trouble::{Context, Result, refused, security};
use keys::{Key, Suite};
use meter::card::beeps;
use meter::production::Conditions;
use reader::driver::production_card::ProductionCard;
use scheme::numbers::{MeterNumber, Serial};
use scheme::production::Work;
use scheme::profile::{CardKind, State};
use wire::Channel;

/// Puts a production card into a meter. A meter that gets its number moves to the folder of that number, and so does one that got it when
/// the card was pulled.
///
/// # Errors
/// The card brings formal keys, and they are not allowed here; the number is another meter's in this home; the flash cannot be kept.
pub fn insert(
    session: &Session,
    place: &MeterPlace,
    number: MeterNumber,
    (mut card, conditions): (CardHandle, &InsertConditions),
) -> Result<InsertReport> {
    let mut esam = CardHandle::open(session, &place.esam(), CardKind::Esam)?;
    let mut meter = place.load_to_act(session)?;
    let config = meter.state().config;
    let root = match (work_of(&mut card), config.state) {
        (Some(Work::Key), State::Test) => Some(may_be_formal(session, &esam, conditions, config.suite)?),
        _ => None,
    };
    let serial = wire::atr::serial_of(&esam.reset()?).map(Serial);
    let mut chance = session.chance("meter");
    let conditions = Conditions { supply: conditions.supply, transport: root.as_ref() };
    let now = session.now()?;
    let insertion =
        meter.insert_production(&mut esam, &mut card, conditions, now, &mut |bytes| chance.fill(bytes));
    place.save(&meter)?;
    esam.close()?;
    card.close()?;
    let mut report = InsertReport::from(insertion);
    report.beeps_ms = beeps(&report.insertion.outcome).to_vec();
    let called = meter.state().config.number;
    if called != number {
        move_to(session, place, serial, (number, called))?;
        report.meter = Some(called);
    }
    Ok(report)
}

/// What the card brings, as far as it says so; the meter asks for itself.
fn work_of(card: &mut CardHandle) -> Option<Work> {
    let mut card = ProductionCard::new(card);
    card.open().and_then(|_| card.select()).and_then(|()| card.work()).ok().flatten()
}

/// The transport root by which the MCU opens its formal pairing, once everything about formal keys is allowed: before a key leaves the card.
fn may_be_formal(
    session: &Session,
    esam: &CardHandle,
    conditions: &InsertConditions,
    suite: Suite,
) -> Result<Key> {
    if !conditions.formal {
        return Err(security(
            "a key card brings formal keys, and a formal pairing does not belong into an emulated meter: its flash holds keys in clear",
        )
        .hint("say --formal if you know what you do")
        .into());
    }
    if conditions.transport.transport_file.is_none() {
        return Err(security("a formal pairing does not travel under the published transport root")
            .hint("name the transport root agreed with the meter's maker with --transport-file FILE")
            .into());
    }
    esam.must_take(State::Formal)?;
    conditions.transport.root(session, suite)
}

/// Stock first, then the folder: a run that breaks off between the two is finished by the next insertion of the card.
fn move_to(
    session: &Session,
    place: &MeterPlace,
    serial: Option<Serial>,
    (from, to): (MeterNumber, MeterNumber),
) -> Result<()> {
    let meters = super::place::folder(session)?;
    let target = MeterPlace::new(&meters, to);
    if target.flash().exists() {
        let words = format!(
            "the meter in {} has number {to} now, and so has another one here",
            place.folder.display()
        );
        return Err(refused(words)
            .hint("two number cards gave it, or one and its copy: the city must take one of the two ESAMs out of use")
            .into());
    }
    if let Some(serial) = serial {
        let at = session.now()?.to_string();
        stock::visit(&meters)?.renumbered(&at, serial, &from.to_string(), &to.to_string())?;
    }
    let paths = || format!("cannot move {} to {}", place.folder.display(), target.folder.display());
    std::fs::rename(&place.folder, &target.folder).with_context(paths)?;
    disk::sync_folder(&meters);
    Ok(())
}
