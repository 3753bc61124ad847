//! What a card shows of itself before anyone authenticates.

use super::error::IssueError;
use crate::plan::{Master, Plan, Step, read_in_the_making};
use reader::driver::fmcos::{Fmcos, Guard};
use reader::error::CardError;
use scheme::numbers::{DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardInfo, EF_CARD_INFO, Fid, FileRow, KeyRow, Shape};
use wire::Sw;

/// Type and id of a master key.
const MASTER: (u8, u8) = (0x39, 0x00);

/// How far an earlier run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// As it came from the factory.
    Blank,
    /// Begun as this very card; the card shows which master key it holds.
    Begun(Master),
    /// Begun as this very card, and the card cannot tell whether it took its own master key.
    Open,
}

/// What to try on a card that cannot tell which master key it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfOpen {
    /// The key to try first.
    pub first: Master,
    /// Whether the other one may be tried after it, while two tries are left.
    pub then_other: bool,
}

impl From<Master> for IfOpen {
    /// This one and no other.
    fn from(first: Master) -> Self {
        IfOpen { first, then_other: false }
    }
}

impl Condition {
    /// The master key to authenticate with; `if_open` decides the open case.
    pub(super) fn master(self, if_open: IfOpen) -> Master {
        match self {
            Condition::Blank => Master::Transport,
            Condition::Begun(master) => master,
            Condition::Open => if_open.first,
        }
    }
}

/// What a look at a card found out.
pub(super) struct Look {
    pub condition: Condition,
    /// Tries left of its master key; `None` for a chip that does not tell.
    pub tries: Option<u8>,
}

/// Card information as found.
enum Found {
    Nothing,
    /// The file is there, nothing in it.
    Empty,
    InTheMaking(CardInfo),
    Finished(CardInfo),
}

/// Looks at a card that was just reset. Every command used is free of rights and of tries.
pub(super) fn examine(plan: &Plan, card: &mut Fmcos<'_>, serial: Serial) -> Result<Look, IssueError> {
    if let Err(error) = card.select_mf() {
        let missing = error.sw().filter(|sw| matches!(*sw, Sw::FILE_NOT_FOUND | Sw::FUNCTION_BLOCKED));
        return Err(missing.map_or(IssueError::Probe(error), |sw| IssueError::NotFromFactory { sw }));
    }
    let found = card_information(card)?;
    if let Found::Finished(info) = found {
        return Err(IssueError::AlreadyIssued { serial, kind: info.kind, number: DeviceNumber(info.number) });
    }
    let guard = card.guard_of(MASTER.0, MASTER.1)?;
    let condition = match found {
        Found::Nothing => Condition::Blank,
        Found::InTheMaking(info) => {
            same_card(plan, &info, serial)?;
            match progress(plan, card)? {
                Condition::Open => guard.map_or(Condition::Open, stated),
                condition => condition,
            }
        }
        // The step after the creation of this file tells the number; the own master comes much later.
        Found::Empty | Found::Finished(_) => Condition::Begun(Master::Transport),
    };
    Ok(Look { condition, tries: guard.map(|guard| guard.tries) })
}

fn card_information(card: &mut Fmcos<'_>) -> Result<Found, IssueError> {
    let bytes = match card.read_binary(EF_CARD_INFO, 0, CardInfo::LEN as u16) {
        Ok(bytes) => bytes,
        Err(error) if error.sw() == Some(Sw::FILE_NOT_FOUND) => return Ok(Found::Nothing),
        // 6281: created and never written [FMCOS UM 7.5].
        Err(error) if error.sw() == Some(Sw::DATA_SUSPECT) => return Ok(Found::Empty),
        Err(error) => return Err(error.into()),
    };
    if bytes.iter().all(|byte| *byte == 0x00) || bytes.iter().all(|byte| *byte == 0xFF) {
        return Ok(Found::Empty);
    }
    if let Some(info) = read_in_the_making(&bytes) {
        return Ok(Found::InTheMaking(info));
    }
    Ok(Found::Finished(CardInfo::parse(&bytes)?))
}

/// The days of validity may differ (the first run was yesterday); anything a key depends on may not.
fn same_card(plan: &Plan, begun: &CardInfo, serial: Serial) -> Result<(), IssueError> {
    let identity = |info: &CardInfo| (info.kind, info.number, info.region, info.state, info.suite);
    if identity(begun) == identity(plan.card_info()) {
        return Ok(());
    }
    Err(IssueError::BegunAsOther {
        serial,
        kind: begun.kind,
        number: DeviceNumber(begun.number),
        region: RegionCode(begun.region),
        state: begun.state,
    })
}

/// Walks the plan and asks the card which steps were done, up to the first answer that decides.
fn progress(plan: &Plan, card: &mut Fmcos<'_>) -> Result<Condition, CardError> {
    let mut master_passed = false;
    for step in plan.steps() {
        let done = match step {
            Step::SelectMf => {
                card.select_mf()?;
                continue;
            }
            Step::Select(fid) => present(card.select_fid(*fid))?,
            Step::Create(row) => match exists(card, row)? {
                Some(done) => done,
                None => continue,
            },
            Step::WriteKey(row) if row.role == 0 => {
                master_passed = true;
                continue;
            }
            Step::WriteKey(row) => key_exists(card, row)?,
            Step::Reset => break,
            _ => continue,
        };
        match (master_passed, done, step) {
            (false, false, _) => return Ok(Condition::Begun(Master::Transport)),
            // A directory of the plan is created before the own master: that it is there says nothing.
            (true, true, Step::Select(_)) => {}
            (true, true, _) => return Ok(Condition::Begun(Master::Own)),
            (true, false, _) => return Ok(Condition::Open),
            (false, true, _) => {}
        }
    }
    Ok(Condition::Open)
}

/// Where files and keys do not decide, a card of our make states it: the own master is written with protection bits, the
/// factory's transport key without. A chip of another make, or of an older one, has no such answer.
fn stated(guard: Guard) -> Condition {
    match guard.is_protected() {
        Some(true) => Condition::Begun(Master::Own),
        Some(false) => Condition::Begun(Master::Transport),
        None => Condition::Open,
    }
}

/// Whether a file of the current directory exists; `None` for KEY files, which nobody can select.
fn exists(card: &mut Fmcos<'_>, row: &FileRow) -> Result<Option<bool>, CardError> {
    match row.shape {
        Shape::Keys(..) => Ok(None),
        Shape::Dir(..) => {
            let there = present(card.select_fid(row.fid))?;
            // The walk goes on in the directory above, which is the MF for every plan.
            card.select_fid(Fid::MF)?;
            Ok(Some(there))
        }
        Shape::Binary(_) | Shape::Fixed(..) => present(card.select_fid(row.fid)).map(Some),
    }
}

/// Whether a key of the current directory exists.
pub(super) fn key_exists(card: &mut Fmcos<'_>, row: &KeyRow) -> Result<bool, CardError> {
    present(card.key_information(row.kind, row.id))
}

/// 6A82 and 6A88 mean "not there"; every other refusal stays an error.
fn present<T>(answer: Result<T, CardError>) -> Result<bool, CardError> {
    match answer {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.sw(), Some(Sw::FILE_NOT_FOUND | Sw::KEY_NOT_FOUND)) => Ok(false),
        Err(error) => Err(error),
    }
}
